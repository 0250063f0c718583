"""Arithmetic on grids that every part of the demo needs: noise, smoothing, finer and coarser cells, sampling."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy import fft, ndimage

from geo.terrain.grid import Grid

Field = NDArray[np.float32]
Floats = NDArray[np.float64]
Reals = NDArray[np.floating]

TILE = 1_024  # cells; noise repeats after this many, far beyond the longest wave used


def chance(seed: int, what: str) -> np.random.Generator:
    """Return the random numbers of one part of the demo, so that changing one part leaves the others as they were."""
    return np.random.default_rng([seed, *what.encode()])


def noise(shape: tuple[int, int], exponent: float, longest: float, rng: np.random.Generator) -> Field:
    """Return spectral noise of zero mean and unit variance, power falling as wave number to ``-exponent``.

    ``longest`` is the longest wave in cells. The pattern is periodic and repeated to fill ``shape``.
    """
    spectrum = fft.rfft2(rng.standard_normal((TILE, TILE), dtype=np.float32), workers=2)
    wave = np.hypot(np.fft.fftfreq(TILE)[:, None], np.fft.rfftfreq(TILE)[None, :])
    wave[0, 0] = 1.0
    spectrum *= (wave ** (-exponent / 2.0) * (wave >= 1.0 / longest)).astype(np.float32)
    spectrum[0, 0] = 0.0
    tile = fft.irfft2(spectrum, s=(TILE, TILE), workers=2).astype(np.float32)
    tile /= tile.std()
    rows, cols = (-(-side // TILE) for side in shape)
    return np.tile(tile, (rows, cols))[: shape[0], : shape[1]]


def ramp(values: Field, low: float, high: float) -> Field:
    """Return 0 below ``low``, 1 above ``high`` and a smooth rise between."""
    share = np.clip((values - np.float32(low)) / np.float32(high - low), 0, 1)
    return np.asarray(share * share * (3 - 2 * share), dtype=np.float32)


def halved(values: Field) -> Field:
    """Return the grid on cells half as wide, bilinear between the old centres."""
    rows, cols = values.shape
    padded = np.pad(values, 1, mode="edge")
    wide = np.empty((rows + 2, 2 * cols), dtype=np.float32)
    wide[:, 0::2] = 0.75 * padded[:, 1:-1] + 0.25 * padded[:, :-2]
    wide[:, 1::2] = 0.75 * padded[:, 1:-1] + 0.25 * padded[:, 2:]
    fine = np.empty((2 * rows, 2 * cols), dtype=np.float32)
    fine[0::2] = 0.75 * wide[1:-1] + 0.25 * wide[:-2]
    fine[1::2] = 0.75 * wide[1:-1] + 0.25 * wide[2:]
    return fine


def coarsened(values: Field, factor: int) -> Field:
    """Return means over blocks of ``factor`` by ``factor`` cells; the sides must be multiples of it."""
    rows, cols = values.shape
    blocks = values.reshape(rows // factor, factor, cols // factor, factor)
    return np.asarray(blocks.mean(axis=(1, 3), dtype=np.float64), dtype=np.float32)


def refined(grid: Grid, cell_m: float) -> Field:
    """Return the grid's values on smaller cells over the same bounds, by cubic splines."""
    factor = grid.cell_m / cell_m
    fine: Field = ndimage.zoom(grid.values.astype(np.float32), factor, order=3, mode="nearest", grid_mode=True)
    return fine


def on(grid: Grid, values: NDArray[np.floating]) -> Grid:
    """Return other values on the cells of ``grid``."""
    return Grid(np.asarray(values, dtype=np.float32), grid.x_min, grid.y_max, grid.cell_m, grid.native_m)


def smoothed(values: Field, cells: float) -> Field:
    """Return the values after a Gaussian of ``cells`` standard deviation."""
    return np.asarray(ndimage.gaussian_filter(values, cells, mode="nearest", truncate=3.0), dtype=np.float32)


def cells_of(grid: Grid, x: Reals, y: Reals) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return rows and columns of the cells that hold the points; points outside take the nearest edge cell."""
    rows = np.clip(((grid.y_max - y) / grid.cell_m).astype(np.int64), 0, grid.shape[0] - 1)
    cols = np.clip(((x - grid.x_min) / grid.cell_m).astype(np.int64), 0, grid.shape[1] - 1)
    return rows, cols


def at(grid: Grid, x: Reals, y: Reals) -> Floats:
    """Return bilinear values at points, n floats; points outside take the edge's value."""
    rows = (grid.y_max - np.asarray(y)) / grid.cell_m - 0.5
    cols = (np.asarray(x) - grid.x_min) / grid.cell_m - 0.5
    return np.asarray(ndimage.map_coordinates(grid.values, [rows, cols], order=1, mode="nearest", output=np.float64))


def centres(grid: Grid) -> tuple[Floats, Floats]:
    """Return x of every column and y of every row, at the cells' centres."""
    rows, cols = grid.shape
    x = grid.x_min + (np.arange(cols, dtype=np.float64) + 0.5) * grid.cell_m
    y = grid.y_max - (np.arange(rows, dtype=np.float64) + 0.5) * grid.cell_m
    return x, y
