"""The record of a weather station as a table of texts: columns by name, read strictly."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date

import numpy as np

from geo.errors import TableError
from geo.water.need.station import Floats, Weather

# Column of the table -> field of ``Weather``.
COLUMNS = {
    "tmin": "tmin_c",
    "tmax": "tmax_c",
    "rh_min": "rh_min_pct",
    "rh_max": "rh_max_pct",
    "tdew": "tdew_c",
    "ea": "ea_kpa",
    "wind": "wind_m_s",
    "rs": "rs_mj",
    "sunshine": "sunshine_h",
}
NEEDED = ("date", "tmin", "tmax")
RESULTS = ("et0", "method")


def read_weather(rows: Sequence[Mapping[str, str]], columns: Sequence[str], *, source: str) -> Weather:
    """Read the record of a station.

    Parameters
    ----------
    rows : one a day, column -> text; an empty cell is not measured.
    columns : of the table, in its order; those with other names are left as they are.
    source : name of the file, for messages; its first row of values is row 2.

    Returns
    -------
    Weather : one value a day, NaN where none was measured.

    Raises
    ------
    TableError : a column that is missing, given twice or a result's, no day, a day twice, or a cell that is neither
        empty nor what its column holds; names file, row, field and what was expected.
    """
    for name in NEEDED:
        if name not in columns:
            raise TableError(f"{source}: column '{name}' expected, there are {', '.join(columns) or 'none'}")
    if twice := [name for name in (*NEEDED, *COLUMNS) if list(columns).count(name) > 1]:
        raise TableError(f"{source}: column '{twice[0]}' is given twice")
    if taken := [name for name in RESULTS if name in columns]:
        raise TableError(f"{source}: column '{taken[0]}' is there already, a table without results expected")
    if not rows:
        raise TableError(f"{source}: no day, at least one row expected")
    days: list[int] = []
    first_row: dict[date, int] = {}
    for number, row in enumerate(rows, start=2):
        try:
            day = date.fromisoformat(row["date"].strip())
        except ValueError:
            raise TableError(f"{source}, row {number}, date: YYYY-MM-DD expected, got '{row['date']}'") from None
        if day in first_row:
            raise TableError(f"{source}, row {number}, date: {day} stands in row {first_row[day]} already")
        first_row[day] = number
        days.append(day.timetuple().tm_yday)
    fields = {field: _numbers(rows, name, name in columns, source) for name, field in COLUMNS.items()}
    return Weather(np.array(days, dtype=np.int64), **fields)


def _numbers(rows: Sequence[Mapping[str, str]], name: str, there: bool, source: str) -> Floats:
    found = np.full(len(rows), np.nan)
    if not there:
        return found
    for place, row in enumerate(rows):
        if text := row[name].strip():
            try:
                found[place] = float(text) if text.isascii() and "_" not in text else np.nan
            except ValueError:
                found[place] = np.nan
            if not np.isfinite(found[place]):
                raise TableError(f"{source}, row {place + 2}, {name}: a number or nothing expected, got '{text}'")
    return found
