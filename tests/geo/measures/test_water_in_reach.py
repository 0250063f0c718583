"""Water that could be led to a plot: within two kilometres and not more than twenty metres below it, by hand."""

from __future__ import annotations

from typing import Any

import geopandas as gpd
import numpy as np
import pytest
import shapely
from shapely.affinity import translate

from geo.contract.criterion import Block
from geo.measures.water_in_reach import without_water
from geo.terrain.grid import Grid
from tests.worlds import valley

WEST = valley.X + 300.0  # m, of a plot 60 m wide, on ground that is level unless said
NOTHING: dict[str, Any] = {}


def plots(*east_m: float) -> gpd.GeoDataFrame:
    """Return plots at the south-west corner plus so many metres to the east, in the middle of a wide plain."""
    rows = [
        {
            "plot_id": f"{x:g}",
            "district": "TJ.KL.KA",
            "geometry": shapely.box(WEST + x, valley.Y, WEST + x + 60, valley.Y + 60),
        }
        for x in east_m
    ]
    return valley.frame(rows)


def river(x: float, *, km2: float | None = None) -> gpd.GeoDataFrame:
    line = shapely.LineString([(WEST + x, valley.Y - 6_000), (WEST + x, valley.Y + 6_000)])
    return valley.frame([{"code": "r", "stream_class": None, "upstream_km2": km2, "geometry": line}])


def plain(*, west_m: float, east_m: float, edge: float) -> Grid:
    """Return ground of two heights: one up to ``edge`` metres east of the first plot, the other beyond."""
    values = np.full((300, 600), east_m, dtype=np.float32)
    first = WEST - 6_000.0
    values[:, : round((WEST + edge - first) / 30)] = west_m
    return Grid(values, first, valley.Y + 4_500, 30.0, 30.0)


def far(at: gpd.GeoDataFrame, **layers: Any) -> list[bool]:
    return without_water(Block(at, layers, valley.judgement(len(at)))).tolist()


def test_a_river_reaches_two_kilometres() -> None:
    at = plots(0.0, -1_900.0, -2_400.0, 1_900.0, 2_400.0)
    assert far(at, rivers=river(0.0)) == [False, False, True, False, True]


@pytest.mark.parametrize(("distance_m", "dry"), [(1_995.0, False), (2_245.0, True)])
def test_two_kilometres_reach_every_way_and_never_fall_short(distance_m: float, dry: bool) -> None:
    """What is looked for on cells of 100 m is right to a cell either way, to the far side."""
    random = np.random.default_rng(8)
    at = plots(0.0)
    middle = shapely.centroid(at.geometry.iloc[0])
    for angle in (*np.arange(0, 20 * np.pi, np.pi / 2), *random.uniform(0, 2 * np.pi, 60)):
        moved = random.uniform(-300, 300, 2)  # the cells lie otherwise under every pair
        spot = shapely.Point(middle.x + distance_m * np.cos(angle), middle.y + distance_m * np.sin(angle))
        outlet = valley.frame([{"code": "o", "geometry": translate(spot, *moved)}])
        plot = at.set_geometry(at.translate(*moved))
        assert far(plot, outlets=outlet) == [dry], np.degrees(angle)


def test_water_is_looked_for_all_along_a_line_of_few_points() -> None:
    at = plots(0.0)
    for y in (-5_000.0, -1_234.0, 0.0, 3_210.0, 5_000.0):
        assert far(at.set_geometry(at.translate(0.0, y)), rivers=river(1_900.0)) == [False]


@pytest.mark.parametrize(("cell_m", "dry"), [(120.0, True), (125.0, False)])
def test_on_a_relief_coarser_than_ways_accept_water_counts_at_any_height(cell_m: float, dry: bool) -> None:
    west = np.where(np.arange(100) * cell_m < 6_500.0, 1_000.0, 900.0).astype(np.float32)
    ground = Grid(np.tile(west, (300, 1)), WEST - 6_000.0, valley.Y + 4_500, cell_m, cell_m)
    assert far(plots(0.0), rivers=river(1_500.0), dem=ground) == [dry]


@pytest.mark.parametrize(("fall_m", "dry"), [(19.0, False), (20.0, False), (21.0, True), (-300.0, False)])
def test_water_more_than_twenty_metres_below_is_not_led_up(fall_m: float, dry: bool) -> None:
    ground = plain(west_m=1_000.0, east_m=1_000.0 - fall_m, edge=500.0)
    assert far(plots(0.0), rivers=river(1_000.0), dem=ground) == [dry]


def test_of_several_waters_the_highest_in_reach_counts() -> None:
    ground = plain(west_m=1_000.0, east_m=900.0, edge=500.0)
    both = gpd.GeoDataFrame(np.concatenate([river(1_000.0), river(-1_500.0)]), columns=river(0.0).columns, crs=32642)
    assert far(plots(0.0), rivers=both.set_geometry("geometry"), dem=ground) == [False]


def test_headwaters_and_drains_are_no_water_and_outlets_are() -> None:
    at = plots(0.0)
    assert far(at, rivers=river(500.0, km2=9.0)) == [True]
    assert far(at, rivers=river(500.0, km2=10.0)) == [False]
    canal = valley.canals().assign(geometry=river(500.0).geometry[0])
    assert far(at, canals=canal) == [False]
    assert far(at, canals=canal.assign(type="drain")) == [True]
    outlet = valley.frame([{"code": "o", "geometry": shapely.Point(WEST + 500, valley.Y)}])
    assert far(at, outlets=outlet, rivers=river(9_000.0)) == [False]


def test_without_any_layer_of_water_nothing_is_said_of_it() -> None:
    assert far(plots(0.0), **NOTHING) == [False]
    assert far(plots(0.0), rivers=river(0.0).iloc[:0]) == [True]  # loaded, and none near


def test_water_and_plots_of_unknown_height_count_as_high_enough() -> None:
    hole = plain(west_m=1_000.0, east_m=np.nan, edge=500.0)
    assert far(plots(0.0), rivers=river(1_000.0), dem=hole) == [False]
    assert far(plots(600.0), rivers=river(0.0), dem=hole) == [False]


@pytest.mark.parametrize(("kind", "dry"), [("drinking_water", False), ("market", True)])
def test_springs_and_wells_are_water_and_other_places_are_not(kind: str, dry: bool) -> None:
    place = valley.frame([{"code": "p", "kind": kind, "geometry": shapely.Point(WEST, valley.Y)}])
    assert far(plots(1_000.0), rivers=river(9_000.0), services=place) == [dry]
    assert far(plots(1_000.0), services=place) == [False]  # no water at all is loaded: nothing is said
    assert far(plots(5_000.0), rivers=river(90_000.0), services=place) == [True]
