"""Run-out on analytic slopes, and the rules that read hazards off terrain alone."""

from __future__ import annotations

from dataclasses import replace

import geopandas as gpd
import numpy as np
import pytest
import shapely

from geo.errors import GridError
from geo.hazard.levels import LOW, MEDIUM, NONE, SUSCEPTIBILITY
from geo.hazard.runout import GRAVITY_M_S2, alpha_deg, beta_deg, runout, spreading
from geo.hazard.susceptibility import (
    DEBRIS_FLOOD,
    DEBRIS_FLOW,
    FLOOD,
    UNKNOWN,
    Susceptibility,
    avalanche,
    avalanche_release,
    concave,
    debris_flow,
    debris_flow_sources,
    extent,
    flood,
    return_period_y,
    rockfall,
    shallow_slide,
    torrent_type,
    zones,
)
from geo.terrain.drainage import contributing_cells, drainage
from geo.terrain.grid import Grid

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


def western_edge(dem: Grid) -> np.ndarray:
    release = np.zeros(dem.shape, dtype=np.bool_)
    release[:, 0] = True
    return release


@pytest.mark.parametrize("travel_angle_deg", [11.0, 15.0, 20.0, 25.0])
def test_the_travel_angle_line_reaches_the_fall_over_its_tangent(travel_angle_deg: float) -> None:
    dem = ramp(30.0, 3.0)
    energy = runout(dem, western_edge(dem), travel_angle_deg=travel_angle_deg)[20]
    last = int(np.flatnonzero(~np.isnan(energy)).max())
    # Where line and ground meet: tan(alpha) x = fall(x).
    x = 1_000.0 * (tan(30.0) - tan(3.0)) / (tan(travel_angle_deg) - tan(3.0))
    fall = tan(30.0) * 1_000.0 + tan(3.0) * (x - 1_000.0)
    assert x == pytest.approx(fall / tan(travel_angle_deg))
    assert last * CELL_M <= x + 1e-3 < (last + 1) * CELL_M
    np.testing.assert_allclose(
        energy[: last + 1],
        3_000.0 - tan(travel_angle_deg) * np.arange(last + 1) * CELL_M - dem.values[20, : last + 1],
        atol=0.01,
    )


def test_from_a_peak_the_line_reaches_equally_far_in_all_directions() -> None:
    n = 301
    row, col = np.mgrid[:n, :n] - n // 2
    distance = np.hypot(row, col) * CELL_M
    dem = grid(np.maximum(0.0, 600.0 - distance * tan(40.0)))
    release = distance == 0
    reached = ~np.isnan(runout(dem, release, travel_angle_deg=25.0))
    reach = 600.0 / tan(25.0)
    assert reach == pytest.approx(1_286.7, abs=0.1)
    assert not reached[distance > reach].any()
    assert reached[distance < 0.985 * reach].all()


def test_on_a_slope_gentler_than_its_travel_angle_nothing_runs() -> None:
    dem = ramp(10.0, 3.0)
    reached = ~np.isnan(runout(dem, western_edge(dem), travel_angle_deg=11.0))
    np.testing.assert_array_equal(reached, western_edge(dem))


def test_a_greatest_velocity_shortens_the_run_out_to_its_velocity_head() -> None:
    dem = ramp(30.0, 3.0)
    energy = runout(dem, western_edge(dem), travel_angle_deg=11.0, fastest_m_s=15.0)[20]
    head = 15.0**2 / (2.0 * GRAVITY_M_S2)
    assert np.nanmax(energy) == pytest.approx(head)
    reach = 1_000.0 + head / (tan(11.0) - tan(3.0))
    last = np.flatnonzero(~np.isnan(energy)).max() * CELL_M
    assert reach - CELL_M < last <= reach


def test_a_dam_higher_than_the_line_stops_the_run_out() -> None:
    dem = ramp(30.0, 3.0)
    dem.values[:, 120] += 500.0
    reached = ~np.isnan(runout(dem, western_edge(dem), travel_angle_deg=11.0))
    assert reached[:, 119].all()
    assert not reached[:, 120:].any()


def test_impossible_run_outs_are_refused() -> None:
    dem = ramp(30.0, 3.0)
    with pytest.raises(GridError, match="between 0 and 90"):
        runout(dem, western_edge(dem), travel_angle_deg=0.0)
    with pytest.raises(GridError, match="cells"):
        runout(dem, np.zeros((3, 3), dtype=np.bool_), travel_angle_deg=11.0)


def test_alpha_beta_gives_its_worked_example_and_finds_beta_on_a_profile() -> None:
    assert alpha_deg(30.0) == pytest.approx(27.4)
    distance = np.arange(0.0, 2_000.0, 10.0)
    height = 2_000.0 - tan(35.0) * np.minimum(distance, 1_000.0) - tan(5.0) * np.maximum(distance - 1_000.0, 0.0)
    assert beta_deg(distance, height) == pytest.approx(35.0)
    assert np.isnan(beta_deg(distance, 2_000.0 - tan(20.0) * distance))


