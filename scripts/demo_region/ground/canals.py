"""Main canals: from intakes on the river along the contour, falling gently, until the land above turns to hill."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter1d

from geo.terrain.grid import Grid
from scripts.demo_region.ground.fields import Field, at, chance, on, smoothed
from scripts.demo_region.ground.kernels import canals as kernels
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
                xs, ys = kernels.traced(
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
