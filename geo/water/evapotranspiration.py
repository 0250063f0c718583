"""Reference evapotranspiration and what it needs, after FAO Irrigation and Drainage Paper 56 (Allen et al. 1998).

Every function takes scalars or arrays of one shape and returns the same shape; units stand in the names. Where a value
is NaN the result is NaN. Equation and example numbers are those of FAO-56. The formulas are short and fixed, so they
stand here once, with the published examples as tests, instead of coming from a package that carries a model around
them.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

Floats = NDArray[np.float64]

MJ_TO_MM = 0.408  # mm per MJ m-2, inverse latent heat of 2.45 MJ/kg, FAO-56 eq. 20
WIND_WHEN_UNKNOWN_M_S = 2.0  # m/s, mean over 2,000 stations, FAO-56 p. 63


def saturation_vapour_pressure_kpa(t_c: ArrayLike) -> Floats:
    """Saturation vapour pressure at an air temperature.

    Parameters
    ----------
    t_c : air temperature, degC.

    Returns
    -------
    float64, kPa, shape of ``t_c``.

    Notes
    -----
    e0(T) = 0.6108 exp(17.27 T / (T + 237.3)); FAO-56 eq. 11.
    """
    t = np.asarray(t_c, dtype=np.float64)
    return np.asarray(0.6108 * np.exp(17.27 * t / (t + 237.3)))


def mean_saturation_vapour_pressure_kpa(tmin_c: ArrayLike, tmax_c: ArrayLike) -> Floats:
    """Mean of the saturation vapour pressures at the day's extremes of temperature.

    Parameters
    ----------
    tmin_c : least air temperature of the day, degC.
    tmax_c : greatest air temperature of the day, degC.

    Returns
    -------
    float64, kPa.

    Notes
    -----
    es = (e0(Tmin) + e0(Tmax)) / 2; FAO-56 eq. 12.
    """
    return (saturation_vapour_pressure_kpa(tmin_c) + saturation_vapour_pressure_kpa(tmax_c)) / 2


def vapour_pressure_slope_kpa_c(t_c: ArrayLike) -> Floats:
    """Slope of the curve of saturation vapour pressure at an air temperature.

    Parameters
    ----------
    t_c : air temperature, degC.

    Returns
    -------
    float64, kPa/degC, shape of ``t_c``.

    Notes
    -----
    4098 e0(T) / (T + 237.3)**2; FAO-56 eq. 13.
    """
    t = np.asarray(t_c, dtype=np.float64)
    return np.asarray(4098 * saturation_vapour_pressure_kpa(t) / (t + 237.3) ** 2)


def atmospheric_pressure_kpa(elevation_m: ArrayLike) -> Floats:
    """Mean atmospheric pressure at a height above the sea.

    Parameters
    ----------
    elevation_m : height above sea level, m.

    Returns
    -------
    float64, kPa, shape of ``elevation_m``.

    Notes
    -----
    P = 101.3 ((293 - 0.0065 z) / 293)**5.26; FAO-56 eq. 7.
    """
    return np.asarray(101.3 * ((293 - 0.0065 * np.asarray(elevation_m, dtype=np.float64)) / 293) ** 5.26)


def psychrometric_constant_kpa_c(pressure_kpa: ArrayLike) -> Floats:
    """Psychrometric constant at an atmospheric pressure.

    Parameters
    ----------
    pressure_kpa : atmospheric pressure, kPa.

    Returns
    -------
    float64, kPa/degC, shape of ``pressure_kpa``.

    Notes
    -----
    0.665e-3 P; FAO-56 eq. 8.
    """
    return np.asarray(0.665e-3 * np.asarray(pressure_kpa, dtype=np.float64))


def vapour_pressure_from_humidity_kpa(
    tmin_c: ArrayLike, tmax_c: ArrayLike, rh_min_pct: ArrayLike, rh_max_pct: ArrayLike
) -> Floats:
    """Actual vapour pressure from the day's extremes of temperature and relative humidity.

    Parameters
    ----------
    tmin_c : least air temperature of the day, degC.
    tmax_c : greatest air temperature of the day, degC.
    rh_min_pct : least relative humidity of the day, %.
    rh_max_pct : greatest relative humidity of the day, %.

    Returns
    -------
    float64, kPa.

    Notes
    -----
    ea = (e0(Tmin) RHmax / 100 + e0(Tmax) RHmin / 100) / 2; FAO-56 eq. 17.
    """
    low = saturation_vapour_pressure_kpa(tmin_c) * np.asarray(rh_max_pct, dtype=np.float64)
    high = saturation_vapour_pressure_kpa(tmax_c) * np.asarray(rh_min_pct, dtype=np.float64)
    return np.asarray((low + high) / 200)


def vapour_pressure_from_wet_bulb_kpa(
    t_wet_c: ArrayLike, t_dry_c: ArrayLike, pressure_kpa: ArrayLike, coefficient: float = 0.000662
) -> Floats:
    """Actual vapour pressure from a psychrometer.

    Parameters
    ----------
    t_wet_c : temperature of the wet bulb, degC.
    t_dry_c : temperature of the dry bulb, degC.
    pressure_kpa : atmospheric pressure, kPa.
    coefficient : of the instrument, 1/degC; 0.000662 where it is ventilated.

    Returns
    -------
    float64, kPa.

    Notes
    -----
    ea = e0(Twet) - coefficient P (Tdry - Twet); FAO-56 eq. 15 and 16.
    """
    wet, dry = np.asarray(t_wet_c, dtype=np.float64), np.asarray(t_dry_c, dtype=np.float64)
    return saturation_vapour_pressure_kpa(wet) - coefficient * np.asarray(pressure_kpa) * (dry - wet)


def wind_at_2m_m_s(wind_m_s: ArrayLike, height_m: float) -> Floats:
    """Wind speed at 2 m from a measurement at another height over grass.

    Parameters
    ----------
    wind_m_s : measured wind speed, m/s.
    height_m : height of the measurement, m; above 0.1.

    Returns
    -------
    float64, m/s, shape of ``wind_m_s``; unchanged at 2 m.

    Notes
    -----
    u2 = uz 4.87 / ln(67.8 z - 5.42); FAO-56 eq. 47.
    """
    wind = np.asarray(wind_m_s, dtype=np.float64)
    return wind if height_m == 2.0 else np.asarray(wind * 4.87 / np.log(67.8 * height_m - 5.42))


def penman_monteith_mm(
    *,
    t_mean_c: ArrayLike,
    rn_mj: ArrayLike,
    wind_2m_m_s: ArrayLike,
    es_kpa: ArrayLike,
    ea_kpa: ArrayLike,
    psychrometric_kpa_c: ArrayLike,
    soil_heat_mj: ArrayLike = 0.0,
) -> Floats:
    """Reference evapotranspiration by FAO Penman-Monteith.

    Parameters
    ----------
    t_mean_c : mean air temperature of the day, degC.
    rn_mj : net radiation, MJ m-2 d-1.
    wind_2m_m_s : wind speed at 2 m, m/s; ``WIND_WHEN_UNKNOWN_M_S`` where there is no measurement.
    es_kpa : mean saturation vapour pressure, kPa.
    ea_kpa : actual vapour pressure, kPa.
    psychrometric_kpa_c : psychrometric constant, kPa/degC.
    soil_heat_mj : heat flux into the soil, MJ m-2 d-1; 0 for single days.

    Returns
    -------
    float64, mm/d; not held to 0 or more.

    Notes
    -----
    ET0 = (0.408 D (Rn - G) + g 900 / (T + 273) u2 (es - ea)) / (D + g (1 + 0.34 u2)) with the slope D of the vapour
    pressure curve and the psychrometric constant g; FAO-56 eq. 6.

    References
    ----------
    Allen, R. G. et al. 1998: Crop evapotranspiration. FAO Irrigation and Drainage Paper 56, chapters 2 and 3.
    """
    t = np.asarray(t_mean_c, dtype=np.float64)
    slope = vapour_pressure_slope_kpa_c(t)
    gamma = np.asarray(psychrometric_kpa_c, dtype=np.float64)
    wind = np.asarray(wind_2m_m_s, dtype=np.float64)
    energy = MJ_TO_MM * slope * (np.asarray(rn_mj, dtype=np.float64) - np.asarray(soil_heat_mj, dtype=np.float64))
    deficit = np.asarray(es_kpa, dtype=np.float64) - np.asarray(ea_kpa, dtype=np.float64)
    return np.asarray((energy + gamma * 900 / (t + 273) * wind * deficit) / (slope + gamma * (1 + 0.34 * wind)))


def hargreaves_mm(tmin_c: ArrayLike, tmax_c: ArrayLike, ra_mj: ArrayLike, t_mean_c: ArrayLike | None = None) -> Floats:
    """Reference evapotranspiration by Hargreaves, where temperature is all that is known.

    Parameters
    ----------
    tmin_c : least air temperature of the day, degC.
    tmax_c : greatest air temperature of the day, degC.
    ra_mj : extraterrestrial radiation, MJ m-2 d-1.
    t_mean_c : mean air temperature, degC; None = mean of the extremes.

    Returns
    -------
    float64, mm/d; NaN where ``tmin_c`` is above ``tmax_c``.

    Notes
    -----
    ET0 = 0.0023 (Tmean + 17.8) sqrt(Tmax - Tmin) 0.408 Ra; FAO-56 eq. 52.

    References
    ----------
    Hargreaves and Samani 1985: Reference crop evapotranspiration from temperature. Applied Eng. in Agric. 1(2): 96-99.
    """
    low, high = np.asarray(tmin_c, dtype=np.float64), np.asarray(tmax_c, dtype=np.float64)
    mean = (low + high) / 2 if t_mean_c is None else np.asarray(t_mean_c, dtype=np.float64)
    return np.asarray(0.0023 * (mean + 17.8) * np.sqrt(high - low) * MJ_TO_MM * np.asarray(ra_mj))
