"""Keys expire and tell when they were last used; those there are expire a year after this revision."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0018"
down_revision = "0017"


def upgrade() -> None:
    """Add the moments; a key made before is good for one more year."""
    op.add_column(
        "api_keys",
        sa.Column(
            "expires_at",
            sa.DateTime(timezone=True),
            nullable=False,
            server_default=sa.text("now() + interval '1 year'"),
            comment="First moment it is not good",
        ),
    )
    op.add_column(
        "api_keys",
        sa.Column(
            "last_used_at", sa.DateTime(timezone=True), comment="Last use, to within about a minute; empty = never"
        ),
    )


def downgrade() -> None:
    """Drop them; without an expiry a key would be good for ever, so that those that expired are ended first."""
    op.execute("UPDATE api_keys SET revoked_at = expires_at WHERE revoked_at IS NULL AND expires_at <= now()")
    op.execute("DROP FUNCTION IF EXISTS api_key_holder(text)")
    op.execute("DROP FUNCTION IF EXISTS note_key_use(text)")
    op.drop_column("api_keys", "last_used_at")
    op.drop_column("api_keys", "expires_at")
