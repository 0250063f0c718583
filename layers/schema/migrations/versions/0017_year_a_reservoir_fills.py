"""An exclusion may hold from a year on: land below a planned reservoir is farmed until it fills."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0017"
down_revision = "0016"

SAID = "Year from which it holds, of a planned reservoir the year it fills"


def upgrade() -> None:
    """Add the column; rows there are have no year."""
    op.add_column("exclusions", sa.Column("from_year", sa.Integer(), comment=SAID))


def downgrade() -> None:
    """Drop it."""
    op.execute("DROP SCHEMA IF EXISTS qgis CASCADE")  # its views follow from the tables and are made anew
    op.drop_column("exclusions", "from_year")
