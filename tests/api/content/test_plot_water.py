"""Water of a plot in words, in every state and language; figures are chosen, sentences typed a second time."""

from __future__ import annotations

import re
from typing import Any

import pytest

from api.content.plot_water import tell_water
from api.language.translate import LANGUAGES, Language

DRY = {4: 1.0, 5: 0.9, 6: 0.54, 7: 0.5, 8: None}
PLOT: dict[str, Any] = {
    "plot_id": "p",
    "run": 1,
    "water_adequacy": 0.54,
    "water_month": 6,
    "water_short_from": 5,
    "water_basis": "balance",
    "water_computed": None,
    "second_crop_water": 0.5,
}


def found(**changed: Any) -> dict[str, Any]:
    """An area that needs water from April to August, of which August is not known."""
    months = [
        {"month": month, "needed": month in DRY, "ratio": DRY.get(month), "ratio_best": DRY.get(month)}
        for month in range(1, 13)
    ]
    area = {"area": "K1-03", "canal": "K1", "balance": 4, "year": "dry", "rule": "proportional", "synthetic": False}
    state = {"ratio": 0.5, "ratio_best": 0.5, "worst_month": 7, "months": months, "why_unknown": None}
    rest = {"newer": False, "short": None, "repair": None}
    return {**area, **state, **rest, **changed}


def short(**changed: Any) -> dict[str, Any]:
    return {"month": 6, "at": None, "reach": None, "most": None, "full": False, "further": None, **changed}


def told(lang: Language = "en", plot: dict[str, Any] | None = None, **changed: Any) -> list[str]:
    water = tell_water(found(**changed), PLOT if plot is None else plot, lang)
    assert water is not None
    return list(water.sentences)


def test_the_worst_month_its_parts_and_the_months_that_are_short_are_named() -> None:
    assert told()[:4] == [
        "Computed by the water balance: short from May: 54 of 100 parts of the water needed in the worst month, June.",
        "Its command area K1-03 gets 50 of 100 parts of the water it needs in its worst month, July of a dry year.",
        "Less than it needs arrives in: May, June, July.",
        "Not known for: August.",
    ]


BOTH = {"water_basis": "surveyed", "water_computed": 0.379}
STATES: dict[str, tuple[dict[str, Any], str, str | None]] = {
    "both": (BOTH, "Surveyed:", "finds 37 of 100 parts"),
    "only on record": ({"water_basis": "loaded"}, "As given in the file:", "finds no ratio beside it"),
    "only computed": ({}, "Computed by the water balance:", None),
    "neither": ({"water_adequacy": None, "water_basis": None}, "is not known", None),
}


@pytest.mark.parametrize("state", STATES)
def test_what_is_on_record_stands_and_what_is_computed_is_said_beside_it(state: str) -> None:
    changed, first, beside = STATES[state]
    sentences = told(plot={**PLOT, **changed})
    assert first in sentences[0]
    others = [text for text in sentences[1:] if "The water balance finds" in text]
    assert len(others) == (beside is not None)
    assert all(str(beside) in text for text in others)


def test_a_run_that_kept_nothing_of_it_and_a_plot_without_a_run_say_nothing_of_how_it_was_obtained() -> None:
    for plot in ({**PLOT, "water_basis": None}, {"plot_id": "p", "run": None}):
        assert told(plot=plot)[0].startswith("Its command area")


@pytest.mark.parametrize(
    ("where", "said"),
    [
        (
            {"at": "reach", "reach": "R2", "most": 0.5, "full": True},
            "Why: canal reach R2 can carry no more. No land beyond it gets more than 50 of 100 parts in June.",
        ),
        (
            {"at": "reach", "reach": "R2", "most": 0.5},
            "Why: beyond canal reach R2 no land gets more than 50 of 100 parts in June; other land of its intake gets",
        ),
        (
            {"at": "head", "reach": "R1", "most": 0.5, "full": True},
            "the first canal reach, R1, can carry no more. No land beyond it gets more than 50 of 100 parts in June.",
        ),
        (
            {"at": "head", "reach": "R1", "most": 0.4666},
            "too little comes in at the head, canal reach R1. No land of its intake gets more than 46 of 100 parts in",
        ),
        (
            {"at": "head", "reach": "R1", "most": 0.8, "further": {"reach": "R4", "most": 0.3}},
            "On the way it grows less still, most at canal reach R4: no land beyond it gets more than 30 of 100 parts.",
        ),
        ({}, "Where on the way the water runs short is not known."),
    ],
)
def test_the_reason_names_the_reach(where: dict[str, Any], said: str) -> None:
    assert [text for text in told(short=short(**where)) if said in text]


