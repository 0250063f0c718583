"""What staff show everybody of scenarios and of rankings of works: plans, not decisions, and nothing of any person.

A scenario is shown beside the published balance that it was computed on; once another takes the place of that one, or
the scenario gets another file, it is shown no more.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import DateTime, ForeignKey, Integer, UniqueConstraint, func, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from layers.catalogue.base import Base


class ShownScenario(Base):
    """A run of a scenario that everybody may see, one of each kind of year and rule."""

    __tablename__ = "shown_scenarios"
    run: Mapped[int] = mapped_column(
        ForeignKey("scenario_runs.run", ondelete="CASCADE"), primary_key=True, comment="Run of a scenario"
    )
    scenario: Mapped[str] = mapped_column(comment="Scenario")
    title: Mapped[str] = mapped_column(comment="In the words of who wrote it")
    year_type: Mapped[str] = mapped_column(comment="dry, normal, wet")
    rule: Mapped[str] = mapped_column(comment="Rule of sharing")
    balance_id: Mapped[int] = mapped_column(
        ForeignKey("water_balances.balance_id", ondelete="CASCADE"), comment="Water balance it is shown beside"
    )
    synthetic: Mapped[bool] = mapped_column(server_default=text("false"), comment="Made from synthetic rows")
    report: Mapped[dict[str, Any]] = mapped_column(JSONB, comment="Gain, harm and cost as everybody may know them")
    shown_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=func.now())
    __table_args__ = (
        UniqueConstraint("scenario", "year_type", "rule", name="uq_shown_scenarios_choice"),
        {"comment": "Scenarios that are shown"},
    )


class ShownScenarioRow(Base):
    """A row of a layer of balances that is another with a scenario that is shown: what its tile says then."""

    __tablename__ = "shown_scenario_rows"
    run: Mapped[int] = mapped_column(
        ForeignKey("shown_scenarios.run", ondelete="CASCADE"), primary_key=True, comment="Run of a scenario"
    )
    layer: Mapped[str] = mapped_column(primary_key=True, comment="Layer")
    code: Mapped[str] = mapped_column(primary_key=True, comment="Canal reach or command area")
    told: Mapped[dict[str, Any]] = mapped_column(JSONB, comment="Attribute -> what it is with the scenario")
    __table_args__ = ({"comment": "Canal reaches and command areas of scenarios that are shown"},)


class ShownRanking(Base):
    """A ranking of works that everybody may see; families by tens."""

    __tablename__ = "shown_rankings"
    name: Mapped[str] = mapped_column(primary_key=True, comment="Ranking")
    year_type: Mapped[str] = mapped_column(comment="dry, normal, wet")
    rule: Mapped[str] = mapped_column(comment="Rule of sharing")
    as_of_load: Mapped[int] = mapped_column(Integer, comment="Rows were read as they stood after this load")
    synthetic: Mapped[bool] = mapped_column(server_default=text("false"), comment="Made from synthetic rows")
    report: Mapped[dict[str, Any]] = mapped_column(JSONB, comment="Works, gain, bound, gap and harm")
    shown_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=func.now())
    __table_args__ = ({"comment": "Rankings of works that are shown"},)
