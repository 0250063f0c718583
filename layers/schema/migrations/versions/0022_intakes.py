"""Intakes with what their sources offer, pumps, wells; what reaches, outlets, command areas and crops tell besides."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from layers.schema.migrations.tables import create_layer

revision = "0022"
down_revision = "0021"

COLUMNS = {
    "canals": (
        ("conveyance", sa.Float, "Share of its water the reach conveys, measured [ratio]"),
        ("conveyance_date", sa.Date, "Day it was measured"),
        ("conveyance_method", sa.String, "How it was measured"),
        ("closed", sa.Boolean, "It carries nothing"),
        ("upstream", sa.String, "Canal reach it takes its water from, where the drawing cannot say"),
    ),
    "outlets": (
        ("capacity_m3_s", sa.Float, "Capacity [m3/s]"),
        ("along_m", sa.Float, "Metres along the reach [m]"),
    ),
    "command_areas": (
        ("irrigation_method", sa.String, "How fields are watered"),
        ("application", sa.Float, "Share of the water at the outlet that reaches the roots [ratio]"),
        ("garden_ha", sa.Float, "Kitchen gardens [ha]"),
        ("water_salinity_ds_m", sa.Float, "Salinity of the water [dS/m]"),
        ("soil_salinity_ds_m", sa.Float, "Salinity of the soil [dS/m]"),
    ),
    "command_crops": (("begins", sa.String, "Day of sowing or bud break, MM-DD"),),
}


def upgrade() -> None:
    """Create the tables; rows there are have nothing in the new columns."""
    create_layer(
        "intakes",
        "Intakes",
        "code",
        sa.Column("code", sa.String(), nullable=False, comment="Intake"),
        sa.Column("name", sa.String(), comment="Name"),
        sa.Column("reach", sa.String(), comment="Canal reach it feeds"),
        sa.Column("source", sa.String(), nullable=False, comment="Source of the water"),
        sa.Column("right_m3_s", sa.Float(), comment="Most it may take in [m3/s]"),
        sa.Column("river_share", sa.Float(), comment="Share of the flow left in the source, 0.10 if empty [ratio]"),
        sa.Column("drinking_m3_d", sa.Float(), comment="Drinking water taken first [m3/d]"),
        geometry="POINT",
    )
    create_layer(
        "pumps",
        "Pumps",
        "code",
        sa.Column("code", sa.String(), nullable=False, comment="Pump"),
        sa.Column("intake", sa.String(), comment="Intake it lifts at"),
        sa.Column("reach", sa.String(), comment="Canal reach it lifts onto"),
        sa.Column("lift_m", sa.Float(), comment="Lift [m]"),
        sa.Column("stages", sa.Integer(), comment="Lift stages"),
        sa.Column("flow_m3_s", sa.Float(), comment="Flow while it runs [m3/s]"),
        sa.Column("hours", sa.String(), comment="Hours a day it runs, one number or twelve, January first"),
        sa.Column("availability", sa.Float(), comment="Share of its hours it works, 0.70 if empty [ratio]"),
        geometry="POINT",
    )
    create_layer(
        "wells",
        "Wells",
        "code",
        sa.Column("code", sa.String(), nullable=False, comment="Well"),
        sa.Column("use", sa.String(), nullable=False, comment="What it is used for"),
        sa.Column("depth_m", sa.Float(), comment="Depth [m]"),
        geometry="POINT",
    )
    create_layer(
        "intake_flows",
        "Flows at intakes",
        "code",
        sa.Column("code", sa.String(), nullable=False, comment="Record"),
        sa.Column("intake", sa.String(), nullable=False, comment="Intake"),
        sa.Column("year_type", sa.String(), nullable=False, comment="Kind of year"),
        sa.Column("month", sa.Integer(), nullable=False, comment="Month"),
        sa.Column("part", sa.Integer(), nullable=False, comment="Ten-day part of the month, 0 for all of it"),
        sa.Column("flow_m3_s", sa.Float(), comment="Flow the source offers [m3/s]"),
        sa.Column("basis", sa.String(), nullable=False, comment="How the flow was obtained"),
        sa.Column("years", sa.Integer(), comment="Years it rests on"),
    )
    for table, columns in COLUMNS.items():
        for name, kind, comment in columns:
            op.add_column(table, sa.Column(name, kind(), comment=comment))


def downgrade() -> None:
    """Take them back, with all their rows."""
    op.execute("DROP SCHEMA IF EXISTS qgis CASCADE")  # its views follow from the tables and are made anew
    for table, columns in COLUMNS.items():
        for name, _, _ in reversed(columns):
            op.drop_column(table, name)
    for table in ("intake_flows", "wells", "pumps", "intakes"):
        op.drop_table(table)
