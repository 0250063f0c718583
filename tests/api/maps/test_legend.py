"""Legends: every colour can be told from its neighbours, by readers with any kind of colour vision."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import combinations, pairwise

import numpy as np
import pytest
from numpy.typing import NDArray

from api.language.translate import LANGUAGES
from api.maps.colouring import CONFIDENCE_STYLES, colourings
from api.maps.maplibre_style import plot_layers
from layers.catalogue import BY_NAME
from layers.catalogue.base import Style
from layers.catalogue.land import CLASS_STYLES
from layers.tiles.plot_tiles import PLOT_ATTRIBUTES

# Linear RGB as seen without one kind of cone: Machado, Oliveira and Fernandes 2009, IEEE TVCG 15(6), severity 1.0.
VISION = {
    "full": np.eye(3),
    "without red cones": np.array(
        [[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216], [-0.003882, -0.048116, 1.051998]]
    ),
    "without green cones": np.array(
        [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.011820, 0.042940, 0.968881]]
    ),
    "without blue cones": np.array(
        [[1.255528, -0.076749, -0.178779], [-0.078411, 0.930809, 0.147602], [0.004733, 0.691367, 0.303900]]
    ),
}
TO_XYZ = np.array(
    [[0.4124564, 0.3575761, 0.1804375], [0.2126729, 0.7151522, 0.0721750], [0.0193339, 0.1191920, 0.9503041]]
)
WHITE = np.array([0.95047, 1.0, 1.08883])  # D65
TOLD_APART = 15.0  # CIE 1976 colour difference; 2.3 is just noticeable side by side, a map needs far more


def lab(colour: str, vision: str) -> NDArray[np.float64]:
    """CIE L*a*b* of ``#rrggbb`` as a reader with that vision sees it."""
    srgb = np.array([int(colour[k : k + 2], 16) for k in (1, 3, 5)]) / 255
    linear = np.where(srgb <= 0.04045, srgb / 12.92, ((srgb + 0.055) / 1.055) ** 2.4)
    xyz = TO_XYZ @ np.clip(VISION[vision] @ linear, 0, 1) / WHITE
    f = np.where(xyz > (6 / 29) ** 3, np.cbrt(xyz), xyz / (3 * (6 / 29) ** 2) + 4 / 29)
    return np.array([116 * f[1] - 16, 500 * (f[0] - f[1]), 200 * (f[1] - f[2])])


def least_distance(styles: Mapping[str, Style], vision: str) -> float:
    drawn = {name: lab(look.colour, vision) for name, look in styles.items() if not look.hatched}
    return min(float(np.linalg.norm(a - b)) for a, b in combinations(drawn.values(), 2))


def test_white_and_black_are_as_far_apart_as_colours_can_be() -> None:
    assert np.linalg.norm(lab("#ffffff", "full") - lab("#000000", "full")) == pytest.approx(100, abs=0.05)


@pytest.mark.parametrize("vision", VISION)
def test_classes_and_confidence_can_be_told_apart(vision: str) -> None:
    assert least_distance(CLASS_STYLES, vision) >= TOLD_APART
    assert least_distance(CONFIDENCE_STYLES, vision) >= TOLD_APART


def test_hazard_levels_can_be_told_apart_and_unknown_is_hatched() -> None:
    looks = BY_NAME["hazard_zones"].card.legend
    assert all(least_distance(looks, vision) >= TOLD_APART for vision in VISION)
    assert [name for name, look in CLASS_STYLES.items() if look.hatched] == ["NE"]


def test_shares_of_water_can_be_told_apart_in_colour_and_in_a_black_and_white_copy() -> None:
    looks = {name: look for name, look in BY_NAME["area_balance"].card.legend.items() if not look.hatched}
    assert all(least_distance(looks, vision) >= TOLD_APART for vision in VISION)
    greys = []
    for look in looks.values():
        red, green, blue = (int(look.colour[k : k + 2], 16) for k in (1, 3, 5))
        greys.append(0.299 * red + 0.587 * green + 0.114 * blue)  # ITU-R BT.601
    assert [round(a - b) >= 40 for a, b in pairwise(greys)] == [True, True, True]  # the less arrives the darker


