"""Measures of every land criterion: hand-computed values, what they read, and what they refuse to guess."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import date
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
import valley

from geo.access import CROSSES_HIGH, MOST_TRAVEL_MIN, MOST_WALK_MIN, NEAREST_HOME, TOO_FAR
from geo.climate import FROST_FREE_ABOVE_C, LAPSE_K_M, degree_days, frost_free_days
from geo.criteria import BY_ID, LAND_CRITERIA
from geo.criterion import A, B, Block, C, Criterion, D, Measured
from geo.crops import crops
from geo.errors import GridError, SuitabilityError
from geo.exclusion import REASONS, exclusion_mask
from geo.grid import Grid
from geo.hazard_level import HIGH_OFTEN, MEDIUM_OFTEN, SUSCEPTIBILITY
from geo.reference_crop import TREES, field_cycles_d
from geo.suitability import measure_all
from geo.walking import irmischer_clarke_m_s
from geo.water import ONLY_FEEDING_REACH, RELIABILITY_PROXY, irrigated

Layers = dict[str, Any]


def measured(name: str, *, crop: str = "potato", plots: gpd.GeoDataFrame | None = None, **layers: Any) -> Measured:
    """Return a criterion's values in the valley, some layers replaced; None takes a layer away."""
    nearby = {key: layer for key, layer in {**valley.layers(), **layers}.items() if layer is not None}
    block = Block(valley.plots() if plots is None else plots, nearby, valley.judgement(crop=crop))
    return BY_ID[name].measured(block)


def at(found: Measured, plot: str) -> float:
    return float(found.value[valley.NAMES.index(plot)])


def surveys(*rows: Mapping[str, Any]) -> pd.DataFrame:
    return pd.DataFrame([{"code": str(number), **row} for number, row in enumerate(rows)])


# --- what every measure owes -------------------------------------------------------------------------------------


class Recording(Mapping[str, Any]):
    """A mapping that remembers what was asked of it."""

    def __init__(self, layers: Layers) -> None:
        self.layers, self.read = layers, set[str]()

    def __getitem__(self, name: str) -> Any:
        self.read.add(name)
        return self.layers[name]

    def __contains__(self, name: object) -> bool:
        self.read.add(str(name))
        return name in self.layers

    def __iter__(self) -> Iterator[str]:
        return iter(self.layers)

    def __len__(self) -> int:
        return len(self.layers)


def full_valley() -> Layers:
    ways = [("bridge", 1_100.0), ("path", 1_300.0)]
    roads = [{"code": kind, "kind": kind, "geometry": line(y)} for kind, y in ways]
    river = [{"code": "river", "stream_class": 1, "geometry": line(100.0)}]
    outlet = {
        "code": "o",
        "command_area": "lower command",
        "reach": "lower",
        "geometry": shapely.Point(valley.X, valley.Y),
    }
    more = {"roads": valley.frame(roads), "rivers": valley.frame(river), "outlets": valley.frame([outlet])}
    return {**valley.layers(), **more, "soil_depth": valley.level(90.0), "available_water": valley.level(120.0)}


def line(y: float) -> shapely.LineString:
    return shapely.LineString([(valley.X + 10, valley.Y + y), (valley.X + 2_990, valley.Y + y)])


@pytest.mark.parametrize("criterion", LAND_CRITERIA, ids=lambda criterion: criterion.id)
def test_a_measure_reads_what_it_declares_and_nothing_else(criterion: Criterion) -> None:
    layers = Recording(full_valley())
    found = criterion.measured(Block(valley.plots(), layers, valley.judgement()))
    assert found.not_assessed is None
    assert layers.read == set(criterion.needs)


@pytest.mark.parametrize("criterion", LAND_CRITERIA, ids=lambda criterion: criterion.id)
def test_without_its_layers_a_criterion_is_not_assessed_and_says_why(criterion: Criterion) -> None:
    found = criterion.measured(Block(valley.plots(), {}, valley.judgement()))
    assert found.not_assessed is not None
    assert "loaded" in found.not_assessed
    assert np.isnan(found.value).all()


