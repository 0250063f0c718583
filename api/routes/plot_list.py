"""The plots of a district as a list to work with: narrowed, sorted, counted, taken away, all without a script."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Final

from fastapi import APIRouter, Depends, Query, Request, Response
from fastapi.responses import HTMLResponse

from api.content.figures import figures
from api.content.histograms import spread
from api.content.place_names import district_title, jamoat_names
from api.content.state_sentence import say_filters
from api.deps import CallerDep, LanguageDep, SnapshotDep, known_parameters
from api.language.wording import EARLIER_RULE
from api.maps.places_cache import AtlasDep
from api.rendering.pages import render
from api.routes.background import offer
from api.routes.found import FRESH, HTML
from api.routes.links import Links, tongues
from api.routes.narrowing import CRITERIA, Narrowing, asked_columns, asked_filters, asked_shortlist, spread_of
from api.routes.picked import ViewDep
from api.routes.planner import FORMATS
from api.routes.plots import FILTER_PARAMETERS, ChoiceDep, cache_headers
from api.routes.remarks import remarks_for, tell_remarks
from api.routes.rows import read_rows, told_rows
from api.web.description import given, or_empty
from layers.catalogue.base import PUBLIC, STAFF
from layers.features.filters import MOST_PLOTS_BY_ID
from layers.features.standing import standing_of
from layers.postgres.engine import reading
from layers.records.remarks import MOST_CHARACTERS

router = APIRouter(tags=["pages"], dependencies=[Depends(known_parameters)])

ROWS: Final = 50  # plots of a page of the list
COLUMN: Final[Mapping[str, Any]] = {
    "name": "column",
    "in": "query",
    "required": False,
    "description": "Criterion shown beside the class; may be given several times.",
    "schema": {"type": "array", "items": {"type": "string", "enum": [*CRITERIA]}},
}

SHORTLIST: Final[Mapping[str, Any]] = {
    "name": "shortlist",
    "in": "query",
    "required": False,
    "description": f"Plot on the short list, by its id; may be given up to {MOST_PLOTS_BY_ID} times.",
    "schema": {"type": "array", "items": {"type": "string"}, "maxItems": MOST_PLOTS_BY_ID},
}


@router.get(
    "/districts/{code}/list",
    summary="Plots of a district as a page to work with",
    response_class=Response,
    responses=given({HTML: None}, 404),
    openapi_extra={"parameters": [*(or_empty(item) for item in FILTER_PARAMETERS), COLUMN, SHORTLIST]},
)
def get_list(
    request: Request,
    code: str,
    caller: CallerDep,
    lang: LanguageDep,
    state: SnapshotDep,
    atlas: AtlasDep,
    choice: ChoiceDep,
    sortby: Annotated[str | None, Query(description="As for the list of plots.")] = None,
    after: Annotated[str | None, Query(description="Token of the next page.")] = None,
    *,
    view: ViewDep,
) -> Response:
    """The same filters and order as `GET /districts/{code}/plots`, as a table in the reader's language.

    An empty text, as a form sends it, counts as not asked. Hectares by class are of the plots that are left. Staff of
    the district see remarks of staff below, on the screen and not on paper.
    """
    filters = asked_filters(request)
    shortlist = asked_shortlist(request)
    columns = asked_columns(request.query_params.getlist("column"))
    with reading(PUBLIC) as connection:
        served = state.fresh(connection)
        rows = read_rows(connection, served, code, choice, filters, sortby=sortby or None, after=after, limit=ROWS)
        counted, standing = standing_of(connection, rows.listing)
        places = atlas.gazetteer(connection, served)
        bars = spread(connection, rows.listing.features, code, filters, spread_of(filters, columns), lang)
    run, is_staff = rows.run, caller.audience_in(code) is STAFF
    links = Links(request.scope.get("root_path", ""), lang)
    asked = Narrowing(
        links, code, filters, view=view, sortby=sortby, columns=columns, run=choice.asked(), shortlist=shortlist
    )
    only = asked.only_shortlist()
    names = jamoat_names(places, code, lang)
    form, left = asked.form(names, bars=bars), figures(counted, lang, standing)
    content = render(
        "list.html",
        lang=lang,
        base=links.base,
        tongues=tongues(request),
        address=str(request.url),
        synthetic=served.synthetic(code) or bool(run and run.synthetic),
        place=district_title(places, code, lang),
        sentence=say_filters(filters, names, lang),
        run=run,
        warning=EARLIER_RULE if run is not None and run.earlier_rule else None,
        figures=left,
        form=form,
        beside=False,
        rows_title="plots-title",
        ticks_action=form["action"],
        **told_rows(rows, asked, places, columns, shortlist, first=not after),
        downloads=[(name, asked.file(form)) for form, (name, _about) in FORMATS.items()],
        reports=[(name, asked.report(form)) for form, name in (("pdf", "PDF"), ("html", "HTML"))],
        background=offer(asked, code, left.total_plots),
        file_forms=[(form, name) for form, (name, _about) in FORMATS.items()],
        map_page=asked.page(),
        only=only.plot_list(),
        only_map=only.page(),
        only_files=[(name, only.file(form)) for form, (name, _about) in FORMATS.items()],
        only_reports=[(name, only.report(form)) for form, name in (("pdf", "PDF"), ("html", "HTML"))],
        emptied=asked.without_shortlist(),
        most_remark=MOST_CHARACTERS,
        remarks=tell_remarks(remarks_for(caller, code, rows.names), lang),
    )
    return HTMLResponse(content, headers=FRESH | (cache_headers(STAFF) if is_staff else {}))
