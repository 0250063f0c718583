"""What a database holds, for whoever is about to delete it: rows by table, bytes on disk."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path

import psycopg
from psycopg import sql

from layers.errors import DatabaseUnavailable

# Partitions count with their table; tables of extensions and of the migrations hold nothing of the user's.
_TABLES = """
    SELECT coalesce(pg_partition_root(t.oid)::regclass, t.oid::regclass)::text, n.nspname, t.relname
    FROM pg_class t JOIN pg_namespace n ON n.oid = t.relnamespace
    WHERE t.relkind = 'r' AND n.nspname NOT LIKE 'pg\\_%' AND n.nspname <> 'information_schema'
      AND t.relname <> 'alembic_version'
      AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.objid = t.oid AND d.deptype = 'e')
    ORDER BY 1
"""


def count_rows(url: str) -> Mapping[str, int]:
    """Return table -> its rows, counted one by one, of the database at ``url``; tables without rows are left out.

    Raises
    ------
    DatabaseUnavailable : the database does not answer, or a table is damaged.
    """
    counted: dict[str, int] = {}
    try:
        with psycopg.connect(url) as connection:
            for table, schema, name in connection.execute(_TABLES).fetchall():
                count = sql.SQL("SELECT count(*) FROM {}").format(sql.Identifier(schema, name))
                row = connection.execute(count).fetchone()
                assert row is not None
                counted[table] = counted.get(table, 0) + int(row[0])
    except psycopg.Error as error:
        raise DatabaseUnavailable(str(error).splitlines()[0]) from error
    return {table: rows for table, rows in counted.items() if rows}


def bytes_in(folders: Iterable[Path]) -> int:
    """Return the bytes of all files in folders; one that is not there counts nothing. Links are not followed."""
    return sum(
        path.lstat().st_size for folder in folders if folder.is_dir() for path in folder.rglob("*") if path.is_file()
    )