GRIDS = {"slope_pct": "slope", "gravity_head_m": "dem", "walk_minutes": "dem", "way_exposure_m": "dem"}
GRIDS |= {"market_minutes": "dem", "health_minutes": "dem", "heat_ratio": "mean_temperature"}
GRIDS |= {"frost_margin_d": "minimum_temperature"}


@pytest.mark.parametrize(("name", "layer"), GRIDS.items())
def test_a_grid_coarser_than_declared_gives_unknown_and_not_a_class(name: str, layer: str) -> None:
    coarsest = BY_ID[name].coarsest_m
    assert coarsest is not None
    grid = valley.layers()[layer]
    accepted = measured(name, **{layer: replace(grid, native_m=coarsest)})
    refused = measured(name, **{layer: replace(grid, native_m=coarsest + 1.0)})
    assert accepted.not_assessed is None
    assert refused.not_assessed == (
        f"the grid {layer} has cells of {coarsest + 1:.0f} m; at most {coarsest:.0f} m can be accepted"
    )
    assert np.isnan(refused.value).all()


def test_plots_outside_every_layer_are_unknown_in_all_but_the_access_that_is_known_to_be_far() -> None:
    plots = valley.plots()
    plots.geometry = plots.geometry.translate(xoff=50_000.0)
    for name, found in measure_all(Block(plots, valley.layers(), valley.judgement())).items():
        if BY_ID[name].needs != ("plot_surveys",) and name not in ("soil_depth_cm", "soil_water"):
            assert np.isnan(found.value).all(), name


def test_a_measure_never_depends_on_the_other_plots() -> None:
    together = measure_all(Block(valley.plots(), full_valley(), valley.judgement()))
    for row in (0, 4, 8):
        alone = valley.plots().iloc[[row]].reset_index(drop=True)
        found = measure_all(Block(alone, full_valley(), valley.judgement(1)))
        for name, value in found.items():
            np.testing.assert_array_equal(value.value[0], together[name].value[row], err_msg=name)


# --- water -------------------------------------------------------------------------------------------------------


def test_water_adequacy_is_that_of_the_command_area_holding_most_of_the_plot() -> None:
    found = measured("water_adequacy", command_areas=valley.command_areas().assign(sdr=[0.8, 0.4]))
    assert (at(found, "clean"), at(found, "cut_off")) == (0.8, 0.4)
    assert np.isnan(at(found, "outside"))
    x_min, y_min, x_max, y_max = valley.square("outside").bounds
    for share, expected in ((0.49, np.nan), (0.51, 0.7)):
        part = shapely.box(x_min, y_min, x_min + share * (x_max - x_min), y_max)
        areas = valley.frame([{"code": "a", "sdr": 0.7, "sdr_basis": "balance", "sdr_date": "2025", "geometry": part}])
        np.testing.assert_equal(at(measured("water_adequacy", command_areas=areas), "outside"), expected)
    assert np.isnan(measured("water_adequacy", command_areas=valley.command_areas().assign(sdr=None)).value).all()


@pytest.mark.parametrize(
    ("basis", "season", "letter"),
    [
        *(("surveyed", "Apr-Sep 2025", B), ("surveyed", "2019", C), ("surveyed", None, D), ("balance", "2025", C)),
        *(("balance", None, D), ("loaded", "2024-2025", C), ("unknown", "2025", D)),
    ],
)
def test_evidence_of_water_follows_its_basis_and_season(basis: str, season: str | None, letter: int) -> None:
    areas = valley.command_areas().assign(sdr_basis=basis, sdr_date=season)
    found = measured("water_adequacy", command_areas=areas)
    assert found.evidence is not None
    assert found.evidence[0] == letter


