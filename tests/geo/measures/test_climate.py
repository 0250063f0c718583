"""Heat and frost at the height of a plot, computed by hand."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from worlds import valley
from worlds.valley import at, measured

from geo.crops.catalogue import crops
from geo.crops.kernels.season import MONTH_BEFORE, TOWARDS_NEXT
from geo.errors import GridError, SuitabilityError
from geo.measures.climate import FROST_FREE_ABOVE_C, LAPSE_K_M, degree_days, frost_free_days
from geo.measures.reference_crop import TREES


def test_heat_is_carried_to_the_height_of_the_plot() -> None:
    # potato: (20 - 5) degC x 130 d = 1950 of the 1300 it needs; 1000 m higher it is 6.5 K cooler: (13.5 - 5) x 130
    assert at(measured("heat_ratio"), "clean") == pytest.approx(1_950.0 / 1_300.0)
    higher = measured("heat_ratio", dem=valley.level(2_000.0))
    assert at(higher, "clean") == pytest.approx((20.0 - 1_000.0 * LAPSE_K_M - 5.0) * 130.0 / 1_300.0)
    wheat = measured("heat_ratio", crop="wheat")
    assert at(wheat, "clean") == pytest.approx(20.0 * 240.0 / 2_000.0)
    assert np.isnan(measured("heat_ratio", crop="walnut").value).all()  # no degree-days on record
    with pytest.raises(SuitabilityError, match="reference crop 'rice' is not one of wheat"):
        measured("heat_ratio", crop="rice")
    with pytest.raises(GridError, match="twelve bands"):
        measured("heat_ratio", mean_temperature=valley.level(20.0))


def test_the_warmest_window_may_cross_the_turn_of_the_year() -> None:
    # one warm month: the line from 0 in mid-December over 12 in mid-January to 0 in mid-February
    monthly = np.zeros((1, 12))
    monthly[0, 0] = 12.0
    spread = degree_days(monthly, 0.0, 365)[0]
    assert spread == pytest.approx(12.0 * (31.0 + 29.5) / 2, rel=1e-3)  # the area of the triangle, degC d
    assert degree_days(monthly, 0.0, 70)[0] == pytest.approx(spread)
    assert degree_days(monthly, 12.0, 365)[0] == 0.0


def test_frost_free_days_between_two_straight_lines() -> None:
    # normal minimum -8 degC in mid-January, +12 in mid-July, straight in between: above 2 degC half of the way
    monthly = np.array([[-8.0, *np.linspace(-8, 12, 7)[1:6], 12.0, *np.linspace(12, -8, 7)[1:6]]])
    assert frost_free_days(monthly, 2.0)[0] == pytest.approx(182, abs=3)
    assert frost_free_days(monthly - 40.0)[0] == 0.0
    assert frost_free_days(monthly + 40.0)[0] == 365.0
    south = np.roll(monthly, 6, axis=1)  # the warm season across the turn of the year
    assert frost_free_days(south, 2.0)[0] == pytest.approx(frost_free_days(monthly, 2.0)[0], abs=3)
    assert np.isnan(frost_free_days(np.where(monthly > 11, np.nan, monthly))[0])


def test_frost_margin_asks_the_whole_cycle_of_a_tender_crop_and_nothing_of_a_hardy_one() -> None:
    warm = measured("frost_margin_d")
    assert at(warm, "clean") == 365.0 - 130.0
    assert at(measured("frost_margin_d", crop="wheat"), "clean") == 365.0
    cold = valley.level(FROST_FREE_ABOVE_C, cell_m=1_000.0, bands=12)
    assert at(measured("frost_margin_d", minimum_temperature=cold), "clean") == -130.0
    assert np.isnan(measured("frost_margin_d", crop="apple").value).all()


def test_every_crop_has_a_cycle_row_and_trees_are_crops() -> None:
    assert all(1 <= crop.field_cycle_d <= 365 or np.isnan(crop.field_cycle_d) for crop in crops().values())
    assert set(TREES) <= set(crops())


def days_of(monthly: NDArray[np.float64]) -> list[float]:
    """Return the value of one plot on each day of the year."""
    following = np.roll(monthly, -1)
    return [
        monthly[month] * (1.0 - towards) + following[month] * towards
        for month, towards in zip(MONTH_BEFORE, TOWARDS_NEXT, strict=True)
    ]


def degree_days_slowly(monthly: NDArray[np.float64], base_c: float, window_d: int) -> float:
    """Return the degree-days of the best window of one plot, one day after the other."""
    above = [max(day - base_c, 0.0) for day in days_of(monthly)]
    total = 0.0
    for day in above[:window_d]:
        total += day
    best = total
    for day in range(1, 365):
        total += above[(day + window_d - 1) % 365] - above[day - 1]
        best = max(best, total)
    return best


def frost_free_slowly(monthly: NDArray[np.float64], above_c: float) -> int:
    """Return the longest run of one plot's days above a temperature, across new year too."""
    text = "".join("x" if day > above_c else " " for day in days_of(monthly))
    return min(max(len(run) for run in (text * 2).split(" ")), 365)


@settings(max_examples=40, deadline=None)
@given(seed=st.integers(0, 2**32 - 1), n=st.integers(1, 30), window_d=st.integers(1, 365))
def test_plots_side_by_side_are_as_plots_one_by_one(seed: int, n: int, window_d: int) -> None:
    random = np.random.default_rng(seed)
    season = np.cos((np.arange(12) - random.integers(12)) * np.pi / 6)
    monthly = random.uniform(-10.0, 15.0, (n, 1)) + random.uniform(0.0, 20.0, (n, 1)) * season
    monthly += random.choice([0.0, 3.0]) * random.standard_normal((n, 12))
    unknown = random.random(n) < 0.2
    monthly[unknown, random.integers(12)] = np.nan
    heat, free = degree_days(monthly, 5.0, window_d), frost_free_days(monthly, 2.0)
    assert np.isnan(heat[unknown]).all()
    assert np.isnan(free[unknown]).all()
    for row in np.flatnonzero(~unknown):
        assert heat[row] == degree_days_slowly(monthly[row], 5.0, window_d)
        assert free[row] == frost_free_slowly(monthly[row], 2.0)
