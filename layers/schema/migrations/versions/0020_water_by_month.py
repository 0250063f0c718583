"""Water by month, what is on record of shut land, and what frost costs trees are kept with results."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0020"
down_revision = "0019"

RATIO = "Supply-demand ratio of the month [ratio]"
RECORD = "none = nothing in the district, outside = no mapping holds the plot, recorded; never safe by itself"
KEPT: tuple[tuple[str, sa.types.TypeEngine[Any], str], ...] = (
    ("water_month", sa.SmallInteger(), "Month in which water is shortest for the reference crop, 1-12"),
    ("second_crop_water", sa.REAL(), "Water for a second crop, July-September [ratio]"),
    ("mines_record", sa.String(), RECORD),
    ("shut_land_record", sa.String(), RECORD),
    ("frost_loss_pct", sa.REAL(), "Years in which frost spoils flower, bud or wood [%]"),
)


def upgrade() -> None:
    """Add the columns; rows there are know none of it."""
    op.add_column("command_months", sa.Column("ratio", sa.Double(), comment=RATIO))
    for name, kind, said in KEPT:
        op.add_column("suitability", sa.Column(name, kind, comment=said))


def downgrade() -> None:
    """Drop them."""
    op.execute("DROP SCHEMA IF EXISTS qgis CASCADE")  # its views follow from the tables and are made anew
    for name, _, _ in KEPT:
        op.drop_column("suitability", name)
    op.drop_column("command_months", "ratio")
