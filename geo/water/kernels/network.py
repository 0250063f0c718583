"""Compiled loops of ``geo.water.network``: longest ways and distances along directed networks."""

from __future__ import annotations

import numpy as np
from numba import njit


@njit(cache=True, nogil=True)
def longest_ways(tail_key, head_key, length, order, keys):
    """Length of the longest way that ends at each key, over pieces in the order of the water.

    Parameters
    ----------
    tail_key, head_key : int64 (pieces,), node and canal of either end, numbered together.
    length : float64 (pieces,)
    order : int64 (k,), pieces so that water comes to a piece after those above it.
    keys : how many numbers there are.
    """
    way = np.zeros(keys)
    for piece in order:
        reached = way[tail_key[piece]] + length[piece]
        way[head_key[piece]] = max(way[head_key[piece]], reached)
    return way


@njit(cache=True, nogil=True)
def least_distances(tail, head, length, order, start):
    """Distance of each node along the water from the nearest of the nodes that ``start`` at 0; inf where none leads.

    Parameters
    ----------
    tail, head : int64 (pieces,), nodes.
    length : float64 (pieces,)
    order : int64 (k,), as ``longest_ways``.
    start : float64 (nodes,), 0 at intakes, inf elsewhere; changed in place and returned.
    """
    for piece in order:
        reached = start[tail[piece]] + length[piece]
        start[head[piece]] = min(start[head[piece]], reached)
    return start
