"""What changed between two results of one place, in words: from which class to which, and by which cause."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from api.content.standing import first_question
from api.content.value_text import in_sentence
from api.language.translate import Language, translate
from api.language.wording import CLASS_WORDS
from api.maps.legend import CRITERIA_BY_ID, Entry
from geo.contract.classes import CLASSES, MINES, NE
from layers.catalogue.hazards import Exclusion
from layers.catalogue.land import SHOWN_STYLES
from layers.features.comparison import Move

BETTER: Final = "better"
WORSE: Final = "worse"
SETTLED: Final = "now settled"
UNSETTLED: Final = "no longer settled"
OPEN: Final = "not settled in either"
NOTHING: Final = "nothing that is known"
MESSAGES: Final = (BETTER, WORSE, SETTLED, UNSETTLED, OPEN, NOTHING)
ORDER: Final = tuple(SHOWN_STYLES)  # classes, best first, then outlooks of land that is not settled


@dataclass(frozen=True, slots=True)
class Change:
    """Plots that changed alike. way : better, worse, or neither where one of the two is not settled or evaluated."""

    before: Entry
    after: Entry
    way: str
    cause: str
    plots: int
    area_ha: float


@dataclass(frozen=True, slots=True)
class Changes:
    """What changed, the most land first; plots and hectares of all that both results judged, and of what changed."""

    told: tuple[Change, ...]
    plots: int
    area_ha: float
    changed: int
    changed_ha: float


def tell_changes(moves: Iterable[Move], lang: Language) -> Changes:
    """Return what changed in ``lang``."""
    every = list(moves)
    changed = [move for move in every if move.before != move.after]
    told = sorted((_told(move, lang) for move in changed), key=lambda change: (-change.area_ha, change.cause))
    return Changes(
        tuple(told),
        sum(move.plots for move in every),
        sum(move.area_ha for move in every),
        sum(move.plots for move in changed),
        sum(move.area_ha for move in changed),
    )


def _told(move: Move, lang: Language) -> Change:
    return Change(
        _entry(move.before, lang),
        _entry(move.after, lang),
        translate(_way(move), lang),
        translate(NOTHING, lang) if move.cause is None else _cause(move.cause, lang),
        move.plots,
        move.area_ha,
    )


def _entry(state: str, lang: Language) -> Entry:
    look = SHOWN_STYLES[state]
    words = translate(CLASS_WORDS.get(state, look.label), lang)
    return Entry(state, look.colour, words, look.hatched, look.ground)


def _way(move: Move) -> str:
    judged = CLASSES[:NE]
    if move.before not in judged:
        return SETTLED if move.after in judged else OPEN
    if move.after not in judged:
        return UNSETTLED
    return BETTER if judged.index(move.after) < judged.index(move.before) else WORSE


def _cause(cause: str, lang: Language) -> str:
    """What the lesser class comes from: a criterion, a kind of shut land, or what was to be asked first."""
    if cause == MINES or cause in CRITERIA_BY_ID:
        return in_sentence(first_question(cause, lang))
    return in_sentence(translate(Exclusion.card.legend[cause].label, lang))
