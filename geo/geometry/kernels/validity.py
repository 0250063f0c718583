"""Compiled loops of ``geo.geometry.validity``."""

from __future__ import annotations

import numpy as np
from numba import njit

# Shewchuk 1997, p. 321: (3 + 16 e) e with e = 2^-53, times the sum of the magnitudes of both products.
SIDE_ERROR = (3.0 + 16.0 * 2.0**-53) * 2.0**-53
LEAST_PRODUCT = 1e-280  # below, products may underflow and their error is no longer relative
MOST_POINTS = 128  # of a ring; every pair of segments is looked at, and from here on GEOS's sweep is faster


@njit(cache=True, nogil=True, error_model="numpy")
def _side(ax, ay, bx, by, cx, cy):
    """Return 1 where c lies to the left of the line from a to b for certain, -1 to the right, 0 where it is not."""
    left, right = (ax - cx) * (by - cy), (ay - cy) * (bx - cx)
    determinant = left - right
    error = SIDE_ERROR * (abs(left) + abs(right)) + LEAST_PRODUCT
    return 1 if determinant > error else (-1 if determinant < -error else 0)


@njit(cache=True, nogil=True, error_model="numpy")
def onwards(ax, ay, bx, by, cx, cy):
    """Whether the way from a to b goes on to c without turning back, so that both legs share b alone, for certain."""
    if _side(ax, ay, bx, by, cx, cy) != 0:
        return True
    along, across = (bx - ax) * (cx - bx), (by - ay) * (cy - by)
    return along + across > SIDE_ERROR * (abs(along) + abs(across)) + LEAST_PRODUCT


@njit(cache=True, nogil=True, error_model="numpy")
def turns_once(xy, first, last):
    """Whether the ring goes round the mean of its corners once, never back: then it cannot meet itself."""
    x, y = 0.0, 0.0
    for i in range(first, last):
        x, y = x + xy[i, 0], y + xy[i, 1]
    x, y = x / (last - first), y / (last - first)
    way = _side(x, y, xy[first, 0], xy[first, 1], xy[first + 1, 0], xy[first + 1, 1])
    rounds = 0  # times it passes the ray from the middle to the east
    for i in range(first, last):
        if way == 0 or _side(x, y, xy[i, 0], xy[i, 1], xy[i + 1, 0], xy[i + 1, 1]) != way:
            return False
        rounds += (xy[i, 1] <= y) != (xy[i + 1, 1] <= y) and (xy[i, 1] <= y) == (way == 1)
    return rounds == 1


@njit(cache=True, nogil=True, error_model="numpy")
def apart(xy, i, j):
    """Whether the segments that begin at vertices i and j have no point in common, for certain."""
    ax, ay, bx, by = xy[i, 0], xy[i, 1], xy[i + 1, 0], xy[i + 1, 1]
    cx, cy, dx, dy = xy[j, 0], xy[j, 1], xy[j + 1, 0], xy[j + 1, 1]
    if (ax < cx and ax < dx and bx < cx and bx < dx) or (ax > cx and ax > dx and bx > cx and bx > dx):
        return True
    if (ay < cy and ay < dy and by < cy and by < dy) or (ay > cy and ay > dy and by > cy and by > dy):
        return True
    side = _side(ax, ay, bx, by, cx, cy)
    if side != 0 and side == _side(ax, ay, bx, by, dx, dy):
        return True
    side = _side(cx, cy, dx, dy, ax, ay)
    return side != 0 and side == _side(cx, cy, dx, dy, bx, by)


@njit(cache=True, nogil=True, error_model="numpy")
def simple(xy, first, last):
    """Whether the ring of vertices first..last, the last the same as the first, crosses and touches itself nowhere."""
    if turns_once(xy, first, last):
        return True
    if last - first > MOST_POINTS:
        return False
    for i in range(first, last):
        after = i + 2 if i + 1 < last else first + 1
        if not onwards(xy[i, 0], xy[i, 1], xy[i + 1, 0], xy[i + 1, 1], xy[after, 0], xy[after, 1]):
            return False
        for j in range(i + 2, last - 1 if i == first else last):
            if not apart(xy, i, j):
                return False
    return True


@njit(cache=True, nogil=True, error_model="numpy")
def examine(xy, path_start, geometry_start, hole, bounds, valid):
    for g in range(len(valid)):
        low, high = geometry_start[g], geometry_start[g + 1]
        valid[g] = high > low
        bounds[g] = np.nan
        for p in range(low, high):
            first, last = path_start[p], path_start[p + 1] - 1
            west, south, east, north = xy[first, 0], xy[first, 1], xy[first, 0], xy[first, 1]
            for i in range(first, last + 1):
                x, y = xy[i, 0], xy[i, 1]
                if not (np.isfinite(x) and np.isfinite(y)):
                    valid[g] = False
                west, south, east, north = min(west, x), min(south, y), max(east, x), max(north, y)
            if hole[p] or (valid[g] and not simple(xy, first, last)):
                valid[g] = False
            if p == low:
                bounds[g, 0], bounds[g, 1], bounds[g, 2], bounds[g, 3] = west, south, east, north
            else:  # parts are apart for certain where one lies wholly beside the box of all before it
                box = bounds[g]
                if not (east < box[0] or west > box[2] or north < box[1] or south > box[3]):
                    valid[g] = False
                box[0], box[1] = min(box[0], west), min(box[1], south)
                box[2], box[3] = max(box[2], east), max(box[3], north)
