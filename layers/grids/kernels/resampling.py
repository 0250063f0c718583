"""Compiled loops of ``layers.grids.resampling``."""

from __future__ import annotations

from math import floor

import numpy as np
from numba import njit


@njit(cache=True, nogil=True)
def interpolate(cells, row, col, nearest, found, start, stop):
    """Fill found (bands, rows, cols) for rows start..stop with the weighted mean of the known cells around."""
    bands, height, width = cells.shape
    for i in range(start, stop):
        for j in range(row.shape[1]):
            here_row, here_col = floor(row[i, j] + 0.5), floor(col[i, j] + 0.5)
            if here_row < 0 or here_row >= height or here_col < 0 or here_col >= width:
                continue
            above, before = floor(row[i, j]), floor(col[i, j])
            down, right = row[i, j] - above, col[i, j] - before
            for band in range(bands):
                here = cells[band, here_row, here_col]
                if nearest or np.isnan(here):
                    found[band, i, j] = here
                    continue
                total = 0.0
                weights = 0.0
                for step_row in range(2):
                    for step_col in range(2):
                        at_row, at_col = above + step_row, before + step_col
                        weight = (down if step_row else 1.0 - down) * (right if step_col else 1.0 - right)
                        if weight > 0.0 and 0 <= at_row < height and 0 <= at_col < width:
                            value = cells[band, at_row, at_col]
                            if not np.isnan(value):
                                total += weight * value
                                weights += weight
                found[band, i, j] = total / weights
