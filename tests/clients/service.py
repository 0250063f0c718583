"""A service on the small land whose snapshot of what is served is read again only when a test says so."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from fastapi import FastAPI
from fastapi.testclient import TestClient
from sqlalchemy import Engine, text

from layers.records.snapshot import SnapshotCache
from tests.worlds.three_districts import RASHT


def state(client: TestClient) -> SnapshotCache:
    """What the service knows of what is served."""
    assert isinstance(client.app, FastAPI)
    found = client.app.state.served
    assert isinstance(found, SnapshotCache)
    return found


def read_again(client: TestClient) -> None:
    """Have the service look what is served now."""
    state(client)._read_at = float("-inf")
    state(client).current()


@contextmanager
def shown(database: Engine, run: int) -> Iterator[None]:
    """Show a run in Rasht, then again the one that was shown."""
    found = text("SELECT run_id FROM publications WHERE district = :district AND shown")
    statement = text("UPDATE publications SET run_id = :run WHERE district = :district AND shown")
    with database.begin() as connection:
        before = connection.execute(found, {"district": RASHT}).scalar_one()
        connection.execute(statement, {"run": run, "district": RASHT})
    try:
        yield
    finally:
        with database.begin() as connection:
            connection.execute(statement, {"run": before, "district": RASHT})
