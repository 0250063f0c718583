"""Tables: CSV and workbooks, with positions as longitude and latitude, as WKT, or none at all."""

from __future__ import annotations

import codecs
import csv
import re
from abc import ABC, abstractmethod
from collections import Counter, deque
from collections.abc import Iterator
from dataclasses import replace
from functools import cached_property
from itertools import islice
from pathlib import Path
from typing import Any, TextIO

import numpy as np
import pandas as pd
import pyproj
import shapely
from pyproj.exceptions import CRSError

from geo.geometry.crs import STORED_CRS
from layers.errors import DataRefused
from layers.features.formulas import MARK, unguarded
from layers.loading.admission import AdmittedFile
from layers.loading.checks import NotAValue, parse_number
from layers.loading.chunks import CHUNK, LINE, Chunk, Source, Unreadable
from layers.loading.encodings import TextDecoder, undecodable
from layers.loading.kinds import UTF16, UTF32
from layers.loading.shapes import Shapes
from layers.loading.written_geometry import read_written, srid_of
from layers.records.phrases import told
from layers.settings import get_settings

LONGITUDES = ("lon", "lng", "long", "longitude", "долгота", "тӯлҷуғрофӣ")
LATITUDES = ("lat", "latitude", "широта")
EASTINGS = ("x", "easting", "east")
NORTHINGS = ("y", "northing", "north")
WRITTEN = ("wkt", "geom", "geometry", "the_geom", "wkt_geom", "geom_wkt", "ewkt", "wkb", "ewkb", "wkb_geometry", "geog")
SEPARATORS = ",;\t|"
SNIFFED = 64 * 1024  # bytes the separator is told from
SEPARATOR_SAID = re.compile(r'\A"?sep=(.)"?\r?\n', re.IGNORECASE)
LINE_BYTES = 64 * 1024 * 1024  # of a line; a geometry of a million vertices in WKT has 40 MB
MOSTLY = 0.3  # share of every second byte that is nought in text of two bytes a letter, Cyrillic mixed with Latin
ROW_LINES = 100  # lines a row may go over, within quotes
COLUMNS = 2_000  # PostgreSQL has 1,600 at most; a heading of more is no heading

csv.field_size_limit(LINE_BYTES)

Rows = list[list[Any]]


class Table(ABC):
    """Rows of text with a heading; where they lie on the ground is told by the names of columns.

    Columns named lon and lat are degrees of EPSG:4326, and so is WKT beside them; x and y or WKT alone need ``--crs``.
    A geometry that names its CRS, as PostGIS writes it, needs nothing beside it.
    """

    file_name: str
    columns: tuple[str, ...]
    total: int | None = None

    def _find_position(self) -> None:
        by_fold = {name.strip().casefold(): name for name in reversed(self.columns)}

        def first(names: tuple[str, ...]) -> str | None:
            return next((by_fold[name] for name in names if name in by_fold), None)

        self.notes: list[str] = []
        self._written = first(WRITTEN)
        self._srid = None if self._written is None else srid_of(self._first_in(self._written) or "")
        self.crs = _crs_of(self._srid)
        degrees, metres = (first(LONGITUDES), first(LATITUDES)), (first(EASTINGS), first(NORTHINGS))
        self._xy: tuple[str, str] | None = None
        for pair in (degrees, metres):
            if self._xy is None and pair[0] is not None and pair[1] is not None:
                self._xy = pair[0], pair[1]
        self.positions: tuple[str, ...] = (self._written,) if self._written is not None else self._xy or ()
        if self._xy is not None and self._xy == degrees and self._srid is None:
            self.crs = pyproj.CRS.from_user_input(STORED_CRS)
            *taken, last = (*self._xy, self._written) if self._written is not None else self._xy
            note = "Columns {columns} and {last} are taken as degrees of {crs}."
            self.notes.append(told(note, columns=", ".join(taken), last=last, crs=STORED_CRS))
            self.positions = (*self.positions, *self._xy) if self._written is not None else self._xy
        self.spatial = bool(self.positions)

    @abstractmethod
    def _first_in(self, column: str) -> str | None:
        """Return what the first cell of a column that is not empty holds."""

    def _positions(self, frame: pd.DataFrame) -> tuple[Shapes | None, list[Unreadable]]:
        if self._written is not None:
            texts = [None if pd.isna(text) else str(text) for text in frame[self._written]]
            return read_written(texts, self._written, self._srid)
        if self._xy is None:
            return None, []
        unreadable: list[Unreadable] = []
        x, y = (_coordinates(frame[name], name, unreadable) for name in self._xy)
        known = ~np.isnan(x) & ~np.isnan(y)
        geometries = np.full(len(frame), None, dtype=object)
        geometries[known] = shapely.points(x[known], y[known])
        return Shapes.of(geometries), unreadable


