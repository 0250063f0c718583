"""What the page of water says of plans: a scenario without it and with it, and works ranked under a budget."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from api.content.water_told import ESTIMATED, Part, tell_part
from api.language.speech import Spoken
from api.language.translate import Language, number, translate
from api.language.wording import CODES
from layers.records.phrases import retold
from layers.water.scenario_text import describe_shown
from layers.water.shown_rankings import Kept
from layers.water.shown_scenarios import Shown

Found = Mapping[str, Any]

NOT_A_DECISION: Final = "A plan, not a decision."
NOT_SHOWN: Final = "The scenario {name} is not shown with this kind of year and this rule."
AIMS: Final = {
    "ha": "Land with three quarters of its need, ha",
    "m3": "Water delivered in the year, m³",
    "families": "Families on land with three quarters of its need",
}
MESSAGES: Final = (NOT_A_DECISION, NOT_SHOWN, ESTIMATED, *AIMS.values())
MOST_AREAS: Final = 40  # told of in the table; the map has all


@dataclass(frozen=True, slots=True)
class AreaMoved:
    """A command area without a scenario and with it, in its worst month that counts."""

    name: str
    canal: str
    before: Part
    after: Part
    falls: bool


@dataclass(frozen=True, slots=True)
class Plan:
    """A scenario that is shown. said : sentences. more : areas that are not in the table."""

    name: str
    title: str
    works: list[tuple[str, str]]
    said: list[str]
    areas: list[AreaMoved]
    more: int
    synthetic: bool


@dataclass(frozen=True, slots=True)
class WorkDone:
    """A work that is chosen: figures as words, and their shares of the greatest of each, 0-1."""

    rank: str
    name: str
    cost: str
    spent: str
    missed: str
    of_cost: float
    of_missed: float


@dataclass(frozen=True, slots=True)
class Ranked:
    """A ranking of works that is shown. figures : what is told, and what it is."""

    name: str
    aim: str
    year: str
    rule: str
    figures: list[tuple[str, str]]
    works: list[WorkDone]
    losing: list[str]
    synthetic: bool
    shown_at: datetime


def tell_plan(shown: Shown, lang: Language) -> Plan:
    """Return what is told of a scenario; areas that fall come first, then those that gain."""
    report, speech = shown.report, Spoken(lang)
    falling: Sequence[Found] = report["harm"]["areas"]
    fallen = {area["area"] for area in falling}
    gaining = [area for area in report["gain"]["areas"] if area["area"] not in fallen]
    rows = [*((area, True) for area in falling), *((area, False) for area in gaining)]
    return Plan(
        shown.scenario,
        shown.title or shown.scenario,
        [(work["name"], number(work["cost_usd"], lang)) for work in report["works"]],
        [retold(sentence, speech) for sentence in describe_shown(report)],
        [_moved(area, falls, lang) for area, falls in rows[:MOST_AREAS]],
        max(len(rows) - MOST_AREAS, 0),
        shown.synthetic,
    )


def _moved(area: Found, falls: bool, lang: Language) -> AreaMoved:
    before, after = (tell_part(math.nan if area[end] is None else area[end], lang) for end in ("before", "after"))
    return AreaMoved(area["name"], area["canal"] or "", before, after, falls)


def tell_ranking(kept: Kept, lang: Language) -> Ranked:
    """Return what is told of a ranking of works."""
    report = kept.report
    works: Sequence[Found] = report["works"]
    cost = max((work["cost_usd"] for work in works), default=0.0) or 1.0
    missed = max((_least(work["missed"]) for work in works), default=0.0) or 1.0
    gap, aim = report["gap"], AIMS[report["objective"]]
    figures = [
        (translate("Before", lang), _amount(report["before"], lang)),
        (translate("Gained by these works", lang), _amount(report["found"], lang)),
        (translate("Proved: no set gains more than", lang), _amount(report["bound"], lang)),
        (translate("Gap", lang), "–" if gap is None else f"{number(100 * gap, lang, digits=2)} %"),
        (translate("If all that is unknown is at its best", lang), _amount(report["gain_at_best"], lang)),
        (translate("Spent of the budget, USD", lang), f"{number(report['spent_usd'], lang)} / {_usd(report, lang)}"),
    ]
    return Ranked(
        kept.name,
        translate(aim, lang),
        translate(CODES[kept.year], lang),
        translate(CODES[kept.rule], lang),
        figures,
        [
            WorkDone(
                number(work["rank"], lang),
                work["work"],
                number(work["cost_usd"], lang),
                number(work["spent_usd"], lang),
                _amount(work["missed"], lang),
                work["cost_usd"] / cost,
                _least(work["missed"]) / missed,
            )
            for work in works
        ],
        report["losing"],
        kept.synthetic,
        kept.shown_at,
    )


def _usd(report: Found, lang: Language) -> str:
    return number(report["budget_usd"], lang)


def _amount(value: float | str, lang: Language) -> str:
    """Families are told by tens, as text already."""
    return value.replace("-", "–") if isinstance(value, str) else number(value, lang, digits=1)


def _least(value: float | str) -> float:
    """Least that an amount can be; of fewer than ten families 0."""
    if not isinstance(value, str):
        return max(value, 0.0)
    return 0.0 if value.startswith("<") else float(value.split("-", maxsplit=1)[0])
