"""Gravity command: how far the water of a canal stands above the highest ground of a plot (criterion W2).

Water is led from the canal over the cells of the height grid as a falling line (``geo.terrain.grade_line``): it loses
head along the way it really takes, and ground above it on that way shuts off what lies behind. Where no way is open the
head is negative, by how much the water is too low on the best way; so a canal level from a height model, uncertain by
metres, gives a probability and not a refusal.
"""

from __future__ import annotations

from dataclasses import replace
from functools import partial

import geopandas as gpd
import numpy as np
import shapely
from numpy.typing import NDArray

from geo.compiled.threads import at_once, over_blocks
from geo.contract.columns import is_recorded, numbers, texts
from geo.errors import SuitabilityError
from geo.geometry.crs import require_working
from geo.geometry.ragged import Geometries, Ragged, ragged
from geo.routing.surface import burned
from geo.terrain.grade_line import FallingLine, falling_line
from geo.terrain.grid import Grid
from geo.terrain.relief import heights
from geo.water.kernels import gravity_command as kernels

Floats = NDArray[np.float64]

LOSS_EARTH = 0.5e-3  # m/m of way, earthen or unknown; domain reference 4, W2, default to calibrate
LOSS_LINED = 0.3e-3  # m/m of way, lined; the same
LINED = ("concrete", "stone", "membrane", "pipe")  # linings of layer canals that count as lined
DEM_SIGMA_M = 2.5  # m, standard error of a level from Copernicus GLO-30; domain reference 4, W2, default to calibrate
SURVEYED_SIGMA_M = 0.3  # m, standard error of a level surveyed by GNSS; the same
DEEPEST_M = 10.0  # m above ground that a flume or siphon carries water; head beyond it is not counted. To calibrate
REACH_M = 3_000.0  # m, farthest that water is led from a canal; default to calibrate
SAMPLES_PER_CELL = 2.0  # points per cell side at which canals are laid on the grid
CARRIES_OFF = "drain"  # canal type that takes water away and commands nothing


def sampled(dem: Grid, xy: Floats) -> Floats:
    """Return the values of a grid at points, bilinear between cell centres.

    Parameters
    ----------
    dem : one band, EPSG:32642.
    xy : float64 (n, 2), points in EPSG:32642, metres.

    Returns
    -------
    float64 (n,), unit of the grid; NaN outside it and beside unknown cells.

    Raises
    ------
    GridError : more than one band, or cells without a size.
    """
    z = heights(dem)
    col = np.clip((xy[:, 0] - dem.x_min) / dem.cell_m - 0.5, 0.0, z.shape[1] - 1.0)
    row = np.clip((dem.y_max - xy[:, 1]) / dem.cell_m - 0.5, 0.0, z.shape[0] - 1.0)
    left, top = np.floor(col).astype(np.int64), np.floor(row).astype(np.int64)
    right, bottom = np.minimum(left + 1, z.shape[1] - 1), np.minimum(top + 1, z.shape[0] - 1)
    east, south = col - left, row - top
    upper = (1.0 - east) * z[top, left] + east * z[top, right]
    lower = (1.0 - east) * z[bottom, left] + east * z[bottom, right]
    west, south_edge, x_max, north = dem.bounds
    inside = (xy[:, 0] >= west) & (xy[:, 0] <= x_max) & (xy[:, 1] >= south_edge) & (xy[:, 1] <= north)
    return np.where(inside, (1.0 - south) * upper + south * lower, np.nan)


def _falling(ground: Floats) -> tuple[Floats, float]:
    """The level closest to ``ground`` (least squares) that never rises along it, and the squared misfit."""
    from scipy.optimize import isotonic_regression  # takes a fifth of a second; most commands do without

    level = np.full(ground.shape, np.nan)
    known = ~np.isnan(ground)
    if known.any():
        level[known] = isotonic_regression(ground[known], increasing=False).x
    return level, float(np.nansum((level - ground) ** 2))


def _reach_levels(distance: Floats, ground: Floats, head: float, tail: float, loss: float, flow_known: bool) -> Floats:
    """Water level at ``distance`` metres along one reach; see ``water_levels``."""
    length = float(distance[-1])
    with_flow, misfit = _falling(ground)
    against, misfit_against = (with_flow, np.inf) if flow_known else _falling(ground[::-1])
    turned = misfit_against < misfit
    along = length - distance if turned else distance
    if not np.isnan(head) and not np.isnan(tail):
        return np.asarray(head + (tail - head) * along / max(length, 1.0))
    if not np.isnan(head):
        return np.asarray(head - loss * along)
    if not np.isnan(tail):
        return np.asarray(tail + loss * (length - along))
    return against[::-1] if turned else with_flow


