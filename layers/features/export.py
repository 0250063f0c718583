"""Features as files: CSV, XLSX, GeoJSON, GeoPackage, FlatGeobuf, GeoParquet.

Rows are read through a server-side cursor some thousand at a time; CSV and GeoJSON leave as they are read, the
others are written to a temporary file first. No format holds all rows in memory.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Generator
from contextlib import closing
from dataclasses import asdict
from enum import StrEnum
from pathlib import Path
from typing import Any

import orjson
from sqlalchemy import Connection

from layers.errors import DataRefused
from layers.features.file_about import About as About  # who writes a file takes it from here
from layers.features.file_rows import WKT, as_cells, joined, names_of, rows_of, texts_told
from layers.features.file_sheets import write_xlsx
from layers.features.file_vectors import FLATGEOBUF, GEOPACKAGE, write_ogr, write_parquet
from layers.features.formulas import guarded
from layers.features.paging import Listing, stream_features


class Format(StrEnum):
    """File formats, by the value of ``f``, which is also the extension."""

    CSV = "csv"
    GPKG = "gpkg"
    FGB = "fgb"
    PARQUET = "parquet"
    XLSX = "xlsx"
    GEOJSON = "geojson"

    @property
    def media_type(self) -> str:
        """Media type of the file."""
        return _MEDIA_TYPES[self]


_MEDIA_TYPES = {
    Format.CSV: "text/csv",
    Format.GPKG: "application/geopackage+sqlite3",
    Format.FGB: "application/flatgeobuf",
    Format.PARQUET: "application/vnd.apache.parquet",
    Format.XLSX: "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    Format.GEOJSON: "application/geo+json",
}
_TABLE_COLUMNS = ("lon", "lat", WKT)  # of a table alone


def format_of(path: Path) -> Format:
    """Return the format a file's extension names.

    Raises
    ------
    DataRefused : no format has that extension.
    """
    try:
        return Format(path.suffix.lower().lstrip("."))
    except ValueError:
        endings = ", ".join(f".{item}" for item in Format)
        raise DataRefused(f"{path.name} must end in one of {endings}.") from None


def stream_csv(
    connection: Connection, listing: Listing, about: About, limit: int | None = None
) -> Generator[bytes, None, None]:
    """Yield a CSV file (UTF-8 with byte order mark): properties, lon and lat of a point on the feature, its shape.

    A row is a row of the layer, never a remark: ``about.cut`` has no place in it.
    """
    buffer = io.StringIO()
    writer = csv.writer(buffer)
    buffer.write("\ufeff")
    writer.writerow(names_of(listing, about))
    with closing(rows_of(connection, listing, as_cells, limit, about)) as parts:
        for rows in parts:
            writer.writerows([_csv_cell(value) for value in row] for row in rows)
            yield buffer.getvalue().encode()
            buffer.seek(0)
            buffer.truncate()
    yield buffer.getvalue().encode()


def stream_geojson(
    connection: Connection, listing: Listing, about: About, limit: int | None = None
) -> Generator[bytes, None, None]:
    """Yield a GeoJSON feature collection in EPSG:4326, with what is known about it as members of its own."""
    members = {"type": "FeatureCollection", **about.members}
    if about.cut:
        members["cut"] = about.cut
    if about.columns:
        members["columns"] = [asdict(column) for column in about.columns if column.name not in _TABLE_COLUMNS]
    yield orjson.dumps(members)[:-1] + b',"features":['
    count = 0
    with closing(stream_features(connection, listing, limit)) as parts:
        for features in parts:
            if about.told:
                features = [_with_told(feature, about) for feature in features]
            yield ((",\n" if count else "\n") + ",\n".join(features)).encode()
            count += len(features)
    yield f'],"numberReturned":{count}}}\n'.encode()


def write_file(
    connection: Connection, listing: Listing, wanted: Format, path: Path, about: About, limit: int | None = None
) -> None:
    """Write features to a file of any format."""
    match wanted:
        case Format.CSV | Format.GEOJSON:
            stream = stream_csv if wanted is Format.CSV else stream_geojson
            with path.open("wb") as file, closing(stream(connection, listing, about, limit)) as parts:
                file.writelines(parts)
        case Format.XLSX:
            write_xlsx(connection, listing, path, about, limit)
        case Format.PARQUET:
            write_parquet(connection, listing, path, about, limit)
        case Format.GPKG | Format.FGB:
            driver = GEOPACKAGE if wanted is Format.GPKG else FLATGEOBUF
            write_ogr(connection, listing, driver, path, about, limit)


def _with_told(feature: str, about: About) -> str:
    """Return a feature with what is said of it among its properties."""
    parsed = orjson.loads(feature)
    parsed["properties"] |= dict(zip(about.told, texts_told(about, parsed["properties"]), strict=True))
    return orjson.dumps(parsed).decode()


def _csv_cell(value: Any) -> Any:
    if isinstance(value, bool):
        return "true" if value else "false"
    value = joined(value)
    return guarded(value) if isinstance(value, str) else value
