"""Whoever works on jobs: takes one up after another, is heard of meanwhile, and ends each in one of three ways."""

from __future__ import annotations

import _thread
import hashlib
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, Final

from api.content.jobs_told import DISK_REFUSED, STARTING
from api.language.speech import Spoken
from api.language.translate import SOURCE_LANGUAGE, language_of
from layers.cache.files import files_in, write_whole
from layers.cache.folders import BYTES_PER_GB, Folder
from layers.errors import DataRefused, LayersError, as_disk_refusal
from layers.postgres.engine import Connection, writing
from layers.records.job_work import (
    beat,
    end,
    finish,
    forget_expired,
    give_back,
    require_open,
    rows_erased_since,
    still_alone,
    take_back_silent,
    take_up,
)
from layers.records.jobs import Job, JobKind, JobState, Question
from layers.records.phrases import Told, retold, told
from layers.settings import get_settings
from scripts.faults import as_told
from scripts.jobs.made import MadeFile, make_draft, make_file
from scripts.jobs.standing import JobStanding
from scripts.output import tell

FOLDER: Final = "jobs"
POLL_S: Final = 1.0  # seconds between looks whether a job waits
BEAT_S: Final = 3.0  # seconds between two beats
TIDIED_S: Final = 15.0  # seconds between looks for jobs of the dead and files of nobody
DIGITS: Final = 24  # of the digest, in the name of a file


def work(held: Connection, *, once: bool, is_wanted: Callable[[], bool]) -> int:
    """Work on jobs until none waits or nobody wants it; return how many were made.

    Parameters
    ----------
    held : the connection of ``working_alone``.
    once : end when none waits.
    is_wanted : asked between jobs.
    """
    made, tidied_at = 0, -TIDIED_S
    while is_wanted():
        still_alone(held)
        if time.monotonic() - tidied_at >= TIDIED_S:
            _tidy()
            tidied_at = time.monotonic()
        if _made_next():
            made += 1
        elif once:
            break
        else:
            time.sleep(POLL_S)
    return made


def _made_next() -> bool:
    """Take up the next job and make it; return whether one waited. A stop of this process gives it back."""
    job = None
    try:
        with writing() as connection:
            job = take_up(connection)
        if job is not None:
            _make(job)
    except KeyboardInterrupt:
        if job is not None:
            with writing() as connection:
                give_back(connection, job)
        raise
    return job is not None


def _tidy() -> None:
    """Take back jobs of processes that died, forget what is not kept any more, and remove files of no job."""
    with writing() as connection:
        take_back_silent(connection)
        kept = forget_expired(connection)
    for path, _ in files_in(Folder.of(FOLDER).path):
        if path.name not in kept:
            path.unlink(missing_ok=True)


def _make(job: Job) -> None:
    standing = JobStanding(STARTING)
    try:
        with _heard_of(job, standing):
            _end_with(job, _made(job, standing))
    except KeyboardInterrupt:
        if not standing.is_stopped:
            raise
        with writing() as connection:
            end(connection, job, JobState.STOPPED)
    except Exception as error:
        sentence, lang = _sentence_of(error, job)
        with writing() as connection:
            end(connection, job, JobState.FAILED, sentence, lang)
        tell(f"Job {job.job_id[:8]} failed: {sentence}")
    else:
        tell(f"Job {job.job_id[:8]} ({job.kind} of {job.district}) is done.")


def _made(job: Job, standing: JobStanding) -> dict[str, Any]:
    """Values of the columns of what a job made."""
    with writing() as connection:
        require_open(connection, job)
    question = Question.stored(job.question)
    if job.kind == JobKind.SCORE:
        run, plots = make_draft(job, question, standing)
        return {"run_id": run, "rows": plots}
    return _kept(job, make_file(job, question, standing), question.form)


def _kept(job: Job, made: MadeFile, form: str) -> dict[str, Any]:
    """Write a file whole or not at all, and return what is kept of it."""
    folder = Folder.of(FOLDER)
    folder.path.mkdir(parents=True, exist_ok=True)
    digest, size = hashlib.sha256(), 0
    draft = folder.path / f"{job.job_id}.{form}"
    with write_whole(draft) as file:
        for part in made.parts:
            digest.update(part)
            size += file.write(part)
            if size > folder.most_bytes:
                most = f"{folder.most_bytes / BYTES_PER_GB:g}"
                raise DataRefused(told("The file is larger than {most} GB; ask for fewer plots.", most=most))
    whole = folder.path / f"{job.job_id}-{digest.hexdigest()[:DIGITS]}.{form}"
    draft.rename(whole)
    folder.make_room(0)
    return {
        "file_name": made.name,
        "stored_as": whole.name,
        "media_type": made.media_type,
        "size_bytes": size,
        "sha256": digest.hexdigest(),
        "rows": made.rows,
    }


def _end_with(job: Job, made: dict[str, Any]) -> None:
    """End a job with what it made; of what nobody wants any more, or holds erased rows, no file stays."""
    path = Folder.of(FOLDER).path / made["stored_as"] if "stored_as" in made else None
    with writing() as connection:
        is_erased = path is not None and rows_erased_since(connection, job)
        stands = not is_erased and finish(connection, job, hours=get_settings().job_hours, **made)
        if not stands and not is_erased:
            end(connection, job, JobState.STOPPED)
    if not stands and path is not None:
        path.unlink(missing_ok=True)
    if is_erased:
        raise DataRefused(told("Rows were erased while it was made; ask for it again."))


def _sentence_of(error: Exception, job: Job) -> tuple[str, str]:
    """Why a job failed, for whoever asked for it, and the language of that; whoever runs the service is told all."""
    said = as_told(error)
    if isinstance(error, OSError) and as_disk_refusal(error) is not None:
        tell(said)
        said = told(DISK_REFUSED)
    lang = language_of(job.lang) if isinstance(said, Told) else SOURCE_LANGUAGE
    return retold(said, Spoken(lang)), lang


@contextmanager
def _heard_of(job: Job, standing: JobStanding) -> Iterator[None]:
    """Be heard of while a job is made; where it is not to go on, what is being done is stopped as by Ctrl-C."""
    is_over = threading.Event()

    def beats() -> None:
        while not is_over.wait(BEAT_S):
            try:
                with writing() as connection:
                    goes_on = beat(connection, job, standing.stage, standing.done, standing.total)
            except LayersError:
                continue  # while the database is away nothing can be told; the work itself finds out
            if not goes_on and not is_over.is_set():
                standing.is_stopped = True
                _thread.interrupt_main()
                return

    thread = threading.Thread(target=beats, name="beat of a job", daemon=True)
    thread.start()
    try:
        yield
    finally:
        is_over.set()
        thread.join()
