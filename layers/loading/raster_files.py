"""Loading a raster file: checked, scaled to the layer's unit, stored as a COG with what follows from it."""

from __future__ import annotations

import math
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pyproj
import rasterio
import shapely
from affine import Affine
from numpy.typing import NDArray
from rasterio.warp import transform_bounds
from sqlalchemy import Connection, select

from geo.geometry.crs import STORED_CRS
from layers.catalogue import RasterLayer
from layers.catalogue.base import COUNTRY, Box
from layers.errors import DataRefused
from layers.grids.cog import STRIP_ROWS, Bounds, Cells, Strips, raster_path
from layers.grids.rasters import check_cells, raster_named, store_raster
from layers.loading.admission import AdmittedFile
from layers.loading.crs import parse_crs, place
from layers.loading.isolation import Reading
from layers.loading.mapping import find_mapping
from layers.loading.opened_file import Options
from layers.loading.reading import file_digest, mapping_digest
from layers.loading.room import require_room
from layers.loading.row_provenance import described, tagged
from layers.records.load_report import LoadReport
from layers.records.loads import Raster
from layers.records.open_load import Provenance
from layers.records.phrases import told

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
    said = said_crs(path.name, options.crs)
    source = RasterFile(AdmittedFile(path, raster=True, table=options.table), within=options.within, crs=said)
    require_room(path)
    report = LoadReport(layer, kind, options.mode, path.name, read=1)
    report.mapping_sha256 = mapping_digest(options.mapping)
    said_of_it = Provenance(options.source, options.licence, options.source_date, options.synthetic, file_digest(path))
    provenance = tagged(said_of_it, source.tags)
    if provenance != said_of_it:
        report.notes.append(told("The file comes from {origin}, as it says of itself.", origin=described(provenance)))
    scale = 1.0 if mapping is None or mapping.scale is None else mapping.scale
    cells = source.cells(said, scale)
    check_cells(target, cells, path.name)
    _locate(target, cells, path.name, report)
    return store_raster(connection, target, cells, lambda: source.strips(cells, scale), report, provenance)


def said_crs(file_name: str, said: str | None) -> rasterio.CRS | None:
    """Return the CRS the user says; raises DataRefused where it is none."""
    if said is None:
        return None
    parsed = parse_crs(said)
    if not isinstance(parsed, pyproj.CRS):
        raise DataRefused(f"{file_name}: a PROJ pipeline cannot place a raster; say a CRS.")
    return rasterio.CRS.from_wkt(parsed.to_wkt())


def horizontal_crs(wkt: str) -> rasterio.CRS:
    """Return the CRS of cells; of one with heights the part that says where they lie."""
    crs = pyproj.CRS.from_wkt(wkt)
    return rasterio.CRS.from_wkt(crs.sub_crs_list[0].to_wkt() if crs.is_compound else wkt)


class OutOfReach(DataRefused):
    """A raster has no cell where it is wanted."""


