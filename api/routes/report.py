"""Plots on paper: the report of a district, as a page and as PDF. It says what everybody may see, to everybody."""

from __future__ import annotations

from typing import Annotated, Any, Final, Literal

from fastapi import APIRouter, Depends, Query, Request, Response
from fastapi.responses import HTMLResponse

from api.content.report import report_of
from api.content.sheets import report_sheet
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


def root_of(request: Request) -> str:
    """Return the address of the service as the reader has it, without a slash at the end."""
    return str(request.base_url).rstrip("/")


def on_paper(html: str, form: Literal["html", "pdf"], name: str) -> Response:
    """Return a sheet as it was asked for; a PDF is opened by the browser, and kept under a name."""
    if form == "html":
        return HTMLResponse(html, headers=FRESH)
    kept = f'inline; filename="{name}.pdf"'
    return Response(make_pdf(html), media_type=PDF, headers={**FRESH, "Content-Disposition": kept})
