"""Which zones meet the plots of a block, and how much of a plot they hold, from one search tree per block."""

from __future__ import annotations

import numpy as np
import shapely
from numpy.typing import NDArray

from geo.criterion import Block, Flags, Floats
from geo.shares import share_covered

Geometries = NDArray[np.object_]


def plot_tree(block: Block) -> shapely.STRtree:
    """Return the search tree of a block's plots; ask by ``Block.once``."""
    return shapely.STRtree(block.polygons)


def overlapping(block: Block, zones: Geometries) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return (zone, plot) for every zone that shares ground with a plot, int64; an edge in common is not enough."""
    tree = block.once(plot_tree)
    zone, plot = tree.query(zones, predicate="intersects")
    outlines = np.asarray(zones, dtype=object)
    shapely.prepare(outlines)
    ground = ~shapely.touches(outlines[zone], block.polygons[plot])
    return zone[ground], plot[ground]


def highest(plot: NDArray[np.int64], value: NDArray[np.integer], n: int) -> Floats:
    """Return the highest of the values paired with each of n plots, float64 (n,), NaN without any."""
    result = np.full(n, -1, dtype=np.int64)
    np.maximum.at(result, plot, value)
    return np.where(result >= 0, result, np.nan)


def share_under(block: Block, zones: Geometries) -> Floats:
    """Return the share 0-1 of each plot that lies under any of the zones, overlaps counted once, float64 (n,).

    Only plots that no zone holds whole are cut.
    """
    tree = block.once(plot_tree)
    share = np.zeros(len(block))
    share[tree.query(zones, predicate="covers")[1]] = 1.0
    zone, plot = tree.query(zones, predicate="intersects")
    cut = share[plot] < 1.0
    plots = np.unique(plot[cut])
    share[plots] = share_covered(block.polygons[plots], np.asarray(zones, dtype=object)[np.unique(zone[cut])])
    return share


def holder(block: Block, areas: Geometries, *, least: float) -> NDArray[np.int64]:
    """Return the area that holds the largest share of each plot, int64 (n,), -1 where none holds ``least`` of it.

    Of areas that hold the same share the first counts.
    """
    tree = block.once(plot_tree)
    outlines = np.asarray(areas, dtype=object)
    polygons = block.polygons
    whole_area, whole_plot = tree.query(outlines, predicate="covers")
    is_whole = np.zeros(len(block), dtype=bool)
    is_whole[whole_plot] = True
    area, plot = tree.query(outlines, predicate="intersects")
    cut = ~is_whole[plot]
    area, plot = area[cut], plot[cut]
    share = shapely.area(shapely.intersection(polygons[plot], outlines[area])) / shapely.area(polygons[plot])
    area, plot = np.append(area, whole_area), np.append(plot, whole_plot)
    share = np.append(share, np.ones(len(whole_area)))
    enough = share >= least
    area, plot, share = area[enough], plot[enough], share[enough]
    best_last = np.lexsort((-area, share))
    result = np.full(len(block), -1, dtype=np.int64)
    result[plot[best_last]] = area[best_last]
    return result


def within_distance(block: Block, zones: Geometries, distance_m: Floats) -> Flags:
    """Return which plots come within each zone's distance of it [m], touching included, bool (n,)."""
    result = np.zeros(len(block), dtype=bool)
    result[block.once(plot_tree).query(zones, predicate="dwithin", distance=distance_m)[1]] = True
    return result