def water_levels(dem: Grid, canals: gpd.GeoDataFrame) -> tuple[Floats, Floats, NDArray[np.int64]]:
    """Return points along the canals, the water level there, and the canal each belongs to.

    Parameters
    ----------
    dem : heights in metres, EPSG:32642.
    canals : lines in EPSG:32642; ``head_level_m``, ``tail_level_m``, ``lining``, ``type`` and ``flow_known`` count
        where they are recorded. Drains carry water away and are left out.

    Returns
    -------
    xy : float64 (n, 2), points in EPSG:32642, ``SAMPLES_PER_CELL`` to a cell side.
    level_m : float64 (n,), metres above sea level; NaN where neither level nor ground is known.
    canal_row : int64 (n,), row of ``canals``.

    Raises
    ------
    SuitabilityError : a recorded level that rises downstream; names the reach.

    Notes
    -----
    Between recorded levels at both ends the level falls evenly along the reach; from one recorded end it falls by
    ``LOSS_EARTH`` or ``LOSS_LINED``; without any it is the ground of ``dem`` along the line, made to fall downstream by
    isotonic regression (least squares). A line recorded as not running with the flow is taken the way round in which
    its ground falls better.
    """
    head_m, tail_m = numbers(canals, "head_level_m"), numbers(canals, "tail_level_m")
    if (tail_m > head_m).any():
        row = int(np.argmax(tail_m > head_m))
        name = texts(canals, "code", empty=f"in row {row}")[row]
        raise SuitabilityError(
            f"canal reach {name}: tail_level_m {tail_m[row]:g} is above head_level_m {head_m[row]:g}; water falls"
        )
    loss = _losses(canals)
    against_flow = is_recorded(canals, "flow_known", False)
    carries_off = texts(canals, "type") == CARRIES_OFF
    points, levels, owners = [np.empty((0, 2))], [np.empty(0)], [np.empty(0, dtype=np.int64)]
    step = dem.cell_m / SAMPLES_PER_CELL
    for row, line in enumerate(canals.geometry):
        if line is None or line.is_empty or carries_off[row]:
            continue
        # A gap between the parts of a reach counts as way: the water has to cross it too.
        parts = shapely.get_parts(shapely.line_merge(line, directed=True))
        xy = np.concatenate([shapely.get_coordinates(shapely.segmentize(part, step)) for part in parts])
        distance = np.concatenate([[0.0], np.cumsum(np.hypot(*np.diff(xy, axis=0).T))])
        points.append(xy)
        levels.append(
            _reach_levels(distance, sampled(dem, xy), head_m[row], tail_m[row], loss[row], not against_flow[row])
        )
        owners.append(np.full(len(xy), row))
    return np.concatenate(points), np.concatenate(levels), np.concatenate(owners)


def _losses(canals: gpd.GeoDataFrame) -> Floats:
    """Head lost per metre of way from each canal, m/m, float64 (n,)."""
    return np.where(np.isin(texts(canals, "lining"), LINED), LOSS_LINED, LOSS_EARTH)


def water_clearance(
    dem: Grid, canals: gpd.GeoDataFrame, *, barriers: gpd.GeoDataFrame | None = None, reach_m: float = REACH_M
) -> tuple[Grid, NDArray[np.int64]]:
    """Return how far canal water stands above the ground of every cell, and the canal it comes from.

    Parameters
    ----------
    dem : heights in metres, EPSG:32642.
    canals : lines in EPSG:32642 as in layer ``canals``, see ``water_levels``.
    barriers : lines or polygons in EPSG:32642 that no ditch crosses, such as rivers; None = there are none.
    reach_m : farthest that water is led from a canal, metres.

    Returns
    -------
    clearance : Grid, float32, metres, at most ``DEEPEST_M``. Negative: so much is missing at the worst spot of the best
        way. NaN farther than ``reach_m`` from any canal, without a height, and where no way leads at all.
    canal_row : int64 (rows, cols), row of ``canals``, -1 for none.

    Raises
    ------
    CrsError, GridError : canals in another CRS; more than one band, or cells without a size.
    SuitabilityError : a recorded level that rises downstream; names the reach.
    """
    from scipy.ndimage import distance_transform_edt  # takes a seventh of a second; most commands do without

    require_working(canals, "canals")
    dem = replace(dem, values=heights(dem))  # contiguous once, not again for every canal
    xy, levels, owners = water_levels(dem, canals)
    col = np.floor((xy[:, 0] - dem.x_min) / dem.cell_m).astype(np.int64)
    row = np.floor((dem.y_max - xy[:, 1]) / dem.cell_m).astype(np.int64)
    inside = (row >= 0) & (row < dem.shape[0]) & (col >= 0) & (col < dem.shape[1])
    clearance = np.full(dem.shape, np.nan)
    canal_row = np.full(dem.shape, -1, dtype=np.int64)
    if not inside.any():
        return replace(dem, values=clearance.astype(np.float32)), canal_row
    dry = np.ones(dem.shape, dtype=np.bool_)
    dry[row[inside], col[inside]] = False
    shut = np.asarray(distance_transform_edt(dry)) * dem.cell_m > reach_m
    if barriers is not None and not barriers.empty:
        shut |= burned(barriers, dem) & dry
    losses = _losses(canals)[owners]
    # One flood per loss: lines that fall at one rate keep their order, so the first to settle a cell is the best.
    floods = [(float(loss), np.flatnonzero(inside & (losses == loss))) for loss in np.unique(losses[inside])]

    def flooded(loss: float, chosen: NDArray[np.int64]) -> FallingLine:
        return falling_line(
            dem,
            row[chosen],
            col[chosen],
            levels[chosen],
            loss=loss,
            deepest_m=DEEPEST_M,
            shut=shut,
            directions=8,
            through_ground=True,
        )

    found = at_once(*(partial(flooded, *flood) for flood in floods))
    for (_, chosen), line in zip(floods, found, strict=True):
        better = line.start >= 0
        better &= ~(line.clearance_m <= clearance)
        clearance[better] = line.clearance_m[better]
        canal_row[better] = owners[chosen][line.start[better]]
    return replace(dem, values=np.minimum(clearance, DEEPEST_M).astype(np.float32)), canal_row


