"""Vector and raster tiles, finished ones from memory or disk; TileJSON."""

from __future__ import annotations

import gzip
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Annotated, Any, Final

from fastapi import APIRouter, Depends, Path, Query, Request, Response

from api.content.about_files import attribution
from api.content.crops_text import crop_words
from api.deps import (
    JSON,
    Caller,
    CallerDep,
    FilesDep,
    LanguageDep,
    SnapshotDep,
    TilesDep,
    enter_reading,
    get_caller,
    json_answer,
    known_parameters,
)
from api.language.translate import Language, translate
from api.maps.colouring import colourings
from api.routes.answers import TileJson
from api.routes.plots import ChoiceDep
from api.web.compression import GZIP
from api.web.description import given
from api.web.preferences import choose_encoding
from geo.water.sharing.rules import RULES
from layers.cache.memory import Memo
from layers.catalogue import BY_NAME, RASTERS_BY_NAME
from layers.catalogue.base import PUBLIC, STAFF, Audience, Layer
from layers.catalogue.land import Plot
from layers.catalogue.supply import YEAR_TYPES
from layers.errors import BadFilter, NotFound
from layers.features.districts import require_known_district
from layers.features.features import Property, layer_features, readable_layer, require_code
from layers.features.plots import scored_plots
from layers.features.provenance import sources_of
from layers.postgres.engine import reading
from layers.records.audit import Act
from layers.records.snapshot import Choice, Snapshot
from layers.tiles.cache import Place, Stored
from layers.tiles.layer_tiles import (
    BUFFER,
    EXTENT,
    Tile,
    TileAddress,
    asked_properties,
    bounds_of,
    layer_tile,
    tile_properties,
)
from layers.tiles.plot_cells import CELL_ATTRIBUTES
from layers.tiles.plot_tiles import PLOT_ATTRIBUTES, plots_tile
from layers.tiles.raster_tiles import raster_tile, readable_raster
from layers.water.shown_scenarios import Shown, find_shown

router = APIRouter(prefix="/tiles", tags=["tiles"], dependencies=[Depends(get_caller), Depends(known_parameters)])

MVT: Final = "application/vnd.mapbox-vector-tile"
PNG: Final = "image/png"
DEEPEST: Final = 16  # zoom to which tiles are worth asking for; deeper, a map enlarges these
SHARED_S: Final = 60  # seconds a public tile may be used without asking again
NOWHERE: Final = "-"  # stands for every district that holds no plot
MAPS_KEPT: Final = 10_000  # keys and maps remembered as entered in the audit log
MAP_ENTERED_S: Final = 3600.0  # seconds for which one entry stands for all tiles of a map
GENERALISED: Final = "Obod-Generalised"  # header that says what a tile leaves out


@dataclass(frozen=True, slots=True)
class TileQuery:
    """One request for a tile: who asks, for what, and which finished tile the asker has."""

    request: Request
    caller: Caller
    address: TileAddress


async def get_asked(
    request: Request,
    caller: CallerDep,
    z: Annotated[int, Path(ge=0, description="Zoom")],
    x: Annotated[int, Path(ge=0, description="Column")],
    y: Annotated[int, Path(ge=0, description="Row, 0 in the north")],
) -> TileQuery:
    """Return which tile is asked for.

    Raises
    ------
    NotFound : there is no such tile.
    """
    return TileQuery(request, caller, TileAddress(z, x, y))


AskedDep = Annotated[TileQuery, Depends(get_asked)]


