"""The plots of a district as a list to work with: narrowed, sorted, counted, taken away, all without a script."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Final

import orjson
from fastapi import APIRouter, Depends, Query, Request, Response
from fastapi.responses import HTMLResponse

from api.content.figures import figures
from api.content.histograms import spread
from api.content.plot_list import list_plots, usual_order
from api.content.state_sentence import say_filters
from api.deps import LanguageDep, SnapshotDep, known_parameters
from api.language.translate import Language, local_name, name_district
from api.language.wording import EARLIER_RULE
from api.maps.places_cache import AtlasDep
from api.rendering.pages import render
from api.routes.found import FRESH, HTML
from api.routes.links import Links, tongues
from api.routes.narrowing import CRITERIA, Narrowing, asked_columns, asked_filters, asked_shortlist, spread_of
from api.routes.picked import ViewDep
from api.routes.planner import FORMATS
from api.routes.plots import FILTER_PARAMETERS, ChoiceDep, run_of
from api.web.description import given, or_empty
from layers.catalogue.admin import District, Jamoat
from layers.catalogue.base import PUBLIC
from layers.features.districts import require_district, require_jamoats
from layers.features.filters import MOST_PLOTS_BY_ID, plot_conditions, sort_keys
from layers.features.paging import Listing, read_page
from layers.features.places import Gazetteer
from layers.features.plots import by_class_and_score, in_district, scored_plots
from layers.features.standing import standing_of
from layers.postgres.engine import reading
from layers.records.snapshot import Choice

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
MOST_REMARK: Final = 80  # characters of a remark on a plot, which stays in the browser


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

    An empty text, as a form sends it, counts as not asked. Hectares by class are of the plots that are left.
    """
    filters = asked_filters(request)
    shortlist = asked_shortlist(request)
    columns = asked_columns(request.query_params.getlist("column"))
    with reading(PUBLIC) as connection:
        served = state.fresh(connection)
        require_district(connection, served, code)
        require_jamoats(connection, code, filters.get("jamoat", ()))
        run = run_of(served, choice, code, PUBLIC)
        features = scored_plots(PUBLIC, {} if run is None else {code: run})
        conditions = [in_district(code), *plot_conditions(features, filters)]
        keys = sort_keys(features, sortby or usual_order(filters)) or by_class_and_score(features)
        listing = Listing(features, conditions, keys)
        page = read_page(connection, listing, limit=ROWS, after=after or None)
        counted, standing = standing_of(connection, listing)
        places = atlas.gazetteer(connection, served)
        bars = spread(connection, features, code, filters, spread_of(filters, columns), lang)
    features_read = orjson.loads(b"".join((b"[", page.body, b"]")))
    links = Links(request.scope.get("root_path", ""), lang)
    asked = Narrowing(
        links, code, filters, view=view, sortby=sortby, columns=columns, run=_chosen(choice), shortlist=shortlist
    )
    only = asked.only_shortlist()
    names = {
        place.code: local_name(place.names, lang, otherwise=place.code) for place in places.of(Jamoat, within=code)
    }
    pinned = {} if run is None or choice != Choice() else {"run": str(run.run_id)}
    content = render(
        "list.html",
        lang=lang,
        base=links.base,
        tongues=tongues(request),
        synthetic=served.synthetic(code) or bool(run and run.synthetic),
        place=_district_name(places, code, lang),
        sentence=say_filters(filters, names, lang),
        run=run,
        warning=EARLIER_RULE if run is not None and run.earlier_rule else None,
        figures=figures(counted, lang, standing),
        plots=list_plots((found["properties"] for found in features_read), places, lang, columns),
        heads=asked.heads(),
        form=asked.form(names, bars=bars),
        # The next page is of the same run, even if another is published meanwhile.
        next_page=None if page.next is None else asked.plot_list(after=page.next, **pinned),
        first_page=asked.plot_list() if after else None,
        downloads=[(name, asked.file(form)) for form, (name, _about) in FORMATS.items()],
        reports=[(name, asked.report(form)) for form, name in (("pdf", "PDF"), ("html", "HTML"))],
        map_page=asked.page(),
        shortlist=shortlist,
        ticks=asked.hidden_of_ticks([found["properties"]["plot_id"] for found in features_read]),
        only=only.plot_list(),
        only_map=only.page(),
        only_files=[(name, only.file(form)) for form, (name, _about) in FORMATS.items()],
        only_reports=[(name, only.report(form)) for form, name in (("pdf", "PDF"), ("html", "HTML"))],
        emptied=asked.without_shortlist(),
        most_remark=MOST_REMARK,
    )
    return HTMLResponse(content, headers=FRESH)


def _chosen(choice: Choice) -> dict[str, str]:
    """What says of which run the list is, kept in every address."""
    asked = {"scheme": choice.scheme, "run": None if choice.run is None else str(choice.run)}
    return {name: text for name, text in asked.items() if text is not None}


def _district_name(places: Gazetteer, code: str, lang: Language) -> str:
    known = places.places.get((District.__tablename__, code))
    return name_district(local_name(known.names, lang, otherwise=code), lang) if known else code
