"""Slope, aspect, curvature and shading of a height grid, by fitting the 3 x 3 cells around each cell.

Every difference is taken over a pair of opposite neighbours. Where one of the pair is unknown (grid edge, nodata) it is
mirrored through the centre, which keeps planes exact up to the edge; a cell whose neighbours do not fix both directions
is unknown rather than guessed.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
from numba import njit
from numpy.typing import NDArray
from scipy.ndimage import uniform_filter

from geo.compiled.threads import over_blocks
from geo.errors import GridError
from geo.terrain.grid import Grid

SUN_AZIMUTH_DEG = 315.0  # degrees clockwise from north; cartographic convention, light from the north-west
SUN_ALTITUDE_DEG = 45.0  # degrees above the horizon; cartographic convention
ROWS_A_TIME = 256  # rows handed to a thread at once


def heights(dem: Grid) -> NDArray[np.float32]:
    """The height band of ``dem``, float32 (rows, cols).

    Raises
    ------
    GridError : more than one band, or cells without a size.
    """
    if dem.values.ndim != 2:
        raise GridError(f"a height grid has one band, got {dem.values.shape[0]}")
    if not dem.cell_m > 0:
        raise GridError(f"cell size must be above 0 m, got {dem.cell_m}")
    return np.ascontiguousarray(dem.values, dtype=np.float32)


@njit(cache=True, nogil=True)
def _rise(z, row, col, down, right):  # type: ignore[no-untyped-def]
    """Height of the neighbour (down, right) less that of the opposite one, metres; NaN if neither is known."""
    rows, cols = z.shape
    ahead, behind = np.nan, np.nan
    if 0 <= row + down < rows and 0 <= col + right < cols:
        ahead = z[row + down, col + right]
    if 0 <= row - down < rows and 0 <= col - right < cols:
        behind = z[row - down, col - right]
    if np.isnan(ahead):
        return 2.0 * (z[row, col] - behind)
    if np.isnan(behind):
        return 2.0 * (ahead - z[row, col])
    return float(ahead - behind)


@njit(cache=True, nogil=True)
def _gradient(z, row, col):  # type: ignore[no-untyped-def]
    """Rise per cell eastwards and northwards after Horn; NaN where the neighbours do not fix both."""
    east, north = _rise(z, row, col, 0, 1), _rise(z, row, col, -1, 0)
    north_east, south_east = _rise(z, row, col, -1, 1), _rise(z, row, col, 1, 1)
    if np.isnan(north_east) or np.isnan(south_east):
        return east / 2.0, north / 2.0
    # A missing axis pair leaves its weight to the two diagonals, which alone are right on a plane too.
    diagonal_x, diagonal_y = north_east + south_east, north_east - south_east
    gx = diagonal_x / 4.0 if np.isnan(east) else (2.0 * east + diagonal_x) / 8.0
    gy = diagonal_y / 4.0 if np.isnan(north) else (2.0 * north + diagonal_y) / 8.0
    return gx, gy


@njit(cache=True, nogil=True)
def _slope_aspect(z, cell, slope, aspect, start, stop):  # type: ignore[no-untyped-def]
    for row in range(start, stop):
        for col in range(z.shape[1]):
            slope[row, col] = np.nan
            aspect[row, col] = np.nan
            if np.isnan(z[row, col]):
                continue
            gx, gy = _gradient(z, row, col)
            slope[row, col] = 100.0 * np.hypot(gx, gy) / cell
            if gx != 0.0 or gy != 0.0:
                aspect[row, col] = np.degrees(np.arctan2(-gx, -gy)) % 360.0


@njit(cache=True, nogil=True)
def _hillshade(z, cell, azimuth, altitude, exaggeration, shade, start, stop):  # type: ignore[no-untyped-def]
    to_sun_x, to_sun_y = np.sin(azimuth) * np.cos(altitude), np.cos(azimuth) * np.cos(altitude)
    for row in range(start, stop):
        for col in range(z.shape[1]):
            shade[row, col] = np.nan
            if np.isnan(z[row, col]):
                continue
            gx, gy = _gradient(z, row, col)
            gx *= exaggeration / cell
            gy *= exaggeration / cell
            cosine = (np.sin(altitude) - gx * to_sun_x - gy * to_sun_y) / np.sqrt(1.0 + gx * gx + gy * gy)
            shade[row, col] = 255.0 * max(0.0, cosine) if not np.isnan(cosine) else np.nan


@njit(cache=True, nogil=True)
def _plan_curvature(z, cell, curvature, start, stop):  # type: ignore[no-untyped-def]
    rows, cols = z.shape
    for row in range(start, stop):
        for col in range(cols):
            curvature[row, col] = np.nan
            if row == 0 or col == 0 or row == rows - 1 or col == cols - 1 or np.isnan(z[row, col]):
                continue
            centre = float(z[row, col])
            p = (z[row, col + 1] - z[row, col - 1]) / (2.0 * cell)
            q = (z[row - 1, col] - z[row + 1, col]) / (2.0 * cell)
            r = (z[row, col + 1] - 2.0 * centre + z[row, col - 1]) / cell**2
            t = (z[row - 1, col] - 2.0 * centre + z[row + 1, col]) / cell**2
            s = (z[row - 1, col + 1] + z[row + 1, col - 1] - z[row - 1, col - 1] - z[row + 1, col + 1]) / (
                4.0 * cell**2
            )
            steepness = p * p + q * q
            if steepness > 0.0:
                curvature[row, col] = -(q * q * r - 2.0 * p * q * s + p * p * t) / steepness
            elif not np.isnan(r + s + t):
                curvature[row, col] = 0.0


@njit(cache=True, nogil=True)
def _smoothed(z, smooth, start, stop):  # type: ignore[no-untyped-def]
    rows, cols = z.shape
    for row in range(start, stop):
        for col in range(cols):
            centre = float(z[row, col])
            total = 0.0
            for down, right, weight in ((0, 1, 2.0), (1, 0, 2.0), (1, 1, 1.0), (-1, 1, 1.0)):
                if abs(down) <= row < rows - abs(down) and right <= col < cols - right:
                    pair = z[row + down, col + right] + z[row - down, col - right]
                    if not np.isnan(pair):
                        total += weight * (pair - 2.0 * centre)
            smooth[row, col] = centre + total / 16.0


def _like(dem: Grid, fill: Callable[[NDArray[np.float32], int, int], None]) -> Grid:
    """A grid on the cells of ``dem``, filled by rows."""
    values = np.empty(dem.shape, dtype=np.float32)
    over_blocks(lambda start, stop: fill(values, start, stop), dem.shape[0], block=ROWS_A_TIME)
    return replace(dem, values=values)


def slope_aspect(dem: Grid) -> tuple[Grid, Grid]:
    """Slope in per cent and aspect in degrees of a height grid, each float32 (rows, cols) on its cells.

    Aspect is the direction the ground falls to, clockwise from north; NaN on level ground. Both are NaN where the
    height or the gradient is unknown. Third-order finite differences weighted 1-2-1:
    dz/dx = ((NE + 2E + SE) - (NW + 2W + SW)) / 8h (Horn 1981, Proceedings of the IEEE 69(1), p. 18).

    Raises
    ------
    GridError : more than one band, or cells without a size.
    """
    z = heights(dem)
    aspect = np.empty(dem.shape, dtype=np.float32)
    slope = _like(dem, lambda values, start, stop: _slope_aspect(z, dem.cell_m, values, aspect, start, stop))
    return slope, replace(dem, values=aspect)


def slope_pct(dem: Grid) -> Grid:
    """Slope in per cent, as ``slope_aspect``."""
    return slope_aspect(dem)[0]


def hillshade(
    dem: Grid,
    *,
    azimuth_deg: float = SUN_AZIMUTH_DEG,
    altitude_deg: float = SUN_ALTITUDE_DEG,
    exaggeration: float = 1.0,
) -> Grid:
    """Brightness of the ground under one sun, 0 (in shade) to 255 (facing the sun), float32 (rows, cols).

    255 x cosine between the ground's normal and the direction to the sun, 0 where negative; heights are multiplied by
    ``exaggeration`` first. NaN where the gradient is unknown (Horn 1981, Proceedings of the IEEE 69(1), pp. 14-47).

    Raises
    ------
    GridError : more than one band, or cells without a size.
    """
    z = heights(dem)
    azimuth, altitude = np.radians(azimuth_deg), np.radians(altitude_deg)
    return _like(
        dem,
        lambda values, start, stop: _hillshade(z, dem.cell_m, azimuth, altitude, exaggeration, values, start, stop),
    )


def smoothed(dem: Grid) -> Grid:
    """Heights averaged with weights 1-2-1 along rows and columns, two cells wide; float32 (rows, cols), metres.

    Opposite neighbours count in pairs, so planes stay as they are up to the edge; NaN stays NaN.

    Raises
    ------
    GridError : more than one band, or cells without a size.
    """
    z = heights(dem)
    return _like(dem, lambda values, start, stop: _smoothed(z, values, start, stop))


def plan_curvature(dem: Grid) -> Grid:
    """Curvature of the ground across the fall line, 1/m, float32 (rows, cols); below 0 where flow converges.

    -(q^2 r - 2 p q s + p^2 t) / (p^2 + q^2) with the first (p, q) and second (r, s, t) derivatives by central
    differences (Zevenbergen and Thorne 1987, Earth Surface Processes and Landforms 12, pp. 47-56; sign so that hollows
    are negative). 0 on level ground, NaN beside unknown heights and on the outermost cells.

    Raises
    ------
    GridError : more than one band, or cells without a size.
    """
    z = heights(dem)
    return _like(dem, lambda values, start, stop: _plan_curvature(z, dem.cell_m, values, start, stop))


def topographic_position_m(dem: Grid, within_m: float) -> NDArray[np.float32]:
    """Height of each cell above the mean of the known ground around it, m, float32 (rows, cols), NaN where unknown.

    Above 0 on the upper part of slopes, below on the lower (topographic position index, Weiss 2001). within_m : half
    the side of the square the mean is taken over, metres.

    Raises
    ------
    GridError : more than one band, or cells without a size.
    """
    z = heights(dem)
    known = ~np.isnan(z)
    side = 2 * max(round(within_m / dem.cell_m), 1) + 1
    total = uniform_filter(np.where(known, z, np.float32(0.0)), side, output=np.float64, mode="constant")
    share = uniform_filter(known, side, output=np.float64, mode="constant")
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(known, z - total / share, np.float32(np.nan)).astype(np.float32)
