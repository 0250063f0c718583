"""Alembic's entry: which metadata to compare with, and on which connection to run."""

from __future__ import annotations

from alembic import context
from geoalchemy2 import alembic_helpers
from sqlalchemy import Connection, text

import layers.catalogue
import layers.results  # noqa: F401  declares runs and results
from layers.base import Base
from layers.database import engine

POSTGIS_TABLES = {"spatial_ref_sys"}


def _run(connection: Connection) -> None:
    partitions = set(
        connection.execute(text("SELECT relname FROM pg_class WHERE relispartition AND relkind = 'r'")).scalars()
    )

    def ours(_item: object, name: str | None, kind: str, reflected: bool, compare_to: object) -> bool:
        # Partitions are made by scoring, one per run; PostGIS keeps tables of its own in the same schema.
        if kind == "table" and name in partitions:
            return False
        return not (kind == "table" and reflected and compare_to is None and name in POSTGIS_TABLES)

    context.configure(
        connection=connection,
        target_metadata=Base.metadata,
        include_object=ours,
        process_revision_directives=alembic_helpers.writer,
        render_item=alembic_helpers.render_item,
        compare_type=True,
        compare_server_default=True,
    )
    with context.begin_transaction():
        context.run_migrations()


given = context.config.attributes.get("connection")
if given is not None:
    _run(given)
else:
    with engine().begin() as opened:
        _run(opened)
