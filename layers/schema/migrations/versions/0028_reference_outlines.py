"""Outlines of a second source."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from layers.schema.migrations.tables import create_layer

revision = "0028"
down_revision = "0027"


def upgrade() -> None:
    """Create them."""
    create_layer(
        "reference_outlines",
        "Outlines of a second source",
        "code",
        sa.Column("code", sa.String(), nullable=False, comment="Outline record"),
        sa.Column("layer", sa.String(), nullable=False, comment="Layer of the unit"),
        sa.Column("place", sa.String(), nullable=False, comment="Code of the unit"),
        geometry="MULTIPOLYGON",
    )


def downgrade() -> None:
    """Take them back, with all their rows."""
    op.execute("DROP SCHEMA IF EXISTS qgis CASCADE")  # its views follow from the tables and are made anew
    op.drop_table("reference_outlines")
