"""Remedies: the cheapest set is the cheapest there is, it holds when rated again, and it never touches the unknown."""

from dataclasses import replace
from itertools import combinations
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from geo.contract.classes import CLASSES
from geo.contract.criterion import Measured
from geo.criteria import LAND_CRITERIA
from geo.errors import SchemeError
from geo.measures.exclusion import nothing_excluded
from geo.measures.surveys import Groundwater
from geo.measures.water import ONLY_FEEDING_REACH, SHARE_OF_CANAL
from geo.panel import remedy_sets
from geo.panel.scheme import load_scheme
from geo.suitability.assess import Suitability, assess, evaluate
from geo.suitability.remedies import (
    Lift,
    applicable,
    catalogue,
    cheapest_lift,
    cheapest_measurement,
    computed_changes,
    facts_of,
    measured_first,
    parse_catalogue,
    rated_with,
    repair,
)
from geo.suitability.surroundings import Surroundings
from tests.worlds import valley

SCHEME = load_scheme()
GOOD = {
    "water_adequacy": 1.0,
    "gravity_head_m": 1.5,
    "turn_reliability": 0.95,
    "canal_condition": 1.0,
    "flood_level": 0.0,
    "avalanche_level": 0.0,
    "slide_level": 0.0,
    "way_exposure_m": 0.0,
    "slope_pct": 1.0,
    "salinity_ds_m": 1.0,
    "soil_depth_cm": 120.0,
    "soil_water": 1.0,
    "heat_ratio": 1.2,
    "frost_margin_d": 40.0,
    "walk_minutes": 5.0,
    "market_minutes": 20.0,
    "health_minutes": 15.0,
}


def at_row(measured: Measured, row: int) -> Measured:
    """One plot of a measurement, with all that belongs to it."""
    parts = {name: getattr(measured, name) for name in ("value", "table", "sigma", "evidence")}
    kept: dict[str, Any] = {name: None if part is None else part[[row]] for name, part in parts.items()}
    held: dict[str, Any] = {
        name: {key: array[[row]] for key, array in getattr(measured, name).items()} for name in ("notes", "beside")
    }
    return replace(measured, **kept, **held)


def plot(**changes: float) -> dict[str, Measured]:
    values = {**GOOD, **changes}
    return {
        criterion.id: Measured(np.array([float(values[criterion.id])]), evidence=np.zeros(1, dtype=np.int8))
        for criterion in LAND_CRITERIA
    }


def rated(values: dict[str, Measured]) -> Suitability:
    return evaluate(values, nothing_excluded(1), SCHEME)


def around(**known: float) -> Surroundings:
    """Return what is known around one plot; nothing but what is given."""
    flags = dict.fromkeys(("earth_canal", "drain_near", "by_debris_flow"), False)
    numbers = dict.fromkeys(("available_water_mm_m", "esp_pct", "gypsum_pct", "outlet_ha"), np.nan)
    depth_m = known.pop("groundwater_m", np.nan)
    ends = [known.pop(name, depth_m) for name in ("least_groundwater_m", "most_groundwater_m")]
    value, least, most = (np.array([end]) for end in (depth_m, *ends))
    water = Groundwater(value, least, most, evidence=np.zeros(1, dtype=np.int8))
    parts = {name: np.array([value]) for name, value in {**flags, **numbers, **known}.items()}
    return Surroundings(groundwater=water, **parts)


def lift(values: dict[str, Measured], area_ha: float = 0.2, **known: float) -> Lift | None:
    return cheapest_lift(values, SCHEME, area_ha=area_ha, around=around(**known), best=rated(values))


def options_of(values: dict[str, Measured], **known: float) -> set[str]:
    there = around(**known)
    options = applicable(values, facts_of(values, there), catalogue().remedy, computed_changes(there))
    return {remedy.id for remedy in options}


def test_a_plot_of_class_s1_needs_nothing() -> None:
    assert CLASSES[rated(plot()).classes[0]] == "S1"
    assert lift(plot()) is None


def test_a_worn_canal_is_repaired() -> None:
    values = plot(canal_condition=4, water_adequacy=0.4, turn_reliability=0.5)
    values["canal_condition"] = replace(values["canal_condition"], beside={SHARE_OF_CANAL: np.ones(1)})
    found = lift(values)
    assert [remedy.id for remedy in found.remedies] == ["canal_repair"]
    assert found.cost_usd == pytest.approx(150 + 350 * 0.2)
    assert CLASSES.index(found.suitability_class) < rated(values).classes[0]


