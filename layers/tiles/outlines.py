"""Outlines of plots from Web Mercator into the units of a tile, as the commands of a vector tile; compiled.

What PostGIS does in ``ST_Simplify`` and ``ST_AsMVTGeom`` one geometry after the other, in one pass over the bytes
of all of them. An outline that would vanish by rounding is drawn as the smallest square: no plot is lost by size.
Vector tile specification 2.1, sections 4.3.3 (commands) and 4.3.4.4 (rings: outer ones clockwise on the screen).
"""

from __future__ import annotations

import numpy as np
from numba import njit
from numpy.typing import NDArray

Bytes = NDArray[np.uint8]
Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

HEAD_BYTES = 5  # of a WKB geometry: byte order, type (OGC 06-103r4, 8.2)
COUNT_BYTES = 4
SRID_BYTES = 4  # before the count, in PostGIS's extended form of a geometry that is no part of another
POINT_BYTES = 16
MOVE_TO_ONE = 9  # command 1, once
LINE_TO = 2
CLOSE = 15  # command 7, once
MOST_CORNERS = 5.1  # clipping a ring at one side adds at most half its corners, so four sides make 1.5 ** 4 of them


@njit(cache=True, nogil=True)
def _count(ewkb: Bytes, at: int) -> int:
    return int(ewkb[at]) | int(ewkb[at + 1]) << 8 | int(ewkb[at + 2]) << 16 | int(ewkb[at + 3]) << 24


@njit(cache=True, nogil=True)
def _zigzag(value: int) -> int:
    return (value << 1) ^ (value >> 63)


@njit(cache=True, nogil=True)
def _simplified(x: Floats, y: Floats, n: int, tolerance: float, kept: NDArray[np.bool_], stack: Ints) -> int:
    """Keep of a closed ring of n points (the first is not repeated) what an outline within ``tolerance`` needs.

    Douglas and Peucker (1973) on the two halves between the first point and the one furthest from it. Points kept
    are moved to the front of x and y; returns how many.
    """
    if n < 4:
        return n
    furthest, most = 0, -1.0
    for i in range(1, n):
        far = (x[i] - x[0]) ** 2 + (y[i] - y[0]) ** 2
        if far > most:
            furthest, most = i, far
    kept[:n] = False
    kept[0] = kept[furthest] = True
    stack[0], stack[1], stack[2], stack[3] = 0, furthest, furthest, n
    depth = 4
    while depth:
        depth -= 2
        first, last = stack[depth], stack[depth + 1]
        ax, ay = x[first], y[first]
        bx, by = x[last % n] - ax, y[last % n] - ay
        length = bx * bx + by * by
        worst, at = tolerance * tolerance, -1
        for i in range(first + 1, last):
            px, py = x[i] - ax, y[i] - ay
            t = 0.0 if length == 0.0 else min(1.0, max(0.0, (px * bx + py * by) / length))
            off = (px - t * bx) ** 2 + (py - t * by) ** 2
            if off > worst:
                worst, at = off, i
        if at >= 0:
            kept[at] = True
            stack[depth], stack[depth + 1], stack[depth + 2], stack[depth + 3] = first, at, at, last
            depth += 4
    count = 0
    for i in range(n):
        if kept[i]:
            x[count], y[count] = x[i], y[i]
            count += 1
    return count


@njit(cache=True, nogil=True)
def _clipped(x: Floats, y: Floats, n: int, low: float, high: float, other_x: Floats, other_y: Floats) -> int:
    """Cut a ring to the square from ``low`` to ``high`` (Sutherland and Hodgman 1974), in place; return its points."""
    for side in range(4):
        count = 0
        for i in range(n):
            j = i + 1 if i + 1 < n else 0
            if side == 0:
                a, b = x[i] - low, x[j] - low
            elif side == 1:
                a, b = high - x[i], high - x[j]
            elif side == 2:
                a, b = y[i] - low, y[j] - low
            else:
                a, b = high - y[i], high - y[j]
            if a >= 0:
                other_x[count], other_y[count] = x[i], y[i]
                count += 1
            if (a >= 0) != (b >= 0):
                t = a / (a - b)
                other_x[count], other_y[count] = x[i] + t * (x[j] - x[i]), y[i] + t * (y[j] - y[i])
                count += 1
        n = count
        x[:n], y[:n] = other_x[:n], other_y[:n]
    return n


@njit(cache=True, nogil=True)
def _rounded(x: Floats, y: Floats, n: int, whole_x: Ints, whole_y: Ints) -> int:
    """Round to whole units and leave out points that fall on the one before; return how many are left."""
    count = 0
    for i in range(n):
        column, row = int(np.floor(x[i] + 0.5)), int(np.floor(y[i] + 0.5))
        if count == 0 or column != whole_x[count - 1] or row != whole_y[count - 1]:
            whole_x[count], whole_y[count] = column, row
            count += 1
    while count > 1 and whole_x[count - 1] == whole_x[0] and whole_y[count - 1] == whole_y[0]:
        count -= 1
    return count


