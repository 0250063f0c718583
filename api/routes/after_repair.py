"""A district now and after its canals are repaired: two maps with one view, and what the repair changes."""

from __future__ import annotations

from typing import Annotated
from urllib.parse import urlencode

from fastapi import APIRouter, Depends, Query, Request, Response
from fastapi.responses import HTMLResponse

from api.content.asked_plots import run_of
from api.content.changes import tell_changes
from api.content.figures import figures
from api.content.place_names import district_title, jamoat_names
from api.content.repair_text import differences, jamoat_after, say_improvements
from api.deps import LanguageDep, SnapshotDep, known_parameters
from api.language.translate import sort_key, translate
from api.language.wording import EARLIER_RULE
from api.maps.places_cache import AtlasDep
from api.maps.scene import AT
from api.rendering.pages import render
from api.routes.found import FRESH, HTML
from api.routes.links import Links, tongues
from api.web.description import given
from layers.catalogue.base import PUBLIC
from layers.errors import NotFound
from layers.features.after_repair import repair_on_offer
from layers.features.districts import require_district
from layers.features.hectares import hectares_by_jamoat
from layers.features.potential import potential_by_jamoat
from layers.postgres.engine import reading
from layers.records.snapshot import Choice
from layers.runs.trial import readable_scheme

router = APIRouter(tags=["pages"], dependencies=[Depends(known_parameters)])


@router.get(
    "/districts/{code}/after-repair",
    summary="A district now and after its canals are repaired, side by side",
    response_class=Response,
    responses=given({HTML: None}, 404),
)
def get_after_repair(
    request: Request,
    code: str,
    lang: LanguageDep,
    state: SnapshotDep,
    atlas: AtlasDep,
    at: Annotated[str | None, Query(pattern=AT.pattern, description="View of both: zoom/latitude/longitude.")] = None,
) -> Response:
    """What the run that is shown found of each plot as it is, and after the improvements its scheme names.

    Single plots are told of on land that is offered or in reserve; of all land by jamoat, small cells left out.
    """
    links = Links(request.scope.get("root_path", ""), lang)
    with reading(PUBLIC) as connection:
        served = state.fresh(connection)
        places = atlas.gazetteer(connection, served)
        require_district(connection, served, code)
        run = run_of(served, Choice(), code, PUBLIC)
        if run is None:
            raise NotFound(f"No result is shown in district {code!r}.")
        scheme = readable_scheme(connection, run)
        found = repair_on_offer(connection, run, code)
        now = hectares_by_jamoat(connection, code, run.run_id)
        after = potential_by_jamoat(connection, run, code)
    name, jamoats = district_title(places, code, lang), jamoat_names(places, code, lang)
    told_now = figures(found.now.classes, lang, found.now.standing)
    told_after = figures(found.after.classes, lang, found.after.standing)
    by_jamoat = [
        jamoat_after(jamoats.get(place, place) or translate("No jamoat recorded", lang), now.get(place, {}), classes)
        for place, classes in after.items()
    ]
    content = render(
        "after_repair.html",
        lang=lang,
        base=links.base,
        tongues=tongues(request),
        synthetic=served.synthetic(code) or run.synthetic,
        name=name,
        run=run,
        warning=EARLIER_RULE if run.earlier_rule else None,
        improvements=say_improvements(scheme, lang) if scheme is not None else [],
        sides=[
            (translate("Now", lang), told_now, _map(links, code, "class", at)),
            (translate("After repair", lang), told_after, _map(links, code, "potential_class", at)),
        ],
        differences=differences(told_now, told_after),
        changes=tell_changes(found.moves, lang),
        by_jamoat=sorted(by_jamoat, key=lambda one: sort_key(one.name, lang)),
        page=links.page(district=code),
    )
    return HTMLResponse(content, headers=FRESH)


def _map(links: Links, code: str, colour: str, at: str | None) -> str:
    asked = {"district": code, "colour": colour, "at": at, "lang": links.lang}
    return f"{links.base}/maps/plots?{urlencode({key: text for key, text in asked.items() if text}, safe='/')}"