class RasterFile:
    """A raster read by GDAL in a process of its own.

    masked : a mask says which cells are known; then they are float32, NaN = unknown. within : box in degrees; only
    cells that reach into it are read, all if not given. crs : of the cells, where the user says it. like : a file
    before it in a row of them, the same cells of which are read; it spares to ask twice.

    Raises
    ------
    DataRefused : it cannot be opened, has more cells than are taken, or other cells than the one before it.
    OutOfReach : none lies in the box.
    """

    def __init__(
        self,
        file: AdmittedFile,
        *,
        within: Bounds | None = None,
        crs: rasterio.CRS | None = None,
        like: RasterFile | None = None,
    ) -> None:
        self._file = file
        self._window: list[int] | None = None if like is None else like._window
        self._reading: Reading | None
        self._reading, self._about = self._open()
        self._grid = tuple(self._about[name] for name in ("bands", "rows", "cols", "transform", "crs"))
        self.masked = bool(self._about["masked"])
        self._nodata = None if self._about["nodata"] is None else float(self._about["nodata"])
        if like is not None:
            if self._grid != like._grid:
                raise DataRefused(f"{self._file.name} has other cells than {like._file.name}.")
            self._about |= {name: like._about[name] for name in ("rows", "cols", "transform")}
        elif within is not None:
            self._cut_to(within, crs)

    def cells(self, said: rasterio.CRS | None, scale: float = 1.0) -> Cells:
        """Return where the cells lie, in the CRS the file or the user says, and what they hold after scaling.

        Raises
        ------
        DataRefused : nobody says the CRS.
        """
        about = self._about
        if said is None and about["crs"] is None:
            raise DataRefused(f"{self._file.name} does not say its CRS; say --crs.")
        crs = said or horizontal_crs(about["crs"])
        scaled = scale != 1.0 or self.scaled
        dtypes = set(about["dtypes"])
        real = scaled or self.masked or len(dtypes) > 1
        dtype, nodata = ("float32", None) if real else (dtypes.pop(), self._nodata)
        return Cells(about["bands"], about["rows"], about["cols"], Affine(*about["transform"]), crs, dtype, nodata)

    @property
    def scaled(self) -> bool:
        """Whether the file itself says a scale or an offset, which its values have by then."""
        return any(factor != 1.0 for factor in self._about["scales"]) or any(self._about["offsets"])

    @property
    def tags(self) -> dict[str, str]:
        """What the file says of where it comes from, if it is one of ours."""
        return dict(self._about["tags"])

    @property
    def heights_above(self) -> str | None:
        """Name of the CRS its heights are in, None where the file says none."""
        crs = None if self._about["crs"] is None else pyproj.CRS.from_wkt(self._about["crs"])
        return crs.sub_crs_list[1].name if crs is not None and crs.is_compound else None

    def strips(self, cells: Cells, scale: float = 1.0) -> Strips:
        """Yield rows from north to south, in the layer's unit. Raises DataRefused where the file is damaged."""
        reading, self._reading = self._reading or self._open()[0], None
        factors = np.array(self._about["scales"])[:, None, None]
        offsets = np.array(self._about["offsets"])[:, None, None]
        plain = bool((factors == 1.0).all() and (offsets == 0.0).all() and scale == 1.0 and not self.masked)
        read_type = np.result_type(*self._about["dtypes"])
        row = 0
        for strip, known in self._read(reading, read_type):
            row += strip.shape[1]
            if plain and cells.dtype != "float32":
                yield strip
                continue
            values = strip.astype(np.float32)
            if self._nodata is not None and not math.isnan(self._nodata):
                values = np.where(strip == self._nodata, np.float32(np.nan), values)
            if known is not None:
                values = np.where(known == 0, np.float32(np.nan), values)
            yield ((values * factors + offsets) * scale).astype(np.float32)
        if row < self._about["rows"]:
            raise DataRefused(f"{self._file.name} cannot be read beyond row {row}: it is cut short or damaged.")

    def _read(
        self, reading: Reading, read_type: np.dtype[Any]
    ) -> Iterator[tuple[NDArray[np.number], NDArray[np.uint8] | None]]:
        cols, bands = self._about["cols"], self._about["bands"]
        while (frame := reading.next()) is not None:
            values: NDArray[np.number] = np.frombuffer(frame.content, dtype=read_type).reshape(bands, -1, cols)
            known = reading.next() if self.masked else None
            yield values, None if known is None else np.frombuffer(known.content, dtype=np.uint8).reshape(-1, cols)
            reading.seen += values.shape[1]

    def _cut_to(self, within: Bounds, said: rasterio.CRS | None) -> None:
        """Read only the cells that reach into a box."""
        whole = self.cells(said)
        x_min, y_min, x_max, y_max = transform_bounds(STORED_CRS, whole.crs, *within, densify_pts=21)
        grid = whole.transform
        first_row, first_col = (
            max(math.floor((y_max - grid.f) / grid.e), 0),
            max(math.floor((x_min - grid.c) / grid.a), 0),
        )
        rows = min(math.ceil((y_min - grid.f) / grid.e), whole.rows) - first_row
        cols = min(math.ceil((x_max - grid.c) / grid.a), whole.cols) - first_col
        if rows <= 0 or cols <= 0:
            raise OutOfReach(f"{self._file.name} does not reach the place it is wanted for.")
        if (rows, cols) == (whole.rows, whole.cols):
            return
        self._window, self._reading = [first_row, first_col, rows, cols], None
        moved = [grid.a, grid.b, grid.c + first_col * grid.a, grid.d, grid.e, grid.f + first_row * grid.e]
        self._about = {**self._about, "rows": rows, "cols": cols, "transform": moved}

    def _open(self) -> tuple[Reading, dict[str, Any]]:
        reading = Reading(self._file, "raster", batch=STRIP_ROWS, window=self._window)
        frame = reading.next()
        about: dict[str, Any] = {} if frame is None else frame.json()
        return reading, about


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
