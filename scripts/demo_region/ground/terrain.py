"""The ground people farm: river terraces and fans laid into the coarse relief, and elevation at 30 m.

A relief of some hundred metres a cell says where valleys lie but nothing about the slope of a plot. Here the valley
floor is rebuilt from the rivers: bed, terraces that step up and away from it, fans at the mouths of side valleys.
Hills stand above that floor as the relief has them. The result is synthetic detail, and is loaded as such.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import distance_transform_edt

from geo.terrain.grid import Grid
from scripts.demo_region.ground.fields import (
    Field,
    at,
    cells_of,
    centres,
    chance,
    coarsened,
    halved,
    noise,
    on,
    ramp,
    refined,
    smoothed,
)
from scripts.demo_region.ground.rivers import Basin, Stream
from scripts.demo_region.places import Area, Setting

GROUND_CELL_M = 60.0  # m; terraces, fans and canals are laid out on this grid
DEM_CELL_M = 30.0  # m; elevation as it is stored
BED_KM2_M = ((20.0, 8.0), (300.0, 25.0), (2_000.0, 70.0), (8_000.0, 130.0), (20_000.0, 190.0))  # half width of the bed
FAN_KM2 = (4.0, 160.0)  # km2; side valleys smaller have no fan, larger ones have a floor of their own
FAN_FALL = (0.085, 0.045)  # m/m of the smallest and the largest fan, default of the demo
CHANNEL_M = np.float32(2.0)  # m; depth of a small stream's bed
SOFT_M = np.float32(8.0)  # m; how gently hills rise from the floor
FAN_REACH_M = (500.0, 1_900.0)  # m from apex to foot of the smallest and the largest fan


@dataclass(frozen=True, slots=True)
class Fan:
    """A fan at the mouth of a side valley: apex (m), reach (m), direction it opens to (rad), stream it belongs to."""

    x: float
    y: float
    reach_m: float
    towards: float
    stream: int
    melton: float


@dataclass(frozen=True, slots=True)
class Ground:
    """The land surface on 60 m cells.

    level : elevation, m. off_river : distance to the nearest river with a floor, m. above_river : height above that
    river, m. bed : half width of that river's bed, m. hill : height of the hills over the floor, m (0 = floor).
    fans : all fans. courses : streams that have a floor.
    """

    level: Grid
    off_river: Field
    above_river: Field
    bed: Field
    hill: Field
    fans: tuple[Fan, ...]
    floored: tuple[int, ...]


def bed_half_width(upstream_km2: NDArray[np.float64]) -> NDArray[np.float64]:
    """Half the width of a river bed, m, by the area drained."""
    area, width = zip(*BED_KM2_M, strict=True)
    return np.interp(np.log(upstream_km2), np.log(area), width)


def ground(area: Area, relief: Grid, streams: list[Stream], seed: int) -> Ground:
    """Return the farmed ground of an area: floors along the rivers, fans on them, hills above."""
    setting = area.setting
    rng = chance(seed, f"ground {area.id}")
    hills = Grid(refined(relief, GROUND_CELL_M), relief.x_min, relief.y_max, GROUND_CELL_M, GROUND_CELL_M)
    floored = [k for k, stream in enumerate(streams) if stream.upstream_km2[-1] >= setting.floor_from_km2]
    trunks = [k for k in floored if streams[k].course >= 0]
    others = [k for k in floored if streams[k].course < 0]
    stretch = np.exp(setting.wander * noise(hills.shape, 4.5, 80.0, rng))
    floor = _floor(hills, [streams[k] for k in trunks], setting, stretch, 1.0)
    if others:
        side = _floor(hills, [streams[k] for k in others], setting, stretch, 0.45)
        floor = _lower(floor, side)
    river, off_river, bed, terrace = floor
    far = ramp(off_river, setting.floor_reach_m, 1.4 * setting.floor_reach_m)
    hill = _hill(hills, river + terrace, off_river - bed, setting)
    fans = _fans(streams, set(trunks), relief, on(hills, np.maximum(hill, far * 50.0)))
    raised = river + _with_fans(hills, terrace, river, fans, setting)
    hill = _hill(hills, raised, off_river - bed, setting)
    level = (1.0 - far) * (raised + hill) + far * hills.values
    return Ground(
        level=on(hills, level),
        off_river=off_river,
        above_river=level - river,
        bed=bed,
        hill=np.maximum(hill, far * 50.0),
        fans=tuple(fans),
        floored=tuple(floored),
    )


def drained(ground: Ground, basin: Basin, streams: list[Stream]) -> Ground:
    """Return the ground with its hollows filled up to where water leaves them; the beds of main rivers stay.

    basin : drainage of the ground on the cells of the relief. streams : main rivers.
    """
    hollow = np.maximum(basin.flow.filled - basin.flow.dem.values, 0)
    hollow.ravel()[np.concatenate([stream.cells for stream in streams])] = 0
    depth = halved(hollow)
    level = on(ground.level, ground.level.values + depth)
    return replace(ground, level=level, above_river=ground.above_river + depth)


def elevation(area: Area, ground: Ground, streams: list[Stream], seed: int) -> Grid:
    """Return the elevation on 30 m cells, m, rounded to 0.1 m: rough on the hills, nearly even where people farm."""
    rng = chance(seed, f"elevation {area.id}")
    level = halved(ground.level.values)
    broad = smoothed(coarsened(ground.level.values, 4), 1.0)
    steep = np.hypot(*np.gradient(broad, 4 * GROUND_CELL_M)).astype(np.float32)
    steep = halved(halved(halved(steep)))
    level += (0.08 + 10.0 * ramp(steep, 0.08, 0.6)) * noise(level.shape, 2.4, 30.0, rng)
    level += 1.0 * ramp(steep, 0.05, 0.3) * noise(level.shape, 2.0, 14.0, rng)
    fine = Grid(level, ground.level.x_min, ground.level.y_max, DEM_CELL_M, DEM_CELL_M)
    _cut_channels(fine, streams, area.setting.floor_from_km2)
    return on(fine, np.round(level, 1))


def _cut_channels(fine: Grid, streams: list[Stream], floor_from_km2: float) -> None:
    """Cut the beds of the small streams into the elevation, so that they fall; the large ones have theirs already."""
    for stream in streams:
        if stream.upstream_km2[-1] >= floor_from_km2:
            continue
        along = stream.along
        dense = np.arange(0.0, along[-1], fine.cell_m / 3)
        cells = cells_of(fine, np.interp(dense, along, stream.x), np.interp(dense, along, stream.y))
        fine.values[cells] = np.minimum(fine.values[cells], np.interp(dense, along, stream.z) - CHANNEL_M)


def _hill(hills: Grid, floor: Field, off_bed: Field, setting: Setting) -> Field:
    """Height of the hills over the floor, m. Less than ``bumps_m`` is the coarse relief's error, not a hill."""
    over = (hills.values - floor - np.float32(setting.bumps_m)) / SOFT_M
    rise = SOFT_M * (np.maximum(over, 0) + np.log1p(np.exp(-np.abs(over)))) - np.float32(0.1)
    return np.asarray(np.maximum(rise, 0) * ramp(off_bed, 0.0, 260.0), dtype=np.float32)