class ColumnPositions(Table):
    """A table of a format that can hold geometry and does not here: where its rows lie is told by its columns.

    Raises
    ------
    DataRefused : no heading, or two columns of one name.
    """

    def __init__(self, table: Source) -> None:
        self.file_name = table.file_name
        self._table = table
        self.columns = headings(self.file_name, list(table.columns)) if table.columns else ()
        self.total = table.total
        self._find_position()
        self.notes[:0] = table.notes

    def _first_in(self, column: str) -> str | None:
        name = self._table.columns[self.columns.index(column)]
        cells = next(self._table.chunks()).frame[name].dropna()
        return None if cells.empty else str(cells.iloc[0])

    def chunks(self) -> Iterator[Chunk]:
        """Yield all rows in their order."""
        for chunk in self._table.chunks():
            frame = chunk.frame[list(self._table.columns)].set_axis(list(self.columns), axis=1)
            shapes, unreadable = self._positions(frame)
            yield Chunk(chunk.rows, frame, shapes, [*chunk.unreadable, *unreadable])


class CsvFile(Table):
    """A text table; its separator is told from its first lines.

    A row that cannot be understood is handed on as it stands, with the reason; the others are read.

    Raises
    ------
    DataRefused : no heading, two columns of one name, or text that is not in its encoding.
    """

    def __init__(self, file: AdmittedFile, decoder: TextDecoder | None) -> None:
        self.file_name = file.name
        self._file = file  # which ends when nobody holds it
        self._decoder = decoder or TextDecoder(None)
        self.path = self._in_bytes(file.path)
        with self.path.open("rb") as opened:
            head = opened.read(SNIFFED).removeprefix(codecs.BOM_UTF8).decode("latin-1")
        said = SEPARATOR_SAID.match(head)  # what Excel writes so that Excel reads it
        self._skipped = 0 if said is None else 1
        self._separator = _separator(head) if said is None else said[1]
        heading, fault = next(self._lines(), ([], None))
        if fault is not None:
            raise DataRefused(f"{self.file_name}, heading: {fault.reason}.")
        self.columns = headings(self.file_name, heading)
        self._find_position()

    def chunks(self) -> Iterator[Chunk]:
        """Yield all rows in their order."""
        lines = self._lines()
        next(lines)
        first = 1
        gathered: Rows = []
        faults: list[Unreadable] = []
        for line, fault in lines:
            if fault is None and not any(cell.strip() for cell in line):
                continue
            position, width = len(gathered), len(self.columns)
            if first + position > get_settings().file_rows:
                raise DataRefused(
                    f"{self.file_name} has more than {get_settings().file_rows:,} rows, the most that OBOD_FILE_ROWS "
                    "allows."
                )
            if fault is None and len(line) > width and any(cell.strip() for cell in line[width:]):
                reason = told(
                    "has {cells} cells, the heading {columns}; a cell that holds the separator needs quotes",
                    cells=len(line),
                    columns=width,
                )
                fault = Unreadable(0, LINE, self._separator.join(line), reason)
            if fault is not None:
                faults.append(replace(fault, position=position))
            gathered.append((line + [""] * width)[:width])
            if len(gathered) == CHUNK:
                yield self._chunk(first, gathered, faults)
                first, gathered, faults = first + len(gathered), [], []
        yield self._chunk(first, gathered, faults)

    def _first_in(self, column: str) -> str | None:
        at = self.columns.index(column)
        cells = (line[at] for line, fault in islice(self._lines(), 1, CHUNK) if fault is None and len(line) > at)
        return next((cell for cell in cells if cell.strip()), None)

    def _chunk(self, first: int, lines: Rows, faults: list[Unreadable]) -> Chunk:
        frame = pd.DataFrame(lines, columns=list(self.columns), dtype="str")
        frame = unguarded_texts(frame.where(frame != "", None))
        shapes, unreadable = self._positions(frame)
        known = {fault.position for fault in faults}
        unreadable = [fault for fault in unreadable if fault.position not in known]
        rows = np.arange(first, first + len(lines), dtype=np.int64)
        return Chunk(rows, frame, shapes, [*faults, *unreadable])

    def _lines(self) -> Iterator[tuple[list[str], Unreadable | None]]:
        """Rows of cells, decoded one by one so that a wrong byte is found in its row; what is wrong with a row."""
        number = 0
        with self.path.open(encoding="latin-1", newline="") as opened:  # one letter a byte
            for _ in range(self._skipped):
                opened.readline()
            records = Records(opened, self._separator, self.file_name)
            for record, reason in records:
                if number == 0 and record:
                    record[0] = record[0].removeprefix("\u00ef\u00bb\u00bf").strip('"')  # UTF-8's mark, in bytes
                fault = None if reason is None else Unreadable(0, LINE, _shown(records.text), reason)
                try:
                    cells = [self._cell(number, cell) for cell in record]
                except UnicodeDecodeError:
                    if number == 0 or not self._is_mostly_readable:
                        raise self._undecodable(number, record) from None
                    fault = Unreadable(
                        0, LINE, _shown(records.text), told("the text is not {encoding}", encoding=self._decoder.codec)
                    )
                    cells = [_shown(cell) for cell in record]
                if "\0" in records.text:
                    fault = Unreadable(0, LINE, _shown(records.text), told("holds a NUL byte, which is no text"))
                    cells = [cell.replace("\0", "") for cell in cells]
                yield cells, fault
                number += bool(record) or number == 0

    @cached_property
    def _is_mostly_readable(self) -> bool:
        """Whether a row that is not in the file's encoding is an exception: a fault of the row, not of the file."""
        found = Counter[bool]()
        with self.path.open("rb") as opened:
            for line in islice(opened, CHUNK):
                if not line.isascii():
                    try:
                        self._decoder.decode(line)
                        found[True] += 1
                    except UnicodeDecodeError:
                        found[False] += 1
        return found[True] > found[False]

    def _cell(self, number: int, cell: str) -> str:
        if cell.isascii() and not self._decoder.changes_letters:
            return cell
        return self._decoder.decode(cell.encode("latin-1"), relettered=number > 0)

    def _undecodable(self, number: int, record: list[str]) -> DataRefused:
        for position, cell in enumerate(record):
            try:
                self._cell(number, cell)
            except UnicodeDecodeError:
                named = number > 0 and position < len(self.columns)
                field = self.columns[position] if named else f"column {position + 1}"
                break
        return undecodable(self.file_name, number, field, cell.encode("latin-1"), self._decoder)

    def _in_bytes(self, path: Path) -> Path:
        """Return the file, or where letters are of two bytes or four its like in UTF-8."""
        with path.open("rb") as opened:
            head = opened.read(SNIFFED)
        marked = "utf-32" if head.startswith(UTF32) else "utf-16" if head.startswith(UTF16) else None
        codec = marked or codecs.lookup(self._decoder.codec).name
        if not codec.startswith(("utf-16", "utf-32")):
            if head[1::2].count(0) > MOSTLY * len(head) / 2 or head[::2].count(0) > MOSTLY * len(head) / 2:
                side = "le" if head[1::2].count(0) > head[::2].count(0) else "be"
                raise DataRefused(f"{self.file_name} is in UTF-16 and does not say so; say --encoding utf-16-{side}.")
            return path
        self._decoder = self._decoder.of_utf8()
        plain = path.with_name("utf-8.txt")
        try:
            with path.open(encoding=codec, newline="") as opened, plain.open("w", encoding="utf-8", newline="") as out:
                while part := opened.read(SNIFFED):
                    out.write(part)
        except UnicodeError:
            raise DataRefused(f"{self.file_name} is not {codec}: it is cut short or damaged.") from None
        return plain


