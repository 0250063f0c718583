"""The data dictionary of a file in the own way of its format.

Arrow, and so Parquet, GeoPackage and FlatGeobuf, carry it with each field: GDAL makes of it the title and description
of a GeoPackage's ``gpkg_data_columns`` (OGC 12-128r19, extension *schema*) and of a FlatGeobuf column. A CSV file has a
document beside it after CSV on the Web (W3C 2015).
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any, Final

import orjson

from layers.features.features import Features, Kind
from layers.features.file_about import About, Column

CSVW_SUFFIX: Final = "-metadata.json"  # after the whole name of the CSV file, W3C tabular-data-model 5.3
CSVW_TYPE: Final = "application/csvm+json"
CSVW: Final = "http://www.w3.org/ns/csvw"
_DATATYPES: Final = {
    Kind.TEXT: "string",
    Kind.TEXTS: "string",
    Kind.INTEGER: "integer",
    Kind.NUMBER: "double",
    Kind.BOOLEAN: "boolean",
    Kind.DATE: "date",
}
_NUMBERS: Final = ("lon", "lat")


def field_metadata(column: Column) -> dict[str, str]:
    """Return what an Arrow field says of itself: plain names for whoever reads Parquet, and GDAL's."""
    plain = {
        "title": column.title,
        "description": column.description,
        "unit": column.unit,
        "values": orjson.dumps(dict(column.values)).decode() if column.values else "",
        "empty": column.empty,
        "audience": column.audience,
    }
    ogr = {"GDAL:OGR:alternative_name": column.title, "GDAL:OGR:comment": column.description}
    return {name: text for name, text in {**plain, **ogr}.items() if text}


def csvw(features: Features, about: About, url: str, lang: str) -> dict[str, Any]:
    """Return the description of a CSV file after CSV on the Web; ``url`` is where the file is, as seen from it."""
    return {
        "@context": [CSVW, {"@language": lang}],
        "url": url,
        "dc:title": about.title,
        "dc:description": about.text,
        "dialect": {"encoding": "utf-8", "header": True},
        "tableSchema": csvw_schema(features, about.columns),
    }


def csvw_schema(features: Features, columns: Sequence[Column]) -> dict[str, Any]:
    """Return the columns of a CSV file of these features after CSV on the Web."""
    return {
        "columns": [_csvw_column(column, features) for column in columns if column.name != "geometry"],
        "primaryKey": features.layer.key,
    }


def _csvw_column(column: Column, features: Features) -> dict[str, Any]:
    item = features.properties.get(column.name)
    datatype = "double" if column.name in _NUMBERS else _DATATYPES[Kind.TEXT if item is None else item.kind]
    told: dict[str, Any] = {
        "name": column.name,
        "titles": column.name,
        "dc:title": column.title,
        "dc:description": column.description,
        "datatype": datatype,
        "null": "",
    }
    if item is not None and item.kind is Kind.TEXTS:
        told["separator"] = ", "
    if column.values:
        told["schema:valueReference"] = [
            {"schema:value": code, "schema:name": meaning} for code, meaning in column.values.items()
        ]
    others = {"schema:unitText": column.unit, "rdfs:comment": column.empty, "schema:audience": column.audience}
    told |= {name: text for name, text in others.items() if text}
    return told


def finish_geopackage(path: Path, table: str, about: About, geometry: str | None) -> None:
    """Add to a GeoPackage what GDAL does not write: titles, the meaning of codes, and the style QGIS opens it in."""
    with closing(sqlite3.connect(path)) as db, db:
        if about.columns:  # GDAL puts what QGIS takes for an alias into name alone
            db.execute("UPDATE gpkg_data_columns SET title = name WHERE title IS NULL")
        for column in about.columns:
            if column.values:
                _add_codes(db, table, column)
        if about.style and geometry is not None:
            db.execute(_STYLES)
            db.execute(
                "INSERT INTO layer_styles (f_table_catalog, f_table_schema, f_table_name, f_geometry_column, styleName,"
                " styleQML, styleSLD, useAsDefault, description, owner) VALUES ('', '', ?, ?, ?, ?, '', 1, ?, '')",
                (table, geometry, table, about.style, about.title),
            )
            db.execute(
                "INSERT OR IGNORE INTO gpkg_contents (table_name, data_type, identifier) "
                "VALUES ('layer_styles', 'attributes', 'layer_styles')"
            )


def _add_codes(db: sqlite3.Connection, table: str, column: Column) -> None:
    """Declare the codes of a column with their meanings, as an enumeration."""
    found = db.execute(
        "UPDATE gpkg_data_columns SET constraint_name = ? WHERE table_name = ? AND column_name = ?",
        (f"{table}_{column.name}", table, column.name),
    )
    if found.rowcount:
        db.executemany(
            "INSERT INTO gpkg_data_column_constraints (constraint_name, constraint_type, value, description) "
            "VALUES (?, 'enum', ?, ?)",
            [(f"{table}_{column.name}", code, meaning) for code, meaning in column.values.items()],
        )


# As QGIS makes it itself (QgsOgrProviderMetadata::saveStyle).
_STYLES: Final = """
CREATE TABLE IF NOT EXISTS layer_styles (
    id INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL,
    f_table_catalog TEXT(256), f_table_schema TEXT(256), f_table_name TEXT(256), f_geometry_column TEXT(256),
    styleName TEXT(30), styleQML TEXT, styleSLD TEXT, useAsDefault BOOLEAN, description TEXT, owner TEXT(30),
    ui TEXT(30), update_time DATETIME DEFAULT (strftime('%Y-%m-%dT%H:%M:%fZ', 'now'))
)
"""


def sheet_lines(columns: Sequence[Column], headings: Mapping[str, str]) -> Iterator[list[str]]:
    """Yield the lines of a worksheet with the data dictionary; the first names what stands in each."""
    yield ["name", "heading", "description", "unit", "values", "empty", "audience"]
    for column in columns:
        values = "; ".join(f"{code} = {meaning}" for code, meaning in column.values.items())
        heading = headings.get(column.name, column.name)
        yield [column.name, heading, column.title, column.unit, values, column.empty, column.audience]
