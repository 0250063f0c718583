"""Columns read as arrays, against the rows the driver hands over."""

from __future__ import annotations

from datetime import date
from typing import Any

import pandas as pd
import pytest
from pandas.testing import assert_frame_equal
from sqlalchemy import (
    JSON,
    REAL,
    BigInteger,
    Boolean,
    Connection,
    Date,
    Double,
    Integer,
    LargeBinary,
    SmallInteger,
    String,
    column,
    select,
    values,
)

from layers.postgres.read_arrays import read_arrays

KINDS: dict[str, Any] = {
    "place": Integer(),
    "number": BigInteger(),
    "zoom": SmallInteger(),
    "area": Double(),
    "score": REAL(),
    "dry": Boolean(),
    "name": String(),
    "day": Date(),
    "shape": LargeBinary(),
}
FULL: list[dict[str, object]] = [
    {
        "place": 1,
        "number": -(2**63),
        "zoom": -3,
        "area": 0.1,
        "score": 0.1,
        "dry": True,
        "name": "Деҳқонобод",
        "day": date(1999, 12, 31),
        "shape": b"\x00\xff\x01",
    },
    {
        "place": 2,
        "number": 2**63 - 1,
        "zoom": 12,
        "area": -1e300,
        "score": 75.25,
        "dry": False,
        "name": "",
        "day": date(2026, 2, 28),
        "shape": b"",
    },
]
NOTHING: dict[str, object] = dict.fromkeys(KINDS)


@pytest.mark.parametrize(
    "rows", [FULL, [FULL[0], NOTHING | {"place": 2}, FULL[1] | {"place": 3}], [NOTHING | {"place": 1}]]
)
def test_columns_are_those_of_the_rows(connection: Connection, rows: list[dict[str, object]]) -> None:
    table = values(*(column(name, kind) for name, kind in KINDS.items()), name="given").data(
        [tuple(row[name] for name in KINDS) for row in rows]
    )
    statement = select(*(table.c[name].cast(kind).label(name) for name, kind in KINDS.items())).order_by(table.c.place)
    found = read_arrays(connection, statement)
    assert found is not None
    again = pd.DataFrame.from_records([tuple(row) for row in connection.execute(statement)], columns=list(KINDS))
    if not again["score"].isna().all():
        again["score"] = again["score"].astype("float32").astype("float64")  # the driver reads the printed decimal
    frame = pd.DataFrame(dict(zip(KINDS, found, strict=True)))
    assert_frame_equal(frame, again, check_exact=True)
    for name in KINDS:
        assert [type(item) for item in frame[name]] == [type(item) for item in again[name]], name


def test_without_rows_there_is_nothing(connection: Connection) -> None:
    given = values(column("number", Integer()), name="given").data([(1,)])
    assert read_arrays(connection, select(given.c.number).where(given.c.number > 1)) is None


def test_a_type_without_array_form_is_refused(connection: Connection) -> None:
    given = values(column("text", String()), name="given").data([("{}",)])
    with pytest.raises(TypeError, match="no array form is known"):
        read_arrays(connection, select(given.c.text.cast(JSON)))


def test_statements_that_differ_in_their_values_alone_have_each_their_own(connection: Connection) -> None:
    table = values(column("place", Integer()), column("name", String()), name="given").data([(1, "a"), (2, "b")]).cte()
    for wanted in ([1], [2], [1, 2], [2], []):
        found = read_arrays(connection, select(table.c.place).where(table.c.place.in_(wanted)).order_by(table.c.place))
        assert (found[0].tolist() if found else []) == wanted
    for name, place in (("a", 1), ("b", 2)):
        found = read_arrays(connection, select(table.c.place).where(table.c.name == name))
        assert found is not None
        assert found[0].tolist() == [place]
