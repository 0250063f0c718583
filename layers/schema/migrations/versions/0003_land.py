"""Plots, surveys of plots, pastures."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from layers.schema.migrations.tables import create_layer

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    """Create them."""
    create_layer(
        "pastures",
        "Pastures",
        "code",
        sa.Column("code", sa.String(), nullable=False, comment="Pasture unit"),
        sa.Column("name", sa.String(), comment="Name"),
        sa.Column("condition", sa.String(), nullable=False, comment="Range condition class"),
        sa.Column("capacity_lu_ha", sa.Double(), comment="Carrying capacity [LU/ha]"),
        geometry="MULTIPOLYGON",
    )
    create_layer(
        "plots",
        "Plots",
        "plot_id",
        sa.Column("plot_id", sa.String(), nullable=False, comment="Plot"),
        sa.Column("plot_no", sa.BigInteger(), nullable=False, comment="Plot number; the tile feature id"),
        sa.Column("district", sa.String(), comment="District code"),
        sa.Column("jamoat", sa.String(), comment="Jamoat code"),
        sa.Column("settlement", sa.String(), comment="Settlement the plot is farmed from"),
        sa.Column("area_ha", sa.Double(), nullable=False, comment="Area on the ellipsoid [ha]"),
        sa.Column("land_form", sa.String(), nullable=False, comment="Land form"),
        sa.Column("availability", sa.String(), nullable=False, comment="Availability"),
        sa.Column("irrigated", sa.Boolean(), comment="Recorded as irrigated"),
        sa.Column("terraced", sa.Boolean(), comment="Terraced"),
        sa.Column("cadastral_no", sa.String(), comment="Cadastral number"),
        sa.Column("right_class", sa.String(), comment="Right class"),
        sa.Column("missing_documents", sa.Integer(), comment="Documents missing"),
        sa.Column("disputes", sa.Integer(), comment="Open disputes"),
        geometry="MULTIPOLYGON",
    )
    op.create_index("ix_plots_district", "plots", ["district", "plot_no"])
    op.create_index("ix_plots_plot_no", "plots", ["plot_no"])
    create_layer(
        "plot_surveys",
        "Plot surveys",
        "code",
        sa.Column("code", sa.String(), nullable=False, comment="Survey record"),
        sa.Column("plot_id", sa.String(), nullable=False, comment="Plot"),
        sa.Column("survey_date", sa.Date(), nullable=False, comment="Date of the survey"),
        sa.Column("salinity_ds_m", sa.Double(), comment="Salinity ECe 0-60 cm [dS/m]"),
        sa.Column("groundwater_m", sa.Double(), comment="Depth of groundwater [m]"),
        sa.Column("soil_depth_cm", sa.Double(), comment="Effective soil depth [cm]"),
        sa.Column("coarse_fragments_pct", sa.Double(), comment="Coarse fragments [%]"),
        sa.Column("awc_mm_m", sa.Double(), comment="Available water capacity [mm/m]"),
        sa.Column("caco3_pct", sa.Double(), comment="Calcium carbonate [%]"),
        sa.Column("gypsum_pct", sa.Double(), comment="Gypsum [%]"),
        sa.Column("ph", sa.Double(), comment="pH in water"),
        sa.Column("esp_pct", sa.Double(), comment="Exchangeable sodium [%]"),
        sa.Column("highest_ground_m", sa.Double(), comment="Highest ground of the plot, EGM2008 [m]"),
        sa.Column("turns_scheduled", sa.Integer(), comment="Water turns scheduled, April-September"),
        sa.Column("turns_delivered", sa.Integer(), comment="Water turns delivered, April-September"),
        sa.Column("heavy_turns_pct", sa.Double(), comment="Turns at night or with heavy gate work [%]"),
    )
    op.create_index("ix_plot_surveys_plot_id", "plot_surveys", ["plot_id", "survey_date"])


def downgrade() -> None:
    """Drop them with all they hold."""
    op.drop_table("plot_surveys")
    op.drop_table("plots")
    op.drop_table("pastures")
