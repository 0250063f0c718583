"""What is said about one plot, in plain words first: its class, what holds it back, how sure that is."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from api.language.translate import Language, number, translate
from api.language.wording import CLASS_MEANINGS, CLASS_WORDS, CONFIDENCE, label_of, unit_after_number
from api.maps.legend import CRITERIA_BY_ID
from geo.contract.criterion import Criterion
from geo.contract.memberships import Knots, Probability
from geo.criteria import LAND_CRITERIA
from layers.catalogue.base import Style
from layers.catalogue.land import CLASS_STYLES, Plot

# Criteria a family asks about first; the card shows them even when unknown.
ASKED_FIRST: Final = ("walk_minutes", "flood_level", "avalanche_level", "slide_level")
UNKNOWN: Final = "unknown"


@dataclass(frozen=True, slots=True)
class Limiting:
    """What holds a plot back most: a criterion's title (message id) and its measured value as text."""

    title: str
    text: str


@dataclass(frozen=True, slots=True)
class Card:
    """The card of one plot. ``words``, ``meaning``, titles are message ids; ``span`` are two class codes."""

    plot_id: str
    look: Style
    words: str
    meaning: str
    code: str
    score: float | None
    bounds: tuple[float, float] | None
    span: tuple[str, str] | None
    limiting: Limiting | None
    facts: tuple[tuple[str, str], ...]
    not_assessed: tuple[str, ...]
    synthetic: bool
    why: str | None


def plot_card(plot: Mapping[str, Any], lang: Language, *, synthetic: bool, why: str | None = None) -> Card:
    """Return the card of a plot from its public properties (contract section 4), values written in ``lang``."""
    judged = plot["class"]
    low, high = plot.get("class_low"), plot.get("class_high")
    score = plot.get("score")
    return Card(
        plot_id=plot["plot_id"],
        look=CLASS_STYLES[judged],
        words=CLASS_WORDS[judged],
        meaning=CLASS_MEANINGS[judged],
        code=plot.get("subclass") or judged,
        score=score,
        bounds=_bounds(plot),
        span=(low, high) if low and high and low != high else None,
        limiting=_limiting(plot, lang),
        facts=tuple(_facts(plot, lang)),
        not_assessed=tuple(
            CRITERIA_BY_ID[name].title for name in plot.get("not_assessed") or () if name in CRITERIA_BY_ID
        ),
        synthetic=synthetic,
        why=why,
    )


def measured_text(criterion: Criterion, value: float | None, lang: Language) -> str:
    """Return a measured value as people read it: with unit, or a level's name; *unknown* where there is none."""
    if value is None:
        return translate(UNKNOWN, lang)
    if criterion.levels:
        return translate(criterion.levels[round(value)], lang)
    text = number(value, lang, digits=digits_of(criterion))
    return f"{text} {translate(criterion.unit, lang)}" if unit_after_number(criterion.unit) else text


def digits_of(criterion: Criterion) -> int:
    """Return how many decimals its values are shown with: enough to tell its knots apart, no more."""
    table = criterion.memberships[0]
    knots = table.surveyed if isinstance(table, Probability) else table
    if criterion.unit == "class" or not isinstance(knots, Knots):
        return 0
    largest = max(abs(value) for value in knots.values)
    return 2 if largest < 3 else 1 if largest < 30 else 0


def _bounds(plot: Mapping[str, Any]) -> tuple[float, float] | None:
    """Lowest and highest score the unknown values allow; None where all is known or nothing was judged."""
    low, high = plot.get("score_low"), plot.get("score_high")
    return (low, high) if low is not None and high is not None and low < high else None


def _limiting(plot: Mapping[str, Any], lang: Language) -> Limiting | None:
    criterion = CRITERIA_BY_ID.get(plot.get("limiting") or "")
    if criterion is None:
        return None
    return Limiting(criterion.title, measured_text(criterion, plot.get(criterion.id), lang))


def _facts(plot: Mapping[str, Any], lang: Language) -> Iterator[tuple[str, str]]:
    yield translate("Plot", lang), str(plot["plot_id"])
    yield translate("Area", lang), f"{number(plot['area_ha'], lang, digits=2)} {translate('ha', lang)}"
    for name in ("land_form", "availability"):
        title = translate(Plot.attributes()[name].title, lang)
        yield title, translate(label_of(Plot, name, plot.get(name) or UNKNOWN), lang)
    yield translate("Irrigated", lang), _yes_or_no(plot.get("irrigated"), lang)
    for criterion in LAND_CRITERIA:
        if criterion.id in ASKED_FIRST:
            yield translate(criterion.title, lang), measured_text(criterion, plot.get(criterion.id), lang)
    after = plot.get("potential_class")
    if after and after != plot["class"]:
        yield translate("After improvements", lang), f"{translate(CLASS_WORDS[after], lang)} ({after})"
    letter = plot.get("confidence")
    if letter:
        yield translate("Confidence", lang), translate(CONFIDENCE[letter], lang)


def _yes_or_no(value: bool | None, lang: Language) -> str:
    if value is None:
        return translate(UNKNOWN, lang)
    return translate("yes", lang) if value else translate("no", lang)
