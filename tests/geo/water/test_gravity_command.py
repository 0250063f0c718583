"""Gravity command on ground whose every head can be worked out by hand."""

from __future__ import annotations

import geopandas as gpd
import numpy as np
import pytest
import shapely

from geo.errors import CrsError, GridError, SuitabilityError
from geo.terrain.grade_line import falling_line
from geo.terrain.grid import Grid
from geo.water.gravity_command import (
    DEEPEST_M,
    LOSS_EARTH,
    LOSS_LINED,
    gravity_head,
    sampled,
    water_clearance,
    water_levels,
)

CELL_M = 30.0


def grid(values: np.ndarray) -> Grid:
    return Grid(np.asarray(values, dtype=np.float32), 0.0, values.shape[0] * CELL_M, CELL_M, CELL_M)


def hillside(tilt: float = 0.05, rows: int = 100, cols: int = 100) -> Grid:
    """Rises northwards by ``tilt``, 1,000 m at y = 0."""
    y = (rows - 0.5 - np.arange(rows)) * CELL_M
    return grid(np.repeat(1_000.0 + tilt * y[:, np.newaxis], cols, axis=1))


def canals(*shapes: shapely.Geometry, **columns: list[object]) -> gpd.GeoDataFrame:
    return gpd.GeoDataFrame(columns, geometry=list(shapes), crs="EPSG:32642")


def surveyed(y: float, level_m: float, **more: list[object]) -> gpd.GeoDataFrame:
    """One canal from west to east at a surveyed even level."""
    line = shapely.LineString([(0, y), (3_000, y)])
    return canals(line, head_level_m=[level_m], tail_level_m=[level_m], level_basis=["surveyed"], **more)


def plots(x: np.ndarray, y: np.ndarray, half_m: float = 17.0) -> np.ndarray:
    return np.asarray(shapely.box(x - half_m, y - half_m, x + half_m, y + half_m))


def test_below_a_contour_canal_every_plot_is_in_and_above_it_every_plot_is_out() -> None:
    dem, y_canal = hillside(), 1_510.0
    rng = np.random.default_rng(1)
    x, y = rng.uniform(100, 2_900, 500), rng.uniform(700, 2_400, 500)
    head, sigma, row = gravity_head(dem, surveyed(y_canal, 1_000.0 + 0.05 * y_canal), plots(x, y))
    below, above = y + 17.0 < y_canal, y - 17.0 > y_canal
    assert below.sum() > 100
    assert above.sum() > 100
    # The fall of the ground over the plot's way is a hundred times the loss, so no plot below misses it.
    assert (head[below] > 0).all()
    assert (head[above] < 0).all()
    assert (sigma == 0.3).all()
    assert (row == 0).all()


@pytest.mark.parametrize(("lining", "loss"), [("earth", LOSS_EARTH), ("unknown", LOSS_EARTH), ("concrete", LOSS_LINED)])
def test_head_is_level_less_loss_less_highest_ground(lining: str, loss: float) -> None:
    dem = hillside(tilt=0.002)
    y = np.array([1_200.0, 900.0, 300.0])
    head, _, _ = gravity_head(dem, surveyed(1_515.0, 1_006.0, lining=[lining]), plots(np.full(3, 1_500.0), y))
    highest = 1_000.0 + 0.002 * (y + 17.0)
    expected = 1_006.0 - loss * (1_515.0 - (y + 17.0)) - highest
    # The way is measured between cell centres.
    np.testing.assert_allclose(head, expected, atol=loss * CELL_M)


def test_head_beyond_what_a_flume_holds_is_not_counted() -> None:
    head, _, _ = gravity_head(hillside(), surveyed(1_515.0, 1_075.0), plots(np.array([1_500.0]), np.array([300.0])))
    assert head[0] == DEEPEST_M


def plain_with_ridge(gap: slice | None = None) -> Grid:
    """Level ground at 1,000 m, cut by a ridge of 1,008 m from west to east at rows 50 and 51."""
    z = np.full((100, 100), 1_000.0)
    z[50:52] = 1_008.0
    if gap is not None:
        z[50:52, gap] = 1_000.0
    return grid(z)


def test_one_ridge_between_canal_and_plot_cuts_it_off() -> None:
    x, y = np.array([1_500.0, 1_500.0]), np.array([1_800.0, 900.0])
    canal = surveyed(2_505.0, 1_002.0)
    before, beyond = gravity_head(plain_with_ridge(), canal, plots(x, y))[0]
    assert before == pytest.approx(1_002.0 - LOSS_EARTH * (2_505 - 1_783) - 1_000.0, abs=0.03)
    # What is missing is what is missing on the far row of the ridge, however low the plot lies behind it.
    assert beyond == pytest.approx(1_002.0 - LOSS_EARTH * (2_505 - 1_455) - 1_008.0, abs=0.001)


