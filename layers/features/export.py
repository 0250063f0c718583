"""Features as files: CSV, XLSX, GeoJSON, GeoPackage, FlatGeobuf, GeoParquet.

Rows are read through a server-side cursor some thousand at a time; CSV and GeoJSON leave as they are read, the
others are written to a temporary file first. No format holds all rows in memory.
"""

from __future__ import annotations

import csv
import io
import os
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass, field
from enum import StrEnum
from itertools import chain
from pathlib import Path
from typing import Any

import orjson
import pyarrow as pa
import pyarrow.parquet as pq
import pyogrio
import shapely
from openpyxl import Workbook
from openpyxl.cell.cell import ILLEGAL_CHARACTERS_RE
from sqlalchemy import ColumnElement, Connection, Float, LargeBinary, Numeric, cast, func, select

from layers.errors import DataRefused
from layers.features.features import Kind
from layers.features.paging import Listing, stream_features, stream_rows

SHEET_ROWS = 1_000_000  # data rows of one worksheet; Excel takes 1,048,576 rows
DEGREE_DIGITS = 7  # decimals of a longitude or latitude in a table: about 1 cm
LISTED_WITH = ", "  # between the items of a list in formats without lists
FORMULA_SIGNS = ("=", "+", "-", "@", "\t", "\r")  # a spreadsheet may run a text that begins with one (CWE-1236)


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
_DRIVERS = {Format.GPKG: "GPKG", Format.FGB: "FlatGeobuf"}
_ARROW_TYPES = {
    Kind.TEXT: pa.string(),
    Kind.TEXTS: pa.list_(pa.string()),
    Kind.INTEGER: pa.int64(),
    Kind.NUMBER: pa.float64(),
    Kind.BOOLEAN: pa.bool_(),
    Kind.DATE: pa.date32(),
}


@dataclass(frozen=True, slots=True)
class About:
    """What a file says about itself.

    ``facts`` are (what, text) pairs: source, run, date, meaning of the classes. ``headings`` is property ->
    column heading of a worksheet. ``cut`` is the sentence that says that rows were left out, if they were; where a
    format has no room beside its rows (CSV), who hands the file out says it.
    ``members`` are further members of a GeoJSON collection. ``told`` is the name of a last column -> what makes of the
    properties of a row the text in it.
    """

    title: str
    facts: Sequence[tuple[str, str]] = ()
    headings: Mapping[str, str] = field(default_factory=dict)
    cut: str | None = None
    members: Mapping[str, Any] = field(default_factory=dict)
    told: Mapping[str, Callable[[Mapping[str, Any]], str]] = field(default_factory=dict)

    @property
    def text(self) -> str:
        """All of it as lines."""
        lines = [f"{what}: {text}" for what, text in self.facts]
        return "\n".join([*([self.cut] if self.cut else []), *lines])


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
    """Yield a CSV file (UTF-8 with byte order mark): properties, then lon and lat of a point on the feature.

    A row is a row of the layer, never a remark: ``about.cut`` has no place in it.
    """
    buffer = io.StringIO()
    writer = csv.writer(buffer)
    buffer.write("\ufeff")
    writer.writerow(_names(listing, about))
    with closing(_rows(connection, listing, _point_on, limit, about)) as parts:
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
            _write_xlsx(connection, listing, path, about, limit)
        case Format.PARQUET:
            _write_parquet(connection, listing, path, about, limit)
        case Format.GPKG | Format.FGB:
            _write_ogr(connection, listing, wanted, path, about, limit)


def _write_xlsx(connection: Connection, listing: Listing, path: Path, about: About, limit: int | None) -> None:
    book = Workbook(write_only=True)
    first = book.create_sheet("About")
    first.column_dimensions["A"].width, first.column_dimensions["B"].width = 28, 100  # characters
    first.append([_guarded(about.title)])
    if about.cut:
        first.append([_guarded(about.cut)])
    for what, text in about.facts:
        first.append([_guarded(what), _guarded(text)])
    headings = [_guarded(about.headings.get(name, name)) for name in _names(listing, about)]
    name = listing.features.layer.__tablename__
    sheet, filled, sheets = _sheet(book, name, headings), 0, 1
    with _without_drafts(book), closing(_rows(connection, listing, _point_on, limit, about)) as parts:
        for row in chain.from_iterable(parts):
            if filled == SHEET_ROWS:
                sheets += 1
                sheet, filled = _sheet(book, f"{name} {sheets}", headings), 0
            sheet.append([_sheet_cell(value) for value in row])
            filled += 1
    book.save(path)


