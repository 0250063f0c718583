"""Geometries as flat coordinate arrays, the form the compiled kernels read."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import shapely
from numpy.typing import NDArray

from geo.errors import GeometryError
from geo.geometry.kernels import ragged as kernels

Geometries = NDArray[np.object_]
BLOCK = 1_024  # geometries asked at a time
POLYGON = int(shapely.GeometryType.POLYGON)
MULTIPOLYGON = int(shapely.GeometryType.MULTIPOLYGON)
MULTIPOINT = int(shapely.GeometryType.MULTIPOINT)  # the multiple kinds and the collection follow it
COLLECTION = int(shapely.GeometryType.GEOMETRYCOLLECTION)


@dataclass(frozen=True, slots=True)
class Ragged:
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
        return len(self.areal)

    @property
    def paths(self) -> tuple[NDArray[np.float64], NDArray[np.int64], NDArray[np.int64]]:
        """The coordinates and the two levels of starts, as every kernel takes them."""
        return self.xy, self.path_start, self.geometry_start

    def bounds(self) -> NDArray[np.float64]:
        """Return the box of each geometry.

        Returns
        -------
        float64 (n, 4), west, south, east, north; NaN for a missing or empty one
        """
        found = np.full((len(self), 4), np.nan)
        filled = np.flatnonzero(np.diff(self.geometry_start) > 0)
        if len(filled):
            first_vertex = self.path_start[self.geometry_start[filled]]
            found[filled, :2] = np.minimum.reduceat(self.xy, first_vertex)
            found[filled, 2:] = np.maximum.reduceat(self.xy, first_vertex)
        return found

    def take(self, rows: NDArray[np.int64]) -> Ragged:
        """Return the coordinates of some of the geometries.

        Parameters
        ----------
        rows : int64 (k,), their positions, in the order wanted

        Returns
        -------
        copies of their coordinates
        """
        paths = np.diff(self.geometry_start)[rows]
        geometry_start = _starts(paths)
        path_start = np.zeros(geometry_start[-1] + 1, dtype=np.int64)
        first, after = self.geometry_start[rows], self.geometry_start[rows + 1]
        xy = np.empty(((self.path_start[after] - self.path_start[first]).sum(), 2), dtype=np.float64)
        hole = np.empty(geometry_start[-1], dtype=np.bool_)
        kernels.gather(*self.paths, self.hole, rows, path_start, hole, xy)
        return Ragged(xy, path_start, geometry_start, hole, self.areal[rows])

    def boxes(self) -> Geometries:
        """Return the bounding box of each geometry as a polygon.

        Returns
        -------
        object (n,), None for a missing or empty one
        """
        found = np.full(len(self), None, dtype=object)
        bounds = self.bounds()
        filled = ~np.isnan(bounds[:, 0])
        found[filled] = shapely.box(*bounds[filled].T)
        return found


def join(parts: Sequence[Ragged]) -> Ragged:
    """Return the coordinates of all geometries of some parts, one part after the other.

    Parameters
    ----------
    parts : at least one, in the same CRS

    Returns
    -------
    copies of their coordinates
    """
    if len(parts) == 1:
        return parts[0]
    vertices, paths = _starts_of([len(part.xy) for part in parts]), _starts_of([len(part.hole) for part in parts])
    return Ragged(
        xy=np.concatenate([part.xy for part in parts]),
        path_start=_end_to_end([part.path_start for part in parts], vertices),
        geometry_start=_end_to_end([part.geometry_start for part in parts], paths),
        hole=np.concatenate([part.hole for part in parts]),
        areal=np.concatenate([part.areal for part in parts]),
    )


def _starts_of(counts: Sequence[int]) -> NDArray[np.int64]:
    return _starts(np.array(counts, dtype=np.int64))


def _end_to_end(starts: Sequence[NDArray[np.int64]], before: NDArray[np.int64]) -> NDArray[np.int64]:
    moved = [start[:-1] + first for start, first in zip(starts, before[:-1], strict=True)]
    return np.concatenate([*moved, before[-1:]])


def _starts(counts: NDArray[np.int64]) -> NDArray[np.int64]:
    starts = np.zeros(len(counts) + 1, dtype=np.int64)
    np.cumsum(counts, out=starts[1:])
    return starts


def _read(array: Geometries) -> tuple[NDArray[np.int32], NDArray[np.int64], NDArray[np.bool_], NDArray[np.float64]]:
    """Return the kind of each geometry, how many vertices it has, whether it is a polygon with holes, and all vertices.

    A geometry of GEOS is several objects here and there in memory: what is asked of a few thousand, one question after
    the other, is answered from the cache.
    """
    kind = np.empty(len(array), dtype=np.int32)
    vertices = np.empty(len(array), dtype=np.int64)
    holed = np.empty(len(array), dtype=np.bool_)
    xy = [np.empty((0, 2))]
    for start in range(0, len(array), BLOCK):
        block = slice(start, start + BLOCK)
        kind[block] = shapely.get_type_id(array[block])
        vertices[block] = shapely.get_num_coordinates(array[block])
        holed[block] = shapely.get_num_interior_rings(array[block]) > 0
        xy.append(shapely.get_coordinates(array[block]))
    return kind, vertices, holed, np.concatenate(xy)


def _paths(array: Geometries) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.bool_]]:
    """Return of each path the geometry it belongs to, how many vertices it has, and whether it is a hole."""
    parts, owner = shapely.get_parts(array, return_index=True)
    vertices = shapely.get_num_coordinates(parts)
    parts, owner, vertices = parts[vertices > 0], owner[vertices > 0], vertices[vertices > 0]
    holed = np.flatnonzero(shapely.get_num_interior_rings(parts) > 0)
    count = np.ones(len(parts), dtype=np.int64)
    count[holed] += shapely.get_num_interior_rings(parts[holed])
    start = _starts(count)
    lengths = np.empty(start[-1], dtype=np.int64)
    hole = np.ones(start[-1], dtype=np.bool_)
    hole[start[:-1]] = False
    lengths[start[:-1]] = vertices
    rings, of_holed = shapely.get_rings(parts[holed], return_index=True)
    place = start[:-1][holed][of_holed] + np.arange(len(rings)) - _starts(count[holed])[:-1][of_holed]
    lengths[place] = shapely.get_num_coordinates(rings)
    return np.repeat(owner, count), lengths, hole


def ragged(geometries: Geometries | Sequence[shapely.Geometry | None], *, first: int = 0) -> Ragged:
    """Return the coordinates of points, lines and polygons, single or multiple, mixed as they come.

    Shapely's ``to_ragged_array`` makes an object of every ring, which takes longer than measuring the plots does; here
    only multiple geometries and polygons with holes are taken apart. Z and M are left out.

    Parameters
    ----------
    geometries : n geometries in any CRS; missing and empty ones have no path
    first : position of the first geometry, for messages

    Returns
    -------
    coordinates in the CRS of the geometries

    Raises
    ------
    GeometryError : a geometry collection, named by its position.
    """
    array = np.asarray(geometries, dtype=object).ravel()
    kind, vertices, holed, xy = _read(array)
    if (kind == COLLECTION).any():
        row = first + int(np.argmax(kind == COLLECTION))
        raise GeometryError(f"Geometry {row} is a collection; expected a point, line or polygon, single or multiple.")
    paths = np.minimum(vertices, 1)
    # Only what has several paths, or may have, is taken apart; of most plots it is enough to count the vertices.
    taken = np.flatnonzero(holed | (kind >= MULTIPOINT))
    owner, lengths_taken, hole_taken = _paths(array[taken])
    paths[taken] = np.bincount(owner, minlength=len(taken))
    geometry_start = _starts(paths)
    lengths = np.zeros(geometry_start[-1], dtype=np.int64)
    hole = np.zeros(geometry_start[-1], dtype=np.bool_)
    whole = paths == 1
    whole[taken] = False
    lengths[geometry_start[:-1][whole]] = vertices[whole]
    place = geometry_start[:-1][taken][owner] + np.arange(len(owner)) - _starts(paths[taken])[:-1][owner]
    lengths[place], hole[place] = lengths_taken, hole_taken
    areal = (kind == POLYGON) | (kind == MULTIPOLYGON)
    return Ragged(xy=xy, path_start=_starts(lengths), geometry_start=geometry_start, hole=hole, areal=areal)
