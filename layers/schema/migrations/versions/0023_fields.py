"""Candidate fields, where there is no cadastre."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from layers.schema.migrations.tables import create_layer

revision = "0023"
down_revision = "0022"


def upgrade() -> None:
    """Create them."""
    create_layer(
        "fields",
        "Candidate fields",
        "code",
        sa.Column("code", sa.String(), nullable=False, comment="Field"),
        sa.Column("district", sa.String(), nullable=False, comment="District code"),
        sa.Column("jamoat", sa.String(), comment="Jamoat code"),
        sa.Column("area_ha", sa.Float(), nullable=False, comment="Area on the ellipsoid [ha]"),
        sa.Column("basis", sa.String(), nullable=False, comment="How it was obtained"),
        sa.Column("class_low", sa.String(), comment="Class at worst"),
        sa.Column("class_high", sa.String(), comment="Class at best"),
        sa.Column("outlook", sa.String(), comment="Outlook by what is known"),
        sa.Column("ask_first", sa.String(), comment="What to ask first"),
        sa.Column("known_weight_pct", sa.Integer(), comment="Share of the weight that is known [%]"),
        sa.Column("judged_on", sa.Date(), nullable=False, comment="Day it was judged for"),
        geometry="MULTIPOLYGON",
    )


def downgrade() -> None:
    """Take them back, with all their rows."""
    op.execute("DROP SCHEMA IF EXISTS qgis CASCADE")  # its views follow from the tables and are made anew
    op.drop_table("fields")
