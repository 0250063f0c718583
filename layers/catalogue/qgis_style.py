"""How QGIS draws a layer: its declared legend as a QML style, for GeoPackages and for the views of schema ``qgis``.

QGIS 3 opens a table in the style that a table ``layer_styles`` beside it marks as the one to use.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Final
from xml.sax.saxutils import quoteattr

from layers.catalogue.base import Layer, Style
from layers.catalogue.land import SHOWN_STYLES

Translate = Callable[[str], str]

VERSION: Final = "3.22"  # oldest QGIS the style is written for
OUTLINE: Final = "#37474f"
PIXEL_MM: Final = 0.26  # of a line width given in pixels of 96 to the inch
POINT_MM: Final = 2.6
OPACITY: Final = 178  # of 255; land under areas stays to be seen
MARKED: Final = "marked"  # value that stands for rows with the layer's mark


def qml(layer: type[Layer], translate: Translate) -> str:
    """Return the style of a layer; "" for a table without geometry. ``translate`` makes of a message id a label."""
    if layer.geometry_kind is None:
        return ""
    looks = _looks(layer)
    symbols = "".join(_symbol(layer, name, look) for name, (_, look) in enumerate(looks))
    kind, attribute = "singleSymbol", ""
    categories = ""
    if layer.card.drawn_by is not None:
        kind, attribute = "categorizedSymbol", f" attr={quoteattr(_drawn_by(layer))}"
        categories = "".join(
            f"<category symbol={quoteattr(str(name))} value={quoteattr(value)} "
            f'label={quoteattr(translate(look.label))} render="true"/>'
            for name, (value, look) in enumerate(looks)
        )
        categories = f"<categories>{categories}</categories>"
    return (
        f'<!DOCTYPE qgis PUBLIC "http://mrcc.com/qgis.dtd" "SYSTEM">\n'
        f'<qgis version="{VERSION}" styleCategories="Symbology">'
        f'<renderer-v2 type="{kind}"{attribute} symbollevels="0" enableorderby="0" forceraster="0">'
        f"{categories}<symbols>{symbols}</symbols></renderer-v2><blendMode>0</blendMode>"
        f"<layerOpacity>1</layerOpacity></qgis>"
    )


def _looks(layer: type[Layer]) -> list[tuple[str, Style]]:
    """Values with their looks, the mark first."""
    card = layer.card
    if card.drawn_by is None:
        return list(card.legend.items())[:1]
    marked = [] if card.mark is None else [(MARKED, card.mark.style)]
    return [*marked, *(SHOWN_STYLES if layer.judged else card.legend).items()]


def _drawn_by(layer: type[Layer]) -> str:
    """What the colour shows, as an expression of QGIS."""
    card, cases = layer.card, ""
    if card.mark is not None:
        values = ", ".join(f"'{value}'" for value in card.mark.values)
        cases += f" WHEN \"{card.mark.attribute}\" IN ({values}) THEN '{MARKED}'"
    if layer.judged:
        cases += ' WHEN "class" <> \'NE\' AND "settled" = false AND "outlook" IS NOT NULL THEN "outlook"'
    return f'CASE{cases} ELSE "{card.drawn_by}" END' if cases else str(card.drawn_by)


def _symbol(layer: type[Layer], name: int, look: Style) -> str:
    width = layer.card.line_width
    if layer.geometry_kind == "POINT":
        kind, layers = "marker", [("SimpleMarker", _marker(look))]
    elif layer.geometry_kind == "MULTILINESTRING":
        kind, layers = "line", [("SimpleLine", _line(look, width))]
    elif layer.tiles_land:
        kind, layers = "fill", [("SimpleFill", _boundary(look, width))]
    else:
        under = [("SimpleFill", _fill(Style(look.ground, look.label), width))] if look.ground else []
        kind, layers = "fill", [*under, ("SimpleFill", _fill(look, width))]
    drawn = "".join(
        f'<layer class="{of}" enabled="1" pass="0" locked="0">'
        + "".join(f'<prop k="{key}" v={quoteattr(value)}/>' for key, value in properties)
        + "</layer>"
        for of, properties in layers
    )
    return f'<symbol type="{kind}" name="{name}" alpha="1" clip_to_extent="1" force_rhr="0">{drawn}</symbol>'


def _marker(look: Style) -> Iterator[tuple[str, str]]:
    yield from (("name", "circle"), ("color", _rgba(look.colour)), ("size", f"{POINT_MM}"), ("size_unit", "MM"))
    yield from (("outline_color", _rgba("#ffffff")), ("outline_width", "0.3"), ("outline_style", "solid"))


def _line(look: Style, width: float) -> Iterator[tuple[str, str]]:
    yield from (("line_color", _rgba(look.colour)), ("line_width", f"{width * PIXEL_MM:.2f}"))
    yield from (("line_width_unit", "MM"), ("line_style", "dash" if look.hatched else "solid"), ("capstyle", "round"))


def _fill(look: Style, width: float) -> Iterator[tuple[str, str]]:
    opacity = 255 if look.hatched else OPACITY  # lines of a hatching hide little
    yield from (("color", _rgba(look.colour, opacity)), ("style", "f_diagonal" if look.hatched else "solid"))
    outline = look.colour if look.hatched else OUTLINE
    yield from (("outline_color", _rgba(outline)), ("outline_style", "solid"))
    yield from (("outline_width", f"{width * PIXEL_MM:.2f}"), ("outline_width_unit", "MM"))


def _boundary(look: Style, width: float) -> Iterator[tuple[str, str]]:
    """An outline alone: what tiles the land would hide it."""
    yield from (("style", "no"), ("outline_color", _rgba(look.colour)), ("outline_style", "dash"))
    yield from (("outline_width", f"{width * PIXEL_MM:.2f}"), ("outline_width_unit", "MM"))


def _rgba(colour: str, opacity: int = 255) -> str:
    red, green, blue = (int(colour[at : at + 2], 16) for at in (1, 3, 5))
    return f"{red},{green},{blue},{opacity}"
