"""Run-out and spreading on analytic slopes."""

from __future__ import annotations

import numpy as np
import pytest

from geo.errors import GridError
from geo.hazard.runout import GRAVITY_M_S2, alpha_deg, beta_deg, mass_flow, runout, spreading
from geo.terrain.drainage import drainage
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


@pytest.mark.parametrize("travel_angle_deg", [11.0, 25.0])
def test_a_mass_flow_ends_where_its_energy_line_meets_the_ground(travel_angle_deg: float) -> None:
    dem = ramp(30.0, 3.0)
    release = western_edge(dem)
    run = mass_flow(drainage(dem), release, travel_angle_deg=travel_angle_deg, exponent=8.0)
    x = 1_000.0 * (tan(30.0) - tan(3.0)) / (tan(travel_angle_deg) - tan(3.0))
    last = int(np.flatnonzero(run.through[20] > 0.0).max())
    assert last * CELL_M <= x + 1e-3 < (last + 1) * CELL_M
    np.testing.assert_allclose(
        run.clearance_m[20, : last + 1],
        3_000.0 - tan(travel_angle_deg) * np.arange(last + 1) * CELL_M - dem.values[20, : last + 1],
        atol=0.01,
    )
    assert np.isnan(run.clearance_m[20, last + 1 :]).all()


def test_what_releases_along_the_way_adds_up() -> None:
    # One column of cells released one below the other on a plane: the flow below is their number.
    dem = ramp(35.0, 35.0, rows=3, length_m=1_000.0)
    release = np.zeros(dem.shape, dtype=np.bool_)
    release[:, 5:25] = True
    run = mass_flow(drainage(dem), release, travel_angle_deg=20.0, exponent=50.0)
    np.testing.assert_allclose(run.through[1, [5, 14, 24, 60]], [1.0, 10.0, 20.0, 20.0], rtol=1e-6)


def test_the_edge_of_known_ground_gathers_nothing() -> None:
    # A plane that falls south-east: what reaches the southern edge goes on beyond it and is not led along it.
    row, col = np.mgrid[:60, :60]
    plane = 3_000.0 - 6.0 * row - 3.0 * col
    release = np.zeros(plane.shape, dtype=np.bool_)
    release[:, :20] = True
    whole = spreading(drainage(grid(plane)), release, exponent=8.0)
    cut = plane.copy()
    cut[31:] = np.nan
    half = spreading(drainage(grid(cut)), release, exponent=8.0)
    np.testing.assert_allclose(half[:30, 2:50], whole[:30, 2:50], rtol=1e-5)
    assert half[30].max() <= 1.05 * whole[30].max()
    assert whole[59].max() <= 1.05 * whole[50:58].max()


def test_a_mass_flow_asks_for_a_travel_angle_that_exists() -> None:
    dem = ramp(30.0, 3.0)
    with pytest.raises(GridError, match="between 0 and 90"):
        mass_flow(drainage(dem), western_edge(dem), travel_angle_deg=90.0, exponent=8.0)
