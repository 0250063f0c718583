"""Hazard zones, mapping extents, events, faults, exclusions."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from layers.schema.migrations.tables import create_layer

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    """Create them."""
    create_layer(
        "hazard_extents",
        "Hazard mapping extents",
        "code",
        sa.Column("code", sa.String(), nullable=False, comment="Mapping"),
        sa.Column("process", sa.String(), nullable=False, comment="Process"),
        sa.Column("source_class", sa.String(), nullable=False, comment="Kind of source"),
        sa.Column("mapped_on", sa.Date(), comment="Date of the mapping"),
        geometry="MULTIPOLYGON",
    )
    create_layer(
        "hazard_zones",
        "Hazard zones",
        "code",
        sa.Column("code", sa.String(), nullable=False, comment="Zone"),
        sa.Column("process", sa.String(), nullable=False, comment="Process"),
        sa.Column("level", sa.String(), nullable=False, comment="Level"),
        sa.Column("intensity", sa.String(), nullable=False, comment="Intensity"),
        sa.Column("return_period_y", sa.Integer(), comment="Return period [years]"),
        sa.Column("source_class", sa.String(), nullable=False, comment="Kind of source"),
        sa.Column("method", sa.String(), comment="Method"),
        sa.Column("months", sa.String(), comment="Months of danger, such as 3-7"),
        sa.Column("mapped_on", sa.Date(), comment="Date of the mapping"),
        geometry="MULTIPOLYGON",
    )
    create_layer(
        "exclusions",
        "Exclusions",
        "code",
        sa.Column("code", sa.String(), nullable=False, comment="Exclusion"),
        sa.Column("kind", sa.String(), nullable=False, comment="Kind"),
        sa.Column("name", sa.String(), comment="Name"),
        sa.Column("buffer_m", sa.Double(), comment="Safety distance given by the authority [m]"),
        sa.Column("status_date", sa.Date(), comment="Date of the status"),
        geometry="MULTIPOLYGON",
    )
    create_layer(
        "faults",
        "Faults",
        "code",
        sa.Column("code", sa.String(), nullable=False, comment="Fault"),
        sa.Column("name", sa.String(), comment="Name"),
        sa.Column("kind", sa.String(), comment="Kind of fault or fold"),
        geometry="MULTILINESTRING",
    )
    create_layer(
        "hazard_events",
        "Hazard events",
        "code",
        sa.Column("code", sa.String(), nullable=False, comment="Event"),
        sa.Column("process", sa.String(), nullable=False, comment="Process"),
        sa.Column("happened_on", sa.Date(), comment="Date"),
        sa.Column("title", sa.String(), comment="What was reported"),
        sa.Column("magnitude", sa.Double(), comment="Magnitude"),
        sa.Column("deaths", sa.Integer(), comment="Deaths reported"),
        sa.Column("accuracy_m", sa.Double(), comment="Accuracy of the position [m]"),
        geometry="POINT",
    )


def downgrade() -> None:
    """Drop them with all they hold."""
    op.drop_table("hazard_events")
    op.drop_table("faults")
    op.drop_table("exclusions")
    op.drop_table("hazard_zones")
    op.drop_table("hazard_extents")
