"""A run remembers that it was served: what never was is a draft, for staff only."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0019"
down_revision = "0018"

SAID = "Whether it was ever served; what never was is a draft, for staff only"


def upgrade() -> None:
    """Add the column; of runs there are, those that are served now are known to have been served."""
    op.add_column(
        "scoring_runs", sa.Column("published", sa.Boolean(), nullable=False, server_default=sa.false(), comment=SAID)
    )
    op.execute("UPDATE scoring_runs SET published = true WHERE run_id IN (SELECT run_id FROM publications)")


def downgrade() -> None:
    """Drop it."""
    op.execute("DROP SCHEMA IF EXISTS qgis CASCADE")  # its views follow from the tables and are made anew
    op.drop_column("scoring_runs", "published")
