"""The page of one plot, made to be printed: its class, why, what would lift it, how every criterion was judged."""

from __future__ import annotations

from urllib.parse import quote

import orjson
from fastapi import APIRouter, Request, Response
from fastapi.responses import HTMLResponse

from api.content.cards import plot_card, unknown_in_run
from api.content.measured import measured_by_group, tell_hazard
from api.content.plot_water import tell_water
from api.content.reasons import reasons
from api.deps import CallerDep, LanguageDep, SnapshotDep
from api.language.wording import CONFIDENCE
from api.maps.places_cache import AtlasDep
from api.rendering.pages import render
from api.routes.found import FRESH, HTML
from api.routes.links import Links, tongues
from api.routes.plots import cache_headers
from api.routes.remarks import remarks_for, tell_remarks
from api.web.description import given
from layers.catalogue.base import PUBLIC, STAFF
from layers.catalogue.land import Plot
from layers.errors import NotFound
from layers.explain.plot import explain_plot
from layers.explain.water import water_as_shown
from layers.features.paging import read_feature
from layers.features.plots import scored_plots
from layers.postgres.engine import reading
from layers.records.remarks import MOST_CHARACTERS
from layers.records.snapshot import Choice

router = APIRouter(tags=["pages"])


@router.get(
    "/plots/{plot_id}/why",
    summary="The page of one plot",
    response_class=Response,
    responses=given({HTML: None}, 404, 422),
)
def get_plot_page(
    request: Request, plot_id: str, caller: CallerDep, lang: LanguageDep, state: SnapshotDep, atlas: AtlasDep
) -> Response:
    """Return a page that can be printed: the plot's card, the reasons, and how every criterion was judged.

    Staff of the district see remarks of staff below, on the screen and not on paper.
    """
    with reading() as connection:
        served = state.fresh(connection)
        places = atlas.gazetteer(connection, served)
        runs = served.runs_of(Choice())
        found = read_feature(connection, scored_plots(PUBLIC, runs), Plot.plot_id == plot_id)
        if found is None:
            raise NotFound(f"There is no plot {plot_id!r}.")
        plot = orjson.loads(found)["properties"]
        explained = explain_plot(connection, plot_id, audience=PUBLIC, served=served) if plot["run"] else None
        run = runs.get(plot["district"] or "")
        unknown = unknown_in_run(connection, run, plot["district"])
        water = explained["water"] if explained else water_as_shown(served, plot, run, PUBLIC)
    is_staff = caller.audience_in(plot["district"]) is STAFF
    links = Links(request.scope.get("root_path", ""), lang)
    synthetic = served.synthetic(plot["district"] or "")
    content = render(
        "plot.html",
        lang=lang,
        base=links.base,
        tongues=tongues(request),
        synthetic=synthetic,
        card=plot_card(plot, places, lang, synthetic=synthetic, unknown=unknown, water=tell_water(water, plot, lang)),
        back=links.page(district=plot["district"], plot=plot_id),
        paper=f"{links.base}/plots/{quote(plot_id)}/report?lang={lang}",
        reasons=reasons(explained, lang) if explained else None,
        hazards=[tell_hazard(zone, lang) for zone in explained["hazards"]] if explained else [],
        measured=measured_by_group(plot, explained, lang),
        evidence_words=list(CONFIDENCE.values()),
        remarks=tell_remarks(remarks_for(caller, plot["district"], [plot_id]), lang) if is_staff else None,
        remarks_address=f"{links.base}/plots/{quote(plot_id, safe='')}/remarks?lang={lang}",
        most_remark=MOST_CHARACTERS,
    )
    return HTMLResponse(content, headers=FRESH | (cache_headers(STAFF) if is_staff else {}))
