"""Compiled loops of ``geo.geometry.pairs``."""

from __future__ import annotations

from numba import njit


@njit(cache=True, nogil=True)
def fill_strips(order, low, high, strip_start, members):
    """Write the boxes of each strip of ground, from west to east, into ``members``."""
    place = strip_start[:-1].copy()
    for box in order:
        for strip in range(low[box], high[box] + 1):
            members[place[strip]] = box
            place[strip] += 1


@njit(cache=True, nogil=True)
def meet(bounds, given, low, strip_start, members, one, other):
    """Find pairs with ground in common until there is no more room; return how many were written.

    A pair that stands in several strips is met in the first that both stand in.
    """
    found = 0
    for strip in range(strip_start.size - 1):
        for at in range(strip_start[strip], strip_start[strip + 1]):
            a = members[at]
            for beyond in range(at + 1, strip_start[strip + 1]):
                b = members[beyond]
                if bounds[b, 0] >= bounds[a, 2]:
                    break
                if not (given[a] or given[b]) or max(low[a], low[b]) != strip:
                    continue
                if min(bounds[a, 3], bounds[b, 3]) > max(bounds[a, 1], bounds[b, 1]) and min(
                    bounds[a, 2], bounds[b, 2]
                ) > max(bounds[a, 0], bounds[b, 0]):
                    if found == one.size:
                        return found
                    swap = given[b] and (not given[a] or b < a)
                    one[found], other[found] = (b, a) if swap else (a, b)
                    found += 1
    return found


@njit(cache=True, nogil=True)
def divide(xy, path_start, geometry_start, one, other, apart, start, stop):
    """Find for pairs whether a line along an edge of one of the two has one on each side.

    Any line will do, so what leads from one ring to the next is tried like an edge.
    """
    for pair in range(start, stop):
        apart[pair] = False
        for turn in range(2):
            a, b = (one[pair], other[pair]) if turn == 0 else (other[pair], one[pair])
            a_first, a_after = path_start[geometry_start[a]], path_start[geometry_start[a + 1]]
            b_first, b_after = path_start[geometry_start[b]], path_start[geometry_start[b + 1]]
            for edge in range(a_first, a_after - 1):
                x, y = xy[edge, 0], xy[edge, 1]
                dx, dy = xy[edge + 1, 0] - x, xy[edge + 1, 1] - y
                left, right = dx != 0.0 or dy != 0.0, dx != 0.0 or dy != 0.0
                for at in range(a_first, a_after):
                    turned = dx * (xy[at, 1] - y) - dy * (xy[at, 0] - x)
                    left, right = left and turned >= 0.0, right and turned <= 0.0
                    if not (left or right):
                        break
                for at in range(b_first, b_after):
                    if not (left or right):
                        break
                    turned = dx * (xy[at, 1] - y) - dy * (xy[at, 0] - x)
                    left, right = left and turned <= 0.0, right and turned >= 0.0
                if left or right:
                    apart[pair] = True
                    break
            if apart[pair]:
                break
