"""Why something is not known: the same reason in run, way, services, on card and page, in three languages."""

from __future__ import annotations

import pytest

from api.content.unknown_text import tell_not_assessed, tell_reason, tell_unrecorded
from api.language.translate import LANGUAGES, translate
from geo.contract.reasons import REASONS

MISSING = {
    "slope_pct": "the grid slope has cells of 460 m; at most 40 m can be accepted",
    "salinity_ds_m": "the layer plot_surveys is not loaded",
    "walk_minutes": "the layer settlements is not loaded",
    "soil_depth_cm": "no plot surveys are loaded, and the grid slope is not loaded",
    "soil_water": "the layer plot_surveys is not loaded",
    "no_such_criterion": "the grid dem is not loaded",
}


def test_criteria_are_named_with_their_reason_those_of_one_reason_together() -> None:
    assert tell_not_assessed(MISSING, "en") == (
        "Slope: the grid Slope has cells of 460 m; at most 40 m can be accepted.",
        "Salinity ECe 0-60 cm; soil water and drainage, the worse of the two: the layer Plot surveys is not loaded.",
        "Walk from home, one way: the layer Settlements is not loaded.",
        "Effective soil depth: no plot surveys are loaded, and the grid Slope is not loaded.",
    )


@pytest.mark.parametrize("text", REASONS)
def test_every_reason_is_translated_whole(text: str) -> None:
    args = {"layer": "dem", "cell": "460", "most": "40", "reason": "no heights are known here"}
    sentence = text.format(**args)
    told = {lang: tell_reason(sentence, lang) for lang in LANGUAGES}
    assert len(set(told.values())) == len(LANGUAGES), told
    assert not any("{" in said or "dem" in said for said in told.values())


def test_what_is_not_on_record_is_named_and_mines_say_so_themselves() -> None:
    every = ("mines", "inundation", "river_bed", "water_body", "built_up", "protected", "border_strip")
    assert tell_unrecorded((), "en") == tell_unrecorded(("mines",), "en") == ""
    assert tell_unrecorded(every, "en") == (
        "Nothing at all is on record of land that is shut, which does not mean that none is."
    )
    assert tell_unrecorded(("mines", "built_up", "river_bed"), "en") == (
        "Not on record here, which does not mean that there is none: built-up; river bed."
    )
    for lang in LANGUAGES:
        assert tell_unrecorded(every, lang) == translate(tell_unrecorded(every, "en"), lang)
