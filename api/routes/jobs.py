"""Reports and files of many plots, and drafts of staff, made in the background: asked for, looked at, taken, stopped.

The page of a job can be left and come back to. What was asked for with a key is told to that key alone.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path as FilePath
from typing import Annotated, Any, Final, cast
from urllib.parse import urlencode

from fastapi import APIRouter, Depends, Path, Request, Response
from fastapi.responses import HTMLResponse
from pydantic import Field

from api.content.exports import FinishedFile
from api.content.jobs_told import TITLES, look_of, show_job, tell_size
from api.content.place_names import district_title, jamoat_names
from api.content.state_sentence import say_filters
from api.deps import (
    JSON,
    Caller,
    CallerDep,
    LanguageDep,
    SnapshotDep,
    enter_reading,
    get_caller,
    json_answer,
    known_parameters,
)
from api.language.translate import Language, translate
from api.maps.places_cache import AtlasDep
from api.rendering.pages import render
from api.routes.error_page import wants_page
from api.routes.found import HTML
from api.routes.job_questions import SCHEMA, check_question
from api.routes.links import Links, tongues
from api.routes.plots import cache_headers
from api.routes.refusals import refusing_in
from api.routes.report import root_of
from api.web.description import REFUSED, Answer, given
from api.web.rates import Rate, counted_address
from api.web.signed_in import FORM, form_fields, reader_now, require_own_page
from layers.cache.folders import Folder
from layers.catalogue.base import PUBLIC, STAFF, Audience
from layers.catalogue.land import Plot
from layers.errors import NotFound, TooMuchAsked
from layers.features.export import Format
from layers.features.places import Gazetteer
from layers.postgres.engine import noting, reading
from layers.records.audit import Act
from layers.records.jobs import JobKind, JobTold, Question, ask_job, job_of, stop_job
from layers.records.phrases import told
from layers.settings import get_settings

router = APIRouter(
    tags=["jobs"],
    dependencies=[Depends(get_caller), Depends(known_parameters)],
    default_response_class=Response,
)

ASKED_EVERY_S: Final = 20.0  # seconds in which an address of the public may ask for one more job
AT_ONCE_S: Final = 200.0  # of these, what it may ask for at once: ten
PRIVATE: Final = cache_headers(STAFF)  # of a number that opens something; nobody keeps it


class JobFile(Answer):
    """The file that a job made."""

    name: str
    media_type: str
    bytes: int
    sha256: str
    href: str


class JobAnswer(Answer):
    """A job."""

    job: str = Field(description="Its number; whoever has it may look at what the public asked for.")
    kind: str
    district: str
    lang: str
    state: str = Field(description="waiting, running, done, failed or stopped.")
    has_worker: bool = Field(description="Whether somebody works on jobs now.")
    before: int = Field(description="Jobs that come first while it waits.")
    stage: str | None
    done: int
    total: int = Field(description="Steps or parts; 0 where that is not known.")
    asked_at: datetime
    started_at: datetime | None
    ended_at: datetime | None
    expires_at: datetime = Field(description="First moment it is not kept.")
    note: str | None = Field(description="Why it failed.")
    plots: int | None
    run: int | None = Field(description="Draft that it made.")
    file: JobFile | None = Field(description="None where there is none, or not any more.")


MODELS: Final = (JobAnswer,)
MEDIA_TYPES: Final = (HTML, "application/pdf", *(one.media_type for one in Format))
LED: Final[Mapping[int | str, dict[str, Any]]] = {
    303: {
        "description": "To a page that sent it: the page of the job.",
        "headers": {"Location": {"schema": {"type": "string"}}},
    }
}
TAKEN: Final[Mapping[int | str, dict[str, Any]]] = {
    202: {**given({JSON: JobAnswer})[200], "description": "It is taken; its page is at `Location`."}
}
Number = Annotated[str, Path(description="Number of the job.")]
Fields = Annotated[dict[str, str], Depends(form_fields)]


class Asking:
    """How many jobs an address of the public may ask for; no address is kept anywhere else."""

    def __init__(self) -> None:
        self._rate = Rate(1.0 / ASKED_EVERY_S, AT_ONCE_S)
        self._lock = threading.Lock()

    def require_share(self, request: Request) -> None:
        """Count one, and refuse it where its address has asked for too many.

        Raises
        ------
        TooMuchAsked : it has.
        """
        address = counted_address(request.scope, with_loopback=True) or ""
        with self._lock:
            waits_s = self._rate.take(address, 1.0, time.monotonic())
        if waits_s > 0.0:
            raise TooMuchAsked(told("Too much was asked for from here; wait a minute."))


async def _sent_by_own_page(request: Request) -> None:
    """Refuse what a page of another site sends for a visitor; a program says nothing of where it comes from."""
    if reader_now() is None and ("origin" in request.headers or "sec-fetch-site" in request.headers):
        require_own_page(request)


@router.post(
    "/jobs",
    summary="Have something made in the background",
    status_code=202,
    responses={**TAKEN, **LED, **{code: {"description": REFUSED[str(code)]} for code in (403, 404, 429)}},
    openapi_extra={"requestBody": {"required": True, "content": {FORM: {"schema": SCHEMA}}}},
    dependencies=[Depends(_sent_by_own_page)],
)
def post_job(request: Request, caller: CallerDep, lang: LanguageDep, state: SnapshotDep, fields: Fields) -> Response:
    """A report or a file of plots as the page answers it at once, or for staff a district scored anew as a draft.

    Who asks the same again is led to the same job, until it has failed or was stopped. A draft is published by nobody
    but a command. What is made is kept for some hours.
    """
    with refusing_in(lang):
        if caller.key_id is None:
            cast(Asking, request.app.state.asking).require_share(request)
        question, audience = check_question(state, caller, fields, root_of(request))
        job = _taken(question, audience, caller.key_id, lang)
    if wants_page(request):
        return _led(request, job.job_id, lang)
    answer = _as_json(request, job)
    answer.status_code = 202
    answer.headers["Location"] = f"{request.scope.get('root_path', '')}/jobs/{job.job_id}"
    return answer


@router.get("/jobs/{job}", summary="How far a job is", responses=given({JSON: JobAnswer, HTML: None}, 404))
def get_job(
    request: Request, job: Number, caller: CallerDep, lang: LanguageDep, state: SnapshotDep, atlas: AtlasDep
) -> Response:
    """A page for a reader, which looks again by itself until the job has ended; JSON for a program."""
    with refusing_in(lang), noting() as connection:
        found = job_of(connection, job, key_id=caller.key_id)
    if not wants_page(request):
        return _as_json(request, found)
    with reading(PUBLIC) as connection:
        served = state.fresh(connection)
        places = atlas.gazetteer(connection, served)
    synthetic = served.synthetic(found.district)
    return HTMLResponse(_page(request, found, places, lang, synthetic=synthetic), headers=PRIVATE)


@router.get(
    "/jobs/{job}/file",
    summary="The file that a job made",
    response_class=Response,
    responses=given(dict.fromkeys(MEDIA_TYPES), 404),
)
def get_file(job: Number, caller: CallerDep, lang: LanguageDep) -> Response:
    """The file, once the job is done and as long as it is kept."""
    with refusing_in(lang):
        with noting() as connection:
            found = job_of(connection, job, key_id=caller.key_id)
        path = _path(found)
        if path is None:
            raise NotFound(told("This job has no file, or it is not kept any more."))
    if found.audience != PUBLIC.name.lower():
        enter_reading(caller, found.district, Act.EXPORT, Plot.__tablename__, found.rows)
    named = {"Content-Disposition": f'attachment; filename="{found.file_name}"'}
    return FinishedFile(path, media_type=str(found.media_type), headers={**PRIVATE, **named})


@router.post(
    "/jobs/{job}/stop",
    summary="Stop a job from its page",
    responses={**given({JSON: JobAnswer}, 403, 404), **LED},
    dependencies=[Depends(_sent_by_own_page)],
)
def post_stop(request: Request, job: Number, caller: CallerDep, lang: LanguageDep) -> Response:
    """Stop a job; what is being made ends within seconds, and what has ended stays."""
    found = _stopped(job, caller, lang)
    return _led(request, job, lang) if wants_page(request) else _as_json(request, found)


@router.delete(
    "/jobs/{job}",
    summary="Stop a job",
    responses=given({JSON: JobAnswer}, 403, 404),
    dependencies=[Depends(_sent_by_own_page)],
)
def delete_job(request: Request, job: Number, caller: CallerDep, lang: LanguageDep) -> Response:
    """The same for a program."""
    return _as_json(request, _stopped(job, caller, lang))


def _taken(question: Question, audience: Audience, key_id: str | None, lang: Language) -> JobTold:
    """Return the job that makes what is asked for; one of which the file is not at hand any more is made anew."""
    hours = get_settings().job_hours

    def take(*, anew: bool) -> JobTold:
        with noting() as connection:
            number = ask_job(connection, question, lang, audience=audience, key_id=key_id, hours=hours, anew=anew)
            return job_of(connection, number, key_id=key_id)

    job = take(anew=False)
    return take(anew=True) if look_of(job, is_there=_path(job) is not None) == "gone" else job


def _stopped(number: str, caller: Caller, lang: Language) -> JobTold:
    with refusing_in(lang), noting() as connection:
        stop_job(connection, number, key_id=caller.key_id)
        return job_of(connection, number, key_id=caller.key_id)


def _path(job: JobTold) -> FilePath | None:
    """Where the file of a job is, if it is at hand."""
    if job.stored_as is None:
        return None
    path = Folder.of("jobs").path / job.stored_as
    return path if path.is_file() else None


def _as_json(request: Request, job: JobTold) -> Response:
    base = request.scope.get("root_path", "")
    there = _path(job) is not None
    file = {
        "name": job.file_name,
        "media_type": job.media_type,
        "bytes": job.size_bytes,
        "sha256": job.sha256,
        "href": f"{base}/jobs/{job.job_id}/file",
    }
    named = {"job": "job_id", "plots": "rows", "run": "run_id"}
    told_of = {name: getattr(job, named.get(name, name)) for name in JobAnswer.model_fields if name != "file"}
    answer = json_answer({**told_of, "file": file if there else None})
    answer.headers.update(PRIVATE)
    return answer


def _led(request: Request, number: str, lang: Language) -> Response:
    address = f"{request.scope.get('root_path', '')}/jobs/{number}?lang={lang}"
    return Response(status_code=303, headers={"Location": address, **PRIVATE})


def _page(request: Request, job: JobTold, places: Gazetteer, lang: Language, *, synthetic: bool) -> str:
    links, path = Links(request.scope.get("root_path", ""), lang), _path(job)
    question = Question.stored(job.question)
    names = jamoat_names(places, job.district, lang)
    filters = question.filters
    of_draft = {"run": str(job.run_id or ""), "lang": lang}
    return render(
        "job.html",
        lang=lang,
        base=links.base,
        tongues=tongues(request),
        synthetic=synthetic,
        address=str(request.url),
        title=translate(TITLES[question.kind], lang).format(place=district_title(places, job.district, lang)),
        sentence=say_filters(filters, names, lang) if filters else None,
        scheme=question.scheme,
        form=question.form,
        job=job,
        shown=show_job(job, lang, is_there=path is not None, now=datetime.now(UTC)),
        is_draft=question.kind is JobKind.SCORE,
        size=None if job.size_bytes is None else tell_size(job.size_bytes, lang),
        file=f"{links.base}/jobs/{job.job_id}/file" if path is not None else None,
        draft_map=f"{links.base}/maps/plots?{urlencode({'district': job.district, **of_draft})}",
        draft_file=f"{links.base}/districts/{job.district}/plots?{urlencode({**of_draft, 'f': 'xlsx'})}",
        again=_again(question),
        back=links.page(district=job.district),
    )


def _again(question: Question) -> list[tuple[str, str]]:
    """Fields that ask for the same once more, of the result that is served then."""
    asked = [(name, text) for name, texts in question.filters.items() for text in texts]
    query = urlencode([*asked, *([("sortby", question.sortby)] if question.sortby else [])])
    fields = {
        "kind": question.kind.value,
        "district": question.district,
        "form": question.form,
        "query": query,
        "scheme": question.scheme or "",
    }
    return [(name, text) for name, text in fields.items() if text]