@router.get(
    "/{layer}/{z}/{x}/{y}.mvt",
    summary="Vector tile",
    response_class=Response,
    responses=given({MVT: None}, 403, 404, headers=[GENERALISED]),
)
def get_vector_tile(
    layer: str,
    asked: AskedDep,
    state: SnapshotDep,
    tiles: TilesDep,
    choice: ChoiceDep,
    attributes: Annotated[
        str | None, Query(description="Further properties to carry, separated by commas, such as `slope_pct`.")
    ] = None,
    district: Annotated[str | None, Query(description="Only plots of this district.")] = None,
    year: Annotated[str | None, Query(description="Of water balances: kind of year.")] = None,
    rule: Annotated[str | None, Query(description="Of water balances: rule of sharing.")] = None,
    scenario: Annotated[
        str | None, Query(description="Of water balances: as they become with a scenario that is shown.")
    ] = None,
) -> Response:
    """Tile of a layer; the layer inside has the same name.

    Plots: from zoom 12 each plot with its number as feature id, `plot_id`, `class`, `score`, `limiting` and `subclass`;
    farther out, and where a tile would be too large, cells of 8 pixels in the colour of one class each, so many of each
    class as it has of the hectares in their `square` of 64 pixels. A feature is one class in one square: its cells,
    `class`, `plots`, `area_ha` and `share`; over a tile plots and hectares add up to all there are. A tile that shows
    less than all says so in the header `Obod-Generalised`.
    """
    audience = asked.caller.audience_in(district)
    found = readable_layer(layer, audience)
    names = tuple(sorted({name for name in (attributes or "").split(",") if name}))
    alike = _alike(found, year, rule)
    plan = _plan(found, alike, scenario) if scenario else None
    served = state.current()
    if found.judged:
        return _plots(asked, served, tiles.get, choice, names, district, audience)
    if district is not None or choice != Choice():
        raise BadFilter("district, scheme and run are for plots only.")
    carried = tile_properties(found, audience)
    further = _asked(found, audience, names)
    names = tuple(name for name in names if name not in carried) if asked.address.z >= found.card.tiles_from else ()
    carried |= {name: further[name] for name in names}
    scope = _scope(found.card.audience, carried)
    other = tuple(value for name, value in alike.items() if value != found.side_by_side[name]) or None
    part = "/".join((*(other or ()), *(["with", scenario or ""] if plan else []))) or None
    variant = _variant(scope, names, part)
    version = served.version(layer) if plan is None else f"{served.version(layer)}/{plan.run}@{plan.shown_at}"
    place = Place(layer, asked.address.z, asked.address.x, asked.address.y, "mvt", variant)
    _enter_map(asked, None, layer, scope)

    def make() -> Tile:
        with reading(scope) as connection:
            return layer_tile(connection, found, asked.address, carried, alike, plan.run if plan else None)

    return _answer(asked, tiles.get(place, version, make, on_disk=not names and plan is None), MVT, scope)


def _alike(layer: type[Layer], year: str | None, rule: str | None) -> dict[str, str]:
    """Which of the rows that a layer has side by side are asked for.

    Raises
    ------
    BadFilter : the layer has none, or there is no such value.
    """
    asked = {name: value for name, value in (("year_type", year), ("rule", rule)) if value is not None}
    if asked and not layer.side_by_side:
        raise BadFilter("year and rule are for water balances only.")
    if year is not None:
        require_code("year", year, YEAR_TYPES)
    if rule is not None:
        require_code("rule", rule, RULES)
    return asked


def _plan(layer: type[Layer], alike: Mapping[str, str], scenario: str) -> Shown:
    """The shown run of a scenario beside the balance whose tile is asked for.

    Raises
    ------
    BadFilter : the layer is of no balance. NotFound : it is not shown with that year and rule.
    """
    if not layer.side_by_side:
        raise BadFilter("scenario is for water balances only.")
    balance = {**layer.side_by_side, **alike}
    with reading() as connection:
        return find_shown(connection, scenario, balance["year_type"], balance["rule"])


