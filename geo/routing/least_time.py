"""The search for least times over a surface: Dijkstra's algorithm in time linear in the number of cells.

The queue is a ring of time slots no wider than the quickest move, so that every cell of the earliest slot is final and
no order need be kept within it (Dial 1969, Communications of the ACM 12(11), p. 632; slots of that width after Dinitz
1978). The cells of a slot are settled row by row, which keeps what they read in the cache.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from geo.errors import GridError
from geo.routing.kernels.least_time import clear
from geo.routing.kernels.surface import BLOCKED
from geo.routing.surface import Surface
from geo.terrain.stencil import stencil

SPARE = 4  # workspaces kept for the next search; one of a million cells takes 14 MB


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


@dataclass(slots=True)
class Borrowed:
    """A workspace for one search.

    work : as new. found : how many cells the search gave a time to; to be set after it.
    """

    work: Workspace
    found: int = 0


@contextmanager
def borrowed_workspace(surface: Surface) -> Iterator[Borrowed]:
    """Lend a workspace that an earlier search on a surface of this size gave back; safe among threads.

    Parameters
    ----------
    surface : from ``walking_surface``

    Yields
    ------
    the workspace as new; what the search wrote is not to be kept
    """
    n = len(surface.ground.kind)
    with _LOCK:
        number = next((i for i, work in enumerate(_SPARE) if len(work.seconds) == n), None)
        work = None if number is None else _SPARE.pop(number)
    lent = Borrowed(workspace(surface) if work is None else work)
    yield lent  # after a fault it is not given back
    clear(lent.work, lent.found)
    with _LOCK:
        _SPARE.append(lent.work)
        del _SPARE[:-SPARE]


_SPARE: list[Workspace] = []
_LOCK = threading.Lock()


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
