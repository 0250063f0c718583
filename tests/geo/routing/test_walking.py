"""Walking speeds against their published values, and least-time ways against formulas and an independent search."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import geopandas as gpd
import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.sparse import csr_array
from scipy.sparse.csgraph import dijkstra
from skimage.graph import MCP_Geometric

from geo.errors import GridError, SuitabilityError
from geo.routing.home_ways import ways_from_homes
from geo.routing.kernels.least_time import MOST_DIGITS, sort_cells
from geo.routing.kernels.surface import BLOCKED, MIXED
from geo.routing.season import months
from geo.routing.surface import walking_surface
from geo.routing.walking import SpeedModel, Walker, irmischer_clarke_m_s, tobler_km_h
from geo.routing.ways import BACK, OUT, least_time, travel_minutes
from geo.terrain.grid import Grid
from geo.terrain.relief import smoothed
from geo.terrain.stencil import REACH, moves
from tests.published import published

CELL_M = 30.0
TOBLER = Walker(model=SpeedModel.TOBLER)


def grid(values: np.ndarray) -> Grid:
    return Grid(np.asarray(values, dtype=np.float32), 0.0, values.shape[0] * CELL_M, CELL_M, CELL_M)


def flat(rows: int = 41, cols: int = 41) -> Grid:
    return grid(np.full((rows, cols), 1_000.0))


def middle(dem: Grid) -> list[list[float]]:
    rows, cols = dem.shape
    return [[(cols // 2 + 0.5) * CELL_M, (rows - rows // 2 - 0.5) * CELL_M]]


def lines(*shapes: shapely.Geometry, **columns: list[object]) -> gpd.GeoDataFrame:
    return gpd.GeoDataFrame(columns, geometry=list(shapes), crs="EPSG:32642")


@pytest.mark.parametrize("row", published("tobler.csv"), ids=lambda row: row["slope"])
def test_tobler_gives_its_published_speeds(row: dict[str, str]) -> None:
    slope, speed_km_h = float(row["slope"]), float(row["km_h"])
    assert float(tobler_km_h(slope)) == pytest.approx(speed_km_h, abs=5e-4)
    assert float(tobler_km_h(slope, off_path=True)) == pytest.approx(0.6 * speed_km_h, abs=5e-4)
    assert float(tobler_km_h(slope, horseback=True)) == pytest.approx(1.25 * speed_km_h, abs=7e-4)


@given(st.floats(-2.0, 2.0))
def test_tobler_is_even_about_its_best_slope(away: float) -> None:
    assert float(tobler_km_h(-0.05 + away)) == pytest.approx(float(tobler_km_h(-0.05 - away)))


def test_tobler_over_1200_m_at_ten_per_cent_and_back() -> None:
    assert 1.2 / float(tobler_km_h(0.10)) * 60.0 == pytest.approx(20.29, abs=0.005)
    assert 1.2 / float(tobler_km_h(-0.10)) * 60.0 == pytest.approx(14.29, abs=0.005)


def test_irmischer_and_clarke_by_hand() -> None:
    assert float(irmischer_clarke_m_s(-0.05, woman=False)) == pytest.approx(1.11)
    assert float(irmischer_clarke_m_s(-0.02, woman=False, off_path=True)) == pytest.approx(0.78)
    assert float(irmischer_clarke_m_s(0.0, woman=False)) == pytest.approx(0.11 + np.exp(-25.0 / 1_800.0))
    assert float(irmischer_clarke_m_s(0.25, woman=False)) == pytest.approx(0.11 + np.exp(-0.5))
    assert float(irmischer_clarke_m_s(0.1)) == pytest.approx(0.95 * float(irmischer_clarke_m_s(0.1, woman=False)))
    # On level ground Tobler's walker goes a third faster than a woman on a path.
    assert float(tobler_km_h(0.0)) / (3.6 * float(irmischer_clarke_m_s(0.0))) == pytest.approx(1.35, abs=0.05)


def test_burdens_multiply_and_have_a_floor() -> None:
    assert Walker().factor == 1.0
    assert Walker(with_child=True).factor == pytest.approx(0.70)
    assert Walker(with_child=True, carrying=True).factor == pytest.approx(0.525)
    assert Walker(with_child=True, carrying=True, frail=True, snow_or_mud=True).factor == 0.25
    slow, quick = Walker(frail=True).speed_m_s([0.0, 0.2]), Walker().speed_m_s([0.0, 0.2])
    np.testing.assert_allclose(slow, 0.75 * quick)
    with pytest.raises(SuitabilityError, match="frail_factor"):
        Walker(frail_factor=0.0)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("3-7", {3, 4, 5, 6, 7}),
        ("12-4", {12, 1, 2, 3, 4}),
        ("4", {4}),
        ("3-5, 9", {3, 4, 5, 9}),
        ("1-12", set(range(1, 13))),
        ("11–2", {11, 12, 1, 2}),
        (None, set(range(1, 13))),
        (" ", set(range(1, 13))),
    ],
)
def test_months_are_read_as_written(text: str | None, expected: set[int]) -> None:
    assert months(text) == expected


@pytest.mark.parametrize("text", ["spring", "0-3", "3-13", "3--5", "3-5-7"])
def test_months_that_cannot_be_read_are_refused(text: str) -> None:
    with pytest.raises(SuitabilityError, match="months"):
        months(text)


def test_on_level_ground_times_are_distances_alike_in_all_directions() -> None:
    dem = flat()
    minutes = travel_minutes(dem, middle(dem)).values
    row, col = np.mgrid[:41, :41] - 20
    expected = np.hypot(row, col) * CELL_M / Walker().speed_m_s(0.0, off_path=True) / 60.0
    away = expected > 0
    assert (minutes[away] >= 0.99999 * expected[away]).all()
    assert (minutes[away] / expected[away]).max() < 1.0085
    for turned in (minutes[::-1], minutes[:, ::-1], minutes.T):
        np.testing.assert_allclose(minutes, turned, rtol=1e-5)


@pytest.mark.parametrize("model", [SpeedModel.TOBLER, SpeedModel.IRMISCHER_CLARKE_WOMAN])
def test_the_round_trip_on_a_tilted_plane_is_the_formulas_within_one_per_cent(model: SpeedModel) -> None:
    n, tilt = 101, 0.10
    row, col = np.mgrid[:n, :n] - n // 2
    dem = grid(1_000.0 - tilt * row * CELL_M)
    walker = Walker(model=model)
    distance = np.hypot(row, col) * CELL_M
    slope = np.divide(-tilt * row * CELL_M, distance, out=np.zeros((n, n)), where=distance > 0)
    out = distance / walker.speed_m_s(slope, off_path=True) / 60.0
    back = distance / walker.speed_m_s(-slope, off_path=True) / 60.0
    found = travel_minutes(dem, middle(dem), walker=walker).values * 2.0
    away = distance > 0
    np.testing.assert_allclose(found[away], (out + back)[away], rtol=0.01)
    uphill = travel_minutes(dem, middle(dem), walker=walker, both_ways=False).values
    np.testing.assert_allclose(uphill[: n // 2, n // 2], out[: n // 2, n // 2], rtol=1e-4)
    assert uphill[0, n // 2] > uphill[-1, n // 2]


def sampled_seconds(
    dem: Grid, kind: np.ndarray, speeds: dict[int, Callable[[Any], Any]], here: tuple[int, int], move: tuple[int, int]
) -> float:
    """Seconds of one move from its geometry: cells crossed by intersection, slope between whole steps."""
    rows, cols = dem.shape
    end = (here[0] + move[0], here[1] + move[1])
    if not (0 <= end[0] < rows and 0 <= end[1] < cols):
        return np.inf
    line = shapely.LineString([here, end])
    steps = max(map(abs, move))
    z = dem.values.astype(np.float64)

    def height(step: int) -> float:
        at = np.add(here, np.multiply(move, step / steps))
        low, high = np.floor(at + 1e-9).astype(int), np.ceil(at - 1e-9).astype(int)
        part = (at - low).sum()
        return float((1.0 - part) * z[tuple(low)] + part * z[tuple(high)])

    total = 0.0
    for row in range(min(here[0], end[0]), max(here[0], end[0]) + 1):
        for col in range(min(here[1], end[1]), max(here[1], end[1]) + 1):
            inside = line.intersection(shapely.box(row - 0.5, col - 0.5, row + 0.5, col + 0.5))
            if inside.length < 1e-9:
                continue
            if kind[row, col] == 0:
                return np.inf
            enters, leaves = sorted(line.project(shapely.Point(xy)) / line.length for xy in inside.coords)
            for step in range(steps):
                part = (min(leaves, (step + 1) / steps) - max(enters, step / steps)) * line.length
                if part > 1e-9:
                    run = np.hypot(*move) / steps * CELL_M
                    slope = (height(step + 1) - height(step)) / run
                    total += part * CELL_M / float(speeds[int(kind[row, col])](slope))
    # Between two shut cells that meet at a corner nobody squeezes through.
    if move[0] % 2 and move[1] % 2:
        corner = np.add(here, np.multiply(move, 0.5))
        around = {(int(corner[0] + a), int(corner[1] + b)) for a in (-0.5, 0.5) for b in (-0.5, 0.5)}
        beside = [cell for cell in around if line.intersection(shapely.Point(cell).buffer(0.49)).is_empty]
        if all(kind[cell] == 0 for cell in beside):
            return np.inf
    return total


def links(dem: Grid, kind: np.ndarray, speeds: dict[int, Callable[[Any], Any]]) -> Any:
    """Seconds of every move between the cells of a grid, worked out one by one."""
    rows, cols = dem.shape
    start, end, seconds = [], [], []
    for row in range(rows):
        for col in range(cols):
            for move in moves(40):
                found = sampled_seconds(dem, kind, speeds, (row, col), move)
                if np.isfinite(found):
                    start.append(row * cols + col)
                    end.append((row + move[0]) * cols + col + move[1])
                    seconds.append(found)
    return csr_array((seconds, (start, end)), shape=(rows * cols, rows * cols))


def filled(dem: Grid) -> Grid:
    """Unknown heights as the mean of the known ones around each, where there are any."""
    around = np.lib.stride_tricks.sliding_window_view(np.pad(dem.values, 1, constant_values=np.nan), (3, 3))
    known = ~np.isnan(around)
    total = np.where(known, around, 0.0).sum(axis=(2, 3), dtype=np.float64)
    mean = total / np.maximum(known.sum(axis=(2, 3)), 1)
    return replace(dem, values=np.where(np.isnan(dem.values), mean, dem.values).astype(np.float32))


@pytest.mark.parametrize("holes", [[], [(2, 6), (3, 6), (6, 3), (6, 4), (8, 8)]])
@pytest.mark.parametrize(
    ("rough_m", "model"),
    [
        (0.5, SpeedModel.IRMISCHER_CLARKE_WOMAN),
        (4.0, SpeedModel.TOBLER),
        (40.0, SpeedModel.IRMISCHER_CLARKE_WOMAN),  # steeper than the table of paces
    ],
)
def test_least_times_equal_those_of_an_independent_search(
    rough_m: float, model: SpeedModel, holes: list[tuple[int, int]]
) -> None:
    rng = np.random.default_rng(11)
    rows, cols = 9, 10
    heights = 1_000.0 + rng.normal(0.0, rough_m, (rows, cols))
    for hole in holes:
        heights[hole] = np.nan
    dem = grid(heights)
    river = lines(shapely.LineString([(0, 130), (150, 150), (300, 100)]))
    roads = lines(
        shapely.LineString([(15, 255), (200, 200), (285, 20)]),
        shapely.LineString([(100, 100), (100, 180)]),
        kind=["path", "footbridge"],
    )
    walker = Walker(model=model)
    surface = walking_surface(dem, paths=roads, barriers=river, walker=walker)
    kind = surface.unpadded(surface.ground.kind)
    assert set(kind.ravel()) == {0, 1, 2}

    def speed(off_path: bool) -> Callable[[Any], Any]:
        return lambda slope: walker.speed_m_s(np.clip(slope, -2.0, 2.0), off_path=off_path)

    home = [[1.5 * CELL_M, (rows - 7.5) * CELL_M]]
    shortest: Callable[..., Any] = dijkstra  # its stub knows no single start
    network = links(filled(smoothed(dem)), kind, {1: speed(True), 2: speed(False)})
    for sign, moved in ((OUT, network), (BACK, network.T.tocsr())):
        seconds = shortest(moved, indices=7 * cols + 1).reshape(rows, cols)
        found = least_time(surface, home, sign=sign).minutes().values
        np.testing.assert_array_equal(np.isnan(found), np.isinf(seconds))
        np.testing.assert_allclose(found[~np.isnan(found)], seconds[np.isfinite(seconds)] / 60.0, rtol=2e-4)


def test_beside_unknown_heights_level_ground_takes_the_time_of_level_ground() -> None:
    heights = np.full((12, 30), 1_000.0)
    heights[4, 13:] = np.nan
    home, pace = [[10.5 * CELL_M, 7.5 * CELL_M]], Walker().speed_m_s(0.0, off_path=True)
    minutes = travel_minutes(grid(heights), home).values
    # Three quarters of the way from row 4, column 10 this move is three quarters of a row down, beside (4, 13).
    assert minutes[5, 14] == pytest.approx(np.hypot(1, 4) * CELL_M / pace / 60.0, rel=1e-5)


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 2**32 - 1), st.sampled_from([0.02, 0.1, 0.4]))
def test_on_level_ground_unknown_heights_are_gone_round_as_barriers_are(seed: int, share: float) -> None:
    rng = np.random.default_rng(seed)
    level = flat(25, 33)
    holes = rng.random(level.shape) < share
    holes[12, 16] = False
    dem = replace(level, values=np.where(holes, np.float32(np.nan), level.values))
    row, col = np.nonzero(holes)
    walls = lines(*map(shapely.Point, (col + 0.5) * CELL_M, (25 - row - 0.5) * CELL_M))
    np.testing.assert_array_equal(
        travel_minutes(dem, middle(dem)).values, travel_minutes(level, middle(dem), barriers=walls).values
    )


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 2**32 - 1), st.integers(1, 5_000), st.sampled_from([1, 100, 2**22, 2**31 - 1]))
def test_cells_are_sorted(seed: int, n: int, most: int) -> None:
    cells = np.random.default_rng(seed).integers(0, most, n).astype(np.int32)
    expected = np.sort(cells)
    sort_cells(cells, np.empty(n, np.int32), np.empty(MOST_DIGITS, np.int32))
    np.testing.assert_array_equal(cells, expected)


def test_cells_as_far_apart_as_can_be_are_sorted_by_counting() -> None:
    cells = np.random.default_rng(0).integers(0, 2**31 - 1, 20_000).astype(np.int32)
    cells[:2] = 2**31 - 1, 0
    expected = np.sort(cells)
    sort_cells(cells, np.empty_like(cells), np.empty(MOST_DIGITS, np.int32))
    np.testing.assert_array_equal(cells, expected)


@settings(max_examples=15, deadline=None)
@given(st.integers(0, 2**32 - 1), st.sampled_from([0.0, 0.01, 0.5]))
def test_what_lies_within_reach_is_what_the_widest_window_holds(seed: int, share: float) -> None:
    rng = np.random.default_rng(seed)
    level = flat(21, 26)
    row, col = np.nonzero(rng.random(level.shape) < share)
    walls = lines(*map(shapely.Point, (col + 0.5) * CELL_M, (21 - row - 0.5) * CELL_M))
    path = lines(shapely.LineString(rng.uniform(0.0, 600.0, (2, 2))), kind=["path"])
    surface = walking_surface(level, paths=path, barriers=walls)
    kind = surface.ground.kind.reshape(-1, surface.width)
    windows = np.lib.stride_tricks.sliding_window_view(kind, (2 * REACH + 1, 2 * REACH + 1))
    lowest, highest = windows.min(axis=(2, 3)), windows.max(axis=(2, 3))
    alike = (lowest == highest) & (lowest != BLOCKED)
    np.testing.assert_array_equal(surface.unpadded(surface.ground.around), np.where(alike, lowest, MIXED))


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 2**32 - 1), st.booleans(), st.sampled_from([OUT, BACK]))
def test_a_search_that_ends_at_its_goals_finds_the_same_ways_to_them(seed: int, dangerous: bool, sign: float) -> None:
    rng = np.random.default_rng(seed)
    surface = walking_surface(grid(rng.uniform(0.0, 60.0, (31, 37))))
    danger = rng.uniform(0.0, 5.0, (31, 37)).astype(np.float32) if dangerous else None
    start, goals = rng.uniform(0.0, 900.0, (1, 2)), rng.uniform(0.0, 900.0, (3, 2))
    whole = least_time(surface, start, sign=sign, danger=danger)
    ended = least_time(surface, start, sign=sign, danger=danger, goals_xy=goals)
    for x, y in goals:
        here = int((31 * CELL_M - y) // CELL_M), int(x // CELL_M)
        assert ended.minutes().values[here] == whole.minutes().values[here]
        assert ended.way(x, y) == whole.way(x, y)
    assert np.isfinite(ended.minutes().values).sum() <= np.isfinite(whole.minutes().values).sum()


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 2**32 - 1), st.sampled_from([0.0, 1.0, 10.0, 100.0]), st.booleans(), st.sampled_from([OUT, BACK]))
def test_moves_left_out_as_too_slow_change_no_way(seed: int, rough_m: float, dangerous: bool, sign: float) -> None:
    """With nothing to tell slow moves by, every move is worked out; times, tree and order stay the same to the bit."""
    rng = np.random.default_rng(seed)
    heights = 1_000.0 + rng.normal(0.0, rough_m, (26, 31)).cumsum(axis=0)
    heights[rng.random(heights.shape) < rng.choice([0.0, 0.03])] = np.nan
    dem = grid(heights)
    way = shapely.LineString(rng.uniform(0.0, 800.0, (3, 2)))
    wall = shapely.LineString(rng.uniform(0.0, 800.0, (2, 2)))
    surface = walking_surface(dem, paths=lines(way, kind=["path"]), barriers=lines(wall), walker=TOBLER)
    danger = rng.uniform(0.0, 4.0, dem.shape) if dangerous else None
    homes = rng.uniform(0.0, 780.0, (2, 2))
    try:
        found = least_time(surface, homes, sign=sign, danger=danger)
    except GridError:  # both homes lie on ground without heights
        return
    blind = surface.ground._replace(least=np.zeros_like(surface.ground.least))
    every = least_time(replace(surface, ground=blind), homes, sign=sign, danger=danger)
    for one, other in ((found.seconds, every.seconds), (found.came_by, every.came_by), (found.order, every.order)):
        np.testing.assert_array_equal(one, other)


def test_with_eight_moves_and_one_cost_a_cell_times_are_those_of_scikit_image() -> None:
    cost = np.random.default_rng(3).uniform(1.0, 3.0, (60, 80))
    found = least_time(walking_surface(grid(np.zeros(cost.shape))), middle(grid(cost)), danger=cost - 1.0, directions=8)
    seconds = found.surface.unpadded(found.seconds) / (CELL_M / Walker().speed_m_s(0.0, off_path=True))
    np.testing.assert_allclose(seconds, MCP_Geometric(cost).find_costs([(30, 40)])[0], rtol=1e-5)


RIVER = shapely.LineString([(0, 600), (1_230, 640)])


def test_a_river_is_crossed_by_its_bridge_only() -> None:
    dem = flat()
    home = [[615.0, 315.0]]
    closed = travel_minutes(dem, home, barriers=lines(RIVER)).values
    assert np.isnan(closed[:18]).all()
    assert not np.isnan(closed[24:]).any()
    bridge = lines(shapely.LineString([(105, 590), (105, 660)]), kind=["footbridge"])
    surface = walking_surface(dem, paths=bridge, barriers=lines(RIVER))
    tree = least_time(surface, home)
    beyond = (615.0, 915.0)
    way = tree.way(*beyond)
    assert way is not None
    # The way goes over the bridge, 510 m to the west and back.
    assert way.distance(shapely.Point(105, 625)) < 2 * CELL_M
    pace = Walker().speed_m_s(0.0, off_path=True)
    # The bridge opens its own cells and one cell around them: the way turns 435 to 510 m to the west.
    nearest, farthest = (2 * np.hypot(west, 300.0) / pace / 60.0 for west in (435.0, 510.0))
    assert nearest < tree.minutes().values[10, 20] < farthest


def test_a_road_without_a_bridge_does_not_cross_a_river_unless_it_is_said_to() -> None:
    dem = flat()
    road = lines(shapely.LineString([(600, 0), (600, 1_230)]), kind=["gravel"])
    shut = walking_surface(dem, paths=road, barriers=lines(RIVER))
    ford = walking_surface(dem, paths=road, barriers=lines(RIVER), carried_over=("gravel",))
    assert np.isnan(least_time(shut, [[615.0, 315.0]]).minutes().values[:18]).all()
    assert not np.isnan(least_time(ford, [[615.0, 315.0]]).minutes().values[:18]).any()


def test_a_way_one_cell_wide_is_not_left_by_squeezing_past_corners() -> None:
    # A diagonal wall of cells that touch at corners only.
    z = np.full((21, 21), 100.0)
    z[np.arange(21), np.arange(21)] = np.nan
    dem = grid(z)
    minutes = travel_minutes(dem, [[15.0, 15.0]]).values
    assert np.isnan(minutes[np.triu_indices(21)]).all()
    assert not np.isnan(minutes[np.tril_indices(21, -1)]).any()


def test_roads_are_driven_where_asked_and_left_when_closed() -> None:
    dem = flat(5, 201)
    road = lines(shapely.LineString([(0, 75), (6_030, 75)]), kind=["paved"], closed_months=["12-3"])
    home = [[15.0, 75.0]]
    driven = travel_minutes(dem, home, paths=road, driving=True, both_ways=False).values[2, -1]
    walked = travel_minutes(dem, home, paths=road, both_ways=False).values[2, -1]
    in_january = travel_minutes(dem, home, paths=road, driving=True, both_ways=False, month=1).values[2, -1]
    assert driven == pytest.approx(6.0 / 40.0 * 60.0, rel=1e-3)
    assert walked == pytest.approx(6_000.0 / Walker().speed_m_s(0.0) / 60.0, rel=1e-3)
    assert in_january == pytest.approx(6_000.0 / Walker().speed_m_s(0.0, off_path=True) / 60.0, rel=1e-3)


def test_a_road_of_unknown_kind_is_refused() -> None:
    with pytest.raises(SuitabilityError, match="road kind"):
        walking_surface(flat(), paths=lines(RIVER, kind=["motorway"]))


def test_exposure_counts_metres_in_the_zone_times_its_factor() -> None:
    dem = flat(5, 101)
    factor = np.zeros(dem.shape)
    factor[:, 40:50] = 2.0
    tree = least_time(walking_surface(dem), [[15.0, 75.0]])
    exposure = tree.summed_m(factor).values[2]
    assert exposure[39] == 0.0
    assert exposure[100] == pytest.approx(10 * CELL_M * 2.0)
    assert exposure[45] == pytest.approx(5.5 * CELL_M * 2.0)


def test_the_safer_way_goes_round_the_danger_and_tells_its_own_minutes() -> None:
    dem = flat(41, 41)
    danger = np.zeros(dem.shape)
    danger[14:27, 20] = 4.0
    surface = walking_surface(dem)
    home = [[2.5 * CELL_M, 20.5 * CELL_M]]
    quick, safe = least_time(surface, home), least_time(surface, home, danger=danger)
    there = (20, 38)
    assert quick.summed_m(danger).values[there] == pytest.approx(4.0 * CELL_M, rel=0.05)
    # Crossing counts 4 x 30 m = 120 m more; going round by row 13 or 27 is 79 m longer.
    assert safe.summed_m(danger).values[there] == 0.0
    round_m = 2 * np.hypot(18, 7) * CELL_M
    pace = Walker().speed_m_s(0.0, off_path=True)
    assert safe.minutes().values[there] == pytest.approx(round_m / pace / 60.0, rel=0.02)
    assert quick.minutes().values[there] < safe.minutes().values[there]


def test_ways_have_the_length_their_minutes_say_and_run_as_walked() -> None:
    dem = flat()
    tree = least_time(walking_surface(dem), middle(dem))
    way = tree.way(45.0, 1_185.0)
    assert way is not None
    minutes = way.length / Walker().speed_m_s(0.0, off_path=True) / 60.0
    assert tree.minutes().values[1, 1] == pytest.approx(minutes, rel=1e-4)
    assert way.coords[0] == (615.0, 615.0)
    assert way.coords[-1] == (45.0, 1_185.0)
    home = least_time(walking_surface(dem), middle(dem), sign=BACK).way(45.0, 1_185.0)
    assert home is not None
    assert home.coords[-1] == (615.0, 615.0)


def test_every_cell_belongs_to_the_quicker_of_two_homes() -> None:
    dem = flat(11, 40)
    homes = [[45.0, 165.0], [1_155.0, 165.0]]
    tree = least_time(walking_surface(dem), homes)
    nearest = tree.source()
    assert (nearest[:, :20] == 0).all()
    assert (nearest[:, 20:] == 1).all()
    alone = [least_time(walking_surface(dem), [home]).minutes().values for home in homes]
    np.testing.assert_allclose(tree.minutes().values, np.minimum(*alone), rtol=1e-5)


def test_a_search_ends_at_its_limit() -> None:
    dem = flat()
    full = travel_minutes(dem, middle(dem), both_ways=False).values
    cut = travel_minutes(dem, middle(dem), both_ways=False, within_minutes=5.0).values
    np.testing.assert_array_equal(np.isnan(cut), full > 5.0)
    np.testing.assert_array_equal(cut[~np.isnan(cut)], full[~np.isnan(cut)])


def test_a_home_in_the_river_starts_from_its_bank_and_one_off_the_grid_is_refused() -> None:
    dem = flat()
    surface = walking_surface(dem, barriers=lines(RIVER))
    assert np.isfinite(least_time(surface, [[600.0, 620.0]]).minutes().values).any()
    with pytest.raises(GridError, match="starting point"):
        least_time(surface, [[-500.0, 0.0]])


def test_a_heavier_load_never_shortens_a_way() -> None:
    dem = grid(1_000.0 + np.random.default_rng(5).normal(0.0, 3.0, (30, 30)))
    light = travel_minutes(dem, [[15.0, 15.0]]).values
    heavy = travel_minutes(dem, [[15.0, 15.0]], walker=Walker(carrying=True)).values
    np.testing.assert_allclose(heavy, light / 0.75, rtol=1e-4)


def test_ways_of_many_homes_equal_one_search_each() -> None:
    rng = np.random.default_rng(2)
    dem = grid(1_000.0 + rng.normal(0.0, 5.0, (60, 60)))
    river = lines(shapely.LineString([(900, 0), (930, 1_700)]))
    surface = walking_surface(dem, barriers=river)
    factor = (rng.random(dem.shape) < 0.2).astype(np.float32)
    homes = rng.uniform(50, 1_750, (7, 2))
    places = rng.uniform(50, 1_750, (200, 2))
    home = rng.integers(-1, 7, 200)
    found = ways_from_homes(surface, homes, places, home, layers=(factor, 2.0 * factor), within_minutes=60.0)
    for number in range(7):
        rows = np.flatnonzero(home == number)
        out = least_time(surface, homes[number : number + 1], within_minutes=60.0)
        back = least_time(surface, homes[number : number + 1], sign=BACK, within_minutes=60.0)
        clock_out, clock_back, met = out.minutes().values, back.minutes().values, out.summed_m(factor).values
        at = (
            np.floor((1_800.0 - places[rows, 1]) / CELL_M).astype(int),
            np.floor(places[rows, 0] / CELL_M).astype(int),
        )
        dry = surface.unpadded(surface.ground.kind)[at] != 0
        np.testing.assert_allclose(found.out_minutes[rows][dry], clock_out[at][dry], rtol=1e-4)
        np.testing.assert_allclose(found.back_minutes[rows][dry], clock_back[at][dry], rtol=1e-4)
        np.testing.assert_allclose(found.summed_m[0, rows][dry], met[at][dry], rtol=1e-3, atol=0.1)
        np.testing.assert_allclose(found.summed_m[1, rows], 2.0 * found.summed_m[0, rows], rtol=1e-5)
    assert np.isnan(found.minutes[home == -1]).all()
    mean = (found.out_minutes + found.back_minutes) / 2.0
    np.testing.assert_array_equal(found.minutes, mean)
