"""Greenness from above, by hand: offsets of baselines, what hides the ground, what an index tells and what not."""

from __future__ import annotations

import numpy as np
import pytest

from geo.terrain.greenness import ndvi, offset_of, seen, told


def index(red: float, infrared: float, scene_class: float = 4.0, offset: float = 0.0) -> float:
    cells = [np.array([[value]], dtype=np.float32) for value in (red, infrared, scene_class)]
    return float(ndvi(cells[0], cells[1], cells[2], offset)[0, 0])


@pytest.mark.parametrize(("baseline", "offset"), [(2.14, 0.0), (3.01, 0.0), (4.0, -1000.0), (5.11, -1000.0)])
def test_numbers_hold_an_offset_from_baseline_4_on(baseline: float, offset: float) -> None:
    """ESA: since 25 January 2022 (processing baseline 04.00) BOA_ADD_OFFSET is -1000 in every band."""
    assert offset_of(baseline) == offset


def test_the_same_ground_has_the_same_index_by_either_baseline() -> None:
    # Reflectance .05 and .20: (.20 - .05) / (.20 + .05) = .6; without the offset it would read .333.
    assert index(500, 2_000) == pytest.approx(0.6)
    assert index(1_500, 3_000, offset=-1_000) == pytest.approx(0.6)
    assert index(1_500, 3_000) == pytest.approx(1 / 3)
    assert index(0.05, 0.20) == pytest.approx(0.6)
    assert index(900, 3_000, offset=-1_000) == 1.0  # below 0 by noise counts as 0


@pytest.mark.parametrize("scene_class", [0, 1, 2, 3, 6, 7, 8, 9, 10, 11, float("nan")])
def test_cloud_shadow_snow_water_and_what_is_not_classed_hide_the_ground(scene_class: float) -> None:
    assert np.isnan(index(500, 2_000, scene_class))


def test_a_band_that_is_unknown_makes_the_index_unknown() -> None:
    assert np.isnan(index(float("nan"), 2_000))
    assert np.isnan(index(500, float("nan")))
    assert np.isnan(index(0, 0))


def test_bare_ground_and_covered_ground_are_told_and_nothing_between() -> None:
    """Limits of bare and of covered ground: Sobrino and Raissouni 2000, .2 and .5."""
    found = seen(np.array([-0.3, 0.0, 0.1999, 0.2, 0.4999, 0.5, 0.9, np.nan]))
    assert found.tolist() == [*["not_green"] * 3, *["between"] * 2, *["green"] * 2, "unknown"]


def test_too_little_seen_tells_nothing() -> None:
    median = np.full(5, 0.1)
    share, cells = np.array([0.49, 0.5, 1.0, 1.0, 0.0]), np.array([80.0, 4.0, 3.9, 100.0, 0.0])
    assert np.isnan(told(median, share, cells)).tolist() == [True, False, True, False, True]
