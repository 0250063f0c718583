"""Compiled loops of ``geo.measures.climate``."""

from __future__ import annotations

import numpy as np
from numba import njit

from geo.crops.kernels.season import LANES, MONTHS, YEAR_D, lay_out


@njit(cache=True, nogil=True)
def _known(monthly, i):
    known = True
    for month in range(MONTHS):
        known &= monthly[i, month] == monthly[i, month]
    return known


@njit(cache=True, nogil=True)
def _degree_days(monthly, base_c, window_d, result, start, stop):
    above = np.empty((YEAR_D, LANES))
    total, best = np.empty(LANES), np.empty(LANES)
    for first in range(start, stop, LANES):
        count = min(LANES, stop - first)
        lay_out(monthly, first, count, above)
        total[:] = 0.0
        for day in range(YEAR_D):
            for lane in range(LANES):
                above[day, lane] = max(above[day, lane] - base_c, 0.0)
        for day in range(window_d):
            for lane in range(LANES):
                total[lane] += above[day, lane]
        best[:] = total
        for day in range(1, YEAR_D):
            last = day + window_d - 1
            last = last if last < YEAR_D else last - YEAR_D
            for lane in range(LANES):
                total[lane] += above[last, lane] - above[day - 1, lane]
                best[lane] = max(best[lane], total[lane])
        for lane in range(count):
            result[first + lane] = best[lane] if _known(monthly, first + lane) else np.nan


@njit(cache=True, nogil=True)
def _frost_free_days(monthly, above_c, result, start, stop):
    minimum = np.empty((YEAR_D, LANES))
    longest, run, from_new_year = np.empty(LANES), np.empty(LANES), np.empty(LANES)
    for first in range(start, stop, LANES):
        count = min(LANES, stop - first)
        lay_out(monthly, first, count, minimum)
        longest[:], run[:], from_new_year[:] = 0.0, 0.0, -1.0
        for day in range(YEAR_D):
            for lane in range(LANES):
                free = minimum[day, lane] > above_c
                began = run[lane] if from_new_year[lane] < 0.0 else from_new_year[lane]
                from_new_year[lane] = from_new_year[lane] if free else began
                run[lane] = run[lane] + 1.0 if free else 0.0
                longest[lane] = max(longest[lane], run[lane])
        for lane in range(count):
            # The run that ends the year goes on at new year; without any frost the year is one run.
            whole = from_new_year[lane] < 0.0
            found = YEAR_D if whole else max(longest[lane], run[lane] + from_new_year[lane])
            result[first + lane] = found if _known(monthly, first + lane) else np.nan
