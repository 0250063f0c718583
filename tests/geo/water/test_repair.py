"""Repair of canals against the table of domain reference 6.4, typed a second time, and by its properties."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from geo.water.repair import CONVEYING, canal_gain, conveyed, reach_gain
from tests.published import published

# Condition of a whole canal -> factor on its conveyance.
PUBLISHED = {int(row["condition"]): float(row["share_conveyed"]) for row in published("canal_condition.csv")}


@pytest.mark.parametrize(("state", "factor"), PUBLISHED.items())
def test_a_whole_canal_gains_the_factor_of_its_class(state: int, factor: float) -> None:
    assert reach_gain(np.array([float(state)]), np.ones(1))[0] == pytest.approx(1.0 / factor)


def test_half_a_canal_in_class_4_conveys_seven_tenths() -> None:
    # .5 ** .5 = .7071 of the water arrives, so its repair brings 1 / .7071 of what comes now, not twice as much.
    assert 1.0 / reach_gain(np.array([4.0]), np.array([0.5]))[0] == pytest.approx(0.7071, abs=5e-5)


@pytest.mark.parametrize(("state", "share"), [(5.0, 1.0), (np.nan, 1.0), (4.0, np.nan), (1.0, 1.0)])
def test_nothing_is_gained_where_nothing_is_known_or_nothing_runs(state: float, share: float) -> None:
    assert reach_gain(np.array([state]), np.array([share]))[0] == 1.0


def test_repair_to_a_worse_class_takes_nothing_away() -> None:
    np.testing.assert_allclose(reach_gain(np.array([1.0, 4.0]), np.ones(2), 3), [1.0, 0.75 / 0.5])


@given(st.lists(st.tuples(st.sampled_from([1.0, 2.0, 3.0, 4.0, 5.0, np.nan]), st.floats(1, 5_000)), min_size=1))
def test_cutting_a_reach_in_two_changes_nothing_and_no_reach_gains_more_than_its_canal(
    reaches: list[tuple[float, float]],
) -> None:
    condition, length_m = (np.array(column) for column in zip(*reaches, strict=True))
    canal = np.zeros(len(reaches), dtype=np.int64)
    share = length_m / length_m.sum()
    whole = canal_gain(canal, condition, share)
    cut = canal_gain(np.repeat(canal, 2), np.repeat(condition, 2), np.repeat(share / 2, 2))
    np.testing.assert_allclose(cut[0], whole[0])
    assert (reach_gain(condition, share) <= whole * (1 + 1e-12)).all()


def test_a_condition_lets_through_its_share() -> None:
    """Domain reference 6.4: 1, .90, .75, .50 and nothing; what is not known stays unknown."""
    found = conveyed(np.array([1.0, 2.0, 3.0, 4.0, 5.0, np.nan]))
    np.testing.assert_array_equal(found, [*PUBLISHED.values(), 0.0, np.nan])
    assert tuple(PUBLISHED) == CONVEYING
