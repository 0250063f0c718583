"""Schemes that staff store from a trial of other weights: stored, read, never scored or published by the service."""

from __future__ import annotations

import re
from datetime import datetime
from typing import Annotated, Final, Literal

from fastapi import APIRouter, Depends, Path, Query, Request, Response
from fastapi.responses import HTMLResponse

from api.content.asked_plots import run_of
from api.content.trial_text import say_emphasis, shares
from api.deps import (
    JSON,
    CallerDep,
    LanguageDep,
    SnapshotDep,
    enter_reading,
    get_caller,
    known_parameters,
)
from api.language.translate import DUSHANBE, Language, clock
from api.rendering.pages import render
from api.routes.emphasis import PARAMETER_OF, EmphasisDep, address_of, get_emphasis
from api.routes.error_page import wants_page
from api.routes.found import HTML
from api.routes.links import Links, tongues
from api.routes.plots import cache_headers, staff_answer
from api.routes.refusals import refusing_in
from api.routes.scenarios import require_staff
from api.web.description import Answer, given
from api.web.signed_in import FORM, form_fields
from geo.panel.scheme import Scheme
from geo.suitability.trial import NEUTRAL, Emphasis, departure, reweigh
from geo.suitability.trial_scheme import write_trial
from layers.catalogue.base import PUBLIC, STAFF
from layers.errors import DataRefused, NotFound
from layers.features.districts import require_district
from layers.postgres.engine import noting, reading
from layers.records.audit import Act
from layers.records.phrases import told
from layers.records.schemes import BEGINNING, LONGEST_NAME, StoredScheme, list_stored, read_stored, store_scheme
from layers.records.snapshot import Choice, Run, SnapshotCache
from layers.runs.trial import scheme_of

router = APIRouter(
    tags=["pages"],
    dependencies=[Depends(get_caller), Depends(known_parameters)],
    default_response_class=Response,
)

TOML: Final = "application/toml"
SHORT_NAME: Final = re.compile(rf"[a-z0-9][a-z0-9-]{{0,{LONGEST_NAME - 1}}}", re.ASCII)
MOST_SAID: Final = 300  # characters of who decided and of the note
FIELDS: Final = {
    "type": "object",
    "properties": {
        name: {"type": "string"}
        for name in ("district", "name", "panel", "note", *PARAMETER_OF.values(), "orness", "token")
    },
}


class SchemeRow(Answer):
    """A stored scheme."""

    name: str
    panel: str
    note: str
    key_id: str
    stored_at: datetime


class SchemeList(Answer):
    """Stored schemes, the latest first."""

    schemes: list[SchemeRow]


class SchemeStored(Answer):
    """A scheme that is stored; nothing is scored by it yet."""

    name: str
    command: str


MODELS: Final = (SchemeList, SchemeStored)
District = Annotated[str, Query(description="District the trial is of.")]


@router.get("/schemes", summary="Schemes that staff stored", responses=given({JSON: SchemeList}, 403))
def get_schemes(caller: CallerDep) -> Response:
    """All of them, for staff of all districts."""
    require_staff(caller)
    with reading(STAFF) as connection:
        stored = list_stored(connection)
    rows = [
        {
            "name": one.name,
            "panel": one.said.panel,
            "note": one.said.note,
            "key_id": one.key_id,
            "stored_at": one.stored_at,
        }
        for one in stored
    ]
    enter_reading(caller, None, Act.LIST, StoredScheme.__tablename__, len(rows))
    return staff_answer({"schemes": rows})


@router.get("/schemes/new", summary="The page that stores a trial", responses=given({HTML: None}, 403, 404, 422))
def get_new_scheme(
    request: Request,
    caller: CallerDep,
    lang: LanguageDep,
    state: SnapshotDep,
    district: District,
    emphasis: EmphasisDep,
) -> Response:
    """What is tried, what each group then weighs, and fields for its name and for who decided."""
    require_staff(caller)
    run, scheme = _departed_from(state, district)
    moved = departure(scheme, emphasis)
    links = Links(request.scope.get("root_path", ""), lang)
    content = render(
        "scheme_new.html",
        lang=lang,
        base=links.base,
        tongues=tongues(request),
        synthetic=run.synthetic,
        run=run,
        told=say_emphasis(moved, lang),
        is_moved=moved != NEUTRAL,
        weights=shares(reweigh(scheme, moved), lang),
        kept=[("district", district), *address_of(moved).items()],
        back=f"{links.page(district=district)}&{_query(moved)}",
        beginning=BEGINNING,
        longest=LONGEST_NAME,
        most_said=MOST_SAID,
    )
    return HTMLResponse(content, headers=cache_headers(STAFF))


