"""Water a crop needs and how much of it arrives: crop coefficients, soil water, rain, losses, supply and demand.

Depths are mm, areas ha, volumes m3, flows m3/s, durations d. Sources: FAO-56 (Allen et al. 1998) chapters 6 and 8;
USDA-SCS effective rain as used by CROPWAT; FAO Irrigation Manual for efficiencies; salt balance after FAO-29.
"""

from __future__ import annotations

from dataclasses import dataclass

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
CONDITION_FACTOR = {1: 1.00, 2: 0.90, 3: 0.75, 4: 0.50, 5: 0.0}  # -, default to calibrate; domain reference 6.4


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

    def on_day(self, day: ArrayLike) -> Floats:
        """Kc [-] on a day counted from planting (1 = first day); linear between stages, NaN outside; FAO-56 eq. 66."""
        ends = np.cumsum([0, self.initial_d, self.development_d, self.mid_d, self.late_d])
        levels = (self.initial, self.initial, self.mid, self.mid, self.end)
        days = np.asarray(day, dtype=np.float64)
        inside = (days >= 0) & (days <= ends[-1])
        return np.where(inside, np.interp(days, ends, levels), np.nan)


def total_available_water_mm(field_capacity: ArrayLike, wilting_point: ArrayLike, root_depth_m: ArrayLike) -> Floats:
    """Total available soil water [mm] from water contents [m3/m3] and rooting depth [m]; FAO-56 eq. 82."""
    held = np.asarray(field_capacity, dtype=np.float64) - np.asarray(wilting_point, dtype=np.float64)
    return np.asarray(1000 * held * np.asarray(root_depth_m, dtype=np.float64))


def readily_available_water_mm(taw_mm: ArrayLike, depletion: ArrayLike) -> Floats:
    """Readily available soil water [mm]; FAO-56 eq. 83."""
    return np.asarray(np.asarray(taw_mm, dtype=np.float64) * np.asarray(depletion, dtype=np.float64))


def depletion_fraction(at_5_mm: ArrayLike, etc_mm_d: ArrayLike) -> Floats:
    """Depletion fraction [-] at a crop evapotranspiration [mm/d], held to 0.1-0.8; FAO-56 table 22, footnote 2."""
    raw = np.asarray(at_5_mm, dtype=np.float64) + 0.04 * (5 - np.asarray(etc_mm_d, dtype=np.float64))
    return np.asarray(np.clip(raw, 0.1, 0.8))


def effective_rain_scs_mm(rain_mm: ArrayLike) -> Floats:
    """Effective monthly rain [mm], USDA-SCS as in CROPWAT; continuous at 250 mm."""
    rain = np.asarray(rain_mm, dtype=np.float64)
    return np.where(rain <= 250, rain * (125 - 0.2 * rain) / 125, 125 + 0.1 * rain)


def effective_rain_dependable_mm(rain_mm: ArrayLike) -> Floats:
    """Effective monthly rain [mm], FAO dependable rain (80 %); continuous at 70 mm, never below 0."""
    rain = np.asarray(rain_mm, dtype=np.float64)
    return np.maximum(np.where(rain <= 70, 0.6 * rain - 10, 0.8 * rain - 24), 0.0)


def leaching_fraction(ec_water_ds_m: ArrayLike, ec_soil_ds_m: ArrayLike) -> Floats:
    """Leaching requirement [-] to hold the root zone at ECe [dS/m] with water of ECw [dS/m]; FAO-29 eq. 9."""
    water, soil = np.asarray(ec_water_ds_m, dtype=np.float64), np.asarray(ec_soil_ds_m, dtype=np.float64)
    return np.asarray(water / (5 * soil - water))


def net_requirement_mm(etc_mm: ArrayLike, effective_rain_mm: ArrayLike, storage_change_mm: ArrayLike = 0.0) -> Floats:
    """Net irrigation requirement [mm]: what rain and the soil do not give, never below 0."""
    need = np.asarray(etc_mm, dtype=np.float64) - np.asarray(effective_rain_mm) - np.asarray(storage_change_mm)
    return np.asarray(np.maximum(need, 0.0))


