"""Compiled loops of ``geo.routing.least_time``."""

from __future__ import annotations

import numpy as np
from numba import njit

from geo.compiled.kernel import innermost, prefetch
from geo.routing.kernels.surface import BLOCKED, MIXED
from geo.routing.surface import SLOPE_STEP, STEEPEST
from geo.terrain.stencil import REACH

CHUNK = 256  # cells of a slot kept side by side
MOST_DIGITS = 1 << 16  # values of half of the 32 bits of a cell
AHEAD = 6  # cells of the queue whose surroundings are on their way from memory while one is settled
_SETTLED, _FOUND, _SLOT, _LEFT, _OPEN, _FREE, _USED, _QUEUED = range(8)  # places in the state of a search
SINGLY = 1 << 15  # of a wanted cell: it is looked for itself; other bits are kinds, of each of which one is looked for
_LEVELS = float(round(2 * STEEPEST / SLOPE_STEP))  # intervals of the pace table


@innermost()
def _pace(pace, slope):
    """Seconds per metre, between two entries of the table of one kind of cell."""
    position = min(max((slope + STEEPEST) * (1.0 / SLOPE_STEP), 0.0), _LEVELS)
    below = np.intp(position)
    entry = np.uintp(below) << np.uintp(1)
    return pace[entry] + (position - below) * pace[entry + np.uintp(1)]


@innermost()
def steps(height, pace, moves, cell, k, run):
    """Paces of the unit steps of move k from ``cell``, all at one row of the table, summed; ``run`` is 1 / metres."""
    here = height[cell]
    total = 0.0
    first = np.uintp(k) * np.uintp(REACH)
    for step in range(first, first + np.uintp(moves.steps[k])):
        low = height[np.uintp(cell + moves.low[step])]
        high = height[np.uintp(cell + moves.high[step])]
        there = low + moves.weight[step] * (high - low)
        total += _pace(pace, (there - here) * run)
        here = there
    return total


@innermost()
def move_seconds(ground, moves, cell, k, sign):
    """Seconds of move k from ``cell``, infinite across blocked ground; sign -1 walks it the other way."""
    step_m = moves.step_length[k] * ground.cell_m
    run = sign / step_m
    around = ground.around[cell]
    if around < MIXED:
        return steps(ground.height, ground.pace[around], moves, cell, k, run) * step_m
    here = ground.height[cell]
    total = 0.0
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
            at = k * REACH + step
            weight = moves.weight[at]
            there = (1.0 - weight) * ground.height[cell + moves.low[at]] + weight * ground.height[cell + moves.high[at]]
            slope = (there - here) * run
            here = there
        total += moves.piece_share[k, j] * _pace(ground.pace[kind], slope)
    return total * moves.length[k] * ground.cell_m


@innermost()
def crossing(per_metre, moves, cell, k, cell_m):
    """Mean of ``per_metre`` on move k times its length in metres."""
    total = 0.0
    for j in range(moves.pieces[k]):
        total += moves.piece_share[k, j] * per_metre[cell + moves.piece[k, j]]
    return total * moves.length[k] * cell_m


@innermost()
def meet(state, code):
    """Count what is no longer left to look for once a wanted cell is settled."""
    if code & SINGLY:
        state[_LEFT] -= 1
        return
    new = state[_OPEN] & code
    state[_OPEN] ^= new
    while new:
        state[_LEFT] -= 1
        new &= new - 1


@innermost()
def take_slot(chain, filled, pool, link, done, wanted, order, state):
    """Settle the cells of the earliest slot that holds any, all of which are final."""
    slot, settled, free, queued = state[_SLOT], state[_SETTLED], state[_FREE], state[_QUEUED]
    place, before = slot % len(chain), settled
    while settled == before and queued > 0:
        while chain[place] < 0:
            slot += 1
            place = place + 1 if place + 1 < len(chain) else 0
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
                        meet(state, np.int64(wanted[cell]))
            queued -= size
            link[chunk], free, chunk, size = free, chunk, link[chunk], CHUNK
    state[_SLOT], state[_SETTLED], state[_FREE], state[_QUEUED] = slot, settled, free, queued


