"""Compiled loops of ``geo.contract.memberships``."""

from __future__ import annotations

import numpy as np
from numba import njit


@njit(cache=True, nogil=True)
def between_knots(values, x, y, result, start, stop):
    """Straight lines between rising knots x, clamped outside; a value on a knot meets its level exactly."""
    last = len(x) - 1
    for i in range(start, stop):
        value = values[i]
        if value != value:
            result[i] = np.nan
        elif value <= x[0]:
            result[i] = y[0]
        elif value >= x[last]:
            result[i] = y[last]
        else:
            j = 0
            while value >= x[j + 1]:
                j += 1
            level = y[j] + (value - x[j]) * ((y[j + 1] - y[j]) / (x[j + 1] - x[j]))
            result[i] = min(max(level, min(y[j], y[j + 1])), max(y[j], y[j + 1]))
