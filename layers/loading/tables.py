"""Tables: CSV and workbooks, with positions as longitude and latitude, as WKT, or none at all."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Literal

import numpy as np
import pandas as pd
import pyproj
import shapely

from geo.geometry.crs import STORED_CRS
from layers.errors import DataRefused
from layers.loading.checks import NotAValue, parse_number
from layers.loading.chunks import CHUNK, Chunk, Unreadable
from layers.loading.encodings import TextDecoder, undecodable
from layers.loading.shapes import Shapes

LONGITUDES = ("lon", "lng", "long", "longitude", "долгота", "тӯлҷуғрофӣ")
LATITUDES = ("lat", "latitude", "широта")
EASTINGS = ("x", "easting", "east")
NORTHINGS = ("y", "northing", "north")
WKT = ("wkt", "geom", "geometry", "the_geom", "wkt_geom", "geom_wkt")
SEPARATORS = ",;\t|"
SNIFFED = 64 * 1024  # bytes the separator is told from

Rows = list[list[Any]]


class Table:
    """Rows of text with a heading; where they lie on the ground is told by the names of columns.

    Columns named lon and lat are degrees of EPSG:4326; x and y, or a WKT column, need ``--crs``.
    """

    file_name: str
    columns: tuple[str, ...]
    total: int | None = None

    def _find_position(self) -> None:
        by_fold = {name.strip().casefold(): name for name in reversed(self.columns)}

        def first(names: tuple[str, ...]) -> str | None:
            return next((by_fold[name] for name in names if name in by_fold), None)

        self.notes: list[str] = []
        self.crs: pyproj.CRS | None = None
        self._wkt = first(WKT)
        degrees, metres = (first(LONGITUDES), first(LATITUDES)), (first(EASTINGS), first(NORTHINGS))
        self._xy: tuple[str, str] | None = None
        for pair in (degrees, metres):
            if self._xy is None and pair[0] is not None and pair[1] is not None:
                self._xy = pair[0], pair[1]
        if self._wkt is None and self._xy is not None and self._xy == degrees:
            self.crs = pyproj.CRS.from_user_input(STORED_CRS)
            self.notes.append(f"Columns {self._xy[0]} and {self._xy[1]} are taken as degrees of {STORED_CRS}.")
        self.positions: tuple[str, ...] = (self._wkt,) if self._wkt is not None else self._xy or ()
        self.spatial = bool(self.positions)

    def _positions(self, frame: pd.DataFrame) -> tuple[Shapes | None, list[Unreadable]]:
        if self._wkt is not None:
            return _from_wkt(frame[self._wkt], self._wkt)
        if self._xy is None:
            return None, []
        unreadable: list[Unreadable] = []
        x, y = (_coordinates(frame[name], name, unreadable) for name in self._xy)
        known = ~np.isnan(x) & ~np.isnan(y)
        geometries = np.full(len(frame), None, dtype=object)
        geometries[known] = shapely.points(x[known], y[known])
        return Shapes.of(geometries), unreadable


class CsvFile(Table):
    """A text table; its separator is told from its first lines.

    Raises
    ------
    DataRefused : no heading, two columns of one name, or text that is not in its encoding.
    """

    def __init__(self, path: Path, decoder: TextDecoder | None) -> None:
        self.path = path
        self.file_name = path.name
        self._decoder = decoder or TextDecoder(None)
        with path.open("rb") as opened:
            head = opened.read(SNIFFED).decode("latin-1")
        self._separator = _separator(head)
        heading = next(self._lines(), [])
        self.columns = headings(self.file_name, heading)
        self._find_position()

    def chunks(self) -> Iterator[Chunk]:
        """Yield all rows in their order."""
        lines = self._lines()
        next(lines)
        first = 1
        gathered: Rows = []
        for line in lines:
            if not any(cell.strip() for cell in line):
                continue
            row = first + len(gathered)
            if len(line) > len(self.columns) and any(cell.strip() for cell in line[len(self.columns) :]):
                raise DataRefused(
                    f"{self.file_name} row {row} has {len(line)} cells; the heading has {len(self.columns)}. "
                    "A cell that holds the separator needs quotes."
                )
            gathered.append((line + [""] * len(self.columns))[: len(self.columns)])
            if len(gathered) == CHUNK:
                yield self._chunk(first, gathered)
                first, gathered = first + len(gathered), []
        yield self._chunk(first, gathered)

    def _chunk(self, first: int, lines: Rows) -> Chunk:
        frame = pd.DataFrame(lines, columns=list(self.columns), dtype="str")
        frame = frame.where(frame != "", None)
        shapes, unreadable = self._positions(frame)
        return Chunk(np.arange(first, first + len(lines), dtype=np.int64), frame, shapes, unreadable)

    def _lines(self) -> Iterator[list[str]]:
        """Rows of cells, decoded one by one so that a wrong byte is found in its row and column."""
        with self.path.open(encoding="latin-1", newline="") as opened:  # one letter a byte
            try:
                for number, line in enumerate(csv.reader(opened, delimiter=self._separator, strict=True)):
                    if number == 0 and line:
                        line[0] = line[0].removeprefix("\u00ef\u00bb\u00bf").strip('"')  # UTF-8's mark, in bytes
                    yield [self._cell(number, position, cell) for position, cell in enumerate(line)]
            except csv.Error as error:
                raise DataRefused(f"{self.file_name} cannot be read as a table: {error}.") from None

    def _cell(self, number: int, position: int, cell: str) -> str:
        if cell.isascii() and not self._decoder.changes_letters:
            return cell
        raw = cell.encode("latin-1")
        try:
            return self._decoder.decode(raw, relettered=number > 0)
        except UnicodeDecodeError:
            named = number > 0 and position < len(self.columns)
            field = self.columns[position] if named else f"column {position + 1}"
            raise undecodable(self.file_name, number, field, raw, self._decoder) from None


def _separator(head: str) -> str:
    first = head.split("\n", 1)[0]
    return max(SEPARATORS, key=first.count) if any(mark in first for mark in SEPARATORS) else ","


def headings(file_name: str, cells: list[str]) -> tuple[str, ...]:
    """Return the names of a table's columns; raise DataRefused where there is none, or one stands twice."""
    names = [cell.strip() for cell in cells]
    while names and not names[-1]:
        names.pop()
    if not names:
        raise DataRefused(f"{file_name} has no heading; its first row must name the columns.")
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise DataRefused(f"{file_name} has more than one column named {', '.join(twice) or 'nothing'}.")
    return tuple(names)


def _coordinates(
    given: pd.Series[Any], name: str, unreadable: list[Unreadable]
) -> np.ndarray[Any, np.dtype[np.float64]]:
    numbers = pd.to_numeric(given, errors="coerce").to_numpy(dtype=np.float64, na_value=np.nan).copy()
    for position in np.flatnonzero(np.isnan(numbers) & given.notna().to_numpy()):
        text = str(given.iloc[position])
        try:
            number = parse_number(text, decimal_comma=True)
        except NotAValue as reason:
            unreadable.append(Unreadable(int(position), name, text, str(reason)))
            continue
        if number is not None:
            numbers[position] = number
    return numbers


def _from_wkt(given: pd.Series[Any], name: str) -> tuple[Shapes, list[Unreadable]]:
    texts = np.array([None if pd.isna(text) else str(text) for text in given], dtype=object)
    action: Literal["ignore"] = "ignore"
    geometries = shapely.from_wkt(texts, on_invalid=action)
    lost = np.flatnonzero(shapely.is_missing(geometries) & (texts != None))  # noqa: E711 - element by element
    return Shapes.of(geometries), [Unreadable(int(at), name, str(texts[at]), "is no geometry in WKT") for at in lost]