def _plots(
    asked: TileQuery,
    served: Snapshot,
    get: Callable[..., Stored],
    choice: Choice,
    names: tuple[str, ...],
    district: str | None,
    audience: Audience,
) -> Response:
    if district is not None and district not in served.coverage:
        with reading() as connection:
            require_known_district(connection, served, district)
    address = asked.address
    bounds = address.bounds_degrees(BUFFER / EXTENT)
    here = served.districts_in(bounds)
    runs = {code: run for code, run in served.runs_open_to(audience, choice).items() if code in here}
    shown = {code: run for code, run in served.runs_of(Choice()).items() if code in here}
    version = served.plots_version(choice, bounds)
    unjudged = [code for code in here if code not in runs]
    # A tile that is already made must not cost the making of its statement.
    carried = asked_properties(scored_plots(audience, runs), names) if names else {}
    names = _carried_further(address, names)
    carried = {name: carried[name] for name in names}
    draft = any(run.draft for run in runs.values())  # a cache that others share must not keep it
    scope = STAFF if draft else _scope(Plot.card.audience, carried)
    # What holds the same is one tile, however it was asked for: of districts without a plot here, of the only one with
    # plots here, of the run that is shown anyhow, with attributes that it has unasked or that cells have not.
    part = None if district is None or here == (district,) else district if district in here else NOWHERE
    choice = Choice() if runs == shown else choice
    variant = _variant(scope, names, part, choice)
    usual = part is None and choice == Choice() and (not names or (len(names) == 1 and names[0] in colourings("en")))
    place = Place(Plot.__tablename__, address.z, address.x, address.y, "mvt", variant)
    _enter_map(asked, district, Plot.__tablename__, scope)

    def make() -> Tile:
        with reading(scope) as connection:
            return plots_tile(connection, scored_plots(audience, runs), address, runs, unjudged, carried, district)

    return _answer(asked, get(place, version, make, on_disk=usual), MVT, scope)


def _enter_map(asked: TileQuery, district: str | None, layer: str, scope: Audience) -> None:
    """Enter in the audit log that a key sees a map that is not public: one of hundreds of tiles once in a while."""
    if scope is PUBLIC:
        return

    def enter() -> bool:
        enter_reading(asked.caller, district, Act.MAP, layer, None)
        return True

    entered: Memo[tuple[str | None, str, str | None], bool] = asked.request.app.state.maps_entered
    entered.get((asked.caller.key_id, layer, district), enter)


def _carried_further(address: TileAddress, names: tuple[str, ...]) -> tuple[str, ...]:
    """Attributes that a tile of plots has only because they were asked for."""
    if address.z < Plot.card.tiles_from:
        return ()
    always = ("plot_id", *PLOT_ATTRIBUTES)
    return tuple(name for name in names if name not in always)


@router.get(
    "/{layer}/{z}/{x}/{y}.png",
    summary="Raster tile",
    response_class=Response,
    responses=given({PNG: None}, 404),
)
def get_raster_tile(
    layer: str,
    asked: AskedDep,
    state: SnapshotDep,
    tiles: TilesDep,
    files: FilesDep,
    band: Annotated[int, Query(ge=1, le=100, description="Band; of monthly grids the month.")] = 1,
) -> Response:
    """Picture of a grid, 256 pixels square, transparent where nothing is known."""
    raster = readable_raster(layer, asked.caller.audience_in(None))
    variant = _variant(raster.audience, (), str(band) if band > 1 else None)
    place = Place(layer, asked.address.z, asked.address.x, asked.address.y, "png", variant)

    _enter_map(asked, None, layer, raster.audience)
    version = state.current().version(layer)

    def make() -> Tile:
        return raster_tile(files.of(raster, version), raster, asked.address, band)

    stored = tiles.get(place, version, make, compress=False, on_disk=band == 1)
    return _answer(asked, stored, PNG, raster.audience)


