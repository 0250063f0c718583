"""Brings a database to the form this code declares: revisions, criterion columns, views, roles and grants."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.operations import Operations
from alembic.script import ScriptDirectory
from psycopg import errors
from sqlalchemy import REAL, Column, Connection, Engine, inspect, text
from sqlalchemy.exc import DBAPIError

from layers.errors import DatabaseUnavailable
from layers.postgres.installation import OLDEST_POSTGIS, OLDEST_POSTGRESQL
from layers.records.outcome import Kept
from layers.records.outcomes import columns_of
from layers.records.runs import household_fit, robustness, suitability
from layers.schema.access import grant
from layers.schema.views import make_views

MIGRATIONS = Path(__file__).parent / "migrations"
MIGRATE_LOCK = 0x4F626F64  # key of the advisory lock ("Obod" in ASCII): two migrations wait for each other


def migrate(engine: Engine) -> None:
    """Bring the database up to date in one transaction; running it again changes nothing.

    Raises
    ------
    DatabaseUnavailable : PostgreSQL or PostGIS is too old or missing, the user lacks a right, or the database was
        made by newer code.
    """
    with engine.begin() as connection:
        migrate_within(connection)


def migrate_within(connection: Connection) -> None:
    """Do the same within a transaction of the caller."""
    connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": MIGRATE_LOCK})
    upgrade(connection, "head")
    make_views(connection)
    grant(connection)


def upgrade(connection: Connection, revision: str) -> None:
    """Make or change the tables up to ``revision``, without the views and grants that the newest one needs."""
    _check_server(connection)
    if (at := current_revision(connection)) is not None and at not in known_revisions():
        raise DatabaseUnavailable("The database was made by a newer version of Obod; update Obod first.")
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
    config.attributes["connection"] = connection
    command.upgrade(config, revision)
    for table in (suitability, robustness, household_fit):
        if inspect(connection).has_table(table.name):
            # Criteria are no revision's; other outcomes may still be added by one between here and the newest.
            newest = revision == "head"
            late = [column for column in columns_of(Kept(table.name)) if newest or isinstance(column.type, REAL)]
            add_result_columns(connection, [column for column in late if column.nullable], table.name)


def known_revisions() -> set[str]:
    """Return the revisions this code can bring a database to."""
    return {script.revision for script in ScriptDirectory(str(MIGRATIONS)).walk_revisions()}


def current_revision(connection: Connection) -> str | None:
    """Return the revision the database is at, or None before the first."""
    if connection.execute(text("SELECT to_regclass('public.alembic_version')")).scalar() is None:
        return None
    return connection.execute(text("SELECT version_num FROM alembic_version")).scalar()


def add_result_columns(
    connection: Connection, columns: Iterable[Column[Any]], table: str = suitability.name
) -> list[str]:
    """Add the columns a table of results has not yet, as for a new criterion or outcome; earlier runs leave them empty.

    Returns the names that were added.
    """
    present = {column["name"] for column in inspect(connection).get_columns(table)}
    new = [column for column in columns if column.name not in present]
    operations = Operations(MigrationContext.configure(connection))
    for column in new:
        operations.add_column(table, Column(column.name, column.type, comment=column.comment))
    return [column.name for column in new]


def _check_server(connection: Connection) -> None:
    major = int(connection.execute(text("SHOW server_version_num")).scalar_one()) // 10_000
    if major < OLDEST_POSTGRESQL:
        raise DatabaseUnavailable(f"PostgreSQL {major} is too old; version {OLDEST_POSTGRESQL} or newer is needed.")
    try:
        with connection.begin_nested():
            connection.execute(text("CREATE EXTENSION IF NOT EXISTS postgis"))
    except DBAPIError as error:
        if isinstance(error.orig, errors.InsufficientPrivilege):
            raise DatabaseUnavailable(
                "PostGIS is not switched on in this database, and its user may not do it; ask the administrator to "
                "run CREATE EXTENSION postgis there once."
            ) from error
        raise DatabaseUnavailable("The database server has no PostGIS; install PostGIS 3.3 or newer there.") from error
    version = str(connection.execute(text("SELECT postgis_lib_version()")).scalar())
    if tuple(int(part) for part in version.split(".")[:2]) < OLDEST_POSTGIS:
        raise DatabaseUnavailable(f"PostGIS {version} is too old; version 3.3 or newer is needed.")
