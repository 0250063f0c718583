"""Geometries of a query in the working CRS: coordinates are reprojected inside the bytes PostGIS sends.

Objects are made once, from bytes that are already right, and a multiple geometry of one part becomes that part: most
plots are one outline, and everything that measures them is spared an object.

Notes
-----
Beside ``shapely.to_ragged_array``, reprojection and ``from_ragged_array`` this takes two thirds of the processor time,
beside ``shapely.transform`` nine tenths (200,000 plots of 19 vertices, ``bench/README.md``).
"""

from __future__ import annotations

import numpy as np
import shapely
from numpy.typing import NDArray

from geo.geometry.crs import to_working, to_working_xy
from geo.geometry.ragged import Geometries
from layers.postgres.kernels import read_geometries as kernels
from layers.postgres.kernels.read_geometries import COUNT, NOT_PLAIN, READ, WRITE
from layers.postgres.read_arrays import Bytes, pieces_of, spans


def geometries_of(raw: bytes) -> Geometries:
    """Return an array of WKB in EPSG:4326, as PostgreSQL sends it, as geometries in EPSG:32642 without Z.

    A missing one stays missing.

    Raises
    ------
    CrsError : a coordinate outside the area that CRS is good for.
    """
    start, size = spans(np.frombuffer(raw, dtype=np.uint8), int.from_bytes(raw[12:16]))
    data = np.frombuffer(raw, dtype=np.uint8).copy()
    count = kernels.walk(data, start, size, _bytes_of(np.empty((0, 2))), COUNT)
    lonlat = np.empty((max(count, 0), 2))
    if count != NOT_PLAIN:
        kernels.walk(data, start, size, _bytes_of(lonlat), READ)
    if count == NOT_PLAIN or not np.isfinite(lonlat).all():  # an empty point has no number for a coordinate
        return to_working(shapely.from_wkb(pieces_of(raw, start, size)))
    kernels.walk(data, start, size, _bytes_of(to_working_xy(lonlat)), WRITE)
    kernels.unwrap(data, start, size)
    found: Geometries = shapely.from_wkb(pieces_of(data.tobytes(), start, size))
    return found


def _bytes_of(xy: NDArray[np.float64]) -> Bytes:
    """Return coordinates (n, 2) as the bytes WKB holds them in."""
    return np.ascontiguousarray(xy, dtype="<f8").reshape(-1).view(np.uint8)
