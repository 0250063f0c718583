"""Groups of plots from which no plot can be told: worlds counted by hand, and properties of any."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from geo.programme.seen_by_group import group_plots, seen_of_group

CODES = st.sampled_from([None, "a", "b", "c"])


def seen(*years: str) -> np.ndarray:
    """Plots by year from letters: g green, n not green, b between, u unknown; a text a year."""
    words = {"g": "green", "n": "not_green", "b": "between", "u": "unknown"}
    return np.array([[words[letter] for letter in year] for year in years]).T


@given(st.lists(st.tuples(CODES, CODES), max_size=80))
def test_every_group_has_ten_plots_and_no_plot_is_in_two(places: list[tuple[str | None, str | None]]) -> None:
    area = np.array([place[0] for place in places], dtype=object)
    jamoat = np.array([place[1] for place in places], dtype=object)
    in_area, in_rest = group_plots(area, jamoat)
    assert not any(one is not None and other is not None for one, other in zip(in_area, in_rest, strict=True))
    for found in (in_area, in_rest):
        assert all(count >= 10 for code, count in Counter(found.tolist()).items() if code is not None)
    large = {code for code, count in Counter(area.tolist()).items() if code is not None and count >= 10}
    assert {code for code in in_area if code is not None} == large
    assert all(code is None or code == mine for code, mine in zip(in_area, area, strict=True))
    assert all(code is None or code == mine for code, mine in zip(in_rest, jamoat, strict=True))


def test_an_area_that_is_too_small_is_told_with_the_rest_of_its_jamoat() -> None:
    area = np.array(["large"] * 10 + ["small"] * 9 + [None], dtype=object)
    in_area, in_rest = group_plots(area, np.full(20, "j", dtype=object))
    assert in_area.tolist() == ["large"] * 10 + [None] * 10
    assert in_rest.tolist() == [None] * 10 + ["j"] * 10
    assert group_plots(area[:19], np.full(19, "j", dtype=object))[1].tolist() == [None] * 19


@pytest.mark.parametrize(
    ("plots", "share_pct"),
    [
        ("g" * 10, 90.0),  # never all
        ("n" * 10, 10.0),  # never none
        ("g" * 5 + "n" * 5, 50.0),
        ("g" * 9 + "n" * 3, 80.0),  # 75 %, halves up
        ("g" * 9, np.nan),
        ("g" * 9 + "b" * 50 + "u" * 50, np.nan),  # what tells neither is not counted
        ("g" * 6 + "n" * 4 + "u" * 50, 60.0),
    ],
)
def test_shares_stand_in_steps_and_rest_on_ten_plots_that_can_be_told(plots: str, share_pct: float) -> None:
    np.testing.assert_equal(seen_of_group(seen(plots)).share_pct, [share_pct])


def test_years_that_are_not_known_are_not_counted_as_dry() -> None:
    found = seen_of_group(seen("g" * 12, "n" * 12, "u" * 12, "g" * 6 + "n" * 6))
    assert (found.known, found.green, found.mean_pct, found.level) == (3, 2, 50.0, "part")
    nothing = seen_of_group(seen("u" * 12))
    assert (nothing.known, nothing.green, nothing.level) == (0, 0, "unknown")
    assert np.isnan(nothing.mean_pct)


@given(st.lists(st.text("gnbu", min_size=14, max_size=14), min_size=1, max_size=6))
def test_one_plot_more_or_less_green_moves_a_share_by_a_step_at_most(years: list[str]) -> None:
    whole = seen(*years)
    for plot in range(3):
        other = whole.copy()
        other[plot] = np.where(np.isin(whole[plot], ["green", "not_green"]), "green", whole[plot])
        moved = seen_of_group(other).share_pct - seen_of_group(whole).share_pct
        assert np.nanmax(np.append(np.abs(moved), 0.0)) <= 10.0
