"""Rivers that follow the relief: filled depressions, drained area, streams with a falling long profile."""

from __future__ import annotations

from dataclasses import dataclass

import geopandas as gpd
import numpy as np
import shapely
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter1d

from geo.geometry.crs import WORKING_CRS
from geo.terrain.drainage import Drainage, contributing_area_m2, drainage
from geo.terrain.grid import Grid
from scripts.demo_region.ground.courses import MetricCourse
from scripts.demo_region.ground.fields import at, cells_of, on
from scripts.demo_region.places import Names

Floats = NDArray[np.float64]
Cells = NDArray[np.int64]

STREAM_KM2 = 6.0  # km2; a channel draining less is not drawn
NAMED_WITHIN_M = 2_500.0  # m; a stream this near a true course on average is that river
BEND_SIGMA_CELLS = 3.0  # cells; takes the corners off the routing grid
PROFILE_SIGMA_M = (300.0, 2_200.0)  # m; takes the steps off the long profile of small and of large streams
LARGE_KM2 = 40.0  # km2 drained by a large stream
CLASS_KM2 = (5_000.0, 500.0, 100.0)  # km2 drained from which a stream is of class 1, 2, 3; 4 below
LEAST_FALL = 1e-4  # m/m; a stream falls at least this much
BED_KEPT_M = np.float32(25.0)  # m; how deep main rivers are cut for routing, so that they stay in their beds


@dataclass(frozen=True, slots=True)
class Basin:
    """Where the water of an area goes: flow over the relief, and the area drained through each cell, km2, flat.

    ``upstream_km2`` counts what rivers bring from outside the area mapped.
    """

    flow: Drainage
    upstream_km2: Floats


@dataclass(frozen=True, slots=True)
class Stream:
    """One stream from its head to the stream it joins.

    x, y, z : m, about every 120 m, z falling. upstream_km2 : at each point. cells : its cells on the relief.
    parent : index of the stream it joins (-1 = leaves the area). course : index of its true course, or -1.
    """

    x: Floats
    y: Floats
    z: Floats
    upstream_km2: Floats
    cells: Cells
    parent: int
    course: int
    names: Names | None

    @property
    def along(self) -> Floats:
        """Distance from the head, m."""
        return np.concatenate([[0.0], np.cumsum(np.hypot(np.diff(self.x), np.diff(self.y)))])


