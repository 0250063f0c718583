"""What food costs on markets."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from layers.schema.migrations.tables import create_layer

revision = "0040"
down_revision = "0039"


def upgrade() -> None:
    """Create the table."""
    create_layer(
        "market_prices",
        "Market prices",
        "code",
        sa.Column("code", sa.String(), nullable=False, comment="Record"),
        sa.Column("market", sa.String(), nullable=False, comment="Market"),
        sa.Column("priced_on", sa.Date(), nullable=False, comment="Day of the price"),
        sa.Column("commodity", sa.String(), nullable=False, comment="Commodity"),
        sa.Column("sold_by", sa.String(), nullable=False, comment="Sold by"),
        sa.Column("sold_as", sa.String(), nullable=False, comment="How it is sold"),
        sa.Column("price_tjs", sa.Float(), nullable=False, comment="Price [TJS]"),
    )


def downgrade() -> None:
    """Take it back, with all its rows."""
    op.execute("DROP SCHEMA IF EXISTS qgis CASCADE")  # its views follow from the tables and are made anew
    op.drop_table("market_prices")
