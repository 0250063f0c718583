"""XLSX: a sheet that says what the file is, one with the data dictionary, then the rows."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager, suppress
from itertools import chain
from pathlib import Path
from typing import Any

from openpyxl import Workbook
from openpyxl.cell.cell import ILLEGAL_CHARACTERS_RE, WriteOnlyCell
from sqlalchemy import Connection

from layers.features.file_about import About
from layers.features.file_dictionary import sheet_lines
from layers.features.file_rows import WKT, as_cells, joined, names_of, positions_of, rows_of
from layers.features.formulas import guarded
from layers.features.paging import Listing

SHEET_ROWS = 1_000_000  # data rows of one worksheet; Excel takes 1,048,576 rows
CELL_LETTERS = 32_767  # of one cell; Excel takes no more
ABOUT, COLUMNS = "About", "Columns"  # sheets before the rows, named alike in every language


def write_xlsx(connection: Connection, listing: Listing, path: Path, about: About, limit: int | None) -> None:
    """Write a workbook. A shape that is too long for a cell is left out of ``wkt``; the sheet of columns says so."""
    book = Workbook(write_only=True)
    first = book.create_sheet(ABOUT)
    first.column_dimensions["A"].width, first.column_dimensions["B"].width = 28, 100  # characters
    first.append([guarded(about.title)])
    if about.cut:
        first.append([guarded(about.cut)])
    for what, text in about.facts:
        first.append([guarded(what), guarded(text)])
    if about.columns:
        _write_dictionary(book, about)
    names = names_of(listing, about)
    shape = names.index(WKT) if WKT in positions_of(listing) else None
    headings = [guarded(about.headings.get(name, name)) for name in names]
    name = listing.features.layer.__tablename__
    sheet, filled, sheets = _sheet(book, name, headings), 0, 1
    with _without_drafts(book), closing(rows_of(connection, listing, as_cells, limit, about)) as parts:
        for row in chain.from_iterable(parts):
            if filled == SHEET_ROWS:
                sheets += 1
                sheet, filled = _sheet(book, f"{name} {sheets}", headings), 0
            cells = [_exact(sheet, value) if isinstance(value, float) else _cell(value) for value in row]
            if shape is not None and len(str(cells[shape])) > CELL_LETTERS:
                cells[shape] = None
            sheet.append(cells)
            filled += 1
    book.save(path)


def _write_dictionary(book: Workbook, about: About) -> None:
    sheet = book.create_sheet(COLUMNS)
    sheet.freeze_panes = "A2"
    for letter, width in zip("ABCDEFG", (24, 40, 60, 12, 60, 30, 12), strict=True):  # characters
        sheet.column_dimensions[letter].width = width
    for line in sheet_lines(about.columns, about.headings):
        sheet.append([_cell(text) for text in line])


@contextmanager
def _without_drafts(book: Workbook) -> Iterator[None]:
    """Remove the drafts of sheets that are not finished; openpyxl keeps their rows on the disk until the process ends.

    They are removed where a book is saved, so that is done, to nowhere.
    """
    try:
        yield
    except BaseException:
        with suppress(OSError):  # on a full disk; what went wrong first is told
            book.save(os.devnull)
        raise


def _sheet(book: Workbook, name: str, headings: Sequence[str]) -> Any:
    sheet = book.create_sheet(name)
    sheet.freeze_panes = "B2"
    sheet.append(list(headings))
    return sheet


def _exact(sheet: Any, number: float) -> Any:
    """Return a number with all its digits: openpyxl writes sixteen, and some need one more to be read as they were."""
    if float(f"{number:.16g}") == number:
        return number
    cell = WriteOnlyCell(sheet, value=0.0)
    cell._value = repr(number)
    return cell


def _cell(value: Any) -> Any:
    value = joined(value)
    return ILLEGAL_CHARACTERS_RE.sub("", guarded(value)) if isinstance(value, str) else value
