"""Crops of plots in the valley: what is measured reaches the ranking, and what is not known is said with each crop."""

from dataclasses import replace
from datetime import date

import numpy as np
import pandas as pd
import pytest

from geo.contract.criterion import Block
from geo.criteria.terrain import SLOPE
from geo.crops.catalogue import crops
from geo.crops.ratings import Ground
from geo.measures.soil import saltless
from geo.panel.judging import judgement_by
from geo.panel.scheme import load_scheme
from geo.suitability.assess import assess
from geo.suitability.crop_choice import (
    MESSAGES,
    best_crops_here,
    condition,
    crop_lists,
    ground_of,
    pairs,
    slope_column,
)
from geo.suitability.findings import measure_all
from tests.worlds import valley


def block_with(**replaced: pd.DataFrame | None) -> Block:
    nearby = {key: layer for key, layer in {**valley.layers(), **replaced}.items() if layer is not None}
    return Block(valley.plots(), nearby, valley.judgement())


def ground(**replaced: pd.DataFrame | None) -> Ground:
    block = block_with(**replaced)
    found = ground_of(block, measure_all(block))
    assert found is not None
    return found


def surveyed(**values: float) -> pd.DataFrame:
    plot = valley.plots()["plot_id"].iloc[0]
    return valley.surveys({"plot_id": plot, "survey_date": date(2026, 5, 1), **values})


def test_stones_shorten_the_depth_of_trees_by_half_their_share() -> None:
    found = ground(plot_surveys=surveyed(soil_depth_cm=90.0, coarse_fragments_pct=50.0))
    assert found.depth_cm[0] == pytest.approx(45.0)
    assert found.tree_depth_cm[0] == pytest.approx(67.5)


def test_stones_nobody_looked_for_may_be_sixty_in_a_hundred() -> None:
    found = ground(plot_surveys=surveyed(soil_depth_cm=100.0))
    assert found.depth_cm[0] == pytest.approx(40.0)
    assert found.tree_depth_cm[0] == pytest.approx(70.0)


def test_groundwater_is_the_shallowest_of_the_newest_season() -> None:
    plot = valley.plots()["plot_id"].iloc[0]
    readings = [(date(2024, 6, 1), 0.6), (date(2025, 1, 10), 0.9), (date(2025, 5, 1), 1.4), (date(2025, 8, 1), 2.2)]
    rows = [{"plot_id": plot, "survey_date": day, "groundwater_m": depth} for day, depth in readings]
    assert ground(plot_surveys=valley.surveys(*rows)).groundwater_m[0] == 1.4
    winter = valley.surveys(rows[1])
    assert ground(plot_surveys=winter).groundwater_m[0] == pytest.approx(0.2)  # .7 m higher in the season


def test_salt_gathers_neither_high_up_nor_on_a_slope_without_water_near() -> None:
    height = np.array([1_001.0, 1_000.0, 400.0, 400.0, 400.0, np.nan])
    slope = np.array([0.0, 3.0, 3.1, 3.1, 3.1, np.nan])
    water = np.array([0.5, np.nan, np.nan, 2.9, 3.1, np.nan])
    assert saltless(height, slope, water).tolist() == [True, False, True, False, True, False]


@pytest.mark.parametrize(
    ("land_use", "column"),
    [
        ("Surface-irrigated family plot", ""),
        ("Basin irrigation", "basin"),
        ("Fully mechanised wheat", "mechanised"),
        ("Hand-worked rainfed land", "hand"),
    ],
)
def test_the_land_use_decides_whose_slope_limits_hold(land_use: str, column: str) -> None:
    assert slope_column(land_use) == column


def test_slope_is_rated_by_the_tables_of_the_scheme() -> None:
    scheme = load_scheme()
    own = replace(scheme, knots={("slope_pct", "not_terraced"): scheme.memberships(SLOPE)[1]})
    block = block_with()
    judged = Block(
        block.plots, block.nearby, judgement_by(own, valley.AS_OF, block.plots["district"].to_numpy(dtype=object))
    )
    values = measure_all(judged)
    values["slope_pct"] = replace(
        values["slope_pct"], value=np.full(len(block), 16.0), table=np.zeros(len(block), dtype=np.int8)
    )
    assert ground_of(block, values).slope_rating[0] == pytest.approx(0.25)
    assert ground_of(judged, values).slope_rating[0] == pytest.approx(0.75)


