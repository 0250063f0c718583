"""Sheets of XLSX workbooks."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime, time
from typing import Any

import numpy as np
import pandas as pd

from layers.loading.admission import AdmittedFile
from layers.loading.checks import EXACT
from layers.loading.chunks import CHUNK, Chunk
from layers.loading.isolation import Reading
from layers.loading.tables import Table, headings, unguarded_texts

MOMENTS = {"datetime": datetime.fromisoformat, "date": date.fromisoformat, "time": time.fromisoformat}


class Workbook(Table):
    """A sheet of an XLSX workbook, its first row the heading.

    Raises
    ------
    DataRefused : no workbook, no such sheet, or several and none was named.
    """

    def __init__(self, file: AdmittedFile, *, table: str | None = None) -> None:
        self.file_name = file.name
        lines: list[list[Any]] = []
        for frame in Reading(file, "workbook", table=table).frames():
            lines.extend([_cell(cell) for cell in line] for line in frame.json())
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
            frame = unguarded_texts(pd.DataFrame(dict(zip(self.columns, series, strict=True))))
            shapes, unreadable = self._positions(frame)
            rows = np.arange(start + 1, start + len(part) + 1, dtype=np.int64)
            yield Chunk(rows, frame, shapes, unreadable)

    def _first_in(self, column: str) -> str | None:
        at = self.columns.index(column)
        return next((str(line[at]) for line in self._rows if at < len(line) and line[at] is not None), None)


def _cell(value: Any) -> Any:
    """A cell as openpyxl gave it; it came as JSON.

    Numbers of a sheet are float64, whatever digits are written: one that is longer has lost its last ones.
    """
    if isinstance(value, int) and abs(value) > EXACT:
        return float(value)
    if not isinstance(value, dict):
        return value
    [(kind, text)] = value.items()
    return MOMENTS[kind](text) if kind in MOMENTS else text