class Records:
    """Rows of cells of a text, each with what is wrong with it; ``text`` is the row as it stands in the file.

    A quote that is opened and not closed would take the rest of the file for one cell: if what it opens does not fit
    the heading, its line alone is the row, and the next line begins another.
    """

    def __init__(self, opened: TextIO, separator: str, file_name: str) -> None:
        self.text = ""
        self._opened = opened
        self._file_name = file_name
        self._separator = separator
        self._waiting: deque[str] = deque()
        self._width: int | None = None

    def __iter__(self) -> Iterator[tuple[list[str], str | None]]:
        """Yield the cells and the fault of every row."""
        while line := self._line():
            self.text = line
            cells = self._parsed(line) if line.count('"') % 2 == 0 else self._over_lines(line)
            reason = None
            if cells is None:
                reason = told("a quote is opened and not closed, or stands within a cell")
                cells = self.text.rstrip("\r\n").replace('"', "").split(self._separator)
            if self._width is None:
                self._width = len(cells)
            yield cells, reason

    def _over_lines(self, line: str) -> list[str] | None:
        """Cells of a row that goes on in the next lines, None where no row comes of it."""
        taken = [line]
        while len(taken) < ROW_LINES and (more := self._line()):
            taken.append(more)
            if more.count('"') % 2:
                cells = self._parsed("".join(taken))
                if cells is not None and (self._width is None or len(cells) <= self._width):
                    self.text = "".join(taken)
                    return cells
                break
        self._waiting.extendleft(reversed(taken[1:]))
        return None

    def _parsed(self, text: str) -> list[str] | None:
        try:
            return next(csv.reader([text], delimiter=self._separator, strict=True), [])
        except csv.Error:
            return None

    def _line(self) -> str:
        if self._waiting:
            return self._waiting.popleft()
        line = self._opened.readline(LINE_BYTES)
        if len(line) == LINE_BYTES:
            raise DataRefused(f"{self._file_name} has a line of more than {LINE_BYTES // 1024**2} MB: it is no table.")
        return line


