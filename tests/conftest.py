"""A real PostGIS for the tests, and what a skipped or heavy test means.

One throw-away cluster serves the whole session, shared by parallel workers. Each test module that asks for
``database`` gets a database of its own, copied from one that was migrated once.
"""

from __future__ import annotations

import fcntl
import os
import shutil
import tempfile
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TypeVar

import psycopg
import pytest
from fastapi.testclient import TestClient
from hypothesis import settings
from psycopg import sql
from sqlalchemy import Connection, Engine

from api.main import create_app
from layers.catalogue.base import PUBLIC
from layers.postgres.cluster import Cluster
from layers.postgres.engine import engine, reading
from layers.postgres.roles import DATABASE
from layers.schema.logins import make_service_login
from layers.schema.migrate import migrate
from tests.clients.process import forget_settings
from tests.clients.service import state
from tests.worlds.three_districts import Land, plant

Report = TypeVar("Report", pytest.TestReport, pytest.CollectReport)
settings.register_profile("untimed", deadline=None)  # how long an example takes says more about the machine
settings.load_profile("untimed")

pytest_plugins = ["tests.drills.figures"]
HOME_VARIABLE = "OBOD_TEST_HOME"  # set by the process that starts the session, read by its workers


def pytest_addoption(parser: pytest.Parser) -> None:
    """Offer ``--heavy``: heavy clients and long drills too, and ``--figures``: what drills found into their page."""
    parser.addoption("--heavy", action="store_true", help="run heavy clients and long drills too")
    parser.addoption("--figures", action="store_true", help="write what drills found into docs/drills.md")


def pytest_configure(config: pytest.Config) -> None:
    """Name the home of the session's cluster before any worker starts."""
    if not hasattr(config, "workerinput"):
        home = tempfile.mkdtemp(prefix="obod-test-")
        os.chmod(home, 0o711)  # the server runs as another user when the tests run as root
        os.environ[HOME_VARIABLE] = home


def pytest_unconfigure(config: pytest.Config) -> None:
    """Stop the cluster and delete it, once all workers are done."""
    if not hasattr(config, "workerinput") and (home := os.environ.pop(HOME_VARIABLE, None)):
        Cluster(Path(home)).remove()
        shutil.rmtree(home)


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave out what this machine has no data for, and heavy tests unless asked for."""
    left_out = set()
    if not os.environ.get("OBOD_REAL_DATA"):
        left_out.add("real_data")
    if not config.getoption("--heavy"):
        left_out.add("heavy")
    deselected = [item for item in items if any(item.get_closest_marker(name) for name in left_out)]
    if deselected:
        config.hook.pytest_deselected(items=deselected)
        items[:] = [item for item in items if item not in deselected]


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport() -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Fail a skipped test when ``CI`` is set: there, a missing piece is an error."""
    report = yield
    return _failed_if_skipped(report)


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report() -> Generator[None, pytest.CollectReport, pytest.CollectReport]:
    """Fail a module that skips itself, likewise."""
    report = yield
    return _failed_if_skipped(report)


def _failed_if_skipped(report: Report) -> Report:
    in_ci = os.environ.get("CI", "").lower() not in ("", "0", "false")
    if in_ci and report.skipped and not hasattr(report, "wasxfail"):
        report.outcome = "failed"
        report.longrepr = f"skipped where nothing may be: {report.longrepr}"
    return report


def drop_database(administration: psycopg.Connection[tuple[object, ...]], name: str) -> None:
    """Drop a database if it is there, whoever of its owner's is connected.

    Dropping by force would also end what autovacuum does there, which only a superuser may; a plain drop waits for it.
    """
    connected = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s AND usename = current_user"
    administration.execute(connected, [name])
    administration.execute(sql.SQL("DROP DATABASE IF EXISTS {}").format(sql.Identifier(name)))


@pytest.fixture(scope="session")
def cluster() -> Cluster:
    """Give the session's running cluster; its database ``obod`` is migrated and serves as template."""
    home = Path(os.environ[HOME_VARIABLE])
    running = Cluster(home, durable=False)
    with _one_worker_at_a_time(home):
        running.start()
        if not (home / "migrated").exists():
            with _environment({"OBOD_DATABASE_URL": running.url(), "OBOD_HOME": str(home)}):
                migrate(engine())
            (home / "migrated").touch()
    return running


@pytest.fixture(scope="module")
def database(
    cluster: Cluster, request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Engine]:
    """Give the owner's engine of a fresh, migrated, empty database that lives as long as the test module.

    ``OBOD_DATABASE_URL`` and ``OBOD_HOME`` name it and a folder meanwhile that holds a login for the service alone, so
    that ``reading()``, ``writing()`` and commands started by the tests use it too. Logins that belong to it go with it.
    """
    name = f"{request.module.__name__.rpartition('.')[2]}_{os.environ.get('PYTEST_XDIST_WORKER', 'main')}"[:63]
    with psycopg.connect(cluster.url(database="postgres"), autocommit=True) as administration:
        drop_database(administration, name)
        statement = sql.SQL("CREATE DATABASE {} TEMPLATE {}")
        administration.execute(statement.format(sql.Identifier(name), sql.Identifier(DATABASE)))
    home = tmp_path_factory.mktemp("home")
    with _environment({"OBOD_DATABASE_URL": cluster.url(database=name), "OBOD_HOME": str(home)}):
        make_service_login()
        yield engine()
    with psycopg.connect(cluster.url(database="postgres"), autocommit=True) as administration:
        of_database = "rolname ~ ('^obod_[a-z]+_' || d.oid || '_')"
        made = f"SELECT rolname FROM pg_roles, pg_database d WHERE datname = %s AND {of_database}"
        logins = administration.execute(made, [name]).fetchall()
        drop_database(administration, name)
        for (login,) in logins:
            administration.execute(sql.SQL("DROP ROLE {}").format(sql.Identifier(login)))


@pytest.fixture
def connection(database: Engine) -> Iterator[Connection]:
    """Give a connection that may write; whatever the test does is rolled back after it."""
    with database.connect() as opened, opened.begin() as transaction:
        yield opened
        if transaction.is_active:
            transaction.rollback()


@pytest.fixture(scope="module")
def land(database: Engine) -> Land:
    """Give a small piece of land with results, planted once for all tests of the module."""
    with database.begin() as opened:
        return plant(opened)


@pytest.fixture(scope="module")
def public(land: Land) -> Iterator[Connection]:  # noqa: ARG001 - the land must be there
    """Give a connection that sees what the public sees."""
    with reading(PUBLIC) as opened:
        yield opened


@pytest.fixture
def service(land: Land, monkeypatch: pytest.MonkeyPatch) -> Iterator[TestClient]:
    """Give a client of a service whose snapshot is read again only when the test says so (``running_service``)."""
    assert land.rows
    monkeypatch.setattr("layers.records.snapshot.KEPT_S", 3600.0)
    with TestClient(create_app()) as client:
        client.get("/readyz")
        state(client).current()
        yield client


@contextmanager
def _environment(variables: dict[str, str]) -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        for name, value in ({"OBOD_DRAW_AFTER_PUBLICATION": "false"} | variables).items():
            patch.setenv(name, value)
        forget_settings()
        try:
            yield
        finally:
            forget_settings()


@contextmanager
def _one_worker_at_a_time(home: Path) -> Iterator[None]:
    with (home / "tests.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
