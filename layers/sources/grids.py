"""Cells of open data into raster layers: cut to the place, summed over files of the same cells, stacked into bands."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import Connection

from layers.errors import DataRefused
from layers.grids.cog import Cells, Strips
from layers.grids.rasters import raster_named, store_raster
from layers.loading.admission import AdmittedFile
from layers.loading.raster_files import OutOfReach, RasterFile, said_crs
from layers.loading.reading import file_digest
from layers.loading.room import require_room
from layers.records.load_report import LoadReport
from layers.records.open_load import Provenance
from layers.sources.declaration import Grids
from layers.sources.listing import Box

CODE_UNKNOWN = 255  # stored for cells without a value where classes are whole numbers from 0 to 254


@dataclass(frozen=True, slots=True)
class Term:
    """One grid of a sum: a file, or a file inside of an archive, and what its values are multiplied by."""

    factor: float
    path: Path
    member: str | None = None


@dataclass(frozen=True, slots=True)
class Piece:
    """What becomes one file of a raster layer: for each band the terms of its sum."""

    name: str
    bands: tuple[tuple[Term, ...], ...]

    @property
    def terms(self) -> tuple[Term, ...]:
        """All terms of all bands."""
        return tuple(term for band in self.bands for term in band)


def load_grids(
    connection: Connection, part: Grids, files: Mapping[str, Sequence[Path]], box: Box, provenance: Provenance
) -> list[LoadReport]:
    """Load the files of one part of a source, within the caller's transaction.

    Parameters
    ----------
    files : address -> its files. box : what is wanted, degrees; cells beyond are left out.
    provenance : where they come from; its sum is that of the files.

    Raises
    ------
    DataRefused : a file cannot be read, its heights are above another datum than is declared, grids of one sum have
    other cells than each other, or no file reaches the place.
    """
    reports = [
        report
        for piece in pieces(part, files)
        if (report := _load(connection, part, piece, box, provenance)) is not None
    ]
    if not reports:
        raise DataRefused(f"No file for {part.layer} has a known cell at this place.")
    return reports


def pieces(part: Grids, files: Mapping[str, Sequence[Path]]) -> Iterator[Piece]:
    """Yield what becomes a file each: all files as bands, all members as bands, or one band for each name.

    Raises
    ------
    DataRefused : one address of a sum lacks a file that another has.
    """
    address, factor = next(iter(part.factors.items()))
    if part.stacked:
        yield Piece(f"{part.layer}-{address}", tuple((Term(factor, path),) for path in files[address]))
        return
    if part.members:
        for path in files[address]:
            yield Piece(path.name, tuple((Term(factor, path, member),) for member in part.members))
        return
    named = {address: {path.name: path for path in files[address]} for address in part.factors}
    for name in named[address]:
        for other, found in named.items():
            if name not in found:
                raise DataRefused(f"{other} has no {name}, which {address} has; {part.layer} needs both.")
        yield Piece(name, (tuple(Term(factor, named[key][name]) for key, factor in part.factors.items()),))


def _load(connection: Connection, part: Grids, piece: Piece, box: Box, provenance: Provenance) -> LoadReport | None:
    """Load one piece; None where it has no known cell at the place."""
    target = raster_named(part.layer)
    with suppress(OutOfReach):
        opened = _open(part, piece.terms[0], box)
        cells = opened.cells(said_crs(piece.name, part.crs))
        dtype, nodata = ("uint8", float(CODE_UNKNOWN)) if _is_coded(part) else ("float32", math.nan)
        stored = replace(cells, bands=len(piece.bands), dtype=dtype, nodata=nodata)
        west, south, east, north = (f"{value:.2f}" for value in stored.footprint().bounds)
        report = LoadReport(part.layer, "load", "update", f"{piece.name} ({west}-{east} E, {south}-{north} N)", read=1)
        if len(piece.terms) == 1:  # may be large: a strip at a time
            (term,) = piece.terms
            known = (_known(strip, cells, part) for strip in opened.strips(cells))
            strips: Strips = (_classed(part, values * np.float32(term.factor) + part.offset) for values in known)
        else:
            whole = np.stack([_sum(part, band, box, cells, piece.name) for band in piece.bands])
            if np.isnan(whole).all():
                return None
            strips = iter([_classed(part, whole)])
        return store_raster(
            connection, target, stored, lambda: strips, report, replace(provenance, sha256=_digest(piece))
        )
    return None


def _digest(piece: Piece) -> str:
    """SHA-256 of the files of a piece: of one file its own, of several that of theirs."""
    sums = list(dict.fromkeys(file_digest(term.path) for term in piece.terms))
    return sums[0] if len(sums) == 1 else hashlib.sha256("".join(sums).encode()).hexdigest()


def _sum(part: Grids, terms: Sequence[Term], box: Box, like: Cells, name: str) -> NDArray[np.float32]:
    """Sum of grids over the same cells, float32 (rows, cols); unknown where one of them is."""
    total = np.zeros((like.rows, like.cols))
    for term in terms:
        opened = _open(part, term, box)
        cells = opened.cells(said_crs(term.path.name, part.crs))
        if (cells.rows, cells.cols, cells.transform, cells.crs) != (like.rows, like.cols, like.transform, like.crs):
            raise DataRefused(f"{name}: the grids for {part.layer} have different cells.")
        values = np.concatenate([_known(strip, cells, part)[0] for strip in opened.strips(cells)])
        total += term.factor * values
    total += part.offset
    return (total if part.floor is None else np.maximum(total, part.floor)).astype(np.float32)


def _open(part: Grids, term: Term, box: Box) -> RasterFile:
    require_room(term.path)
    admitted = AdmittedFile(term.path, raster=True, table=term.member)
    opened = RasterFile(admitted, within=box, crs=said_crs(term.path.name, part.crs))
    above = opened.heights_above
    if above is not None and part.vertical_datum is not None and part.vertical_datum not in above:
        raise DataRefused(f"{term.path.name} has heights in {above}; its source says {part.vertical_datum}.")
    return opened


def _known(strip: NDArray[Any], cells: Cells, part: Grids) -> NDArray[np.float32]:
    """Values as float32, NaN where the file or the source says that they are not known."""
    values = strip.astype(np.float32)
    for nodata in (cells.nodata, part.nodata):
        if nodata is not None and not math.isnan(nodata):
            values[strip == nodata] = np.nan
    return values


def _is_coded(part: Grids) -> bool:
    values = [*part.classes.values(), *(() if part.other is None else (part.other,))]
    return bool(part.classes) and all(value in range(CODE_UNKNOWN) for value in values)


def _classed(part: Grids, values: NDArray[Any]) -> NDArray[Any]:
    """Values of the layer; of classes what they stand for."""
    if not part.classes:
        return values.astype(np.float32)
    result = np.full(values.shape, np.nan if part.other is None else part.other, dtype=np.float32)
    for code, value in part.classes.items():
        result[values == np.float32(code)] = value
    result[np.isnan(values)] = np.nan
    return np.where(np.isnan(result), CODE_UNKNOWN, result).astype(np.uint8) if _is_coded(part) else result
