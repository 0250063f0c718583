"""Spatial order: places near each other in space are near each other along a Hilbert curve."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from geo.geometry.kernels import hilbert as kernels
from geo.geometry.kernels.hilbert import SIDE


def hilbert_distance(bounds: NDArray[np.float64]) -> NDArray[np.int64]:
    """Return how far along a Hilbert curve through all of them the middle of each box lies.

    The curve fills the box of the middles, as in GeoPandas.

    Parameters
    ----------
    bounds : float64 (n, 4), west, south, east, north, in any one CRS

    Returns
    -------
    int64 (n,), steps along the curve
    """
    distance = np.zeros(len(bounds), dtype=np.int64)
    if len(bounds):
        middle = (bounds[:, :2] + bounds[:, 2:]) / 2.0
        low, high = middle.min(axis=0), middle.max(axis=0)
        with np.errstate(divide="ignore", invalid="ignore"):
            cells = (middle - low) * ((SIDE - 1) / (high - low))
        cells[:, high == low] = 0.0
        x, y = np.clip(cells, 0, SIDE - 1).astype(np.int64).T
        kernels.distances(x, y, distance)
    return distance
