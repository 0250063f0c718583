"""Columns of checked values, and rows made of them as PostgreSQL's binary COPY stream and as digests.

Rows are built column by column: a million plots take seconds, where a call per value takes minutes.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, cast

import numpy as np
import pyarrow as pa
import shapely
from geoalchemy2 import Geometry
from numpy.typing import NDArray
from sqlalchemy import (
    ARRAY,
    REAL,
    Column,
    Date,
    LargeBinary,
    String,
    Table,
)

from layers.catalogue.base import STORED_SRID, Layer
from layers.postgres.binary_types import FIRST_DAY, HEADER, NULL, REAL_OID, TRAILER, VARCHAR_OID, fixed_type
from layers.postgres.pieces import Pieces, joined

DIGEST_BYTES = 16  # 128 bits: two different rows agree by chance once in 1e38 pairs
WKB_TYPES = {"POINT": 1, "MULTILINESTRING": 5, "MULTIPOLYGON": 6}  # OGC 06-103r4, table 7
SHAPELY_TYPES = {kind: shapely.GeometryType[kind].value for kind in WKB_TYPES}  # counted from 0, unlike WKB
EWKB_SRID = 0x2000_0000  # PostGIS: a flag in the type, the SRID follows it
ROWS_AT_ONCE = 4_096  # rows per write to the stream; about 2 MB, which stay in the processor's cache


def columns_of(layer: type[Layer]) -> dict[str, Column[Any]]:
    """Return every column of the layer's table by name."""
    return {column.name: column for column in cast(Table, layer.__table__).columns}


@dataclass(frozen=True, slots=True)
class Values:
    """One column of n checked values.

    data : object array of str, float64, int64, bool or datetime64[D], by the column's type; pieces for bytes, such as
    a geometry in EWKB.
    null : bool (n,), where nothing is known; ``data`` is not read there.
    code : where many rows share a value, ``data`` and ``null`` have each once, and this says which stands in each of
    the n rows; None = they have every row.
    """

    data: Any
    null: NDArray[np.bool_]
    code: NDArray[np.intp] | None = None

    def __len__(self) -> int:
        return len(self.data if self.code is None else self.code)

    @classmethod
    def known(cls, data: Any) -> Values:
        """Return a column without unknowns."""
        return cls(data, np.zeros(len(data), dtype=bool))

    def take(self, rows: NDArray[Any] | slice) -> Values:
        """Return the values of some rows, by position, mask or slice."""
        if self.code is not None:
            return Values(self.data, self.null, self.code[rows])
        return Values(self.data[rows], self.null[rows])

    def objects(self) -> NDArray[np.object_]:
        """Return the values as objects, None where nothing is known."""
        objects: NDArray[np.object_] = self.data.astype(object)
        objects[self.null] = None
        return objects if self.code is None else objects[self.code]


def ewkb(geometries: NDArray[np.object_], kind: str) -> Pieces:
    """Return geometries in EPSG:4326 as the bytes PostGIS stores and digests are made of.

    Parameters
    ----------
    geometries : valid, two-dimensional, none missing; of ``kind`` or its single form.
    kind : POINT, MULTILINESTRING or MULTIPOLYGON; single lines and polygons become multiple ones of one part.
        (Wrapping the bytes takes a fifth of the time of making a million multipolygons first.)
    """
    number = WKB_TYPES[kind]
    whole = b"\x01" + (number | EWKB_SRID).to_bytes(4, "little") + STORED_SRID.to_bytes(4, "little")
    wrapped = whole + (1).to_bytes(4, "little")  # a multiple geometry of one part
    same = shapely.get_type_id(geometries) == SHAPELY_TYPES[kind]
    encoded = shapely.to_wkb(geometries, byte_order=1)
    items = [whole + raw[5:] if as_is else wrapped + raw for raw, as_is in zip(encoded, same, strict=True)]
    return Pieces.of(items)


def constant(value: object, count: int, dtype: Any = object) -> Values:
    """Return a column that holds one value throughout; None gives a column of unknowns."""
    if value is None:
        return Values(np.zeros(count, dtype=dtype), np.ones(count, dtype=bool))
    return Values(np.full(count, value, dtype=dtype), np.zeros(count, dtype=bool))


def _fixed(values: Values, dtype: str, tag: bytes, null: bytes) -> list[Pieces]:
    layout: list[tuple[str, str]] = [("length", ">i4"), ("value", dtype)]
    if tag:
        layout.insert(0, ("tag", f"S{len(tag)}"))
    packed = np.empty(len(values), dtype=layout)
    if tag:
        packed["tag"] = tag
    packed["length"] = np.where(values.null, -1, packed.dtype["value"].itemsize)
    packed["value"] = np.where(values.null, np.zeros(1, dtype=values.data.dtype), values.data)
    cells = Pieces.cells(packed)
    return [Pieces(cells.data, cells.start, np.where(values.null, len(null), cells.size))]


def _headed(items: Pieces, missing: NDArray[np.bool_], tag: bytes, null: bytes) -> list[Pieces]:
    """Byte strings with their lengths before them."""
    head = np.empty(len(items), dtype=[("tag", f"S{len(tag)}"), ("length", ">i4")] if tag else [("length", ">i4")])
    if tag:
        head["tag"] = tag
    head["length"] = np.where(missing, -1, items.size)
    cells = Pieces.cells(head)
    return [
        Pieces(cells.data, cells.start, np.where(missing, len(null), cells.size)),
        Pieces(items.data, items.start, np.where(missing, 0, items.size)),
    ]


