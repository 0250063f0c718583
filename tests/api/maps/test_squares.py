"""Squares of the far view are never taken for what single plots could become."""

from __future__ import annotations

from typing import Any

import pytest

from api.maps.colouring import colourings
from api.maps.maplibre_style import plot_layers


def painted(way: str, part: str) -> Any:
    layers = {layer["id"]: layer["paint"] for layer in plot_layers(colourings("en")[way])}
    return layers[part]


@pytest.mark.parametrize("way", ["class", "score", "confidence", "water_adequacy"])
def test_squares_have_the_colour_of_the_class_of_their_plots(way: str) -> None:
    assert painted(way, "plots-cells-fill")["fill-color"][:2] == ["match", ["to-string", ["get", "class"]]]
    assert colourings("en")[way].as_paint()["squaresByClass"]


def test_beside_what_plots_could_become_squares_are_plain() -> None:
    fill = painted("potential_class", "plots-cells-fill")["fill-color"]
    of_plots = painted("potential_class", "plots-fill")["fill-color"]
    assert isinstance(fill, str)
    assert fill not in of_plots
    assert isinstance(painted("potential_class", "plots-cells-hatch")["fill-pattern"], str)
    paint = colourings("en")["potential_class"].as_paint()
    assert (paint["squares"]["colour"], paint["squaresByClass"]) == (fill, False)
