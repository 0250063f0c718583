"""Compiled loops of ``geo.terrain.grade_line``."""

from __future__ import annotations

import numpy as np
from numba import njit

from geo.compiled.cell_queue import empty_queue, more_room, pop, push, size_of
from geo.compiled.kernel import innermost

MICROMETRES = 1e6  # per metre; levels are queued as whole numbers
TENTHS_MM = 1e4  # per metre; the same where two heights share one number
CAPACITY = 1 << 16  # cells queued at once, to begin with
HIGHEST_M = 10_000.0  # m; above any ground, so that levels queued as depths below it are positive


@innermost()
def arrive(z, shut, moves, cell, k, line, loss, deepest):
    """Level of the line at the end of move k, or -inf where it meets the ground or shut cells on the way there."""
    if (
        moves.beside[k, 0] != 0
        and (shut[cell + moves.beside[k, 0]] or z[cell + moves.beside[k, 0]] > line)
        and (shut[cell + moves.beside[k, 1]] or z[cell + moves.beside[k, 1]] > line)
    ):
        return -np.inf
    fall = loss * moves.length[k]
    for j in range(1, moves.pieces[k] - 1):
        there = cell + moves.piece[k, j]
        if there != cell:
            fallen = fall * moves.piece_middle[k, j]
            if shut[there] or line - fallen < z[there]:
                return -np.inf
            line = min(line, z[there] + deepest + fallen)
    end = cell + moves.offset[k]
    line = min(line - fall, z[end] + deepest)
    return line if line >= z[end] else -np.inf


@njit(cache=True, nogil=True)
def descend(z, shut, moves, sources, levels, loss, deepest, line, source):
    """Settle every cell the line reaches above its ground; ``loss`` in metres per cell of way."""
    done = np.zeros(len(z), np.bool_)
    highest = levels.max() if len(levels) > 0 else 0.0
    queue = empty_queue(-np.int64(highest * MICROMETRES), np.int64(0), max(len(sources), CAPACITY))
    for i in range(len(sources)):
        cell = sources[i]
        if levels[i] > line[cell]:
            line[cell], source[cell] = levels[i], i
            push(queue, -np.int64(levels[i] * MICROMETRES), cell)
    while size_of(queue) > 0:
        queue = more_room(queue)
        settle_fall(z, shut, moves, loss, deepest, line, source, done, queue)


@innermost()
def settle_fall(z, shut, moves, loss, deepest, line, source, done, queue):
    """Settle cells as long as there are any and the queue has room for their moves."""
    while 0 < size_of(queue) <= len(queue.next) - len(moves.offset):
        cell = pop(queue)
        if done[cell]:
            continue
        done[cell] = True
        for k in range(len(moves.offset)):
            there = cell + moves.offset[k]
            if done[there] or shut[there] or line[cell] - loss * moves.length[k] <= line[there]:
                continue
            level = arrive(z, shut, moves, cell, k, line[cell], loss, deepest)
            if level > line[there]:
                line[there], source[there] = level, source[cell]
                push(queue, -np.int64(level * MICROMETRES), there)


@innermost()
def queue_short(z, shut, done, moves, loss, line, clearance, cell, least, queue):
    """Queue the moves from a cell by how far below ground the line has been after them; there must be room.

    least : int64, key of the move each cell is to be settled by so far; moves that come no sooner are not queued.
    """
    for k in range(len(moves.offset)):
        there = cell + moves.offset[k]
        if not (shut[there] or done[there]):
            level = line - loss * moves.length[k]
            short = max(z[there] - level, -clearance)
            key = (np.int64(short * TENTHS_MM) << 32) | np.int64((HIGHEST_M - level) * TENTHS_MM)
            if key < least[there]:
                least[there] = key
                push(queue, key, cell * len(moves.offset) + k)


@njit(cache=True, nogil=True)
def fall_short(z, shut, moves, loss, deepest, line, source, clearance):
    """Go on through ground above the line, by the way on which it lies least below; give every cell that depth.

    Unit moves only. On entry ``clearance`` is line less ground where the line arrives and NaN elsewhere. Ways of one
    depth are told apart by their level, highest first.
    """
    arrived = ~np.isnan(clearance)
    done = arrived.copy()
    least = np.full(len(z), np.iinfo(np.int64).max, np.int64)
    begin = np.flatnonzero(arrived)
    capacity = max(len(begin), CAPACITY)
    queue = empty_queue(np.int64(0), np.int64(HIGHEST_M * TENTHS_MM) << 32, capacity)
    for cell in begin:
        queue_short(z, shut, done, moves, loss, line[cell], 0.0, cell, least, queue)
    while size_of(queue) > 0:
        queue = more_room(queue)
        settle_short(z, shut, moves, loss, deepest, line, source, clearance, arrived, done, least, queue)


@innermost()
def settle_short(z, shut, moves, loss, deepest, line, source, clearance, arrived, done, least, queue):
    """Settle cells as long as there are any and the queue has room for their moves."""
    n_moves = len(moves.offset)
    while 0 < size_of(queue) <= len(queue.next) - n_moves:
        move = pop(queue)
        cell, k = move // n_moves, move % n_moves
        there = cell + moves.offset[k]
        if done[there]:
            continue
        done[there] = True
        line[there] = min(line[cell] - loss * moves.length[k], z[there] + deepest)
        source[there] = source[cell]
        so_far = 0.0 if arrived[cell] else clearance[cell]
        clearance[there] = min(line[there] - z[there], so_far)
        queue_short(z, shut, done, moves, loss, line[there], clearance[there], there, least, queue)
