"""Roads, services, energy points, weather stations."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from layers.schema.migrations.tables import create_layer

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    """Create them."""
    create_layer(
        "roads",
        "Roads and paths",
        "code",
        sa.Column("code", sa.String(), nullable=False, comment="Road"),
        sa.Column("kind", sa.String(), nullable=False, comment="Kind"),
        sa.Column("name", sa.String(), comment="Name"),
        sa.Column("closed_months", sa.String(), comment="Months closed, such as 12-3"),
        geometry="MULTILINESTRING",
    )
    create_layer(
        "energy_points",
        "Energy points",
        "code",
        sa.Column("code", sa.String(), nullable=False, comment="Energy point"),
        sa.Column("kind", sa.String(), nullable=False, comment="Kind"),
        sa.Column("name", sa.String(), comment="Name"),
        sa.Column("capacity_mw", sa.Double(), comment="Capacity [MW]"),
        sa.Column("status", sa.String(), comment="Status"),
        geometry="POINT",
    )
    create_layer(
        "weather_stations",
        "Weather stations",
        "code",
        sa.Column("code", sa.String(), nullable=False, comment="Station"),
        sa.Column("name", sa.String(), comment="Name"),
        sa.Column("wmo", sa.String(), comment="WMO number"),
        sa.Column("elevation_m", sa.Double(), comment="Elevation [m]"),
        geometry="POINT",
    )
    create_layer(
        "services",
        "Services",
        "code",
        sa.Column("code", sa.String(), nullable=False, comment="Service"),
        sa.Column("kind", sa.String(), nullable=False, comment="Kind"),
        sa.Column("name_en", sa.String(), comment="Name in English"),
        sa.Column("name_tg", sa.String(), comment="Name in Tajik"),
        sa.Column("name_ru", sa.String(), comment="Name in Russian"),
        sa.Column("open_days", sa.String(), comment="Days open"),
        geometry="POINT",
    )


def downgrade() -> None:
    """Drop them with all they hold."""
    op.drop_table("services")
    op.drop_table("weather_stations")
    op.drop_table("energy_points")
    op.drop_table("roads")
