"""Households of jamoats in a table of their own, which a programme loads without outlines."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from layers.schema.migrations.tables import create_layer

revision = "0009"
down_revision = "0008"


def upgrade() -> None:
    """Create it; counts that were columns of jamoats are loaded anew."""
    create_layer(
        "jamoat_households",
        "Households of jamoats",
        "code",
        sa.Column("code", sa.String(), nullable=False, comment="Jamoat code"),
        sa.Column("households", sa.Integer(), nullable=False, comment="Households"),
        sa.Column("households_led_by_women", sa.Integer(), nullable=False, comment="Households headed by women"),
        sa.Column("counted_on", sa.Date(), comment="Date of the count"),
    )
    op.execute("DROP VIEW IF EXISTS qgis.jamoats")
    op.execute("DO $$ BEGIN IF to_regnamespace('qgis') IS NOT NULL THEN COMMENT ON SCHEMA qgis IS NULL; END IF; END $$")
    op.drop_column("jamoats", "households_led_by_women")
    op.drop_column("jamoats", "households")


def downgrade() -> None:
    """Drop it with all it holds."""
    op.add_column("jamoats", sa.Column("households", sa.Integer(), comment="Households, programme statistics"))
    op.add_column(
        "jamoats",
        sa.Column("households_led_by_women", sa.Integer(), comment="Households headed by women, programme statistics"),
    )
    op.drop_table("jamoat_households")
