"""Map pages: ``/maps/{layer}`` with its script and style beside it, and the card of a plot clicked on it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Annotated, Final, Literal
from urllib.parse import urlencode

import orjson
import shapely
from fastapi import APIRouter, Depends, Path, Query, Request, Response
from fastapi.responses import HTMLResponse

from api.content.cards import plot_card, unknown_in_run
from api.content.place_names import district_title
from api.content.plot_water import tell_water
from api.content.state_sentence import say_filters
from api.content.trial_text import say_emphasis
from api.deps import CallerDep, LanguageDep, SnapshotDep
from api.language.translate import Language, local_name
from api.maps.colouring import colourings
from api.maps.folium_map import Bounds, View
from api.maps.maplibre_style import name_of
from api.maps.places_cache import AtlasDep, held
from api.maps.scene import AT, Marked, Scene, map_html, map_parts, mapped, parse_view, seen_grids, seen_layers
from api.maps.water_map import is_of_water
from api.rendering.pages import render
from api.routes.emphasis import EmphasisDep, address_of
from api.routes.found import FRESH, HTML
from api.routes.narrowing import asked_filters, narrows
from api.routes.picked import VillageQuery, get_layers
from api.routes.plots import FILTER_PARAMETERS, ChoiceDep
from api.routes.water_choice import AskedBeside, WaterQuery, bounds_of_canal, shown_balance, switched_balance
from api.web.description import given, or_empty
from geo.suitability.trial import NEUTRAL, departure
from layers.catalogue import RasterLayer
from layers.catalogue.admin import District, Jamoat, Settlement
from layers.catalogue.base import PUBLIC, Audience
from layers.catalogue.land import Plot
from layers.errors import BadFilter, NotFound
from layers.explain.water import water_as_shown
from layers.features.districts import require_district, require_jamoats
from layers.features.features import nearest
from layers.features.filters import plot_conditions
from layers.features.paging import read_feature
from layers.features.places import Gazetteer, Place
from layers.features.plots import PLOTS, scored_plots
from layers.postgres.engine import Connection, reading
from layers.records.snapshot import Choice, Snapshot
from layers.runs.trial import readable_scheme
from layers.water.shown_places import find_places
from layers.water.shown_scenarios import find_shown

router = APIRouter(tags=["maps"])

COUNTRY: Final[Bounds] = (67.3, 36.6, 75.2, 41.1)  # Tajikistan, degrees; where a map without plots opens
PLOT_ZOOM: Final = 16  # Leaflet zoom at which a household plot can be seen with its neighbours


def get_scene(
    request: Request,
    name: Annotated[str, Path(description="Layer or grid, such as plots, canals or slope.")],
    caller: CallerDep,
    lang: LanguageDep,
    state: SnapshotDep,
    atlas: AtlasDep,
    choice: ChoiceDep,
    emphasis: EmphasisDep,
    district: Annotated[str | None, Query(description="Open at this district.")] = None,
    jamoat: Annotated[list[str] | None, Query(description="Open at this jamoat; several are a filter.")] = None,
    colour: Annotated[str, Query(description="Colour plots by class, score, confidence or a criterion.")] = "class",
    at: Annotated[str | None, Query(pattern=AT.pattern, description="Open at zoom/latitude/longitude.")] = None,
    plot: Annotated[str | None, Query(description="Plot whose card is open.")] = None,
    water: WaterQuery = None,
    beside: AskedBeside = None,
    village: VillageQuery = None,
    view: Annotated[Literal["presentation"] | None, Query(description="For a projector: map and key alone.")] = None,
) -> Scene:
    """Return what the map asked for shows; filters of a district's plots leave the others outlined only."""
    audience = caller.audience_in(district)
    shown = mapped(name, audience)
    ways = colourings(lang)
    if colour not in ways:
        raise BadFilter(f"Plots cannot be coloured by {colour!r}{nearest(colour, ways)}.")
    filters = asked_filters(request)
    narrowed = narrows(filters)
    if narrowed and (shown is not Plot or not district):
        raise BadFilter("Filters are for the map of plots of a district: give district.")
    if (water is not None or beside) and not is_of_water(shown):
        raise BadFilter("year, rule, month, canal, scenario and beside are for maps of a water balance.")
    jamoats = [code for code in jamoat or () if code]
    only = jamoats[0] if len(jamoats) == 1 else None
    with reading(audience) as connection:
        served = state.fresh(connection)
        places = atlas.gazetteer(connection, served)
        if district:
            require_district(connection, served, district)
        if narrowed and district:
            require_jamoats(connection, district, jamoats)
            plot_conditions(scored_plots(PUBLIC, {}), filters)  # refused here, not when the map asks for them
        balance = shown_balance(connection, water) if is_of_water(shown) else None
        switched = None if balance else switched_balance(connection, served)
        canal = bounds_of_canal(connection, balance) if balance else None
        plan = (balance.scenario or beside) if balance else None
        changes = None
        if balance and plan:
            changes = find_places(connection, find_shown(connection, plan, balance.year, balance.rule).run)
        chosen = _find_plot(connection, audience, plot) if plot else None
        if choice != Choice():
            served.runs_open_to(audience, choice)  # there is such a run
        shown_run = served.runs_of(Choice()).get(district or "")
        tried = NEUTRAL
        if emphasis != NEUTRAL and shown is Plot and shown_run is not None and choice == Choice():
            scheme = readable_scheme(connection, shown_run)
            tried = NEUTRAL if scheme is None else departure(scheme, emphasis)
        layers = held(served, (*seen_grids(audience), *seen_layers(audience)))
        held_names = [name_of(layer) for layer in layers]
        sources = tuple(source for layer in held_names for source in atlas.sources(connection, served, layer))
        accuracies = tuple((layer, atlas.accuracy(connection, served, layer)) for layer in held_names)
    there = changes.bounds if changes and not district else None  # where the whole country is asked for
    start = parse_view(at) or (chosen and chosen[1]) or canal or there or _opening(served, places, district, only)
    asked_water = {} if water is None else water.asked()
    kept = {
        "lang": lang,
        "district": district,
        "colour": colour,
        "at": at,
        "plot": plot,
        "village": village,
        "beside": beside,
        **address_of(tried),
    }
    result = {"scheme": choice.scheme, "run": None if choice.run is None else str(choice.run)}
    texts = [(name, text) for name, given_texts in filters.items() for text in given_texts]
    names = {place.code: local_name(place.names, lang, otherwise=place.code) for place in _within(places, district)}
    return Scene(
        shown=shown,
        drawn=tuple(layer for layer in layers if not isinstance(layer, RasterLayer)),
        grids=tuple(layer for layer in layers if isinstance(layer, RasterLayer)),
        lang=lang,
        colour=colour,
        start=start,
        chosen=chosen[0] if chosen else None,
        sources=sources,
        synthetic=any(source.synthetic for source in sources),
        base=request.scope.get("root_path", ""),
        query=urlencode([*((key, value) for key, value in {**kept, **asked_water, **result}.items() if value), *texts]),
        place=_place_name(places, district, only, lang),
        result=urlencode({key: value for key, value in result.items() if value}),
        matches=_matches(district, [*texts, *result.items()]) if narrowed else "",
        sentence=say_filters(filters, names, lang) if narrowed else "",
        places=_matches(district, [*(texts if narrowed else []), *result.items()])
        if shown is Plot and district
        else "",
        trial=_trial(district, [*(texts if narrowed else []), *address_of(tried).items()]) if tried != NEUTRAL else "",
        tried=say_emphasis(tried, lang) or "",
        water=balance,
        switched=switched,
        presented=view is not None,
        outlined=tuple(jamoats) if district else (),
        marked=_marked(places, village, lang) if village else None,
        places_of_plan=changes if balance and balance.scenario else None,
        accuracies=accuracies,
    )


