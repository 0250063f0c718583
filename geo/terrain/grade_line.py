"""The highest falling line that reaches each cell: water led from a canal, or the energy of a mass that runs out.

Both start from cells at a level and fall by a fixed loss per metre of way, and both end where they meet the ground.
Water falls by its head loss, an avalanche or debris flow by the tangent of its travel angle (the energy line of Heim
1932). Neither may stand higher above the ground it passes than a given depth: a flume or siphon for water, the velocity
head for a mass. Cells are settled from the highest line downwards, so that each is settled once.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numba import njit
from numpy.typing import NDArray

from geo.compiled.cell_queue import empty_queue, more_room, pop, push, size_of
from geo.compiled.kernel import innermost
from geo.errors import GridError
from geo.terrain.grid import Grid
from geo.terrain.relief import heights
from geo.terrain.stencil import ALL, REACH, stencil

MICROMETRES = 1e6  # per metre; levels are queued as whole numbers
TENTHS_MM = 1e4  # per metre; the same where two heights share one number
CAPACITY = 1 << 16  # cells queued at once, to begin with
HIGHEST_M = 10_000.0  # m; above any ground, so that levels queued as depths below it are positive


@innermost()
def _arrive(z, shut, moves, cell, k, line, loss, deepest):  # type: ignore[no-untyped-def]
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
def _fall(z, shut, moves, sources, levels, loss, deepest, line, source):  # type: ignore[no-untyped-def]
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
        _settle_fall(z, shut, moves, loss, deepest, line, source, done, queue)


@innermost()
def _settle_fall(z, shut, moves, loss, deepest, line, source, done, queue):  # type: ignore[no-untyped-def]
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
            level = _arrive(z, shut, moves, cell, k, line[cell], loss, deepest)
            if level > line[there]:
                line[there], source[there] = level, source[cell]
                push(queue, -np.int64(level * MICROMETRES), there)


@innermost()
def _queue_short(z, shut, done, moves, loss, line, clearance, cell, least, queue):  # type: ignore[no-untyped-def]
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
def _fall_short(z, shut, moves, loss, deepest, line, source, clearance):  # type: ignore[no-untyped-def]
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
        _queue_short(z, shut, done, moves, loss, line[cell], 0.0, cell, least, queue)
    while size_of(queue) > 0:
        queue = more_room(queue)
        _settle_short(z, shut, moves, loss, deepest, line, source, clearance, arrived, done, least, queue)


@innermost()
def _settle_short(  # type: ignore[no-untyped-def]
    z, shut, moves, loss, deepest, line, source, clearance, arrived, done, least, queue
):
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
        _queue_short(z, shut, done, moves, loss, line[there], clearance[there], there, least, queue)


@dataclass(frozen=True, slots=True)
class FallingLine:
    """Where a falling line runs, arrays (rows, cols) on the cells of the height grid.

    level_m : float64, metres, NaN where it never comes. clearance_m : float64, line less ground; where the ground is
    above it on every way, minus the least depth below ground the line needs on any way, if asked for, else NaN.
    start : int64, index of the start it comes from, -1 where it never comes.
    """

    level_m: NDArray[np.float64]
    clearance_m: NDArray[np.float64]
    start: NDArray[np.int64]


def falling_line(
    dem: Grid,
    rows: NDArray[np.int64],
    cols: NDArray[np.int64],
    levels_m: NDArray[np.float64],
    *,
    loss: float,
    deepest_m: float = np.inf,
    shut: NDArray[np.bool_] | None = None,
    directions: int = ALL,
    through_ground: bool = False,
) -> FallingLine:
    """The highest line from any start to every cell: level - loss x length of the way, never below the ground passed.

    Parameters
    ----------
    rows, cols, levels_m : (n,) start cells and the level there in metres; a start may lie below its cell's height.
    loss : fall per metre of way, m/m.
    deepest_m : the line is lowered to this height above the ground it passes.
    shut : bool (rows, cols), cells it may not enter, besides those without a height.
    directions : 8 or 40 moves; with 8 ways are up to 8 % too long, with 40 under 1 %.
    through_ground : go on through higher ground and say in ``clearance_m`` how much too low the line is.

    Raises
    ------
    GridError : more than one band, cells without a size, or a loss that is not above 0.
    """
    if not loss > 0.0:
        raise GridError(f"a line must fall along its way, got a loss of {loss} m/m")
    z = heights(dem).astype(np.float64)
    closed = np.isnan(z) if shut is None else np.isnan(z) | shut
    width = z.shape[1] + 2 * REACH
    z, closed = np.pad(z, REACH).ravel(), np.pad(closed, REACH, constant_values=True).ravel()
    line, source = np.full(z.size, -np.inf), np.full(z.size, -1, dtype=np.int64)
    starts = (rows + REACH) * width + cols + REACH
    usable = np.flatnonzero(~closed[starts] & np.isfinite(levels_m))
    per_cell = loss * dem.cell_m
    _fall(z, closed, stencil(width, directions), starts[usable], levels_m[usable], per_cell, deepest_m, line, source)
    clearance = np.where(source >= 0, line - z, np.nan)
    if through_ground:
        _fall_short(z, closed, stencil(width, 8), per_cell, deepest_m, line, source, clearance)
    source[source >= 0] = usable[source[source >= 0]]
    line[source < 0] = np.nan
    inner = (slice(REACH, -REACH), slice(REACH, -REACH))
    return FallingLine(
        line.reshape(-1, width)[inner].copy(),
        clearance.reshape(-1, width)[inner].copy(),
        source.reshape(-1, width)[inner].copy(),
    )
