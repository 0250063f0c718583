"""Hectares on map cells are kept exactly, so that a run can start from the figures of another."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"


def upgrade() -> None:
    """Widen the column; runs made before keep the digits they had."""
    op.alter_column(
        "suitability_cells",
        "area_ha",
        type_=sa.Float(),
        existing_type=sa.REAL(),
        existing_nullable=False,
        existing_comment="Hectares of the class [ha]",
    )


def downgrade() -> None:
    """Narrow it again."""
    op.alter_column(
        "suitability_cells",
        "area_ha",
        type_=sa.REAL(),
        existing_type=sa.Float(),
        existing_nullable=False,
        existing_comment="Hectares of the class [ha]",
    )
