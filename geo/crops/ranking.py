"""Which crops suit each of many plots, best first: all crops on a plot in one compiled pass.

The same numbers, to the last bit, as ``geo.crops.ratings.rank_crops`` gives crop by crop; a crop is left as soon as one
of its factors shows that it does not suit.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache, partial
from math import sqrt
from typing import NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

from geo.compiled.threads import over_blocks
from geo.crops.ratings import CLASS_FROM, SLOPE_FACTORS, SOIL_FACTORS, Crop, Ground, crops

Floats = NDArray[np.float64]
Ranks = NDArray[np.int8]

MONTHS = 12
LANES = 8  # plots whose climate is rated side by side, as many numbers as a wide register holds
WORKS, SOILS = len(SLOPE_FACTORS), len(SOIL_FACTORS)
LOW, HIGH = 0, 1  # sides of the limits of a factor
KNOTS = 5  # of a side
NO_CROP = -1
NO_WORK = -1  # a kind of work no slope limits are made for
SUITS_FROM = CLASS_FROM["S2"]
HOPELESS = SUITS_FROM / 100 * (1 - 1e-9)  # rating below which rounding cannot lift the index of a crop to S2


class CropTable(NamedTuple):
    """What c crops ask for, as arrays.

    corners : of the temperature trapezoid [degC], (c, 4). months : of the shortest cycle, (c,). altitude_max_m : (c,).
    salinity : threshold [dS/m] and slope [%/dS/m], (c, 2), NaN unknown. knots, levels : of the low and the high side of
    each slope and soil factor, (c, factors, 2, 5), NaN without that side. rises : of the lines between them, a unit.
    """

    corners: Floats
    months: NDArray[np.int64]
    altitude_max_m: Floats
    salinity: Floats
    knots: Floats
    levels: Floats
    rises: Floats


def rank(ground: Ground) -> tuple[Ranks, NDArray[np.bool_]]:
    """Return the crops that suit n plots and whether any crop could be rated there at all.

    The first is int8 (n, crops): numbers of the crops of class S1 or S2 in the order of their table, best first, then
    -1; of equals the first of the table comes first. The second is bool (n,).
    """
    n, table = len(ground.slope_pct), crop_table()
    order = np.full((n, len(table.months)), NO_CROP, dtype=np.int8)
    rated = np.zeros(n, dtype=np.bool_)
    work = np.full(n, NO_WORK, dtype=np.int64)
    for number, name in enumerate(SLOPE_FACTORS):
        work[ground.work == name] = number
    soil = np.column_stack([np.asarray(ground.soil[name], dtype=np.float64) for name in SOIL_FACTORS])
    columns = (ground.slope_pct, ground.salinity_ds_m, ground.elevation_m, ground.mean_c)
    slope, salinity, elevation, mean = (np.ascontiguousarray(column, dtype=np.float64) for column in columns)
    over_blocks(partial(_rank, table, slope, work, salinity, elevation, mean, soil, order, rated), n)
    return order, rated


@lru_cache
def crop_table() -> CropTable:
    """Return the crops that ship with Obod as arrays, in the order of their table."""
    return tabled(list(crops().values()))


def tabled(rows: Sequence[Crop]) -> CropTable:
    """Return crops as arrays."""
    factors = (*SLOPE_FACTORS.values(), *SOIL_FACTORS)
    knots = np.full((len(rows), len(factors), 2, KNOTS), np.nan)
    levels = np.full(knots.shape, np.nan)
    for number, crop in enumerate(rows):
        for factor, name in enumerate(factors):
            sides = crop.limits[name].sides() if name in crop.limits else (None, None)
            for side, line in enumerate(sides):
                if line is not None:
                    knots[number, factor, side], levels[number, factor, side] = line
    suited = [crop.temperature for crop in rows]
    return CropTable(
        corners=np.array([(t.low, t.optimum_low, t.optimum_high, t.high) for t in suited], dtype=np.float64),
        months=np.array([crop.months for crop in rows], dtype=np.int64),
        altitude_max_m=np.array([crop.altitude_max_m for crop in rows], dtype=np.float64),
        salinity=np.array([crop.salinity for crop in rows], dtype=np.float64),
        knots=knots,
        levels=levels,
        rises=np.diff(levels) / np.where(np.diff(knots) > 0.0, np.diff(knots), np.nan),
    )


def numbered(rows: Ranks) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return for each row of (n, k) which of the distinct rows it is, int64 (n,), and where each first stands."""
    which, first = np.empty(len(rows), dtype=np.int64), np.empty(len(rows), dtype=np.int64)
    slots = np.full(2 ** (2 * len(rows)).bit_length(), -1, dtype=np.int64)  # a power of two, at most half of it filled
    found = _number(rows, slots, which, first)
    return which, first[:found]


