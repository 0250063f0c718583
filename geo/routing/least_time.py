"""The search for least times over a surface: Dijkstra's algorithm in time linear in the number of cells.

The queue is a ring of time slots no wider than the quickest move, so that every cell of the earliest slot is final and
no order need be kept within it (Dial 1969, Communications of the ACM 12(11), p. 632; slots of that width after Dinitz
1978). The cells of a slot are settled row by row, which keeps what they read in the cache.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from geo.errors import GridError
from geo.routing.kernels.surface import BLOCKED
from geo.routing.surface import Surface
from geo.terrain.stencil import stencil


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
    """Return a workspace for searches on a surface.

    Parameters
    ----------
    surface : from ``walking_surface``

    Returns
    -------
    arrays over the padded cells, as new
    """
    n = len(surface.ground.kind)
    return Workspace(
        np.full(n, np.inf, dtype=np.float32),
        np.zeros(n, dtype=np.uint8),
        np.zeros(n, dtype=np.bool_),
        *(np.empty(n, dtype=np.int32) for _ in range(2)),
    )


def time_slots(surface: Surface, most_danger: float) -> tuple[float, int]:
    """Return the width of the slots of time and how many are needed.

    Both follow from the paces there may be, not from those met in one window: of ways of equal time the same is found
    whatever piece of the ground is looked at.

    Parameters
    ----------
    surface : from ``walking_surface``
    most_danger : largest danger factor, 0 without

    Returns
    -------
    seconds per metre no move beats, and how many slots of the quickest move the slowest move spans

    Raises
    ------
    GridError : all ground is blocked.
    """
    if (surface.ground.kind == BLOCKED).all():
        raise GridError("all ground is blocked")
    paces = surface.ground.pace[:, ::2]
    paces = paces[np.isfinite(paces)]
    quickest = float(paces.min())
    longest = float(stencil(surface.width).length.max())
    return quickest, int(longest * float(paces.max()) * (1.0 + most_danger) / quickest) + 2
