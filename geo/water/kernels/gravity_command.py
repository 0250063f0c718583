"""Compiled loops of ``geo.water.gravity_command``."""

from __future__ import annotations

import numpy as np
from numba import njit


@njit(cache=True, nogil=True)
def between_cells(values, col, row):
    """Value of a grid between cell centres, bilinear over those of the four cells that are known.

    Parameters
    ----------
    values : float (rows, cols), NaN unknown.
    col, row : place, in cells from the centre of the first.

    Returns
    -------
    float; NaN outside the grid and where none of the four cells is known.
    """
    rows, cols = values.shape
    if not (-0.5 <= col <= cols - 0.5 and -0.5 <= row <= rows - 0.5):
        return np.nan
    col, row = min(max(col, 0.0), cols - 1.0), min(max(row, 0.0), rows - 1.0)
    left, top = int(col), int(row)
    total, weight = 0.0, 0.0
    for down in range(2):
        for right in range(2):
            share = abs(1 - down - (row - top)) * abs(1 - right - (col - left))
            if share > 0.0:
                value = values[top + down, left + right]
                if not np.isnan(value):
                    total += share * value
                    weight += share
    return total / weight if weight > 0.0 else np.nan


@njit(cache=True, nogil=True)
def _cuts(xy, path_start, first_path, last_path, level):
    """Where the edges of a polygon cross the row at y = ``level``, sorted; its inside lies between pairs of them."""
    crossings = np.empty(path_start[last_path] - path_start[first_path])
    found = 0
    for path in range(first_path, last_path):
        for i in range(path_start[path], path_start[path + 1] - 1):
            if (xy[i, 1] <= level) != (xy[i + 1, 1] <= level):
                part = (level - xy[i, 1]) / (xy[i + 1, 1] - xy[i, 1])
                crossings[found] = xy[i, 0] + part * (xy[i + 1, 0] - xy[i, 0])
                found += 1
    return np.sort(crossings[:found])


@njit(cache=True, nogil=True)
def least_under(xy, path_start, geometry_start, values, x_min, y_max, cell, least, where, start, stop):
    """Find the least value at the vertices of each polygon and at the cell centres inside it.

    Parameters
    ----------
    xy : float64 (vertices, 2), metres.
    path_start : int64, first vertex of each ring, and one past the last.
    geometry_start : int64, first ring of each polygon, and one past the last.
    values : float (rows, cols), NaN unknown.
    x_min, y_max, cell : west and north edge and cell side of the grid, metres.
    least : float64 (n,), filled; NaN where fewer than half of these places have a value.
    where : int64 (n,), filled: flat cell the least value is in, -1 where it is NaN.
    start, stop : polygons to look at.
    """
    rows, cols = values.shape
    for g in range(start, stop):
        least[g], where[g] = np.nan, -1
        first_path, last_path = geometry_start[g], geometry_start[g + 1]
        places, known, lowest = 0, 0, np.inf
        top, bottom = np.inf, -np.inf
        for i in range(path_start[first_path], path_start[last_path]):
            col, row = (xy[i, 0] - x_min) / cell, (y_max - xy[i, 1]) / cell
            top, bottom = min(top, row), max(bottom, row)
            places += 1
            value = between_cells(values, col - 0.5, row - 0.5)
            if not np.isnan(value):
                known += 1
                if value < lowest:
                    lowest = value
                    where[g] = min(int(row), rows - 1) * cols + min(int(col), cols - 1)
        for row in range(max(0, int(np.ceil(top - 0.5))), min(rows - 1, int(np.floor(bottom - 0.5))) + 1):
            cuts = _cuts(xy, path_start, first_path, last_path, y_max - (row + 0.5) * cell)
            for pair in range(0, len(cuts) - 1, 2):
                first = max(0, int(np.ceil((cuts[pair] - x_min) / cell - 0.5)))
                last = min(cols - 1, int(np.floor((cuts[pair + 1] - x_min) / cell - 0.5)))
                for col in range(first, last + 1):
                    places += 1
                    if not np.isnan(values[row, col]):
                        known += 1
                        if values[row, col] < lowest:
                            lowest, where[g] = values[row, col], row * cols + col
        if known > 0 and 2 * known >= places:
            least[g] = lowest
        else:
            where[g] = -1
