"""Rain and evaporation by month over two cells of a district, as CHIRPS and WaPOR give them; all figures typed here."""

from __future__ import annotations

import gzip
from collections.abc import Sequence
from pathlib import Path

import geopandas as gpd
import numpy as np
import shapely
from affine import Affine

from tests.clients.mirror import Mirror
from tests.worlds.open_data import tiff

WEST, NORTH, CELL = 70.0, 39.5, 0.05  # degrees
CHIRPS = "/data.chc.ucsb.edu/products/CHIRPS-2.0/global_monthly/tifs/chirps-v2.0.{year}.{month:02d}.tif.gz"
WAPOR = "/gismgr-apps.fao.org/DATA/WAPOR-3/MAPSET/L1-RET-M/WAPOR-3.L1-RET-M.{year}-{month:02d}.tif"
RAIN_YEARS = {2001: 1.5, 2002: 0.5, 2003: 2.0, 2004: 1.0, 2005: 9.0}  # year -> how much of 10 mm x month falls
EVAPORATION_YEARS = {2019: 5.0}  # year -> mm a day, in every month
COLUMN, ROW = 6, 9  # of the cell west of the two that plots lie in: 70.30-70.35 E, 39.00-39.05 N


def plots() -> gpd.GeoDataFrame:
    """Four hectares in one cell and one in the next to the east, which has twice as much rain."""
    x, y = 70.31, 39.02
    of_four = shapely.box(x, y, x + 0.00231, y + 0.0018)  # 200 m x 200 m
    of_one = shapely.box(x + CELL, y, x + CELL + 0.001155, y + 0.0009)
    return gpd.GeoDataFrame({"plot_id": ["four", "one"]}, geometry=[of_four, of_one], crs=4326)


def cells(value: float) -> np.ndarray:
    """Cells of the region; beside the two nothing is known."""
    found = np.full((12, 16), -9_999.0, dtype=np.float32)
    found[ROW, COLUMN : COLUMN + 2] = value, 2.0 * value
    return found


def put_rain(mirror: Mirror, years: Sequence[int] = tuple(RAIN_YEARS)) -> None:
    """Answer the months of CHIRPS, packed as they come."""
    for year in years:
        for month in range(1, 13):
            put_month(mirror, year, month, cells(RAIN_YEARS[year] * 10.0 * month))


def put_month(mirror: Mirror, year: int, month: int, values: np.ndarray, west: float = WEST) -> None:
    """Answer one month of CHIRPS."""
    content = tiff(values, Affine(CELL, 0, west, 0, -CELL, NORTH), "EPSG:4326", driver="GTiff", nodata=-9_999)
    mirror.put(CHIRPS.format(year=year, month=month), gzip.compress(content, mtime=0))


def put_evaporation(mirror: Mirror, *, of_days: bool = False) -> None:
    """Answer the sums of months of WaPOR, tenths of a millimetre, or by mistake the mean days."""
    days = (31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)
    for year, daily in EVAPORATION_YEARS.items():
        for month in range(1, 13):
            values = np.full((2, 2), round(daily * 10 * (1 if of_days else days[month - 1])), dtype=np.int16)
            content = tiff(
                values, Affine(0.3, 0, 70.0, 0, -0.3, 39.3), "EPSG:4326", scale=0.1, offset=0.0, nodata=-9_999
            )
            mirror.put(WAPOR.format(year=year, month=month), content)


def only_years(home: Path, source: str, years: Sequence[int]) -> None:
    """Have an installation ask only for some years of a source."""
    file = home / "sources" / f"{source}.toml"
    lines = file.read_text(encoding="utf-8").splitlines()
    said = [f"year = {list(years)}" if line.startswith("year = ") else line for line in lines]
    file.write_text("\n".join(said), encoding="utf-8")
