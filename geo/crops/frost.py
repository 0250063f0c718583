"""Damaging nights: the season between them by a stated risk, and the chance of one in a month.

The season says how long a tender crop may stand above ground, the chance how often a tree loses flower, bud or wood.

Night minima are the normals, carried to days by straight lines between mid-months, plus a first-order autoregressive
series. The chance of any night at or below a temperature, from a day to the warmest one, is carried night by night on
a grid of anomalies; nothing is drawn at random. Domain reference 4, C2.
"""

from __future__ import annotations

from functools import lru_cache
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from geo.crops.kernels.season import MONTH_DAYS, YEAR_D
from geo.crops.season import daily_normals

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

NIGHT_SD_K = 3.5  # K, standard deviation of a night's minimum about its normal; default to calibrate
NIGHT_LAG_ONE = 0.6  # -, correlation of the anomalies of one night and the next; default to calibrate
GRID_K = 0.1  # K, cells of the grid of anomalies, and to what normals are rounded
REACH_SD = 4.5  # standard deviations the grid reaches to either side
SPRING_RISK = 0.20  # share of years a damaging night may come later in; default to calibrate
ROWS = 512  # plots carried at a time
YEARS_KEPT = 4_096  # seasons of one year each, some 300 bytes


class Season(NamedTuple):
    """Days of n plots between damaging nights: how many, and the first and the last, counted from 1 on 1 January.

    days : float64 (n,), 0 where midsummer itself is not safe, 365 where no night is feared; NaN unknown. first, last :
    int64 (n,), 0 where there is no such day.
    """

    days: Floats
    first: Ints
    last: Ints


def frost_season(
    monthly_minimum_c: Floats, damage_c: float, *, spring_risk: float = SPRING_RISK, autumn_risk: float = SPRING_RISK
) -> Season:
    """Return the days without a damaging night, but for a stated risk.

    Plots whose normals agree to a tenth of a degree are computed once.

    Parameters
    ----------
    monthly_minimum_c : float64 (n, 12), normal daily minimum [degC], January first; NaN gives NaN
    damage_c : a night at or below it does damage [degC]
    spring_risk : share of the years, 0-1, in which such a night may come after the first day
    autumn_risk : share of the years, 0-1, in which such a night may come before the last day

    Returns
    -------
    days of each plot, the first and the last

    Notes
    -----
    Anomaly of a night = ``NIGHT_LAG_ONE`` x that of the night before + sqrt(1 - ``NIGHT_LAG_ONE``^2) x ``NIGHT_SD_K`` x
    a standard normal number; its distribution is carried night by night from the warmest day outwards.
    """
    known = np.asarray(~np.isnan(monthly_minimum_c).any(axis=1), dtype=np.bool_)
    rounded = np.round(monthly_minimum_c[known] / GRID_K).astype(np.int64)
    kinds, which = np.unique(rounded, axis=0, return_inverse=True)
    days = np.full(len(kinds), np.nan)
    first, last = np.zeros(len(kinds), dtype=np.int64), np.zeros(len(kinds), dtype=np.int64)
    for start in range(0, len(kinds), ROWS):
        part = slice(start, start + ROWS)
        if len(kinds) == 1:
            found = _season_of_one(tuple(kinds[0].tolist()), damage_c, spring_risk, autumn_risk)
        else:
            found = _seasons(kinds[part], damage_c, spring_risk, autumn_risk)
        days[part], first[part], last[part] = found
    result = Season(np.full(len(known), np.nan), np.zeros(len(known), dtype=np.int64), np.zeros(len(known), np.int64))
    for whole, of_kinds in zip(result, (days, first, last), strict=True):
        whole[known] = of_kinds[which.ravel()]
    return result


def _seasons(year: Ints, damage_c: float, spring_risk: float, autumn_risk: float) -> Season:
    """``frost_season`` of years given in ``GRID_K``, int64 (n, 12)."""
    daily = daily_normals(np.asarray(year * GRID_K, dtype=np.float64))
    warmest = daily.argmax(axis=1)
    before = _safe_nights(daily, warmest, -1, damage_c, spring_risk)
    after = _safe_nights(daily, warmest, 1, damage_c, autumn_risk)
    days = np.where((before == 0) | (after == 0), 0, np.minimum(before + after - 1, YEAR_D))
    none = (days == 0) | (days == YEAR_D)
    first = np.where(none, 0, (warmest - before + 1) % YEAR_D + 1)
    last = np.where(none, 0, (warmest + after - 1) % YEAR_D + 1)
    return Season(days.astype(np.float64), first, last)


