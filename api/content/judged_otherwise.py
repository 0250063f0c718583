"""Judgements that differ from the class that was computed, as people read them: by the rule that limits the plot."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from api.language.translate import Language, day, translate
from api.language.wording import CLASS_WORDS, label_of
from api.maps.legend import CRITERIA_BY_ID
from layers.catalogue.judgements import Judgement
from layers.features.disagreements import NO_RULE, Case, Disagreements

NOTHING_LIMITS: Final = "Nothing that is known limits these plots"
MESSAGES: Final = (NOTHING_LIMITS,)


@dataclass(frozen=True, slots=True)
class ToldCase:
    """One judgement that differs; texts in the reader's language."""

    plot_id: str
    computed: str
    judged: str
    why: str
    by_role: str
    judged_on: str


@dataclass(frozen=True, slots=True)
class ToldRule:
    """What limits some plots, and the judgements of them that differ."""

    rule: str
    title: str
    better: int
    worse: int
    cases: tuple[ToldCase, ...]


def tell_disagreements(found: Disagreements, lang: Language) -> tuple[ToldRule, ...]:
    """Return the rules with their cases in ``lang``, the most cases first."""
    return tuple(_told_rule(rule, cases, lang) for rule, cases in found.by_rule.items())


def _told_rule(rule: str, cases: list[Case], lang: Language) -> ToldRule:
    better = sum(case.better for case in cases)
    return ToldRule(
        rule, _title(rule, lang), better, len(cases) - better, tuple(_told_case(case, lang) for case in cases)
    )


def _title(rule: str, lang: Language) -> str:
    if rule == NO_RULE:
        return translate(NOTHING_LIMITS, lang)
    return translate(CRITERIA_BY_ID[rule].title, lang)


def _told_case(case: Case, lang: Language) -> ToldCase:
    return ToldCase(
        case.plot_id,
        _classes_in_words(case, lang),
        _class_in_words(case.judged, lang),
        translate(label_of(Judgement, "why", case.why), lang),
        translate(label_of(Judgement, "by_role", case.by_role), lang),
        day(case.judged_on, lang),
    )


def _classes_in_words(case: Case, lang: Language) -> str:
    """The classes that were held possible, the worst first."""
    ends = dict.fromkeys((case.lowest, case.highest))
    return " – ".join(_class_in_words(name, lang) for name in ends)


def _class_in_words(name: str, lang: Language) -> str:
    return f"{translate(CLASS_WORDS[name], lang)} ({name})"
