"""Water that areas need in the periods of a year: net at the roots, gross at the outlet; mm, m3, l/s/ha, hours.

Arrays are areas x periods, plantings come last. A planting is a crop with its day of sowing: two of them may stand on
the same hectares one after the other.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from geo.errors import TableError
from geo.water.irrigation import (
    M3_PER_MM_HA,
    duty_l_s_ha,
    leaching_fraction,
    net_requirement_mm,
    with_leaching_mm,
)
from geo.water.need.coefficients import CropCoefficients, adjust_end, adjust_mid, weigh_periods
from geo.water.need.periods import Periods
from geo.water.need.rain import effective_rain_mm

Floats = NDArray[np.float64]

CROPPED_AT_MOST = 2.0  # -, cropped over irrigated hectares: two crops a year
IN_SEASON_FROM = 0.05  # -, share of its season's need from which a period counts for a crop; default to calibrate


@dataclass(frozen=True, slots=True)
class Planting:
    """A crop in its season: coefficients [-, d], day of the year it begins on from 0, greatest mean height [m]."""

    kc: CropCoefficients
    sown_on: int
    height_m: float


class Climate(NamedTuple):
    """What the sky gives and takes.

    et0_mm_d : float (areas or 1, periods), reference evapotranspiration, mm/d, NaN unknown. rain_mm : likewise, rain of
    the period, mm. wind_2m_m_s, rh_min_pct : float (areas or 1,), means of the growing season; NaN: the coefficients of
    the table stay as they are.
    """

    et0_mm_d: Floats
    rain_mm: Floats
    wind_2m_m_s: Floats
    rh_min_pct: Floats


class Need(NamedTuple):
    """Net need of areas.

    net_m3 : float64 (areas, periods), at the roots, leaching in it; NaN where a climate that counts is unknown.
    rain_method : how the effective rain was found. by_planting_m3 : float64 (areas, periods, plantings), or None where
    not asked for.
    """

    net_m3: Floats
    rain_method: str
    by_planting_m3: Floats | None


def require_leaching(ec_water_ds_m: ArrayLike, ec_soil_ds_m: ArrayLike) -> Floats:
    """Return the leaching fraction, refused where no amount of this water holds the salt.

    Parameters
    ----------
    ec_water_ds_m : conductivity of the irrigation water ECw, dS/m; NaN unknown.
    ec_soil_ds_m : salinity ECe the root zone is to be held at, dS/m; NaN unknown.

    Returns
    -------
    float64, 0 to below 1; 0 where one of the two is unknown: no leaching is planned for.

    Raises
    ------
    TableError : water of 2.5 times the salinity of the soil or more; says which.
    """
    water, soil = np.broadcast_arrays(np.asarray(ec_water_ds_m, dtype=np.float64), np.asarray(ec_soil_ds_m))
    if (bad := (water >= 2.5 * soil) | (water < 0)).any():
        one, other = float(water[bad][0]), float(soil[bad][0])
        raise TableError(
            f"leaching: water of {one:g} dS/m cannot hold a soil at {other:g} dS/m, less than {2.5 * other:g} expected"
        )
    return np.nan_to_num(leaching_fraction(water, soil), nan=0.0)


def find_need(
    climate: Climate,
    plantings: Sequence[Planting],
    area_ha: ArrayLike,
    periods: Periods,
    *,
    rain_method: str = "scs",
    leaching: ArrayLike = 0.0,
    by_planting: bool = False,
) -> Need:
    """Return the net water that the crops of areas need in each period.

    Parameters
    ----------
    climate : of the areas, by the periods.
    plantings : crops and their seasons.
    area_ha : float (areas, plantings), hectares.
    periods : of the year.
    rain_method : name of the rule of effective rain.
    leaching : leaching fraction, float (areas or 1,), 0 to below 1.
    by_planting : keep the need of each planting as well.

    Returns
    -------
    Need : net m3.

    Raises
    ------
    TableError : hectares that are negative or unknown, a leaching fraction outside 0 to 1, shapes that do not go
        together, or a rule that is not known.

    Notes
    -----
    ETc = Kc ET0 on the days the crop stands; NIR = max(0, ETc - Pe), Pe by the share of the period it stands;
    NIR / (1 - LR) where LR is above 0.1. No water is counted on from the soil's store.
    """
    hectares = np.asarray(area_ha, dtype=np.float64)
    count, span = len(hectares), len(periods.days)
    if hectares.shape != (count, len(plantings)) or not (hectares >= 0).all():
        raise TableError("need: hectares of 0 or more expected for every area and planting")
    if not ((np.asarray(leaching) >= 0) & (np.asarray(leaching) < 1)).all():
        raise TableError("need, leaching: a share of 0 to below 1 expected")
    for what, values in (("et0", climate.et0_mm_d), ("rain", climate.rain_mm)):
        if values.shape not in ((count, span), (1, span)):
            raise TableError(f"need, {what}: one value for each of {span} periods expected")
    rain = effective_rain_mm(climate.rain_mm, rain_method, "month" if periods.by == "month" else "decade")
    et0 = climate.et0_mm_d * periods.days
    factor = with_leaching_mm(1.0, leaching) * M3_PER_MM_HA
    known = ~np.isnan(climate.wind_2m_m_s) & ~np.isnan(climate.rh_min_pct)
    total = np.zeros((count, span))
    each = np.zeros((count, span, len(plantings))) if by_planting else None
    for number, planting in enumerate(plantings):
        weights = weigh_periods(planting.kc, planting.sown_on, periods)
        stands = np.flatnonzero(weights.sum(axis=1) > 0)
        here = np.flatnonzero(hectares[:, number] > 0)
        if not len(here) or not len(stands):
            continue
        kc, wind, humidity = planting.kc, climate.wind_2m_m_s, climate.rh_min_pct
        mid = np.where(known, adjust_mid(kc.mid, wind, humidity, planting.height_m), kc.mid)
        end = np.where(known, adjust_end(kc.end, wind, humidity, planting.height_m), kc.end)
        shares = weights[stands]
        levels = kc.initial * shares[:, 0] + mid[:, None] * shares[:, 1] + end[:, None] * shares[:, 2]
        net = net_requirement_mm(levels * et0[:, stands], rain[:, stands] * shares.sum(axis=1))
        net = np.broadcast_to(net, (count, len(stands)))[here]
        volume = net * (hectares[here, number] * np.broadcast_to(factor, (count,))[here])[:, None]
        total[np.ix_(here, stands)] += volume
        if each is not None:
            each[np.ix_(here, stands, np.array([number]))] = volume[:, :, None]
    return Need(total, rain_method, each)


class Gross(NamedTuple):
    """Need at the outlet, float64 (areas, periods) each.

    m3; mm on the irrigated land; l_s_ha; hours of the outlet's own flow.
    """

    m3: Floats
    mm: Floats
    l_s_ha: Floats
    hours: Floats


def gross_need(
    net_m3: ArrayLike, application: ArrayLike, land_ha: ArrayLike, periods: Periods, outlet_m3_s: ArrayLike = np.nan
) -> Gross:
    """Return the need of areas at their outlets.

    Parameters
    ----------
    net_m3 : float (areas, periods), net need.
    application : float (areas,), efficiency of the field, above 0 to 1; NaN unknown.
    land_ha : float (areas,), irrigated land, each hectare once; 0 where nothing is known of it.
    periods : of the year.
    outlet_m3_s : float (areas,), flow of the outlet, m3/s; NaN unknown.

    Returns
    -------
    Gross : NaN where what it is found from is unknown.

    Raises
    ------
    TableError : an efficiency outside 0 to 1.
    """
    net = np.asarray(net_m3, dtype=np.float64)
    share, land, flow = (
        np.broadcast_to(np.asarray(one, dtype=np.float64), (len(net),))[:, None]
        for one in (application, land_ha, outlet_m3_s)
    )
    if ((share <= 0) | (share > 1)).any():
        raise TableError("need: an efficiency of the field above 0 and up to 1 expected")
    m3 = net / share
    with np.errstate(divide="ignore", invalid="ignore"):
        mm = np.where(land > 0, m3 / land / M3_PER_MM_HA, np.nan)
        hours = np.where(flow > 0, m3 / flow / 3_600.0, np.nan)
    return Gross(m3, mm, duty_l_s_ha(mm, periods.days), hours)


def periods_of_crop(need_m3: ArrayLike) -> NDArray[np.bool_]:
    """Return the periods that count for a crop: those with at least a twentieth of its season's need.

    Parameters
    ----------
    need_m3 : float (..., periods), net need of the crop.

    Returns
    -------
    bool (..., periods); nowhere where it needs nothing or its need is unknown.

    Notes
    -----
    ``IN_SEASON_FROM``: wheat is cut in June, so July's shortage is not its own.
    """
    need = np.asarray(need_m3, dtype=np.float64)
    total = need.sum(axis=-1, keepdims=True)
    return np.asarray((need >= IN_SEASON_FROM * total) & (total > 0))
