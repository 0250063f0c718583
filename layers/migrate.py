"""Brings a database to the form this code declares: revisions, criterion columns, views, roles and grants."""

from __future__ import annotations

from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.operations import Operations
from alembic.script import ScriptDirectory
from psycopg import errors
from sqlalchemy import REAL, Column, Connection, Engine, inspect, text
from sqlalchemy.exc import DBAPIError

from layers.access import grant
from layers.errors import DatabaseUnavailable
from layers.postgresql import OLDEST_POSTGIS, OLDEST_POSTGRESQL
from layers.results import suitability
from layers.views import make_views

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


def migrate_within(connection: Connection, revision: str = "head") -> None:
    """Do the same within a transaction of the caller, up to ``revision``."""
    connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": MIGRATE_LOCK})
    _check_server(connection)
    known = {script.revision for script in ScriptDirectory(str(MIGRATIONS)).walk_revisions()}
    if (at := current_revision(connection)) is not None and at not in known:
        raise DatabaseUnavailable("The database was made by a newer version of Obod; update Obod first.")
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
    config.attributes["connection"] = connection
    command.upgrade(config, revision)
    add_criteria(connection)
    make_views(connection)
    grant(connection)


def current_revision(connection: Connection) -> str | None:
    """Return the revision the database is at, or None before the first."""
    if connection.execute(text("SELECT to_regclass('public.alembic_version')")).scalar() is None:
        return None
    return connection.execute(text("SELECT version_num FROM alembic_version")).scalar()


def add_criteria(connection: Connection) -> list[str]:
    """Add a nullable column to the results for each declared criterion that has none yet; return their names."""
    present = {column["name"] for column in inspect(connection).get_columns("suitability")}
    new = [column for column in suitability.columns if column.name not in present and isinstance(column.type, REAL)]
    operations = Operations(MigrationContext.configure(connection))
    for column in new:
        operations.add_column("suitability", Column(column.name, REAL, comment=column.comment))
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
