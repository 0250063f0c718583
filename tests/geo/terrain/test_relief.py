"""Terrain measures on surfaces whose slope, curvature and drainage are known by hand."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy.ndimage import correlate

from geo.errors import GridError
from geo.terrain.drainage import (
    Drainage,
    catchments,
    contributing_area_m2,
    contributing_cells,
    drainage,
    height_above_drainage,
    melton_ratio,
    ridge_distance_m,
    strahler_order,
    streams,
)
from geo.terrain.grid import Grid
from geo.terrain.relief import hillshade, plan_curvature, slope_aspect, slope_pct, smoothed

CELL_M = 30.0


def grid(values: np.ndarray, cell_m: float = CELL_M) -> Grid:
    return Grid(np.asarray(values, dtype=np.float32), 0.0, values.shape[0] * cell_m, cell_m, cell_m)


def plane(east: float, north: float, rows: int = 7, cols: int = 9) -> Grid:
    """Rises by ``east`` and ``north`` metres per metre."""
    row, col = np.mgrid[:rows, :cols]
    return grid(500.0 + CELL_M * (east * col - north * row))


def radius_m(n: int, cell_m: float = CELL_M) -> np.ndarray:
    row, col = np.mgrid[:n, :n]
    return np.hypot(row - n // 2, col - n // 2) * cell_m


def v_valley(side: float = 0.2, along: float = 0.01, n: int = 101) -> np.ndarray:
    """A valley along the middle column, falling southwards."""
    row, col = np.mgrid[:n, :n]
    return 100.0 + CELL_M * (side * np.abs(col - n // 2) + along * (n - 1 - row))


@pytest.mark.parametrize(
    ("east", "north", "aspect_deg"),
    [
        (0.1, 0.0, 270.0),
        (-0.1, 0.0, 90.0),
        (0.0, 0.1, 180.0),
        (0.0, -0.1, 0.0),
        (-0.1, -0.1, 45.0),
        (0.3, 0.3, 225.0),
    ],
)
def test_a_plane_has_one_slope_and_aspect_up_to_its_edge(east: float, north: float, aspect_deg: float) -> None:
    slope, aspect = slope_aspect(plane(east, north))
    np.testing.assert_allclose(slope.values, 100.0 * np.hypot(east, north), rtol=1e-4)
    np.testing.assert_allclose(aspect.values, aspect_deg, atol=0.01)


def test_slope_of_a_cone_is_the_same_all_round() -> None:
    slope = slope_pct(grid(1_000.0 - 0.4 * radius_m(81))).values
    ring = (radius_m(81) > 600) & (radius_m(81) < 1_000)
    # Differences over two cells of a cone of radius r are flatter by about (h / r)^2 at most.
    np.testing.assert_allclose(slope[ring], 40.0, rtol=3e-3)


def test_slope_equals_horns_weights_applied_as_a_filter() -> None:
    z = np.random.default_rng(7).normal(1_000.0, 20.0, (40, 50)).astype(np.float32)
    kernel = np.array([[-1, 0, 1], [-2, 0, 2], [-1, 0, 1]]) / (8.0 * CELL_M)
    east = correlate(z.astype(np.float64), kernel)
    north = correlate(z.astype(np.float64), -kernel.T)
    found, aspect = slope_aspect(grid(z))
    inner = (slice(1, -1), slice(1, -1))
    np.testing.assert_allclose(found.values[inner], 100.0 * np.hypot(east, north)[inner], rtol=1e-4)
    downhill = np.degrees(np.arctan2(-east, -north)) % 360.0
    turn = np.abs((aspect.values - downhill + 180.0) % 360.0 - 180.0)[inner]
    assert turn.max() < 0.01


def test_level_ground_has_no_aspect_and_unknown_ground_no_slope() -> None:
    z = np.full((5, 5), 10.0)
    z[0, 0] = np.nan
    slope, aspect = slope_aspect(grid(z))
    assert np.isnan(slope.values[0, 0])
    assert np.nansum(slope.values) == 0.0
    assert np.count_nonzero(np.isnan(slope.values)) == 1
    assert np.isnan(aspect.values).all()


def test_a_gap_in_a_plane_does_not_change_the_slope_around_it() -> None:
    dem = plane(0.25, -0.1)
    dem.values[3, 4] = np.nan
    slope = slope_pct(dem).values
    np.testing.assert_allclose(slope[~np.isnan(slope)], 100.0 * np.hypot(0.25, 0.1), rtol=1e-4)
    assert np.argwhere(np.isnan(slope)).tolist() == [[3, 4]]


def test_a_lone_cell_and_a_single_row_have_no_slope() -> None:
    lone = np.full((5, 5), np.nan)
    lone[2, 2] = 100.0
    assert np.isnan(slope_pct(grid(lone)).values).all()
    assert np.isnan(slope_pct(grid(np.arange(5.0)[np.newaxis])).values).all()


def test_hillshade_of_level_ground_and_of_ground_facing_the_sun() -> None:
    np.testing.assert_allclose(hillshade(plane(0.0, 0.0)).values, 255.0 * np.sin(np.radians(45.0)), rtol=1e-5)
    # Falls to the north-west at 45 degrees: the sun stands on its normal.
    facing = plane(np.sqrt(0.5), -np.sqrt(0.5))
    np.testing.assert_allclose(hillshade(facing).values, 255.0, rtol=1e-4)
    away = plane(-2 * np.sqrt(0.5), 2 * np.sqrt(0.5))
    assert (hillshade(away).values == 0.0).all()


@pytest.mark.parametrize("sign", [1.0, -1.0])
def test_plan_curvature_of_a_cone_is_slope_over_radius(sign: float) -> None:
    r = radius_m(81)
    found = plan_curvature(grid(1_000.0 - sign * 0.4 * r)).values
    ring = (r > 500) & (r < 1_000)
    np.testing.assert_allclose(found[ring], sign * 0.4 / r[ring], rtol=0.02)


def test_plan_curvature_of_a_plane_is_zero() -> None:
    inner = plan_curvature(plane(0.2, 0.1)).values[1:-1, 1:-1]
    np.testing.assert_allclose(inner, 0.0, atol=1e-7)


def test_smoothing_keeps_planes_and_takes_noise_off() -> None:
    dem = plane(0.2, -0.3)
    np.testing.assert_allclose(smoothed(dem).values, dem.values, rtol=1e-6)
    spike = np.zeros((5, 5))
    spike[2, 2] = 16.0
    expected = np.zeros((5, 5))
    expected[1:4, 1:4] = [[1, 2, 1], [2, 4, 2], [1, 2, 1]]
    np.testing.assert_array_equal(smoothed(grid(spike)).values, expected)


def test_heights_of_several_bands_are_refused() -> None:
    with pytest.raises(GridError, match="one band"):
        slope_pct(Grid(np.zeros((2, 3, 3), dtype=np.float32), 0.0, 0.0, 30.0, 30.0))


def test_height_above_drainage_of_a_v_valley_is_the_height_of_its_sides() -> None:
    z = v_valley()
    flow = drainage(grid(z))
    river = np.zeros(z.shape, dtype=np.bool_)
    river[:, 50] = True
    expected = 0.2 * CELL_M * np.abs(np.arange(101) - 50)
    np.testing.assert_allclose(height_above_drainage(flow, river).values, np.tile(expected, (101, 1)), atol=1e-3)
    assert contributing_cells(flow)[-1, 50] == z.size
    assert contributing_area_m2(flow).values[-1, 50] == z.size * CELL_M**2


def test_a_river_that_is_not_on_the_grid_gives_no_height_above_it() -> None:
    flow = drainage(plane(0.0, 0.1))
    assert np.isnan(height_above_drainage(flow, np.zeros(flow.dem.shape, dtype=np.bool_)).values).all()


def test_a_pit_drains_over_its_lowest_rim() -> None:
    z = np.full((7, 7), 50.0)
    z[1:6, 1:6] = 20.0
    z[3, 3] = 5.0
    z[3, 6] = 30.0
    flow = drainage(grid(z))
    assert (flow.filled[1:6, 1:6] == 30.0).all()
    # The rim slopes inwards everywhere, so all 49 cells leave by the gap in it.
    assert contributing_cells(flow)[3, 6] == 49
    assert flow.filled[0, 0] == 50.0


def test_the_way_out_of_a_pit_follows_its_floor() -> None:
    # A ditch one cell wide through a basin, closed at the southern rim: the flow keeps to the ditch up to the rim.
    z = np.full((9, 9), 100.0)
    z[1:8, 1:8] = 60.0
    z[1:8, 4] = 40.0
    z[8, 4] = 80.0
    flow = drainage(grid(z))
    here, steps = 1 * 9 + 4, []
    while flow.receiver[here] != here:
        here = int(flow.receiver[here])
        steps.append(divmod(here, 9))
    assert steps == [(row, 4) for row in range(2, 9)]


def test_strahler_order_rises_only_where_equals_meet() -> None:
    # Cells drain along arrows drawn by hand: two heads meet (order 2), a third head joins (still 2).
    receiver = np.array([1, 2, 3, 4, 4, 2, 3, 6])
    order = np.array([4, 3, 2, 6, 1, 5, 0, 7])
    dem = grid(np.arange(8.0)[np.newaxis])
    flow = Drainage(dem, dem.values, receiver, order)
    stream = np.ones((1, 8), dtype=np.bool_)
    # 0 -> 1 -> 2 and 5 -> 2 meet in 2; 7 -> 6 -> 3 joins 2 -> 3 with order 1.
    assert strahler_order(flow, stream).tolist() == [[1, 1, 2, 2, 2, 1, 1, 1]]


def test_catchments_end_at_the_outlet_above() -> None:
    flow = drainage(grid(v_valley(n=21)))
    middle, mouth = 10 * 21 + 10, 20 * 21 + 10
    found = catchments(flow, np.array([mouth, middle]))
    assert found[5, 3] == 1
    assert found[15, 3] == 0
    assert found[10, 10] == 1
    assert np.count_nonzero(found == 1) == contributing_cells(flow)[10, 10]


def test_melton_ratio_is_relief_over_the_root_of_the_area() -> None:
    z = v_valley(n=41)
    flow = drainage(grid(z))
    ratio, length = melton_ratio(flow)
    relief, area = z.max() - z[-1, 20], z.size * CELL_M**2
    assert ratio.values[-1, 20] == pytest.approx(relief / np.sqrt(area), rel=1e-5)
    assert length.values[-1, 20] == pytest.approx(np.hypot(40, 20) * CELL_M)
    assert 1_500.0 / np.sqrt(4e6) == 0.75  # the worked example of the domain reference


def test_ridge_distance_grows_evenly_down_both_sides() -> None:
    n = 101
    row, col = np.mgrid[:n, :n]
    distance = ridge_distance_m(grid(1_000.0 - 6.0 * np.abs(col - 50) - 0.3 * row)).values
    np.testing.assert_array_equal(distance[15:-15], np.abs(col - 50)[15:-15] * CELL_M)


def test_no_height_at_all_is_refused() -> None:
    with pytest.raises(GridError, match="no known height"):
        drainage(grid(np.full((3, 3), np.nan)))


def filled_by_lowering(z: np.ndarray) -> np.ndarray:
    """Depressions filled the slow way: lower a cover of water until nothing changes (Planchon and Darboux)."""
    rows, cols = z.shape
    open_edge = np.isnan(np.pad(z, 1, constant_values=np.nan))
    water = np.full(z.shape, np.inf)
    for row in range(rows):
        for col in range(cols):
            if open_edge[row : row + 3, col : col + 3].any():
                water[row, col] = z[row, col]
    changed = True
    while changed:
        around = np.pad(water, 1, constant_values=np.inf)
        lowest = np.min(
            [around[1 + i : 1 + i + rows, 1 + j : 1 + j + cols] for i in (-1, 0, 1) for j in (-1, 0, 1)], axis=0
        )
        lowered = np.where(np.isnan(z), np.nan, np.maximum(z, np.minimum(water, np.nan_to_num(lowest, nan=np.inf))))
        changed = not np.array_equal(lowered, water, equal_nan=True)
        water = lowered
    return water


@settings(max_examples=60, deadline=None)
@given(
    arrays(np.float32, st.tuples(st.integers(1, 9), st.integers(1, 9)), elements=st.integers(0, 6).map(float)),
    st.integers(0, 80),
)
def test_every_cell_drains_off_the_grid_through_ground_that_never_rises(z: np.ndarray, gap: int) -> None:
    z = z.copy()
    if gap < z.size - 1:
        z.flat[gap] = np.nan
    flow = drainage(grid(z))
    np.testing.assert_array_equal(flow.filled, filled_by_lowering(z.astype(np.float64)).astype(np.float32))
    known = np.flatnonzero(~np.isnan(z.ravel()))
    assert sorted(flow.order) == known.tolist()
    place = {int(cell): i for i, cell in enumerate(flow.order)}
    leaves = 0
    for cell in known:
        below = int(flow.receiver[cell])
        if below == cell:
            leaves += int(contributing_cells(flow).ravel()[cell])
            continue
        assert place[below] < place[int(cell)]
        assert flow.filled.ravel()[below] <= flow.filled.ravel()[cell]
        assert max(abs(np.subtract(divmod(cell, z.shape[1]), divmod(below, z.shape[1])))) == 1
    assert leaves == len(known)


def test_streams_keep_on_downstream() -> None:
    z = np.random.default_rng(3).normal(0.0, 5.0, (60, 60)) + v_valley(n=60)
    flow = drainage(grid(z))
    stream = streams(flow, min_area_m2=50_000.0).ravel()
    assert stream.any()
    assert stream[flow.receiver[stream]].all()
