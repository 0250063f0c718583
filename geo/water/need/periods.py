"""The periods a year is planned in: months, or the three ten-day parts of each month."""

from __future__ import annotations

from datetime import date
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from geo.errors import TableError

MONTH_DAYS = (31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)  # d, of a year that is not a leap year
YEAR_D = 365
DECADES = 3  # ten-day parts of a month: 1-10, 11-20, 21 to its end
SPLITS = {"month": 1, "decade": DECADES}


class Periods(NamedTuple):
    """Periods of a year, in order.

    by : month or decade. month : int64 (p,), 1-12. part : int64 (p,), 0 for a whole month, else 1-3. first_day : int64
    (p,), day of the year the period begins on, from 0. days : int64 (p,), its length.
    """

    by: str
    month: NDArray[np.int64]
    part: NDArray[np.int64]
    first_day: NDArray[np.int64]
    days: NDArray[np.int64]


def periods_of_year(by: str) -> Periods:
    """Return the periods of a year of 365 days.

    Parameters
    ----------
    by : month (12 periods) or decade (36 periods).

    Returns
    -------
    Periods : they follow each other without a gap from the first of January.

    Raises
    ------
    TableError : another word.
    """
    if by not in SPLITS:
        raise TableError(f"periods by '{by}' are not known: month or decade expected")
    months = np.repeat(np.arange(1, 13), SPLITS[by])
    if by == "month":
        days, part = np.array(MONTH_DAYS), np.zeros(12, dtype=np.int64)
    else:
        days = np.ravel([(10, 10, length - 20) for length in MONTH_DAYS])
        part = np.tile(np.arange(1, DECADES + 1), 12)
    first = np.concatenate([[0], np.cumsum(days)[:-1]])
    return Periods(by, months.astype(np.int64), part, first.astype(np.int64), days.astype(np.int64))


def day_of_year(month: int, day: int) -> int:
    """Return the number of a day in a year of 365 days.

    Parameters
    ----------
    month : 1-12.
    day : of the month, from 1.

    Returns
    -------
    int : 0 for the first of January.

    Raises
    ------
    TableError : a day that is not in the calendar of such a year.
    """
    try:
        return (date(2001, month, day) - date(2001, 1, 1)).days
    except ValueError:
        raise TableError(f"day {month:02d}-{day:02d} is not in the calendar") from None
