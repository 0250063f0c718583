"""${message}."""

from __future__ import annotations

import geoalchemy2
import sqlalchemy as sa
from alembic import op
${imports if imports else ""}
revision = ${repr(up_revision)}
down_revision = ${repr(down_revision)}


def upgrade() -> None:
    """${message}."""
    ${upgrades if upgrades else "pass"}


def downgrade() -> None:
    """Take the same back."""
    ${downgrades if downgrades else "pass"}
