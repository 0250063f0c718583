"""Polygons between Well-Known Binary and coordinate arrays, without an object for any of them.

Well-Known Binary is OGC 06-103r4, section 8.2; with a SRID it is PostGIS's extended form. Only what most files hold is
read here: little-endian polygons and multipolygons of two dimensions whose rings close; the rest is for GEOS.
"""

from __future__ import annotations

import numpy as np
from numba import njit
from numpy.typing import NDArray

from geo.geometry.ragged import Ragged

Bytes = NDArray[np.uint8]
Ints = NDArray[np.int64]
Flags = NDArray[np.bool_]

LITTLE_ENDIAN = 1
POINT, POLYGON, MULTIPOLYGON = 1, 3, 6  # OGC 06-103r4, table 7; a multiple is three more than its parts
SRID_FOLLOWS = 0x2000_0000  # PostGIS: a flag in the type
HEAD_BYTES = 5  # byte order and type
COUNT_BYTES = 4  # of rings, of points, of parts; a SRID takes as many
POINT_BYTES = 16  # x and y, float64
FEWEST_POINTS = 4  # of a closed ring, the first counted again as the last


@njit(cache=True, nogil=True)
def number_at(data, at):  # type: ignore[no-untyped-def]
    """Return the whole number of 4 bytes, little-endian, that stands at a place of a buffer, int64."""
    return (
        np.int64(data[at]) | np.int64(data[at + 1]) << 8 | np.int64(data[at + 2]) << 16 | np.int64(data[at + 3]) << 24
    )


@njit(cache=True, nogil=True)
def _rings(data, at, end, points):  # type: ignore[no-untyped-def]
    """Count the rings of the polygon whose number of rings stands at a place, and its points; where it ends, -1 = odd.

    A ring is odd when it has too few points, when its last point is not its first, or when it is cut short.
    """
    if at + COUNT_BYTES > end:
        return 0, points, -1
    rings = number_at(data, at)
    at += COUNT_BYTES
    if rings == 0:
        return 0, points, -1
    for _ in range(rings):
        if at + COUNT_BYTES > end:
            return 0, points, -1
        n = number_at(data, at)
        at += COUNT_BYTES
        last = at + (n - 1) * POINT_BYTES
        if n < FEWEST_POINTS or last + POINT_BYTES > end:
            return 0, points, -1
        for k in range(POINT_BYTES):
            if data[at + k] != data[last + k]:
                return 0, points, -1
        points += n
        at = last + POINT_BYTES
    return rings, points, at


@njit(cache=True, nogil=True)
def _count(data, start, size, rings, points, taken, multiple):  # type: ignore[no-untyped-def]
    for g in range(len(start)):
        taken[g], multiple[g], rings[g], points[g] = False, False, 0, 0
        at, end = start[g], start[g] + size[g]
        if size[g] < HEAD_BYTES + COUNT_BYTES or data[at] != LITTLE_ENDIAN:
            continue
        kind = number_at(data, at + 1)
        at += HEAD_BYTES
        parts = 1
        if kind == MULTIPOLYGON:
            multiple[g] = True
            parts = number_at(data, at)
            at += COUNT_BYTES
        elif kind != POLYGON:
            continue
        found, seen = 0, 0
        for _ in range(parts):
            if kind == MULTIPOLYGON:
                if at + HEAD_BYTES > end or data[at] != LITTLE_ENDIAN or number_at(data, at + 1) != POLYGON:
                    at = -1
                    break
                at += HEAD_BYTES
            more, seen, at = _rings(data, at, end, seen)
            found += more
            if at < 0:
                break
        if parts > 0 and at == end:
            taken[g], rings[g], points[g] = True, found, seen


