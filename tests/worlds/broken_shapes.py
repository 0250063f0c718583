"""Random plots, zones and lines for the tests of the geometric kernels, degenerate ones among them."""

from __future__ import annotations

import numpy as np
import shapely
from hypothesis import strategies as st

LATTICE = 4  # coordinates are multiples of a quarter, so that edges often fall on cell borders and on each other


@st.composite
def rings(draw: st.DrawFn, size: float = 6.0, south_west: float = -1.0) -> shapely.Polygon:
    """Draw a star-shaped polygon on the lattice or off it."""
    low, high = int(LATTICE * south_west), int(LATTICE * (south_west + size))
    on_lattice = st.integers(low, high).map(lambda k: k / LATTICE)
    anywhere = st.integers(low * 1_000, high * 1_000).map(lambda k: k / (997 * LATTICE))
    coordinate = draw(st.sampled_from([on_lattice, anywhere]))
    points = np.array(draw(st.lists(st.tuples(coordinate, coordinate), min_size=3, max_size=9, unique=True)))
    middle = points.mean(axis=0)
    turn = np.arctan2(points[:, 1] - middle[1], points[:, 0] - middle[0])
    return shapely.Polygon(points[np.argsort(turn)])


@st.composite
def areas(draw: st.DrawFn, size: float = 6.0, south_west: float = -1.0) -> shapely.Geometry:
    """Draw a valid polygon or multipolygon, often with holes, turning either way."""
    ring = rings(size, south_west)
    area = shapely.make_valid(draw(ring)).difference(shapely.make_valid(draw(ring)))
    if draw(st.booleans()):
        area = area.symmetric_difference(shapely.make_valid(draw(ring)))
    parts = [part for part in shapely.get_parts(area) if part.geom_type == "Polygon" and part.area > 1e-9]
    merged = shapely.union_all(parts) if parts else shapely.box(0.5, 0.5, 1.5, 2.5)
    return merged.reverse() if draw(st.booleans()) else merged


@st.composite
def ways(draw: st.DrawFn, size: float = 6.0, south_west: float = -1.0) -> shapely.Geometry:
    """Draw a line or, at times, a multiline."""
    coordinate = st.integers(int(LATTICE * south_west), int(LATTICE * (south_west + size))).map(lambda k: k / LATTICE)
    point = st.tuples(coordinate, coordinate)
    line = st.lists(point, min_size=2, max_size=6, unique=True).map(shapely.LineString)
    parts = draw(st.lists(line, min_size=1, max_size=2))
    return parts[0] if len(parts) == 1 else shapely.MultiLineString(parts)


def stars(count: int, *, seed: int, extent_m: float, radius_m: tuple[float, float]) -> np.ndarray:
    """Return as many irregular polygons of 20 vertices somewhere in Khatlon, EPSG:32642."""
    rng = np.random.default_rng(seed)
    centres = np.array([500_000.0, 4_180_000.0]) + rng.uniform(0, extent_m, (count, 1, 2))
    turn = np.linspace(0, 2 * np.pi, 20, endpoint=False)
    radius = rng.uniform(*radius_m, (count, 1, 1)) * rng.uniform(0.6, 1.0, (count, 20, 1))
    return shapely.polygons(centres + radius * np.stack([np.cos(turn), np.sin(turn)], axis=-1))
