"""What threatens people on a way: hazard zones on the cells of a height grid, and where nobody looked for any."""

from __future__ import annotations

from typing import NamedTuple

import geopandas as gpd
import numpy as np
import shapely
from numpy.typing import NDArray

from geo.contract.columns import texts
from geo.contract.criterion import Block, Flags
from geo.hazard.levels import HIGH, LEVELS, exposure_factor
from geo.measures.hazard import zone_levels
from geo.routing.season import months
from geo.routing.surface import burned
from geo.terrain.drawing import draw
from geo.terrain.grid import Grid

WAY_PROCESSES = ("flood", "debris_flow", "avalanche", "landslide", "rockfall")  # must be mapped along the way
CROSSING_MONTHS = frozenset({4, 5, 6})  # months of mudflow and flood; domain reference 2.4


class Dangers(NamedTuple):
    """What a metre of way counts in each cell of a height grid, float32 (rows, cols)."""

    exposure: NDArray[np.float32]
    unmapped: NDArray[np.float32]
    high: NDArray[np.float32]


def dangers_on_ways(block: Block, dem: Grid) -> Dangers:
    """Return what a metre of way counts in each cell of a height grid.

    Parameters
    ----------
    block : plots and what lies around them; an absent layer of zones brings no danger
    dem : where the cells lie

    Returns
    -------
    exposure factors, cells that were not looked at, and cells in zones of high level active in April to June
    """
    exposure = np.zeros(dem.shape, dtype=np.float32)
    high = np.zeros(dem.shape, dtype=np.float32)
    if "hazard_zones" in block.nearby:
        zones = block.layer("hazard_zones")
        level = zone_levels(zones)
        exposure = exposure_grid(zones, level, dem)
        in_season = np.array(
            [not CROSSING_MONTHS.isdisjoint(months(text or None)) for text in texts(zones, "months")], dtype=bool
        )
        high[burned(zones[(level == HIGH) & in_season], dem)] = 1.0
    return Dangers(exposure, unmapped_cells(block, dem).astype(np.float32), high)


def exposure_grid(zones: gpd.GeoDataFrame, level: NDArray[np.int64], dem: Grid) -> NDArray[np.float32]:
    """Return the exposure factor of each cell, by the highest level of the zones on it.

    Parameters
    ----------
    zones : hazard zones in EPSG:32642
    level : int64 (zones,), 0-4
    dem : where the cells lie

    Returns
    -------
    float32 (rows, cols), 0 without a zone
    """
    return np.asarray(factors_of(level_grid(zones, level, dem)))


def level_grid(zones: gpd.GeoDataFrame, level: NDArray[np.int64], dem: Grid) -> NDArray[np.uint8]:
    """Return the highest level of the zones on each cell that count for the exposure on a way.

    Parameters
    ----------
    zones : hazard zones in EPSG:32642
    level : int64 (zones,), 0-4
    dem : where the cells lie

    Returns
    -------
    uint8 (rows, cols), 0 without a zone
    """
    outlines = zones.geometry.to_numpy()
    # Rising, so that the highest level of a cell stays.
    counted = [value for value in np.unique(level).tolist() if exposure_factor(value) > 0.0]
    return np.asarray(draw([(outlines[level == value], float(value)) for value in counted], dem, all_touched=True))


def factors_of(levels: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Return the exposure factor of each cell.

    Parameters
    ----------
    levels : uint8 of any shape, from ``level_grid``

    Returns
    -------
    float32 of that shape
    """
    return exposure_factor(np.arange(len(LEVELS)))[levels]


def unmapped_cells(block: Block, dem: Grid) -> Flags:
    """Return the cells on which some process that a way can meet was never looked for.

    Parameters
    ----------
    block : plots and what lies around them
    dem : where the cells lie

    Returns
    -------
    bool (rows, cols)
    """
    if "hazard_extents" not in block.nearby:
        return np.ones(dem.shape, dtype=bool)
    extents = block.layer("hazard_extents")
    process, outlines = texts(extents, "process"), extents.geometry.to_numpy()
    mapped = np.ones(dem.shape, dtype=bool)
    known: dict[bytes, Flags] = {}  # one mapping often looked for several processes
    for name in WAY_PROCESSES:
        of_process = outlines[process == name]
        key = b"".join(shape or b"" for shape in shapely.to_wkb(of_process))
        if key not in known:
            known[key] = draw([(of_process, 1)], dem, all_touched=False) == 1
        mapped &= known[key]
    return np.asarray(~mapped)