def _marked(places: Gazetteer, village: str, lang: Language) -> Marked:
    """Return the village that is marked: its name and where it lies."""
    place = places.get(Settlement, village)
    west, south, east, north = place.bounds
    return Marked(local_name(place.names, lang, otherwise=village), (south + north) / 2, (west + east) / 2)


def _within(places: Gazetteer, district: str | None) -> list[Place]:
    return places.of(Jamoat, within=district) if district else []


def _matches(district: str | None, asked: Iterable[tuple[str, str | None]]) -> str:
    """Address of the plots that filters leave, below the service's root."""
    return f"/districts/{district}/matches?{urlencode([(name, text) for name, text in asked if text])}"


def _trial(district: str | None, asked: Iterable[tuple[str, str]]) -> str:
    """Address of what these plots would be by other weights, below the service's root."""
    return f"/districts/{district}/trial?{urlencode([*asked])}"


SceneDep = Annotated[Scene, Depends(get_scene)]


@router.get("/maps/{name}.js", include_in_schema=False)
def get_map_script(scene: SceneDep) -> Response:
    """Return the script of a map page, which a content security policy keeps out of the page."""
    return Response(map_parts(scene).script, media_type="text/javascript", headers=FRESH)


@router.get("/maps/{name}.css", include_in_schema=False)
def get_map_style(scene: SceneDep) -> Response:
    """Return the style of a map page."""
    return Response(map_parts(scene).style, media_type="text/css", headers=FRESH)