@lru_cache(maxsize=YEARS_KEPT)
def _season_of_one(year: tuple[int, ...], damage_c: float, spring_risk: float, autumn_risk: float) -> Season:
    """``_seasons`` of one year; plots asked for one by one often share it."""
    return _seasons(np.array([year], dtype=np.int64), damage_c, spring_risk, autumn_risk)


def night_chance(monthly_minimum_c: Floats, damage_c: float, month: int) -> Floats:
    """Return the share of years in which at least one night of a month does damage.

    Plots whose normals agree to a tenth of a degree are computed once.

    Parameters
    ----------
    monthly_minimum_c : float64 (n, 12), normal daily minimum [degC], January first; NaN gives NaN
    damage_c : a night at or below it does damage [degC]
    month : 1-12

    Returns
    -------
    float64 (n,), 0-1

    Notes
    -----
    The nights are those of ``frost_season``; the chance of none so far is carried from the first of the month on.
    """
    known = np.asarray(~np.isnan(monthly_minimum_c).any(axis=1), dtype=np.bool_)
    kinds, which = np.unique(np.round(monthly_minimum_c[known] / GRID_K).astype(np.int64), axis=0, return_inverse=True)
    anomaly, chance, onward = _anomalies()
    first = sum(MONTH_DAYS[: month - 1])
    of_kinds = np.empty(len(kinds))
    for start in range(0, len(kinds), ROWS):
        nights = daily_normals(np.asarray(kinds[start : start + ROWS] * GRID_K))[
            :, first : first + MONTH_DAYS[month - 1]
        ]
        safe = np.ones((len(anomaly), len(nights)))  # chance of no damage from a night on, by its anomaly
        for normal in nights.T[::-1]:
            safe = np.where(anomaly[:, np.newaxis] + normal > damage_c, onward @ safe, 0.0)
        of_kinds[start : start + ROWS] = 1.0 - chance @ safe
    result = np.full(len(known), np.nan)
    result[known] = of_kinds[which.ravel()]
    return result


def _safe_nights(daily: Floats, warmest: Ints, step: int, damage_c: float, risk: float) -> Ints:
    """Count the nights from the warmest day on, itself among them, before the chance of damage exceeds the risk.

    step : 1 towards autumn, -1 towards spring; the anomalies are the same read either way.
    """
    anomaly, chance, onward = _anomalies()
    rows = np.arange(len(daily))
    safe = np.ones((len(anomaly), len(daily)))  # chance of no damage so far, by the anomaly of the night last looked at
    count = np.zeros(len(daily), dtype=np.int64)
    going = np.ones(len(daily), dtype=bool)
    for nights in range(YEAR_D):
        normal = daily[rows, (warmest + step * nights) % YEAR_D]
        carried = safe if nights == 0 else onward @ safe
        safe = np.where(anomaly[:, np.newaxis] + normal > damage_c, carried, 0.0)
        going &= 1.0 - chance @ safe <= risk
        count += going
        if not going.any():
            break
    return count


@lru_cache
def _anomalies() -> tuple[Floats, Floats, Floats]:
    """Anomalies of the grid [K] (k,), the chance of each, and of each given the one of the night before (k, k)."""
    from scipy.special import ndtr  # takes a fifth of a second; most commands do without

    reach = round(REACH_SD * NIGHT_SD_K / GRID_K)
    anomaly = np.arange(-reach, reach + 1, dtype=np.float64) * GRID_K
    edges = np.concatenate([[-np.inf], (anomaly[1:] + anomaly[:-1]) / 2, [np.inf]])
    chance = np.asarray(np.diff(ndtr(edges / NIGHT_SD_K)), dtype=np.float64)
    fresh_k = NIGHT_SD_K * np.sqrt(1.0 - NIGHT_LAG_ONE**2)
    onward = np.asarray(
        np.diff(ndtr((edges[np.newaxis] - NIGHT_LAG_ONE * anomaly[:, np.newaxis]) / fresh_k), axis=1), dtype=np.float64
    )
    return np.asarray(anomaly, dtype=np.float64), chance, onward