def test_a_repair_lifts_both_ends_of_what_is_known_only_between_two() -> None:
    values = plot(canal_condition=4, water_adequacy=0.4, turn_reliability=0.5)
    values["canal_condition"] = replace(values["canal_condition"], beside={SHARE_OF_CANAL: np.ones(1)})
    values["water_adequacy"] = replace(values["water_adequacy"], worst=np.array([0.3]), best=np.array([0.5]))
    repair(values, np.array([True]))
    water = values["water_adequacy"]
    assert water.worst is not None
    assert water.best is not None
    assert (water.worst[0], water.value[0], water.best[0]) == pytest.approx((0.6, 0.8, 1.0))  # 1 / .50 of class 4


@given(
    sdr=st.floats(0.05, 1.2),
    upper=st.sampled_from([1.0, 2.0, 3.0, 4.0, np.nan]),
    feeding=st.sampled_from([1.0, 2.0, 3.0, 4.0]),
    reliability=st.floats(0.3, 1.0),
)
@settings(max_examples=60, deadline=None)
def test_no_set_that_only_repairs_beats_the_potential(
    sdr: float, upper: float, feeding: float, reliability: float
) -> None:
    canals = valley.canals()
    canals.loc[canals["code"] == "upper", "condition"] = feeding
    canals.loc[canals["code"] == "lower", "condition"] = upper
    areas = valley.command_areas().assign(sdr=sdr, turns_scheduled=20.0, turns_delivered=20.0 * reliability)
    layers = {**valley.layers(), "canals": canals, "command_areas": areas}
    found = assess(valley.plots(), layers, valley.judgement(), SCHEME)
    row = valley.NAMES.index("clean")
    one = {name: at_row(measured, row) for name, measured in found.findings.values.items()}
    repairs = [r for r in catalogue().remedy if r.id == "canal_repair"]
    repaired = rated_with(one, SCHEME, repairs, np.array([[True]]), computed_changes(around()))
    assert repaired.classes[0] >= found.potential.classes[row]
    if not np.isnan(repaired.score[0]):
        assert repaired.score[0] <= found.potential.score[row] + 1e-9


def test_the_repair_of_half_a_canal_brings_what_that_half_loses() -> None:
    values = plot(canal_condition=4, water_adequacy=0.5)
    values["canal_condition"] = replace(values["canal_condition"], beside={SHARE_OF_CANAL: np.array([0.5])})
    after = remedy_sets.changed(
        values,
        [r for r in catalogue().remedy if r.id == "canal_repair"],
        np.array([[True]]),
        computed_changes(around()),
    )
    assert after["water_adequacy"].value[0] == pytest.approx(0.7071, abs=5e-5)  # domain reference 6.4, not 1.0
    assert after["canal_condition"].value[0] == 1.0


def test_a_destroyed_canal_gets_its_recorded_water_back() -> None:
    values = plot(canal_condition=5, water_adequacy=0.95)
    only = {ONLY_FEEDING_REACH: np.ones(1, dtype=bool)}
    values["canal_condition"] = replace(values["canal_condition"], notes=only)
    assert CLASSES[rated(values).classes[0]] == "N2"
    found = lift(values)
    assert "canal_repair" in [remedy.id for remedy in found.remedies]


@given(
    sdr=st.floats(0.3, 1.0),
    condition=st.integers(1, 5),
    slope=st.floats(0, 24),
    level=st.integers(0, 3),
    salt=st.floats(0, 15),
    depth=st.floats(16, 120),
    walk=st.floats(1, 100),
    area=st.floats(0.05, 5),
)
@settings(max_examples=25, deadline=None)
def test_no_cheaper_set_exists(
    sdr: float, condition: int, slope: float, level: int, salt: float, depth: float, walk: float, area: float
) -> None:
    values = plot(
        water_adequacy=sdr,
        canal_condition=condition,
        slope_pct=slope,
        flood_level=level,
        salinity_ds_m=salt,
        soil_depth_cm=depth,
        walk_minutes=walk,
    )
    now = rated(values)
    there = around(earth_canal=True, groundwater_m=4.5, by_debris_flow=level > 0)
    computed = computed_changes(there)
    found = cheapest_lift(values, SCHEME, area_ha=area, around=there, best=now)
    options = applicable(values, facts_of(values, there), catalogue().remedy, computed)
    cheapest = None
    for size in range(len(options) + 1):
        for taken in combinations(range(len(options)), size):
            chosen = np.zeros((1, len(options)), dtype=bool)
            chosen[0, list(taken)] = True
            after = rated_with(values, SCHEME, options, chosen, computed).classes[0]
            if after < now.classes[0] and CLASSES[after] in ("S1", "S2", "S3"):
                cost = sum(options[i].cost_usd(area) for i in taken)
                cheapest = cost if cheapest is None else min(cheapest, cost)
        if size == 3:
            break  # sets of up to three, one by one; larger ones are covered by the exact search they are held against
    if found is None:
        assert cheapest is None
    else:
        assert cheapest is None or found.cost_usd <= cheapest + 1e-9


