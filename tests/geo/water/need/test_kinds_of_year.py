"""Dry, normal and wet years: ranks and shares by hand, the rule of FAO Irrigation and Drainage Paper 46."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from geo.errors import TableError
from geo.water.need.kinds_of_year import mean_of_years, rain_by_kind_of_year

SHARES = np.array([10, 10, 20, 20, 10, 0, 0, 0, 0, 10, 10, 10]) / 100


def test_totals_are_ranked_and_each_month_has_its_share_of_the_mean_year() -> None:
    """24 years of 10, 20 … 240 mm, the m-th largest exceeded in m of 25: the 20th largest is 50 mm, the 5th 200 mm.

    Half of the years have more than what lies between the 12th and the 13th, 125 mm, which is the mean too.
    """
    totals = 10.0 * np.random.default_rng(1).permutation(np.arange(1, 25))
    found = rain_by_kind_of_year(totals[:, None] * SHARES)
    for kind, total in (("dry", 50.0), ("normal", 125.0), ("wet", 200.0)):
        assert found[kind] == pytest.approx(total * SHARES)


def test_months_keep_their_share_of_the_mean_and_not_of_any_year() -> None:
    rain = np.zeros((20, 12))
    rain[:10, 0], rain[10:, 3] = 100.0, 300.0  # ten years of January rain, ten wetter ones of April rain
    found = rain_by_kind_of_year(rain)
    # The mean year has 50 mm in January and 150 in April; the 20 % of 21 ranks is 4.2: a year of 100 mm.
    assert found["dry"][[0, 3]] == pytest.approx([25.0, 75.0])
    assert found["normal"][[0, 3]] == pytest.approx([50.0, 150.0])
    assert found["wet"][[0, 3]] == pytest.approx([75.0, 225.0])


@given(arrays(np.float64, st.tuples(st.integers(20, 40), st.just(12)), elements=st.floats(0.0, 500.0)))
def test_a_dry_year_has_no_more_rain_than_a_normal_one_in_any_month(rain: np.ndarray) -> None:
    found = rain_by_kind_of_year(rain)
    assert (found["dry"] <= found["normal"] + 1e-9).all()
    assert (found["normal"] <= found["wet"] + 1e-9).all()
    assert rain.sum(axis=1).min() - 1e-6 <= found["dry"].sum()
    assert found["wet"].sum() <= rain.sum(axis=1).max() + 1e-6


def test_where_it_never_rained_all_is_nothing() -> None:
    assert {kind: rain.sum() for kind, rain in rain_by_kind_of_year(np.zeros((20, 12))).items()} == {
        "dry": 0.0,
        "normal": 0.0,
        "wet": 0.0,
    }


def test_what_varies_little_is_the_mean_of_its_years() -> None:
    values = np.array([[1.0] * 12, [2.0] * 12, [3.0] * 12, [4.0] * 12, [10.0] * 12])
    assert mean_of_years(values).tolist() == [4.0] * 12


@pytest.mark.parametrize("missing", [np.nan, -1.0, -np.inf])
def test_too_few_years_or_a_month_that_is_not_known_is_refused(missing: float) -> None:
    with pytest.raises(TableError, match="20 whole years expected, 19 given"):
        rain_by_kind_of_year(np.ones((19, 12)))
    with pytest.raises(TableError, match="5 whole years expected, 4 given"):
        mean_of_years(np.ones((4, 12)))
    rain = np.ones((20, 12))
    rain[4, 6] = missing
    with pytest.raises(TableError, match="month 7 of year 5: a number of 0 or more expected"):
        rain_by_kind_of_year(rain)
