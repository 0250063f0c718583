"""How sure each class is: draws of a run, and the caps that no draw lifts."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    """Create them; runs made before keep no caps and cannot be drawn."""
    op.add_column(
        "suitability",
        sa.Column(
            "class_cap",
            sa.String(2),
            comment="Best class hard limits and what was not assessed allow; empty = not kept",
        ),
    )
    op.add_column(
        "scoring_runs",
        sa.Column("drawn_at", sa.DateTime(timezone=True), comment="When robustness of a district was last stored"),
    )
    op.create_table(
        "robustness",
        sa.Column("run_id", sa.Integer(), sa.ForeignKey("scoring_runs.run_id", ondelete="CASCADE"), primary_key=True),
        sa.Column("plot_no", sa.BigInteger(), primary_key=True, comment="Plot"),
        sa.Column("robust_class", sa.String(2), nullable=False, comment="Class drawn most, the better of equals"),
        sa.Column("robust_share", sa.REAL(), nullable=False, comment="Share of the draws in that class, 0-1"),
        sa.Column("flagged", sa.Boolean(), nullable=False, comment="Fewer than 70 of 100 draws are in one class"),
        sa.Column(
            "top_share", sa.REAL(), nullable=False, comment="Share of the draws among the best of the district, 0-1"
        ),
        sa.Column("top_of", sa.Integer(), nullable=False, comment="How many plots count as the best of the district"),
        sa.Column(
            "shares", sa.ARRAY(sa.REAL()), nullable=False, comment="Share of the draws in S1 S2 S3 N1 N2 NE, 0-1"
        ),
        sa.Column("draws", sa.Integer(), nullable=False, comment="How many draws"),
        sa.Column("seed", sa.BigInteger(), nullable=False, comment="Seed of the draws"),
        comment="Classes of a run drawn again with other weights, risk attitudes and values",
    )


def downgrade() -> None:
    """Drop them."""
    op.drop_table("robustness")
    op.drop_column("scoring_runs", "drawn_at")
    op.drop_column("suitability", "class_cap")
