"""Compiled loops of ``geo.routing.ways``."""

from __future__ import annotations

import numpy as np
from numba import njit

from geo.routing.kernels.least_time import crossing, move_seconds


@njit(cache=True, nogil=True)
def sum_along(ground, moves, order, came_by, per_metre, total):
    """Sum ``per_metre`` along the tree from the sources to every settled cell."""
    for cell in order:
        k = came_by[cell]
        if k == 0:
            total[cell] = 0.0
            continue
        parent = cell - moves.offset[k - 1]
        total[cell] = total[parent] + crossing(per_metre, moves, parent, k - 1, ground.cell_m)


@njit(cache=True, nogil=True)
def clock_along(ground, moves, order, came_by, sign, total):
    """Sum the undisturbed seconds along the tree from the sources to every settled cell."""
    for cell in order:
        k = came_by[cell]
        if k == 0:
            total[cell] = 0.0
            continue
        parent = cell - moves.offset[k - 1]
        total[cell] = total[parent] + move_seconds(ground, moves, parent, k - 1, sign)


@njit(cache=True, nogil=True)
def sum_on(ground, moves, cells, came_by, per_metre):
    """Sum ``per_metre`` along the cells of one way, each with what it was reached by, as ``sum_along`` does."""
    total = np.float32(0.0)
    for i in range(1, len(cells)):
        total = np.float32(total + crossing(per_metre, moves, cells[i - 1], came_by[i] - 1, ground.cell_m))
    return total


@njit(cache=True, nogil=True)
def clock_on(ground, moves, cells, came_by, sign):
    """Sum the undisturbed seconds along the cells of one way, as ``clock_along`` does."""
    total = np.float32(0.0)
    for i in range(1, len(cells)):
        total = np.float32(total + move_seconds(ground, moves, cells[i - 1], came_by[i] - 1, sign))
    return total


@njit(cache=True, nogil=True)
def roots(moves, order, came_by, root_of_source, root):
    """Carry the number of the source along the tree."""
    for cell in order:
        k = came_by[cell]
        root[cell] = root_of_source[cell] if k == 0 else root[cell - moves.offset[k - 1]]
