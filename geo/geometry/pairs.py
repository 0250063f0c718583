"""Pairs of geometries that may have ground in common, among very many."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from geo.compiled.threads import over_blocks
from geo.geometry.kernels import pairs as kernels
from geo.geometry.ragged import Ragged

Ints = NDArray[np.int64]

FIRST = 4  # pairs a box for which there is room at first; plots of a cadastre have about three


def pairs_of_boxes(bounds: NDArray[np.float64], given: NDArray[np.bool_], most: int) -> tuple[Ints, Ints]:
    """Return which boxes share ground, where one of the two at least is given.

    Parameters
    ----------
    bounds : float64 (n, 4), west, south, east, north in any CRS; a box with NaN meets nothing
    given : bool (n,), boxes of which pairs are wanted
    most : how many pairs are looked for. Thousands of boxes on one spot make millions of pairs

    Returns
    -------
    int64 (m,) and int64 (m,), m <= most, positions of the two boxes of each pair, each pair once, in their order.
    The first is a given one; of two given ones it is the one that comes first. Boxes that only touch are no pair.

    Notes
    -----
    Ground is cut into strips as high as boxes are on average, so that together the strips hold about two entries a box;
    each strip is gone through from west to east. An R-tree of the same boxes (``shapely.STRtree``) needs an object for
    every box first: 1,000,000 plots take four times the
    processor time.

    References
    ----------
    Forward scan in strips: Tsitsigkos, D. et al., "Parallel in-memory evaluation of spatial joins", SIGSPATIAL 2019.
    """
    known = np.flatnonzero(~np.isnan(bounds).any(axis=1))
    if not len(known) or not given.any():
        return np.empty(0, dtype=np.int64), np.empty(0, dtype=np.int64)
    south, north = bounds[known, 1], bounds[known, 3]
    bottom, reach = south.min(), north.max() - south.min()
    height = max(float((north - south).mean()), float(reach) / (4 * len(known)))
    low, high = np.zeros(len(bounds), dtype=np.int64), np.full(len(bounds), -1, dtype=np.int64)
    if height > 0:
        low[known], high[known] = (south - bottom) // height, (north - bottom) // height
    else:
        high[known] = 0
    counts = np.bincount(low[known], minlength=int(high.max()) + 2) - np.bincount(
        high[known] + 1, minlength=int(high.max()) + 2
    )
    strip_start = np.concatenate([[0], np.cumsum(np.cumsum(counts)[:-1])]).astype(np.int64)
    members = np.empty(strip_start[-1], dtype=np.int64)
    order = known[np.argsort(bounds[known, 0], kind="stable")]
    kernels.fill_strips(order, low, high, strip_start, members)
    one, other = _room(min(most, FIRST * len(known)))
    found = kernels.meet(bounds, given, low, strip_start, members, one, other)
    if found == len(one) < most:
        one, other = _room(most)
        found = kernels.meet(bounds, given, low, strip_start, members, one, other)
    one, other = one[:found], other[:found]
    order = np.lexsort((other, one))
    return one[order], other[order]


def lie_apart(shapes: Ragged, one: Ints, other: Ints) -> NDArray[np.bool_]:
    """Return of which pairs it is sure that they share no ground, since a straight line parts them.

    Four fifths of the neighbours in a cadastre are parted by a border of one of them, in a twentieth of the time that
    their common area takes.

    Parameters
    ----------
    shapes : n polygons or multipolygons in any CRS
    one : int64 (m,), position of the first of each pair; it has at least one path
    other : int64 (m,), position of the second, likewise

    Returns
    -------
    bool (m,); where it is False they may share ground or not

    Notes
    -----
    The lines tried are those along the edges of both. A vertex on the line is on either side: borders that are drawn
    with the same vertices are met exactly.
    """
    apart = np.empty(len(one), dtype=np.bool_)
    over_blocks(lambda start, stop: kernels.divide(*shapes.paths, one, other, apart, start, stop), len(one))
    return apart


def _room(pairs: int) -> tuple[Ints, Ints]:
    return np.empty(pairs, dtype=np.int64), np.empty(pairs, dtype=np.int64)
