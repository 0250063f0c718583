"""The binary COPY stream of results, against one written value by value."""

from __future__ import annotations

import struct

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import (
    ARRAY,
    REAL,
    BigInteger,
    Boolean,
    Column,
    Date,
    Float,
    Integer,
    MetaData,
    SmallInteger,
    String,
    Table,
)

from layers.postgres import copy_columns
from layers.postgres.copy_columns import stream
from layers.postgres.copy_rows import values_of

TABLE = Table(
    "results",
    MetaData(),
    Column("number", BigInteger),
    Column("count", Integer),
    Column("zoom", SmallInteger),
    Column("score", REAL),
    Column("area", Float),
    Column("dry", Boolean),
    Column("class", String(8)),
    Column("crops", ARRAY(String)),
    Column("memberships", ARRAY(REAL)),
)
TEXT_OID, REAL_OID = 1043, 700  # varchar and float4, PostgreSQL pg_type.dat
NUMBERS = {"number": ">q", "count": ">i", "zoom": ">h", "score": ">f", "area": ">d", "dry": ">?"}

reals = st.floats(width=32, allow_infinity=True) | st.none()
rows = st.fixed_dictionaries(
    {
        "number": st.integers(-(2**63), 2**63 - 1),
        "count": st.integers(-(2**31), 2**31 - 1),
        "zoom": st.integers(-(2**15), 2**15 - 1),
        "score": reals,
        "area": st.floats(allow_nan=False) | st.none(),
        "dry": st.booleans(),
        "class": st.none() | st.sampled_from(["S1", "S3wh", "Сой", "", "a long one indeed"]),
        "crops": st.none() | st.lists(st.sampled_from(["wheat", "apricot", "лӯбиё", ""]), max_size=3),
        "memberships": st.lists(st.floats(width=32), min_size=3, max_size=3),
    }
)


def field(body: bytes | None) -> bytes:
    return struct.pack(">i", -1) if body is None else struct.pack(">i", len(body)) + body


def value(name: str, item: object) -> bytes:
    """One field as PostgreSQL 15 describes it: COPY, binary format; array_send."""
    if item is None or (isinstance(item, float) and np.isnan(item)):
        return field(None)
    if name == "class":
        return field(str(item).encode())
    if name == "crops":
        assert isinstance(item, list)
        head = struct.pack(">iii", bool(item), 0, TEXT_OID) + (struct.pack(">ii", len(item), 1) if item else b"")
        return field(head + b"".join(field(text.encode()) for text in item))
    if name == "memberships":
        assert isinstance(item, list)
        head = struct.pack(">iiiii", 1, 0, REAL_OID, len(item), 1)
        return field(head + b"".join(field(np.array(number, dtype=">f4").tobytes()) for number in item))
    return field(struct.pack(NUMBERS[name], item))


def streamed(frame: pd.DataFrame) -> bytes:
    columns = [TABLE.columns[str(name)] for name in frame]
    return b"".join(stream({column.name: values_of(frame[column.name], column) for column in columns}, columns))


@given(st.lists(rows, min_size=1, max_size=12), st.booleans(), st.integers(1, 5))
def test_stream_is_that_of_writing_value_by_value(
    given_rows: list[dict[str, object]], coded: bool, at_once: int
) -> None:
    columns = {name: pd.Series([row[name] for row in given_rows], dtype=object) for name in given_rows[0]}
    frame = pd.DataFrame(columns)
    for name, dtype in (
        ("number", "int64"),
        ("count", "int32"),
        ("zoom", "int16"),
        ("score", "float32"),
        ("dry", "bool"),
    ):
        frame[name] = frame[name].astype(np.dtype(dtype))
    frame["area"] = frame["area"].astype("float64")
    lists = [np.array(row["memberships"], dtype=np.float32) for row in given_rows]
    frame["memberships"] = pd.Series(lists, dtype=object)
    if coded:
        frame["class"] = frame["class"].astype("category")
    expected = b"PGCOPY\n\xff\r\n\0" + bytes(8)
    for row in given_rows:
        expected += struct.pack(">h", len(row)) + b"".join(value(name, row[name]) for name in columns)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(copy_columns, "ROWS_AT_ONCE", at_once)
        assert streamed(frame) == expected + b"\xff\xff"


def test_a_kind_of_column_without_binary_form_is_refused() -> None:
    with pytest.raises(TypeError, match="no binary form is known for day"):
        values_of(pd.Series([None]), Column("day", Date))
