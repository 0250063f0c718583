"""Main canals: from intakes on the river along the contour, falling gently, until the land above turns to hill."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numba import njit
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter1d

from geo.terrain.grid import Grid
from scripts.demo_region.ground.fields import Field, at, chance, on, smoothed
from scripts.demo_region.ground.rivers import Stream
from scripts.demo_region.ground.terrain import Ground, bed_half_width
from scripts.demo_region.places import Area, Setting

Floats = NDArray[np.float64]

STEP_M = 20.0  # m between points of a main canal
SHORTEST_M = 1_800.0  # m; a main canal shorter is not dug
HILLSIDE = 0.20  # m/m; ground steeper is hillside
HILLSIDE_M = 700.0  # m a canal follows a hillside before it ends
WATER_OVER_GROUND_M = 0.4  # m; water level of a main canal over the ground beside it
LEFT, RIGHT = 1, -1  # bank, looking downstream


@dataclass(frozen=True, slots=True)
class MainCanal:
    """One main canal from its intake, in the direction of flow.

    x, y : m, every 20 m. level : water level, m, falling. bank : side of the river. stream : river it is fed from.
    """

    x: Floats
    y: Floats
    level: Floats
    bank: int
    stream: int

    @property
    def length_m(self) -> float:
        """Length, m."""
        return float(STEP_M * (len(self.x) - 1))


@dataclass(frozen=True, slots=True)
class Slopes:
    """The ground as canals and fields see it: level (m) and its gradient east and north (m/m), smoothed."""

    level: Grid
    east: Field
    north: Field


def slopes(ground: Ground) -> Slopes:
    """Return the ground smoothed to what a canal engineer would survey."""
    level = smoothed(ground.level.values, 1.5)
    east = np.gradient(level, ground.level.cell_m, axis=1)
    south = np.gradient(level, ground.level.cell_m, axis=0)
    return Slopes(on(ground.level, level), east.astype(np.float32), (-south).astype(np.float32))


@njit(cache=True, nogil=True)
def sampled(values, x_min, y_max, cell, x, y):  # type: ignore[no-untyped-def]
    """Bilinear value at one point, the nearest edge value outside."""
    rows, cols = values.shape
    r = min(max((y_max - y) / cell - 0.5, 0.0), rows - 1.000001)
    c = min(max((x - x_min) / cell - 0.5, 0.0), cols - 1.000001)
    i, j = int(r), int(c)
    r -= i
    c -= j
    top = values[i, j] * (1.0 - c) + values[i, j + 1] * c
    bottom = values[i + 1, j] * (1.0 - c) + values[i + 1, j + 1] * c
    return top * (1.0 - r) + bottom * r


@njit(cache=True, nogil=True)
def _traced(  # type: ignore[no-untyped-def]
    level,
    east,
    north,
    off_river,
    taken,
    x_min,
    y_max,
    cell,
    x,
    y,
    bank,
    fall,
    longest,
    farthest,
    hillside,
    hill_run,
    step,
    apart,
):
    """Walk one contour that falls by ``fall`` per metre; the uphill side stays on the canal's outer hand."""
    most = int(longest / step) + 1
    xs, ys = np.empty(most), np.empty(most)
    rows, cols = level.shape
    target = sampled(level, x_min, y_max, cell, x, y)
    steep_for, count = 0.0, 0
    while count < most:
        row, col = int((y_max - y) / cell), int((x - x_min) / cell)
        if row < 3 or col < 3 or row >= rows - 3 or col >= cols - 3:
            break
        if taken[row, col] or off_river[row, col] > farthest:
            break
        xs[count], ys[count] = x, y
        count += 1
        gx = sampled(east, x_min, y_max, cell, x, y)
        gy = sampled(north, x_min, y_max, cell, x, y)
        slope = max(np.hypot(gx, gy), 1e-5)
        steep_for = steep_for + step if slope > hillside else 0.0
        if steep_for > hill_run:
            count -= int(hill_run / step)
            break
        up_x, up_y = gx / slope, gy / slope
        error = (sampled(level, x_min, y_max, cell, x, y) - target) / (slope * 4.0 * step)
        error = min(max(error, -1.0), 1.0)
        ahead_x = bank * up_y - error * up_x
        ahead_y = -bank * up_x - error * up_y
        norm = np.hypot(ahead_x, ahead_y)
        x += step * ahead_x / norm
        y += step * ahead_y / norm
        target -= fall * step
    reach = int(apart / cell) + 1
    length = max(count, 0)
    if length * step >= 4.0 * apart:
        for k in range(length):
            row, col = int((y_max - ys[k]) / cell), int((xs[k] - x_min) / cell)
            for i in range(max(row - reach, 0), min(row + reach + 1, rows)):
                for j in range(max(col - reach, 0), min(col + reach + 1, cols)):
                    if np.hypot(i - row, j - col) * cell <= apart:
                        taken[i, j] = True
    return xs[:length], ys[:length]


