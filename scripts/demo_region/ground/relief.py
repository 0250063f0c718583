"""The coarse relief the demo is drawn on: a real elevation file where there is one, generated otherwise."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import rasterio
from rasterio.warp import Resampling, reproject
from scipy.ndimage import distance_transform_edt

from geo.geometry.crs import WORKING_CRS
from geo.terrain.drainage import contributing_area_m2, drainage
from geo.terrain.grid import Grid, north_up
from layers.errors import DataRefused
from scripts.demo_region.ground.courses import MetricCourse
from scripts.demo_region.ground.fields import cells_of, chance, noise, on, ramp, smoothed
from scripts.demo_region.ground.kernels import relief as kernels
from scripts.demo_region.places import Area

RELIEF_CELL_M = 120.0  # m; water is routed on this grid
BURNT_M = np.float32(60.0)  # m; how deep the courses lie in the noise water is led over, so that it finds them
STEEP_AT_1_KM2, CONCAVITY = 0.17, 0.4  # m/m of a valley that drains 1 km2, and how fast it lessens; default of the demo
STEEPEST = 0.55  # m/m; steepest slope of the generated relief, default of the demo
MOUNTAINS_M = 2_300.0  # m; ridges over rivers for which these slopes hold, lower settings rise in proportion


def relief(area: Area, courses: list[MetricCourse], seed: int, file: Path | None) -> Grid:
    """Return the coarse elevation of an area, m, on 120 m cells.

    Raises DataRefused when ``file`` does not cover the area.
    """
    x_min, y_min, x_max, y_max = area.bounds
    shape = (round((y_max - y_min) / RELIEF_CELL_M), round((x_max - x_min) / RELIEF_CELL_M))
    empty = Grid(np.full(shape, np.nan, dtype=np.float32), x_min, y_max, RELIEF_CELL_M, RELIEF_CELL_M)
    if file is None:
        return _generated(empty, area, courses, seed)
    with rasterio.open(file) as source:
        reproject(
            rasterio.band(source, 1),
            empty.values,
            dst_transform=north_up(x_min, y_max, RELIEF_CELL_M, RELIEF_CELL_M),
            dst_crs=WORKING_CRS,
            dst_nodata=np.nan,
            resampling=Resampling.cubic,
            num_threads=2,
        )
    if np.isnan(empty.values).any():
        raise DataRefused(f"{file.name} does not cover the demo region; expected elevation over all of Tajikistan.")
    return empty


def _generated(grid: Grid, area: Area, courses: list[MetricCourse], seed: int) -> Grid:
    """Mountains around the true courses, cut by rivers: water is led over a noise, then land rises from the rivers.

    Slopes lessen with the area drained (Flint 1974, doi:10.1029/WR010i005p00969), so that nothing lies in a hollow.
    """
    setting = area.setting
    river = np.full(grid.shape, np.nan, dtype=np.float32)
    for course in courses:
        river[cells_of(grid, course.x, course.y)] = course.z
    dry, nearest = distance_transform_edt(np.isnan(river), return_indices=True)
    away = np.asarray(dry * grid.cell_m, dtype=np.float32)
    rng = chance(seed, "relief")
    width = setting.floor_reach_m * (0.26 + 0.08 * noise(grid.shape, 3.4, 200.0, rng))
    beyond = away - np.maximum(width, 250.0)
    hilly = ramp(beyond, -200.0, 2_500.0)
    led = smoothed(river[tuple(nearest)], 12.0) + 0.02 * away + 160.0 * hilly * noise(grid.shape, 3.2, 60.0, rng)
    flow = drainage(on(grid, np.where(np.isnan(river), led, river - BURNT_M)))
    drained_km2 = contributing_area_m2(flow).values.astype(np.float64).ravel() / 1e6
    steep = np.minimum(STEEP_AT_1_KM2 * drained_km2**-CONCAVITY, STEEPEST) * setting.ridge_m / MOUNTAINS_M
    cross_fall = 1.2 * setting.terraces[0][1]  # of valley floors, towards the river
    slope = cross_fall + hilly.ravel() * steep
    level = np.where(np.isnan(river), led, river).astype(np.float64).ravel()
    kernels.grown(level, flow.receiver, flow.order, grid.shape[1], slope, ~np.isnan(river).ravel(), grid.cell_m)
    return on(grid, level.reshape(grid.shape))
