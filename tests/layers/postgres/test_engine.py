"""Transactions of readers and writers, bulk copying, and what a user is told when there is no database."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import psycopg
import pytest
from sqlalchemy import Connection, Engine, create_engine, text
from sqlalchemy.exc import ProgrammingError

from layers.catalogue.base import PARTNER, PUBLIC, STAFF, Audience
from layers.errors import DatabaseUnavailable
from layers.postgres.cluster import Cluster
from layers.postgres.engine import engine, reading, reading_engine, writing
from layers.postgres.roles import ROLES
from tests.clients.process import forget_settings

CROWD = 8  # threads that ask at the same time
TURNS = 1_000  # given to the others while an engine is made
ADD_LOAD = text("INSERT INTO loads (layer, kind, mode) VALUES ('plots', 'load', 'add')")
COUNT_LOADS = text("SELECT count(*) FROM loads")


@pytest.mark.parametrize("audience", [PUBLIC, PARTNER, STAFF])
@pytest.mark.usefixtures("database")
def test_reading_takes_the_role_of_the_audience_for_one_transaction(audience: Audience) -> None:
    with reading(audience, timeout_s=1.5) as connection:
        row = connection.execute(
            text("SELECT current_user, current_setting('statement_timeout'), current_setting('transaction_read_only')")
        ).one()
        assert tuple(row) == (ROLES[audience].name, "1500ms", "on")
    with reading_engine().connect() as connection:  # the login that serves, which is not the owner's
        assert str(connection.execute(text("SELECT current_user")).scalar()).startswith("obod_service_")


@pytest.mark.usefixtures("database")
def test_a_reader_sees_one_moment() -> None:
    with reading() as reader:
        before = reader.execute(text("SELECT count(load_id) FROM loads")).scalar()
        with writing() as writer:
            writer.execute(ADD_LOAD)
        assert reader.execute(text("SELECT count(load_id) FROM loads")).scalar() == before
    with reading() as reader:
        assert reader.execute(text("SELECT count(load_id) FROM loads")).scalar() == (before or 0) + 1


@pytest.mark.usefixtures("database")
def test_writing_is_all_or_nothing() -> None:
    with writing() as connection:
        before = connection.execute(COUNT_LOADS).scalar()
    with pytest.raises(ProgrammingError), writing() as connection:
        _add_load_and_stumble(connection)
    with writing() as connection:
        assert connection.execute(COUNT_LOADS).scalar() == before


@pytest.mark.usefixtures("database")
def test_a_statement_that_takes_too_long_is_ended() -> None:
    with pytest.raises(DatabaseUnavailable, match="needed too long"), reading(timeout_s=0.05) as connection:
        connection.execute(text("SELECT pg_sleep(30)"))


@pytest.mark.usefixtures("database")
def test_a_fault_of_our_own_keeps_its_name() -> None:
    with pytest.raises(ProgrammingError), writing() as connection:
        connection.execute(text("SELEKT"))


@pytest.mark.usefixtures("database")
def test_a_missing_table_means_migrate() -> None:
    with pytest.raises(DatabaseUnavailable, match="obod db migrate"), reading() as connection:
        connection.execute(text("SELECT * FROM not_there"))


def test_a_lost_connection_is_replaced(cluster: Cluster, database: Engine) -> None:
    with writing() as connection:
        lost = connection.execute(text("SELECT pg_backend_pid()")).scalar_one()
    with psycopg.connect(cluster.url(), autocommit=True) as administration:
        administration.execute("SELECT pg_terminate_backend(%s, 5000)", [lost])
    with writing() as connection:
        assert connection.execute(text("SELECT pg_backend_pid()")).scalar_one() != lost
    pool: Any = database.pool
    assert pool.checkedout() == 0


@pytest.mark.usefixtures("database")
@pytest.mark.parametrize("asked", [engine, reading_engine])
def test_threads_that_ask_first_at_the_same_time_get_one_engine(
    asked: Callable[[], Engine], monkeypatch: pytest.MonkeyPatch
) -> None:
    made: list[Engine] = []

    def noted(*address: Any, **options: Any) -> Engine:
        made.append(create_engine(*address, **options))
        for _ in range(TURNS):
            os.sched_yield()  # whoever else may make one gets to it
        return made[-1]

    forget_settings()
    monkeypatch.setattr("layers.postgres.engine.create_engine", noted)
    together = threading.Barrier(CROWD)

    def ask(_: int) -> Engine:
        together.wait()
        return asked()

    with ThreadPoolExecutor(CROWD) as crowd:
        assert {id(found) for found in crowd.map(ask, range(CROWD))} == {id(made[0])}
    assert len(made) == 1


def test_without_a_database_the_way_to_one_is_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    with _other_settings(monkeypatch, OBOD_HOME=str(tmp_path)):
        with pytest.raises(DatabaseUnavailable, match="make demo"):
            engine()
        assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("postgresql://me:sesame@127.0.0.1:1/obod", "does not answer"),
        ("mysql://me:sesame@localhost/obod", "must begin with postgresql://"),
        ("sesame", "is not understood"),
    ],
)
def test_a_database_that_is_not_there_is_one_sentence_without_password(
    monkeypatch: pytest.MonkeyPatch, url: str, said: str
) -> None:
    with _other_settings(monkeypatch, OBOD_DATABASE_URL=url):
        with pytest.raises(DatabaseUnavailable, match=said) as refusal, writing():
            pass
        assert "sesame" not in str(refusal.value)
        assert "\n" not in str(refusal.value)


@pytest.mark.usefixtures("database")
def test_a_database_without_our_roles_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(ROLES, PUBLIC, replace(ROLES[PUBLIC], name="nobody_made_this_role"))
    with pytest.raises(DatabaseUnavailable, match="obod db migrate"), reading():
        pass


def _add_load_and_stumble(connection: Connection) -> None:
    connection.execute(ADD_LOAD)
    connection.execute(text("SELEKT"))


@contextmanager
def _other_settings(monkeypatch: pytest.MonkeyPatch, **variables: str) -> Iterator[None]:
    with monkeypatch.context() as patch:
        patch.delenv("OBOD_DATABASE_URL", raising=False)
        for name, value in variables.items():
            patch.setenv(name, value)
        forget_settings()
        try:
            yield
        finally:
            forget_settings()