def basin(relief: Grid, courses: list[MetricCourse]) -> Basin:
    """Return the drainage of a relief; rivers that enter the area bring the land they drain outside it."""
    flow = drainage(relief)
    area = np.nan_to_num(contributing_area_m2(flow).values.astype(np.float64)) / 1e6
    reach = int(NAMED_WITHIN_M // relief.cell_m)
    for course in courses:
        row, col = (int(k[0]) for k in cells_of(relief, course.x[:1], course.y[:1]))
        top, left = max(row - reach, 0), max(col - reach, 0)
        window = area[top : row + reach + 1, left : col + reach + 1]
        down, right = np.unravel_index(np.argmax(window), window.shape)
        cell, below = -1, int((top + down) * relief.shape[1] + left + right)
        while cell != below:
            cell, below = below, int(flow.receiver[below])
            area.ravel()[cell] += course.course.upstream_km2
    return Basin(flow, area.ravel())


def on_ground(level: Grid, main: list[Stream], courses: list[MetricCourse]) -> tuple[Basin, list[Stream]]:
    """Return drainage and streams of the finished ground, the main rivers kept in their beds.

    level : ground on the cells of the relief. main : streams that have a floor.
    """
    values = level.values.copy()
    bed = np.unique(np.concatenate([stream.cells for stream in main]))
    values.ravel()[bed] -= BED_KEPT_M
    kept = basin(on(level, values), courses)
    return kept, streams(kept, level, courses)


def streams(basin: Basin, level: Grid, courses: list[MetricCourse]) -> list[Stream]:
    """Return the streams, each after the one it joins; at a fork the larger branch carries the stream on.

    level : elevation the long profiles are taken from, on the cells of the basin.
    """
    paths = _paths(basin)
    found: list[Stream] = []
    place: dict[int, tuple[int, int]] = {}
    for cells in paths:
        joined = place.get(int(basin.flow.receiver[cells[-1]]))
        parent = -1 if joined is None else joined[0]
        junction = None if joined is None else (found[joined[0]], joined[1])
        stream = _shaped(basin, level, cells, parent, junction, courses)
        for k, cell in enumerate(cells):
            place[int(cell)] = (len(found), k)
        found.append(stream)
    return found


def _paths(basin: Basin) -> list[Cells]:
    """Cells of every stream from head to end, main streams first."""
    area, receiver = basin.upstream_km2, basin.flow.receiver
    wet = np.flatnonzero(area >= STREAM_KM2)
    donors: dict[int, list[int]] = {}
    for cell in wet[np.argsort(-area[wet], kind="stable")]:
        below = int(receiver[cell])
        donors.setdefault(-1 if below == cell else below, []).append(int(cell))
    starts = donors.get(-1, [])
    paths = []
    while starts:
        later = []
        for cell in starts:
            path = [cell]
            while path[-1] in donors:
                first, *others = donors[path[-1]]
                later.extend(others)
                path.append(first)
            if len(path) > 4:
                paths.append(np.array(path[::-1], dtype=np.int64))
        starts = later
    return paths


def _shaped(
    basin: Basin,
    relief: Grid,
    cells: Cells,
    parent: int,
    junction: tuple[Stream, int] | None,
    courses: list[MetricCourse],
) -> Stream:
    cols = relief.shape[1]
    x: Floats = np.asarray(relief.x_min + (cells % cols + 0.5) * relief.cell_m, dtype=np.float64)
    y: Floats = np.asarray(relief.y_max - (cells // cols + 0.5) * relief.cell_m, dtype=np.float64)
    course = _course_of(x, y, courses)
    z = np.minimum.accumulate(at(relief, x, y))
    along = np.concatenate([[0.0], np.cumsum(np.hypot(np.diff(x), np.diff(y)))])
    x, y = (gaussian_filter1d(values, BEND_SIGMA_CELLS, mode="nearest") for values in (x, y))
    large = basin.upstream_km2[cells[-1]] >= LARGE_KM2
    z = gaussian_filter1d(z, PROFILE_SIGMA_M[int(large)] / relief.cell_m, mode="nearest")
    if junction is not None:
        into, k = junction
        near_end = np.exp(-(along[-1] - along) / 1_200.0)
        x = x + near_end * (into.x[k] - x[-1])
        y = y + near_end * (into.y[k] - y[-1])
        z = z + near_end * (into.z[k] - z[-1])
    z = np.maximum.accumulate((z + LEAST_FALL * along)[::-1])[::-1] - LEAST_FALL * along
    names = None if course < 0 else courses[course].course.names
    return Stream(x, y, z, basin.upstream_km2[cells], cells, parent, course, names)


def _course_of(x: Floats, y: Floats, courses: list[MetricCourse]) -> int:
    """Index of the true course a line of points follows, or -1."""
    for index, course in enumerate(courses):
        apart = np.hypot(x[:, None] - course.x[None, ::20], y[:, None] - course.y[None, ::20])
        if np.median(apart.min(axis=0)) < NAMED_WITHIN_M and np.median(apart.min(axis=1)) < NAMED_WITHIN_M:
            return index
    return -1


def frame(found: list[Stream], area: str) -> gpd.GeoDataFrame:
    """Return streams as rows of the rivers layer, EPSG:32642."""
    names = [stream.names for stream in found]
    drained = np.array([stream.upstream_km2[-1] for stream in found])
    return gpd.GeoDataFrame(
        {
            "code": [f"demo-{area}-w{k:04d}" for k in range(1, len(found) + 1)],
            "name_en": [name.en if name else None for name in names],
            "name_tg": [name.tg if name else None for name in names],
            "name_ru": [name.ru if name else None for name in names],
            "stream_class": np.select([drained >= limit for limit in CLASS_KM2], [1, 2, 3], 4),
            "upstream_km2": np.round(drained, 1),
            "basis": "derived",
        },
        geometry=[shapely.linestrings(stream.x, stream.y) for stream in found],
        crs=WORKING_CRS,
    )
