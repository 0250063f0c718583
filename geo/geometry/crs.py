"""The one metric CRS everything is measured in, the way into and out of it, and areas on the ellipsoid.

EPSG:32642 (UTM zone 42 North) serves the whole programme area: its scale is 0.9996 at 69 E and 1.0007 at 72.4 E, so
lengths are within 0.07 %. Areas that people hold papers for are computed on the ellipsoid itself.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

import geopandas as gpd
import numpy as np
import pyproj
import shapely
from numpy.typing import NDArray

from geo.compiled.threads import over_blocks
from geo.errors import CrsError
from geo.geometry.kernels import crs as kernels
from geo.geometry.ragged import Geometries, Ragged, ragged

Floats = NDArray[np.float64]

WORKING_CRS = "EPSG:32642"  # WGS 84 / UTM zone 42N, metres
STORED_CRS = "EPSG:4326"  # WGS 84, degrees, longitude first
DEGREE_DIGITS = 7  # decimals of a longitude or latitude in files of text: about 1 cm
GOOD_FOR = (64.0, 34.0, 77.0, 43.0)  # degrees; Tajikistan's box and two degrees around, scale off by 0.7 % at most


def _reproject(xy: Floats, source: str, target: str) -> Floats:
    """Return coordinates (n, 2) in another CRS, x first; PROJ on every core, since it lets other threads run."""
    found = np.array(xy.T, order="C")  # one contiguous row for each axis, so that PROJ works in place

    def block(start: int, stop: int) -> None:
        transformer = pyproj.Transformer.from_crs(source, target, always_xy=True)  # not to be shared between threads
        transformer.transform(found[0, start:stop], found[1, start:stop], inplace=True)

    over_blocks(block, len(xy), block=262_144)
    return found.T


def to_working(geometries: Geometries | Sequence[shapely.Geometry | None]) -> Geometries:
    """Return geometries reprojected from EPSG:4326 to EPSG:32642, without Z.

    Parameters
    ----------
    geometries : object (n,), degrees, longitude first; a missing one stays missing

    Returns
    -------
    object (n,), metres in EPSG:32642

    Raises
    ------
    CrsError : a coordinate outside the area this CRS is good for, such as one with latitude first.
    """
    array = np.asarray(geometries, dtype=object)
    if not array.size:
        return array
    _check_stored(*shapely.total_bounds(array))
    found: Geometries = shapely.transform(array, partial(_reproject, source=STORED_CRS, target=WORKING_CRS))
    return found


def to_working_xy(lonlat: Floats) -> Floats:
    """Return coordinates reprojected from EPSG:4326 to EPSG:32642; the same numbers as ``to_working``.

    Parameters
    ----------
    lonlat : float64 (n, 2), degrees, longitude first

    Returns
    -------
    float64 (n, 2), metres in EPSG:32642

    Raises
    ------
    CrsError : a coordinate outside the area this CRS is good for.
    """
    if not len(lonlat):
        return lonlat
    _check_stored(*lonlat.min(axis=0), *lonlat.max(axis=0))
    return _reproject(lonlat, STORED_CRS, WORKING_CRS)


def _check_stored(west: float, south: float, east: float, north: float) -> None:
    if west < GOOD_FOR[0] or south < GOOD_FOR[1] or east > GOOD_FOR[2] or north > GOOD_FOR[3]:
        raise CrsError(
            f"Coordinates reach from {west:.4f}, {south:.4f} to {east:.4f}, {north:.4f}; expected longitude and "
            f"latitude within {GOOD_FOR[0]:.0f}-{GOOD_FOR[2]:.0f} E and {GOOD_FOR[1]:.0f}-{GOOD_FOR[3]:.0f} N."
        )


def to_stored(geometries: Geometries | Sequence[shapely.Geometry | None]) -> Geometries:
    """Return geometries reprojected from EPSG:32642 to EPSG:4326, without Z.

    Parameters
    ----------
    geometries : object (n,), metres in EPSG:32642; a missing one stays missing

    Returns
    -------
    object (n,), degrees, longitude first
    """
    back: Geometries = shapely.transform(
        np.asarray(geometries, dtype=object), partial(_reproject, source=WORKING_CRS, target=STORED_CRS)
    )
    return back


def require_working(frame: gpd.GeoDataFrame | gpd.GeoSeries, what: str) -> None:
    """Refuse a frame that is not in EPSG:32642.

    Parameters
    ----------
    frame : rows with geometry
    what : names the frame in the message, such as ``canals``

    Raises
    ------
    CrsError : another CRS, or none.
    """
    if frame.crs is None:
        raise CrsError(f"The {what} have no coordinate reference system; expected {WORKING_CRS}.")
    if not frame.crs.equals(WORKING_CRS, ignore_axis_order=True):
        name = frame.crs.to_string() if frame.crs.to_epsg() is not None else frame.crs.name
        raise CrsError(f"The {what} are in {name}; expected {WORKING_CRS}.")


def area_ha(geometries: Geometries | Sequence[shapely.Geometry | None]) -> Floats:
    """Return the area of each polygon on the WGS 84 ellipsoid.

    Edges are geodesics and holes are left out.

    Parameters
    ----------
    geometries : object (n,), EPSG:4326

    Returns
    -------
    float64 (n,), hectares; 0 for points and lines, NaN for a missing or empty geometry

    Raises
    ------
    GeometryError : a geometry collection.

    Notes
    -----
    An edge is taken as a straight line in the equal-area cylindrical projection, plus the area under its bow. There a
    geodesic of azimuth a at latitude f, on a parallel of radius r, has x' = sin a / r, y' = r cos a, so that x'y'' -
    y'x'' = -(sin f sin a / r)(1 + 2 cos2 a), and the bow over a chord of length L is L^3/12 of that. The next term is
    (L/R)^2 of the bow: below 1e-8 of a plot's area. Polygons with edges over 50 km go through Karney's geodesics as
    PROJ has them.

    References
    ----------
    Karney 2013, Journal of Geodesy 87, p. 43.
    """
    return area_ha_of(ragged(geometries))


def area_ha_of(shapes: Ragged) -> Floats:
    """Return the areas of geometries whose coordinates are at hand, as ``area_ha``.

    Parameters
    ----------
    shapes : coordinates of n geometries in EPSG:4326

    Returns
    -------
    float64 (n,), hectares; 0 for points and lines, NaN for a missing or empty geometry
    """
    areas, long_edge = np.empty(len(shapes)), np.empty(len(shapes), dtype=np.bool_)
    over_blocks(partial(kernels.geodesic_areas, *shapes.paths, shapes.hole, areas, long_edge), len(shapes))
    areas[(np.diff(shapes.geometry_start) > 0) & ~shapes.areal] = 0.0
    geod = pyproj.Geod(ellps="WGS84")
    for row in np.flatnonzero(long_edge & shapes.areal):
        areas[row] = 0.0
        for path in range(shapes.geometry_start[row], shapes.geometry_start[row + 1]):
            ring = shapes.xy[shapes.path_start[path] : shapes.path_start[path + 1]]
            size = abs(geod.polygon_area_perimeter(ring[:, 0], ring[:, 1])[0])
            areas[row] += -size if shapes.hole[path] else size
    return areas / 10_000.0
