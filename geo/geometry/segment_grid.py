"""Segments of lines listed per cell of a uniform grid: those near a place are found without looking at the others.

A canal is many kilometres long, so the boxes an R-tree keeps of whole lines overlap and every plot ends up measured
against many long lines; one of its segments lies in few cells (the bucket method of Bentley, Weide and Yao, "Optimal
expected-time algorithms for closest point problems", ACM TOMS 6, 1980). The lists of cells beside each other follow one
another in memory with the coordinates in them, so that a row of cells is read in one go, several segments at a time.
"""

from __future__ import annotations

from math import floor, hypot, sqrt
from typing import NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

from geo.compiled.kernel import innermost
from geo.errors import GeometryError
from geo.geometry.ragged import Ragged

Floats = NDArray[np.float64]

CELLS_PER_SEGMENT = 2.0  # mean; fewer make long lists, more make long walks over empty cells
MOST_CELLS = 4_000_000  # cells of the grid, 16 MB of starts and as much of rings
SHORTEST_M2 = 1e-200  # squared length below which a segment is a point; its inverse would not be a number


class SegmentGrid(NamedTuple):
    """Segments of lines, m in all, and the cells they lie in.

    segments : float64 (m, 6), ends x0 y0 x1 y1, where the segment begins along its line, its length, m. lines : int64
    (m,), the line of each. starts : int32 (rows * cols + 1,), where the list of a cell begins, row by row from the
    south-west. listed : int32, the segments that meet each cell, one cell after another. stretches : float64
    (5, listed), for each of those its start x0 y0, the way to its end dx dy, and 1 / (dx^2 + dy^2), 0 for a point.
    rings : int32 (rows, cols), rings (Chebyshev distance in cells) from each cell to the nearest that lists a segment.
    x_min, y_min : south-west corner; cell : side of a cell, m.
    """

    segments: Floats
    lines: NDArray[np.int64]
    starts: NDArray[np.int32]
    listed: NDArray[np.int32]
    stretches: Floats
    rings: NDArray[np.int32]
    x_min: float
    y_min: float
    cell: float


@innermost(error_model="numpy")
def inverse(squared):  # type: ignore[no-untyped-def]
    """Return 1 / a squared length, 0 for that of a point."""
    return 1.0 / squared if squared > SHORTEST_M2 else 0.0


@innermost(error_model="numpy")
def cell_of(place, origin, cell, count):  # type: ignore[no-untyped-def]
    """Return the row or column, 0..count - 1, of the cell a coordinate lies in, or of the nearest one if in none."""
    return int(min(max(floor((place - origin) / cell), 0.0), count - 1.0))


@njit(cache=True, nogil=True, error_model="numpy")
def _box(xy):  # type: ignore[no-untyped-def]
    """West, south, east, north of all vertices, and whether every coordinate is finite."""
    west, south, east, north, total = np.inf, np.inf, -np.inf, -np.inf, 0.0
    for i in range(len(xy)):
        west, east = min(west, xy[i, 0]), max(east, xy[i, 0])
        south, north = min(south, xy[i, 1]), max(north, xy[i, 1])
        total += xy[i, 0] + xy[i, 1]
    return west, south, east, north, np.isfinite(total)


@njit(cache=True, nogil=True, error_model="numpy")
def _cut(xy, path_start, geometry_start):  # type: ignore[no-untyped-def]
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
def _columns_met(segments, s, row0, row1, row, x_min, y_min, cell, cols):  # type: ignore[no-untyped-def]
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
def _list_segments(segments, x_min, y_min, cell, rows, cols):  # type: ignore[no-untyped-def]
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
                col0, col1 = _columns_met(segments, s, row0, row1, row, x_min, y_min, cell, cols)
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
def _rings_to_occupied(starts, rows, cols):  # type: ignore[no-untyped-def]
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


def segment_grid(lines: Ragged) -> SegmentGrid | None:
    """Return the segments of lines, or points as segments without length, in a grid; None where there are none.

    Raises GeometryError for a coordinate that is not a finite number.
    """
    if len(lines.xy) == 0:
        return None
    x_min, y_min, x_max, y_max, finite = _box(lines.xy)
    if not finite:
        raise GeometryError("A line or point to measure to has a coordinate that is not a number.")
    segments, of_line = _cut(*lines.paths)
    width, height = x_max - x_min, y_max - y_min
    cells = min(len(segments) * CELLS_PER_SEGMENT, MOST_CELLS)
    # At least a square of the mean area; a long thin extent is bounded by its length instead.
    cell = max(sqrt(width * height / cells), max(width, height) / cells, 1.0)
    rows, cols = int(height // cell) + 1, int(width // cell) + 1
    starts, listed, stretches = _list_segments(segments, x_min, y_min, cell, rows, cols)
    rings = _rings_to_occupied(starts, rows, cols)
    return SegmentGrid(segments, of_line, starts, listed, stretches, rings, x_min, y_min, cell)