def test_turns_counted_on_the_plot_come_before_those_of_the_area_and_those_before_the_position() -> None:
    areas = valley.command_areas()
    counted = surveys({"plot_id": "clean", "survey_date": date(2026, 3, 1), "turns_scheduled": 8, "turns_delivered": 6})
    found = measured("turn_reliability", plot_surveys=counted)
    assert (at(found, "clean"), at(found, "steep")) == (0.75, 0.9)
    assert found.evidence is not None
    assert found.evidence[:2].tolist() == [A, B]
    assert not found.notes[RELIABILITY_PROXY].any()
    for position, expected in (("head", 0.90), ("middle", 0.65), ("tail", 0.40), ("unknown", np.nan)):
        by_place = areas.assign(turns_scheduled=None, turns_delivered=None, position=position)
        proxy = measured("turn_reliability", command_areas=by_place, plot_surveys=None)
        np.testing.assert_equal(at(proxy, "clean"), expected)
        assert proxy.evidence is not None
        assert position == "unknown" or proxy.evidence[0] == D
        assert proxy.notes[RELIABILITY_PROXY][0] == (position != "unknown")
    none_due = areas.assign(turns_scheduled=0, turns_delivered=0, position="unknown")
    assert np.isnan(at(measured("turn_reliability", command_areas=none_due), "clean"))


def test_canal_condition_is_of_the_named_reach_else_of_the_nearest_that_carries_water() -> None:
    found = measured("canal_condition")
    assert (at(found, "clean"), at(found, "cut_off"), at(found, "outside")) == (1.0, 5.0, 1.0)
    assert found.notes[ONLY_FEEDING_REACH][valley.NAMES.index("cut_off")]
    outlet = {"code": "o", "command_area": "lower command", "reach": "upper", "geometry": shapely.Point(0, 0)}
    second = measured("canal_condition", outlets=valley.frame([outlet]))
    assert at(second, "cut_off") == 5.0
    assert not second.notes[ONLY_FEEDING_REACH][valley.NAMES.index("cut_off")]

    # 'outside' is 240 m east of the canal at its nearest edge: 1530 - 30 - 1200 = 300 m, found inclusive of the limit
    canals = valley.canals()
    nearer = shapely.LineString([(valley.X + 1_480, valley.Y), (valley.X + 1_480, valley.Y + 3_000)])
    for kind, expected in (("drain", 1.0), ("field", 4.0)):
        ditch = canals.iloc[[0]].assign(code="ditch", type=kind, condition=4.0, geometry=[nearer])
        with_ditch = gpd.GeoDataFrame(pd.concat([canals, ditch], ignore_index=True), crs=canals.crs)
        assert at(measured("canal_condition", canals=with_ditch), "outside") == expected
    away = canals.assign(geometry=canals.geometry.translate(xoff=-50.0))
    assert np.isnan(at(measured("canal_condition", canals=away), "outside"))
    assert at(measured("canal_condition", canals=away), "clean") == 1.0


def test_gravity_head_by_survey_is_exact_and_by_height_grid_uncertain() -> None:
    found = measured("gravity_head_m")
    # 1001.0 m less 0.5 m/km over the 60 m from canal to plot, less the surveyed 999.5 m
    assert at(found, "clean") == pytest.approx(1_001.0 - 0.0005 * 60.0 - 999.5, abs=1e-6)
    assert found.sigma is not None
    assert np.isnan(found.sigma).all()
    by_grid = measured("gravity_head_m", plot_surveys=None)
    assert by_grid.sigma is not None
    assert (by_grid.sigma == 2.5).all()
    # over the cells of the grid the water goes up to a cell farther than straight, and stands on 1000 m
    assert at(by_grid, "clean") == pytest.approx(1.0 - 0.0005 * 120.0, abs=0.0005 * 40.0)
    ridge = valley.level(1_000.0)
    ridge.values[:, 41] = 1_020.0  # 30 m wide, between canal and plots, 19 m above the water
    cut_off = measured("gravity_head_m", dem=ridge)
    assert at(cut_off, "clean") < -10.0
    assert cut_off.sigma is not None
    assert cut_off.sigma[0] == 2.5  # what a ridge takes away, no survey of the plot gives back


# --- hazard ------------------------------------------------------------------------------------------------------


def zones(*rows: Mapping[str, Any]) -> gpd.GeoDataFrame:
    base = {"process": "flood", "level": "low", "return_period_y": 100, "months": None, "source_class": "official"}
    return valley.frame([{"code": str(i), "mapped_on": date(2024, 1, 1), **base, **row} for i, row in enumerate(rows)])


