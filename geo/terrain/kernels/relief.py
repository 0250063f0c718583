"""Compiled loops of ``geo.terrain.relief``."""

from __future__ import annotations

import numpy as np
from numba import njit


@njit(cache=True, nogil=True)
def rise(z, row, col, down, right):
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
def gradient(z, row, col):
    """Rise per cell eastwards and northwards after Horn; NaN where the neighbours do not fix both."""
    east, north = rise(z, row, col, 0, 1), rise(z, row, col, -1, 0)
    north_east, south_east = rise(z, row, col, -1, 1), rise(z, row, col, 1, 1)
    if np.isnan(north_east) or np.isnan(south_east):
        return east / 2.0, north / 2.0
    # A missing axis pair leaves its weight to the two diagonals, which alone are right on a plane too.
    diagonal_x, diagonal_y = north_east + south_east, north_east - south_east
    gx = diagonal_x / 4.0 if np.isnan(east) else (2.0 * east + diagonal_x) / 8.0
    gy = diagonal_y / 4.0 if np.isnan(north) else (2.0 * north + diagonal_y) / 8.0
    return gx, gy


@njit(cache=True, nogil=True)
def slopes_and_aspects(z, cell, slope, aspect, start, stop):
    for row in range(start, stop):
        for col in range(z.shape[1]):
            slope[row, col] = np.nan
            aspect[row, col] = np.nan
            if np.isnan(z[row, col]):
                continue
            gx, gy = gradient(z, row, col)
            slope[row, col] = 100.0 * np.hypot(gx, gy) / cell
            if gx != 0.0 or gy != 0.0:
                aspect[row, col] = np.degrees(np.arctan2(-gx, -gy)) % 360.0


@njit(cache=True, nogil=True)
def shades(z, cell, azimuth, altitude, exaggeration, shade, start, stop):
    to_sun_x, to_sun_y = np.sin(azimuth) * np.cos(altitude), np.cos(azimuth) * np.cos(altitude)
    for row in range(start, stop):
        for col in range(z.shape[1]):
            shade[row, col] = np.nan
            if np.isnan(z[row, col]):
                continue
            gx, gy = gradient(z, row, col)
            gx *= exaggeration / cell
            gy *= exaggeration / cell
            cosine = (np.sin(altitude) - gx * to_sun_x - gy * to_sun_y) / np.sqrt(1.0 + gx * gx + gy * gy)
            shade[row, col] = 255.0 * max(0.0, cosine) if not np.isnan(cosine) else np.nan


@njit(cache=True, nogil=True)
def curvatures(z, cell, curvature, start, stop):
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
def averages(z, smooth, start, stop):
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
