"""Scenes of Sentinel-2 over outlines: what each scene says of itself, and how green outlines were on its day."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray
from pyproj import Transformer

from geo.geometry.crs import WORKING_CRS
from geo.terrain.greenness import ndvi, offset_of, told
from geo.terrain.grid import Grid
from geo.terrain.zonal import zonal
from layers.errors import DataRefused
from layers.grids.cog import Cells
from layers.loading.admission import AdmittedFile
from layers.loading.raster_files import OutOfReach, RasterFile
from layers.loading.room import require_room

ITEM, RED, INFRARED, CLASSES = "item", "red", "nir", "scl"  # assets, as the file names have them
BLOCK_M = 20_000.0  # outlines are measured so many metres of land at a time: four million cells of 10 m

Floats = NDArray[np.float64]
Geometries = NDArray[np.object_]


@dataclass(frozen=True, slots=True)
class Scene:
    """One scene: when it was taken, its bands, and what is added to their digital numbers; None = nobody says."""

    name: str
    day: date
    red: Path
    infrared: Path
    classes: Path
    offset: float | None


def scenes_of(files: Sequence[Path]) -> Iterator[Scene]:
    """Yield the scenes that files belong to, in the order of their names.

    Raises
    ------
    DataRefused : one lacks a band or its item, or its item is none.
    """
    named: dict[str, dict[str, Path]] = {}
    for path in files:
        name, _, asset = path.stem.rpartition("-")
        named.setdefault(name, {})[asset] = path
    for name, found in sorted(named.items()):
        if lacking := [asset for asset in (ITEM, RED, INFRARED, CLASSES) if asset not in found]:
            raise DataRefused(f"{name} has no file {lacking[0]}; greenness needs {ITEM}, {RED}, {INFRARED}, {CLASSES}.")
        about = _properties(found[ITEM])
        day = _day(about, found[ITEM].name)
        yield Scene(name, day, found[RED], found[INFRARED], found[CLASSES], _offset(about))


def _properties(path: Path) -> Mapping[str, Any]:
    try:
        found = json.loads(path.read_bytes())["properties"]
    except (OSError, ValueError, KeyError, TypeError):
        found = None
    if not isinstance(found, dict):
        raise DataRefused(f"{path.name} is no item of a STAC catalogue: expected JSON with properties.")
    return found


def _day(about: Mapping[str, Any], name: str) -> date:
    try:
        return datetime.fromisoformat(str(about["datetime"])).date()
    except (KeyError, ValueError):
        raise DataRefused(f"{name} does not say when its scene was taken; expected datetime as ISO 8601.") from None


def _offset(about: Mapping[str, Any]) -> float | None:
    """What is added to digital numbers; a baseline that nobody states is not guessed."""
    if about.get("earthsearch:boa_offset_applied") is True:
        return 0.0
    try:
        return offset_of(float(str(about["s2:processing_baseline"])))
    except (KeyError, ValueError):
        return None


def green_on(scene: Scene, shapes: Geometries) -> tuple[Floats, Floats]:
    """Return how green outlines were in one scene.

    Parameters
    ----------
    shapes : n polygons or multipolygons, EPSG:32642.

    Returns
    -------
    median index of the clear cells, NaN where too little of an outline was clear; share of it that was, 0-1, float64
    (n,) each

    Raises
    ------
    DataRefused : a band cannot be read, or its cells are not squares of metres.
    """
    median, share = np.full(len(shapes), np.nan), np.zeros(len(shapes))
    middles = shapely.get_coordinates(shapely.centroid(shapes))
    blocks = np.floor(middles / BLOCK_M).astype(np.int64)
    for block in np.unique(blocks, axis=0):
        here = np.flatnonzero((blocks == block).all(axis=1))
        with suppress(OutOfReach):
            grid, crs = _index_of(scene, shapes[here])
            placed = shapes[here] if crs == WORKING_CRS else _moved(shapes[here], crs)
            found = zonal(grid, placed, ("q50", "coverage", "count"))
            share[here] = np.nan_to_num(found["coverage"])
            median[here] = told(found["q50"], share[here], np.nan_to_num(found["count"]))
    return median, share


def _moved(shapes: Geometries, crs: str) -> Geometries:
    """Outlines where the cells of a scene lie: a scene of the zone beside is measured in that zone, not resampled."""
    change = Transformer.from_crs(WORKING_CRS, crs, always_xy=True)
    moved: Geometries = shapely.transform(shapes, lambda xy: np.column_stack(change.transform(xy[:, 0], xy[:, 1])))
    return moved


def _index_of(scene: Scene, shapes: Geometries) -> tuple[Grid, str]:
    """The index of the cells around outlines, and the CRS they lie in."""
    to_degrees = Transformer.from_crs(WORKING_CRS, "EPSG:4326", always_xy=True)
    west, south, east, north = (float(edge) for edge in shapely.total_bounds(shapes))
    box = to_degrees.transform_bounds(west, south, east, north, densify_pts=21)
    red, cells, scaled = _band(scene.red, box)
    infrared, other, also = _band(scene.infrared, box)
    if (cells.transform, cells.crs, red.shape) != (other.transform, other.crs, infrared.shape) or scaled != also:
        raise DataRefused(f"{scene.name}: its bands have different cells.")
    classes, coarse, _ = _band(scene.classes, box)
    if coarse.crs != cells.crs:
        raise DataRefused(f"{scene.name}: its classes lie in another CRS than its bands.")
    offset = 0.0 if scaled else scene.offset
    if offset is None:
        raise DataRefused(f"{scene.name} does not say its processing baseline.")
    index = ndvi(red, infrared, _on(cells, classes, coarse), offset)
    grid = cells.transform
    return Grid(index, grid.c, grid.f, grid.a, grid.a), f"EPSG:{cells.crs.to_epsg()}"


def _band(path: Path, box: tuple[float, float, float, float]) -> tuple[NDArray[np.float32], Cells, bool]:
    """Values of a band in a box, NaN unknown; whether the file itself makes them reflectance."""
    require_room(path)
    file = RasterFile(AdmittedFile(path, raster=True), within=box)
    cells = file.cells(None)
    if not cells.crs.is_projected or cells.transform.a != -cells.transform.e:
        raise DataRefused(f"{path.name}: expected square cells in metres.")
    values = np.concatenate([strip[0] for strip in file.strips(cells)]).astype(np.float32)
    nodata = 0.0 if cells.nodata is None else cells.nodata  # Level-2A: 0 is no data in every band
    if not file.scaled:
        values[values == np.float32(nodata)] = np.nan
    return values, cells, file.scaled


def _on(cells: Cells, classes: NDArray[np.float32], coarse: Cells) -> NDArray[np.float32]:
    """Classes of cells of 20 m at the middles of those of 10 m; unknown beyond them."""
    fine, grid = cells.transform, coarse.transform
    cols = np.floor((fine.c + fine.a * (np.arange(cells.cols) + 0.5) - grid.c) / grid.a).astype(np.int64)
    rows = np.floor((fine.f + fine.e * (np.arange(cells.rows) + 0.5) - grid.f) / grid.e).astype(np.int64)
    known = ((rows >= 0) & (rows < coarse.rows))[:, np.newaxis] & ((cols >= 0) & (cols < coarse.cols))
    at = classes[np.ix_(np.clip(rows, 0, coarse.rows - 1), np.clip(cols, 0, coarse.cols - 1))]
    return np.where(known, at, np.float32(np.nan))
