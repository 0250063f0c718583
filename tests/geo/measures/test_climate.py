"""Heat and frost at the height of a plot, computed by hand."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from geo.contract.criterion import Block
from geo.criteria import BY_ID
from geo.crops.catalogue import crops
from geo.crops.frost import frost_season
from geo.errors import GridError, SuitabilityError
from geo.measures.climate import frost_seasons_d
from geo.measures.reference_crop import TREES
from tests.worlds import valley
from tests.worlds.valley import at, measured

# Domain reference 4, C2: days between damaging nights at -2 and -1 degC (one year in two in autumn), and at 0 degC.
HIGH_VALLEY = [-9.5, -7.5, -1.5, 4.5, 8, 11, 13.5, 12.5, 7.5, 2.5, -2, -6.5]
SEASONS = [179, 164, 137]


def test_heat_is_carried_to_the_height_of_the_plot() -> None:
    # potato: (20 - 5) degC x 130 d = 1950 of the 1300 it needs; 1000 m higher it is 6.5 K cooler (ICAO standard
    # atmosphere): (13.5 - 5) x 130
    assert at(measured("heat_ratio"), "clean") == pytest.approx(1_950.0 / 1_300.0)
    higher = measured("heat_ratio", dem=valley.level(2_000.0))
    assert at(higher, "clean") == pytest.approx((13.5 - 5.0) * 130.0 / 1_300.0)
    wheat = measured("heat_ratio", crop="wheat")
    assert at(wheat, "clean") == pytest.approx(20.0 * 240.0 / 2_000.0)
    assert np.isnan(measured("heat_ratio", crop="walnut").value).all()  # no degree-days on record
    with pytest.raises(SuitabilityError, match="reference crop 'rice' is not one of wheat"):
        measured("heat_ratio", crop="rice")
    for short in (valley.level(20.0), valley.level(20.0, cell_m=1_000.0, bands=11)):
        with pytest.raises(GridError, match="twelve bands"):
            measured("heat_ratio", mean_temperature=short)


@pytest.mark.parametrize("name", ["heat_ratio", "frost_margin_d"])
def test_each_plot_is_judged_for_its_own_crop(name: str) -> None:
    cycle = ["potato", "wheat", "tomato", "apricot", "walnut", "bean"]
    names = [cycle[i % len(cycle)] for i in range(len(valley.NAMES))]
    nights = valley.level(0.0, cell_m=valley.CLIMATE_CELL_M, bands=12)
    nights.values[:] = np.array(HIGH_VALLEY)[:, None, None]
    layers = {**valley.layers(), "minimum_temperature": nights}
    judgement = replace(valley.judgement(), crop=np.array(names))
    found = BY_ID[name].measured(Block(valley.plots(), layers, judgement))
    for i, crop in enumerate(names):
        alone = measured(name, crop=crop, minimum_temperature=nights)
        np.testing.assert_array_equal(found.value[i], alone.value[i], err_msg=crop)
        assert (found.table is None) == (alone.table is None)


@pytest.mark.parametrize(
    ("crop", "season_d", "above_ground_d"),
    [("potato", (-2.0, 0.5), 85), ("maize", (-1.0, 0.5), 100), ("tomato", (0.0, 0.2), 110), ("wheat", (0.0, 0.2), 0)],
)
def test_frost_margin_by_the_damage_and_risk_of_the_crop(
    crop: str, season_d: tuple[float, float], above_ground_d: int
) -> None:
    """Domain reference 4, C2: potato -2 and maize -1 degC at one year in two, others 0 degC at one in five."""
    nights = valley.level(0.0, cell_m=valley.CLIMATE_CELL_M, bands=12)
    nights.values[:] = np.array(HIGH_VALLEY)[:, None, None]
    damage_c, risk = season_d
    days = float(frost_season(np.array([HIGH_VALLEY], dtype=float), damage_c, autumn_risk=risk).days[0])
    assert days == pytest.approx({-2.0: 179, -1.0: 164, 0.0: 137}[damage_c], abs=1)
    assert at(measured("frost_margin_d", crop=crop, minimum_temperature=nights), "clean") == days - above_ground_d


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


def test_frost_of_trees_is_the_share_of_years_with_a_spoiling_night_in_bloom() -> None:
    """Apricot flowers in April above 1,000 m, in March below; the flower dies at -2 degC."""
    monthly = valley.level(15.0, cell_m=1_000.0, bands=12)
    monthly.values[3] = -9.0  # no April without a night below -2 degC
    frost = BY_ID["frost_margin_d"]
    spoiled = measured("frost_margin_d", crop="apricot", minimum_temperature=monthly, dem=valley.level(1_000.0))
    assert spoiled.table is not None
    assert at(spoiled, "clean") == pytest.approx(100.0, abs=0.1)
    assert frost.memberships[spoiled.table[0]](spoiled.value)[0] == 0.0
    assert not frost.limits[0].reached(spoiled).any()  # hardship, no limit of the use
    lowland = {"dem": valley.level(999.0), "climate_relief": valley.level(999.0, cell_m=1_000.0)}
    assert at(measured("frost_margin_d", crop="apricot", minimum_temperature=monthly, **lowland), "clean") < 50.0
    assert np.isnan(measured("frost_margin_d", crop="walnut").value).all()  # no figure on record
    assert np.isnan(measured("frost_margin_d", crop="almond").value).all()  # not grown up there
    assert frost.memberships[2](np.array([0.0, 10.0, 25.0, 45.0, 70.0])).tolist() == [1.0, 0.75, 0.5, 0.25, 0.0]


def test_every_crop_has_a_cycle_row_and_trees_are_crops() -> None:
    assert all(1 <= crop.field_cycle_d <= 365 or np.isnan(crop.field_cycle_d) for crop in crops().values())
    assert set(TREES) <= set(crops())


def seasons(shift_k: float) -> list[float]:
    nights = valley.level(0.0, cell_m=valley.CLIMATE_CELL_M, bands=12)
    nights.values[:] = np.array(HIGH_VALLEY)[:, None, None] + shift_k
    block = Block(valley.plots(), {**valley.layers(), "minimum_temperature": nights}, valley.judgement())
    found = frost_seasons_d(block, np.inf)
    assert found.shape == (len(valley.NAMES), 3)
    assert (found == found[0]).all()
    return [float(days) for days in found[0]]


def test_seasons_for_ranking_are_those_of_the_oracle_on_the_half_degree_below() -> None:
    assert seasons(0.0) == pytest.approx(SEASONS, abs=1)
    assert seasons(0.497) == seasons(0.0)  # nights are rounded down to half degrees: no season comes out longer
    warmer, colder = seasons(0.5), seasons(-0.05)
    assert all(more > days > less for more, days, less in zip(warmer, seasons(0.0), colder, strict=True))
    assert colder == seasons(-0.5)
