"""Reference evapotranspiration of a weather station, day by day, with the fall-backs FAO-56 has for what is missing.

Which fall-backs a day needed stands beside its value. Arrays have one element a day; NaN means not measured.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from geo.errors import TableError
from geo.water import evapotranspiration as et
from geo.water import radiation

Floats = NDArray[np.float64]
Words = NDArray[np.str_]

ARID_DEW_POINT_C = 2.0  # degC below Tmin that the dew point of an arid station lies at; FAO-56 annex 6, eq. 6-6
METHODS = ("penman-monteith", "hargreaves")
LOWEST_C, HIGHEST_C = -70.0, 60.0  # degC, bounds of air temperature on land
STRONGEST_WIND_M_S = 75.0  # m/s, bound of a daily mean
TOLERATED = 1.02  # -, by how much radiation or sunshine may pass what the sky can give, for instruments and rounding


class Station(NamedTuple):
    """Where a station stands: latitude [degrees north], height above the sea [m], height of its anemometer [m]."""

    latitude_deg: float
    elevation_m: float
    wind_height_m: float = 2.0


class Weather(NamedTuple):
    """What a station measured, one value a day, NaN where there is none.

    day_of_year : int64, 1-366. tmin_c, tmax_c : air temperature, degC. rh_min_pct, rh_max_pct : relative humidity, %.
    tdew_c : dew point, degC. ea_kpa : actual vapour pressure, kPa. wind_m_s : wind speed, m/s. rs_mj : solar radiation,
    MJ m-2 d-1. sunshine_h : hours of sunshine.
    """

    day_of_year: NDArray[np.int64]
    tmin_c: Floats
    tmax_c: Floats
    rh_min_pct: Floats
    rh_max_pct: Floats
    tdew_c: Floats
    ea_kpa: Floats
    wind_m_s: Floats
    rs_mj: Floats
    sunshine_h: Floats


class DailyEt0(NamedTuple):
    """``et0_mm_d`` : float64 (days,), NaN without temperatures. ``method`` : str (days,), how each was found."""

    et0_mm_d: Floats
    method: Words


def find_et0(
    station: Station, weather: Weather, *, method: str = "penman-monteith", arid: bool = False, source: str = "station"
) -> DailyEt0:
    """Return reference evapotranspiration for each day of a station's record.

    Parameters
    ----------
    station : where it stands.
    weather : what it measured.
    method : penman-monteith, or hargreaves, which asks for temperatures only.
    arid : the dew point, where nothing tells the humidity, lies 2 degC below the least temperature instead of at it.
    source : name of the file, for messages; its first row of values is row 2.

    Returns
    -------
    DailyEt0 : mm/d, not below 0, and how each was found, such as ``penman-monteith; ea tmin; wind 2 m/s``.

    Raises
    ------
    TableError : a method that is not known, a place that is none, or a value no station can measure; names file, row,
        field and what was expected.

    Notes
    -----
    Humidity, from the best that is there: vapour pressure, dew point, both extremes of relative humidity (FAO-56 eq.
    17), the greatest (eq. 18), dew point = Tmin (eq. 48). Radiation: measured, from sunshine (eq. 35), from the range
    of temperature (eq. 50). Wind: measured, brought to 2 m (eq. 47), else 2 m/s.
    """
    if method not in METHODS:
        raise TableError(f"evapotranspiration by '{method}' is not known: {' or '.join(METHODS)} expected")
    _check_place(station)
    ra = radiation.extraterrestrial_radiation_mj(station.latitude_deg, weather.day_of_year)
    daylight = radiation.daylight_hours(station.latitude_deg, weather.day_of_year)
    _check_weather(weather, ra, daylight, source)
    known = ~np.isnan(weather.tmin_c) & ~np.isnan(weather.tmax_c)
    if method == "hargreaves":
        found = np.maximum(et.hargreaves_mm(weather.tmin_c, weather.tmax_c, ra), 0.0)
        return DailyEt0(found, np.where(known, method, "no temperature"))
    ea, humidity = _vapour_pressure(weather, arid)
    rs, sky = _solar_radiation(weather, ra, daylight)
    wind = et.wind_at_2m_m_s(weather.wind_m_s, station.wind_height_m)
    calm = np.isnan(wind)
    es = et.mean_saturation_vapour_pressure_kpa(weather.tmin_c, weather.tmax_c)
    rso = radiation.clear_sky_radiation_mj(ra, station.elevation_m)
    with np.errstate(divide="ignore", invalid="ignore"):
        lost = radiation.net_longwave_radiation_mj(weather.tmin_c, weather.tmax_c, ea, rs, rso)
    gamma = et.psychrometric_constant_kpa_c(et.atmospheric_pressure_kpa(station.elevation_m))
    found = et.penman_monteith_mm(
        t_mean_c=(weather.tmin_c + weather.tmax_c) / 2,
        rn_mj=radiation.net_radiation_mj(rs, lost),
        wind_2m_m_s=np.where(calm, et.WIND_WHEN_UNKNOWN_M_S, wind),
        es_kpa=es,
        ea_kpa=ea,
        psychrometric_kpa_c=gamma,
    )
    how = np.char.add(np.char.add(method, humidity), sky)
    how = np.char.add(how, np.where(calm, f"; wind {et.WIND_WHEN_UNKNOWN_M_S:g} m/s", ""))
    return DailyEt0(np.maximum(found, 0.0), np.where(known, how, "no temperature"))


def _vapour_pressure(weather: Weather, arid: bool) -> tuple[Floats, Words]:
    """Actual vapour pressure [kPa] from the best that is there, and the words of the fall-back."""
    below = ARID_DEW_POINT_C if arid else 0.0
    word = f"; ea tmin - {ARID_DEW_POINT_C:g}" if arid else "; ea tmin"
    ways: Sequence[tuple[Floats, str]] = (
        (weather.ea_kpa, ""),
        (et.saturation_vapour_pressure_kpa(weather.tdew_c), ""),
        (
            et.vapour_pressure_from_humidity_kpa(
                weather.tmin_c, weather.tmax_c, weather.rh_min_pct, weather.rh_max_pct
            ),
            "",
        ),
        (et.saturation_vapour_pressure_kpa(weather.tmin_c) * weather.rh_max_pct / 100, "; ea rh_max"),
        (et.saturation_vapour_pressure_kpa(weather.tmin_c - below), word),
    )
    return _first_known(ways)


def _solar_radiation(weather: Weather, ra: Floats, daylight: Floats) -> tuple[Floats, Words]:
    """Solar radiation [MJ m-2 d-1] from the best that is there, and the words of the fall-back."""
    with np.errstate(divide="ignore", invalid="ignore"):
        sunny = radiation.solar_radiation_from_sunshine_mj(ra, weather.sunshine_h, daylight)
    ways: Sequence[tuple[Floats, str]] = (
        (weather.rs_mj, ""),
        (sunny, ""),
        (radiation.solar_radiation_from_range_mj(ra, weather.tmin_c, weather.tmax_c), "; rs range"),
    )
    return _first_known(ways)


def _first_known(ways: Sequence[tuple[Floats, str]]) -> tuple[Floats, Words]:
    values, words = np.full(len(ways[0][0]), np.nan), np.full(len(ways[0][0]), "", dtype="<U16")
    for found, word in ways:
        take = np.isnan(values) & ~np.isnan(found)
        values[take], words[take] = found[take], word
    return values, words


def _check_place(station: Station) -> None:
    bounds = (
        ("latitude", station.latitude_deg, -66.5, 66.5),
        ("elevation", station.elevation_m, -430.0, 8_000.0),
        ("height of the wind", station.wind_height_m, 0.5, 200.0),
    )
    for what, value, low, high in bounds:
        if not low <= value <= high:
            raise TableError(f"station, {what}: a number from {low:g} to {high:g} expected, got {value:g}")


def _check_weather(weather: Weather, ra: Floats, daylight: Floats, source: str) -> None:
    """Refuse the first value no station can measure."""
    ones = np.ones(len(ra))
    cold, hot = LOWEST_C * ones, HIGHEST_C * ones
    es = et.saturation_vapour_pressure_kpa(weather.tmax_c)
    bounds = {
        "tmin": (weather.tmin_c, cold, hot),
        "tmax": (weather.tmax_c, np.fmax(weather.tmin_c, cold), hot),
        "rh_min": (weather.rh_min_pct, 0 * ones, np.fmin(weather.rh_max_pct, 100.0)),
        "rh_max": (weather.rh_max_pct, 0 * ones, 100 * ones),
        "tdew": (weather.tdew_c, cold, np.fmin(weather.tmax_c, hot)),
        "ea": (weather.ea_kpa, 0 * ones, np.where(np.isnan(es), np.inf, es)),
        "wind": (weather.wind_m_s, 0 * ones, STRONGEST_WIND_M_S * ones),
        "rs": (weather.rs_mj, 0 * ones, TOLERATED * ra),
        "sunshine": (weather.sunshine_h, 0 * ones, TOLERATED * daylight),
    }
    for name, (values, low, high) in bounds.items():
        wrong = np.flatnonzero((values < low) | (values > high) | np.isinf(values))
        if len(wrong):
            row = int(wrong[0])
            raise TableError(
                f"{source}, row {row + 2}, {name}: a number from {low[row]:.4g} to {high[row]:.4g} expected, "
                f"got {values[row]:.4g}"
            )