@contextmanager
def _without_drafts(book: Workbook) -> Iterator[None]:
    """Remove the drafts of sheets that are not finished; openpyxl keeps their rows on the disk until the process ends.

    They are removed where a book is saved, so that is done, to nowhere.
    """
    try:
        yield
    except BaseException:
        with suppress(OSError):  # on a full disk; what went wrong first is told
            book.save(os.devnull)
        raise


def _sheet(book: Workbook, name: str, headings: Sequence[str]) -> Any:
    sheet = book.create_sheet(name)
    sheet.freeze_panes = "B2"
    sheet.append(list(headings))
    return sheet


def _write_parquet(connection: Connection, listing: Listing, path: Path, about: About, limit: int | None) -> None:
    """GeoParquet 1.1: WKB in OGC:CRS84 (the format's default), with a box per feature for readers that skip."""
    schema = _arrow_schema(listing, about, lists=True)
    spatial = listing.features.geom is not None
    if spatial:
        schema = schema.append(pa.field("bbox", _BOX))
    bounds = _Bounds()
    with (
        closing(_batches(connection, listing, about, lists=True, limit=limit)) as batches,
        pq.ParquetWriter(path, schema, compression="zstd") as writer,
    ):
        for batch in batches:
            if spatial:
                batch = batch.append_column("bbox", bounds.boxes(batch.column("geometry")))
            writer.write_batch(batch)
        metadata = {"about": about.text, **({"geo": bounds.geo_metadata(listing)} if spatial else {})}
        writer.add_key_value_metadata(metadata)


def _write_ogr(
    connection: Connection, listing: Listing, wanted: Format, path: Path, about: About, limit: int | None
) -> None:
    spatial = listing.features.geom is not None
    options = {"IDENTIFIER" if wanted is Format.GPKG else "TITLE": about.title, "DESCRIPTION": about.text}
    if wanted is Format.FGB and not spatial:
        options["SPATIAL_INDEX"] = "NO"  # with an index the format takes no row without geometry
    with closing(_batches(connection, listing, about, lists=False, limit=limit)) as batches:
        pyogrio.write_arrow(
            pa.RecordBatchReader.from_batches(_arrow_schema(listing, about, lists=False), batches),
            path,
            layer=listing.features.layer.__tablename__,
            driver=_DRIVERS[wanted],
            geometry_name="geometry" if spatial else None,
            geometry_type=_ogr_type(listing) if spatial else None,
            crs="EPSG:4326" if spatial else None,
            layer_options=options,
        )


def _rows(
    connection: Connection,
    listing: Listing,
    place: Callable[[ColumnElement[Any]], list[ColumnElement[Any]]],
    limit: int | None,
    about: About,
) -> Generator[Sequence[Sequence[Any]], None, None]:
    """Yield rows of property values followed by what ``place`` makes of the geometry and what is said of the row."""
    features = listing.features
    columns: list[ColumnElement[Any]] = [item.value.label(name) for name, item in features.properties.items()]
    if features.geom is not None:
        columns += place(features.geom)
    names = list(features.properties)
    with closing(stream_rows(connection, listing.ordered(select(*columns)).limit(limit))) as found:
        if not about.told:
            yield from found
            return
        for rows in found:
            plain = [dict(zip(names, row, strict=False)) for row in rows]
            yield [(*row, *_told(about, known)) for row, known in zip(rows, plain, strict=True)]


def _told(about: About, properties: Mapping[str, Any]) -> Iterator[str]:
    return (tell(properties) for tell in about.told.values())


def _names(listing: Listing, about: About) -> list[str]:
    """Names of the columns of a table."""
    point = () if listing.features.geom is None else ("lon", "lat")
    return [*listing.features.properties, *point, *about.told]


def _with_told(feature: str, about: About) -> str:
    """Return a feature with what is said of it among its properties."""
    parsed = orjson.loads(feature)
    parsed["properties"] |= dict(zip(about.told, _told(about, parsed["properties"]), strict=True))
    return orjson.dumps(parsed).decode()