def test_the_highest_level_that_touches_a_plot_counts_and_unlabelled_zones_are_medium() -> None:
    shape = valley.square("clean", -20.0)
    found = measured("flood_level", hazard_zones=zones({"geometry": shape}, {"geometry": shape, "level": "high"}))
    assert at(found, "clean") == 4.0
    assert at(found, "steep") == 0.0
    assert not found.notes[HIGH_OFTEN].any()
    for level in ("unknown", None):
        assert at(measured("flood_level", hazard_zones=zones({"geometry": shape, "level": level})), "clean") == 3.0


def test_often_means_a_zone_of_that_level_and_of_thirty_years_at_most() -> None:
    shape = valley.square("clean")
    rare_high = {"geometry": shape, "level": "high", "return_period_y": 300}
    often_low = {"geometry": shape, "level": "low", "return_period_y": 10}
    found = measured("flood_level", hazard_zones=zones(rare_high, often_low))
    assert at(found, "clean") == 4.0
    assert not found.notes[MEDIUM_OFTEN][0]
    for years, often in ((30, True), (31, False), (None, False)):
        zone = zones({"geometry": shape, "level": "medium", "return_period_y": years})
        assert measured("flood_level", hazard_zones=zone).notes[MEDIUM_OFTEN][0] == often


def test_unmapped_is_unknown_and_a_zone_is_known_even_where_the_extent_is_not() -> None:
    assert np.isnan(at(measured("flood_level"), "unmapped"))
    for missing in ("flood", "debris_flow"):
        extents = valley.hazard_extents()
        found = measured("flood_level", hazard_extents=extents[extents["process"] != missing])
        assert np.isnan(at(found, "clean"))  # one of the two was never looked for
        assert at(found, "mudflow") == 3.0
    without = measured("flood_level", hazard_extents=None)
    assert np.isnan(at(without, "clean"))
    assert at(without, "mudflow") == 3.0
    only_extents = measured("flood_level", hazard_zones=None)
    assert at(only_extents, "clean") == 0.0
    half = valley.hazard_extents().assign(geometry=shapely.box(0, 0, valley.X + 1_290, 1e7))
    assert np.isnan(at(measured("avalanche_level", hazard_extents=half), "clean"))


def test_processes_belong_to_their_criterion() -> None:
    shape = valley.square("clean")
    expected = {"flood": "flood_level", "debris_flow": "flood_level", "hillslope_debris_flow": "flood_level"}
    expected |= {"avalanche": "avalanche_level", "landslide": "slide_level", "rockfall": "slide_level"}
    for process, name in expected.items():
        zone = zones({"geometry": shape, "process": process, "level": "high"})
        for criterion in ("flood_level", "avalanche_level", "slide_level"):
            assert at(measured(criterion, hazard_zones=zone), "clean") == (4.0 if criterion == name else 0.0)


@pytest.mark.parametrize(
    ("source", "mapped_on", "letter"),
    [
        *(("official", date(2024, 1, 1), B), ("official", date(2019, 1, 1), C), ("official", None, D)),
        *(("derived", date(2024, 1, 1), C), ("unknown", date(2024, 1, 1), D)),
    ],
)
def test_evidence_of_a_zone_follows_its_source(source: str, mapped_on: date | None, letter: int) -> None:
    zone = zones({"geometry": valley.square("clean"), "source_class": source, "mapped_on": mapped_on})
    found = measured("flood_level", hazard_zones=zone)
    assert found.evidence is not None
    assert found.evidence[0] == letter
    assert found.notes[SUSCEPTIBILITY][0] == (source == "derived")


def test_the_avalanche_table_is_that_of_the_crop() -> None:
    assert measured("avalanche_level").table is not None
    assert set(measured("avalanche_level").table.tolist()) == {0}  # type: ignore[union-attr]
    assert set(measured("avalanche_level", crop="apple").table.tolist()) == {1}  # type: ignore[union-attr]


# --- terrain and soil --------------------------------------------------------------------------------------------


