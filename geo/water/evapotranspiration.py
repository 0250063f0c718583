"""Reference evapotranspiration and what it needs, after FAO Irrigation and Drainage Paper 56 (Allen et al. 1998).

Every function takes scalars or arrays of one shape and returns the same shape; units stand in the names.
Equation and example numbers are those of FAO-56. The formulas are short and fixed, so they stand here once,
with the published examples as tests, instead of coming from a package that carries a model around them.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

Floats = NDArray[np.float64]

SOLAR_CONSTANT = 0.0820  # MJ m-2 min-1, FAO-56 eq. 21
STEFAN_BOLTZMANN = 4.903e-9  # MJ K-4 m-2 d-1, FAO-56 eq. 39
ALBEDO = 0.23  # -, grass reference, FAO-56 eq. 38
ANGSTROM_A, ANGSTROM_B = 0.25, 0.50  # -, defaults where no local calibration is known, FAO-56 eq. 35
KELVIN = 273.16  # K, as FAO-56 eq. 39 writes it
MJ_TO_MM = 0.408  # mm per MJ m-2, inverse latent heat of 2.45 MJ/kg, FAO-56 eq. 20
RS_FROM_RANGE_INTERIOR = 0.16  # K-0.5, Hargreaves coefficient of interior regions, FAO-56 eq. 50
WIND_WHEN_UNKNOWN_M_S = 2.0  # m/s, mean over 2,000 stations, FAO-56 p. 63


def saturation_vapour_pressure_kpa(t_c: ArrayLike) -> Floats:
    """Saturation vapour pressure [kPa] at air temperature [degC]; FAO-56 eq. 11."""
    t = np.asarray(t_c, dtype=np.float64)
    return np.asarray(0.6108 * np.exp(17.27 * t / (t + 237.3)))


def mean_saturation_vapour_pressure_kpa(tmin_c: ArrayLike, tmax_c: ArrayLike) -> Floats:
    """Mean of the saturation vapour pressures [kPa] of the day's extremes; FAO-56 eq. 12."""
    return (saturation_vapour_pressure_kpa(tmin_c) + saturation_vapour_pressure_kpa(tmax_c)) / 2


def vapour_pressure_slope_kpa_c(t_c: ArrayLike) -> Floats:
    """Slope of the vapour pressure curve [kPa/degC] at air temperature [degC]; FAO-56 eq. 13."""
    t = np.asarray(t_c, dtype=np.float64)
    return np.asarray(4098 * saturation_vapour_pressure_kpa(t) / (t + 237.3) ** 2)


def atmospheric_pressure_kpa(elevation_m: ArrayLike) -> Floats:
    """Atmospheric pressure [kPa] at a height above sea level [m]; FAO-56 eq. 7."""
    return np.asarray(101.3 * ((293 - 0.0065 * np.asarray(elevation_m, dtype=np.float64)) / 293) ** 5.26)


def psychrometric_constant_kpa_c(pressure_kpa: ArrayLike) -> Floats:
    """Psychrometric constant [kPa/degC] at atmospheric pressure [kPa]; FAO-56 eq. 8."""
    return np.asarray(0.665e-3 * np.asarray(pressure_kpa, dtype=np.float64))


def vapour_pressure_from_humidity_kpa(
    tmin_c: ArrayLike, tmax_c: ArrayLike, rh_min_pct: ArrayLike, rh_max_pct: ArrayLike
) -> Floats:
    """Actual vapour pressure [kPa] from the day's extremes of temperature and relative humidity; FAO-56 eq. 17."""
    low = saturation_vapour_pressure_kpa(tmin_c) * np.asarray(rh_max_pct, dtype=np.float64)
    high = saturation_vapour_pressure_kpa(tmax_c) * np.asarray(rh_min_pct, dtype=np.float64)
    return np.asarray((low + high) / 200)


def vapour_pressure_from_wet_bulb_kpa(
    t_wet_c: ArrayLike, t_dry_c: ArrayLike, pressure_kpa: ArrayLike, coefficient: float = 0.000662
) -> Floats:
    """Actual vapour pressure [kPa] from a psychrometer; ``coefficient`` [1/degC] 0.000662 ventilated; FAO-56 eq. 15."""
    wet, dry = np.asarray(t_wet_c, dtype=np.float64), np.asarray(t_dry_c, dtype=np.float64)
    return saturation_vapour_pressure_kpa(wet) - coefficient * np.asarray(pressure_kpa) * (dry - wet)


def wind_at_2m_m_s(wind_m_s: ArrayLike, height_m: float) -> Floats:
    """Wind speed at 2 m [m/s] from a measurement at ``height_m`` [m] over grass; FAO-56 eq. 47."""
    wind = np.asarray(wind_m_s, dtype=np.float64)
    return wind if height_m == 2.0 else np.asarray(wind * 4.87 / np.log(67.8 * height_m - 5.42))


def inverse_relative_distance(day_of_year: ArrayLike) -> Floats:
    """Inverse relative distance Earth-Sun [-]; FAO-56 eq. 23."""
    return np.asarray(1 + 0.033 * np.cos(2 * np.pi * np.asarray(day_of_year, dtype=np.float64) / 365))


def solar_declination_rad(day_of_year: ArrayLike) -> Floats:
    """Solar declination [rad]; FAO-56 eq. 24."""
    return np.asarray(0.409 * np.sin(2 * np.pi * np.asarray(day_of_year, dtype=np.float64) / 365 - 1.39))