@njit(cache=True, nogil=True)
def _number(rows, slots, which, first):  # type: ignore[no-untyped-def]
    """Number distinct rows in the order they come in by an open hash table; return how many there are."""
    found = 0
    for i in range(len(rows)):
        place = np.uint64(14_695_981_039_346_656_037)  # FNV-1a, 64 bits
        for k in range(rows.shape[1]):
            place = (place ^ np.uint64(rows[i, k] & 0xFF)) * np.uint64(1_099_511_628_211)
        slot = np.int64(place ^ (place >> np.uint64(32))) & (len(slots) - 1)
        while True:
            known = slots[slot]
            if known < 0:
                slots[slot] = which[i] = found
                first[found] = i
                found += 1
                break
            same = True
            for k in range(rows.shape[1]):
                same &= rows[i, k] == rows[first[known], k]
            if same:
                which[i] = known
                break
            slot = (slot + 1) & (len(slots) - 1)
    return found


@njit(cache=True, nogil=True, error_model="numpy")
def _rank(table, slope, work, salinity, elevation, mean, soil, order, rated, start, stop):  # type: ignore[no-untyped-def]
    """Fill order and rated for plots start..stop.

    No array is sliced on the way: two threads that count the users of the same array wait for each other.
    """
    corners, months, altitude_max_m, of_salt, knots, levels, rises = table
    count = len(months)
    climate, shares, best = np.empty((count, LANES)), np.empty(3 + SOILS), np.empty(count)
    month, warm = np.empty((MONTHS, LANES)), np.empty((2 * MONTHS, LANES))
    for i in range(start, stop):
        lane = (i - start) % LANES
        if lane == 0:
            for m in range(MONTHS):
                for other in range(LANES):
                    month[m, other] = mean[min(i + other, stop - 1), m]
            for crop in range(count):
                _climates(month, corners, months, crop, warm, climate)
        suited = 0
        for crop in range(count):
            by_slope = _slope(knots, levels, rises, crop, work[i], slope[i])
            too_high = elevation[i] > altitude_max_m[crop]
            known = climate[crop, lane] == climate[crop, lane]
            if by_slope != by_slope or not (known or too_high):
                continue
            rated[i] = True
            shares[0], shares[1] = climate[crop, lane], by_slope
            if too_high or shares[0] < HOPELESS or shares[1] < HOPELESS:
                continue
            shares[2] = worst = _relative_yield(salinity[i], of_salt[crop, 0], of_salt[crop, 1])
            for k in range(SOILS):
                shares[3 + k] = 1.0
                if soil[i, k] == soil[i, k]:
                    shares[3 + k] = _rating(knots, levels, rises, crop, WORKS + k, soil[i, k])
                    worst = min(worst, shares[3 + k])
            if worst < HOPELESS:
                continue
            index = _index(shares)
            if index < SUITS_FROM:
                continue
            place = suited
            while place > 0 and best[place - 1] < index:
                best[place], order[i, place] = best[place - 1], order[i, place - 1]
                place -= 1
            best[place], order[i, place] = index, crop
            suited += 1


@njit(cache=True, nogil=True, error_model="numpy")
def _index(shares):  # type: ignore[no-untyped-def]
    """Square-root index of ratings 0-1; one that is not known is 1, which changes nothing.

    Factors come in the order of ``geo.crops.ratings.rate_crop``, for the last bit of a product depends on it.
    """
    lowest = 0
    for k in range(len(shares)):
        shares[k] = shares[k] * 100 / 100
        if shares[k] < shares[lowest]:
            lowest = k
    others = 1.0
    for k in range(len(shares)):
        others *= 1.0 if k == lowest else shares[k]
    return 100 * shares[lowest] * sqrt(others)


