"""The season between damaging nights against the oracle of domain reference 4, typed here, and by its properties."""

from __future__ import annotations

import numpy as np
import pytest

from geo.crops.catalogue import crops
from geo.crops.frost import NIGHT_LAG_ONE, NIGHT_SD_K, frost_season, night_chance
from geo.crops.season import daily_normals

HIGH = [-9.5, -7.5, -1.5, 4.5, 8, 11, 13.5, 12.5, 7.5, 2.5, -2, -6.5]
VALLEY = [-2.5, -0.5, 5, 10.5, 14.5, 18.5, 20.5, 18.5, 13, 7.5, 3, -0.5]


@pytest.mark.parametrize(
    ("damage_c", "autumn_risk", "first", "last", "days"),
    [(0.0, 0.20, 128, 264, 137), (-1.0, 0.50, 119, 282, 164), (-2.0, 0.50, 110, 288, 179)],
)
def test_the_oracle_of_the_high_valley(damage_c: float, autumn_risk: float, first: int, last: int, days: int) -> None:
    found = frost_season(np.array([HIGH], dtype=float), damage_c, autumn_risk=autumn_risk)
    assert found.days[0] == pytest.approx(days, abs=1)
    assert found.first[0] == pytest.approx(first, abs=1)
    assert found.last[0] == pytest.approx(last, abs=1)
    assert found.days[0] == found.last[0] - found.first[0] + 1


@pytest.mark.parametrize(("damage_c", "autumn_risk", "days"), [(0.0, 0.20, 213), (-1.0, 0.50, 238), (-2.0, 0.50, 250)])
def test_the_oracle_of_the_lower_valley(damage_c: float, autumn_risk: float, days: int) -> None:
    found = frost_season(np.array([VALLEY], dtype=float), damage_c, autumn_risk=autumn_risk)
    assert found.days[0] == pytest.approx(days, abs=1)


def test_the_normal_alone_promises_more_than_years_keep() -> None:
    assert int((daily_normals(np.array([HIGH], dtype=float)) > 2.0).sum()) == 200  # domain reference 4: 200 days
    assert frost_season(np.array([HIGH], dtype=float), 0.0).days[0] < 200 - 50


def test_no_summer_no_frost_and_nothing_known() -> None:
    monthly = np.array([np.full(12, -5.0), np.full(12, 25.0), [np.nan, *HIGH[1:]], HIGH])
    assert frost_season(monthly, 0.0).days.tolist()[:2] == [0.0, 365.0]
    assert np.isnan(frost_season(monthly, 0.0).days[2])
    assert frost_season(monthly, 0.0).days[3] == frost_season(monthly[3:], 0.0).days[0]


def test_more_risk_or_a_hardier_crop_or_a_warmer_place_never_shortens_the_season() -> None:
    place = np.array([HIGH], dtype=float)
    days = [frost_season(place, 0.0, spring_risk=risk, autumn_risk=risk).days[0] for risk in (0.05, 0.1, 0.2, 0.5)]
    assert days == sorted(days)
    assert frost_season(place, -2.0).days[0] >= frost_season(place, 0.0).days[0]
    warmer = [frost_season(place + shift, 0.0).days[0] for shift in (-2.0, -1.0, 0.0, 1.0, 2.0)]
    assert warmer == sorted(warmer)


def test_simulated_years_agree() -> None:
    random = np.random.default_rng(3)
    years, normal = 20_000, daily_normals(np.array([HIGH], dtype=float))[0]
    anomaly = random.normal(0.0, NIGHT_SD_K, years)
    last_night = np.zeros(years)
    for day in range(int(normal.argmax()) + 1):
        last_night[normal[day] + anomaly <= 0.0] = day + 1
        fresh = random.normal(0.0, NIGHT_SD_K * np.sqrt(1 - NIGHT_LAG_ONE**2), years)
        anomaly = NIGHT_LAG_ONE * anomaly + fresh
    first = frost_season(np.array([HIGH], dtype=float), 0.0).first[0]
    assert np.quantile(last_night, 0.8) == pytest.approx(first - 1, abs=1.5)


def test_the_chance_of_a_damaging_night_is_that_of_simulated_months() -> None:
    random = np.random.default_rng(9)
    years, normal = 100_000, daily_normals(np.array([HIGH], dtype=float))[0]
    april = range(90, 120)
    anomaly, hit = random.normal(0.0, 3.5, years), np.zeros(years, dtype=bool)
    for day in april:
        hit |= normal[day] + anomaly <= -2.0
        anomaly = 0.6 * anomaly + random.normal(0.0, 3.5 * 0.8, years)
    found = night_chance(np.array([HIGH, [np.nan] * 12, VALLEY], dtype=float), -2.0, 4)
    assert found[0] == pytest.approx(hit.mean(), abs=0.01)
    assert np.isnan(found[1])
    assert 0.0 < found[2] < 0.05 < found[0]


def test_a_month_of_one_temperature_lies_between_one_night_and_independent_ones() -> None:
    """Every day 3.5 K above the damage: one night in 6.3 (16 %); thirty at most all but never without one."""
    found = float(night_chance(np.full((1, 12), 1.5), -2.0, 4)[0])
    assert 0.1587 < found < 1.0 - (1.0 - 0.1587) ** 30
    assert night_chance(np.full((1, 12), -2.0), -2.0, 4)[0] > 0.99
    assert night_chance(np.full((1, 12), 20.0), -2.0, 4)[0] < 1e-6


def test_danger_of_cold_of_trees_is_that_of_the_text() -> None:
    """Domain reference 5: flower and bud -2 degC, pomegranate -12 in winter; months of the calendar, typed here."""
    told = {
        **{"apricot": (-2, 3, 4), "apple": (-2, 3, 4), "mulberry": (-2, 4, 4), "grape": (-2, 4, 5)},
        **{"almond": (-2, 3, np.nan), "pomegranate": (-12, 1, np.nan), "walnut": (np.nan, np.nan, np.nan)},
    }
    for crop in crops().values():
        expected = told.get(crop.id, (np.nan, np.nan, np.nan))
        held = (crop.cold_damage_c, crop.cold_month_lowland, crop.cold_month_mountain)
        np.testing.assert_array_equal(held, expected, err_msg=crop.id)
