"""Draws: shares add up, no noise gives certainty, a plot's draws are its own."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from geo.combination import CLASSES, combined, weighting
from geo.criteria import LAND_CRITERIA
from geo.robustness import Noise, robustness
from geo.scheme import load_scheme
from geo.suitability import classify

SCHEME = load_scheme()
WEIGHTS = weighting(SCHEME, [criterion.id for criterion in LAND_CRITERIA])
SILENT = Noise(weights=0.0, orness=None, membership=(0.0, 0.0, 0.0, 0.0), unknown=False)


def world(n, seed, unknown=0.15):
    generator = np.random.default_rng(seed)
    memberships = generator.uniform(0, 1, (len(LAND_CRITERIA), n))
    memberships[generator.uniform(size=memberships.shape) < unknown] = np.nan
    evidence = np.where(np.isnan(memberships), -1, generator.integers(0, 4, memberships.shape)).astype(np.int8)
    return memberships, evidence


def draw(memberships, evidence, numbers=None, fixed=None, **options):
    n = memberships.shape[1]
    return robustness(
        memberships,
        evidence,
        np.zeros(n, dtype=np.int8),
        np.full(n, -1, dtype=np.int8) if fixed is None else fixed,
        np.arange(n) if numbers is None else numbers,
        WEIGHTS,
        SCHEME.orness,
        **options,
    )


@given(seed=st.integers(0, 10_000))
@settings(max_examples=20, deadline=None)
def test_without_noise_every_draw_is_the_runs_own_class(seed):
    memberships, evidence = world(40, seed)
    found = draw(memberships, evidence, draws=7, noise=SILENT)
    base = combined(memberships, WEIGHTS)
    expected = classify(base.low)
    expected = np.maximum(expected, np.maximum(classify(base.worst) - 1, 0))
    expected = np.where(base.unknown_by >= 0, np.maximum(expected, 1), expected)
    assert set(np.unique(found.shares)) <= {0.0, 1.0}
    assert (found.modal == expected).all()
    assert not found.flagged.any()


def test_shares_add_up_and_a_seed_repeats_itself():
    memberships, evidence = world(300, 3)
    first, again = (draw(memberships, evidence, draws=50, seed=9) for _ in range(2))
    assert first.shares.sum(axis=1) == pytest.approx(1.0)
    assert (first.shares == again.shares).all()
    assert (draw(memberships, evidence, draws=50, seed=10).shares != first.shares).any()


def test_the_company_and_the_order_of_plots_change_nothing():
    memberships, evidence = world(200, 5)
    whole = draw(memberships, evidence, draws=40)
    part = np.array([150, 3, 77])
    alone = draw(memberships[:, part], evidence[:, part], numbers=part, draws=40)
    assert (alone.shares == whole.shares[part]).all()


def test_excluded_plots_stay_what_they_are_and_are_never_on_top():
    memberships, evidence = world(10, 1, unknown=0.0)
    fixed = np.full(10, -1, dtype=np.int8)
    fixed[4] = CLASSES.index("N2")
    found = draw(memberships, evidence, fixed=fixed, draws=20, best=3)
    assert found.shares[4, CLASSES.index("N2")] == 1.0
    assert found.top[4] == 0.0
    assert found.top.sum() == pytest.approx(3.0)


def test_a_clear_best_is_always_on_top():
    memberships, evidence = world(50, 2, unknown=0.0)
    memberships[:, 7] = 1.0
    memberships[:, :7] *= 0.5
    memberships[:, 8:] *= 0.5
    assert draw(memberships, evidence, draws=30, best=1).top[7] == 1.0


def test_worse_evidence_never_makes_a_borderline_class_surer():
    memberships = np.full((len(LAND_CRITERIA), 1), 0.80)
    sure = draw(memberships, np.zeros_like(memberships, dtype=np.int8), draws=400)
    loose = draw(memberships, np.full_like(memberships, 3, dtype=np.int8), draws=400)
    assert loose.modal_share[0] <= sure.modal_share[0]
