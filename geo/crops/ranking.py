"""Which crops suit each of many plots, best first: all crops on a plot in one compiled pass.

The same, to the last bit, as ``geo.crops.ratings`` gives crop by crop; a crop is left as soon as one of its factors
shows that it does not suit.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache, partial
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from geo.compiled.threads import over_blocks
from geo.crops.catalogue import Crop, crops
from geo.crops.climate import CYCLE_TEMPERATURE, months_of, runs_of
from geo.crops.kernels import ranking as kernels
from geo.crops.kernels.climate import CYCLE_MEAN, GROWING_MEAN, KNOTS
from geo.crops.kernels.ranking import NO_COLUMN, NO_CROP
from geo.crops.ratings import FROSTS, MINOR, SLOPE_COLUMNS, Ground, strictest
from geo.crops.season import ZONES, is_summer_crop, windows_of

Floats = NDArray[np.float64]
Ranks = NDArray[np.int8]
Whole = NDArray[np.int64]

FACTORS = (*SLOPE_COLUMNS.values(), "salinity", "depth", *MINOR)
NO_FROST = -1
NO_BASE = -1


class CropTable(NamedTuple):
    """What c crops ask for, as arrays.

    altitude_max_m : (c,), NaN none. tree, contrast : 1 yes (c,). frost : which of ``FROSTS``, -1 not tender (c,).
    above_ground_d : (c,). summer : 1 where it is sown after grain, by zone (c, 2). knots, levels, rises : of the low
    and the high side of each of ``FACTORS``, (c x factors, 2, 5), NaN without that side. has : 1 where a crop has
    limits of a factor (c, factors). good : range of each minor factor that is S1 for every crop with limits of it
    (minor, 2).
    """

    altitude_max_m: Floats
    tree: NDArray[np.int64]
    contrast: NDArray[np.int64]
    frost: NDArray[np.int64]
    above_ground_d: Floats
    summer: NDArray[np.int64]
    knots: Floats
    levels: Floats
    rises: Floats
    has: NDArray[np.int64]
    good: Floats


class Seasons(NamedTuple):
    """What c crops ask of a year, as arrays.

    by : one of the three ways (c,). corners : of the trapezoid [degC] (c, 4). knots, levels, rises : of the limits of
    the mean temperature of the cycle, both sides, (c, 2, 5), NaN without. base : which of ``bases_c`` [degC] (c,), -1
    without heat on record. gdd : (c,). dormant_below_c : (c,). of : first window and how many of each crop and zone,
    (c, 2, 2). window : first day, days, days of the run, on how many days it may begin, first month, months, months of
    the shortest cycle, (w, 7).
    """

    by: Whole
    corners: Floats
    knots: Floats
    levels: Floats
    rises: Floats
    base: Whole
    bases_c: Floats
    gdd: Floats
    dormant_below_c: Floats
    of: Whole
    window: Whole


def rank(ground: Ground) -> Ranks:
    """Return the crops that suit n plots, best first.

    The order is by grade, by index, by the crop that comes first of equals, by the table.

    Parameters
    ----------
    ground : what is known of n plots

    Returns
    -------
    int8 (n, crops), then -1. A code is ``len(GRADES) * crop + grade``: the crop's number in its table, and class S1 or
        S2 or that it stands apart.
    """
    table, seasons = crop_table()
    n = len(ground)
    order = np.full((n, len(table.tree)), NO_CROP, dtype=np.int8)
    column = list(SLOPE_COLUMNS).index(ground.slope_column) if ground.slope_column in SLOPE_COLUMNS else NO_COLUMN
    slope = ground.slope_rating if column == NO_COLUMN else ground.slope_pct
    soil = _floats(np.column_stack([ground.soil[name] for name in MINOR]))
    capped = ground.unknown().any(axis=1)
    of_plots = (slope, ground.salinity_ds_m, ground.elevation_m, ground.mean_c, ground.depth_cm, ground.tree_depth_cm)
    water = (ground.groundwater_m, ground.torrent_level, ground.frost_season_d, ground.summer_water)
    plots = (*map(_floats, of_plots), *map(_floats, water), soil, ground.saltless, capped, ground.first)
    over_blocks(partial(kernels.rank_each, table, seasons, column, plots, order), n)
    return order


def _floats(values: Floats) -> Floats:
    return np.ascontiguousarray(values, dtype=np.float64)


@lru_cache
def crop_table() -> tuple[CropTable, Seasons]:
    """Return the crops that ship with Obod as arrays, in the order of their table.

    Returns
    -------
    what they ask for, and what they ask of a year
    """
    rows = list(crops().values())
    return tabled(rows), lay_seasons(rows)


def tabled(rows: Sequence[Crop]) -> CropTable:
    """Return what crops ask for as arrays.

    Parameters
    ----------
    rows : c crops

    Returns
    -------
    arrays in the order of ``rows``
    """
    knots = np.full((len(rows) * len(FACTORS), 2, KNOTS), np.nan)
    levels = np.full(knots.shape, np.nan)
    has = np.zeros((len(rows), len(FACTORS)), dtype=np.int64)
    for number, crop in enumerate(rows):
        for factor, name in enumerate(FACTORS):
            sides = crop.sides(name)
            has[number, factor] = sides is not None
            for side, line in enumerate(sides or ()):
                if line is not None:
                    place = number * len(FACTORS) + factor, side
                    knots[place], levels[place] = line
    frosts = [
        FROSTS.index((crop.frost_damage_c, crop.autumn_frost_risk_pct)) if crop.frost_tender else NO_FROST
        for crop in rows
    ]
    return CropTable(
        altitude_max_m=np.array([crop.altitude_max_m for crop in rows]),
        tree=np.array([crop.tree for crop in rows], dtype=np.int64),
        contrast=np.array([crop.contrast for crop in rows], dtype=np.int64),
        frost=np.array(frosts, dtype=np.int64),
        above_ground_d=np.array([crop.above_ground_d for crop in rows]),
        summer=np.array([[is_summer_crop(crop.id, zone) for zone in ZONES] for crop in rows], dtype=np.int64),
        knots=knots,
        levels=levels,
        rises=np.diff(levels) / np.where(np.diff(knots) > 0.0, np.diff(knots), np.nan),
        has=has,
        good=np.array([strictest(name) for name in MINOR]),
    )


def lay_seasons(rows: Sequence[Crop]) -> Seasons:
    """Return what crops ask of a year as arrays.

    Parameters
    ----------
    rows : c crops

    Returns
    -------
    arrays in the order of ``rows``
    """
    bases = sorted({crop.base_c for crop in rows if not np.isnan(crop.base_c)})
    of, window = np.zeros((len(rows), len(ZONES), 2), dtype=np.int64), list[tuple[int, ...]]()
    by = np.zeros(len(rows), dtype=np.int64)
    knots, levels = np.full((len(rows), 2, KNOTS), np.nan), np.full((len(rows), 2, KNOTS), np.nan)
    for number, crop in enumerate(rows):
        limits = crop.limits.get(CYCLE_TEMPERATURE)
        if limits is not None and not np.isnan(crop.field_cycle_d):
            by[number] = CYCLE_MEAN if np.isnan(crop.dormant_below_c) else GROWING_MEAN
            for side, line in enumerate(limits.sides()):
                if line is not None:
                    knots[number, side], levels[number, side] = line
        for zone, name in enumerate(ZONES):
            found = windows_of(crop.id, name)
            of[number, zone] = len(window), len(found)
            for one in found:
                first, months = months_of(one)
                window.append((*one, *runs_of(crop, one), first, months, min(crop.months, months)))
    return Seasons(
        by=by,
        corners=np.array([(t.low, t.optimum_low, t.optimum_high, t.high) for t in (c.temperature for c in rows)]),
        knots=knots,
        levels=levels,
        rises=np.diff(levels) / np.where(np.diff(knots) > 0.0, np.diff(knots), np.nan),
        base=np.array([NO_BASE if np.isnan(crop.base_c) else bases.index(crop.base_c) for crop in rows]),
        bases_c=np.array(bases),
        gdd=np.array([crop.gdd for crop in rows]),
        dormant_below_c=np.array([crop.dormant_below_c for crop in rows]),
        of=of,
        window=np.array(window, dtype=np.int64).reshape(-1, 7),
    )


def numbered(rows: Ranks) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return the distinct rows among many.

    Parameters
    ----------
    rows : int8 (n, k)

    Returns
    -------
    int64 (n,), which of the distinct rows each is, and where each of them first stands
    """
    which, first = np.empty(len(rows), dtype=np.int64), np.empty(len(rows), dtype=np.int64)
    slots = np.full(2 ** (2 * len(rows)).bit_length(), -1, dtype=np.int64)  # a power of two, at most half of it filled
    found = kernels.number_rows(rows, slots, which, first)
    return which, first[:found]
