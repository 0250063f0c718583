"""Geometries of a query in the working CRS: coordinates are reprojected inside the bytes PostGIS sends.

Objects are made once, from bytes that are already right, and a multiple geometry of one part becomes that part: most
plots are one outline, and everything that measures them is spared an object.

Notes
-----
Beside ``shapely.to_ragged_array``, reprojection and ``from_ragged_array`` this takes two thirds of the processor time,
beside ``shapely.transform`` nine tenths (200,000 plots of 19 vertices, ``bench/README.md``).
"""

from __future__ import annotations

import numpy as np
import shapely
from numba import njit
from numpy.typing import NDArray

from geo.geometry.crs import to_working, to_working_xy
from geo.geometry.kernels.wkb import (
    COUNT_BYTES,
    HEAD_BYTES,
    LITTLE_ENDIAN,
    MULTIPOLYGON,
    POINT,
    POINT_BYTES,
    POLYGON,
    number_at,
)
from geo.geometry.ragged import Geometries
from layers.postgres.read_arrays import Bytes, pieces_of, spans

NOT_PLAIN = -1
COUNT, READ, WRITE = range(3)


def geometries_of(raw: bytes) -> Geometries:
    """Return an array of WKB in EPSG:4326, as PostgreSQL sends it, as geometries in EPSG:32642 without Z.

    A missing one stays missing.

    Raises
    ------
    CrsError : a coordinate outside the area that CRS is good for.
    """
    start, size = spans(np.frombuffer(raw, dtype=np.uint8), int.from_bytes(raw[12:16]))
    data = np.frombuffer(raw, dtype=np.uint8).copy()
    count = _walk(data, start, size, _bytes_of(np.empty((0, 2))), COUNT)
    lonlat = np.empty((max(count, 0), 2))
    if count != NOT_PLAIN:
        _walk(data, start, size, _bytes_of(lonlat), READ)
    if count == NOT_PLAIN or not np.isfinite(lonlat).all():  # an empty point has no number for a coordinate
        return to_working(shapely.from_wkb(pieces_of(raw, start, size)))
    _walk(data, start, size, _bytes_of(to_working_xy(lonlat)), WRITE)
    _unwrap(data, start, size)
    found: Geometries = shapely.from_wkb(pieces_of(data.tobytes(), start, size))
    return found


def _bytes_of(xy: NDArray[np.float64]) -> Bytes:
    """Return coordinates (n, 2) as the bytes WKB holds them in."""
    return np.ascontiguousarray(xy, dtype="<f8").reshape(-1).view(np.uint8)


@njit(cache=True, nogil=True)
def _walk(data, start, size, xy, step):  # type: ignore[no-untyped-def]
    """Count the coordinates of all geometries, or read them into xy, or write them from there; xy : bytes (16 count,).

    Returns the count, or ``NOT_PLAIN`` at the first geometry that has Z, stands in big-endian order or is a collection.
    """
    found = 0
    for i in range(len(start)):
        if size[i] < 0:
            continue
        at = start[i]
        kind = number_at(data, at + 1)
        parts = 1
        if data[at] != LITTLE_ENDIAN or kind < POINT or kind > MULTIPOLYGON:
            return NOT_PLAIN
        if kind > POLYGON:
            parts = number_at(data, at + HEAD_BYTES)
            at += HEAD_BYTES + COUNT_BYTES
        for _ in range(parts):
            kind = number_at(data, at + 1)
            if data[at] != LITTLE_ENDIAN or kind < POINT or kind > POLYGON:
                return NOT_PLAIN
            at += HEAD_BYTES
            paths = 1
            if kind == POLYGON:
                paths = number_at(data, at)
                at += COUNT_BYTES
            for _ in range(paths):
                points = 1
                if kind != POINT:
                    points = number_at(data, at)
                    at += COUNT_BYTES
                for k in range(points * POINT_BYTES):
                    if step == READ:
                        xy[found * POINT_BYTES + k] = data[at + k]
                    elif step == WRITE:
                        data[at + k] = xy[found * POINT_BYTES + k]
                found += points
                at += points * POINT_BYTES
    return found


@njit(cache=True, nogil=True)
def _unwrap(data, start, size):  # type: ignore[no-untyped-def]
    """Let every multiple geometry of one part begin at that part."""
    for i in range(len(start)):
        if size[i] >= 0 and number_at(data, start[i] + 1) > POLYGON and number_at(data, start[i] + HEAD_BYTES) == 1:
            start[i] += HEAD_BYTES + COUNT_BYTES
            size[i] -= HEAD_BYTES + COUNT_BYTES
