"""Compiled loops of ``geo.terrain.zonal``."""

from __future__ import annotations

from math import floor

import numpy as np
from numba import njit

TOUCHED = 1e-9  # of a cell; a cell met by less is met by rounding only, and does not count for min and max
ROUNDING = 1e-12  # of a cell; what running sums leave behind outside the polygon, not counted at all
SCRATCH_CELLS = 65_536  # cells a polygon is worked on at a time, 512 KiB: stays in the cache and bounds the memory
WEIGHT, MEAN, VARIANCE, MINIMUM, MAXIMUM = range(5)  # columns of the moments


@njit(cache=True, nogil=True, error_model="numpy")
def add_span(cover, base, cols, u0, u1, height):
    """Add one edge within one row of cells: columns u0 to u1, signed height in cells."""
    left, right = min(u0, u1), max(u0, u1)
    if left >= cols:
        return
    if right <= 0.0:
        cover[base] += height
        return
    if left >= 0.0:
        column = int(left)
        if right <= column + 1:
            beyond = height * (0.5 * (left + right) - column)
            cover[base + column] += height - beyond
            cover[base + column + 1] += beyond
            return
        per_column = height / (right - left)
    else:
        per_column = height / (right - left)
        cover[base] -= per_column * left
        left = 0.0
        column = 0
    end = min(right, float(cols))
    while left < end:
        edge = min(column + 1.0, end)
        part = per_column * (edge - left)
        beyond = part * (0.5 * (left + edge) - column)
        cover[base + column] += part - beyond
        cover[base + column + 1] += beyond
        left = edge
        column += 1


@njit(cache=True, nogil=True, error_model="numpy")
def add_edge(cover, cols, first, last, u0, v0, u1, v1, sign):
    """Add one edge to the rows first..last; u counts columns eastwards and v rows southwards from the window."""
    if v0 > v1:
        u0, v0, u1, v1, sign = u1, v1, u0, v0, -sign
    if v0 == v1 or v1 <= first or v0 >= last:
        return
    slope = (u1 - u0) / (v1 - v0)
    low, high = min(u0, u1), max(u0, u1)
    top = max(v0, float(first))
    bottom = min(v1, float(last))
    u_top = min(max(u0 + (top - v0) * slope, low), high)
    row = int(top)
    while top < bottom:
        below = min(row + 1.0, bottom)
        # Clamped: a nearly level edge has an enormous slope, which must not throw it out of its own bounds.
        u_below = min(max(u0 + (below - v0) * slope, low), high)
        add_span(cover, (row - first) * (cols + 1), cols, u_top, u_below, sign * (below - top))
        top, u_top = below, u_below
        row += 1


@njit(cache=True, nogil=True, error_model="numpy")
def doubled_area(xy, begin, end):
    """Twice the signed area of a ring, positive when it runs anticlockwise; relative to its first vertex."""
    total = 0.0
    x0, y0 = xy[begin, 0], xy[begin, 1]
    for i in range(begin + 1, end - 1):
        total += (xy[i, 0] - x0) * (xy[i + 1, 1] - y0) - (xy[i + 1, 0] - x0) * (xy[i, 1] - y0)
    return total


@njit(cache=True, nogil=True, error_model="numpy")
def weighted_quantile(values, weights, size, probability):
    """Smallest value not exceeded on ``probability`` of the weight; values are sorted, weights beside them."""
    total = 0.0
    for i in range(size):
        total += weights[i]
    reached = 0.0
    for i in range(size):
        reached += weights[i]
        # Rounding of the running sum must not push a share met exactly to the next value.
        if reached >= probability * total * (1.0 - ROUNDING):
            return values[i]
    return values[size - 1]


