"""The page of one plot, made to be printed: its class, why, what would lift it, how every criterion was judged."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import orjson
from fastapi import APIRouter, Request, Response
from fastapi.responses import HTMLResponse

from api.content.cards import plot_card, unknown_in_run
from api.content.reasons import reasons
from api.content.value_text import UNKNOWN, is_told, month_names, told_value
from api.deps import LanguageDep, SnapshotDep
from api.language.translate import Language, translate
from api.language.wording import CODES, CONFIDENCE, GROUPS
from api.maps.places_cache import AtlasDep
from api.rendering.pages import render
from api.routes.found import FRESH, HTML
from api.routes.links import Links, tongues
from api.web.description import given
from geo.contract.criterion import Criterion
from geo.criteria import LAND_CRITERIA
from layers.catalogue.base import PUBLIC
from layers.catalogue.land import Plot
from layers.errors import NotFound
from layers.explain.plot import explain_plot
from layers.features.paging import read_feature
from layers.features.plots import scored_plots
from layers.postgres.engine import reading
from layers.records.snapshot import Choice

router = APIRouter(tags=["pages"])


@router.get(
    "/plots/{plot_id}/why",
    summary="The page of one plot",
    response_class=Response,
    responses=given({HTML: None}, 404, 422),
)
def get_plot_page(request: Request, plot_id: str, lang: LanguageDep, state: SnapshotDep, atlas: AtlasDep) -> Response:
    """Return a page that can be printed: the plot's card, the reasons, and how every criterion was judged."""
    with reading() as connection:
        served = state.fresh(connection)
        places = atlas.gazetteer(connection, served)
        runs = served.runs_of(Choice())
        found = read_feature(connection, scored_plots(PUBLIC, runs), Plot.plot_id == plot_id)
        if found is None:
            raise NotFound(f"There is no plot {plot_id!r}.")
        plot = orjson.loads(found)["properties"]
        explained = explain_plot(connection, plot_id, audience=PUBLIC, served=served) if plot["run"] else None
        unknown = unknown_in_run(connection, runs.get(plot["district"] or ""), plot["district"])
    links = Links(request.scope.get("root_path", ""), lang)
    synthetic = served.synthetic(plot["district"] or "")
    content = render(
        "plot.html",
        lang=lang,
        base=links.base,
        tongues=tongues(request),
        synthetic=synthetic,
        card=plot_card(plot, places, lang, synthetic=synthetic, unknown=unknown),
        back=links.page(district=plot["district"], plot=plot_id),
        reasons=reasons(explained, lang) if explained else None,
        hazards=[_hazard(zone, lang) for zone in explained["hazards"]] if explained else [],
        measured=list(_measured(plot, explained, lang)),
        evidence_words=list(CONFIDENCE.values()),
    )
    return HTMLResponse(content, headers=FRESH)


def _hazard(zone: Mapping[str, Any], lang: Language) -> str:
    """One hazard zone on the plot in a line: process, level, months, what it threatens, and what it is not."""
    life, process, level, caution = zone["threatens"] == "life", CODES[zone["process"]], zone["level"], zone["caution"]
    stake = translate("danger to life", lang) if life else translate("danger to crop and land", lang)
    months = month_names(zone["months"], lang) if zone["months"] else None
    named = translate("{process}: {level} level", lang).format(
        process=translate(process, lang), level=translate(level, lang)
    )
    line = ", ".join(part for part in (named, months, stake) if part)
    return f"{line} ({translate(caution, lang)})" if caution else line


def _value(criterion: Criterion, plot: Mapping[str, Any], lang: Language, *, unknown: bool) -> str:
    """A value as it is read; one that could not be judged is unknown, with what is known of it in brackets."""
    text = told_value(criterion, plot, lang)
    return f"{translate(UNKNOWN, lang)} ({text})" if unknown and is_told(criterion, plot) else text


def _measured(
    plot: Mapping[str, Any], explained: Mapping[str, Any] | None, lang: Language
) -> Iterator[tuple[str, list[dict[str, Any]]]]:
    """Criteria by group: title, value as text, membership, evidence, whether it holds the plot back most."""
    told = {row["id"]: row for row in explained["criteria"]} if explained else {}
    for group, title in GROUPS.items():
        rows = [
            {
                "title": criterion.title,
                "text": _value(criterion, plot, lang, unknown=bool(told) and told[criterion.id]["membership"] is None),
                "membership": told[criterion.id]["membership"] if told else None,
                "evidence": told[criterion.id]["evidence"] if told else None,
                "limiting": criterion.id == plot.get("limiting"),
            }
            for criterion in LAND_CRITERIA
            if criterion.group == group
        ]
        if rows:
            yield title, rows
