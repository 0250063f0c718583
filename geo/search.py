"""The search for least times over a surface: Dijkstra's algorithm in time linear in the number of cells.

The queue is a ring of time slots no wider than the quickest move, so that every cell of the earliest slot is final and
no order need be kept within it (Dial 1969, Communications of the ACM 12(11), p. 632; slots of that width after Dinitz
1978). The cells of a slot are settled row by row, which keeps what they read in the cache.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

from geo.errors import GridError
from geo.stencil import stencil
from geo.surface import BLOCKED, SLOPE_STEP, STEEPEST, Surface

CHUNK = 256  # cells of a slot kept side by side
_LAST = round(2 * STEEPEST / SLOPE_STEP) - 1  # last interval of the pace table


@njit(cache=True, nogil=True)
def _pace(pace, slope):  # type: ignore[no-untyped-def]
    """Seconds per metre, between two entries of the table of one kind of cell."""
    position = min(max((slope + STEEPEST) * (1.0 / SLOPE_STEP), 0.0), _LAST + 1.0)
    entry = np.uintp(min(position, float(_LAST)))
    low = pace[entry]
    return low + (position - entry) * (pace[entry + np.uintp(1)] - low)


@njit(cache=True, nogil=True)
def move_seconds(ground, moves, cell, k, sign):  # type: ignore[no-untyped-def]
    """Seconds of move k from ``cell``, infinite across blocked ground; sign -1 walks it the other way."""
    steps = moves.steps[k]
    step_m = moves.step_length[k] * ground.cell_m
    run = sign / step_m
    here = ground.height[cell]
    total = 0.0
    if ground.alike[cell]:
        pace = ground.pace[ground.kind[cell]]
        for step in range(steps):
            low = ground.height[np.uintp(cell + moves.low[k, step])]
            high = ground.height[np.uintp(cell + moves.high[k, step])]
            there = low + moves.weight[k, step] * (high - low)
            total += _pace(pace, (there - here) * run)
            here = there
        return total * step_m
    if (
        moves.beside[k, 0] != 0
        and ground.kind[cell + moves.beside[k, 0]] == BLOCKED
        and ground.kind[cell + moves.beside[k, 1]] == BLOCKED
    ):
        return np.inf
    step = -1
    slope = 0.0
    for j in range(moves.pieces[k]):
        kind = ground.kind[cell + moves.piece[k, j]]
        if kind == BLOCKED:
            return np.inf
        if moves.piece_step[k, j] != step:
            step = moves.piece_step[k, j]
            weight = moves.weight[k, step]
            there = (1.0 - weight) * ground.height[cell + moves.low[k, step]] + weight * ground.height[
                cell + moves.high[k, step]
            ]
            slope = (there - here) * run
            here = there
        total += moves.piece_share[k, j] * _pace(ground.pace[kind], slope)
    return total * moves.length[k] * ground.cell_m


@njit(cache=True, nogil=True)
def crossing(per_metre, moves, cell, k, cell_m):  # type: ignore[no-untyped-def]
    """Mean of ``per_metre`` on move k times its length in metres."""
    total = 0.0
    for j in range(moves.pieces[k]):
        total += moves.piece_share[k, j] * per_metre[cell + moves.piece[k, j]]
    return total * moves.length[k] * cell_m


class Workspace(NamedTuple):
    """What a search writes, over the padded cells; as new before each search.

    seconds : float32, inf. came_by : uint8, 0; then 1 + the move by which a cell was reached. done : bool, False.
    order : int32, filled with the settled cells, each after the one it is reached from. met : int32, filled with the
    cells given a time.
    """

    seconds: NDArray[np.float32]
    came_by: NDArray[np.uint8]
    done: NDArray[np.bool_]
    order: NDArray[np.int32]
    met: NDArray[np.int32]


def workspace(surface: Surface) -> Workspace:
    """A workspace for searches on a surface."""
    n = len(surface.ground.kind)
    return Workspace(
        np.full(n, np.inf, dtype=np.float32),
        np.zeros(n, dtype=np.uint8),
        np.zeros(n, dtype=np.bool_),
        *(np.empty(n, dtype=np.int32) for _ in range(2)),
    )


@njit(cache=True, nogil=True)
def spread(ground, moves, sources, sign, limit, danger, wanted, quickest, slots, work):  # type: ignore[no-untyped-def]
    """Settle the cells within ``limit`` seconds of the sources; return how many, and how many were given a time.

    danger : float32 over the padded cells, or empty; stretches the time of a move by 1 + its mean on it. wanted : bool
    over the padded cells, or empty; the search ends when all of these are settled. quickest : s/m that no move beats.
    slots : time slots of the quickest move, more than the slowest move spans. work : a ``Workspace``.

    A slot is a chain of chunks of ``pool``. A cell is queued again when its time falls, and passed over once settled.
    """
    seconds, came_by, done, order, met = work
    per_slot = 1.0 / (quickest * ground.cell_m)
    length = moves.length * ground.cell_m
    least = (length * quickest).astype(np.float32)
    pool, link = np.empty((64, CHUNK), np.int32), np.empty(64, np.int32)
    free, used = -1, 0
    chain, filled = np.full(slots, -1, np.int32), np.full(slots, CHUNK, np.int32)
    candidates = np.empty(len(moves.offset) + 1, np.int64)
    left = np.count_nonzero(wanted)
    start, settled, found, slot, place = 0, 0, 0, 0, 0
    for cell in sources:
        if seconds[cell] > 0.0:
            seconds[cell], done[cell] = 0.0, True
            met[found], order[found] = cell, cell
            found += 1
            if len(wanted) > 0 and wanted[cell]:
                left -= 1
    settled = found
    queued = 0
    while (start < settled or queued > 0) and (left > 0 or len(wanted) == 0):
        if start == settled:
            # All cells of the earliest slot are final. Row by row, their surroundings stay in the cache.
            while chain[place] < 0:
                slot += 1
                place = place + 1 if place + 1 < slots else 0
            chunk, size = chain[place], filled[place]
            chain[place], filled[place] = -1, CHUNK
            while chunk >= 0:
                for i in range(size):
                    cell = pool[chunk, i]
                    if not done[cell]:
                        done[cell] = True
                        order[settled] = cell
                        settled += 1
                        if len(wanted) > 0 and wanted[cell]:
                            left -= 1
                queued -= size
                link[chunk], free, chunk, size = free, chunk, link[chunk], CHUNK
            order[start:settled].sort()
            continue
        cell = order[start]
        start += 1
        here = seconds[cell]
        hopeful = 0
        for k in range(len(moves.offset)):
            # Without a branch, which could not be foretold: half the cells around are settled.
            candidates[hopeful] = k
            hopeful += here + least[k] < seconds[cell + moves.offset[k]]
        for k in candidates[:hopeful]:
            there = cell + moves.offset[k]
            if done[there] or ground.kind[there] == BLOCKED:
                continue
            move = move_seconds(ground, moves, cell, k, sign)
            if len(danger) > 0 and move < np.inf:
                move *= 1.0 + crossing(danger, moves, cell, k, ground.cell_m) / length[k]
            reached = np.float32(here + move)
            if reached >= seconds[there] or reached > limit:
                continue
            if seconds[there] == np.inf:
                met[found] = there
                found += 1
            seconds[there] = reached
            came_by[there] = k + 1
            # Rounding must not put a cell into a slot already passed.
            into = place + max(int(reached * per_slot) - slot, 0)
            if into >= slots:
                into -= slots
            if filled[into] == CHUNK:
                if free < 0:
                    if used == len(link):
                        pool, link = np.concatenate((pool, np.empty_like(pool))), np.concatenate((link, link))
                    free = used
                    link[free] = -1
                    used += 1
                link[free], chain[into], free = chain[into], free, link[free]
                filled[into] = 0
            pool[chain[into], filled[into]] = there
            filled[into] += 1
            queued += 1
    return settled, found


@njit(cache=True, nogil=True)
def clear(work, found):  # type: ignore[no-untyped-def]
    """Make the workspace as new after a search that gave a time to ``found`` cells."""
    for i in range(found):
        cell = work.met[i]
        work.seconds[cell], work.came_by[cell], work.done[cell] = np.inf, 0, False


def time_slots(surface: Surface, most_danger: float) -> tuple[float, int]:
    """Seconds per metre no move beats, and how many slots of the quickest move the slowest move spans.

    Both follow from the paces there may be, not from those met in one window: of ways of equal time the same is found
    whatever piece of the ground is looked at.
    """
    if (surface.ground.kind == BLOCKED).all():
        raise GridError("all ground is blocked")
    paces = surface.ground.pace[np.isfinite(surface.ground.pace)]
    quickest = float(paces.min())
    longest = float(stencil(surface.width).length.max())
    return quickest, int(longest * float(paces.max()) * (1.0 + most_danger) / quickest) + 2
