"""Who makes what jobs ask for: takes one up, is heard of while it works, and ends it; connections are the owner's.

One process works at a time, by a lock that it holds as long as it is connected. What a process that died has left is
taken up again a minute after it was last heard of. Whoever was taken for dead and is not can end nothing any more: a
job is ended by the try that made it.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import ColumnElement, Connection, Engine, and_, case, delete, func, or_, select, update

from layers.catalogue.land import Plot
from layers.errors import NotFound
from layers.records.audit import Act, note
from layers.records.jobs import Job, JobKind, JobState, audience_of
from layers.records.loads import PURGE, Load
from layers.records.runs import ApiKey, ScoringRun
from layers.records.snapshot import COMPLETE

WORKING_LOCK: Final = 0x4F626A62  # key of the advisory lock ("Objb" in ASCII); has_job_worker.sql looks for it
SILENT_S: Final = 60  # seconds after which whoever makes a job and is not heard of counts as dead
MOST_TRIES: Final = 2
DIED_TWICE: Final = "Whoever made it ended twice before it was done; tell whoever runs this service."

of = Job.__table__.c


@contextmanager
def working_alone(engine: Engine) -> Iterator[Connection | None]:
    """Yield the connection that holds the lock of whoever works, None where another process has it.

    A machine that is cut off loses the lock within half a minute.
    """
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.detach()  # what is set here is for nobody else
        for name, seconds in (("idle", 15), ("interval", 5), ("count", 3)):
            connection.exec_driver_sql(f"SET tcp_keepalives_{name} = {seconds}")
        is_free = bool(connection.execute(select(func.pg_try_advisory_lock(WORKING_LOCK))).scalar_one())
        try:
            yield connection if is_free else None
        finally:
            if is_free:
                connection.execute(select(func.pg_advisory_unlock(WORKING_LOCK)))


def still_alone(held: Connection) -> None:
    """Ask the database, so that whoever has lost it, and the lock with it, does not begin another job."""
    held.execute(select(1))


def has_worker(connection: Connection) -> bool:
    """Return whether a process works on jobs now."""
    return bool(connection.execute(select(func.has_job_worker())).scalar_one())


def take_up(connection: Connection) -> Job | None:
    """Take up the job that waits longest, those of keys first; None where none waits."""
    first = (
        select(of.job_id)
        .where(of.state == JobState.WAITING, of.expires_at > func.now())
        .order_by(of.key_id.is_(None), of.asked_at, of.job_id)
        .limit(1)
        .with_for_update(skip_locked=True)
    )
    begun = update(Job).where(of.job_id == first.scalar_subquery())
    begun = begun.values(
        state=JobState.RUNNING,
        tries=of.tries + 1,
        started_at=func.coalesce(of.started_at, func.now()),
        beat_at=func.now(),
        stage=None,
        done=0,
        total=0,
    )
    found = connection.execute(begun.returning(*of)).mappings().first()
    return None if found is None else Job(**found)


def take_back_silent(connection: Connection) -> int:
    """Have jobs of processes that died wait again, or end where they were tried often enough; return how many."""
    last = of.tries >= MOST_TRIES
    ends = or_(of.stop_asked, last)
    silent = and_(of.state == JobState.RUNNING, of.beat_at < func.now() - timedelta(seconds=SILENT_S))
    failed = and_(last, ~of.stop_asked)
    values = {
        "state": case((of.stop_asked, JobState.STOPPED), (last, JobState.FAILED), else_=JobState.WAITING),
        "ended_at": case((ends, func.now()), else_=None),
        "note": case((failed, DIED_TWICE), else_=None),
        "note_lang": case((failed, "en"), else_=None),
    }
    return connection.execute(update(Job).where(silent).values(values)).rowcount


def beat(connection: Connection, job: Job, stage: str | None, done: int, total: int) -> bool:
    """Be heard of, and say how far a job is; return whether it is to go on."""
    heard = update(Job).where(_mine(job)).values(beat_at=func.now(), stage=stage, done=done, total=total)
    found = connection.execute(heard.returning(of.stop_asked)).scalar()
    return found is False


def finish(connection: Connection, job: Job, *, hours: float, **made: Any) -> bool:
    """End a job that is done, with what it made; return whether it stands: nobody has stopped it or taken it up.

    Parameters
    ----------
    hours : how long it is kept from now on.
    made : values of columns of ``Job``.
    """
    until = func.now() + timedelta(hours=hours)
    ended = update(Job).where(_mine(job), ~of.stop_asked)
    done = ended.values(state=JobState.DONE, ended_at=func.now(), expires_at=until, stage=None, **made)
    stands = connection.execute(done).rowcount > 0
    if stands and job.kind == JobKind.EXPORT and job.key_id is not None:
        note(
            connection,
            Act.EXPORT,
            key_id=job.key_id,
            audience=audience_of(job),
            layer=Plot.__tablename__,
            districts=[job.district],
            rows=made.get("rows"),
        )
    return stands


def rows_erased_since(connection: Connection, job: Job) -> bool:
    """Return whether rows were erased since a job was begun: what it read may be among them."""
    erased = select(Load.load_id).where(Load.kind == PURGE, Load.loaded_at >= job.started_at)
    return connection.execute(erased.limit(1)).scalar() is not None


def end(
    connection: Connection, job: Job, state: JobState, sentence: str | None = None, lang: str | None = None
) -> None:
    """End a job that is not done: stopped, or failed with a sentence and its language."""
    values = {"state": state, "ended_at": func.now(), "stage": None, "note": sentence, "note_lang": lang}
    connection.execute(update(Job).where(_mine(job)).values(values))


def give_back(connection: Connection, job: Job) -> None:
    """Have a job wait again that was taken up and is not done; whoever has it stopped meanwhile finds it stopped."""
    state = case((of.stop_asked, JobState.STOPPED), else_=JobState.WAITING)
    ended = case((of.stop_asked, func.now()), else_=None)
    values = {"state": state, "tries": of.tries - 1, "ended_at": ended, "stage": None, "beat_at": None}
    connection.execute(update(Job).where(_mine(job)).values(values))


def forget_expired(connection: Connection) -> set[str]:
    """Delete jobs that are not kept any more; return the names of files that the others made."""
    connection.execute(delete(Job).where(of.expires_at <= func.now(), of.state != JobState.RUNNING))
    return set(connection.execute(select(of.stored_as).where(of.stored_as.is_not(None))).scalars())


def require_open(connection: Connection, job: Job) -> None:
    """Refuse a job whose key is not good any more, or does not open the district.

    Raises
    ------
    NotFound : it is so.
    """
    if job.key_id is None:
        return
    good = select(ApiKey.audience, ApiKey.districts).where(
        ApiKey.key_id == job.key_id, ApiKey.revoked_at.is_(None), ApiKey.expires_at > func.now()
    )
    key = connection.execute(good).one_or_none()
    opens = key is not None and (key.districts is None or job.district in key.districts)
    if key is None or (job.audience != "public" and not (opens and key.audience == job.audience)):
        raise NotFound("The key it was asked with is not good any more.")


def draft_made(connection: Connection, scheme_sha256: str, district: str, since: datetime) -> int | None:
    """Return the draft of a scheme for a district that was begun after a moment and is finished; None without one.

    A try that was ended after its run was whole and before the job was has left one; the results of a second would be
    the same.
    """
    run = ScoringRun.__table__.c
    asked = select(run.run_id).where(
        run.scheme_sha256 == scheme_sha256,
        run.districts == [district],
        run.status == COMPLETE,
        run.started_at >= since,
        ~run.published,
    )
    return connection.execute(asked.order_by(run.run_id).limit(1)).scalar()


def list_jobs(connection: Connection) -> list[Job]:
    """Return all jobs, the latest first."""
    asked = select(Job.__table__).order_by(of.asked_at.desc(), of.job_id)
    return [Job(**row) for row in connection.execute(asked).mappings()]


def find_job(connection: Connection, beginning: str) -> Job:
    """Return a job by its number, or by the beginning of it that no other has.

    Raises
    ------
    NotFound : there is none, or more than one.
    """
    found = [job for job in list_jobs(connection) if beginning and job.job_id.startswith(beginning)]
    if len(found) != 1:
        there = "is no job" if not found else "are several jobs"
        raise NotFound(f"There {there} whose number begins with {beginning!r}; obod jobs list names those there are.")
    return found[0]


def stop(connection: Connection, job: Job) -> None:
    """Have a job stopped, whoever asked for it."""
    waits = of.state == JobState.WAITING
    values = {
        "stop_asked": True,
        "state": case((waits, JobState.STOPPED), else_=of.state),
        "ended_at": case((waits, func.now()), else_=of.ended_at),
    }
    is_open = of.state.in_((JobState.WAITING, JobState.RUNNING))
    connection.execute(update(Job).where(of.job_id == job.job_id, is_open).values(values))


def _mine(job: Job) -> ColumnElement[bool]:
    return and_(of.job_id == job.job_id, of.state == JobState.RUNNING, of.tries == job.tries)