Floor = tuple[Field, Field, Field, Field]  # river level, distance from it, half bed, terrace height; all in m


def _floor(grid: Grid, streams: list[Stream], setting: Setting, stretch: Field, width: float) -> Floor:
    """Return what the floor of some rivers would be everywhere, from the river point nearest to each cell."""
    level = np.full(grid.shape, np.nan, dtype=np.float32)
    x0, y0, half = (np.zeros(grid.shape, dtype=np.float32) for _ in range(3))
    for stream in streams:
        along = stream.along
        dense = np.arange(0.0, along[-1], grid.cell_m / 3)
        x, y, z = (np.interp(dense, along, values) for values in (stream.x, stream.y, stream.z))
        rows, cols = cells_of(grid, x, y)
        level[rows, cols] = z
        x0[rows, cols] = x - grid.x_min
        y0[rows, cols] = y - grid.y_max
        half[rows, cols] = bed_half_width(np.interp(dense, along, stream.upstream_km2))
    nearest = tuple(distance_transform_edt(np.isnan(level), return_distances=False, return_indices=True))
    xs, ys = centres(grid)
    away = np.hypot(
        (xs - grid.x_min).astype(np.float32)[None, :] - x0[nearest],
        (ys - grid.y_max).astype(np.float32)[:, None] - y0[nearest],
    )
    bed = smoothed(half[nearest], 6.0)
    terrace = _terraces(np.maximum(away - bed, 0.0) * stretch / np.float32(width), setting)
    return smoothed(level[nearest], 6.0), away, bed, terrace


