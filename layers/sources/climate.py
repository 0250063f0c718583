"""Cells of rain and evaporation by month of many years, as the kinds of year of the farmed land of districts."""

from __future__ import annotations

from calendar import monthrange
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Final

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray
from pyproj import Transformer
from sqlalchemy import ColumnElement, Connection, select

from geo.errors import TableError
from geo.geometry.crs import STORED_CRS
from geo.water.need.kinds_of_year import EXCEEDED, MONTHS, mean_of_years, rain_by_kind_of_year
from layers.catalogue.base import STORED_SRID, Layer
from layers.catalogue.supply import ClimateMonth
from layers.errors import DataRefused
from layers.grids.cog import Cells
from layers.grids.rasters import read_grid
from layers.loading import load_frame
from layers.loading.admission import AdmittedFile
from layers.loading.raster_files import RasterFile
from layers.loading.room import require_room
from layers.records.load_report import LoadReport
from layers.records.loads import Load
from layers.records.open_load import Provenance
from layers.records.phrases import Told, told
from layers.sources.declaration import Climate
from layers.sources.land import inside, read_land
from layers.sources.listing import Box

OURS: Final = "open"  # codes of rows made here begin with it
BETWEEN: Final = " + "  # between the sources of a row that has its figures from several
READERS = 4  # files read at a time, each by a process of its own
DIGITS: Final = {"rain_mm": 1, "et0_mm_d": 2}
# mm/d: what a month of evaporation between the least of winter and the greatest of a desert's summer can be. A mean day
# taken for the sum of a month, or the other way, lies beyond it.
GREATEST_MONTH_MM_D = (2.0, 15.0)

Floats = NDArray[np.float64]
When = tuple[int, int]  # year, month


@dataclass(frozen=True, slots=True)
class Farmed:
    """Farmed land of a district.

    xy : (n, 2), degrees, one point of each outline. area_m2 : (n,). height_m : mean, NaN unknown.
    """

    district: str
    xy: Floats
    area_m2: Floats
    height_m: float


def load_climate(
    connection: Connection,
    part: Climate,
    files: Mapping[When, Path],
    box: Box,
    provenance: Provenance,
) -> list[LoadReport]:
    """Tell dry, normal and wet years of districts from cells by month, in the caller's transaction.

    A district whose climate somebody else has loaded keeps it; so does one of which land lies beyond the box.

    Parameters
    ----------
    files : year, month -> file. box : degrees.

    Raises
    ------
    DataRefused : no plot or field lies in the box, a file cannot be read, the files have different cells, or their
    numbers are not of the unit that the source says.
    """
    notes: list[Told] = []
    farmed = _farmed(connection, box, notes)
    if not farmed:
        raise DataRefused("No district with a plot or a candidate field lies there; load them, then fetch this again.")
    theirs = _of_others(connection)
    notes += [
        told("{district} has a climate of another source, which stays.", district=land.district)
        for land in farmed
        if land.district in theirs
    ]
    mine = [land for land in farmed if land.district not in theirs]
    rows: list[dict[str, object]] = []
    for land, table in zip(mine, _by_month(part, files, mine, box), strict=True):
        whole = [year for year in sorted(table) if not np.isnan(table[year]).any()]
        try:
            rows += _rows(part, land, np.array([table[year] for year in whole]))
        except TableError as refusal:
            notes.append(told("{district}: {reason}.", district=land.district, reason=str(refusal)))
            continue
        said = {"years": len(whole), "first": str(whole[0]), "last": str(whole[-1]), "district": land.district}
        notes.append(told("{district}: {years} whole years from {first} to {last}.", **said))
    if rows and part.field == "et0_mm_d":
        notes.append(told("Evaporation is the mean of all years in each kind of year; dry years have more."))
    report = _load(connection, part, rows, provenance)
    report.notes.extend(notes)
    return [report]


def _farmed(connection: Connection, box: Box, notes: list[Told]) -> list[Farmed]:
    """Farmed land of the districts that lie in the box with all of it; of the others it is noted that they do not."""
    found = []
    west, south, east, north = box
    here = read_land(connection, lambda layer: inside(layer, box))
    for district in sorted(set(here["district"].dropna())):
        land = read_land(connection, partial(_of_district, district))
        points = gpd.GeoSeries(shapely.point_on_surface(land.geometry.to_numpy()), crs=land.crs)
        xy = shapely.get_coordinates(points.to_crs(STORED_CRS).to_numpy())
        if not ((xy >= (west, south)) & (xy <= (east, north))).all():
            notes.append(told("{district} has land beyond the place that was asked for.", district=district))
            continue
        area_m2 = shapely.area(land.geometry.to_numpy())
        height = _height_m(connection, shapely.get_coordinates(points.to_numpy()))
        found.append(Farmed(district, xy, area_m2, height))
    return found


def _of_district(district: str, layer: type[Layer]) -> ColumnElement[bool]:
    mine: ColumnElement[bool] = layer.__table__.c.district == district
    return mine


def _height_m(connection: Connection, xy: Floats) -> float:
    """Mean height of points of EPSG:32642, metres; NaN where that of one is not known."""
    low, high = xy.min(axis=0) - 100.0, xy.max(axis=0) + 100.0
    relief = read_grid(connection, "dem", (*low.tolist(), *high.tolist()))
    return float("nan") if relief is None else float(relief.under(xy).astype(np.float64).mean())


