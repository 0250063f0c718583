"""Measures of land criteria: what each owes, and those of water against hand-computed values."""

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

from geo.contract.criterion import A, B, Block, C, Criterion, D
from geo.criteria import BY_ID, LAND_CRITERIA
from geo.measures.water import ONLY_FEEDING_REACH, RELIABILITY_PROXY
from geo.suitability.findings import measure_all
from geo.terrain.grid import Grid
from tests.worlds import valley
from tests.worlds.valley import at, line, measured, surveys

Layers = dict[str, Any]


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
    # Months that count are looked for where ratios are on record by month, in heights and climate.
    dry = [
        {"command_area": "upper command", "year_type": "dry", "month": month, "ratio": 0.8} for month in range(1, 13)
    ]
    months = pd.DataFrame(dry).assign(code=[f"m{month}" for month in range(1, 13)])
    more = {
        "roads": valley.frame(roads),
        "rivers": valley.frame(river),
        "outlets": valley.frame([outlet]),
        "command_months": months,
    }
    return {**valley.layers(), **more, "soil_depth": valley.level(90.0), "available_water": valley.level(120.0)}


@pytest.mark.parametrize("criterion", LAND_CRITERIA, ids=lambda criterion: criterion.id)
def test_a_measure_reads_what_it_declares_and_nothing_else(criterion: Criterion) -> None:
    layers = Recording(full_valley())
    found = criterion.measured(Block(valley.plots(), layers, valley.judgement()))
    assert found.not_assessed is None
    assert layers.read == set(criterion.layers)


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
    fine: dict[str, Any] = {layer: replace(grid, native_m=coarsest)}
    coarse: dict[str, Any] = {layer: replace(grid, native_m=coarsest + 1.0)}
    accepted, refused = measured(name, **fine), measured(name, **coarse)
    assert accepted.not_assessed is None
    assert refused.not_assessed == (
        f"the grid {layer} has cells of {coarsest + 1:.0f} m; at most {coarsest:.0f} m can be accepted"
    )
    assert np.isnan(refused.value).all()


def test_plots_outside_every_layer_are_unknown_in_all_but_the_access_that_is_known_to_be_far() -> None:
    plots = valley.plots()
    plots.geometry = plots.geometry.translate(xoff=50_000.0)
    for name, found in measure_all(Block(plots, valley.layers(), valley.judgement())).items():
        if BY_ID[name].layers != ("plot_surveys",) and name not in ("soil_depth_cm", "soil_water", "salinity_ds_m"):
            assert np.isnan(found.value).all(), name


def test_a_measure_never_depends_on_the_other_plots() -> None:
    together = measure_all(Block(valley.plots(), full_valley(), valley.judgement()))
    for row in (0, 4, 8):
        alone = valley.plots().iloc[[row]].reset_index(drop=True)
        found = measure_all(Block(alone, full_valley(), valley.judgement(1)))
        for name, value in found.items():
            np.testing.assert_array_equal(value.value[0], together[name].value[row], err_msg=name)


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


@pytest.mark.parametrize("criterion", LAND_CRITERIA, ids=lambda criterion: criterion.id)
@pytest.mark.parametrize("without", [(), ("plot_surveys",), ("canals",), ("dem",)], ids=str)
def test_what_stands_beside_a_value_is_the_same_without_measuring_it(
    criterion: Criterion, without: tuple[str, ...]
) -> None:
    layers = {name: layer for name, layer in full_valley().items() if name not in without}
    whole = criterion.measured(Block(valley.plots(), layers, valley.judgement()))
    beside = criterion.beside(Block(valley.plots(), layers, valley.judgement()))
    assert beside.not_assessed == whole.not_assessed
    for name in ("table", "sigma", "evidence", "worst", "best"):
        np.testing.assert_array_equal(getattr(beside, name), getattr(whole, name), err_msg=name)
    for name in ("notes", "beside"):
        np.testing.assert_equal(getattr(beside, name), getattr(whole, name))


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
