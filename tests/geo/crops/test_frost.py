"""The season between damaging nights against the oracle of domain reference 4, typed here, and by its properties."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import multivariate_normal, norm

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


def days(normal_c: float, spring_risk: float, autumn_risk: float) -> tuple[float, int, int]:
    """Season at 0 degC of a place as warm every day of the year."""
    found = frost_season(np.full((1, 12), normal_c), 0.0, spring_risk=spring_risk, autumn_risk=autumn_risk)
    return float(found.days[0]), int(found.first[0]), int(found.last[0])


def test_of_a_year_of_one_temperature_the_first_nights_are_known_by_hand() -> None:
    """1.8 K above the damage: one night in 3.3 (30.4 %), of two in a row at least one in 2.3 (43.2 %).

    With a correlation of .6 the chance that both do damage is that of the bivariate normal at -.514, 17.6 %.
    """
    both = float(multivariate_normal(cov=[[1.0, 0.6], [0.6, 1.0]]).cdf([-1.8 / 3.5] * 2))
    assert both == pytest.approx(0.176, abs=0.001)
    one, two = float(norm.cdf(-1.8 / 3.5)), 2 * float(norm.cdf(-1.8 / 3.5)) - both
    # The grid of a tenth of a degree is off by a night of half a cell at most, 0.7 % here.
    assert days(1.8, one - 0.02, one - 0.02) == (0.0, 0, 0)
    length, first, last = days(1.8, one + 0.02, one + 0.02)
    assert length == 1
    assert first == last > 0
    assert days(1.8, two - 0.02, two - 0.02)[0] == 1
    assert days(1.8, two + 0.02, two + 0.02)[0] == 3
    # A midsummer that is not safe by one of the two risks is no season.
    assert days(1.8, one - 0.02, 0.5) == days(1.8, 0.5, one - 0.02) == (0.0, 0, 0)
    # Nights before and after are alike, and midsummer is counted once.
    whole = days(1.8, 0.9, 0.9)[0]
    assert whole > 5
    assert 2 * days(1.8, 0.9, one + 0.02)[0] - 1 == 2 * days(1.8, one + 0.02, 0.9)[0] - 1 == whole


def test_a_certain_night_is_no_matter_of_risk_and_a_safe_year_has_no_ends() -> None:
    assert days(-25.0, 0.995, 0.995) == (0.0, 0, 0)
    assert days(30.0, 0.001, 0.001) == (365.0, 0, 0)


def test_normals_count_to_a_tenth_of_a_degree() -> None:
    at_noon = [float(night_chance(np.array([HIGH]) + shift, 10.0, 7)[0]) for shift in (0.0, 0.04, -0.04, 0.06, 0.1)]
    assert at_noon[0] == at_noon[1] == at_noon[2]
    assert at_noon[0] > at_noon[3] == at_noon[4]


def test_a_month_has_its_own_nights_and_one_unknown_month_leaves_all_unknown() -> None:
    """February's 28, of one temperature: simulated; one or two nights more or less would be 1 to 2 % off."""
    random, years = np.random.default_rng(4), 200_000
    anomaly, hit = random.normal(0.0, 3.5, years), np.zeros(years, dtype=bool)
    for _ in range(28):
        hit |= anomaly <= -7.25  # between two cells of the grid
        anomaly = 0.6 * anomaly + random.normal(0.0, 3.5 * 0.8, years)
    year = np.full((2, 12), 5.0)
    year[1, 6] = np.nan
    found = night_chance(year, -2.25, 2)
    assert found[0] == pytest.approx(hit.mean(), abs=0.004)
    assert np.isnan(found[1])
    assert found[0] < night_chance(year, -2.25, 4)[0] < night_chance(year, -2.25, 3)[0]


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
