"""Greenness of fields in August, and water seen from above by groups of plots."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from layers.schema.migrations.tables import create_layer

revision = "0032"
down_revision = "0031"


def upgrade() -> None:
    """Create them."""
    create_layer(
        "august_greenness",
        "Greenness in August",
        "code",
        sa.Column("code", sa.String(), nullable=False, comment="Field and year"),
        sa.Column("land", sa.String(), nullable=False, comment="Plot or candidate field"),
        sa.Column("kind", sa.String(), nullable=False, comment="What the outline is"),
        sa.Column("district", sa.String(), comment="District code"),
        sa.Column("jamoat", sa.String(), comment="Jamoat code"),
        sa.Column("year", sa.Integer(), nullable=False, comment="Year"),
        sa.Column("seen", sa.String(), nullable=False, comment="What was seen"),
        sa.Column("ndvi", sa.Float(), comment="Vegetation index of the greenest clear day, median of the field"),
        sa.Column("seen_on", sa.Date(), comment="Day of that"),
        sa.Column("clear_pct", sa.Integer(), nullable=False, comment="Share of the field seen clearly, best day [%]"),
        sa.Column("days", sa.Integer(), nullable=False, comment="Days on which enough was seen clearly"),
    )
    op.create_index("ix_august_greenness_land", "august_greenness", ["land", "year"])
    create_layer(
        "water_seen",
        "Water seen from above",
        "code",
        sa.Column("code", sa.String(), nullable=False, comment="Group of plots"),
        sa.Column("district", sa.String(), nullable=False, comment="District code"),
        sa.Column("jamoat", sa.String(), comment="Jamoat, where it is what is left of one"),
        sa.Column("area", sa.String(), comment="Command area"),
        sa.Column("level", sa.String(), nullable=False, comment="Water seen"),
        sa.Column("green_pct", sa.Integer(), comment="Share of the plots that were green, mean of the Augusts [%]"),
        sa.Column("augusts_known", sa.Integer(), nullable=False, comment="Augusts that are known"),
        sa.Column(
            "augusts_green",
            sa.Integer(),
            nullable=False,
            comment="Augusts in which half of the plots or more were green",
        ),
        sa.Column("first_year", sa.Integer(), nullable=False, comment="First August"),
        sa.Column("last_year", sa.Integer(), nullable=False, comment="Last August"),
        sa.Column("last_pct", sa.Integer(), comment="Share of the plots that were green in the last August [%]"),
        geometry="MULTIPOLYGON",
    )


def downgrade() -> None:
    """Take them back, with all their rows."""
    op.execute("DROP SCHEMA IF EXISTS qgis CASCADE")  # its views follow from the tables and are made anew
    op.drop_table("water_seen")
    op.drop_table("august_greenness")
