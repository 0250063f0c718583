"""Picture tiles of grids: cells of the right overview, found on a coarse lattice, as a palette PNG.

A pixel takes the cell it lies in: a coarse grid looks coarse, no detail is made up. Where files overlap the
finer one counts; what no file knows is transparent.
"""

from __future__ import annotations

import math
import struct
import threading
import zlib
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np
import rasterio
from isal import isal_zlib
from numba import njit
from numpy.typing import NDArray
from pyproj import Transformer
from rasterio.io import DatasetReader
from rasterio.windows import Window
from sqlalchemy import Connection, func, select

from layers.cache.memory import Memo
from layers.catalogue import RASTERS_BY_NAME, RasterLayer
from layers.catalogue.base import Audience
from layers.errors import NotFound
from layers.grids.cog import raster_path
from layers.records.loads import Raster
from layers.tiles.coloured_grids import levels, palette_entries
from layers.tiles.layer_tiles import Bounds, Tile, TileAddress

PIXELS = 256  # side of a picture tile
LATTICE = 17  # points along a side that are reprojected exactly; between them linear, below 0.1 pixel off here
OPEN_FILES = 32  # files and overviews kept open
PNG_SIGNATURE = b"\x89PNG\r\n\x1a\n"
INDEXED = 3  # colour type of a PNG whose pixels are entries of a palette
COMPRESSION = 1  # ISA-L level; zlib takes five times as long for the same size

Floats = NDArray[np.float64]
Entries = NDArray[np.uint8]


@dataclass(frozen=True, slots=True)
class RasterFile:
    """A file of a grid and the box around it, degrees."""

    path: Path
    bounds: Bounds

    def reaches(self, bounds: Bounds) -> bool:
        """Tell whether the boxes touch."""
        west, south, east, north = bounds
        return self.bounds[0] <= east and self.bounds[2] >= west and self.bounds[1] <= north and self.bounds[3] >= south


class RasterFiles:
    """Files of each grid, remembered while the grid has the same version; ``opened`` gives a connection to read from.

    A tile of a grid costs less than asking the database for a handful of names.
    """

    def __init__(self, opened: Callable[[Audience], AbstractContextManager[Connection]]) -> None:
        self._opened = opened
        self._known: Memo[str, tuple[RasterFile, ...]] = Memo("files of grids", most=len(RASTERS_BY_NAME))

    def of(self, raster: RasterLayer, version: str) -> tuple[RasterFile, ...]:
        """Return the current files of a grid, best first."""

        def read() -> tuple[RasterFile, ...]:
            with self._opened(raster.audience) as connection:
                return raster_files(connection, raster)

        return self._known.get(raster.id, read, fresh=version)


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


def raster_files(connection: Connection, raster: RasterLayer) -> tuple[RasterFile, ...]:
    """Return the current files of a grid, the finest first, the newest first among equals."""
    box = func.box2d(Raster.__table__.c.footprint)
    rows = connection.execute(
        select(Raster.file_name, func.ST_XMin(box), func.ST_YMin(box), func.ST_XMax(box), func.ST_YMax(box))
        .where(Raster.layer == raster.id, Raster.ended_by.is_(None))
        .order_by(Raster.resolution_m, Raster.raster_id.desc())
    )
    return tuple(RasterFile(raster_path(name), (west, south, east, north)) for name, west, south, east, north in rows)


def raster_tile(files: Sequence[RasterFile], raster: RasterLayer, address: TileAddress, band: int = 1) -> Tile:
    """Return one band of a grid as a PNG of 256 x 256 pixels in Web Mercator; of two files the first counts.

    Raises
    ------
    NotFound : the grid has no such band.
    """
    if not 1 <= band <= raster.bands:
        raise NotFound(f"{raster.id} has bands 1 to {raster.bands}.")
    entries = np.zeros((PIXELS, PIXELS), dtype=np.uint8)
    bounds = address.bounds_degrees()
    for file in files:
        if file.reaches(bounds):
            _draw(file.path, raster, address, band, entries)
            if entries.all():
                break
    return Tile(_png(raster, entries), blank=not entries.any())


def _draw(path: Path, raster: RasterLayer, address: TileAddress, band: int, entries: Entries) -> None:
    """Set the palette entries that are still 0 to that of the file's cell under the centre of each pixel."""
    with _opened(path, None) as source:
        cols, rows = _cells_under(source, address)
        factors = [1, *source.overviews(band)]
    cells_per_pixel = min(np.ptp(cols), np.ptp(rows)) / PIXELS
    place = max((place for place, factor in enumerate(factors) if factor <= cells_per_pixel), default=0)
    factor = factors[place]
    picture = levels(path, raster, band)
    if picture is not None:
        fill(entries, picture[place].entries, cols, rows, factor, 0, 0)
        return
    with _opened(path, place - 1 if place else None) as source:
        left, right = max(math.floor(cols.min() / factor), 0), min(math.floor(cols.max() / factor), source.width - 1)
        top, bottom = max(math.floor(rows.min() / factor), 0), min(math.floor(rows.max() / factor), source.height - 1)
        if left > right or top > bottom:
            return
        window = Window(left, top, right - left + 1, bottom - top + 1)
        block = source.read(band, window=window).astype(np.float32)
        nodata = source.nodatavals[band - 1]
    if nodata is not None and not np.isnan(nodata):
        block[block == nodata] = np.nan
    fill(entries, palette_entries(raster, block), cols, rows, factor, left, top)