@pytest.mark.parametrize(
    ("crop", "unknown", "limit"),
    [
        ("potato", "salinity", "5.0"),
        ("wheat", "salinity", "11.6"),
        ("walnut", "salinity", "3.0"),
        ("potato", "depth", "40"),
        ("walnut", "depth", "120"),
        ("potato", "groundwater", "1.0"),
        ("apple", "groundwater", "1.5"),
    ],
)
def test_a_condition_names_the_limit_of_s2(crop: str, unknown: str, limit: str) -> None:
    said = condition(crops()[crop], unknown)
    assert said["args"] == {"limit": limit}
    assert said["text"] in MESSAGES
    assert limit in said["text"].format(**said["args"])


def test_crops_are_said_with_what_is_not_known() -> None:
    block = block_with(plot_surveys=None)
    rows = best_crops_here(block, measure_all(block))
    assert max(map(len, rows)) == 3  # domain reference 3.6 step 3: three crops with their conditions
    for row in rows:
        for crop in row:
            told = crop.as_dict()
            assert told["class"] == "S2"
            assert {"salinity", "depth", "groundwater"} <= set(told["unknown"])
            assert len(told["conditions"]) == len(told["unknown"])


def test_land_that_is_not_judged_has_no_crops() -> None:
    found = assess(valley.plots(), valley.layers(), valley.judgement(), load_scheme())
    frame = found.to_frame()
    judged = frame["score"].notna()
    assert judged.any()
    assert not judged.all()
    assert frame.loc[~judged, ["crops", "crop_classes", "crops_apart", "crops_not_known"]].isna().all(axis=None)
    for _, row in frame[judged].iterrows():
        assert len(row["crops"]) == len(row["crop_classes"])
        assert set(row["crop_classes"]) <= {"S1", "S2"}


def test_codes_are_spread_into_lists() -> None:
    names = list(crops())
    ranks = np.array([[3, 1, 8, -1], [-1, -1, -1, -1], [3, 1, 8, -1]], dtype=np.int8)
    lists = crop_lists(ranks, np.array([0b10100, 0, 0b10100], dtype=np.int8), np.array([True, True, False]))
    assert lists["crops"].tolist() == [[names[1], names[0]], [], None]
    assert lists["crop_classes"].tolist() == [["S1", "S2"], [], None]
    assert lists["crops_apart"].tolist() == [[names[2]], [], None]
    assert lists["crops_not_known"].tolist() == [["salinity", "groundwater"], [], None]


def test_a_second_crop_follows_grain_alone() -> None:
    assert pairs(["potato", "wheat", "apple"]) == [("wheat", "potato")]
    assert pairs(["potato", "apple"]) == []


def test_the_season_between_frosts_is_that_of_the_reference_crop() -> None:
    """Potato stands above ground for 85 days: a margin of -21 d is a season of 64 d and shuts it out."""
    block = block_with()
    values = measure_all(block)
    for margin, named in ((-21.0, False), (20.0, True)):
        values["frost_margin_d"] = replace(values["frost_margin_d"], value=np.full(len(block), margin))
        found = ground_of(block, values)
        assert found.frost_season_d[0, 0] == margin + 85.0
        assert (found.frost_season_d[0, 1:] > 200.0).all()  # of the other kinds that of the valley's mild nights
        crops_here = [crop.crop for crop in best_crops_here(block, values, count=30)[0]]
        assert ("potato" in crops_here) <= named


def test_the_season_of_every_kind_of_crop_is_known_where_nights_are() -> None:
    """Normals and days of domain reference 4, C2: -2 C 179 d, -1 C 164 d, 0 C 137 d; frost spares wheat."""
    nights = valley.level(0.0, cell_m=valley.CLIMATE_CELL_M, bands=12)
    normals = [-9.5, -7.5, -1.5, 4.5, 8, 11, 13.5, 12.5, 7.5, 2.5, -2, -6.5]
    nights.values[:] = np.array(normals, dtype=np.float32)[:, np.newaxis, np.newaxis]
    nearby = {**valley.layers(), "minimum_temperature": nights}
    block = Block(valley.plots(), nearby, valley.judgement(crop="wheat"))
    found = ground_of(block, measure_all(block))
    assert found is not None
    np.testing.assert_allclose(found.frost_season_d[0], [179.0, 164.0, 137.0], atol=1.0)
    nights.values[:] += 0.4  # rounded down again: never longer than by the true nights
    warmer = ground_of(block, measure_all(block))
    assert warmer is not None
    np.testing.assert_array_equal(warmer.frost_season_d, found.frost_season_d)
    del nearby["minimum_temperature"]
    bare = Block(valley.plots(), nearby, valley.judgement(crop="wheat"))
    unknown = ground_of(bare, measure_all(bare))
    assert unknown is not None
    assert np.isnan(unknown.frost_season_d).all()
