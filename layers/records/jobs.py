"""Work that somebody asks for and comes back to: reports and files of many plots, drafts of staff.

A job is kept for some hours with what was asked for, never with who a person is. Whoever holds its number, 128 random
bits, may look at a job of the public; a job that was asked for with a key is told to that key alone. The service asks
by functions of the database; who does the work is ``layers.records.job_work``.
"""

from __future__ import annotations

import hashlib
import re
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any, Final, Self

import orjson
from sqlalchemy import BigInteger, Connection, DateTime, Integer, LargeBinary, String, func, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from layers.audience import PUBLIC, Audience
from layers.catalogue.base import Base
from layers.errors import NotAllowed, NotFound, TooMuchAsked
from layers.records.phrases import told

NUMBER_BYTES: Final = 16
NUMBER: Final = re.compile(r"[0-9a-f]{32}", re.ASCII)
MOST_BYTES: Final = 16_000  # of a question
SECONDS_PER_HOUR: Final = 3600


class JobKind(StrEnum):
    """What is made."""

    REPORT = "report"
    EXPORT = "export"
    SCORE = "score"


class JobState(StrEnum):
    """How far a job is; the last three are its end."""

    WAITING = "waiting"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"
    STOPPED = "stopped"


ENDED: Final = frozenset({JobState.DONE, JobState.FAILED, JobState.STOPPED})


class Job(Base):
    """One job."""

    __tablename__ = "jobs"
    job_id: Mapped[str] = mapped_column(String(32), primary_key=True, comment="Number of the job, 128 random bits")
    kind: Mapped[str] = mapped_column(comment="What is made: report, export or score")
    question: Mapped[dict[str, Any]] = mapped_column(JSONB, comment="What was asked for; nothing of a person")
    digest: Mapped[bytes] = mapped_column(LargeBinary, index=True, comment="SHA-256 of what was asked for")
    lang: Mapped[str] = mapped_column(comment="Language of what is made")
    district: Mapped[str] = mapped_column(comment="District it is about")
    audience: Mapped[str] = mapped_column(comment="For whom what is made is: public, partner or staff")
    key_id: Mapped[str | None] = mapped_column(comment="Public half of the key it was asked with; empty = the public")
    askers: Mapped[int] = mapped_column(Integer, server_default=text("1"), comment="How often it was asked for")
    state: Mapped[str] = mapped_column(
        server_default=text("'waiting'"), index=True, comment="waiting, running, done, failed, stopped"
    )
    stop_asked: Mapped[bool] = mapped_column(server_default=text("false"), comment="Whether it is to be stopped")
    tries: Mapped[int] = mapped_column(Integer, server_default=text("0"), comment="How often it was begun")
    stage: Mapped[str | None] = mapped_column(comment="What is being done")
    done: Mapped[int] = mapped_column(Integer, server_default=text("0"), comment="Of the steps or parts, those done")
    total: Mapped[int] = mapped_column(Integer, server_default=text("0"), comment="Steps or parts; 0 = not known")
    asked_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=func.now())
    started_at: Mapped[datetime | None] = mapped_column(
        DateTime(timezone=True), comment="When it was begun for the first time"
    )
    beat_at: Mapped[datetime | None] = mapped_column(
        DateTime(timezone=True), comment="When whoever makes it was last heard of"
    )
    ended_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    expires_at: Mapped[datetime] = mapped_column(
        DateTime(timezone=True), comment="First moment it is not kept, with what it made"
    )
    note: Mapped[str | None] = mapped_column(comment="Why it failed, in a sentence")
    note_lang: Mapped[str | None] = mapped_column(comment="Language of that sentence")
    file_name: Mapped[str | None] = mapped_column(comment="Name of the file it made, for readers")
    stored_as: Mapped[str | None] = mapped_column(comment="Its name below OBOD_HOME/jobs")
    media_type: Mapped[str | None] = mapped_column(comment="Its media type")
    size_bytes: Mapped[int | None] = mapped_column(BigInteger, comment="Its bytes")
    sha256: Mapped[str | None] = mapped_column(comment="Digest of it")
    rows: Mapped[int | None] = mapped_column(BigInteger, comment="Plots in it")
    run_id: Mapped[int | None] = mapped_column(Integer, comment="Draft that it made")
    __table_args__ = ({"comment": "Work that was asked for and is kept for some hours; no part of a backup"},)


