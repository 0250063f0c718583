"""Cells of files put together from kept blocks, against rasterio's own windows of the same files."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest
import rasterio
from affine import Affine
from numpy.typing import NDArray
from rasterio.windows import Window

from layers.grids import cells
from layers.grids.cells import raster_file

ROWS, COLS, BLOCK = 70, 90, 32


def write(path: Path, values: NDArray[np.float32]) -> Path:
    profile = {"driver": "GTiff", "count": len(values), "height": ROWS, "width": COLS, "dtype": "float32", "nodata": -1}
    tiled = {"tiled": True, "blockxsize": BLOCK, "blockysize": BLOCK, "crs": "EPSG:32642"}
    with rasterio.open(path, "w", transform=Affine(30.0, 0, 500_000, 0, -30.0, 4_300_000), **profile, **tiled) as file:
        file.write(values)
    return path


@pytest.fixture
def heights() -> NDArray[np.float32]:
    values = np.random.default_rng(7).uniform(300.0, 4_000.0, (2, ROWS, COLS)).astype(np.float32)
    values[:, 30:35, 60:70] = -1.0  # unknown, across an edge of blocks
    return values


@pytest.mark.parametrize("bands", [1, 2])
@pytest.mark.parametrize(
    "edges", [(0, 70, 0, 90), (31, 33, 31, 65), (5, 20, 40, 50), (64, 70, 63, 90), (32, 64, 32, 64)]
)
def test_a_window_is_that_of_the_file(
    tmp_path: Path, heights: NDArray[np.float32], bands: int, edges: tuple[int, int, int, int]
) -> None:
    top, bottom, left, right = edges
    path = write(tmp_path / "dem.tif", heights)
    with rasterio.open(path) as file:
        window = Window(left, top, right - left, bottom - top)
        expected = file.read(list(range(1, bands + 1)), window=window)
    expected[expected == -1.0] = np.nan
    for _ in range(2):  # the second from blocks that are kept
        np.testing.assert_array_equal(raster_file(path).read(bands, top, bottom, left, right), expected)


def test_what_is_read_is_the_callers_own(tmp_path: Path, heights: NDArray[np.float32]) -> None:
    file = raster_file(write(tmp_path / "dem.tif", heights))
    file.read(1, 0, 10, 0, 10)[:] = 0.0
    np.testing.assert_array_equal(file.read(1, 0, 10, 0, 10), heights[:1, :10, :10])


def test_a_file_that_was_changed_is_read_anew(tmp_path: Path, heights: NDArray[np.float32]) -> None:
    path = write(tmp_path / "dem.tif", heights)
    raster_file(path).read(1, 0, 10, 0, 10)
    write(path, heights + 1.0)
    on_disk = path.stat()
    os.utime(path, ns=(on_disk.st_atime_ns, on_disk.st_mtime_ns + 1))  # a clock may be too coarse to tell two writes
    np.testing.assert_array_equal(raster_file(path).read(1, 0, 10, 0, 10), heights[:1, :10, :10] + 1.0)


def test_a_window_of_a_district_is_read_at_once_and_keeps_no_block(
    tmp_path: Path, heights: NDArray[np.float32], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cells, "MOST_CELLS", 40 * 40)
    path = write(tmp_path / "dem.tif", heights)
    np.testing.assert_array_equal(raster_file(path).read(1, 0, 30, 0, 55), heights[:1, :30, :55])
    assert not any(kept == path for (kept, *_), _ in cells._BLOCKS.items())
    np.testing.assert_array_equal(raster_file(path).read(1, 0, 20, 0, 20), heights[:1, :20, :20])
    assert any(kept == path for (kept, *_), _ in cells._BLOCKS.items())
