"""Water by month: how much of the need of a command area is met in each, and which months count for a crop."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from typing import NamedTuple

import numpy as np

from geo.contract.columns import numbers, texts
from geo.contract.criterion import Block, Criterion, Floats
from geo.crops.kernels.season import MONTHS
from geo.crops.season import LOWLAND_BELOW_M, ZONES
from geo.crops.water_months import IRRIGATED, Months, months_that_count
from geo.errors import NotAssessed
from geo.measures.climate import plot_height_m
from geo.measures.reference_et import reference_et_mm_d
from geo.water.irrigation import SDR_CAP
from geo.water.network.conveyance import Between

WATER_MONTH = "month in which water is shortest"
SHORT_FROM = "first month in which water is short"
SECOND_CROP = "water of July to September"
DRY = "dry"  # kind of year the ratio is judged for; domain reference 6.5: the 80 % dependable flow


class Shortest(NamedTuple):
    """Ratio of n plots in the month in which water is shortest for their reference crop.

    value : NaN where none is on record. worst, best : ends of what it may be where a month that counts is not on record
    or where it is not known which months count; NaN where the value is exact or unknown. month : 1-12, NaN where it is
    not known. short_from : first month with less than is needed, NaN where there is none or it is not known.
    """

    value: Floats
    worst: Floats
    best: Floats
    month: Floats
    short_from: Floats


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


def shortest(block: Block, monthly: Between, whole_year: Floats, criterion: Criterion) -> Shortest:
    """Return the least ratio over the months in which the reference crop of each plot needs water.

    Of a crop with several windows the best one counts; a plot of unknown height may have the months of either zone. A
    month that counts and is not on record has at least the ratio of the whole year, which is that of its worst month.

    Parameters
    ----------
    block : n plots and what lies around them
    monthly : float64 (n, 12), ratios of each plot's area, their lesser and greater ends, NaN not on record
    whole_year : float64 (n,), ratio of the worst month of the year, NaN not on record
    criterion : coarsest grids of heights and climate accepted

    Returns
    -------
    Shortest of the n plots
    """
    coarsest_m = np.inf if criterion.coarsest_m is None else criterion.coarsest_m
    height_m, et0_mm_d = np.full(len(block), np.nan), np.full((len(block), MONTHS), np.nan)
    with suppress(NotAssessed):
        height_m = block.once(plot_height_m, coarsest_m)
    recorded, seen = ~np.isnan(monthly.worst).all(axis=1), np.zeros(len(block), dtype=bool)
    if recorded.any():
        with suppress(NotAssessed):
            et0_mm_d = block.once(reference_et_mm_d, coarsest_m)
    at_zone = {"lowland": ~(height_m >= LOWLAND_BELOW_M), "mountain": ~(height_m < LOWLAND_BELOW_M)}
    nothing = np.full(len(block), np.nan)
    found = Shortest(whole_year.copy(), whole_year.copy(), whole_year.copy(), nothing.copy(), nothing.copy())
    for crop in np.unique(block.judgement.crop).tolist():
        for zone in ZONES:
            rows = np.flatnonzero(recorded & (block.judgement.crop == crop) & at_zone[zone])
            windows = months_that_count(crop, zone, et0_mm_d[rows]) or (_all_months(len(rows)),)
            here = _best_window(Between(monthly.worst[rows], monthly.best[rows]), whole_year[rows], windows)
            # Of a plot that may lie in either zone the lesser counts, and nothing where one of them is not on record.
            less = ~seen[rows] | np.isnan(here.worst) | (here.worst < found.worst[rows])
            best = np.where(seen[rows], np.fmax(found.best[rows], here.best), here.best)
            for into, new in zip(found, here, strict=True):
                into[rows] = np.where(less, new, into[rows])
            found.best[rows] = best
            seen[rows] = True
    partly = found.worst < found.best
    worst, best = (np.where(partly, end, np.nan) for end in (found.worst, found.best))
    return found._replace(worst=worst, best=best)


def beside_ratio(found: Shortest, monthly: Floats) -> dict[str, Floats]:
    """Return what is told beside the ratio of n plots.

    Parameters
    ----------
    found : of the plots
    monthly : float64 (n, 12), lesser ends of the ratios of each plot's area, NaN not on record

    Returns
    -------
    text -> float64 (n,): the shortest month and the first short one, and the least ratio of July to September
    """
    summer = np.min(monthly[:, [6, 7, 8]], axis=1)
    return {WATER_MONTH: found.month, SHORT_FROM: found.short_from, SECOND_CROP: summer}


def _all_months(count: int) -> Months:
    counts = np.broadcast_to(IRRIGATED, (count, MONTHS))
    return Months(counts, counts)


def _best_window(monthly: Between, whole_year: Floats, windows: Sequence[Months]) -> Shortest:
    """Return the window whose worst ratio is highest; both ends stand on every row, the high one of all windows."""
    every = [_of_window(monthly, whole_year, months) for months in windows]
    # Of a window nothing is known of it may have all there is.
    best = np.max([np.where(np.isnan(one.value), SDR_CAP, one.best) for one in every], axis=0)
    found = every[0]
    for other in every[1:]:
        better = other.worst > found.worst
        found = Shortest(*(np.where(better, new, old) for new, old in zip(other, found, strict=True)))
    return found._replace(best=np.where(np.isnan(found.value), np.nan, best))


def _of_window(monthly: Between, whole_year: Floats, months: Months) -> Shortest:
    counts, missing = months.possible, np.isnan(monthly.worst)
    known, at_best = (np.where(counts & ~missing, end, np.inf) for end in monthly)
    some, every = (counts & ~missing).any(axis=1), ~(counts & missing).any(axis=1)
    sure = (months.certain == counts).all(axis=1)
    value = np.where(some, known.min(axis=1), whole_year)
    worst = np.where(some & ~every, np.minimum(value, np.nan_to_num(whole_year, nan=0.0)), value)
    # Of months that may count at least one does.
    highest = np.where(every, np.where(counts, monthly.best, -np.inf).max(axis=1), SDR_CAP)
    best = np.where(some & ~sure, highest, np.where(some, at_best.min(axis=1), value))
    # A month is told where it is the same whatever is not known.
    low, high = (_month_and_first(end) for end in (known, at_best))
    shown = every & sure
    month, short_from = (np.where(shown & (here == there), here, np.nan) for here, there in zip(low, high, strict=True))
    return Shortest(value, worst, best, month, short_from)


def _month_and_first(ratios: Floats) -> tuple[Floats, Floats]:
    """The month of the least ratio, and the first with less than is needed, 1-12, NaN none."""
    below = ratios < 1.0
    return ratios.argmin(axis=1) + 1.0, np.where(below.any(axis=1), below.argmax(axis=1) + 1.0, np.nan)