@njit(cache=True, nogil=True)
def sort_cells(cells, spare, count):
    """Sort int32 cells, at least one, by counting: by the lower, then by the upper half of the bits they differ in.

    spare : int32, room for as many. count : int32, ``MOST_DIGITS``. Few cells far apart are compared instead.
    """
    lowest = highest = cells[0]
    for cell in cells:
        lowest, highest = min(lowest, cell), max(highest, cell)
    bits = 1
    while (highest - lowest) >> (2 * bits) > 0:
        bits += 1
    digits = 1 << bits
    if digits > 4 * len(cells):
        cells.sort()
        return
    for given, taken, shift in ((cells, spare, 0), (spare, cells, bits)):
        count[:digits] = 0
        for i in range(len(cells)):
            count[np.uintp(((given[i] - lowest) >> shift) & (digits - 1))] += 1
        total = 0
        for digit in range(digits):
            total, count[digit] = total + count[digit], total
        for i in range(len(cells)):
            own = np.uintp(((given[i] - lowest) >> shift) & (digits - 1))
            taken[np.uintp(count[own])] = given[i]
            count[own] += 1


@innermost()
def relax(
    ground,
    moves,
    bounds,
    sign,
    limit,
    danger,
    per_slot,
    work,
    chain,
    filled,
    pool,
    link,
    candidates,
    start,
    stop,
    state,
):
    """Give the cells around settled ones, ``order[start:stop]``, the times they are reached at, and queue them."""
    seconds, came_by, done, order, met = work
    height, around, slots = ground.height, ground.around, len(chain)
    length, step_m, run, length_m, slope_entry, first_share, least, rows = bounds
    level, last = np.float32(STEEPEST / SLOPE_STEP), np.float32(_LEVELS - 1.0)
    found, slot, free, used, queued = state[_FOUND], state[_SLOT], state[_FREE], state[_USED], state[_QUEUED]
    place = slot % slots
    for at in range(start, stop):
        if at + AHEAD < stop:
            soon = np.intp(order[at + AHEAD])
            prefetch(around, soon)
            for row in rows:
                prefetch(seconds, soon + row)
                prefetch(height, soon + row)
                if len(danger) > 0:
                    prefetch(danger, soon + row)
        cell = np.uintp(order[np.uintp(at)])
        here, z = seconds[cell], height[cell]
        surroundings = np.uintp(around[cell])
        alike = surroundings < MIXED
        least_paces, pace = ground.least[surroundings], ground.pace[surroundings if alike else np.uintp(BLOCKED)]
        # Moves that cannot be quicker are left out, first by length alone and then by the slope between their ends.
        # Without a branch, which could not be foretold: half the cells around are settled.
        possible, hopeful = np.uintp(0), np.uintp(0)
        for each in range(np.uintp(len(length))):
            candidates[possible] = each
            possible += np.uintp(here + least[surroundings, each] < seconds[cell + np.uintp(moves.offset[each])])
        for i in range(possible):
            k = candidates[i]
            there = cell + np.uintp(moves.offset[k])
            entry = np.uintp(min(max((height[there] - z) * slope_entry[k] + level, np.float32(0.0)), last))
            stretch = np.float32(1.0)
            if len(danger) > 0:
                stretch += first_share[k] * (danger[cell] + danger[there])
            candidates[hopeful] = k
            hopeful += np.uintp(here + length_m[k] * least_paces[entry] * stretch < seconds[there])
        for i in range(hopeful):
            k = candidates[i]
            there = cell + np.uintp(moves.offset[k])
            if alike:
                move = steps(height, pace, moves, cell, k, run[k]) * step_m[k]
            else:
                move = move_seconds(ground, moves, cell, k, sign)
            if len(danger) > 0 and move < np.inf:
                move *= 1.0 + crossing(danger, moves, cell, k, ground.cell_m) / length[k]
            reached, before = np.float32(here + move), seconds[there]
            if reached >= before or reached > limit:
                continue
            into = int(reached * per_slot)
            if into <= slot:  # by rounding; a cell that is settled stays as it is, and no slot already passed is filled
                if done[there]:
                    continue
                into = slot
            seconds[there], came_by[there] = reached, k + np.uintp(1)
            if before == np.inf:
                met[found] = there
                found += 1
            elif into == max(int(before * per_slot), slot):
                continue  # it is queued there
            into += place - slot
            if into >= slots:
                into -= slots
            ring = np.uintp(into)
            if filled[ring] == CHUNK:
                if free < 0:
                    free = used
                    link[free] = -1
                    used += 1
                link[free], chain[ring], free = chain[ring], free, link[free]
                filled[ring] = 0
            pool[np.uintp(chain[ring]), np.uintp(filled[ring])] = there
            filled[ring] += 1
            queued += 1
    state[_FOUND], state[_FREE], state[_USED], state[_QUEUED] = found, free, used, queued


