"""What is known around plots of the valley: drains that work, what brings the flood, canals of earth."""

from datetime import date

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely

from geo.contract.criterion import Block
from geo.suitability.surroundings import Surroundings, measure_surroundings
from tests.worlds import valley


def around(**replaced: pd.DataFrame | None) -> Surroundings:
    nearby = {key: layer for key, layer in {**valley.layers(), **replaced}.items() if layer is not None}
    return measure_surroundings(Block(valley.plots(), nearby, valley.judgement()))


def drain(away_m: float, condition: float) -> gpd.GeoDataFrame:
    """Return a drain that runs some metres north of the first plot, alone in the valley."""
    box = valley.plots().geometry.iloc[0].bounds
    y = box[3] + away_m
    line = shapely.LineString([(box[0], y), (box[2], y)])
    row = {"code": "drain", "canal": "drain", "type": "drain", "lining": "earth", "condition": condition}
    return valley.frame([{**row, "geometry": line}])


@pytest.mark.parametrize(
    ("away_m", "condition", "near"),
    [(199.0, 2.0, True), (201.0, 2.0, False), (50.0, 3.0, True), (50.0, 4.0, False), (50.0, np.nan, False)],
)
def test_a_drain_takes_water_from_plots_near_it_while_it_works(away_m: float, condition: float, near: bool) -> None:
    found = around(canals=drain(away_m, condition), command_areas=None, outlets=None)
    assert found.drain_near[0] == near


@pytest.mark.parametrize(
    ("debris", "flood", "by_debris"),
    [("medium", None, True), (None, "medium", False), ("medium", "medium", False), ("high", "low", True)],
)
def test_the_level_is_that_of_debris_flows_only_where_rivers_reach_less(
    debris: str | None, flood: str | None, by_debris: bool
) -> None:
    outline = valley.plots().geometry.iloc[0]
    levels = {"debris_flow": debris, "flood": flood}
    rows = [{"process": name, "level": level, "geometry": outline} for name, level in levels.items() if level]
    assert around(hazard_zones=valley.zones(*rows)).by_debris_flow[0] == by_debris


def test_a_winter_reading_may_stand_higher_in_the_season() -> None:
    plot = valley.plots()["plot_id"].iloc[0]
    reading = {"plot_id": plot, "survey_date": date(2025, 12, 1), "groundwater_m": 2.0}
    found = around(plot_surveys=valley.surveys(reading))
    assert [part[0] for part in found.groundwater[:3]] == [2.0, 1.3, 2.7]


def test_without_layers_nothing_is_known() -> None:
    found = around(canals=None, command_areas=None, outlets=None, hazard_zones=None, plot_surveys=None)
    assert not (found.earth_canal | found.drain_near | found.by_debris_flow).any()
    assert np.isnan(found.groundwater.value).all()
    assert np.isnan(found.available_water_mm_m).all()
