"""Least-time ways over terrain: minutes from home and back, and what is met on the way.

Dijkstra's algorithm over the cells of a surface with the 40 moves of ``geo.stencil`` and a queue of time slots no wider
than the quickest move, so that every cell of the earliest slot is final and the cost is linear in the number of cells
(Dial 1969, Communications of the ACM 12(11), p. 632; slots of that width after Dinitz 1978). Speeds depend on the slope
in the direction walked, hence out and back differ. The tree of predecessors carries whatever is summed along the ways,
without tracing any of them.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import NamedTuple

import geopandas as gpd
import numpy as np
import shapely
from numba import njit
from numpy.typing import ArrayLike, NDArray

from geo.errors import GridError
from geo.grid import Grid
from geo.stencil import Stencil, stencil
from geo.surface import BLOCKED, SLOPE_STEP, STEEPEST, Surface, walking_surface
from geo.walking import Walker

SECONDS_PER_MINUTE = 60.0  # s
SNAP_CELLS = 3  # cells; a home drawn in the river or in a gap of the grid is moved to ground this near, no farther
OUT, BACK = 1.0, -1.0  # sign of the slope: away from the sources, or towards them
_LAST = round(2 * STEEPEST / SLOPE_STEP) - 1  # last interval of the pace table


@njit(cache=True, nogil=True)
def _pace(pace, kind, slope):  # type: ignore[no-untyped-def]
    """Seconds per metre, between two entries of the table."""
    position = (slope + STEEPEST) / SLOPE_STEP
    entry = min(max(int(position), 0), _LAST)
    part = min(max(position - entry, 0.0), 1.0)
    return (1.0 - part) * pace[kind, entry] + part * pace[kind, entry + 1]


@njit(cache=True, nogil=True)
def move_seconds(ground, moves, cell, k, sign):  # type: ignore[no-untyped-def]
    """Seconds of move k from ``cell``, infinite across blocked ground; sign -1 walks it the other way."""
    steps = moves.steps[k]
    length = moves.length[k] * ground.cell_m
    run = sign * steps / length
    here = ground.height[cell]
    total = 0.0
    if ground.alike[cell]:
        kind = ground.kind[cell]
        for step in range(steps):
            weight = moves.weight[k, step]
            there = (1.0 - weight) * ground.height[cell + moves.low[k, step]] + weight * ground.height[
                cell + moves.high[k, step]
            ]
            total += _pace(ground.pace, kind, (there - here) * run)
            here = there
        return total * length / steps
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
        total += moves.piece_share[k, j] * _pace(ground.pace, kind, slope)
    return total * length


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
    order : int32, filled with the settled cells, earliest first. met : int32, filled with the cells given a time.
    after, before : int32, neighbours in the same time slot; need no clearing.
    """

    seconds: NDArray[np.float32]
    came_by: NDArray[np.uint8]
    done: NDArray[np.bool_]
    order: NDArray[np.int32]
    met: NDArray[np.int32]
    after: NDArray[np.int32]
    before: NDArray[np.int32]


def workspace(surface: Surface) -> Workspace:
    """A workspace for searches on a surface."""
    n = len(surface.ground.kind)
    return Workspace(
        np.full(n, np.inf, dtype=np.float32),
        np.zeros(n, dtype=np.uint8),
        np.zeros(n, dtype=np.bool_),
        *(np.empty(n, dtype=np.int32) for _ in range(4)),
    )


@njit(cache=True, nogil=True)
def spread(ground, moves, sources, sign, limit, danger, wanted, quickest, slots, work):  # type: ignore[no-untyped-def]
    """Settle the cells within ``limit`` seconds of the sources; return how many, and how many were given a time.

    danger : float32 over the padded cells, or empty; stretches the time of a move by 1 + its mean on it. wanted : bool
    over the padded cells, or empty; the search ends when all of these are settled. quickest : s/m that no move beats.
    slots : time slots of the quickest move, more than the slowest move spans. work : a ``Workspace``.
    """
    seconds, came_by, done, order, met, after, before = work
    width = quickest * ground.cell_m
    head = np.full(slots, -1, np.int32)
    waiting, settled, found, slot = 0, 0, 0, 0
    left = np.count_nonzero(wanted)
    for cell in sources:
        if seconds[cell] == 0.0:
            continue
        seconds[cell] = 0.0
        met[found] = cell
        found += 1
        after[cell], before[cell] = head[0], -1
        if head[0] >= 0:
            before[head[0]] = cell
        head[0] = cell
        waiting += 1
    while waiting > 0:
        cell = head[slot % slots]
        if cell < 0:
            slot += 1
            continue
        head[slot % slots] = after[cell]
        if after[cell] >= 0:
            before[after[cell]] = -1
        waiting -= 1
        done[cell] = True
        order[settled] = cell
        settled += 1
        if len(wanted) > 0 and wanted[cell]:
            left -= 1
            if left == 0:
                break
        for k in range(len(moves.offset)):
            there = cell + moves.offset[k]
            if done[there] or ground.kind[there] == BLOCKED:
                continue
            length = moves.length[k] * ground.cell_m
            if seconds[cell] + length * quickest >= seconds[there]:
                continue
            move = move_seconds(ground, moves, cell, k, sign)
            if len(danger) > 0 and move < np.inf:
                move *= 1.0 + crossing(danger, moves, cell, k, ground.cell_m) / length
            reached = np.float32(seconds[cell] + move)
            if reached >= seconds[there] or reached > limit:
                continue
            if seconds[there] < np.inf:
                old = max(int(seconds[there] / width), slot) % slots
                if before[there] >= 0:
                    after[before[there]] = after[there]
                else:
                    head[old] = after[there]
                if after[there] >= 0:
                    before[after[there]] = before[there]
                waiting -= 1
            else:
                met[found] = there
                found += 1
            seconds[there] = reached
            came_by[there] = k + 1
            # Rounding must not put a cell into a slot already passed.
            new = max(int(reached / width), slot) % slots
            after[there], before[there] = head[new], -1
            if head[new] >= 0:
                before[head[new]] = there
            head[new] = there
            waiting += 1
    return settled, found


