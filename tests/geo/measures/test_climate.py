"""Heat and frost at the height of a plot, computed by hand."""

from __future__ import annotations

import numpy as np
import pytest

from geo.criteria import BY_ID
from geo.crops.catalogue import crops
from geo.errors import GridError, SuitabilityError
from geo.measures.climate import LAPSE_K_M
from geo.measures.reference_crop import TREES
from tests.worlds import valley
from tests.worlds.valley import at, measured


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


def test_heat_is_summed_over_the_crops_own_months() -> None:
    # 20 degC in July and August, 0 else: winter wheat stands October to July or August, potato April to September.
    monthly = valley.level(0.0, cell_m=1_000.0, bands=12)
    monthly.values[6:8] = 20.0
    potato = at(measured("heat_ratio", mean_temperature=monthly), "clean")
    # Above 5 degC from the lines between mid-June and mid-July, and mid-August and mid-September: 15 x 31 between the
    # two middles, and two triangles of 15 x 0.75 x 30.5 or 31 / 2.
    assert potato == pytest.approx((15.0 * 31.0 + 15.0 * 0.75 * (30.5 + 31.0) / 2) / 1_300.0, rel=0.02)
    warm_winter = valley.level(0.0, cell_m=1_000.0, bands=12)
    warm_winter.values[[0, 1, 11]] = 20.0
    assert at(measured("heat_ratio", mean_temperature=warm_winter), "clean") == 0.0  # nobody grows potatoes in January
    assert at(measured("heat_ratio", crop="wheat", mean_temperature=warm_winter), "clean") > 0.5


def test_frost_margin_asks_the_days_above_ground_of_a_tender_crop_and_nothing_of_a_hardy_one() -> None:
    warm = measured("frost_margin_d")
    assert at(warm, "clean") == 365.0 - 85.0  # potato stands above ground for 85 days at least
    cold = valley.level(-5.0, cell_m=1_000.0, bands=12)
    frozen = measured("frost_margin_d", minimum_temperature=cold)
    assert at(frozen, "clean") == -85.0
    assert BY_ID["frost_margin_d"].limits[0].reached(frozen).all()
    hardy = measured("frost_margin_d", crop="wheat", minimum_temperature=cold)
    assert hardy.table is not None
    table = BY_ID["frost_margin_d"].memberships[hardy.table[0]]
    np.testing.assert_array_equal(table(hardy.value), 1.0)
    assert not BY_ID["frost_margin_d"].limits[0].reached(hardy).any()
    assert np.isnan(measured("frost_margin_d", crop="apple").value).all()


def test_every_crop_has_a_cycle_row_and_trees_are_crops() -> None:
    assert all(1 <= crop.field_cycle_d <= 365 or np.isnan(crop.field_cycle_d) for crop in crops().values())
    assert set(TREES) <= set(crops())
