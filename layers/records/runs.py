"""What scoring leaves behind: runs, results, publications; and keys. Loads and rasters are in ``layers.records.loads``.

A run is written whole into a partition of its own, or, where it was made from another by scoring only what had changed,
adds those rows to the partition of that one (``layers.records.rows_of_run``). It becomes visible only through
``publications``; publishing is one small transaction, so a reader sees the old run or the new one and never a mixture.
"""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from sqlalchemy import (
    ARRAY,
    REAL,
    BigInteger,
    Column,
    DateTime,
    Float,
    ForeignKey,
    ForeignKeyConstraint,
    Identity,
    Index,
    Integer,
    LargeBinary,
    SmallInteger,
    String,
    Table,
    func,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

import layers.records.audit
import layers.records.balances
import layers.records.loads
import layers.records.plans
import layers.records.remarks
import layers.records.scenarios
import layers.records.schemes
import layers.records.sign_ins  # noqa: F401 - their tables belong to whoever knows these: grants, backups, migrations
from layers.catalogue.base import Base
from layers.records.outcome import Kept
from layers.records.outcomes import columns_of


class ScoringRun(Base):
    """One scoring run, with all that is needed to compute it again."""

    __tablename__ = "scoring_runs"
    run_id: Mapped[int] = mapped_column(Integer, Identity(), primary_key=True)
    base_run: Mapped[int | None] = mapped_column(
        ForeignKey("scoring_runs.run_id"), comment="Run in whose partition the results are kept; empty = its own"
    )
    scheme: Mapped[str] = mapped_column(comment="Name of the scheme")
    scheme_text: Mapped[str] = mapped_column(comment="The scheme file, whole")
    scheme_sha256: Mapped[str]
    scenario: Mapped[str] = mapped_column(server_default="", comment="Empty = the land as it is")
    districts: Mapped[list[str]] = mapped_column(ARRAY(String), comment="Scope")
    status: Mapped[str] = mapped_column(comment="running, complete, failed")
    as_of: Mapped[date] = mapped_column(comment="Ages of evidence are counted to this day")
    as_of_load: Mapped[int] = mapped_column(comment="Rows are read as they stood after this load")
    layer_versions: Mapped[dict[str, Any]] = mapped_column(JSONB, comment="layer -> last load seen")
    criteria: Mapped[list[str]] = mapped_column(ARRAY(String), comment="Order of memberships and evidence")
    not_assessed: Mapped[dict[str, Any]] = mapped_column(
        JSONB, server_default=text("'{}'"), comment="district -> criterion -> why"
    )
    synthetic: Mapped[bool] = mapped_column(server_default=text("false"))
    code_version: Mapped[str]
    rule: Mapped[int] = mapped_column(
        server_default=text("1"), comment="Edition of the rule: 1 counted unknown as good, 2 counts it as 0 to 1"
    )
    started_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=func.now())
    finished_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    plots: Mapped[int | None]
    drawn_at: Mapped[datetime | None] = mapped_column(
        DateTime(timezone=True), comment="When robustness of a district was last stored"
    )
    published: Mapped[bool] = mapped_column(
        server_default=text("false"), comment="Whether it was ever served; what never was is a draft, for staff only"
    )


class Publication(Base):
    """Which run is served: one row per (district, scheme, scenario); ``shown`` marks what is served unasked."""

    __tablename__ = "publications"
    district: Mapped[str] = mapped_column(primary_key=True)
    scheme: Mapped[str] = mapped_column(primary_key=True)
    scenario: Mapped[str] = mapped_column(primary_key=True, server_default="")
    run_id: Mapped[int] = mapped_column(ForeignKey("scoring_runs.run_id"))
    shown: Mapped[bool] = mapped_column(server_default=text("true"))
    published_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=func.now())
    __table_args__ = (
        Index("uq_publications_shown", "district", "scenario", unique=True, postgresql_where=text("shown")),
    )


class RunDraws(Base):
    """Districts of runs whose draws are stored: a row is written in the transaction that stores them."""

    __tablename__ = "run_draws"
    run_id: Mapped[int] = mapped_column(
        ForeignKey("scoring_runs.run_id", ondelete="CASCADE"), primary_key=True, comment="Scoring run"
    )
    district: Mapped[str] = mapped_column(primary_key=True, comment="District whose plots were drawn")
    plots: Mapped[int] = mapped_column(comment="Plots drawn")
    draws: Mapped[int] = mapped_column(comment="Draws of each plot")
    seed: Mapped[int] = mapped_column(BigInteger, comment="The same seed gives the same draws")
    drawn_at: Mapped[datetime] = mapped_column(
        DateTime(timezone=True), server_default=func.now(), comment="When they were stored"
    )
    __table_args__ = ({"comment": "Districts of runs whose draws are stored"},)


class RunHectares(Base):
    """Hectares and plots by class, per district and jamoat, kept for every run."""

    __tablename__ = "run_hectares"
    run_id: Mapped[int] = mapped_column(ForeignKey("scoring_runs.run_id", ondelete="CASCADE"), primary_key=True)
    district: Mapped[str] = mapped_column(primary_key=True)
    jamoat: Mapped[str] = mapped_column(primary_key=True, comment="Empty = no jamoat recorded")
    suitability_class: Mapped[str] = mapped_column("class", primary_key=True)
    plots: Mapped[int]
    area_ha: Mapped[float]


