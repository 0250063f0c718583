"""Priority for support: the product by hand, intervals where something is unknown, small cells left out."""

from __future__ import annotations

import inspect

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from geo.programme import priority as module
from geo.programme.priority import Priority, band, by_area, need_index, priority, too_few


def one(value: float) -> NDArray[np.float64]:
    return np.array([value], dtype=float)


def of(score: float, potential: float, need: float, shut: bool = False) -> Priority:
    return priority(one(score), one(potential), np.array([shut]), one(need))


def test_the_product_by_hand() -> None:
    # Potential .60; from 45 to 60 is .15 of .25: improvement .6; 18 of 100 households: need .6.
    assert need_index([100], [18]) == pytest.approx([0.6])
    found = of(45.0, 60.0, 0.6)
    assert (found.potential[0], found.improvement[0]) == (pytest.approx(0.6), pytest.approx(0.6))
    assert found.low[0] == found.high[0] == pytest.approx(0.216)


def test_a_gain_of_a_class_or_more_counts_in_full_and_none_counts_nothing() -> None:
    assert of(30.0, 80.0, 1.0).low[0] == pytest.approx(0.8)
    assert of(80.0, 80.0, 1.0).high[0] == 0.0


def test_what_is_not_known_makes_an_interval() -> None:
    found = of(45.0, 60.0, np.nan)
    assert (found.low[0], found.high[0]) == (0.0, pytest.approx(0.36))
    judged = of(np.nan, np.nan, 0.5)
    assert (judged.low[0], judged.high[0]) == (0.0, 0.5)


def test_shut_land_has_none_and_land_that_opens_gains_all() -> None:
    assert of(np.nan, np.nan, 1.0, shut=True).high[0] == 0.0
    assert of(np.nan, 40.0, 1.0).low[0] == pytest.approx(0.4)


def test_need_is_not_known_without_both_counts() -> None:
    assert np.isnan(need_index([100, np.nan, 0], [np.nan, 10, 0])).all()
    assert need_index([100], [45]) == pytest.approx([1.0])


def test_a_place_is_the_mean_of_its_plots_by_area() -> None:
    plots = priority(one(50.0).repeat(3), np.array([60.0, 75.0, 75.0]), np.zeros(3, bool), np.ones(3))
    low, high = by_area(plots, np.array([1.0, 3.0, 1.0]), np.array([0, 0, 2]), 4)
    # .6 x .4 = .24 on one hectare and .75 x 1 on three: .6225.
    assert low[[0, 2]] == pytest.approx([0.6225, 0.75])
    assert np.isnan(low[[1, 3]]).all()
    assert np.array_equal(low, high, equal_nan=True)


def test_bands_begin_on_their_limits() -> None:
    assert band(np.array([0.0, 0.0999, 0.10, 0.2999, 0.30, 1.0])).tolist() == [
        *("low", "low", "medium", "medium", "high", "high")
    ]


def test_small_cells_are_left_out() -> None:
    # 12 of 200 may be shown; 7 and 3 not, nor 195 of 200 (5 others), nor 9 households in all; none is no household.
    assert too_few([200, 200, 200, 200, 9, 200], [12, 7, 3, 195, 0, 0], 10).tolist() == [
        *(False, True, True, True, True, False)
    ]
    assert too_few([200, 200], [7, 3], 5).tolist() == [False, True]


def test_the_fit_of_a_household_is_no_part_of_it() -> None:
    assert "fit" not in " ".join(inspect.signature(priority).parameters)
    assert "geo.household_fit.rating" not in inspect.getsource(module)


shares = st.one_of(st.just(np.nan), st.floats(0, 100))


@given(score=shares, potential=shares, need=st.one_of(st.just(np.nan), st.floats(0, 1)), shut=st.booleans())
@settings(deadline=None)
def test_it_stays_within_0_and_1_and_knowing_never_widens_it(
    score: float, potential: float, need: float, shut: bool
) -> None:
    found = of(score, potential, need, shut)
    assert 0.0 <= found.low[0] <= found.high[0] <= 1.0
    unknown = of(score, potential, np.nan, shut)
    assert unknown.low[0] <= found.low[0]
    assert found.high[0] <= unknown.high[0]


@given(potential=st.floats(0, 100), gain=st.floats(0, 50), need=st.floats(0, 0.9))
@settings(deadline=None)
def test_more_need_never_lowers_it(potential: float, gain: float, need: float) -> None:
    score = max(potential - gain, 0.0)
    assert of(score, potential, need).low[0] <= of(score, potential, need + 0.1).low[0]
