"""The valley in a database of each module, and a transaction in it that is rolled back."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from sqlalchemy import Connection, Engine

from layers.postgres.engine import writing
from tests.worlds.mapped_by_nobody import load_valley


@pytest.fixture(scope="module")
def valley(database: Engine) -> Engine:
    with writing() as connection:
        load_valley(connection)
    return database


@pytest.fixture
def clean(valley: Engine) -> Iterator[Connection]:
    """A transaction in the valley that is rolled back."""
    with valley.connect() as connection, connection.begin() as transaction:
        yield connection
        transaction.rollback()
