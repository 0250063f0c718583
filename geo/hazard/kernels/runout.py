"""The loop that passes a mass down over the cells of a height grid."""

from __future__ import annotations

import numpy as np
from numba import njit

from geo.compiled.kernel import innermost
from geo.terrain.kernels.drainage import DOWN, RIGHT

# Neighbours of ``geo.terrain.drainage`` in order round the compass from east, anticlockwise, to count turns between
# them.
_COMPASS = np.array([0, 2, 4, 6, 1, 3, 5, 7])


@innermost()
def _height(z, row, col):
    """Height of a cell, NaN beyond the edge."""
    rows, cols = z.shape
    return float(z[row, col]) if 0 <= row < rows and 0 <= col < cols else np.nan


@innermost()
def _falls(z, row, col, k):
    """Fall from a cell to its neighbour k per metre along an axis, and whether the neighbour is known ground.

    Beyond the edge, and where the height is unknown, the slope beside it goes on: what would leave the known ground
    leaves it, and is not led along its edge.
    """
    down, right = DOWN[k], RIGHT[k]
    here, there = float(z[row, col]), _height(z, row + down, col + right)
    known = not np.isnan(there)
    if not known and k >= 4:
        there = 2.0 * _height(z, row, col + right) - _height(z, row - down, col + right)
        if np.isnan(there):
            there = 2.0 * _height(z, row + down, col) - _height(z, row + down, col - right)
    if np.isnan(there):
        there = 2.0 * here - _height(z, row - down, col - right)
    drop = 0.0 if np.isnan(there) else here - there
    return (drop * np.sqrt(0.5) if k >= 4 else drop), known


@njit(cache=True, nogil=True)
def spread(z, filled, receiver, order, exponent, persistence, loss, deepest, flow, line):
    """Pass a mass on from the highest cell to the lowest.

    Parameters
    ----------
    z, filled : float32 (rows, cols), heights and those with depressions filled, metres, NaN unknown.
    receiver : int64 (rows * cols,), cell that each drains to.
    order : int64, cells from the lowest to the highest.
    exponent : of the slope.
    persistence : float64 (5,), weights of turning by 0, 45, 90, 135 and 180 degrees.
    loss : metres that the energy line loses per cell of way.
    deepest : most that the line may stand above the ground, metres.
    flow : float64 (rows * cols,), what is released; filled with what passes.
    line : float64 (rows * cols,), height of the energy line at releases, metres, -inf elsewhere; filled.

    Notes
    -----
    In proportion to slope^exponent x persistence, no farther than where the energy line meets the ground.
    """
    rows, cols = z.shape
    came = np.full(rows * cols, -1, np.int8)
    most = np.zeros(rows * cols, np.float32)
    weights, known = np.empty(8), np.empty(8, np.bool_)
    for i in range(len(order) - 1, -1, -1):
        cell = order[i]
        if flow[cell] <= 0.0:
            continue
        row, col = cell // cols, cell % cols
        total, onward = 0.0, -1
        for k in range(8):
            weights[k] = 0.0
            slope, known[k] = _falls(filled, row, col, k)
            if known[k] and receiver[cell] == (row + DOWN[k]) * cols + col + RIGHT[k]:
                onward = k
            if slope > 0.0:
                weights[k] = slope**exponent
                if came[cell] >= 0:
                    turn = abs(_COMPASS[k] - _COMPASS[came[cell]])
                    weights[k] *= persistence[min(turn, 8 - turn)]
                total += weights[k]
        if total == 0.0 and onward >= 0:
            # Level ground, a depression, or only turns too sharp: the way water takes.
            weights[onward], total = 1.0, 1.0
        for k in range(8):
            if weights[k] <= 0.0 or not known[k]:
                continue
            there = (row + DOWN[k]) * cols + col + RIGHT[k]
            ground = z[row + DOWN[k], col + RIGHT[k]]
            arrives = line[cell] - loss * (np.sqrt(2.0) if k >= 4 else 1.0)
            if arrives < ground:
                continue
            line[there] = max(line[there], min(arrives, ground + deepest))
            part = flow[cell] * weights[k] / total
            flow[there] += part
            if part > most[there]:
                most[there], came[there] = part, k
