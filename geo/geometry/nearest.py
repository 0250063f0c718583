"""Exact distance from plots to the nearest canal, road or point, with which one and where on it.

A plot looks for the segment nearest to its middle in the cells around it (``geo.geometry.segment_grid``); how far that
one is bounds the cells and the segments that can hold anything as near. Distances that only decide what is looked at
are reckoned several at a time and rounded as the machine likes; every distance, place and tie that counts is reckoned
the same way whatever was looked at before.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import shapely
from numpy.typing import NDArray

from geo.compiled.threads import over_blocks
from geo.errors import GeometryError
from geo.geometry.kernels import nearest as kernels
from geo.geometry.ragged import Geometries, Ragged, ragged
from geo.geometry.segment_grid import segment_grid

Floats = NDArray[np.float64]
Indices = NDArray[np.int64]

STRETCH = 256  # listed segments reckoned at a time; their distances stay in the nearest cache


@dataclass(frozen=True, slots=True)
class NearestLine:
    """The nearest line to each of n geometries.

    index : int64 (n,), position among the lines, -1 where none is near enough and for a geometry without a place
    (missing, empty, or with a coordinate that is not a finite number). distance_m : float64 (n,), 0 where the
    line crosses, touches or lies inside the geometry. x_m, y_m : float64 (n,), the point of the line nearest to the
    geometry; where the line enters the geometry, the first such point along the line. along_m : float64 (n,), distance
    from the start of the line to that point along it, parts of a multiple line one after another. NaN where
    index is -1.
    """

    index: Indices
    distance_m: Floats
    x_m: Floats
    y_m: Floats
    along_m: Floats


@dataclass(frozen=True, slots=True)
class NearestPoint:
    """The nearest point to each of n geometries: as NearestLine, without a place along it."""

    index: Indices
    distance_m: Floats
    x_m: Floats
    y_m: Floats


def _check_dimension(targets: Ragged, geometries: Geometries, dimension: int, kind: str) -> None:
    wrong = (np.diff(targets.geometry_start) > 0) & (shapely.get_dimensions(geometries) != dimension)
    if wrong.any():
        raise GeometryError(f"Geometry {int(np.argmax(wrong))} to measure to is not a {kind}.")


def _nearest(geometries: Geometries | Ragged, targets: Ragged, within_m: float) -> tuple[Indices, Floats]:
    if not within_m >= 0.0:
        raise ValueError(f"A search distance of {within_m} m is not a distance.")
    asking = geometries if isinstance(geometries, Ragged) else np.asarray(geometries, dtype=object).ravel()
    n = len(asking)
    index, place = np.full(n, -1, dtype=np.int64), np.full((n, 4), np.nan)
    grid = segment_grid(targets)
    kept: list[Indices] = []  # marks of segments of blocks that are done, for those to come

    def search(start: int, stop: int) -> None:
        # Coordinates are taken out of the geometries block by block, while another thread is searching.
        if isinstance(asking, Ragged):
            path_start, geometry_start = asking.path_start, asking.geometry_start[start : stop + 1]
            xy, areal = asking.xy, asking.areal[start:stop]
        else:
            block = ragged(asking[start:stop], first=start)
            (xy, path_start, geometry_start), areal = block.paths, block.areal
        if grid is None:
            return
        seen = kept.pop() if kept else np.full(len(grid.lines), -1, dtype=np.int64)
        most = int(np.diff(path_start[geometry_start]).max(initial=0))
        kernels.search(
            xy, path_start, geometry_start, areal, grid, float(within_m), index[start:stop], place[start:stop],
            seen, start, np.empty((5, most)), np.empty(most), np.empty(most), np.empty(STRETCH),
        )  # fmt: skip
        kept.append(seen)

    over_blocks(search, n)
    return index, place


def nearest_line(geometries: Geometries | Ragged, lines: Geometries, *, within_m: float = np.inf) -> NearestLine:
    """Return the line nearest to each geometry, exactly, and where on it.

    Of several lines at the same distance the one that comes first among ``lines`` is taken.

    Parameters
    ----------
    geometries : n points, lines or polygons in EPSG:32642, or their coordinates made once by ``ragged``
    lines : lines in EPSG:32642; a missing or empty one is never the nearest
    within_m : metres; lines further away than this are not found

    Returns
    -------
    line, distance and place of each geometry

    Raises
    ------
    GeometryError : a polygon or a point among the lines, a collection, or a coordinate of a line that is not finite.
    """
    targets = ragged(lines)
    _check_dimension(targets, lines, 1, "line")
    index, place = _nearest(geometries, targets, within_m)
    return NearestLine(index, place[:, 0], place[:, 1], place[:, 2], place[:, 3])


def nearest_point(geometries: Geometries | Ragged, points: Geometries, *, within_m: float = np.inf) -> NearestPoint:
    """Return the point nearest to each geometry, exactly; distance 0 where it lies in a polygon.

    Of several points at the same distance the one that comes first among ``points`` is taken.

    Parameters
    ----------
    geometries : n points, lines or polygons in EPSG:32642, or their coordinates made once by ``ragged``
    points : points in EPSG:32642; a missing or empty one is never the nearest
    within_m : metres; points further away than this are not found

    Returns
    -------
    point, distance and place of each geometry

    Raises
    ------
    GeometryError : a polygon or a line among the points, a collection, or a coordinate of a point that is not finite.
    """
    targets = ragged(points)
    _check_dimension(targets, points, 0, "point")
    index, place = _nearest(geometries, targets, within_m)
    return NearestPoint(index, place[:, 0], place[:, 1], place[:, 2])
