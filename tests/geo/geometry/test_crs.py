"""Areas against PROJ's geodesics, reprojection against PROJ itself, and what is refused."""

from __future__ import annotations

from typing import Any

import geopandas as gpd
import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from pyproj import Geod, Transformer

from geo.compiled.threads import over_blocks
from geo.errors import CrsError, GeometryError
from geo.geometry.crs import STORED_CRS, WORKING_CRS, area_ha, require_working, to_stored, to_working

GEOD = Geod(ellps="WGS84")


def geodesic_ha(polygon: shapely.Geometry) -> float:
    return abs(float(GEOD.geometry_area_perimeter(shapely.orient_polygons(polygon))[0])) / 10_000.0


def stars(count: int, degrees: float, seed: int) -> np.ndarray:
    rng = np.random.default_rng(seed)
    centres = np.column_stack([rng.uniform(66.5, 74.5, count), rng.uniform(36.7, 41.0, count)])[:, None, :]
    turn = np.linspace(0, 2 * np.pi, 20, endpoint=False)
    radius = degrees * rng.uniform(0.5, 1.0, (count, 20, 1))
    return shapely.polygons(centres + radius * np.stack([np.cos(turn), np.sin(turn)], axis=-1))


@pytest.mark.parametrize(
    ("degrees", "tolerance"),
    [(0.0003, 1e-7), (0.003, 1e-9), (0.03, 1e-9), (0.3, 1e-7), (1.5, 1e-12)],
    ids=["household plots", "fields", "jamoats", "districts", "edges over 50 km"],
)
def test_areas_are_those_of_karneys_geodesics(degrees: float, tolerance: float) -> None:
    polygons = stars(60, degrees, seed=1)
    np.testing.assert_allclose(area_ha(polygons), [geodesic_ha(p) for p in polygons], rtol=tolerance)


@settings(max_examples=50, deadline=None)
@given(st.floats(-70.0, 70.0), st.floats(-179.0, 179.0), st.floats(0.0005, 0.05), st.floats(0.0005, 0.05))
def test_areas_hold_on_all_the_ellipsoid(south: float, west: float, height: float, width: float) -> None:
    box = shapely.box(west, south, west + width, south + height)
    assert float(area_ha([box])[0]) == pytest.approx(geodesic_ha(box), rel=1e-6)


def test_a_cell_between_parallels_has_the_area_of_the_ellipsoid() -> None:
    """One degree by one degree at 38-39 N, finely divided so that its edges follow the parallels.

    The closed form is Snyder's authalic integral (USGS Professional Paper 1395, eq. 3-12) between both latitudes.
    """
    west_east = np.linspace(69.0, 70.0, 2_001)
    ring = [(x, 38.0) for x in west_east] + [(x, 39.0) for x in west_east[::-1]]

    def q(latitude: float) -> float:
        a, e2 = 6_378_137.0, 0.00669437999014
        sine, e = np.sin(np.radians(latitude)), np.sqrt(e2)
        return float(0.5 * a * a * (1 - e2) * (sine / (1 - e2 * sine**2) + np.arctanh(e * sine) / e))

    expected = np.radians(1.0) * (q(39.0) - q(38.0)) / 10_000.0
    assert float(area_ha([shapely.Polygon(ring)])[0]) == pytest.approx(expected, rel=1e-8)


def test_holes_parts_and_direction() -> None:
    whole: Any = shapely.box(69.0, 38.0, 69.01, 38.01)
    hole = shapely.box(69.002, 38.002, 69.004, 38.004)
    apart = shapely.box(69.1, 38.0, 69.11, 38.01)
    holed, several = whole.difference(hole), shapely.MultiPolygon([whole.difference(hole), apart])
    shapes: list[Any] = [whole, hole, holed, apart, several, holed.reverse(), several.reverse()]
    found = area_ha(shapes)
    assert found[2] == pytest.approx(found[0] - found[1], rel=1e-12)
    assert found[4] == pytest.approx(found[2] + found[3], rel=1e-12)
    assert found[5:].tolist() == pytest.approx([found[2], found[4]], rel=1e-12)


def test_what_has_no_area() -> None:
    found = area_ha(
        [None, shapely.Polygon(), shapely.Point(69, 38), shapely.LineString([(69, 38), (70, 39), (70, 38)])]
    )
    np.testing.assert_array_equal(found, [np.nan, np.nan, 0.0, 0.0])
    assert len(area_ha([])) == 0
    with pytest.raises(GeometryError, match="Geometry 0 is a collection"):
        area_ha([shapely.GeometryCollection([shapely.Point(69, 38)])])


def test_reprojection_is_that_of_proj() -> None:
    plots = stars(50, 0.001, seed=2)
    transformer = Transformer.from_crs(STORED_CRS, WORKING_CRS, always_xy=True)
    expected = np.column_stack(transformer.transform(*shapely.get_coordinates(plots).T))
    np.testing.assert_array_equal(shapely.get_coordinates(to_working(plots)), expected)


def test_there_and_back() -> None:
    plots = np.array([*stars(20, 0.001, seed=3), None, shapely.Point(72.4, 39.2, 3_000.0)], dtype=object)
    back = to_stored(to_working(plots))
    assert back[20] is None
    assert not back[21].has_z
    assert shapely.equals_exact(back, shapely.force_2d(plots), 1e-11)[np.arange(22) != 20].all()


def test_scale_at_the_eastern_edge_is_the_published_one() -> None:
    """Point scale 1.000426 at 72.0 E and 1.000662 at 72.4 E, latitude 39.2 (domain reference 2.2)."""
    for east, scale in ((72.0, 1.000426), (72.4, 1.000662)):
        square = shapely.box(east - 1e-4, 39.2 - 1e-4, east + 1e-4, 39.2 + 1e-4)
        metric = float(shapely.area(to_working([square]))[0]) / 10_000.0
        assert np.sqrt(metric / float(area_ha([square])[0])) == pytest.approx(scale, abs=5e-7)


def test_latitude_first_is_refused() -> None:
    with pytest.raises(CrsError, match=r"from 38\.5000, 68\.8000 .* expected longitude and latitude"):
        to_working([shapely.Point(38.5, 68.8)])


def test_frames_must_be_in_the_working_crs() -> None:
    canals = gpd.GeoSeries([shapely.LineString([(500_000, 4_200_000), (500_100, 4_200_000)])])
    require_working(canals.set_crs(WORKING_CRS), "canals")
    with pytest.raises(CrsError, match=r"The canals have no coordinate reference system; expected EPSG:32642\."):
        require_working(canals, "canals")
    with pytest.raises(CrsError, match=r"The canals are in EPSG:32643; expected EPSG:32642\."):
        require_working(canals.set_crs("EPSG:32643"), "canals")


def test_a_failing_block_is_not_passed_over() -> None:
    def kernel(start: int, stop: int) -> None:
        raise ZeroDivisionError(f"{start}-{stop}")

    with pytest.raises(ZeroDivisionError, match="0-10"):
        over_blocks(kernel, 35, block=10)


def test_blocks_cover_everything_once() -> None:
    seen = np.zeros(10_007, dtype=int)

    def kernel(start: int, stop: int) -> None:
        seen[start:stop] += 1

    over_blocks(kernel, len(seen), block=100)
    assert (seen == 1).all()