@njit(cache=True, nogil=True)
def _doubled_area(whole_x: Ints, whole_y: Ints, n: int) -> int:
    area = 0
    for i in range(n):
        j = i + 1 if i + 1 < n else 0
        area += whole_x[i] * whole_y[j] - whole_x[j] * whole_y[i]
    return area


@njit(cache=True, nogil=True)
def draw_outlines(
    ewkb: Bytes, count: int, west: float, north: float, unit: float, extent: int, buffer: int, tolerance: float
) -> tuple[Ints, Ints]:
    """Return the commands of every multipolygon and where each one's begin, int64 (commands,) and (count + 1,).

    Parameters
    ----------
    ewkb : uint8, ``count`` multipolygons in Web Mercator with their SRID one after the other, little-endian.
    west, north : corner of the tile; ``unit``: side of a tile unit; metres of Web Mercator.
    extent, buffer : of the tile, in its units. tolerance : how far an outline may move, in the same.

    One that has nothing inside the tile and its buffer gets no command.
    """
    most = len(ewkb) // POINT_BYTES + 1
    room = int(MOST_CORNERS * most) + 8
    x, y, other_x, other_y = np.empty(room), np.empty(room), np.empty(room), np.empty(room)
    whole_x, whole_y = np.empty(room, np.int64), np.empty(room, np.int64)
    kept, stack = np.empty(room, np.bool_), np.empty(4 * room, np.int64)
    commands = np.empty(2 * (room + 4 * count) + 3 * most + 16 * count, np.int64)
    starts = np.zeros(count + 1, np.int64)
    low, high = -float(buffer), float(extent + buffer)
    at = end = 0
    for item in range(count):
        at += HEAD_BYTES + SRID_BYTES
        parts = _count(ewkb, at)
        at += COUNT_BYTES
        pen_x = pen_y = 0
        for _part in range(parts):
            rings = _count(ewkb, at + HEAD_BYTES)
            at += HEAD_BYTES + COUNT_BYTES
            outer = False
            for ring in range(rings):
                points = _count(ewkb, at)
                at += COUNT_BYTES
                xy = ewkb[at : at + points * POINT_BYTES].copy().view(np.float64)
                at += points * POINT_BYTES
                n = max(points - 1, 0)  # the last point repeats the first
                left, top = np.inf, np.inf
                right, bottom = -np.inf, -np.inf
                for i in range(n):
                    x[i], y[i] = (xy[2 * i] - west) / unit, (north - xy[2 * i + 1]) / unit
                    left, right = min(left, x[i]), max(right, x[i])
                    top, bottom = min(top, y[i]), max(bottom, y[i])
                if n == 0 or right < low or left > high or bottom < low or top > high or (ring and not outer):
                    continue
                n = _simplified(x, y, n, tolerance, kept, stack)
                if left < low or right > high or top < low or bottom > high:
                    n = _clipped(x, y, n, low, high, other_x, other_y)
                    if n == 0:
                        continue
                n = _rounded(x, y, n, whole_x, whole_y)
                area = _doubled_area(whole_x, whole_y, n)
                if area == 0:
                    if ring:
                        continue
                    column, row = whole_x[0], whole_y[0]
                    whole_x[1], whole_y[1] = column + 1, row
                    whole_x[2], whole_y[2] = column + 1, row + 1
                    whole_x[3], whole_y[3] = column, row + 1
                    n, area = 4, 2
                turned = (area < 0) != (ring > 0)
                outer = True
                commands[end] = MOVE_TO_ONE
                for i in range(n):
                    j = (n - i) % n if turned else i
                    if i == 1:
                        commands[end + 3] = LINE_TO | (n - 1) << 3
                    here = end + 1 + 2 * i + (i > 0)
                    commands[here] = _zigzag(whole_x[j] - pen_x)
                    commands[here + 1] = _zigzag(whole_y[j] - pen_y)
                    pen_x, pen_y = whole_x[j], whole_y[j]
                end += 2 + 2 * n
                commands[end] = CLOSE
                end += 1
        starts[item + 1] = end
    return commands[:end], starts


def boxes(west: Ints, north: Ints, east: Ints, south: Ints, first: Ints | None = None) -> tuple[Ints, Ints]:
    """Return the commands of rectangles in tile units (n,) as outer rings, and where those of each feature begin.

    first : where the rectangles of each feature begin, the last is the end (features + 1,); one each, if left out.
    """
    n = len(west)
    begins = np.arange(n + 1, dtype=np.int64) if first is None else first
    commands = np.empty((n, 11), dtype=np.int64)
    across, down = east - west, south - north
    zero = np.zeros(n, dtype=np.int64)
    from_x, from_y = np.r_[0, west[:-1]][:n], np.r_[0, south[:-1]][:n]  # the pen is left at the last corner
    from_x[begins[:-1]] = from_y[begins[:-1]] = 0
    moves = [west - from_x, north - from_y, across, zero, zero, down, -across, zero]
    commands[:, 0], commands[:, 3], commands[:, 10] = MOVE_TO_ONE, LINE_TO | 3 << 3, CLOSE
    for place, value in zip((1, 2, 4, 5, 6, 7, 8, 9), moves, strict=True):
        commands[:, place] = (value << 1) ^ (value >> 63)
    return commands.ravel(), begins * 11
