"""Water of command areas by period as a table: a row an area and period, what is not known empty."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping, Sequence
from typing import Any

from layers.features.formulas import guarded
from layers.water.balance_rows import OF_PERIODS


def shares_as_csv(about: Mapping[str, Any], areas: Sequence[Mapping[str, Any]], values: Sequence[str]) -> bytes:
    """Return the table, UTF-8 with byte order mark.

    Parameters
    ----------
    about : column -> value of what the rows are of, the same in all of them.
    areas : each with its code, canal and periods.
    values : names of what is told of each period.
    """
    buffer = io.StringIO()
    buffer.write("\ufeff")
    writer = csv.writer(buffer)
    writer.writerow((*about, "area", "canal", *OF_PERIODS, *values))
    for area in areas:
        for period in area["periods"]:
            cells = (*about.values(), area["code"], area["canal"], *(period[name] for name in (*OF_PERIODS, *values)))
            writer.writerow([_cell(value) for value in cells])
    return buffer.getvalue().encode()


def _cell(value: Any) -> Any:
    if isinstance(value, bool):
        return "true" if value else "false"
    return guarded(value) if isinstance(value, str) else value
