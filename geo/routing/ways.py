"""Least-time ways over terrain: minutes from home and back, and what is met on the way.

Speeds depend on the slope in the direction walked, hence out and back differ. The tree of predecessors that the search
(``geo.routing.least_time``) leaves carries whatever is summed along the ways, without tracing any of them.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import partial

import geopandas as gpd
import numpy as np
import shapely
from numpy.typing import ArrayLike, NDArray

from geo.compiled.threads import at_once
from geo.errors import GridError
from geo.routing.kernels import ways as kernels
from geo.routing.kernels.least_time import SINGLY, spread
from geo.routing.kernels.surface import BLOCKED
from geo.routing.least_time import time_slots, workspace
from geo.routing.surface import Surface, walking_surface
from geo.routing.walking import Walker
from geo.terrain.grid import Grid
from geo.terrain.stencil import ALL, Stencil, stencil

SECONDS_PER_MINUTE = 60.0  # s
OUT, BACK = 1.0, -1.0  # sign of the slope: away from the sources, or towards them
SNAP_CELLS = 3  # cells; a home drawn in the river or in a gap of the grid is moved to ground this near, no farther


@dataclass(frozen=True, slots=True)
class LeastTime:
    """Least times between sources and every cell, and the tree of ways they go by.

    surface, sources, sign, weighted, directions : what it was made with; sources are padded cells, sign is ``OUT`` or
    ``BACK``, weighted says that dangers weighed in.
    seconds, came_by : float32 and uint8 over the padded cells: time (weighted by danger if any), and 1 + the move by
    which the cell was reached, 0 = source or not reached. order : reached cells, each after its own
    predecessor, int32.
    """

    surface: Surface
    sources: NDArray[np.int64]
    sign: float
    weighted: bool
    directions: int
    seconds: NDArray[np.float32]
    came_by: NDArray[np.uint8]
    order: NDArray[np.int32]

    @property
    def moves(self) -> Stencil:
        """The moves of the surface's grid."""
        return stencil(self.surface.width, self.directions)

    def minutes(self) -> Grid:
        """Return the minutes by the clock along the ways; a danger weighs the choice of way only.

        Returns
        -------
        float32 Grid, minutes, NaN where no way leads
        """
        if self.weighted:
            clock = np.full(len(self.seconds), np.nan, dtype=np.float32)
            kernels.clock_along(self.surface.ground, self.moves, self.order, self.came_by, self.sign, clock)
        else:
            clock = self.seconds
        minutes = self.surface.unpadded(clock) / np.float32(SECONDS_PER_MINUTE)
        minutes[np.isinf(minutes)] = np.nan  # no way leads there
        return replace(self.surface.dem, values=minutes)

    def summed_m(self, per_metre: NDArray[np.floating]) -> Grid:
        """Return the metres in each cell times its value, summed along the way.

        With the danger factors of the cells, this is the exposure on the way (domain reference 7.4).

        Parameters
        ----------
        per_metre : (rows, cols), value of a metre in each cell

        Returns
        -------
        float32 Grid, metres times value, NaN where no way leads
        """
        total = np.full(len(self.seconds), np.nan, dtype=np.float32)
        weights = self.surface.padded(per_metre)
        kernels.sum_along(self.surface.ground, self.moves, self.order, self.came_by, weights, total)
        return replace(self.surface.dem, values=self.surface.unpadded(total))

    def source(self) -> NDArray[np.int64]:
        """Return the source each cell is reached from.

        Returns
        -------
        int64 (rows, cols), index of the source, -1 where no way leads
        """
        number = np.full(len(self.seconds), -1, dtype=np.int64)
        # Where two sources share a cell, the first keeps it.
        number[self.sources[::-1]] = np.arange(len(self.sources))[::-1]
        root = np.full(len(self.seconds), -1, dtype=np.int64)
        kernels.roots(self.moves, self.order, self.came_by, number, root)
        return self.surface.unpadded(root)

    def way(self, x: float, y: float) -> shapely.LineString | None:
        """Return the way between the sources and a point, in the direction walked.

        Parameters
        ----------
        x : metres in EPSG:32642
        y : metres in EPSG:32642

        Returns
        -------
        line in EPSG:32642; None if no way leads there
        """
        cell = int(self.surface.padded_cells(np.array([[x, y]]))[0])
        if cell < 0 or not np.isfinite(self.seconds[cell]):
            return None
        cells = [cell]
        while self.came_by[cells[-1]]:
            cells.append(cells[-1] - int(self.moves.offset[self.came_by[cells[-1]] - 1]))
        xy = self.surface.centres(np.array(cells if self.sign == BACK else cells[::-1]))
        return shapely.LineString(np.repeat(xy, 2, axis=0) if len(xy) == 1 else xy)