def _texts(values: Values) -> Pieces:
    """Texts in UTF-8, by Arrow's layout: one buffer and where each begins; of a missing one nothing."""
    encoded = pa.array(values.data, mask=values.null, type=pa.large_string())
    _, offsets, data = encoded.buffers()
    ends = np.frombuffer(offsets, dtype=np.int64, count=len(values) + 1)
    return Pieces(np.frombuffer(data or b"", dtype=np.uint8), ends[:-1], np.diff(ends))


def _arrays(values: Values, kind: ARRAY[Any], tag: bytes, null: bytes) -> list[Pieces]:
    """Fields of one-dimensional arrays: of reals from a float32 (n, k) column, of text from lists of str."""
    if isinstance(kind.item_type, REAL):
        n, width = values.data.shape
        packed = np.empty(n, dtype=[("head", ">i4", 5), ("items", [("length", ">i4"), ("value", ">f4")], width)])
        packed["head"] = (1, 0, REAL_OID, width, 1)  # 1 dimension, no nulls, type; so many items, counted from 1
        packed["items"]["length"] = 4
        packed["items"]["value"] = values.data
        return _headed(Pieces.cells(packed), values.null, tag, null)
    known: dict[tuple[str, ...], int] = {}
    rows = zip(values.data, values.null, strict=True)
    code = [known.setdefault(() if lost else tuple(items), len(known)) for items, lost in rows]
    lists = Pieces.of([_text_array(items) for items in known])
    return _headed(lists[np.array(code, dtype=np.int64)], values.null, tag, null)


def _text_array(items: tuple[str, ...]) -> bytes:
    encoded = [item.encode() for item in items]
    head = (1, 0, VARCHAR_OID, len(items), 1) if items else (0, 0, VARCHAR_OID)
    body = b"".join(number.to_bytes(4) for number in head)
    return body + b"".join(len(raw).to_bytes(4) + raw for raw in encoded)


def _fields(values: Values, column: Column[Any], *, tagged: bool) -> list[Pieces]:
    """The column's field of each row in a binary COPY stream, in pieces to be put one after the other.

    ``tagged`` puts the column's name in front and makes an unknown value nothing at all: the form digests are made of,
    so that a column added to a layer later does not change the digest of rows without a value in it.
    """
    tag, null = (f"{column.name}=".encode(), b"") if tagged else (b"", NULL)
    kind = column.type
    if values.code is not None:
        once = _fields(Values(values.data, values.null), column, tagged=tagged)
        return [part[values.code] for part in once]
    if isinstance(kind, Geometry | LargeBinary):
        return _headed(values.data, values.null, tag, null)
    if isinstance(kind, String):
        return _headed(_texts(values), values.null, tag, null)
    if isinstance(kind, Date):
        known = np.where(values.null, FIRST_DAY, values.data).astype("datetime64[D]")
        return _fixed(Values((known - FIRST_DAY).astype(np.int64), values.null), ">i4", tag, null)
    if isinstance(kind, ARRAY):
        return _arrays(values, kind, tag, null)
    known_type = fixed_type(kind)
    if known_type is not None:
        return _fixed(values, known_type.sent, tag, null)
    raise TypeError(f"no binary form is known for {column.name}, {kind!r}")


def _same_throughout(values: Values, column: Column[Any]) -> bool:
    """Whether every row of a column is known to hold the same, so that one row stands for all; geometry never is."""
    if values.code is not None:
        return len(values) > 0 and len(values.data) == 1
    if not len(values) or isinstance(column.type, Geometry | LargeBinary | ARRAY):
        return False
    if values.null.any():
        return bool(values.null.all())
    # Zero and minus zero are equal and yet stored differently, so that floats are not compared.
    return values.data.dtype.kind != "f" and bool((values.data == values.data[0]).all())


def _rows(table: Mapping[str, Values], columns: Sequence[Column[Any]], head: bytes, *, tagged: bool) -> Pieces:
    """Rows as byte strings that begin with ``head``; columns that are the same throughout are encoded once."""
    count = len(table[columns[0].name])
    parts: list[Pieces] = []
    same = head
    for column in columns:
        values = table[column.name]
        if _same_throughout(values, column):
            same += joined(_fields(values.take(slice(1)), column, tagged=tagged)).tolist()[0]
            continue
        if same:
            parts.append(Pieces.repeated(same, count))
            same = b""
        parts += _fields(values, column, tagged=tagged)
    return joined([*parts, Pieces.repeated(same, count)])


def digests(table: Mapping[str, Values], columns: Sequence[Column[Any]]) -> list[bytes]:
    """Return a digest of each row over the named columns, the same in every process and on every machine."""
    rows = _rows(table, columns, b"", tagged=True)
    return [hashlib.blake2b(row, digest_size=DIGEST_BYTES).digest() for row in rows.views()]


def stream(table: Mapping[str, Values], columns: Sequence[Column[Any]]) -> Iterable[bytes]:
    """Yield the rows as a whole binary COPY stream, in chunks."""
    count = len(next(iter(table.values())))
    head = len(columns).to_bytes(2)
    yield HEADER
    for start in range(0, count, ROWS_AT_ONCE):
        rows = slice(start, start + ROWS_AT_ONCE)
        part = {column.name: table[column.name].take(rows) for column in columns}
        yield _rows(part, columns, head, tagged=False).data.tobytes()
    yield TRAILER
