"""Ratios of command areas by month have their better end beside them, where something of the canals is not known."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0031"
down_revision = "0030"

MONTHS = (
    ("ratio_best_01", "Delivered over needed at best, January [ratio]"),
    ("ratio_best_02", "Delivered over needed at best, February [ratio]"),
    ("ratio_best_03", "Delivered over needed at best, March [ratio]"),
    ("ratio_best_04", "Delivered over needed at best, April [ratio]"),
    ("ratio_best_05", "Delivered over needed at best, May [ratio]"),
    ("ratio_best_06", "Delivered over needed at best, June [ratio]"),
    ("ratio_best_07", "Delivered over needed at best, July [ratio]"),
    ("ratio_best_08", "Delivered over needed at best, August [ratio]"),
    ("ratio_best_09", "Delivered over needed at best, September [ratio]"),
    ("ratio_best_10", "Delivered over needed at best, October [ratio]"),
    ("ratio_best_11", "Delivered over needed at best, November [ratio]"),
    ("ratio_best_12", "Delivered over needed at best, December [ratio]"),
)


def upgrade() -> None:
    """Add the columns; what is published is known at its worst alone until it is made again."""
    for name, comment in MONTHS:
        op.add_column("area_balance", sa.Column(name, sa.Float(), comment=comment))


def downgrade() -> None:
    """Drop them."""
    op.execute("DROP SCHEMA IF EXISTS qgis CASCADE")  # its views follow from the tables and are made anew
    for name, _ in MONTHS:
        op.drop_column("area_balance", name)
