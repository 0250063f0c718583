"""What a job makes: a file of the same plots, in the same words, as the page answers at once, or a draft."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Final

from api.content.about_files import about_plots
from api.content.asked_plots import list_asked, run_of
from api.content.exports import file_parts
from api.content.jobs_told import LAYING_OUT, READING, SCORING, WRITING
from api.content.report import report_of
from api.content.sheets import report_sheet
from api.language.translate import Language, language_of
from api.rendering.paper import make_pdf
from layers.catalogue.base import PUBLIC
from layers.errors import NotFound
from layers.features.districts import district_names, require_district
from layers.features.export import Format
from layers.features.paging import count_rows
from layers.features.places import read_gazetteer
from layers.features.plots import scored_plots
from layers.features.row_provenance import with_provenance
from layers.postgres.engine import engine, reading, writing
from layers.records.job_work import draft_made
from layers.records.jobs import Job, JobKind, Question, audience_of
from layers.records.phrases import told
from layers.records.schemes import scheme_named
from layers.records.snapshot import Choice, read_snapshot
from layers.runs.score import score
from layers.settings import get_settings
from scripts.jobs.standing import JobStanding

PLOTS_PER_PART: Final = 25_000  # scored together: of a large district it is told how far it is
STEPS: Final = 3  # of a file: read, laid out, written
REPORTS: Final = {"pdf": "application/pdf", "html": "text/html"}


@dataclass(frozen=True, slots=True)
class MadeFile:
    """A file as it comes: its bytes in parts, its name for readers, and the plots in it."""

    parts: Iterable[bytes]
    name: str
    media_type: str
    rows: int


def make_file(job: Job, question: Question, standing: JobStanding) -> MadeFile:
    """Return the report or the file of plots that a job asks for.

    Raises
    ------
    LayersError : what was asked for is not there any more; says why.
    """
    lang = language_of(job.lang)
    if job.kind == JobKind.REPORT:
        return _report(question, lang, standing)
    return _export(job, question, lang, standing)


def _report(question: Question, lang: Language, standing: JobStanding) -> MadeFile:
    standing.move(READING, 0, STEPS)
    with reading(PUBLIC, timeout_s=get_settings().command_seconds) as connection:
        served, places = read_snapshot(connection), read_gazetteer(connection)
        found = report_of(
            connection,
            served,
            places,
            question.district,
            question.filters,
            Choice(run=question.run),
            lang,
            sortby=question.sortby,
        )
    standing.move(LAYING_OUT, 1, STEPS)
    html = report_sheet(found, lang, root=question.root, alone=True)
    body = make_pdf(html) if question.form == "pdf" else html.encode()
    standing.move(WRITING, 2, STEPS)
    name = f"obod-{question.district}-{lang}.{question.form}"
    return MadeFile((body,), name, REPORTS[question.form], found.figures.total_plots)


def _export(job: Job, question: Question, lang: Language, standing: JobStanding) -> MadeFile:
    standing.move(READING, 0, STEPS)
    audience, wanted, district = audience_of(job), Format(question.form), question.district
    with reading(audience, timeout_s=get_settings().command_seconds) as connection:
        served = read_snapshot(connection)
        require_district(connection, served, district)
        run = run_of(served, Choice(run=question.run), district, audience)
        features = scored_plots(audience, {} if run is None else {district: run})
        listing = list_asked(connection, features, district, question.filters, question.sortby)
        listing = replace(listing, features=with_provenance(listing.features))
        rows = count_rows(connection, listing)
        if rows == 0:
            raise NotFound(told("No plot is left; nothing was made."))
        names = district_names(connection, district)
        about = about_plots(connection, served, district, names, run, listing.features, lang, cut_at=None)
    standing.move(WRITING, 1, STEPS)
    name = f"plots-{district}{f'-run{run.run_id}' if run else ''}.{wanted}"
    return MadeFile(file_parts(audience, listing, wanted, about, None), name, wanted.media_type, rows)


def make_draft(job: Job, question: Question, standing: JobStanding) -> tuple[int, int | None]:
    """Score a district as a draft, published by nobody; return the number of the run and how many plots it has.

    Raises
    ------
    LayersError : there is no such scheme, or no plot to score.
    """
    with writing() as connection:
        scheme = scheme_named(connection, question.scheme or "")
        digest = hashlib.sha256(scheme.text.encode()).hexdigest()
        former = None
        if job.tries > 1 and job.started_at is not None:
            former = draft_made(connection, digest, question.district, job.started_at)
    if former is not None:
        return former, None

    def progress(names: Collection[str]) -> Iterator[str]:
        standing.move(SCORING, 0, len(names))
        for count, name in enumerate(names, start=1):
            yield name
            standing.move(SCORING, count, len(names))

    report = score(
        engine(),
        scheme,
        districts=[question.district],
        publish=False,
        progress=progress,
        plots_per_part=PLOTS_PER_PART,
    )
    return report.run_id, report.plots