@njit(cache=True, nogil=True, error_model="numpy")
def _climates(month, corners, months, crop, warm, climate):  # type: ignore[no-untyped-def]
    """Fill climate[crop] with the ``ratings.climate_rating`` of some plots, side by side; NaN unknown.

    month : temperatures (12, LANES). warm : room for the rating of each month of two years, (24, LANES); a cycle may go
    on in the next one.
    """
    low, optimum_low, optimum_high, high = corners[crop, 0], corners[crop, 1], corners[crop, 2], corners[crop, 3]
    for m in range(MONTHS):
        for lane in range(LANES):
            warmth = month[m, lane]
            up = 1.0 if warmth >= optimum_low else (warmth - low) / (optimum_low - low)
            down = 1.0 if warmth <= optimum_high else (high - warmth) / (high - optimum_high)
            warm[m, lane] = warm[MONTHS + m, lane] = min(max(min(up, down), 0.0), 1.0)
    done = 1  # months that warm[first] is the worst of, from each first on
    while done < months[crop]:
        step = min(done, months[crop] - done)
        for first in range(2 * MONTHS - step):
            for lane in range(LANES):
                warm[first, lane] = min(warm[first, lane], warm[first + step, lane])
        done += step
    for lane in range(LANES):
        climate[crop, lane] = warm[0, lane]
    for first in range(1, MONTHS):
        for lane in range(LANES):
            climate[crop, lane] = max(climate[crop, lane], warm[first, lane])
    for m in range(MONTHS):
        for lane in range(LANES):
            climate[crop, lane] = climate[crop, lane] if month[m, lane] == month[m, lane] else np.nan


@njit(cache=True, nogil=True, error_model="numpy")
def _slope(knots, levels, rises, crop, work, slope):  # type: ignore[no-untyped-def]
    """Rating of a slope for a kind of work; 1 for a crop without any limits of slope, NaN where it cannot be said."""
    if work >= 0 and _has(knots, crop, work):
        return _rating(knots, levels, rises, crop, work, slope) if slope == slope else np.nan
    limited = False
    for factor in range(WORKS):
        limited |= _has(knots, crop, factor)
    return np.nan if limited else 1.0


@njit(cache=True, nogil=True, error_model="numpy")
def _relative_yield(salinity, threshold, slope):  # type: ignore[no-untyped-def]
    """Share 0-1 of ``geo.water.irrigation.relative_yield_pct``, 1 where either is not known."""
    beyond = salinity - threshold
    left = 100 - slope * (0.0 if beyond < 0.0 else beyond)
    if left != left:
        return 1.0
    return max(left, 0.0) / 100


@njit(cache=True, nogil=True, error_model="numpy")
def _has(knots, crop, factor):  # type: ignore[no-untyped-def]
    """Whether a crop has limits of a factor."""
    low, high = knots[crop, factor, LOW, 0], knots[crop, factor, HIGH, 0]
    return low == low or high == high


@njit(cache=True, nogil=True, error_model="numpy")
def _rating(knots, levels, rises, crop, factor, value):  # type: ignore[no-untyped-def]
    """Rating 0-1 of ``geo.crops.ratings.Limits.rating`` of a known value; 1 on a side that has no limits."""
    rating = 1.0
    for side in range(2):
        if value < knots[crop, factor, side, 0]:
            rating = min(rating, levels[crop, factor, side, 0])
        elif value >= knots[crop, factor, side, KNOTS - 1]:
            rating = min(rating, levels[crop, factor, side, KNOTS - 1])
        elif knots[crop, factor, side, 0] <= value:
            j = 0
            while value >= knots[crop, factor, side, j + 1]:
                j += 1
            rise = rises[crop, factor, side, j] * (value - knots[crop, factor, side, j])
            rating = min(rating, rise + levels[crop, factor, side, j])
    return rating
