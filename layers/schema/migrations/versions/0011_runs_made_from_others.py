"""A run made from another adds its rows to the partition of that one instead of copying what did not change."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"


def upgrade() -> None:
    """Give every row the runs it holds in; those there are hold in the run of their partition."""
    op.add_column(
        "scoring_runs",
        sa.Column("base_run", sa.Integer(), comment="Run in whose partition the results are kept; empty = its own"),
    )
    op.create_foreign_key(
        "fk_scoring_runs_base_run_scoring_runs", "scoring_runs", "scoring_runs", ["base_run"], ["run_id"]
    )
    op.alter_column("suitability", "run_id", new_column_name="base_run", comment="Scoring run that began the partition")
    op.add_column(
        "suitability",
        sa.Column(
            "from_run",
            sa.Integer(),
            server_default=sa.text("0"),
            nullable=False,
            comment="First run this holds in; 0 = the one that began the partition",
        ),
    )
    op.add_column(
        "suitability",
        sa.Column("until_run", sa.Integer(), comment="First run this holds in no longer; empty = it still does"),
    )
    op.drop_constraint("pk_suitability", "suitability")
    op.create_primary_key("pk_suitability", "suitability", ["base_run", "plot_no", "from_run"])
    op.create_index("ix_suitability_from", "suitability", ["from_run"], postgresql_where=sa.text("from_run > 0"))
    op.create_index(
        "ix_suitability_until", "suitability", ["until_run"], postgresql_where=sa.text("until_run IS NOT NULL")
    )
    op.create_table_comment("suitability", "Suitability of plots, one partition per run that scored everything")


def downgrade() -> None:
    """Let every run have a partition of its own again; runs made from others are lost."""
    op.execute("DROP SCHEMA IF EXISTS qgis CASCADE")  # its views follow from the tables and are made anew
    made = "SELECT run_id FROM scoring_runs WHERE base_run IS NOT NULL"
    op.execute(f"DELETE FROM publications WHERE run_id IN ({made})")  # noqa: S608
    op.execute("DELETE FROM suitability WHERE from_run > 0")
    op.execute("DELETE FROM scoring_runs WHERE base_run IS NOT NULL")
    op.drop_index("ix_suitability_until", "suitability")
    op.drop_index("ix_suitability_from", "suitability")
    op.drop_constraint("pk_suitability", "suitability")
    op.drop_column("suitability", "until_run")
    op.drop_column("suitability", "from_run")
    op.alter_column("suitability", "base_run", new_column_name="run_id", comment="Scoring run; the partition")
    op.create_primary_key("pk_suitability", "suitability", ["run_id", "plot_no"])
    op.drop_column("scoring_runs", "base_run")
    op.create_table_comment(
        "suitability",
        "Suitability of plots, one partition per run",
        existing_comment="Suitability of plots, one partition per run that scored everything",
    )
