"""Command areas have the supply-demand ratio of each month beside its flow."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0020"
down_revision = "0019"

RATIO = "Supply-demand ratio of the month [ratio]"


def upgrade() -> None:
    """Add the column; rows there are have no ratio."""
    op.add_column("command_months", sa.Column("ratio", sa.Double(), comment=RATIO))


def downgrade() -> None:
    """Drop it."""
    op.execute("DROP SCHEMA IF EXISTS qgis CASCADE")  # its views follow from the tables and are made anew
    op.drop_column("command_months", "ratio")
