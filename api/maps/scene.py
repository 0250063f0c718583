"""What one map shows, and its page: a Folium map over our own tiles, small whatever the number of plots."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any, Final

from api.language.translate import Language, translate
from api.language.wording import GROUPS, MAP_WORDS, NOT_PUBLISHED, label_of
from api.maps.colouring import HATCH, Colouring, colourings, hatch_name
from api.maps.credits import attribution, credits_of, tell_accuracy
from api.maps.folium_map import (
    IMPORTED,
    LIVE_SCRIPTS,
    LIVE_STYLESHEET,
    LIVE_WORKER,
    MEASURING,
    MODULE,
    Bounds,
    Parts,
    View,
    corners,
    folium_parts,
)
from api.maps.legend import CRITERIA_BY_ID, Legend, legend_of_layer, legend_of_raster
from api.maps.maplibre_style import BOUNDARIES, PLOT_OPACITY, Mapped, name_of, style, visible
from api.maps.themes import TITLES, theme_of, uppermost_first
from api.maps.water_map import WaterShown, is_of_water, tell_period, water_legend
from api.rendering import assets
from api.rendering.pages import render
from api.rendering.paper_signs import SIGNS, TILE_MM, Sign
from layers.cache.memory import Memo
from layers.catalogue import LAYERS, RASTERS, RasterLayer
from layers.catalogue.base import Audience, Layer, Style
from layers.catalogue.land import SHOWN_STYLES
from layers.errors import NotFound
from layers.features.accuracy import Accuracy
from layers.features.features import CAUTION
from layers.features.provenance import Source
from layers.water.shown_places import Places

SCENES_KEPT: Final = 64  # pages kept by one process, some 50 kB each; the last asked stay
AT: Final = re.compile(r"^(\d{1,2})/(-?\d{1,2}(?:\.\d+)?)/(-?\d{1,3}(?:\.\d+)?)$")  # zoom/latitude/longitude
# CLDR has no Tajik in every browser; Russian writes numbers the same way.
NUMERALS: Final[Mapping[Language, str]] = {"tg": "ru", "ru": "ru", "en": "en"}


@dataclass(frozen=True, slots=True)
class Marked:
    """A village that was looked for: its name, and where it lies, degrees in EPSG:4326."""

    name: str
    lat: float
    lon: float


@dataclass(frozen=True, slots=True)
class Scene:
    """What one map shows: the layer, how plots are coloured, where it opens, which plot is chosen, from what data.

    ``drawn`` and ``grids`` are what the reader may see and what holds something; ``query`` is the page's own; ``place``
    names the district or jamoat the map was asked for, empty where it is of the country. ``result`` : what
    tiles and cards are asked for another result than the one that is shown unasked. ``matches`` : address of the plots
    that filters leave, and ``sentence`` what filters these are; empty where all are shown. ``places`` : address of
    where the plots of the district lie that filters leave. ``trial`` : address of what they would be by other weights,
    and ``tried`` which these are; empty where the published result is shown. ``water`` : the
    balance that a map of one shows, and when; ``switched`` : that which a switch on another map shows, where it is not
    the one land is judged by. ``presented`` : for a projector, map and key alone.
    ``accuracies`` : how exact each layer and grid is, by its public name. ``outlined`` : codes of the jamoats that were
    chosen. ``marked`` : the village that was looked for. ``places_of_plan`` : what the scenario of ``water`` changes.
    """

    shown: Mapped
    drawn: tuple[type[Layer], ...]
    grids: tuple[RasterLayer, ...]
    lang: Language
    colour: str
    start: View | Bounds
    chosen: int | None
    sources: tuple[Source, ...]
    synthetic: bool
    base: str
    query: str
    place: str = ""
    result: str = ""
    matches: str = ""
    sentence: str = ""
    places: str = ""
    trial: str = ""
    tried: str = ""
    water: WaterShown | None = None
    switched: WaterShown | None = None
    presented: bool = False
    accuracies: tuple[tuple[str, Accuracy], ...] = ()
    outlined: tuple[str, ...] = ()
    marked: Marked | None = None
    places_of_plan: Places | None = None

    @property
    def layers(self) -> tuple[Mapped, ...]:
        """Everything on the map, in draw order."""
        return (*self.grids, *self.drawn)


@dataclass(frozen=True, slots=True)
class Switch:
    """A layer the reader can switch on or off, and how exact it is in words."""

    name: str
    visible: bool
    legend: Legend
    accuracy: str


def parse_view(at: str | None) -> View | None:
    """Return the place a link names as zoom/latitude/longitude; None without or where it does not read so."""
    match = AT.match(at or "")
    return View(int(match[1]), float(match[2]), float(match[3])) if match else None


def mapped(name: str, audience: Audience) -> Mapped:
    """Return the layer or grid a map can be asked for by this name.

    Raises
    ------
    NotFound : there is none, or not for this audience; the sentence is the same for both.
    """
    candidates: tuple[Mapped, ...] = (*seen_layers(audience), *seen_grids(audience))
    for candidate in candidates:
        if name_of(candidate) == name:
            return candidate
    raise NotFound(f"There is no map of {name!r}.")


def seen_layers(audience: Audience) -> tuple[type[Layer], ...]:
    """Return the layers with a geometry that the audience may see, in draw order."""
    return tuple(layer for layer in LAYERS if layer.geometry_kind and layer.card.audience <= audience)


def seen_grids(audience: Audience) -> tuple[RasterLayer, ...]:
    """Return the grids that the audience may see, in draw order."""
    return tuple(raster for raster in RASTERS if raster.audience <= audience)


# A scene holds all that its page is made of, so that what was made of an equal one is the same to the last byte.


_PARTS: Memo[Scene, Parts] = Memo("map parts", most=SCENES_KEPT)
_PAGES: Memo[tuple[Scene, bool], str] = Memo("map pages", most=SCENES_KEPT)


def map_parts(scene: Scene) -> Parts:
    """Return the Folium map of a scene, taken apart."""
    return _PARTS.get(scene, lambda: _make_parts(scene))


def map_html(scene: Scene, *, legend_open: bool = True) -> str:
    """Return the page of a scene; at most 100 kB, since the plots come as tiles."""
    return _PAGES.get((scene, legend_open), lambda: _make_html(scene, legend_open))


def _make_parts(scene: Scene) -> Parts:
    ways = colourings(scene.lang)
    return folium_parts(name_of(scene.shown), _config(scene, ways), base=scene.base, start=scene.start)


def _make_html(scene: Scene, legend_open: bool) -> str:
    ways = colourings(scene.lang)
    name = name_of(scene.shown)
    parts = map_parts(scene)
    legend = _legend(scene.shown, scene.lang)
    return render(
        "map.html",
        lang=scene.lang,
        base=scene.base,
        title=" – ".join(
            part
            for part in (translate(legend.title, scene.lang), scene.place, scene.sentence, scene.tried, "Obod")
            if part
        ),
        sentence=scene.sentence,
        place=scene.place,
        presented=scene.presented,
        tried=scene.tried,
        trial_note=NOT_PUBLISHED,
        folium=parts,
        modules=(assets.address(scene.base, MODULE), *(assets.unversioned(scene.base, path) for path in IMPORTED)),
        css_address=f"{scene.base}/maps/{name}.css?{scene.query}",
        js_address=f"{scene.base}/maps/{name}.js?{scene.query}",
        synthetic=scene.synthetic,
        shown=name,
        judged=_shows_results(scene),
        legend=legend if scene.water is None else water_legend(legend),
        water=None if scene.water is None else tell_period(scene.water, scene.lang),
        places=scene.places_of_plan,
        about=scene.shown.about if isinstance(scene.shown, RasterLayer) else scene.shown.card.about,
        legend_open=legend_open,
        colour=scene.colour,
        opacity=round(100 * PLOT_OPACITY),
        colouring_groups=list(_grouped(ways, scene.lang)),
        themes=list(_by_theme(scene)),
        order=",".join(name_of(layer) for layer in uppermost_first(scene.layers)),
        credits=credits_of(scene.sources, {name_of(one): _legend(one, scene.lang).title for one in scene.layers}),
    )


def _shows_results(scene: Scene) -> bool:
    """Whether the layer shown is one that scoring finds results for."""
    return not isinstance(scene.shown, RasterLayer) and scene.shown.judged


def _config(scene: Scene, ways: Mapping[str, Colouring]) -> dict[str, Any]:
    """What the drawing module needs to know, in the reader's language."""
    lang = scene.lang
    ways = {name: way.of_result(scene.result) for name, way in ways.items()}
    colouring = ways[scene.colour]
    return {
        "result": scene.result,
        "matches": scene.matches,
        "places": scene.places,
        "trial": scene.trial,
        "colour": scene.colour,
        "looks": {code: _look(look) for code, look in SHOWN_STYLES.items()},
        "base": scene.base,
        "layer": name_of(scene.shown),
        "lang": lang,
        "numerals": NUMERALS[lang],
        "style": style(
            scene.shown,
            scene.drawn,
            scene.grids,
            colouring,
            lang=lang,
            water=scene.water,
            switched=scene.switched,
            outlined=scene.outlined,
            places=scene.places_of_plan,
        ),
        "hatch": HATCH,
        "signs": {"tile": TILE_MM, "looks": {name: _sign(sign) for name, sign in SIGNS.items()}},
        "live": {
            "scripts": [assets.address(scene.base, path) for path in LIVE_SCRIPTS],
            "stylesheet": assets.address(scene.base, LIVE_STYLESHEET),
            "worker": assets.address(scene.base, LIVE_WORKER),
        },
        "measure": assets.address(scene.base, MEASURING),
        "attribution": attribution(
            scene.sources, {name_of(layer) for layer in scene.layers if visible(layer, scene.shown)}, lang
        ),
        "bounds": None if isinstance(scene.start, View) else corners(scene.start),
        "colourings": {name: way.as_paint() for name, way in ways.items()} if _shows_results(scene) else {},
        "classes": [{"value": value, "label": translate(look.label, lang)} for value, look in SHOWN_STYLES.items()],
        "told": {layer.__tablename__: _told(layer, lang) for layer in scene.drawn if layer not in BOUNDARIES},
        "chosen": scene.chosen,
        "marked": None if scene.marked is None else asdict(scene.marked),
        "messages": {key: translate(text, lang) for key, text in MAP_WORDS.items()},
    }