def with_leaching_mm(net_mm: ArrayLike, leaching: ArrayLike) -> Floats:
    """Net requirement [mm] raised for leaching where its fraction exceeds ``MINIMUM_LEACHING``."""
    net, share = np.asarray(net_mm, dtype=np.float64), np.asarray(leaching, dtype=np.float64)
    return np.where(share > MINIMUM_LEACHING, net / (1 - share), net)


def gross_requirement_mm(
    net_mm: ArrayLike, *, application: ArrayLike, conveyance: ArrayLike, distribution: ArrayLike = 1.0
) -> Floats:
    """Gross requirement [mm] at the head from the efficiencies [-] of field, distribution and conveyance."""
    losses = np.asarray(application, dtype=np.float64) * np.asarray(distribution) * np.asarray(conveyance)
    return np.asarray(np.asarray(net_mm, dtype=np.float64) / losses)


def duty_l_s_ha(gross_mm: ArrayLike, days: ArrayLike) -> Floats:
    """Continuous flow [l/s/ha] that brings a depth [mm] in some days [d]; 1 l/s/ha = 8.64 mm/d."""
    return np.asarray(np.asarray(gross_mm, dtype=np.float64) * 10_000 / (np.asarray(days) * SECONDS_PER_DAY))


def canal_conveyance(length_m: float, bed: str) -> float:
    """Conveyance efficiency [-] of a whole, maintained canal of a length [m] in sand, loam, clay or lined.

    Raises
    ------
    TableError : a bed the table does not have.
    """
    if bed not in CONVEYANCE:
        raise TableError(f"canal bed '{bed}' is not one of {', '.join(CONVEYANCE)}")
    long, medium, short = CONVEYANCE[bed]
    return long if length_m > LONG_M else medium if length_m >= MEDIUM_M else short


def reach_conveyance(
    canal: ArrayLike, condition: ArrayLike, reach_length_m: ArrayLike, canal_length_m: ArrayLike
) -> Floats:
    """Conveyance efficiency [-] of a reach of a canal, (Ec x condition factor) ** (reach / canal length).

    Cutting a line into more reaches changes nothing: the product over its reaches stays the canal's own value.
    ``condition`` is the class 1-5, NaN unknown (the result is then NaN); class 5 gives 0.
    """
    state = np.asarray(condition, dtype=np.float64)
    factor = np.full(state.shape, np.nan)
    for name, value in CONDITION_FACTOR.items():
        factor = np.where(state == name, value, factor)
    share = np.asarray(reach_length_m, dtype=np.float64) / np.asarray(canal_length_m, dtype=np.float64)
    return np.asarray((np.asarray(canal, dtype=np.float64) * factor) ** share)


def supply_demand_ratio(
    *,
    intake_m3_s: ArrayLike,
    days: ArrayLike,
    conveyance: ArrayLike,
    application: ArrayLike,
    net_demand_m3: ArrayLike,
) -> Floats:
    """Supply-demand ratio [-] of a command area: water that reaches the roots over what they need.

    Not capped: ``SDR_CAP`` applies when it is scored. No demand gives NaN.
    """
    supply = np.asarray(intake_m3_s, dtype=np.float64) * np.asarray(days) * SECONDS_PER_DAY
    need = np.asarray(net_demand_m3, dtype=np.float64)
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(need > 0, supply * np.asarray(conveyance) * np.asarray(application) / need, np.nan)


def relative_yield_pct(ece_ds_m: ArrayLike, threshold_ds_m: ArrayLike, slope_pct: ArrayLike) -> Floats:
    """Relative yield [%] at a soil salinity ECe [dS/m]: 100 to the threshold, then falling, never below 0.

    Maas and Hoffman 1977, in FAO-61 annex 1. A crop without a pair (NaN) stays NaN.
    """
    salt = np.asarray(ece_ds_m, dtype=np.float64)
    beyond = np.maximum(salt - np.asarray(threshold_ds_m, dtype=np.float64), 0.0)
    return np.maximum(100 - np.asarray(slope_pct, dtype=np.float64) * beyond, 0.0)
