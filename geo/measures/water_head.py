"""Head of gravity water: how far canal water stands above the highest ground of a plot, and how sure that is."""

from __future__ import annotations

from dataclasses import replace

import geopandas as gpd
import numpy as np
import shapely
from numpy.typing import NDArray

from geo.contract.columns import FINE_GRID_M, numbers, texts
from geo.contract.criterion import Block, C, Criterion, D, Floats, Measured, outlines
from geo.geometry.nearest import nearest_line
from geo.measures.surveys import surveyed
from geo.measures.water import large_rivers
from geo.terrain.grid import Grid
from geo.water.gravity_command import DEM_SIGMA_M, LOSS_EARTH, head_over, water_clearance

RIDGE_SIGMAS = 3.0  # standard errors of a height grid by which ground must rise above the water to be beyond doubt
WATER_LED_BY = ("dem", "canals", "rivers")  # layers that decide where water of a canal can be led


def gravity_head_m(block: Block, criterion: Criterion) -> Measured:
    """Return the head of canal water above the plot's highest ground, with its standard error.

    Where both the canal's level and the plot's highest ground are surveyed, the head is their difference less the loss
    along the straight way, without error; elsewhere the height grid decides, with its error. A surveyed head does not
    count where higher ground, beyond any doubt the grid leaves, lies between canal and plot.

    Parameters
    ----------
    block : n plots and what lies around them
    criterion : coarsest height grid accepted, and how far from a canal water is led

    Returns
    -------
    metres (n,), below 0 under the plot's highest ground; NaN where no canal is within reach

    Raises
    ------
    NotAssessed : heights or canals are not loaded, or the grid is too coarse.
    """
    dem, canals = _ground_and_canals(block, criterion)
    led = block.surface(
        f"water led from canals, {criterion.reach_m} m", WATER_LED_BY, lambda: _water_led(block, dem, criterion.reach_m)
    )
    if 0 in led.shape:
        return Measured(np.full(len(block), np.nan))
    head, _, canal = head_over(replace(led, values=led.values[0]), led.values[1], canals, block.once(outlines))
    ground, ground_evidence = surveyed(block, "highest_ground_m")
    level = _surveyed_level(block, canals, canal)
    exact = level - ground
    certain = ~np.isnan(exact) & ~(head < -RIDGE_SIGMAS * DEM_SIGMA_M)
    return Measured(
        np.where(certain, exact, head),
        sigma=np.where(certain, np.nan, DEM_SIGMA_M),
        evidence=np.where(certain, ground_evidence, _grid_evidence(dem)).astype(np.int8),
    )


def beside_head(block: Block, criterion: Criterion) -> Measured:
    """Return what stands beside the head of gravity water: where no ground is surveyed, the same on all plots.

    Water has to be led from the canals only where the highest ground of a plot is surveyed: to tell whether that
    counts.

    Parameters
    ----------
    block : n plots and what lies around them
    criterion : coarsest height grid accepted, and how far from a canal water is led

    Returns
    -------
    as ``gravity_head_m``, of values that need not be right

    Raises
    ------
    NotAssessed : heights or canals are not loaded, or the grid is too coarse.
    """
    dem, canals = _ground_and_canals(block, criterion)
    if not np.isnan(surveyed(block, "highest_ground_m").value).all():
        return gravity_head_m(block, criterion)
    unknown = np.full(len(block), np.nan)
    if 0 in _ground_in_reach(dem, canals, criterion.reach_m).shape:
        return Measured(unknown)
    return Measured(
        unknown,
        sigma=np.full(len(block), DEM_SIGMA_M),
        evidence=np.full(len(block), _grid_evidence(dem), dtype=np.int8),
    )


def _ground_and_canals(block: Block, criterion: Criterion) -> tuple[Grid, gpd.GeoDataFrame]:
    return block.grid("dem", criterion.coarsest_m), block.layer("canals")


def _grid_evidence(dem: Grid) -> int:
    return C if dem.native_m <= FINE_GRID_M else D


def _ground_in_reach(dem: Grid, canals: gpd.GeoDataFrame, reach_m: float) -> Grid:
    """Heights within reach of the canals; without cells where there are none."""
    x_min, y_min, x_max, y_max = canals.total_bounds if len(canals) else (0.0, 0.0, 0.0, 0.0)
    return dem.cropped((x_min - reach_m, y_min - reach_m, x_max + reach_m, y_max + reach_m))


def _water_led(block: Block, dem: Grid, reach_m: float) -> Grid:
    """Two bands within reach of the canals: head of their water over each cell [m], and the row of the canal, -1 none.

    Rows are whole numbers, which float32 holds exactly up to 2**24.
    """
    canals = block.layer("canals")
    dem = _ground_in_reach(dem, canals, reach_m)
    if 0 in dem.shape:
        return replace(dem, values=np.empty((2, *dem.shape), dtype=np.float32))
    clearance, canal_row = water_clearance(dem, canals, barriers=large_rivers(block), reach_m=reach_m)
    return replace(dem, values=np.stack([clearance.values, canal_row.astype(np.float32)]))


def _surveyed_level(block: Block, canals: gpd.GeoDataFrame, canal: NDArray[np.int64]) -> Floats:
    """Level of water led straight from the surveyed canal of each plot, less the loss on the way [m]; else NaN."""
    result = np.full(len(block), np.nan)
    head, tail = numbers(canals, "head_level_m"), numbers(canals, "tail_level_m")
    known = (texts(canals, "level_basis") == "surveyed") & ~np.isnan(head) & ~np.isnan(tail)
    lines = canals.geometry.to_numpy()
    for row in np.flatnonzero(known):
        plots = np.flatnonzero(canal == row)
        near = nearest_line(block.polygons[plots], lines[row : row + 1])
        along = near.along_m / max(shapely.length(lines[row]), 1.0)
        loss = LOSS_EARTH * near.distance_m
        result[plots] = head[row] + (tail[row] - head[row]) * along - loss
    return result