@pytest.mark.parametrize("vision", VISION)
def test_water_seen_from_above_is_in_no_colour_of_a_class(vision: str) -> None:
    looks = BY_NAME["water_seen"].card.legend
    assert least_distance(looks, vision) >= TOLD_APART
    for seen in (look for look in looks.values() if not look.hatched):
        for judged in (look for look in CLASS_STYLES.values() if not look.hatched):
            assert (
                np.linalg.norm(lab(seen.colour, vision) - lab(judged.colour, vision)) >= 25
            )  # as classes among themselves


def test_what_is_unknown_is_never_drawn_in_a_colour_of_the_scale() -> None:
    for way in colourings("en").values():
        entries = way.legend.entries
        assert [entry.colour for entry in entries if entry.hatched], way.id
        scale = {entry.colour for entry in entries if not entry.hatched}
        assert not scale & {entry.colour for entry in entries if entry.hatched}, way.id


@pytest.mark.parametrize("way", ["class", "score", "confidence", "slope_pct"])
def test_mines_are_marked_over_whatever_plots_are_coloured_by(way: str) -> None:
    colouring = colourings("en")[way]
    parts = {part["id"]: part for part in plot_layers(colouring)}
    order = list(parts)
    for name in ("plots-mines", "plots-mines-line"):
        assert order.index(name) > max(order.index("plots-fill"), order.index("plots-hatch"))
        single, (operation, value, (_, kinds)) = parts[name]["filter"][1:]
        assert single == ["!", ["has", "plots"]]
        assert (operation, value) == ("in", ["to-string", ["get", "shut_by"]])
        assert set(kinds) == {"mine_confirmed", "mine_suspected"}
    assert parts["plots-mines"]["paint"]["fill-pattern"] == "hatch-c8102e"
    assert "shut_by" in PLOT_ATTRIBUTES  # tiles carry it, whatever else is asked for
    marks = {lang: colouring.legend.as_json(lang)["marks"] for lang in LANGUAGES}
    assert [mark["label"] for mark in marks["en"]] == ["Mines confirmed or suspected: do not enter"]
    assert len({str(found) for found in marks.values()}) == len(LANGUAGES)
    assert all(mark["hatched"] and mark["colour"] == "#c8102e" for found in marks.values() for mark in found)


def test_land_that_is_not_settled_is_hatched_over_the_tone_of_its_outlook_and_never_in_the_colour_of_a_class() -> None:
    tones = {"likely": "#4fb3a5", "open": "#f3e58f", "unlikely": "#d98f35"}  # as S2, S3 and N1 are drawn
    colouring = colourings("en")["class"]
    entries = {entry.value: entry for entry in colouring.legend.entries}
    assert list(entries) == ["S1", "S2", "S3", "N1", "N2", "likely", "open", "unlikely", "NE"]
    assert {name: entries[name].ground for name in tones} == tones
    assert all(entries[name].hatched for name in tones)
    assert colouring.known == [
        "all",
        ["in", ["to-string", ["get", "class"]], ["literal", ["S1", "S2", "S3", "N1", "N2"]]],
        ["!", ["has", "outlook"]],
    ]
    assert isinstance(colouring.hatch, list)
    condition, evaluated, unsettled = colouring.hatch[1:]
    assert (condition, evaluated) == (["==", ["get", "class"], "NE"], "hatch-9aa0a6")
    patterns = dict(zip(unsettled[2:-1:2], unsettled[3:-1:2], strict=True))
    assert {name: patterns[name] for name in tones} == {
        name: f"hatch-3c4043-{tone[1:]}" for name, tone in tones.items()
    }
    assert {"class", "outlook"} <= set(PLOT_ATTRIBUTES)
    for lang in LANGUAGES:
        told = {entry["value"]: entry for entry in colouring.legend.as_json(lang)["classes"]}
        assert len({told[name]["label"] for name in tones}) == len(tones)
        assert "ground" not in told["S1"]
