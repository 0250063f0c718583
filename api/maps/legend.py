"""Legends, computed from the declarations: what each colour on a map means."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise
from typing import Any, Final

from api.language.translate import Language, number, translate
from api.language.wording import unit_after_number
from geo.contract.criterion import Criterion
from geo.contract.memberships import KNOT_LEVELS, ByClass, Knots, Probability
from geo.criteria import LAND_CRITERIA
from layers.catalogue import BY_NAME, RASTERS_BY_NAME, RasterLayer
from layers.catalogue.base import Layer, Style
from layers.catalogue.land import CLASS_STYLES, SHOWN_STYLES
from layers.catalogue.land import MINED as MARK

# One ramp for the membership of every criterion: the class colours at the memberships where the classes begin, so
# that the map of a criterion reads like the map of classes.
MEMBERSHIP_RAMP: Final = tuple(
    (level, CLASS_STYLES[name].colour)
    for level, name in zip((0.0, 0.25, 0.5, 0.75, 1.0), ("N2", "N1", "S3", "S2", "S1"), strict=True)
)
UNKNOWN_COLOUR: Final = CLASS_STYLES["NE"].colour

CRITERIA_BY_ID: Final = {criterion.id: criterion for criterion in LAND_CRITERIA}


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of a legend: the value it stands for, its colour #rrggbb, its text, and whether it is hatched.

    ``ground`` : #rrggbb under the stripes of what is hatched; empty = nearly white.
    """

    value: str
    colour: str
    label: str
    hatched: bool = False
    ground: str = ""

    @classmethod
    def of(cls, value: str, look: Style) -> Entry:
        """Return the line of a value that looks so."""
        return cls(value, look.colour, look.label, look.hatched, look.ground)


# Plots that mines shut wear this over every colour: the one thing nobody may miss on a map.
MINED: Final = Entry("mines", MARK.style.colour, MARK.style.label, MARK.style.hatched)


@dataclass(frozen=True, slots=True)
class Legend:
    """Legend of one layer.

    ``attribute`` is what the colour shows; ``continuous``: colours run between entries; ``caution``: said of what was
    derived and not mapped; ``marks``: what is drawn over the colours, whatever they show.
    """

    layer: str
    title: str
    attribute: str | None
    entries: tuple[Entry, ...]
    continuous: bool = False
    unit: str = ""
    caution: str = ""
    marks: tuple[Entry, ...] = ()

    def as_json(self, lang: Language) -> dict[str, Any]:
        """Return the legend in ``lang``: the answer of ``GET /legend/{layer}``."""
        return {
            "layer": self.layer,
            "lang": lang,
            "title": translate(self.title, lang),
            "attribute": self.attribute,
            "unit": translate(self.unit, lang) if self.unit else "",
            "continuous": self.continuous,
            "caution": translate(self.caution, lang) if self.caution else "",
            "classes": [_entry_json(entry, lang) for entry in self.entries],
            "marks": [_entry_json(entry, lang) for entry in self.marks],
        }


def _entry_json(entry: Entry, lang: Language) -> dict[str, Any]:
    said = translate(entry.label, lang)
    shown = {"value": entry.value, "colour": entry.colour, "label": said, "hatched": entry.hatched}
    return {**shown, "ground": entry.ground} if entry.ground else shown


def legend_of_layer(layer: type[Layer]) -> Legend:
    """Return the legend a layer's card declares."""
    card = layer.card
    looks = SHOWN_STYLES if layer.judged else card.legend
    entries = tuple(Entry.of(value, look) for value, look in looks.items())
    marks = (MINED,) if layer.judged else ()
    return Legend(layer.__tablename__, card.title, card.drawn_by, entries, caution=card.caution, marks=marks)


@lru_cache(maxsize=256)  # grids of the catalogue in three languages
def legend_of_raster(raster: RasterLayer, lang: Language) -> Legend:
    """Return the legend of a grid: its ramp with the values written as in ``lang``."""
    digits = 0 if all(value.is_integer() for value, _ in raster.ramp) else 1
    entries = tuple(Entry(f"{value:g}", colour, number(value, lang, digits=digits)) for value, colour in raster.ramp)
    return Legend(raster.id, raster.title, raster.id, entries, not raster.categories, unit_after_number(raster.unit))


def legend_of_criterion(criterion: Criterion, lang: Language) -> Legend:
    """Return the legend of a criterion: the shared membership ramp against the knots of its first table."""
    entries = tuple(_criterion_entries(criterion, lang))
    return Legend(
        "plots",
        criterion.title,
        criterion.id,
        (*entries, Entry("", UNKNOWN_COLOUR, "Unknown", hatched=True)),
        continuous=not criterion.levels,
        unit="" if criterion.levels else unit_after_number(criterion.unit),
        marks=(MINED,),
    )


def criterion_colours(criterion: Criterion) -> list[tuple[float, str]]:
    """Return (value in the criterion's unit, #rrggbb) stops of its first membership table, rising by value."""
    table = criterion.memberships[0]
    if isinstance(table, ByClass):
        return [(float(code), membership_colour(level)) for code, level in sorted(table.table.items())]
    knots = table.surveyed if isinstance(table, Probability) else table
    if not isinstance(knots, Knots):
        return []
    return sorted((value, membership_colour(level)) for value, level in zip(knots.values, KNOT_LEVELS, strict=True))


def membership_colour(level: float) -> str:
    """Return the ramp's colour #rrggbb at a membership of 0-1, linear between its stops."""
    for (low, low_colour), (high, high_colour) in pairwise(MEMBERSHIP_RAMP):
        if level <= high:
            share = (level - low) / (high - low)
            pairs = zip(_rgb(low_colour), _rgb(high_colour), strict=True)
            return "#" + "".join(f"{round(a + share * (b - a)):02x}" for a, b in pairs)
    return MEMBERSHIP_RAMP[-1][1]


def legend(name: str, lang: Language) -> Legend | None:
    """Return the legend of a vector layer, a grid or a criterion by its public name; None where there is none."""
    if name in BY_NAME:
        return legend_of_layer(BY_NAME[name])
    if name in RASTERS_BY_NAME:
        return legend_of_raster(RASTERS_BY_NAME[name], lang)
    if name in CRITERIA_BY_ID:
        return legend_of_criterion(CRITERIA_BY_ID[name], lang)
    return None


def _criterion_entries(criterion: Criterion, lang: Language) -> Iterator[Entry]:
    digits = 0 if all(value.is_integer() for value, _ in criterion_colours(criterion)) else 2
    for value, colour in criterion_colours(criterion):
        level = criterion.levels[int(value)] if criterion.levels else number(value, lang, digits=digits)
        yield Entry(f"{value:g}", colour, level)


def _rgb(colour: str) -> tuple[int, int, int]:
    return int(colour[1:3], 16), int(colour[3:5], 16), int(colour[5:7], 16)
