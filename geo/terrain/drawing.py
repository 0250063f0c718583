"""Outlines and lines on the cells of a height grid, by GDAL's rasterisation.

Coordinates are handed to GDAL as lists, all at once: taken vertex by vertex from geometries they cost more than the
drawing. What lies beside the grid is left out first.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray
from rasterio.features import rasterize

from geo.terrain.grid import Grid, north_up

Geometries = NDArray[np.object_]
LINES = (shapely.GeometryType.LINESTRING, shapely.GeometryType.LINEARRING)


def draw(
    layers: Sequence[tuple[Geometries, float]], dem: Grid, *, all_touched: bool, dtype: str = "uint8"
) -> NDArray[Any]:
    """Return the number of each cell, of several sets of geometries that have one; the later wins a shared cell.

    Parameters
    ----------
    layers : geometries in EPSG:32642, object (n,), and their number; a missing or empty one is left out
    dem : where the cells lie
    all_touched : every cell that is touched, else those whose centre an outline covers
    dtype : of the numbers

    Returns
    -------
    (rows, cols), 0 where nothing is drawn
    """
    shapes = [(shape, number) for geometries, number in layers for shape in _on_grid(geometries, dem)]
    if not shapes:
        return np.zeros(dem.shape, dtype=dtype)
    transform = north_up(dem.x_min, dem.y_max, dem.cell_m, dem.cell_m)
    return np.asarray(rasterize(shapes, out_shape=dem.shape, transform=transform, all_touched=all_touched, dtype=dtype))


def _on_grid(geometries: Geometries, dem: Grid) -> list[Any]:
    """Return what can reach the cells of a grid, in a form rasterio takes: lines together, polygons one by one."""
    x_min, y_min, x_max, y_max = dem.bounds
    west, south, east, north = shapely.bounds(geometries).reshape(-1, 4).T  # NaN of a missing or empty one
    margin = dem.cell_m
    near = (west <= x_max + margin) & (east >= x_min - margin) & (south <= y_max + margin) & (north >= y_min - margin)
    parts = shapely.get_parts(geometries[near])
    kind = shapely.get_type_id(parts)
    lines = np.isin(kind, LINES)
    polygons = kind == shapely.GeometryType.POLYGON
    found: list[Any] = list(parts[~lines & ~polygons])
    if lines.any():
        found.append({"type": "MultiLineString", "coordinates": _paths(parts[lines])})
    if polygons.any():
        rings, owner = shapely.get_rings(parts[polygons], return_index=True)
        paths = _paths(rings)
        starts = np.searchsorted(owner, np.arange(int(polygons.sum()) + 1)).tolist()
        found += [
            {"type": "Polygon", "coordinates": paths[first:last]} for first, last in pairwise(starts) if last > first
        ]
    return found


def _paths(lines: Geometries) -> list[list[list[float]]]:
    """Coordinates of lines or rings that are not empty."""
    xy = shapely.get_coordinates(lines).tolist()
    ends = np.cumsum(shapely.get_num_coordinates(lines)).tolist()
    return [xy[first:last] for first, last in zip([0, *ends[:-1]], ends, strict=True) if last > first]
