"""Picture tiles of grids: a window of the right overview, reprojected on a coarse lattice, as a palette PNG.

A pixel takes the cell it lies in: a coarse grid looks coarse, no detail is made up. Where files overlap the
finer one counts; what no file knows is transparent.
"""

from __future__ import annotations

import io
import threading
from collections import OrderedDict
from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache
from pathlib import Path

import numpy as np
import rasterio
from numpy.typing import NDArray
from PIL import Image
from pyproj import Transformer
from rasterio.io import DatasetReader
from rasterio.windows import Window
from sqlalchemy import Connection, func, select

from layers.base import STORED_SRID, Audience
from layers.catalogue import RASTERS_BY_NAME, RasterLayer
from layers.cog import raster_path
from layers.errors import NotFound
from layers.results import Raster
from layers.tiles import Tile, TileAddress

PIXELS = 256  # side of a picture tile
LATTICE = 17  # points along a side that are reprojected exactly; between them linear, below 0.1 pixel off here
OPEN_FILES = 32  # files and overviews kept open
COLOURS = 254  # palette entries of a ramp; entry 0 is transparent
PNG_LEVEL = 6  # zlib level

Floats = NDArray[np.float64]


def readable_raster(name: str, audience: Audience) -> RasterLayer:
    """Return the grid of that name.

    Raises
    ------
    NotFound : it does not exist or is not for this audience; the sentence is the same for both.
    """
    raster = RASTERS_BY_NAME.get(name)
    if raster is None or raster.audience > audience:
        raise NotFound(f"There is no raster layer {name!r}.")
    return raster


def raster_tile(connection: Connection, raster: RasterLayer, address: TileAddress, band: int = 1) -> Tile:
    """Return one band of a grid as a PNG of 256 x 256 pixels in Web Mercator.

    Raises
    ------
    NotFound : the grid has no such band.
    """
    if not 1 <= band <= raster.bands:
        raise NotFound(f"{raster.id} has bands 1 to {raster.bands}.")
    values = np.full((PIXELS, PIXELS), np.nan, dtype=np.float32)
    for path in _files(connection, raster, address):
        unknown = np.isnan(values)
        if not unknown.any():
            break
        values = np.where(unknown, _sampled(path, address, band), values)
    return Tile(_png(raster, values))


def _files(connection: Connection, raster: RasterLayer, address: TileAddress) -> list[Path]:
    """Files that reach into the tile, the finest first, the newest first among equals."""
    envelope = func.ST_MakeEnvelope(*address.bounds_degrees(), STORED_SRID)
    names = connection.execute(
        select(Raster.file_name)
        .where(Raster.layer == raster.id, Raster.ended_by.is_(None), Raster.footprint.op("&&")(envelope))
        .order_by(Raster.resolution_m, Raster.raster_id.desc())
    ).scalars()
    return [raster_path(name) for name in names]


def _sampled(path: Path, address: TileAddress, band: int) -> NDArray[np.float32]:
    """Value of the cell under the centre of each pixel, NaN where there is none."""
    with _opened(path, None) as source:
        cols, rows = _cells_under(source, address)
        cells_per_pixel = min(np.ptp(cols), np.ptp(rows)) / PIXELS
        factors = source.overviews(band)
    finer = [level for level, factor in enumerate(factors) if factor <= cells_per_pixel]
    level = finer[-1] if finer else None
    with _opened(path, level) as source:
        scale = 1.0 if level is None else factors[level]
        col, row = (np.floor(axis / scale).astype(np.int32) for axis in (cols, rows))
        left, right = max(int(col.min()), 0), min(int(col.max()), source.width - 1)
        top, bottom = max(int(row.min()), 0), min(int(row.max()), source.height - 1)
        if left > right or top > bottom:
            return np.full((PIXELS, PIXELS), np.nan, dtype=np.float32)
        wide, high = right - left + 1, bottom - top + 1
        block = source.read(band, window=Window(left, top, wide, high)).astype(np.float32)
        nodata = source.nodatavals[band - 1]
    if nodata is not None and not np.isnan(nodata):
        block[block == nodata] = np.nan
    across, down = col - left, row - top
    values: NDArray[np.float32] = block.take(down.clip(0, high - 1) * wide + across.clip(0, wide - 1))
    values[(across < 0) | (across >= wide) | (down < 0) | (down >= high)] = np.nan
    return values


