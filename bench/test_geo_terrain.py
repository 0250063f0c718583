"""Throughput of terrain, ways, canal command and run-out on a small made-up relief, for ``make bench``; no limits."""

from __future__ import annotations

import geopandas as gpd
import numpy as np
import pytest
import shapely
from pytest_benchmark.fixture import BenchmarkFixture
from scipy.ndimage import gaussian_filter

from geo.hazard.avalanche import avalanche
from geo.routing.home_ways import ways_from_homes
from geo.routing.surface import Surface, walking_surface
from geo.routing.ways import least_time
from geo.terrain.drainage import drainage
from geo.terrain.grid import Grid
from geo.terrain.relief import slope_pct
from geo.water.gravity_command import water_clearance

CELLS = 600  # along each side
CELL_M = 30.0
SIDE_M = CELLS * CELL_M


@pytest.fixture(scope="module")
def dem() -> Grid:
    rng = np.random.default_rng(0)
    z = np.full((CELLS, CELLS), 1_500.0)
    for width, height_m in ((60, 600.0), (25, 250.0), (10, 100.0), (4, 40.0)):
        bumps = gaussian_filter(rng.normal(size=(CELLS, CELLS)), width)
        z += bumps / bumps.std() * height_m
    return Grid(z.astype(np.float32), 0.0, SIDE_M, CELL_M, CELL_M)


@pytest.fixture(scope="module")
def surface(dem: Grid) -> Surface:
    return walking_surface(dem)


def test_slope(benchmark: BenchmarkFixture, dem: Grid) -> None:
    benchmark(slope_pct, dem)


def test_drainage(benchmark: BenchmarkFixture, dem: Grid) -> None:
    benchmark(drainage, dem)


def test_avalanche(benchmark: BenchmarkFixture, dem: Grid) -> None:
    benchmark(avalanche, drainage(dem))


def test_least_time_over_all_cells(benchmark: BenchmarkFixture, surface: Surface) -> None:
    benchmark(least_time, surface, [[SIDE_M / 2, SIDE_M / 2]])


def test_ways_of_a_hundred_plots_to_each_of_ten_homes(benchmark: BenchmarkFixture, surface: Surface) -> None:
    rng = np.random.default_rng(1)
    homes = rng.uniform(2_000.0, SIDE_M - 2_000.0, (10, 2))
    home = np.repeat(np.arange(10), 100)
    plots = np.clip(homes[home] + rng.normal(0.0, 600.0, (1_000, 2)), 50.0, SIDE_M - 50.0)
    benchmark(ways_from_homes, surface, homes, plots, home)


def test_canal_command(benchmark: BenchmarkFixture, dem: Grid) -> None:
    canal = shapely.LineString([(0.0, SIDE_M / 2), (SIDE_M, SIDE_M / 2)])
    benchmark(water_clearance, dem, gpd.GeoDataFrame(geometry=[canal], crs="EPSG:32642"))
