"""Rows of a listing as files take them: lists of cells, or batches of Arrow.

A table carries where a row lies twice: a point on the shape for whoever puts dots on a map, and, where the shape is no
point, the shape itself as WKT, so that what is written is read back.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from contextlib import closing
from typing import Any

import pyarrow as pa
from sqlalchemy import ColumnElement, Connection, Float, LargeBinary, Numeric, Text, cast, func, select

from geo.geometry.crs import DEGREE_DIGITS
from layers.features.features import Kind
from layers.features.file_about import About
from layers.features.file_dictionary import field_metadata
from layers.features.paging import Listing, stream_rows

LISTED_WITH = ", "  # between the items of a list in formats without lists
LON, LAT, WKT = "lon", "lat", "wkt"  # columns of a table
GEOMETRY = "geometry"  # column of Arrow
POINT = "POINT"
_ARROW_TYPES = {
    Kind.TEXT: pa.string(),
    Kind.TEXTS: pa.list_(pa.string()),
    Kind.INTEGER: pa.int64(),
    Kind.NUMBER: pa.float64(),
    Kind.BOOLEAN: pa.bool_(),
    Kind.DATE: pa.date32(),
}


def rows_of(
    connection: Connection,
    listing: Listing,
    place: Callable[[Listing], list[ColumnElement[Any]]],
    limit: int | None,
    about: About,
) -> Generator[Sequence[Sequence[Any]], None, None]:
    """Yield rows of property values followed by what ``place`` makes of the geometry and what is said of the row."""
    features = listing.features
    columns: list[ColumnElement[Any]] = [item.value.label(name) for name, item in features.properties.items()]
    columns += place(listing)
    names = list(features.properties)
    with closing(stream_rows(connection, listing.ordered(select(*columns)).limit(limit))) as found:
        if not about.told:
            yield from found
            return
        for rows in found:
            plain = [dict(zip(names, row, strict=False)) for row in rows]
            yield [(*row, *texts_told(about, known)) for row, known in zip(rows, plain, strict=True)]


def texts_told(about: About, properties: Mapping[str, Any]) -> Iterator[str]:
    """Return what is said of a row, column by column."""
    return (tell(properties) for tell in about.told.values())


def positions_of(listing: Listing) -> tuple[str, ...]:
    """Return the columns of a table that say where a row lies."""
    kind = listing.features.layer.geometry_kind
    if listing.features.geom is None:
        return ()
    return (LON, LAT) if kind == POINT else (LON, LAT, WKT)


def names_of(listing: Listing, about: About) -> list[str]:
    """Return the names of the columns of a table."""
    return [*listing.features.properties, *positions_of(listing), *about.told]


def as_cells(listing: Listing) -> list[ColumnElement[Any]]:
    """Return where a row lies as cells of a table: longitude and latitude of a point on it, and its shape as WKT."""
    geom = listing.features.geom
    if geom is None:
        return []
    point = func.ST_PointOnSurface(geom)
    degrees = [
        cast(func.round(cast(axis(point), Numeric), DEGREE_DIGITS), Float(53)) for axis in (func.ST_X, func.ST_Y)
    ]
    shape = [func.ST_AsText(geom, DEGREE_DIGITS, type_=Text)] if WKT in positions_of(listing) else []
    return [*degrees, *shape]


def batches_of(
    connection: Connection, listing: Listing, about: About, *, lists: bool, limit: int | None
) -> Generator[pa.RecordBatch, None, None]:
    """Yield Arrow batches: properties, then ``geometry`` as WKB; lists as texts where a format has none."""
    schema = arrow_schema(listing, about, lists=lists)
    with closing(rows_of(connection, listing, _as_wkb, limit, about)) as parts:
        for rows in parts:
            columns = [
                pa.array([joined(value) for value in values] if field.type == pa.string() else values, field.type)
                for field, values in zip(schema, zip(*rows, strict=True), strict=True)
            ]
            yield pa.record_batch(columns, schema=schema)


def arrow_schema(listing: Listing, about: About, *, lists: bool) -> pa.Schema:
    """Return the columns of these batches, each with what the data dictionary says of it."""
    fields = [
        pa.field(name, pa.string() if item.kind is Kind.TEXTS and not lists else _ARROW_TYPES[item.kind])
        for name, item in listing.features.properties.items()
    ]
    if listing.features.geom is not None:
        fields.append(pa.field(GEOMETRY, pa.binary()))
    fields += [pa.field(name, pa.string()) for name in about.told]
    told = {column.name: field_metadata(column) for column in about.columns}
    return pa.schema([field.with_metadata(told.get(field.name)) for field in fields])


def joined(value: Any) -> Any:
    """Return a list as one text; what is no list as it is."""
    return LISTED_WITH.join(value) if isinstance(value, list) else value


def _as_wkb(listing: Listing) -> list[ColumnElement[Any]]:
    geom = listing.features.geom
    return [] if geom is None else [func.ST_AsBinary(geom, type_=LargeBinary)]
