"""Plots on paper, as a page and as PDF: the report of a district, one plot. It says what everybody may see."""

from __future__ import annotations

from typing import Annotated, Any, Final, Literal

from fastapi import APIRouter, Depends, Query, Request, Response
from fastapi.responses import HTMLResponse

from api.content.plot_paper import plot_sheet
from api.content.report import report_of
from api.content.sheets import plot_on_paper, report_sheet
from api.deps import LanguageDep, SnapshotDep, known_parameters
from api.maps.places_cache import AtlasDep
from api.rendering.paper import make_pdf
from api.routes.found import FRESH, HTML
from api.routes.plots import FILTER_PARAMETERS, ChoiceDep
from api.web.description import given, or_empty
from layers.catalogue.base import PUBLIC
from layers.features.filters import PLOT_FILTERS
from layers.postgres.engine import reading

router = APIRouter(tags=["pages"], dependencies=[Depends(known_parameters)])

PDF: Final = "application/pdf"
PAPER: Final[dict[int | str, dict[str, Any]]] = given({HTML: None, PDF: None}, 404)
SHEET: Final[dict[int | str, dict[str, Any]]] = given({HTML: None, PDF: None}, 404, 422)
FormQuery = Annotated[Literal["html", "pdf"], Query(description="A page, or sheets of paper.")]


@router.get(
    "/districts/{code}/report",
    summary="Plots of a district as a report for print",
    response_class=Response,
    responses=PAPER,
    openapi_extra={"parameters": [or_empty(item) for item in FILTER_PARAMETERS]},
)
def get_report(
    request: Request,
    code: str,
    lang: LanguageDep,
    state: SnapshotDep,
    atlas: AtlasDep,
    choice: ChoiceDep,
    sortby: Annotated[str | None, Query(description="As for the list of plots.")] = None,
    f: FormQuery = "html",
) -> Response:
    """The plots that `GET /districts/{code}/list` shows: a map with its key, figures, the first plots, method, sources.

    The same run gives the same figures and the same map. An empty text counts as not asked.
    """
    filters = {
        name: texts for name in PLOT_FILTERS if (texts := [text for text in request.query_params.getlist(name) if text])
    }
    with reading(PUBLIC) as connection:
        served = state.fresh(connection)
        places = atlas.gazetteer(connection, served)
        report = report_of(connection, served, places, code, filters, choice, lang, sortby=sortby or None)
    base = request.scope.get("root_path", "")
    html = report_sheet(report, lang, root=root_of(request), base=base, alone=f == "pdf")
    return on_paper(html, f, f"obod-{code}-{lang}")


@router.get("/plots/{plot_id}/report", summary="One plot for print", response_class=Response, responses=SHEET)
def get_plot_sheet(
    request: Request,
    plot_id: str,
    lang: LanguageDep,
    state: SnapshotDep,
    atlas: AtlasDep,
    choice: ChoiceDep,
    reader: Annotated[
        Literal["planner", "family"], Query(alias="for", description="Whom the paper is for.")
    ] = "planner",
    f: FormQuery = "html",
) -> Response:
    """The plot with its map, or for a family one small side with pictures: without names, rights or numbers."""
    with reading() as connection:
        served = state.fresh(connection)
        places = atlas.gazetteer(connection, served)
        sheet = plot_sheet(connection, served, places, plot_id, choice, lang)
    base, family = request.scope.get("root_path", ""), reader == "family"
    html = plot_on_paper(sheet, lang, root=root_of(request), base=base, alone=f == "pdf", family=family)
    return on_paper(html, f, f"obod-{reader}-{lang}")


def root_of(request: Request) -> str:
    """Return the address of the service as the reader has it, without a slash at the end."""
    return str(request.base_url).rstrip("/")


def on_paper(html: str, form: Literal["html", "pdf"], name: str) -> Response:
    """Return a sheet as it was asked for; a PDF is opened by the browser, and kept under a name."""
    if form == "html":
        return HTMLResponse(html, headers=FRESH)
    kept = f'inline; filename="{name}.pdf"'
    return Response(make_pdf(html), media_type=PDF, headers={**FRESH, "Content-Disposition": kept})
