"""Rivers, lakes, glaciers, canals, outlets, command areas and their monthly figures."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from layers.schema.migrations.tables import create_layer

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    """Create them."""
    create_layer(
        "glaciers",
        "Glaciers",
        "code",
        sa.Column("code", sa.String(), nullable=False, comment="Glacier"),
        sa.Column("name", sa.String(), comment="Name"),
        geometry="MULTIPOLYGON",
    )
    create_layer(
        "lakes",
        "Lakes",
        "code",
        sa.Column("code", sa.String(), nullable=False, comment="Lake"),
        sa.Column("name_en", sa.String(), comment="Name in English"),
        sa.Column("name_tg", sa.String(), comment="Name in Tajik"),
        sa.Column("name_ru", sa.String(), comment="Name in Russian"),
        sa.Column("kind", sa.String(), nullable=False, comment="Kind of water body"),
        geometry="MULTIPOLYGON",
    )
    create_layer(
        "rivers",
        "Rivers",
        "code",
        sa.Column("code", sa.String(), nullable=False, comment="River"),
        sa.Column("name_en", sa.String(), comment="Name in English"),
        sa.Column("name_tg", sa.String(), comment="Name in Tajik"),
        sa.Column("name_ru", sa.String(), comment="Name in Russian"),
        sa.Column("stream_class", sa.Integer(), comment="Stream class, 1 the largest"),
        sa.Column("upstream_km2", sa.Double(), comment="Area drained [km2]"),
        sa.Column("basis", sa.String(), nullable=False, comment="How it was obtained"),
        geometry="MULTILINESTRING",
    )
    create_layer(
        "command_areas",
        "Command areas",
        "code",
        sa.Column("code", sa.String(), nullable=False, comment="Command area"),
        sa.Column("name", sa.String(), comment="Name"),
        sa.Column("canal", sa.String(), comment="Feeding canal"),
        sa.Column("reach", sa.String(), comment="Feeding canal reach"),
        sa.Column("sdr", sa.Double(), comment="Supply-demand ratio, worst month [ratio]"),
        sa.Column("sdr_basis", sa.String(), nullable=False, comment="How the ratio was obtained"),
        sa.Column("sdr_date", sa.String(), comment="Season of the ratio"),
        sa.Column("turns_scheduled", sa.Integer(), comment="Water turns scheduled, April-September"),
        sa.Column("turns_delivered", sa.Integer(), comment="Water turns delivered, April-September"),
        sa.Column("position", sa.String(), nullable=False, comment="Position on the canal"),
        geometry="MULTIPOLYGON",
    )
    create_layer(
        "canals",
        "Canals",
        "code",
        sa.Column("code", sa.String(), nullable=False, comment="Canal reach"),
        sa.Column("canal", sa.String(), comment="Canal the reach belongs to"),
        sa.Column("name", sa.String(), comment="Name"),
        sa.Column("type", sa.String(), nullable=False, comment="Type"),
        sa.Column("lining", sa.String(), nullable=False, comment="Lining"),
        sa.Column("soil", sa.String(), nullable=False, comment="Bed soil"),
        sa.Column("condition", sa.Integer(), comment="Condition class, 1 good to 5 destroyed"),
        sa.Column("capacity_m3_s", sa.Double(), comment="Capacity [m3/s]"),
        sa.Column("head_level_m", sa.Double(), comment="Water level at the upper end, EGM2008 [m]"),
        sa.Column("tail_level_m", sa.Double(), comment="Water level at the lower end, EGM2008 [m]"),
        sa.Column("level_basis", sa.String(), nullable=False, comment="How the levels were obtained"),
        sa.Column("flow_known", sa.Boolean(), nullable=False, comment="The line runs in the direction of flow"),
        sa.Column("pumped", sa.Boolean(), comment="Fed by a pump"),
        sa.Column("position", sa.String(), nullable=False, comment="Position on the canal"),
        geometry="MULTILINESTRING",
    )
    create_layer(
        "outlets",
        "Outlets",
        "code",
        sa.Column("code", sa.String(), nullable=False, comment="Outlet"),
        sa.Column("reach", sa.String(), comment="Canal reach"),
        sa.Column("command_area", sa.String(), comment="Command area"),
        sa.Column("level_m", sa.Double(), comment="Water level, EGM2008 [m]"),
        sa.Column("level_basis", sa.String(), nullable=False, comment="How the level was obtained"),
        sa.Column("position", sa.String(), nullable=False, comment="Position on the canal"),
        geometry="POINT",
    )
    create_layer(
        "command_months",
        "Monthly flows",
        "code",
        sa.Column("code", sa.String(), nullable=False, comment="Record"),
        sa.Column("command_area", sa.String(), nullable=False, comment="Command area"),
        sa.Column("month", sa.Integer(), nullable=False, comment="Month"),
        sa.Column("year_type", sa.String(), nullable=False, comment="Kind of year"),
        sa.Column("flow_m3_s", sa.Double(), nullable=False, comment="Flow at the intake [m3/s]"),
    )
    create_layer(
        "command_crops",
        "Crop mix",
        "code",
        sa.Column("code", sa.String(), nullable=False, comment="Record"),
        sa.Column("command_area", sa.String(), nullable=False, comment="Command area"),
        sa.Column("crop", sa.String(), nullable=False, comment="Crop"),
        sa.Column("area_ha", sa.Double(), nullable=False, comment="Area [ha]"),
    )


def downgrade() -> None:
    """Drop them with all they hold."""
    op.drop_table("command_crops")
    op.drop_table("command_months")
    op.drop_table("outlets")
    op.drop_table("canals")
    op.drop_table("command_areas")
    op.drop_table("rivers")
    op.drop_table("lakes")
    op.drop_table("glaciers")