def test_a_gap_in_the_ridge_lets_the_water_round_it_for_the_price_of_the_way() -> None:
    x, y = np.array([1_500.0]), np.array([900.0])
    canal = surveyed(2_505.0, 1_002.0)
    (found,), _, _ = gravity_head(plain_with_ridge(gap=slice(2, 4)), canal, plots(x, y))
    # The canal runs past the gap at x = 90, 990 m north of it; from there it is 1,393 m slantwise and 620 m along.
    slant = min(1_515 - 883, 1_483 - 90)
    way = (2_505 - 1_515) + slant * np.sqrt(2) + (1_483 - 90 - slant)
    assert found == pytest.approx(1_002.0 - LOSS_EARTH * way - 1_000.0, abs=0.06)
    assert found > 0.5


def test_water_is_not_led_across_a_valley_deeper_than_a_siphon_or_a_river() -> None:
    z = np.full((100, 100), 1_000.0)
    z[50:55] = 970.0
    canal = surveyed(2_505.0, 1_003.0)
    plot = plots(np.array([1_500.0]), np.array([600.0]))
    across = gravity_head(grid(z), canal, plot)[0][0]
    # In the valley, from y = 1,485, the water stands 10 m above the floor: the far side is 20 m and the loss too high.
    assert across == pytest.approx(970.0 + DEEPEST_M - LOSS_EARTH * (1_485 - 583) - 1_000.0, abs=0.001)
    z[50:55] = 995.0
    assert gravity_head(grid(z), canal, plot)[0][0] > 1.9
    river = canals(shapely.LineString([(0, 1_420), (3_000, 1_420)]))
    shut = gravity_head(grid(z), canal, plot, barriers=river)
    assert np.isnan(shut[0][0])
    assert np.isnan(shut[1][0])
    assert shut[2][0] == -1


def test_a_level_from_the_height_grid_has_the_grids_error() -> None:
    dem, y = hillside(), 1_515.0
    canal = canals(shapely.LineString([(0, y), (3_000, y)]), level_basis=["dem"])
    head, sigma, _ = gravity_head(dem, canal, plots(np.array([1_500.0]), np.array([1_465.0])))
    # Canal at the ground's 1,075.75 m; the plot's upper edge 33 m below it.
    assert head[0] == pytest.approx(0.05 * 33.0 - LOSS_EARTH * 33.0, abs=0.05)
    assert sigma[0] == 2.5


def test_levels_fall_evenly_between_recorded_ends_and_by_the_loss_from_one() -> None:
    dem = hillside()
    line = shapely.LineString([(0, 1_515), (1_000, 1_515)])
    three = canals(
        line,
        line,
        line,
        head_level_m=[1_080.0, 1_080.0, np.nan],
        tail_level_m=[1_070.0, np.nan, 1_079.0],
        lining=["earth", "earth", "concrete"],
    )
    xy, level, owner = water_levels(dem, three)
    for row, expected in enumerate(
        (1_080.0 - 0.01 * xy[:, 0], 1_080.0 - LOSS_EARTH * xy[:, 0], 1_079.0 + LOSS_LINED * (1_000.0 - xy[:, 0]))
    ):
        np.testing.assert_allclose(level[owner == row], expected[owner == row])
    assert np.hypot(*np.diff(xy[owner == 0], axis=0).T).max() <= CELL_M / 2 + 1e-9


def test_a_level_from_rough_ground_never_rises_downstream_and_stays_close_to_it() -> None:
    rng = np.random.default_rng(4)
    z = 1_000.0 - 0.01 * (np.arange(100) + 0.5) * CELL_M + rng.normal(0.0, 2.0, (5, 100))
    dem = grid(z)
    line = shapely.LineString([(0, 75), (3_000, 75)])
    for shape, known in ((line, True), (line.reverse(), False)):
        xy, level, _ = water_levels(dem, canals(shape, flow_known=[known]))
        falling = np.diff(level[np.argsort(xy[:, 0])])
        assert (falling <= 1e-9).all()
        ground = sampled(dem, xy)
        assert abs(np.mean(level - ground)) < 1e-6
        assert np.sqrt(np.mean((level - ground) ** 2)) < 2.0


