"""Tables written anew, so that what was deleted is in no file of the database any more."""

from __future__ import annotations

import re
import time
from collections.abc import Sequence
from typing import Any, Final, cast

import psycopg
from psycopg import sql
from psycopg.errors import Diagnostic
from sqlalchemy import Connection, Engine, text
from sqlalchemy.exc import DBAPIError

READERS_S: Final = 60.0  # seconds that whoever began to read before a deletion is waited for
PAUSE_S: Final = 0.5  # seconds between two attempts


def rewrite(engine: Engine, tables: Sequence[str]) -> list[str]:
    """Write tables anew without what was deleted, their statistics too, which quote values; return what was refused."""
    refused = []
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        present = set(connection.execute(text("SELECT relname FROM pg_class WHERE relkind IN ('r', 'p')")).scalars())
        for name in dict.fromkeys([*(name for name in tables if name in present), "loads", "rasters", "scoring_runs"]):
            table = sql.Identifier(name).as_string()
            if not _written_anew(connection, f"VACUUM (FULL, VERBOSE, ANALYZE) {table}"):
                refused.append(name)
        try:
            if not _written_anew(connection, "VACUUM (FULL, VERBOSE) pg_catalog.pg_statistic"):
                refused.append("pg_statistic")
        except DBAPIError:  # a database of others may not let its user
            refused.append("pg_statistic")
    return refused


def _written_anew(connection: Connection, statement: str) -> bool:
    """Run a VACUUM FULL until it keeps no deleted row, and tell whether it came to that.

    Whoever began to read before the deletion may still see the rows, and then they are written into the new file as
    well; PostgreSQL tells how many in the detail of its notice.
    """
    kept: list[int] = []

    def count_kept(diagnostic: Diagnostic) -> None:
        number = re.match(r"\d+", diagnostic.message_detail or "")
        kept.append(int(number[0]) if number else 0)

    driver = cast("psycopg.Connection[Any]", connection.connection.driver_connection)
    driver.add_notice_handler(count_kept)
    try:
        given_up = time.monotonic() + READERS_S
        while True:
            kept.clear()
            connection.exec_driver_sql(statement)
            if not any(kept) or time.monotonic() > given_up:
                return not any(kept)
            time.sleep(PAUSE_S)
    finally:
        driver.remove_notice_handler(count_kept)
