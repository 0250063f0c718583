"""Slope, aspect, curvature and shading of a height grid, by fitting the 3 x 3 cells around each cell.

Every difference is taken over a pair of opposite neighbours. Where one of the pair is unknown (grid edge, nodata) it is
mirrored through the centre, which keeps planes exact up to the edge; a cell whose neighbours do not fix both directions
is unknown rather than guessed.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from geo.compiled.threads import over_blocks
from geo.errors import GridError
from geo.terrain.grid import Grid
from geo.terrain.kernels import relief as kernels

SUN_AZIMUTH_DEG = 315.0  # degrees clockwise from north; cartographic convention, light from the north-west
SUN_ALTITUDE_DEG = 45.0  # degrees above the horizon; cartographic convention
ROWS_A_TIME = 256  # rows handed to a thread at once


def heights(dem: Grid) -> NDArray[np.float32]:
    """Return the height band of a grid.

    Parameters
    ----------
    dem : heights in metres, NaN unknown

    Returns
    -------
    float32 (rows, cols), metres, contiguous

    Raises
    ------
    GridError : more than one band, or cells without a size.
    """
    if dem.values.ndim != 2:
        raise GridError(f"a height grid has one band, got {dem.values.shape[0]}")
    if not dem.cell_m > 0:
        raise GridError(f"cell size must be above 0 m, got {dem.cell_m}")
    return np.ascontiguousarray(dem.values, dtype=np.float32)


def _like(dem: Grid, fill: Callable[[NDArray[np.float32], int, int], None]) -> Grid:
    """A grid on the cells of ``dem``, filled by rows."""
    values = np.empty(dem.shape, dtype=np.float32)
    over_blocks(lambda start, stop: fill(values, start, stop), dem.shape[0], block=ROWS_A_TIME)
    return replace(dem, values=values)


def slope_aspect(dem: Grid) -> tuple[Grid, Grid]:
    """Return slope and aspect of a height grid.

    Parameters
    ----------
    dem : heights in metres, NaN unknown

    Returns
    -------
    slope in per cent, and aspect in degrees: the direction the ground falls to, clockwise from north, NaN on level
        ground; float32 Grids, both NaN where the height or the gradient is unknown

    Raises
    ------
    GridError : more than one band, or cells without a size.

    Notes
    -----
    Third-order finite differences weighted 1-2-1: dz/dx = ((NE + 2E + SE) - (NW + 2W + SW)) / 8h, dz/dy alike; slope =
    100 sqrt((dz/dx)^2 + (dz/dy)^2).

    References
    ----------
    Horn 1981, Proceedings of the IEEE 69(1), p. 18.
    """
    z = heights(dem)
    aspect = np.empty(dem.shape, dtype=np.float32)
    slope = _like(
        dem, lambda values, start, stop: kernels.slopes_and_aspects(z, dem.cell_m, values, aspect, start, stop)
    )
    return slope, replace(dem, values=aspect)


def slope_pct(dem: Grid) -> Grid:
    """Return the slope alone, as ``slope_aspect`` gives it.

    Parameters
    ----------
    dem : heights in metres, NaN unknown

    Returns
    -------
    float32 Grid, per cent

    Raises
    ------
    GridError : more than one band, or cells without a size.
    """
    return slope_aspect(dem)[0]


def hillshade(
    dem: Grid,
    *,
    azimuth_deg: float = SUN_AZIMUTH_DEG,
    altitude_deg: float = SUN_ALTITUDE_DEG,
    exaggeration: float = 1.0,
) -> Grid:
    """Return the brightness of the ground under one sun.

    Parameters
    ----------
    dem : heights in metres, NaN unknown
    azimuth_deg : of the sun, degrees clockwise from north
    altitude_deg : of the sun, degrees above the horizon
    exaggeration : factor heights are multiplied by first

    Returns
    -------
    float32 Grid, 0 (in shade) to 255 (facing the sun), NaN where the gradient is unknown

    Raises
    ------
    GridError : more than one band, or cells without a size.

    Notes
    -----
    255 x cosine between the ground's normal and the direction to the sun, 0 where negative.

    References
    ----------
    Horn 1981, Proceedings of the IEEE 69(1), pp. 14-47.
    """
    z = heights(dem)
    azimuth, altitude = np.radians(azimuth_deg), np.radians(altitude_deg)
    return _like(
        dem,
        lambda values, start, stop: kernels.shades(z, dem.cell_m, azimuth, altitude, exaggeration, values, start, stop),
    )


def smoothed(dem: Grid) -> Grid:
    """Return heights averaged over the cells around.

    Opposite neighbours count in pairs, so planes stay as they are up to the edge.

    Parameters
    ----------
    dem : heights in metres, NaN unknown

    Returns
    -------
    float32 Grid, metres; NaN stays NaN

    Raises
    ------
    GridError : more than one band, or cells without a size.

    Notes
    -----
    Weights 1-2-1 along rows and along columns, 1/16 in all.
    """
    z = heights(dem)
    return _like(dem, lambda values, start, stop: kernels.averages(z, values, start, stop))


def plan_curvature(dem: Grid) -> Grid:
    """Return the curvature of the ground across the fall line.

    Parameters
    ----------
    dem : heights in metres, NaN unknown

    Returns
    -------
    float32 Grid, 1/m, below 0 where flow converges; 0 on level ground, NaN beside unknown heights and on the outermost
        cells

    Raises
    ------
    GridError : more than one band, or cells without a size.

    Notes
    -----
    -(q^2 r - 2 p q s + p^2 t) / (p^2 + q^2) with the first (p, q) and second (r, s, t) derivatives by central
    differences; the sign so that hollows are negative.

    References
    ----------
    Zevenbergen and Thorne 1987, Earth Surface Processes and Landforms 12, pp. 47-56.
    """
    z = heights(dem)
    return _like(dem, lambda values, start, stop: kernels.curvatures(z, dem.cell_m, values, start, stop))


def topographic_position_m(dem: Grid, within_m: float) -> NDArray[np.float32]:
    """Return the height of each cell above the mean of the known ground around it.

    Above 0 on the upper part of slopes, below on the lower.

    Parameters
    ----------
    dem : heights in metres, NaN unknown
    within_m : half the side of the square the mean is taken over, metres

    Returns
    -------
    float32 (rows, cols), metres, NaN where the height is unknown

    Raises
    ------
    GridError : more than one band, or cells without a size.

    References
    ----------
    Topographic position index: Weiss 2001, ESRI user conference.
    """
    from scipy.ndimage import uniform_filter  # takes a seventh of a second; most commands do without

    z = heights(dem)
    known = ~np.isnan(z)
    side = 2 * max(round(within_m / dem.cell_m), 1) + 1
    total = uniform_filter(np.where(known, z, np.float32(0.0)), side, output=np.float64, mode="constant")
    share = uniform_filter(known, side, output=np.float64, mode="constant")
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(known, z - total / share, np.float32(np.nan)).astype(np.float32)
