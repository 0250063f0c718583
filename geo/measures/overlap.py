"""Which zones meet the plots of a block, and how much of a plot they hold.

Most plots lie wholly inside a zone or wholly outside it, which ``geo.geometry.placing`` tells for certain; GEOS is
asked about those at a border only.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import shapely
from numpy.typing import NDArray

from geo.contract.criterion import Block, Flags, Floats, outlines
from geo.geometry.kernels.placing import INSIDE, NEAR
from geo.geometry.placing import edges_of, place_boxes
from geo.geometry.shares import share_covered, share_of_pairs

Geometries = NDArray[np.object_]


class Meetings(NamedTuple):
    """Pairs of a zone and a plot that have at least a point in common.

    zone, plot : int64 (k,). whole : bool (k,), the zone holds the whole plot. ground : bool (k,), they share ground; an
    edge in common is not enough.
    """

    zone: NDArray[np.int64]
    plot: NDArray[np.int64]
    whole: Flags
    ground: Flags


def plot_tree(block: Block) -> shapely.STRtree:
    """Return the search tree of a block's plots; ask by ``Block.once``.

    Parameters
    ----------
    block : n plots

    Returns
    -------
    tree of their outlines, EPSG:32642
    """
    return shapely.STRtree(block.polygons)


def plot_bounds(block: Block) -> Floats:
    """Return the boxes of a block's plots; ask by ``Block.once``.

    Parameters
    ----------
    block : n plots

    Returns
    -------
    float64 (n, 4), west, south, east, north, metres
    """
    return block.once(outlines).bounds()


def meetings(block: Block, zones: Geometries) -> Meetings:
    """Return every zone that meets a plot.

    Parameters
    ----------
    block : n plots
    zones : polygons or multipolygons in EPSG:32642

    Returns
    -------
    pairs of a zone and a plot
    """
    shapes = np.asarray(zones, dtype=object)
    zone, plot = block.once(plot_tree).query(shapes)
    place = place_boxes(block.once(plot_bounds)[plot], edges_of(shapes), zone)
    whole = place == INSIDE
    meets, ground = whole.copy(), whole.copy()
    near = np.flatnonzero(place == NEAR)
    shapely.prepare(shapes)
    meets[near] = shapely.intersects(shapes[zone[near]], block.polygons[plot[near]])
    near = near[meets[near]]
    whole[near] = ground[near] = shapely.covers(shapes[zone[near]], block.polygons[plot[near]])
    near = near[~whole[near]]
    ground[near] = ~shapely.touches(shapes[zone[near]], block.polygons[plot[near]])
    return Meetings(zone[meets], plot[meets], whole[meets], ground[meets])


def overlapping(block: Block, zones: Geometries) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return every zone that shares ground with a plot; an edge in common is not enough.

    Parameters
    ----------
    block : n plots
    zones : polygons or multipolygons in EPSG:32642

    Returns
    -------
    zone and plot of each pair, int64 (k,) each
    """
    met = meetings(block, zones)
    return met.zone[met.ground], met.plot[met.ground]


def highest(plot: NDArray[np.int64], value: NDArray[np.integer], n: int) -> Floats:
    """Return the highest of the values paired with each plot.

    Parameters
    ----------
    plot : int64 (k,), plot of each pair
    value : (k,), from 0
    n : how many plots there are

    Returns
    -------
    float64 (n,), NaN for a plot without any
    """
    result = np.full(n, -1, dtype=np.int64)
    np.maximum.at(result, plot, value)
    return np.where(result >= 0, result, np.nan)


def share_under(block: Block, zones: Geometries) -> Floats:
    """Return the share of each plot that lies under any of the zones, overlaps counted once.

    Parameters
    ----------
    block : n plots
    zones : valid polygons or multipolygons in EPSG:32642

    Returns
    -------
    float64 (n,), 0-1
    """
    return share_met(block, zones, meetings(block, zones))


def share_met(block: Block, zones: Geometries, met: Meetings) -> Floats:
    """Return the share of each plot under any of the zones, given all their meetings.

    Only plots that no zone holds whole are cut.

    Parameters
    ----------
    block : n plots
    zones : valid polygons or multipolygons in EPSG:32642
    met : from ``meetings`` of the two

    Returns
    -------
    float64 (n,), 0-1
    """
    share = np.zeros(len(block))
    share[met.plot[met.whole]] = 1.0
    cut = share[met.plot] < 1.0
    plots = np.unique(met.plot[cut])
    share[plots] = share_covered(block.polygons[plots], np.asarray(zones, dtype=object)[np.unique(met.zone[cut])])
    return share


def holder(block: Block, areas: Geometries, *, least: float) -> NDArray[np.int64]:
    """Return the area that holds the largest share of each plot; of areas that hold the same share the first.

    Parameters
    ----------
    block : n plots
    areas : valid polygons or multipolygons in EPSG:32642
    least : share 0-1 an area has to hold

    Returns
    -------
    int64 (n,), place among the areas, -1 where none holds ``least``
    """
    met = meetings(block, areas)
    held = np.zeros(len(block), dtype=bool)
    held[met.plot[met.whole]] = True
    share = met.whole.astype(np.float64)
    cut = np.flatnonzero(~held[met.plot])
    share[cut] = share_of_pairs(block.polygons[met.plot[cut]], areas, met.zone[cut])
    enough = share >= least
    area, plot, share = met.zone[enough], met.plot[enough], share[enough]
    best_last = np.lexsort((-area, share))
    result = np.full(len(block), -1, dtype=np.int64)
    result[plot[best_last]] = area[best_last]
    return result


def within_distance(block: Block, zones: Geometries, distance_m: Floats) -> Flags:
    """Return which plots come within each zone's distance of it, touching included.

    Parameters
    ----------
    block : n plots
    zones : k geometries in EPSG:32642
    distance_m : float64 (k,), metres

    Returns
    -------
    bool (n,)
    """
    result = np.zeros(len(block), dtype=bool)
    result[block.once(plot_tree).query(zones, predicate="dwithin", distance=distance_m)[1]] = True
    return result