def _cells_under(source: DatasetReader, address: TileAddress) -> tuple[Floats, Floats]:
    """Fractional column and row of the file under each pixel's centre."""
    west, south, east, north = address.bounds_m()
    x, y = np.meshgrid(np.linspace(west, east, LATTICE), np.linspace(north, south, LATTICE))
    there = _from_mercator(source.crs.to_wkt()).transform(x, y)
    cols, rows = ~source.transform @ there
    return _densified(np.asarray(cols)), _densified(np.asarray(rows))


@lru_cache
def _from_mercator(crs: str) -> Transformer:
    return Transformer.from_crs("EPSG:3857", crs, always_xy=True)


def _densified(lattice: Floats) -> Floats:
    """Bilinear values at the pixel centres of a tile from values at its lattice points."""
    down = lattice[_BEFORE] + (lattice[_BEFORE + 1] - lattice[_BEFORE]) * _BEYOND[:, np.newaxis]
    dense: Floats = down[:, _BEFORE] + (down[:, _BEFORE + 1] - down[:, _BEFORE]) * _BEYOND
    return dense


_PLACE = (np.arange(PIXELS) + 0.5) / PIXELS * (LATTICE - 1)  # of a pixel's centre among the lattice points
_BEFORE = np.minimum(_PLACE.astype(int), LATTICE - 2)
_BEYOND = _PLACE - _BEFORE


def _png(raster: RasterLayer, values: NDArray[np.float32]) -> bytes:
    image = Image.fromarray(_palette_index(raster, values))
    image.putpalette(_palette(raster).tobytes())
    file = io.BytesIO()
    image.save(file, "PNG", transparency=0, compress_level=PNG_LEVEL)
    return file.getvalue()


def _palette_index(raster: RasterLayer, values: NDArray[np.float32]) -> NDArray[np.uint8]:
    """Palette entry of each value; 0 = unknown. Each stretch between two stops gets equally many colours."""
    stops = np.array([value for value, _ in raster.ramp])
    known = ~np.isnan(values)
    if raster.categories:
        place = np.searchsorted(stops, values).clip(0, len(stops) - 1)
        return np.where(known & (stops[place] == values), place + 1, 0).astype(np.uint8)
    place = np.interp(values, stops, np.linspace(1, COLOURS, len(stops)))
    return np.where(known, np.rint(np.where(known, place, 0)), 0).astype(np.uint8)


@lru_cache
def _palette(raster: RasterLayer) -> NDArray[np.uint8]:
    """Colours (256, 3); entry 0 is the transparent one."""
    stops = np.array([[int(colour[at : at + 2], 16) for at in (1, 3, 5)] for _, colour in raster.ramp], dtype=float)
    colours = np.zeros((256, 3))
    if raster.categories:
        colours[1 : len(stops) + 1] = stops
    else:
        at = np.linspace(1, COLOURS, len(stops))
        entries = np.arange(1, COLOURS + 1)
        colours[1 : COLOURS + 1] = np.stack([np.interp(entries, at, stops[:, part]) for part in range(3)], axis=1)
    return np.rint(colours).astype(np.uint8)


class _Files:
    """Files kept open; one reader at a time each, since a GDAL dataset must not be shared between threads."""

    def __init__(self) -> None:
        self.open: OrderedDict[tuple[Path, int | None], tuple[DatasetReader, threading.Lock]] = OrderedDict()
        self.lock = threading.Lock()

    def entry(self, key: tuple[Path, int | None]) -> tuple[DatasetReader, threading.Lock]:
        with self.lock:
            if key not in self.open:
                path, level = key
                options = {} if level is None else {"overview_level": level}
                self.open[key] = rasterio.open(path, **options), threading.Lock()
            self.open.move_to_end(key)
            while len(self.open) > OPEN_FILES:
                self.open.popitem(last=False)  # closed when its last reader lets go of it
            return self.open[key]


_FILES = _Files()


@contextmanager
def _opened(path: Path, level: int | None) -> Iterator[DatasetReader]:
    dataset, lock = _FILES.entry((path, level))
    with lock:
        yield dataset
