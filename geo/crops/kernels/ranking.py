"""Compiled loops of ``geo.crops.ranking``."""

from __future__ import annotations

from math import sqrt

import numpy as np
from numba import njit

from geo.crops.climate import LEAST_HEAT
from geo.crops.kernels.climate import climates, make_room, rate_side
from geo.crops.kernels.season import LANES
from geo.crops.ratings import (
    ANNUAL_DROWNED_M,
    ANNUAL_WATER_M,
    CLASS_FROM,
    HELD,
    LEAST_FROST_MARGIN_D,
    LEAST_SUMMER_WATER,
    MEASURED_BAD,
    MINOR,
    NO_SALT_RATING,
    RATED_S3,
    S2,
    SLOPE_COLUMNS,
    TORRENT_LEVEL,
    TREE_DEPTH_CM,
    TREE_WATER_M,
)
from geo.crops.season import LOWLAND_BELOW_M

MANY_MINOR = len(MINOR)
SALINITY = len(SLOPE_COLUMNS)  # places of factors in the table of crops
DEPTH, FIRST_MINOR, MANY_FACTORS = SALINITY + 1, SALINITY + 2, SALINITY + 2 + len(MINOR)
GYPSUM, ESP = (4 + MINOR.index(name) for name in MEASURED_BAD)  # places among the ratings of a crop on a plot
CORE = 4 + len(MINOR) - len(HELD)  # climate, slope, salinity, depth, and coarse fragments
NO_CROP = -1
NO_LIMITS = -1.0
NO_COLUMN = -1  # slope is rated by the scheme's own table
GRADES = ("S1", "S2", "apart")  # a crop that suits, and one that would if it had limits for all that decides
MANY_GRADES, APART = len(GRADES), GRADES.index("apart")
SUITS_FROM, BEST_FROM = CLASS_FROM["S2"], CLASS_FROM["S1"]
HOPELESS = SUITS_FROM / 100 * (1 - 1e-9)  # rating below which rounding cannot lift the index of a crop to S2


@njit(cache=True, nogil=True)
def number_rows(rows, slots, which, first):
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
def rank_each(table, seasons, column, plots, order, start, stop):
    """Fill order for plots start..stop.

    No array is sliced on the way: two threads that count the users of the same array wait for each other. What shuts a
    crop out and what is rated cheaply comes first; the minor factors are rated of few crops.
    """
    (
        slope,
        salinity,
        elevation,
        mean,
        depth,
        tree_depth,
        water,
        torrent,
        season,
        summer_water,
        soil,
        saltless,
        capped,
        first,
    ) = plots
    altitude_max_m, trees, contrast, frosts, above_ground_d, summer, knots, levels, rises, has, good = table
    count = len(trees)
    room = make_room(len(seasons.bases_c))
    climate, heat = np.empty((count, LANES)), np.empty((count, LANES))
    short = np.empty((count, LANES), dtype=np.int64)
    low, best = np.empty(4 + MANY_MINOR), np.empty(count)
    for i in range(start, stop):
        lane = (i - start) % LANES
        if lane == 0:
            climates(seasons, mean, elevation, i, min(LANES, stop - i), room, climate, heat, short)
        suited = 0
        for crop in range(count):
            if contrast[crop] == 1 or climate[crop, lane] < HOPELESS or heat[crop, lane] < LEAST_HEAT:
                continue
            tree, frost = trees[crop] == 1, frosts[crop]
            if _shut_out(tree, depth[i], water[i], torrent[i]) or elevation[i] > altitude_max_m[crop]:
                continue
            if frost >= 0 and season[i, frost] - above_ground_d[crop] < LEAST_FROST_MARGIN_D:
                continue
            if summer_water[i] < LEAST_SUMMER_WATER and summer[crop, 0 if elevation[i] < LOWLAND_BELOW_M else 1] == 1:
                continue
            low[0] = climate[crop, lane]
            low[1] = slope[i] if column == NO_COLUMN else _rating(has, knots, levels, rises, crop, column, slope[i])
            low[2] = _rating(has, knots, levels, rises, crop, SALINITY, salinity[i])
            if salinity[i] != salinity[i] and saltless[i]:
                low[2] = NO_SALT_RATING
            low[3] = _rating(has, knots, levels, rises, crop, DEPTH, tree_depth[i] if tree else depth[i])
            lacking, hopeless, known = False, False, 0
            for k in range(4):
                known += low[k] == low[k]
                if low[k] == NO_LIMITS:  # known, but the crop has no limits of it: it would suit if it were met
                    lacking, low[k] = True, 1.0
                hopeless |= low[k] < HOPELESS
            if hopeless or known == 0:
                continue
            limit = capped[i] or (frost >= 0 and season[i, frost] != season[i, frost])
            for k in range(MANY_MINOR):
                low[4 + k] = np.nan
                if has[crop, FIRST_MINOR + k] == 1:
                    low[4 + k] = _rating(has, knots, levels, rises, crop, FIRST_MINOR + k, soil[i, k])
                elif soil[i, k] < good[k, 0] or soil[i, k] > good[k, 1]:
                    limit = True  # not good, and the crop has no limits of it
            index, core = _index(low, 4 + MANY_MINOR), _index(low, CORE)
            if core < SUITS_FROM:
                continue
            falls = short[crop, lane] + (water[i] < (TREE_WATER_M if tree else ANNUAL_WATER_M))
            bad = low[GYPSUM] < RATED_S3 or low[ESP] < RATED_S3
            grade = (_class_of(index) if bad else min(_class_of(index), S2)) + falls  # lime and the like hold at S2
            if limit:
                grade = max(grade, S2)
            if grade > S2:
                continue
            if lacking:
                grade, index = APART, 0.0
            place = suited
            while place > 0 and _comes_after(order[i, place - 1], best[place - 1], grade, index, crop == first[i]):
                best[place], order[i, place] = best[place - 1], order[i, place - 1]
                place -= 1
            best[place], order[i, place] = index, MANY_GRADES * crop + grade
            suited += 1


