"""MapLibre style of a map, computed from the declarations: sources, layers in draw order, colours, hatching, names.

A style is plain data (MapLibre style specification, version 8). It names no glyph server: the renderer draws
letters with the reader's own fonts.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from api.language.translate import FALLBACKS, LANGUAGES, Language
from api.maps.colouring import BY_CLASS, HATCH, IN_CELL, SINGLE, Colouring, Expression, matched
from api.maps.legend import MINED
from api.maps.water_map import CHOSEN, PLAN, WaterShown, is_of_water, plan_parts, water_parts
from geo.contract.shut_land import RELEASABLE
from layers.catalogue import RasterLayer
from layers.catalogue.admin import ADMIN, Country, District, Jamoat, Region, Settlement
from layers.catalogue.balances import ReachBalance
from layers.catalogue.base import Layer
from layers.catalogue.irrigation import WATERS, Canal
from layers.catalogue.land import Plot
from layers.tiles.plot_tiles import FINEST_CELLS_ZOOM
from layers.water.shown_places import Places, as_features

HILLSHADE: Final = "hillshade"
Mapped = type[Layer] | RasterLayer
# What every map shows under its own layer, so that a reader knows the place; everything else is switched on.
CONTEXT: Final = frozenset(
    {"hillshade", "country", "regions", "districts", "settlements", "glaciers", "lakes", "rivers", "canals"}
)
DEEPEST_TILE: Final = 14  # zoom of the deepest tiles asked for; nearer views enlarge them
BOUNDARIES: Final[frozenset[type[Layer]]] = frozenset({Country, Region, District, Jamoat})
DEEPEST_BOUNDARY_TILE: Final = 10  # zoom; 10 m between its grid lines, finer than any boundary is known
DEEPEST_PLOT_TILE: Final = FINEST_CELLS_ZOOM  # from here on plots always come one by one
SHALLOWEST_GRID: Final = 6  # zoom; farther out a whole valley is one cell
PAPER: Final = "#f4f1ea"  # ground under everything
HILLSHADE_OPACITY: Final = 0.4  # relief to find one's way, not to look at
GRID_OPACITY: Final = 0.7  # lets the relief show through
DASHES: Final = [3, 2]  # drawn and left out, in widths of the line
MINED_LINE_PX: Final = 2.5  # width of the outline of plots that mines shut
PLOT_OPACITY: Final = 0.78  # lets the relief show through


def style(
    shown: Mapped,
    drawn: tuple[type[Layer], ...],
    grids: tuple[RasterLayer, ...],
    colouring: Colouring,
    *,
    lang: Language,
    water: WaterShown | None = None,
    switched: WaterShown | None = None,
    outlined: tuple[str, ...] = (),
    places: Places | None = None,
) -> dict[str, Any]:
    """Return the MapLibre style of the map of ``shown`` over its context.

    ``drawn`` and ``grids`` are the layers the reader may see and that hold something, in draw order. Addresses are
    paths below the service's root, which the page completes. What is neither shown nor context is there, not
    visible, for the reader to switch on. ``water`` : the balance that a map of one shows, and when; ``switched`` :
    that which a switch on another map shows, None for the one land is judged by. ``outlined`` : codes of the jamoats
    that were chosen; their outline is marked whatever is switched on. ``places`` : what a scenario digs and repairs.
    """
    sources: dict[str, Any] = {}
    layers: list[dict[str, Any]] = [
        {"id": "paper", "type": "background", "paint": {"background-color": PAPER}},
    ]
    on_top: list[dict[str, Any]] = []  # villages and names stay readable over plots
    for grid in grids:
        sources[grid.id] = {
            "type": "raster",
            "tiles": [f"/tiles/{grid.id}/{{z}}/{{x}}/{{y}}.png"],
            "tileSize": 256,
            "minzoom": SHALLOWEST_GRID,
            "maxzoom": DEEPEST_TILE,
        }
        opacity = HILLSHADE_OPACITY if grid.id == HILLSHADE else GRID_OPACITY
        paint = {"raster-opacity": opacity, "raster-fade-duration": 0}
        part = {"id": grid.id, "type": "raster", "source": grid.id, "metadata": {"obod": grid.id}, "paint": paint}
        layers.append(part | _visibility(visible(grid, shown)))
    for layer in drawn:
        name = layer.__tablename__
        if layer.judged:
            tiles, first, last = colouring.tiles, 0, DEEPEST_PLOT_TILE
            parts = plot_layers(colouring)
        else:
            tiles, first = f"/tiles/{name}/{{z}}/{{x}}/{{y}}.mvt", layer.card.tiles_from
            last = DEEPEST_BOUNDARY_TILE if layer in BOUNDARIES else DEEPEST_TILE
            parts = _layers_of(layer)
            if water is not None and is_of_water(layer):
                parts, tiles = water_parts(layer, water), f"{tiles}?{water.query}"
            elif switched is not None and is_of_water(layer):
                tiles = f"{tiles}?{switched.query}"
        sources[name] = {"type": "vector", "tiles": [tiles], "minzoom": first, "maxzoom": last}
        for part in (*parts, *_labels_of(layer, lang)):
            part |= {"source": name, "source-layer": name, "metadata": {**_own(part), "obod": name}}
            part["layout"] = part.get("layout", {}) | _visibility(visible(layer, shown)).get("layout", {})
            (on_top if part["type"] in ("circle", "symbol") else layers).append(part)
    if outlined and Jamoat in drawn:
        layers.extend(_chosen_outline(outlined))
    if places is not None and ReachBalance in drawn:
        sources[PLAN] = {"type": "geojson", "data": as_features(places.dug)}
        layers.extend(plan_parts(ReachBalance, places))
    return {"version": 8, "sources": sources, "layers": [*layers, *on_top]}


def _chosen_outline(codes: tuple[str, ...]) -> list[dict[str, Any]]:
    """The outline of jamoats that were chosen: dark on a light ground, to be seen on any colour."""
    name = Jamoat.__tablename__
    which: Expression = ["in", ["get", Jamoat.key], ["literal", list(codes)]]
    part = {"type": "line", "source": name, "source-layer": name, "filter": which, "metadata": {"obod": CHOSEN}}
    return [
        {**part, "id": f"{CHOSEN}-{name}-ground", "paint": {"line-color": "#ffffff", "line-width": 6.0}},
        {**part, "id": f"{CHOSEN}-{name}", "paint": {"line-color": "#111111", "line-width": 2.5}},
    ]


def name_of(mapped: Mapped) -> str:
    """Return the public name of a layer or grid."""
    return mapped.id if isinstance(mapped, RasterLayer) else mapped.__tablename__


def visible(mapped: Mapped, shown: Mapped) -> bool:
    """Tell whether a layer is seen at first on the map of ``shown``.

    On a map of a water balance land lies under canals, and the layer of canals as they are mapped would hide them.
    """
    if is_of_water(shown) and (is_of_water(mapped) or mapped is Canal):
        return is_of_water(mapped)
    return mapped is shown or name_of(mapped) in CONTEXT


def _own(part: Mapping[str, Any]) -> dict[str, Any]:
    """What a part says of itself already."""
    return dict(part.get("metadata", {}))


def _visibility(seen: bool) -> dict[str, Any]:
    return {} if seen else {"layout": {"visibility": "none"}}


def plot_layers(colouring: Colouring) -> list[dict[str, Any]]:
    """Return the layers that draw plots: single ones by ``colouring``, squares of the far view by class or plain."""
    return [
        *_filled("plots-cells", BY_CLASS.split(IN_CELL), *colouring.squares),
        *_filled("plots", colouring.split(SINGLE), colouring.colour, colouring.hatch),
        {
            "id": "plots-line",
            "type": "line",
            "filter": SINGLE,
            "paint": {
                "line-color": "#2b2b2b",
                "line-opacity": ["interpolate", ["linear"], ["zoom"], 12, 0.15, 15, 0.7],
                "line-width": Plot.card.line_width,
            },
        },
        *_mined(),
        {
            "id": "plots-chosen",
            "type": "line",
            "filter": SINGLE,
            "paint": {
                "line-color": "#111111",
                "line-width": ["case", ["boolean", ["feature-state", "chosen"], False], 4, 0],
            },
        },
    ]


def _mined() -> list[dict[str, Any]]:
    """The mark of plots that confirmed or suspected mines shut, over whatever they are coloured by."""
    mined: Expression = ["all", SINGLE, ["in", ["to-string", ["get", "shut_by"]], ["literal", sorted(RELEASABLE)]]]
    pattern = {"fill-pattern": HATCH + MINED.colour[1:], "fill-opacity": 1}
    line = {"line-color": MINED.colour, "line-width": MINED_LINE_PX, "line-dasharray": DASHES}
    return [
        {"id": "plots-mines", "type": "fill", "filter": mined, "paint": pattern},
        {"id": "plots-mines-line", "type": "line", "filter": mined, "paint": line},
    ]


def _filled(
    name: str, which: tuple[Expression, Expression], colour: Expression | str, pattern: Expression | str
) -> list[dict[str, Any]]:
    """Fill what is known, the first of ``which``, hatch the rest."""
    known, unknown = which
    fill = {"fill-color": colour, "fill-opacity": PLOT_OPACITY}
    hatch = {"fill-pattern": pattern, "fill-opacity": PLOT_OPACITY}
    return [
        {"id": f"{name}-fill", "type": "fill", "filter": known, "paint": fill},
        {"id": f"{name}-hatch", "type": "fill", "filter": unknown, "paint": hatch},
    ]


def _layers_of(layer: type[Layer]) -> list[dict[str, Any]]:
    """Points, lines or areas in the colours of the card."""
    name, card = layer.__tablename__, layer.card
    colour = _colour_of(layer)
    if layer.geometry_kind == "POINT":
        return [
            {
                "id": f"{name}-point",
                "type": "circle",
                "paint": {
                    "circle-color": colour,
                    "circle-radius": ["interpolate", ["linear"], ["zoom"], 7, 2, 14, 6],
                    "circle-stroke-color": "#ffffff",
                    "circle-stroke-width": 1.2,
                },
            }
        ]
    hatched = [value for value, look in card.legend.items() if look.hatched] if card.drawn_by else []
    if layer.geometry_kind == "MULTILINESTRING":
        return _lines(layer, hatched)
    outline: dict[str, Any] = {"line-color": colour, "line-width": card.line_width}
    if layer in ADMIN:
        return [{"id": f"{name}-line", "type": "line", "paint": {**outline, "line-dasharray": DASHES}}]
    line = {"id": f"{name}-line", "type": "line", "paint": outline}
    opacity = 0.85 if layer in WATERS else 0.6 if card.drawn_by else 0.25
    fill = {"id": f"{name}-fill", "type": "fill", "paint": {"fill-color": colour, "fill-opacity": opacity}}
    if not hatched:
        return [fill, line]
    unknown: Expression = ["in", _value_of(layer), ["literal", hatched]]
    pattern = matched(_value_of(layer), {value: HATCH + card.legend[value].colour[1:] for value in hatched})
    hatch = {
        "id": f"{name}-hatch",
        "type": "fill",
        "filter": unknown,
        "paint": {"fill-pattern": pattern, "fill-opacity": opacity},
    }
    return [fill | {"filter": ["!", unknown]}, hatch, line]


def _lines(layer: type[Layer], hatched: list[str]) -> list[dict[str, Any]]:
    """Lines; dashed, as a line cannot be hatched, where the drawn attribute is unknown."""
    name = layer.__tablename__
    paint = {"line-color": _colour_of(layer), "line-width": layer.card.line_width}
    line = {"id": f"{name}-line", "type": "line", "layout": {"line-join": "round"}, "paint": paint}
    if not hatched:
        return [line]
    unknown: Expression = ["in", _value_of(layer), ["literal", hatched]]
    dashed = {"id": f"{name}-dashed", "filter": unknown, "paint": {**paint, "line-dasharray": DASHES}}
    return [line | {"filter": ["!", unknown]}, line | dashed]


def _labels_of(layer: type[Layer], lang: Language) -> list[dict[str, Any]]:
    """Names of places, in the reader's language where known; one part or none."""
    in_tile = layer.attributes()
    order = dict.fromkeys((*FALLBACKS[lang], *LANGUAGES))
    names = [f"name_{language}" for language in order if f"name_{language}" in in_tile]
    if not names or layer.geometry_kind == "MULTIPOLYGON":
        return []
    along = layer.geometry_kind == "MULTILINESTRING"
    layout: dict[str, Any] = {
        "text-field": ["coalesce", *(["get", name] for name in names), ""],
        "text-font": ["Noto Sans Regular"],
        "text-size": ["interpolate", ["linear"], ["zoom"], 8, 11, 14, 14],
        "symbol-placement": "line" if along else "point",
    }
    if not along:
        layout |= {"text-variable-anchor": ["top", "bottom", "left", "right"], "text-radial-offset": 0.6}
    if layer is Settlement:
        layout["symbol-sort-key"] = ["-", 0, ["coalesce", ["get", "population"], 0]]
    colour = "#1d4f7c" if layer in WATERS else "#1f2933"
    return [
        {
            "id": f"{layer.__tablename__}-name",
            "type": "symbol",
            "layout": layout,
            "paint": {"text-color": colour, "text-halo-color": "#ffffff", "text-halo-width": 1.6},
        }
    ]


def _colour_of(layer: type[Layer]) -> Expression | str:
    legend = layer.card.legend
    if layer.card.drawn_by is None:
        return next(iter(legend.values())).colour
    return matched(_value_of(layer), {value: look.colour for value, look in legend.items()})


def _value_of(layer: type[Layer]) -> Expression:
    """The drawn attribute as text; empty where the tile has no value, as in the legend."""
    return ["to-string", ["get", layer.card.drawn_by]]
