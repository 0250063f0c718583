"""Work that somebody asks for and comes back to."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0039"
down_revision = "0038"


def upgrade() -> None:
    """Create the table."""
    moment = sa.DateTime(timezone=True)
    op.create_table(
        "jobs",
        sa.Column("job_id", sa.String(32), primary_key=True, comment="Number of the job, 128 random bits"),
        sa.Column("kind", sa.String(), nullable=False, comment="What is made: report, export or score"),
        sa.Column("question", JSONB(), nullable=False, comment="What was asked for; nothing of a person"),
        sa.Column("digest", sa.LargeBinary(), nullable=False, index=True, comment="SHA-256 of what was asked for"),
        sa.Column("lang", sa.String(), nullable=False, comment="Language of what is made"),
        sa.Column("district", sa.String(), nullable=False, comment="District it is about"),
        sa.Column(
            "audience", sa.String(), nullable=False, comment="For whom what is made is: public, partner or staff"
        ),
        sa.Column("key_id", sa.String(), comment="Public half of the key it was asked with; empty = the public"),
        sa.Column(
            "askers", sa.Integer(), nullable=False, server_default=sa.text("1"), comment="How often it was asked for"
        ),
        sa.Column(
            "state",
            sa.String(),
            nullable=False,
            server_default=sa.text("'waiting'"),
            index=True,
            comment="waiting, running, done, failed, stopped",
        ),
        sa.Column(
            "stop_asked",
            sa.Boolean(),
            nullable=False,
            server_default=sa.text("false"),
            comment="Whether it is to be stopped",
        ),
        sa.Column("tries", sa.Integer(), nullable=False, server_default=sa.text("0"), comment="How often it was begun"),
        sa.Column("stage", sa.String(), comment="What is being done"),
        sa.Column(
            "done",
            sa.Integer(),
            nullable=False,
            server_default=sa.text("0"),
            comment="Of the steps or parts, those done",
        ),
        sa.Column(
            "total",
            sa.Integer(),
            nullable=False,
            server_default=sa.text("0"),
            comment="Steps or parts; 0 = not known",
        ),
        sa.Column("asked_at", moment, nullable=False, server_default=sa.func.now()),
        sa.Column("started_at", moment, comment="When it was begun for the first time"),
        sa.Column("beat_at", moment, comment="When whoever makes it was last heard of"),
        sa.Column("ended_at", moment),
        sa.Column("expires_at", moment, nullable=False, comment="First moment it is not kept, with what it made"),
        sa.Column("note", sa.String(), comment="Why it failed, in a sentence"),
        sa.Column("note_lang", sa.String(), comment="Language of that sentence"),
        sa.Column("file_name", sa.String(), comment="Name of the file it made, for readers"),
        sa.Column("stored_as", sa.String(), comment="Its name below OBOD_HOME/jobs"),
        sa.Column("media_type", sa.String(), comment="Its media type"),
        sa.Column("size_bytes", sa.BigInteger(), comment="Its bytes"),
        sa.Column("sha256", sa.String(), comment="Digest of it"),
        sa.Column("rows", sa.BigInteger(), comment="Plots in it"),
        sa.Column("run_id", sa.Integer(), comment="Draft that it made"),
        comment="Work that was asked for and is kept for some hours; no part of a backup",
    )


def downgrade() -> None:
    """Drop it with all jobs, and what the service asks for them by."""
    op.execute("DROP FUNCTION IF EXISTS stop_job(text, text)")
    op.execute("DROP FUNCTION IF EXISTS job_of(text, text)")
    op.execute("DROP FUNCTION IF EXISTS ask_job(text, text, jsonb, bytea, text, text, text, text, integer, boolean)")
    op.drop_table("jobs")
