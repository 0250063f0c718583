"""Crop coefficients: the curve over a season, its adjustment to a climate, and its means over periods; FAO-56 ch. 6.

A coefficient on a day is a mean of the coefficients of three stages. The weights of that mean follow from the calendar
alone, so they are worked out once for all areas, and each area brings the coefficients of its own climate.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from geo.errors import TableError
from geo.water.need.periods import YEAR_D, Periods

Floats = NDArray[np.float64]

WIND_BOUNDS_M_S = (1.0, 6.0)  # m/s at 2 m, within which the adjustment was fitted; FAO-56 eq. 62
HUMIDITY_BOUNDS_PCT = (20.0, 80.0)  # %, mean of the least relative humidity of the days; FAO-56 eq. 62
HEIGHT_BOUNDS_M = (0.1, 10.0)  # m; FAO-56 eq. 62
END_ADJUSTED_FROM = 0.45  # -, Kc end below it stays what the table says; FAO-56 eq. 65
STAGES = 3  # coefficients of a season: initial, mid, end


@dataclass(frozen=True, slots=True)
class CropCoefficients:
    """Kc of the three stages [-] and the lengths of the four growth stages [d]; FAO-56 tables 11 and 12."""

    initial: float
    mid: float
    end: float
    initial_d: int
    development_d: int
    mid_d: int
    late_d: int

    @property
    def season_d(self) -> int:
        """Days from sowing or bud break to harvest."""
        return self.initial_d + self.development_d + self.mid_d + self.late_d

    def on_day(self, day: ArrayLike) -> Floats:
        """Return the crop coefficient on a day of the season, linear between stages.

        Parameters
        ----------
        day : days counted from planting, 1 = first day.

        Returns
        -------
        float64, without unit, shape of ``day``; NaN outside the season.

        Notes
        -----
        Kc(i) = Kc(before) + days into the stage / length of the stage (Kc(next) - Kc(before)); FAO-56 eq. 66.
        """
        weights = self.stage_weights(day)
        return np.asarray(weights @ np.array([self.initial, self.mid, self.end]))

    def stage_weights(self, day: ArrayLike) -> Floats:
        """Return what the coefficients of the three stages weigh on a day of the season.

        Parameters
        ----------
        day : days counted from planting, 1 = first day.

        Returns
        -------
        float64 (..., 3), without unit, sum 1: initial, mid, end; NaN outside the season.
        """
        ends = np.cumsum([0, self.initial_d, self.development_d, self.mid_d, self.late_d])
        days = np.asarray(day, dtype=np.float64)
        inside = (days >= 0) & (days <= ends[-1])
        levels = np.array([(1, 0, 0), (1, 0, 0), (0, 1, 0), (0, 1, 0), (0, 0, 1)], dtype=np.float64)
        weights = np.stack([np.interp(days, ends, levels[:, stage]) for stage in range(STAGES)], axis=-1)
        return np.where(inside[..., None], weights, np.nan)


def adjust_mid(mid: ArrayLike, wind_2m_m_s: ArrayLike, rh_min_pct: ArrayLike, height_m: ArrayLike) -> Floats:
    """Adjust the coefficient of the middle stage to a climate.

    Parameters
    ----------
    mid : Kc mid of the table, for a sub-humid climate with moderate wind.
    wind_2m_m_s : mean wind speed at 2 m over the stage, m/s.
    rh_min_pct : mean of the least relative humidity of its days, %.
    height_m : mean height of the crop in the stage, m.

    Returns
    -------
    float64, without unit, shape of the arguments together; NaN where one of them is.

    Notes
    -----
    Kc + (0.04 (u2 - 2) - 0.004 (RHmin - 45)) (h / 3)**0.3 with u2 held to 1-6 m/s, RHmin to 20-80 % and h to 0.1-10 m;
    FAO-56 eq. 62.
    """
    wind = np.clip(np.asarray(wind_2m_m_s, dtype=np.float64), *WIND_BOUNDS_M_S)
    humidity = np.clip(np.asarray(rh_min_pct, dtype=np.float64), *HUMIDITY_BOUNDS_PCT)
    height = np.clip(np.asarray(height_m, dtype=np.float64), *HEIGHT_BOUNDS_M)
    change = (0.04 * (wind - 2) - 0.004 * (humidity - 45)) * (height / 3) ** 0.3
    return np.asarray(np.asarray(mid, dtype=np.float64) + change)


def adjust_end(end: ArrayLike, wind_2m_m_s: ArrayLike, rh_min_pct: ArrayLike, height_m: ArrayLike) -> Floats:
    """Adjust the coefficient of the end of the season to a climate, where the table has at least 0.45.

    Parameters
    ----------
    end : Kc end of the table.
    wind_2m_m_s : mean wind speed at 2 m over the late stage, m/s.
    rh_min_pct : mean of the least relative humidity of its days, %.
    height_m : mean height of the crop in the stage, m.

    Returns
    -------
    float64, without unit; unchanged below 0.45, for crops that ripen and dry in the field.

    Notes
    -----
    As ``adjust_mid``; FAO-56 eq. 65.
    """
    given = np.asarray(end, dtype=np.float64)
    return np.where(given >= END_ADJUSTED_FROM, adjust_mid(given, wind_2m_m_s, rh_min_pct, height_m), given)


def weigh_periods(coefficients: CropCoefficients, sown_on: int, periods: Periods) -> Floats:
    """Return what the three stages of a season weigh in the periods of a year.

    Parameters
    ----------
    coefficients : of the crop; their lengths count, their Kc do not.
    sown_on : day of the year it is sown or breaks bud, from 0; a season that runs over the year's end goes on in
        January.
    periods : of the year.

    Returns
    -------
    float64 (periods, 3) : mean of the stage weights over all days of a period, 0 on days outside the season; the sum of
        a row is the share of the period that the crop stands.

    Raises
    ------
    TableError : a season longer than a year, or a day outside of it.
    """
    days = coefficients.season_d
    if not 1 <= days <= YEAR_D or not 0 <= sown_on < YEAR_D:
        raise TableError("crop calendar: a season of 1 to 365 days that begins on a day of the year expected")
    weights = np.zeros((YEAR_D, STAGES))
    weights[(sown_on + np.arange(days)) % YEAR_D] = coefficients.stage_weights(np.arange(1, days + 1))
    return np.asarray(np.add.reduceat(weights, periods.first_day, axis=0) / periods.days[:, None])