def test_spreading_keeps_the_mass_and_widens_downhill() -> None:
    dem = ramp(20.0, 20.0, rows=81, length_m=1_000.0)
    release = np.zeros(dem.shape, dtype=np.bool_)
    release[40, 0] = True
    flow = drainage(dem)
    passed = spreading(flow, release, exponent=5.0)
    np.testing.assert_allclose(passed.sum(axis=0), 1.0, rtol=1e-9)
    np.testing.assert_allclose(passed, passed[::-1], rtol=1e-6)
    width = (passed > 0.01).sum(axis=0)
    assert width[0] == 1
    assert width[80] > width[20] > 1
    narrower = spreading(flow, release, exponent=50.0)
    assert ((narrower > 0.01).sum(axis=0) <= width).all()


def test_spreading_by_hand_over_three_cells() -> None:
    # Neighbours lie 10 m lower straight on and 10 m lower aslant: slopes 1 and 1 / sqrt(2), exponent 2 -> 2 : 1 : 1.
    z = np.array([[50.0, 40.0], [50.0, 40.0], [50.0, 40.0]])
    release = np.zeros(z.shape, dtype=np.bool_)
    release[1, 0] = True
    passed = spreading(drainage(grid(z)), release, exponent=2.0)
    np.testing.assert_allclose(passed, [[0.0, 0.25], [1.0, 0.5], [0.0, 0.25]], rtol=1e-6)


def test_a_mass_turns_less_readily_than_it_goes_straight_on() -> None:
    # Southwards to the last row but one; from there straight on and half right fall alike per metre: 1 against 0.8.
    z = np.full((4, 5), 100.0)
    z[0, 2], z[1, 2], z[2, 2] = 90.0, 80.0, 70.0
    z[3, 2], z[3, 1] = 60.0, 70.0 - 10.0 * np.sqrt(2.0)
    release = np.zeros(z.shape, dtype=np.bool_)
    release[0, 2] = True
    passed = spreading(drainage(grid(z)), release, exponent=1.0)
    assert passed[2, 2] == pytest.approx(1.0)
    assert passed[3, 2] == pytest.approx(1.0 / 1.8, rel=1e-4)