def _look(look: Style) -> dict[str, str | None]:
    """A look as a dot has it, its ground and its edge, and the hatch of a plot that has one."""
    hatch = hatch_name(look) if look.hatched else None
    return {"colour": look.ground or look.colour, "edge": look.colour, "hatch": hatch}


def _sign(sign: Sign) -> dict[str, str | float]:
    """Lines of a sign for paper, as they are laid over its colour; its ground is on the map already."""
    return {"ink": sign.ink, "lines": sign.lines, "width": sign.width}


def _told(layer: type[Layer], lang: Language) -> dict[str, Any]:
    """Titles and plain words for what the layer's tiles carry; the card of a plot is made by the service."""
    attributes = []
    for name, about in layer.attributes().items():
        if not layer.judged and (about.in_tile or name == layer.card.drawn_by):
            codes = {code: translate(label_of(layer, name, code), lang) for code in about.values}
            drawn = layer.card.legend if name == layer.card.drawn_by else {}
            codes |= {code: translate(look.label, lang) for code, look in drawn.items() if code}
            unit = translate(about.unit, lang) if about.unit else ""
            attributes.append({"name": name, "title": translate(about.title, lang), "unit": unit, "codes": codes})
    if layer.card.caution:
        cautions = (layer.card.caution, *layer.card.caution_of.values())
        codes = {caution: translate(caution, lang) for caution in cautions}
        attributes.append({"name": CAUTION, "title": translate("Caution", lang), "unit": "", "codes": codes})
    return {"title": translate(layer.card.title, lang), "attributes": attributes}


