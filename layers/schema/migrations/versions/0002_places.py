"""Country, regions, districts, jamoats, settlements and their names."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from layers.schema.migrations.tables import create_layer

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """Create them."""
    create_layer(
        "country",
        "Country outline",
        "code",
        sa.Column("code", sa.String(), nullable=False, comment="ISO 3166-1 code"),
        sa.Column("name_en", sa.String(), nullable=False, comment="Name in English"),
        sa.Column("name_tg", sa.String(), comment="Name in Tajik"),
        sa.Column("name_ru", sa.String(), comment="Name in Russian"),
        sa.Column("population", sa.Integer(), comment="Population [people]"),
        geometry="MULTIPOLYGON",
    )
    create_layer(
        "regions",
        "Regions",
        "code",
        sa.Column("code", sa.String(), nullable=False, comment="ISO 3166-2 code"),
        sa.Column("name_en", sa.String(), nullable=False, comment="Name in English"),
        sa.Column("name_tg", sa.String(), comment="Name in Tajik"),
        sa.Column("name_ru", sa.String(), comment="Name in Russian"),
        sa.Column("population", sa.Integer(), comment="Population [people]"),
        sa.Column("boundary_date", sa.Date(), comment="Date of the boundary"),
        geometry="MULTIPOLYGON",
    )
    create_layer(
        "districts",
        "Districts",
        "code",
        sa.Column("code", sa.String(), nullable=False, comment="District code"),
        sa.Column("region", sa.String(), comment="Region code"),
        sa.Column("name_en", sa.String(), nullable=False, comment="Name in English"),
        sa.Column("name_tg", sa.String(), comment="Name in Tajik"),
        sa.Column("name_ru", sa.String(), comment="Name in Russian"),
        sa.Column("population", sa.Integer(), comment="Population [people]"),
        sa.Column("boundary_date", sa.Date(), comment="Date of the boundary"),
        sa.Column("boundary_note", sa.String(), comment="What is known to be wrong with the boundary"),
        geometry="MULTIPOLYGON",
    )
    create_layer(
        "jamoats",
        "Jamoats",
        "code",
        sa.Column("code", sa.String(), nullable=False, comment="Jamoat code"),
        sa.Column("district", sa.String(), comment="District code"),
        sa.Column("name_en", sa.String(), nullable=False, comment="Name in English"),
        sa.Column("name_tg", sa.String(), comment="Name in Tajik"),
        sa.Column("name_ru", sa.String(), comment="Name in Russian"),
        sa.Column("population", sa.Integer(), comment="Population [people]"),
        sa.Column("boundary_date", sa.Date(), comment="Date of the boundary"),
        geometry="MULTIPOLYGON",
    )
    create_layer(
        "settlements",
        "Settlements",
        "code",
        sa.Column("code", sa.String(), nullable=False, comment="Settlement code"),
        sa.Column("district", sa.String(), comment="District code"),
        sa.Column("jamoat", sa.String(), comment="Jamoat code"),
        sa.Column("name_en", sa.String(), nullable=False, comment="Name in English"),
        sa.Column("name_tg", sa.String(), comment="Name in Tajik"),
        sa.Column("name_ru", sa.String(), comment="Name in Russian"),
        sa.Column("kind", sa.String(), nullable=False, comment="Kind of settlement"),
        sa.Column("population", sa.Integer(), comment="Population [people]"),
        geometry="POINT",
    )
    create_layer(
        "place_names",
        "Place names",
        "code",
        sa.Column("code", sa.String(), nullable=False, comment="Name record"),
        sa.Column("layer", sa.String(), nullable=False, comment="Layer of the place"),
        sa.Column("place", sa.String(), nullable=False, comment="Code of the place"),
        sa.Column("name", sa.String(), nullable=False, comment="Name"),
        sa.Column("lang", sa.String(), comment="Language"),
        sa.Column("used_from", sa.Date(), comment="In use from"),
        sa.Column("used_to", sa.Date(), comment="In use to; empty = still"),
    )


def downgrade() -> None:
    """Drop them with all they hold."""
    op.drop_table("place_names")
    op.drop_table("settlements")
    op.drop_table("jamoats")
    op.drop_table("districts")
    op.drop_table("regions")
    op.drop_table("country")
