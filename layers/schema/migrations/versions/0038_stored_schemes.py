"""Staff store schemes from a trial of other weights."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0038"
down_revision = "0037"


def upgrade() -> None:
    """Create the table."""
    op.create_table(
        "stored_schemes",
        sa.Column("name", sa.String(), primary_key=True, comment="Name; begins with staff-"),
        sa.Column("file", sa.String(), nullable=False, comment="The file, whole"),
        sa.Column("sha256", sa.String(), nullable=False, comment="Digest of the file"),
        sa.Column("key_id", sa.String(), nullable=False, comment="Public half of the key it was stored with"),
        sa.Column("stored_at", sa.DateTime(timezone=True), nullable=False, server_default=sa.func.now()),
        comment="Schemes that staff stored from a trial",
    )


def downgrade() -> None:
    """Drop it with all schemes; runs keep the text of theirs."""
    op.execute("DROP FUNCTION IF EXISTS store_scheme(text, text, text, text)")
    op.drop_table("stored_schemes")
