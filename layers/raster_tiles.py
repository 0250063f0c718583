"""Picture tiles of grids: cells of the right overview, found on a coarse lattice, as a palette PNG.

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
from layers.pictures import COLOURS, levels, palette_entries
from layers.results import Raster
from layers.tiles import Tile, TileAddress

PIXELS = 256  # side of a picture tile
LATTICE = 17  # points along a side that are reprojected exactly; between them linear, below 0.1 pixel off here
OPEN_FILES = 32  # files and overviews kept open
PNG_LEVEL = 3  # zlib level; 6 takes twice as long and saves 5 %

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
    entries = np.zeros((PIXELS, PIXELS), dtype=np.uint8)
    for path in _files(connection, raster, address):
        if entries.all():
            break
        entries = np.where(entries == 0, _entries(path, raster, address, band), entries)
    return Tile(_png(raster, entries))


def _files(connection: Connection, raster: RasterLayer, address: TileAddress) -> list[Path]:
    """Files that reach into the tile, the finest first, the newest first among equals."""
    envelope = func.ST_MakeEnvelope(*address.bounds_degrees(), STORED_SRID)
    names = connection.execute(
        select(Raster.file_name)
        .where(Raster.layer == raster.id, Raster.ended_by.is_(None), Raster.footprint.op("&&")(envelope))
        .order_by(Raster.resolution_m, Raster.raster_id.desc())
    ).scalars()
    return [raster_path(name) for name in names]


def _entries(path: Path, raster: RasterLayer, address: TileAddress, band: int) -> NDArray[np.uint8]:
    """Palette entry of the cell under the centre of each pixel, 0 where there is none."""
    with _opened(path, None) as source:
        cols, rows = _cells_under(source, address)
        factors = [1, *source.overviews(band)]
    cells_per_pixel = min(np.ptp(cols), np.ptp(rows)) / PIXELS
    place = max((place for place, factor in enumerate(factors) if factor <= cells_per_pixel), default=0)
    col, row = (np.floor(axis / factors[place]).astype(np.int32) for axis in (cols, rows))
    picture = levels(path, raster, band)
    if picture is not None:
        return _under(picture[place].entries, row, col)
    with _opened(path, place - 1 if place else None) as source:
        left, right = max(int(col.min()), 0), min(int(col.max()), source.width - 1)
        top, bottom = max(int(row.min()), 0), min(int(row.max()), source.height - 1)
        if left > right or top > bottom:
            return np.zeros((PIXELS, PIXELS), dtype=np.uint8)
        window = Window(left, top, right - left + 1, bottom - top + 1)
        block = source.read(band, window=window).astype(np.float32)
        nodata = source.nodatavals[band - 1]
    if nodata is not None and not np.isnan(nodata):
        block[block == nodata] = np.nan
    return _under(palette_entries(raster, block), row - top, col - left)


def _under(entries: NDArray[np.uint8], row: NDArray[np.int32], col: NDArray[np.int32]) -> NDArray[np.uint8]:
    """Entries at some rows and columns, 0 outside."""
    high, wide = entries.shape
    found: NDArray[np.uint8] = entries[row.clip(0, high - 1), col.clip(0, wide - 1)]
    found[(col < 0) | (col >= wide) | (row < 0) | (row >= high)] = 0
    return found


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


def _png(raster: RasterLayer, entries: NDArray[np.uint8]) -> bytes:
    image = Image.fromarray(entries)
    image.putpalette(_palette(raster).tobytes())
    file = io.BytesIO()
    image.save(file, "PNG", transparency=0, compress_level=PNG_LEVEL)
    return file.getvalue()


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
