"""Rasters as pictures at hand: the palette entry of every cell and overview, one byte each, mapped from disk.

A tile of a COG costs the decoding of whole blocks of floating point numbers to colour a few cells of them. Here they
are coloured once, in the background, and kept below ``OBOD_HOME/pictures``, a third of the size of the COG. Files of
rasters never change under their name; what no palette makes any more is used no more and makes room first.
"""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import IO

import numpy as np
import rasterio
from numpy.typing import NDArray
from rasterio.windows import Window
from sqlalchemy import Connection, select

from layers.cache.array_cache import DAMAGE, SUFFIX, Entry, keep_arrays, map_arrays
from layers.cache.background import BACKGROUND
from layers.cache.files import scratch_file
from layers.cache.folders import Folder
from layers.cache.memory import Memo
from layers.catalogue import RASTERS_BY_NAME, RasterLayer
from layers.errors import LayersError
from layers.grids.cog import raster_path
from layers.records.loads import Raster

FOLDER = "pictures"
ROWS_AT_ONCE = 512  # rows coloured at a time: one row of blocks
MAPPED = 64  # files one process has mapped
LOOKED_S = 600.0  # seconds after which a mapped file is looked at again, which tells that it is in use
IN_USE_S = 3_600.0  # seconds; what was used within them makes no room for others, lest grids drive each other out

log = logging.getLogger(__name__)

Entries = NDArray[np.uint8]


@dataclass(frozen=True, slots=True)
class Level:
    """Palette entries (rows, columns) of a raster or an overview; ``factor``: cells of the raster along its side."""

    entries: Entries
    factor: int


_MAPPED: Memo[Path, list[Level]] = Memo("mapped pictures", most=MAPPED, good_for_s=LOOKED_S)


def palette_entries(raster: RasterLayer, values: NDArray[np.float32]) -> Entries:
    """Palette entry of each value; 0 = unknown. Each stretch between two stops gets equally many colours."""
    stops = np.array([value for value, _ in raster.ramp])
    known = ~np.isnan(values)
    if raster.categories:
        place = np.searchsorted(stops, values).clip(0, len(stops) - 1)
        return np.where(known & (stops[place] == values), place + 1, 0).astype(np.uint8)
    place = np.interp(values, stops, np.linspace(1, raster.tones, len(stops)))
    return np.where(known, np.rint(np.where(known, place, 0)), 0).astype(np.uint8)


def levels(path: Path, raster: RasterLayer, band: int) -> Sequence[Level] | None:
    """Return the picture of a band of a file, the raster first, then its overviews; None while it is not made.

    Asking for one that is not there has it made, in the background.
    """
    target = _target(path, raster, band)
    folder = Folder.of(FOLDER)

    def mapped() -> list[Level]:
        found = map_arrays(target)
        folder.hits += 1
        folder.used(target)
        return [Level(found.arrays[str(factor)], factor) for factor in found.facts["factors"]]

    try:
        return _MAPPED.get(target, mapped)
    except FileNotFoundError:
        pass
    except DAMAGE:
        log.warning("%s is damaged and is made again", target.name)
        target.unlink(missing_ok=True)
    folder.misses += 1
    BACKGROUND.ask(target, lambda: make(path, raster, band))
    return None


def prepare(opened: Callable[[], AbstractContextManager[Connection]]) -> None:
    """Have the first band of every raster coloured, in the background; ``opened`` gives a connection to read from."""

    def ask() -> None:
        try:
            with opened() as connection:
                query = (
                    select(Raster.layer, Raster.file_name).where(Raster.ended_by.is_(None)).order_by(Raster.raster_id)
                )
                for layer, file_name in connection.execute(query).all():
                    levels(raster_path(file_name), RASTERS_BY_NAME[layer], 1)
        except LayersError as error:
            log.warning("Pictures of rasters are made when they are asked for: %s", error)

    BACKGROUND.ask(("pictures wanted", object()), ask)


def make(path: Path, raster: RasterLayer, band: int) -> None:
    """Colour a band of a file; does nothing if that is done.

    Raises
    ------
    LayersError : there is no room in the folder but that of pictures which are in use.
    """
    target = _target(path, raster, band)
    if target.exists():
        return
    target.parent.mkdir(parents=True, exist_ok=True)
    with rasterio.open(path) as source:
        factors = [1, *source.overviews(band)]
    with scratch_file(target.parent) as file:
        shapes = [_write(file, path, raster, band, place) for place in range(len(factors))]
        file.flush()
        whole = np.asarray(np.memmap(file, np.uint8, mode="r"))
        ends = np.cumsum([rows * cols for rows, cols in shapes])[:-1]
        cells = [part.reshape(shape) for part, shape in zip(np.split(whole, ends), shapes, strict=True)]
        entry = Entry(dict(zip(map(str, factors), cells, strict=True)), {"factors": factors})
        if not keep_arrays(Folder.of(FOLDER), target, entry, rested_s=IN_USE_S):
            raise LayersError(
                f"{target.name} finds no room below OBOD_HOME; OBOD_PICTURE_CACHE_GB says how much it is."
            )


def _write(file: IO[bytes], path: Path, raster: RasterLayer, band: int, place: int) -> tuple[int, int]:
    """Append the entries of the raster (place 0) or of an overview; return rows and columns."""
    options = {} if place == 0 else {"overview_level": place - 1}
    with rasterio.open(path, **options) as source:
        nodata = source.nodatavals[band - 1]
        for top in range(0, source.height, ROWS_AT_ONCE):
            rows = min(ROWS_AT_ONCE, source.height - top)
            values = source.read(band, window=Window(0, top, source.width, rows)).astype(np.float32)
            if nodata is not None and not np.isnan(nodata):
                values[values == nodata] = np.nan
            file.write(palette_entries(raster, values).tobytes())
        return int(source.height), int(source.width)


def _target(path: Path, raster: RasterLayer, band: int) -> Path:
    """Where the picture of a file lies; other colours have another name."""
    colours = (raster.ramp, raster.tones, bool(raster.categories))
    said = hashlib.blake2b(repr(colours).encode(), digest_size=6).hexdigest()
    return Folder.of(FOLDER).path / f"{path.stem}-{band}-{said}{SUFFIX}"
