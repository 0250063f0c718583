"""Files read and checked like any load, but kept in memory: frames and grids for scoring without a database."""

from __future__ import annotations

import math
import shutil
import tempfile
import weakref
from collections.abc import Mapping
from dataclasses import replace
from functools import lru_cache
from pathlib import Path
from types import MappingProxyType

import geopandas as gpd
import numpy as np
import pandas as pd

from geo.geometry.crs import WORKING_CRS, to_working
from geo.terrain.grid import Grid
from layers.catalogue import RASTERS, RASTERS_BY_NAME
from layers.errors import DataRefused
from layers.grids.cog import Bounds, write_strips
from layers.grids.rasters import check_cells, grid_of_files
from layers.loading.admission import AdmittedFile
from layers.loading.checks import check_attributes, required_fields
from layers.loading.crs import place
from layers.loading.derive import recorded_area_ha
from layers.loading.faults import Faults
from layers.loading.load import derived_fields, layer_named
from layers.loading.mapping import Mapped, rules_for
from layers.loading.raster_files import RasterFile
from layers.loading.reading import open_source
from layers.loading.repair import sound
from layers.loading.shapes import Shapes

NAMED = 3  # faults spelled out in a refusal


def frame_of_file(
    layer_name: str,
    path: Path,
    *,
    key: str | None = None,
    crs: str | None = None,
    assigned: Mapping[str, str] = MappingProxyType({}),
) -> gpd.GeoDataFrame:
    """Rows of a file as a layer's frame in EPSG:32642 (no geometry for tables), columns named as the layer's fields.

    ``key``, ``crs``, ``assigned`` : as the user says them on loading; see ``Options``.

    Geometries are repaired as on loading; plots get their geodesic ``area_ha``. Without a database there is nowhere
    to set rejected rows aside, so one bad row refuses the file.

    Raises
    ------
    NotFound : no such layer or file.
    DataRefused : unreadable, without CRS, missing fields, or rows that do not fit; names file, row, field, expected.
    """
    layer = layer_named(layer_name)
    source = open_source(path)
    rules = rules_for(layer, source.columns, mapping=None, assigned=assigned, key=key, file_name=source.file_name)
    missing = [name for name in required_fields(layer, derived_fields(layer)) if name not in rules]
    if missing:
        raise DataRefused(
            f"{source.file_name} has nothing for {', '.join(missing)} of {layer_name}; "
            f"its columns are {', '.join(source.columns) or 'none'}."
        )
    frames: list[pd.DataFrame] = []
    stored, areas = [np.empty(0, dtype=object)], [np.empty(0)]
    placement = None
    for chunk in source.chunks():
        faults = Faults(chunk.rows)
        faults.note(chunk.unreadable)
        given = None
        if layer.geometry_kind is not None:
            given = Shapes.none(len(chunk.rows)) if chunk.shapes is None else chunk.shapes
            if placement is None:
                xy = given.coordinates()
                placement, _ = place(source.file_name, source.crs, crs, xy, layer.box)
            given = placement.to_stored(given)
        mapped = Mapped(rules, chunk.frame, given)
        faults.note(mapped.refused)
        table = check_attributes(layer, mapped.frame, faults, derived_fields(layer))
        if given is not None and layer.geometry_kind is not None:
            given, _, _ = sound(given, layer.geometry_kind, faults, layer.box)
            stored.append(given.objects())
            areas.append(recorded_area_ha(given))
        _refuse(source.file_name, faults)
        frames.append(pd.DataFrame({name: values.objects() for name, values in table.items()}))
    frame = pd.concat(frames, ignore_index=True) if frames else pd.DataFrame(columns=list(layer.attributes()))
    repeated = frame[layer.key][frame[layer.key].duplicated()]
    if len(repeated):
        raise DataRefused(f"{source.file_name}, {layer.key}: {repeated.iloc[0]} stands for more than one row.")
    if layer.geometry_kind is None:
        return gpd.GeoDataFrame(frame)
    if "area_ha" in frame:
        frame["area_ha"] = np.concatenate(areas)
    return gpd.GeoDataFrame(frame, geometry=to_working(np.concatenate(stored)), crs=WORKING_CRS)


def grid_of_file(layer_name: str, path: Path, bounds: Bounds) -> Grid:
    """Window of a raster file as a grid of EPSG:32642, NaN where nothing is known.

    ``bounds`` : x_min, y_min, x_max, y_max in metres.

    Raises
    ------
    NotFound : no such file. DataRefused : not a raster, without CRS, or another number of bands than the layer's.
    """
    layer = RASTERS_BY_NAME[layer_name]
    found = path.stat() if path.exists() else None
    kept = _kept_raster(path, None if found is None else (found.st_mtime_ns, found.st_size))
    check_cells(layer, kept.cells, path.name)
    return grid_of_files(layer, [(kept.path, kept.cells.ground_m)], bounds)


class _KeptRaster:
    """A raster in a file of our own, as long as this object lives: whoever scores many parts reads it often."""

    def __init__(self, source: RasterFile) -> None:
        cells = source.cells(None)
        # Before anything is written: a raster without a CRS or with too many cells is refused above.
        self.cells = replace(cells, nodata=math.nan) if cells.dtype == "float32" else cells
        folder = tempfile.mkdtemp(prefix="obod-")
        weakref.finalize(self, shutil.rmtree, folder, ignore_errors=True)
        self.path = Path(folder) / "grid.tif"
        write_strips(self.path, self.cells, source.strips(cells))


@lru_cache(maxsize=len(RASTERS))
def _kept_raster(path: Path, _stamp: tuple[int, int] | None) -> _KeptRaster:
    """Return a raster that was given, read once while its file stays what it is."""
    return _KeptRaster(RasterFile(AdmittedFile(path, raster=True)))


def _refuse(file_name: str, faults: Faults) -> None:
    found = faults.rejections()
    if not found:
        return
    named = [str(item) for item in found[:NAMED]]
    more = f"; and {len(found) - NAMED} more" if len(found) > NAMED else ""
    raise DataRefused(f"{file_name}: {'; '.join(named)}{more}.")
