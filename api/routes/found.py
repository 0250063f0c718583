"""Looking for a place or a plot by what people call it, on the planner's page."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Final

from fastapi import APIRouter, Query, Request, Response
from fastapi.responses import HTMLResponse

from api.deps import LanguageDep, SnapshotDep
from api.language.translate import local_name, translate
from api.maps.places_cache import AtlasDep
from api.rendering.pages import render
from api.routes.links import Links
from layers.features.places import Bounds, Found, Gazetteer
from layers.features.plots import PlotAddress, plots_called
from layers.postgres.engine import Connection, reading

router = APIRouter(tags=["pages"])

FRESH: Final = {"Cache-Control": "no-cache", "Vary": "Accept-Language"}
HTML: Final = "text/html"
VILLAGE_ZOOM: Final = 14  # Leaflet zoom that shows a village with the plots around it
FARTHEST_ZOOM: Final = 7  # that shows the country
WORLD_DEG: Final = 360.0  # degrees of longitude a tile of zoom 0 shows
KINDS: Final = {
    "regions": "Region",
    "districts": "District",
    "jamoats": "Jamoat",
    "settlements": "Village or town",
    "rivers": "River",
}


@dataclass(frozen=True, slots=True)
class Hit:
    """A place that was looked for: where its link leads, its name, what and where it is."""

    address: str
    name: str
    about: str


@router.get("/found", include_in_schema=False)
def get_found(
    request: Request,
    q: Annotated[str, Query(max_length=100)],
    lang: LanguageDep,
    state: SnapshotDep,
    atlas: AtlasDep,
) -> Response:
    """Return what is called so as links, for the page that asks while a name is typed."""
    with reading() as connection:
        places = atlas.gazetteer(connection, state.fresh(connection))
        found = look_for(connection, q, places, Links(request.scope.get("root_path", ""), lang))
    base = request.scope.get("root_path", "")
    return HTMLResponse(render("_found.html", lang=lang, base=base, found=found), headers=FRESH)


def look_for(connection: Connection, text: str, places: Gazetteer, links: Links) -> list[Hit]:
    """Return plots of that number or id, then places of that name, the best fit first."""
    plots = plots_called(connection, text)
    return [*_plots(plots, places, links), *(_place(found, places, links) for found in places.find(text))]


def _plots(plots: Sequence[PlotAddress], places: Gazetteer, links: Links) -> list[Hit]:
    kind = translate("Plot", links.lang)
    return [
        Hit(
            links.page(district=plot.district, plot=plot.plot_id),
            plot.plot_id,
            ", ".join([kind, *_around(plot.district, places, links)]),
        )
        for plot in plots
    ]


def _place(found: Found, places: Gazetteer, links: Links) -> Hit:
    place, lang = found.place, links.lang
    asked: dict[str, str | None] = {"district": place.code if place.layer == "districts" else place.within}
    if place.layer == "regions":
        asked = {"region": place.code}
    elif place.layer == "jamoats":
        asked["jamoat"] = place.code
    elif place.layer in ("settlements", "rivers"):
        asked["at"] = _view(place.bounds)
        asked["village"] = place.code if place.layer == "settlements" else None
    name = local_name(place.names, lang, otherwise=place.code)
    about = [translate(KINDS[place.layer], lang), *_around(place.within, places, links)]
    if found.name != name:
        about.append(found.name)
    return Hit(links.page(**asked), name, ", ".join(about))


def _around(district: str | None, places: Gazetteer, links: Links) -> list[str]:
    known = places.places.get(("districts", district or ""))
    return [local_name(known.names, links.lang, otherwise=known.code)] if known else []


def _view(bounds: Bounds) -> str:
    """Zoom, latitude and longitude that show a place whole, a village with the plots around it."""
    west, south, east, north = bounds
    span = max(east - west, north - south)
    zoom = VILLAGE_ZOOM if span <= 0.0 else math.floor(math.log2(WORLD_DEG / span))
    zoom = min(max(zoom, FARTHEST_ZOOM), VILLAGE_ZOOM)
    return f"{zoom}/{(south + north) / 2:.5f}/{(west + east) / 2:.5f}"