def test_a_recorded_level_that_rises_downstream_is_refused_by_name() -> None:
    wrong = surveyed(1_515.0, 1_075.0, code=["R-7"])
    wrong["tail_level_m"] = 1_076.0
    with pytest.raises(SuitabilityError, match=r"R-7.*1076.*1075"):
        gravity_head(hillside(), wrong, plots(np.array([1_500.0]), np.array([900.0])))


def test_drains_command_nothing_and_far_plots_are_unknown() -> None:
    drain = surveyed(1_515.0, 1_075.75, type=["drain"])
    plot = plots(np.array([1_500.0]), np.array([900.0]))
    assert np.isnan(gravity_head(hillside(), drain, plot)[0][0])
    canal = surveyed(1_515.0, 1_075.75)
    assert np.isnan(gravity_head(hillside(), canal, plot, reach_m=400.0)[0][0])
    assert gravity_head(hillside(), canal, plot, reach_m=700.0)[0][0] > 0


def test_the_better_of_two_canals_feeds_the_plot() -> None:
    dem = hillside(tilt=0.001)
    both = gpd.GeoDataFrame(
        {
            "head_level_m": [1_002.0, 1_004.0],
            "tail_level_m": [1_002.0, 1_004.0],
            "lining": ["earth", "concrete"],
            "level_basis": ["surveyed", "dem"],
        },
        geometry=[shapely.LineString([(0, y), (3_000, y)]) for y in (1_200.0, 2_100.0)],
        crs="EPSG:32642",
    )
    y = np.array([1_000.0, 1_900.0])
    head, sigma, row = gravity_head(dem, both, plots(np.full(2, 1_500.0), y))
    assert row.tolist() == [1, 1]
    assert sigma.tolist() == [2.5, 2.5]
    expected = 1_004.0 - LOSS_LINED * (2_100.0 - y - 17.0) - (1_000.0 + 0.001 * (y + 17.0))
    np.testing.assert_allclose(head, expected, atol=0.03)


def test_adding_a_plot_changes_no_other_plots_head() -> None:
    dem = hillside()
    rng = np.random.default_rng(9)
    shapes = plots(rng.uniform(100, 2_900, 50), rng.uniform(700, 2_400, 50), half_m=60.0)
    canal = surveyed(1_515.0, 1_075.75)
    alone = np.concatenate([gravity_head(dem, canal, shapes[i : i + 1])[0] for i in range(0, 50, 7)])
    np.testing.assert_array_equal(gravity_head(dem, canal, shapes)[0][::7], alone)


def test_the_highest_ground_of_a_large_plot_is_found_inside_it() -> None:
    z = np.full((100, 100), 1_000.0)
    z[60, 50] = 1_001.5
    field = np.array([shapely.box(1_200, 900, 1_800, 1_400)])
    head, _, _ = gravity_head(grid(z), surveyed(1_515.0, 1_003.0), field)
    # Row 60, column 50 has its centre at (1,515, 1,185), 330 m from the canal.
    assert head[0] == pytest.approx(1_003.0 - LOSS_EARTH * 330.0 - 1_001.5, abs=0.02)
    holed = np.array([field[0].difference(shapely.box(1_480, 1_150, 1_560, 1_230))])
    assert gravity_head(grid(z), surveyed(1_515.0, 1_003.0), holed)[0][0] > 2.0


def test_clearance_is_level_less_ground_and_names_its_canal() -> None:
    dem = hillside(tilt=0.004)
    found, row = water_clearance(dem, surveyed(1_515.0, 1_006.06), reach_m=1_000.0)
    y = (99.5 - np.arange(100)) * CELL_M
    near = np.abs(y - 1_515.0) <= 1_000.0
    expected = 1_006.06 - LOSS_EARTH * np.abs(y - 1_515.0) - (1_000.0 + 0.004 * y)
    np.testing.assert_allclose(found.values[near, 50], expected[near], atol=2e-3)
    assert np.isnan(found.values[~near]).all()
    assert (row[near] == 0).all()
    assert (row[~near] == -1).all()


def test_a_canal_in_another_crs_is_refused() -> None:
    canal = surveyed(1_515.0, 1_075.0).set_crs("EPSG:4326", allow_override=True)
    with pytest.raises(CrsError, match="canals"):
        gravity_head(hillside(), canal, plots(np.array([1_500.0]), np.array([900.0])))


def test_a_falling_line_must_fall() -> None:
    with pytest.raises(GridError, match="fall"):
        falling_line(hillside(), np.array([5]), np.array([5]), np.array([1_500.0]), loss=0.0)
