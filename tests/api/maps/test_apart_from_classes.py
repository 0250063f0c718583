"""Colours of what lies over plots cannot be taken for a class of land, by readers of full and of deutan vision."""

from __future__ import annotations

from itertools import combinations
from typing import Final

import numpy as np
import pytest
from numpy.typing import NDArray
from skimage.color import deltaE_ciede2000, rgb2lab

from layers.catalogue import BY_NAME

CLASSES: Final = {"S1": "#00695c", "S2": "#4fb3a5", "S3": "#f3e58f", "N1": "#d98f35", "N2": "#6f3a05"}
APART: Final = 10.0  # CIEDE2000; two colours so far apart are told apart at a glance, side by side or not
# Deuteranopia, of linear RGB: Machado, Oliveira and Fernandes (2009), IEEE TVCG 15, pp. 1291-1298, severity 1.
DEUTAN: Final = np.array(
    [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.011820, 0.042940, 0.968881]]
)
OVER_PLOTS: Final = (
    "canals",
    "hazard_zones",
    "exclusions",
    "glaciers",
    "lakes",
    "rivers",
    "reach_balance",
    "area_balance",
)


def seen(colour: str, *, deutan: bool) -> NDArray[np.float64]:
    """CIELAB of a colour as it is seen."""
    rgb = np.array([int(colour[at : at + 2], 16) for at in (1, 3, 5)]) / 255.0
    if deutan:
        linear = np.where(rgb <= 0.04045, rgb / 12.92, ((rgb + 0.055) / 1.055) ** 2.4)
        linear = np.clip(DEUTAN @ linear, 0.0, 1.0)
        rgb = np.where(linear <= 0.0031308, linear * 12.92, 1.055 * linear ** (1 / 2.4) - 0.055)
    return np.asarray(rgb2lab(rgb.reshape(1, 1, 3)).ravel())


def difference(one: str, other: str) -> float:
    """How far apart two colours are for whichever reader sees less."""
    return min(float(deltaE_ciede2000(seen(one, deutan=way), seen(other, deutan=way))) for way in (False, True))


def test_the_measure_agrees_with_published_pairs() -> None:
    """Pairs 1 and 17 of Sharma, Wu and Dalal (2005), Color Research and Application 30, pp. 21-30."""
    first = np.array([50.0, 2.6772, -79.7751]), np.array([50.0, 0.0, -82.7485])
    other = np.array([50.0, 2.5, 0.0]), np.array([73.0, 25.0, -18.0])
    assert deltaE_ciede2000(*first) == pytest.approx(2.0425, abs=5e-5)
    assert deltaE_ciede2000(*other) == pytest.approx(27.1492, abs=5e-5)
    grey = seen("#808080", deutan=True)  # a grey stays a grey
    assert np.abs(grey[1:]).max() < 0.5


@pytest.mark.parametrize("name", OVER_PLOTS)
def test_no_colour_of_a_layer_is_that_of_a_class(name: str) -> None:
    """What is hatched has a second sign, and stands for what is not known."""
    near = {
        (key, style.colour, shown): round(difference(style.colour, colour), 1)
        for key, style in BY_NAME[name].card.legend.items()
        for shown, colour in CLASSES.items()
        if not style.hatched and difference(style.colour, colour) < APART
    }
    assert near == {}


@pytest.mark.parametrize("name", ["canals", "reach_balance", "hazard_zones"])
def test_steps_of_a_scale_are_told_apart(name: str) -> None:
    colours = [style.colour for style in BY_NAME[name].card.legend.values() if not style.hatched]
    assert min(difference(one, other) for one, other in combinations(colours, 2)) > APART