@router.get(
    "/{layer}.json",
    summary="TileJSON 3.0 of a layer or grid",
    response_class=Response,
    responses=given({JSON: TileJson}, 404),
)
def get_tilejson(layer: str, request: Request, caller: CallerDep, lang: LanguageDep) -> Response:
    """Where the tiles of a layer are, what they carry, and whom to name as its source."""
    audience = caller.audience_in(None)
    if layer in RASTERS_BY_NAME:
        raster = readable_raster(layer, audience)
        title, about, suffix, first = raster.title, raster.about, "png", 0
        fields: dict[str, str] = {}
    else:
        found = readable_layer(layer, audience)
        if found.geometry_kind is None:
            raise NotFound(f"Layer {layer!r} has no geometry and no tiles.")
        title, about, suffix = found.card.title, found.card.about, "mvt"
        first = 0 if found.judged else found.card.tiles_from
        fields = _fields(found, audience, lang)
    with reading(audience) as connection:
        sources = sources_of(connection, [layer])
        bounds = bounds_of(connection, layer)
    base = str(request.base_url).rstrip("/")
    content: dict[str, Any] = {
        "tilejson": "3.0.0",
        "name": translate(title, lang),
        "description": translate(about, lang),
        "attribution": attribution(sources, BY_NAME.get(layer), lang),
        "synthetic": any(source.synthetic for source in sources),
        "scheme": "xyz",
        "tiles": [f"{base}/tiles/{layer}/{{z}}/{{x}}/{{y}}.{suffix}"],
        "minzoom": first,
        "maxzoom": DEEPEST,
        "bounds": list(bounds),
    }
    if suffix == "mvt":
        if layer == Plot.__tablename__:
            content["words"] = crop_words(lang)  # of attributes a tile carries when asked: crops as ids
        content["vector_layers"] = [
            {"id": layer, "description": translate(about, lang), "fields": fields, "minzoom": first, "maxzoom": DEEPEST}
        ]
    return json_answer(content, in_language=True)


def _fields(layer: type[Layer], audience: Audience, lang: Language) -> dict[str, str]:
    """Attribute -> what it means, of the attributes a tile carries unasked."""
    if layer.judged:
        titles = {**CELL_ATTRIBUTES}
        shown = scored_plots(audience, {}).properties
        titles |= {name: shown[name].title for name in ("plot_id", *PLOT_ATTRIBUTES)}
    else:
        titles = {name: item.title for name, item in tile_properties(layer, audience).items()}
    return {name: translate(title, lang) for name, title in titles.items()}


def _asked(layer: type[Layer], audience: Audience, names: tuple[str, ...]) -> dict[str, Property]:
    return asked_properties(layer_features(layer, audience), names)


def _scope(layer: Audience, carried: Mapping[str, Property]) -> Audience:
    """Lowest audience that gets the same tile: whoever asks, it is made, kept and shared as theirs."""
    return max([layer, *(item.audience for item in carried.values())])


def _variant(
    scope: Audience,
    names: tuple[str, ...],
    part: str | None = None,
    choice: Choice | None = None,
) -> str:
    """Spell what changes a tile besides its address; '' for the tile everybody gets unasked."""
    choice = choice or Choice()
    said = (None if scope is PUBLIC else scope.name, names or None, part, choice.scheme, choice.run)
    return "" if all(item is None for item in said) else repr(said)


def _answer(asked: TileQuery, stored: Stored, media_type: str, scope: Audience) -> Response:
    """Answer with a finished tile."""
    coding = choose_encoding(asked.request.headers.get("accept-encoding"), (GZIP,))
    unpack = media_type == MVT and coding != GZIP
    etag = f'"{stored.etag}{"-plain" if unpack else ""}"'
    headers = {
        "ETag": etag,
        "Cache-Control": f"public, max-age={SHARED_S}" if scope is PUBLIC else "private, no-cache",
        "Vary": "Accept-Encoding" if scope is PUBLIC else "Accept-Encoding, Authorization, X-API-Key",
    }
    if stored.note:
        headers[GENERALISED] = stored.note
    if media_type == MVT and not unpack:
        headers["Content-Encoding"] = GZIP
    return Response(gzip.decompress(stored.body) if unpack else stored.body, media_type=media_type, headers=headers)
