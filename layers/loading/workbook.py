"""Sheets of XLSX workbooks."""

from __future__ import annotations

import io
from collections.abc import Iterator
from pathlib import Path
from zipfile import BadZipFile

import numpy as np
import pandas as pd
from openpyxl import load_workbook
from openpyxl.utils.exceptions import InvalidFileException

from layers.errors import DataRefused
from layers.loading.chunks import CHUNK, Chunk
from layers.loading.tables import Table, headings


class Workbook(Table):
    """A sheet of an XLSX workbook, its first row the heading.

    Raises
    ------
    DataRefused : no workbook, no such sheet, or several and none was named.
    """

    def __init__(self, path: Path, sheet: str | None) -> None:
        self.file_name = path.name
        try:
            book = load_workbook(io.BytesIO(path.read_bytes()), read_only=True, data_only=True)
        except (InvalidFileException, BadZipFile, OSError, ValueError, KeyError, EOFError):
            raise DataRefused(f"{self.file_name} cannot be opened: it is cut short, damaged or no workbook.") from None
        names = book.sheetnames
        if sheet is not None and sheet not in names:
            raise DataRefused(f"{self.file_name} has no sheet {sheet}; it has {', '.join(names)}.")
        if sheet is None and len(names) > 1:
            raise DataRefused(f"{self.file_name} holds {len(names)} sheets ({', '.join(names)}); say one with --table.")
        lines = [list(line) for line in book[sheet or names[0]].iter_rows(values_only=True)]
        book.close()
        self.columns = headings(
            self.file_name, ["" if cell is None else str(cell) for cell in lines[0]] if lines else []
        )
        self._rows = [line for line in lines[1:] if any(cell is not None for cell in line)]
        self.total = len(self._rows)
        self._find_position()

    def chunks(self) -> Iterator[Chunk]:
        """Yield all rows in their order."""
        for start in range(0, max(len(self._rows), 1), CHUNK):
            part = self._rows[start : start + CHUNK]
            cells = [[line[at] if at < len(line) else None for line in part] for at in range(len(self.columns))]
            series = [pd.Series(column, dtype=object) for column in cells]
            frame = pd.DataFrame(dict(zip(self.columns, series, strict=True)))
            shapes, unreadable = self._positions(frame)
            rows = np.arange(start + 1, start + len(part) + 1, dtype=np.int64)
            yield Chunk(rows, frame, shapes, unreadable)
