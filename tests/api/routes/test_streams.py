"""``limit=all``: every plot leaves while the next are read, and neither we nor the driver gather them."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator, Sequence
from functools import partial
from typing import Any, cast

import orjson
import psutil
import pytest
from fastapi import Request
from fastapi.responses import StreamingResponse
from sqlalchemy import Connection, Engine, text

from api.deps import Caller
from api.routes import plots
from layers.catalogue.base import PUBLIC
from layers.catalogue.land import Plot
from layers.features import paging
from layers.postgres.engine import reading
from layers.records.snapshot import Choice, SnapshotCache
from tests.worlds.three_districts import COUNTS, QUBODIYON, RASHT, Land

AT_ONCE = 20  # rows fetched at a time in the small test
MANY = 100_000  # plots
ROOM_BYTES = 64 * 1024 * 1024  # what the process may grow by; the plots as text are larger


def streamed(district: str) -> AsyncIterator[bytes]:
    """Parts of the answer that holds all plots of a district, made as they are asked for."""
    asked = plots.PlotQuery(district, Caller(), Choice(), {}, None, "en")
    request = Request({"type": "http", "headers": []})
    answer = plots._streamed(request, SnapshotCache(partial(reading, PUBLIC)), asked)
    assert isinstance(answer, StreamingResponse)
    return cast(AsyncIterator[bytes], answer.body_iterator)


def test_rows_are_fetched_from_an_open_cursor_as_the_answer_is_read(
    land: Land, monkeypatch: pytest.MonkeyPatch
) -> None:
    fetched: list[int] = []
    cursors: list[int] = []
    read = paging.stream_rows

    def noted(connection: Connection, *asked: Any) -> Iterator[Sequence[Any]]:
        for rows in read(connection, *asked):
            fetched.append(len(rows))
            # Asked in the transaction of the answer itself: only there its cursor can be seen.
            cursors.append(connection.execute(text("SELECT count(*) FROM pg_cursors WHERE name <> ''")).scalar_one())
            yield rows

    async def consumed() -> bytes:
        body = b""
        async for part in streamed(RASHT):
            body += part
            seen = body.count(b'"type":"Feature",')
            assert sum(fetched) <= seen + AT_ONCE
        return body

    monkeypatch.setattr(paging, "FETCHED_ROWS", AT_ONCE)
    monkeypatch.setattr(paging, "stream_rows", noted)
    whole = orjson.loads(asyncio.run(consumed()))
    assert sorted(feature["id"] for feature in whole["features"]) == [row["plot_id"] for row in land.of(RASHT)]
    assert whole["numberReturned"] == COUNTS[RASHT]
    assert fetched == [AT_ONCE] * (COUNTS[RASHT] // AT_ONCE)
    assert set(cursors) == {1}


@pytest.mark.heavy
def test_a_hundred_thousand_plots_are_streamed_in_bounded_memory(land: Land, database: Engine) -> None:
    assert land.rows
    asyncio.run(drawn_off())  # the first answer takes memory for what stays: plans, compiled statements, buffers
    with database.begin() as connection:
        connection.execute(copies(), {"many": MANY - COUNTS[QUBODIYON], "district": QUBODIYON})
    try:
        count, size, grown = asyncio.run(drawn_off())
        assert count == MANY
        assert size > ROOM_BYTES
        assert grown < ROOM_BYTES
    finally:
        with database.begin() as connection:
            connection.execute(text("DELETE FROM plots WHERE plot_id LIKE 'copy-%'"))


async def drawn_off() -> tuple[int, int, int]:
    """Plots and bytes of the stream of a district, and how much the process grew by at most."""
    process = psutil.Process()
    before, count, size, most = process.memory_info().rss, 0, 0, 0
    async for part in streamed(QUBODIYON):
        count += part.count(b'"type":"Feature",')
        size += len(part)
        most = max(most, process.memory_info().rss - before)
    return count, size, most


def copies() -> Any:
    """Statement that copies one plot of a district many times."""
    numbered = {"plot_id": "'copy-' || n", "plot_no": "10000000 + n"}
    names = [column.key for column in Plot.__table__.columns if column.key != "gid" and column.computed is None]
    listed, taken = ", ".join(names), ", ".join(numbered.get(name, name) for name in names)
    return text(
        f"INSERT INTO plots ({listed}) SELECT {taken} FROM generate_series(1, :many) AS n, "
        "(SELECT * FROM plots WHERE district = :district AND ended_by IS NULL ORDER BY plot_no LIMIT 1) AS one"
    )
