"""The coarse relief the demo is drawn on: a real elevation file where there is one, generated otherwise."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import rasterio
from rasterio.transform import from_origin
from rasterio.warp import Resampling, reproject
from scipy.ndimage import distance_transform_edt

from geo.crs import WORKING_CRS
from geo.drainage import drainage
from geo.grid import Grid
from layers.errors import DataRefused
from scripts.demo_region.courses import MetricCourse
from scripts.demo_region.fields import Field, cells_of, chance, noise, on, ramp, smoothed
from scripts.demo_region.places import Area

RELIEF_CELL_M = 120.0  # m; water is routed on this grid


def relief(area: Area, courses: list[MetricCourse], seed: int, file: Path | None) -> Grid:
    """Return the coarse elevation of an area, m, on 120 m cells.

    Raises DataRefused when ``file`` does not cover the area.
    """
    x_min, y_min, x_max, y_max = area.bounds
    shape = (round((y_max - y_min) / RELIEF_CELL_M), round((x_max - x_min) / RELIEF_CELL_M))
    empty = Grid(np.full(shape, np.nan, dtype=np.float32), x_min, y_max, RELIEF_CELL_M, RELIEF_CELL_M)
    if file is None:
        made = Grid(_generated(empty, area, courses, seed), x_min, y_max, RELIEF_CELL_M, RELIEF_CELL_M)
        return on(made, drainage(made).filled)  # noise leaves hollows that no river could have left
    with rasterio.open(file) as source:
        reproject(
            rasterio.band(source, 1),
            empty.values,
            dst_transform=from_origin(x_min, y_max, RELIEF_CELL_M, RELIEF_CELL_M),
            dst_crs=WORKING_CRS,
            dst_nodata=np.nan,
            resampling=Resampling.cubic,
            num_threads=2,
        )
    if np.isnan(empty.values).any():
        raise DataRefused(f"{file.name} does not cover the demo region; expected elevation over all of Tajikistan.")
    return empty


def _generated(grid: Grid, area: Area, courses: list[MetricCourse], seed: int) -> Field:
    """Mountains around the true courses: height grows with the distance from them, ridges come from noise."""
    setting = area.setting
    river = np.full(grid.shape, np.nan, dtype=np.float32)
    for course in courses:
        river[cells_of(grid, course.x, course.y)] = course.z
    dry, nearest = distance_transform_edt(np.isnan(river), return_indices=True)
    away = np.asarray(dry * grid.cell_m, dtype=np.float32)
    level = smoothed(river[tuple(nearest)], 12.0)
    rng = chance(seed, "relief")
    width = setting.floor_reach_m * (0.26 + 0.08 * noise(grid.shape, 3.4, 200.0, rng))
    beyond = away - np.maximum(width, 250.0)
    ridges = 1.0 - np.minimum(np.abs(noise(grid.shape, 3.9, 75.0, rng)), 1.5) / 1.5
    rise = ramp(beyond, -1_500.0, 16_000.0) ** np.float32(0.8)
    cross_fall = np.float32(1.6 * setting.terraces[0][1])  # more than the river's own fall, so that land drains to it
    heights = level + cross_fall * away + setting.ridge_m * rise * (0.35 + 0.9 * ridges)
    return np.asarray(heights + 25.0 * rise * noise(grid.shape, 3.0, 20.0, rng), dtype=np.float32)