def open_cells(surface: Surface, xy: NDArray[np.float64]) -> NDArray[np.int64]:
    """Return the cell of each point, off blocked ground to open ground within ``SNAP_CELLS``.

    Parameters
    ----------
    surface : from ``walking_surface``
    xy : float64 (n, 2), metres in EPSG:32642

    Returns
    -------
    int64 (n,), flat padded index, -1 outside the grid or where no ground near is open
    """
    return move_to_open(surface, surface.padded_cells(xy))


def move_to_open(surface: Surface, cells: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return cells, each on blocked ground moved to the nearest open one as ``open_cells`` does.

    Parameters
    ----------
    surface : from ``walking_surface``
    cells : int64 (n,), flat padded index, -1 for none

    Returns
    -------
    int64 (n,), flat padded index, -1 for none and where no ground near is open
    """
    reach = np.arange(-SNAP_CELLS, SNAP_CELLS + 1)
    down, right = (offsets.ravel() for offsets in np.meshgrid(reach, reach, indexing="ij"))
    nearest_first = np.argsort(np.hypot(down, right), kind="stable")
    result = cells.copy()
    shut = np.flatnonzero((cells >= 0) & (surface.ground.kind[cells] == BLOCKED))
    result[shut] = -1
    for step in (down * surface.width + right)[nearest_first]:
        free = surface.ground.kind[cells[shut] + step] != BLOCKED
        result[shut[free]] = cells[shut[free]] + step
        shut = shut[~free]
    return result


def least_time(
    surface: Surface,
    sources_xy: ArrayLike,
    *,
    sign: float = OUT,
    within_minutes: float = np.inf,
    danger: NDArray[np.floating] | None = None,
    directions: int = ALL,
    goals_xy: ArrayLike | None = None,
) -> LeastTime:
    """Return the least times from the nearest of the sources to every cell, or from every cell to it.

    Parameters
    ----------
    surface : from ``walking_surface``.
    sources_xy : (n, 2) points in EPSG:32642, metres; those outside the grid, or farther than ``SNAP_CELLS`` from open
        ground, are left out.
    sign : ``OUT``, away from the sources, or ``BACK``, towards them.
    within_minutes : stop there; cells farther away are not reached.
    danger : (rows, cols) factors >= 0; ways are chosen as if a metre took 1 + factor times as long, which gives the
        safer way of domain reference 7.4.
    directions : 8 or 40 moves; with 8 ways are up to 8 % too long, with 40 under 1 %.
    goals_xy : (n, 2) points in EPSG:32642, metres; stop when all of these are reached, those far from open ground left
        out; None = reach everything.

    Returns
    -------
    times and the tree of ways

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
    wanted, left = _wanted(surface, goals_xy)
    work = workspace(surface)
    settled, _ = spread(
        surface.ground,
        stencil(surface.width, directions),
        sources[sources >= 0],
        sign,
        np.float32(within_minutes * SECONDS_PER_MINUTE),
        weights,
        wanted,
        left,
        *time_slots(surface, float(weights.max(initial=0.0))),
        work,
    )
    order = work.order[:settled].copy()
    return LeastTime(surface, sources, sign, danger is not None, directions, work.seconds, work.came_by, order)


def _wanted(surface: Surface, goals_xy: ArrayLike | None) -> tuple[NDArray[np.uint16], int]:
    """Return the cells a search ends at, marked over the padded cells or empty for all, and how many they are."""
    if goals_xy is None:
        return np.empty(0, dtype=np.uint16), 0
    cells = open_cells(surface, np.asarray(goals_xy, dtype=np.float64).reshape(-1, 2))
    wanted = np.zeros(len(surface.ground.kind), dtype=np.uint16)
    wanted[cells[cells >= 0]] = SINGLY
    return wanted, int(np.count_nonzero(wanted))


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
    """Return the minutes from the nearest source to every cell.

    Parameters
    ----------
    dem : heights in metres; as ``walking_surface``
    sources_xy : (n, 2) points in EPSG:32642; as ``least_time``
    walker : who walks; the default ``Walker``
    paths : roads and paths; as ``walking_surface``
    barriers : such as rivers; as ``walking_surface``
    both_ways : mean of the way there and the way back, as the walk to a plot is counted (domain reference 4.3); else
        the way there alone
    driving : on roads that carry cars, go at ``DRIVEN_KM_H``
    month : leave out the ways closed in this month (1-12)
    within_minutes : stop there, one way

    Returns
    -------
    float32 Grid on the cells of ``dem``, minutes, NaN where no way leads

    Raises
    ------
    GridError : no source is on the grid, or the grid is none of heights.
    SuitabilityError : a road of unknown kind, or closed months that cannot be read.
    """
    surface = walking_surface(dem, walker=walker, paths=paths, barriers=barriers, driving=driving, month=month)

    def minutes(sign: float) -> Grid:
        return least_time(surface, sources_xy, sign=sign, within_minutes=within_minutes).minutes()

    if not both_ways:
        return minutes(OUT)
    there, back = at_once(partial(minutes, OUT), partial(minutes, BACK))
    return replace(dem, values=(there.values + back.values) / np.float32(2.0))
