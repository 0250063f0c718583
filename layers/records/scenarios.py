"""What scenarios leave behind: the file of each, what its runs found, and their rows by period. For staff only.

A run is written whole, in one transaction, and never changed; it goes with its scenario. Nothing of it is in a layer.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any, Final

from sqlalchemy import REAL, BigInteger, DateTime, ForeignKey, Identity, Integer, SmallInteger, func, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from geo.suitability.findings import needs
from layers.catalogue.base import Base
from layers.records.balances import INPUTS

# Layers a run reads: what balances are made from, where people and their water are, and all that plots are judged by.
SEEN: Final = tuple(dict.fromkeys((*INPUTS, "wells", "services", "plots", *(need.layer for need in needs()))))


class ScenarioFile(Base):
    """A scenario as it was written."""

    __tablename__ = "scenarios"
    name: Mapped[str] = mapped_column(primary_key=True)
    title: Mapped[str] = mapped_column(comment="In the words of who wrote it")
    cost_usd: Mapped[float] = mapped_column(comment="Of all its works [USD]")
    file: Mapped[str] = mapped_column(comment="The file, whole")
    sha256: Mapped[str] = mapped_column(comment="Digest of the file; runs keep that of the file they were made from")
    added_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=func.now())
    __table_args__ = ({"comment": "Scenarios of water"},)


class ScenarioRun(Base):
    """What one run of a scenario found, with all that is needed to compute it again."""

    __tablename__ = "scenario_runs"
    run: Mapped[int] = mapped_column(Integer, Identity(), primary_key=True)
    scenario: Mapped[str] = mapped_column(
        ForeignKey("scenarios.name", ondelete="CASCADE"), index=True, comment="Scenario"
    )
    sha256: Mapped[str] = mapped_column(comment="Digest of the file it was made from")
    year_type: Mapped[str] = mapped_column(comment="dry, normal, wet")
    rule: Mapped[str] = mapped_column(comment="Rule of sharing")
    split: Mapped[str] = mapped_column(comment="month, decade")
    rain_method: Mapped[str] = mapped_column(comment="Rule of effective rain")
    crop_table: Mapped[str] = mapped_column(comment="Edition of the table of crops")
    as_of_load: Mapped[int] = mapped_column(comment="Rows were read as they stood after this load")
    code_version: Mapped[str] = mapped_column(comment="Version and digest of the science")
    synthetic: Mapped[bool] = mapped_column(server_default=text("false"), comment="Made from synthetic rows")
    report: Mapped[dict[str, Any]] = mapped_column(JSONB, comment="Gain, harm, cost; families by tens")
    made_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=func.now())
    __table_args__ = ({"comment": "Runs of scenarios"},)


class ScenarioArea(Base):
    """What one command area needs and gets in one period without a scenario and with it; m3/s, at worst and at best."""

    __tablename__ = "scenario_areas"
    run: Mapped[int] = mapped_column(
        ForeignKey("scenario_runs.run", ondelete="CASCADE"), primary_key=True, comment="Run of a scenario"
    )
    area: Mapped[str] = mapped_column(primary_key=True, comment="Command area")
    month: Mapped[int] = mapped_column(SmallInteger, primary_key=True, comment="Month")
    part: Mapped[int] = mapped_column(SmallInteger, primary_key=True, comment="Ten-day part, 0 for the month")
    counts: Mapped[bool] = mapped_column(comment="Whether the period counts for what grows there now")
    counts_with: Mapped[bool] = mapped_column(comment="Whether it counts for what grows there with the scenario")
    need_m3_s: Mapped[float | None] = mapped_column(REAL, comment="Gross need at the outlet [m3/s]")
    need_with_m3_s: Mapped[float | None] = mapped_column(REAL, comment="The same, with the scenario [m3/s]")
    delivered_m3_s: Mapped[float | None] = mapped_column(REAL, comment="Delivered, at worst [m3/s]")
    delivered_with_m3_s: Mapped[float | None] = mapped_column(REAL, comment="The same, with the scenario [m3/s]")
    ratio: Mapped[float | None] = mapped_column(REAL, comment="Delivered over needed, at worst [ratio]")
    ratio_with: Mapped[float | None] = mapped_column(REAL, comment="The same, with the scenario [ratio]")
    ratio_best: Mapped[float | None] = mapped_column(REAL, comment="Delivered over needed, at best [ratio]")
    ratio_best_with: Mapped[float | None] = mapped_column(REAL, comment="The same, with the scenario [ratio]")
    __table_args__ = ({"comment": "Command areas of runs of scenarios, by period"},)


class ScenarioPlot(Base):
    """A plot whose class a scenario changes, or whether it is settled; a number, and nothing of who lives from it."""

    __tablename__ = "scenario_plots"
    run: Mapped[int] = mapped_column(
        ForeignKey("scenario_runs.run", ondelete="CASCADE"), primary_key=True, comment="Run of a scenario"
    )
    plot_no: Mapped[int] = mapped_column(BigInteger, primary_key=True, comment="Plot")
    district: Mapped[str] = mapped_column(comment="District")
    jamoat: Mapped[str | None] = mapped_column(comment="Jamoat")
    area: Mapped[str | None] = mapped_column(comment="Command area that holds most of it")
    area_ha: Mapped[float] = mapped_column(comment="Area on the ellipsoid [ha]")
    before: Mapped[str] = mapped_column(comment="Class as it is")
    before_settled: Mapped[bool] = mapped_column(comment="Whether that is settled")
    after: Mapped[str] = mapped_column(comment="Class with the scenario")
    after_settled: Mapped[bool] = mapped_column(comment="Whether that is settled")
    __table_args__ = ({"comment": "Plots of runs of scenarios whose class changes"},)


class ScenarioReach(Base):
    """What one canal reach takes in and loses in one period without a scenario and with it, m3/s, at worst."""

    __tablename__ = "scenario_reaches"
    run: Mapped[int] = mapped_column(
        ForeignKey("scenario_runs.run", ondelete="CASCADE"), primary_key=True, comment="Run of a scenario"
    )
    reach: Mapped[str] = mapped_column(primary_key=True, comment="Canal reach")
    month: Mapped[int] = mapped_column(SmallInteger, primary_key=True, comment="Month")
    part: Mapped[int] = mapped_column(SmallInteger, primary_key=True, comment="Ten-day part, 0 for the month")
    flow_m3_s: Mapped[float | None] = mapped_column(REAL, comment="Taken in [m3/s]")
    flow_with_m3_s: Mapped[float | None] = mapped_column(REAL, comment="The same, with the scenario [m3/s]")
    lost_m3_s: Mapped[float | None] = mapped_column(REAL, comment="Lost on the way [m3/s]")
    lost_with_m3_s: Mapped[float | None] = mapped_column(REAL, comment="The same, with the scenario [m3/s]")
    __table_args__ = ({"comment": "Canal reaches of runs of scenarios, by period"},)
