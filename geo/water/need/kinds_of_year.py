"""Dry, normal and wet years from a record of years: how much rain their months have, and what evaporates."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import numpy as np
from numpy.typing import ArrayLike, NDArray

from geo.errors import TableError

Floats = NDArray[np.float64]

MONTHS = 12
FEWEST_RAIN_YEARS = 20  # years that a dry year can be told from; default to calibrate
FEWEST_MEAN_YEARS = 5  # years that a mean of what varies little can be told from; default to calibrate

# Kind of year -> share of years with at least its rain (Smith, FAO Irrigation and Drainage Paper 46, 1992).
EXCEEDED: Final[Mapping[str, float]] = {"dry": 0.80, "normal": 0.50, "wet": 0.20}


def rain_by_kind_of_year(rain_mm: ArrayLike) -> dict[str, Floats]:
    """Return the rain of the months of a dry, a normal and a wet year.

    Parameters
    ----------
    rain_mm : (years, 12), mm a month; whole years, none unknown.

    Returns
    -------
    dict[str, Floats] : kind of year -> float64 (12,), mm a month.

    Raises
    ------
    TableError : fewer than ``FEWEST_RAIN_YEARS`` years, or a month that is unknown or negative.

    Notes
    -----
    Totals of the years are ranked, the m-th largest of N is exceeded in m / (N + 1) of years (Weibull); totals between
    two of them lie on the line between. Each month has its share of the mean year: P_month = mean_month x P_year /
    mean_year. Where it never rained all is 0.

    References
    ----------
    M. Smith, "CROPWAT, a computer program for irrigation planning and management", FAO Irrigation and Drainage Paper
    46, 1992, chapter 3.
    """
    rain = _whole_years(rain_mm, FEWEST_RAIN_YEARS)
    mean = rain.mean(axis=0)
    if not mean.any():
        return {kind: np.zeros(MONTHS) for kind in EXCEEDED}
    totals = rain.sum(axis=1)
    reached = np.quantile(totals, [1.0 - share for share in EXCEEDED.values()], method="weibull")
    return {kind: mean * total / mean.sum() for kind, total in zip(EXCEEDED, reached.tolist(), strict=True)}


def mean_of_years(values: ArrayLike) -> Floats:
    """Return the mean of each month over the years, for what differs little from year to year.

    Parameters
    ----------
    values : (years, 12), one unit; whole years, none unknown.

    Returns
    -------
    float64 (12,), in the unit given.

    Raises
    ------
    TableError : fewer than ``FEWEST_MEAN_YEARS`` years, or a month that is unknown or negative.
    """
    return np.asarray(_whole_years(values, FEWEST_MEAN_YEARS).mean(axis=0))


def _whole_years(values: ArrayLike, fewest: int) -> Floats:
    table = np.asarray(values, dtype=np.float64).reshape(-1, MONTHS)
    if len(table) < fewest:
        raise TableError(f"{fewest} whole years expected, {len(table)} given")
    if not (table >= 0.0).all():  # NaN is not
        year, month = np.argwhere(~(table >= 0.0))[0]
        raise TableError(f"month {month + 1} of year {year + 1}: a number of 0 or more expected")
    return table
