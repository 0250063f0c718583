"""Compiled loops of ``geo.terrain.grid``."""

from __future__ import annotations

import numpy as np
from numba import njit


@njit(cache=True, nogil=True)
def add_blocks(values, k, top, left, total, count):
    """Add each known cell to its block of k times k cells; the first block begins top and left cells outside."""
    rows, cols = values.shape
    for row in range(rows):
        down = (row + top) // k
        across, inside = 0, left
        for col in range(cols):
            if inside == k:
                across, inside = across + 1, 0
            inside += 1
            value = values[row, col]
            if not np.isnan(value):
                total[down, across] += value
                count[down, across] += 1
