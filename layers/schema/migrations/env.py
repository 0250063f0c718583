"""Alembic's entry: which metadata to compare with, and on which connection to run."""

from __future__ import annotations

import re

from alembic import context
from geoalchemy2 import alembic_helpers
from sqlalchemy import Connection

import layers.catalogue
import layers.records.runs  # noqa: F401  declares runs and results
from layers.catalogue.base import Base
from layers.postgres.engine import engine

STRANGERS = re.compile(r"spatial_ref_sys|layer_styles|suitability_run_\d+")


def _run(connection: Connection) -> None:
    def ours(_item: object, name: str | None, kind: str, reflected: bool, compare_to: object) -> bool:
        # Scoring makes a table for each run; PostGIS and QGIS keep one of their own beside ours.
        stranger = kind == "table" and reflected and compare_to is None
        return not (stranger and name is not None and STRANGERS.fullmatch(name))

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
