"""What terrain alone says about hazards where nothing is mapped: a susceptibility, not a hazard map.

Rules of domain reference 7.3 for heights of 10-30 m cells, one module for each kind of process. Levels never exceed
medium: without events and local knowledge terrain does not tell red from blue. *Medium* is kept for processes that
were held against mapped areas and tell places apart there (``geo.hazard.skill``); others are low at most and say so.
Every threshold is a default to calibrate unless it names a source.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import geopandas as gpd
import numpy as np
import shapely
from numpy.typing import NDArray
from scipy.ndimage import distance_transform_edt

from geo.contract.columns import FINE_GRID_M
from geo.geometry.crs import WORKING_CRS
from geo.hazard.levels import LEVELS, LOW, MEDIUM, NONE, RESIDUAL, caution_of
from geo.terrain.grid import Grid
from geo.terrain.level_outlines import level_outlines
from geo.terrain.relief import heights, slope_pct

UNKNOWN = -1  # level of cells without a height
_OFTEN = 8  # added to the level of cells where events are frequent while outlines are drawn

# Months of danger; snow as in domain reference 2.4, mudflows and floods from its core months to their shoulders.
MONTHS = {"avalanche": "12-4", "debris_flow": "3-8", "flood": "3-7", "landslide": "3-6", "rockfall": None}
CELL_M = 30.0  # m, cells the rules are applied on; finer heights are averaged. Domain reference 7.3
COARSEST_M = FINE_GRID_M  # m, coarsest heights the rules are for; coarser ones would not be evidence C either
UNSEEN_M = 300.0  # m from ground without heights, from which something may come unseen; default to calibrate

RETURN_PERIOD_Y = 100  # years, without recorded events; domain reference 7.3
FREQUENT_RETURN_PERIOD_Y = 30  # years, with FREQUENT_EVENTS at the channel in 30 years; the same
FREQUENT_EVENTS = 2  # the same


@dataclass(frozen=True, slots=True)
class Susceptibility:
    """Levels of one process from terrain alone.

    process : as in layer ``hazard_zones``. level : int8 (rows, cols), none 0 to medium 3, -1 without a height.
    dem : the height grid whose cells these are. frequent : bool (rows, cols), where events are as frequent as
    ``FREQUENT_RETURN_PERIOD_Y``; None where nothing is known of it. method : how it was derived, ends with
    ``caution_of(process)``.
    """

    process: str
    level: NDArray[np.int8]
    dem: Grid
    method: str
    frequent: NDArray[np.bool_] | None = None

    def cropped(self, bounds: tuple[float, float, float, float]) -> Susceptibility:
        """Return the cells that bounds touch.

        Parameters
        ----------
        bounds : x_min, y_min, x_max, y_max, metres, EPSG:32642.

        Returns
        -------
        Susceptibility on fewer cells.
        """
        dem = self.dem.cropped(bounds)
        top = round((self.dem.y_max - dem.y_max) / dem.cell_m)
        left = round((dem.x_min - self.dem.x_min) / dem.cell_m)
        rows, cols = dem.shape
        cut = (slice(top, top + rows), slice(left, left + cols))
        frequent = None if self.frequent is None else self.frequent[cut]
        return replace(self, level=self.level[cut], dem=dem, frequent=frequent)


def graded(
    process: str,
    dem: Grid,
    method: str,
    *,
    low: NDArray[np.bool_],
    medium: NDArray[np.bool_] | None = None,
    residual: NDArray[np.bool_] | None = None,
) -> Susceptibility:
    """The highest level given for each cell.

    Parameters
    ----------
    process : as in layer ``hazard_zones``.
    dem : heights in metres, EPSG:32642.
    method : how the levels are derived, in words.
    low : bool (rows, cols), cells of the level; None = nowhere.
    medium : bool (rows, cols), likewise.
    residual : bool (rows, cols), likewise.

    Returns
    -------
    Susceptibility, -1 where the height is unknown.
    """
    level = np.zeros(dem.shape, dtype=np.int8)
    for cells, value in ((residual, RESIDUAL), (low, LOW), (medium, MEDIUM)):
        if cells is not None:
            level[cells] = value
    level[np.isnan(heights(dem))] = UNKNOWN
    return Susceptibility(process, level, dem, f"{method}; {caution_of(process)}")


def slope_deg(dem: Grid) -> NDArray[np.float32]:
    """Slope of the ground, after Horn 1981.

    Parameters
    ----------
    dem : heights in metres, EPSG:32642.

    Returns
    -------
    float32 (rows, cols), degrees, NaN where unknown.
    """
    return np.asarray(np.degrees(np.arctan(slope_pct(dem).values / np.float32(100.0))))


def between(values: NDArray[np.floating], limits: tuple[float, float]) -> NDArray[np.bool_]:
    """Where values lie within limits, both included.

    Parameters
    ----------
    values : floats, NaN unknown.
    limits : least and greatest.

    Returns
    -------
    bool, shape of ``values``; False where unknown.
    """
    return np.asarray((values >= limits[0]) & (values <= limits[1]))


def return_period_y(events_in_30_years: int) -> int:
    """Return period to assume at a channel.

    Parameters
    ----------
    events_in_30_years : recorded events.

    Returns
    -------
    int, years: 30 from two events in 30 years, else 100; domain reference 7.3.
    """
    return FREQUENT_RETURN_PERIOD_Y if events_in_30_years >= FREQUENT_EVENTS else RETURN_PERIOD_Y


def zones(found: Susceptibility) -> gpd.GeoDataFrame:
    """Connected areas of one level as polygons, with the columns of layer ``hazard_zones``.

    Parameters
    ----------
    found : levels of one process.

    Returns
    -------
    GeoDataFrame, EPSG:32642. ``source_class`` is derived, ``intensity`` unknown and ``return_period_y`` 100, or 30
    where events are frequent.

    Notes
    -----
    Patches below ``geo.terrain.level_outlines.SMALLEST_M2`` are left out, and areas are cut along a lattice; see there.
    """
    codes = found.level if found.frequent is None else found.level + _OFTEN * (found.frequent & (found.level > NONE))
    drawn = level_outlines(codes.astype(np.int8), found.dem)
    parts = [(divmod(code, _OFTEN), outlines) for code, outlines in drawn if code > NONE]
    levels = [LEVELS[level] for (_, level), outlines in parts for _ in outlines]
    periods = [return_period_y(FREQUENT_EVENTS * often) for (often, _), outlines in parts for _ in outlines]
    return gpd.GeoDataFrame(
        {
            "code": [f"{found.process}-{number:06d}" for number in range(1, len(levels) + 1)],
            "process": found.process,
            "level": levels,
            "intensity": "unknown",
            "return_period_y": periods,
            "source_class": "derived",
            "method": found.method,
            "months": MONTHS[found.process],
        },
        geometry=[outline for _, outlines in parts for outline in outlines],
        crs=WORKING_CRS,
    )


def seen_ground(dem: Grid) -> shapely.Geometry:
    """Where what the heights say can be trusted to be all there is.

    Ground within ``UNSEEN_M`` of cells without a height is left out: what starts on ground nobody has seen may reach
    it, so that *none* is not known there.

    Parameters
    ----------
    dem : heights in metres, EPSG:32642.

    Returns
    -------
    Polygons, EPSG:32642; empty where that is nowhere.
    """
    unknown = np.isnan(heights(dem))
    seen = np.zeros(dem.shape, dtype=np.int8)
    if unknown.any():
        seen[np.asarray(distance_transform_edt(~unknown)) * dem.cell_m <= UNSEEN_M] = UNKNOWN
    parts = [outline for level, outlines in level_outlines(seen, dem) if level == NONE for outline in outlines]
    ground: shapely.Geometry = shapely.union_all(parts)
    return ground


def extent(process: str, ground: shapely.Geometry) -> gpd.GeoDataFrame:
    """Where a process was looked for, with the columns of layer ``hazard_extents``.

    Parameters
    ----------
    process : as in layer ``hazard_zones``.
    ground : polygons, EPSG:32642.

    Returns
    -------
    GeoDataFrame of one row, EPSG:32642.
    """
    row = {"code": [f"{process}-extent"], "process": process, "source_class": "derived"}
    return gpd.GeoDataFrame(row, geometry=[ground], crs=WORKING_CRS)