def test_the_order_of_remedies_changes_nothing() -> None:
    values = plot(flood_level=2, way_exposure_m=600, walk_minutes=70, canal_condition=3, water_adequacy=0.6)
    there = around(earth_canal=True, by_debris_flow=True)
    computed = computed_changes(there)
    options = applicable(values, facts_of(values, there), catalogue().remedy, computed)
    everything = np.ones((1, len(options)), dtype=bool)
    forward = rated_with(values, SCHEME, options, everything, computed)
    backward = rated_with(values, SCHEME, options[::-1], everything, computed)
    assert forward.score[0] == backward.score[0]


def test_an_unknown_value_is_measured_not_mended() -> None:
    values = plot()
    values["salinity_ds_m"] = Measured(np.array([np.nan]))
    assert "leaching" not in options_of(values, groundwater_m=10.0)


def test_the_cheapest_measurement_that_narrows_the_class() -> None:
    values = plot(water_adequacy=0.8)
    for name in ("slope_pct", "soil_depth_cm"):
        values[name] = Measured(np.array([np.nan]))
    now = rated(values)
    assert now.class_low[0] > now.class_high[0]
    wanted = cheapest_measurement(values, SCHEME, now)
    assert wanted.criterion == "slope_pct"
    assert wanted.cost_usd == 20.0


def test_what_the_run_could_not_assess_is_not_measured_on_one_plot() -> None:
    """Salt is unknown of every plot, since its layer is not loaded: no measurement of one plot is proposed."""
    values = plot()
    values["salinity_ds_m"] = Measured(np.array([np.nan]), not_assessed="the layer plot_surveys is not loaded")
    now = rated(values)
    assert now.class_low[0] > now.class_high[0]
    assert cheapest_measurement(values, SCHEME, now) is None


def test_a_certain_class_needs_no_measurement() -> None:
    assert cheapest_measurement(plot(), SCHEME, rated(plot())) is None


def test_the_catalogue_is_checked() -> None:
    with pytest.raises(SchemeError, match="husband"):
        parse_catalogue('version="1"\npanel="p"\ndate=2026-01-01\nhusband=1\nremedy=[]\n')
    with pytest.raises(SchemeError, match="measurement"):
        parse_catalogue('version="1"\npanel="p"\ndate=2026-01-01\nremedy=[]\n[measurement]\nslope_pct=1\n')


def test_every_criterion_has_a_price_for_measuring_it() -> None:
    assert all(criterion.measuring and criterion.measuring.usd > 0 for criterion in LAND_CRITERIA)


@pytest.mark.parametrize(
    ("known", "leached"),
    [
        ({"groundwater_m": 4.0}, True),  # 2.5 m of rise leave 1.5 m
        ({"groundwater_m": 3.9}, False),
        ({"groundwater_m": 1.7}, False),  # no drain near: do not leach
        ({"groundwater_m": 1.7, "drain_near": True}, True),
        ({"groundwater_m": 1.5, "drain_near": True}, True),  # 1.5 m is deep enough
        ({"groundwater_m": 1.4, "drain_near": True}, False),
        ({"groundwater_m": 1.0, "drain_near": True}, False),  # collector first, no leaching
        ({"groundwater_m": 4.2, "least_groundwater_m": 3.5}, False),  # a winter reading: the season may be higher
        ({"drain_near": True}, False),  # groundwater not known
        ({}, False),
    ],
)
def test_salt_is_leached_only_where_the_water_can_go(known: dict[str, float], leached: bool) -> None:
    options = options_of(plot(salinity_ds_m=9.0), **known)
    assert ("leaching" in options) == leached


