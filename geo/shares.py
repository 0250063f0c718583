"""How much of each plot lies under zones, such as hazards: overlapping zones count once, the highest level wins."""

from __future__ import annotations

import numpy as np
import shapely
from numpy.typing import NDArray

from geo.ragged import Geometries

Floats = NDArray[np.float64]


def share_by_level(polygons: Geometries, zones: Geometries, levels: NDArray[np.integer], n_levels: int) -> Floats:
    """Return the share 0..1 of each polygon whose highest zone is of each level, float64 (n, n_levels).

    polygons, zones : polygons or multipolygons in one metric CRS. levels : level 0..n_levels-1 of each zone. Every spot
    counts once, with the highest level that covers it, so that a row sums to the covered share. A missing or empty
    polygon has NaN.
    """
    plots = np.asarray(polygons, dtype=object)
    areas = shapely.area(plots)
    shares = np.zeros((len(plots), n_levels))
    shares[~(areas > 0.0)] = np.nan
    tree = shapely.STRtree(plots)
    zone, plot = tree.query(zones, predicate="intersects")
    whole_zone, whole_plot = tree.query(zones, predicate="contains_properly")
    level = np.asarray(levels, dtype=np.int64)
    whole = np.full(len(plots), -1, dtype=np.int64)
    np.maximum.at(whole, whole_plot, level[whole_zone])
    cut = level[zone] > whole[plot]
    zone, plot = zone[cut], plot[cut]
    order = np.lexsort((zone, plot))
    zone, plot = zone[order], plot[order]
    pieces = shapely.intersection(plots[plot], np.asarray(zones, dtype=object)[zone])
    met, first, count = np.unique(plot, return_index=True, return_counts=True)
    above = np.zeros((len(plots), n_levels + 1))
    beside = np.full((len(met), count.max(initial=0)), None, dtype=object)
    place = np.arange(len(plot)) - np.repeat(first, count)
    row = np.repeat(np.arange(len(met)), count)
    for k in range(n_levels):
        beside[:] = None
        high = level[zone] >= k
        beside[row[high], place[high]] = pieces[high]
        above[met, k] = shapely.area(shapely.union_all(beside, axis=1))
        above[whole >= k, k] = areas[whole >= k]
    with np.errstate(divide="ignore", invalid="ignore"):
        by_level = (above[:, :-1] - above[:, 1:]) / areas[:, np.newaxis]
    known = areas > 0.0
    shares[known] = np.clip(by_level[known], 0.0, 1.0)
    return shares


def share_covered(polygons: Geometries, zones: Geometries) -> Floats:
    """Return the share 0..1 of each polygon that lies under any of the zones, overlaps counted once, float64 (n,)."""
    return share_by_level(polygons, zones, np.zeros(len(zones), dtype=np.int64), 1)[:, 0]


def highest_level(
    polygons: Geometries, zones: Geometries, levels: NDArray[np.integer], *, minimum_share: float = 0.0
) -> Floats:
    """Return the highest level that more than ``minimum_share`` of each polygon reaches or exceeds, float64 (n,).

    Ground under a higher level also counts for the lower ones: a plot a twentieth high and a twentieth medium is, at a
    minimum share of 0.06, medium. NaN where no level reaches that share.
    """
    level = np.asarray(levels, dtype=np.int64)
    shares = share_by_level(polygons, zones, level, int(level.max(initial=0)) + 1)
    reached = np.cumsum(shares[:, ::-1], axis=1) > minimum_share
    top = shares.shape[1] - 1 - np.argmax(reached, axis=1)
    return np.where(reached.any(axis=1), top.astype(np.float64), np.nan)
