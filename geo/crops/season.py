"""When a crop stands in the field: its windows, the days of a normal year, and the warmest run of days in a window.

Windows are those of the field calendar (domain reference 5), defaults to calibrate with field schools: whole months
from the first to the last named, one row a window. Lowland is below 1,000 m, mountain above.
"""

from __future__ import annotations

import csv
from collections.abc import Iterable
from functools import lru_cache
from importlib import resources
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from geo.crops.kernels.season import MONTH_BEFORE, MONTH_DAYS, MONTH_OF_DAY, MONTHS, TOWARDS_NEXT, YEAR_D
from geo.errors import TableError

Floats = NDArray[np.float64]

LOWLAND_BELOW_M = 1_000.0  # m; domain reference 3.6 step 3
ZONES = ("lowland", "mountain")
IRRIGATION_MONTHS = (4, 5, 6, 7, 8, 9)  # April to September; domain reference 2.4
ROWS = 256  # plots whose runs of days are summed at a time
SUMMER_SOWING = (6, 7, 8, 9)  # months from which a crop after grain starts


class Window(NamedTuple):
    """A run of days of the year a crop may stand in: ``first`` counted from 0 on 1 January, and how many ``days``."""

    first: int
    days: int


WHOLE_YEAR = Window(0, YEAR_D)


@lru_cache
def windows() -> dict[tuple[str, str], tuple[Window, ...]]:
    """Return the windows of the field calendar that ships with Obod.

    A crop without any row may stand in the field at any time of the year: see ``windows_of``.

    Returns
    -------
    (crop, zone) -> its windows; none where the crop is not grown there
    """
    with resources.files("geo").joinpath("crops", "tables", "windows.csv").open(encoding="utf-8") as file:
        return read_windows(file, source="windows.csv")


def read_windows(lines: Iterable[str], *, source: str) -> dict[tuple[str, str], tuple[Window, ...]]:
    """Return windows from CSV lines.

    Parameters
    ----------
    lines : crop, zone, first and last day (MM-DD), with their head; both days empty: not grown there
    source : name of the file, for messages

    Returns
    -------
    (crop, zone) -> its windows, in the order of the lines

    Raises
    ------
    TableError : a zone that is not one, or a day that is not in the calendar; names file and row.
    """
    found: dict[tuple[str, str], tuple[Window, ...]] = {}
    for number, row in enumerate(csv.DictReader(lines), start=2):
        where, key = f"{source}, row {number} ({row['crop']})", (row["crop"], row["zone"])
        if row["zone"] not in ZONES:
            raise TableError(f"{where}, zone: lowland or mountain expected, got '{row['zone']}'")
        if not row["first"] and not row["last"]:
            found[key] = ()
            continue
        first, last = (_day(row[name], f"{where}, {name}") for name in ("first", "last"))
        found[key] = (*found.get(key, ()), Window(first, (last - first) % YEAR_D + 1))
    return found


def windows_of(crop: str, zone: str) -> tuple[Window, ...]:
    """Return the windows of a crop in a zone.

    Parameters
    ----------
    crop : crop id
    zone : one of ``ZONES``

    Returns
    -------
    the whole year where its calendar names none, none where it is not grown
    """
    return windows().get((crop, zone), (WHOLE_YEAR,))


def is_summer_crop(crop: str, zone: str) -> bool:
    """Return whether a crop is sown in summer, after grain: every window of it begins in June to September.

    Parameters
    ----------
    crop : crop id
    zone : one of ``ZONES``

    Returns
    -------
    False where it is not grown
    """
    first = [MONTH_OF_DAY[window.first] for window in windows_of(crop, zone)]
    return bool(first) and all(month in SUMMER_SOWING for month in first)


def _day(text: str, where: str) -> int:
    month, _, day = text.partition("-")
    numbers = month.isdigit() and day.isdigit() and 1 <= int(month) <= MONTHS
    if not numbers or not 1 <= int(day) <= MONTH_DAYS[int(month) - 1]:
        raise TableError(f"{where}: a day such as 04-21 expected, got '{text}'")
    return sum(MONTH_DAYS[: int(month) - 1]) + int(day) - 1


