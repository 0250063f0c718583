"""What stands behind the classes of a place, in words: land not settled, shut by rule, unfit by nature, asked first."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from api.language.translate import Language, number, translate
from api.maps.legend import CRITERIA_BY_ID
from geo.contract.classes import MINES
from geo.contract.shut_land import INUNDATION, RELEASABLE
from layers.catalogue.hazards import Exclusion
from layers.features.standing import Standing, Tally

NOT_SETTLED: Final = "Not settled: the class may be one of three or more"
SHUT_BY_RULE: Final = "Shut by rule"
UNFIT_BY_NATURE: Final = "Unfit by nature"
ASKED_FIRST: Final = "What to ask first"
MAY_BE_RELEASED: Final = "may be released once it is cleared"
FILLS_IN: Final = "the reservoir fills in {year}; until then the land is farmed"
FILLS_SOME_YEAR: Final = "in which year the reservoir fills is not on record; until then the land is farmed"
ASK_OF_MINES: Final = "Mines: the mine action centre"

MESSAGES: Final = (
    *(NOT_SETTLED, SHUT_BY_RULE, UNFIT_BY_NATURE, ASKED_FIRST),
    *(MAY_BE_RELEASED, FILLS_IN, FILLS_SOME_YEAR, ASK_OF_MINES),
)


@dataclass(frozen=True, slots=True)
class Line:
    """Plots of one kind; words and note in the reader's language."""

    words: str
    plots: int
    area_ha: float
    note: str = ""


@dataclass(frozen=True, slots=True)
class StandingTold:
    """Figures of one place beside its classes: shut by rule, the kind with the most land first; asked first alike."""

    not_settled: Line
    shut: tuple[Line, ...]
    unfit: Line
    asked: tuple[Line, ...]


def tell_standing(standing: Standing, lang: Language) -> StandingTold:
    """Return the figures of a place in ``lang``."""
    asked = [_line(first_question(name, lang), tally) for name, tally in standing.ask_first.items()]
    return StandingTold(
        not_settled=_line(translate(NOT_SETTLED, lang), standing.not_settled),
        shut=tuple(sorted(_shut(standing, lang), key=_most_land)),
        unfit=_line(translate(UNFIT_BY_NATURE, lang), standing.unfit),
        asked=tuple(sorted(asked, key=_most_land)),
    )


def first_question(name: str, lang: Language) -> str:
    """Return in ``lang`` what to ask about first: the title of a criterion, or whether mines were looked for."""
    return translate(ASK_OF_MINES if name == MINES else CRITERIA_BY_ID[name].title, lang)


def facts(standing: Standing, lang: Language) -> Iterator[tuple[str, str]]:
    """Yield the same as pairs of a heading and a text, for a file; nothing is said of what there is none of."""
    told = tell_standing(standing, lang)
    if told.not_settled.plots:
        yield told.not_settled.words, _amount(told.not_settled, lang)
    for line in told.shut:
        yield translate(SHUT_BY_RULE, lang), f"{line.words}: {_amount(line, lang)}"
    yield told.unfit.words, _amount(told.unfit, lang)
    for line in told.asked:
        yield translate(ASKED_FIRST, lang), f"{line.words}: {_amount(line, lang)}"


def _shut(standing: Standing, lang: Language) -> Iterator[Line]:
    for kind, tally in standing.shut.items():
        words = translate(Exclusion.card.legend[kind].label, lang)
        if kind != INUNDATION:
            yield _line(words, tally, translate(MAY_BE_RELEASED, lang) if kind in RELEASABLE else "")
            continue
        for year, taken in standing.years():
            yield _line(words, taken, translate(FILLS_SOME_YEAR if year is None else FILLS_IN, lang).format(year=year))


def _line(words: str, tally: Tally, note: str = "") -> Line:
    return Line(words, tally.plots, tally.area_ha, note)


def _most_land(line: Line) -> tuple[float, str]:
    return -line.area_ha, line.words


def _amount(line: Line, lang: Language) -> str:
    hectares = f"{number(line.area_ha, lang, digits=2)} {translate('ha', lang)}"
    plots = translate("plots: {count}", lang).format(count=number(line.plots, lang))
    return f"{hectares} ({plots})" + (f"; {line.note}" if line.note else "")
