"""A north-up raster in the metric working CRS: the array and where its cells lie."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class Grid:
    """A raster held in memory.

    values : float32 array (rows, cols) or (bands, rows, cols), NaN where nothing is known; row 0 is the northernmost.
    x_min, y_max : outer corner of the top-left cell, metres in EPSG:32642.
    cell_m : side of the square cells, metres.
    native_m : ground size of the cells of the file it came from, metres; decides whether a measure accepts it.
    """

    values: NDArray[np.float32]
    x_min: float
    y_max: float
    cell_m: float
    native_m: float

    @property
    def shape(self) -> tuple[int, int]:
        """Rows and columns."""
        return self.values.shape[-2], self.values.shape[-1]

    @property
    def bounds(self) -> tuple[float, float, float, float]:
        """x_min, y_min, x_max, y_max of the outer edges, metres."""
        rows, cols = self.shape
        return self.x_min, self.y_max - rows * self.cell_m, self.x_min + cols * self.cell_m, self.y_max
