"""Ratios of a balance by month, as its layers and whatever is judged by them have them."""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from geo.measures.water_balance import AT_BEST, AT_WORST
from geo.water.need.periods import Periods
from geo.water.network.conveyance import Between

Floats = NDArray[np.float64]

DIGITS = 4  # of a ratio


def tell_months(ratios: Between, need_m3: Floats, periods: Periods) -> pd.DataFrame:
    """Return ratios by month, at worst and at best.

    Parameters
    ----------
    ratios : float64 (rows, periods), lesser and greater ends, NaN unknown.
    need_m3 : float64 (rows, periods), NaN unknown.
    periods : months, or ten-day parts, the worst of which stands for its month; where one that needs water is not
        known, nor is the month.

    Returns
    -------
    pd.DataFrame : columns ``ratio_01`` to ``ratio_12`` and ``ratio_best_01`` to ``ratio_best_12``, cut to four digits:
        a ratio is never told as more than it is; and ``unneeded``, months in which nothing is needed. Rows of a
        scenario's balance in this form, with ``code``, ``year_type`` and ``rule``, are what land is judged by in the
        place of ``area_balance``.
    """
    idle = need_m3 == 0  # an unknown need is not nothing
    found: dict[str, object] = {}
    for end, name in zip(ratios, (AT_WORST, AT_BEST), strict=True):
        for month in range(1, 13):
            parts = periods.month == month
            unknown = (np.isnan(end) & ~idle)[:, parts].any(axis=1)
            found[name.format(month=month)] = cut_ratio(np.where(unknown, np.nan, least_known(end[:, parts])))
    whole = np.stack([idle[:, periods.month == month].all(axis=1) for month in range(1, 13)], axis=1)
    return pd.DataFrame(found).assign(unneeded=pd.array([_listed(row) for row in whole], dtype=object))


def _listed(months: NDArray[np.bool_]) -> str | None:
    """Months as two digits each, January 01; None where there is none."""
    return " ".join(f"{month + 1:02d}" for month in np.flatnonzero(months)) or None


def least_known(values: Floats) -> Floats:
    """Return the least of what is known along periods; NaN where nothing is."""
    least = np.where(np.isnan(values), np.inf, values).min(axis=1, initial=np.inf)
    return np.where(np.isinf(least), np.nan, least)


def cut_ratio(values: Floats | np.float64) -> Floats:
    """Return ratios cut to the digits they are told with; what differs from one by less than reckoning is that one."""
    return np.asarray(np.floor(values * 10.0**DIGITS + 1e-6) / 10.0**DIGITS)
