"""Scenarios: the file of each, what its runs found, and their rows by period."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0030"
down_revision = "0029"


def upgrade() -> None:
    """Create the tables."""
    op.create_table(
        "scenarios",
        sa.Column("name", sa.String(), primary_key=True),
        sa.Column("title", sa.String(), nullable=False, comment="In the words of who wrote it"),
        sa.Column("cost_usd", sa.Float(), nullable=False, comment="Of all its works [USD]"),
        sa.Column("file", sa.String(), nullable=False, comment="The file, whole"),
        sa.Column(
            "sha256",
            sa.String(),
            nullable=False,
            comment="Digest of the file; runs keep that of the file they were made from",
        ),
        sa.Column("added_at", sa.DateTime(timezone=True), nullable=False, server_default=sa.func.now()),
        comment="Scenarios of water",
    )
    op.create_table(
        "scenario_runs",
        sa.Column("run", sa.Integer(), sa.Identity(), primary_key=True),
        sa.Column(
            "scenario",
            sa.String(),
            sa.ForeignKey("scenarios.name", ondelete="CASCADE"),
            nullable=False,
            index=True,
            comment="Scenario",
        ),
        sa.Column("sha256", sa.String(), nullable=False, comment="Digest of the file it was made from"),
        sa.Column("year_type", sa.String(), nullable=False, comment="dry, normal, wet"),
        sa.Column("rule", sa.String(), nullable=False, comment="Rule of sharing"),
        sa.Column("split", sa.String(), nullable=False, comment="month, decade"),
        sa.Column("rain_method", sa.String(), nullable=False, comment="Rule of effective rain"),
        sa.Column("crop_table", sa.String(), nullable=False, comment="Edition of the table of crops"),
        sa.Column("as_of_load", sa.Integer(), nullable=False, comment="Rows were read as they stood after this load"),
        sa.Column("code_version", sa.String(), nullable=False, comment="Version and digest of the science"),
        sa.Column(
            "synthetic",
            sa.Boolean(),
            nullable=False,
            server_default=sa.text("false"),
            comment="Made from synthetic rows",
        ),
        sa.Column("report", JSONB(), nullable=False, comment="Gain, harm, cost; families by tens"),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False, server_default=sa.func.now()),
        comment="Runs of scenarios",
    )
    op.create_table(
        "scenario_areas",
        *_period("area", "Command area"),
        sa.Column("counts", sa.Boolean(), nullable=False, comment="Whether the period counts for what grows there now"),
        sa.Column(
            "counts_with",
            sa.Boolean(),
            nullable=False,
            comment="Whether it counts for what grows there with the scenario",
        ),
        *_both("need", "need_with", "Gross need at the outlet", "m3_s"),
        *_both("delivered", "delivered_with", "Delivered, at worst", "m3_s"),
        *_both("ratio", "ratio_with", "Delivered over needed, at worst", ""),
        *_both("ratio_best", "ratio_best_with", "Delivered over needed, at best", ""),
        comment="Command areas of runs of scenarios, by period",
    )
    op.create_table(
        "scenario_reaches",
        *_period("reach", "Canal reach"),
        *_both("flow", "flow_with", "Taken in", "m3_s"),
        *_both("lost", "lost_with", "Lost on the way", "m3_s"),
        comment="Canal reaches of runs of scenarios, by period",
    )


def _period(name: str, title: str) -> tuple[sa.Column[Any], ...]:
    run = sa.ForeignKey("scenario_runs.run", ondelete="CASCADE")
    return (
        sa.Column("run", sa.Integer(), run, primary_key=True, comment="Run of a scenario"),
        sa.Column(name, sa.String(), primary_key=True, comment=title),
        sa.Column("month", sa.SmallInteger(), primary_key=True, comment="Month"),
        sa.Column("part", sa.SmallInteger(), primary_key=True, comment="Ten-day part, 0 for the month"),
    )


def _both(now: str, with_it: str, title: str, unit: str) -> tuple[sa.Column[Any], ...]:
    ending, shown = (f"_{unit}", "m3/s") if unit else ("", "ratio")
    return (
        sa.Column(f"{now}{ending}", sa.REAL(), comment=f"{title} [{shown}]"),
        sa.Column(f"{with_it}{ending}", sa.REAL(), comment=f"The same, with the scenario [{shown}]"),
    )


def downgrade() -> None:
    """Take them back, with all their rows."""
    for table in ("scenario_reaches", "scenario_areas", "scenario_runs", "scenarios"):
        op.drop_table(table)
