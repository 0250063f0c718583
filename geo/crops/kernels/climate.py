"""How normal years of some plots suit all crops, side by side in lanes: ``geo.crops.climate`` in one compiled pass.

Sums of days are made once for each base temperature; a run of days is the difference of two of them, in the order the
plain reference takes them, so that both agree to the last bit.
"""

from __future__ import annotations

import numpy as np
from numba import njit

from geo.crops.climate import FEWEST_GROWING_D, LEAST_HEAT
from geo.crops.kernels.season import LANES, MONTHS, YEAR_D, lay_out
from geo.crops.season import LOWLAND_BELOW_M

KNOTS = 5  # of a side of limits
MIDSUMMER = 196  # day of the year in the middle of July, around which heat is sought first
TRAPEZOID, CYCLE_MEAN, GROWING_MEAN = range(3)  # what a crop's climate is rated by


@njit(cache=True, nogil=True, error_model="numpy")
def rate_side(value, knots, levels, rises, crop, side):
    """Rating 0-1 of a known value by one side of limits (crops, sides, 5); 1 where there is no such side."""
    if value < knots[crop, side, 0]:
        return levels[crop, side, 0]
    if value >= knots[crop, side, KNOTS - 1]:
        return levels[crop, side, KNOTS - 1]
    if knots[crop, side, 0] <= value:
        j = 0
        while value >= knots[crop, side, j + 1]:
            j += 1
        return rises[crop, side, j] * (value - knots[crop, side, j]) + levels[crop, side, j]
    return 1.0


@njit(cache=True, nogil=True, error_model="numpy")
def climates(seasons, mean, elevation, first, count, room, rating, heat, short):
    """Fill rating, heat and short, each (crops, LANES), of plots first..first+count.

    rating : -1 where the crop is not grown, NaN unknown. heat : ratio, NaN unknown; of crops not rated by
    their cycle that of a run that suffices. short : 1 where too few days grow.
    room : arrays to work in, from ``make_room``.
    """
    month, daily, warmth, above, warm, best, total, mean_best, days_grown, zone, known = room
    by, corners, knots, levels, rises, base, bases_c, gdd, dormant_below_c, of, window = seasons
    lay_out(mean, first, count, daily)
    for lane in range(LANES):
        plot = min(first + lane, first + count - 1)
        zone[lane] = 0 if elevation[plot] < LOWLAND_BELOW_M else 1
        known[lane] = 1
        for m in range(MONTHS):
            month[m, lane] = mean[plot, m]
            known[lane] = known[lane] if mean[plot, m] == mean[plot, m] else 0
        warmth[0, lane] = 0.0
        above[:, 0, lane] = 0.0
    for day in range(YEAR_D):
        for lane in range(LANES):
            warmth[day + 1, lane] = warmth[day, lane] + daily[day, lane]
    for b in range(len(bases_c)):
        for day in range(YEAR_D):
            for lane in range(LANES):
                above[b, day + 1, lane] = above[b, day, lane] + max(daily[day, lane] - bases_c[b], 0.0)
    for crop in range(len(by)):
        for lane in range(LANES):
            rating[crop, lane], heat[crop, lane], short[crop, lane] = -1.0, np.nan, 0
        if by[crop] == TRAPEZOID:
            _warmths(corners, crop, month, warm)
        for z in range(2):
            held = 0
            for lane in range(LANES):
                held += zone[lane] == z
            if held == 0:
                continue
            for w in range(of[crop, z, 0], of[crop, z, 0] + of[crop, z, 1]):
                if window[w, 3] > 0:
                    if by[crop] == CYCLE_MEAN:
                        _warmest(above, warmth, base[crop], window, w, best, total, mean_best)
                    else:
                        _warm_enough(above, base[crop], window, w, LEAST_HEAT * gdd[crop], zone, z, best)
                    for lane in range(LANES):
                        if zone[lane] == z:
                            ratio = best[lane] / gdd[crop]
                            heat[crop, lane] = ratio if not heat[crop, lane] >= ratio else heat[crop, lane]
                if by[crop] == TRAPEZOID:
                    _worst(warm, window, w, total, best)
                elif by[crop] == GROWING_MEAN:
                    _growing(daily, dormant_below_c[crop], window, w, days_grown, mean_best)
                for lane in range(LANES):
                    if zone[lane] != z:
                        continue
                    if by[crop] == TRAPEZOID:
                        found = best[lane]
                    elif by[crop] == GROWING_MEAN and days_grown[lane] == 0:
                        found = 0.0
                    else:
                        found = min(
                            rate_side(mean_best[lane], knots, levels, rises, crop, 0),
                            rate_side(mean_best[lane], knots, levels, rises, crop, 1),
                        )
                    if found > rating[crop, lane]:
                        rating[crop, lane] = found
                        short[crop, lane] = by[crop] == GROWING_MEAN and days_grown[lane] < FEWEST_GROWING_D
        for lane in range(LANES):
            if known[lane] == 0:
                heat[crop, lane], short[crop, lane] = np.nan, 0
                if of[crop, zone[lane], 1] > 0:
                    rating[crop, lane] = np.nan