@router.post(
    "/schemes",
    summary="Store a trial as a scheme",
    responses={
        **given({JSON: SchemeStored}, 403, 404, 422),
        303: {
            "description": "To a page that sent it: the page of the scheme.",
            "headers": {"Location": {"schema": {"type": "string"}}},
        },
    },
    openapi_extra={
        "requestBody": {
            "required": True,
            "content": {FORM: {"schema": FIELDS}},
        }
    },
)
def post_scheme(
    request: Request,
    caller: CallerDep,
    lang: LanguageDep,
    state: SnapshotDep,
    fields: Annotated[dict[str, str], Depends(form_fields)],
) -> Response:
    """Store the weights that were tried in a district as a scheme, for staff of all districts; nothing is scored."""
    require_staff(caller)
    assert caller.key_id is not None  # nobody is staff without one
    emphasis = get_emphasis(**{name: fields.get(name) for name in PARAMETER_OF.values()}, orness=fields.get("orness"))
    _run, scheme = _departed_from(state, fields.get("district", ""))
    with refusing_in(lang):
        name, file = _written(scheme, emphasis, fields)
        with noting() as connection:
            store_scheme(connection, name, file, key_id=caller.key_id)
    if wants_page(request):
        address = f"{request.scope.get('root_path', '')}/schemes/{name}?lang={lang}"
        return Response(status_code=303, headers={"Location": address, **cache_headers(STAFF)})
    return staff_answer({"name": name, "command": _command(name)})


@router.get(
    "/schemes/{name}",
    summary="A scheme that staff stored",
    responses=given({HTML: None, TOML: None}, 403, 404, 422),
)
def get_scheme(
    request: Request,
    name: Annotated[str, Path(description="Name.")],
    caller: CallerDep,
    lang: LanguageDep,
    f: Annotated[Literal["html", "toml"], Query(description="A page, or the file.")] = "html",
) -> Response:
    """A stored scheme as a page that says how it is scored, or as its file, for staff of all districts."""
    require_staff(caller)
    with reading(STAFF) as connection:
        kept = read_stored(connection, name)
    enter_reading(caller, None, Act.LIST, StoredScheme.__tablename__, 1)
    if f == "toml":
        named = {"Content-Disposition": f'attachment; filename="{kept.name}.toml"'}
        return Response(kept.file, media_type=TOML, headers={**cache_headers(STAFF), **named})
    return HTMLResponse(_page(request, kept, lang), headers=cache_headers(STAFF))


def _page(request: Request, kept: StoredScheme, lang: Language) -> str:
    scheme, links = kept.read(), Links(request.scope.get("root_path", ""), lang)
    return render(
        "scheme.html",
        lang=lang,
        base=links.base,
        tongues=tongues(request),
        synthetic=False,
        scheme=scheme,
        at=clock(kept.stored_at, lang),
        by=kept.key_id,
        weights=shares(scheme, lang),
        command=_command(kept.name),
        file=f"{links.base}/schemes/{kept.name}?f=toml",
        start=links.page(),
    )


def _departed_from(state: SnapshotCache, district: str) -> tuple[Run, Scheme]:
    """Return the run that is shown in a district, and the scheme that a trial there departs from."""
    with reading(PUBLIC) as connection:
        served = state.fresh(connection)
        require_district(connection, served, district)
        run = run_of(served, Choice(), district, PUBLIC)
        if run is None:
            raise NotFound(f"No result is shown in district {district!r}.")
        return run, scheme_of(connection, run)


def _written(scheme: Scheme, emphasis: Emphasis, fields: dict[str, str]) -> tuple[str, str]:
    """Return the name and the file of what is to be stored."""
    if departure(scheme, emphasis) == NEUTRAL:
        raise DataRefused(told("These are the weights of the scheme itself; move one of them first."))
    short = fields.get("name", "").strip()
    if not SHORT_NAME.fullmatch(short):
        message = "A name of small Latin letters, digits and hyphens expected, at most {most} characters."
        raise DataRefused(told(message, most=LONGEST_NAME))
    panel, note = (" ".join(fields.get(key, "").split()) for key in ("panel", "note"))
    if not panel or not all(len(said) <= MOST_SAID and said.isprintable() for said in (panel, note)):
        message = "Who decided, and a note, each of at most {most} characters that can be written, expected."
        raise DataRefused(told(message, most=MOST_SAID))
    name, today = BEGINNING + short, datetime.now(DUSHANBE).date()
    return name, write_trial(scheme, emphasis, name=name, panel=panel, note=note, date=today)


def _command(name: str) -> str:
    return f"obod score --scheme {name} --draft"


def _query(emphasis: Emphasis) -> str:
    return "&".join(f"{name}={text}" for name, text in address_of(emphasis).items())
