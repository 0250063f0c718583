"""The one way to the database: an engine per process, transactions for reading as an audience and for writing.

Reading takes the role of an audience for the length of one transaction, so that PostgreSQL itself refuses
columns the audience may not see. It sees one snapshot: a run published meanwhile shows in the next
transaction, never half-way through this one.
"""

from __future__ import annotations

import math
import select
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache
from pathlib import Path
from typing import Any, cast

import psycopg
from psycopg import sql
from sqlalchemy import URL, Engine, create_engine, event, make_url, text
from sqlalchemy import Connection as Connection  # handed on: whoever is above layers names no database library
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.exc import ArgumentError, DataError, DBAPIError, DisconnectionError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.pool import ConnectionPoolEntry

from layers.audience import PUBLIC, Audience
from layers.errors import DatabaseUnavailable, LayersError, NotAllowed, OperatorNeeded
from layers.postgres.cluster import NO_OWNER, Cluster
from layers.postgres.login_file import place_of, read_logins
from layers.postgres.revival import awaited
from layers.postgres.roles import API_LOGIN, ROLES, SCIENCE, Role
from layers.settings import get_settings

RESTED_S = 30.0  # seconds after which a connection may have been lost without a word

UnusableValue = DataError  # what a value of a request that PostgreSQL cannot take is refused with


def engine() -> Engine:
    """Return the engine of this process that may write: the owner of ``OBOD_DATABASE_URL`` or of the embedded one.

    An embedded database that was made before and is stopped is started.

    Raises
    ------
    DatabaseUnavailable : no database was made yet, or it cannot be started.
    """
    with _MAKING:
        return _owners_engine()


def reading_engine() -> Engine:
    """Return the engine of this process for reading; ``reading`` makes its transactions.

    On the embedded database it logs in as ``obod_api``, which may do nothing before it takes an audience's role; on
    another as ``OBOD_SERVICE_DATABASE_URL`` says, else with the login that ``obod db migrate`` made and ``OBOD_HOME``
    keeps. Where there is neither the one URL there is must do; the transaction still takes the audience's role.
    """
    with _MAKING:
        return _readers_engine()


# Without it threads that ask first at the same time make an engine each: all but one are lost with open connections.
_MAKING = threading.Lock()


@lru_cache
def _owners_engine() -> Engine:
    settings = get_settings()
    if not settings.knows_owner:
        raise OperatorNeeded(NO_OWNER)
    if settings.database_url is not None:
        return _engine(settings.database_url.get_secret_value())
    return _engine(_embedded().socket_url())


@lru_cache
def _readers_engine() -> Engine:
    settings = get_settings()
    said = settings.service_database_url or settings.database_url
    if said is not None:
        url = said.get_secret_value()
        if settings.service_database_url is None or address_of(url).username is None:
            url = _with_service_login(url, settings.home)
    else:
        url = _embedded(as_superuser=False).socket_url(API_LOGIN)
    # The driver begins nothing by itself: `reading` begins in the same message that takes the role.
    return _engine(url, isolation_level="AUTOCOMMIT")


def forget_owner() -> None:
    """Close the connections of the owner, before a process that has prepared the database begins to serve it."""
    with _MAKING:
        if _owners_engine.cache_info().currsize:
            _owners_engine().dispose()
            _owners_engine.cache_clear()


@contextmanager
def reading(audience: Audience = PUBLIC, *, timeout_s: float | None = None) -> Iterator[Connection]:
    """Yield a connection in one read-only transaction that sees what ``audience`` may see.

    Parameters
    ----------
    audience : whose rights hold; the transaction runs under the role ``obod_public``, ``_partner`` or ``_staff``.
    timeout_s : seconds one statement may take; None = ``query_seconds`` of the settings.

    Raises
    ------
    DatabaseUnavailable : no database, or a statement took longer than ``timeout_s``.
    NotAllowed : a statement touched a table or column the audience may not see.
    """
    with _reading_as(ROLES[audience], timeout_s) as connection:
        yield connection


@contextmanager
def computing(*, timeout_s: float | None = None) -> Iterator[Connection]:
    """Yield a connection in one read-only transaction that sees what computing needs, whoever asks.

    It runs under ``obod_science``, which reads surveys and counts and never a right, document, dispute or cadastral
    number. What is computed may be shown to the audience it is made for; the rows that were read may not.

    Parameters
    ----------
    timeout_s : seconds one statement may take; None = ``query_seconds`` of the settings.

    Raises
    ------
    DatabaseUnavailable : no database, or a statement took longer than ``timeout_s``.
    NotAllowed : a statement touched a table or column that computing may not see.
    """
    with _reading_as(SCIENCE, timeout_s) as connection:
        yield connection


@contextmanager
def _reading_as(role: Role, timeout_s: float | None) -> Iterator[Connection]:
    timeout_s = get_settings().query_seconds if timeout_s is None else timeout_s
    with _explained(), reading_engine().connect() as connection, connection.begin():
        _begin_as(connection, role.name, timeout_s)
        yield connection


@contextmanager
def writing() -> Iterator[Connection]:
    """Yield a connection in one transaction of the owner: committed at the end, rolled back on any error.

    Raises
    ------
    DatabaseUnavailable : there is no database to talk to.
    """
    with _explained(), engine().begin() as connection:
        yield connection


@contextmanager
def noting() -> Iterator[Connection]:
    """Yield a connection of the login that serves, before it takes a role; each statement is committed by itself.

    All it may do is call what is granted to that login.

    Raises
    ------
    DatabaseUnavailable : there is no database to talk to.
    """
    with _explained(), reading_engine().connect() as connection:
        yield connection


