"""Hazard levels after the Swiss scheme: intensity and return period of a process give none to high.

Levels are counted none 0, residual 1, low 2, medium 3, high 4, as in criteria and layers. The matrices are those of the
Swiss recommendations as coded by Canton Ticino (domain reference 7.1); where nothing but "dangerous" is on a map, the
rule of domain reference 7.2 holds.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import ArrayLike, NDArray

from geo.errors import SuitabilityError

Codes = NDArray[np.int8]

LEVELS = ("none", "residual", "low", "medium", "high")
NONE, RESIDUAL, LOW, MEDIUM, HIGH = range(5)
INTENSITIES = ("weak", "medium", "strong")
WEAK, MIDDLE, STRONG = range(3)
RETURN_PERIODS_Y = (30.0, 100.0, 300.0)  # years, upper ends of the columns of the matrices; beyond: residual

SUSCEPTIBILITY = "susceptibility, not a hazard map"  # what zones derived from heights alone are always called
# Said of those among them whose rules nobody has held against mapped events; they are low unless one is on record.
UNTESTED = "susceptibility, not a hazard map; never tested against mapped events, low unless one is recorded here"
UNTESTED_PROCESSES = ("debris_flow", "hillslope_debris_flow", "landslide", "rockfall")  # domain reference 7.3
UNLABELLED_LEVEL = MEDIUM  # a zone called dangerous and nothing more; domain reference 7.2
UNLABELLED_RETURN_PERIOD_Y = 100.0  # years; domain reference 7.2 and 7.3

# Level by intensity (weak, medium, strong) and return period (30, 100, 300 years); domain reference 7.1.
FLOOD = ((MEDIUM, LOW, LOW), (MEDIUM, MEDIUM, MEDIUM), (HIGH, HIGH, HIGH))
DEBRIS_FLOW = ((MEDIUM, LOW, LOW), (MEDIUM, MEDIUM, LOW), (HIGH, HIGH, HIGH))
SLIDE = ((LOW, LOW, LOW), (MEDIUM, LOW, LOW), (HIGH, HIGH, MEDIUM))  # spontaneous slides and hillslope debris flows
# Red: 30 kPa and more at up to 300 years, or any pressure at up to 30 years; blue: less, 30-300 years.
AVALANCHE = ((HIGH, MEDIUM, MEDIUM), (HIGH, MEDIUM, MEDIUM), (HIGH, HIGH, HIGH))
# Domain reference 7.1 has no matrix for rockfall; that of floods is the more careful choice, default to calibrate.
MATRICES: Mapping[str, tuple[tuple[int, ...], ...]] = {
    "flood": FLOOD,
    "debris_flow": DEBRIS_FLOW,
    "landslide": SLIDE,
    "hillslope_debris_flow": SLIDE,
    "rockfall": FLOOD,
    "avalanche": AVALANCHE,
}

EXPOSURE_FACTOR = (0.0, 0.0, 1.0, 2.0, 4.0)  # per metre of way, by level; domain reference 4, H4, default to calibrate

FLOOD_STRONG = 2.0  # m of depth, or m2/s of depth x velocity; domain reference 7.1
FLOOD_MEDIUM = 0.5  # the same
DEBRIS_STRONG_DEPTH_M = 1.0  # m, strong if also faster than DEBRIS_STRONG_M_S; domain reference 7.1
DEBRIS_STRONG_M_S = 1.0  # m/s; domain reference 7.1
AVALANCHE_STRONG_KPA = 30.0  # kPa; domain reference 7.1
AVALANCHE_MEDIUM_KPA = 3.0  # kPa; domain reference 7.1, default to calibrate
ROCKFALL_STRONG_KJ = 300.0  # kJ; domain reference 7.1, default to calibrate
ROCKFALL_MEDIUM_KJ = 30.0  # kJ; domain reference 7.1, default to calibrate
SLIDE_STRONG_CM_Y = 10.0  # cm per year; domain reference 7.1, default to calibrate
SLIDE_MEDIUM_CM_Y = 2.0  # cm per year; domain reference 7.1, default to calibrate

# Processes that come too fast to get out of the way; in the open they threaten life from the level on at which the
# Swiss scheme finds people outside buildings in danger (blue), a flood only where it finds them so inside too (red).
LIFE_FROM = {"debris_flow": MEDIUM, "hillslope_debris_flow": MEDIUM, "avalanche": MEDIUM, "rockfall": MEDIUM}
LIFE_FROM_ELSE = HIGH


def flood_intensity(depth_m: ArrayLike, velocity_m_s: ArrayLike) -> Codes:
    """Intensity of a flood.

    Parameters
    ----------
    depth_m : depth of water, m, no NaN.
    velocity_m_s : its velocity, m/s.

    Returns
    -------
    int8, 0 weak, 1 medium, 2 strong.

    Notes
    -----
    Strong above 2 m or 2 m2/s of depth x velocity, medium from 0.5, else weak; domain reference 7.1.
    """
    depth = np.asarray(depth_m, dtype=np.float64)
    greater = np.maximum(depth, depth * np.asarray(velocity_m_s, dtype=np.float64))
    return _graded(greater >= FLOOD_MEDIUM, greater > FLOOD_STRONG)


def debris_flow_intensity(depth_m: ArrayLike, velocity_m_s: ArrayLike) -> Codes:
    """Intensity of a debris flow; there is no weak one.

    Parameters
    ----------
    depth_m : depth of the flow, m.
    velocity_m_s : its velocity, m/s.

    Returns
    -------
    int8, 1 medium, 2 strong.

    Notes
    -----
    Strong above 1 m and 1 m/s, else medium; domain reference 7.1.
    """
    deep = np.asarray(depth_m, dtype=np.float64) > DEBRIS_STRONG_DEPTH_M
    fast = np.asarray(velocity_m_s, dtype=np.float64) > DEBRIS_STRONG_M_S
    return _graded(np.ones(np.broadcast(deep, fast).shape, dtype=np.bool_), deep & fast)


def avalanche_intensity(pressure_kpa: ArrayLike) -> Codes:
    """Intensity of an avalanche.

    Parameters
    ----------
    pressure_kpa : pressure of the snow, kPa.

    Returns
    -------
    int8, 0 weak, 1 medium, 2 strong.

    Notes
    -----
    Strong from 30 kPa, medium from 3 kPa, else weak; domain reference 7.1.
    """
    pressure = np.asarray(pressure_kpa, dtype=np.float64)
    return _graded(pressure >= AVALANCHE_MEDIUM_KPA, pressure >= AVALANCHE_STRONG_KPA)


def rockfall_intensity(energy_kj: ArrayLike) -> Codes:
    """Intensity of rockfall.

    Parameters
    ----------
    energy_kj : energy of a block, kJ.

    Returns
    -------
    int8, 0 weak, 1 medium, 2 strong.

    Notes
    -----
    Strong above 300 kJ, medium from 30 kJ, else weak; domain reference 7.1.
    """
    energy = np.asarray(energy_kj, dtype=np.float64)
    return _graded(energy >= ROCKFALL_MEDIUM_KJ, energy > ROCKFALL_STRONG_KJ)


def landslide_intensity(movement_cm_y: ArrayLike) -> Codes:
    """Intensity of a creeping slide.

    Parameters
    ----------
    movement_cm_y : movement, cm a year.

    Returns
    -------
    int8, 0 weak, 1 medium, 2 strong.

    Notes
    -----
    Strong above 10 cm a year, medium from 2, else weak; domain reference 7.1.
    """
    movement = np.asarray(movement_cm_y, dtype=np.float64)
    return _graded(movement >= SLIDE_MEDIUM_CM_Y, movement > SLIDE_STRONG_CM_Y)


def _graded(medium: NDArray[np.bool_], strong: NDArray[np.bool_]) -> Codes:
    return np.asarray(np.where(strong, STRONG, np.where(medium, MIDDLE, WEAK)), dtype=np.int8)


def level(process: str, intensity: ArrayLike, return_period_y: ArrayLike) -> Codes:
    """Hazard level of a process.

    Parameters
    ----------
    process : one of ``MATRICES``.
    intensity : 0 weak, 1 medium, 2 strong.
    return_period_y : years; a column of the matrix holds up to its limit, and beyond 300 years the level is residual.

    Returns
    -------
    int8 of the broadcast shape, index into ``LEVELS``.

    Raises
    ------
    SuitabilityError : an unknown process, an intensity outside 0-2, or a return period not above 0.

    Examples
    --------
    >>> LEVELS[int(level("debris_flow", MIDDLE, 300))]
    'low'
    """
    if process not in MATRICES:
        raise SuitabilityError(f"process must be one of {', '.join(MATRICES)}, got '{process}'")
    strength, period = np.broadcast_arrays(np.asarray(intensity), np.asarray(return_period_y, dtype=np.float64))
    if not np.isin(strength, (WEAK, MIDDLE, STRONG)).all():
        raise SuitabilityError("intensity must be 0 weak, 1 medium or 2 strong")
    if not (period > 0.0).all():
        raise SuitabilityError("a return period must be above 0 years")
    column = np.searchsorted(RETURN_PERIODS_Y, period)
    with_residual = np.column_stack([np.array(MATRICES[process], dtype=np.int8), np.full(3, RESIDUAL, np.int8)])
    return np.asarray(with_residual[strength.astype(np.int64), column], dtype=np.int8)


def zone_level(process: str, stated: str, intensity: str, return_period_y: float) -> tuple[int, float, bool]:
    """Level and return period of one mapped zone.

    Parameters
    ----------
    process : one of ``MATRICES``.
    stated : one of ``LEVELS``, or unknown.
    intensity : one of ``INTENSITIES``, or unknown.
    return_period_y : years, NaN unknown.

    Returns
    -------
    level : index into ``LEVELS``.
    period : years.
    unlabelled : the rule for unlabelled zones was used; to be counted with confidence C at best.

    Raises
    ------
    SuitabilityError : an unknown process, level or intensity.

    Notes
    -----
    A stated level holds. Otherwise the matrix gives it from the intensity, with 100 years where no return period is
    known; a zone of unknown intensity is a dangerous zone and nothing more: medium, 100 years unless known (domain
    reference 7.2).
    """
    if process not in MATRICES:
        raise SuitabilityError(f"process must be one of {', '.join(MATRICES)}, got '{process}'")
    for given, known, what in ((stated, LEVELS, "level"), (intensity, INTENSITIES, "intensity")):
        if given not in (*known, "unknown"):
            raise SuitabilityError(f"{what} must be one of {', '.join(known)} or unknown, got '{given}'")
    period = UNLABELLED_RETURN_PERIOD_Y if np.isnan(return_period_y) else float(return_period_y)
    if stated != "unknown":
        return LEVELS.index(stated), period, False
    if intensity != "unknown":
        return int(level(process, INTENSITIES.index(intensity), period)), period, False
    return UNLABELLED_LEVEL, period, True


def caution_of(process: str) -> str:
    """What must be said with a zone or extent of a process that was derived from terrain.

    Parameters
    ----------
    process : one of ``MATRICES``.

    Returns
    -------
    Message id.
    """
    return UNTESTED if process in UNTESTED_PROCESSES else SUSCEPTIBILITY


def exposure_factor(levels: ArrayLike) -> NDArray[np.float32]:
    """Weight of a metre of way inside a zone of each level.

    Parameters
    ----------
    levels : indices into ``LEVELS``.

    Returns
    -------
    float32, low 1, medium 2, high 4, else 0; domain reference 4, H4.
    """
    return np.asarray(EXPOSURE_FACTOR, dtype=np.float32)[np.asarray(levels, dtype=np.int64)]


def threatens_life(process: str, levels: ArrayLike) -> NDArray[np.bool_]:
    """Whether people in the open are in danger of life; otherwise what is at stake is the crop and the land.

    Parameters
    ----------
    process : one of ``MATRICES``.
    levels : indices into ``LEVELS``.

    Returns
    -------
    bool, shape of ``levels``.

    Notes
    -----
    From medium for debris flows, avalanches and rockfall, which cannot be escaped; from high for floods and slides.
    After the meaning of the Swiss levels (blue: people in danger outside buildings; red: inside too), default to
    calibrate.
    """
    return np.asarray(np.asarray(levels) >= LIFE_FROM.get(process, LIFE_FROM_ELSE))
