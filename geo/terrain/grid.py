"""A north-up raster in the metric working CRS: the array and where its cells lie."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from affine import Affine
from numpy.typing import NDArray

from geo.terrain.kernels import grid as kernels


def north_up(x_min: float, y_max: float, width: float, height: float) -> Affine:
    """Return the transform of a north-up raster.

    Written out: rasterio's own multiplies transforms in a way that affine is about to drop.

    Parameters
    ----------
    x_min : outer corner of the top-left cell, in the unit of the CRS
    y_max : the same
    width : of a cell, in the unit of the CRS
    height : of a cell, above 0

    Returns
    -------
    transform from column and row to x and y
    """
    return Affine(width, 0.0, x_min, 0.0, -height, y_max)


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

    def cropped(self, bounds: tuple[float, float, float, float]) -> Grid:
        """Return the cells that a box touches; the same cells, none moved.

        Parameters
        ----------
        bounds : x_min, y_min, x_max, y_max, metres in EPSG:32642

        Returns
        -------
        Grid, a view of these values; without cells where the box lies beside it
        """
        rows, cols = self.shape
        x_min, y_min, x_max, y_max = bounds
        left = int(np.clip(np.floor((x_min - self.x_min) / self.cell_m), 0, cols))
        right = int(np.clip(np.ceil((x_max - self.x_min) / self.cell_m), left, cols))
        top = int(np.clip(np.floor((self.y_max - y_max) / self.cell_m), 0, rows))
        bottom = int(np.clip(np.ceil((self.y_max - y_min) / self.cell_m), top, rows))
        return replace(
            self,
            values=self.values[..., top:bottom, left:right],
            x_min=self.x_min + left * self.cell_m,
            y_max=self.y_max - top * self.cell_m,
        )

    def cells_under(self, xy: NDArray[np.float64]) -> NDArray[np.int64]:
        """Return the cell under each point.

        Parameters
        ----------
        xy : float64 (n, 2), metres in EPSG:32642

        Returns
        -------
        int64 (n,), counted row by row from the north-west; -1 outside or where x or y is NaN
        """
        rows, cols = self.shape
        with np.errstate(invalid="ignore"):
            row = np.floor((self.y_max - xy[:, 1]) / self.cell_m)
            col = np.floor((xy[:, 0] - self.x_min) / self.cell_m)
            inside = (row >= 0) & (row < rows) & (col >= 0) & (col < cols)
        return np.where(inside, np.where(inside, row, 0.0) * cols + np.where(inside, col, 0.0), -1).astype(np.int64)

    def under(self, xy: NDArray[np.float64]) -> NDArray[np.float32]:
        """Return the values of a grid of one band under points.

        Parameters
        ----------
        xy : float64 (n, 2), metres in EPSG:32642

        Returns
        -------
        float32 (n,), unit of the grid; NaN outside, on unknown cells, or where x or y is NaN
        """
        cells = self.cells_under(xy)
        rows, cols = np.divmod(np.maximum(cells, 0), max(self.shape[1], 1))
        found = np.full(len(xy), np.nan, dtype=np.float32)
        found[cells >= 0] = self.values[rows[cells >= 0], cols[cells >= 0]]
        return found

    def coarsened(self, to_m: float) -> Grid:
        """Return means of square blocks of cells.

        Blocks lie on one lattice counted from the CRS's origin, so that overlapping windows agree; a block that the
        window cuts is averaged over what there is of it.

        Parameters
        ----------
        to_m : widest a block may be, metres

        Returns
        -------
        Grid of the blocks, NaN where no cell is known; the same grid where a block would be a single cell
        """
        k = int(to_m // self.cell_m)
        if k <= 1:
            return self
        rows, cols = self.shape
        left, top = round(self.x_min / self.cell_m) % k, round(-self.y_max / self.cell_m) % k
        blocks = -(-(rows + top) // k), -(-(cols + left) // k)
        total, count = np.zeros(blocks), np.zeros(blocks, dtype=np.int64)
        kernels.add_blocks(self.values, k, top, left, total, count)
        means = np.where(count > 0, total / np.maximum(count, 1), np.nan).astype(np.float32)
        x_min, y_max = self.x_min - left * self.cell_m, self.y_max + top * self.cell_m
        return replace(self, values=means, x_min=x_min, y_max=y_max, cell_m=self.cell_m * k)
