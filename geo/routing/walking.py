"""How fast people walk on slopes.

Slopes are signed in the walking direction, rise over horizontal run (0.10 = 10 % uphill, -0.10 = downhill), and speeds
are over the horizontal distance. ``Walker`` is the one place where the choices about a person are made; its factors
are defaults to calibrate, never measured for the people planned for.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from numpy.typing import ArrayLike, NDArray

from geo.errors import SuitabilityError

Floats = NDArray[np.float64]

M_S_PER_KM_H = 1.0 / 3.6  # m/s in one km/h

TOBLER_PEAK_KM_H = 6.0  # km/h, on the gentle downhill of 5 %; Tobler 1993, NCGIA report 93-1, p. 3
TOBLER_DECAY = 3.5  # per unit of slope; the same
TOBLER_PEAK_SLOPE = -0.05  # rise over run; the same
TOBLER_OFF_PATH = 0.6  # ratio to the speed on a footpath; the same
TOBLER_HORSEBACK = 1.25  # ratio to the speed on foot; the same

FLOOR_M_S = 0.11  # m/s, kept on any slope; Irmischer and Clarke 2018, equations 1-4
ON_PATH_GAIN_M_S = 1.0  # m/s above the floor at best on a path; the same
OFF_PATH_GAIN_M_S = 0.67  # m/s above the floor at best off a path; the same
ON_PATH_PEAK_PCT = -5.0  # %, slope of the best speed on a path; the same
OFF_PATH_PEAK_PCT = -2.0  # %, slope of the best speed off a path; the same
SPREAD_PCT2 = 1_800.0  # %^2, twice the squared spread of the bell; the same
WOMAN = 0.95  # ratio of a woman's to a man's speed; the same

FACTOR_FLOOR = 0.25  # ratio; no combination of burdens is counted slower. Default to calibrate


class SpeedModel(StrEnum):
    """Published relation of walking speed to slope."""

    TOBLER = "tobler"
    TOBLER_HORSEBACK = "tobler_horseback"
    IRMISCHER_CLARKE_WOMAN = "irmischer_clarke_woman"
    IRMISCHER_CLARKE_MAN = "irmischer_clarke_man"


def tobler_km_h(slope: ArrayLike, *, off_path: bool = False, horseback: bool = False) -> Floats:
    """Return the walking speed after Tobler.

    Parameters
    ----------
    slope : rise over run, signed uphill, any shape
    off_path : off footpaths
    horseback : on horseback

    Returns
    -------
    km/h over the horizontal distance, float64 in the shape of ``slope``

    Notes
    -----
    v = 6 exp(-3.5 |S + 0.05|), x 0.6 off paths, x 1.25 on horseback.

    References
    ----------
    Tobler 1993, NCGIA report 93-1, p. 3.

    Examples
    --------
    >>> float(tobler_km_h(0.10).round(3))
    3.549
    """
    speed = TOBLER_PEAK_KM_H * np.exp(-TOBLER_DECAY * np.abs(np.asarray(slope, np.float64) - TOBLER_PEAK_SLOPE))
    return np.asarray(speed * (TOBLER_OFF_PATH if off_path else 1.0) * (TOBLER_HORSEBACK if horseback else 1.0))


def irmischer_clarke_m_s(slope: ArrayLike, *, woman: bool = True, off_path: bool = False) -> Floats:
    """Return the walking speed after Irmischer and Clarke.

    Parameters
    ----------
    slope : rise over run, signed uphill, any shape
    woman : of a woman, else of a man
    off_path : off footpaths

    Returns
    -------
    m/s over the horizontal distance, float64 in the shape of ``slope``

    Notes
    -----
    Man on a path 0.11 + exp(-(100 S + 5)^2 / 1800), off it 0.11 + 0.67 exp(-(100 S + 2)^2 / 1800); a woman 0.95 of it.

    References
    ----------
    Irmischer and Clarke 2018, Cartography and Geographic Information Science 45(2), equations 1-4.

    Examples
    --------
    >>> float(irmischer_clarke_m_s(-0.05, woman=False).round(2))
    1.11
    """
    slope_pct = 100.0 * np.asarray(slope, np.float64)
    gain, peak_pct = (OFF_PATH_GAIN_M_S, OFF_PATH_PEAK_PCT) if off_path else (ON_PATH_GAIN_M_S, ON_PATH_PEAK_PCT)
    speed = FLOOR_M_S + gain * np.exp(-((slope_pct - peak_pct) ** 2) / SPREAD_PCT2)
    return np.asarray(speed * (WOMAN if woman else 1.0))


@dataclass(frozen=True, slots=True)
class Walker:
    """Who walks, and with what. The default is a woman on paths without a load.

    model : the published speed used. with_child : a child of 3-6 years walks along. carrying : a carried child or a
    load of 15-20 kg. frail : pregnant or elderly. snow_or_mud : on the ground. Each of these four multiplies the speed
    by its factor below; together they count no less than ``FACTOR_FLOOR``. All factors are defaults to calibrate.

    Raises
    ------
    SuitabilityError : a factor is not above 0 and at most 1.
    """

    model: SpeedModel = SpeedModel.IRMISCHER_CLARKE_WOMAN
    with_child: bool = False
    carrying: bool = False
    frail: bool = False
    snow_or_mud: bool = False
    with_child_factor: float = 0.70  # ratio; default to calibrate
    carrying_factor: float = 0.75  # ratio; default to calibrate
    frail_factor: float = 0.75  # ratio; default to calibrate
    snow_or_mud_factor: float = 0.60  # ratio; default to calibrate

    def __post_init__(self) -> None:
        for name in ("with_child_factor", "carrying_factor", "frail_factor", "snow_or_mud_factor"):
            if not 0.0 < getattr(self, name) <= 1.0:
                raise SuitabilityError(f"walker {name} must be above 0 and at most 1, got {getattr(self, name)}")

    @property
    def factor(self) -> float:
        """Ratio of this walker's speed to that of the same person unburdened."""
        product = 1.0
        product *= self.with_child_factor if self.with_child else 1.0
        product *= self.carrying_factor if self.carrying else 1.0
        product *= self.frail_factor if self.frail else 1.0
        product *= self.snow_or_mud_factor if self.snow_or_mud else 1.0
        return max(product, FACTOR_FLOOR)

    def speed_m_s(self, slope: ArrayLike, *, off_path: bool = False) -> Floats:
        """Return the speed of this walker.

        Parameters
        ----------
        slope : rise over run, signed uphill, any shape
        off_path : off footpaths

        Returns
        -------
        m/s over the horizontal distance, float64 in the shape of ``slope``
        """
        if self.model in (SpeedModel.TOBLER, SpeedModel.TOBLER_HORSEBACK):
            on_horse = self.model is SpeedModel.TOBLER_HORSEBACK
            speed = tobler_km_h(slope, off_path=off_path, horseback=on_horse) * M_S_PER_KM_H
        else:
            woman = self.model is SpeedModel.IRMISCHER_CLARKE_WOMAN
            speed = irmischer_clarke_m_s(slope, woman=woman, off_path=off_path)
        return np.asarray(speed * self.factor)
