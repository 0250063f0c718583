"""The raster catalogue: grids stored as COGs under ``OBOD_HOME/rasters``, read as windows of the working CRS."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import date
from pathlib import Path

import numpy as np
import rasterio
from affine import Affine
from geoalchemy2.shape import from_shape
from numpy.typing import NDArray
from rasterio.warp import transform_bounds
from sqlalchemy import ColumnElement, Connection, and_, func, insert, or_, select, update

from geo.geometry.crs import STORED_CRS, WORKING_CRS
from geo.terrain.grid import Grid
from geo.terrain.relief import hillshade, slope_pct
from layers.catalogue import RASTERS, RASTERS_BY_NAME, RasterLayer
from layers.catalogue.base import STORED_SRID
from layers.errors import DataRefused, NotFound
from layers.grids.cells import raster_file
from layers.grids.cog import Bounds, Cells, Strips, derived_strips, new_file_name, raster_path, spans, write_cog
from layers.grids.resampling import resampled
from layers.records.load_report import LoadReport
from layers.records.loads import Load, Raster
from layers.records.open_load import OpenLoad, Provenance, open_load
from layers.settings import get_settings

SAME_FINENESS = 2.0  # files whose cells differ by less than this factor count as equally fine
COVERED = 0.5  # share of a window the finest files must know before coarser ones are left out
ALIGNED = 1e-6  # of a cell; a bound this near to an edge lies on it
SHADE_UNKNOWN = 0  # value of hillshade cells without a height; shade itself is stored as 1 to 255


def raster_named(name: str) -> RasterLayer:
    """Return the raster layer of that name.

    Raises
    ------
    NotFound : no such raster layer.
    """
    if name in RASTERS_BY_NAME:
        return RASTERS_BY_NAME[name]
    raise NotFound(f"There is no raster layer {name}; there are {', '.join(RASTERS_BY_NAME)}.")


def read_grid(
    connection: Connection,
    raster_id: str,
    bounds: Bounds,
    *,
    cell_m: float | None = None,
    load_id: int | None = None,
) -> Grid | None:
    """Return a raster layer around a window of EPSG:32642, NaN where nothing is known; None when no file reaches it.

    Files are laid over each other, the finer on top. Coarser files only fill in where the finest ones know less
    than half of the window, since one grid has one ``native_m``: that of the coarsest file used. Numbers are
    bilinear (averaged when cells get larger), codes are those of the nearest cell. Cells lie on one lattice, so
    that overlapping windows agree.

    Parameters
    ----------
    bounds : x_min, y_min, x_max, y_max in metres; widened to whole cells.
    cell_m : side of the cells, metres; the finest file's when None.
    load_id : as things stood after that load; None = now.
    """
    layer = raster_named(raster_id)
    files = [(raster_path(name), ground_m) for name, ground_m, _ in _files(connection, raster_id, bounds, load_id)]
    return grid_of_files(layer, files, bounds, cell_m=cell_m) if files else None


def file_digests(connection: Connection, raster_id: str, bounds: Bounds, load_id: int | None = None) -> list[str]:
    """SHA-256 of the files of a layer that ``read_grid`` may lay over each other there, in that order."""
    return [digest for _, _, digest in _files(connection, raster_id, bounds, load_id)]


def grid_of_files(
    layer: RasterLayer, files: Sequence[tuple[Path, float]], bounds: Bounds, *, cell_m: float | None = None
) -> Grid:
    """Return a window of EPSG:32642 of some files of a layer laid over each other, as ``read_grid`` does.

    ``files`` : path and ground size of a cell in metres, the finest first.
    """
    native = files[0][1]
    cell = cell_m or native
    x_min, y_max, rows, cols = _lattice(bounds, cell, files[0][0])
    to = Affine(cell, 0.0, x_min, 0.0, -cell, y_max)

    def laid(path: Path, ground_m: float) -> NDArray[np.float32]:
        samples = 1 if layer.categories or cell <= SAME_FINENESS * ground_m else math.ceil(cell / ground_m)
        return resampled(path, (layer.bands, rows, cols), to, nearest=layer.categories, samples=samples)

    values = laid(*files[0])
    for path, ground_m in files[1:]:
        unknown = np.isnan(values)
        if not unknown.any() or (unknown.mean() <= 1.0 - COVERED and ground_m > SAME_FINENESS * native):
            break
        fill = laid(path, ground_m)
        if not np.isnan(fill[unknown]).all():
            native = max(native, ground_m)
        values[unknown] = fill[unknown]
    return Grid(values if layer.bands > 1 else values[0], x_min, y_max, cell, native)


def store_grid(
    connection: Connection,
    layer: str,
    array: NDArray[np.number],
    transform: Affine,
    crs: str | rasterio.CRS,
    *,
    nodata: float | None = None,
    mode: str = "add",
    source: str | None = None,
    licence: str | None = None,
    source_date: date | None = None,
    synthetic: bool = False,
    file_name: str | None = None,
) -> LoadReport:
    """Store an array as a file of a raster layer, with all that is derived from it.

    Parameters
    ----------
    array : (rows, cols) or (bands, rows, cols), northernmost row first, in the layer's unit; NaN = unknown.
    nodata : value of unknown cells of an array of integers. mode : as for ``load_raster``.

    Raises
    ------
    DataRefused : wrong number of bands, values out of the layer's range, or a raster that is not north-up.
    NotFound : no such raster layer.
    """
    values = np.asarray(array)
    values = values[np.newaxis] if values.ndim == 2 else values
    bands, rows, cols = values.shape
    cells = Cells(bands, rows, cols, transform, rasterio.CRS.from_user_input(crs), values.dtype.name, nodata)
    report = LoadReport(layer, "generated" if synthetic else "load", mode, file_name, read=1)
    return store_raster(
        connection,
        raster_named(layer),
        cells,
        lambda: (values[:, start:stop] for start, stop in spans(rows)),
        report,
        Provenance(source, licence, source_date, synthetic),
    )


def store_raster(
    connection: Connection,
    layer: RasterLayer,
    cells: Cells,
    strips: Callable[[], Strips],
    report: LoadReport,
    provenance: Provenance,
) -> LoadReport:
    """Store a raster given strip by strip, derive what follows from it, and enter both in the catalogue.

    Mode add lays the file beside those that are there, update takes the place of the file of the same name,
    replace the place of all files of the layer.

    Raises
    ------
    DataRefused : see ``store_grid``; or a file of that name is there with other content and the mode is add.
    """
    check_cells(layer, cells, report.file_name)
    stored = _storable(cells)
    folder = get_settings().rasters
    folder.mkdir(parents=True, exist_ok=True)
    load = open_load(connection, report, provenance)
    made: list[Path] = []
    try:
        name = new_file_name(layer.id, load.load_id)
        path = folder / name
        made.append(path)
        tags = {"units": layer.unit, **provenance.as_tags()}
        content = _checked(strips(), layer, cells, stored, report.file_name)
        digest = write_cog(path, stored, content, categories=layer.categories, tags=tags)
        same = select(Raster.raster_id).where(
            Raster.layer == layer.id, Raster.sha256 == digest, Raster.ended_by.is_(None)
        )
        if connection.execute(same).first() is not None:
            report.unchanged = 1
            path.unlink()
            return load.close(report)
        _end_earlier(load, layer, report)
        _enter(load, layer.id, name, digest, stored, stored.ground_m)
        for derived in (raster for raster in RASTERS if raster.derived_from == layer.id):
            made.append(_derive(load, derived, path, stored))
        return load.close(report)
    except BaseException:
        load.abandon()
        for path in made:
            path.unlink(missing_ok=True)
        raise


def check_cells(layer: RasterLayer, cells: Cells, file_name: str | None) -> None:
    """Refuse a raster that cannot be this layer, whatever its values are."""
    what = file_name or "The grid"
    if layer.derived_from is not None:
        raise DataRefused(f"{layer.id} is computed from {layer.derived_from}; load {layer.derived_from} instead.")
    if cells.bands != layer.bands:
        raise DataRefused(f"{what} has {cells.bands} bands; {layer.id} has {layer.bands}.")
    if cells.transform.b or cells.transform.d or cells.transform.e >= 0 or cells.transform.a <= 0:
        raise DataRefused(
            f"{what} is not north-up; expected rows from north to south, without rotation; gdalwarp turns it."
        )


def _storable(cells: Cells) -> Cells:
    """The same cells in a type that can say *unknown*: integers with a no-data value, else float32 with NaN."""
    integer = np.issubdtype(np.dtype(cells.dtype), np.integer) and np.dtype(cells.dtype).itemsize <= 4
    if integer and cells.nodata is not None:
        return cells
    return replace(cells, dtype="float32", nodata=math.nan)


def _checked(strips: Strips, layer: RasterLayer, cells: Cells, stored: Cells, file_name: str | None) -> Strips:
    """Pass strips on as they are stored, refusing a value outside the layer's range."""
    low = -math.inf if layer.minimum is None else layer.minimum
    high = math.inf if layer.maximum is None else layer.maximum
    row = 0
    anything = False
    for strip in strips:
        unknown = np.isnan(strip) if strip.dtype.kind == "f" else np.zeros(strip.shape, dtype=bool)
        if cells.nodata is not None and not math.isnan(cells.nodata):
            unknown |= strip == cells.nodata
        outside = ~unknown & ((strip < low) | (strip > high))
        if outside.any():
            band, at_row, col = (int(axis[0]) for axis in np.nonzero(outside))
            raise DataRefused(
                f"{file_name or 'The grid'}: the cell in row {row + at_row + 1}, column {col + 1} is "
                f"{strip[band, at_row, col]:g}; {layer.id} is {low:g} to {high:g} {layer.unit}. "
                "A value for unknown cells has to be declared in the file."
            )
        anything = anything or not unknown.all()
        row += strip.shape[1]
        if stored.dtype == "float32":
            strip = np.where(unknown, np.float32(np.nan), strip.astype(np.float32))
        yield strip
    if not anything:
        raise DataRefused(f"{file_name or 'The grid'} has no known cell.")