def test_slope_is_the_exact_mean_and_the_table_follows_terraces_and_water() -> None:
    assert at(measured("slope_pct"), "steep") == 8.0
    half = valley.slope()
    x_min, y_min, _, y_max = valley.square("clean").bounds
    rows = slice(round((valley.Y + 3_000 - y_max) / 10), round((valley.Y + 3_000 - y_min) / 10))
    half.values[rows, round((x_min - valley.X) / 10) : round((x_min - valley.X) / 10) + 3] = 11.0
    assert at(measured("slope_pct", slope=half), "clean") == pytest.approx(6.0)  # half at 11 %, half at 1 %
    half.values[rows, round((x_min - valley.X) / 10) : round((x_min - valley.X) / 10) + 4] = np.nan
    assert np.isnan(at(measured("slope_pct", slope=half), "clean"))  # two thirds unknown

    plots = valley.plots()
    plots["irrigated"] = [True, False, None, False, None, False, True, True, True]
    plots["terraced"] = [True, None, None, None, None, None, False, None, True]
    # unsampled and steep are recorded dry but lie in a command area; 'outside' is dry indeed
    table = measured("slope_pct", plots=plots).table
    assert table is not None
    assert table.tolist() == [1, 0, 0, 0, 0, 2, 0, 0, 1]


def test_the_newest_measured_value_counts_with_its_age() -> None:
    rows = surveys(
        {"plot_id": "clean", "survey_date": date(2020, 5, 1), "salinity_ds_m": 9.0},
        {"plot_id": "clean", "survey_date": date(2025, 5, 1), "salinity_ds_m": 3.0},
        {"plot_id": "clean", "survey_date": date(2026, 5, 1), "salinity_ds_m": None},
        {"plot_id": "clean", "survey_date": date(2027, 5, 1), "salinity_ds_m": 1.0},  # after the day of the run
        {"plot_id": "steep", "survey_date": date(2020, 5, 1), "salinity_ds_m": 5.0},
        {"plot_id": "elsewhere", "survey_date": date(2026, 5, 1), "salinity_ds_m": 7.0},
    )
    found = measured("salinity_ds_m", plot_surveys=rows.sample(frac=1.0, random_state=3))
    assert found.value[:2].tolist() == [3.0, 5.0]
    assert np.isnan(found.value[2:]).all()
    assert found.evidence is not None
    assert found.evidence[:2].tolist() == [A, C]


def test_soil_depth_is_surveyed_else_from_the_grid_less_stones() -> None:
    day = {"survey_date": date(2026, 5, 1)}
    rows = surveys(
        {"plot_id": "clean", **day, "soil_depth_cm": 80.0, "coarse_fragments_pct": 25.0},
        {"plot_id": "steep", **day, "coarse_fragments_pct": 50.0},
    )
    found = measured("soil_depth_cm", plot_surveys=rows, soil_depth=valley.level(90.0, cell_m=250.0))
    assert found.value[:3].tolist() == [60.0, 45.0, 90.0]
    assert found.evidence is not None
    assert found.evidence[:3].tolist() == [A, D, D]
    coarse = measured("soil_depth_cm", plot_surveys=rows, soil_depth=valley.level(90.0, cell_m=300.0))
    np.testing.assert_equal(coarse.value[:3], [60.0, np.nan, np.nan])
    alone = measured("soil_depth_cm", plot_surveys=None, soil_depth=valley.level(90.0, cell_m=300.0))
    assert alone.not_assessed is not None
    assert "cells of 300 m" in alone.not_assessed


@pytest.mark.parametrize(
    ("held_mm_m", "groundwater_m", "expected", "standing"),
    [
        (170.0, 2.5, 1.0, False),
        (130.0, 2.5, 0.75, False),
        (170.0, 0.8, 0.25, False),
        (170.0, None, np.nan, False),
        (None, 2.5, np.nan, False),
        (None, 0.4, 0.0, True),  # already the worst there can be
        (20.0, None, 0.0, False),
    ],
)
def test_soil_water_is_the_worse_of_two_and_unknown_with_one(
    held_mm_m: float | None, groundwater_m: float | None, expected: float, standing: bool
) -> None:
    row = {"plot_id": "clean", "survey_date": date(2026, 5, 1), "awc_mm_m": held_mm_m, "groundwater_m": groundwater_m}
    found = measured("soil_water", plot_surveys=surveys(row))
    np.testing.assert_equal(at(found, "clean"), expected)
    limit = BY_ID["soil_water"].limits[0]
    assert bool(limit.reached(found)[0]) is standing


