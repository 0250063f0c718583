"""Evapotranspiration of stations: published days, the same figures as pyet, and refusals."""

import numpy as np
import pandas as pd
import pyet
import pytest
from numpy.typing import NDArray

from geo.errors import TableError
from geo.water.evapotranspiration import hargreaves_mm
from geo.water.need.station import Station, Weather, find_et0

Floats = NDArray[np.float64]

UCCLE = Station(50.80, 100.0, 10.0)


def weather(days: object, tmin: object, tmax: object, **measured: object) -> Weather:
    day = np.atleast_1d(np.asarray(days, dtype=np.int64))
    unknown = np.full(len(day), np.nan)
    given = {name: np.atleast_1d(np.asarray(values, dtype=np.float64)) for name, values in measured.items()}
    fields = {name: given.get(name, unknown) for name in Weather._fields[3:]}
    low, high = (np.atleast_1d(np.asarray(one, dtype=np.float64)) for one in (tmin, tmax))
    return Weather(day, low, high, **fields)


def test_uccle_on_6_july() -> None:
    """FAO-56 example 18."""
    day = weather(187, 12.3, 21.5, rh_min_pct=63, rh_max_pct=84, wind_m_s=10 / 3.6, sunshine_h=9.25)
    found = find_et0(UCCLE, day)
    assert found.et0_mm_d[0] == pytest.approx(3.88, abs=0.005)
    assert found.method.tolist() == ["penman-monteith"]


def test_lyon_in_july_with_nothing_but_temperatures() -> None:
    """FAO-56 example 20: 14.8 and 26.6 degC, 45.72 N, 200 m, 15 July: 4.56 mm/d with wind 2 m/s; Hargreaves 5.0."""
    found = find_et0(Station(45.72, 200.0), weather(196, 14.8, 26.6))
    assert found.et0_mm_d[0] == pytest.approx(4.56, abs=0.03)
    assert found.method.tolist() == ["penman-monteith; ea tmin; rs range; wind 2 m/s"]
    hargreaves = find_et0(Station(45.72, 200.0), weather(196, 14.8, 26.6), method="hargreaves")
    assert hargreaves.et0_mm_d[0] == pytest.approx(5.0, abs=0.05)
    assert hargreaves.method.tolist() == ["hargreaves"]


def test_each_day_says_how_it_was_found() -> None:
    days = weather(
        [200] * 6,
        [15] * 5 + [np.nan],
        [30] * 6,
        ea_kpa=[1.2, np.nan, np.nan, np.nan, np.nan, 1],
        tdew_c=[np.nan, 9, np.nan, np.nan, np.nan, 9],
        rh_min_pct=[np.nan, np.nan, 20, np.nan, 20, 20],
        rh_max_pct=[np.nan, np.nan, 70, 70, np.nan, 70],
        wind_m_s=[2, 2, np.nan, 2, 2, 2],
        rs_mj=[25, np.nan, 25, 25, 25, 25],
        sunshine_h=[np.nan, 11, np.nan, np.nan, np.nan, np.nan],
    )
    found = find_et0(Station(38, 500), days, arid=True)
    assert found.method.tolist() == [
        "penman-monteith",
        "penman-monteith",
        "penman-monteith; wind 2 m/s",
        "penman-monteith; ea rh_max",
        "penman-monteith; ea tmin - 2",
        "no temperature",
    ]
    assert np.isnan(found.et0_mm_d).tolist() == [False] * 5 + [True]


def year(seed: int) -> tuple[pd.DatetimeIndex, dict[str, Floats]]:
    """Two years of a made-up station, all plausible."""
    rng = np.random.default_rng(seed)
    index = pd.date_range("2023-01-01", periods=731)
    wave = np.sin(2 * np.pi * (np.arange(731) - 100) / 365.25)
    tmin = 8 + 13 * wave + rng.normal(0, 3, 731)
    tmax = tmin + rng.uniform(3, 18, 731)
    return index, {
        "tmin": tmin,
        "tmax": tmax,
        "rh_min": rng.uniform(15, 60, 731),
        "rh_max": rng.uniform(60, 98, 731),
        "wind": rng.uniform(0.2, 6, 731),
        "cloud": rng.uniform(0.31, 1.0, 731),
    }


