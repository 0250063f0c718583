"""Who saw, loaded, published, exported or erased what: a table that only grows, and never holds what was seen.

An act that changes the database writes its entry in its own transaction: there is no act without one. PostgreSQL
refuses to change or delete entries, to the owner too (``refuse_rewriting``, made by revision 0021). Reading what is for
partners or staff is entered before the answer leaves; where that fails, there is no answer.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import ARRAY, BigInteger, Connection, DateTime, Identity, Integer, String, func, insert, select, text
from sqlalchemy.dialects.postgresql import UUID
from sqlalchemy.orm import Mapped, mapped_column

from layers.audience import Audience
from layers.catalogue.base import Base
from layers.errors import NotFound


class Act(StrEnum):
    """What is entered."""

    KEY_MADE = "key-made"
    KEY_ROTATED = "key-rotated"
    KEY_REVOKED = "key-revoked"
    SIGN_IN = "sign-in"
    SIGN_OUT = "sign-out"
    SIGN_IN_REFUSED = "sign-in-refused"
    LOAD = "load"
    UNDO = "undo"
    PURGE = "purge"
    RUN_DELETED = "run-deleted"
    SCENARIO_ADDED = "scenario-added"
    SCENARIO_RUN = "scenario-run"
    SCENARIO_DELETED = "scenario-deleted"
    SCENARIO_SHOWN = "scenario-shown"
    SCENARIO_HIDDEN = "scenario-hidden"
    RANKING_SHOWN = "ranking-shown"
    RANKING_HIDDEN = "ranking-hidden"
    REMARK_MADE = "remark-made"
    REMARK_ENDED = "remark-ended"
    REMARK_ERASED = "remark-erased"
    SCHEME_STORED = "scheme-stored"
    SCHEME_DELETED = "scheme-deleted"
    JOB_ASKED = "job-asked"
    JOB_STOPPED = "job-stopped"
    PUBLICATION = "publication"
    EXPORT = "export"
    LIST = "list"
    MAP = "map"
    BACKUP = "backup"
    RESTORE = "restore"


class AuditEntry(Base):
    """One entry. It names keys, layers, loads, runs and districts, and counts rows; it never quotes any."""

    __tablename__ = "audit_log"
    entry: Mapped[int] = mapped_column(BigInteger, Identity(), comment="Order of the entries in this database")
    entry_id: Mapped[str] = mapped_column(
        UUID(as_uuid=False),
        primary_key=True,
        server_default=text("gen_random_uuid()"),
        comment="Names the entry in every backup",
    )
    at: Mapped[datetime] = mapped_column(
        DateTime(timezone=True), server_default=func.clock_timestamp(), index=True, comment="When it was entered"
    )
    what: Mapped[str] = mapped_column(comment="What was done")
    key_id: Mapped[str | None] = mapped_column(
        comment="Public half of the key it was done with, or to; empty = a command on the machine"
    )
    audience: Mapped[str | None] = mapped_column(comment="For whom what was read or made is: partner or staff")
    layer: Mapped[str | None] = mapped_column(comment="Layer it was about")
    number: Mapped[int | None] = mapped_column(Integer, comment="Load or run it was about")
    districts: Mapped[list[str] | None] = mapped_column(ARRAY(String), comment="Districts; empty = not limited")
    rows: Mapped[int | None] = mapped_column(BigInteger, comment="Rows that were read or changed")
    __table_args__ = ({"comment": "Who saw, loaded, published, exported or erased what; never content"},)


def note(
    connection: Connection,
    what: Act,
    *,
    key_id: str | None = None,
    audience: Audience | None = None,
    layer: str | None = None,
    number: int | None = None,
    districts: Sequence[str] | None = None,
    rows: int | None = None,
) -> None:
    """Enter an act in the transaction of the caller, which is the owner's."""
    connection.execute(
        insert(AuditEntry).values(
            what=what.value,
            key_id=key_id,
            audience=None if audience is None else audience.name.lower(),
            layer=layer,
            number=number,
            districts=None if districts is None else list(districts),
            rows=rows,
        )
    )


def note_reading(
    connection: Connection,
    what: Act,
    key_id: str | None,
    audience: Audience,
    layer: str,
    districts: Sequence[str] | None,
    rows: int | None,
) -> None:
    """Enter that something was read, on a connection of the login that serves, which may do no more than that."""
    values = (key_id, audience.name.lower(), layer, None if districts is None else list(districts), rows)
    connection.execute(
        text("SELECT note_reading(:what, :key_id, :audience, :layer, CAST(:districts AS text[]), :rows)"),
        {"what": what.value, **dict(zip(("key_id", "audience", "layer", "districts", "rows"), values, strict=True))},
    )


def list_entries(
    connection: Connection, *, since: datetime | None = None, key_id: str | None = None, what: str | None = None
) -> list[dict[str, Any]]:
    """Return the entries that meet all conditions, the latest first; ``connection`` is the owner's.

    Raises
    ------
    NotFound : there is no such act; names those there are.
    """
    if what is not None and what not in list(Act):
        raise NotFound(f"There is no act {what!r} in the log; there are: {', '.join(Act)}.")
    table = AuditEntry.__table__.c
    columns = [column for column in table if column.name not in ("entry_id",)]
    asked = select(*columns).order_by(AuditEntry.at.desc(), AuditEntry.entry.desc())
    if since is not None:
        asked = asked.where(AuditEntry.at >= since)
    if key_id is not None:
        asked = asked.where(AuditEntry.key_id == key_id)
    if what is not None:
        asked = asked.where(AuditEntry.what == what)
    return [dict(row) for row in connection.execute(asked).mappings()]
