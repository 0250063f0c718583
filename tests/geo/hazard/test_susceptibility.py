"""The rules that read hazards off terrain alone, on worlds small enough to compute by hand."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import geopandas as gpd
import numpy as np
import pytest
import shapely

from geo.hazard.levels import LOW, MEDIUM, NONE, RESIDUAL, SUSCEPTIBILITY, UNTESTED, caution_of
from geo.hazard.runout import GRAVITY_M_S2
from geo.hazard.slope_failure import rockfall, shallow_slide
from geo.hazard.susceptibility import UNKNOWN, Susceptibility, extent, return_period_y, seen_ground, zones
from geo.hazard.torrents import (
    DEBRIS_FLOOD,
    DEBRIS_FLOW,
    FLOOD,
    curvature_limit,
    debris_flow,
    debris_flow_sources,
    flood,
    hollows,
    torrent_type,
)
from geo.terrain.drainage import contributing_cells, drainage
from geo.terrain.grid import Grid
from tests.published import published

CELL_M = 10.0


def grid(values: np.ndarray, cell_m: float = CELL_M) -> Grid:
    return Grid(np.asarray(values, dtype=np.float32), 0.0, values.shape[0] * cell_m, cell_m, cell_m)


def tan(angle_deg: float) -> float:
    return float(np.tan(np.radians(angle_deg)))


def ramp(
    steep_deg: float, gentle_deg: float, foot_m: float = 1_000.0, length_m: float = 5_000.0, rows: int = 41
) -> Grid:
    """Falls eastwards from 3,000 m, steeply to ``foot_m`` and gently from there on."""
    x = np.arange(round(length_m / CELL_M)) * CELL_M
    z = 3_000.0 - tan(steep_deg) * np.minimum(x, foot_m) - tan(gentle_deg) * np.maximum(x - foot_m, 0.0)
    return grid(np.tile(z, (rows, 1)))


def gully(n: int = 121, cell_m: float = 30.0) -> Grid:
    """A steep V-shaped catchment above row 60 and a gentle fan below it."""
    row, col = np.mgrid[:n, :n]
    along = 1_500.0 + np.where(row < 60, (60 - row) * cell_m * tan(25.0), -(row - 60) * cell_m * tan(4.0))
    side = np.abs(col - n // 2) * cell_m * np.where(row < 60, tan(35.0), 0.02)
    return grid(along + side, cell_m)


def test_debris_flows_start_in_the_steep_hollow_run_onto_the_fan_and_are_low_without_an_inventory() -> None:
    flow = drainage(gully())
    sources = debris_flow_sources(flow)
    assert sources[20:55, 60].all()
    assert not sources[61:].any()
    assert (contributing_cells(flow)[sources] * 900.0 >= 10_000.0).all()
    found = debris_flow(flow)
    assert found.level.max() == LOW
    assert found.level[55, 60] == LOW
    # The velocity head of 15 m/s and a fall of 7 degrees over ground of 4: the mass that all sources send down.
    reach = 60 + 15.0**2 / (2.0 * GRAVITY_M_S2) / (tan(7.0) - tan(4.0)) / 30.0
    assert (found.level[60 : int(reach), 60] == LOW).all()
    assert found.level[110, 5] == NONE
    assert found.method.endswith(UNTESTED)
    assert zones(found)["method"].str.endswith(UNTESTED).all()


def point(x: float, y: float) -> gpd.GeoDataFrame:
    return gpd.GeoDataFrame(geometry=[shapely.Point(x, y)], crs="EPSG:32642")


def test_a_recorded_event_makes_medium_only_near_itself_and_on_its_own_channel() -> None:
    dem = gully()
    flow = drainage(dem)
    alone = debris_flow(flow).level
    x, y = 60.5 * 30.0, dem.y_max - 80.5 * 30.0  # on the fan, in the channel, row 80
    level = debris_flow(flow, point(x, y)).level
    row, col = np.nonzero(level == MEDIUM)
    assert (np.hypot(row - 80, col - 60) * 30.0 <= 300.0).all()
    assert (level[71:90, 60] == MEDIUM).all()
    assert level[69, 60] == alone[69, 60]
    unchanged = level != MEDIUM
    np.testing.assert_array_equal(level[unchanged], alone[unchanged])
    # 600 m aside of the channel no channel is near: the event says nothing about this one.
    np.testing.assert_array_equal(debris_flow(flow, point(x + 900.0, y)).level, alone)
    np.testing.assert_array_equal(debris_flow(flow, point(-9_000.0, y)).level, alone)


def on_fan(dem: Grid, days: list[str | None]) -> gpd.GeoDataFrame:
    """Events in the channel on the fan of ``gully``, 60 m apart down it."""
    points = [shapely.Point(60.5 * 30.0, dem.y_max - (80.5 + 2 * k) * 30.0) for k in range(len(days))]
    return gpd.GeoDataFrame({"happened_on": days}, geometry=points, crs="EPSG:32642")


@pytest.mark.parametrize(
    ("days", "period"),
    [
        (["1990-05-01"], 100),
        (["1990-05-01", "2019-05-01"], 30),
        (["1980-05-01", "2010-06-01"], 100),
        (["2019-05-01", "2019-05-01"], 100),  # one event, told twice
        (["2019-05-01", None], 30),  # nobody knows that it was long ago
    ],
)
def test_two_recorded_events_in_thirty_years_make_a_channel_frequent(days: list[str | None], period: int) -> None:
    dem = gully()
    frame = zones(debris_flow(drainage(dem), on_fan(dem, days)))
    medium = frame[frame["level"] == "medium"]
    assert min(medium["return_period_y"]) == period
    assert set(frame.loc[frame["level"] != "medium", "return_period_y"]) == {100}
    assert frame.is_valid.all()
    whole: Any = shapely.union_all(frame.geometry.to_numpy())
    assert frame.area.sum() == pytest.approx(whole.area)


def two_gullies() -> Grid:
    """Two channels 240 m apart on a slope of 12 degrees, each in a ditch of its own."""
    row, col = np.mgrid[:121, :61]
    ditch = np.minimum(np.abs(col - 26), np.abs(col - 34))
    return grid(4_000.0 - row * 30.0 * tan(12.0) + 6.0 * np.minimum(ditch, 4), 30.0)


def test_an_event_says_nothing_about_the_next_channel() -> None:
    dem = two_gullies()
    level = debris_flow(drainage(dem), point(26.5 * 30.0, dem.y_max - 100.5 * 30.0)).level
    assert (level[95:105, 26] == MEDIUM).all()
    assert (level[:, 31:] < MEDIUM).all()  # 240 m from the event


@pytest.mark.parametrize("row", published("curvature_limits.csv"), ids=lambda row: row["cell_m"])
def test_curvature_limits_stand_as_published_or_counted(row: dict[str, str]) -> None:
    assert curvature_limit(float(row["cell_m"])) == float(row["limit_per_m"])


def test_between_two_sizes_of_cells_the_curvature_limit_is_between_theirs() -> None:
    assert curvature_limit(12.0) == pytest.approx(-0.0086, abs=1e-4)


def test_a_hollow_is_one_by_its_curvature_and_not_by_what_else_is_in_view() -> None:
    # Contours of the paraboloid z = c (x^2 - 20 y) curve inwards along its axis: plan curvature there is -2 c.
    x = (np.arange(81) - 40) * 30.0
    y = np.arange(81)[:, np.newaxis] * 30.0

    def trough(curvature: float) -> Grid:
        return grid(2_000.0 + curvature / 2.0 * x**2 - 0.2 * y, 30.0)

    assert hollows(trough(0.0040))[20:60, 40].all()
    assert not hollows(trough(0.0030)).any()
    assert not hollows(grid(np.tile(2_000.0 - 0.3 * y, (1, 81)), 30.0)).any()  # a plane has none
    both = grid(np.vstack([trough(0.0040).values, trough(0.02).values]), 30.0)
    np.testing.assert_array_equal(hollows(both)[2:78], hollows(trough(0.0040))[2:78])


def test_torrent_types_by_melton_ratio_and_length() -> None:
    ratio = np.array([0.29, 0.30, 0.60, 0.61, 0.75, 0.75, np.nan])
    length = np.array([1e3, 1e3, 1e3, 1e3, 2_699.0, 2_700.0, 1e3])
    expected = [FLOOD, DEBRIS_FLOOD, DEBRIS_FLOOD, DEBRIS_FLOW, DEBRIS_FLOW, DEBRIS_FLOOD, UNKNOWN]
    assert torrent_type(ratio, length).tolist() == expected


def branching_valley() -> Grid:
    """Eight headwaters that join in pairs three times over, hence a river of order 4 in the middle; its plain rises.

    Channels are 100 m deep ditches in a plateau that falls southwards by 0.1 %; beside the last one the ground rises by
    1.2 m per cell.
    """
    n, cell_m = 130, 100.0
    row, col = np.mgrid[:n, :n]
    fall = (n - row) * cell_m * 0.001
    z = 1_000.0 + fall + 3.0 * np.abs(col - 64)
    columns, start = [8 + 16 * i for i in range(8)], 2
    while columns:
        for c in columns:
            z[start : start + 31, c] = 900.0 + fall[start : start + 31, c]
        join = start + 30
        for left, right in zip(columns[::2], columns[1::2], strict=False):
            z[join, left : right + 1] = (
                899.5 + fall[join, left : right + 1] + 0.01 * np.abs(np.arange(left, right + 1) - (left + right) / 2)
            )
        columns, start = [(a + b) // 2 for a, b in zip(columns[::2], columns[1::2], strict=False)], join
    z[95:, :] = 900.0 + fall[95:, :] + 1.2 * np.abs(col[95:, :] - 64)
    return grid(z, cell_m)


def test_floods_follow_the_height_above_large_rivers_only() -> None:
    level = flood(drainage(branching_valley())).level
    # Beside the river of order 4 the ground rises by 1.2 m per cell: under 2 m medium, under 5 m low.
    expected = [NONE, LOW, LOW, LOW, MEDIUM, MEDIUM, MEDIUM, LOW, LOW, LOW, NONE]
    assert level[120, 59:70].tolist() == expected
    # The headwaters are ditches with plateau on both sides, of order 1: no flood, not even in the channel.
    assert (level[5:30, :20] == NONE).all()


def test_a_stream_below_order_four_floods_nothing() -> None:
    row, col = np.mgrid[:101, :101]
    valley = grid(100.0 + 30.0 * (0.2 * np.abs(col - 50) + 0.01 * (100 - row)), 30.0)
    assert (flood(drainage(valley)).level == NONE).all()


def test_rockfall_reaches_down_to_its_energy_lines() -> None:
    # A face of 60 degrees and 200 m, a plateau above it, and ground that falls by 1 degree below it.
    x = np.arange(200) * CELL_M
    z = 1_000.0 + np.clip((115.5 - x) * tan(60.0), 0.0, 200.0) - np.maximum(x - 115.5, 0.0) * tan(1.0)
    found = rockfall(drainage(grid(np.tile(z, (61, 1)))))
    level = found.level[30]
    top = int(np.flatnonzero(level >= LOW).min())
    assert z[top] == 1_200.0 or z[top] > 1_180.0
    for reached, angle in ((LOW, 35.0), (RESIDUAL, 32.0)):
        edge = int(np.flatnonzero(level >= reached).max())
        drop = z[top] - z
        within = np.flatnonzero(drop >= tan(angle) * (x - x[top]))
        assert edge == within.max()
    assert (level[:top] == NONE).all()
    assert found.method.endswith(UNTESTED)


def test_rockfall_does_not_climb_but_may_reach_across() -> None:
    # The same face opposite a bank 30 m high: blocks run down to the foot of the bank, the line passes over it.
    x = np.arange(120) * CELL_M
    z = 1_000.0 + np.clip((115.5 - x) * tan(60.0), 0.0, 200.0) + np.clip((x - 200.0) * tan(40.0), 0.0, 30.0)
    level = rockfall(drainage(grid(np.tile(z, (61, 1)) - np.arange(61)[:, np.newaxis] * 0.1))).level[30]
    assert level[15] == LOW
    bank = slice(24, 27)  # on top of it
    assert (level[bank] == RESIDUAL).all()


def test_slides_want_loess_in_a_hollow_or_below_an_unlined_canal_and_are_low() -> None:
    n, cell_m = 61, 30.0
    row, col = np.mgrid[:n, :n]
    dem = grid(1_000.0 + (n - row) * cell_m * tan(20.0) + 0.002 * ((col - 30) * cell_m) ** 2, cell_m)
    everywhere = np.ones(dem.shape, dtype=np.bool_)
    assert (shallow_slide(dem, loess=~everywhere).level == NONE).all()
    assert hollows(dem)[30, 30]
    assert not hollows(dem)[32, 5]
    canal = gpd.GeoDataFrame(geometry=[shapely.LineString([(0, 915), (1_830, 915)])], crs="EPSG:32642")
    found = shallow_slide(dem, loess=everywhere, unlined_canals=canal)
    assert found.level[20, 30] == LOW
    assert found.level.max() == LOW
    gentle_side = np.abs(np.arange(n) - 30) == 4  # 31 degrees and no hollow
    assert (found.level[32, gentle_side] == LOW).all()
    assert (found.level[36, gentle_side] == NONE).all()
    assert "not tested on loess" in found.method
    assert found.method.endswith(UNTESTED)


def test_what_has_no_inventory_says_so_and_other_processes_do_not() -> None:
    said = {process: caution_of(process) for process in ("avalanche", "flood", "debris_flow", "rockfall", "landslide")}
    assert [process for process, caution in said.items() if caution == UNTESTED] == [
        "debris_flow",
        "rockfall",
        "landslide",
    ]
    assert {said["avalanche"], said["flood"]} == {SUSCEPTIBILITY}
    assert UNTESTED.startswith(SUSCEPTIBILITY)


def test_polygons_cover_just_the_cells_of_their_level_and_say_what_they_are() -> None:
    level = np.zeros((20, 20), dtype=np.int8)
    level[2:6, 3:9] = LOW
    level[3:5, 4:7] = MEDIUM
    level[15:, 15:] = MEDIUM
    level[10, :] = UNKNOWN
    found = Susceptibility(
        "debris_flow", level, grid(np.where(level == UNKNOWN, np.nan, 0.0), 100.0), f"a method; {SUSCEPTIBILITY}"
    )
    frame = zones(found)
    assert frame.crs == "EPSG:32642"
    assert sorted(zip(frame["level"], frame.area / 1e4, strict=True)) == [
        ("low", 18.0),
        ("medium", 6.0),
        ("medium", 25.0),
    ]
    assert frame.is_valid.all()
    assert set(frame["source_class"]) == {"derived"}
    assert frame["method"].str.endswith(SUSCEPTIBILITY).all()
    assert frame["code"].is_unique
    looked = extent("debris_flow", seen_ground(found.dem))
    # Three rows of 100 m on either side of the unknown row may be reached from it unseen.
    assert looked.area.sum() == pytest.approx((400 - 7 * 20) * 1e4)
    assert shapely.area(shapely.intersection(looked.geometry.iloc[0], shapely.box(0, 600, 2_000, 1_300))) == 0.0


def test_outlines_lose_their_steps_and_specks_but_neither_their_place_nor_what_is_unknown() -> None:
    n = 300
    row, col = np.mgrid[:n, :n]
    level = np.where(np.hypot(row - 150, col - 150) < 120, MEDIUM, NONE).astype(np.int8)
    level[10, 10] = MEDIUM  # a speck of 900 m2
    level[150, 150] = NONE
    level[200:204, 200:204] = UNKNOWN
    dem = grid(np.where(level == UNKNOWN, np.nan, 0.0), 30.0)
    found = Susceptibility("flood", level, dem, f"a method; {SUSCEPTIBILITY}")
    frame = zones(found)
    assert frame.is_valid.all()
    disc = shapely.Point(150.5 * 30.0, (n - 150.5) * 30.0).buffer(120 * 30.0)
    whole: Any = shapely.union_all(frame.geometry.to_numpy())
    assert shapely.symmetric_difference(whole, disc).area < 0.02 * disc.area
    assert shapely.hausdorff_distance(whole.exterior, disc.exterior) < 60.0
    assert len(frame) > 1  # the lattice cuts it
    assert frame.area.sum() == pytest.approx(whole.area)  # without gaps or overlaps
    cells = shapely.get_num_coordinates(whole)
    assert cells < 0.7 * 8 * 120  # a stepped circle of this radius has some 8 x 120 corners
    unknown = shapely.Point(202 * 30.0, (n - 202) * 30.0)
    assert not whole.contains(unknown)
    ground: Any = seen_ground(dem)
    assert not ground.contains(unknown)
    unseen = shapely.box(200 * 30.0, (n - 204) * 30.0, 204 * 30.0, (n - 200) * 30.0).buffer(300.0)
    assert shapely.intersection(ground, unseen).area < 0.1 * unseen.area
    assert ground.area == pytest.approx(n * n * 900.0 - unseen.area, rel=1e-3)


def v_valley(n: int = 121, cell_m: float = 30.0) -> Grid:
    """A valley running south by 2 %, its sides rising by 0.6 m a cell."""
    row, col = np.mgrid[:n, :n]
    return grid(1_000.0 + (n - row) * cell_m * 0.02 + 0.6 * np.abs(col - n // 2), cell_m)


def test_a_mapped_river_floods_its_valley_by_height_above_it_from_where_it_is_mapped_on_down() -> None:
    dem = v_valley()
    middle = 60.5 * 30.0
    top = dem.y_max
    upper = shapely.LineString([(middle + 20.0, top - 30 * 30.0), (middle + 20.0, top - 50 * 30.0)])
    rivers = gpd.GeoDataFrame(geometry=[upper], crs="EPSG:32642")
    flow = drainage(dem)
    assert (flood(flow).level == NONE).all()  # order 1 everywhere
    level = flood(flow, rivers).level
    # 0.6 m a column: under 2 m up to the third beside the bed, under 5 m up to the eighth.
    away = np.abs(np.arange(121) - 60)
    expected = np.where(away <= 3, MEDIUM, np.where(away <= 8, LOW, NONE))
    for row in (60, 90, 110):
        assert level[row, 45:76].tolist() == expected[45:76].tolist()
    assert (level[:20] == NONE).all()
    # On a plain that falls more along the river than towards it no water of the plain meets the river for long.
    plain = replace(dem, values=dem.values - np.float32(0.4) * away.astype(np.float32))
    level = flood(drainage(plain), rivers).level
    assert (level[90, 51:70] == MEDIUM).all()  # 0.2 m a column
    assert (level[90, :49] == NONE).all()
    aside = rivers.set_geometry(rivers.translate(xoff=20 * 30.0))
    assert (flood(flow, aside).level == NONE).all()  # on the slope: misplaced


def test_ground_without_a_height_is_unknown_and_not_safe() -> None:
    dem = ramp(30.0, 3.0)
    dem.values[5:8, 30:40] = np.nan
    assert (rockfall(drainage(dem)).level[5:8, 30:40] == UNKNOWN).all()


def test_return_periods_from_events() -> None:
    assert [return_period_y(events) for events in (0, 1, 2, 5)] == [100, 100, 30, 30]
