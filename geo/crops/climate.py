"""How a normal year suits a crop, one crop on many plots: the plain reference of what ``ranking`` does in one pass.

The rating is that of the mean temperature of the cycle by the crop's own limits; a crop without such limits has the
ECOCROP trapezoid, by the worst month of its shortest cycle. Both lie inside the crop's windows, the best counts.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from geo.crops.catalogue import Crop
from geo.crops.kernels.season import MONTH_OF_DAY, MONTHS, YEAR_D
from geo.crops.season import (
    LOWLAND_BELOW_M,
    ZONES,
    Window,
    growing_days,
    starts,
    warmest_run,
    windows_of,
)

Floats = NDArray[np.float64]
LEAST_HEAT = 0.7  # ratio of heat there is to heat needed, below which a crop is not relevant; domain reference 4, C1
CYCLE_TEMPERATURE = "cycle_temperature"
FEWEST_GROWING_D = 90  # days of a winter crop's window that are warm enough to grow; with fewer its class falls by one


class ClimateRating(NamedTuple):
    """How the year suits a crop on n plots.

    rating : 0-1, NaN unknown. heat_ratio : heat there is to heat needed, NaN unknown. start_month : the best run starts
    in (1-12), 0 unknown. short : too few days are warm enough. grown : the crop is grown there at all.
    """

    rating: Floats
    heat_ratio: Floats
    start_month: NDArray[np.int8]
    short: NDArray[np.bool_]
    grown: NDArray[np.bool_]


def rate_climate(crop: Crop, mean_c: Floats, elevation_m: Floats) -> ClimateRating:
    """Rate normal years for a crop.

    Parameters
    ----------
    crop : what it asks for
    mean_c : float64 (n, 12), monthly mean temperature [degC], January first; NaN unknown
    elevation_m : float64 (n,), metres; decides whose windows hold, and 0 above the crop's greatest altitude

    Returns
    -------
    rating, heat and start of the best run on each plot
    """
    n = len(mean_c)
    result = ClimateRating(
        np.full(n, np.nan), np.full(n, np.nan), np.zeros(n, np.int8), np.zeros(n, bool), np.ones(n, bool)
    )
    lowland = elevation_m < LOWLAND_BELOW_M
    for zone, here in zip(ZONES, (lowland, ~lowland), strict=True):
        windows = windows_of(crop.id, zone)
        rows = np.flatnonzero(here)
        if not windows:
            result.grown[rows] = False
        for place, found in enumerate(_in_window(crop, mean_c[rows], window) for window in windows):
            better = np.ones(len(rows), dtype=bool) if place == 0 else found.rating > result.rating[rows]
            for into, new in ((result.rating, found.rating), (result.start_month, found.start_month)):
                into[rows[better]] = new[better]
            result.short[rows[better]] = found.short[better]
            known = np.fmax(result.heat_ratio[rows], found.heat_ratio)
            result.heat_ratio[rows] = known
    too_high = elevation_m > crop.altitude_max_m
    result.rating[too_high] = 0.0
    return result


def _in_window(crop: Crop, mean_c: Floats, window: Window) -> ClimateRating:
    n = len(mean_c)
    unknown = np.isnan(mean_c).any(axis=1)
    short, heat = np.zeros(n, dtype=bool), np.full(n, np.nan)
    limits = crop.limits.get(CYCLE_TEMPERATURE)
    run = None
    if not np.isnan(crop.field_cycle_d) and not np.isnan(crop.base_c):
        run = warmest_run(mean_c, crop.base_c, int(crop.field_cycle_d), window)
        heat = run.degree_days / crop.gdd
    if limits is None or run is None:
        rating, start = _worst_month(crop, mean_c, window)
    elif np.isnan(crop.dormant_below_c):
        rating, start = limits.rating(run.mean_c), MONTH_OF_DAY[run.first]
    else:
        days, mean = growing_days(mean_c, crop.dormant_below_c, window)
        rating = np.where(days > 0, limits.rating(mean), 0.0)
        start = np.full(n, MONTH_OF_DAY[window.first])
        short = (days < FEWEST_GROWING_D) & ~unknown
    return ClimateRating(
        np.where(unknown, np.nan, rating),
        np.where(unknown, np.nan, heat),
        np.where(unknown, 0, start).astype(np.int8),
        short,
        np.ones(n, dtype=bool),
    )


def _worst_month(crop: Crop, mean_c: Floats, window: Window) -> tuple[Floats, NDArray[np.int64]]:
    """Rate the worst month of the shortest cycle at its best start inside a window; of equals the first."""
    warm = crop.temperature(mean_c)
    first, months = months_of(window)
    length = min(crop.months, months)
    best, start = np.full(len(mean_c), -1.0), np.zeros(len(mean_c), dtype=np.int64)
    for month in range(first, first + (MONTHS if months == MONTHS else months - length + 1)):
        worst = warm[:, month % MONTHS]
        for later in range(month + 1, month + length):
            worst = np.minimum(worst, warm[:, later % MONTHS])
        better = worst > best
        best, start = np.where(better, worst, best), np.where(better, month % MONTHS + 1, start)
    return best, start


def months_of(window: Window) -> tuple[int, int]:
    """Return the months a window touches.

    Parameters
    ----------
    window : run of days of the year

    Returns
    -------
    month it begins in (0-11), and how many it touches
    """
    last = window.first + window.days - 1
    first = int(MONTH_OF_DAY[window.first]) - 1
    return first, int(MONTH_OF_DAY[last % YEAR_D]) - 1 - first + MONTHS * (last // YEAR_D) + 1


def runs_of(crop: Crop, window: Window) -> tuple[int, int]:
    """Return the run of days of a crop in a window.

    Parameters
    ----------
    crop : what it asks for
    window : run of days of the year

    Returns
    -------
    days the run takes, and on how many days it may begin; 0 and 0 for a crop without heat on record
    """
    if np.isnan(crop.field_cycle_d) or np.isnan(crop.base_c):
        return 0, 0
    days = min(int(crop.field_cycle_d), window.days)
    return days, starts(window, days)
