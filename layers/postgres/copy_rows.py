"""Frames of results as binary COPY streams: a million rows in seconds.

Rows are laid out for many plots at once, every field as wide as its widest value, and the bytes that are not used are
left out; nothing is done row by row. A text or a list that many plots share is encoded once.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Protocol, cast

import numpy as np
import pandas as pd
import psycopg
from numpy.typing import NDArray
from psycopg import sql
from sqlalchemy import ARRAY, REAL, Boolean, Column, Connection, Float, Integer, String, Table

from layers.postgres.copy_columns import FIXED, HEADER, REAL_OID, TRAILER, Values, encoded

ROWS_AT_ONCE = 4_096  # rows laid out together; about 2 MB of results, which stay in the cache
LENGTH_BYTES = 4  # before each field; -1 = empty

Bytes = NDArray[np.uint8]
Flags = NDArray[np.bool_]


def copy_frame(connection: Connection, table: Table, frame: pd.DataFrame, *, into: str | None = None) -> int:
    """Append a frame whose columns are named as the table's to it, in the connection's transaction; return the rows.

    NaN and None are stored as empty, except inside arrays of reals. ``into`` names another table of the same shape,
    such as the partition of a run that is not attached yet.
    """
    columns = [table.columns[name] for name in frame.columns]
    fields = [_field(frame[column.name], column) for column in columns]
    statement = sql.SQL("COPY {} ({}) FROM STDIN (FORMAT BINARY)").format(
        sql.Identifier(into or table.name), sql.SQL(", ").join(sql.Identifier(column.name) for column in columns)
    )
    driver = cast("psycopg.Connection[Any]", connection.connection.driver_connection)
    with driver.cursor() as cursor, cursor.copy(statement) as copy:
        for chunk in _stream(fields, len(frame)):
            copy.write(chunk)
    return len(frame)


class Field(Protocol):
    """One column of the stream: ``width`` bytes at most, with the length that goes before each value."""

    @property
    def width(self) -> int:
        """Bytes of the widest value and of its length."""
        ...

    def lay(self, rows: slice, cells: Bytes, used: Flags) -> None:
        """Write some rows into ``cells`` (k, width); clear ``used``, all set before, where a row has no bytes."""
        ...


@dataclass(frozen=True, slots=True)
class Numbers:
    """Values of one size. data : (n,). null : bool (n,). dtype : big-endian form."""

    data: NDArray[Any]
    null: Flags
    dtype: np.dtype[Any]

    @property
    def width(self) -> int:
        """Bytes of the widest value and of its length."""
        return LENGTH_BYTES + self.dtype.itemsize

    def lay(self, rows: slice, cells: Bytes, used: Flags) -> None:
        """Write some rows, see ``Field``."""
        null = self.null[rows]
        packed = np.empty(len(null), dtype=[("length", ">i4"), ("value", self.dtype)])
        packed["length"] = np.where(null, -1, self.dtype.itemsize)
        packed["value"] = self.data[rows]
        cells[:] = packed.view(np.uint8).reshape(len(null), self.width)
        used[null, LENGTH_BYTES:] = False


@dataclass(frozen=True, slots=True)
class Reals:
    """Arrays of reals of one length, none of them empty. data : float32 (n, k)."""

    data: NDArray[np.float32]

    @property
    def _layout(self) -> np.dtype[Any]:
        items = [("length", ">i4"), ("value", ">f4")]
        return np.dtype([("head", ">i4", 6), ("items", items, (self.data.shape[1],))])

    @property
    def width(self) -> int:
        """Bytes of the widest value and of its length."""
        return self._layout.itemsize

    def lay(self, rows: slice, cells: Bytes, used: Flags) -> None:  # noqa: ARG002 - every byte is in use
        """Write some rows, see ``Field``."""
        data = self.data[rows]
        packed = np.empty(len(data), dtype=self._layout)
        # Length of the field; 1 dimension, no nulls, type; so many items, counted from 1.
        packed["head"] = (self.width - LENGTH_BYTES, 1, 0, REAL_OID, data.shape[1], 1)
        packed["items"]["length"] = 4
        packed["items"]["value"] = data
        cells[:] = packed.view(np.uint8).reshape(len(data), self.width)


@dataclass(frozen=True, slots=True)
class Coded:
    """Values many rows share. table : uint8 (m, width), each once. known : bool, its bytes in use. code : (n,)."""

    table: Bytes
    known: Flags
    code: NDArray[np.intp]

    @classmethod
    def of(cls, encoded: Sequence[bytes], code: NDArray[np.intp]) -> Coded:
        """Return a column from the bytes of each value, lengths included, and the number of the value in each row."""
        size = np.array([len(item) for item in encoded], dtype=np.int64)
        known = np.arange(size.max(initial=0)) < size[:, None]
        table = np.zeros(known.shape, dtype=np.uint8)
        table[known] = np.frombuffer(b"".join(encoded), dtype=np.uint8)
        return cls(table, known, code)

    @property
    def width(self) -> int:
        """Bytes of the widest value and of its length."""
        return int(self.table.shape[1])

    def lay(self, rows: slice, cells: Bytes, used: Flags) -> None:
        """Write some rows, see ``Field``."""
        cells[:] = self.table[self.code[rows]]
        used[:] = self.known[self.code[rows]]


def _stream(fields: Sequence[Field], count: int) -> Iterator[bytes]:
    """Yield the rows as a whole binary COPY stream, in chunks."""
    head = np.frombuffer(len(fields).to_bytes(2), dtype=np.uint8)
    ends = np.cumsum([len(head), *(field.width for field in fields)])
    cells = np.empty((min(count, ROWS_AT_ONCE), ends[-1]), dtype=np.uint8)
    cells[:, : len(head)] = head
    used = np.empty(cells.shape, dtype=bool)
    yield HEADER
    for start in range(0, count, ROWS_AT_ONCE):
        rows = slice(start, min(start + ROWS_AT_ONCE, count))
        here = slice(0, rows.stop - start)
        used[here] = True
        for field, first, last in zip(fields, ends[:-1], ends[1:], strict=True):
            field.lay(rows, cells[here, first:last], used[here, first:last])
        yield cells[here][used[here]].tobytes()
    yield TRAILER


def _field(series: pd.Series[Any], column: Column[Any]) -> Field:
    kind = column.type
    if isinstance(kind, ARRAY):
        if isinstance(kind.item_type, REAL):
            return Reals(_of_one_length(series.to_list()).astype(np.float32, copy=False))
        return _lists(series.to_numpy(dtype=object), column)
    if isinstance(kind, String):
        code, names = pd.factorize(series)
        return Coded.of(_encoded([*names, None], column), code)  # -1, unknown, is the last
    for sqltype, dtype in FIXED:
        if isinstance(kind, sqltype):
            return Numbers(_numbers(series, kind), series.isna().to_numpy(), np.dtype(dtype))
    raise TypeError(f"no binary form is known for {column.name}, {kind!r}")


def _of_one_length(rows: list[NDArray[Any]]) -> NDArray[Any]:
    """Return arrays of one length as the rows of one; what ``numpy.stack`` does in a quarter of its time."""
    (length,) = {len(row) for row in rows} or {0}
    return np.concatenate([*rows, np.empty(0, dtype=np.float32)]).reshape(len(rows), length)


def _numbers(series: pd.Series[Any], kind: object) -> NDArray[Any]:
    if isinstance(kind, Float):
        return series.to_numpy(dtype=np.float32 if series.dtype == np.float32 else np.float64, na_value=np.nan)
    if isinstance(kind, Boolean):
        return series.astype("boolean").fillna(False).to_numpy(dtype=bool)
    assert isinstance(kind, Integer)
    return series.fillna(0).to_numpy(dtype=np.int64)


def _lists(lists: NDArray[np.object_], column: Column[Any]) -> Coded:
    """Lists of texts, None unknown; one list that stands in many rows is looked at once."""
    places = np.fromiter(map(id, lists), dtype=np.int64, count=len(lists))
    _, first, code = np.unique(places, return_index=True, return_inverse=True)
    return Coded.of(_encoded(lists[first].tolist(), column), code.reshape(len(lists)))


def _encoded(items: Sequence[object], column: Column[Any]) -> list[bytes]:
    data = np.empty(len(items), dtype=object)
    data[:] = items
    null = np.array([item is None for item in items], dtype=bool)
    return encoded(Values(data, null), column)
