"""Radiation that drives evapotranspiration, after FAO Irrigation and Drainage Paper 56 (Allen et al. 1998), chapter 3.

Every function takes scalars or arrays of one shape and returns the same shape; units stand in the names. Where a value
is NaN the result is NaN.
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
CLEARNESS_BOUNDS = (0.3, 1.0)  # -, of Rs / Rso; ASCE-EWRI 2005 eq. 18
RS_FROM_RANGE_INTERIOR = 0.16  # K-0.5, Hargreaves coefficient of interior regions, FAO-56 eq. 50


def inverse_relative_distance(day_of_year: ArrayLike) -> Floats:
    """Inverse relative distance Earth-Sun.

    Parameters
    ----------
    day_of_year : 1-366.

    Returns
    -------
    float64, without unit, shape of ``day_of_year``.

    Notes
    -----
    dr = 1 + 0.033 cos(2 pi J / 365); FAO-56 eq. 23.
    """
    return np.asarray(1 + 0.033 * np.cos(2 * np.pi * np.asarray(day_of_year, dtype=np.float64) / 365))


def solar_declination_rad(day_of_year: ArrayLike) -> Floats:
    """Declination of the sun.

    Parameters
    ----------
    day_of_year : 1-366.

    Returns
    -------
    float64, rad, shape of ``day_of_year``.

    Notes
    -----
    0.409 sin(2 pi J / 365 - 1.39); FAO-56 eq. 24.
    """
    return np.asarray(0.409 * np.sin(2 * np.pi * np.asarray(day_of_year, dtype=np.float64) / 365 - 1.39))


def sunset_hour_angle_rad(latitude_deg: ArrayLike, day_of_year: ArrayLike) -> Floats:
    """Hour angle of the sun at sunset.

    Parameters
    ----------
    latitude_deg : geographic latitude, degrees, north positive.
    day_of_year : 1-366.

    Returns
    -------
    float64, rad; 0 in polar night, pi in polar day.

    Notes
    -----
    ws = arccos(-tan(latitude) tan(declination)); FAO-56 eq. 25.
    """
    latitude = np.radians(np.asarray(latitude_deg, dtype=np.float64))
    return np.asarray(np.arccos(np.clip(-np.tan(latitude) * np.tan(solar_declination_rad(day_of_year)), -1, 1)))


def extraterrestrial_radiation_mj(latitude_deg: ArrayLike, day_of_year: ArrayLike) -> Floats:
    """Solar radiation at the top of the atmosphere on a horizontal plane, over a day.

    Parameters
    ----------
    latitude_deg : geographic latitude, degrees, north positive.
    day_of_year : 1-366.

    Returns
    -------
    float64, MJ m-2 d-1.

    Notes
    -----
    Ra = 24 60 / pi Gsc dr (ws sin(lat) sin(d) + cos(lat) cos(d) sin(ws)) with ``SOLAR_CONSTANT`` Gsc, the inverse
    relative distance dr, the declination d and the sunset hour angle ws; FAO-56 eq. 21.
    """
    latitude = np.radians(np.asarray(latitude_deg, dtype=np.float64))
    declination = solar_declination_rad(day_of_year)
    sunset = sunset_hour_angle_rad(latitude_deg, day_of_year)
    geometry = sunset * np.sin(latitude) * np.sin(declination) + np.cos(latitude) * np.cos(declination) * np.sin(sunset)
    return np.asarray(24 * 60 / np.pi * SOLAR_CONSTANT * inverse_relative_distance(day_of_year) * geometry)


def daylight_hours(latitude_deg: ArrayLike, day_of_year: ArrayLike) -> Floats:
    """Greatest possible sunshine of a day.

    Parameters
    ----------
    latitude_deg : geographic latitude, degrees, north positive.
    day_of_year : 1-366.

    Returns
    -------
    float64, h, 0-24.

    Notes
    -----
    N = 24 ws / pi; FAO-56 eq. 34.
    """
    return np.asarray(24 / np.pi * sunset_hour_angle_rad(latitude_deg, day_of_year))


def solar_radiation_from_sunshine_mj(ra_mj: ArrayLike, sunshine_h: ArrayLike, daylight_h: ArrayLike) -> Floats:
    """Solar radiation from hours of sunshine.

    Parameters
    ----------
    ra_mj : extraterrestrial radiation, MJ m-2 d-1.
    sunshine_h : measured sunshine, h.
    daylight_h : greatest possible sunshine, h; above 0.

    Returns
    -------
    float64, MJ m-2 d-1.

    Notes
    -----
    Rs = (a + b n / N) Ra with ``ANGSTROM_A`` and ``ANGSTROM_B``; FAO-56 eq. 35.
    """
    share = np.asarray(sunshine_h, dtype=np.float64) / np.asarray(daylight_h, dtype=np.float64)
    return np.asarray((ANGSTROM_A + ANGSTROM_B * share) * np.asarray(ra_mj, dtype=np.float64))


def solar_radiation_from_range_mj(ra_mj: ArrayLike, tmin_c: ArrayLike, tmax_c: ArrayLike) -> Floats:
    """Solar radiation from the range of temperature, in the interior of a land mass.

    Parameters
    ----------
    ra_mj : extraterrestrial radiation, MJ m-2 d-1.
    tmin_c : least air temperature of the day, degC.
    tmax_c : greatest air temperature of the day, degC.

    Returns
    -------
    float64, MJ m-2 d-1; NaN where ``tmin_c`` is above ``tmax_c``.

    Notes
    -----
    Rs = 0.16 sqrt(Tmax - Tmin) Ra; FAO-56 eq. 50.
    """
    spread = np.asarray(tmax_c, dtype=np.float64) - np.asarray(tmin_c, dtype=np.float64)
    return np.asarray(RS_FROM_RANGE_INTERIOR * np.sqrt(spread) * np.asarray(ra_mj, dtype=np.float64))


def clear_sky_radiation_mj(ra_mj: ArrayLike, elevation_m: ArrayLike) -> Floats:
    """Solar radiation under a clear sky.

    Parameters
    ----------
    ra_mj : extraterrestrial radiation, MJ m-2 d-1.
    elevation_m : height above sea level, m.

    Returns
    -------
    float64, MJ m-2 d-1.

    Notes
    -----
    Rso = (0.75 + 2e-5 z) Ra; FAO-56 eq. 37.
    """
    return np.asarray((0.75 + 2e-5 * np.asarray(elevation_m, dtype=np.float64)) * np.asarray(ra_mj))


def net_longwave_radiation_mj(
    tmin_c: ArrayLike, tmax_c: ArrayLike, ea_kpa: ArrayLike, rs_mj: ArrayLike, rso_mj: ArrayLike
) -> Floats:
    """Net long-wave radiation that leaves the ground.

    Parameters
    ----------
    tmin_c : least air temperature of the day, degC.
    tmax_c : greatest air temperature of the day, degC.
    ea_kpa : actual vapour pressure, kPa.
    rs_mj : solar radiation, measured, MJ m-2 d-1.
    rso_mj : solar radiation under a clear sky, MJ m-2 d-1.

    Returns
    -------
    float64, MJ m-2 d-1, outgoing positive.

    Notes
    -----
    Rnl = sigma (Tmax**4 + Tmin**4) / 2 (0.34 - 0.14 sqrt(ea)) (1.35 Rs / Rso - 0.35) with temperatures in K and
    Rs / Rso held to 0.3-1; FAO-56 eq. 39. The lower bound is that of ASCE-EWRI 2005: without it more would come in than
    goes out on overcast days.
    """
    warm = (np.asarray(tmax_c, dtype=np.float64) + KELVIN) ** 4
    cold = (np.asarray(tmin_c, dtype=np.float64) + KELVIN) ** 4
    humidity = 0.34 - 0.14 * np.sqrt(np.asarray(ea_kpa, dtype=np.float64))
    clouds = 1.35 * np.clip(np.asarray(rs_mj, dtype=np.float64) / np.asarray(rso_mj), *CLEARNESS_BOUNDS) - 0.35
    return np.asarray(STEFAN_BOLTZMANN * (warm + cold) / 2 * humidity * clouds)


def net_radiation_mj(rs_mj: ArrayLike, rnl_mj: ArrayLike) -> Floats:
    """Net radiation of the grass reference.

    Parameters
    ----------
    rs_mj : solar radiation, MJ m-2 d-1.
    rnl_mj : net outgoing long-wave radiation, MJ m-2 d-1.

    Returns
    -------
    float64, MJ m-2 d-1.

    Notes
    -----
    Rn = (1 - 0.23) Rs - Rnl; FAO-56 eq. 38 and 40.
    """
    return np.asarray((1 - ALBEDO) * np.asarray(rs_mj, dtype=np.float64) - np.asarray(rnl_mj, dtype=np.float64))
