"""Cloud-optimised GeoTIFFs, written strip by strip: a country's elevation needs no more memory than a district's."""

from __future__ import annotations

import hashlib
import math
import uuid
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any

import numpy as np
import rasterio
import shapely
from affine import Affine
from numpy.typing import NDArray
from pyproj import Geod
from rasterio import shutil as raster_files
from rasterio.warp import transform, transform_bounds
from rasterio.windows import Window

from geo.geometry.crs import STORED_CRS, WORKING_CRS
from geo.terrain.grid import Grid
from layers.cache.files import write_whole_at
from layers.grids.resampling import resampled
from layers.settings import get_settings

Bounds = tuple[float, float, float, float]  # x_min, y_min, x_max, y_max
Strips = Iterator[NDArray[Any]]  # (bands, some rows, cols), from north to south

BLOCK = 512  # side of a block of the file, cells
STRIP_ROWS = 2 * BLOCK  # rows held in memory at once

_GEOD = Geod(ellps="WGS84")
_WORKING = rasterio.CRS.from_user_input(WORKING_CRS)


@dataclass(frozen=True, slots=True)
class Cells:
    """Where the cells of a north-up raster lie, and what a cell can hold.

    nodata : value of cells that are not known; NaN for floats, None = every cell is known.
    """

    bands: int
    rows: int
    cols: int
    transform: Affine
    crs: rasterio.CRS
    dtype: str
    nodata: float | None

    @property
    def bounds(self) -> Bounds:
        """Outer edges in the raster's own CRS."""
        left, top = self.transform.c, self.transform.f
        return left, top + self.rows * self.transform.e, left + self.cols * self.transform.a, top

    @property
    def working(self) -> bool:
        """Whether the cells are squares of the working CRS, so that measuring needs no resampling."""
        return bool(self.crs == _WORKING) and math.isclose(self.transform.a, -self.transform.e)

    @property
    def ground_m(self) -> float:
        """Ground size of a cell at the raster's middle, metres, the coarser axis."""
        if self.working:
            return float(self.transform.a)
        x = self.transform.c + self.transform.a * self.cols / 2
        y = self.transform.f + self.transform.e * self.rows / 2
        lon, lat = transform(self.crs, STORED_CRS, [x, x + self.transform.a, x], [y, y, y + self.transform.e])
        across = _GEOD.line_length(lon[:2], lat[:2])
        down = _GEOD.line_length(lon[::2], lat[::2])
        return float(max(across, down))

    def footprint(self) -> shapely.Polygon:
        """Rectangle in EPSG:4326 around the raster."""
        around: shapely.Polygon = shapely.box(*transform_bounds(self.crs, STORED_CRS, *self.bounds, densify_pts=21))
        return around

    def in_working_crs(self) -> Cells:
        """Square cells of the working CRS over the same ground, as coarse as these."""
        if self.working:
            return self
        cell = self.ground_m
        west, south, east, north = transform_bounds(self.crs, WORKING_CRS, *self.bounds, densify_pts=21)
        x_min, y_max = math.floor(west / cell) * cell, math.ceil(north / cell) * cell
        rows, cols = math.ceil((y_max - south) / cell), math.ceil((east - x_min) / cell)
        return Cells(self.bands, rows, cols, Affine(cell, 0, x_min, 0, -cell, y_max), _WORKING, "float32", math.nan)


def spans(rows: int) -> Iterator[tuple[int, int]]:
    """First and last row (exclusive) of each strip."""
    return ((start, min(start + STRIP_ROWS, rows)) for start in range(0, rows, STRIP_ROWS))


def write_cog(path: Path, cells: Cells, strips: Strips, *, categories: bool, tags: dict[str, str]) -> str:
    """Write a COG (DEFLATE, overviews by mean, by nearest cell for codes) and return the digest of its content.

    The file appears under its name only when it is whole.
    """
    with write_whole_at(path) as whole:
        draft = whole.with_suffix(".draft.tif")  # goes with the folder both are written in
        digest = write_strips(draft, cells, strips, tags=tags)
        raster_files.copy(
            draft,
            whole,
            driver="COG",
            compress="DEFLATE",
            predictor="YES",
            blocksize=BLOCK,
            bigtiff="IF_SAFER",
            overview_resampling="NEAREST" if categories else "AVERAGE",
        )
    return digest


def write_strips(path: Path, cells: Cells, strips: Strips, *, tags: Mapping[str, str] = MappingProxyType({})) -> str:
    """Write a GeoTIFF in blocks, without compression or overviews, and return the digest of its content."""
    digest = hashlib.sha256(f"{cells.crs.to_wkt()} {tuple(cells.transform)} {cells.dtype} {cells.nodata}".encode())
    profile = {
        "driver": "GTiff",
        "width": cells.cols,
        "height": cells.rows,
        "count": cells.bands,
        "dtype": cells.dtype,
        "crs": cells.crs,
        "transform": cells.transform,
        "nodata": cells.nodata,
        "tiled": True,
        "blockxsize": BLOCK,
        "blockysize": BLOCK,
        "bigtiff": "if_safer",
    }
    with rasterio.open(path, "w", **profile) as target:
        target.update_tags(**tags)
        row = 0
        for strip in strips:
            values = np.ascontiguousarray(strip, dtype=cells.dtype)
            digest.update(values.tobytes())
            target.write(values, window=Window(0, row, cells.cols, values.shape[1]))
            row += values.shape[1]
    return digest.hexdigest()


def derived_strips(path: Path, cells: Cells, compute: Callable[[Grid], Grid]) -> Strips:
    """Yield what ``compute`` makes of a one-band file on ``cells`` of the working CRS, with one row of overlap."""
    side, native = cells.transform.a, cells.ground_m
    for start, stop in spans(cells.rows):
        first, last = max(start - 1, 0), min(stop + 1, cells.rows)
        y_max = cells.transform.f - first * side
        to = Affine(side, 0.0, cells.transform.c, 0.0, -side, y_max)
        values = resampled(path, (1, last - first, cells.cols), to)[0]
        grid = Grid(values, cells.transform.c, y_max, side, native)
        yield compute(grid).values[np.newaxis, start - first : stop - first]


def raster_path(file_name: str) -> Path:
    """Path of a file of the raster catalogue."""
    return get_settings().rasters / file_name


def new_file_name(layer: str, load_id: int) -> str:
    """A name no other file has, whichever databases share the folder."""
    return f"{layer}-{load_id}-{uuid.uuid4().hex[:8]}.tif"