@pytest.mark.parametrize(
    ("esp", "gypsum", "spread"),
    [(15.0, 1.9, True), (14.9, 0.0, False), (20.0, 2.0, False), (np.nan, 0.0, False), (20.0, np.nan, False)],
)
def test_gypsum_is_spread_only_on_soil_measured_as_sodic_and_without_gypsum(
    esp: float, gypsum: float, spread: bool
) -> None:
    options = options_of(plot(salinity_ds_m=9.0), groundwater_m=5.0, esp_pct=esp, gypsum_pct=gypsum)
    assert ("leaching_with_gypsum" in options) == spread
    assert ("leaching" in options) != spread


def test_drainage_lowers_the_water_and_the_rating_follows_from_it() -> None:
    """Groundwater at 1.2 m is .50; half a metre lower, at 1.7 m, it is .50 + .25 x .5 / .6 = .7083."""
    values = plot(soil_water=0.5)
    there = around(groundwater_m=1.2, available_water_mm_m=150.0, outlet_ha=20.0)
    assert "drainage" in options_of(values, groundwater_m=1.2, available_water_mm_m=150.0, outlet_ha=20.0)
    changed = dict(values)
    computed_changes(there)["drain"](changed, np.ones(1, dtype=bool))
    assert changed["soil_water"].value[0] == pytest.approx(0.5 + 0.25 * 0.5 / 0.6)
    held = around(groundwater_m=1.2, available_water_mm_m=95.0)  # the soil holds little: .50 + .25 x 5 / 40
    changed = dict(values)
    computed_changes(held)["drain"](changed, np.ones(1, dtype=bool))
    assert changed["soil_water"].value[0] == pytest.approx(0.53125)


@pytest.mark.parametrize(
    ("water", "held", "binds"),
    [
        (1.2, 150.0, True),
        (1.75, 170.0, True),
        (1.8, 170.0, False),
        (1.85, 170.0, False),
        (2.7, 150.0, False),
        (1.2, 60.0, False),
        (np.nan, 150.0, False),
        (1.2, np.nan, False),
    ],
)
def test_drainage_is_for_ground_whose_water_binds(water: float, held: float, binds: bool) -> None:
    known = {"groundwater_m": water, "available_water_mm_m": held, "outlet_ha": 20.0}
    assert ("drainage" in options_of(plot(soil_water=0.5), **known)) == binds


def test_drainage_is_a_work_of_many_plots_and_nothing_else_is() -> None:
    assert [remedy.id for remedy in catalogue().remedy if remedy.shared] == ["drainage"]


def test_check_dams_hold_back_debris_flows_and_no_river() -> None:
    values = plot(flood_level=2.0)
    assert "check_dam" not in options_of(values)
    assert "check_dam" in options_of(values, by_debris_flow=True)


def test_the_field_ditch_is_no_remedy_and_nothing_adds_head() -> None:
    changed = {effect.criterion for remedy in catalogue().remedy for effect in remedy.effects}
    assert "gravity_head_m" not in changed


@given(
    sdr=st.floats(0.3, 1.0),
    salt=st.floats(0, 18),
    depth=st.floats(15, 120),
    slope=st.floats(0, 25),
    level=st.integers(0, 3),
)
@settings(max_examples=25, deadline=None)
def test_no_set_is_offered_that_leaves_the_plot_unsuited(
    sdr: float, salt: float, depth: float, slope: float, level: int
) -> None:
    values = plot(water_adequacy=sdr, salinity_ds_m=salt, soil_depth_cm=depth, slope_pct=slope, slide_level=level)
    found = lift(values, groundwater_m=5.0, earth_canal=True)
    assert found is None or found.suitability_class in ("S1", "S2", "S3")


def test_a_head_from_a_height_model_is_measured_before_anything_is_built() -> None:
    values = plot(gravity_head_m=-2.0)
    uncertain = dict(values)
    uncertain["gravity_head_m"] = replace(values["gravity_head_m"], sigma=np.array([2.5]))
    wanted = measured_first(uncertain, SCHEME, rated(uncertain))
    assert (wanted.criterion, wanted.cost_usd, wanted.first) == ("gravity_head_m", 40.0, True)
    assert CLASSES.index(wanted.class_high) < CLASSES.index(wanted.class_low)
    levelled = uncertain | {
        "gravity_head_m": replace(values["gravity_head_m"], sigma=np.zeros(1), value=np.full(1, 0.05))
    }
    assert measured_first(levelled, SCHEME, rated(levelled)) is None
    surveyed = plot(gravity_head_m=0.05)
    assert measured_first(surveyed, SCHEME, rated(surveyed)) is None
    good = plot()
    assert measured_first(good, SCHEME, rated(good)) is None


