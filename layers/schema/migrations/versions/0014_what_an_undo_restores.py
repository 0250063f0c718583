"""An undo names the load whose rows it brought again: they keep their source, and can be taken back themselves."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"


def upgrade() -> None:
    """Add the column; undos made before keep what they were recorded with."""
    op.add_column(
        "loads",
        sa.Column("restores", sa.Integer(), comment="Load whose rows an undo brought again; their source is its"),
    )
    op.create_foreign_key("fk_loads_restores_loads", "loads", "loads", ["restores"], ["load_id"])


def downgrade() -> None:
    """Drop it."""
    op.drop_constraint("fk_loads_restores_loads", "loads")
    op.drop_column("loads", "restores")