@njit(cache=True, nogil=True, error_model="numpy")
def measure(
    xy,
    path_start,
    geometry_start,
    hole,
    values,
    x_min,
    y_max,
    cell,
    probabilities,
    moments,
    areas,
    quantiles,
    start,
    stop,
):
    """Fill moments (n, bands, 5), areas in cells (n,) and quantiles (n, bands, len(probabilities)) for start..stop."""
    bands, rows, grid_cols = values.shape
    cover = np.zeros(SCRATCH_CELLS, dtype=np.float64)
    shift = np.empty(bands, dtype=np.float64)
    kept = 0
    capacity = 64 if probabilities.size else 0
    kept_values = np.empty(capacity, dtype=np.float64)
    kept_weights = np.empty(capacity, dtype=np.float64)
    signs = np.empty(16, dtype=np.float64)
    for g in range(start, stop):
        first_path, last_path = geometry_start[g], geometry_start[g + 1]
        if last_path - first_path > signs.size:
            signs = np.empty(2 * (last_path - first_path), dtype=np.float64)
        west, east, south, north, area = np.inf, -np.inf, np.inf, -np.inf, 0.0
        for p in range(first_path, last_path):
            for i in range(path_start[p], path_start[p + 1]):
                west, east = min(west, xy[i, 0]), max(east, xy[i, 0])
                south, north = min(south, xy[i, 1]), max(north, xy[i, 1])
            doubled = doubled_area(xy, path_start[p], path_start[p + 1])
            # Rings count by what they are, not by how they turn: files disagree on the direction of rings.
            signs[p - first_path] = 1.0 if (doubled > 0.0) != hole[p] else -1.0
            area += 0.5 * abs(doubled) * (-1.0 if hole[p] else 1.0)
        areas[g] = area / (cell * cell)
        col0 = int(min(max(floor((west - x_min) / cell), 0.0), grid_cols)) if last_path > first_path else 0
        col1 = int(min(max(floor((east - x_min) / cell) + 1.0, 0.0), grid_cols)) if last_path > first_path else 0
        row0 = int(min(max(floor((y_max - north) / cell), 0.0), rows)) if last_path > first_path else 0
        row1 = int(min(max(floor((y_max - south) / cell) + 1.0, 0.0), rows)) if last_path > first_path else 0
        cols = col1 - col0
        for b in range(bands):
            moments[g, b, WEIGHT] = moments[g, b, MEAN] = moments[g, b, VARIANCE] = 0.0
            moments[g, b, MINIMUM], moments[g, b, MAXIMUM] = np.inf, -np.inf
            shift[b] = np.nan
        kept = 0
        if cols <= 0 or row1 <= row0:
            continue
        if cols + 1 > cover.size:
            cover = np.zeros(cols + 1, dtype=np.float64)
        west_edge, north_edge = x_min + col0 * cell, y_max - row0 * cell
        strip = cover.size // (cols + 1)
        for first in range(0, row1 - row0, strip):
            last = min(first + strip, row1 - row0)
            for p in range(first_path, last_path):
                i = path_start[p]
                u0, v0 = (xy[i, 0] - west_edge) / cell, (north_edge - xy[i, 1]) / cell
                for i in range(path_start[p] + 1, path_start[p + 1]):
                    u1, v1 = (xy[i, 0] - west_edge) / cell, (north_edge - xy[i, 1]) / cell
                    add_edge(cover, cols, first, last, u0, v0, u1, v1, signs[p - first_path])
                    u0, v0 = u1, v1
            for row in range(first, last):
                base = (row - first) * (cols + 1)
                running = 0.0
                for c in range(cols):
                    running += cover[base + c]
                    cover[base + c] = running
                for b in range(bands):
                    weight = total = squares = 0.0
                    low, high = moments[g, b, MINIMUM], moments[g, b, MAXIMUM]
                    origin = shift[b]
                    for c in range(cols):
                        share = cover[base + c]
                        if share <= ROUNDING:
                            continue
                        value = float(values[b, row0 + row, col0 + c])
                        if value != value:
                            continue
                        if origin != origin:
                            origin = value  # deviations from a value of the polygon itself keep every digit
                        weight += share
                        total += share * (value - origin)
                        squares += share * (value - origin) * (value - origin)
                        if share > TOUCHED:
                            low, high = min(low, value), max(high, value)
                        if probabilities.size:
                            if kept == kept_values.size:
                                kept_values = np.concatenate((kept_values, np.empty_like(kept_values)))
                                kept_weights = np.concatenate((kept_weights, np.empty_like(kept_weights)))
                            kept_values[kept], kept_weights[kept] = value, share
                            kept += 1
                    shift[b] = origin
                    moments[g, b, WEIGHT] += weight
                    moments[g, b, MEAN] += total
                    moments[g, b, VARIANCE] += squares
                    moments[g, b, MINIMUM], moments[g, b, MAXIMUM] = low, high
                for c in range(cols + 1):
                    cover[base + c] = 0.0
        for b in range(bands):
            weight = moments[g, b, WEIGHT]
            if weight > 0.0:
                offset = moments[g, b, MEAN] / weight
                moments[g, b, MEAN] = shift[b] + offset
                moments[g, b, VARIANCE] = max(moments[g, b, VARIANCE] / weight - offset * offset, 0.0)
        if probabilities.size and kept:
            order = np.argsort(kept_values[:kept])
            sorted_values, sorted_weights = kept_values[order], kept_weights[order]
            for q in range(probabilities.size):
                quantiles[g, 0, q] = weighted_quantile(sorted_values, sorted_weights, kept, probabilities[q])
