"""Folium without the outside world: our own copies of Leaflet, nothing inline, the same page every time.

Folium writes its scripts and styles into the page and points at five other hosts. Here its links are replaced by
our own files, and what it writes inline is taken out to be served beside the page, so that a content security
policy without ``unsafe-inline`` holds.
"""

from __future__ import annotations

from dataclasses import dataclass
from html.parser import HTMLParser
from typing import Any, Final

import folium
from branca.element import Figure, MacroElement
from folium.template import Template

from api.rendering import assets

SCRIPTS: Final = (("leaflet", "vendor/leaflet/dist/leaflet.js"),)
STYLESHEETS: Final = (("leaflet_css", "vendor/leaflet/dist/leaflet.css"),)
MODULE: Final = "js/map.js"
# What the module imports, named to the browser beforehand, so that it is fetched at once and not one after the other.
IMPORTED: Final = tuple(
    f"js/{name}.js"
    for name in (
        *("buttons", "card", "expression", "hatch", "layers", "live", "matches", "measure", "paper", "periods"),
        *("picture", "plain", "point-out", "signs", "trial-map", "vector-tile", "village"),
    )
)
# Ten times the rest in size: run, in this order, when what the map is about is on the screen, which does without.
LIVE_SCRIPTS: Final = (
    "vendor/maplibre-gl/dist/maplibre-gl-csp.js",
    "vendor/@maplibre/maplibre-gl-leaflet/leaflet-maplibre-gl.js",
)
LIVE_STYLESHEET: Final = "vendor/maplibre-gl/dist/maplibre-gl.css"
LIVE_WORKER: Final = "vendor/maplibre-gl/dist/maplibre-gl-csp-worker.js"
MEASURING: Final = "vendor/geographiclib-geodesic/geographiclib-geodesic.min.js"  # fetched by who begins to measure
COUNTRY_ZOOM: Final = 7  # Leaflet zoom at which the country fills a screen
DEEPEST_ZOOM: Final = 18  # Leaflet zoom; closer, plots of 0.03 ha fill the screen

Bounds = tuple[float, float, float, float]  # west, south, east, north, degrees in EPSG:4326


@dataclass(frozen=True, slots=True)
class View:
    """Where a map opens: Leaflet zoom and centre, degrees in EPSG:4326."""

    zoom: int
    lat: float
    lon: float


@dataclass(frozen=True, slots=True)
class Parts:
    """A Folium page taken apart: links for its head, its body, and what was inline."""

    head: str
    body: str
    script: str
    style: str


class VectorTiles(MacroElement):
    """Vector tiles inside a Folium map: hands the Leaflet map and ``config`` to our module that draws them."""

    _template = Template(
        "{% macro script(this, kwargs) %}"
        "import({{ this.module|tojson }})"
        ".then((drawing) => drawing.draw({{ this._parent.get_name() }}, {{ this.config|tojson }}));"
        "{% endmacro %}"
    )

    def __init__(self, module: str, config: dict[str, Any]) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self._name = "VectorTiles"
        self.module = module
        self.config = config


def folium_parts(name: str, config: dict[str, Any], *, base: str, start: View | Bounds) -> Parts:
    """Return the Folium map ``name`` that opens at ``start``, drawn by our module with ``config``, taken apart."""
    if isinstance(start, View):
        location, zoom = (start.lat, start.lon), start.zoom
    else:
        west, south, east, north = start
        location, zoom = ((south + north) / 2, (west + east) / 2), COUNTRY_ZOOM
    page = folium.Map(
        location=location,
        zoom_start=zoom,
        tiles=None,
        zoom_control=False,
        maxZoom=DEEPEST_ZOOM,
        fadeAnimation=False,  # what is there is shown
    )
    page.default_js = [(key, assets.address(base, path)) for key, path in SCRIPTS]
    page.default_css = [(key, assets.address(base, path)) for key, path in STYLESHEETS]
    page._id = name  # Folium draws ids by lot; page and script are asked for apart and must agree
    page.add_child(VectorTiles(assets.address(base, MODULE), config))
    figure = Figure()
    page.add_to(figure)
    figure.render()
    head, body = _Inline(figure.header.render()), _Inline(figure.html.render())
    script = "\n".join((*head.scripts, *body.scripts, figure.script.render()))
    return Parts("\n".join(head.kept), "\n".join(body.kept), script, "\n".join((*head.styles, *body.styles)))


def corners(bounds: Bounds) -> list[list[float]]:
    """Return a window as Leaflet writes it: south-west and north-east corner, latitude first."""
    west, south, east, north = bounds
    return [[south, west], [north, east]]


class _Inline(HTMLParser):
    """Sorts markup into what may stay and the text of inline scripts and styles."""

    def __init__(self, markup: str) -> None:
        super().__init__(convert_charrefs=False)
        self.kept: list[str] = []
        self.scripts: list[str] = []
        self.styles: list[str] = []
        self._into = self.kept
        self.feed(markup)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag == "meta":
            return  # our page has its own; Folium's forbids a reader to enlarge the page
        if tag == "style":
            self._into = self.styles
        elif tag == "script" and "src" not in dict(attrs):
            self._into = self.scripts
        else:
            # Deferred, so that the page can be read while the drawing library is still on its way.
            self.kept.append((self.get_starttag_text() or "").replace("<script ", "<script defer "))

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)

    def handle_endtag(self, tag: str) -> None:
        if self._into is self.kept:
            self.kept.append(f"</{tag}>")
        self._into = self.kept

    def handle_data(self, data: str) -> None:
        if data.strip():
            self._into.append(data.strip())
