"""Compiled loops of ``geo.routing.home_ways``."""

from __future__ import annotations

import numpy as np
from numba import njit

from geo.routing.kernels.least_time import SINGLY, clear, crossing, move_seconds, spread
from geo.routing.ways import BACK, OUT, SECONDS_PER_MINUTE


@njit(cache=True, nogil=True)
def from_homes(
    ground, moves, homes, cells, places, place_start, limit, danger, layers, quickest, slots, work, out, back, sums
):
    """Fill out, back (n,) in minutes and sums (layers, n) for the places of every home; see ``ways_from_homes``."""
    wanted = np.zeros(len(ground.kind), np.uint16)
    for h in range(len(homes)):
        own = places[place_start[h] : place_start[h + 1]]
        if len(own) == 0:
            continue
        left = 0
        for place in own:
            left += wanted[cells[place]] == 0
            wanted[cells[place]] = SINGLY
        for sign in (OUT, BACK):
            _, found = spread(ground, moves, homes[h : h + 1], sign, limit, danger, wanted, left, quickest, slots, work)
            for place in own:
                cell = cells[place]
                if not work.done[cell]:
                    continue
                clock = 0.0
                while work.came_by[cell] != 0:
                    k = work.came_by[cell] - 1
                    parent = cell - moves.offset[k]
                    clock += move_seconds(ground, moves, parent, k, sign)
                    if sign == OUT:
                        for i in range(len(layers)):
                            sums[i, place] += crossing(layers[i], moves, parent, k, ground.cell_m)
                    cell = parent
                if sign == OUT:
                    out[place] = clock / SECONDS_PER_MINUTE
                else:
                    back[place] = clock / SECONDS_PER_MINUTE
            clear(work, found)
        for place in own:
            wanted[cells[place]] = 0
