"""Compiled loops of ``geo.geometry.hilbert``."""

from __future__ import annotations

import numpy as np
from numba import njit

SIDE = 1 << 16  # cells along each side of the square the curve fills


@njit(cache=True, nogil=True)
def distances(x, y, distance):
    for i in range(len(x)):
        column, row, passed = np.int64(x[i]), np.int64(y[i]), np.int64(0)
        half = SIDE >> 1
        while half > 0:
            right, upper = np.int64((column & half) > 0), np.int64((row & half) > 0)
            passed += half * half * ((3 * right) ^ upper)
            if upper == 0:  # the curve is turned in the lower quarters
                if right == 1:
                    column, row = SIDE - 1 - column, SIDE - 1 - row
                column, row = row, column
            half >>= 1
        distance[i] = passed
