"""Where no water is on record that could be led to a plot: neither canal, outlet, river, spring nor well near enough.

Only for the outlook of a plot that little is known of: a first look, never a class.
"""

from __future__ import annotations

import numpy as np
import shapely
from numpy.typing import NDArray

from geo.contract.columns import numbers, texts
from geo.contract.criterion import Block, Flags, Floats, outlines
from geo.errors import NotAssessed
from geo.measures.access import points_inside
from geo.terrain.grid import Grid
from geo.terrain.zonal import zonal

WITHIN_M = 2_000.0  # m, how far water is led; domain reference 3.6 step 2, default to calibrate
BELOW_M = 20.0  # m, how far below a plot water may lie; likewise
LEAST_STREAM_KM2 = 10.0  # km2 drained, below which a stream is a headwater, of order one; default to calibrate
CELL_M = 100.0  # m, cells on which water is looked for; its distance is right to a cell and a half, to the far side
RELIEF_COARSEST_M = 120.0  # m, as ways accept it; on a coarser relief water counts at any height
WATER = ("canals", "outlets", "rivers")
PLACES, SPRING = "services", "drinking_water"  # springs and wells are known as places where water is fetched
READ = ("dem", *WATER, PLACES)


def without_water(block: Block) -> Flags:
    """Return where no water on record could be led to a plot, bool (n,).

    Parameters
    ----------
    block : Block
        Plots, and canals, outlets, rivers, springs, wells and heights around them.

    Returns
    -------
    bool (n,)
        True where no canal, outlet, river, spring or well lies within ``WITHIN_M`` and not more than ``BELOW_M`` below
        the plot. False everywhere where neither canals, outlets nor rivers are loaded. Water or plots of unknown height
        count as high enough.
    """
    if not any(name in block.nearby for name in WATER):
        return np.zeros(len(block), dtype=bool)
    highest = block.surface(f"highest water within {WITHIN_M} m", READ, lambda: _highest_water(block))
    water_m = highest.under(block.once(points_inside)).astype(np.float64)
    water_m = np.where(np.isnan(water_m), -np.inf, water_m)
    lowest_m = _plot_height_m(block) - BELOW_M
    return np.asarray(np.isneginf(water_m) | (water_m < lowest_m))


def _highest_water(block: Block) -> Grid:
    """Height of the highest water within reach of each cell [m], -inf where none is, inf where its height is unknown.

    It covers what the water reaches, whatever the plots.
    """
    xy = _points_of_water(block)
    if not len(xy):
        return Grid(np.full((1, 1), -np.inf, dtype=np.float32), 0.0, 0.0, CELL_M, CELL_M)
    reach = int(np.ceil(WITHIN_M / CELL_M)) + 1
    left, bottom = np.floor(xy.min(axis=0) / CELL_M).astype(np.int64) - reach
    right, top = np.floor(xy.max(axis=0) / CELL_M).astype(np.int64) + reach
    lie = Grid(
        np.full((top - bottom + 1, right - left + 1), -np.inf, dtype=np.float32),
        float(left * CELL_M),
        float((top + 1) * CELL_M),
        CELL_M,
        CELL_M,
    )
    np.maximum.at(lie.values.reshape(-1), lie.cells_under(xy), _heights_under(block, xy))
    lie.values[:] = _spread(lie.values, WITHIN_M / CELL_M + 1.0)
    return lie


def _points_of_water(block: Block) -> Floats:
    """Points along canals and rivers, no farther apart than a cell, outlets, springs and wells, float64 (k, 2)."""
    found = [np.empty((0, 2))]
    for name in (name for name in WATER if name in block.nearby):
        rows = block.layer(name)
        if name == "canals":
            rows = rows[texts(rows, "type") != "drain"]
        if name == "rivers":
            rows = rows[~(numbers(rows, "upstream_km2") < LEAST_STREAM_KM2)]
        found.append(shapely.get_coordinates(shapely.segmentize(rows.geometry.to_numpy(), CELL_M)))
    if PLACES in block.nearby:
        places = block.layer(PLACES)
        found.append(shapely.get_coordinates(places.geometry.to_numpy()[texts(places, "kind") == SPRING]))
    return np.concatenate(found)


def _heights_under(block: Block, xy: Floats) -> NDArray[np.float32]:
    try:
        under = block.grid("dem", RELIEF_COARSEST_M).under(xy)
    except NotAssessed:
        return np.full(len(xy), np.inf, dtype=np.float32)
    return np.where(np.isnan(under), np.float32(np.inf), under)


def _plot_height_m(block: Block) -> Floats:
    """Mean height of each plot [m], -inf where it is not known."""
    try:
        dem = block.grid("dem", RELIEF_COARSEST_M)
    except NotAssessed:
        return np.full(len(block), -np.inf)
    height_m = zonal(dem, block.once(outlines), ("mean",))["mean"]
    return np.where(np.isnan(height_m), -np.inf, height_m)


def _spread(values: NDArray[np.float32], radius: float) -> NDArray[np.float32]:
    """Return the greatest value within a radius of each cell, counted in cells, row by row of the disk."""
    from scipy.ndimage import maximum_filter1d  # takes a seventh of a second; most commands do without

    rows = len(values)
    result = np.full_like(values, -np.inf)
    for step in range(-int(radius), int(radius) + 1):
        width = 2 * int(np.sqrt(radius**2 - step**2)) + 1
        first, last = max(0, -step), min(rows, rows - step)
        along = maximum_filter1d(values[first + step : last + step], width, axis=1, mode="constant", cval=-np.inf)
        np.maximum(result[first:last], along, out=result[first:last])
    return result
