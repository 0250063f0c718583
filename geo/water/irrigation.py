"""Water a field takes and how much of it arrives: requirement, losses in canals, salt.

Depths are mm, areas ha, volumes m3, flows m3/s, durations d. Sources: FAO Irrigation Manual for efficiencies;
salt balance after FAO-29.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from geo.errors import TableError

Floats = NDArray[np.float64]

M3_PER_MM_HA = 10.0  # m3 per mm on one hectare
SECONDS_PER_DAY = 86_400.0  # s
SDR_CAP = 1.2  # -, supply beyond this says nothing more; domain reference 6.5, default to calibrate
MINIMUM_LEACHING = 0.1  # -, leaching fraction from which the requirement is raised; FAO-29 p. 26

# Share of the water that enters a whole canal and reaches its end, by length and bed; FAO Training Manual 4.
LONG_M, MEDIUM_M = 2_000.0, 200.0  # m, class limits of canal length, FAO Training Manual 4
CONVEYANCE = {
    "sand": (0.60, 0.70, 0.80),  # -, long, medium, short
    "loam": (0.70, 0.75, 0.85),  # -
    "clay": (0.80, 0.85, 0.90),  # -
    "lined": (0.95, 0.95, 0.95),  # -
}
APPLICATION = {
    "surface": 0.60,
    "sprinkler": 0.75,
    "drip": 0.90,
}  # -, share of the water of a field that reaches roots; 6.3
CONDITION_FACTOR = {1: 1.00, 2: 0.90, 3: 0.75, 4: 0.50, 5: 0.0}  # -, default to calibrate; domain reference 6.4


def leaching_fraction(ec_water_ds_m: ArrayLike, ec_soil_ds_m: ArrayLike) -> Floats:
    """Return the share of the irrigation water that has to pass the roots to hold the salinity of the soil.

    Parameters
    ----------
    ec_water_ds_m : conductivity of the irrigation water ECw, dS/m.
    ec_soil_ds_m : salinity ECe that the root zone is held at, dS/m.

    Returns
    -------
    float64, without unit; 1 or more, or negative, where water of this salinity cannot hold it.

    Notes
    -----
    LR = ECw / (5 ECe - ECw); FAO-29 (Ayers and Westcot 1985) eq. 9.
    """
    water, soil = np.asarray(ec_water_ds_m, dtype=np.float64), np.asarray(ec_soil_ds_m, dtype=np.float64)
    return np.asarray(water / (5 * soil - water))


def net_requirement_mm(etc_mm: ArrayLike, effective_rain_mm: ArrayLike) -> Floats:
    """Return what rain does not give of the water a crop needs.

    Parameters
    ----------
    etc_mm : crop evapotranspiration of the period, mm.
    effective_rain_mm : effective rain of the period, mm.

    Returns
    -------
    float64, mm, never below 0.

    Notes
    -----
    NIR = max(0, ETc - Pe): no water is counted on from the soil's store.
    """
    return np.asarray(np.maximum(np.asarray(etc_mm, dtype=np.float64) - np.asarray(effective_rain_mm), 0.0))


def with_leaching_mm(net_mm: ArrayLike, leaching: ArrayLike) -> Floats:
    """Return the net requirement, raised where leaching needs more than ``MINIMUM_LEACHING``.

    Parameters
    ----------
    net_mm : net requirement, mm.
    leaching : leaching fraction, below 1.

    Returns
    -------
    float64, mm.

    Notes
    -----
    NIR / (1 - LR); FAO-29, p. 26.
    """
    net, share = np.asarray(net_mm, dtype=np.float64), np.asarray(leaching, dtype=np.float64)
    return np.where(share > MINIMUM_LEACHING, net / (1 - share), net)


def duty_l_s_ha(gross_mm: ArrayLike, days: ArrayLike) -> Floats:
    """Return the continuous flow that brings a depth of water in a number of days.

    Parameters
    ----------
    gross_mm : gross requirement, mm.
    days : length of the period, d.

    Returns
    -------
    float64, l/s/ha.

    Notes
    -----
    GIR 10,000 / (86,400 days); 1 l/s/ha = 8.64 mm/d.
    """
    return np.asarray(np.asarray(gross_mm, dtype=np.float64) * 10_000 / (np.asarray(days) * SECONDS_PER_DAY))


def canal_conveyance(length_m: float, bed: str) -> float:
    """Return the conveyance efficiency of a whole, maintained canal.

    Parameters
    ----------
    length_m : length of the canal, m.
    bed : sand, loam, clay or lined.

    Returns
    -------
    float, without unit, 0-1.

    Raises
    ------
    TableError : a bed the table does not have.

    References
    ----------
    Brouwer et al. 1989: Irrigation scheduling. FAO Irrigation Water Management Training Manual 4, annex I.
    """
    if bed not in CONVEYANCE:
        raise TableError(f"canal bed '{bed}' is not one of {', '.join(CONVEYANCE)}")
    long, medium, short = CONVEYANCE[bed]
    return long if length_m > LONG_M else medium if length_m >= MEDIUM_M else short


def relative_yield_pct(ece_ds_m: ArrayLike, threshold_ds_m: ArrayLike, slope_pct: ArrayLike) -> Floats:
    """Return the yield of a crop at a soil salinity relative to that without salt.

    Parameters
    ----------
    ece_ds_m : salinity of the soil's saturation extract ECe, dS/m.
    threshold_ds_m : ECe up to which the yield is whole, dS/m; NaN where a crop has no pair.
    slope_pct : loss beyond it, % per dS/m; NaN likewise.

    Returns
    -------
    float64, %, 0-100; NaN where one of the three is.

    Notes
    -----
    Yr = 100 - b (ECe - a), never below 0.

    References
    ----------
    Maas and Hoffman 1977: Crop salt tolerance - current assessment, in FAO Irrigation and Drainage Paper 61, annex 1.
    """
    salt = np.asarray(ece_ds_m, dtype=np.float64)
    beyond = np.maximum(salt - np.asarray(threshold_ds_m, dtype=np.float64), 0.0)
    return np.maximum(100 - np.asarray(slope_pct, dtype=np.float64) * beyond, 0.0)