def main_canals(
    area: Area, ground: Ground, fields: Slopes, streams: list[Stream], crowding: float, seed: int
) -> list[MainCanal]:
    """Return the main canals of every river that has a floor, both banks, intakes in order downstream.

    crowding : 0 where land is plentiful to 1, where canals lie half as far apart.
    """
    rng = chance(seed, f"canals {area.id}")
    setting = area.setting
    grid = fields.level
    taken = np.zeros(grid.shape, dtype=np.bool_)
    canals: list[MainCanal] = []
    for index in ground.floored:
        for bank in (LEFT, RIGHT):
            for x, y in _intakes(streams[index], setting, bank, crowding, rng):
                xs, ys = _traced(
                    grid.values,
                    fields.east,
                    fields.north,
                    ground.off_river,
                    taken,
                    grid.x_min,
                    grid.y_max,
                    grid.cell_m,
                    x,
                    y,
                    bank,
                    setting.canal_fall,
                    setting.canal_length_m,
                    setting.floor_reach_m,
                    HILLSIDE,
                    HILLSIDE_M,
                    STEP_M,
                    setting.canals_apart_m * (1.0 - 0.5 * crowding),
                )
                if len(xs) * STEP_M >= SHORTEST_M:
                    xs, ys = (gaussian_filter1d(values, 3.0, mode="nearest") for values in (xs, ys))
                    canals.append(MainCanal(xs, ys, _water_level(fields, xs, ys, setting), bank, index))
    return canals


def _intakes(
    stream: Stream, setting: Setting, bank: int, crowding: float, rng: np.random.Generator
) -> list[tuple[float, float]]:
    """Points just off the bed on one bank, spaced along the river."""
    along = stream.along
    wide_enough = along[stream.upstream_km2 >= setting.floor_from_km2 / 2]
    if not len(wide_enough):
        return []
    spacing = setting.intake_every_m * (1.0 if stream.course >= 0 else 0.7) * (1.0 - 0.5 * crowding)
    where = np.arange(wide_enough[0] + rng.uniform(0.1, 1.0) * spacing, along[-1] - 0.5 * spacing, spacing)
    where = where + rng.uniform(-0.3, 0.3, len(where)) * spacing
    ahead_x = np.interp(where + 150.0, along, stream.x) - np.interp(where - 150.0, along, stream.x)
    ahead_y = np.interp(where + 150.0, along, stream.y) - np.interp(where - 150.0, along, stream.y)
    norm = np.hypot(ahead_x, ahead_y)
    off = bed_half_width(np.interp(where, along, stream.upstream_km2)) + 70.0
    x = np.interp(where, along, stream.x) - bank * off * ahead_y / norm
    y = np.interp(where, along, stream.y) + bank * off * ahead_x / norm
    return list(zip(x.tolist(), y.tolist(), strict=True))


def _water_level(fields: Slopes, x: Floats, y: Floats, setting: Setting) -> Floats:
    """Water level along a canal, m: over the ground, never rising, falling by at least a third of the design fall."""
    least = STEP_M * setting.canal_fall / 3.0 * np.arange(len(x))
    over_ground = at(fields.level, x, y) + WATER_OVER_GROUND_M
    return np.asarray(np.minimum.accumulate(over_ground + least) - least, dtype=np.float64)
