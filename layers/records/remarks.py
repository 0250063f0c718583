"""Remarks of staff on plots: at most 80 characters, for staff of the district and nobody else.

Who wrote one is kept as the public half of a key. A remark that is taken back is kept as ended until it is erased.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from sqlalchemy import Connection, DateTime, Identity, Integer, String, delete, func, select, text
from sqlalchemy.orm import Mapped, mapped_column

from layers.catalogue.base import Base
from layers.catalogue.land import Plot
from layers.errors import DataRefused, NotFound
from layers.records.audit import Act, note
from layers.records.phrases import told

MOST_CHARACTERS: Final = 80
MOST_DIGITS: Final = 6  # of one number; phones, passports, taxpayer and cadastral numbers have more
_DATE: Final = re.compile(r"(?<!\d)(?:\d{1,2}[./]\d{1,2}[./]\d{4}|\d{4}-\d{2}-\d{2})(?!\d)", re.ASCII)
_NUMBER: Final = re.compile(r"\d(?:[\s().:/+–-]{0,3}\d)*")


class PlotRemark(Base):
    """One remark on one plot."""

    __tablename__ = "plot_remarks"
    remark: Mapped[int] = mapped_column(Integer, Identity(), primary_key=True, comment="Number of the remark")
    plot_id: Mapped[str] = mapped_column(index=True, comment="Plot")
    district: Mapped[str | None] = mapped_column(comment="District the plot was in; its staff read the remark")
    text: Mapped[str] = mapped_column(String(MOST_CHARACTERS), comment="What is remarked, without names of people")
    key_id: Mapped[str] = mapped_column(comment="Public half of the key it was written with")
    made_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=func.now())
    ended_at: Mapped[datetime | None] = mapped_column(
        DateTime(timezone=True), comment="When it was taken back; empty = in force"
    )
    ended_by: Mapped[str | None] = mapped_column(comment="Public half of the key it was taken back with")
    __table_args__ = ({"comment": "Remarks of staff on plots, for staff only"},)


@dataclass(frozen=True, slots=True)
class Remark:
    """A remark in force."""

    remark: int
    plot_id: str
    text: str
    key_id: str
    made_at: datetime


def check_remark(sent: str) -> str:
    """Return a remark as it is stored, without blanks around it.

    Names of people cannot be told from other words: writers are asked to leave them out, and no more. Long numbers can,
    and a phone, a passport or a cadastral number leads to a person. Days may be written.

    Raises
    ------
    DataRefused : it is empty, too long, holds characters that are not written or a number of more than six digits.
    """
    kept = unicodedata.normalize("NFC", sent).strip()
    if not kept or len(kept) > MOST_CHARACTERS:
        raise DataRefused(told("A remark of 1 to {most} characters expected.", most=MOST_CHARACTERS))
    if any(unicodedata.category(character)[0] == "C" for character in kept):
        raise DataRefused(told("A remark of one line expected; it holds a character that cannot be written."))
    digits = (sum(map(str.isdigit, number)) for number in _NUMBER.findall(_DATE.sub("–", kept)))
    if max(digits, default=0) > MOST_DIGITS:
        message = "Numbers of at most {most} digits expected: longer ones, as of phones or papers, lead to people."
        raise DataRefused(told(message, most=MOST_DIGITS))
    return kept


def store_remark(connection: Connection, plot_id: str, sent: str, *, key_id: str) -> int:
    """Store a remark for a staff key of the plot's district and return its number.

    Parameters
    ----------
    connection : one of ``layers.postgres.engine.noting``.
    plot_id : the plot.
    sent : what is remarked.
    key_id : public half of the key it is written with.

    Raises
    ------
    NotFound : there is no such plot.
    NotAllowed : the key is not one of staff of its district, or no longer good.
    DataRefused : it cannot be stored as it is, or the plot has twenty remarks already.
    """
    values = {"key": key_id, "plot": plot_id, "text": check_remark(sent)}
    number = connection.execute(text("SELECT store_remark(:key, :plot, :text)"), values).scalar_one()
    if number is None:
        raise NotFound(f"There is no plot {plot_id!r}.")
    if number == 0:
        raise DataRefused(told("This plot has twenty remarks; take one back before you add another."))
    return int(number)


def end_remark(connection: Connection, plot_id: str, remark: int, *, key_id: str) -> None:
    """Take a remark back; parameters as ``store_remark``.

    Raises
    ------
    NotFound : there is no such remark on the plot in force.
    NotAllowed : the key is not one of staff of its district, or no longer good.
    """
    values = {"key": key_id, "plot": plot_id, "remark": remark}
    if not connection.execute(text("SELECT end_remark(:key, :plot, :remark)"), values).scalar_one():
        raise NotFound(f"There is no remark {remark} on plot {plot_id!r}.")


def read_remarks(connection: Connection, plot_ids: Sequence[str]) -> list[Remark]:
    """Return the remarks in force on some plots, by plot, the latest first; ``connection`` reads as staff."""
    of = PlotRemark.__table__.c
    asked = select(of.remark, of.plot_id, of.text, of.key_id, of.made_at)
    asked = asked.where(of.plot_id.in_(plot_ids), of.ended_at.is_(None)).order_by(of.plot_id, of.remark.desc())
    return [Remark(*row) for row in connection.execute(asked)]


def list_remarks(connection: Connection, district: str | None = None, *, with_ended: bool = False) -> list[PlotRemark]:
    """Return remarks, the latest first; ``connection`` is the owner's.

    Parameters
    ----------
    district : only of this; None = of all.
    with_ended : also those that were taken back.
    """
    asked = select(PlotRemark.__table__).order_by(PlotRemark.remark.desc())
    if district is not None:
        asked = asked.where(PlotRemark.district == district)
    if not with_ended:
        asked = asked.where(PlotRemark.ended_at.is_(None))
    return [PlotRemark(**row) for row in connection.execute(asked).mappings()]


def erase_remarks_of(connection: Connection, plot_ids: Sequence[str], ended_before: datetime | None = None) -> int:
    """Erase for good what was remarked on plots that are gone, and what ended long ago; return how many.

    Parameters
    ----------
    connection : the owner's.
    plot_ids : plots of which rows were erased; remarks on those that still have a row stay.
    ended_before : remarks that were taken back before this go too; None = none of them.
    """
    of = PlotRemark.__table__.c
    still = select(Plot.plot_id).where(Plot.plot_id == of.plot_id).exists()
    goes = of.plot_id.in_(plot_ids) & ~still
    if ended_before is not None:
        goes |= of.ended_at < ended_before
    return connection.execute(delete(PlotRemark).where(goes)).rowcount


def erase_remarks(connection: Connection, remarks: Sequence[int]) -> int:
    """Erase remarks for good, those in force too, in the owner's transaction; return how many.

    Raises
    ------
    NotFound : one of them is not there; nothing is erased.
    """
    found = list(
        connection.execute(
            delete(PlotRemark).where(PlotRemark.remark.in_(remarks)).returning(PlotRemark.remark)
        ).scalars()
    )
    if missing := sorted(set(remarks) - set(found)):
        raise NotFound(f"There is no remark {missing[0]}; `obod remark list --ended` names those there are.")
    note(connection, Act.REMARK_ERASED, layer=PlotRemark.__tablename__, rows=len(found))
    return len(found)
