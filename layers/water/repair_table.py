"""Works on canals as a table: one row a reach or canal that is changed, several rows of one name are one work."""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Mapping, Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

from geo.water.irrigation import CONDITION_FACTOR
from geo.water.network.parts import Reaches
from geo.water.works.repairs import Change, Repair
from layers.catalogue.irrigation import LININGS
from layers.errors import DataRefused
from layers.loading.faults import one_of
from layers.records.phrases import told

COLUMNS: Final = ("work", "reach", "canal", "cost_usd", "condition", "lining", "capacity_m3_s", "conveyance")
NEEDED: Final = ("work", "cost_usd")
LONGEST_ROW: Final = 2_000  # characters
CHANGING: Final = ("condition", "lining", "capacity_m3_s", "conveyance")

Row = Mapping[str, str]


def parse_table(text: str, *, source: str) -> tuple[list[str], list[dict[str, str]]]:
    """Return the columns and rows of a CSV table.

    Parameters
    ----------
    text : of the file.
    source : its name, for refusals.

    Raises
    ------
    DataRefused : it is no CSV, or a row has more or fewer cells than there are columns.
    """
    if any(len(line) > LONGEST_ROW for line in text.splitlines()):
        raise DataRefused(told("{file}: rows of at most {most} characters expected.", file=source, most=LONGEST_ROW))
    try:
        reader = csv.DictReader(io.StringIO(text, newline=""), strict=True)
        columns = [name.strip() for name in reader.fieldnames or ()]
        reader.fieldnames = columns
        rows = []
        for number, row in enumerate(reader, start=1):
            if None in row or None in row.values():
                message = "{file}, row {row}: {count} cells expected."
                raise DataRefused(told(message, file=source, row=str(number), count=len(columns)))
            rows.append(row)
        return columns, rows
    except csv.Error:
        raise DataRefused(told("{file}: a CSV file in UTF-8 expected.", file=source)) from None


def read_repairs(
    rows: Sequence[Row], columns: Sequence[str], reaches: Reaches, capacity_m3_s: NDArray[np.float64], *, source: str
) -> list[Repair]:
    """Return the works of a table.

    Parameters
    ----------
    rows : as texts. columns : of the table.
    reaches : that are mapped. capacity_m3_s : float64 (reaches,), of today; NaN unknown.
    source : name of the file, for refusals.

    Raises
    ------
    DataRefused : a column or value that is not expected; names file, row and field.
    """
    for column in columns:
        if column not in COLUMNS:
            message = "{file}, column {column}: not known; {known} expected."
            raise DataRefused(told(message, file=source, column=column, known=", ".join(COLUMNS)))
    for name in NEEDED:
        if name not in columns:
            there = ", ".join(columns) or "-"
            raise DataRefused(
                told("{file}: column {column} expected, there are {there}.", file=source, column=name, there=there)
            )
    found: dict[str, Repair] = {}
    for number, row in enumerate(rows, start=1):
        table = _Row(source, number, row)
        name = table.text("work")
        if not name:
            raise table.refuse("work", told("a name of the work expected"))
        cost = table.number("cost_usd", 0.0, math.inf)
        if name not in found and not cost > 0:
            raise table.refuse("cost_usd", told("a number above 0 expected"))
        change = _change(table, reaches, capacity_m3_s)
        before = found.get(name, Repair(name, 0.0, []))
        spent = before.cost_usd + (0.0 if math.isnan(cost) else cost)
        found[name] = Repair(name, spent, [*before.changes, change])
    if not found:
        raise DataRefused(told("{file}: works expected, there is no row.", file=source))
    return list(found.values())


class _Row:
    """One row of a table.

    Parameters
    ----------
    source : name of the file. number : of the row, from 1. cells : its texts.
    """

    def __init__(self, source: str, number: int, cells: Row) -> None:
        self.source, self.place, self.cells = source, number, cells

    def refuse(self, field: str, reason: str) -> DataRefused:
        """Return the refusal of one field."""
        message = "{file}, row {row}, {field}: {reason}."
        return DataRefused(told(message, file=self.source, row=str(self.place), field=field, reason=reason))

    def text(self, field: str) -> str:
        """A cell; empty where there is none."""
        return self.cells.get(field, "").strip()

    def number(self, field: str, least: float, most: float) -> float:
        """A number in its range; NaN for an empty cell."""
        text = self.text(field)
        if not text:
            return math.nan
        try:
            value = float(text)
        except ValueError:
            value = math.nan
        if not least <= value <= most or math.isinf(value):
            if math.isinf(most):
                reason = told("a number of {least} or more expected, got '{text}'", least=f"{least:g}", text=text)
            else:
                reason = told(
                    "a number of {least} to {most} expected, got '{text}'",
                    least=f"{least:g}",
                    most=f"{most:g}",
                    text=text,
                )
            raise self.refuse(field, reason)
        return value


def _change(row: _Row, reaches: Reaches, capacity_m3_s: NDArray[np.float64]) -> Change:
    reach, canal = row.text("reach"), row.text("canal")
    if bool(reach) == bool(canal):
        raise row.refuse("reach", told("a canal reach or a canal expected, one of the two"))
    rows = np.flatnonzero(reaches.code == reach if reach else reaches.canal == canal)
    if not len(rows):
        if reach:
            raise row.refuse("reach", told("a canal reach that is mapped expected, got '{code}'", code=reach))
        raise row.refuse("canal", told("a canal that is mapped expected, got '{code}'", code=canal))
    if not any(row.text(field) for field in CHANGING):
        raise row.refuse("condition", told("one of {fields} expected", fields=", ".join(CHANGING)))
    condition = row.number("condition", min(CONDITION_FACTOR), max(CONDITION_FACTOR))
    if not math.isnan(condition) and condition not in CONDITION_FACTOR:
        classes = ", ".join(map(str, CONDITION_FACTOR))
        raise row.refuse("condition", one_of(classes.split(", ")))
    lining = row.text("lining")
    if lining and lining not in LININGS[:-1]:
        raise row.refuse("lining", told("{expected}, got '{text}'", expected=one_of(LININGS[:-1]), text=lining))
    capacity = row.number("capacity_m3_s", 0.0, 1_000.0)
    today = np.fmax.reduce(capacity_m3_s[rows])
    if capacity < today:
        reason = told(
            "at least the {today} m3/s of today expected, got '{text}'",
            today=f"{today:g}",
            text=row.text("capacity_m3_s"),
        )
        raise row.refuse("capacity_m3_s", reason)
    return Change(rows, condition, lining, capacity, row.number("conveyance", 0.0, 1.0))
