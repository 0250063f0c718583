"""What is said of a plot, once and the same everywhere: where it is, its class, why, the first step and whom to ask.

Card, page, print, list, files and the command line call :func:`tell_plot`; nothing is judged here. It reads only what
everybody may see of a plot, so that whoever holds a list can say the same as who holds the page.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from api.content.value_text import in_sentence, is_told, told_value
from api.language.translate import Language, local_name, name_district, translate
from api.language.wording import CLASS_WORDS, EARLIER_RULE
from api.maps.legend import CRITERIA_BY_ID
from geo.contract.classes import CLASS_LIMITS, MINES
from geo.contract.criterion import Criterion
from geo.contract.memberships import Probability
from geo.contract.shut_land import INUNDATION, NO_RECORD, OUTSIDE_RECORD, RECORD_STATES
from geo.criteria import LAND_CRITERIA
from geo.suitability.explanation import (
    CLOSED,
    CLOSED_AREA,
    IS_EXCLUDED,
    NOT_KNOWN_LIMITS,
    NOTHING_LIMITS,
    reached_limit,
)
from layers.catalogue.admin import District, Jamoat, Settlement
from layers.features.places import Gazetteer

NO_MINE_RECORD: Final = "Mines: no mined area is on record here, which does not mean safe."
NO_MINE_MAPPING: Final = "Mines: nobody has mapped them where this plot lies, which does not mean safe."
NO_SHUT_LAND_RECORD: Final = (
    "Other land that is shut: nothing is on record in this district, which does not mean that there is none."
)
NO_SHUT_LAND_MAPPING: Final = (
    "Other land that is shut: nobody has mapped it where this plot lies, which does not mean that there is none."
)
NO_EXCLUSION_RECORD: Final = "Nothing at all is on record of land that is shut, which does not mean that none is."
NO_RUN: Final = "No run has judged this plot yet, which does not mean that the land is bad."
IN_NO_DISTRICT: Final = "Not scored: the plot lies in no district, which does not mean that the land is bad."
NOT_EVALUATED: Final = "Too little is known to judge this plot, which does not mean that the land is bad."
MISSING: Final = "Not known: {criteria}."
MOST_TO_GAIN: Final = "Nothing bad is known; most could still be gained by this: {criterion} ({value})."
NOTHING_KNOWN_LIMITS: Final = "Nothing that is known holds this plot back."
NOT_SETTLED: Final = "Not settled"
SPAN: Final = "{best} to {worst}"
HELD: Final = "{words} ({code}) or better in {held} of 100 draws of weights, caution and values."
HELD_BEST: Final = "{words} ({code}) in {held} of 100 draws of weights, caution and values."
NOT_DRAWN: Final = "How sure the class is has not been drawn yet."
LIES_BETWEEN: Final = "Once more is known, the class may lie between {low} and {high}."
WHOM: Final = "Whom to ask: {whom}."

_JAMOAT: Final = "the jamoat"
_OPERATOR: Final = "whoever runs this service"
_WATER_AGENCY: Final = "the agency for land reclamation and irrigation"
_EMERGENCY: Final = "the emergency committee"
_LAND_COMMITTEE: Final = "the district's land committee"
_DISTRICT: Final = "the district authority"


@dataclass(frozen=True, slots=True)
class Step:
    """The first thing to do, and who knows; both message ids."""

    text: str
    whom: str


_NO_ENTRY: Final = Step(
    "Do not enter; ask the mine action centre. The land may be released once it is cleared.", "the mine action centre"
)
_ASK_OF_MINES: Final = Step(
    "Before anyone goes there, ask the mine action centre whether this land was checked.", "the mine action centre"
)
FILLS_IN_YEAR: Final = (
    "Plant no trees and build nothing here; the reservoir fills in {year}. Until then the land may be sown."
)
_FLOODED_GROUND: Final = Step("Sow and build nothing here; water takes this ground.", _WATER_AGENCY)
SHUT: Final[Mapping[str, Step]] = {  # by kind of area
    "mine_confirmed": _NO_ENTRY,
    "mine_suspected": _NO_ENTRY,
    INUNDATION: Step(
        "Plant no trees and build nothing here; ask in which year the water comes. Until then the land may be sown.",
        _DISTRICT,
    ),
    "river_bed": _FLOODED_GROUND,
    "water_body": _FLOODED_GROUND,
    "built_up": Step("Look for another plot; if nothing is built here, have the map corrected.", _LAND_COMMITTEE),
    "protected": Step(
        "Look for another plot; ask what use of the forest or reserve is allowed.", "the forestry agency"
    ),
    "border_strip": Step("Do not work here without leave.", _DISTRICT),
}
CLOSED_STEP: Final = Step("Look for another plot; ask why this land is closed.", _DISTRICT)
STEPS: Final[Mapping[str, Step]] = {  # by group of the criterion that holds a plot back
    "water": Step("Ask what repair or water turn would bring more water.", "the water users' association"),
    "hazard": Step("Have the place looked at before anything is built or sown.", _EMERGENCY),
    "terrain": Step("Ask whether terraces or another use suit this slope.", _LAND_COMMITTEE),
    "soil": Step("Ask what this soil can bear before anything is sown.", _WATER_AGENCY),
    "climate": Step("Choose a crop with a shorter or cooler season.", "an agronomist of the district"),
    "access": Step("Ask whether the way can be mended or a nearer plot is free.", _JAMOAT),
}
GOOD: Final = Step("Look at the land together, and ask about the right to use it before anything is sown.", _JAMOAT)
TO_BE_JUDGED: Final = Step("Ask that the plots of this district be judged.", _OPERATOR)

MESSAGES: Final = (
    *(NO_MINE_MAPPING, NO_SHUT_LAND_RECORD, NO_SHUT_LAND_MAPPING, NO_EXCLUSION_RECORD, FILLS_IN_YEAR),
    *(NOT_SETTLED, SPAN, HELD, HELD_BEST, NOT_DRAWN, IN_NO_DISTRICT),
    *(NO_MINE_RECORD, NO_RUN, NOT_EVALUATED, MISSING, MOST_TO_GAIN, NOTHING_KNOWN_LIMITS, LIES_BETWEEN, WHOM),
    *(
        part
        for step in (*SHUT.values(), _ASK_OF_MINES, CLOSED_STEP, *STEPS.values(), GOOD, TO_BE_JUDGED)
        for part in (step.text, step.whom)
    ),
)


@dataclass(frozen=True, slots=True)
class PlotTruth:
    """What is said of one plot; every text is in the reader's language.

    Attributes
    ----------
    plot_id : str
        The plot.
    where : str
        Village, jamoat and district, as far as they are recorded; empty where nothing is.
    code : str
        Class S1 to N2, or NE; of a plot that is not settled the best and the worst class it may be of.
    words : str
        The class in plain words; *not settled* where it may be one of three or more.
    settled : bool
        Whether the plot is shown by its class.
    mark : str or None
        Kind of area that shuts the plot (``mine_suspected``, ``inundation``, ...), or the criterion of the hard limit
        that does; None for a plot that is not shut.
    reason : str
        The real reason of the class: what shuts the plot, what is not known, or what holds it back most.
    missing : str
        What is not known, of a plot that is not evaluated; else empty.
    range : str
        Between which classes it lies while something is not known; empty where it is settled.
    sure : str
        In how many draws the class holds, or that it is not drawn yet; empty of land that no draw can change.
    rule : str
        That the run judged by an earlier edition of the rule; else empty.
    step : str
        The first step.
    whom : str
        Whom to ask.
    mines : str
        What is on record of mines where the plot is not shut for them: that there is no record, or no mapping; else
        empty.
    shut_land : str
        That nothing is on record of other shut land, or that no mapping holds the plot; else empty.
    """

    plot_id: str
    where: str
    code: str
    words: str
    settled: bool
    mark: str | None
    reason: str
    missing: str
    range: str
    sure: str
    rule: str
    step: str
    whom: str
    mines: str
    shut_land: str

    @property
    def mined(self) -> bool:
        """Whether mines are confirmed or suspected: the one thing that is said before all others."""
        return self.mark is not None and SHUT.get(self.mark) is _NO_ENTRY

    @property
    def alarm(self) -> str:
        """What is said before all others of land with mines, and not to enter it; empty of other land."""
        return f"{self.reason} {self.step}" if self.mined else ""

    @property
    def sentences(self) -> tuple[str, ...]:
        """The sentences after place and class, the most important first."""
        judged = (self.reason, self.missing, self.range, self.sure, self.rule)
        return tuple(text for text in (*judged, self.step, self.whom, self.mines, self.shut_land) if text)

    @property
    def text(self) -> str:
        """All of it in one paragraph."""
        head = f"{self.words} ({self.code})"
        return " ".join((f"{self.where}: {head}." if self.where else f"{head}.", *self.sentences))


def tell_plot(plot: Mapping[str, Any], places: Gazetteer, lang: Language) -> PlotTruth:
    """Return what is said of a plot from its public properties (``layers.features.plots``).

    Parameters
    ----------
    plot : mapping
        Public properties of one plot; those a run did not keep may be missing.
    places : Gazetteer
        Names of districts, jamoats and villages.
    lang : str
        Language of the reader.

    Returns
    -------
    PlotTruth
    """
    judged, shut = plot["class"], plot.get("shut_by")
    limiting = CRITERIA_BY_ID.get(plot.get("limiting") or "")
    excluded = judged == "N2" and plot.get("score") is None
    settled = is_settled(plot)
    mark = shut if excluded and shut else limiting.id if excluded and limiting else "closed" if excluded else None
    reason, missing, step = _why(plot, limiting, mark, lang)
    asked = plot.get("ask_first")
    if mark is None and asked == MINES:
        step = _ASK_OF_MINES
    elif mark is None and not settled and asked in CRITERIA_BY_ID:
        step = _measure(CRITERIA_BY_ID[asked])  # what would settle it comes before what limits the low end
    return PlotTruth(
        plot_id=str(plot["plot_id"]),
        where=_where(plot, places, lang),
        code=judged if settled else _span(plot, lang),
        words=translate(CLASS_WORDS[judged] if settled else NOT_SETTLED, lang),
        settled=settled,
        mark=mark,
        reason=reason,
        missing=missing,
        range="" if excluded else _range(plot, lang),
        sure=_sure(plot, lang) if settled else "",
        rule=translate(EARLIER_RULE, lang) if plot.get("run") is not None and plot.get("settled") is None else "",
        step=translate(step.text, lang),
        whom=translate(WHOM, lang).format(whom=translate(step.whom, lang)),
        mines="" if SHUT.get(mark or "") is _NO_ENTRY else translate(_mines(plot), lang),
        shut_land="" if mark is not None else _shut_land(plot, lang),
    )


def _mines(plot: Mapping[str, Any]) -> str:
    """What is on record of mines; a run that did not keep it knew of none."""
    return NO_MINE_MAPPING if plot.get("mines_record") == RECORD_STATES[OUTSIDE_RECORD] else NO_MINE_RECORD


def _shut_land(plot: Mapping[str, Any], lang: Language) -> str:
    """What is not on record of other shut land; nothing where it is, or where a run did not keep it."""
    record = plot.get("shut_land_record")
    if record == RECORD_STATES[NO_RECORD]:
        return translate(NO_SHUT_LAND_RECORD, lang)
    return translate(NO_SHUT_LAND_MAPPING, lang) if record == RECORD_STATES[OUTSIDE_RECORD] else ""


def is_settled(plot: Mapping[str, Any]) -> bool:
    """Return whether a plot is shown by its class: it is not evaluated, or at most two classes are possible."""
    return plot["class"] == "NE" or plot.get("settled") is not False


def _span(plot: Mapping[str, Any], lang: Language) -> str:
    """The best and the worst class of a plot that is not settled, as codes."""
    return translate(SPAN, lang).format(best=plot["class_high"], worst=plot["class_low"])


def _sure(plot: Mapping[str, Any], lang: Language) -> str:
    """In how many of 100 draws the plot is in its class or a better one; no plot is in a worse one than N2."""
    judged, held = plot["class"], plot.get("held_pct")
    if plot.get("score") is None or judged in ("NE", "N2"):
        return ""
    if held is None:
        return translate(NOT_DRAWN, lang)
    words, said = translate(CLASS_WORDS[judged], lang), HELD_BEST if judged == "S1" else HELD
    return translate(said, lang).format(words=words, code=judged, held=held)


def _why(
    plot: Mapping[str, Any], limiting: Criterion | None, mark: str | None, lang: Language
) -> tuple[str, str, Step]:
    """Return the reason, what is not known, and the first step."""
    if mark is not None:
        if limiting is not None and mark == limiting.id:
            return _excluded(reached_limit(limiting, plot), lang), "", STEPS[limiting.group]
        step = SHUT.get(mark, CLOSED_STEP)
        if mark == INUNDATION and plot.get("shut_from_year") is not None:
            step = Step(translate(FILLS_IN_YEAR, lang).format(year=plot["shut_from_year"]), step.whom)
        return _excluded(CLOSED.get(mark, CLOSED_AREA), lang), "", step
    if plot.get("run") is None:
        return translate(NO_RUN if plot.get("district") else IN_NO_DISTRICT, lang), "", TO_BE_JUDGED
    unknown = [criterion for criterion in LAND_CRITERIA if not is_told(criterion, plot)]
    if plot["class"] == "NE":
        first = CRITERIA_BY_ID.get(plot.get("ask_first") or "") or (unknown[0] if unknown else None)
        titles = "; ".join(in_sentence(translate(one.title, lang)) for one in unknown)
        missing = translate(MISSING, lang).format(criteria=titles) if titles else ""
        return translate(NOT_EVALUATED, lang), missing, TO_BE_JUDGED if first is None else _measure(first)
    if limiting is None:
        return translate(NOTHING_KNOWN_LIMITS if unknown else NOTHING_LIMITS, lang), "", GOOD
    if not is_told(limiting, plot):
        told = translate(NOT_KNOWN_LIMITS, lang).format(criterion=in_sentence(translate(limiting.title, lang)))
        return told, "", _measure(limiting)
    value = told_value(limiting, plot, lang)
    if plot.get(limiting.id) is not None and _may_be_good(limiting, plot[limiting.id]):
        told = translate(MOST_TO_GAIN, lang).format(criterion=in_sentence(translate(limiting.title, lang)), value=value)
        return told, "", GOOD if plot["class"] == "S1" else STEPS[limiting.group]
    return f"{translate(limiting.poor, lang)[:-1]} ({value}).", "", STEPS[limiting.group]


def _may_be_good(criterion: Criterion, value: float) -> bool:
    """Whether a value lies in the S1 range of any table of its criterion: then nothing bad is said of it."""
    tables = [table.surveyed if isinstance(table, Probability) else table for table in criterion.memberships]
    found = [float(table(np.array([value], dtype=np.float64))[0]) for table in tables]
    return any(membership >= CLASS_LIMITS[0] for membership in found)


def _excluded(reason: str, lang: Language) -> str:
    return translate(IS_EXCLUDED, lang).format(reason=translate(reason, lang))


def _measure(criterion: Criterion) -> Step:
    """What brings a missing value, and who can supply it."""
    step = STEPS[criterion.group]
    return step if criterion.measuring is None else Step(criterion.measuring.how, step.whom)


def _range(plot: Mapping[str, Any], lang: Language) -> str:
    low, high = plot.get("class_low"), plot.get("class_high")
    if not low or not high or low == high or plot.get("run") is None:
        return ""
    low, high = (f"{translate(CLASS_WORDS[code], lang)} ({code})" for code in (low, high))
    return translate(LIES_BETWEEN, lang).format(low=low, high=high)


def _where(plot: Mapping[str, Any], places: Gazetteer, lang: Language) -> str:
    return ", ".join(_places(plot, places, lang))


def _places(plot: Mapping[str, Any], places: Gazetteer, lang: Language) -> Iterator[str]:
    """The village, the jamoat and the district, the nearest first; a code where no name is known."""
    jamoat = translate("{name} jamoat", lang)
    parts: tuple[tuple[str, str | None, Callable[[str], str]], ...] = (
        (Settlement.__tablename__, plot.get("settlement"), str),
        (Jamoat.__tablename__, plot.get("jamoat"), lambda name: jamoat.format(name=name)),
        (District.__tablename__, plot.get("district"), lambda name: name_district(name, lang)),
    )
    for layer, code, called in parts:
        if code:
            place = places.places.get((layer, code))
            yield called(local_name(place.names, lang, otherwise=code)) if place else str(code)
