"""An answer whose database goes away while it is read: one line of the log, and a client that knows it has not all."""

from __future__ import annotations

import http.client
import logging
import os
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest
from sqlalchemy import text

from api.content.exports import AS_READ
from layers.features.export import Format, stream_csv, stream_geojson
from layers.postgres.cluster import Cluster
from layers.postgres.roles import SUPERUSER
from tests.clients.browser import served
from tests.worlds.three_districts import RASHT, Land

LIST = f"/districts/{RASHT}/plots"
ROUTE = "/districts/{code}/plots"


def ended_in_the_middle(stream: Any) -> Any:
    """The stream, whose connection to the database the server ends after the first part."""

    def cut(connection: Any, *rest: Any) -> Iterator[bytes]:
        parts = stream(connection, *rest)
        yield next(parts)
        pid = connection.execute(text("SELECT pg_backend_pid()")).scalar_one()
        address = Cluster(Path(os.environ["OBOD_TEST_HOME"])).url(SUPERUSER, "postgres")
        with psycopg.connect(address, autocommit=True) as administration:
            administration.execute("SELECT pg_terminate_backend(%s, 10000)", [pid])
        connection.execute(text("SELECT 1"))
        yield from parts

    return cut


def disk_full_in_the_middle(stream: Any) -> Any:
    """The stream, which finds the disk full after the first part."""

    def cut(*arguments: Any) -> Iterator[bytes]:
        yield next(stream(*arguments))
        raise OSError(28, "No space left on device", "scratch")

    return cut


@pytest.mark.parametrize("fault", [ended_in_the_middle, disk_full_in_the_middle])
@pytest.mark.parametrize("asked", ["?limit=all", "?f=csv", "?f=geojson"])
@pytest.mark.parametrize("coding", ["identity", "gzip", "zstd"])
def test_an_answer_cut_in_the_middle_is_one_line_of_the_log(
    land: Land,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    fault: Any,
    asked: str,
    coding: str,
) -> None:
    assert land.rows
    with monkeypatch.context() as patch, served() as address:
        patch.setattr("api.routes.plots.stream_geojson", fault(stream_geojson))
        patch.setitem(AS_READ, Format.CSV, fault(stream_csv))
        patch.setitem(AS_READ, Format.GEOJSON, fault(stream_geojson))
        caplog.clear()
        request = urllib.request.Request(f"{address}{LIST}{asked}", headers={"Accept-Encoding": coding})
        with urllib.request.urlopen(request) as answer:
            assert answer.status == 200
            with pytest.raises(http.client.IncompleteRead):
                answer.read()
    told = [record for record in caplog.records if record.levelno >= logging.WARNING]
    assert len(told) == 1, [record.getMessage() for record in told]
    assert told[0].exc_info is None
    why = "The database does not answer" if fault is ended_in_the_middle else "The disk is full"
    assert told[0].getMessage().startswith(f"An answer of {ROUTE} was cut: {why}")
    with served() as address, urllib.request.urlopen(f"{address}{LIST}{asked}") as answer:
        assert len(answer.read()) > 1_000  # whole again: http.client would tell