def gully(n: int = 121, cell_m: float = 30.0) -> Grid:
    """A steep V-shaped catchment above row 60 and a gentle fan below it."""
    row, col = np.mgrid[:n, :n]
    along = 1_500.0 + np.where(row < 60, (60 - row) * cell_m * tan(25.0), -(row - 60) * cell_m * tan(4.0))
    side = np.abs(col - n // 2) * cell_m * np.where(row < 60, tan(35.0), 0.02)
    return grid(along + side, cell_m)


def test_debris_flows_start_in_the_steep_hollow_and_run_onto_the_fan() -> None:
    flow = drainage(gully())
    sources = debris_flow_sources(flow)
    assert sources[20:55, 60].all()
    assert not sources[61:].any()
    assert (contributing_cells(flow)[sources] * 900.0 >= 10_000.0).all()
    found = debris_flow(flow)
    assert found.level[55, 60] == MEDIUM
    head = 15.0**2 / (2.0 * GRAVITY_M_S2)
    coarse, fine = (head / (tan(angle) - tan(4.0)) for angle in (11.0, 7.0))
    rows = 60 + np.array([coarse, fine]) / 30.0
    channel = runout(flow.dem, sources, travel_angle_deg=11.0, fastest_m_s=15.0)[:, 60]
    assert abs(np.flatnonzero(~np.isnan(channel)).max() - rows[0]) <= 1.0
    assert (found.level[60 : int(rows[1]), 60] >= LOW).all()
    assert found.level[110, 5] == NONE
    assert SUSCEPTIBILITY in found.method


def test_avalanches_release_on_steep_high_ground_near_ridges_and_run_out_below() -> None:
    n, cell_m = 121, 30.0
    row = np.mgrid[:n, :n][0]
    steep, gentle = tan(35.0), tan(8.0)
    fall = np.where(row < 20, row * steep, 20 * steep + (row - 20) * gentle) * cell_m
    back = np.maximum(0, 3 - row) * 3 * steep * cell_m  # a wall too steep for snow behind the ridge at row 3
    dem = grid(2_500.0 - fall - back, cell_m)
    release = avalanche_release(dem)
    assert release[8:18, 10:110].all()
    assert not release[25:].any()
    found = avalanche(drainage(dem))
    assert (found.level[8:18, 20:100] == MEDIUM).all()
    far = np.flatnonzero(found.level[:, 60] >= LOW).max()
    near = np.flatnonzero(found.level[:, 60] == MEDIUM).max()
    top = int(np.argmax(np.where(release[:, 60], dem.values[:, 60], 0.0)))
    # Along the fall line the line from the top of the release meets the ground where its mean slope is alpha.
    for row_reached, alpha in ((far, 25.0), (near, 30.0)):
        drop = float(dem.values[top, 60] - dem.values[row_reached, 60])
        mean_deg = np.degrees(np.arctan(drop / ((row_reached - top) * cell_m)))
        assert alpha <= mean_deg < alpha + 1.5
    low_ground = grid(dem.values - 2_000.0, cell_m)
    assert not avalanche_release(low_ground).any()
    forest = np.ones(dem.shape, dtype=np.bool_)
    assert not avalanche_release(dem, forest=forest).any()


def test_a_release_smaller_than_the_smallest_patch_is_none() -> None:
    z = np.full((41, 41), 2_500.0)
    z[20, 20] = 2_520.0
    assert not avalanche_release(grid(z)).any()


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
    z = np.full((61, 200), 1_000.0)
    z[:, :5] = 1_100.0
    found = rockfall(grid(z))
    edge = np.flatnonzero(found.level[30] == LOW).max()
    # Sources are the cells whose Horn slope over 100 m of fall is above 45 degrees: the last stands on the foot itself.
    top = 4 * CELL_M
    assert (edge * CELL_M - top) == pytest.approx(100.0 / tan(32.0), abs=CELL_M)
    inner = np.flatnonzero(found.level[30] == MEDIUM).max()
    assert (inner * CELL_M - top) == pytest.approx(100.0 / tan(35.0), abs=CELL_M)
    assert (found.level[30, 25:] == NONE).all()


def test_slides_want_loess_in_a_hollow_and_are_worse_below_an_unlined_canal() -> None:
    n, cell_m = 61, 30.0
    row, col = np.mgrid[:n, :n]
    dem = grid(1_000.0 + (n - row) * cell_m * tan(20.0) + 0.002 * ((col - 30) * cell_m) ** 2, cell_m)
    everywhere = np.ones(dem.shape, dtype=np.bool_)
    assert (shallow_slide(dem, loess=~everywhere).level == NONE).all()
    hollow = concave(dem)
    assert hollow[30, 30]
    assert not hollow[30, 5]
    canal = gpd.GeoDataFrame(geometry=[shapely.LineString([(0, 915), (1_830, 915)])], crs="EPSG:32642")
    level = shallow_slide(dem, loess=everywhere, unlined_canals=canal).level
    assert level[20, 30] == LOW
    assert level[32, 30] == MEDIUM
    assert level[36, 30] == LOW


def test_polygons_cover_just_the_cells_of_their_level_and_say_what_they_are() -> None:
    level = np.zeros((20, 20), dtype=np.int8)
    level[2:6, 3:9] = LOW
    level[3:5, 4:7] = MEDIUM
    level[15:, 15:] = MEDIUM
    level[10, :] = UNKNOWN
    found = Susceptibility("debris_flow", level, grid(np.zeros((20, 20)), 100.0), f"a method; {SUSCEPTIBILITY}")
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
    looked = extent(found)
    assert looked.area.sum() == pytest.approx((400 - 20) * 1e4)
    assert shapely.area(shapely.intersection(looked.geometry.iloc[0], shapely.box(0, 900, 2_000, 1_000))) == 0.0


def test_outlines_lose_their_steps_and_specks_but_neither_their_place_nor_what_is_unknown() -> None:
    n = 300
    row, col = np.mgrid[:n, :n]
    level = np.where(np.hypot(row - 150, col - 150) < 120, MEDIUM, NONE).astype(np.int8)
    level[10, 10] = MEDIUM  # a speck of 900 m2
    level[150, 150] = NONE
    level[200:204, 200:204] = UNKNOWN
    dem = Grid(np.zeros((n, n), dtype=np.float32), 0.0, n * 30.0, 30.0, 30.0)
    found = Susceptibility("flood", level, dem, f"a method; {SUSCEPTIBILITY}")
    frame = zones(found)
    assert frame.is_valid.all()
    disc = shapely.Point(150.5 * 30.0, (n - 150.5) * 30.0).buffer(120 * 30.0)
    whole = shapely.union_all(frame.geometry.to_numpy())
    assert shapely.symmetric_difference(whole, disc).area < 0.02 * disc.area
    assert shapely.hausdorff_distance(whole.exterior, disc.exterior) < 60.0
    assert len(frame) > 1  # the lattice cuts it
    assert frame.area.sum() == pytest.approx(whole.area)  # without gaps or overlaps
    cells = shapely.get_num_coordinates(whole)
    assert cells < 0.7 * 8 * 120  # a stepped circle of this radius has some 8 x 120 corners
    unknown = shapely.Point(202 * 30.0, (n - 202) * 30.0)
    assert not whole.contains(unknown)
    assert not extent(found).geometry.iloc[0].contains(unknown)
    assert extent(found).area.sum() == pytest.approx((n * n - 16) * 900.0, rel=1e-4)


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
    assert (rockfall(dem).level[5:8, 30:40] == UNKNOWN).all()


def test_return_periods_from_events() -> None:
    assert [return_period_y(events) for events in (0, 1, 2, 5)] == [100, 100, 30, 30]
