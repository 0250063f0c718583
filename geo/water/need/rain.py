"""Rain that crops can use, by the month or by ten days, after three methods.

A method is a rule for months. Ten days are a third of a month: they get a third of what a month of three such would.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final, Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from geo.errors import TableError

Floats = NDArray[np.float64]
Period = Literal["month", "decade"]

SHARE_OF_MONTH = {"month": 1.0, "decade": 1.0 / 3.0}  # -, length of a period, as FAO CROPWAT counts ten days


def effective_rain_scs_mm(rain_mm: ArrayLike, period: Period = "month") -> Floats:
    """Return the rain of a period that crops can use, by USDA-SCS.

    Parameters
    ----------
    rain_mm : rain of the period, mm.
    period : month or decade, which is ten days.

    Returns
    -------
    float64, mm, shape of ``rain_mm``; continuous at 250 mm a month.

    Notes
    -----
    Pe = P (125 - 0.2 P) / 125 up to 250 mm a month, 125 + 0.1 P above; by ten days P (125 - 0.6 P) / 125 up to 250 / 3
    mm, 125 / 3 + 0.1 P above; USDA Soil Conservation Service, as in FAO CROPWAT.
    """

    def usable(rain: Floats) -> Floats:
        return np.where(rain <= 250, rain * (125 - 0.2 * rain) / 125, 125 + 0.1 * rain)

    return _as_of_month(rain_mm, period, usable)


def effective_rain_dependable_mm(rain_mm: ArrayLike, period: Period = "month") -> Floats:
    """Return the rain of a period that crops can count on in 80 % of years.

    Parameters
    ----------
    rain_mm : rain of the period, mm.
    period : month or decade, which is ten days.

    Returns
    -------
    float64, mm, shape of ``rain_mm``; continuous at 70 mm a month, never below 0.

    Notes
    -----
    Pe = 0.6 P - 10 up to 70 mm a month, 0.8 P - 24 above; dependable rain of FAO CROPWAT.
    """
    return _as_of_month(rain_mm, period, lambda rain: np.where(rain <= 70, 0.6 * rain - 10, 0.8 * rain - 24))


def effective_rain_manual_3_mm(rain_mm: ArrayLike, period: Period = "month") -> Floats:
    """Return the rain of a period that crops can use, by FAO Training Manual 3; for slopes of at most 4 to 5 %.

    Parameters
    ----------
    rain_mm : rain of the period, mm.
    period : month or decade, which is ten days.

    Returns
    -------
    float64, mm, shape of ``rain_mm``; continuous at 75 mm a month, never below 0.

    Notes
    -----
    Pe = 0.6 P - 10 up to 75 mm a month, 0.8 P - 25 above.

    References
    ----------
    Brouwer and Heibloem 1986: Irrigation water needs. FAO Irrigation Water Management Training Manual 3, chapter 4.
    """
    return _as_of_month(rain_mm, period, lambda rain: np.where(rain <= 75, 0.6 * rain - 10, 0.8 * rain - 25))


_RULES: Final[Mapping[str, Callable[[ArrayLike, Period], Floats]]] = {
    "scs": effective_rain_scs_mm,
    "dependable": effective_rain_dependable_mm,
    "manual-3": effective_rain_manual_3_mm,
}
RAIN_METHODS: Final = tuple(_RULES)


def _as_of_month(rain_mm: ArrayLike, period: Period, usable: Callable[[Floats], Floats]) -> Floats:
    """Usable rain of a period by the formula of a month, as if all of the month were like it; never below 0."""
    share = SHARE_OF_MONTH[period]
    return np.asarray(np.maximum(usable(np.asarray(rain_mm, dtype=np.float64) / share), 0.0) * share)


def effective_rain_mm(rain_mm: ArrayLike, method: str, period: Period = "month") -> Floats:
    """Return the rain of a period that crops can use, by a method told by its name.

    Parameters
    ----------
    rain_mm : rain of the period, mm.
    method : one of ``RAIN_METHODS``.
    period : month or decade, which is ten days.

    Returns
    -------
    float64, mm, shape of ``rain_mm``; NaN where the rain is unknown.

    Raises
    ------
    TableError : a method or a period that is not known, or rain below 0.
    """
    if method not in _RULES:
        raise TableError(f"effective rain '{method}' is not one of {', '.join(RAIN_METHODS)}")
    if period not in SHARE_OF_MONTH:
        raise TableError(f"period '{period}' is not one of {', '.join(SHARE_OF_MONTH)}")
    if (np.asarray(rain_mm, dtype=np.float64) < 0).any():
        raise TableError("rain of 0 mm or more expected, got less")
    return _RULES[method](rain_mm, period)
