"""Compiled loops of ``layers.postgres.read_geometries``."""

from __future__ import annotations

from numba import njit

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

NOT_PLAIN = -1
COUNT, READ, WRITE = range(3)


@njit(cache=True, nogil=True)
def walk(data, start, size, xy, step):
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
def unwrap(data, start, size):
    """Let every multiple geometry of one part begin at that part."""
    for i in range(len(start)):
        if size[i] >= 0 and number_at(data, start[i] + 1) > POLYGON and number_at(data, start[i] + HEAD_BYTES) == 1:
            start[i] += HEAD_BYTES + COUNT_BYTES
            size[i] -= HEAD_BYTES + COUNT_BYTES
