"""Outlines of the levels of a grid: small patches taken up by what surrounds them, steps of cells smoothed away.

Neighbours keep sharing their edges, and outlines are cut along a lattice, so that none grows without bound. Edges of
the lattice stay straight: what is left of a zone on either side of one meets without a gap.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import chain

import numpy as np
import shapely
from numpy.typing import NDArray
from rasterio.features import shapes, sieve

from geo.terrain.grid import Grid, north_up

SMALLEST_M2 = 6_250.0  # m2; smaller patches are below what the heights resolve. As the smallest release, reference 7.3
LATTICE_CELLS = 256  # cells along the side of a square of the lattice


def level_outlines(
    level: NDArray[np.int8], dem: Grid, *, smallest_m2: float = SMALLEST_M2
) -> Iterator[tuple[int, NDArray[np.object_]]]:
    """Yield the outlines of each level, square of the lattice by square of the lattice.

    Parameters
    ----------
    level : int8 (rows, cols) on the cells of ``dem``, below 0 unknown
    dem : where the cells lie, EPSG:32642
    smallest_m2 : m2; connected patches below it take the level of their largest neighbour, unknown ones stay

    Yields
    ------
    level that occurs in a square, and its connected areas there: valid polygons in EPSG:32642, object (k,), that do not
        overlap; each lies within about a cell of the edges of its cells
    """
    smallest = int(np.ceil(smallest_m2 / dem.cell_m**2))
    smooth = sieve(level.astype(np.int16), size=smallest, connectivity=4) if smallest > 1 else level.astype(np.int16)
    unknown = (level < 0) != (smooth < 0)
    smooth[unknown] = level[unknown]  # no patch is small enough to turn from unknown to none
    rows, cols = level.shape
    # Counted from the CRS's origin, so that windows that overlap are cut along the same lines.
    first_row = -int(np.floor((-dem.y_max / dem.cell_m) % LATTICE_CELLS))
    first_col = -int(np.floor((dem.x_min / dem.cell_m) % LATTICE_CELLS))
    for top in range(first_row, rows, LATTICE_CELLS):
        for left in range(first_col, cols, LATTICE_CELLS):
            part = smooth[max(top, 0) : top + LATTICE_CELLS, max(left, 0) : left + LATTICE_CELLS]
            corner = north_up(
                dem.x_min + max(left, 0) * dem.cell_m, dem.y_max - max(top, 0) * dem.cell_m, dem.cell_m, dem.cell_m
            )
            found = list(shapes(part, connectivity=4, transform=corner))
            outlines = _polygons([outline["coordinates"] for outline, _ in found])
            values = np.array([value for _, value in found], dtype=np.int64)
            if len(found) > 1:
                outlines = shapely.coverage_simplify(outlines, dem.cell_m, simplify_boundary=False)
            for value in np.unique(values).tolist():
                yield value, outlines[(values == value) & ~shapely.is_empty(outlines)]


def _polygons(rings_of: Sequence[Sequence[Sequence[tuple[float, float]]]]) -> NDArray[np.object_]:
    """Polygons from the corners of their rings, the outer one first; all at once is faster than one by one."""
    rings = [ring for rings in rings_of for ring in rings]
    corners = np.array(list(chain.from_iterable(rings)), dtype=np.float64)
    ring_ends = np.cumsum([0, *map(len, rings)])
    polygon_ends = np.cumsum([0, *map(len, rings_of)])
    return np.asarray(shapely.from_ragged_array(shapely.GeometryType.POLYGON, corners, (ring_ends, polygon_ends)))
