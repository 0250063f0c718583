"""Draws: shares add up, no noise gives certainty, a plot's draws are its own."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from geo.contract.classes import CLASSES
from geo.contract.criterion import Measured
from geo.contract.memberships import Probability
from geo.criteria import LAND_CRITERIA
from geo.measures.exclusion import nothing_excluded
from geo.panel.scheme import load_scheme
from geo.suitability.assess import classify, evaluate
from geo.suitability.combination import aggregate, weighting
from geo.suitability.robustness import SILENT, Robustness, robustness
from layers.runs.robustness import KEPT_DECIMALS

SCHEME = load_scheme()
WEIGHTS = weighting(SCHEME)


def world(n: int, seed: int, unknown: float = 0.15) -> tuple[NDArray[np.float64], NDArray[np.int8]]:
    generator = np.random.default_rng(seed)
    memberships = generator.uniform(0, 1, (len(LAND_CRITERIA), n))
    memberships[generator.uniform(size=memberships.shape) < unknown] = np.nan
    evidence = np.where(np.isnan(memberships), -1, generator.integers(0, 4, memberships.shape)).astype(np.int8)
    return memberships, evidence


def draw(
    memberships: NDArray[np.float64],
    evidence: NDArray[np.int8],
    numbers: NDArray[np.int64] | None = None,
    fixed: NDArray[np.int8] | None = None,
    **options: Any,
) -> Robustness:
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
def test_without_noise_every_draw_is_the_runs_own_class(seed: int) -> None:
    memberships, evidence = world(40, seed)
    found = draw(memberships, evidence, draws=7, noise=SILENT)
    base = aggregate(memberships, WEIGHTS)
    expected = classify(base.low)
    expected = np.maximum(expected, base.held)
    expected = np.where(base.unknown_by >= 0, np.maximum(expected, 1), expected)
    assert set(np.unique(found.shares)) <= {0.0, 1.0}
    assert (found.modal == expected).all()
    assert not found.flagged.any()


def test_shares_add_up_and_a_seed_repeats_itself() -> None:
    memberships, evidence = world(300, 3)
    first, again = (draw(memberships, evidence, draws=50, seed=9) for _ in range(2))
    assert first.shares.sum(axis=1) == pytest.approx(1.0)
    assert (first.shares == again.shares).all()
    assert (draw(memberships, evidence, draws=50, seed=10).shares != first.shares).any()


def test_the_company_and_the_order_of_plots_change_nothing() -> None:
    memberships, evidence = world(200, 5)
    whole = draw(memberships, evidence, draws=40)
    part = np.array([150, 3, 77])
    alone = draw(memberships[:, part], evidence[:, part], numbers=part, draws=40)
    assert (alone.shares == whole.shares[part]).all()


def test_excluded_plots_stay_what_they_are_and_are_never_on_top() -> None:
    memberships, evidence = world(10, 1, unknown=0.0)
    fixed = np.full(10, -1, dtype=np.int8)
    fixed[4] = CLASSES.index("N2")
    found = draw(memberships, evidence, fixed=fixed, draws=20, best=3)
    assert found.shares[4, CLASSES.index("N2")] == 1.0
    assert found.top[4] == 0.0
    assert found.top.sum() == pytest.approx(3.0)


def test_a_clear_best_is_always_on_top() -> None:
    memberships, evidence = world(50, 2, unknown=0.0)
    memberships[:, 7] = 1.0
    memberships[:, :7] *= 0.5
    memberships[:, 8:] *= 0.5
    assert draw(memberships, evidence, draws=30, best=1).top[7] == 1.0


def test_worse_evidence_never_makes_a_borderline_class_surer() -> None:
    memberships = np.full((len(LAND_CRITERIA), 1), 0.80)
    sure = draw(memberships, np.zeros_like(memberships, dtype=np.int8), draws=400)
    loose = draw(memberships, np.full_like(memberships, 3, dtype=np.int8), draws=400)
    assert loose.modal_share[0] <= sure.modal_share[0]


def _values(n: int, seed: int) -> dict[str, Measured]:
    """Random values of every criterion, on and between the knots, some unknown, some limits met, one not assessed."""
    generator = np.random.default_rng(seed)
    values = {}
    for criterion in LAND_CRITERIA:
        exact = not criterion.levels and criterion.unit != "class"
        if criterion.levels:
            value = generator.integers(0, len(criterion.levels), n).astype(float)
        elif criterion.unit == "class":
            value = generator.integers(1, 6, n).astype(float)
        else:
            table: Any = criterion.memberships[0]
            knots = np.array((table.surveyed if isinstance(table, Probability) else table).values)
            low, high = knots.min(), knots.max()
            value = generator.uniform(low - 0.1 * (high - low), high, n)
            on_a_knot = generator.uniform(size=n) < 0.5
            value[on_a_knot] = generator.choice(knots, on_a_knot.sum())
        value[generator.uniform(size=n) < 0.1] = np.nan
        notes = {limit.where: generator.uniform(size=n) < 0.5 for limit in criterion.limits if limit.where}
        half = generator.uniform(size=n) < 0.1
        best = np.where(half, knots.min() if criterion.better == "less" else knots.max(), np.nan) if exact else None
        sigma = np.where(generator.uniform(size=n) < 0.5, 2.5, np.nan) if criterion.cap.loose_from_grid else None
        worst = None if best is None else np.where(half, value, np.nan)
        values[criterion.id] = Measured(value, notes=notes, sigma=sigma, worst=worst, best=best)
    if seed % 2:
        absent = LAND_CRITERIA[int(generator.integers(len(LAND_CRITERIA)))].id
        values[absent] = Measured(np.full(n, np.nan), not_assessed="no layer")
    return values


@given(seed=st.integers(0, 10_000))
@settings(max_examples=30, deadline=None)
def test_draws_of_what_a_run_keeps_start_from_its_classes_and_stay_within_its_caps(seed: int) -> None:
    n = 60
    open_land = nothing_excluded(n)
    land = evaluate(_values(n, seed), open_land, SCHEME)
    kept = np.round(land.rated.memberships.astype(np.float32).astype(np.float64), KEPT_DECIMALS)
    fixed = np.where(np.isnan(land.score), land.classes, -1).astype(np.int8)
    arguments: tuple[Any, ...] = (
        kept,
        land.rated.evidence,
        land.class_cap,
        fixed,
        np.arange(n),
        land.weights,
        SCHEME.orness,
    )
    highest = np.round(land.rated.highest.astype(np.float32).astype(np.float64), KEPT_DECIMALS)
    more: dict[str, Any] = {"highest": highest, "loose": land.rated.loose}
    silent = robustness(*arguments, draws=1, noise=SILENT, **more)
    assert (silent.modal == land.classes).all()
    assert (silent.shares.max(axis=1) == 1.0).all()
    drawn = robustness(*arguments, draws=20, seed=seed, **more)
    best = np.argmax(drawn.shares > 0, axis=1)
    assert (best[fixed < 0] >= land.class_cap[fixed < 0]).all()


def test_a_cap_that_does_not_bind_the_run_still_binds_its_draws() -> None:
    # Scores around the limit of S1, held at S2 by a hard limit as well: a draw that scores S1 is S2 all the same.
    memberships = np.full((len(LAND_CRITERIA), 1), 0.78)
    evidence = np.zeros_like(memberships, dtype=np.int8)
    free, held = (
        robustness(
            memberships,
            evidence,
            np.array([cap], dtype=np.int8),
            np.array([-1], dtype=np.int8),
            np.array([1]),
            WEIGHTS,
            SCHEME.orness,
            draws=200,
        )
        for cap in (0, 1)
    )
    assert free.shares[0, 0] > 0.1
    assert held.shares[0, 0] == 0.0
    assert held.shares[0, 1] == pytest.approx(free.shares[0, 0] + free.shares[0, 1])
