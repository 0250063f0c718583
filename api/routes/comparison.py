"""Two places, or two results of one place, side by side: maps with one view, figures, and what differs by cause."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Any, Final
from urllib.parse import urlencode

from fastapi import APIRouter, Depends, Query, Request, Response
from fastapi.responses import HTMLResponse

from api.content.asked_plots import run_of
from api.content.changes import tell_changes
from api.content.figures import Figures, figures
from api.content.place_names import district_title
from api.deps import LanguageDep, SnapshotDep, known_parameters
from api.language.translate import Language, local_name, sort_key
from api.language.wording import EARLIER_RULE
from api.maps.places_cache import AtlasDep
from api.maps.scene import AT
from api.rendering.pages import render
from api.routes.found import FRESH, HTML
from api.routes.links import Links, tongues
from api.web.description import given
from layers.catalogue.base import PUBLIC
from layers.features.comparison import moves_between
from layers.features.districts import Summary, require_district, summaries
from layers.features.hectares import hectares_by_jamoat, summed
from layers.features.places import Gazetteer
from layers.features.standing import WHOLE, standing_by_jamoat
from layers.postgres.engine import Connection, reading
from layers.records.snapshot import Choice, Run, Snapshot

router = APIRouter(tags=["pages"], dependencies=[Depends(known_parameters)])

ROWS: Final = 40  # changes listed; the figures above are of all
NUMBER: Final = r"^[0-9]{0,9}$"
RUNS: Final = 30  # results offered to choose from, the latest first


@dataclass(frozen=True, slots=True)
class Side:
    """One half of the page: what is shown, its figures and its map; ``run`` None where nothing has been judged."""

    name: str
    run: Run | None
    figures: Figures | None
    map_address: str
    warning: str | None


@router.get(
    "/compare",
    summary="Two places or two results side by side",
    response_class=Response,
    responses=given({HTML: None}, 404),
)
def get_comparison(
    request: Request,
    lang: LanguageDep,
    state: SnapshotDep,
    atlas: AtlasDep,
    district: Annotated[str, Query(description="District on the first map.")],
    run: Annotated[str | None, Query(pattern=NUMBER, description="Run shown of it; the one served if none.")] = None,
    with_district: Annotated[str | None, Query(description="District on the second map; the same if none.")] = None,
    with_run: Annotated[str | None, Query(pattern=NUMBER, description="Run shown of the second.")] = None,
    at: Annotated[str | None, Query(pattern=AT.pattern, description="View of both: zoom/latitude/longitude.")] = None,
) -> Response:
    """Maps that move together, hectares by class, and where both are of one district what changed and by which cause.

    An empty text, as a form sends it, counts as not asked.
    """
    other = with_district or district
    links = Links(request.scope.get("root_path", ""), lang)
    with reading(PUBLIC) as connection:
        served = state.fresh(connection)
        places = atlas.gazetteer(connection, served)
        districts = {summary.code: summary for summary in summaries(connection, served)}
        for code in (district, other):
            require_district(connection, served, code)
        chosen = [(code, _chosen(served, code, text)) for code, text in ((district, run), (other, with_run))]
        sides = [
            _side(connection, places, links, code, found, pinned=bool(text), at=at)
            for (code, found), text in zip(chosen, (run, with_run), strict=True)
        ]
        (_, first), (_, second) = chosen
        comparable = district == other and first is not None and second is not None and first != second
        moves = moves_between(connection, first, second, district) if comparable and first and second else []
    changes = tell_changes(moves, lang) if comparable else None
    content = render(
        "compare.html",
        lang=lang,
        base=links.base,
        tongues=tongues(request),
        synthetic=any(served.synthetic(code) or bool(found and found.synthetic) for code, found in chosen),
        sides=sides,
        same_place=district == other,
        changes=changes,
        told=changes.told[:ROWS] if changes else (),
        districts=_listed(districts, lang),
        runs=[published_runs(served, code) for code in (district, other)],
        asked={"district": district, "run": run or "", "with_district": other, "with_run": with_run or ""},
        at=at,
        unlike=comparable and first is not None and second is not None and first.scheme != second.scheme,
        page=links.page(district=district),
    )
    return HTMLResponse(content, headers=FRESH)


def _chosen(served: Snapshot, code: str, run: str | None) -> Run | None:
    """The run shown of a district; without a number the one that is served, if any is."""
    return run_of(served, Choice(run=int(run)) if run else Choice(), code, PUBLIC)


def _side(
    connection: Connection, places: Gazetteer, links: Links, code: str, run: Run | None, *, pinned: bool, at: str | None
) -> Side:
    name = district_title(places, code, links.lang)
    asked = {"district": code, "run": str(run.run_id) if run and pinned else None, "at": at, "lang": links.lang}
    query = urlencode({key: text for key, text in asked.items() if text}, safe="/")
    counted = None
    if run is not None:
        by_jamoat = hectares_by_jamoat(connection, code, run.run_id)
        standing = standing_by_jamoat(connection, run, code).get(WHOLE)
        counted = figures(summed(by_jamoat.values()), links.lang, standing)
    warning = EARLIER_RULE if run is not None and run.earlier_rule else None
    return Side(name, run, counted, f"{links.base}/maps/plots?{query}", warning)


def _listed(districts: dict[str, Summary], lang: Language) -> list[tuple[str, str]]:
    named = [(code, local_name(one.names, lang, otherwise=code)) for code, one in districts.items() if one.plots]
    return sorted(named, key=lambda one: sort_key(one[1], lang))


def published_runs(served: Snapshot, code: str) -> list[dict[str, Any]]:
    """Return published runs of a district, the latest first."""
    found = [run for run in served.runs.values() if code in run.districts and not run.draft]
    found.sort(key=lambda run: -run.run_id)
    return [{"run_id": run.run_id, "scheme": run.scheme, "finished_at": run.finished_at} for run in found[:RUNS]]
