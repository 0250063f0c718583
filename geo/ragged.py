"""Geometries as flat coordinate arrays, the form the compiled kernels read."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import shapely
from numpy.typing import NDArray

from geo.errors import GeometryError

Geometries = NDArray[np.object_]
POLYGON = int(shapely.GeometryType.POLYGON)
COLLECTION = int(shapely.GeometryType.GEOMETRYCOLLECTION)


class Ragged(NamedTuple):
    """Coordinates of n geometries; a path is one ring, one line or one point.

    xy : float64 (vertices, 2), in the CRS of the geometries.
    path_start : int64 (paths + 1), where each path begins in ``xy``.
    geometry_start : int64 (n + 1), where each geometry begins among the paths; a missing or empty one has none.
    hole : bool (paths,), the path is the interior ring of a polygon.
    areal : bool (n,), the geometry is a polygon or multipolygon.
    """

    xy: NDArray[np.float64]
    path_start: NDArray[np.int64]
    geometry_start: NDArray[np.int64]
    hole: NDArray[np.bool_]
    areal: NDArray[np.bool_]

    def __len__(self) -> int:
        """Return the number of geometries, not of fields."""
        return len(self.areal)


def _starts(counts: NDArray[np.int64]) -> NDArray[np.int64]:
    starts = np.zeros(len(counts) + 1, dtype=np.int64)
    np.cumsum(counts, out=starts[1:])
    return starts


def ragged(geometries: Geometries | Sequence[shapely.Geometry | None]) -> Ragged:
    """Return the coordinates of points, lines and polygons, single or multiple, mixed as they come.

    Shapely's ``to_ragged_array`` makes an object of every ring, which takes longer than measuring the plots does;
    here only polygons with holes are taken apart, all others are counted. Z and M are left out.

    Raises GeometryError for a geometry collection.
    """
    array = np.asarray(geometries, dtype=object).ravel()
    if (shapely.get_type_id(array) == COLLECTION).any():
        row = int(np.argmax(shapely.get_type_id(array) == COLLECTION))
        raise GeometryError(f"Geometry {row} is a collection; expected a point, line or polygon, single or multiple.")
    parts, owner = shapely.get_parts(array, return_index=True)
    vertices = shapely.get_num_coordinates(parts).astype(np.int64)
    rings = np.where(vertices > 0, 1, 0)
    holed = np.flatnonzero((shapely.get_type_id(parts) == POLYGON) & (shapely.get_num_interior_rings(parts) > 0))
    rings[holed] += shapely.get_num_interior_rings(parts[holed])
    part_start = _starts(rings)
    lengths = np.empty(part_start[-1], dtype=np.int64)
    hole = np.zeros(part_start[-1], dtype=np.bool_)
    single = np.ones(len(parts), dtype=np.bool_)
    single[holed] = False
    single &= vertices > 0
    lengths[part_start[:-1][single]] = vertices[single]
    if len(holed):
        ring_of_holed, holed_index = shapely.get_rings(parts[holed], return_index=True)
        within = np.arange(len(holed_index)) - _starts(rings[holed])[:-1][holed_index]
        places = part_start[:-1][holed][holed_index] + within
        lengths[places] = shapely.get_num_coordinates(ring_of_holed)
        hole[places] = within > 0
    paths = np.bincount(owner, weights=rings, minlength=len(array)).astype(np.int64)
    return Ragged(
        xy=np.ascontiguousarray(shapely.get_coordinates(array)),
        path_start=_starts(lengths),
        geometry_start=_starts(paths),
        hole=hole,
        areal=shapely.get_dimensions(array) == 2,
    )