def gravity_head(
    dem: Grid,
    canals: gpd.GeoDataFrame,
    polygons: Geometries | Ragged,
    *,
    barriers: gpd.GeoDataFrame | None = None,
    reach_m: float = REACH_M,
) -> tuple[Floats, Floats, NDArray[np.int64]]:
    """Return the head of canal water above the highest ground of each plot, its standard error, and the canal.

    Parameters
    ----------
    dem : heights in metres, EPSG:32642.
    canals : lines in EPSG:32642; ``geometry`` is needed; ``head_level_m``, ``tail_level_m``, ``level_basis``,
        ``lining``, ``type`` and ``flow_known`` count where they are there.
    polygons : n polygons or multipolygons in EPSG:32642, or their coordinates made once by ``ragged``.
    barriers : as in ``water_clearance``.
    reach_m : as in ``water_clearance``, metres.

    Returns
    -------
    head_m : float64 (n,), metres, at most ``DEEPEST_M``; NaN where no canal lies within reach or heights are unknown.
    sigma_m : float64 (n,), metres: ``SURVEYED_SIGMA_M`` where the canal's levels are surveyed, else ``DEM_SIGMA_M``.
    canal_row : int64 (n,), row of ``canals``, -1 where head is NaN.

    Raises
    ------
    CrsError, GridError, SuitabilityError, GeometryError : as ``water_clearance``; a geometry collection as a plot.

    Notes
    -----
    dh = level at the canal - loss along the way - highest ground, or, where the way leads through higher ground, what
    is missing there; domain reference 4, W2. The highest ground is that with the least head among the plot's vertices,
    between cell centres, and the cell centres inside it.
    """
    clearance, canal_row = water_clearance(dem, canals, barriers=barriers, reach_m=reach_m)
    return head_over(clearance, canal_row, canals, polygons)


def head_over(
    clearance: Grid, canal_row: NDArray[np.integer], canals: gpd.GeoDataFrame, polygons: Geometries | Ragged
) -> tuple[Floats, Floats, NDArray[np.int64]]:
    """Return what ``gravity_head`` does, from what ``water_clearance`` found.

    Parameters
    ----------
    clearance : Grid, metres, EPSG:32642.
    canal_row : integers (rows, cols), row of ``canals``, -1 for none.
    canals : the canals of ``clearance``; ``level_basis`` counts.
    polygons : n polygons or multipolygons in EPSG:32642, or their coordinates made once by ``ragged``.

    Returns
    -------
    head_m, sigma_m, canal_row : float64, float64 and int64 (n,), see ``gravity_head``.

    Raises
    ------
    GeometryError : a geometry collection as a plot.
    """
    shapes = polygons if isinstance(polygons, Ragged) else ragged(polygons)
    n = len(shapes)
    head, where = np.empty(n), np.empty(n, dtype=np.int64)
    place = (float(clearance.x_min), float(clearance.y_max), float(clearance.cell_m))
    over_blocks(partial(kernels.least_under, *shapes.paths, clearance.values, *place, head, where), n)
    fed_by = np.where(where >= 0, canal_row.ravel()[where], -1).astype(np.int64)
    surveyed = np.append(texts(canals, "level_basis") == "surveyed", False)
    sigma = np.where(surveyed[fed_by], SURVEYED_SIGMA_M, DEM_SIGMA_M)
    return head, np.where(np.isnan(head), np.nan, sigma), fed_by
