"""Falling lines beside a slow search that tries every move until nothing changes, on small rough grounds."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from geo.grade_line import falling_line
from geo.grid import Grid

CELL_M = 30.0
LOSS = 0.02  # m/m; steep, so that lines end within a small ground
DEEPEST_M = 3.0
MOVES = [(down, right) for down in (-1, 0, 1) for right in (-1, 0, 1) if (down, right) != (0, 0)]

Cell = tuple[int, int]


class Ground:
    """Heights, shut cells, and starts with their levels."""

    def __init__(self, seed: int, rows: int, cols: int, starts: int) -> None:
        chance = np.random.default_rng(seed)
        self.z = chance.uniform(0.0, 6.0, (rows, cols)).round(3).astype(np.float32)
        self.z[chance.random((rows, cols)) < 0.08] = np.nan
        self.shut = chance.random((rows, cols)) < 0.1
        self.row, self.col = chance.integers(0, rows, starts), chance.integers(0, cols, starts)
        self.level = chance.uniform(1.0, 9.0, starts).round(3)

    def is_open(self, cell: Cell) -> bool:
        inside = 0 <= cell[0] < self.z.shape[0] and 0 <= cell[1] < self.z.shape[1]
        return inside and not self.shut[cell] and not math.isnan(self.z[cell])

    def height(self, cell: Cell) -> float:
        """Height of a cell; what is not open stops a line as endless ground does."""
        return float(self.z[cell]) if self.is_open(cell) else math.inf

    def highest(self) -> dict[Cell, float]:
        """Level of the highest line at every cell one reaches."""
        found: dict[Cell, float] = {}
        for row, col, level in zip(self.row, self.col, self.level, strict=True):
            if self.is_open((row, col)):
                found[row, col] = max(level, found.get((row, col), -math.inf))
        changed = True
        while changed:
            changed = False
            for cell, level in list(found.items()):
                for down, right in MOVES:
                    there = cell[0] + down, cell[1] + right
                    corner = self.height((cell[0] + down, cell[1])), self.height((cell[0], cell[1] + right))
                    if not self.is_open(there) or (down and right and min(corner) > level):
                        continue
                    arrived = min(level - LOSS * CELL_M * math.hypot(down, right), self.height(there) + DEEPEST_M)
                    if arrived >= self.height(there) and arrived > found.get(there, -math.inf) + 1e-9:
                        found[there] = arrived
                        changed = True
        return found

    def short(self, reached: dict[Cell, float]) -> dict[Cell, float]:
        """How far below ground the line lies at the worst spot of the best way, where no line arrives."""
        found: dict[Cell, tuple[float, float]] = {cell: (0.0, level) for cell, level in reached.items()}
        settled = set(reached)
        while True:
            ways = []
            for cell in settled:
                depth, level = found[cell]
                for down, right in MOVES:
                    there = cell[0] + down, cell[1] + right
                    if self.is_open(there) and there not in settled:
                        after = level - LOSS * CELL_M * math.hypot(down, right)
                        ways.append((max(self.height(there) - after, depth), -after, there))
            if not ways:
                return {cell: depth for cell, (depth, _) in found.items() if cell not in reached}
            depth, below, there = min(ways)
            found[there] = depth, min(-below, self.height(there) + DEEPEST_M)
            settled.add(there)


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 2**32 - 1), st.integers(1, 7), st.integers(1, 7), st.integers(1, 4))
def test_the_highest_line_is_that_of_trying_every_move(seed: int, rows: int, cols: int, starts: int) -> None:
    ground = Ground(seed, rows, cols, starts)
    grid = Grid(ground.z, 0.0, rows * CELL_M, CELL_M, CELL_M)
    found = falling_line(
        grid,
        ground.row,
        ground.col,
        ground.level,
        loss=LOSS,
        deepest_m=DEEPEST_M,
        shut=ground.shut,
        directions=8,
        through_ground=True,
    )
    expected = ground.highest()
    short = ground.short(expected)
    for cell in np.ndindex(rows, cols):
        if cell in expected:
            assert found.level_m[cell] == pytest.approx(expected[cell], abs=1e-4)
            assert found.clearance_m[cell] == pytest.approx(expected[cell] - ground.height(cell), abs=1e-4)
        elif cell in short:
            assert found.clearance_m[cell] == pytest.approx(-short[cell], abs=1e-3)
        else:
            assert math.isnan(found.clearance_m[cell])
            assert found.start[cell] == -1
