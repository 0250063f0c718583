"""Files read and checked like any load, but kept in memory: frames and grids for scoring without a database."""

from __future__ import annotations

import math
import shutil
import tempfile
import weakref
from dataclasses import replace
from functools import lru_cache
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import rasterio
from numpy.typing import NDArray

from geo.geometry.crs import WORKING_CRS, to_working
from geo.terrain.grid import Grid
from layers.catalogue import RASTERS, RASTERS_BY_NAME
from layers.catalogue.base import Layer
from layers.errors import DataRefused
from layers.grids.cog import Bounds, write_strips
from layers.grids.rasters import check_cells, grid_of_files
from layers.loading.admission import AdmittedFile
from layers.loading.checks import check_attributes
from layers.loading.derive import recorded_area_ha
from layers.loading.faults import Faults
from layers.loading.load import derived_fields, layer_named
from layers.loading.mapping import find_mapping
from layers.loading.opened_file import OpenedFile, Options
from layers.loading.personal import without_lines
from layers.loading.raster_files import RasterFile, said_crs
from layers.loading.rejects import write_rejects
from layers.loading.repair import sound
from layers.loading.row_provenance import provenance_columns
from layers.loading.rows import CLASH
from layers.loading.shapes import Shapes
from layers.postgres.copy_columns import Values, columns_of, digests
from layers.records.load_report import LoadReport, Rejection
from layers.records.loads import ROW_COLUMNS

NAMED = 3  # faults spelled out in a refusal
DIGEST, ROW = "_digest", "_row"  # columns of a frame under way; no layer has such


def frame_of_file(
    layer_name: str,
    path: Path,
    options: Options | None = None,
    *,
    rejects: Path | None = None,
    provenance: bool = False,
) -> tuple[gpd.GeoDataFrame, LoadReport]:
    """Rows of a file as a layer's frame in EPSG:32642 (no geometry for tables), columns named as the layer's fields.

    Geometries are repaired as on loading; plots get their geodesic ``area_ha``. A row that stands twice alike counts
    once.

    Parameters
    ----------
    options : what the user says of the file, as on loading. rejects : where the rows that do not fit are written, with
        their reasons; an ending is put to it. Without it one such row refuses the file. provenance : further columns
        say of each row where it comes from, if that is said of any.

    Raises
    ------
    NotFound : no such layer, file or mapping file.
    DataRefused : unreadable, without CRS, missing fields, or rows that do not fit; names file, row, field, expected.
    """
    layer = layer_named(layer_name)
    file = OpenedFile(layer, path, options or Options())
    report = file.new_report("score")
    said_of_rows = ROW_COLUMNS.values() if provenance else ()
    frames = [pd.DataFrame(columns=[*layer.attributes(), *said_of_rows, ROW, DIGEST])]
    stored, areas = [np.empty(0, dtype=object)], [np.empty(0)]
    for part in file.parts(report, origins=provenance):
        faults = Faults(part.rows)
        faults.note(fault for fault in part.unreadable if fault.field not in file.provenance_columns)
        table = check_attributes(layer, part.frame, faults, derived_fields(layer))
        if layer.geometry_kind is not None:
            given = Shapes.none(len(part.rows)) if part.shapes is None else part.shapes
            given, _, repairs = sound(given, layer.geometry_kind, faults, layer.box)
            report.repairs.extend(repairs)
        report.rejections.extend(faults.rejections())
        if rejects is None:
            _refuse(report)
        good = np.flatnonzero(~faults.bad)
        table = {name: values.take(good) for name, values in table.items()}
        frame = pd.DataFrame({name: values.objects() for name, values in table.items()}).assign(
            **{ROW: part.rows[good]}
        )
        if provenance:
            said = provenance_columns(part.origins, file.provenance, len(part.rows)).iloc[good]
            frame = pd.concat([frame, said.reset_index(drop=True)], axis=1)
        if layer.geometry_kind is not None:
            given = given.take(good)
            stored.append(given.objects())
            areas.append(recorded_area_ha(given))
            table["geom"] = Values.known(given.ewkb(layer.geometry_kind))
        frame[DIGEST] = digests(table, [columns_of(layer)[name] for name in table])
        frames.append(frame)
    report.rejections = without_lines(report.rejections, file.left_out)
    frame = pd.concat(frames, ignore_index=True)
    kept = _kept_once(layer, frame, report)
    if rejects is None:
        _refuse(report)
    elif report.rejections:
        kept_at = write_rejects(file.source, file.crs, report.rejections, rejects, left_out=file.left_out)
        report.rejects_file = str(kept_at)
    frame = frame.drop(columns=[ROW, DIGEST])[kept].reset_index(drop=True)
    if provenance:
        *told, made_up = ROW_COLUMNS.values()
        frame[made_up] = frame[made_up].astype(bool)
        if not (frame[told].notna().any(axis=None) or frame[made_up].any()):
            frame = frame.drop(columns=[*told, made_up])
    if layer.geometry_kind is None:
        return gpd.GeoDataFrame(frame), report
    if "area_ha" in frame:
        frame["area_ha"] = np.concatenate(areas)[kept]
    return gpd.GeoDataFrame(frame, geometry=to_working(np.concatenate(stored)[kept]), crs=WORKING_CRS), report


