"""MapLibre style of a map, computed from the declarations: sources, layers in draw order, colours, hatching, names.

A style is plain data (MapLibre style specification, version 8). It names no glyph server: the renderer draws
letters with the reader's own fonts.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

from api.legend import (
    UNKNOWN_COLOUR,
    Entry,
    Legend,
    criterion_colours,
    legend_of_criterion,
    legend_of_layer,
    membership_colour,
)
from api.translate import FALLBACKS, LANGUAGES, Language
from api.wording import CONFIDENCE
from geo.criteria import LAND_CRITERIA
from layers.base import Layer, Style
from layers.catalogue import BY_NAME, LAYERS
from layers.catalogue.admin import ADMIN, Settlement
from layers.catalogue.irrigation import WATERS
from layers.catalogue.land import CLASS_STYLES, Plot

Expression = list[Any]

PLOTS: Final = Plot.__tablename__
HILLSHADE: Final = "hillshade"
# What every map shows under its own layer, so that a reader knows the place; everything else is switched on.
CONTEXT: Final = frozenset({"country", "regions", "districts", "settlements", "glaciers", "lakes", "rivers", "canals"})
DEEPEST_TILE: Final = 14  # zoom of the deepest tiles asked for; nearer views enlarge them
SHALLOWEST_HILLSHADE: Final = 6  # zoom; farther out shading is noise
PLOT_OPACITY: Final = 0.78  # lets the relief show through
HATCH: Final = "hatch-"  # prefix of the pattern images the page draws itself, followed by the colour rrggbb

# Confidence is an order, not a judgement: one hue, dark where the land was measured.
CONFIDENCE_STYLES: Final = {
    letter: Style(colour, CONFIDENCE[letter])
    for letter, colour in zip("ABCD", ("#08306b", "#2f7ebc", "#82bbdb", "#d6e6f4"), strict=True)
}


@dataclass(frozen=True, slots=True)
class Colouring:
    """One way to colour plots: its legend, the colour expression, which plots it knows, and the hatch of the rest."""

    id: str
    legend: Legend
    colour: Expression
    known: Expression
    hatch: str

    def as_paint(self) -> dict[str, Any]:
        """Return what the page needs to recolour the plots without asking again."""
        return {"colour": self.colour, "known": self.known, "hatch": self.hatch}


def colourings(lang: Language) -> dict[str, Colouring]:
    """Return every way to colour plots, by name: class, potential class, score, confidence and each criterion."""
    ways = [
        _by_code("class", legend_of_layer(Plot)),
        _by_code("potential_class", _legend("potential_class", "Class after improvements", CLASS_STYLES)),
        _by_score(),
        _by_code("confidence", _legend("confidence", "Confidence", CONFIDENCE_STYLES)),
    ]
    for criterion in LAND_CRITERIA:
        stops = criterion_colours(criterion)
        if stops:
            legend = legend_of_criterion(criterion, lang)
            ways.append(_by_number(criterion.id, legend, stops, stepped=bool(criterion.levels)))
    return {way.id: way for way in ways}


def style(
    shown: type[Layer], drawn: tuple[type[Layer], ...], colouring: Colouring, *, lang: Language
) -> dict[str, Any]:
    """Return the MapLibre style of the map of ``shown`` over its context.

    ``drawn`` are the layers the reader may see, in draw order. Addresses are paths below the service's root, which
    the page completes. Layers neither shown nor context are there, not visible, for the reader to switch on.
    """
    visible = CONTEXT | {shown.__tablename__}
    sources: dict[str, Any] = {
        HILLSHADE: {
            "type": "raster",
            "tiles": [f"/tiles/{HILLSHADE}/{{z}}/{{x}}/{{y}}.png"],
            "tileSize": 256,
            "minzoom": SHALLOWEST_HILLSHADE,
            "maxzoom": DEEPEST_TILE,
        }
    }
    layers: list[dict[str, Any]] = [
        {"id": "paper", "type": "background", "paint": {"background-color": "#f4f1ea"}},
        {
            "id": HILLSHADE,
            "type": "raster",
            "source": HILLSHADE,
            "metadata": {"obod": HILLSHADE},
            "paint": {"raster-opacity": 0.45, "raster-fade-duration": 0},
        },
    ]
    on_top: list[dict[str, Any]] = []  # villages and names stay readable over plots
    for layer in drawn:
        name = layer.__tablename__
        sources[name] = {
            "type": "vector",
            "tiles": [f"/tiles/{name}/{{z}}/{{x}}/{{y}}.mvt"],
            "minzoom": 0 if layer is Plot else layer.card.tiles_from,
            "maxzoom": DEEPEST_TILE,
        }
        parts = plot_layers(colouring) if layer is Plot else _layers_of(layer)
        for part in (*parts, *_labels_of(layer, lang)):
            part |= {"source": name, "source-layer": name, "metadata": {"obod": name}}
            if name not in visible:
                part.setdefault("layout", {})["visibility"] = "none"
            (on_top if part["type"] in ("circle", "symbol") else layers).append(part)
    return {"version": 8, "sources": sources, "layers": [*layers, *on_top]}


def drawable(audience: int) -> tuple[type[Layer], ...]:
    """Return the layers with a geometry that ``audience`` may see, in draw order."""
    return tuple(layer for layer in LAYERS if layer.geometry_kind and layer.card.audience <= audience)


def plot_layers(colouring: Colouring) -> list[dict[str, Any]]:
    """Return the layers that draw single plots: known ones filled, the rest hatched, outlines, the chosen one."""
    single: Expression = ["has", Plot.key]
    return [
        {
            "id": "plots-fill",
            "type": "fill",
            "filter": ["all", single, colouring.known],
            "paint": {"fill-color": colouring.colour, "fill-opacity": PLOT_OPACITY},
        },
        {
            "id": "plots-hatch",
            "type": "fill",
            "filter": ["all", single, ["!", colouring.known]],
            "paint": {"fill-pattern": colouring.hatch, "fill-opacity": PLOT_OPACITY},
        },
        {
            "id": "plots-line",
            "type": "line",
            "filter": single,
            "paint": {
                "line-color": "#2b2b2b",
                "line-opacity": ["interpolate", ["linear"], ["zoom"], 12, 0.15, 15, 0.7],
                "line-width": Plot.card.line_width,
            },
        },
        {
            "id": "plots-chosen",
            "type": "line",
            "filter": single,
            "paint": {
                "line-color": "#111111",
                "line-width": ["case", ["boolean", ["feature-state", "chosen"], False], 4, 0],
            },
        },
    ]


def _layers_of(layer: type[Layer]) -> list[dict[str, Any]]:
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
    line = {
        "id": f"{name}-line",
        "type": "line",
        "layout": {"line-join": "round", "line-cap": "round"},
        "paint": {"line-color": colour, "line-width": card.line_width},
    }
    if layer.geometry_kind == "MULTILINESTRING":
        return [line]
    if layer in ADMIN:
        line["paint"] = {"line-color": colour, "line-width": card.line_width, "line-dasharray": [3, 2]}
        return [line]
    opacity = 0.85 if layer in WATERS else 0.6 if card.drawn_by else 0.25
    hatched = [value for value, look in card.legend.items() if look.hatched]
    fill: dict[str, Any] = {
        "id": f"{name}-fill",
        "type": "fill",
        "paint": {"fill-color": colour, "fill-opacity": opacity},
    }
    if not hatched:
        return [fill, line]
    is_hatched: Expression = ["in", _value_of(layer), ["literal", hatched]]
    pattern = _match(_value_of(layer), {value: HATCH + card.legend[value].colour[1:] for value in hatched})
    hatch = {
        "id": f"{name}-hatch",
        "type": "fill",
        "filter": is_hatched,
        "paint": {"fill-pattern": pattern, "fill-opacity": opacity},
    }
    return [fill | {"filter": ["!", is_hatched]}, hatch, line]


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
    return _match(_value_of(layer), {value: look.colour for value, look in legend.items()})


def _value_of(layer: type[Layer]) -> Expression:
    """The drawn attribute as text; empty where the tile has no value, as in the legend."""
    return ["to-string", ["get", layer.card.drawn_by]]


def _match(value: Expression, colours: dict[str, str]) -> Expression:
    pairs = [part for key, colour in colours.items() for part in (key, colour)]
    return ["match", value, *pairs, colours.get("unknown", colours.get("", next(reversed(colours.values()))))]


def _legend(attribute: str, title: str, styles: dict[str, Style]) -> Legend:
    entries = tuple(Entry(value, look.colour, look.label, look.hatched) for value, look in styles.items())
    return Legend(PLOTS, title, attribute, entries)


def _by_code(attribute: str, legend: Legend) -> Colouring:
    known = [entry for entry in legend.entries if not entry.hatched]
    colours = {entry.value: entry.colour for entry in known}
    value: Expression = ["to-string", ["get", attribute]]
    return Colouring(
        attribute,
        legend,
        _match(value, colours),
        ["in", value, ["literal", list(colours)]],
        HATCH + UNKNOWN_COLOUR[1:],
    )


def _by_number(attribute: str, legend: Legend, stops: list[tuple[float, str]], *, stepped: bool = False) -> Colouring:
    value: Expression = ["to-number", ["get", attribute]]
    flat = [part for stop in stops for part in stop]
    colour: Expression = ["step", value, *flat[1:]] if stepped else ["interpolate", ["linear"], value, *flat]
    return Colouring(attribute, legend, colour, ["has", attribute], HATCH + UNKNOWN_COLOUR[1:])


def _by_score() -> Colouring:
    stops = [(100 * level, membership_colour(level)) for level in (0.0, 0.125, 0.25, 0.5, 0.75, 1.0)]
    entries = tuple(Entry(f"{score:g}", colour, f"{score:g}") for score, colour in stops)
    legend = Legend(
        PLOTS, "Score 0–100", "score", (*entries, Entry("", UNKNOWN_COLOUR, "Not evaluated", hatched=True)), True
    )
    return _by_number("score", legend, stops)


def layer_named(name: str) -> type[Layer] | None:
    """Return the layer a map can be asked for by this name, or None."""
    layer = BY_NAME.get(name)
    return layer if layer in LAYERS else None
