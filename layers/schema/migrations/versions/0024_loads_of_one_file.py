"""Loads that one file made, whose rows come from several sources."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0024"
down_revision = "0023"


def upgrade() -> None:
    """Let a load say of which it is a part."""
    comment = "First load of the same file, where its rows come from several sources"
    op.add_column("loads", sa.Column("part_of", sa.Integer(), sa.ForeignKey("loads.load_id"), comment=comment))


def downgrade() -> None:
    """Take it back: the loads stand for themselves then."""
    op.drop_column("loads", "part_of")
