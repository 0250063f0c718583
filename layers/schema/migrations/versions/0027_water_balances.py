"""Water balances: how each was made, its rows by period, and what the last published one found as layers."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

from layers.schema.migrations.tables import create_layer

revision = "0027"
down_revision = "0026"

MONTHS = (
    ("ratio_01", "Delivered over needed, January [ratio]"),
    ("ratio_02", "Delivered over needed, February [ratio]"),
    ("ratio_03", "Delivered over needed, March [ratio]"),
    ("ratio_04", "Delivered over needed, April [ratio]"),
    ("ratio_05", "Delivered over needed, May [ratio]"),
    ("ratio_06", "Delivered over needed, June [ratio]"),
    ("ratio_07", "Delivered over needed, July [ratio]"),
    ("ratio_08", "Delivered over needed, August [ratio]"),
    ("ratio_09", "Delivered over needed, September [ratio]"),
    ("ratio_10", "Delivered over needed, October [ratio]"),
    ("ratio_11", "Delivered over needed, November [ratio]"),
    ("ratio_12", "Delivered over needed, December [ratio]"),
)


def upgrade() -> None:
    """Create the tables."""
    create_layer(
        "area_balance",
        "Water balance of command areas",
        "code",
        sa.Column("code", sa.String(), nullable=False, comment="Command area"),
        sa.Column("distance_m", sa.Float(), comment="Distance from the intake along the water [m]"),
        *_found(),
        geometry="MULTIPOLYGON",
    )
    create_layer(
        "reach_balance",
        "Water balance of canals",
        "code",
        sa.Column("code", sa.String(), nullable=False, comment="Canal reach"),
        sa.Column("flow_m3_s", sa.Float(), comment="Greatest flow it takes in [m3/s]"),
        sa.Column("lost_m3", sa.Float(), comment="Lost on the reach in the year [m3]"),
        *_found(),
        geometry="MULTILINESTRING",
    )
    op.create_table(
        "water_balances",
        sa.Column("balance_id", sa.Integer(), sa.Identity(), primary_key=True),
        sa.Column("year_type", sa.String(), nullable=False, comment="dry, normal, wet"),
        sa.Column("rule", sa.String(), nullable=False, comment="Rule of sharing"),
        sa.Column("split", sa.String(), nullable=False, comment="month, decade"),
        sa.Column("rain_method", sa.String(), nullable=False, comment="Rule of effective rain"),
        sa.Column("crop_table", sa.String(), nullable=False, comment="Edition of the table of crops"),
        sa.Column("as_of_load", sa.Integer(), nullable=False, comment="Rows were read as they stood after this load"),
        sa.Column("code_version", sa.String(), nullable=False, comment="Version and digest of the science"),
        sa.Column("draft", sa.Boolean(), nullable=False, server_default=sa.text("false"), comment="For staff only"),
        sa.Column(
            "synthetic",
            sa.Boolean(),
            nullable=False,
            server_default=sa.text("false"),
            comment="Made from synthetic rows",
        ),
        sa.Column("counts", JSONB(), nullable=False, comment="Reaches, areas, systems, and what is left out"),
        sa.Column("left_out", JSONB(), nullable=False, comment="Faults for which networks are left out"),
        sa.Column("equity", JSONB(), nullable=False, comment="canal -> how evenly its water is shared"),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False, server_default=sa.func.now()),
        comment="Water balances",
    )
    op.create_table(
        "balance_areas",
        *_period("area", "Command area"),
        sa.Column("need_m3_s", sa.REAL(), comment="Gross need at the outlet [m3/s]"),
        sa.Column("delivered_m3_s", sa.REAL(), comment="Delivered, at worst [m3/s]"),
        sa.Column("delivered_best_m3_s", sa.REAL(), comment="Delivered, at best [m3/s]"),
        sa.Column("ratio", sa.REAL(), comment="Delivered over needed, at worst [ratio]"),
        sa.Column("ratio_best", sa.REAL(), comment="Delivered over needed, at best [ratio]"),
        sa.Column("unknown", sa.String(), comment="Why the need is not known"),
        comment="Command areas of water balances, by period",
    )
    op.create_table(
        "balance_reaches",
        *_period("reach", "Canal reach"),
        sa.Column("need_m3_s", sa.REAL(), comment="Needed at the outlets beyond [m3/s]"),
        sa.Column("flow_m3_s", sa.REAL(), comment="Taken in, at least [m3/s]"),
        sa.Column("flow_most_m3_s", sa.REAL(), comment="Taken in, at most [m3/s]"),
        sa.Column("lost_m3_s", sa.REAL(), comment="Lost on the way, at least [m3/s]"),
        sa.Column("lost_most_m3_s", sa.REAL(), comment="Lost on the way, at most [m3/s]"),
        sa.Column("ratio", sa.REAL(), comment="Delivered over needed beyond it, at worst [ratio]"),
        sa.Column("ratio_best", sa.REAL(), comment="Delivered over needed beyond it, at best [ratio]"),
        comment="Canal reaches of water balances, by period",
    )


def _found() -> tuple[sa.Column[Any], ...]:
    return (
        sa.Column("canal", sa.String(), comment="Canal"),
        sa.Column("year_type", sa.String(), nullable=False, comment="Kind of year"),
        sa.Column("rule", sa.String(), nullable=False, comment="Rule of sharing"),
        sa.Column("balance_id", sa.Integer(), nullable=False, comment="Water balance"),
        sa.Column("supply", sa.String(), nullable=False, comment="Supply in the worst month"),
        sa.Column("ratio", sa.Float(), comment="Delivered over needed, worst month [ratio]"),
        sa.Column("ratio_best", sa.Float(), comment="The same, if all that is unknown is at its best [ratio]"),
        sa.Column("worst_month", sa.Integer(), comment="Worst month"),
        sa.Column("need_m3", sa.Float(), comment="Need of the year [m3]"),
        *(sa.Column(name, sa.Float(), comment=comment) for name, comment in MONTHS),
    )


def _period(name: str, title: str) -> tuple[sa.Column[Any], ...]:
    balance = sa.ForeignKey("water_balances.balance_id", ondelete="CASCADE")
    return (
        sa.Column("balance_id", sa.Integer(), balance, primary_key=True, comment="Water balance"),
        sa.Column(name, sa.String(), primary_key=True, comment=title),
        sa.Column("month", sa.SmallInteger(), primary_key=True, comment="Month"),
        sa.Column("part", sa.SmallInteger(), primary_key=True, comment="Ten-day part, 0 for the month"),
        sa.Column("canal", sa.String(), comment="Canal"),
    )


def downgrade() -> None:
    """Take them back, with all their rows."""
    op.execute("DROP SCHEMA IF EXISTS qgis CASCADE")  # its views follow from the tables and are made anew
    for table in ("balance_reaches", "balance_areas", "water_balances", "reach_balance", "area_balance"):
        op.drop_table(table)