def _end_earlier(load: OpenLoad, layer: RasterLayer, report: LoadReport) -> None:
    """End the files this one takes the place of, with what was derived from them."""
    current: list[ColumnElement[bool]] = [Raster.layer == layer.id, Raster.ended_by.is_(None)]
    if report.mode != "replace":
        current.append(Load.file_name == report.file_name)
    earlier = load.connection.execute(
        select(Raster.load_id).join(Load, Load.load_id == Raster.load_id).where(*current)
    ).scalars()
    ids = list(earlier)
    if ids and report.mode == "add":
        raise DataRefused(
            f"{layer.id} already has a file {report.file_name} with other content; nothing was loaded. "
            "Use --mode update to put this one in its place."
        )
    load.connection.execute(
        update(Raster).where(Raster.load_id.in_(ids), Raster.ended_by.is_(None)).values(ended_by=load.load_id)
    )
    report.changed, report.added = (1, 0) if ids and report.mode == "update" else (0, 1)
    report.ended = len(ids) if report.mode == "replace" else 0


def _enter(load: OpenLoad, layer: str, name: str, digest: str, cells: Cells, ground_m: float) -> None:
    load.connection.execute(
        insert(Raster).values(
            layer=layer,
            file_name=name,
            sha256=digest,
            crs=cells.crs.to_string(),
            resolution_m=ground_m,
            bands=cells.bands,
            load_id=load.load_id,
            footprint=from_shape(cells.footprint(), srid=STORED_SRID),
        )
    )