@njit(cache=True, nogil=True)
def _fill(data, start, multiple, geometry_start, path_start, hole, xy):  # type: ignore[no-untyped-def]
    """Copy the points of what was taken; ``xy`` is the bytes of the coordinates."""
    path, to = 0, 0
    for g in range(len(start)):
        if geometry_start[g + 1] == geometry_start[g]:
            continue
        at = start[g] + HEAD_BYTES
        if multiple[g]:
            at += COUNT_BYTES
        while path < geometry_start[g + 1]:
            if multiple[g]:
                at += HEAD_BYTES
            rings = number_at(data, at)
            at += COUNT_BYTES
            for ring in range(rings):
                width = number_at(data, at) * POINT_BYTES
                at += COUNT_BYTES
                xy[to : to + width] = data[at : at + width]
                at, to = at + width, to + width
                hole[path] = ring > 0
                path += 1
                path_start[path] = to // POINT_BYTES


def polygons_of_wkb(data: Bytes, start: Ints, size: Ints) -> tuple[Ragged, Flags]:
    """Return the coordinates of polygons in Well-Known Binary, and which of them are multipolygons, bool (n,).

    Parameters
    ----------
    data : uint8, all of them in one buffer. start : int64 (n,), where each begins. size : int64 (n,), its bytes, or
        fewer than 0 for a missing one.

    A geometry that is not read here (of another kind, with heights, empty, with a ring that does not close, cut short)
    has no path and is not ``areal``. Coordinates may be NaN or infinite.
    """
    rings, points = np.empty(len(start), dtype=np.int64), np.empty(len(start), dtype=np.int64)
    taken, multiple = np.empty(len(start), dtype=np.bool_), np.empty(len(start), dtype=np.bool_)
    _count(data, start, size, rings, points, taken, multiple)
    geometry_start = _starts(rings)
    path_start = np.zeros(geometry_start[-1] + 1, dtype=np.int64)
    hole = np.empty(geometry_start[-1], dtype=np.bool_)
    xy = np.empty((points.sum(), 2), dtype=np.float64)
    _fill(data, start, multiple, geometry_start, path_start, hole, xy.reshape(-1).view(np.uint8))
    return Ragged(xy, path_start, geometry_start, hole, taken), multiple & taken


def _starts(counts: Ints) -> Ints:
    starts = np.zeros(len(counts) + 1, dtype=np.int64)
    np.cumsum(counts, out=starts[1:])
    return starts


@njit(cache=True, nogil=True)
def _put(data, at, number):  # type: ignore[no-untyped-def]
    for k in range(COUNT_BYTES):
        data[at + k] = np.uint8((number >> (8 * k)) & 0xFF)
    return at + COUNT_BYTES


@njit(cache=True, nogil=True)
def _write(xy, path_start, geometry_start, hole, parts, srid, start, data):  # type: ignore[no-untyped-def]
    for g in range(len(start) - 1):
        if start[g + 1] == start[g]:
            continue
        at = start[g]
        data[at] = LITTLE_ENDIAN
        at = _put(data, at + 1, MULTIPOLYGON | SRID_FOLLOWS)
        at = _put(data, at, srid)
        at = _put(data, at, parts[g])
        path = geometry_start[g]
        while path < geometry_start[g + 1]:
            after = path + 1
            while after < geometry_start[g + 1] and hole[after]:
                after += 1
            data[at] = LITTLE_ENDIAN
            at = _put(data, at + 1, POLYGON)
            at = _put(data, at, after - path)
            for ring in range(path, after):
                at = _put(data, at, path_start[ring + 1] - path_start[ring])
                first, last = path_start[ring] * POINT_BYTES, path_start[ring + 1] * POINT_BYTES
                data[at : at + last - first] = xy[first:last]
                at += last - first
            path = after


def multipolygons_as_ewkb(polygons: Ragged, srid: int) -> tuple[Bytes, Ints]:
    """Return polygons as multipolygons in PostGIS's binary form with their SRID, one after the other in one buffer.

    Also returned is where each begins, int64 (n + 1,); one without paths has no bytes.
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
    _write(xy, polygons.path_start, polygons.geometry_start, polygons.hole, parts, srid, start, data)
    return data, start
