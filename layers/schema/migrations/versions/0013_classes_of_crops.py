"""Crops are kept with their class, with what is not known of the plot, and crops without limits apart."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"

COLUMNS = {
    "crop_classes": "Class of each crop, in the order of crops; empty = not kept",
    "crops_not_known": "What decides on crops and is not known here; empty = not kept",
    "crops_apart": "Crops that would suit but have no known limits of something that decides; empty = not kept",
}


def upgrade() -> None:
    """Add the columns; rows of earlier runs have none of them."""
    for name, comment in COLUMNS.items():
        op.add_column("suitability", sa.Column(name, sa.ARRAY(sa.String()), comment=comment))


def downgrade() -> None:
    """Take the columns away."""
    op.execute("DROP SCHEMA IF EXISTS qgis CASCADE")  # its views follow from the tables and are made anew
    for name in reversed(COLUMNS):
        op.drop_column("suitability", name)