@njit(cache=True, nogil=True)
def clear(work, found):  # type: ignore[no-untyped-def]
    """Make the workspace as new after a search that gave a time to ``found`` cells."""
    for i in range(found):
        cell = work.met[i]
        work.seconds[cell], work.came_by[cell], work.done[cell] = np.inf, 0, False


@njit(cache=True, nogil=True)
def _sum_along(ground, moves, order, came_by, per_metre, total):  # type: ignore[no-untyped-def]
    """Sum ``per_metre`` along the tree from the sources to every settled cell."""
    for cell in order:
        k = came_by[cell]
        if k == 0:
            total[cell] = 0.0
            continue
        parent = cell - moves.offset[k - 1]
        total[cell] = total[parent] + crossing(per_metre, moves, parent, k - 1, ground.cell_m)


@njit(cache=True, nogil=True)
def _clock_along(ground, moves, order, came_by, sign, total):  # type: ignore[no-untyped-def]
    """Sum the undisturbed seconds along the tree from the sources to every settled cell."""
    for cell in order:
        k = came_by[cell]
        if k == 0:
            total[cell] = 0.0
            continue
        parent = cell - moves.offset[k - 1]
        total[cell] = total[parent] + move_seconds(ground, moves, parent, k - 1, sign)


@njit(cache=True, nogil=True)
def _roots(moves, order, came_by, root_of_source, root):  # type: ignore[no-untyped-def]
    """Carry the number of the source along the tree."""
    for cell in order:
        k = came_by[cell]
        root[cell] = root_of_source[cell] if k == 0 else root[cell - moves.offset[k - 1]]


@dataclass(frozen=True, slots=True)
class LeastTime:
    """Least times between sources and every cell, and the tree of ways they go by.

    surface, sources, sign : what it was made with; sources are padded cells, sign is ``OUT`` or ``BACK``.
    seconds, came_by : float32 and uint8 over the padded cells: time (weighted by danger if any), and 1 + the move by
    which the cell was reached, 0 = source or not reached. order : reached cells, earliest first, int32.
    """

    surface: Surface
    sources: NDArray[np.int64]
    sign: float
    seconds: NDArray[np.float32]
    came_by: NDArray[np.uint8]
    order: NDArray[np.int32]

    @property
    def moves(self) -> Stencil:
        """The moves of the surface's grid."""
        return stencil(self.surface.width)

    def minutes(self) -> Grid:
        """Minutes by the clock along the ways, Grid, NaN where none leads; a danger weighs the choice of way only."""
        total = np.full(len(self.seconds), np.nan, dtype=np.float32)
        _clock_along(self.surface.ground, self.moves, self.order, self.came_by, self.sign, total)
        return replace(self.surface.dem, values=self.surface.unpadded(total / np.float32(SECONDS_PER_MINUTE)))

    def summed_m(self, per_metre: NDArray[np.floating]) -> Grid:
        """Metres in each cell times its value in ``per_metre`` (rows, cols), summed along the way; Grid, NaN as above.

        With the danger factors of the cells, this is the exposure on the way (domain reference 7.4).
        """
        total = np.full(len(self.seconds), np.nan, dtype=np.float32)
        weights = self.surface.padded(per_metre)
        _sum_along(self.surface.ground, self.moves, self.order, self.came_by, weights, total)
        return replace(self.surface.dem, values=self.surface.unpadded(total))

    def source(self) -> NDArray[np.int64]:
        """Index of the source each cell is reached from, int64 (rows, cols), -1 where no way leads."""
        number = np.full(len(self.seconds), -1, dtype=np.int64)
        # Where two sources share a cell, the first keeps it.
        number[self.sources[::-1]] = np.arange(len(self.sources))[::-1]
        root = np.full(len(self.seconds), -1, dtype=np.int64)
        _roots(self.moves, self.order, self.came_by, number, root)
        return self.surface.unpadded(root)

    def way(self, x: float, y: float) -> shapely.LineString | None:
        """The way between the sources and the point, in the direction walked, EPSG:32642; None if no way leads."""
        cell = int(self.surface.padded_cells(np.array([[x, y]]))[0])
        if cell < 0 or not np.isfinite(self.seconds[cell]):
            return None
        cells = [cell]
        while self.came_by[cells[-1]]:
            cells.append(cells[-1] - int(self.moves.offset[self.came_by[cells[-1]] - 1]))
        xy = self.surface.centres(np.array(cells if self.sign == BACK else cells[::-1]))
        return shapely.LineString(np.repeat(xy, 2, axis=0) if len(xy) == 1 else xy)