@dataclass(frozen=True, slots=True)
class Question:
    """What is asked for, checked.

    Parameters
    ----------
    kind : what is made.
    district : its code.
    form : of the file: pdf or html of a report, a form of files of an export; empty of a draft.
    filters, sortby : which plots, in which order, as the list of plots takes them.
    run : the run that was shown when it was asked, None for none.
    scheme : of a draft.
    seen : the last load that could be seen then: after another one the same words ask for something else.
    root : address of the service, as it stands on paper.
    """

    kind: JobKind
    district: str
    form: str = ""
    filters: Mapping[str, Sequence[str]] = field(default_factory=dict)
    sortby: str | None = None
    run: int | None = None
    scheme: str | None = None
    seen: int = 0
    root: str = ""

    def as_json(self) -> bytes:
        """Return it as it is stored."""
        return orjson.dumps(self, option=orjson.OPT_SORT_KEYS)

    @classmethod
    def stored(cls, kept: Mapping[str, Any]) -> Self:
        """Return what was stored so."""
        return cls(**{**kept, "kind": JobKind(kept["kind"])})


@dataclass(frozen=True, slots=True)
class JobTold:
    """A job as the service is told of it.

    ``before`` : jobs that come first while it waits. ``has_worker`` : somebody works on jobs now. The others are
    columns of ``Job``.
    """

    job_id: str
    kind: str
    question: dict[str, Any]
    lang: str
    district: str
    audience: str
    key_id: str | None
    askers: int
    state: str
    stop_asked: bool
    stage: str | None
    done: int
    total: int
    asked_at: datetime
    started_at: datetime | None
    ended_at: datetime | None
    expires_at: datetime
    note: str | None
    note_lang: str | None
    file_name: str | None
    stored_as: str | None
    media_type: str | None
    size_bytes: int | None
    sha256: str | None
    rows: int | None
    run_id: int | None
    before: int
    has_worker: bool


def ask_job(
    connection: Connection,
    question: Question,
    lang: str,
    *,
    audience: Audience,
    key_id: str | None,
    hours: float,
    anew: bool = False,
) -> str:
    """Ask for a job and return its number; what the same caller asks twice is one job until it has failed.

    Parameters
    ----------
    connection : one of ``layers.postgres.engine.noting``.
    lang : of what is made.
    audience : for whom what is made is.
    key_id : public half of the key it is asked with; None = the public asks.
    hours : how long it is kept.
    anew : what was made before is not at hand any more; it is made again.

    Raises
    ------
    NotAllowed : the question is longer than any page asks, or the key does not open it or is no longer good.
    TooMuchAsked : as many jobs wait as are taken.
    """
    asked = question.as_json()
    if len(asked) > MOST_BYTES:
        raise NotAllowed("What is asked for is too long.")
    values = {
        "job": secrets.token_hex(NUMBER_BYTES),
        "kind": question.kind.value,
        "question": asked.decode(),
        "digest": hashlib.sha256(b"\0".join((asked, lang.encode(), audience.name.encode()))).digest(),
        "lang": lang,
        "key": key_id,
        "audience": audience.name.lower(),
        "district": question.district,
        "kept": round(hours * SECONDS_PER_HOUR),
        "anew": anew,
    }
    called = "ask_job(:job, :kind, CAST(:question AS jsonb), :digest, :lang, :key, :audience, :district, :kept, :anew)"
    number = connection.execute(text(f"SELECT {called}"), values).scalar_one()
    if number is None:
        raise TooMuchAsked(told("As many jobs wait as are taken; ask again when some of them are done."))
    return str(number)


def job_of(connection: Connection, number: str, *, key_id: str | None) -> JobTold:
    """Return a job to whoever may look at it.

    Parameters
    ----------
    connection : one of ``layers.postgres.engine.noting``.
    key_id : public half of the key of whoever asks; None = the public.

    Raises
    ------
    NotFound : there is none of that number for them, or it is not kept any more.
    """
    found = None
    if NUMBER.fullmatch(number):
        asked = text("SELECT * FROM job_of(:job, :key)")
        found = connection.execute(asked, {"job": number, "key": key_id}).mappings().first()
    if found is None:
        raise NotFound(told("There is no such job, or it is not kept any more."))
    return JobTold(**found)


def stop_job(connection: Connection, number: str, *, key_id: str | None) -> None:
    """Have a job stopped; one that has ended stays as it is. Parameters and errors as ``job_of``.

    Raises
    ------
    NotAllowed : others of the public wait for the same.
    """
    job = job_of(connection, number, key_id=key_id)
    if JobState(job.state) in ENDED:
        return
    asked = text("SELECT stop_job(:job, :key)")
    if not connection.execute(asked, {"job": number, "key": key_id}).scalar_one():
        raise NotAllowed(told("Others wait for the same; it goes on."))


def audience_of(job: Job | JobTold) -> Audience:
    """Return for whom what a job makes is."""
    return Audience[job.audience.upper()]


def is_public(job: Job | JobTold) -> bool:
    """Return whether what a job makes holds no more than everybody may see."""
    return audience_of(job) is PUBLIC