def _crs_of(srid: int | None) -> pyproj.CRS | None:
    """CRS of a number that a geometry names, None where it is unknown, as numbers of one's own making are."""
    try:
        return None if srid is None else pyproj.CRS.from_epsg(srid)
    except CRSError:
        return None


def _shown(text: str) -> str:
    """Text of bytes, with those that are none as numbers."""
    return text.rstrip("\r\n").encode("latin-1", errors="replace").decode("utf-8", errors="backslashreplace")


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
    if len(names) > COLUMNS:
        raise DataRefused(f"{file_name} has {len(names):,} columns; at most {COLUMNS:,} are read.")
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise DataRefused(f"{file_name} has more than one column named {', '.join(twice) or 'nothing'}.")
    return tuple(names)


def unguarded_texts(frame: pd.DataFrame) -> pd.DataFrame:
    """Return a table without the marks that keep a spreadsheet from running its texts."""
    marked = frame.apply(lambda cells: cells.astype("str").str.startswith(MARK, na=False))
    for name in frame.columns[marked.any()]:
        frame[name] = frame[name].map(lambda cell: unguarded(cell) if isinstance(cell, str) else cell)
    return frame


def _coordinates(
    given: pd.Series[Any], name: str, unreadable: list[Unreadable]
) -> np.ndarray[Any, np.dtype[np.float64]]:
    numbers = pd.to_numeric(given, errors="coerce").to_numpy(dtype=np.float64, na_value=np.nan).copy()
    for position in np.flatnonzero(np.isnan(numbers) & given.notna().to_numpy()):
        text = str(given.iloc[position])
        try:
            number = parse_number(text, decimal_comma=True)
        except NotAValue as reason:
            unreadable.append(Unreadable(int(position), name, text, reason.expected))
            continue
        if number is not None:
            numbers[position] = number
    return numbers
