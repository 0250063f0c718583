"""The edition of the rule a run was scored by; the first counted unknown as good."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0014"


def upgrade() -> None:
    """Add the column; runs there are were scored by the earlier rule."""
    op.add_column(
        "scoring_runs",
        sa.Column(
            "rule",
            sa.Integer(),
            server_default=sa.text("1"),
            nullable=False,
            comment="Edition of the rule: 1 counted unknown as good, 2 counts it as 0 to 1",
        ),
    )


def downgrade() -> None:
    """Drop it."""
    op.drop_column("scoring_runs", "rule")
