"""Tables and indexes of every declared layer, as PostgreSQL is told to make them."""

from __future__ import annotations

from sqlalchemy import Table
from sqlalchemy.dialects.postgresql.psycopg import PGDialect_psycopg
from sqlalchemy.schema import CreateIndex, CreateTable, DDLElement

from layers.catalogue import BY_NAME

DIALECT = PGDialect_psycopg()


def table_texts() -> dict[str, str]:
    """Return the DDL of a layer's table and of its indexes in order of their names, by layer."""
    return {name: _ddl(layer.__table__) for name, layer in BY_NAME.items() if isinstance(layer.__table__, Table)}


def _ddl(table: Table) -> str:
    indexes = sorted(table.indexes, key=lambda index: str(index.name))
    elements: list[DDLElement] = [CreateTable(table), *(CreateIndex(index) for index in indexes)]
    lines = "\n".join(f"{str(element.compile(dialect=DIALECT)).strip()};\n" for element in elements).splitlines()
    return "".join(f"{line.rstrip()}\n" for line in lines)
