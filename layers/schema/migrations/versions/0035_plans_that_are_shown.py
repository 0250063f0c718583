"""Staff show scenarios and rankings of works to everybody."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0035"
down_revision = "0034"


def upgrade() -> None:
    """Create the tables; nothing is shown yet."""
    op.create_table(
        "shown_scenarios",
        sa.Column(
            "run",
            sa.Integer(),
            sa.ForeignKey("scenario_runs.run", ondelete="CASCADE"),
            primary_key=True,
            comment="Run of a scenario",
        ),
        sa.Column("scenario", sa.String(), nullable=False, comment="Scenario"),
        sa.Column("title", sa.String(), nullable=False, comment="In the words of who wrote it"),
        *_choice(),
        sa.Column(
            "balance_id",
            sa.Integer(),
            sa.ForeignKey("water_balances.balance_id", ondelete="CASCADE"),
            nullable=False,
            comment="Water balance it is shown beside",
        ),
        *_shown("Gain, harm and cost as everybody may know them"),
        sa.UniqueConstraint("scenario", "year_type", "rule", name="uq_shown_scenarios_choice"),
        comment="Scenarios that are shown",
    )
    op.create_table(
        "shown_scenario_rows",
        sa.Column(
            "run",
            sa.Integer(),
            sa.ForeignKey("shown_scenarios.run", ondelete="CASCADE"),
            primary_key=True,
            comment="Run of a scenario",
        ),
        sa.Column("layer", sa.String(), primary_key=True, comment="Layer"),
        sa.Column("code", sa.String(), primary_key=True, comment="Canal reach or command area"),
        sa.Column("told", JSONB(), nullable=False, comment="Attribute -> what it is with the scenario"),
        comment="Canal reaches and command areas of scenarios that are shown",
    )
    op.create_table(
        "shown_rankings",
        sa.Column("name", sa.String(), primary_key=True, comment="Ranking"),
        *_choice(),
        sa.Column("as_of_load", sa.Integer(), nullable=False, comment="Rows were read as they stood after this load"),
        *_shown("Works, gain, bound, gap and harm"),
        comment="Rankings of works that are shown",
    )


def _choice() -> tuple[sa.Column[Any], ...]:
    return (
        sa.Column("year_type", sa.String(), nullable=False, comment="dry, normal, wet"),
        sa.Column("rule", sa.String(), nullable=False, comment="Rule of sharing"),
    )


def _shown(report: str) -> tuple[sa.Column[Any], ...]:
    return (
        sa.Column(
            "synthetic",
            sa.Boolean(),
            nullable=False,
            server_default=sa.text("false"),
            comment="Made from synthetic rows",
        ),
        sa.Column("report", JSONB(), nullable=False, comment=report),
        sa.Column("shown_at", sa.DateTime(timezone=True), nullable=False, server_default=sa.func.now()),
    )


def downgrade() -> None:
    """Show none of them any more."""
    op.execute("DROP FUNCTION IF EXISTS show_scenario(text, integer, integer, jsonb, jsonb)")
    op.execute("DROP FUNCTION IF EXISTS hide_scenario(text, text)")
    for table in ("shown_rankings", "shown_scenario_rows", "shown_scenarios"):
        op.drop_table(table)
