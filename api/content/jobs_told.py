"""What is said of a job to whoever asked for it: how far it is, since when, and what comes next."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from api.language.speech import with_own_signs
from api.language.translate import Language, clock, number, translate
from layers.records.jobs import JobKind, JobState, JobTold
from layers.records.phrases import significant

# What is being done; each is a message id.
STARTING: Final = "It begins"
READING: Final = "Plots are read"
LAYING_OUT: Final = "Pages are laid out"
WRITING: Final = "The file is written"
SCORING: Final = "Plots are scored"
DISK_REFUSED: Final = "The disk of this service took no file; tell whoever runs it."

# What is made, and how far it is, by what a page shows.
TITLES: Final = {
    JobKind.REPORT: "Report for print: {place}",
    JobKind.EXPORT: "File of plots: {place}",
    JobKind.SCORE: "Scoring anew as a draft: {place}",
}
HEADINGS: Final = {
    "unworked": "Nobody works on jobs now",
    "waiting": "It waits for its turn",
    "running": "It is being made",
    "stopping": "It is being stopped",
    "done": "It is ready",
    "gone": "The file is not here any more",
    "failed": "It could not be made",
    "stopped": "It was stopped",
}
UNWORKED: Final = (
    "What you asked for is kept and begins as soon as somebody works again. Tell whoever runs this service."
)
GONE: Final = "It made room for others. Ask for it again."
NOTHING_KEPT: Final = "Nothing of it is kept."
MESSAGES: Final = (
    *(STARTING, READING, LAYING_OUT, WRITING, SCORING, DISK_REFUSED),
    *TITLES.values(),
    *HEADINGS.values(),
    *(UNWORKED, GONE, NOTHING_KEPT),
)
OPEN: Final = frozenset({"unworked", "waiting", "running", "stopping"})
SECONDS_PER_MINUTE: Final = 60
BYTES_PER_MB: Final = 1_000_000


@dataclass(frozen=True, slots=True)
class JobShown:
    """A job on a page; every text is in the reader's language but ``note``.

    look : key of ``HEADINGS``. steps : done and all, None where that is not known. note : why it failed, in a language
    of its own.
    """

    look: str
    heading: str
    sentences: tuple[str, ...]
    steps: tuple[int, int] | None
    note: str | None
    note_lang: str | None

    @property
    def is_open(self) -> bool:
        """Whether it goes on."""
        return self.look in OPEN


def show_job(job: JobTold, lang: Language, *, is_there: bool, now: datetime) -> JobShown:
    """Return what a page says of a job.

    Parameters
    ----------
    is_there : the file it made is at hand.
    now : the time it is told at.
    """
    look = look_of(job, is_there=is_there)
    return JobShown(
        look,
        translate(HEADINGS[look], lang),
        tuple(_sentences(job, look, lang, now)),
        (job.done, job.total) if look == "running" and job.total else None,
        job.note if look == "failed" else None,
        job.note_lang,
    )


def look_of(job: JobTold, *, is_there: bool) -> str:
    """Return what a page shows of a job, a key of ``HEADINGS``."""
    match JobState(job.state):
        case JobState.WAITING:
            return "waiting" if job.has_worker else "unworked"
        case JobState.RUNNING if job.stop_asked:
            return "stopping"
        case JobState.RUNNING:
            return "running" if job.has_worker else "unworked"
        case JobState.DONE if job.kind != JobKind.SCORE and not is_there:
            return "gone"
        case other:
            return other.value


def _sentences(job: JobTold, look: str, lang: Language, now: datetime) -> Iterator[str]:
    kept = translate("It is kept until {time}.", lang).format(time=clock(job.expires_at, lang))
    if look == "unworked":
        yield from (translate(UNWORKED, lang), kept)
    elif look == "waiting":
        yield translate("Jobs before it: {count}.", lang).format(count=number(job.before, lang))
        yield translate("Asked for: {time}.", lang).format(time=clock(job.asked_at, lang))
    elif look in ("running", "stopping"):
        if look == "running":
            yield _stage(job, lang)
        yield _since(job, lang, now)
    elif look == "done":
        if job.rows is not None:
            yield translate("Plots in it: {count}.", lang).format(count=number(job.rows, lang))
        yield kept
    elif look in _AT_AN_END:
        yield translate(_AT_AN_END[look], lang)


_AT_AN_END: Final = {"gone": GONE, "stopped": NOTHING_KEPT}


def _stage(job: JobTold, lang: Language) -> str:
    stage = translate(job.stage or STARTING, lang)
    if not job.total:
        return f"{stage}."
    steps = {"stage": stage, "done": number(job.done, lang), "total": number(job.total, lang)}
    return translate("{stage}: {done} of {total}.", lang).format(**steps)


def _since(job: JobTold, lang: Language, now: datetime) -> str:
    begun = job.started_at or job.asked_at
    minutes = number(max(int((now - begun).total_seconds()) // SECONDS_PER_MINUTE, 0), lang)
    return translate("Begun: {time}; so far {minutes} min.", lang).format(time=clock(begun, lang), minutes=minutes)


def tell_size(size_bytes: int, lang: Language) -> str:
    """Return how large a file is, in megabytes."""
    size = with_own_signs(significant(size_bytes / BYTES_PER_MB, 2), lang)
    return translate("{size} MB", lang).format(size=size)
