"""Compiled loops of ``geo.geometry.segment_grid``."""

from __future__ import annotations

from math import floor, hypot

import numpy as np
from numba import njit

from geo.compiled.kernel import innermost

SHORTEST_M2 = 1e-200  # squared length below which a segment is a point; its inverse would not be a number


@innermost(error_model="numpy")
def inverse(squared):
    """Return 1 / a squared length, 0 for that of a point."""
    return 1.0 / squared if squared > SHORTEST_M2 else 0.0


@innermost(error_model="numpy")
def cell_of(place, origin, cell, count):
    """Return the row or column, 0..count - 1, of the cell a coordinate lies in, or of the nearest one if in none."""
    return int(min(max(floor((place - origin) / cell), 0.0), count - 1.0))


@njit(cache=True, nogil=True, error_model="numpy")
def box(xy):
    """West, south, east, north of all vertices, and whether every coordinate is finite."""
    west, south, east, north, total = np.inf, np.inf, -np.inf, -np.inf, 0.0
    for i in range(len(xy)):
        west, east = min(west, xy[i, 0]), max(east, xy[i, 0])
        south, north = min(south, xy[i, 1]), max(north, xy[i, 1])
        total += xy[i, 0] + xy[i, 1]
    return west, south, east, north, np.isfinite(total)


@njit(cache=True, nogil=True, error_model="numpy")
def cut(xy, path_start, geometry_start):
    """Return the segments and the line of each, as in SegmentGrid."""
    count = 0
    for p in range(path_start.size - 1):
        count += max(path_start[p + 1] - path_start[p] - 1, min(path_start[p + 1] - path_start[p], 1))
    segments = np.empty((count, 6), dtype=np.float64)
    lines = np.empty(count, dtype=np.int64)
    s = 0
    for g in range(geometry_start.size - 1):
        along = 0.0
        for p in range(geometry_start[g], geometry_start[g + 1]):
            first, last = path_start[p], path_start[p + 1]
            for i in range(first, max(last - 1, min(first + 1, last))):
                j = min(i + 1, last - 1)  # a point is a segment from itself to itself
                length = hypot(xy[j, 0] - xy[i, 0], xy[j, 1] - xy[i, 1])
                segments[s, 0], segments[s, 1] = xy[i, 0], xy[i, 1]
                segments[s, 2], segments[s, 3] = xy[j, 0], xy[j, 1]
                segments[s, 4], segments[s, 5] = along, length
                lines[s] = g
                along += length
                s += 1
    return segments, lines


@innermost(error_model="numpy")
def columns_met(segments, s, row0, row1, row, x_min, y_min, cell, cols):
    """First and last column whose cell in this row the segment may meet, one cell wider where rounding could matter."""
    x0, y0, x1, y1 = segments[s, 0], segments[s, 1], segments[s, 2], segments[s, 3]
    low, high = min(x0, x1), max(x0, x1)
    if row0 < row1:
        xa = x0 + (y_min + row * cell - y0) * (x1 - x0) / (y1 - y0)
        xb = x0 + (y_min + (row + 1) * cell - y0) * (x1 - x0) / (y1 - y0)
        low, high = max(low, min(xa, xb)), min(high, max(xa, xb))
    slack = 1e-6 * cell
    return cell_of(low - slack, x_min, cell, cols), cell_of(high + slack, x_min, cell, cols)


@njit(cache=True, nogil=True, error_model="numpy")
def list_segments(segments, x_min, y_min, cell, rows, cols):
    """Return starts, listed and stretches, as in SegmentGrid."""
    starts = np.zeros(rows * cols + 1, dtype=np.int32)
    listed = np.empty(0, dtype=np.int32)
    for filling in range(2):
        if filling:
            total = 0
            for k in range(rows * cols + 1):
                total += starts[k]
                starts[k] = total
            listed = np.empty(total, dtype=np.int32)
        # Backwards when filling, since each list is filled from its end: segments then stand in rising order.
        for k in range(len(segments)):
            s = len(segments) - 1 - k if filling else k
            row0 = cell_of(min(segments[s, 1], segments[s, 3]), y_min, cell, rows)
            row1 = cell_of(max(segments[s, 1], segments[s, 3]), y_min, cell, rows)
            for row in range(row0, row1 + 1):
                col0, col1 = columns_met(segments, s, row0, row1, row, x_min, y_min, cell, cols)
                for at in range(row * cols + col0, row * cols + col1 + 1):
                    if not filling:
                        starts[at] += 1
                        continue
                    starts[at] -= 1
                    listed[starts[at]] = s
    stretches = np.empty((5, listed.size), dtype=np.float64)
    for k in range(listed.size):
        x0, y0, x1, y1 = segments[listed[k], 0], segments[listed[k], 1], segments[listed[k], 2], segments[listed[k], 3]
        stretches[0, k], stretches[1, k], stretches[2, k], stretches[3, k] = x0, y0, x1 - x0, y1 - y0
        stretches[4, k] = inverse((x1 - x0) * (x1 - x0) + (y1 - y0) * (y1 - y0))
    return starts, listed, stretches


@njit(cache=True, nogil=True, error_model="numpy")
def rings_to_occupied(starts, rows, cols):
    """Rings (Chebyshev distance in cells) from each cell to the nearest one that lists a segment."""
    far = np.int32(rows + cols)
    rings = np.full((rows + 2, cols + 2), far, dtype=np.int32)  # with a rim that no cell is near to
    for r in range(1, rows + 1):
        for c in range(1, cols + 1):
            at = (r - 1) * cols + c - 1
            before = min(min(rings[r - 1, c - 1], rings[r - 1, c]), min(rings[r - 1, c + 1], rings[r, c - 1]))
            rings[r, c] = 0 if starts[at + 1] > starts[at] else before + 1
    for r in range(rows, 0, -1):
        for c in range(cols, 0, -1):
            after = min(min(rings[r + 1, c + 1], rings[r + 1, c]), min(rings[r + 1, c - 1], rings[r, c + 1]))
            rings[r, c] = min(rings[r, c], after + 1)
    return rings[1:-1, 1:-1].copy()
