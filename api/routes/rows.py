"""A page of the rows of a list of plots: on a page of its own, and as a part of the planner's page beside the map."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Any, Final

import orjson
from fastapi import APIRouter, Query, Request, Response
from fastapi.responses import HTMLResponse

from api.content.asked_plots import run_of
from api.content.plot_list import list_plots, usual_order
from api.deps import LanguageDep, SnapshotDep
from api.maps.places_cache import AtlasDep
from api.rendering.pages import render
from api.routes.found import FRESH
from api.routes.links import Links
from api.routes.narrowing import Narrowing, asked_columns, asked_filters, asked_shortlist
from api.routes.picked import ViewDep
from api.routes.plots import ChoiceDep
from layers.catalogue.base import PUBLIC
from layers.features.districts import require_district, require_jamoats
from layers.features.filters import plot_conditions, sort_keys
from layers.features.paging import Listing, read_page
from layers.features.places import Gazetteer
from layers.features.plots import by_class_and_score, in_district, scored_plots
from layers.postgres.engine import Connection, reading
from layers.records.snapshot import Choice, Run, Snapshot

router = APIRouter(tags=["pages"])

BESIDE_ROWS: Final = 25  # plots of a page beside the map


@dataclass(frozen=True, slots=True)
class Rows:
    """A page of a list: its plots as GeoJSON features.

    ``run`` : that judged them; None where none is shown. ``next`` : token of the page after it, None at the end.
    """

    run: Run | None
    listing: Listing
    features: Sequence[Mapping[str, Any]]
    next: str | None
    pinned: bool

    @property
    def names(self) -> list[str]:
        """The plots of the page, by their ids."""
        return [found["properties"]["plot_id"] for found in self.features]


def read_rows(
    connection: Connection,
    served: Snapshot,
    code: str,
    choice: Choice,
    filters: Mapping[str, Sequence[str]],
    *,
    sortby: str | None,
    after: str | None,
    limit: int,
) -> Rows:
    """Return a page of the plots that filters leave of a district, as everybody sees them.

    Raises
    ------
    NotFound : there is no such district or jamoat, or the result asked for does not cover it. BadFilter : a filter,
    the order or ``after`` is not understood.
    """
    require_district(connection, served, code)
    require_jamoats(connection, code, filters.get("jamoat", ()))
    run = run_of(served, choice, code, PUBLIC)
    features = scored_plots(PUBLIC, {} if run is None else {code: run})
    conditions = [in_district(code), *plot_conditions(features, filters)]
    keys = sort_keys(features, sortby or usual_order(filters)) or by_class_and_score(features)
    listing = Listing(features, conditions, keys)
    page = read_page(connection, listing, limit=limit, after=after or None)
    return Rows(run, listing, orjson.loads(b"".join((b"[", page.body, b"]"))), page.next, choice == Choice())


def told_rows(
    rows: Rows, asked: Narrowing, places: Gazetteer, columns: Sequence[str], shortlist: Sequence[str], *, first: bool
) -> dict[str, Any]:
    """Return what the table of a page shows; ``first`` : it is the first page."""
    # The next page is of the same run, even if another is published meanwhile.
    pinned = {"run": str(rows.run.run_id)} if rows.run is not None and rows.pinned else {}
    return {
        "plots": list_plots(rows.features, places, asked.links.lang, columns),
        "heads": asked.heads(),
        "shortlist": shortlist,
        "ticks": asked.hidden_of_ticks(rows.names),
        "next_page": None if rows.next is None else asked.plot_list(after=rows.next, **pinned),
        "first_page": None if first else asked.plot_list(),
    }


@router.get("/districts/{code}/list/rows", include_in_schema=False)
def get_rows(
    request: Request,
    code: str,
    lang: LanguageDep,
    state: SnapshotDep,
    atlas: AtlasDep,
    choice: ChoiceDep,
    sortby: Annotated[str | None, Query()] = None,
    after: Annotated[str | None, Query()] = None,
    *,
    view: ViewDep,
) -> Response:
    """Return a page of `GET /districts/{code}/list` as a part of the planner's page, for its script."""
    filters, shortlist = asked_filters(request), asked_shortlist(request)
    columns = asked_columns(request.query_params.getlist("column"))
    with reading(PUBLIC) as connection:
        served = state.fresh(connection)
        rows = read_rows(
            connection, served, code, choice, filters, sortby=sortby or None, after=after, limit=BESIDE_ROWS
        )
        places = atlas.gazetteer(connection, served)
    links = Links(request.scope.get("root_path", ""), lang)
    asked = Narrowing(
        links, code, filters, view=view, sortby=sortby, columns=columns, run=choice.asked(), shortlist=shortlist
    )
    told = told_rows(rows, asked, places, columns, shortlist, first=not after)
    told["ticks"] = [("district", code), *told["ticks"]]
    content = render(
        "_beside.html",
        lang=lang,
        base=links.base,
        beside=True,
        rows_title="rows-title",
        ticks_action=f"{links.base}/",
        only=asked.only_shortlist().plot_list(),
        **told,
    )
    return HTMLResponse(content, headers=FRESH)