@njit(cache=True, nogil=True)
def fill(entries: Entries, cells: Entries, cols: Floats, rows: Floats, factor: int, left: int, top: int) -> None:
    """Put cells, the first of which has that column and row, into the pixels that have none yet."""
    high, wide = cells.shape
    for i in range(PIXELS):
        for j in range(PIXELS):
            if entries[i, j] == 0:
                col = math.floor(cols[i, j] / factor) - left
                row = math.floor(rows[i, j] / factor) - top
                if 0 <= col < wide and 0 <= row < high:
                    entries[i, j] = cells[row, col]


def _cells_under(source: DatasetReader, address: TileAddress) -> tuple[Floats, Floats]:
    """Fractional column and row of the file under each pixel's centre."""
    west, south, east, north = address.bounds_m()
    x, y = np.meshgrid(np.linspace(west, east, LATTICE), np.linspace(north, south, LATTICE))
    there = _from_mercator(source.crs.to_wkt()).transform(x, y)
    cols, rows = ~source.transform @ there
    return densified(np.asarray(cols)), densified(np.asarray(rows))


@lru_cache
def _from_mercator(crs: str) -> Transformer:
    return Transformer.from_crs("EPSG:3857", crs, always_xy=True)


@njit(cache=True, nogil=True)
def densified(lattice: Floats) -> Floats:
    """Bilinear values at the pixel centres of a tile from values at its lattice points."""
    dense = np.empty((PIXELS, PIXELS))
    apart = PIXELS / (LATTICE - 1)  # pixels between two points of the lattice
    for i in range(PIXELS):
        before_i = min(int((i + 0.5) / apart), LATTICE - 2)
        down = (i + 0.5) / apart - before_i
        for j in range(PIXELS):
            before_j = min(int((j + 0.5) / apart), LATTICE - 2)
            across = (j + 0.5) / apart - before_j
            left, right = lattice[before_i, before_j], lattice[before_i, before_j + 1]
            left += (lattice[before_i + 1, before_j] - left) * down
            right += (lattice[before_i + 1, before_j + 1] - right) * down
            dense[i, j] = left + (right - left) * across
    return dense


def _png(raster: RasterLayer, entries: Entries) -> bytes:
    """A picture with a palette of 8 bits, entry 0 transparent (PNG specification, third edition, 5 and 11)."""
    lines = np.zeros((PIXELS, 1 + PIXELS), dtype=np.uint8)  # each begins with its filter: none
    lines[:, 1:] = entries
    header = struct.pack(">IIBBBBB", PIXELS, PIXELS, 8, INDEXED, 0, 0, 0)
    chunks = (
        (b"IHDR", header),
        (b"PLTE", _palette(raster)),
        (b"tRNS", b"\0"),
        (b"IDAT", isal_zlib.compress(lines.tobytes(), COMPRESSION)),
        (b"IEND", b""),
    )
    return PNG_SIGNATURE + b"".join(
        struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data)) for kind, data in chunks
    )


@lru_cache
def _palette(raster: RasterLayer) -> bytes:
    """Red, green and blue of 256 entries; entry 0 is the transparent one."""
    stops = np.array([[int(colour[at : at + 2], 16) for at in (1, 3, 5)] for _, colour in raster.ramp], dtype=float)
    colours = np.zeros((256, 3))
    if raster.categories:
        colours[1 : len(stops) + 1] = stops
    else:
        at = np.linspace(1, raster.tones, len(stops))
        entries = np.arange(1, raster.tones + 1)
        colours[1 : raster.tones + 1] = np.stack([np.interp(entries, at, stops[:, part]) for part in range(3)], axis=1)
    return np.rint(colours).astype(np.uint8).tobytes()


# A reader has a file to itself: a GDAL dataset must not be shared between threads. It is closed when its last reader
# lets go of it.
_FILES: Memo[tuple[Path, int | None], tuple[DatasetReader, threading.Lock]] = Memo("open grids", most=OPEN_FILES)


@contextmanager
def _opened(path: Path, level: int | None) -> Iterator[DatasetReader]:
    options = {} if level is None else {"overview_level": level}
    dataset, lock = _FILES.get((path, level), lambda: (rasterio.open(path, **options), threading.Lock()))
    with lock:
        yield dataset
