"""The cap that is kept is that of hard limits alone: what was not assessed counts in the interval of the score."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0016"
down_revision = "0015"

NOW = "Best class hard limits allow; empty = not kept"
BEFORE = "Best class hard limits and what was not assessed allow; empty = not kept"


def upgrade() -> None:
    """Say so in the column's comment."""
    op.alter_column("suitability", "class_cap", comment=NOW, existing_comment=BEFORE, existing_type=sa.String(2))


def downgrade() -> None:
    """Say what it was."""
    op.alter_column("suitability", "class_cap", comment=BEFORE, existing_comment=NOW, existing_type=sa.String(2))
