"""Which district and jamoat land belongs to: the side valleys that drain to a stretch of the main river.

True boundaries are not part of the demo. These follow the watersheds, which is where boundaries in these mountains
mostly run, and are loaded as synthetic.
"""

from __future__ import annotations

from dataclasses import dataclass

import geopandas as gpd
import numpy as np
import shapely
from numpy.typing import NDArray
from rasterio.features import geometry_mask, shapes
from scipy.ndimage import median_filter
from scipy.spatial import cKDTree
from shapely.geometry import shape

from geo.terrain.drainage import catchments
from geo.terrain.grid import Grid, north_up
from scripts.demo_region.ground.courses import MetricCourse
from scripts.demo_region.ground.fields import cells_of
from scripts.demo_region.ground.rivers import Basin, Stream
from scripts.demo_region.places import Area, District

NOBODY = -1  # land outside the districts of the demo
MARGIN_CELLS = 8  # cells kept free along the edge of the area, where catchments are cut off
BOUNDARY_TOLERANCE_M = 240.0  # m; two cells
EDGE_CELLS = 5  # cells; side of the filter that takes single cells off boundaries


@dataclass(frozen=True, slots=True)
class Division:
    """Land by district and jamoat on the cells of the relief; NOBODY outside.

    district : index into the area's districts. jamoat : number of the jamoat in its district, NOBODY where none is
    drawn.
    """

    cells: Grid
    district: NDArray[np.int16]
    jamoat: NDArray[np.int16]

    def district_at(self, x: NDArray[np.float64], y: NDArray[np.float64]) -> NDArray[np.int16]:
        """Index of the district that holds each point."""
        return np.asarray(self.district[cells_of(self.cells, x, y)])

    def jamoat_at(self, x: NDArray[np.float64], y: NDArray[np.float64]) -> NDArray[np.int16]:
        """Index of the jamoat that holds each point, in its district."""
        return np.asarray(self.jamoat[cells_of(self.cells, x, y)])


def divided(area: Area, basin: Basin, streams: list[Stream], courses: list[MetricCourse]) -> Division:
    """Return the land of the area divided along watersheds into districts, and these into jamoats along the river."""
    relief = basin.flow.dem
    codes = [district.code for district in area.districts]
    outlet_cells, outlet_district, outlet_jamoat = [], [], []
    for stream in streams:
        if stream.course < 0:
            continue
        course = courses[stream.course]
        _, nearest = cKDTree(np.column_stack([course.x, course.y])).query(np.column_stack([stream.x, stream.y]))
        district = np.array([codes.index(code) for code in course.district[nearest]], dtype=np.int16)
        outlet_cells.append(stream.cells)
        outlet_district.append(district)
        outlet_jamoat.append(_along_river(stream, district, area.districts))
    cells = np.concatenate(outlet_cells)
    outlet = catchments(basin.flow, cells)
    inside = outlet >= 0
    inside[:MARGIN_CELLS], inside[-MARGIN_CELLS:] = False, False
    inside[:, :MARGIN_CELLS], inside[:, -MARGIN_CELLS:] = False, False
    labels = []
    for values in (np.concatenate(outlet_district), np.concatenate(outlet_jamoat)):
        label = np.where(inside, values[np.maximum(outlet, 0)], NOBODY).astype(np.int16)
        labels.append(median_filter(label, EDGE_CELLS, mode="nearest"))
    district, jamoat = labels
    return Division(relief, district, np.where(district == NOBODY, NOBODY, jamoat).astype(np.int16))


def as_given(area: Area, cells: Grid, districts: gpd.GeoDataFrame) -> Division:
    """Return the land of the area divided by true districts, known by their codes; no jamoats."""
    label = np.full(cells.shape, NOBODY, dtype=np.int16)
    transform = north_up(cells.x_min, cells.y_max, cells.cell_m, cells.cell_m)
    for index, about in enumerate(area.districts):
        outline = districts.geometry[(districts["code"] == about.code).to_numpy()]
        if len(outline):
            label[geometry_mask(outline, cells.shape, transform, invert=True)] = index
    return Division(cells, label, np.full(cells.shape, NOBODY, dtype=np.int16))


def _along_river(stream: Stream, district: NDArray[np.int16], districts: tuple[District, ...]) -> NDArray[np.int16]:
    """Number of the jamoat on each point of a main river: names are listed up the river, so counting runs upwards."""
    result = np.full(len(district), NOBODY, dtype=np.int16)
    for index, about in enumerate(districts):
        mine = np.flatnonzero(district == index)
        if len(mine) and about.jamoats and stream.parent == NOBODY:
            place = np.linspace(len(about.jamoats) - 1e-6, 0.0, len(mine))
            result[mine] = place.astype(np.int16)
        elif len(mine) and about.jamoats:
            result[mine] = len(about.jamoats) - 1
    return result


def outlines(labels: NDArray[np.int16], cells: Grid) -> dict[int, shapely.Geometry]:
    """Return one outline per label, neighbours sharing their edges; EPSG:32642. Islands of another label are filled."""
    transform = north_up(cells.x_min, cells.y_max, cells.cell_m, cells.cell_m)
    pieces = [(int(value), shape(outline)) for outline, value in shapes(labels, labels != NOBODY, transform=transform)]
    number = np.array([value for value, _ in pieces])
    parts = np.array([outline for _, outline in pieces], dtype=object)
    merged = {value: shapely.union_all(parts[number == value]) for value in np.unique(number).tolist()}
    simple = shapely.coverage_simplify(list(merged.values()), BOUNDARY_TOLERANCE_M)
    return dict(zip(merged, simple, strict=True))
