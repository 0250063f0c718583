"""Measures a new criterion can begin with: the mean of a grid on the plot, the way to the nearest row of a layer."""

from __future__ import annotations

import numpy as np
import shapely

from geo.contract.columns import FINE_GRID_M
from geo.contract.criterion import Block, C, Criterion, D, Measure, Measured, outlines
from geo.terrain.zonal import zonal


def mean_of(grid: str) -> Measure:
    """Return the measure of the mean of a grid on each plot.

    Parameters
    ----------
    grid : layer id

    Returns
    -------
    measure of values (n,) in the grid's unit, NaN off the grid
    """

    def measure(block: Block, criterion: Criterion) -> Measured:
        cells = block.grid(grid, criterion.coarsest_m)
        evidence = C if cells.native_m <= FINE_GRID_M else D
        mean = zonal(cells, block.once(outlines), ("mean",))["mean"]
        return Measured(mean, evidence=np.full(len(block), evidence, dtype=np.int8))

    return measure


def distance_to(layer: str) -> Measure:
    """Return the measure of the distance from each plot to the nearest row of a layer.

    Nothing within ``reach_m`` is a known distance of that reach or more: the layer was read that far.

    Parameters
    ----------
    layer : layer id

    Returns
    -------
    measure of metres (n,), at most ``reach_m`` of the criterion
    """

    def measure(block: Block, criterion: Criterion) -> Measured:
        rows = block.layer(layer).geometry.to_numpy()
        value = np.full(len(block), criterion.reach_m)
        if len(rows):
            place, near = shapely.STRtree(rows).query_nearest(
                block.polygons, max_distance=criterion.reach_m, return_distance=True, all_matches=False
            )
            value[place[0]] = near
        return Measured(value, evidence=np.full(len(block), D, dtype=np.int8))

    return measure