def _kept_once(layer: type[Layer], frame: pd.DataFrame, report: LoadReport) -> NDArray[np.bool_]:
    """Which rows stay, bool (n,): of those alike the first, and none of those that differ under one key."""
    repeated = frame.duplicated([layer.key, DIGEST])
    report.repeated = int(repeated.sum())
    clashing = frame[layer.key].isin(frame[layer.key][~repeated & frame.duplicated(layer.key)])
    told = clashing & ~repeated
    for row, key in zip(frame[ROW][told], frame[layer.key][told], strict=True):
        report.rejections.append(Rejection(int(row), key, layer.key, key, CLASH))
    return np.asarray(~repeated & ~clashing, dtype=bool)


def grid_of_file(layer_name: str, path: Path, bounds: Bounds, options: Options | None = None) -> Grid:
    """Window of a raster file as a grid of EPSG:32642, NaN where nothing is known.

    ``bounds`` : x_min, y_min, x_max, y_max in metres. ``options`` : as on loading.

    Raises
    ------
    NotFound : no such file or mapping file.
    DataRefused : not a raster, without CRS, or another number of bands than the layer's.
    """
    layer = RASTERS_BY_NAME[layer_name]
    said = options or Options()
    mapping = None if said.mapping is None else find_mapping(said.mapping, layer_name, path.name)
    said = said.with_mapping(mapping)
    scale = 1.0 if mapping is None or mapping.scale is None else mapping.scale
    found = path.stat() if path.exists() else None
    stamp = None if found is None else (found.st_mtime_ns, found.st_size)
    kept = _kept_raster(path, stamp, said.crs, said.table, scale)
    check_cells(layer, kept.cells, path.name)
    return grid_of_files(layer, [(kept.path, kept.cells.ground_m)], bounds)


class _KeptRaster:
    """A raster in a file of our own, as long as this object lives: whoever scores many parts reads it often."""

    def __init__(self, source: RasterFile, crs: rasterio.CRS | None, scale: float) -> None:
        cells = source.cells(crs, scale)
        # Before anything is written: a raster without a CRS or with too many cells is refused above.
        self.cells = replace(cells, nodata=math.nan) if cells.dtype == "float32" else cells
        folder = tempfile.mkdtemp(prefix="obod-")
        weakref.finalize(self, shutil.rmtree, folder, ignore_errors=True)
        self.path = Path(folder) / "grid.tif"
        write_strips(self.path, self.cells, source.strips(cells, scale))


@lru_cache(maxsize=len(RASTERS))
def _kept_raster(
    path: Path, _stamp: tuple[int, int] | None, crs: str | None, table: str | None, scale: float
) -> _KeptRaster:
    """Return a raster that was given, read once while its file stays what it is."""
    source = RasterFile(AdmittedFile(path, raster=True, table=table))
    return _KeptRaster(source, said_crs(path.name, crs), scale)


def _refuse(report: LoadReport) -> None:
    found = report.rejections
    if not found:
        return
    named = [str(item) for item in found[:NAMED]]
    more = f"; and {len(found) - NAMED} more" if len(found) > NAMED else ""
    raise DataRefused(f"{report.file_name}: {'; '.join(named)}{more}.")
