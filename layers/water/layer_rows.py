"""Rows of the layers of water balances: what areas and canal reaches get by month, with a scenario and without one."""

from __future__ import annotations

from typing import Any, Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from geo.water.along_reaches import AlongReaches
from geo.water.balance import Balance, Fields
from geo.water.irrigation import SECONDS_PER_DAY
from geo.water.need.periods import Periods
from geo.water.network.conveyance import Between
from geo.water.network.parts import Reaches
from layers.water.month_ratios import least_known, tell_months

Floats = NDArray[np.float64]

ENOUGH, FAIR, SHORT = 0.90, 0.75, 0.50  # -, ratios that tell supplies apart; knots of W1, domain reference 4.1
FLOW_DIGITS: Final = 4  # of m3/s


def rows_of_areas(fields: Fields, found: Balance, periods: Periods) -> pd.DataFrame:
    """Return what command areas get, in their order, as ``area_balance`` has it without canal, year, rule and number.

    Parameters
    ----------
    fields : float64 (areas, periods) need, m3, NaN unknown.
    found : their balance.
    periods : of both.
    """
    return _rows(found.ratio, fields.need_m3, periods).assign(
        code=fields.code.astype(object), distance_m=np.round(found.distance_m)
    )


def rows_of_reaches(reaches: Reaches, along: AlongReaches, periods: Periods) -> pd.DataFrame:
    """Return what land beyond canal reaches gets, in their order, as ``reach_balance`` has it without year and rule.

    Parameters
    ----------
    reaches : as they are mapped.
    along : sums of a balance over them.
    periods : of the balance.
    """
    seconds = periods.days * SECONDS_PER_DAY
    return (
        _rows(along.ratio, along.need_m3, periods)
        .filter(regex="^(?!ratio_best_)")
        .assign(
            code=reaches.code.astype(object),
            canal=np.array([canal or None for canal in reaches.canal.tolist()], dtype=object),
            flow_m3_s=np.round(_greatest(along.taken_m3.best / seconds), FLOW_DIGITS),
            lost_m3=np.round(along.lost_m3.best.sum(axis=1)),
        )
    )


def _rows(ratios: Between, need_m3: Floats, periods: Periods) -> pd.DataFrame:
    """What areas and reaches have alike; of a month in parts the worst part counts.

    The worst month of those that are known is the worst of the year only where none that needs water is unknown.
    """
    months = tell_months(ratios, need_m3, periods)
    by_month, at_best = (months.iloc[:, k : k + 12].to_numpy(dtype=np.float64) for k in (0, 12))
    known = ~(np.isnan(ratios.worst) & (need_m3 != 0)).any(axis=1) & ~np.isnan(by_month).all(axis=1)
    ratio, greatest = (np.where(known, least_known(end), np.nan) for end in (by_month, at_best))
    worst_month = np.zeros(len(ratio), dtype=np.int64)
    worst_month[known] = np.nanargmin(by_month[known], axis=1) + 1
    supply = np.select(
        [~known, ratio >= ENOUGH, ratio >= FAIR, ratio >= SHORT], ["unknown", "enough", "fair", "short"], "scarce"
    )
    of_year: dict[str, Any] = {
        "supply": supply,
        "ratio": ratio,
        "ratio_best": greatest,
        "worst_month": pd.arrays.IntegerArray(worst_month, ~known),
        "need_m3": np.round(need_m3.sum(axis=1)),
    }
    return months.assign(**of_year)


def _greatest(values: Floats) -> Floats:
    return -least_known(-values)