@pytest.mark.parametrize(
    ("summer", "said"),
    [(0.5, "A second crop has water: July to September get 50"), (0.499, "too little water: July to September get 49")],
)
def test_a_second_crop_needs_half_of_its_water(summer: float, said: str) -> None:
    assert [text for text in told(plot={**PLOT, "second_crop_water": summer}) if said in text]
    unknown = told(plot={**PLOT, "second_crop_water": None})
    assert "Whether a second crop has water is not known." in unknown


@pytest.mark.parametrize(
    ("gain", "known", "ratio", "said"),
    [
        (1.2, True, 0.54, "condition the plot would get 64 of 100 parts in its worst month."),  # .648
        (1.2, False, 0.54, "it may be more."),
        (2.0, True, 0.54, "the plot would get all the water it needs"),  # 1.08
        (1.0, True, 0.54, "repair would bring no more water."),
        (1.0, False, 0.54, "What repair of canal K1 would bring is not known"),
    ],
)
def test_what_a_repair_brings(gain: float, known: bool, ratio: float, said: str) -> None:
    repair = {"canal": "K1", "reach": "R1", "gain": gain, "known": known}
    assert [text for text in told(plot={**PLOT, "water_adequacy": ratio}, repair=repair) if said in text]


@pytest.mark.parametrize("ratio", [None, 1.0, 1.2])
def test_no_repair_is_promised_to_a_plot_that_has_enough_or_of_which_nothing_is_known(ratio: float | None) -> None:
    repair = {"canal": "K1", "reach": "R1", "gain": 1.5, "known": True}
    sentences = told(plot={**PLOT, "water_adequacy": ratio}, repair=repair)
    assert not [text for text in sentences if "good condition" in text]


REASONS = {
    "no balance": "No water balance of a dry year is published",
    "no way": "no intake leads there",
    "need": "what grows there or its climate",
    "supply": "the flow of its intake or its canals",
}


@pytest.mark.parametrize("why", REASONS)
def test_what_is_not_known_is_said_with_its_reason_and_never_as_a_figure(why: str) -> None:
    months = [] if why == "no balance" else found()["months"]
    sentences = told(ratio=None, ratio_best=None, worst_month=None, why_unknown=why, months=months)
    assert [text for text in sentences if REASONS[why] in text]
    assert not [text for text in sentences if "worst month, July" in text]


def test_months_are_drawn_as_they_are_known() -> None:
    water = tell_water(found(), PLOT, "en")
    assert water is not None
    by_month = [(told.share, told.idle) for _, told, _ in water.months]
    assert by_month[3:8] == [(1.0, False), (0.9, False), (0.54, False), (0.5, False), (None, False)]
    assert by_month[0] == (None, True)
    assert [name for name, _, worst in water.months if worst] == ["July"]
    enough = tell_water(found(ratio=1.0), PLOT, "en")
    assert enough is not None
    assert not any(worst for *_, worst in enough.months)  # no month is worse where all of it arrives
    assert water.marked == "Computed from estimated deliveries."


def test_shut_land_and_land_without_a_command_area_have_no_water_to_tell() -> None:
    assert tell_water(None, PLOT, "en") is None


@pytest.mark.parametrize("lang", LANGUAGES)
def test_every_sentence_stands_in_every_language(lang: Language) -> None:
    repair = {"canal": "К1", "reach": "Р1", "gain": 1.2, "known": False}
    where: list[dict[str, Any]] = [
        {"at": "reach", "reach": "Р2", "most": 0.5, "full": True},
        {"at": "reach", "reach": "Р2", "most": 0.5, "further": {"reach": "Р3", "most": 0.2}},
        {"at": "head", "reach": "Р1", "most": 0.5, "full": True},
        {"at": "head", "reach": "Р1", "most": 0.4},
        {},
    ]
    area: dict[str, Any] = {"area": "К1-03", "newer": True}
    sentences = [text for one in where for text in told(lang, short=short(**one), repair=repair, **area)]
    for changed, *_ in STATES.values():
        sentences += told(lang, plot={**PLOT, **changed}, **area)
    for why in REASONS:
        sentences += told(lang, ratio=None, worst_month=None, why_unknown=why, **area)
    for gain, known in ((1.0, True), (1.0, False), (3.0, True)):
        sentences += told(lang, repair={**repair, "gain": gain, "known": known}, **area)
    for summer in (None, 0.1):
        sentences += told(lang, plot={**PLOT, "second_crop_water": summer}, **area)
    sentences += told(lang, ratio=1.0, **area)
    assert not [text for text in sentences if re.search(r"[{}]|None|nan\b", text)]
    if lang != "en":
        assert not [text for text in sentences if re.search(r"[A-Za-z]", text)]
