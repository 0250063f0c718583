"""The pattern fields are laid out in: lines of steepest descent from a canal, and distances along both.

A field's place is (s, t): s metres along its canal, t metres down the slope from it (or up, above the canal). Lines of
descent never cross, so neither do fields, and strips run down the slope as irrigators cut them.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import grey_opening

from geo.terrain.grid import Grid
from scripts.demo_region.farmland.kernels import mesh as kernels
from scripts.demo_region.farmland.kernels.mesh import CANAL
from scripts.demo_region.ground.canals import STEP_M, MainCanal, Slopes
from scripts.demo_region.ground.fields import Field, cells_of, halved
from scripts.demo_region.ground.rivers import Stream
from scripts.demo_region.ground.terrain import Ground

Floats = NDArray[np.float64]

DESCENT_M = 15.0  # m between points of a line of descent
CLAIM_CELL_M = 30.0  # m; ground is handed out to canals in cells of this size
NARROWEST, WIDEST = 0.45, 2.2  # of the distance at the canal: where lines close in or spread more, fields end
SPIKE_POINTS = 9  # canal points; fewer lines than this that run farther than their neighbours are cut back
FREE_M = 60.0  # m; how near its own canal a line may run over ground claimed by a canal
OFF_BED_M = 35.0  # m kept between fields and the river bed


@dataclass(frozen=True, slots=True)
class Mesh:
    """Lines of descent (or ascent) from every point of a canal.

    x, y : float32 (points, steps), m; the first step lies on the canal. length_m : float64 (points,), how far each
    line runs.
    """

    x: Field
    y: Field
    length_m: Floats

    def at(self, point: Floats, t: Floats) -> tuple[Floats, Floats]:
        """Return x and y at fractional canal points and distances t (m) along the lines; any shape."""
        row = np.clip(np.floor(point).astype(np.int64), 0, len(self.x) - 2)
        col = np.clip(np.floor(t / DESCENT_M).astype(np.int64), 0, self.x.shape[1] - 2)
        across = np.clip(point - row, 0.0, 1.0)
        down = np.clip(t / DESCENT_M - col, 0.0, 1.0)
        found = []
        for values in (self.x, self.y):
            upper = values[row, col] * (1 - across) + values[row + 1, col] * across
            lower = values[row, col + 1] * (1 - across) + values[row + 1, col + 1] * across
            found.append(upper * (1 - down) + lower * down)
        return found[0], found[1]

    def length_at(self, point: Floats) -> Floats:
        """Length of the shorter of the two lines beside fractional canal points, m."""
        row = np.clip(np.floor(point).astype(np.int64), 0, len(self.length_m) - 2)
        return np.asarray(np.minimum(self.length_m[row], self.length_m[row + 1]))


@dataclass(frozen=True, slots=True)
class Claims:
    """Which canal waters each 30 m cell: FREE, CANAL, or the canal's number + 1. Filled as meshes are drawn."""

    cells: Grid
    owner: NDArray[np.int32]


def claims(ground: Ground, canals: list[MainCanal], streams: list[Stream]) -> Claims:
    """Return the ground to hand out, with river beds, streams and the canals themselves already taken."""
    level = ground.level
    shape = (level.shape[0] * 2, level.shape[1] * 2)
    owner = np.zeros(shape, dtype=np.int32)
    cells = Grid(np.empty(shape, dtype=np.float32), level.x_min, level.y_max, CLAIM_CELL_M, CLAIM_CELL_M)
    owner[halved(ground.off_river - ground.bed) < OFF_BED_M] = CANAL
    for stream in streams:
        dense = np.arange(0.0, stream.along[-1], CLAIM_CELL_M / 2)
        x, y = (np.interp(dense, stream.along, values) for values in (stream.x, stream.y))
        owner[cells_of(cells, x, y)] = CANAL
    for canal in canals:
        owner[cells_of(cells, canal.x, canal.y)] = CANAL
    return Claims(cells, owner)


def mesh(
    canal: MainCanal, number: int, fields: Slopes, taken: Claims, *, reach_m: float, up: bool, steepest: float
) -> Mesh:
    """Return the lines of one canal and claim the ground they cover.

    reach_m : longest line. up : above the canal instead of below. steepest : slope (m/m) at which lines end.
    """
    level, cells = fields.level, taken.cells
    steps = int(reach_m / DESCENT_M) + 1
    x, y, length = kernels.descend(
        fields.east,
        fields.north,
        level.x_min,
        level.y_max,
        level.cell_m,
        taken.owner,
        cells.x_min,
        cells.y_max,
        cells.cell_m,
        canal.x,
        canal.y,
        number + 1,
        1.0 if up else -1.0,
        steps,
        DESCENT_M,
        steepest,
        FREE_M,
    )
    apart = np.hypot(np.diff(x, axis=0), np.diff(y, axis=0)) / STEP_M
    bad = (apart < NARROWEST) | (apart > WIDEST)
    until = np.where(bad.any(axis=1), bad.argmax(axis=1), steps) * DESCENT_M
    until = np.minimum(np.append(until, steps * DESCENT_M), np.insert(until, 0, steps * DESCENT_M))
    length = np.minimum(length, np.maximum(until - DESCENT_M, 0.0))
    length = grey_opening(length, (SPIKE_POINTS,))
    length[length <= FREE_M] = 0.0
    kernels.claim(taken.owner, cells.x_min, cells.y_max, cells.cell_m, x, y, length, DESCENT_M, number + 1)
    return Mesh(x, y, length)