@router.get(
    "/maps/{name}",
    summary="One layer as a Folium map page, made to be embedded",
    response_class=Response,
    responses=given({HTML: None}, 404),
    openapi_extra={"parameters": [or_empty(item) for item in FILTER_PARAMETERS if item["name"] != "jamoat"]},
    dependencies=[Depends(get_layers)],  # the page itself reads them from its address
)
def get_map(scene: SceneDep) -> Response:
    """Return the map of a layer over relief, waters, boundaries and names, all from this service."""
    planned = scene.water is not None and bool(scene.water.scenario)  # stands below the map of now, which has the key
    return HTMLResponse(map_html(scene, legend_open=not planned), headers=FRESH)


@router.get("/maps/plots/{number}/card", include_in_schema=False)
def get_card(
    request: Request, number: int, lang: LanguageDep, state: SnapshotDep, atlas: AtlasDep, choice: ChoiceDep
) -> Response:
    """Return the card of the plot with that number, as a part of a page."""
    with reading() as connection:
        served = state.fresh(connection)
        places = atlas.gazetteer(connection, served)
        runs = served.runs_open_to(Audience.PUBLIC, choice)
        features = scored_plots(Audience.PUBLIC, runs)
        found = read_feature(connection, features, PLOTS.plot_no == number)
        if found is None:
            raise NotFound(f"There is no plot number {number}.")
        plot = orjson.loads(found)["properties"]
        run = runs.get(plot["district"] or "")
        unknown = unknown_in_run(connection, run, plot["district"])
    water = tell_water(water_as_shown(served, plot, run if plot["run"] else None, Audience.PUBLIC), plot, lang)
    base = request.scope.get("root_path", "")
    # The page of a plot explains the result that is shown unasked.
    why = f"{base}/plots/{plot['plot_id']}/why?lang={lang}" if choice == Choice() else None
    synthetic = served.synthetic(plot["district"] or "")
    card = plot_card(plot, places, lang, synthetic=synthetic, unknown=unknown, water=water, why=why)
    return HTMLResponse(render("_card.html", lang=lang, base=base, card=card), headers=FRESH)


def _find_plot(connection: Connection, audience: Audience, plot_id: str) -> tuple[int, View]:
    """Number of a plot and the view that shows it."""
    found = read_feature(connection, scored_plots(audience, {}), Plot.plot_id == plot_id)
    if found is None:
        raise NotFound(f"There is no plot {plot_id!r}.")
    feature = orjson.loads(found)
    centre = shapely.from_geojson(orjson.dumps(feature["geometry"])).representative_point()
    return feature["properties"]["plot_no"], View(PLOT_ZOOM, centre.y, centre.x)


def _place_name(places: Gazetteer, district: str | None, jamoat: str | None, lang: Language) -> str:
    """Name of the jamoat or district a map was asked for; its code where no name is known."""
    if not jamoat:
        return district_title(places, district, lang) if district else ""
    known = places.places.get((Jamoat.__tablename__, jamoat))
    return jamoat if known is None else local_name(known.names, lang, otherwise=jamoat)


def _opening(served: Snapshot, places: Gazetteer, district: str | None, jamoat: str | None) -> Bounds:
    """The window a map opens with: the jamoat, the plots of the district, its outline, all plots, the country."""
    if jamoat:
        return places.get(Jamoat, jamoat).bounds
    if district and district in served.coverage:
        return served.coverage[district].bounds
    if district:
        return places.get(District, district).bounds
    covered = [covered.bounds for covered in served.coverage.values()]
    if not covered:
        return COUNTRY
    west, south, east, north = zip(*covered, strict=True)
    return min(west), min(south), max(east), max(north)
