"""A table written anew keeps no deleted row, however long somebody who still sees it goes on reading."""

from __future__ import annotations

import pytest
from sqlalchemy import Engine, text

from layers.postgres import rewriting
from layers.postgres.rewriting import rewrite


@pytest.fixture(name="pages")
def _pages(database: Engine) -> None:
    with database.begin() as connection:
        connection.execute(text("DROP TABLE IF EXISTS erased; CREATE TABLE erased (name text)"))
        connection.execute(text("INSERT INTO erased SELECT 'Zulfiya' FROM generate_series(1, 1000)"))


def size(database: Engine) -> int:
    with database.connect() as connection:
        return int(connection.execute(text("SELECT pg_relation_size('erased')")).scalar_one())


@pytest.mark.usefixtures("pages")
def test_a_reader_is_waited_for(database: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    with database.connect().execution_options(isolation_level="REPEATABLE READ") as reader:
        reader.execute(text("SELECT count(*) FROM pg_class"))  # sees the rows; a lock on them would be waited for
        with database.begin() as connection:
            connection.execute(text("DELETE FROM erased"))
        sizes = []

        def leave(_seconds: float) -> None:
            sizes.append(size(database))
            reader.rollback()

        monkeypatch.setattr("layers.postgres.rewriting.time.sleep", leave)
        assert rewrite(database, ["erased"]) == []
    assert size(database) == 0
    assert sizes[0] > 0


@pytest.mark.usefixtures("pages")
def test_a_reader_who_stays_is_told_of(database: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rewriting, "READERS_S", 0.0)
    with database.connect().execution_options(isolation_level="REPEATABLE READ") as reader:
        reader.execute(text("SELECT count(*) FROM pg_class"))
        with database.begin() as connection:
            connection.execute(text("DELETE FROM erased"))
        assert "erased" in rewrite(database, ["erased"])
