"""How much of each plot lies under zones, such as hazards: overlapping zones count once, the highest level wins."""

from __future__ import annotations

import numpy as np
import shapely
from numpy.typing import NDArray

from geo.compiled.threads import over_blocks
from geo.errors import GeometryError
from geo.geometry.kernels import sweep
from geo.geometry.ragged import Geometries, Ragged, ragged

Floats = NDArray[np.float64]
Levels = NDArray[np.integer]

SLIVER = 1e-9  # of a polygon; less than this is rounding along a shared border, no ground


def share_by_level(polygons: Geometries | Ragged, zones: Geometries, levels: Levels, n_levels: int) -> Floats:
    """Return the share of each polygon whose highest zone is of each level.

    Every spot counts once, with the highest level that covers it, so that a row sums to the covered share.

    Parameters
    ----------
    polygons : n valid polygons or multipolygons in a metric CRS, or their coordinates made once by ``ragged``
    zones : k valid polygons or multipolygons in the same CRS; a missing or empty one covers nothing
    levels : (k,), level 0..n_levels-1 of each zone
    n_levels : how many levels there are

    Returns
    -------
    float64 (n, n_levels), 0-1; NaN for a polygon that is missing, empty or without area

    Raises
    ------
    GeometryError : points or lines.
    ValueError : a zone without a level, or a level there is none of.
    """
    level = np.ascontiguousarray(levels, dtype=np.int64)
    if len(level) != len(zones) or ((level < 0) | (level >= n_levels)).any():
        raise ValueError(f"Each of the {len(zones)} zones needs a level from 0 to {n_levels - 1}.")
    shapes = polygons if isinstance(polygons, Ragged) else ragged(polygons)
    plot, zone = shapely.STRtree(zones).query(shapes.boxes() if isinstance(polygons, Ragged) else polygons)
    return _swept(shapes, zones, np.searchsorted(plot, np.arange(len(shapes) + 1)), zone, level, n_levels)


def share_of_pairs(polygons: Geometries | Ragged, zones: Geometries | Ragged, zone: NDArray[np.int64]) -> Floats:
    """Return the share of each polygon that lies under its own zone.

    Parameters
    ----------
    polygons : n valid polygons or multipolygons in a metric CRS, or their coordinates made once by ``ragged``
    zones : valid polygons or multipolygons in the same CRS, or their coordinates
    zone : int64 (n,), which of the zones is that of each polygon

    Returns
    -------
    float64 (n,), 0-1; NaN for a polygon that is missing, empty or without area

    Raises
    ------
    GeometryError : points or lines.
    """
    shapes = polygons if isinstance(polygons, Ragged) else ragged(polygons)
    level = np.zeros(len(zones), dtype=np.int64)
    return _swept(shapes, zones, np.arange(len(shapes) + 1), np.asarray(zone, dtype=np.int64), level, 1)[:, 0]


def _swept(
    shapes: Ragged,
    zones: Geometries | Ragged,
    pair_start: NDArray[np.int64],
    zone: NDArray[np.int64],
    level: Levels,
    n: int,
) -> Floats:
    """Shares (polygons, n) by the zones each polygon has to be measured with: those from its pair_start to the next."""
    covers = zones if isinstance(zones, Ragged) else ragged(zones)
    _check_areal(shapes, "polygon")
    _check_areal(covers, "zone")
    signs, ring_areas = sweep.ring_signs(shapes.xy, shapes.path_start, shapes.hole)
    zone_signs, _ = sweep.ring_signs(covers.xy, covers.path_start, covers.hole)
    edges, turns, starts = sweep.zone_edges(*covers.paths, zone_signs)
    heights, first_bin, list_start, lists = sweep.bin_edges(edges, starts)
    shares = np.empty((len(shapes), n))

    def block(start: int, stop: int) -> None:
        sweep.measure(
            *shapes.paths, signs, ring_areas, pair_start, zone, level,
            edges, turns, heights, first_bin, list_start, lists, shares, start, stop,
        )  # fmt: skip

    over_blocks(block, len(shapes))
    return shares


def _check_areal(shapes: Ragged, kind: str) -> None:
    wrong = (np.diff(shapes.geometry_start) > 0) & ~shapes.areal
    if wrong.any():
        raise GeometryError(f"The {kind} {int(np.argmax(wrong))} is a point or a line; shares need areas.")


def share_covered(polygons: Geometries | Ragged, zones: Geometries) -> Floats:
    """Return the share of each polygon that lies under any of the zones, overlaps counted once.

    Parameters
    ----------
    polygons : n valid polygons or multipolygons in a metric CRS, or their coordinates made once by ``ragged``
    zones : valid polygons or multipolygons in the same CRS

    Returns
    -------
    float64 (n,), 0-1; NaN for a polygon that is missing, empty or without area

    Raises
    ------
    GeometryError : points or lines.
    """
    return share_by_level(polygons, zones, np.zeros(len(zones), dtype=np.int64), 1)[:, 0]


def highest_level(
    polygons: Geometries | Ragged, zones: Geometries, levels: Levels, *, minimum_share: float = 0.0
) -> Floats:
    """Return the highest level that more than a minimum share of each polygon reaches or exceeds.

    Ground under a higher level also counts for the lower ones: a plot a twentieth high and a twentieth medium is, at a
    minimum share of 0.06, medium. A zone that only shares a border with the plot does not reach it, whatever rounding
    makes of that border.

    Parameters
    ----------
    polygons : n valid polygons or multipolygons in a metric CRS, or their coordinates made once by ``ragged``
    zones : k valid polygons or multipolygons in the same CRS
    levels : (k,), level of each zone, from 0
    minimum_share : 0-1

    Returns
    -------
    float64 (n,), NaN where no level reaches that share

    Raises
    ------
    GeometryError : points or lines.
    """
    level = np.ascontiguousarray(levels, dtype=np.int64)
    shares = share_by_level(polygons, zones, level, int(level.max(initial=0)) + 1)
    reached = np.cumsum(shares[:, ::-1], axis=1) > max(minimum_share, SLIVER)
    top = shares.shape[1] - 1 - np.argmax(reached, axis=1)
    return np.where(reached.any(axis=1), top.astype(np.float64), np.nan)
