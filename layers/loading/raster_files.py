"""Loading a raster file: checked, scaled to the layer's unit, stored as a COG with what follows from it."""

from __future__ import annotations

import warnings
from pathlib import Path

import numpy as np
import pyproj
import rasterio
import shapely
from numpy.typing import NDArray
from rasterio.errors import NotGeoreferencedWarning, RasterioError
from rasterio.windows import Window
from sqlalchemy import Connection, select

from layers.catalogue import RasterLayer
from layers.catalogue.base import COUNTRY, Box
from layers.errors import DataRefused, NotFound
from layers.grids.cog import Cells, Strips, raster_path, spans
from layers.grids.rasters import check_cells, raster_named, store_raster
from layers.loading.crs import parse_crs, place
from layers.loading.files import Options
from layers.loading.mapping import find_mapping
from layers.loading.reading import file_digest
from layers.loading.room import require_room
from layers.records.load_report import LoadReport
from layers.records.loads import Raster
from layers.records.open_load import Provenance

EVERYWHERE = Box(-180.0, -90.0, 180.0, 90.0, "a place on earth")


def load_raster(connection: Connection, layer: str, path: Path, options: Options) -> LoadReport:
    """Load a raster file into a raster layer, within the caller's transaction.

    Values are taken in the layer's unit after the file's own scale and offset, and the mapping file's ``scale``.

    Raises
    ------
    DataRefused : it cannot be read, has no CRS, lies elsewhere, has other bands, or values out of the layer's range.
    NotFound : no such raster layer, file or mapping file.
    """
    return _run(connection, layer, path, options, "load")


def check_raster(connection: Connection, layer: str, path: Path, options: Options) -> LoadReport:
    """Return what ``load_raster`` would do, and keep nothing. Raises as ``load_raster``."""
    outer = connection.begin_nested()
    made: list[str] = []
    try:
        report = _run(connection, layer, path, options, "check")
        made.extend(connection.execute(select(Raster.file_name).where(Raster.load_id == report.load_id)).scalars())
    finally:
        outer.rollback()
    for file_name in made:
        raster_path(file_name).unlink()
    report.load_id = None
    return report


def _run(connection: Connection, layer: str, path: Path, options: Options, kind: str) -> LoadReport:
    target = raster_named(layer)
    mapping = None if options.mapping is None else find_mapping(options.mapping, layer, path.name)
    options = options.with_mapping(mapping)
    if not path.is_file():
        raise NotFound(f"There is no file {path.name}.")
    require_room(path)
    report = LoadReport(layer, kind, options.mode, path.name, read=1)
    provenance = Provenance(options.source, options.licence, options.source_date, options.synthetic, file_digest(path))
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", NotGeoreferencedWarning)
            source = rasterio.open(path)
    except (RasterioError, OSError):
        raise DataRefused(f"{path.name} cannot be opened: it is cut short, damaged, or no raster.") from None
    with source:
        scale = 1.0 if mapping is None or mapping.scale is None else mapping.scale
        cells = _cells(source, path.name, options, scale)
        check_cells(target, cells, path.name)
        _locate(target, cells, path.name, report)
        return store_raster(
            connection, target, cells, lambda: _strips(source, path.name, cells, scale), report, provenance
        )


def _cells(source: rasterio.DatasetReader, file_name: str, options: Options, scale: float) -> Cells:
    """Where the cells of a file lie, in the CRS the file or the user says."""
    if options.crs is not None:
        said = parse_crs(options.crs)
        if not isinstance(said, pyproj.CRS):
            raise DataRefused(f"{file_name}: a PROJ pipeline cannot place a raster; say a CRS.")
        crs = rasterio.CRS.from_wkt(said.to_wkt())
    elif source.crs is None:
        raise DataRefused(f"{file_name} does not say its CRS; say --crs.")
    else:
        crs = source.crs
    scaled = scale != 1.0 or any(factor != 1.0 for factor in source.scales) or any(source.offsets)
    dtypes = set(source.dtypes)
    dtype = "float32" if scaled or len(dtypes) > 1 else dtypes.pop()
    nodata = None if scaled else source.nodata
    return Cells(source.count, source.height, source.width, source.transform, crs, dtype, nodata)


def _locate(target: RasterLayer, cells: Cells, file_name: str, report: LoadReport) -> None:
    """Refuse a raster that does not reach the country, and say how its CRS leads to EPSG:4326."""
    west, south, east, north = cells.bounds
    corners = np.array([(west, south), (west, north), (east, south), (east, north)])
    placement, notes = place(file_name, pyproj.CRS.from_wkt(cells.crs.to_wkt()), None, corners, EVERYWHERE)
    report.transformation = placement.described(corners)
    report.notes.extend(notes)
    reach = cells.footprint()
    if not shapely.intersects(reach, shapely.box(COUNTRY.west, COUNTRY.south, COUNTRY.east, COUNTRY.north)):
        lon, lat = reach.centroid.x, reach.centroid.y
        raise DataRefused(f"{file_name} lies about {lon:.3f} E, {lat:.3f} N; {target.id} needs {COUNTRY.words}.")


def _strips(source: rasterio.DatasetReader, file_name: str, cells: Cells, scale: float) -> Strips:
    """Rows of a file from north to south, in the layer's unit."""
    factors, offsets = np.array(source.scales)[:, None, None], np.array(source.offsets)[:, None, None]
    for start, stop in spans(cells.rows):
        try:
            strip: NDArray[np.number] = source.read(window=Window(0, start, cells.cols, stop - start))
        except (RasterioError, OSError):
            raise DataRefused(f"{file_name} cannot be read beyond row {start}: it is cut short or damaged.") from None
        if cells.dtype == "float32":
            known = strip.astype(np.float32)
            if source.nodata is not None:
                known = np.where(strip == source.nodata, np.float32(np.nan), known)
            strip = ((known * factors + offsets) * scale).astype(np.float32)
        yield strip
