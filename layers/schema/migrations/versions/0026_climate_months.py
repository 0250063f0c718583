"""Rain and temperature of districts by month and kind of year."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from layers.schema.migrations.tables import create_layer

revision = "0026"
down_revision = "0025"


def upgrade() -> None:
    """Create the table."""
    create_layer(
        "climate_months",
        "Rain and temperature by month",
        "code",
        sa.Column("code", sa.String(), nullable=False, comment="Record"),
        sa.Column("district", sa.String(), nullable=False, comment="District"),
        sa.Column("station", sa.String(), comment="Station"),
        sa.Column("elevation_m", sa.Float(), comment="Elevation [m]"),
        sa.Column("year_type", sa.String(), nullable=False, comment="Kind of year"),
        sa.Column("month", sa.Integer(), nullable=False, comment="Month"),
        sa.Column("rain_mm", sa.Float(), comment="Rain [mm]"),
        sa.Column("tmin_c", sa.Float(), comment="Mean daily minimum temperature [degC]"),
        sa.Column("tmax_c", sa.Float(), comment="Mean daily maximum temperature [degC]"),
        sa.Column("et0_mm_d", sa.Float(), comment="Reference evapotranspiration [mm/d]"),
    )


def downgrade() -> None:
    """Take it back, with all its rows."""
    op.execute("DROP SCHEMA IF EXISTS qgis CASCADE")  # its views follow from the tables and are made anew
    op.drop_table("climate_months")
