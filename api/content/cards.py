"""What is said about one plot, in plain words first: its class, what holds it back, how sure that is."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from api.content.crops_text import CropList, list_crops, tell_crops
from api.content.plot_truth import PlotTruth, tell_plot
from api.content.plot_water import PlotWater
from api.content.unknown_text import tell_not_assessed, tell_unrecorded
from api.content.value_text import UNKNOWN, told_value
from api.language.translate import Language, number, translate
from api.language.wording import CLASS_MEANINGS, CLASS_WORDS, CONFIDENCE, label_of
from geo.criteria import LAND_CRITERIA
from layers.catalogue.base import Style
from layers.catalogue.land import CLASS_STYLES, UNSETTLED_STYLES, Plot
from layers.features.places import Gazetteer
from layers.postgres.engine import Connection
from layers.records.snapshot import Run
from layers.runs.exclusion_records import unrecorded_kinds
from layers.runs.listing import not_assessed_in

# Criteria a family asks about first; the card shows them even when unknown.
ASKED_FIRST: Final = ("walk_minutes", "flood_level", "avalanche_level", "slide_level")


@dataclass(frozen=True, slots=True)
class Unknown:
    """What a run could not know in a district.

    not_assessed : criterion id -> why. unrecorded : kinds of shut land of which nothing was on record, see
    ``layers.runs.exclusion_records``.
    """

    not_assessed: Mapping[str, str]
    unrecorded: tuple[str, ...]


NOTHING_UNKNOWN: Final = Unknown({}, ())


def unknown_in_run(connection: Connection, run: Run | None, district: str | None) -> Unknown:
    """Return what a run could not know in a district; nothing where none has judged it."""
    if run is None or district is None:
        return NOTHING_UNKNOWN
    return Unknown(not_assessed_in(connection, run.run_id, district), unrecorded_kinds(connection, run, district))


@dataclass(frozen=True, slots=True)
class Card:
    """The card of one plot. ``truth`` is what is said of it everywhere; ``meaning`` and titles are message ids."""

    plot_id: str
    look: Style
    truth: PlotTruth
    meaning: str | None
    code: str
    score: float | None
    of_points: str
    facts: tuple[tuple[str, str], ...]
    water: PlotWater | None
    crops: tuple[str, ...]
    crop_lists: tuple[CropList, ...]
    not_assessed: tuple[str, ...]
    unrecorded: str
    synthetic: bool
    why: str | None


def look_of(plot: Mapping[str, Any], truth: PlotTruth) -> Style:
    """Return how a plot is drawn: in its class, or hatched over its outlook while that is not settled."""
    return CLASS_STYLES[plot["class"]] if truth.settled else UNSETTLED_STYLES[plot.get("outlook") or "open"]


def plot_card(
    plot: Mapping[str, Any],
    places: Gazetteer,
    lang: Language,
    *,
    synthetic: bool,
    unknown: Unknown = NOTHING_UNKNOWN,
    water: PlotWater | None = None,
    why: str | None = None,
) -> Card:
    """Return the card of a plot from its public properties, values written in ``lang``; ``places`` name where it is.

    ``unknown`` : what the run that judged it could not know. ``water`` : what is said of its water.
    ``why`` : address of its page.
    """
    judged = plot["class"]
    truth = tell_plot(plot, places, lang)
    score = plot.get("score")
    return Card(
        plot_id=plot["plot_id"],
        look=look_of(plot, truth),
        truth=truth,
        meaning=None if truth.mark or judged == "NE" or not truth.settled else CLASS_MEANINGS[judged],
        code=plot.get("subclass") or judged if truth.settled else truth.code,
        score=score,
        of_points=_of_points(plot, lang),
        facts=tuple(_facts(plot, lang)),
        water=water,
        crops=tell_crops(plot, lang),
        crop_lists=list_crops(plot, lang),
        not_assessed=tell_not_assessed(unknown.not_assessed, lang),
        unrecorded="" if truth.shut_land else tell_unrecorded(unknown.unrecorded, lang),
        synthetic=synthetic,
        why=why,
    )


def tell_score(plot: Mapping[str, Any], lang: Language) -> str:
    """Return the score in points, with the lowest and highest the unknown values allow."""
    return f"{number(plot['score'], lang, digits=1)} {_of_points(plot, lang)}"


def _of_points(plot: Mapping[str, Any], lang: Language) -> str:
    """What stands after the number of points."""
    most, bounds = translate("of 100 points", lang), _bounds(plot)
    if bounds is None:
        return most
    low, high = (number(bound, lang, digits=1) for bound in bounds)
    between = translate("between {low} and {high} until all values are known", lang)
    return f"{most}; {between.format(low=low, high=high)}"


def _bounds(plot: Mapping[str, Any]) -> tuple[float, float] | None:
    """Lowest and highest score the unknown values allow; None where all is known or nothing was judged."""
    low, high = plot.get("score_low"), plot.get("score_high")
    return (low, high) if low is not None and high is not None and low < high else None


def _facts(plot: Mapping[str, Any], lang: Language) -> Iterator[tuple[str, str]]:
    yield translate("Plot", lang), str(plot["plot_id"])
    yield translate("Area", lang), f"{number(plot['area_ha'], lang, digits=2)} {translate('ha', lang)}"
    for name in ("land_form", "availability"):
        title = translate(Plot.attributes()[name].title, lang)
        yield title, translate(label_of(Plot, name, plot.get(name) or UNKNOWN), lang)
    yield translate("Irrigated", lang), _yes_or_no(plot.get("irrigated"), lang)
    for criterion in LAND_CRITERIA:
        if criterion.id in ASKED_FIRST:
            yield translate(criterion.title, lang), told_value(criterion, plot, lang)
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
