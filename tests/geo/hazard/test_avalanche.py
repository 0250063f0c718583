"""Where avalanches release and how far they run, on slopes small enough to compute by hand."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from geo.hazard.avalanche import Release, avalanche, avalanche_release, snow_lies
from geo.hazard.levels import LOW, MEDIUM, NONE, SUSCEPTIBILITY
from geo.terrain.drainage import drainage
from geo.terrain.grid import Grid
from geo.terrain.relief import topographic_position_m

CELL_M = 10.0


def grid(values: np.ndarray, cell_m: float = CELL_M) -> Grid:
    return Grid(np.asarray(values, dtype=np.float32), 0.0, values.shape[0] * cell_m, cell_m, cell_m)


def tan(angle_deg: float) -> float:
    return float(np.tan(np.radians(angle_deg)))


def mountainside(n: int = 121, cell_m: float = 30.0) -> Grid:
    """A wall north of a ridge at row 3, 35 degrees southwards to row 20, 8 degrees below."""
    row = np.mgrid[:n, :n][0]
    fall = np.where(row < 20, row * tan(35.0), 20 * tan(35.0) + (row - 20) * tan(8.0)) * cell_m
    back = np.maximum(0, 3 - row) * 6 * tan(35.0) * cell_m
    return grid(2_500.0 - fall - back, cell_m)


def test_avalanches_release_on_steep_high_ground_near_ridges_and_run_out_below() -> None:
    dem = mountainside()
    release = avalanche_release(dem)
    assert release.large[8:18, 10:110].all()
    assert release.core[8:14, 20:100].all()  # the upper part of the slope
    assert not release.large[25:].any()
    found = avalanche(drainage(dem))
    level = found.level[:, 60]
    assert (found.level[8:14, 20:100] == MEDIUM).all()
    # From 35 degrees and 500 m of slope, 500 m of release pass each metre: large slabs come to where a line of 25
    # degrees from the top of the release meets the ground, low at least; 1,000 m of release are nowhere.
    top = int(np.flatnonzero(release.large[:, 60])[0])
    drop = dem.values[top, 60] - dem.values[:, 60]
    within = drop >= tan(25.0) * (np.arange(121) - top) * 30.0
    assert np.flatnonzero(level >= LOW).max() == np.flatnonzero(within).max()
    assert (level[within & (np.arange(121) >= top)] >= LOW).all()
    assert level[60:].max() == NONE
    assert found.method.endswith(SUSCEPTIBILITY)
    assert "snow by altitude" in found.method


def nothing(release: Release) -> bool:
    return not (release.large.any() or release.frequent.any() or release.core.any())


def test_no_avalanche_without_snow_or_under_dense_forest_and_unknown_masks_protect_nobody() -> None:
    dem = mountainside()
    low_ground = replace(dem, values=dem.values - np.float32(2_000.0))
    assert nothing(avalanche_release(low_ground))
    days = np.full(dem.shape, 61.0)
    assert not nothing(avalanche_release(low_ground, snow_days=days))  # 60 days and fewer are too few
    assert nothing(avalanche_release(dem, snow_days=days - 1.0))
    days[:, :60] = np.nan  # by altitude where nobody knows
    assert snow_lies(dem, days - 1.0)[5, :60].all()
    assert not snow_lies(dem, days - 1.0)[5, 60:].any()
    crowns = np.full(dem.shape, 50.0)
    assert nothing(avalanche_release(dem, crown_cover_pct=crowns))
    free = avalanche_release(dem)
    for open_ground in (crowns - 1.0, np.full(dem.shape, np.nan)):
        for mine, other in zip(avalanche_release(dem, crown_cover_pct=open_ground), free, strict=True):
            np.testing.assert_array_equal(mine, other)
    west = np.where(np.arange(121) < 60, 80.0, 0.0) * np.ones((121, 1))
    half = avalanche(drainage(dem), crown_cover_pct=west).level
    assert (half[8:14, 5:50] == NONE).all()
    assert (half[8:14, 70:100] == MEDIUM).all()


def test_a_release_far_from_any_main_ridge_is_none() -> None:
    # A slope of 20 degrees for 1,500 m under the ridge, then 35 degrees for 300 m: steep enough, too far down.
    row = np.mgrid[:161, :121][0]
    fall = np.where(row < 53, row * tan(20.0), np.where(row < 63, 53 * tan(20.0) + (row - 53) * tan(35.0), 0.0))
    fall = np.where(row >= 63, 53 * tan(20.0) + 10 * tan(35.0) + (row - 63) * tan(8.0), fall) * 30.0
    back = np.maximum(0, 3 - row) * 6 * tan(35.0) * 30.0
    assert nothing(avalanche_release(grid(3_500.0 - fall - back, 30.0)))


def test_position_is_height_over_the_mean_around_whatever_is_known_of_it() -> None:
    z = np.zeros((41, 41))
    z[20, 20] = 49.0
    z[:, 40] = np.nan
    position = topographic_position_m(grid(z, 10.0), 30.0)
    assert position[20, 20] == pytest.approx(48.0)  # mean of 7 x 7 cells is 1
    assert position[23, 23] == pytest.approx(-1.0)
    assert position[24, 24] == 0.0
    assert np.isnan(position[:, 40]).all()
    assert not np.isnan(position[:, :40]).any()
    slope = np.tile(3_000.0 - np.arange(41) * 10.0, (41, 1))
    np.testing.assert_allclose(topographic_position_m(grid(slope, 10.0), 30.0)[5:-5, 5:-5], 0.0, atol=1e-3)


def test_a_release_smaller_than_the_smallest_patch_is_none() -> None:
    z = np.full((41, 41), 2_500.0)
    z[20, 20] = 2_520.0
    assert nothing(avalanche_release(grid(z)))
