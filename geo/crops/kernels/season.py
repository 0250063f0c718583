"""Compiled loops and tables of ``geo.crops.season``."""

from __future__ import annotations

import numpy as np
from numba import njit
from numpy.typing import NDArray

MONTH_DAYS = (31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)
YEAR_D = sum(MONTH_DAYS)
MONTHS = len(MONTH_DAYS)
LANES = 8  # plots whose days are laid out side by side, as many numbers as a wide register holds


def between_months() -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """Return for each day the month whose middle lies before it, and how far it is towards the next one, 0-1."""
    middle = np.cumsum(MONTH_DAYS) - np.array(MONTH_DAYS) / 2
    around = np.concatenate([[middle[-1] - YEAR_D], middle, [middle[0] + YEAR_D]])
    day = np.arange(YEAR_D) + 0.5
    after = np.searchsorted(around, day)
    share = (day - around[after - 1]) / (around[after] - around[after - 1])
    return (after - 2) % MONTHS, share


MONTH_BEFORE, TOWARDS_NEXT = between_months()
MONTH_OF_DAY = np.repeat(np.arange(1, MONTHS + 1), MONTH_DAYS)


@njit(cache=True, nogil=True)
def lay_out(monthly, first, count, daily):
    """Fill daily (365, LANES) with the values of some plots, side by side, on each day of the year."""
    month = np.empty((MONTHS, LANES))
    for m in range(MONTHS):
        for lane in range(LANES):
            month[m, lane] = monthly[min(first + lane, first + count - 1), m]
    for day in range(YEAR_D):
        before, towards = MONTH_BEFORE[day], TOWARDS_NEXT[day]
        after = before + 1 if before + 1 < MONTHS else 0
        for lane in range(LANES):
            daily[day, lane] = month[before, lane] * (1.0 - towards) + month[after, lane] * towards