# --- climate -----------------------------------------------------------------------------------------------------


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


# --- access ------------------------------------------------------------------------------------------------------

OFF_PATH_M_S = float(irmischer_clarke_m_s(0.0, off_path=True))
ON_PATH_M_S = float(irmischer_clarke_m_s(0.0))


def village(x: float, y: float, code: str = "village") -> dict[str, Any]:
    return {"code": code, "kind": "village", "geometry": shapely.Point(valley.X + x, valley.Y + y)}


def one_plot(x: float, y: float, settlement: str | None = "village") -> gpd.GeoDataFrame:
    box = shapely.box(valley.X + x - 10, valley.Y + y - 10, valley.X + x + 10, valley.Y + y + 10)
    return valley.plots().iloc[[0]].assign(geometry=[box], settlement=settlement).reset_index(drop=True)


def way(name: str, plot: gpd.GeoDataFrame, **layers: Any) -> Measured:
    nearby = {key: layer for key, layer in {**valley.layers(), **layers}.items() if layer is not None}
    return BY_ID[name].measured(Block(plot, nearby, valley.judgement(1)))


def test_a_level_walk_takes_its_length_over_the_speed_off_and_on_a_path() -> None:
    homes = valley.frame([village(315.0, 1_515.0)])
    plot = one_plot(1_515.0, 1_515.0)  # 1,200 m due east, from cell centre to cell centre
    found = way("walk_minutes", plot, settlements=homes)
    assert found.value[0] == pytest.approx(1_200.0 / OFF_PATH_M_S / 60.0, rel=1e-4)
    path = valley.frame([{"code": "p", "kind": "path", "closed_months": "12-3", "geometry": line(1_515.0)}])
    assert way("walk_minutes", plot, settlements=homes, roads=path).value[0] == pytest.approx(
        1_200.0 / ON_PATH_M_S / 60.0, rel=1e-4
    )
    shut = path.assign(closed_months="5-9")
    assert way("walk_minutes", plot, settlements=homes, roads=shut).value[0] == pytest.approx(found.value[0])


def test_home_is_the_recorded_settlement_and_only_without_one_the_nearest() -> None:
    homes = valley.frame([village(315.0, 1_515.0, "far"), village(1_215.0, 1_515.0, "near")])
    minutes = {}
    for settlement in ("far", "near", None, "gone"):
        found = way("walk_minutes", one_plot(1_515.0, 1_515.0, settlement), settlements=homes)
        minutes[settlement] = found.value[0]
        assert bool(found.notes[NEAREST_HOME][0]) is (settlement is None)
    assert minutes["far"] == pytest.approx(4 * minutes["near"], rel=1e-4)
    assert minutes[None] == minutes["near"]
    assert np.isnan(minutes["gone"])


def test_walks_beyond_two_hours_are_two_hours_and_ground_without_height_is_unknown() -> None:
    homes = valley.frame([village(315.0, 1_515.0)])
    wall = valley.level(1_000.0)
    wall.values[:, 30] = np.nan
    found = way("walk_minutes", one_plot(1_515.0, 1_515.0), settlements=homes, dem=wall)
    assert found.value[0] == MOST_WALK_MIN
    assert found.notes[TOO_FAR][0]
    wall.values[:, 40:60] = np.nan
    assert np.isnan(way("walk_minutes", one_plot(1_515.0, 1_515.0), settlements=homes, dem=wall).value[0])


