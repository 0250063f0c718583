"""Segments of lines listed per cell of a uniform grid: those near a place are found without looking at the others.

A canal is many kilometres long, so the boxes an R-tree keeps of whole lines overlap and every plot ends up measured
against many long lines; one of its segments lies in few cells (the bucket method of Bentley, Weide and Yao, "Optimal
expected-time algorithms for closest point problems", ACM TOMS 6, 1980). The lists of cells beside each other follow one
another in memory with the coordinates in them, so that a row of cells is read in one go, several segments at a time.
"""

from __future__ import annotations

from math import sqrt
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from geo.errors import GeometryError
from geo.geometry.kernels import segment_grid as kernels
from geo.geometry.ragged import Ragged

Floats = NDArray[np.float64]

CELLS_PER_SEGMENT = 2.0  # mean; fewer make long lists, more make long walks over empty cells
MOST_CELLS = 4_000_000  # cells of the grid, 16 MB of starts and as much of rings


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


def segment_grid(lines: Ragged) -> SegmentGrid | None:
    """Return the segments of lines, or points as segments without length, in a grid.

    Parameters
    ----------
    lines : coordinates of lines or points, metres in EPSG:32642

    Returns
    -------
    segments and the cells they lie in; None where there are no segments

    Raises
    ------
    GeometryError : a coordinate that is not a finite number.
    """
    if len(lines.xy) == 0:
        return None
    x_min, y_min, x_max, y_max, finite = kernels.box(lines.xy)
    if not finite:
        raise GeometryError("A line or point to measure to has a coordinate that is not a number.")
    segments, of_line = kernels.cut(*lines.paths)
    width, height = x_max - x_min, y_max - y_min
    cells = min(len(segments) * CELLS_PER_SEGMENT, MOST_CELLS)
    # At least a square of the mean area; a long thin extent is bounded by its length instead.
    cell = max(sqrt(width * height / cells), max(width, height) / cells, 1.0)
    rows, cols = int(height // cell) + 1, int(width // cell) + 1
    starts, listed, stretches = kernels.list_segments(segments, x_min, y_min, cell, rows, cols)
    rings = kernels.rings_to_occupied(starts, rows, cols)
    return SegmentGrid(segments, of_line, starts, listed, stretches, rings, x_min, y_min, cell)
