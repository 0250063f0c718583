"""Surveys of plots hold salinity and groundwater as services write them: classes, bounds, extracts, months."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0025"
down_revision = "0024"

TABLE = "plot_surveys"
COLUMNS = (
    ("salinity_class", sa.String, "Class of salinity"),
    ("salinity_low", sa.Double, "Salinity ECe 0-60 cm, at least [dS/m]"),
    ("salinity_high", sa.Double, "Salinity ECe 0-60 cm, at most [dS/m]"),
    ("extract_ds_m", sa.Double, "Conductivity of a 1:5 extract [dS/m]"),
    ("dry_residue_pct", sa.Double, "Dry residue of a 1:5 extract [%]"),
    ("texture", sa.String, "Texture"),
    ("groundwater_low", sa.Double, "Depth of groundwater, at least [m]"),
    ("groundwater_high", sa.Double, "Depth of groundwater, at most [m]"),
    ("month", sa.Integer, "Month of the groundwater, where only the month is known"),
)


def upgrade() -> None:
    """Add the columns; rows there are say nothing in them."""
    for name, kind, comment in COLUMNS:
        op.add_column(TABLE, sa.Column(name, kind(), comment=comment))


def downgrade() -> None:
    """Drop them."""
    op.execute("DROP SCHEMA IF EXISTS qgis CASCADE")  # its views follow from the tables and are made anew
    for name, _, _ in COLUMNS:
        op.drop_column(TABLE, name)
