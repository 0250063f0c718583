"""Compiled loops of ``geo.geometry.placing``."""

from __future__ import annotations

from numba import njit

from geo.geometry.kernels import sweep

OUTSIDE, INSIDE, NEAR = 0, 1, 2
MARGIN_M = 1e-3  # m; far more than the rounding of coordinates below 1e7 m, far less than a plot


@njit(cache=True, nogil=True, error_model="numpy")
def place_each(boxes, edges, zone, found, start, stop):
    """Fill found for pairs start..stop."""
    for k in range(start, stop):
        z = zone[k]
        west, south = boxes[k, 0] - MARGIN_M, boxes[k, 1] - MARGIN_M
        east, north = boxes[k, 2] + MARGIN_M, boxes[k, 3] + MARGIN_M
        middle = 0.5 * (south + north)
        first, bins = edges.first_bin[z], edges.first_bin[z + 1] - edges.first_bin[z]
        foot, per_metre = edges.heights[z, 0], edges.heights[z, 1]
        low = first + sweep.bin_of(south, foot, per_metre, bins)
        high = first + sweep.bin_of(north, foot, per_metre, bins)
        centre = first + sweep.bin_of(middle, foot, per_metre, bins)
        place = OUTSIDE
        for b in range(low, high + 1):
            for position in range(edges.list_start[b], edges.list_start[b + 1]):
                e = edges.lists[position]
                x0, y0, x1, y1 = edges.ends[e, 0], edges.ends[e, 1], edges.ends[e, 2], edges.ends[e, 3]
                if y1 < south or y0 > north or min(x0, x1) > east:
                    continue
                westwards = max(x0, x1) < west
                if not westwards:
                    # The line of the edge passes on one side of all four corners, or the edge comes near the box.
                    side = (x1 - x0) * (south - y0) - (y1 - y0) * (west - x0)
                    up, right = (x1 - x0) * (north - south), (y1 - y0) * (east - west)
                    least, most = side + min(up, 0.0) - right, side + max(up, 0.0)
                    if least <= 0.0 <= most:
                        place = NEAR
                        break
                    westwards = most < 0.0  # right of an edge that runs upwards
                # An edge stands in several bins: it is crossed in that of the middle.
                if westwards and b == centre and y0 <= middle < y1:
                    place = OUTSIDE if place == INSIDE else INSIDE
            if place == NEAR:
                break
        found[k] = place