def _begin_as(connection: Connection, role: str, timeout_s: float) -> None:
    """Begin a read-only transaction of one snapshot under a role, in one message: each costs as much as a query."""
    begin = _BEGIN_AS.format(role=sql.Identifier(role), timeout=sql.Literal(round(timeout_s * 1000)))
    try:
        _driver(connection).execute(begin, prepare=False)
    except (psycopg.errors.InvalidParameterValue, psycopg.errors.InsufficientPrivilege) as error:
        raise DatabaseUnavailable("The database does not know its roles; run obod db migrate.") from error


_BEGIN_AS = sql.SQL(
    "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY; SET LOCAL ROLE {role}; SET LOCAL statement_timeout = {timeout}"
)


def _driver(connection: Connection) -> psycopg.Connection[Any]:
    return cast("psycopg.Connection[Any]", connection.connection.driver_connection)


def server_version(connection: Connection) -> str:
    """Return the version of the server, such as 15.14."""
    return str(connection.execute(text("SHOW server_version")).scalar_one())


def as_refusal(error: Exception) -> LayersError | None:
    """Return what went wrong in one sentence without SQL, address or password; None for a fault of our own."""
    if isinstance(error, PoolTimeout):
        return DatabaseUnavailable("The database is busy; try again in a minute.")
    match error.orig if isinstance(error, DBAPIError) else error:
        case psycopg.errors.InsufficientPrivilege():
            return NotAllowed("This is not open to you; a key of a wider audience is needed.")
        case psycopg.errors.QueryCanceled():
            return DatabaseUnavailable("The database needed too long; ask for less, such as one district or one page.")
        case psycopg.errors.UndefinedTable() | psycopg.errors.UndefinedColumn() | psycopg.errors.UndefinedFunction():
            return DatabaseUnavailable("The database is not up to date; run obod db migrate.")
        case psycopg.errors.DiskFull():
            return DatabaseUnavailable("The disk of the database is full; nothing was changed, make room first.")
        case psycopg.OperationalError():
            return _away()
        case _:
            return None


def _away() -> DatabaseUnavailable:
    """Say what a database that does not answer waits for, or what keeps it from running."""
    if (sentence := awaited()) is not None:
        return DatabaseUnavailable(sentence)
    settings = get_settings()
    if settings.database_url is None and (problem := Cluster(settings.home).status().problem) is not None:
        return OperatorNeeded(problem)
    return DatabaseUnavailable("The database does not answer; obod db status says more.")


def _with_service_login(url: str, home: Path) -> str:
    """Return an address with the login that ``home`` keeps for the service on that database, or as it is."""
    address = address_of(url)
    login = read_logins(home).get(place_of(address), {}).get("service")
    if login is None:
        return url
    return address.set(username=login["name"], password=login["password"]).render_as_string(hide_password=False)


def _embedded(*, as_superuser: bool = True) -> Cluster:
    """Return the embedded database, started; ``as_superuser`` also makes what may be missing of its roles."""
    cluster = Cluster(get_settings().home)
    if not cluster.made and (problem := cluster.status().problem) is not None:
        raise OperatorNeeded(problem)
    if not cluster.made:
        raise DatabaseUnavailable(
            "There is no database yet; run obod db start and obod db migrate (make demo does both), "
            "or name a PostGIS to use in OBOD_DATABASE_URL."
        )
    cluster.start(make=False, ensure=as_superuser)
    return cluster


def address_of(url: str) -> URL:
    """Return the parts of an address of a PostgreSQL database.

    Raises
    ------
    DatabaseUnavailable : it is none.
    """
    try:
        address = make_url(url)
    except ArgumentError:
        raise DatabaseUnavailable(
            "OBOD_DATABASE_URL is not understood; expected postgresql://user:password@host:port/database."
        ) from None
    if address.get_backend_name() not in ("postgresql", "postgres"):
        raise DatabaseUnavailable("OBOD_DATABASE_URL must begin with postgresql:// and name a database with PostGIS.")
    return address


def _engine(url: str, **options: Any) -> Engine:
    address = address_of(url)
    settings = get_settings()
    made = create_engine(
        address.set(drivername="postgresql+psycopg"),
        pool_size=settings.connections,
        max_overflow=settings.extra_connections,
        pool_timeout=settings.connection_seconds,
        hide_parameters=True,
        connect_args={"connect_timeout": settings.connect_seconds, "application_name": "obod"},
        **options,
    )
    _ping_where_in_doubt(made)
    return made


def _ping_where_in_doubt(made: Engine) -> None:
    """Try a connection before it is given out if the server said something while it rested, or it rested long.

    A server that ends says so, or its end of the socket is closed. SQLAlchemy's own ``pool_pre_ping`` tries every
    connection every time, which costs each request a message and its answer.
    """

    @event.listens_for(made, "checkin")
    def note(_: object, record: ConnectionPoolEntry) -> None:
        record.info["rests_since"] = time.monotonic()

    @event.listens_for(made, "checkout")
    def try_out(connection: DBAPIConnection, record: ConnectionPoolEntry, _: object) -> None:
        rested_s = time.monotonic() - record.info.get("rests_since", math.inf)
        if rested_s < RESTED_S and not _has_word(cast("psycopg.Connection[Any]", connection)):
            return
        try:
            made.dialect.do_ping(connection)
        except psycopg.Error as lost:
            raise DisconnectionError("lost while it rested") from lost


def _has_word(driver: psycopg.Connection[Any]) -> bool:
    """Tell whether a resting connection has something to read."""
    if driver.closed:
        return True
    asked = select.poll()
    asked.register(driver.fileno(), select.POLLIN)
    return bool(asked.poll(0))


@contextmanager
def _explained() -> Iterator[None]:
    try:
        yield
    except (DBAPIError, PoolTimeout, psycopg.Error) as error:
        refusal = as_refusal(error)
        if refusal is None:
            raise
        raise refusal from error