def open_cells(surface: Surface, xy: NDArray[np.float64]) -> NDArray[np.int64]:
    """Padded cell of each point, int64 (n,); off blocked ground to open ground within ``SNAP_CELLS``, else -1."""
    cells = surface.padded_cells(xy)
    reach = np.arange(-SNAP_CELLS, SNAP_CELLS + 1)
    down, right = (offsets.ravel() for offsets in np.meshgrid(reach, reach, indexing="ij"))
    nearest_first = np.argsort(np.hypot(down, right), kind="stable")
    around = (down * surface.width + right)[nearest_first]
    for i in np.flatnonzero((cells >= 0) & (surface.ground.kind[cells] == BLOCKED)):
        free = surface.ground.kind[cells[i] + around] != BLOCKED
        cells[i] = cells[i] + around[np.argmax(free)] if free.any() else -1
    return cells


def least_time(
    surface: Surface,
    sources_xy: ArrayLike,
    *,
    sign: float = OUT,
    within_minutes: float = np.inf,
    danger: NDArray[np.floating] | None = None,
) -> LeastTime:
    """Least times from the nearest of the sources to every cell (``OUT``), or from every cell to it (``BACK``).

    Parameters
    ----------
    surface : from ``walking_surface``.
    sources_xy : (n, 2) points in EPSG:32642, metres; those outside the grid, or farther than ``SNAP_CELLS`` from open
        ground, are left out.
    within_minutes : stop there; cells farther away are not reached.
    danger : (rows, cols) factors >= 0; ways are chosen as if a metre took 1 + factor times as long, which gives the
        safer way of domain reference 7.4.

    Raises
    ------
    GridError : no source is on the grid, or ``danger`` is not on its cells or below 0.
    """
    sources = open_cells(surface, np.asarray(sources_xy, dtype=np.float64).reshape(-1, 2))
    if not (sources >= 0).any():
        raise GridError("no starting point lies on the height grid")
    weights = np.empty(0, dtype=np.float32) if danger is None else surface.padded(danger)
    if not (weights >= 0).all():
        raise GridError("danger factors must be known and not below 0")
    work = workspace(surface)
    settled, _ = spread(
        surface.ground,
        stencil(surface.width),
        sources[sources >= 0],
        sign,
        np.float32(within_minutes * SECONDS_PER_MINUTE),
        weights,
        np.empty(0, dtype=np.bool_),
        *time_slots(surface, float(weights.max(initial=0.0))),
        work,
    )
    return LeastTime(surface, sources, sign, work.seconds, work.came_by, work.order[:settled].copy())


def time_slots(surface: Surface, most_danger: float) -> tuple[float, int]:
    """Seconds per metre no move beats, and how many slots of the quickest move the slowest move spans."""
    used = np.flatnonzero(np.bincount(surface.ground.kind, minlength=len(surface.ground.pace)))
    paces = surface.ground.pace[used[used != BLOCKED]]
    if not paces.size:
        raise GridError("all ground is blocked")
    quickest = float(paces.min())
    longest = float(stencil(surface.width).length.max())
    return quickest, int(longest * float(paces.max()) * (1.0 + most_danger) / quickest) + 2


def travel_minutes(
    dem: Grid,
    sources_xy: ArrayLike,
    *,
    walker: Walker | None = None,
    paths: gpd.GeoDataFrame | None = None,
    barriers: gpd.GeoDataFrame | None = None,
    both_ways: bool = True,
    driving: bool = False,
    month: int | None = None,
    within_minutes: float = np.inf,
) -> Grid:
    """Minutes from the nearest source to every cell, float32 Grid on the cells of ``dem``, NaN where no way leads.

    ``both_ways`` gives the mean of the way there and the way back, as the walk to a plot is counted (domain reference
    4.3); otherwise the way there alone. Other parameters and errors as ``walking_surface`` and ``least_time``.
    """
    surface = walking_surface(dem, walker=walker, paths=paths, barriers=barriers, driving=driving, month=month)
    there = least_time(surface, sources_xy, within_minutes=within_minutes).minutes()
    if not both_ways:
        return there
    back = least_time(surface, sources_xy, sign=BACK, within_minutes=within_minutes).minutes()
    return replace(dem, values=(there.values + back.values) / np.float32(2.0))
