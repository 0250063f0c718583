"""Judgements of people on the spot beside the classes of a district, by rule: for staff."""

from __future__ import annotations

from typing import Annotated, Any, Final, Literal

from fastapi import APIRouter, Depends, Query, Request, Response
from fastapi.responses import HTMLResponse
from pydantic import Field

from api.content.asked_plots import run_of
from api.content.judged_otherwise import tell_disagreements
from api.content.place_names import district_title
from api.deps import (
    JSON,
    CallerDep,
    LanguageDep,
    SnapshotDep,
    enter_reading,
    get_caller,
    known_parameters,
)
from api.maps.places_cache import AtlasDep
from api.rendering.pages import render
from api.routes.found import HTML
from api.routes.links import Links, tongues
from api.routes.plots import cache_headers, staff_answer
from api.web.description import Answer, given
from layers.catalogue.base import STAFF
from layers.catalogue.judgements import Judgement
from layers.errors import NotAllowed, NotFound
from layers.features.disagreements import find_disagreements
from layers.features.districts import require_district
from layers.postgres.engine import reading
from layers.records.audit import Act
from layers.records.snapshot import Choice

router = APIRouter(
    tags=["pages"],
    dependencies=[Depends(get_caller), Depends(known_parameters)],
    default_response_class=Response,
)


class DisagreementRule(Answer):
    """What limits some plots, and the judgements of them that differ from the class."""

    rule: str = Field(description="Criterion that limits the plots; empty: nothing that is known.")
    title: str
    better: int = Field(description="Judgements that would give a better class.")
    worse: int
    cases: list[dict[str, Any]] = Field(description="Plot, class, judgement, why, by which role, when.")


class DisagreementList(Answer):
    """Judgements beside the run that is shown."""

    district: str
    run: int
    agreeing: int = Field(description="Judgements within the classes that what is unknown allows.")
    unjudged: int = Field(description="Judgements of plots that the run gives no class.")
    rules: list[DisagreementRule]


MODELS: Final = (DisagreementList,)


@router.get(
    "/districts/{code}/disagreements",
    summary="Judgements that differ from the class, by rule",
    responses=given({HTML: None, JSON: DisagreementList}, 403, 404),
)
def get_disagreements(
    request: Request,
    code: str,
    caller: CallerDep,
    lang: LanguageDep,
    state: SnapshotDep,
    atlas: AtlasDep,
    f: Annotated[Literal["html", "json"], Query(description="A page, or its figures.")] = "html",
) -> Response:
    """Where a jamoat or a field school would give another class than was computed, for staff.

    A judgement changes no class; many of one kind under one rule say that the rule is to be looked at.
    """
    if caller.audience_in(code) < STAFF:
        raise NotAllowed("Judgements by plot are for staff only; ask with a staff key of the district.")
    links = Links(request.scope.get("root_path", ""), lang)
    with reading(STAFF) as connection:
        served = state.fresh(connection)
        places = atlas.gazetteer(connection, served)
        require_district(connection, served, code)
        run = run_of(served, Choice(), code, STAFF)
        if run is None:
            raise NotFound(f"No result is shown in district {code!r}.")
        found = find_disagreements(connection, run, code)
    enter_reading(caller, code, Act.LIST, Judgement.__tablename__, found.differing)
    rules = tell_disagreements(found, lang)
    if f == "json":
        about = {"district": code, "run": run.run_id, "agreeing": found.agreeing, "unjudged": found.unjudged}
        return staff_answer({**about, "rules": rules}, in_language=True)
    content = render(
        "disagreements.html",
        lang=lang,
        base=links.base,
        tongues=tongues(request),
        synthetic=served.synthetic(code) or run.synthetic,
        name=district_title(places, code, lang),
        run=run,
        found=found,
        rules=rules,
        page=links.page(district=code),
        plot_page=lambda plot_id: links.page(district=code, plot=plot_id),
    )
    return HTMLResponse(content, headers=cache_headers(STAFF))
