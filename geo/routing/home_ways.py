"""Ways between many homes and the places each of them works, without settling more ground than those ways need.

One search from each home ends with the last of its places, in a workspace that is cleared cell by cell, so the cost
follows the distances walked and not the size of the grid.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from geo.compiled.threads import over_blocks
from geo.errors import GridError
from geo.routing.kernels import home_ways as kernels
from geo.routing.kernels.surface import BLOCKED
from geo.routing.least_time import time_slots, workspace
from geo.routing.surface import Surface
from geo.routing.ways import SECONDS_PER_MINUTE, open_cells
from geo.terrain.stencil import stencil

BLOCKS = 8  # shares the homes are dealt out in; each costs a workspace while a thread is on it


def _connected(surface: Surface) -> NDArray[np.int32]:
    """Number of the connected piece of open ground each padded cell belongs to; no move leads between two pieces."""
    from scipy.ndimage import label  # takes a seventh of a second; most commands do without

    is_open = (surface.ground.kind != BLOCKED).reshape(-1, surface.width)
    pieces, _ = label(is_open, structure=np.ones((3, 3)))
    return np.asarray(pieces, dtype=np.int32).ravel()


class HomeWays(NamedTuple):
    """Ways between n places and the home of each, NaN where none leads or it is longer than asked for.

    out_minutes, back_minutes : float64 (n,), by the clock, from home and to it.
    summed_m : float64 (layers, n), metres on the way out times each layer's value there.
    """

    out_minutes: NDArray[np.float64]
    back_minutes: NDArray[np.float64]
    summed_m: NDArray[np.float64]

    @property
    def minutes(self) -> NDArray[np.float64]:
        """Mean of the way out and the way back, as the walk to a plot is counted (domain reference 4.3)."""
        return (self.out_minutes + self.back_minutes) / 2.0


def ways_from_homes(
    surface: Surface,
    homes_xy: ArrayLike,
    places_xy: ArrayLike,
    home: NDArray[np.int64],
    *,
    layers: tuple[NDArray[np.floating], ...] = (),
    danger: NDArray[np.floating] | None = None,
    within_minutes: float = np.inf,
) -> HomeWays:
    """Return the least-time ways between each place and its home, out and back.

    Parameters
    ----------
    surface : from ``walking_surface``
    homes_xy : (m, 2) points in EPSG:32642; on blocked ground they move to open ground nearby
    places_xy : (n, 2) points, likewise
    home : int64 (n,), row of each place's home, -1 for none
    layers : (rows, cols) grids to sum along the way out, such as the exposure factors of hazard zones
    danger : (rows, cols) factors >= 0 by which ways are chosen as if a metre took 1 + factor times as long: the safer
        way of domain reference 7.4
    within_minutes : longest way looked for, one way, weighted by the danger if there is one

    Returns
    -------
    minutes out and back, and the sums of the layers; NaN where no way leads or it is longer than asked for

    Raises
    ------
    GridError : layers or dangers that are not on the surface's cells, dangers below 0, or all ground blocked.
    """
    homes = open_cells(surface, np.asarray(homes_xy, dtype=np.float64).reshape(-1, 2))
    cells = open_cells(surface, np.asarray(places_xy, dtype=np.float64).reshape(-1, 2))
    weights = np.empty(0, dtype=np.float32) if danger is None else surface.padded(danger)
    if not (weights >= 0).all():
        raise GridError("danger factors must be known and not below 0")
    stacked = np.zeros((0, len(surface.ground.kind)), dtype=np.float32)
    if layers:
        stacked = np.stack([surface.padded(layer) for layer in layers])
    n = len(cells)
    out, back = np.full(n, np.nan), np.full(n, np.nan)
    sums = np.zeros((len(layers), n))
    usable = np.flatnonzero((home >= 0) & (cells >= 0))
    usable = usable[homes[home[usable]] >= 0]
    # A place on ground cut off from its home would keep the search going to its limit, in vain.
    ground = _connected(surface)
    usable = usable[ground[homes[home[usable]]] == ground[cells[usable]]]
    visited, first = np.unique(home[usable], return_inverse=True)
    places = usable[np.argsort(first, kind="stable")]
    start = np.searchsorted(np.sort(first), np.arange(len(visited) + 1))

    def walk(begin: int, end: int) -> None:
        kernels.from_homes(
            surface.ground,
            stencil(surface.width),
            homes[visited[begin:end]],
            cells,
            places,
            start[begin : end + 1],
            np.float32(within_minutes * SECONDS_PER_MINUTE),
            weights,
            stacked,
            *time_slots(surface, float(weights.max(initial=0.0))),
            workspace(surface),
            out,
            back,
            sums,
        )

    if len(visited):
        over_blocks(walk, len(visited), block=-(-len(visited) // BLOCKS))
    sums[:, np.isnan(out)] = np.nan
    return HomeWays(out, back, sums)
