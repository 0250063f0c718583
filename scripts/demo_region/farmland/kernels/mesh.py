"""Compiled loops of ``scripts.demo_region.farmland.mesh``."""

from __future__ import annotations

import numpy as np
from numba import njit

from scripts.demo_region.ground.kernels.canals import sampled

FREE, CANAL = 0, -1  # of a claim; a canal's number + 1 is its claim


@njit(cache=True, nogil=True)
def descend(
    east, north, gx_min, gy_max, g_cell, owner, x_min, y_max, cell, xs, ys, me, sense, steps, step, steepest, free
):
    """Follow the slope from every canal point (sense -1 down, +1 up) until it leaves free ground."""
    points = xs.size
    x = np.empty((points, steps), np.float32)
    y = np.empty((points, steps), np.float32)
    length = np.zeros(points)
    rows, cols = owner.shape
    for p in range(points):
        px, py = xs[p], ys[p]
        running = True
        for k in range(steps):
            x[p, k], y[p, k] = px, py
            gx = sampled(east, gx_min, gy_max, g_cell, px, py)
            gy = sampled(north, gx_min, gy_max, g_cell, px, py)
            slope = np.hypot(gx, gy)
            row, col = int((y_max - py) / cell), int((px - x_min) / cell)
            inside = 1 <= row < rows - 1 and 1 <= col < cols - 1
            if running and inside and slope > 1e-6 and slope < steepest:
                taken = owner[row, col]
                if k * step <= free or taken in (FREE, me):
                    length[p] = k * step
                else:
                    running = False
            else:
                running = False
            if slope > 1e-6:
                px += sense * step * gx / slope
                py += sense * step * gy / slope
    return x, y, length


@njit(cache=True, nogil=True)
def claim(owner, x_min, y_max, cell, x, y, length, step, me):
    """Mark the cells under the lines and between neighbouring ones, which may lie more than a cell apart."""
    for p in range(length.size - 1):
        for k in range(int(max(length[p], length[p + 1]) / step) + 1):
            between = 3 if k * step <= min(length[p], length[p + 1]) else 0
            for part in range(between + 1):
                share = part / (between + 1)
                line = p if length[p] >= k * step else p + 1
                px = x[line, k] if between == 0 else x[p, k] * (1.0 - share) + x[p + 1, k] * share
                py = y[line, k] if between == 0 else y[p, k] * (1.0 - share) + y[p + 1, k] * share
                row, col = int((y_max - py) / cell), int((px - x_min) / cell)
                if owner[row, col] == FREE:
                    owner[row, col] = me