@njit(cache=True, nogil=True, error_model="numpy")
def _shut_out(tree, depth, water, torrent):
    """Whether soil, groundwater or torrents leave no room for a kind of crop; what is not known shuts nothing out."""
    if tree:
        return depth < TREE_DEPTH_CM or water < TREE_WATER_M or torrent >= TORRENT_LEVEL
    return water < ANNUAL_WATER_M - ANNUAL_DROWNED_M


@njit(cache=True, nogil=True, error_model="numpy")
def _rating(has, knots, levels, rises, crop, factor, value):
    """Rating 0-1 of a value, NaN where it is not known, ``NO_LIMITS`` where it is but the crop has no limits of it."""
    if value != value:
        return np.nan
    if has[crop, factor] == 0:
        return NO_LIMITS
    row = crop * MANY_FACTORS + factor
    below = rate_side(value, knots, levels, rises, row, 0)
    return min(below, rate_side(value, knots, levels, rises, row, 1))


@njit(cache=True, nogil=True, error_model="numpy")
def _class_of(index):
    return 0 if index >= BEST_FROM else S2 if index >= SUITS_FROM else S2 + 1


@njit(cache=True, nogil=True, error_model="numpy")
def _index(low, count):
    """Square-root index of the first ``count`` ratings 0-1; one that is not known is 1, which changes nothing.

    Factors come in the order of ``geo.crops.ratings.rate_crop``, for the last bit of a product depends on it.
    """
    lowest, least = 0, np.inf
    for k in range(count):
        share = 1.0 if low[k] != low[k] else 100 * low[k] / 100
        if share < least:
            lowest, least = k, share
    others = 1.0
    for k in range(count):
        if k != lowest and low[k] == low[k]:
            others *= 100 * low[k] / 100
    return 100 * least * sqrt(others)


@njit(cache=True, nogil=True, error_model="numpy")
def _comes_after(code, index, grade, other, preferred):
    """Whether a crop that has its place comes after another of that grade and index."""
    own = code % MANY_GRADES
    return own > grade or (own == grade and (index < other or (index == other and preferred)))
