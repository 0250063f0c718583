"""The scored valley, explained plot by plot."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from sqlalchemy import Connection, Engine

from geo.panel.scheme import load_scheme
from layers.frames import windows
from layers.postgres.engine import writing
from layers.runs.score import score
from tests.worlds import valley
from tests.worlds.valley_in_database import RASHT, load_valley


@pytest.fixture(scope="module", name="scored")
def _scored(database: Engine) -> Engine:
    with writing() as connection:
        load_valley(connection, second=False)
    score(database, load_scheme(), districts=[RASHT], day=valley.AS_OF)
    return database


@pytest.fixture
def connection(scored: Engine) -> Iterator[Connection]:
    """The scored valley, with nothing kept of it; what a test loads is taken back."""
    with scored.connect() as opened:
        windows._KEPT.clear()
        yield opened
        opened.rollback()
    windows._KEPT.clear()
