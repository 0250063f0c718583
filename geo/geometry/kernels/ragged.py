"""Compiled loops of ``geo.geometry.ragged``."""

from __future__ import annotations

from numba import njit


@njit(cache=True, nogil=True)
def gather(xy, path_start, geometry_start, hole, rows, to_path_start, to_hole, to_xy):
    path, vertex = 0, 0
    for g in rows:
        for p in range(geometry_start[g], geometry_start[g + 1]):
            first, after = path_start[p], path_start[p + 1]
            to_xy[vertex : vertex + after - first] = xy[first:after]
            vertex += after - first
            to_hole[path] = hole[p]
            path += 1
            to_path_start[path] = vertex
