"""Squares of the far view carry the class of their plots: they are never taken for anything else."""

from __future__ import annotations

from typing import Any

import pytest

from api.maps.colouring import colourings
from api.maps.maplibre_style import plot_layers

OTHERS = [way for way in colourings("en") if way != "class"]


def painted(way: str, part: str) -> Any:
    layers = {layer["id"]: layer["paint"] for layer in plot_layers(colourings("en")[way])}
    return layers[part]


def test_beside_classes_squares_have_the_colour_of_the_class_of_their_plots() -> None:
    assert painted("class", "plots-cells-fill")["fill-color"][:2] == ["match", ["to-string", ["get", "class"]]]
    assert colourings("en")["class"].as_paint()["squaresByClass"]


@pytest.mark.parametrize("way", OTHERS)
def test_beside_any_other_key_squares_are_plain_in_a_tone_that_no_key_has(way: str) -> None:
    fill = painted(way, "plots-cells-fill")["fill-color"]
    assert isinstance(fill, str)
    assert fill not in str(painted(way, "plots-fill")["fill-color"])
    assert fill not in {entry.colour for entry in colourings("en")[way].legend.entries}
    assert isinstance(painted(way, "plots-cells-hatch")["fill-pattern"], str)
    paint = colourings("en")[way].as_paint()
    assert (paint["squares"]["colour"], paint["squaresByClass"]) == (fill, False)


def test_there_are_other_ways_to_colour_plots() -> None:
    assert {"score", "confidence", "potential_class", "water_adequacy"} <= set(OTHERS)
