"""Throughput of the geometric kernels on a small made-up region, for ``make bench``; rates, no limits."""

from __future__ import annotations

import numpy as np
import pytest
import shapely
from numpy.typing import NDArray
from pytest_benchmark.fixture import BenchmarkFixture

from geo.geometry.crs import area_ha, to_stored
from geo.geometry.nearest import nearest_line
from geo.geometry.ragged import Ragged, ragged
from geo.geometry.shares import share_by_level
from geo.terrain.grid import Grid
from geo.terrain.zonal import zonal

PLOTS = 20_000
SIDE_M = 36_000.0  # of the region
CORNER = np.array([500_000.0, 4_180_000.0])  # EPSG:32642


def blobs(count: int, radius_m: tuple[float, float], seed: int) -> NDArray[np.object_]:
    rng = np.random.default_rng(seed)
    turn = np.linspace(0, 2 * np.pi, 19, endpoint=False)
    radius = rng.uniform(*radius_m, (count, 1, 1)) * rng.uniform(0.6, 1.0, (count, 19, 1))
    centres = CORNER + rng.uniform(0, SIDE_M, (count, 1, 2))
    return shapely.polygons(centres + radius * np.stack([np.cos(turn), np.sin(turn)], axis=-1))


@pytest.fixture(scope="module")
def plots() -> NDArray[np.object_]:
    return blobs(PLOTS, (15.0, 60.0), seed=1)


@pytest.fixture(scope="module")
def outlines(plots: NDArray[np.object_]) -> Ragged:
    return ragged(plots)


def test_coordinates(benchmark: BenchmarkFixture, plots: NDArray[np.object_]) -> None:
    benchmark(ragged, plots)


@pytest.mark.parametrize("statistics", [("mean", "min", "max"), ("q50",)], ids=["mean, min and max", "median"])
def test_zonal(benchmark: BenchmarkFixture, outlines: Ragged, statistics: tuple[str, ...]) -> None:
    cells = round(SIDE_M / 30.0)
    values = np.random.default_rng(2).normal(size=(cells, cells)).astype(np.float32)
    grid = Grid(values, float(CORNER[0]), float(CORNER[1]) + SIDE_M, 30.0, 30.0)
    benchmark(zonal, grid, outlines, statistics)


def test_nearest_line(benchmark: BenchmarkFixture, outlines: Ragged) -> None:
    rng = np.random.default_rng(3)
    heading = rng.uniform(0, 2 * np.pi, (500, 1)) + np.cumsum(rng.normal(0, 0.2, (500, 40)), axis=1)
    steps = 120.0 * np.stack([np.cos(heading), np.sin(heading)], axis=-1)
    canals = shapely.linestrings(CORNER + rng.uniform(0, SIDE_M, (500, 1, 2)) + np.cumsum(steps, axis=1))
    benchmark(nearest_line, outlines, canals)


def test_share_by_level(benchmark: BenchmarkFixture, outlines: Ragged) -> None:
    zones = blobs(600, (100.0, 900.0), seed=4)
    benchmark(share_by_level, outlines, zones, np.arange(600) % 5, 5)


def test_area(benchmark: BenchmarkFixture, plots: NDArray[np.object_]) -> None:
    benchmark(area_ha, to_stored(plots))
