"""Staff store remarks on plots."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0037"
down_revision = "0036"


def upgrade() -> None:
    """Create the table."""
    op.create_table(
        "plot_remarks",
        sa.Column("remark", sa.Integer(), sa.Identity(), primary_key=True, comment="Number of the remark"),
        sa.Column("plot_id", sa.String(), nullable=False, index=True, comment="Plot"),
        sa.Column("district", sa.String(), comment="District the plot was in; its staff read the remark"),
        sa.Column("text", sa.String(80), nullable=False, comment="What is remarked, without names of people"),
        sa.Column("key_id", sa.String(), nullable=False, comment="Public half of the key it was written with"),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False, server_default=sa.func.now()),
        sa.Column("ended_at", sa.DateTime(timezone=True), comment="When it was taken back; empty = in force"),
        sa.Column("ended_by", sa.String(), comment="Public half of the key it was taken back with"),
        comment="Remarks of staff on plots, for staff only",
    )


def downgrade() -> None:
    """Drop it with all remarks, and what the service stores them by."""
    op.execute("DROP FUNCTION IF EXISTS store_remark(text, text, text)")
    op.execute("DROP FUNCTION IF EXISTS end_remark(text, text, integer)")
    op.execute("DROP FUNCTION IF EXISTS require_staff_key_of(text, text)")
    op.drop_table("plot_remarks")
