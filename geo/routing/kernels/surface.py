"""Compiled loops of ``geo.routing.surface``."""

from __future__ import annotations

import numpy as np
from numba import njit

from geo.terrain.stencil import REACH

DRIVEN_KM_H = {"track": 15.0, "gravel": 25.0, "bridge": 25.0, "paved": 40.0}  # km/h, defaults to calibrate
BLOCKED, OFF_PATH, ON_PATH, FIRST_DRIVEN = 0, 1, 2, 3  # kinds of cell, rows of the pace table
MIXED = FIRST_DRIVEN + len(DRIVEN_KM_H)  # surroundings of several kinds, last row of the table of least paces


@njit(cache=True, nogil=True)
def fill_unknown(height):
    """Heights without unknown ones, and the largest difference between two cells side by side or corner to corner.

    An unknown height is the mean of the known ones among the eight around it, 0 where there is none and no move that is
    open reads it; such cells count for no difference.
    """
    rows, cols = height.shape
    filled = height.copy()
    for row in range(rows):
        for col in range(cols):
            if np.isnan(height[row, col]):
                total, known = 0.0, 0
                for i in range(max(row - 1, 0), min(row + 2, rows)):
                    for j in range(max(col - 1, 0), min(col + 2, cols)):
                        if not np.isnan(height[i, j]):
                            total += height[i, j]
                            known += 1
                if known > 0:
                    filled[row, col] = total / known
    # A maximum for each column, so that neighbouring columns are compared at once.
    most = np.zeros(cols, np.float32)
    for row in range(1, rows):
        here, above = filled[row], filled[row - 1]
        for col in range(1, cols):
            for there in (here[col - 1], above[col - 1], above[col]):
                apart = abs(here[col] - there)
                # A comparison with an unknown height is false.
                most[col] = apart if apart > most[col] else most[col]
            apart = abs(here[col - 1] - above[col])
            most[col] = apart if apart > most[col] else most[col]
    for row in range(rows):
        for col in range(cols):
            filled[row, col] = np.float32(0.0) if np.isnan(filled[row, col]) else filled[row, col]
    return filled, most.max()


@njit(cache=True, nogil=True)
def kinds_around(kind):
    """What lies within reach of a move of each cell, see ``Ground``."""
    rows, cols = kind.shape
    around = np.where(kind == BLOCKED, np.uint8(MIXED), kind)
    # Surroundings differ where some cell in them differs from the one to the right of it or below.
    for row in range(rows):
        for col in range(cols):
            below, right = min(row + 1, rows - 1), min(col + 1, cols - 1)
            if kind[row, col] != kind[row, right]:
                around[max(row - REACH, 0) : row + REACH + 1, max(right - REACH, 0) : col + REACH + 1] = MIXED
            if kind[row, col] != kind[below, col]:
                around[max(below - REACH, 0) : row + REACH + 1, max(col - REACH, 0) : col + REACH + 1] = MIXED
    return around


@njit(cache=True, nogil=True)
def convex_below(x, y):
    """Corners of the largest convex function that lies nowhere above the points; x rises (Andrew 1979)."""
    at, low, count = np.empty(len(x)), np.empty(len(x)), 0
    for i in range(len(x)):
        right, top = x[i], y[i]
        while count > 1 and (at[count - 1] - at[count - 2]) * (top - low[count - 2]) <= (
            low[count - 1] - low[count - 2]
        ) * (right - at[count - 2]):
            count -= 1
        at[count], low[count] = right, top
        count += 1
    return at[:count], low[:count]