def _of_others(connection: Connection) -> set[str]:
    """Districts that have a climate which was not made here."""
    stands = select(ClimateMonth.district).where(ClimateMonth.ended_by.is_(None))
    return set(connection.execute(stands.where(~ClimateMonth.code.startswith(f"{OURS}-"))).scalars())


def _by_month(part: Climate, files: Mapping[When, Path], farmed: Sequence[Farmed], box: Box) -> list[dict[int, Floats]]:
    """Year -> mean of the land in each month, for each district; NaN unknown, in the unit of the layer."""
    found = [{year: np.full(MONTHS, np.nan) for year, _ in files} for _ in farmed]
    if not farmed:
        return found
    dated = sorted(files.items())
    first = _opened(dated[0][1], within=box)
    places = [_cells_under(first.cells(None), land.xy) for land in farmed]
    readers = ThreadPoolExecutor(READERS)
    try:
        read = readers.map(lambda one: _values(part, _opened(one[1], like=first)), dated)
        for ((year, month), _), values in zip(dated, read, strict=True):
            days = monthrange(year, month)[1] if part.field == "et0_mm_d" else 1
            for land, place, table in zip(farmed, places, found, strict=True):
                table[year][month - 1] = np.average(values[place], weights=land.area_m2) / days
    finally:
        readers.shutdown(cancel_futures=True)
    return found


def _opened(path: Path, *, within: Box | None = None, like: RasterFile | None = None) -> RasterFile:
    require_room(path)
    return RasterFile(AdmittedFile(path, raster=True), within=within, like=like)


def _values(part: Climate, opened: RasterFile) -> Floats:
    """What the cells of a file hold, row after row; NaN unknown."""
    cells = opened.cells(None)
    values = np.concatenate([strip[0].ravel() for strip in opened.strips(cells)]).astype(np.float64)
    for nodata in (cells.nodata, part.nodata):
        if nodata is not None:
            values[values == nodata] = np.nan
    values[values < 0.0] = np.nan  # neither it rains nor it evaporates less than nothing
    return values


def _cells_under(cells: Cells, xy: Floats) -> NDArray[np.int64]:
    """Position of the cell under each point, row after row."""
    placed = xy
    if cells.crs.to_epsg() != STORED_SRID:
        there = Transformer.from_crs(STORED_CRS, cells.crs.to_wkt(), always_xy=True)
        placed = np.column_stack(there.transform(xy[:, 0], xy[:, 1]))
    column, row = ~cells.transform @ (placed[:, 0], placed[:, 1])
    column, row = (np.floor(np.asarray(way)).astype(np.int64) for way in (column, row))
    if ((column < 0) | (column >= cells.cols) | (row < 0) | (row >= cells.rows)).any():
        raise DataRefused("The files of the source do not reach over all of the land that lies there.")
    position: NDArray[np.int64] = row * cells.cols + column
    return position


def _rows(part: Climate, land: Farmed, years: Floats) -> list[dict[str, object]]:
    """Rows of one district: twelve months of each kind of year."""
    if part.field == "rain_mm":
        kinds = rain_by_kind_of_year(years)
    else:
        mean = mean_of_years(years)
        least, most = GREATEST_MONTH_MM_D
        if not least <= mean.max() <= most:
            raise DataRefused(
                f"The greatest month evaporates {mean.max():.2f} mm a day; between {least:g} and {most:g} expected. "
                "Does the source give sums of months?"
            )
        kinds = dict.fromkeys(EXCEEDED, mean)
    height = {} if np.isnan(land.height_m) else {"elevation_m": round(land.height_m)}
    return [
        {
            "code": f"{OURS}-{land.district}-{kind}-{month + 1:02d}",
            "district": land.district,
            "year_type": kind,
            "month": month + 1,
            part.field: round(float(values[month]), DIGITS[part.field]),
            **height,
        }
        for kind, values in kinds.items()
        for month in range(MONTHS)
    ]


def _load(connection: Connection, part: Climate, rows: list[dict[str, object]], provenance: Provenance) -> LoadReport:
    if not rows:
        return LoadReport(part.layer, "load", "update")
    said = provenance
    beside = _beside(connection, provenance, [str(row["code"]) for row in rows])
    if beside is not None:
        said = replace(
            said,
            source=f"{beside.source}{BETWEEN}{said.source}",
            licence=f"{beside.licence}{BETWEEN}{said.licence}",
        )
    return load_frame(
        connection,
        part.layer,
        pd.DataFrame(rows),
        mode="update",
        source=said.source,
        licence=said.licence,
        source_date=said.source_date,
    )


def _beside(connection: Connection, provenance: Provenance, codes: Sequence[str]) -> Provenance | None:
    """Where the other figures of rows come from that stand already: an update would say that all are of this source."""
    of_rows = (
        select(Load.source, Load.licence)
        .join(ClimateMonth, ClimateMonth.load_id == Load.load_id)
        .where(ClimateMonth.ended_by.is_(None), ClimateMonth.code.in_(codes))
        .distinct()
    )
    for source, licence in connection.execute(of_rows):
        sources, licences = (source or "").split(BETWEEN), (licence or "").split(BETWEEN)
        if len(sources) != len(licences):  # words of a source have the sign between them: they stay together
            sources, licences = [source or ""], [licence or ""]
        kept = [pair for pair in zip(sources, licences, strict=True) if pair[0] != provenance.source]
        if kept:
            return Provenance(BETWEEN.join(pair[0] for pair in kept), BETWEEN.join(pair[1] for pair in kept))
    return None
