"""Slope of a plot, and the kind of work it is judged for."""

from __future__ import annotations

import numpy as np

from geo.contract.columns import FINE_GRID_M, is_recorded
from geo.contract.criterion import Block, C, Criterion, D, Measured, outlines
from geo.measures.water import OUTSIDE, command_area
from geo.terrain.zonal import zonal

TABLES = ("not_terraced", "terraced", "unirrigated")
NOT_TERRACED, TERRACED, UNIRRIGATED = range(3)
KNOWN_SHARE = 0.5  # of the plot on known cells; with less the mean could miss the steeper part, default to calibrate


def slope_pct(block: Block, criterion: Criterion) -> Measured:
    """Return the mean slope of each plot.

    The membership table is that of terraces where they are recorded, of hand tillage where the plot is recorded as not
    irrigated and lies in no command area, and of surface irrigation otherwise: the strictest of the three.

    Parameters
    ----------
    block : n plots and what lies around them
    criterion : coarsest grid accepted

    Returns
    -------
    per cent (n,), NaN where less than ``KNOWN_SHARE`` of the plot lies on known cells

    Raises
    ------
    NotAssessed : no slope is loaded, or the grid is too coarse.
    """
    grid = block.grid("slope", criterion.coarsest_m)
    found = zonal(grid, block.once(outlines), ("mean", "coverage"))
    dry = is_recorded(block.plots, "irrigated", False) & (block.once(command_area) == OUTSIDE)
    table = np.where(is_recorded(block.plots, "terraced", True), TERRACED, np.where(dry, UNIRRIGATED, NOT_TERRACED))
    fine = grid.native_m <= FINE_GRID_M
    return Measured(
        np.where(found["coverage"] >= KNOWN_SHARE, found["mean"], np.nan),
        table=table.astype(np.int8),
        evidence=np.full(len(block), C if fine else D, dtype=np.int8),
    )