def _terraces(off_bed: Field, setting: Setting) -> Field:
    """Height over the river at a distance from its bed, m: the setting's slopes, summed outwards."""
    starts, falls = (np.array(values) for values in zip(*setting.terraces, strict=True))
    heights = np.concatenate([[0.0], np.cumsum(np.diff(starts) * falls[:-1])])
    outermost = starts[-1] + 20_000.0
    heights = np.append(heights, heights[-1] + 20_000.0 * falls[-1])
    bank_m = 1.2 * np.minimum(off_bed / 40.0, 1.0)
    return np.asarray(bank_m + np.interp(off_bed, np.append(starts, outermost), heights), dtype=np.float32)


def _lower(a: Floor, b: Floor) -> Floor:
    """Take the lower of two floors, cell by cell, with a soft seam."""
    top_a, top_b = a[0] + a[3], b[0] + b[3]
    seam = np.float32(4.0)
    low = -seam * np.logaddexp(-top_a / seam, -top_b / seam)
    from_b = top_b < top_a
    river = np.where(from_b, b[0], a[0])
    return river, np.where(from_b, b[1], a[1]), np.where(from_b, b[2], a[2]), (low - river).astype(np.float32)


def _fans(streams: list[Stream], trunks: set[int], relief: Grid, hill: Grid) -> list[Fan]:
    """Fans where side valleys leave the hills above a main river, with the Melton number of each catchment."""
    fans = []
    smallest, largest = np.log(FAN_KM2)
    for k, stream in enumerate(streams):
        area = float(stream.upstream_km2[-1])
        if stream.parent not in trunks or not FAN_KM2[0] <= area <= FAN_KM2[1]:
            continue
        among_hills = np.flatnonzero(at(hill, stream.x, stream.y) > 15.0)
        apex = int(among_hills[-1]) if len(among_hills) else 0
        into = streams[stream.parent]
        to_river = float(np.hypot(into.x - stream.x[apex], into.y - stream.y[apex]).min())
        size = (np.log(area) - smallest) / (largest - smallest)
        reach = min(FAN_REACH_M[0] + size * (FAN_REACH_M[1] - FAN_REACH_M[0]), 0.9 * to_river)
        if not len(among_hills) or reach < FAN_REACH_M[0]:
            continue
        foot = int(np.argmin(np.abs(stream.along - stream.along[apex] - reach)))
        towards = float(np.arctan2(stream.y[foot] - stream.y[apex], stream.x[foot] - stream.x[apex]))
        top = float(at(relief, stream.x[:1], stream.y[:1])[0])
        melton = max(top - float(stream.z[apex]), 0.0) / np.sqrt(area * 1e6)
        fans.append(Fan(float(stream.x[apex]), float(stream.y[apex]), reach, towards, k, melton))
    return fans


def _with_fans(grid: Grid, terrace: Field, river: Field, fans: list[Fan], setting: Setting) -> Field:
    """Return terrace heights with the fans' cones on them, m over the river."""
    heights = terrace.copy()
    xs, ys = centres(grid)
    for fan in fans:
        size = (fan.reach_m - FAN_REACH_M[0]) / (FAN_REACH_M[1] - FAN_REACH_M[0])
        fall = setting.fan_fall * (FAN_FALL[0] + size * (FAN_FALL[1] - FAN_FALL[0]))
        row, col = (int(k[0]) for k in cells_of(grid, np.array([fan.x]), np.array([fan.y])))
        reach = int(1.3 * fan.reach_m / grid.cell_m) + 1
        rows = slice(max(row - reach, 0), row + reach + 1)
        cols = slice(max(col - reach, 0), col + reach + 1)
        dx, dy = xs[None, cols] - fan.x, ys[rows, None] - fan.y
        away = np.hypot(dx, dy)
        turn = np.abs(np.angle(np.exp(1j * (np.arctan2(dy, dx) - fan.towards))))
        # A cone that sinks below the floor at its foot and to its sides.
        foot = cells_of(
            grid,
            np.array([fan.x + fan.reach_m * np.cos(fan.towards)]),
            np.array([fan.y + fan.reach_m * np.sin(fan.towards)]),
        )
        top = float((terrace[foot] + river[foot])[0]) + fall * fan.reach_m
        cone = top - fall * away * (1.0 + 0.5 * turn**2) - river[rows, cols]
        heights[rows, cols] = np.maximum(heights[rows, cols], cone)
    return heights
