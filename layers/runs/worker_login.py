"""A login for the workers of one run: reads what a score follows from, writes into the tables of that run, then ends.

Tasks of a run travel between processes and machines. What travels with them opens no more than the work needs: no
right, document, dispute or cadastral number, no table of another run, nothing after the run.
"""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from contextlib import contextmanager

from psycopg import sql
from sqlalchemy import URL, Connection, Engine, text
from sqlalchemy.exc import DBAPIError

from layers.errors import LayersError
from layers.postgres.roles import RUN_LOGIN, SCIENCE
from layers.runs.parts import partition_name, parts_name

PASSWORD_BYTES = 32
VALID_DAYS = 7  # a login whose run was killed ends by itself


@contextmanager
def worker_login(engine: Engine, run_id: int) -> Iterator[URL]:
    """Yield the address of the database with a login that can score parts of a run and no more; it ends afterwards.

    Raises
    ------
    LayersError : the database user may not make logins.
    """
    name = f"{RUN_LOGIN}{run_id}_{secrets.token_hex(4)}"
    password = secrets.token_hex(PASSWORD_BYTES)
    try:
        with engine.begin() as connection:
            _end_expired(connection)
            valid_until = connection.execute(
                text("SELECT (now() + make_interval(days => :days))::text"), {"days": VALID_DAYS}
            ).scalar_one()
            _run(
                connection,
                sql.SQL("CREATE ROLE {} LOGIN PASSWORD {} VALID UNTIL {} IN ROLE {}").format(
                    sql.Identifier(name), sql.Literal(password), sql.Literal(valid_until), sql.Identifier(SCIENCE.name)
                ),
            )
            _run(
                connection,
                sql.SQL("GRANT SELECT, INSERT ON {}, {} TO {}").format(
                    sql.Identifier(partition_name(run_id)), sql.Identifier(parts_name(run_id)), sql.Identifier(name)
                ),
            )
    except DBAPIError as error:
        raise LayersError(
            "The database user may not make the login that workers of a run have; "
            "give it CREATEROLE, or score without --workers and --cluster."
        ) from error
    try:
        yield engine.url.set(username=name, password=password)
    finally:
        with engine.begin() as connection:
            _end(connection, name, run_id)


def _end_expired(connection: Connection) -> None:
    """End the logins of runs that were killed before they could."""
    names = connection.execute(
        text("SELECT rolname FROM pg_roles WHERE starts_with(rolname, :prefix) AND rolvaliduntil < now()"),
        {"prefix": RUN_LOGIN},
    ).scalars()
    for name in names.all():
        _end(connection, name, int(name.removeprefix(RUN_LOGIN).split("_")[0]))


def _end(connection: Connection, name: str, run_id: int) -> None:
    for table in (partition_name(run_id), parts_name(run_id)):
        if connection.execute(text("SELECT to_regclass(:table)"), {"table": table}).scalar() is not None:
            _run(connection, sql.SQL("REVOKE ALL ON {} FROM {}").format(sql.Identifier(table), sql.Identifier(name)))
    _run(connection, sql.SQL("DROP ROLE {}").format(sql.Identifier(name)))


def _run(connection: Connection, statement: sql.Composed) -> None:
    connection.exec_driver_sql(statement.as_string())
