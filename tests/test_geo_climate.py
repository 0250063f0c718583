"""Heat and frost at the height of a plot, computed by hand."""

from __future__ import annotations

import numpy as np
import pytest
import valley
from valley import at, measured

from geo.climate import FROST_FREE_ABOVE_C, LAPSE_K_M, degree_days, frost_free_days
from geo.crops import crops
from geo.errors import GridError, SuitabilityError
from geo.reference_crop import TREES, field_cycles_d


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
    assert set(field_cycles_d()) == set(crops())
    assert set(TREES) <= set(crops())
