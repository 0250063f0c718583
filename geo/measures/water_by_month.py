"""Water by month: how much of the need of a command area is met in each, and which months count for a crop."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from typing import NamedTuple

import numpy as np

from geo.contract.columns import numbers, texts
from geo.contract.criterion import Block, Criterion, Floats
from geo.crops.kernels.season import MONTHS
from geo.crops.season import IRRIGATION_MONTHS, LOWLAND_BELOW_M, ZONES, watered_months
from geo.errors import NotAssessed
from geo.measures.climate import plot_height_m

WATER_MONTH = "month in which water is shortest"
SECOND_CROP = "water of July to September"
DRY = "dry"  # kind of year the ratio is judged for; domain reference 6.5: the 80 % dependable flow


class Shortest(NamedTuple):
    """Ratio of n plots in the month in which water is shortest for their reference crop.

    value : NaN where none is on record. worst : what it may be where a month that counts is not on record, NaN where
    the value is exact or unknown. month : 1-12, NaN where it is not known.
    """

    value: Floats
    worst: Floats
    month: Floats


def monthly_ratios(block: Block) -> Floats:
    """Return the supply-demand ratios of each command area in a dry year.

    Parameters
    ----------
    block : plots and what lies around them

    Returns
    -------
    float64 (areas + 1, 12), January first, NaN not on record; the last row, for no area, is NaN
    """
    areas = texts(block.layer("command_areas"), "code")
    found = np.full((len(areas) + 1, MONTHS), np.nan)
    if "command_months" not in block.nearby:
        return found
    rows = block.layer("command_months")
    rows = rows[texts(rows, "year_type") == DRY]
    place = {name: number for number, name in enumerate(areas)}
    area = np.array([place.get(name, -1) for name in texts(rows, "command_area")], dtype=np.int64)
    known = area >= 0
    month = numbers(rows, "month").astype(np.int64) - 1
    found[area[known], month[known]] = numbers(rows, "ratio")[known]
    return found


def shortest(block: Block, monthly: Floats, whole_year: Floats, criterion: Criterion) -> Shortest:
    """Return the least ratio over the months in which the reference crop of each plot needs water.

    Of a crop with several windows the best one counts; a plot of unknown height counts the months of both zones. A
    month that counts and is not on record has at least the ratio of the whole year, which is that of its worst month.

    Parameters
    ----------
    block : n plots
    monthly : float64 (n, 12), ratios of each plot's area, NaN not on record
    whole_year : float64 (n,), ratio of the worst month of the year, NaN not on record
    criterion : coarsest height grid accepted

    Returns
    -------
    Shortest of the n plots
    """
    height_m = np.full(len(block), np.nan)
    with suppress(NotAssessed):
        height_m = block.once(plot_height_m, np.inf if criterion.coarsest_m is None else criterion.coarsest_m)
    at_zone = {"lowland": ~(height_m >= LOWLAND_BELOW_M), "mountain": ~(height_m < LOWLAND_BELOW_M)}
    value, worst, month = whole_year.copy(), whole_year.copy(), np.full(len(block), np.nan)
    recorded, seen = ~np.isnan(monthly).all(axis=1), np.zeros(len(block), dtype=bool)
    for crop in np.unique(block.judgement.crop).tolist():
        for zone in ZONES:
            rows = np.flatnonzero(recorded & (block.judgement.crop == crop) & at_zone[zone])
            windows = watered_months(crop, zone) or (IRRIGATION_MONTHS,)
            here = _best_window(monthly[rows], whole_year[rows], windows)
            less = ~seen[rows] | (here.worst < worst[rows])
            for into, found in zip((value, worst, month), here, strict=True):
                into[rows] = np.where(less, found, into[rows])
            seen[rows] = True
    return Shortest(value, np.where(worst < value, worst, np.nan), month)


def _best_window(monthly: Floats, whole_year: Floats, windows: Sequence[Sequence[int]]) -> Shortest:
    """Return the least ratio of the window whose least is highest; ``worst`` stands on every row."""
    found = Shortest(np.full(len(monthly), np.nan), np.full(len(monthly), -np.inf), np.full(len(monthly), np.nan))
    for months in windows:
        ratios = monthly[:, np.array(months) - 1]
        missing = np.isnan(ratios)
        known = np.where(missing, np.inf, ratios)
        some, every = ~missing.all(axis=1), ~missing.any(axis=1)
        value = np.where(some, known.min(axis=1), whole_year)
        worst = np.where(some & ~every, np.minimum(value, np.nan_to_num(whole_year, nan=0.0)), value)
        month = np.where(every, np.array(months)[known.argmin(axis=1)], np.nan)
        better = np.isinf(found.worst) | (worst > found.worst)
        for into, new in zip(found, (value, worst, month), strict=True):
            into[better] = new[better]
    return found
