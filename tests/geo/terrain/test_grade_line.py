"""Falling lines against a plain search that looks at every move, on rough ground with gaps and shut cells."""

from __future__ import annotations

import heapq
from math import hypot

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from geo.terrain.grade_line import falling_line
from geo.terrain.grid import Grid

Cell = tuple[int, int]
CELL_M = 30.0
AROUND = [(down, right) for down in (-1, 0, 1) for right in (-1, 0, 1) if down or right]


def arrived_lines(
    z: np.ndarray, shut: np.ndarray, starts: dict[Cell, float], loss_m: float, deepest_m: float
) -> np.ndarray:
    """Level in each cell the line reaches above ground, -inf elsewhere: moves are taken until none lifts a line."""
    line = np.full(z.shape, -np.inf)
    for cell, level in starts.items():
        line[cell] = level

    def bars(cell: tuple[int, int], level: float) -> bool:
        return bool(shut[cell] or z[cell] > level)

    changed = True
    while changed:
        changed = False
        for row, col in zip(*np.nonzero(np.isfinite(line)), strict=True):
            level = line[row, col]
            for down, right in AROUND:
                there = (row + down, col + right)
                if not (0 <= there[0] < z.shape[0] and 0 <= there[1] < z.shape[1]) or shut[there]:
                    continue
                if down and right and bars((there[0], col), level) and bars((row, there[1]), level):
                    continue  # nothing squeezes between two cells that meet at a corner
                fallen = min(level - loss_m * hypot(down, right), z[there] + deepest_m)
                if fallen >= z[there] and fallen > line[there]:
                    line[there] = fallen
                    changed = True
    return line


def least_depths(z: np.ndarray, shut: np.ndarray, line: np.ndarray, loss_m: float, deepest_m: float) -> np.ndarray:
    """Line less ground; beyond where the line arrives, minus the least depth on any way, highest line first."""
    arrived = np.isfinite(line)
    clearance, line = np.where(arrived, line - z, np.nan), line.copy()
    queue: list[tuple[int, int, int, tuple[int, int], tuple[int, int], float]] = []

    def look_around(cell: tuple[int, int], so_far: float) -> None:
        for down, right in AROUND:
            there = (cell[0] + down, cell[1] + right)
            if 0 <= there[0] < z.shape[0] and 0 <= there[1] < z.shape[1] and not shut[there]:
                level = line[cell] - loss_m * hypot(down, right)
                short = int(max(z[there] - level, -so_far) * 1e4)  # queued in tenths of a millimetre
                heapq.heappush(queue, (short, -int(level * 1e4), len(queue), there, cell, so_far))

    for row, col in zip(*np.nonzero(arrived), strict=True):
        look_around((int(row), int(col)), 0.0)
    while queue:
        _, _, _, there, cell, so_far = heapq.heappop(queue)
        if not np.isnan(clearance[there]):
            continue
        fall = loss_m * hypot(there[0] - cell[0], there[1] - cell[1])
        line[there] = min(line[cell] - fall, z[there] + deepest_m)
        clearance[there] = min(line[there] - z[there], so_far)
        look_around(there, clearance[there])
    return clearance


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 2**32 - 1), st.sampled_from([0.05, 1.0, 20.0]), st.sampled_from([5e-4, 2e-2]))
def test_lines_and_depths_are_those_of_a_plain_search(seed: int, rough_m: float, loss: float) -> None:
    rng = np.random.default_rng(seed)
    z = (1_000.0 + rng.normal(0.0, rough_m, (14, 17))).astype(np.float32)
    z[rng.random(z.shape) < rng.choice([0.0, 0.1])] = np.nan
    shut = rng.random(z.shape) < rng.choice([0.0, 0.15])
    rows, cols = rng.integers(0, 14, 4), rng.integers(0, 17, 4)
    levels = 1_000.0 + rng.normal(0.0, 2.0, 4)
    dem = Grid(z, 0.0, 14 * CELL_M, CELL_M, CELL_M)
    found = falling_line(
        dem, rows, cols, levels, loss=loss, deepest_m=10.0, shut=shut, directions=8, through_ground=True
    )
    ground, closed = z.astype(np.float64), shut | np.isnan(z)
    starts: dict[Cell, float] = {}
    for row, col, level in zip(rows.tolist(), cols.tolist(), levels.tolist(), strict=True):
        if not closed[row, col]:
            starts[row, col] = max(level, starts.get((row, col), -np.inf))
    line = arrived_lines(ground, closed, starts, loss * CELL_M, 10.0)
    expected = least_depths(ground, closed, line, loss * CELL_M, 10.0)
    np.testing.assert_array_equal(np.isnan(found.clearance_m), np.isnan(expected))
    np.testing.assert_allclose(found.level_m[np.isfinite(line)], line[np.isfinite(line)], atol=1e-6)
    # Ways less than a tenth of a millimetre apart in depth may be told apart by the turn in which they came.
    np.testing.assert_allclose(found.clearance_m, expected, atol=2e-4)
