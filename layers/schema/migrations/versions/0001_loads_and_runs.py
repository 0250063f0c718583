"""Loads, rasters, runs, publications, results and keys; columns of criteria follow from their declarations."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from geoalchemy2 import Geometry
from sqlalchemy.dialects.postgresql import JSONB

revision = "0001"
down_revision = None


def upgrade() -> None:
    """Create them."""
    op.execute("CREATE EXTENSION IF NOT EXISTS postgis")
    op.create_table(
        "loads",
        sa.Column("load_id", sa.Integer(), sa.Identity(), primary_key=True),
        sa.Column("layer", sa.String(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False, comment="load, undo, generated"),
        sa.Column("undoes", sa.Integer(), sa.ForeignKey("loads.load_id")),
        sa.Column("file_name", sa.String()),
        sa.Column("sha256", sa.String()),
        sa.Column("mode", sa.String(), nullable=False, comment="add, update, replace"),
        sa.Column("source", sa.String()),
        sa.Column("licence", sa.String()),
        sa.Column("source_date", sa.Date()),
        sa.Column("synthetic", sa.Boolean(), nullable=False, server_default=sa.text("false")),
        sa.Column("loaded_at", sa.DateTime(timezone=True), nullable=False, server_default=sa.text("now()")),
        sa.Column("added", sa.Integer(), nullable=False, server_default=sa.text("0")),
        sa.Column("changed", sa.Integer(), nullable=False, server_default=sa.text("0")),
        sa.Column("ended", sa.Integer(), nullable=False, server_default=sa.text("0")),
        sa.Column("rejected", sa.Integer(), nullable=False, server_default=sa.text("0")),
        sa.Column("report", JSONB(), nullable=False, server_default=sa.text("'{}'")),
    )
    op.create_index("ix_loads_layer", "loads", ["layer"])
    op.create_table(
        "rasters",
        sa.Column("raster_id", sa.Integer(), sa.Identity(), primary_key=True),
        sa.Column("layer", sa.String(), nullable=False),
        sa.Column("file_name", sa.String(), nullable=False, unique=True, comment="Below OBOD_HOME/rasters"),
        sa.Column("sha256", sa.String(), nullable=False),
        sa.Column("crs", sa.String(), nullable=False),
        sa.Column("resolution_m", sa.Float(), nullable=False, comment="Ground size of a cell, the coarser axis"),
        sa.Column("bands", sa.SmallInteger(), nullable=False),
        sa.Column("load_id", sa.Integer(), sa.ForeignKey("loads.load_id"), nullable=False),
        sa.Column("ended_by", sa.Integer(), sa.ForeignKey("loads.load_id")),
        sa.Column("footprint", Geometry("POLYGON", srid=4326, spatial_index=True), nullable=False),
    )
    op.create_index("ix_rasters_layer", "rasters", ["layer"])
    op.create_table(
        "scoring_runs",
        sa.Column("run_id", sa.Integer(), sa.Identity(), primary_key=True),
        sa.Column("scheme", sa.String(), nullable=False, comment="Name of the scheme"),
        sa.Column("scheme_text", sa.String(), nullable=False, comment="The scheme file, whole"),
        sa.Column("scheme_sha256", sa.String(), nullable=False),
        sa.Column("scenario", sa.String(), nullable=False, server_default="", comment="Empty = the land as it is"),
        sa.Column("districts", sa.ARRAY(sa.String()), nullable=False, comment="Scope"),
        sa.Column("status", sa.String(), nullable=False, comment="running, complete, failed"),
        sa.Column("as_of", sa.Date(), nullable=False, comment="Ages of evidence are counted to this day"),
        sa.Column("as_of_load", sa.Integer(), nullable=False, comment="Rows are read as they stood after this load"),
        sa.Column("layer_versions", JSONB(), nullable=False, comment="layer -> last load seen"),
        sa.Column("criteria", sa.ARRAY(sa.String()), nullable=False, comment="Order of memberships and evidence"),
        sa.Column(
            "not_assessed",
            JSONB(),
            nullable=False,
            server_default=sa.text("'{}'"),
            comment="district -> criterion -> why",
        ),
        sa.Column("synthetic", sa.Boolean(), nullable=False, server_default=sa.text("false")),
        sa.Column("code_version", sa.String(), nullable=False),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=False, server_default=sa.text("now()")),
        sa.Column("finished_at", sa.DateTime(timezone=True)),
        sa.Column("plots", sa.Integer()),
    )
    op.create_table(
        "publications",
        sa.Column("district", sa.String(), primary_key=True),
        sa.Column("scheme", sa.String(), primary_key=True),
        sa.Column("scenario", sa.String(), primary_key=True, server_default=""),
        sa.Column("run_id", sa.Integer(), sa.ForeignKey("scoring_runs.run_id"), nullable=False),
        sa.Column("shown", sa.Boolean(), nullable=False, server_default=sa.text("true")),
        sa.Column("published_at", sa.DateTime(timezone=True), nullable=False, server_default=sa.text("now()")),
    )
    op.create_index(
        "uq_publications_shown",
        "publications",
        ["district", "scenario"],
        unique=True,
        postgresql_where=sa.text("shown"),
    )
    op.create_table(
        "run_hectares",
        sa.Column("run_id", sa.Integer(), sa.ForeignKey("scoring_runs.run_id", ondelete="CASCADE"), primary_key=True),
        sa.Column("district", sa.String(), primary_key=True),
        sa.Column("jamoat", sa.String(), primary_key=True, comment="Empty = no jamoat recorded"),
        sa.Column("class", sa.String(), primary_key=True),
        sa.Column("plots", sa.Integer(), nullable=False),
        sa.Column("area_ha", sa.Double(), nullable=False),
    )
    op.create_table(
        "suitability",
        sa.Column("run_id", sa.Integer(), primary_key=True, comment="Scoring run; the partition"),
        sa.Column("plot_no", sa.BigInteger(), primary_key=True, comment="Plot"),
        sa.Column("district", sa.String(), nullable=False, comment="District code"),
        sa.Column("jamoat", sa.String(), comment="Jamoat code"),
        sa.Column("area_ha", sa.REAL(), nullable=False, comment="Area on the ellipsoid [ha]"),
        sa.Column("score", sa.REAL(), comment="Score 0-100, unrounded; empty = not evaluated or excluded"),
        sa.Column("score_low", sa.REAL(), comment="Lowest score the unknown values allow"),
        sa.Column("score_high", sa.REAL(), comment="Highest score the unknown values allow"),
        sa.Column("class", sa.String(2), nullable=False, comment="S1 S2 S3 N1 N2, or NE not evaluated"),
        sa.Column("class_low", sa.String(2), nullable=False, comment="Class at score_low"),
        sa.Column("class_high", sa.String(2), nullable=False, comment="Class at score_high"),
        sa.Column("subclass", sa.String(8), comment="Class with up to three letters, worst first"),
        sa.Column("limiting", sa.String(), comment="Criterion that limits most"),
        sa.Column("potential_score", sa.REAL(), comment="Score after the scheme's improvements"),
        sa.Column("potential_class", sa.String(2), comment="Class after the scheme's improvements"),
        sa.Column("confidence", sa.String(1), comment="A surveyed to D coarse"),
        sa.Column(
            "not_assessed", sa.ARRAY(sa.String()), nullable=False, comment="Criteria this run could not assess here"
        ),
        sa.Column("irrigated", sa.Boolean(), comment="In a command area or recorded as irrigated"),
        sa.Column("hazard_free", sa.Boolean(), comment="All hazard levels known and none or residual"),
        sa.Column(
            "crops", sa.ARRAY(sa.String()), comment="Crops that are S1 or S2 here, best first; empty = not ranked"
        ),
        sa.Column(
            "memberships",
            sa.ARRAY(sa.REAL()),
            nullable=False,
            comment="Membership per criterion of the run, NaN unknown",
        ),
        sa.Column(
            "evidence", sa.String(), nullable=False, comment="Confidence letter per criterion of the run, - unknown"
        ),
        comment="Suitability of plots, one partition per run",
        postgresql_partition_by="LIST (run_id)",
    )
    op.create_index("ix_suitability_district_score", "suitability", ["run_id", "district", "score"])
    op.create_table(
        "suitability_cells",
        sa.Column("run_id", sa.Integer(), sa.ForeignKey("scoring_runs.run_id", ondelete="CASCADE"), primary_key=True),
        sa.Column("zoom", sa.SmallInteger(), primary_key=True, comment="Tile zoom the cells belong to"),
        sa.Column("x", sa.Integer(), primary_key=True, comment="Cell column: 16 x tile column + 0..15"),
        sa.Column("y", sa.Integer(), primary_key=True, comment="Cell row: 16 x tile row + 0..15"),
        sa.Column("district", sa.String(), primary_key=True),
        sa.Column("class", sa.String(2), primary_key=True),
        sa.Column("plots", sa.Integer(), nullable=False),
        sa.Column("area_ha", sa.REAL(), nullable=False, comment="Hectares of the class [ha]"),
        comment="Hectares by class on square cells, for low zooms",
    )
    op.create_table(
        "api_keys",
        sa.Column("key_id", sa.String(), primary_key=True, comment="Public half of the key"),
        sa.Column("digest", sa.LargeBinary(), nullable=False, comment="SHA-256 of the secret half (256 random bits)"),
        sa.Column("audience", sa.String(), nullable=False, comment="partner or staff"),
        sa.Column("districts", sa.ARRAY(sa.String()), comment="Empty = all districts"),
        sa.Column("label", sa.String(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False, server_default=sa.text("now()")),
        sa.Column("revoked_at", sa.DateTime(timezone=True)),
    )


def downgrade() -> None:
    """Drop them with all they hold."""
    op.drop_table("api_keys")
    op.drop_table("suitability_cells")
    op.drop_table("suitability")
    op.drop_table("run_hectares")
    op.drop_table("publications")
    op.drop_table("scoring_runs")
    op.drop_table("rasters")
    op.drop_table("loads")
