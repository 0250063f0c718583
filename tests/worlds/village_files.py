"""Three villages with Tajik names, in a file of every kind that is read."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import geopandas as gpd
import pandas as pd
import shapely
from openpyxl import Workbook


def villages(**columns: Any) -> gpd.GeoDataFrame:
    """Three villages with Tajik names."""
    names = ["Ҳоит", "Қалъаи Лаби Об", "Ғарм"]
    shapes = shapely.points([70.9, 70.5, 70.37], [39.2, 39.1, 39.02])
    return gpd.GeoDataFrame(
        {"code": ["v1", "v2", "v3"], "name_en": ["Hoit", "Qalai Labi Ob", "Gharm"], "name_tg": names, **columns},
        geometry=shapes,
        crs=4326,
    )


def write_workbook(frame: gpd.GeoDataFrame, path: Path) -> None:
    book = Workbook()
    sheet = book.active
    assert sheet is not None
    sheet.append(["code", "name_en", "name_tg", "lon", "lat"])
    for row in frame.itertuples():
        sheet.append([row.code, row.name_en, row.name_tg, row.geometry.x, row.geometry.y])
    book.save(path)


def write_lon_lat(frame: gpd.GeoDataFrame, path: Path) -> None:
    plain = pd.DataFrame(frame.drop(columns="geometry")).assign(lon=frame.geometry.x, lat=frame.geometry.y)
    plain.to_csv(path, index=False, sep=";", encoding="utf-8-sig", decimal=",")


def write_wkt(frame: gpd.GeoDataFrame, path: Path) -> None:
    pd.DataFrame(frame.drop(columns="geometry")).assign(WKT=frame.geometry.to_wkt()).to_csv(path, index=False)


WRITERS: dict[str, Callable[[gpd.GeoDataFrame, Path], None]] = {
    "villages.gpkg": lambda frame, path: frame.to_file(path, layer="villages"),
    "villages.shp": lambda frame, path: frame.to_file(path, encoding="utf-8"),
    "villages.geojson": lambda frame, path: frame.to_file(path),
    "villages.fgb": lambda frame, path: frame.to_file(path),
    "villages.gdb": lambda frame, path: frame.to_file(path, driver="OpenFileGDB", layer="villages"),
    "villages.kml": lambda frame, path: frame.rename(columns={"name_en": "Name"}).to_file(path, driver="KML"),
    "villages.parquet": lambda frame, path: frame.to_parquet(path),
    "native.parquet": lambda frame, path: frame.to_parquet(path, geometry_encoding="geoarrow", schema_version="1.1.0"),
    "villages.csv": write_lon_lat,
    "wkt.csv": write_wkt,
    "villages.xlsx": write_workbook,
}