@njit(cache=True, nogil=True)
def make_room(bases):
    """Return arrays ``climates`` works in, for one thread."""
    return (
        np.empty((MONTHS, LANES)),
        np.empty((YEAR_D, LANES)),
        np.empty((YEAR_D + 1, LANES)),
        np.empty((bases, YEAR_D + 1, LANES)),
        np.empty((2 * MONTHS, LANES)),
        np.empty(LANES),
        np.empty(LANES),
        np.empty(LANES),
        np.empty(LANES, dtype=np.int64),
        np.empty(LANES, dtype=np.int64),
        np.empty(LANES, dtype=np.int64),
    )


@njit(cache=True, nogil=True, error_model="numpy")
def _warmths(corners, crop, month, warm):
    """Fill the rating of each month of two years by a trapezoid; a cycle may go on in the next one."""
    low, optimum_low, optimum_high, high = corners[crop, 0], corners[crop, 1], corners[crop, 2], corners[crop, 3]
    for m in range(MONTHS):
        for lane in range(LANES):
            warmth = month[m, lane]
            up = 1.0 if warmth >= optimum_low else (warmth - low) / (optimum_low - low)
            down = 1.0 if warmth <= optimum_high else (high - warmth) / (high - optimum_high)
            warm[m, lane] = warm[MONTHS + m, lane] = min(max(min(up, down), 0.0), 1.0)


@njit(cache=True, nogil=True, error_model="numpy")
def _worst(warm, window, w, worst, best):
    """Fill best with the worst month of the shortest cycle at its best start inside a window."""
    begin, months, length = window[w, 4], window[w, 5], window[w, 6]
    places = MONTHS if months == MONTHS else months - length + 1
    best[:] = -1.0
    for first in range(begin, begin + places):
        for lane in range(LANES):
            worst[lane] = warm[first % MONTHS, lane]
        for m in range(first + 1, first + length):
            for lane in range(LANES):
                worst[lane] = min(worst[lane], warm[m % MONTHS, lane])
        for lane in range(LANES):
            best[lane] = max(best[lane], worst[lane])


@njit(cache=True, nogil=True, error_model="numpy")
def _warmest(above, warmth, base, window, w, best, total, mean_best):
    """Fill degree-days and mean temperature of the run in a window with most degree-days; of equals the earliest."""
    begin, days, places = window[w, 0], window[w, 2], window[w, 3]
    best[:], mean_best[:] = -1.0, np.nan
    for start in range(begin, begin + places):
        first = start if start < YEAR_D else start - YEAR_D
        last = first + days
        if last <= YEAR_D:
            for lane in range(LANES):
                total[lane] = above[base, last, lane] - above[base, first, lane]
                mean = (warmth[last, lane] - warmth[first, lane]) / days
                better = total[lane] > best[lane]
                mean_best[lane] = mean if better else mean_best[lane]
                best[lane] = total[lane] if better else best[lane]
        else:
            for lane in range(LANES):
                total[lane] = (above[base, YEAR_D, lane] - above[base, first, lane]) + above[base, last - YEAR_D, lane]
                mean = ((warmth[YEAR_D, lane] - warmth[first, lane]) + warmth[last - YEAR_D, lane]) / days
                better = total[lane] > best[lane]
                mean_best[lane] = mean if better else mean_best[lane]
                best[lane] = total[lane] if better else best[lane]


@njit(cache=True, nogil=True, error_model="numpy")
def _warm_enough(above, base, window, w, need, zone, z, best):
    """Fill degree-days of a run in a window that suffices, of the best run where none does; midsummer is tried first.

    What suffices is taken a little high, so that no rounding lets a run pass that the best run would not.
    """
    begin, days, places = window[w, 0], window[w, 2], window[w, 3]
    guess = (MIDSUMMER - days // 2 - begin) % YEAR_D
    best[:] = -1.0
    for step in range(-1, places):
        start = begin + (step if step >= 0 else min(guess, places - 1))
        first = start if start < YEAR_D else start - YEAR_D
        last = first + days
        enough = 0
        for lane in range(LANES):
            if last <= YEAR_D:
                total = above[base, last, lane] - above[base, first, lane]
            else:
                total = (above[base, YEAR_D, lane] - above[base, first, lane]) + above[base, last - YEAR_D, lane]
            best[lane] = max(best[lane], total)
            enough += zone[lane] != z or best[lane] > need * (1.0 + 1e-9)
        if enough == LANES:
            return


@njit(cache=True, nogil=True, error_model="numpy")
def _growing(daily, above_c, window, w, days_grown, mean):
    """Fill how many days of a window have a normal mean of above_c or more, and their mean."""
    begin, days = window[w, 0], window[w, 1]
    days_grown[:], mean[:] = 0, 0.0
    for start in range(begin, begin + days):
        day = start if start < YEAR_D else start - YEAR_D
        for lane in range(LANES):
            grows = daily[day, lane] >= above_c
            days_grown[lane] += 1 if grows else 0
            mean[lane] += daily[day, lane] if grows else 0.0
    for lane in range(LANES):
        mean[lane] = mean[lane] / days_grown[lane]
