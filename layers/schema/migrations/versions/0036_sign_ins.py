"""Staff sign in on pages."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0036"
down_revision = "0035"


def upgrade() -> None:
    """Create the table."""
    op.create_table(
        "sign_ins",
        sa.Column(
            "digest",
            sa.LargeBinary(),
            primary_key=True,
            comment="SHA-256 of what the browser holds (256 random bits)",
        ),
        sa.Column(
            "key_id",
            sa.String(),
            sa.ForeignKey("api_keys.key_id", ondelete="CASCADE"),
            nullable=False,
            index=True,
            comment="Public half of the key",
        ),
        sa.Column("begun_at", sa.DateTime(timezone=True), nullable=False, server_default=sa.func.now()),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False, comment="First moment it is not good"),
        comment="Browsers that are signed in with a staff key",
    )


def downgrade() -> None:
    """Sign everybody out, and drop it with what the service calls for it."""
    op.execute("DROP FUNCTION IF EXISTS begin_sign_in(text, bytea, integer)")
    op.execute("DROP FUNCTION IF EXISTS sign_in_holder(bytea)")
    op.execute("DROP FUNCTION IF EXISTS end_sign_in(bytea)")
    op.execute("DROP FUNCTION IF EXISTS note_refused_sign_ins(bigint)")
    op.drop_table("sign_ins")
