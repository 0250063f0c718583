"""A log of who saw, loaded, published, exported or erased what, which only grows."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0021"
down_revision = "0020"

REFUSE = """
CREATE OR REPLACE FUNCTION refuse_rewriting() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION USING ERRCODE = 'object_not_in_prerequisite_state',
        MESSAGE = 'The audit log only grows: entries are neither changed nor deleted.';
END
$$
"""
TRIGGER = (
    "CREATE TRIGGER only_grows BEFORE UPDATE OR DELETE OR TRUNCATE ON audit_log "
    "FOR EACH STATEMENT EXECUTE FUNCTION refuse_rewriting()"
)


def upgrade() -> None:
    """Add the table, and the trigger that refuses all but new entries."""
    op.create_table(
        "audit_log",
        sa.Column(
            "entry", sa.BigInteger(), sa.Identity(), nullable=False, comment="Order of the entries in this database"
        ),
        sa.Column(
            "entry_id",
            postgresql.UUID(as_uuid=False),
            primary_key=True,
            server_default=sa.text("gen_random_uuid()"),
            comment="Names the entry in every backup",
        ),
        sa.Column(
            "at",
            sa.DateTime(timezone=True),
            nullable=False,
            server_default=sa.text("clock_timestamp()"),
            comment="When it was entered",
        ),
        sa.Column("what", sa.String(), nullable=False, comment="What was done"),
        sa.Column(
            "key_id",
            sa.String(),
            comment="Public half of the key it was done with, or to; empty = a command on the machine",
        ),
        sa.Column("audience", sa.String(), comment="For whom what was read or made is: partner or staff"),
        sa.Column("layer", sa.String(), comment="Layer it was about"),
        sa.Column("number", sa.Integer(), comment="Load or run it was about"),
        sa.Column("districts", sa.ARRAY(sa.String()), comment="Districts; empty = not limited"),
        sa.Column("rows", sa.BigInteger(), comment="Rows that were read or changed"),
        comment="Who saw, loaded, published, exported or erased what; never content",
    )
    op.create_index("ix_audit_log_at", "audit_log", ["at"])
    op.execute(REFUSE)
    op.execute(TRIGGER)
    # SET session_replication_role, which a load uses, must not switch it off.
    op.execute("ALTER TABLE audit_log ENABLE ALWAYS TRIGGER only_grows")


def downgrade() -> None:
    """Drop them."""
    op.execute("DROP FUNCTION IF EXISTS note_reading(text, text, text, text, text[], bigint)")
    op.drop_table("audit_log")
    op.execute("DROP FUNCTION refuse_rewriting()")
