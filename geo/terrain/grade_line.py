"""The highest falling line that reaches each cell: water led from a canal, or the energy of a mass that runs out.

Both start from cells at a level and fall by a fixed loss per metre of way, and both end where they meet the ground.
Water falls by its head loss, an avalanche or debris flow by the tangent of its travel angle (the energy line of Heim
1932). Neither may stand higher above the ground it passes than a given depth: a flume or siphon for water, the velocity
head for a mass. Cells are settled from the highest line downwards, so that each is settled once.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from geo.errors import GridError
from geo.terrain.grid import Grid
from geo.terrain.kernels import grade_line as kernels
from geo.terrain.relief import heights
from geo.terrain.stencil import ALL, REACH, stencil


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
    """Return the highest line from any start to every cell, never below the ground it passes.

    Parameters
    ----------
    dem : heights in metres, NaN unknown
    rows : int64 (n,), rows of the start cells
    cols : int64 (n,), their columns
    levels_m : float64 (n,), level there, metres; a start may lie below its cell's height, one of NaN is left out
    loss : fall per metre of way, m/m
    deepest_m : the line is lowered to this height above the ground it passes, metres
    shut : bool (rows, cols), cells it may not enter, besides those without a height
    directions : 8 or 40 moves; with 8 ways are up to 8 % too long, with 40 under 1 %
    through_ground : go on through higher ground and say in ``clearance_m`` how much too low the line is

    Returns
    -------
    level, clearance and start at each cell

    Raises
    ------
    GridError : more than one band, cells without a size, or a loss that is not above 0.

    Notes
    -----
    level = level of the start - loss x length of the way, lowered where ``deepest_m`` asks for it; the highest of all
    ways.
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
    kernels.descend(
        z, closed, stencil(width, directions), starts[usable], levels_m[usable], per_cell, deepest_m, line, source
    )
    clearance = np.where(source >= 0, line - z, np.nan)
    if through_ground:
        kernels.fall_short(z, closed, stencil(width, 8), per_cell, deepest_m, line, source, clearance)
    source[source >= 0] = usable[source[source >= 0]]
    line[source < 0] = np.nan
    inner = (slice(REACH, -REACH), slice(REACH, -REACH))
    return FallingLine(
        line.reshape(-1, width)[inner].copy(),
        clearance.reshape(-1, width)[inner].copy(),
        source.reshape(-1, width)[inner].copy(),
    )
