"""What an agronomist of a field school answers about a plot as a whole; each row of the table by hand, all else good.

What it says of crops alone is held in ``tests/geo/crops/test_field_school.py``.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import date
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest

from geo.contract.classes import CLASSES
from geo.contract.criterion import Block
from geo.criteria import BY_ID
from geo.crops.ratings import rank_crops
from geo.panel.remedy_sets import Remedy
from geo.panel.scheme import load_scheme
from geo.suitability.assess import Assessment, Suitability, assess, evaluate
from geo.suitability.crop_choice import best_crops_here, ground_of
from geo.suitability.findings import find
from geo.suitability.remedies import applicable, catalogue, cheapest_lift, computed_changes, facts_of
from geo.suitability.surroundings import measure_surroundings
from geo.terrain.grid import Grid
from tests.worlds import valley

SCHEME = load_scheme()
CLEAN = valley.NAMES.index("clean")
LAKHSH_C = [-8, -6, 0, 8, 12.5, 16, 19, 19, 14, 8, 2, -4.0]  # monthly means, from nearby stations, rounded
LAKHSH_NIGHT_C = [-14, -12, -6, 1, 5, 8, 11, 10.5, 5.5, 0.5, -4, -10.0]
GHARM_C = [-3, -1, 5, 12, 16, 20, 23, 22.5, 18, 12, 6, 0.0]
GHARM_NIGHT_C = [-8, -6, 0, 6, 10, 13, 16, 15, 11, 5, 1, -4.0]
BOKHTAR_C = [3, 5.5, 11, 17, 22, 27, 29, 27, 22, 16, 10, 5.0]
BOKHTAR_NIGHT_C = [-1, 1, 5.5, 10.5, 14.5, 18.5, 20.5, 18.5, 13, 7.5, 3, 0.5]


def year(values: list[float]) -> Grid:
    grid = valley.level(0.0, cell_m=valley.CLIMATE_CELL_M, bands=12)
    grid.values[:] = np.array(values, dtype=np.float32)[:, np.newaxis, np.newaxis]
    return grid


def world(
    height_m: float, means: list[float], nights: list[float], slope_pct: float = 1.0, **survey: Any
) -> dict[str, Any]:
    """Return the valley lifted or lowered to a height, with a year of its own and one plot surveyed as told."""
    layers: dict[str, Any] = valley.layers()
    canals, surveys = layers["canals"], layers["plot_surveys"]
    up = height_m - 1_000.0
    canals[["head_level_m", "tail_level_m"]] += up
    surveys["highest_ground_m"] += up
    for name, value in survey.items():
        surveys[name] = surveys.get(name)
        surveys.loc[CLEAN, name] = value
    ground = valley.slope()
    ground.values[:] = slope_pct
    return {
        **layers,
        "dem": valley.level(height_m),
        "climate_relief": valley.level(height_m, cell_m=valley.CLIMATE_CELL_M),
        "slope": ground,
        "mean_temperature": year(means),
        "minimum_temperature": year(nights),
    }


def judged(layers: Mapping[str, Any], crop: str) -> Assessment:
    return assess(valley.plots(), layers, valley.judgement(crop=crop), SCHEME)


def class_of(found: Suitability) -> str:
    return CLASSES[found.classes[CLEAN]]


def crops_of(found: Assessment) -> list[str]:
    return list(found.to_frame()["crops"][CLEAN])


def offered(layers: Mapping[str, Any], crop: str) -> tuple[set[str], tuple[Remedy, ...]]:
    """Return which remedies may be weighed on the plot, and the cheapest set of them that lifts it."""
    plot = valley.plots().iloc[[CLEAN]].reset_index(drop=True)
    block = Block(gpd.GeoDataFrame(plot), layers, valley.judgement(1, crop))
    values, around = find(block).values, measure_surroundings(block)
    options = applicable(values, facts_of(values, around), catalogue().remedy, computed_changes(around))
    now = evaluate(values, find(block).excluded, SCHEME)
    lift = cheapest_lift(values, SCHEME, area_ha=0.36, around=around, best=now)
    return {remedy.id for remedy in options}, () if lift is None else lift.remedies


def test_potato_comes_first_at_lakhsh_and_the_plot_is_s1_or_s2() -> None:
    found = judged(world(1_950.0, LAKHSH_C, LAKHSH_NIGHT_C, 4.0, soil_depth_cm=80.0), "potato")
    assert crops_of(found)[0] == "potato"
    assert class_of(found.land) in ("S1", "S2")


def test_the_same_plot_at_gharm_has_winter_wheat_in_its_list() -> None:
    found = judged(world(1_320.0, GHARM_C, GHARM_NIGHT_C, 4.0, soil_depth_cm=80.0), "potato")
    frame = found.to_frame()
    assert dict(zip(frame["crops"][CLEAN], frame["crop_classes"][CLEAN], strict=True))["wheat"] in ("S1", "S2")


def test_climate_is_no_limit_to_wheat_at_bokhtar() -> None:
    found = judged(world(430.0, BOKHTAR_C, BOKHTAR_NIGHT_C), "wheat").findings.values
    assert found["heat_ratio"].value[CLEAN] >= 1.1
    frost = found["frost_margin_d"]
    assert frost.table is not None
    assert BY_ID["frost_margin_d"].memberships[int(frost.table[CLEAN])](frost.value)[CLEAN] == 1.0


@pytest.mark.parametrize("month", [5, 8])
def test_a_salty_lower_terrace_wants_a_collector_first_and_no_leaching(month: int) -> None:
    salty: dict[str, Any] = {
        "salinity_ds_m": 9.0,
        "groundwater_m": 1.0,
        "survey_date": date(2026, 1, 1).replace(2025, month),
    }
    layers = world(430.0, BOKHTAR_C, BOKHTAR_NIGHT_C, **salty)
    drain = layers["canals"].iloc[[0]].assign(code="drain", type="drain", condition=1.0)
    layers["canals"] = gpd.GeoDataFrame(pd.concat([layers["canals"], drain], ignore_index=True), crs="EPSG:32642")
    found = judged(layers, "wheat")
    assert class_of(found.land) in ("S2", "S3")
    assert {"barley", "wheat"} <= set(crops_of(found))
    assert not {"potato", "onion", "carrot", "tomato", "cucumber", "cabbage", "bean", "melon"} & set(crops_of(found))
    may, _ = offered(layers, "wheat")
    assert "drainage" in may
    assert not {"leaching", "leaching_with_gypsum"} & may


def test_salt_of_7_9_is_no_ground_for_potato() -> None:
    layers = world(1_950.0, LAKHSH_C, LAKHSH_NIGHT_C, salinity_ds_m=7.9)
    found = judged(layers, "potato")
    assert "potato" not in crops_of(found)
    assert class_of(found.land) not in ("S1", "S2")


def test_a_furrow_slope_of_18_percent_is_s3_at_best_and_is_terraced_or_planted() -> None:
    layers = world(1_320.0, GHARM_C, GHARM_NIGHT_C, 18.0)
    found = judged(layers, "potato")
    assert class_of(found.land) == "S3"
    _, chosen = offered(layers, "potato")
    assert [remedy.id for remedy in chosen] == ["terracing"]


def test_35_cm_over_gravel_are_s2_at_best() -> None:
    found = judged(world(1_320.0, GHARM_C, GHARM_NIGHT_C, soil_depth_cm=35.0), "potato")
    assert class_of(found.land) == "S2"
    assert not {"apple", "apricot", "walnut", "mulberry", "grape", "almond", "pomegranate"} & set(crops_of(found))


def test_all_surveyed_but_salt_may_be_s1_at_gharm() -> None:
    found = judged(world(1_320.0, GHARM_C, GHARM_NIGHT_C, salinity_ds_m=np.nan), "potato")
    assert class_of(found.land) == "S1"
    low = judged(world(430.0, BOKHTAR_C, BOKHTAR_NIGHT_C, salinity_ds_m=np.nan), "potato")  # salt can gather there
    assert class_of(low.land) != "S1"


def test_salt_of_8_over_water_at_1_7_m_without_a_drain_is_not_leached() -> None:
    salty: dict[str, Any] = {"salinity_ds_m": 8.0, "groundwater_m": 1.7, "survey_date": date(2025, 6, 1)}
    may, chosen = offered(world(430.0, BOKHTAR_C, BOKHTAR_NIGHT_C, **salty), "wheat")
    assert not {"leaching", "leaching_with_gypsum"} & (may | {remedy.id for remedy in chosen})
    deep = {**salty, "groundwater_m": 4.1}
    may, _ = offered(world(430.0, BOKHTAR_C, BOKHTAR_NIGHT_C, **deep), "wheat")
    assert "leaching" in may


@pytest.mark.parametrize(
    ("survey", "crop", "classes"),
    [
        ({"soil_depth_cm": 90.0, "coarse_fragments_pct": 50.0}, "apricot", ("S2", "S3")),  # a fan
        ({"soil_depth_cm": 120.0, "groundwater_m": 4.0}, "walnut", ("S2",)),  # drained loess
    ],
)
def test_trees_stand_where_roots_find_room(survey: dict[str, float], crop: str, classes: tuple[str, ...]) -> None:
    block = Block(valley.plots(), world(1_320.0, GHARM_C, GHARM_NIGHT_C, **survey), valley.judgement())
    ground = ground_of(block, find(block).values)
    assert ground is not None
    (rated,) = rank_crops(ground, of=[crop])
    assert rated.classes[CLEAN] < len(CLASSES)  # relevant, and rated
    assert CLASSES[rated.classes[CLEAN]] in classes


def test_without_a_laboratory_sheet_crops_are_named_with_what_is_not_known() -> None:
    layers = world(1_320.0, GHARM_C, GHARM_NIGHT_C)
    layers["plot_surveys"] = layers["plot_surveys"].assign(salinity_ds_m=None, ph=None, caco3_pct=None)
    judgement = replace(valley.judgement(), salt_gathers=True)
    block = Block(valley.plots(), layers, judgement)
    named = {one.crop: one.as_dict() for one in best_crops_here(block, find(block).values, count=30)[CLEAN]}
    for crop, limit in (("potato", "5.0"), ("carrot", "3.9"), ("apple", "3.7")):
        assert {"text": "if salinity is below {limit} dS/m: not measured", "args": {"limit": limit}} in named[crop][
            "conditions"
        ]