def test_a_large_river_bars_the_way_where_bridges_are_on_record() -> None:
    homes = valley.frame([village(1_515.0, 315.0)])
    across = shapely.LineString([(valley.X - 100, valley.Y + 900), (valley.X + 3_100, valley.Y + 900)])
    river = valley.frame([{"code": "r", "stream_class": 1, "geometry": across}])
    bridge = shapely.LineString([(valley.X + 2_415, valley.Y + 800), (valley.X + 2_415, valley.Y + 1_000)])
    roads = valley.frame([{"code": "b", "kind": "footbridge", "geometry": bridge}])
    plot = one_plot(1_515.0, 1_515.0)
    straight = way("walk_minutes", plot, settlements=homes).value[0]
    assert way("walk_minutes", plot, settlements=homes, rivers=river).value[0] == straight
    detour = way("walk_minutes", plot, settlements=homes, rivers=river, roads=roads).value[0]
    assert detour > 1.5 * straight
    brook = river.assign(stream_class=4)
    assert way("walk_minutes", plot, settlements=homes, rivers=brook, roads=roads).value[0] == pytest.approx(straight)


def test_exposure_on_the_way_is_metres_times_the_factor_of_the_level() -> None:
    homes = valley.frame([village(315.0, 1_515.0)])
    plot = one_plot(1_515.0, 1_515.0)
    band = shapely.box(valley.X + 601, valley.Y, valley.X + 899, valley.Y + 3_000)  # ten cells of 30 m on the way
    whole = shapely.box(valley.X, valley.Y, valley.X + 3_000, valley.Y + 3_000)
    everywhere = valley.hazard_extents().assign(geometry=whole)
    for level, factor in (("residual", 0.0), ("low", 1.0), ("medium", 2.0), ("high", 4.0)):
        zone = zones({"geometry": band, "level": level, "months": "4-6"})
        found = way("way_exposure_m", plot, settlements=homes, hazard_zones=zone, hazard_extents=everywhere)
        assert found.value[0] == pytest.approx(300.0 * factor, rel=1e-4)
        assert bool(found.notes[CROSSES_HIGH][0]) is (level == "high")
        winter = zone.assign(months="12-3")
        found = way("way_exposure_m", plot, settlements=homes, hazard_zones=winter, hazard_extents=everywhere)
        assert not found.notes[CROSSES_HIGH][0]
    gap = everywhere.assign(geometry=everywhere.geometry.difference(band))
    unmapped = way("way_exposure_m", plot, settlements=homes, hazard_zones=zone, hazard_extents=gap)
    assert np.isnan(unmapped.value[0])


def test_minutes_to_market_drive_on_roads_and_walk_off_them() -> None:
    plot = one_plot(1_515.0, 1_515.0)
    bazaar = shapely.Point(valley.X + 315, valley.Y + 1_485)
    market = valley.frame([{"code": "m", "kind": "market", "geometry": bazaar}])
    walked = way("market_minutes", plot, services=market).value[0]
    assert walked == pytest.approx(1_200.0 / OFF_PATH_M_S / 60.0, rel=0.08)  # on cells of 90 m
    road = valley.frame([{"code": "r", "kind": "paved", "geometry": line(1_485.0)}])
    driven = way("market_minutes", plot, services=market, roads=road).value[0]
    assert driven == pytest.approx(1_200.0 / (40.0 / 3.6) / 60.0, rel=0.15)
    none = market.assign(kind="school")
    assert np.isnan(way("market_minutes", plot, services=none).value[0])
    wall = valley.level(1_000.0)
    wall.values[:, 27:33] = np.nan
    assert way("market_minutes", plot, services=market, dem=wall).value[0] == MOST_TRAVEL_MIN


def test_help_is_a_health_post_or_a_road_that_carries_cars() -> None:
    plot = one_plot(1_515.0, 1_515.0)
    post = valley.frame([{"code": "h", "kind": "health", "geometry": shapely.Point(valley.X + 315, valley.Y + 1_485)}])
    walked = way("health_minutes", plot, services=post).value[0]
    assert walked == pytest.approx(1_200.0 / OFF_PATH_M_S / 60.0, rel=0.08)
    for kind, helps in (("gravel", True), ("path", False)):
        road = valley.frame([{"code": "r", "kind": kind, "geometry": line(1_215.0)}])
        minutes = way("health_minutes", plot, services=post, roads=road).value[0]
        assert bool(minutes == pytest.approx(300.0 / OFF_PATH_M_S / 60.0, rel=0.3)) is helps
        alone = way("health_minutes", plot, services=None, roads=road)
        assert np.isnan(alone.value[0]) == (not helps)


