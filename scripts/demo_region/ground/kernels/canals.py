"""Compiled loops of ``scripts.demo_region.ground.canals``."""

from __future__ import annotations

import numpy as np
from numba import njit


@njit(cache=True, nogil=True)
def sampled(values, x_min, y_max, cell, x, y):
    """Bilinear value at one point, the nearest edge value outside."""
    rows, cols = values.shape
    r = min(max((y_max - y) / cell - 0.5, 0.0), rows - 1.000001)
    c = min(max((x - x_min) / cell - 0.5, 0.0), cols - 1.000001)
    i, j = int(r), int(c)
    r -= i
    c -= j
    top = values[i, j] * (1.0 - c) + values[i, j + 1] * c
    bottom = values[i + 1, j] * (1.0 - c) + values[i + 1, j + 1] * c
    return top * (1.0 - r) + bottom * r


@njit(cache=True, nogil=True)
def traced(
    level,
    east,
    north,
    off_river,
    taken,
    x_min,
    y_max,
    cell,
    x,
    y,
    bank,
    fall,
    longest,
    farthest,
    hillside,
    hill_run,
    step,
    apart,
):
    """Walk one contour that falls by ``fall`` per metre; the uphill side stays on the canal's outer hand."""
    most = int(longest / step) + 1
    xs, ys = np.empty(most), np.empty(most)
    rows, cols = level.shape
    target = sampled(level, x_min, y_max, cell, x, y)
    steep_for, count = 0.0, 0
    while count < most:
        row, col = int((y_max - y) / cell), int((x - x_min) / cell)
        if row < 3 or col < 3 or row >= rows - 3 or col >= cols - 3:
            break
        if taken[row, col] or off_river[row, col] > farthest:
            break
        xs[count], ys[count] = x, y
        count += 1
        gx = sampled(east, x_min, y_max, cell, x, y)
        gy = sampled(north, x_min, y_max, cell, x, y)
        slope = max(np.hypot(gx, gy), 1e-5)
        steep_for = steep_for + step if slope > hillside else 0.0
        if steep_for > hill_run:
            count -= int(hill_run / step)
            break
        up_x, up_y = gx / slope, gy / slope
        error = (sampled(level, x_min, y_max, cell, x, y) - target) / (slope * 4.0 * step)
        error = min(max(error, -1.0), 1.0)
        ahead_x = bank * up_y - error * up_x
        ahead_y = -bank * up_x - error * up_y
        norm = np.hypot(ahead_x, ahead_y)
        x += step * ahead_x / norm
        y += step * ahead_y / norm
        target -= fall * step
    reach = int(apart / cell) + 1
    length = max(count, 0)
    if length * step >= 4.0 * apart:
        for k in range(length):
            row, col = int((y_max - ys[k]) / cell), int((xs[k] - x_min) / cell)
            for i in range(max(row - reach, 0), min(row + reach + 1, rows)):
                for j in range(max(col - reach, 0), min(col + reach + 1, cols)):
                    if np.hypot(i - row, j - col) * cell <= apart:
                        taken[i, j] = True
    return xs[:length], ys[:length]
