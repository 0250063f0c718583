"""Throughput of draws, for ``make bench``; the yardstick is 1,000,000 plot-draws per second on two cores."""

from __future__ import annotations

import numpy as np
from pytest_benchmark.fixture import BenchmarkFixture

from geo.criteria import LAND_CRITERIA
from geo.panel.scheme import load_scheme
from geo.suitability.combination import weighting
from geo.suitability.robustness import robustness

NOTHING = -1  # no evidence, no class that no draw can change
PLOTS, DRAWS, BEST = 100_000, 20, 100


def test_plot_draws(benchmark: BenchmarkFixture) -> None:
    scheme = load_scheme()
    rng = np.random.default_rng(0)
    memberships = rng.uniform(0.0, 1.0, (len(LAND_CRITERIA), PLOTS))
    memberships[rng.uniform(size=memberships.shape) < 0.1] = np.nan
    evidence = np.where(np.isnan(memberships), NOTHING, rng.integers(0, 4, memberships.shape)).astype(np.int8)
    capped, free = np.zeros(PLOTS, dtype=np.int8), np.full(PLOTS, NOTHING, dtype=np.int8)
    weights = weighting(scheme)

    def draw() -> None:
        robustness(
            memberships, evidence, capped, free, np.arange(PLOTS), weights, scheme.orness, draws=DRAWS, best=BEST
        )

    benchmark(draw)
    benchmark.extra_info["plot_draws_per_s"] = round(PLOTS * DRAWS / benchmark.stats.stats.min)
