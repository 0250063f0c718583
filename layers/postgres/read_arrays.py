"""Rows of a query as arrays, one per column: what is read by the hundred thousand.

PostgreSQL hands over each column as one array in its binary form. That is taken apart here column by column, never row
by row; a frame of 200,000 plots takes a tenth of the time it takes from rows.

Notes
-----
adbc-driver-postgresql reads the same columns in half the time on the clock (``bench/README.md``), over a connection of
its own. What is read here has to be read in the transaction that has taken the role of an audience and sees one
snapshot, hence this reader.
"""

from __future__ import annotations

from typing import Any, cast

import numpy as np
import pandas as pd
import psycopg
import pyarrow as pa
from numpy.typing import NDArray
from sqlalchemy import (
    Connection,
    Date,
    LargeBinary,
    Select,
    String,
    func,
    select,
)
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.util import LRUCache

from layers.postgres.binary_types import ARRAY_HEAD_BYTES, FIRST_DAY, fixed_type
from layers.postgres.kernels import read_arrays as kernels

Bytes = NDArray[np.uint8]
Ints = NDArray[np.int64]


def read_arrays(connection: Connection, statement: Select[Any]) -> list[pd.Series[Any]] | None:
    """Return what a statement selects as a series per column, in order; None without any row.

    The types are those pandas infers from the rows: whole numbers with unknowns are float64; dates, bytes, truth values
    with unknowns and columns of nothing but unknowns are objects. Reals of 4 bytes keep their exact value as float64.

    Raises
    ------
    TypeError : a column of a type that has no fixed form here.
    """
    sent = read_raw(connection, statement)
    if sent is None:
        return None
    return [series_of(raw, column.type) for raw, column in zip(sent, statement.selected_columns, strict=True)]


def read_raw(connection: Connection, statement: Select[Any]) -> list[bytes] | None:
    """Return each column of what a statement selects as an array in PostgreSQL's binary form; None without any row."""
    sql, parameters = _compiled(connection, statement)
    if not connection.in_transaction():
        connection.begin()
    driver = cast("psycopg.Connection[Any]", connection.connection.driver_connection)
    with driver.cursor(binary=True) as cursor:
        cursor.execute(sql, parameters)
        result = cursor.pgresult
        assert result is not None
        sent = [result.get_value(0, place) for place in range(result.nfields)]
    return None if sent[0] is None else cast(list[bytes], sent)


def _compiled(connection: Connection, statement: Select[Any]) -> tuple[bytes, dict[str, Any]]:
    """SQL that selects each column of a statement as an array, and its parameters.

    What is compiled is kept for statements that differ in their values alone, told by the key SQLAlchemy keeps them by.
    """
    key = statement._generate_cache_key()
    compiled = None if key is None else _COMPILED.get((connection.dialect.name, key.key))
    if compiled is None:
        columns = (func.array_agg(column) for column in statement.subquery("found").columns)
        compiled = select(*columns).compile(dialect=connection.dialect, cache_key=key)
        if key is not None:
            _COMPILED[connection.dialect.name, key.key] = compiled
    values = compiled.construct_params(extracted_parameters=None if key is None else key.bindparams)
    whole = compiled.construct_expanded_state(values)  # lists of values are written out one by one
    return whole.statement.encode(), dict(whole.parameters)


_COMPILED: LRUCache[tuple[str, Any], SQLCompiler] = LRUCache(500)  # statements; some 20 kB each


def series_of(raw: bytes, kind: object) -> pd.Series[Any]:
    """Return an array of PostgreSQL in its binary form, one dimension, as a series; ``kind`` is its SQL type."""
    count = int.from_bytes(raw[12:16])
    data = np.frombuffer(raw, dtype=np.uint8)
    if isinstance(kind, String):
        return _texts(data, *spans(data, count))
    if isinstance(kind, LargeBinary):
        start, size = spans(data, count)
        return pd.Series(pieces_of(raw, start, size), dtype=object)
    known = fixed_type(kind)
    if known is not None:
        values, null = _numbers(data, count, np.dtype(known.sent))
        return _inferred(values.astype(known.held), null, is_date=isinstance(kind, Date))
    raise TypeError(f"no array form is known for {kind!r}")


def _inferred(values: NDArray[Any], null: NDArray[np.bool_], *, is_date: bool) -> pd.Series[Any]:
    if is_date:
        objects = (FIRST_DAY + values).astype("datetime64[D]").astype(object)
    elif not null.any():
        return pd.Series(values)
    elif values.dtype != np.bool_ and not null.all():
        return pd.Series(np.where(null, np.nan, values))
    else:
        objects = values.astype(object)
    objects[null] = None
    return pd.Series(objects, dtype=object)


def _numbers(data: Bytes, count: int, dtype: np.dtype[Any]) -> tuple[NDArray[Any], NDArray[np.bool_]]:
    """Values of one size and where they are unknown; zero there."""
    layout = np.dtype([("length", ">i4"), ("value", dtype)])
    body = data[ARRAY_HEAD_BYTES:]
    if len(body) == count * layout.itemsize:
        return body.view(layout)["value"], np.zeros(count, dtype=bool)
    start, size = spans(data, count)
    null = size < 0
    values = np.zeros(count, dtype=dtype)
    place = start[~null, None] + np.arange(dtype.itemsize)
    values[~null] = data[place].view(dtype)[:, 0]
    return values, null


def _texts(data: Bytes, start: Ints, size: Ints) -> pd.Series[Any]:
    null = size < 0
    if null.all():
        return pd.Series(np.full(len(size), None, dtype=object), dtype=object)
    ends = np.concatenate([[0], np.cumsum(np.maximum(size, 0))])
    joined = np.empty(ends[-1], dtype=np.uint8)
    kernels.join(data, start, ends, joined)
    known = None if not null.any() else pa.py_buffer(np.packbits(~null, bitorder="little"))
    texts = pa.LargeStringArray.from_buffers(len(size), pa.py_buffer(ends), pa.py_buffer(joined), known)
    return pd.Series(cast(Any, pd.StringDtype(na_value=np.nan)).__from_arrow__(texts))


def pieces_of(raw: bytes, start: Ints, size: Ints) -> NDArray[np.object_]:
    """Return the elements of an array as bytes, None where unknown."""
    pieces = np.empty(len(size), dtype=object)
    pieces[:] = [raw[first : first + length] for first, length in zip(start.tolist(), size.tolist(), strict=True)]
    pieces[size < 0] = None
    return pieces


def spans(data: Bytes, count: int) -> tuple[Ints, Ints]:
    """Where each element of an array begins and its bytes, -1 = unknown."""
    start, size = np.empty(count, dtype=np.int64), np.empty(count, dtype=np.int64)
    kernels.find(data, ARRAY_HEAD_BYTES, start, size)
    return start, size