def _grouped(ways: Mapping[str, Colouring], lang: Language) -> Iterator[tuple[str, list[Colouring]]]:
    """Ways to colour plots under headings: results first, then criteria by group."""
    yield translate("Result", lang), [way for name, way in ways.items() if name not in CRITERIA_BY_ID]
    for group, title in GROUPS.items():
        members = [way for name, way in ways.items() if name in CRITERIA_BY_ID and CRITERIA_BY_ID[name].group == group]
        if members:
            yield translate(title, lang), members


def _by_theme(scene: Scene) -> Iterator[tuple[str, list[Switch]]]:
    """Switches under the headings of their groups; those that hold something."""
    layers = uppermost_first(scene.layers)
    for theme in TITLES:
        members = [_switch(layer, scene) for layer in layers if theme_of(layer) == theme]
        if members:
            yield theme, members


def _switch(layer: Mapped, scene: Scene) -> Switch:
    legend = _legend(layer, scene.lang)
    if scene.switched is not None and is_of_water(layer):
        of = tell_period(scene.switched, scene.lang)
        legend = replace(legend, title=f"{translate(legend.title, scene.lang)}: {of['year']}; {of['rule']}")
    name = name_of(layer)
    accuracy = tell_accuracy(dict(scene.accuracies).get(name, Accuracy()), scene.lang)
    return Switch(name, visible(layer, scene.shown), legend, accuracy)


def _legend(layer: Mapped, lang: Language) -> Legend:
    return legend_of_raster(layer, lang) if isinstance(layer, RasterLayer) else legend_of_layer(layer)
