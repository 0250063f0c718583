"""Measured values as people read them: with their unit, a level by its name, a class of condition in words."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from api.language.translate import Language, number, translate
from geo.contract.criterion import Criterion
from geo.contract.memberships import Knots, Probability
from geo.criteria.water import WATER_ADEQUACY
from geo.household.labour import MONTH_NAMES

UNKNOWN: Final = "unknown"
# Condition of a canal by class of survey, domain reference 6.4.
CANAL_CONDITIONS: Final[Mapping[int, str]] = {
    1: "good, cleaned this year",
    2: "some silt or weeds, small leaks",
    3: "cracked or silted",
    4: "breached or without gates, less than half its capacity",
    5: "destroyed or buried",
}
PARTS: Final[Mapping[str, str]] = {  # criteria that are parts of a whole -> how it is said
    "water_adequacy": "{parts} of 100 parts of the water needed, in the worst month",
    "turn_reliability": "{parts} of 100 turns delivered",
}
PARTS_IN_MONTH: Final = "{parts} of 100 parts of the water needed, in the worst month, {month}"
SHORT_FROM: Final = "short from {first}: {parts} of 100 parts of the water needed in the worst month, {month}"
SHORT_FROM_WORST: Final = "short from {month}, the worst month: {parts} of 100 parts of the water needed"
ALL_PARTS: Final[Mapping[str, str]] = {  # the same where nothing is lacking
    "water_adequacy": "all of the water needed, in the worst month too",
    "turn_reliability": "every turn delivered",
}
MESSAGES: Final = (
    *(*CANAL_CONDITIONS.values(), *PARTS.values(), PARTS_IN_MONTH, SHORT_FROM, SHORT_FROM_WORST),
    *ALL_PARTS.values(),
)


def measured_text(criterion: Criterion, value: float | None, lang: Language) -> str:
    """Return a measured value as people read it: with unit, or a level's name; *unknown* where there is none."""
    if value is None:
        return translate(UNKNOWN, lang)
    if criterion.levels:
        return translate(criterion.levels[round(value)], lang)
    if criterion.unit == "class":
        condition = CANAL_CONDITIONS[min(max(round(value), 1), 5)]
        return f"{translate(condition, lang)} ({number(value, lang)})"
    if criterion.id in PARTS and value >= 1.0:
        return translate(ALL_PARTS[criterion.id], lang)
    if criterion.id in PARTS:
        return translate(PARTS[criterion.id], lang).format(parts=parts_of_100(value, lang))
    text = number(value, lang, digits=digits_of(criterion))
    return f"{text} {translate(criterion.unit, lang)}" if criterion.unit not in ("", "ratio") else text


def told_value(criterion: Criterion, plot: Mapping[str, Any], lang: Language) -> str:
    """Return the value of a criterion on a plot as people read it, where another quantity was rated that one."""
    instead = criterion.instead
    if instead is not None and plot.get(instead.id) is not None:
        return f"{number(plot[instead.id], lang)} {translate(instead.unit, lang)}"
    value, month = plot.get(criterion.id), plot.get("water_month")
    if criterion is WATER_ADEQUACY and value is not None and value < 1.0 and month is not None:
        return _short_water(value, int(month), plot.get("water_short_from"), lang)
    return measured_text(criterion, plot.get(criterion.id), lang)


def _short_water(value: float, month: int, first: int | None, lang: Language) -> str:
    """Say from which month on water is short, and how much there is in the worst one; no first is kept of old runs."""
    said = PARTS_IN_MONTH if first is None else SHORT_FROM_WORST if first == month else SHORT_FROM
    names = {
        "month": translate(MONTH_NAMES[month - 1], lang),
        "first": translate(MONTH_NAMES[(first or month) - 1], lang),
    }
    return translate(said, lang).format(parts=parts_of_100(value, lang), **names)


def parts_of_100(share: float, lang: Language) -> str:
    """Return a share as parts of 100; cut, not rounded: 0.999 is not all of it."""
    return number(int(100.0 * share + 1e-4), lang)


def is_told(criterion: Criterion, plot: Mapping[str, Any]) -> bool:
    """Return whether a plot has a value of a criterion, or of the quantity rated instead."""
    return any(
        plot.get(name) is not None for name in (criterion.id, criterion.instead and criterion.instead.id) if name
    )


def in_sentence(text: str) -> str:
    """Return a heading as it stands inside a sentence: its first letter small, unless a short form begins it."""
    return text if text[1:2].isupper() else text[:1].lower() + text[1:]


def month_names(months: str, lang: Language) -> str:
    """Return months as recorded, such as ``3-7`` or ``11-2, 5``, by name; unchanged where they are no numbers."""
    parts = [part.strip().split("-") for part in months.split(",")]
    if not all(number.strip().isdigit() and 1 <= int(number) <= 12 for part in parts for number in part):
        return months
    return ", ".join("–".join(translate(MONTH_NAMES[int(end) - 1], lang) for end in part) for part in parts)


def digits_of(criterion: Criterion) -> int:
    """Return how many decimals its values are shown with: enough to tell its knots apart, no more."""
    table = criterion.memberships[0]
    knots = table.surveyed if isinstance(table, Probability) else table
    if not isinstance(knots, Knots):
        return 0
    largest = max(abs(value) for value in knots.values)
    return 2 if largest < 3 else 1 if largest < 30 else 0
