"""Frames of results appended to a table by binary COPY: a million rows in seconds.

A text or a list that many plots share is encoded once; ``copy_columns`` has the form of the stream.

Notes
-----
``bench/README.md`` has this beside adbc-driver-postgresql on 200,000 plots: about as quick, but ADBC has a connection
of its own, so that its rows could not be part of the transaction that publishes a run.
"""

from __future__ import annotations

from typing import Any, cast

import numpy as np
import pandas as pd
import psycopg
from numpy.typing import NDArray
from psycopg import sql
from sqlalchemy import ARRAY, REAL, Boolean, Column, Connection, Float, Integer, String, Table

from layers.postgres.copy_columns import Values, stream


def copy_frame(connection: Connection, table: Table, frame: pd.DataFrame, *, into: str | None = None) -> int:
    """Append a frame whose columns are named as the table's to it, in the connection's transaction; return the rows.

    NaN and None are stored as empty, except inside arrays of reals. ``into`` names another table of the same shape,
    such as the partition of a run that is not attached yet.

    Raises
    ------
    TypeError : a column of a type that results do not have.
    """
    columns = [table.columns[name] for name in frame.columns]
    values = {column.name: values_of(frame[column.name], column) for column in columns}
    statement = sql.SQL("COPY {} ({}) FROM STDIN (FORMAT BINARY)").format(
        sql.Identifier(into or table.name), sql.SQL(", ").join(sql.Identifier(column.name) for column in columns)
    )
    driver = cast("psycopg.Connection[Any]", connection.connection.driver_connection)
    with driver.cursor() as cursor, cursor.copy(statement) as copy:
        for chunk in stream(values, columns):
            copy.write(chunk)
    return len(frame)


def values_of(series: pd.Series[Any], column: Column[Any]) -> Values:
    """Return a column of a frame as checked values; a text or list that stands in many rows is there once."""
    kind = column.type
    if isinstance(kind, ARRAY):
        if isinstance(kind.item_type, REAL):
            return Values.known(_of_one_length(series.to_list()).astype(np.float32, copy=False))
        return _lists(series.to_numpy(dtype=object))
    if isinstance(kind, String):
        code, names = pd.factorize(series)
        return _coded([*names, None], code)  # -1, unknown, is the last
    if isinstance(kind, Float | Boolean | Integer):
        return Values(_numbers(series, kind), series.isna().to_numpy())
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
    return series.fillna(0).to_numpy(dtype=np.int64)


def _lists(lists: NDArray[np.object_]) -> Values:
    """Lists of texts, None unknown; one list that stands in many rows is looked at once."""
    places = np.fromiter(map(id, lists), dtype=np.int64, count=len(lists))
    _, first, code = np.unique(places, return_index=True, return_inverse=True)
    return _coded(lists[first].tolist(), code.reshape(len(lists)))


def _coded(items: list[Any], code: NDArray[np.intp]) -> Values:
    """Values that are there once, None unknown; a code of -1 stands for the last."""
    data = np.empty(len(items), dtype=object)
    data[:] = items
    return Values(data, np.array([item is None for item in items], dtype=bool), code % max(len(items), 1))
