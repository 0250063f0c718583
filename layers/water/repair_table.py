"""Works on canals as a table: one row a reach or canal that is changed, several rows of one name are one work."""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Mapping, Sequence
from typing import Any, Final

import numpy as np
import orjson
from numpy.typing import NDArray

from geo.water.irrigation import CONDITION_FACTOR
from geo.water.network.parts import Reaches
from geo.water.works.repairs import Change, Repair
from layers.catalogue.irrigation import LININGS
from layers.errors import DataRefused
from layers.loading.faults import one_of
from layers.records.phrases import Told, told

COLUMNS: Final = ("work", "reach", "canal", "cost_usd", "condition", "lining", "capacity_m3_s", "conveyance")
NEEDED: Final = ("work", "cost_usd")
LONGEST_ROW: Final = 2_000  # characters
SENT: Final = ("works", "budget")  # keys of works in JSON
MOST_USD: Final = 1e12  # of a budget
CHANGING: Final = ("condition", "lining", "capacity_m3_s", "conveyance")
OF_TEXT: Final = ("work", "reach", "canal", "lining")
WORKS: Final[Mapping[str, Any]] = {  # JSON Schema
    "type": "object",
    "required": [*SENT],
    "additionalProperties": False,
    "properties": {
        "works": {
            "type": "array",
            "minItems": 1,
            "items": {
                "type": "object",
                "required": [*NEEDED],
                "additionalProperties": False,
                "properties": {name: {"type": "string" if name in OF_TEXT else "number"} for name in COLUMNS},
            },
        },
        "budget": {"type": "number", "exclusiveMinimum": 0, "maximum": MOST_USD},
    },
}

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


def parse_works(text: str, *, source: str) -> tuple[list[str], list[dict[str, str]], float]:
    """Return the columns and rows of works in JSON, as those of a table, and the budget.

    Parameters
    ----------
    text : of an object with works, a list of objects with a key for each column, and budget, USD.
    source : its name, for refusals.

    Raises
    ------
    DataRefused : it is no such object; names row and field.
    """
    try:
        found = orjson.loads(text)
    except orjson.JSONDecodeError:
        raise DataRefused(told("{file}: JSON expected.", file=source)) from None
    if not isinstance(found, dict) or set(found) != {*SENT}:
        raise DataRefused(told("{file}: an object with {names} expected.", file=source, names=", ".join(SENT)))
    works, budget = (found[name] for name in SENT)
    if not isinstance(works, list) or not all(isinstance(work, dict) for work in works):
        raise _refused(source, "works", told("a list of works expected"))
    if isinstance(budget, bool) or not isinstance(budget, int | float) or not 0 < budget <= MOST_USD:
        raise _refused(source, "budget", told("a number above 0 expected"))
    columns = list(dict.fromkeys(name for work in works for name in work))
    rows = [
        {name: _cell(_Row(source, number, {}), name, work[name]) for name in work}
        for number, work in enumerate(works, start=1)
    ]
    return columns, rows, float(budget)


def _refused(source: str, key: str, reason: Told) -> DataRefused:
    return DataRefused(told("{file}: {key}: {reason}.", file=source, key=key, reason=reason))


def _cell(row: _Row, field: str, value: object) -> str:
    """A value as a table has it."""
    if value is None:
        return ""
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        raise row.refuse(field, told("a text or a number expected"))
    text = str(value)
    if len(text) > LONGEST_ROW:
        raise row.refuse(field, told("a text of at most {most} characters expected", most=LONGEST_ROW))
    return text


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
