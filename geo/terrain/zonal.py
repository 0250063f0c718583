"""Exact zonal statistics: every cell counts with the share of it that lies inside the polygon.

A plot of half a hectare is five cells of a 30 m grid, so counting cells by their centres is several per cent off and
loses the smallest plots. Here the covered area of each cell comes from signed areas under the polygon's edges, summed
along the rows as font rasterisers do (R. Levien, "Inside the fastest font renderer in the world", 2016; the idea is
that of LibArt and FreeType's smooth rasteriser): an edge crossing a cell adds its height times the width to its right
inside that cell and its full height to all cells right of it, and a running sum over the row then gives the covered
share of every cell, exactly up to rounding, in time linear in edges and cells.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import partial

import numpy as np
from numpy.typing import NDArray

from geo.compiled.threads import over_blocks
from geo.errors import GeometryError, GridError
from geo.geometry.ragged import Geometries, Ragged, ragged
from geo.terrain.grid import Grid
from geo.terrain.kernels import zonal as kernels
from geo.terrain.kernels.zonal import MAXIMUM, MEAN, MINIMUM, TOUCHED, VARIANCE, WEIGHT

Floats = NDArray[np.float64]

QUANTILE = re.compile(r"q(\d{1,3}(?:\.\d+)?)")
PLAIN = ("mean", "min", "max", "sum", "count", "coverage", "stdev")


def zonal(grid: Grid, polygons: Geometries | Ragged, statistics: Sequence[str] = ("mean",)) -> dict[str, Floats]:
    """Return statistics of the grid's cells under each polygon, cells weighted by their covered share.

    Parameters
    ----------
    grid : a Grid in EPSG:32642, NaN where nothing is known.
    polygons : n polygons or multipolygons in EPSG:32642, or their coordinates made once by ``ragged``.
    statistics : any of

        - ``mean``, ``stdev`` (of the population), ``min``, ``max``: unit of the grid;
        - ``q50``, ``q97.5`` …: the smallest value not exceeded on that percentage of the known area;
        - ``count``: known cells under the polygon, parts of cells included; ``sum``: mean times count;
        - ``coverage``: share 0..1 of the polygon's area that lies on known cells.

    Returns
    -------
    dict : statistic -> float64 (n,), or (bands, n) for a grid of several bands, which costs little more than one. Cells
        that are NaN are left out. A polygon that meets no known cell has coverage and count 0 and NaN otherwise; a
        missing or empty one, or one without area, has NaN throughout.

    Raises
    ------
    GeometryError : points or lines among the polygons.
    GridError : a grid without cells.
    ValueError : a statistic there is none of.

    Notes
    -----
    A polygon of any size is worked on in strips of ``SCRATCH_CELLS`` cells. Only quantiles keep its known cells, 16
    bytes each, to sort them: ten million cells take 160 MB in a thread, and as much again while they are sorted.

    References
    ----------
    R. Levien, "Inside the fastest font renderer in the world", 2016.

    Examples
    --------
    >>> import numpy as np, shapely
    >>> grid = Grid(np.arange(1, 10, dtype=np.float32).reshape(3, 3), 0.0, 3.0, 1.0, 1.0)
    >>> float(zonal(grid, np.array([shapely.box(0.5, 0.5, 2.5, 2.5)]))["mean"][0])
    5.0
    """
    probabilities = _probabilities(statistics)
    shapes = polygons if isinstance(polygons, Ragged) else ragged(polygons)
    _check_areal(shapes)
    values = np.ascontiguousarray(grid.values, dtype=np.float32)
    if values.ndim not in (2, 3) or 0 in values.shape or not grid.cell_m > 0.0:
        raise GridError(f"A grid of {values.shape} cells of {grid.cell_m} m cannot be measured.")
    stack = values if values.ndim == 3 else values[np.newaxis]
    place = (float(grid.x_min), float(grid.y_max), float(grid.cell_m))
    # Quantiles keep the cells of a polygon to sort them: one band at a time, so that a thread keeps those of one only.
    layers = [stack[b : b + 1] for b in range(len(stack))] if len(probabilities) else [stack]
    found = [_moments(shapes, layer, place, probabilities) for layer in layers]
    moments, quantiles = (np.concatenate([each[i] for each in found], axis=1) for i in (0, 2))
    areas = found[0][1]
    results = _statistics(statistics, moments, areas, quantiles)
    return {name: found.T if values.ndim == 3 else found[:, 0] for name, found in results.items()}


def _moments(
    shapes: Ragged, layer: NDArray[np.float32], place: tuple[float, float, float], probabilities: Floats
) -> tuple[Floats, Floats, Floats]:
    n, bands = len(shapes), len(layer)
    moments, areas = np.empty((n, bands, 5)), np.empty(n)
    quantiles = np.full((n, bands, len(probabilities)), np.nan)
    over_blocks(
        partial(kernels.measure, *shapes.paths, shapes.hole, layer, *place, probabilities, moments, areas, quantiles), n
    )
    return moments, areas, quantiles


def _probabilities(statistics: Sequence[str]) -> Floats:
    shares = []
    for name in statistics:
        percent = QUANTILE.fullmatch(name)
        if percent and float(percent[1]) <= 100.0:
            shares.append(float(percent[1]) / 100.0)
        elif name not in PLAIN:
            raise ValueError(f"There is no statistic {name}; expected one of {', '.join(PLAIN)} or q0 to q100.")
    return np.array(shares)


def _check_areal(shapes: Ragged) -> None:
    filled = np.diff(shapes.geometry_start) > 0
    if not shapes.areal[filled].all():
        row = int(np.argmax(filled & ~shapes.areal))
        raise GeometryError(f"Geometry {row} is a point or a line; zonal statistics need polygons.")


def _statistics(statistics: Sequence[str], moments: Floats, areas: Floats, quantiles: Floats) -> dict[str, Floats]:
    """Statistics (n, bands) from the moments of each polygon."""
    weight = moments[:, :, WEIGHT]
    real = (areas > 0.0)[:, np.newaxis]
    # Below this the only known cells are neighbours met by rounding, and they say nothing about the polygon.
    known = real & (weight > TOUCHED * areas[:, np.newaxis])
    found: dict[str, Floats] = {}
    of_quantile = 0
    for name in statistics:
        if name.startswith("q"):
            found[name] = np.where(known, quantiles[:, :, of_quantile], np.nan)
            of_quantile += 1
        elif name == "count":
            found[name] = np.where(real, weight, np.nan)
        elif name == "coverage":
            with np.errstate(divide="ignore", invalid="ignore"):
                found[name] = np.where(real, np.minimum(weight / areas[:, np.newaxis], 1.0), np.nan)
        elif name == "sum":
            found[name] = np.where(known, moments[:, :, MEAN] * weight, np.nan)
        elif name == "stdev":
            found[name] = np.where(known, np.sqrt(moments[:, :, VARIANCE]), np.nan)
        else:
            column = {"mean": MEAN, "min": MINIMUM, "max": MAXIMUM}[name]
            value = moments[:, :, column]
            found[name] = np.where(known & np.isfinite(value), value, np.nan)
    return found