@pytest.mark.parametrize(("seed", "latitude", "elevation"), [(1, 37.84, 430.0), (2, 39.02, 1_320.0), (3, -12.0, 20.0)])
def test_the_same_figures_as_pyet(seed: int, latitude: float, elevation: float) -> None:
    """Days with Rs / Rso of at least 0.3: below it pyet and FAO-56 hold the cloudiness in ways of their own."""
    index, made = year(seed)
    ra = pyet.extraterrestrial_r(index, np.radians(latitude))
    rs = made["cloud"] * (0.75 + 2e-5 * elevation) * np.asarray(ra)
    series = {name: pd.Series(values, index=index) for name, values in (made | {"rs": rs}).items()}
    oracle = pyet.pm_fao56(
        (series["tmin"] + series["tmax"]) / 2,
        series["wind"],
        rs=series["rs"],
        tmax=series["tmax"],
        tmin=series["tmin"],
        rhmax=series["rh_max"],
        rhmin=series["rh_min"],
        elevation=elevation,
        lat=np.radians(latitude),
    )
    days = weather(
        index.day_of_year,
        made["tmin"],
        made["tmax"],
        rh_min_pct=made["rh_min"],
        rh_max_pct=made["rh_max"],
        wind_m_s=made["wind"],
        rs_mj=rs,
    )
    found = find_et0(Station(latitude, elevation), days).et0_mm_d
    assert found == pytest.approx(oracle.to_numpy(), abs=0.02)
    assert np.abs(found - oracle.to_numpy()).mean() < 0.005


def test_the_same_hargreaves_as_pyet() -> None:
    index, made = year(4)
    low, high = (pd.Series(made[name], index=index) for name in ("tmin", "tmax"))
    oracle = pyet.hargreaves((low + high) / 2, high, low, np.radians(38.0)).to_numpy()
    ra = np.asarray(pyet.extraterrestrial_r(index, np.radians(38.0)))
    latent = 2.501 - 0.002361 * (made["tmin"] + made["tmax"]) / 2  # MJ/kg, pyet's by temperature; 2.45 in FAO-56
    there = oracle > 0.05
    found = hargreaves_mm(made["tmin"], made["tmax"], ra)
    assert found[there] == pytest.approx((oracle * latent / 2.45)[there], rel=1e-3)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"tmax": [20, 10]}, "station.csv, row 3, tmax: a number from 15 to 60 expected, got 10"),
        ({"rh_max_pct": [90, 101]}, "row 3, rh_max"),
        ({"rh_max_pct": [90, 60], "rh_min_pct": [30, 61]}, "row 3, rh_min: a number from 0 to 60"),
        ({"wind_m_s": [-1, 1]}, "row 2, wind"),
        ({"rs_mj": [20, 60]}, "row 3, rs"),
        ({"sunshine_h": [20, 5]}, "row 2, sunshine"),
        ({"ea_kpa": [9, 1]}, "row 2, ea"),
        ({"tdew_c": [31, 5]}, "row 2, tdew"),
        ({"tmin": [np.inf, 5]}, "row 2, tmin"),
    ],
)
def test_what_no_station_can_measure_is_refused(change: dict[str, object], said: str) -> None:
    given: dict[str, object] = {"tmin": [15, 15], "tmax": [30, 30]} | change
    days = weather([200, 201], given.pop("tmin"), given.pop("tmax"), **given)
    with pytest.raises(TableError) as refusal:
        find_et0(Station(38, 500), days, source="station.csv")
    assert said in str(refusal.value)


def test_wrong_stations_and_methods_are_refused() -> None:
    day = weather(200, 15, 30)
    for station, said in ((Station(91, 0), "latitude"), (Station(38, 9_000), "elevation"), (Station(38, 0, 0), "wind")):
        with pytest.raises(TableError, match=said):
            find_et0(station, day)
    with pytest.raises(TableError, match="penman-monteith or hargreaves"):
        find_et0(Station(38, 500), day, method="turc")