# Columns of what was found follow from ``layers.records.outcomes``: one nullable real column per land criterion, too.
# (1,000,000 x 21 measured: JSONB 18.9 s to COPY and 2.34 s to filter a district; columns 4.0 s and 0.045 s.)
suitability = Table(
    "suitability",
    Base.metadata,
    Column("base_run", Integer, primary_key=True, comment="Scoring run that began the partition"),
    Column("plot_no", BigInteger, primary_key=True, comment="Plot"),
    Column(
        "from_run",
        Integer,
        primary_key=True,
        server_default=text("0"),
        comment="First run this holds in; 0 = the one that began the partition",
    ),
    Column("until_run", Integer, comment="First run this holds in no longer; empty = it still does"),
    Column("district", String, nullable=False, comment="District code"),
    Column("jamoat", String, comment="Jamoat code"),
    Column("area_ha", REAL, nullable=False, comment="Area on the ellipsoid [ha]"),
    *columns_of(Kept.RESULT),
    Index("ix_suitability_district_score", "base_run", "district", "score"),
    Index("ix_suitability_from", "from_run", postgresql_where=text("from_run > 0")),
    Index("ix_suitability_until", "until_run", postgresql_where=text("until_run IS NOT NULL")),
    postgresql_partition_by="LIST (base_run)",
    comment="Suitability of plots, one partition per run that scored everything",
)

# How sure each class is: what draws of other weights, risk attitudes and values made of a run. Filled on request.
robustness = Table(
    "robustness",
    Base.metadata,
    Column("run_id", Integer, ForeignKey("scoring_runs.run_id", ondelete="CASCADE"), primary_key=True),
    Column("plot_no", BigInteger, primary_key=True, comment="Plot"),
    *columns_of(Kept.DRAWS),
    Column("draws", Integer, nullable=False, comment="How many draws"),
    Column("seed", BigInteger, nullable=False, comment="Seed of the draws"),
    comment="Classes of a run drawn again with other weights, risk attitudes and values",
)

CELL_BITS = 4  # 2**4 kept cells along a tile's side
CELL_ZOOM = 14  # finest zoom cells are kept for; runs made before 0.2.0 have them to 12
PER_HECTARE = 1_000_000  # a hundredth of a square metre, to which areas are kept: whole numbers sum alike in any order

# Land by class on square cells for zooms where plots are too small to draw. Cells are 1/16 of a tile's side.
# Land that is not settled stands apart from the classes on cells, by its outlook.
UNSETTLED_CODES = {"likely": "UL", "open": "UO", "unlikely": "UU"}

suitability_cells = Table(
    "suitability_cells",
    Base.metadata,
    Column("run_id", Integer, ForeignKey("scoring_runs.run_id", ondelete="CASCADE"), primary_key=True),
    Column("zoom", SmallInteger, primary_key=True, comment="Tile zoom the cells belong to"),
    Column("x", Integer, primary_key=True, comment="Cell column: 16 x tile column + 0..15"),
    Column("y", Integer, primary_key=True, comment="Cell row: 16 x tile row + 0..15"),
    Column("district", String, primary_key=True),
    Column("class", String(2), primary_key=True),
    Column("plots", Integer, nullable=False),
    Column("area_ha", Float, nullable=False, comment="Hectares of the class [ha]"),
    comment="Hectares by class on square cells, for low zooms",
)


class FitProfile(Base):
    """A household profile a run was fitted to, kept whole so that the fit can be computed again."""

    __tablename__ = "fit_profiles"
    run_id: Mapped[int] = mapped_column(ForeignKey("scoring_runs.run_id", ondelete="CASCADE"), primary_key=True)
    profile: Mapped[str] = mapped_column(primary_key=True, comment="Name of the household profile")
    title: Mapped[str] = mapped_column(comment="Kind of household")
    profile_text: Mapped[str] = mapped_column(comment="The profile file, whole")
    profile_sha256: Mapped[str]
    not_assessed: Mapped[dict[str, Any]] = mapped_column(
        JSONB, server_default=text("'{}'"), comment="district -> criterion -> why"
    )
    code_version: Mapped[str]
    computed_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=func.now())
    plots: Mapped[int]


# Staff only.
household_fit = Table(
    "household_fit",
    Base.metadata,
    Column("run_id", Integer, primary_key=True, comment="Scoring run the fit stands beside"),
    Column("profile", String, primary_key=True, comment="Household profile"),
    Column("plot_no", BigInteger, primary_key=True, comment="Plot"),
    *columns_of(Kept.FIT),
    ForeignKeyConstraint(["run_id", "profile"], ["fit_profiles.run_id", "fit_profiles.profile"], ondelete="CASCADE"),
    comment="Fit of a kind of household on plots, for staff only",
)


class ApiKey(Base):
    """Keys of partners and staff; only a digest is kept."""

    __tablename__ = "api_keys"
    key_id: Mapped[str] = mapped_column(primary_key=True, comment="Public half of the key")
    digest: Mapped[bytes] = mapped_column(LargeBinary, comment="SHA-256 of the secret half (256 random bits)")
    audience: Mapped[str] = mapped_column(comment="partner or staff")
    districts: Mapped[list[str] | None] = mapped_column(ARRAY(String), comment="Empty = all districts")
    label: Mapped[str]
    created_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=func.now())
    revoked_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    expires_at: Mapped[datetime] = mapped_column(
        DateTime(timezone=True), server_default=text("now() + interval '1 year'"), comment="First moment it is not good"
    )
    last_used_at: Mapped[datetime | None] = mapped_column(
        DateTime(timezone=True), comment="Last use, to within about a minute; empty = never"
    )