@njit(cache=True, nogil=True)
def spread(ground, moves, sources, sign, limit, danger, wanted, left, quickest, slots, work):
    """Settle the cells within ``limit`` seconds of the sources; return how many, and how many were given a time.

    danger : float32 over the padded cells, or empty; stretches the time of a move by 1 + its mean on it. wanted :
    uint16 over the padded cells, or empty; the search ends when all cells marked ``SINGLY`` and one of each kind, a bit
    each, are settled. left : how many cells and kinds these are. quickest : s/m that no move beats. slots : time slots
    of the quickest move, more than the slowest move spans. work : a ``Workspace``.

    A slot is a chain of chunks of ``pool``. A cell is queued again when its time falls, and passed over once settled.
    """
    seconds, _, done, order, met = work
    length, step_m = moves.length * ground.cell_m, moves.step_length * ground.cell_m
    least = np.empty((len(ground.least), len(length)), np.float32)
    for i in range(len(least)):
        least[i] = length * ground.least[i].min()
    reach = moves.offset.max() // moves.width
    bounds = (
        length,
        step_m,
        sign / step_m,
        length.astype(np.float32),  # single precision is enough for bounds, which leave room for rounding
        (sign / length / SLOPE_STEP).astype(np.float32),
        moves.piece_share[:, 0].copy(),  # of the length of a move, in its first cell and as much in its last
        least,
        np.arange(-reach, reach + 1) * moves.width,
    )
    candidates = np.empty(len(length) + 1, np.uintp)
    spare, count = np.empty(CHUNK, np.int32), np.empty(MOST_DIGITS, np.int32)
    pool, link = np.empty((64, CHUNK), np.int32), np.empty(64, np.int32)
    chain, filled = np.full(slots, -1, np.int32), np.full(slots, CHUNK, np.int32)
    state = np.zeros(8, np.int64)
    state[_FREE], state[_LEFT], state[_OPEN] = -1, left, SINGLY - 1
    for cell in sources:
        if seconds[cell] > 0.0:
            seconds[cell], done[cell] = 0.0, True
            met[state[_FOUND]], order[state[_FOUND]] = cell, cell
            state[_FOUND] += 1
            if len(wanted) > 0 and wanted[cell]:
                meet(state, np.int64(wanted[cell]))
    state[_SETTLED] = state[_FOUND]
    start = 0
    while start < state[_SETTLED] and (state[_LEFT] > 0 or len(wanted) == 0):
        stop = state[_SETTLED]
        while state[_USED] + (stop - start) * len(length) // CHUNK + slots > len(link):
            pool, link = np.concatenate((pool, np.empty_like(pool))), np.concatenate((link, link))
        relax(
            ground, moves, bounds, sign, limit, danger, 1.0 / (quickest * ground.cell_m), work, chain, filled, pool,
            link, candidates, start, stop, state
        )  # fmt: skip
        start = stop
        take_slot(chain, filled, pool, link, done, wanted, order, state)
        # Row by row, the surroundings of the cells stay in the cache.
        if state[_SETTLED] - start > len(spare):
            spare = np.empty(2 * (state[_SETTLED] - start), np.int32)
        if state[_SETTLED] > start:
            sort_cells(order[start : state[_SETTLED]], spare, count)
    return state[_SETTLED], state[_FOUND]


@njit(cache=True, nogil=True)
def clear(work, found):
    """Make the workspace as new after a search that gave a time to ``found`` cells."""
    for i in range(found):
        cell = work.met[i]
        work.seconds[cell], work.came_by[cell], work.done[cell] = np.inf, 0, False
