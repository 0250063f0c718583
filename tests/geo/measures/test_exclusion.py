"""Land that is shut, and land that is irrigated."""

from __future__ import annotations

from datetime import date
from typing import Any

import geopandas as gpd
import pandas as pd
import pytest
import shapely

from geo.contract.criterion import Block
from geo.contract.shut_land import REASONS, RECORD_STATES
from geo.measures.exclusion import exclusion_mask, mines_unanswered, records_of
from geo.measures.water import irrigated
from tests.worlds import valley


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
    without_distances = closed("mine_suspected", valley.square("clean", -25.0)).drop(columns="buffer_m")
    assert reasons(exclusions=without_distances)[0] == "mine_suspected"


def test_irrigated_is_in_a_command_area_or_recorded_so() -> None:
    plots = valley.plots().assign(irrigated=None)
    block = Block(plots, valley.layers(), valley.judgement())
    assert irrigated(block).tolist() == [name != "outside" for name in valley.NAMES]
    plots["irrigated"] = True
    assert irrigated(Block(plots, {}, valley.judgement())).all()


def test_a_planned_reservoir_has_the_year_it_fills_the_earliest_of_those_that_take_the_plot() -> None:
    x_min, y_min, x_max, y_max = valley.square("clean").bounds
    half = (x_min + x_max) / 2
    west, east = shapely.box(x_min, y_min, half, y_max), shapely.box(half, y_min, x_max, y_max)
    sliver = shapely.box(x_min, y_min, x_min + 0.005 * (x_max - x_min), y_max)

    def year(*areas: tuple[str, shapely.Geometry, int | None]) -> int:
        rows: list[dict[str, object]] = [
            {"code": str(n), "kind": k, "from_year": y, "geometry": shape} for n, (k, shape, y) in enumerate(areas)
        ]
        plots = Block(valley.plots(), {"exclusions": valley.frame(rows)}, valley.judgement())
        return int(exclusion_mask(plots).from_year[0])

    assert year(("inundation", west, 2036), ("inundation", east, 2031)) == 2031
    assert year(("inundation", west, 2036), ("inundation", sliver, 2031)) == 2036
    assert year(("inundation", west, None)) == 0
    assert year(("inundation", west, None), ("inundation", east, 2040)) == 2040
    assert year(("mine_suspected", west, None), ("inundation", east, 2040)) == 0  # mines shut it now
    assert year(("built_up", west, 2040)) == 0


def test_an_empty_record_is_told_apart_from_one_that_covers_a_part() -> None:
    plot, far = valley.square("clean"), shapely.box(0.0, 0.0, 10.0, 10.0)

    def record(**layers: gpd.GeoDataFrame) -> tuple[str, str]:
        found = records_of(Block(valley.plots(), layers, valley.judgement()))
        return RECORD_STATES[found.mines[0]], RECORD_STATES[found.shut_land[0]]

    def extent(what: str, shape: shapely.Geometry, day: date | None = None) -> gpd.GeoDataFrame:
        return valley.frame([{"code": "e", "process": what, "mapped_on": day, "geometry": shape}])

    assert record() == ("none", "none")
    assert record(exclusions=closed("mine_suspected", far)) == ("outside", "none")
    assert record(exclusions=closed("built_up", far)) == ("none", "outside")
    assert record(lakes=valley.frame([{"code": "l", "geometry": far}])) == ("none", "outside")
    assert record(hazard_extents=extent("mines", plot.buffer(1.0))) == ("recorded", "none")  # looked for, nothing found
    assert record(hazard_extents=extent("shut_land", plot.buffer(1.0))) == ("none", "recorded")
    half = shapely.box(*plot.bounds[:2], plot.bounds[0] + 0.5, plot.bounds[3])
    assert record(exclusions=closed("built_up", far), hazard_extents=extent("shut_land", half)) == ("none", "outside")
    cleared = closed("mine_cleared", plot.buffer(1.0))
    assert record(exclusions=cleared) == ("outside", "none")
    assert record(exclusions=cleared.assign(status_date=date(2024, 1, 1))) == ("recorded", "none")


def test_a_dated_mapping_of_mines_answers_for_the_plots_in_it() -> None:
    everywhere = valley.square("clean").buffer(1.0)
    for day, unanswered in ((None, True), (date(2024, 1, 1), False)):
        extents = valley.frame([{"code": "e", "process": "mines", "mapped_on": day, "geometry": everywhere}])
        block = Block(valley.plots(), {"hazard_extents": extents}, valley.judgement())
        assert mines_unanswered(block)[0] == unanswered