def daily_normals(monthly: Floats) -> Floats:
    """Return normals of each day: straight lines between mid-months.

    Parameters
    ----------
    monthly : float64 (n, 12), normals of the months, January first

    Returns
    -------
    float64 (n, 365), in their unit, 1 January first
    """
    after = (MONTH_BEFORE + 1) % MONTHS
    return np.asarray(monthly[:, MONTH_BEFORE] * (1.0 - TOWARDS_NEXT) + monthly[:, after] * TOWARDS_NEXT)


class Run(NamedTuple):
    """Of n plots, the run of days in a window with most degree-days [degC d], its mean temperature and first day."""

    degree_days: Floats
    mean_c: Floats
    first: NDArray[np.int64]


def warmest_run(monthly_mean_c: Floats, base_c: float, cycle_d: int, window: Window) -> Run:
    """Return the run of days inside a window with most degree-days; of equal runs the earliest.

    Parameters
    ----------
    monthly_mean_c : float64 (n, 12) [degC], January first; NaN gives NaN
    base_c : base temperature [degC]
    cycle_d : days of the run; a window shorter than it is the run
    window : run of days of the year it has to lie in

    Returns
    -------
    degree-days, mean temperature and first day on each plot; NaN, NaN and 0 where a month is unknown

    Notes
    -----
    Degree-days = sum over the run of max(normal of the day - base, 0).
    """
    monthly = np.asarray(monthly_mean_c, dtype=np.float64)
    days = min(cycle_d, window.days)
    begin = np.arange(window.first, window.first + starts(window, days)) % YEAR_D
    n = len(monthly)
    best, mean, first = np.full(n, np.nan), np.full(n, np.nan), np.zeros(n, dtype=np.int64)
    known = np.flatnonzero(~np.isnan(monthly).any(axis=1))
    for part in np.split(known, range(ROWS, len(known), ROWS)):
        daily = daily_normals(monthly[part])
        totals = _between(_summed(np.maximum(daily - base_c, 0.0)), begin, days)
        earliest = totals.argmax(axis=1)[:, np.newaxis]
        best[part] = np.take_along_axis(totals, earliest, axis=1)[:, 0]
        mean[part] = np.take_along_axis(_between(_summed(daily), begin, days), earliest, axis=1)[:, 0] / days
        first[part] = begin[earliest[:, 0]]
    return Run(best, mean, first)


def starts(window: Window, days: int) -> int:
    """Return on how many days a run may begin inside a window; the whole year has no end.

    Parameters
    ----------
    window : run of days of the year
    days : of the run, not more than the window's

    Returns
    -------
    number of first days
    """
    return YEAR_D if window.days == YEAR_D else window.days - days + 1


def growing_days(monthly_mean_c: Floats, above_c: float, window: Window) -> tuple[NDArray[np.int64], Floats]:
    """Return the days of a window that are warm enough to grow.

    Parameters
    ----------
    monthly_mean_c : float64 (n, 12) [degC], January first
    above_c : normal mean from which a day counts [degC]
    window : run of days of the year

    Returns
    -------
    int64 (n,), how many days, and float64 (n,), their mean [degC], NaN without any
    """
    daily = daily_normals(np.asarray(monthly_mean_c, dtype=np.float64))
    count, total = np.zeros(len(daily), dtype=np.int64), np.zeros(len(daily))
    for day in range(window.first, window.first + window.days):
        warmth = daily[:, day % YEAR_D]
        grows = warmth >= above_c
        count += grows
        total = total + np.where(grows, warmth, 0.0)
    return count, np.divide(total, count, out=np.full(len(daily), np.nan), where=count > 0)


def _summed(daily: Floats) -> Floats:
    """Return sums up to each day, (n, 366), 0 first."""
    return np.concatenate([np.zeros((len(daily), 1)), np.cumsum(daily, axis=1)], axis=1)


def _between(summed: Floats, begin: NDArray[np.int64], days: int) -> Floats:
    """Return the sums (n, m) of ``days`` days from m days on, over the turn of the year if need be."""
    end = begin + days
    turns = end > YEAR_D
    found = summed[:, np.where(turns, YEAR_D, end)] - summed[:, begin]
    found[:, turns] += summed[:, end[turns] - YEAR_D]
    return np.asarray(found)
