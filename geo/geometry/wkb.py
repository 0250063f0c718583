"""Polygons between Well-Known Binary and coordinate arrays, without an object for any of them.

Well-Known Binary is OGC 06-103r4, section 8.2; with a SRID it is PostGIS's extended form. Only what most files hold is
read here: little-endian polygons and multipolygons of two dimensions whose rings close; the rest is for GEOS.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from geo.geometry.kernels import wkb as kernels
from geo.geometry.kernels.wkb import COUNT_BYTES, HEAD_BYTES, POINT_BYTES
from geo.geometry.ragged import Ragged

Bytes = NDArray[np.uint8]
Ints = NDArray[np.int64]
Flags = NDArray[np.bool_]


def polygons_of_wkb(data: Bytes, start: Ints, size: Ints) -> tuple[Ragged, Flags]:
    """Return the coordinates of polygons in Well-Known Binary, and which of them are multipolygons.

    A geometry that is not read here (of another kind, with heights, empty, with a ring that does not close, cut short)
    has no path and is not ``areal``.

    Parameters
    ----------
    data : uint8, all of them in one buffer
    start : int64 (n,), where each begins
    size : int64 (n,), its bytes, or fewer than 0 for a missing one

    Returns
    -------
    coordinates in the CRS of the data, which may be NaN or infinite, and bool (n,)

    References
    ----------
    OGC 06-103r4, section 8.2.
    """
    rings, points = np.empty(len(start), dtype=np.int64), np.empty(len(start), dtype=np.int64)
    taken, multiple = np.empty(len(start), dtype=np.bool_), np.empty(len(start), dtype=np.bool_)
    kernels.count(data, start, size, rings, points, taken, multiple)
    geometry_start = _starts(rings)
    path_start = np.zeros(geometry_start[-1] + 1, dtype=np.int64)
    hole = np.empty(geometry_start[-1], dtype=np.bool_)
    xy = np.empty((points.sum(), 2), dtype=np.float64)
    kernels.fill(data, start, multiple, geometry_start, path_start, hole, xy.reshape(-1).view(np.uint8))
    return Ragged(xy, path_start, geometry_start, hole, taken), multiple & taken


def _starts(counts: Ints) -> Ints:
    starts = np.zeros(len(counts) + 1, dtype=np.int64)
    np.cumsum(counts, out=starts[1:])
    return starts


def multipolygons_as_ewkb(polygons: Ragged, srid: int) -> tuple[Bytes, Ints]:
    """Return polygons as multipolygons in PostGIS's binary form with their SRID.

    Parameters
    ----------
    polygons : coordinates of n polygons or multipolygons
    srid : EPSG number of their CRS

    Returns
    -------
    uint8, one after the other in one buffer, and int64 (n + 1,), where each begins; one without paths has no bytes
    """
    rings = np.diff(polygons.geometry_start)
    owner = np.repeat(np.arange(len(polygons)), rings)
    parts = np.bincount(owner[~polygons.hole], minlength=len(polygons))
    first, after = polygons.geometry_start[:-1], polygons.geometry_start[1:]
    points = polygons.path_start[after] - polygons.path_start[first]
    head = HEAD_BYTES + 2 * COUNT_BYTES  # with the SRID and the number of parts
    size = head + parts * (HEAD_BYTES + COUNT_BYTES) + rings * COUNT_BYTES + points * POINT_BYTES
    start = _starts(np.where(rings > 0, size, 0))
    data = np.empty(start[-1], dtype=np.uint8)
    xy = np.ascontiguousarray(polygons.xy).reshape(-1).view(np.uint8)
    kernels.write(xy, polygons.path_start, polygons.geometry_start, polygons.hole, parts, srid, start, data)
    return data, start
