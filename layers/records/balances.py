"""What water balances leave behind: how each was made, and its rows for areas and canal reaches by period.

A balance is written whole, in one transaction, and never changed. What the last published one found is also in the
layers ``area_balance`` and ``reach_balance``.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any, Final

from sqlalchemy import REAL, DateTime, ForeignKey, Identity, Integer, SmallInteger, func, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from layers.catalogue.base import Base

# Layers whose rows a balance is made from.
INPUTS: Final = (
    *("canals", "outlets", "command_areas", "command_crops", "climate_months"),
    *("intakes", "intake_flows", "pumps", "districts"),
)


class WaterBalance(Base):
    """One water balance, with all that is needed to compute it again."""

    __tablename__ = "water_balances"
    balance_id: Mapped[int] = mapped_column(Integer, Identity(), primary_key=True)
    year_type: Mapped[str] = mapped_column(comment="dry, normal, wet")
    rule: Mapped[str] = mapped_column(comment="Rule of sharing")
    split: Mapped[str] = mapped_column(comment="month, decade")
    rain_method: Mapped[str] = mapped_column(comment="Rule of effective rain")
    crop_table: Mapped[str] = mapped_column(comment="Edition of the table of crops")
    as_of_load: Mapped[int] = mapped_column(comment="Rows were read as they stood after this load")
    code_version: Mapped[str] = mapped_column(comment="Version and digest of the science")
    draft: Mapped[bool] = mapped_column(server_default=text("false"), comment="For staff only")
    synthetic: Mapped[bool] = mapped_column(server_default=text("false"), comment="Made from synthetic rows")
    counts: Mapped[dict[str, Any]] = mapped_column(JSONB, comment="Reaches, areas, systems, and what is left out")
    left_out: Mapped[list[Any]] = mapped_column(JSONB, comment="Faults for which networks are left out")
    equity: Mapped[dict[str, Any]] = mapped_column(JSONB, comment="canal -> how evenly its water is shared")
    made_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=func.now())
    __table_args__ = ({"comment": "Water balances"},)


class BalanceArea(Base):
    """What one command area needs and gets in one period; m3/s; lesser and greater where something is unknown."""

    __tablename__ = "balance_areas"
    balance_id: Mapped[int] = mapped_column(
        ForeignKey("water_balances.balance_id", ondelete="CASCADE"), primary_key=True, comment="Water balance"
    )
    area: Mapped[str] = mapped_column(primary_key=True, comment="Command area")
    month: Mapped[int] = mapped_column(SmallInteger, primary_key=True, comment="Month")
    part: Mapped[int] = mapped_column(SmallInteger, primary_key=True, comment="Ten-day part, 0 for the month")
    canal: Mapped[str | None] = mapped_column(comment="Canal")
    need_m3_s: Mapped[float | None] = mapped_column(REAL, comment="Gross need at the outlet [m3/s]")
    delivered_m3_s: Mapped[float | None] = mapped_column(REAL, comment="Delivered, at worst [m3/s]")
    delivered_best_m3_s: Mapped[float | None] = mapped_column(REAL, comment="Delivered, at best [m3/s]")
    ratio: Mapped[float | None] = mapped_column(REAL, comment="Delivered over needed, at worst [ratio]")
    ratio_best: Mapped[float | None] = mapped_column(REAL, comment="Delivered over needed, at best [ratio]")
    unknown: Mapped[str | None] = mapped_column(comment="Why the need is not known")
    __table_args__ = ({"comment": "Command areas of water balances, by period"},)


class BalanceReach(Base):
    """What one canal reach takes in and loses in one period, m3/s; lesser and greater where something is unknown."""

    __tablename__ = "balance_reaches"
    balance_id: Mapped[int] = mapped_column(
        ForeignKey("water_balances.balance_id", ondelete="CASCADE"), primary_key=True, comment="Water balance"
    )
    reach: Mapped[str] = mapped_column(primary_key=True, comment="Canal reach")
    month: Mapped[int] = mapped_column(SmallInteger, primary_key=True, comment="Month")
    part: Mapped[int] = mapped_column(SmallInteger, primary_key=True, comment="Ten-day part, 0 for the month")
    canal: Mapped[str | None] = mapped_column(comment="Canal")
    need_m3_s: Mapped[float | None] = mapped_column(REAL, comment="Needed at the outlets beyond [m3/s]")
    flow_m3_s: Mapped[float | None] = mapped_column(REAL, comment="Taken in, at least [m3/s]")
    flow_most_m3_s: Mapped[float | None] = mapped_column(REAL, comment="Taken in, at most [m3/s]")
    lost_m3_s: Mapped[float | None] = mapped_column(REAL, comment="Lost on the way, at least [m3/s]")
    lost_most_m3_s: Mapped[float | None] = mapped_column(REAL, comment="Lost on the way, at most [m3/s]")
    ratio: Mapped[float | None] = mapped_column(REAL, comment="Delivered over needed beyond it, at worst [ratio]")
    ratio_best: Mapped[float | None] = mapped_column(REAL, comment="Delivered over needed beyond it, at best [ratio]")
    __table_args__ = ({"comment": "Canal reaches of water balances, by period"},)
