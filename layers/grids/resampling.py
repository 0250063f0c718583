"""Values of a raster file at the cells of another grid: exact positions, so that overlapping windows agree to the bit.

GDAL's warper interpolates positions within a tolerance that depends on the window, and widens the kernel where a
cell is larger one way than the other: the same place then differs by metres of height from window to window.
"""

from __future__ import annotations

import math
from functools import partial
from pathlib import Path

import numpy as np
import rasterio
from affine import Affine
from numpy.typing import NDArray
from pyproj import Transformer

from geo.compiled.threads import over_blocks
from geo.geometry.crs import WORKING_CRS
from layers.grids.cells import RasterFile, raster_file
from layers.grids.kernels import resampling as kernels

Floats = NDArray[np.float64]

ROWS_AT_ONCE = 256  # rows of the target computed at once; 100 MB for the widest district at 30 m
ALIGNED = 1e-6  # of a cell; positions this near to a cell's middle are that cell
_WORKING = rasterio.CRS.from_user_input(WORKING_CRS)


def resampled(
    path: Path, shape: tuple[int, int, int], to: Affine, *, nearest: bool = False, samples: int = 1
) -> NDArray[np.float32]:
    """Return bands of a file at the middles of square cells of EPSG:32642, float32 of ``shape``, NaN = unknown.

    A cell is known where the file's cell under its middle is; its value is bilinear between the middles of the
    file's known cells around.

    Parameters
    ----------
    shape : bands, rows, cols. to : transform of the target, north-up.
    nearest : take the value of the cell under the middle instead: for codes.
    samples : take this many nearest values along each side of a target cell, and their mean: for larger cells.
    """
    bands, rows, cols = shape
    values = np.empty(shape, dtype=np.float32)
    source = raster_file(path)
    if samples == 1 and (offset := _offset(source, to)) is not None:
        return _cut_out(source, shape, offset)
    for start in range(0, rows, ROWS_AT_ONCE):
        stop = min(start + ROWS_AT_ONCE, rows)
        row, col = _positions(source, to, start, stop, cols, samples)
        strip = _sampled(source, bands, row, col, nearest=nearest or samples > 1)
        values[:, start:stop] = _mean_of_blocks(strip, samples)
    return values


def _offset(source: RasterFile, to: Affine) -> tuple[int, int] | None:
    """Row and column of the file where the target begins, if its cells are the file's own."""
    own = source.transform
    if source.crs != _WORKING or not (math.isclose(own.a, to.a) and math.isclose(own.e, to.e)):
        return None
    row, col = (to.f - own.f) / own.e, (to.c - own.c) / own.a
    if abs(row - round(row)) > ALIGNED or abs(col - round(col)) > ALIGNED:
        return None
    return round(row), round(col)


def _cut_out(source: RasterFile, shape: tuple[int, int, int], offset: tuple[int, int]) -> NDArray[np.float32]:
    bands, rows, cols = shape
    top, left = max(offset[0], 0), max(offset[1], 0)
    bottom, right = min(offset[0] + rows, source.height), min(offset[1] + cols, source.width)
    if (bottom - top, right - left) == (rows, cols):
        return source.read(bands, top, bottom, left, right)
    values = np.full(shape, np.nan, dtype=np.float32)
    if top < bottom and left < right:
        inside = source.read(bands, top, bottom, left, right)
        values[:, top - offset[0] : bottom - offset[0], left - offset[1] : right - offset[1]] = inside
    return values


def _positions(source: RasterFile, to: Affine, start: int, stop: int, cols: int, samples: int) -> tuple[Floats, Floats]:
    """Row and column of the file, counted between middles of its cells, of each sample of some target rows."""
    x = to.c + to.a * (np.arange(cols * samples) + 0.5) / samples
    y = to.f + to.e * (np.arange(start * samples, stop * samples) + 0.5) / samples
    xs, ys = np.meshgrid(x, y)
    if source.crs != _WORKING:
        xs, ys = Transformer.from_crs(WORKING_CRS, source.crs.to_wkt(), always_xy=True).transform(xs, ys)
    own = source.transform
    return (ys - own.f) / own.e - 0.5, (xs - own.c) / own.a - 0.5


def _sampled(source: RasterFile, bands: int, row: Floats, col: Floats, *, nearest: bool) -> NDArray[np.float32]:
    """Values of the file at positions, NaN where the cell there is unknown or there is none."""
    found = np.full((bands, *row.shape), np.nan, dtype=np.float32)
    top, left = (max(int(np.floor(axis.min())) - 1, 0) for axis in (row, col))
    bottom = min(int(np.ceil(row.max())) + 2, source.height)
    right = min(int(np.ceil(col.max())) + 2, source.width)
    if top < bottom and left < right:
        cells = source.read(bands, top, bottom, left, right)
        over_blocks(partial(kernels.interpolate, cells, row - top, col - left, nearest, found), len(row), block=16)
    return found


def _mean_of_blocks(values: NDArray[np.float32], side: int) -> NDArray[np.float32]:
    """Mean of the known values in squares of ``side`` x ``side``."""
    if side == 1:
        return values
    bands, rows, cols = values.shape
    blocks = values.reshape(bands, rows // side, side, cols // side, side)
    known = ~np.isnan(blocks)
    count = known.sum(axis=(2, 4))
    total = np.where(known, blocks, 0.0).sum(axis=(2, 4), dtype=np.float64)
    return np.where(count > 0, total / np.maximum(count, 1), np.nan).astype(np.float32)
