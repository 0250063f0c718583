"""Which districts of a run were drawn, so that what is still to be drawn is found after a stop."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"


def upgrade() -> None:
    """Create the table; draws stored before stay, and the districts they are of are drawn once more."""
    op.create_table(
        "run_draws",
        sa.Column("run_id", sa.Integer(), nullable=False, comment="Scoring run"),
        sa.Column("district", sa.String(), nullable=False, comment="District whose plots were drawn"),
        sa.Column("plots", sa.Integer(), nullable=False, comment="Plots drawn"),
        sa.Column("draws", sa.Integer(), nullable=False, comment="Draws of each plot"),
        sa.Column("seed", sa.BigInteger(), nullable=False, comment="The same seed gives the same draws"),
        sa.Column(
            "drawn_at",
            sa.DateTime(timezone=True),
            server_default=sa.func.now(),
            nullable=False,
            comment="When they were stored",
        ),
        sa.PrimaryKeyConstraint("run_id", "district", name="pk_run_draws"),
        sa.ForeignKeyConstraint(
            ["run_id"], ["scoring_runs.run_id"], name="fk_run_draws_run_id_scoring_runs", ondelete="CASCADE"
        ),
        comment="Districts of runs whose draws are stored",
    )


def downgrade() -> None:
    """Drop it; the draws themselves stay."""
    op.drop_table("run_draws")
