"""One area before people: its relief, rivers and ground, and how the land is divided."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import geopandas as gpd

from geo.terrain.grid import Grid
from scripts.demo_region.ground.canals import Slopes, slopes
from scripts.demo_region.ground.courses import MetricCourse, metric_courses
from scripts.demo_region.ground.districts import Division, as_given, divided
from scripts.demo_region.ground.fields import coarsened, on
from scripts.demo_region.ground.relief import RELIEF_CELL_M, relief
from scripts.demo_region.ground.rivers import Basin, Stream, basin, on_ground, streams
from scripts.demo_region.ground.terrain import GROUND_CELL_M, Ground, drained, ground
from scripts.demo_region.places import Area


@dataclass(frozen=True, slots=True)
class Landscape:
    """One area before people.

    relief : the coarse relief it was drawn on. main : rivers as the relief has them, which canals draw from.
    streams : rivers of the finished ground, which ``basin`` drains. slopes : the ground as canals follow it.
    """

    area: Area
    courses: list[MetricCourse]
    relief: Grid
    main: list[Stream]
    streams: list[Stream]
    basin: Basin
    ground: Ground
    slopes: Slopes
    division: Division


def landscape(area: Area, seed: int, relief_file: Path | None, districts: gpd.GeoDataFrame | None = None) -> Landscape:
    """Return the land of one area: on true relief where there is a file of it, on generated relief otherwise.

    districts : true districts, code and outline in EPSG:32642; None = the land is divided along watersheds.
    """
    courses = metric_courses(area)
    coarse = relief(area, courses, seed, relief_file)
    main = streams(basin(coarse, courses), coarse, courses)
    land = ground(area, coarse, main, seed)
    level = on(coarse, coarsened(land.level.values, round(RELIEF_CELL_M / GROUND_CELL_M)))
    rivers = [main[k] for k in land.floored]
    kept, fine = on_ground(level, rivers, courses)
    land = drained(land, kept, rivers)
    division = divided(area, kept, fine, courses) if districts is None else as_given(area, coarse, districts)
    return Landscape(area, courses, coarse, main, fine, kept, land, slopes(land), division)