def test_drainage_is_priced_for_the_outlet_area_and_not_offered_where_that_is_unknown() -> None:
    """200 and 600 a hectare of 20 ha are 12,200 USD, whether the plot measures 0.2 or 2 ha."""
    values = plot(soil_water=0.2, slope_pct=3.0)
    wet = {"groundwater_m": 0.75, "available_water_mm_m": 170.0}
    for area_ha in (0.2, 2.0):
        found = lift(values, area_ha=area_ha, **wet, outlet_ha=20.0)
        assert found is not None
        assert [remedy.id for remedy in found.remedies] == ["drainage"]
        assert found.cost_usd == pytest.approx(12_200.0)
    assert "drainage" not in options_of(values, **wet)


def test_a_value_that_may_be_good_is_measured_before_anything_is_built() -> None:
    """Soil of 100 cm with stones nobody looked for is 40 to 100 cm deep; with 60 in a hundred counted it is bad."""
    values = plot()
    depth = Measured(np.array([100.0]), worst=np.array([40.0]), best=np.array([100.0]), evidence=np.zeros(1, np.int8))
    values["soil_depth_cm"] = depth
    wanted = measured_first(values, SCHEME, rated(values))
    assert wanted is not None
    assert (wanted.criterion, wanted.cost_usd, wanted.first) == ("soil_depth_cm", 10.0, True)
    values["soil_depth_cm"] = replace(depth, value=np.array([60.0]), worst=np.array([24.0]), best=np.array([60.0]))
    assert measured_first(values, SCHEME, rated(values)) is None  # not good either way


@pytest.mark.parametrize(("low", "high", "first"), [(40.0, 75.0, True), (40.0, 74.0, False), (75.0, 100.0, False)])
def test_only_what_may_reach_from_below_s1_into_it_is_measured_first(low: float, high: float, first: bool) -> None:
    """The limit of S1 is 75 cm and belongs to it; what is good or bad for certain is not measured again."""
    values = plot()
    known = Measured(np.array([100.0]), evidence=np.zeros(1, np.int8))
    values["soil_depth_cm"] = replace(known, worst=np.array([low]), best=np.array([high]))
    wanted = measured_first(values, SCHEME, rated(values))
    assert (wanted is not None) == first
    if wanted is not None:  # 15 cm is N2, held at S3: two classes better; 100 cm is perfect
        assert (wanted.class_low, wanted.class_high) == ("S3", "S1")


def test_a_measurement_says_between_which_classes_it_decides() -> None:
    """Salt unknown, all else good: at worst N1, one better than no yield at all, at best S1; a finding settles it."""
    values = plot()
    values["salinity_ds_m"] = Measured(np.array([np.nan]))
    wanted = cheapest_measurement(values, SCHEME, rated(values))
    assert wanted is not None
    assert (wanted.criterion, wanted.cost_usd, wanted.first) == ("salinity_ds_m", 12.0, False)
    assert (wanted.class_low, wanted.class_high) == ("N1", "S1")


@pytest.mark.parametrize(("slope_pct", "gentle"), [(8.0, True), (8.2, False)])
def test_land_is_levelled_up_to_eight_percent(slope_pct: float, gentle: bool) -> None:
    assert ("land_levelling" in options_of(plot(slope_pct=slope_pct))) == gentle


def test_a_drain_moves_both_ends_of_what_is_known_between_two() -> None:
    """Groundwater of .9 to 1.6 m, by .5 m lower: 1.4 m is .50 + .25 x .2 / .6, 2.1 m is .75 + .25 x .3 / .7."""
    there = around(groundwater_m=1.2, least_groundwater_m=0.9, most_groundwater_m=1.6, available_water_mm_m=160.0)
    values = plot(soil_water=0.5)
    values["soil_water"] = replace(values["soil_water"], worst=np.array([0.3125]), best=np.array([0.6667]))
    computed_changes(there)["drain"](values, np.ones(1, dtype=bool))
    after = values["soil_water"]
    assert (after.at_worst[0], after.value[0]) == pytest.approx((0.5 + 0.25 * 0.2 / 0.6, 0.5 + 0.25 * 0.5 / 0.6))
    assert after.at_best[0] == pytest.approx(0.75 + 0.25 * 0.3 / 0.7)
    computed_changes(there)["drain"](values, np.zeros(1, dtype=bool))
    assert values["soil_water"].value[0] == after.value[0]