def sunset_hour_angle_rad(latitude_deg: ArrayLike, day_of_year: ArrayLike) -> Floats:
    """Sunset hour angle [rad]; 0 in polar night, pi in polar day; FAO-56 eq. 25."""
    latitude = np.radians(np.asarray(latitude_deg, dtype=np.float64))
    return np.asarray(np.arccos(np.clip(-np.tan(latitude) * np.tan(solar_declination_rad(day_of_year)), -1, 1)))


def extraterrestrial_radiation_mj(latitude_deg: ArrayLike, day_of_year: ArrayLike) -> Floats:
    """Extraterrestrial radiation [MJ m-2 d-1]; FAO-56 eq. 21."""
    latitude = np.radians(np.asarray(latitude_deg, dtype=np.float64))
    declination = solar_declination_rad(day_of_year)
    sunset = sunset_hour_angle_rad(latitude_deg, day_of_year)
    geometry = sunset * np.sin(latitude) * np.sin(declination) + np.cos(latitude) * np.cos(declination) * np.sin(sunset)
    return np.asarray(24 * 60 / np.pi * SOLAR_CONSTANT * inverse_relative_distance(day_of_year) * geometry)


def daylight_hours(latitude_deg: ArrayLike, day_of_year: ArrayLike) -> Floats:
    """Greatest possible sunshine [h]; FAO-56 eq. 34."""
    return np.asarray(24 / np.pi * sunset_hour_angle_rad(latitude_deg, day_of_year))


def solar_radiation_from_sunshine_mj(ra_mj: ArrayLike, sunshine_h: ArrayLike, daylight_h: ArrayLike) -> Floats:
    """Solar radiation [MJ m-2 d-1] from hours of sunshine; FAO-56 eq. 35."""
    share = np.asarray(sunshine_h, dtype=np.float64) / np.asarray(daylight_h, dtype=np.float64)
    return np.asarray((ANGSTROM_A + ANGSTROM_B * share) * np.asarray(ra_mj, dtype=np.float64))


def solar_radiation_from_range_mj(ra_mj: ArrayLike, tmin_c: ArrayLike, tmax_c: ArrayLike) -> Floats:
    """Solar radiation [MJ m-2 d-1] from the temperature range, interior regions; FAO-56 eq. 50."""
    spread = np.asarray(tmax_c, dtype=np.float64) - np.asarray(tmin_c, dtype=np.float64)
    return np.asarray(RS_FROM_RANGE_INTERIOR * np.sqrt(spread) * np.asarray(ra_mj, dtype=np.float64))


def clear_sky_radiation_mj(ra_mj: ArrayLike, elevation_m: ArrayLike) -> Floats:
    """Clear-sky solar radiation [MJ m-2 d-1]; FAO-56 eq. 37."""
    return np.asarray((0.75 + 2e-5 * np.asarray(elevation_m, dtype=np.float64)) * np.asarray(ra_mj))


def net_longwave_radiation_mj(
    tmin_c: ArrayLike, tmax_c: ArrayLike, ea_kpa: ArrayLike, rs_mj: ArrayLike, rso_mj: ArrayLike
) -> Floats:
    """Net outgoing long-wave radiation [MJ m-2 d-1]; the cloud term is held to Rs/Rso <= 1; FAO-56 eq. 39."""
    warm = (np.asarray(tmax_c, dtype=np.float64) + KELVIN) ** 4
    cold = (np.asarray(tmin_c, dtype=np.float64) + KELVIN) ** 4
    humidity = 0.34 - 0.14 * np.sqrt(np.asarray(ea_kpa, dtype=np.float64))
    clouds = 1.35 * np.minimum(np.asarray(rs_mj, dtype=np.float64) / np.asarray(rso_mj), 1.0) - 0.35
    return np.asarray(STEFAN_BOLTZMANN * (warm + cold) / 2 * humidity * clouds)


def net_radiation_mj(rs_mj: ArrayLike, rnl_mj: ArrayLike) -> Floats:
    """Net radiation [MJ m-2 d-1] of the grass reference; FAO-56 eq. 38 and 40."""
    return np.asarray((1 - ALBEDO) * np.asarray(rs_mj, dtype=np.float64) - np.asarray(rnl_mj, dtype=np.float64))


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
    """Reference evapotranspiration [mm/d] by FAO Penman-Monteith; FAO-56 eq. 6."""
    t = np.asarray(t_mean_c, dtype=np.float64)
    slope = vapour_pressure_slope_kpa_c(t)
    gamma = np.asarray(psychrometric_kpa_c, dtype=np.float64)
    wind = np.asarray(wind_2m_m_s, dtype=np.float64)
    energy = MJ_TO_MM * slope * (np.asarray(rn_mj, dtype=np.float64) - np.asarray(soil_heat_mj, dtype=np.float64))
    deficit = np.asarray(es_kpa, dtype=np.float64) - np.asarray(ea_kpa, dtype=np.float64)
    return np.asarray((energy + gamma * 900 / (t + 273) * wind * deficit) / (slope + gamma * (1 + 0.34 * wind)))


def hargreaves_mm(tmin_c: ArrayLike, tmax_c: ArrayLike, ra_mj: ArrayLike, t_mean_c: ArrayLike | None = None) -> Floats:
    """Reference evapotranspiration [mm/d] by Hargreaves; mean of the extremes unless given; FAO-56 eq. 52."""
    low, high = np.asarray(tmin_c, dtype=np.float64), np.asarray(tmax_c, dtype=np.float64)
    mean = (low + high) / 2 if t_mean_c is None else np.asarray(t_mean_c, dtype=np.float64)
    return np.asarray(0.0023 * (mean + 17.8) * np.sqrt(high - low) * MJ_TO_MM * np.asarray(ra_mj))