# --- exclusions, irrigation, grids ---------------------------------------------------------------------------------


def reasons(**layers: Any) -> list[str | None]:
    nearby = {key: layer for key, layer in layers.items() if layer is not None}
    reason = exclusion_mask(Block(valley.plots(), nearby, valley.judgement())).reason
    return [None if code < 0 else REASONS[code] for code in reason]


def closed(kind: str, shape: shapely.Geometry, buffer_m: float | None = None) -> gpd.GeoDataFrame:
    return valley.frame([{"code": "x", "kind": kind, "buffer_m": buffer_m, "geometry": shape}])


@pytest.mark.parametrize(
    ("kind", "buffer_m", "reach_m"),
    [("mine_suspected", None, 100.0), ("mine_confirmed", None, 50.0), ("mine_confirmed", 20.0, 20.0)],
)
def test_mines_shut_plots_within_their_safety_distance_touching_included(
    kind: str, buffer_m: float | None, reach_m: float
) -> None:
    x_min, y_min, _, y_max = valley.square("clean").bounds
    for gap, shut in ((reach_m - 1.0, True), (reach_m, True), (reach_m + 1.0, False)):
        field = shapely.box(x_min - gap - 50, y_min, x_min - gap, y_max)
        found = reasons(exclusions=closed(kind, field, buffer_m))
        assert found == [kind if shut else None, *[None] * 8]


def test_other_areas_shut_what_lies_in_them_and_not_what_touches_them() -> None:
    x_min, y_min, x_max, y_max = valley.square("clean").bounds
    for share, shut in ((0.0, False), (0.009, False), (0.02, True), (1.0, True)):
        part = shapely.box(x_min - 100, y_min, x_min + share * (x_max - x_min), y_max)
        assert (reasons(exclusions=closed("river_bed", part))[0] == "river_bed") is shut
        assert (reasons(lakes=valley.frame([{"code": "l", "geometry": part}]))[0] == "water_body") is shut
    beside = shapely.box(x_min - 100, y_min, x_min - 20, y_max)
    assert reasons(exclusions=closed("border_strip", beside, 30.0))[0] == "border_strip"
    assert reasons(exclusions=closed("mine_cleared", valley.square("clean")))[0] is None
    both = gpd.GeoDataFrame(
        pd.concat([closed("built_up", valley.square("clean")), closed("mine_suspected", valley.square("clean"))]),
        crs="EPSG:32642",
    )
    assert reasons(exclusions=both)[0] == "mine_suspected"
    assert reasons() == [None] * 9


def test_irrigated_is_in_a_command_area_or_recorded_so() -> None:
    plots = valley.plots().assign(irrigated=None)
    block = Block(plots, valley.layers(), valley.judgement())
    assert irrigated(block).tolist() == [name != "outside" for name in valley.NAMES]
    plots["irrigated"] = True
    assert irrigated(Block(plots, {}, valley.judgement())).all()


def test_cropping_moves_no_cell_and_coarsening_averages_what_is_known() -> None:
    values = np.arange(36, dtype=np.float32).reshape(6, 6)
    grid = Grid(values, 1_000.0, 2_000.0, 10.0, 10.0)
    part = grid.cropped((1_012.0, 1_955.0, 1_035.0, 1_990.0))
    assert (part.x_min, part.y_max, part.shape) == (1_010.0, 1_990.0, (4, 3))
    np.testing.assert_array_equal(part.values, values[1:5, 1:4])
    assert grid.cropped((0.0, 0.0, 10.0, 10.0)).shape[1] == 0
    values[0, 0] = np.nan
    coarse = grid.coarsened(45.0)
    assert (coarse.cell_m, coarse.shape, coarse.native_m) == (40.0, (2, 2), 10.0)
    assert coarse.values[0, 0] == pytest.approx(np.nanmean(values[:4, :4]))
    assert coarse.values[1, 1] == pytest.approx(values[4:, 4:].mean())
    assert grid.coarsened(15.0) is grid
