"""Reasons are read again as they were said; a text of no known form stands for itself."""

from __future__ import annotations

import pytest

from geo.contract.reasons import REASONS, Reason, read_reason

# Sentences as runs have kept them, typed from what they hold.
KEPT = {
    "the layer settlements is not loaded": ("the layer {layer} is not loaded", {"layer": "settlements"}),
    "the grid dem is not loaded": ("the grid {layer} is not loaded", {"layer": "dem"}),
    "the grid slope has cells of 460 m; at most 40 m can be accepted": (
        "the grid {layer} has cells of {cell} m; at most {most} m can be accepted",
        {"layer": "slope", "cell": "460", "most": "40"},
    ),
    "no plot surveys are loaded, and the grid soil_depth_cm is not loaded": (
        "no plot surveys are loaded, and {reason}",
        {"reason": "the grid soil_depth_cm is not loaded"},
    ),
    "neither services nor roads are loaded": ("neither services nor roads are loaded", {}),
}


@pytest.mark.parametrize("sentence", KEPT)
def test_a_kept_sentence_is_read_again(sentence: str) -> None:
    assert read_reason(sentence) == Reason(*KEPT[sentence])


def test_every_text_is_told_from_every_other() -> None:
    for text in REASONS:
        args = {name: name.upper() for name in ("layer", "cell", "most", "reason") if "{" + name + "}" in text}
        assert read_reason(text.format(**args)) == Reason(text, args)


@pytest.mark.parametrize(
    "sentence", ["", "the layer of two words is not loaded", "the layer dem is not loaded. Or is it?"]
)
def test_another_sentence_stands_for_itself(sentence: str) -> None:
    assert read_reason(sentence) == Reason(sentence, {})