def _point_on(geom: ColumnElement[Any]) -> list[ColumnElement[Any]]:
    point = func.ST_PointOnSurface(geom)
    return [cast(func.round(cast(axis(point), Numeric), DEGREE_DIGITS), Float(53)) for axis in (func.ST_X, func.ST_Y)]


def _as_wkb(geom: ColumnElement[Any]) -> list[ColumnElement[Any]]:
    return [func.ST_AsBinary(geom, type_=LargeBinary)]


def _batches(
    connection: Connection, listing: Listing, about: About, *, lists: bool, limit: int | None
) -> Generator[pa.RecordBatch, None, None]:
    """Yield Arrow batches: properties, then ``geometry`` as WKB; lists as texts where a format has none."""
    schema = _arrow_schema(listing, about, lists=lists)
    with closing(_rows(connection, listing, _as_wkb, limit, about)) as parts:
        for rows in parts:
            columns = [
                pa.array([_joined(value) for value in values] if field.type == pa.string() else values, field.type)
                for field, values in zip(schema, zip(*rows, strict=True), strict=True)
            ]
            yield pa.record_batch(columns, schema=schema)


def _arrow_schema(listing: Listing, about: About, *, lists: bool) -> pa.Schema:
    fields = [
        pa.field(name, pa.string() if item.kind is Kind.TEXTS and not lists else _ARROW_TYPES[item.kind])
        for name, item in listing.features.properties.items()
    ]
    if listing.features.geom is not None:
        fields.append(pa.field("geometry", pa.binary()))
    fields += [pa.field(name, pa.string()) for name in about.told]
    return pa.schema(fields)


_BOX = pa.struct([(corner, pa.float64()) for corner in ("xmin", "ymin", "xmax", "ymax")])
_SIMPLE_NAMES = {
    "POINT": "Point",
    "MULTIPOINT": "MultiPoint",
    "MULTILINESTRING": "MultiLineString",
    "MULTIPOLYGON": "MultiPolygon",
}


def _ogr_type(listing: Listing) -> str:
    return _SIMPLE_NAMES[str(listing.features.layer.geometry_kind)]


class _Bounds:
    """Boxes of features, and the box around them all."""

    def __init__(self) -> None:
        self.whole = [float("inf"), float("inf"), float("-inf"), float("-inf")]

    def boxes(self, wkb: pa.Array) -> pa.Array:
        """Return the box of each geometry."""
        boxes = shapely.bounds(shapely.from_wkb(wkb.to_numpy(zero_copy_only=False)))
        west, south, east, north = self.whole
        low, high = boxes.min(axis=0), boxes.max(axis=0)
        self.whole = [min(west, low[0]), min(south, low[1]), max(east, high[2]), max(north, high[3])]
        return pa.StructArray.from_arrays([pa.array(corner) for corner in boxes.T], fields=list(_BOX))

    def geo_metadata(self, listing: Listing) -> str:
        """Return the ``geo`` metadata of GeoParquet 1.1."""
        column: dict[str, Any] = {
            "encoding": "WKB",
            "geometry_types": [_ogr_type(listing)],
            "covering": {"bbox": {corner: ["bbox", corner] for corner in _BOX.names}},
        }
        if self.whole[0] <= self.whole[2]:
            column["bbox"] = [float(value) for value in self.whole]
        geo = {"version": "1.1.0", "primary_column": "geometry", "columns": {"geometry": column}}
        return orjson.dumps(geo).decode()


def _csv_cell(value: Any) -> Any:
    if isinstance(value, bool):
        return "true" if value else "false"
    value = _joined(value)
    return _guarded(value) if isinstance(value, str) else value


def _sheet_cell(value: Any) -> Any:
    value = _joined(value)
    return ILLEGAL_CHARACTERS_RE.sub("", _guarded(value)) if isinstance(value, str) else value


def _joined(value: Any) -> Any:
    return LISTED_WITH.join(value) if isinstance(value, list) else value


def _guarded(text: str) -> str:
    """Return a text no spreadsheet takes for a formula."""
    return f"'{text}" if text.startswith(FORMULA_SIGNS) else text