def test_nothing_lifts_a_plot_that_is_not_evaluated() -> None:
    values = plot(water_adequacy=0.6, canal_condition=4.0)
    values["slope_pct"] = Measured(np.array([np.nan]))
    assert CLASSES[rated(values).classes[0]] == "NE"
    assert lift(values, earth_canal=True, groundwater_m=5.0) is None


@pytest.mark.parametrize(("table", "levelled"), [(None, True), (0, True), (1, False), (2, True)])
def test_terraces_are_not_built_again(table: int | None, levelled: bool) -> None:
    """Table 1 of the slope is that of terraces, 2 that of dry land."""
    values = plot(slope_pct=20.0)
    values["slope_pct"] = replace(
        values["slope_pct"], table=None if table is None else np.array([table], dtype=np.int8)
    )
    assert ("not_terraced" in facts_of(values, around())) == levelled
    unknown = {**values, "slope_pct": replace(values["slope_pct"], not_assessed="the layer slope is not loaded")}
    assert "not_terraced" not in facts_of(unknown, around())


def test_water_binds_that_is_rated_as_low_as_what_the_soil_holds() -> None:
    """1.2 m of groundwater and 90 mm/m are rated 0.5 both."""
    assert "groundwater_binds" in facts_of(plot(), around(groundwater_m=1.2, available_water_mm_m=90.0))


@pytest.mark.parametrize(("outlet_ha", "known"), [(0.005, True), (0.0, False), (np.nan, False)])
def test_an_outlet_area_is_known_where_it_is_larger_than_nothing(outlet_ha: float, known: bool) -> None:
    assert ("outlet_known" in facts_of(plot(), around(outlet_ha=outlet_ha))) == known


def test_a_head_is_uncertain_however_small_its_error() -> None:
    values = plot(gravity_head_m=-0.1)
    values["gravity_head_m"] = replace(values["gravity_head_m"], sigma=np.array([0.005]))
    wanted = measured_first(values, SCHEME, rated(values))
    assert wanted is not None
    assert wanted.criterion == "gravity_head_m"


def test_nothing_is_measured_first_where_nothing_limits() -> None:
    values = plot()
    values["health_minutes"] = replace(values["health_minutes"], sigma=np.array([5.0]))
    now = rated(values)
    assert now.limiting[0] == -1
    assert measured_first(values, SCHEME, now) is None


# Worst and best finding of a criterion, by the first and the last knot of the domain reference, section 4.
FINDINGS = {
    "water_adequacy": (0.3, 1.0),
    "gravity_head_m": (-0.5, 1.0),
    "salinity_ds_m": (16.0, 2.0),
    "slope_pct": (25.0, 2.0),
    "soil_depth_cm": (15.0, 100.0),
    "flood_level": (4.0, 0.0),
    "slide_level": (4.0, 0.0),
    "walk_minutes": (90.0, 10.0),
}


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_a_measurement_narrows_the_class_whatever_it_finds_and_no_cheaper_one_does(data: st.DataObject) -> None:
    values = plot(
        water_adequacy=data.draw(st.sampled_from([0.5, 0.7, 0.9])),
        walk_minutes=data.draw(st.sampled_from([5.0, 40.0])),
        slope_pct=data.draw(st.sampled_from([1.0, 4.0])),
    )
    missing = data.draw(st.sets(st.sampled_from(sorted(FINDINGS)), min_size=1, max_size=3))
    for name in missing:
        values[name] = Measured(np.array([np.nan]))
    now = rated(values)
    found = cheapest_measurement(values, SCHEME, now)
    width = int(now.class_low[0]) - int(now.class_high[0])

    def narrows(name: str) -> bool:
        ends = []
        for value in FINDINGS[name]:
            after = rated({**values, name: _found(value)})
            ends.append(int(after.class_low[0]) - int(after.class_high[0]))
        return max(ends) < width

    priced = {criterion.id: criterion.measuring.usd for criterion in LAND_CRITERIA if criterion.measuring}
    helpful = sorted(priced[name] for name in missing if narrows(name))
    assert (found is not None) == bool(helpful)
    if found is not None:
        assert found.cost_usd == helpful[0]
        worst, best = (rated({**values, found.criterion: _found(value)}) for value in FINDINGS[found.criterion])
        assert found.class_low == CLASSES[max(int(worst.class_low[0]), int(best.class_low[0]))]
        assert found.class_high == CLASSES[min(int(worst.class_high[0]), int(best.class_high[0]))]


def _found(value: float) -> Measured:
    return Measured(np.array([value]), evidence=np.zeros(1, dtype=np.int8))
