"""What the sky gives and takes in the periods of a kind of year, as a table of texts: read strictly."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from geo.errors import TableError
from geo.water.need.periods import DECADES, Periods

Floats = NDArray[np.float64]

YEARS = ("dry", "normal", "wet")
# Column -> least and greatest value: mm in the period, mm/d, degC.
BOUNDS = {"rain_mm": (0.0, 2_000.0), "et0_mm_d": (0.0, 20.0), "tmin_c": (-70.0, 60.0), "tmax_c": (-70.0, 60.0)}
KEYS = ("year", "month", "part")


class PeriodClimate(NamedTuple):
    """Climate of the periods of a year, float64 (periods,) each; NaN unknown.

    rain_mm : of the period. et0_mm_d : reference evapotranspiration, where the table has it. tmin_c, tmax_c : means of
    the days, where the table has them.
    """

    rain_mm: Floats
    et0_mm_d: Floats
    tmin_c: Floats
    tmax_c: Floats


def read_climate(
    rows: Sequence[Mapping[str, str]], columns: Sequence[str], periods: Periods, year: str, *, source: str
) -> PeriodClimate:
    """Read the climate of a kind of year.

    Parameters
    ----------
    rows : one a period, column -> text: month, part (1-3 of ten-day parts), year (normal where there is no such
        column), rain_mm, et0_mm_d or tmin_c and tmax_c; an empty cell is not known.
    columns : of the table, in its order.
    periods : of the year; the table has to have rows of the same.
    year : dry, normal or wet.
    source : name of the file, for messages; its first row of values is row 2.

    Returns
    -------
    PeriodClimate : of the rows of that kind of year.

    Raises
    ------
    TableError : a column that is missing or not known, a kind of year without rows, a period that is missing, there
        twice or none, or a number that cannot be; names file, row, field and what was expected.
    """
    _check_columns(columns, source)
    if year not in YEARS:
        raise TableError(f"kind of year '{year}' is not known: {', '.join(YEARS)} expected")
    parts = [0] if periods.by == "month" else list(range(1, DECADES + 1))
    place = {(int(m), int(p)): k for k, (m, p) in enumerate(zip(periods.month, periods.part, strict=True))}
    found = {name: np.full(len(place), np.nan) for name in BOUNDS}
    seen: dict[tuple[str, int, int], int] = {}
    for number, row in enumerate(rows, start=2):
        where = f"{source}, row {number}"
        kind = row.get("year", YEARS[1]).strip()
        if kind not in YEARS:
            raise TableError(f"{where}, year: {', '.join(YEARS)} expected, got '{kind}'")
        month = _whole(row["month"], list(range(1, 13)), f"{where}, month")
        part = _whole(row.get("part", "").strip() or "0", parts, f"{where}, part")
        if (kind, month, part) in seen:
            raise TableError(f"{where}: this period of a {kind} year stands in row {seen[kind, month, part]} already")
        seen[kind, month, part] = number
        values = {name: _number(row.get(name, ""), name, where) for name in BOUNDS}
        if values["tmin_c"] > values["tmax_c"]:
            raise TableError(f"{where}, tmax_c: at least tmin_c expected")
        if kind == year:
            for name, value in values.items():
                found[name][place[month, part]] = value
    kinds = [kind for kind in YEARS if any(key[0] == kind for key in seen)]
    if year not in kinds:
        raise TableError(f"{source}: rows of a {year} year expected, there are {' and '.join(kinds) or 'none'}")
    if missing := [key for key in place if (year, *key) not in seen]:
        names = ", ".join(f"{month}" if not part else f"{month}/{part}" for month, part in missing)
        raise TableError(f"{source}: a {year} year without a gap expected, missing is {periods.by} {names}")
    return PeriodClimate(**found)


def _check_columns(columns: Sequence[str], source: str) -> None:
    for name in ("month", "rain_mm"):
        if name not in columns:
            raise TableError(f"{source}: column '{name}' expected, there are {', '.join(columns) or 'none'}")
    if "et0_mm_d" not in columns and not {"tmin_c", "tmax_c"} <= set(columns):
        raise TableError(f"{source}: column 'et0_mm_d', or 'tmin_c' and 'tmax_c', expected")
    if strange := [name for name in columns if name not in (*KEYS, *BOUNDS)]:
        raise TableError(f"{source}: column '{strange[0]}' is not known, {', '.join((*KEYS, *BOUNDS))} expected")
    if twice := [name for name in columns if list(columns).count(name) > 1]:
        raise TableError(f"{source}: column '{twice[0]}' is given twice")


def _whole(text: str, allowed: list[int], where: str) -> int:
    text = text.strip()
    if not (text.isascii() and text.isdigit()) or int(text) not in allowed:
        span = f"{allowed[0]} to {allowed[-1]}" if len(allowed) > 1 else f"{allowed[0]} or nothing"
        raise TableError(f"{where}: {span} expected, got '{text}'")
    return int(text)


def _number(text: str, name: str, where: str) -> float:
    text, (low, high) = text.strip(), BOUNDS[name]
    if not text:
        return float("nan")
    try:
        value = float(text) if text.isascii() and "_" not in text else float("nan")
    except ValueError:
        value = float("nan")
    if not low <= value <= high:
        raise TableError(f"{where}, {name}: a number from {low:g} to {high:g} or nothing expected, got '{text}'")
    return value
