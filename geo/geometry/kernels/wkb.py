"""Compiled loops of ``geo.geometry.wkb``."""

from __future__ import annotations

import numpy as np
from numba import njit

LITTLE_ENDIAN = 1
POINT, POLYGON, MULTIPOLYGON = 1, 3, 6  # OGC 06-103r4, table 7; a multiple is three more than its parts
SRID_FOLLOWS = 0x2000_0000  # PostGIS: a flag in the type
HEAD_BYTES = 5  # byte order and type
COUNT_BYTES = 4  # of rings, of points, of parts; a SRID takes as many
POINT_BYTES = 16  # x and y, float64
FEWEST_POINTS = 4  # of a closed ring, the first counted again as the last


@njit(cache=True, nogil=True)
def number_at(data, at):
    """Return the whole number of 4 bytes, little-endian, that stands at a place of a buffer, int64."""
    return (
        np.int64(data[at]) | np.int64(data[at + 1]) << 8 | np.int64(data[at + 2]) << 16 | np.int64(data[at + 3]) << 24
    )


@njit(cache=True, nogil=True)
def _rings(data, at, end, points):
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
def count(data, start, size, rings, points, taken, multiple):
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
def fill(data, start, multiple, geometry_start, path_start, hole, xy):
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


@njit(cache=True, nogil=True)
def put(data, at, number):
    for k in range(COUNT_BYTES):
        data[at + k] = np.uint8((number >> (8 * k)) & 0xFF)
    return at + COUNT_BYTES


@njit(cache=True, nogil=True)
def write(xy, path_start, geometry_start, hole, parts, srid, start, data):
    for g in range(len(start) - 1):
        if start[g + 1] == start[g]:
            continue
        at = start[g]
        data[at] = LITTLE_ENDIAN
        at = put(data, at + 1, MULTIPOLYGON | SRID_FOLLOWS)
        at = put(data, at, srid)
        at = put(data, at, parts[g])
        path = geometry_start[g]
        while path < geometry_start[g + 1]:
            after = path + 1
            while after < geometry_start[g + 1] and hole[after]:
                after += 1
            data[at] = LITTLE_ENDIAN
            at = put(data, at + 1, POLYGON)
            at = put(data, at, after - path)
            for ring in range(path, after):
                at = put(data, at, path_start[ring + 1] - path_start[ring])
                first, last = path_start[ring] * POINT_BYTES, path_start[ring + 1] * POINT_BYTES
                data[at : at + last - first] = xy[first:last]
                at += last - first
            path = after
