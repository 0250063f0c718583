"""Runs of scenarios keep the plots whose class they change."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0034"
down_revision = "0033"


def upgrade() -> None:
    """Create the table; runs of before say nothing of plots."""
    op.create_table(
        "scenario_plots",
        sa.Column(
            "run",
            sa.Integer(),
            sa.ForeignKey("scenario_runs.run", ondelete="CASCADE"),
            primary_key=True,
            comment="Run of a scenario",
        ),
        sa.Column("plot_no", sa.BigInteger(), primary_key=True, comment="Plot"),
        sa.Column("district", sa.String(), nullable=False, comment="District"),
        sa.Column("jamoat", sa.String(), comment="Jamoat"),
        sa.Column("area", sa.String(), comment="Command area that holds most of it"),
        sa.Column("area_ha", sa.Float(), nullable=False, comment="Area on the ellipsoid [ha]"),
        sa.Column("before", sa.String(), nullable=False, comment="Class as it is"),
        sa.Column("before_settled", sa.Boolean(), nullable=False, comment="Whether that is settled"),
        sa.Column("after", sa.String(), nullable=False, comment="Class with the scenario"),
        sa.Column("after_settled", sa.Boolean(), nullable=False, comment="Whether that is settled"),
        comment="Plots of runs of scenarios whose class changes",
    )


def downgrade() -> None:
    """Drop it with all its rows, and what the service stores scenarios by."""
    op.execute("DROP FUNCTION IF EXISTS store_scenario_run(text, jsonb, jsonb, jsonb, jsonb)")
    op.execute("DROP FUNCTION IF EXISTS store_scenario(text, text, text, double precision, text, text, boolean)")
    op.execute("DROP FUNCTION IF EXISTS require_staff_key(text)")
    op.drop_table("scenario_plots")
