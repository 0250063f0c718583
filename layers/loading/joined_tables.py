"""All tables of one file, such as the folders of a KML, read one after the other as if they were one."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace

import pyproj

from layers.errors import DataRefused
from layers.loading.admission import AdmittedFile
from layers.loading.chunks import Chunk, Source
from layers.loading.isolation import Reading
from layers.loading.kinds import DBF, SHAPEFILE, WORKBOOK
from layers.records.phrases import Listed, told

EVERY_TABLE = "*"  # what stands for all tables where one may be named
TABLES = 1_000  # of a file that are read; each is opened twice
NAMED = 10  # tables that a note spells out

Open = Callable[[str], Source]


class JoinedTables:
    """Tables of one shape, as one source: rows are counted through, and a column ``table`` says where each stood.

    Raises
    ------
    DataRefused : one of them cannot be read, or they differ in their columns or their CRS.
    """

    def __init__(self, file_name: str, tables: list[str], open_table: Open) -> None:
        self.file_name = file_name
        self._tables = tables
        self._open = open_table
        first = open_table(tables[0])
        self._own: tuple[str, ...] = first.columns
        self.positions: tuple[str, ...] = first.positions
        self.crs: pyproj.CRS | None = first.crs
        self.spatial: bool = first.spatial
        counts = [first.total]
        for name in tables[1:]:
            other = open_table(name)
            if set(other.columns) != set(self._own):
                differing = ", ".join(sorted(set(other.columns) ^ set(self._own)))
                raise DataRefused(
                    f"{file_name}: {tables[0]} and {name} differ in their columns ({differing}); name one with --table."
                )
            if other.crs != self.crs:
                raise DataRefused(f"{file_name}: {tables[0]} and {name} differ in their CRS; name one with --table.")
            counts.append(other.total)
        self.total: int | None = None if None in counts else sum(count or 0 for count in counts)
        self._said = () if "table" in self._own else ("table",)
        self.columns: tuple[str, ...] = (*self._own, *self._said)
        note = told(
            "{count} tables are read as one: {tables}.",
            count=len(tables),
            tables=Listed(tuple(tables[:NAMED]), len(tables) - NAMED),
        )
        self.notes: list[str] = [*first.notes, note]

    def chunks(self) -> Iterator[Chunk]:
        """Yield all rows of all tables in their order."""
        before = 0
        for name in self._tables:
            read = 0
            for chunk in self._open(name).chunks():
                frame = chunk.frame[list(self._own)]
                if self._said:
                    frame = frame.assign(table=name)
                read += len(chunk.rows)
                yield replace(chunk, rows=chunk.rows + before, frame=frame)
            before += read


def tables_of(file: AdmittedFile) -> list[str]:
    """Return the names of the tables or sheets of a file; none where its kind has only one.

    Raises
    ------
    DataRefused : it cannot be opened, or has more than are read.
    """
    if file.kind in (SHAPEFILE, DBF) or not (file.kind.driver or file.kind is WORKBOOK):
        return []
    frame = Reading(file, "tables").next()
    tables: list[str] = [] if frame is None else frame.json()
    if len(tables) > TABLES:
        raise DataRefused(f"{file.name} holds {len(tables):,} tables; at most {TABLES:,} are read.")
    return tables
