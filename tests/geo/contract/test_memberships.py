"""Memberships: published points, class limits met exactly, and what must hold for every shape."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from geo.contract.criterion import Criterion
from geo.contract.memberships import Always, ByClass, Knots, Lower, Membership, Probability, Trapezoid
from geo.criteria import LAND_CRITERIA
from geo.errors import SuitabilityError

SLOPE = Knots(2.0, 5.0, 8.0, 16.0, 25.0)


def _better(criterion: Criterion, table: int) -> str:
    """Which way a table runs: one that rates frost by what it spoils runs the other way."""
    return "less" if (criterion.id, table) == ("frost_margin_d", 2) else criterion.better


ALL = [
    pytest.param(membership, _better(criterion, number), id=f"{criterion.id}-{table}")
    for criterion in LAND_CRITERIA
    for number, (table, membership) in enumerate(zip(criterion.tables, criterion.memberships, strict=True))
]


def test_published_points() -> None:
    assert SLOPE(np.array([10.0]))[0] == pytest.approx(0.4375)
    assert Knots(2.0, 4.0, 8.0, 12.0, 16.0)(np.array([5.0]))[0] == pytest.approx(0.6875)


def test_a_value_on_a_knot_has_exactly_the_level_of_the_knot_and_clamps_outside() -> None:
    assert SLOPE(np.array([2.0, 5.0, 8.0, 16.0, 25.0])).tolist() == [1.0, 0.75, 0.5, 0.25, 0.0]
    assert SLOPE(np.array([0.0, 60.0])).tolist() == [1.0, 0.0]
    assert (SLOPE.better, Knots(1.0, 0.9, 0.75, 0.5, 0.3).better) == ("less", "more")


def domain_of(membership: Membership) -> tuple[float, float]:
    knots = membership.surveyed if isinstance(membership, Probability) else membership
    if isinstance(knots, Always):
        return 0.0, 1.0
    assert isinstance(knots, Knots | Lower)
    return min(knots.values), max(knots.values)


@pytest.mark.parametrize(("membership", "better"), ALL)
def test_every_declared_membership_stays_in_0_1_runs_its_way_and_knows_nothing_of_nothing(
    membership: Membership, better: str
) -> None:
    if isinstance(membership, ByClass):
        value = np.arange(5.0)
    else:
        low, high = domain_of(membership)
        value = np.linspace(low - (high - low), high + (high - low), 3_001)
    rating = membership(value)
    assert ((rating >= 0) & (rating <= 1)).all()
    steps = np.diff(rating)
    assert (steps >= 0).all() if better == "more" else (steps <= 0).all()
    assert rating.max() == 1.0
    assert np.isnan(membership(np.array([np.nan]))).all()


@given(st.lists(st.floats(-1e6, 1e6), min_size=5, max_size=5, unique=True), st.booleans(), st.floats(-2e6, 2e6))
def test_knots_drawn_at_random_are_monotone_within_0_1(values: list[float], falling: bool, at: float) -> None:
    knots = Knots(*sorted(values, reverse=falling))
    two = knots(np.array([at, at + 1.0]))
    assert ((two >= 0) & (two <= 1)).all()
    assert two[1] <= two[0] + 1e-12 if knots.better == "less" else two[1] >= two[0] - 1e-12


@pytest.mark.parametrize("values", [(1, 1, 2, 3, 4), (1, 3, 2, 4, 5), (5, 4, 3, 3, 1), (1, 2, 3, 2, 1)])
def test_knots_that_turn_back_are_refused(values: tuple[float, ...]) -> None:
    with pytest.raises(SuitabilityError, match="knots must rise or fall strictly"):
        Knots(*values)


def test_trapezoid() -> None:
    potato = Trapezoid(7.0, 15.0, 25.0, 30.0)
    assert potato(np.array([7.0, 11.0, 15.0, 20.0, 25.0, 27.5, 30.0, 31.0])).tolist() == [0, 0.5, 1, 1, 1, 0.5, 0, 0]
    assert np.isnan(potato(np.array([np.nan]))).all()
    upright = Trapezoid(1.0, 1.0, 2.0, 2.0)
    assert upright(np.array([0.9, 1.0, 2.0, 2.1])).tolist() == [0, 1, 1, 0]
    with pytest.raises(SuitabilityError, match="must not fall"):
        Trapezoid(1.0, 3.0, 2.0, 4.0)


def test_a_class_the_table_does_not_have_is_refused() -> None:
    with pytest.raises(SuitabilityError, match=r"class 7 is not in the table \[0, 1\]"):
        ByClass({0: 1.0, 1: 0.5})(np.array([0.0, 7.0]))


def test_an_uncertain_level_gives_a_probability_and_a_surveyed_one_its_knots() -> None:
    gravity = Probability(Knots(1.0, 0.5, 0.2, 0.0, -0.5))
    head, sigma = np.array([0.0, 2.5, -2.5, 0.5, 0.5]), np.array([2.5, 2.5, 2.5, np.nan, 0.0])
    # Phi(0), Phi(1), Phi(-1) from the table of the normal distribution; then the knot of 0.5 m twice
    np.testing.assert_allclose(gravity(head, sigma), [0.5, 0.841345, 0.158655, 0.75, 0.75], atol=1e-6)
    np.testing.assert_allclose(gravity(np.array([0.5])), [0.75])
    fine = np.array([0.3, 0.15])  # levels by GNSS, 0.3 m: Phi(1) and Phi(0.5)
    np.testing.assert_allclose(gravity(fine, np.array([0.3, 0.3])), [0.841345, 0.691462], atol=1e-6)


def test_the_lower_of_two_says_where_it_falls_below_each_level() -> None:
    """Domain reference 4, E1: by the yield of potato and of wheat, and generic; depth rises the other way."""
    generic = Knots(2.0, 4.0, 8.0, 12.0, 16.0)
    potato, wheat = Knots(2.1, 3.4, 5.0, 6.7, 8.4), Knots(6.7, 8.8, 11.6, 14.5, 17.3)
    assert Lower(potato, generic).values == (2.0, 3.4, 5.0, 6.7, 8.4)
    assert Lower(generic, wheat).values == (2.0, 4.0, 8.0, 12.0, 16.0)
    assert Lower(Knots(100, 75, 50, 30, 15), Knots(90, 80, 40, 35, 10)).values == (100, 80, 50, 35, 15)
    assert Lower(potato, generic)(np.array([2.05, 3.4, 8.0])).tolist() == pytest.approx([0.99375, 0.75, 0.0588235])
