"""Spatial order: places near each other in space are near each other along a Hilbert curve."""

from __future__ import annotations

import numpy as np
from numba import njit
from numpy.typing import NDArray

SIDE = 1 << 16  # cells along each side of the square the curve fills


@njit(cache=True, nogil=True)
def _distances(x, y, distance):  # type: ignore[no-untyped-def]
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


def hilbert_distance(bounds: NDArray[np.float64]) -> NDArray[np.int64]:
    """Return how far along a Hilbert curve through all of them the middle of each box lies, int64 (n,).

    ``bounds`` is float64 (n, 4): west, south, east, north. The curve fills the box of the middles, as in GeoPandas.
    """
    distance = np.zeros(len(bounds), dtype=np.int64)
    if len(bounds):
        middle = (bounds[:, :2] + bounds[:, 2:]) / 2.0
        low, high = middle.min(axis=0), middle.max(axis=0)
        with np.errstate(divide="ignore", invalid="ignore"):
            cells = (middle - low) * ((SIDE - 1) / (high - low))
        cells[:, high == low] = 0.0
        x, y = np.clip(cells, 0, SIDE - 1).astype(np.int64).T
        _distances(x, y, distance)
    return distance
