"""Judgements: the class people on the spot would give a plot, and why."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from layers.schema.migrations.tables import create_layer

revision = "0033"
down_revision = "0032"


def upgrade() -> None:
    """Create them."""
    create_layer(
        "judgements",
        "Judgements",
        "code",
        sa.Column("code", sa.String(), nullable=False, comment="Judgement"),
        sa.Column("plot_id", sa.String(), nullable=False, comment="Plot"),
        sa.Column("judged_class", sa.String(), nullable=False, comment="Class they would give"),
        sa.Column("why", sa.String(), nullable=False, comment="What decides it"),
        sa.Column("by_role", sa.String(), nullable=False, comment="Who judged, by role"),
        sa.Column("judged_on", sa.Date(), nullable=False, comment="Day of the judgement"),
    )
    op.create_index("ix_judgements_plot_id", "judgements", ["plot_id", "judged_on"])


def downgrade() -> None:
    """Take them back, with all their rows."""
    op.execute("DROP SCHEMA IF EXISTS qgis CASCADE")  # its views follow from the tables and are made anew
    op.drop_table("judgements")
