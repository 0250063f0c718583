"""Compiled loops of ``geo.geometry.crs``."""

from __future__ import annotations

from math import atanh, radians, sin, sqrt

import numpy as np
from numba import njit

MAJOR_M = 6_378_137.0  # WGS 84 semi-major axis, NIMA TR8350.2 table 3.1
FLATTENING = 1.0 / 298.257223563  # WGS 84, NIMA TR8350.2 table 3.1
E2 = FLATTENING * (2.0 - FLATTENING)  # first eccentricity squared
ECCENTRICITY = sqrt(E2)
LONG_EDGE_M = 50_000.0  # from here on the series for the geodesic's bow is no longer good to 1e-7 of an area


@njit(cache=True, nogil=True, error_model="numpy")
def authalic(sine):
    """Area of the ellipsoid between the equator and a latitude, per radian of longitude [m2]; Snyder 1987 eq. 3-12."""
    es = ECCENTRICITY * sine
    return 0.5 * MAJOR_M * MAJOR_M * (1.0 - E2) * (sine / (1.0 - es * es) + atanh(es) / ECCENTRICITY)


@njit(cache=True, nogil=True, error_model="numpy")
def geodesic_areas(lonlat, path_start, geometry_start, hole, areas, long_edge, start, stop):
    """Fill areas (n,) in m2 for start..stop and mark in long_edge (n,) what has an edge too long for the series."""
    for g in range(start, stop):
        areas[g] = 0.0 if geometry_start[g + 1] > geometry_start[g] else np.nan
        long_edge[g] = False
        for p in range(geometry_start[g], geometry_start[g + 1]):
            ring = 0.0
            first = path_start[p]
            base = authalic(sin(radians(lonlat[first, 1])))
            y0, lat0 = 0.0, radians(lonlat[first, 1])
            for i in range(first + 1, path_start[p + 1]):
                lat1 = radians(lonlat[i, 1])
                y1 = authalic(sin(lat1)) - base
                dx = radians((lonlat[i, 0] - lonlat[i - 1, 0] + 180.0) % 360.0 - 180.0)
                sine = sin(0.5 * (lat0 + lat1))
                parallel = MAJOR_M * sqrt((1.0 - sine * sine) / (1.0 - E2 * sine * sine))
                east, north = parallel * dx, (y1 - y0) / parallel
                # Trapezium in the equal-area cylindrical projection, and the bow of the geodesic over its chord there.
                ring += 0.5 * (y0 + y1) * dx + sine * dx * (east * east + 3.0 * north * north) / 12.0
                if east * east + north * north > LONG_EDGE_M * LONG_EDGE_M:
                    long_edge[g] = True
                y0, lat0 = y1, lat1
            areas[g] += -abs(ring) if hole[p] else abs(ring)
