"""Ways to colour plots, computed from the declarations: class, score, confidence and every criterion.

Colours and filters are MapLibre expressions, so that the page recolours what it has already drawn.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import lru_cache
from types import MappingProxyType
from typing import Any, Final

from api.language.translate import Language, number
from api.language.wording import CONFIDENCE
from api.maps.legend import (
    MINED,
    UNKNOWN_COLOUR,
    Entry,
    Legend,
    criterion_colours,
    legend_of_criterion,
    membership_colour,
)
from geo.criteria import LAND_CRITERIA
from layers.catalogue.base import Style
from layers.catalogue.land import CLASS_STYLES, SHOWN_STYLES, UNSETTLED_STYLES, Plot
from layers.records.outcomes import UNJUDGED
from layers.tiles.plot_tiles import PLOT_ATTRIBUTES

Expression = list[Any]

PLOTS: Final = Plot.__tablename__
IN_CELL: Final[Expression] = ["has", "plots"]  # a class in a square of the far view counts its plots
SINGLE: Final[Expression] = ["!", IN_CELL]
HATCH: Final = "hatch-"  # prefix of the pattern images the page draws itself, followed by the colour rrggbb

# Confidence is an order, not a judgement: one hue, dark where the land was measured.
CONFIDENCE_STYLES: Final = {
    letter: Style(colour, CONFIDENCE[letter])
    for letter, colour in zip("ABCD", ("#08306b", "#2f7ebc", "#82bbdb", "#d6e6f4"), strict=True)
} | {"": Style(UNKNOWN_COLOUR, "Not evaluated", hatched=True)}  # land that is shut has none


POTENTIAL: Final = "potential_class"
SQUARE_COLOUR: Final = "#8f8f8f"  # no class has it


@dataclass(frozen=True, slots=True)
class Colouring:
    """One way to colour plots: its legend, the colour expression, which plots it knows, and the hatch of the rest."""

    id: str
    legend: Legend
    colour: Expression
    known: Expression
    hatch: Expression | str
    result: str = ""  # query of the result that is asked for; empty = the one that is shown unasked

    @property
    def tiles(self) -> str:
        """Address of the tiles that carry what is coloured."""
        carried = "" if self.id in PLOT_ATTRIBUTES else f"attributes={self.id}"
        asked = "&".join(filter(None, (carried, self.result)))
        return f"/tiles/{PLOTS}/{{z}}/{{x}}/{{y}}.mvt{f'?{asked}' if asked else ''}"

    def of_result(self, asked: str) -> Colouring:
        """Return the same for another result."""
        return replace(self, result=asked) if asked else self

    def as_paint(self) -> dict[str, Any]:
        """Return what the page needs to recolour the plots without loading itself anew."""
        known, unknown = self.split(SINGLE)
        return {
            "tiles": self.tiles,
            "colour": self.colour,
            "known": known,
            "unknown": unknown,
            "hatch": self.hatch,
            "squares": dict(zip(("colour", "hatch"), self.squares, strict=True)),
            "squaresByClass": self.squares_by_class,
        }

    @property
    def squares_by_class(self) -> bool:
        """Whether squares of the far view are coloured: they carry the class of their plots and nothing else.

        Beside the key of anything else they would be taken for that.
        """
        return self.id == BY_CLASS.id

    @property
    def squares(self) -> tuple[Expression | str, Expression | str]:
        """Colour and hatch of the squares of the far view; of one tone where their class is not what is asked for."""
        if self.squares_by_class:
            return BY_CLASS.colour, BY_CLASS.hatch
        return SQUARE_COLOUR, HATCH + UNKNOWN_COLOUR[1:]

    def split(self, which: Expression) -> tuple[Expression, Expression]:
        """Return the filters that pick, of ``which`` features, those it can colour and those it cannot."""
        return ["all", which, self.known], ["all", which, ["!", self.known]]


@lru_cache  # three languages; the tables behind them are part of the code
def colourings(lang: Language) -> Mapping[str, Colouring]:
    """Return every way to colour plots, by name: class, potential class, score, confidence and each criterion."""
    ways = [
        BY_CLASS,
        _by_code(POTENTIAL, _legend(POTENTIAL, "Class after improvements", POTENTIAL_STYLES)),
        _by_score(lang),
        _by_code("confidence", _legend("confidence", "Confidence", CONFIDENCE_STYLES)),
    ]
    for criterion in LAND_CRITERIA:
        stops = criterion_colours(criterion)
        if stops:
            legend = legend_of_criterion(criterion, lang)
            ways.append(_by_number(criterion.id, legend, stops, stepped=bool(criterion.levels)))
    return MappingProxyType({way.id: way for way in ways})


def matched(value: Expression, colours: dict[str, str]) -> Expression:
    """Return the expression that turns a code into its colour; what is not in the table is unknown or the last."""
    pairs = [part for key, colour in colours.items() for part in (key, colour)]
    return ["match", value, *pairs, colours.get("unknown", colours.get("", next(reversed(colours.values()))))]


def _legend(attribute: str, title: str, styles: dict[str, Style]) -> Legend:
    entries = tuple(Entry.of(value, look) for value, look in styles.items())
    return Legend(PLOTS, title, attribute, entries, marks=(MINED,))


def _by_code(attribute: str, legend: Legend) -> Colouring:
    known = [entry for entry in legend.entries if not entry.hatched]
    colours = {entry.value: entry.colour for entry in known}
    value: Expression = ["to-string", ["get", attribute]]
    return Colouring(
        attribute,
        legend,
        matched(value, colours),
        ["in", value, ["literal", list(colours)]],
        HATCH + UNKNOWN_COLOUR[1:],
    )


def _by_number(attribute: str, legend: Legend, stops: list[tuple[float, str]], *, stepped: bool = False) -> Colouring:
    value: Expression = ["to-number", ["get", attribute]]
    flat = [part for stop in stops for part in stop]
    colour: Expression = ["step", value, *flat[1:]] if stepped else ["interpolate", ["linear"], value, *flat]
    return Colouring(attribute, legend, colour, ["has", attribute], HATCH + UNKNOWN_COLOUR[1:])


def _by_score(lang: Language) -> Colouring:
    stops = [(100 * level, membership_colour(level)) for level in (0.0, 0.125, 0.25, 0.5, 0.75, 1.0)]
    entries = (Entry(f"{score:g}", colour, number(score, lang, digits=int(score % 1 > 0))) for score, colour in stops)
    unknown = Entry("", UNKNOWN_COLOUR, "Not evaluated", hatched=True)
    legend = Legend(PLOTS, "Score 0–100", "score", (*entries, unknown), continuous=True, marks=(MINED,))
    return _by_number("score", legend, stops)


# What land that is not offered could become is told to partners and staff; a map never says that it was not evaluated.
POTENTIAL_STYLES: Final = CLASS_STYLES | {
    "NE": replace(CLASS_STYLES["NE"], label="Not evaluated, or told to partners and staff only")
}


def _by_class() -> Colouring:
    """By class; land that is not settled is hatched over the tone of its outlook, never in the colour of a class."""
    plain = _by_code("class", _legend("class", "Suitability class", SHOWN_STYLES))
    other = HATCH + UNKNOWN_COLOUR[1:]
    patterns = {outlook: hatch_name(look) for outlook, look in UNSETTLED_STYLES.items()}
    return replace(
        plain,
        known=["all", plain.known, ["!", ["has", "outlook"]]],
        hatch=[
            "case",
            ["==", ["get", "class"], UNJUDGED],
            other,
            matched(["to-string", ["get", "outlook"]], {**patterns, "": other}),
        ],
    )


def hatch_name(look: Style) -> str:
    """Return the name of the pattern image of a hatched look: its stripes, then the ground under them."""
    return "-".join((HATCH + look.colour[1:], *((look.ground[1:],) if look.ground else ())))


BY_CLASS: Final = _by_class()
