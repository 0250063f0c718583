"""Cells of raster files, kept decoded block by block: windows around neighbours share most of their blocks.

A file is told by its path and by its size, number and moment on disk, so that one that was changed is read anew.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
import rasterio
from affine import Affine
from numpy.typing import NDArray
from rasterio.io import DatasetReader
from rasterio.windows import Window

from layers.cache.memory import Memo

MOST_BYTES: Final = 192_000_000  # of all blocks; heights at 30 m of 43,000 km2
MOST_CELLS: Final = 4_194_304  # of a window that is put together from blocks; larger ones, of districts, are read once

Stamp = tuple[int, int, int]  # bytes, number of the file, nanoseconds of its last change
Cells = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class RasterFile:
    """What the head of a raster file says. block : rows and columns that the file keeps together."""

    path: Path
    stamp: Stamp
    height: int
    width: int
    crs: rasterio.CRS
    transform: Affine
    block: tuple[int, int]

    def read(self, bands: int, top: int, bottom: int, left: int, right: int) -> Cells:
        """Return cells of the first bands, rows ``top`` to ``bottom`` and columns ``left`` to ``right`` exclusive.

        Returns
        -------
        float32 (bands, rows, cols), NaN where a cell is unknown; the caller's own
        """
        if bands * (bottom - top) * (right - left) > MOST_CELLS:
            with rasterio.open(self.path) as source:
                return _read(source, bands, top, bottom, left, right)
        found = np.empty((bands, bottom - top, right - left), dtype=np.float32)
        missing = []
        for row, col in self._blocks(top, bottom, left, right):
            block = _BLOCKS.find((self.path, bands, row, col), self.stamp)
            if block is None:
                missing.append((row, col))
            else:
                self._place(block, row, col, found, top, left)
        if missing:
            with rasterio.open(self.path) as source:
                for row, col in missing:
                    edges = (row, min(row + self.block[0], self.height), col, min(col + self.block[1], self.width))
                    block = _read(source, bands, *edges)
                    _BLOCKS.put((self.path, bands, row, col), block, self.stamp)
                    self._place(block, row, col, found, top, left)
        return found

    def _blocks(self, top: int, bottom: int, left: int, right: int) -> Iterator[tuple[int, int]]:
        """First row and column of each block that a window touches."""
        rows, cols = self.block
        for row in range(top - top % rows, bottom, rows):
            for col in range(left - left % cols, right, cols):
                yield row, col

    @staticmethod
    def _place(block: Cells, row: int, col: int, found: Cells, top: int, left: int) -> None:
        """Lay what a window has of a block into it."""
        _, rows, cols = found.shape
        first_row, first_col = max(row - top, 0), max(col - left, 0)
        part = block[:, max(top - row, 0) : top - row + rows, max(left - col, 0) : left - col + cols]
        found[:, first_row : first_row + part.shape[1], first_col : first_col + part.shape[2]] = part


def raster_file(path: Path) -> RasterFile:
    """Return what the head of a raster file says, read once."""
    on_disk = path.stat()
    stamp = (on_disk.st_size, on_disk.st_ino, on_disk.st_mtime_ns)
    return _HEADS.get(path, lambda: _head(path, stamp), stamp)


def _head(path: Path, stamp: Stamp) -> RasterFile:
    with rasterio.open(path) as source:
        return RasterFile(
            path, stamp, source.height, source.width, source.crs, source.transform, source.block_shapes[0]
        )


def _read(source: DatasetReader, bands: int, top: int, bottom: int, left: int, right: int) -> Cells:
    window = Window(left, top, right - left, bottom - top)
    masked = source.read(list(range(1, bands + 1)), window=window, masked=True)
    known: Cells = masked.astype(np.float32).filled(np.nan)
    return known


_HEADS: Memo[Path, RasterFile] = Memo("heads of grids", most=1_000)
_BLOCKS: Memo[tuple[Path, int, int, int], Cells] = Memo(
    "blocks of grids", most_bytes=MOST_BYTES, size_of=lambda block: block.nbytes
)
