"""One way at a time: found on a ground that many share, at the cost of the cells that were looked at.

``geo.routing.ways`` keeps the times of all cells and the whole tree; here only the way asked for, or the times of some
points, are taken from a workspace that is cleared cell by cell for the next search.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import shapely
from numpy.typing import NDArray

from geo.errors import GridError
from geo.routing.kernels import ways as kernels
from geo.routing.kernels.least_time import SINGLY, spread
from geo.routing.least_time import Borrowed, borrowed_workspace, time_slots
from geo.routing.surface import Surface
from geo.routing.ways import OUT, SECONDS_PER_MINUTE, open_cells
from geo.terrain.stencil import REACH, Stencil, stencil

Floats = NDArray[np.float64]
NO_DANGER = np.empty(0, dtype=np.float32)
MOST_KINDS = 15  # kinds of goal one search tells apart


@dataclass(frozen=True, slots=True)
class FoundWay:
    """A way of least time between two points.

    surface, sign : what it was found on; sign is ``OUT`` away from the source, ``BACK`` towards it. weighted : whether
    dangers weighed in. cells : int64 (n,), flat padded index, from the source on. came_by : uint8 (n,), 1 + the move by
    which each was reached, 0 of the source. seconds : time at the end, weighted by the danger if any.
    """

    surface: Surface
    sign: float
    weighted: bool
    cells: NDArray[np.int64]
    came_by: NDArray[np.uint8]
    seconds: float

    @property
    def line(self) -> shapely.LineString:
        """The way in the direction walked, EPSG:32642."""
        xy = self.surface.centres(self.cells if self.sign == OUT else self.cells[::-1])
        return shapely.LineString(np.repeat(xy, 2, axis=0) if len(xy) == 1 else xy)

    @property
    def minutes(self) -> float:
        """Minutes by the clock; a danger weighs the choice of way only."""
        seconds = self.seconds
        if self.weighted:
            seconds = kernels.clock_on(self.surface.ground, self._moves, self.cells, self.came_by, self.sign)
        return float(np.float32(seconds) / np.float32(SECONDS_PER_MINUTE))

    def summed_m(self, number: NDArray[np.uint8], per_metre: NDArray[np.float32]) -> float:
        """Return the metres in each cell times its value, summed along the way.

        Parameters
        ----------
        number : uint8, flat over the padded cells, the row of ``per_metre`` of each
        per_metre : float32, value of a metre

        Returns
        -------
        metres times value; with the danger factors of the levels of cells the exposure on the way (domain reference
        7.4)
        """
        # Only the rows of cells the way leads through, and those beside, are looked at.
        width = self.surface.width
        first = max(int(self.cells.min()) // width - REACH, 0) * width
        beyond = (int(self.cells.max()) // width + REACH + 1) * width
        values = per_metre[number[first:beyond]]
        return float(kernels.sum_on(self.surface.ground, self._moves, self.cells - first, self.came_by, values))

    @property
    def _moves(self) -> Stencil:
        return stencil(self.surface.width)


def find_way(
    surface: Surface,
    source_xy: Floats,
    goal_xy: Floats,
    *,
    sign: float,
    within_minutes: float,
    danger: NDArray[np.float32] = NO_DANGER,
) -> FoundWay | None:
    """Return the way of least time between a source and a goal.

    Parameters
    ----------
    surface : from ``walking_surface``
    source_xy : float64 (1, 2), metres in EPSG:32642, moved to open ground nearby
    goal_xy : the same
    sign : ``OUT``, from the source to the goal, or ``BACK``, from the goal to the source
    within_minutes : longest way looked for, weighted by the danger if there is one
    danger : float32, flat over the padded cells, factors >= 0 by which the way is chosen as if a metre took 1 + factor
        times as long

    Returns
    -------
    the way; None where none leads, or none so short

    Raises
    ------
    GridError : dangers below 0 or not known.
    """
    source, goal = open_cells(surface, source_xy), open_cells(surface, goal_xy)
    if source[0] < 0 or goal[0] < 0:
        return None
    if not (danger >= 0).all():
        raise GridError("danger factors must be known and not below 0")
    wanted = np.zeros(len(surface.ground.kind), dtype=np.uint16)
    wanted[goal] = SINGLY
    with borrowed_workspace(surface) as lent:
        _search(surface, lent, source, wanted, 1, sign, within_minutes, danger)
        seconds = float(lent.work.seconds[goal[0]])
        if not np.isfinite(seconds):
            return None
        moves, cells = stencil(surface.width), [int(goal[0])]
        while lent.work.came_by[cells[-1]]:
            cells.append(cells[-1] - int(moves.offset[lent.work.came_by[cells[-1]] - 1]))
        way = np.array(cells[::-1], dtype=np.int64)
        return FoundWay(surface, sign, len(danger) > 0, way, lent.work.came_by[way], seconds)


def minutes_to_nearest(
    surface: Surface,
    source_xy: Floats,
    goals_xy: Floats,
    kinds: NDArray[np.int64],
    *,
    sign: float,
    within_minutes: float,
) -> Floats:
    """Return the minutes between a source and points; the search ends when one of each kind is reached.

    Parameters
    ----------
    surface : from ``walking_surface``
    source_xy : float64 (1, 2), metres in EPSG:32642, moved to open ground nearby
    goals_xy : float64 (n, 2), likewise
    kinds : int64 (n,), kind of each, 0 to ``MOST_KINDS`` - 1
    sign : ``OUT``, from the source, or ``BACK``, towards it
    within_minutes : longest way looked for

    Returns
    -------
    float64 (n,), of the nearest of each kind and all as near as the last of these; NaN of those farther away, or where
    no way leads
    """
    source, goals = open_cells(surface, source_xy), open_cells(surface, goals_xy)
    minutes = np.full(len(goals), np.nan)
    known = np.flatnonzero(goals >= 0)
    if source[0] < 0:
        return minutes
    wanted = np.zeros(len(surface.ground.kind), dtype=np.uint16)
    np.bitwise_or.at(wanted, goals[known], np.uint16(1) << kinds[known].astype(np.uint16))
    with borrowed_workspace(surface) as lent:
        _search(surface, lent, source, wanted, len(np.unique(kinds[known])), sign, within_minutes, NO_DANGER)
        reached = known[lent.work.done[goals[known]]]
        minutes[reached] = lent.work.seconds[goals[reached]] / np.float32(SECONDS_PER_MINUTE)
    return minutes


def _search(
    surface: Surface,
    lent: Borrowed,
    sources: NDArray[np.int64],
    wanted: NDArray[np.uint16],
    left: int,
    sign: float,
    within_minutes: float,
    danger: NDArray[np.float32],
) -> None:
    """Search from padded cells until nothing wanted is left."""
    _, lent.found = spread(
        surface.ground,
        stencil(surface.width),
        sources,
        sign,
        np.float32(within_minutes * SECONDS_PER_MINUTE),
        danger,
        wanted,
        left,
        *time_slots(surface, float(danger.max(initial=0.0))),
        lent.work,
    )
