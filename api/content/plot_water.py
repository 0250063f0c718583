"""Water of one plot in words: its worst month, why it is short, what a second crop and a repair would have.

What is said comes from ``layers.explain.water`` and from what the run kept; nothing is judged here.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from api.content.value_text import parts_of_100, told_value
from api.content.water_told import ESTIMATED, Part, tell_part
from api.language.translate import Language, translate
from geo.criteria.water import WATER_ADEQUACY
from geo.crops.ratings import LEAST_SUMMER_WATER
from geo.household.labour import MONTH_NAMES
from layers.explain.water import WhyUnknown

STANDS: Final[Mapping[str, str]] = {  # how the ratio of the plot was obtained -> how it is said
    "surveyed": "Surveyed: {water}.",
    "loaded": "As given in the file: {water}.",
    "balance": "Computed by the water balance: {water}.",
    "unknown": "Nobody wrote down how this was obtained: {water}.",
}
COMPUTED_BESIDE: Final = "The water balance finds {parts} of 100 parts for it; what is on record counts."
NOTHING_BESIDE: Final = "The water balance finds no ratio beside it."
PLOT_UNKNOWN: Final = "How much of the water it needs the plot gets is not known."
OF_AREA: Final = (
    "Its command area {area} gets {parts} of 100 parts of the water it needs in its worst month, {month} of a dry year."
)
OF_AREA_ENOUGH: Final = "Its command area {area} gets all the water it needs, in a dry year too."
UNKNOWN_WATER: Final[Mapping[str, str]] = {
    WhyUnknown.NO_BALANCE: "No water balance of a dry year is published for its command area {area}.",
    WhyUnknown.NO_WAY: (
        "How much its command area {area} gets is not known: by the canals as they are mapped no intake leads there."
    ),
    WhyUnknown.NEED: (
        "How much its command area {area} gets is not known: what grows there or its climate is not on record."
    ),
    WhyUnknown.SUPPLY: (
        "How much its command area {area} gets is not known in every month: the flow of its intake or its canals are "
        "not on record."
    ),
}
SHORT_IN: Final = "Less than it needs arrives in: {months}."
NOT_KNOWN_IN: Final = "Not known for: {months}."
WHY_HEAD: Final = (
    "Why: too little comes in at the head, canal reach {reach}. No land of its intake gets more than {parts} of 100 "
    "parts in {month}, after what canals lose."
)
WHY_FULL_HEAD: Final = (
    "Why: the first canal reach, {reach}, can carry no more. No land beyond it gets more than {parts} of 100 parts in "
    "{month}."
)
WHY_REACH: Final = (
    "Why: beyond canal reach {reach} no land gets more than {parts} of 100 parts in {month}; other land of its intake "
    "gets all it needs."
)
WHY_FULL_REACH: Final = (
    "Why: canal reach {reach} can carry no more. No land beyond it gets more than {parts} of 100 parts in {month}."
)
FURTHER: Final = (
    "On the way it grows less still, most at canal reach {reach}: no land beyond it gets more than {parts} of 100 "
    "parts."
)
WHY_NOT_KNOWN: Final = "Where on the way the water runs short is not known."
WHY: Final[Mapping[str, str]] = {"head": WHY_HEAD, "reach": WHY_REACH}
WHY_FULL: Final[Mapping[str, str]] = {"head": WHY_FULL_HEAD, "reach": WHY_FULL_REACH}
SECOND_CROP: Final = "A second crop has water: July to September get {parts} of 100 parts, at least half of the need."
NO_SECOND_CROP: Final = (
    "A second crop has too little water: July to September get {parts} of 100 parts, half is needed."
)
SECOND_CROP_UNKNOWN: Final = "Whether a second crop has water is not known."
REPAIRED: Final = (
    "With all reaches of canal {canal} in good condition the plot would get {parts} of 100 parts in its worst month."
)
REPAIRED_ENOUGH: Final = (
    "With all reaches of canal {canal} in good condition the plot would get all the water it needs, in its worst month "
    "too."
)
REPAIR_ALONE: Final = "This counts what its own canal loses, not how the water would then be shared."
REPAIR_NOTHING: Final = "Canal {canal} is in good condition: repair would bring no more water."
REPAIR_UNKNOWN: Final = "What repair of canal {canal} would bring is not known: the condition of all reaches is not."
REPAIR_AT_LEAST: Final = "Not all of its reaches are known or working: it may be more."
NEWER: Final = "This balance is newer than the judgement of the plot, which follows once the land is scored again."
MESSAGES: Final = (
    *STANDS.values(),
    *UNKNOWN_WATER.values(),
    *(COMPUTED_BESIDE, NOTHING_BESIDE, PLOT_UNKNOWN, OF_AREA, OF_AREA_ENOUGH, SHORT_IN, NOT_KNOWN_IN, NEWER),
    *(
        WHY_FULL_HEAD,
        WHY_HEAD,
        WHY_FULL_REACH,
        WHY_REACH,
        FURTHER,
        WHY_NOT_KNOWN,
        SECOND_CROP,
        NO_SECOND_CROP,
        SECOND_CROP_UNKNOWN,
    ),
    *(REPAIRED, REPAIRED_ENOUGH, REPAIR_ALONE, REPAIR_NOTHING, REPAIR_UNKNOWN, REPAIR_AT_LEAST),
)


@dataclass(frozen=True, slots=True)
class PlotWater:
    """Water of a plot, in the reader's language.

    sentences : the most important first. months : of its command area, January first, each its name, what arrives of
    the need, and whether it is the worst; empty where no balance is published. marked : how it was obtained. synthetic
    : it rests on made-up rows.
    """

    sentences: tuple[str, ...]
    months: tuple[tuple[str, Part, bool], ...]
    marked: str
    synthetic: bool


def tell_water(found: Mapping[str, Any] | None, plot: Mapping[str, Any], lang: Language) -> PlotWater | None:
    """Return what is said of the water of a plot; None where it lies in no command area or is shut.

    Parameters
    ----------
    found : mapping or None
        Of ``layers.explain.water``.
    plot : mapping
        Public properties of the plot.
    lang : str
        Language of the reader.
    """
    if found is None:
        return None
    worst = found["worst_month"] if found["short"] is None else found["short"]["month"]
    if found["ratio"] is not None and found["ratio"] >= 1.0:
        worst = None  # where all of it arrives no month is worse than another
    return PlotWater(
        sentences=tuple(_sentences(found, plot, lang)),
        months=tuple((_month(one["month"], lang), _part(one, lang), one["month"] == worst) for one in found["months"]),
        marked=translate(ESTIMATED, lang) if found["months"] or plot.get("water_basis") == "balance" else "",
        synthetic=found["synthetic"],
    )


def _part(month: Mapping[str, Any], lang: Language) -> Part:
    ratio = month["ratio"]
    return tell_part(math.nan if ratio is None else ratio, lang, idle=ratio is None and not month["needed"])


def _sentences(found: Mapping[str, Any], plot: Mapping[str, Any], lang: Language) -> Iterator[str]:
    yield from _of_plot(found, plot, lang)
    yield from _of_area(found, lang)
    if found["short"] is not None:
        yield from _why(found["short"], lang)
    yield _second_crop(plot, lang)
    yield from _repair(found["repair"], plot.get(WATER_ADEQUACY.id), lang)
    if found["newer"]:
        yield translate(NEWER, lang)


def _of_plot(found: Mapping[str, Any], plot: Mapping[str, Any], lang: Language) -> Iterator[str]:
    """The ratio the plot is judged by, how it was obtained, and beside one on record what the balance finds."""
    if plot.get("run") is None:
        return
    if plot.get(WATER_ADEQUACY.id) is None:
        yield translate(PLOT_UNKNOWN, lang)
        return
    basis = plot.get("water_basis")
    if basis is None:
        return  # runs of before kept nothing of it
    yield translate(STANDS[basis], lang).format(water=told_value(WATER_ADEQUACY, plot, lang))
    computed = plot.get("water_computed")
    if computed is not None:
        yield translate(COMPUTED_BESIDE, lang).format(parts=parts_of_100(computed, lang))
    elif basis != "balance" and found["months"]:
        yield translate(NOTHING_BESIDE, lang)


def _of_area(found: Mapping[str, Any], lang: Language) -> Iterator[str]:
    if found["why_unknown"] is not None:
        said = UNKNOWN_WATER[found["why_unknown"]]
        yield translate(said, lang).format(area=found["area"])
    elif found["ratio"] >= 1.0:
        yield translate(OF_AREA_ENOUGH, lang).format(area=found["area"])
    else:
        parts, month = parts_of_100(found["ratio"], lang), _month(found["worst_month"], lang)
        yield translate(OF_AREA, lang).format(area=found["area"], parts=parts, month=month)
    short = [one["month"] for one in found["months"] if one["ratio"] is not None and one["ratio"] < 1.0]
    unknown = [one["month"] for one in found["months"] if one["ratio"] is None and one["needed"]]
    for said, months in ((SHORT_IN, short), (NOT_KNOWN_IN, unknown)):
        if months:
            yield translate(said, lang).format(months=", ".join(_month(month, lang) for month in months))


def _why(short: Mapping[str, Any], lang: Language) -> Iterator[str]:
    if short["at"] is None:
        yield translate(WHY_NOT_KNOWN, lang)
        return
    said = (WHY_FULL if short["full"] else WHY)[short["at"]]
    month, parts = _month(short["month"], lang), parts_of_100(short["most"], lang)
    yield translate(said, lang).format(reach=short["reach"], month=month, parts=parts)
    further = short["further"]
    if further is not None:
        yield translate(FURTHER, lang).format(reach=further["reach"], parts=parts_of_100(further["most"], lang))


def _second_crop(plot: Mapping[str, Any], lang: Language) -> str:
    summer = plot.get("second_crop_water")
    if summer is None:
        return translate(SECOND_CROP_UNKNOWN, lang)
    said = SECOND_CROP if summer >= LEAST_SUMMER_WATER else NO_SECOND_CROP
    return translate(said, lang).format(parts=parts_of_100(summer, lang))


def _repair(repair: Mapping[str, Any] | None, ratio: float | None, lang: Language) -> Iterator[str]:
    """What the water of the plot would be after a repair; nothing where it is withheld or no canal feeds the plot."""
    if repair is None:
        return
    canal, gain = repair["canal"] or repair["reach"], repair["gain"]
    if gain <= 1.0:
        said = REPAIR_NOTHING if repair["known"] else REPAIR_UNKNOWN
        yield translate(said, lang).format(canal=canal)
        return
    if ratio is None or ratio >= 1.0:
        return
    after = ratio * gain
    said = REPAIRED_ENOUGH if after >= 1.0 else REPAIRED
    yield translate(said, lang).format(canal=canal, parts=parts_of_100(after, lang))
    yield translate(REPAIR_ALONE, lang)
    if not repair["known"] and after < 1.0:
        yield translate(REPAIR_AT_LEAST, lang)


def _month(month: int, lang: Language) -> str:
    return translate(MONTH_NAMES[month - 1], lang)