def _derive(load: OpenLoad, derived: RasterLayer, path: Path, cells: Cells) -> Path:
    """Compute and enter a grid that follows from the one just stored."""
    target = cells.in_working_crs()
    if derived.id == "hillshade":
        target = replace(target, dtype="uint8", nodata=SHADE_UNKNOWN)
        strips: Strips = (_as_shade(strip) for strip in derived_strips(path, target, hillshade))
    else:
        target = replace(target, dtype="float32", nodata=math.nan)
        strips = derived_strips(path, target, slope_pct)
    name = new_file_name(derived.id, load.load_id)
    digest = write_cog(raster_path(name), target, strips, categories=False, tags={"units": derived.unit})
    _enter(load, derived.id, name, digest, target, cells.ground_m)
    return raster_path(name)


def _as_shade(strip: NDArray[np.float32]) -> NDArray[np.uint8]:
    with np.errstate(invalid="ignore"):
        whole = np.clip(np.rint(strip), 1, 255)
    return np.where(np.isnan(strip), SHADE_UNKNOWN, whole).astype(np.uint8)


def _files(connection: Connection, raster_id: str, bounds: Bounds, load_id: int | None) -> list[tuple[str, float, str]]:
    """Name, cell size and digest of the files that reach a window, finest first, among equals the newest."""
    current = (
        Raster.ended_by.is_(None)
        if load_id is None
        else and_(Raster.load_id <= load_id, or_(Raster.ended_by.is_(None), Raster.ended_by > load_id))
    )
    around = transform_bounds(WORKING_CRS, STORED_CRS, *bounds, densify_pts=21)
    envelope = func.ST_MakeEnvelope(*around, STORED_SRID)
    rows = connection.execute(
        select(Raster.file_name, Raster.resolution_m, Raster.sha256)
        .where(Raster.layer == raster_id, current, Raster.footprint.op("&&")(envelope))
        .order_by(Raster.resolution_m, Raster.raster_id.desc())
    )
    return [(name, size, digest) for name, size, digest in rows]


def _lattice(bounds: Bounds, cell: float, finest: Path) -> tuple[float, float, int, int]:
    """x_min, y_max, rows and columns of the cells around a window; the file's own cells where it has such."""
    source = raster_file(finest)
    own = source.crs == rasterio.CRS.from_user_input(WORKING_CRS) and math.isclose(source.transform.a, cell)
    x_0, y_0 = (source.transform.c, source.transform.f) if own else (0.0, 0.0)
    first_col = math.floor((bounds[0] - x_0) / cell + ALIGNED)
    last_col = math.ceil((bounds[2] - x_0) / cell - ALIGNED)
    first_row = math.floor((y_0 - bounds[3]) / cell + ALIGNED)
    last_row = math.ceil((y_0 - bounds[1]) / cell - ALIGNED)
    return x_0 + first_col * cell, y_0 - first_row * cell, max(last_row - first_row, 1), max(last_col - first_col, 1)
