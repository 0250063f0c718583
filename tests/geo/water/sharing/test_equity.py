"""Figures of deliveries: worlds by hand, and what an even share must give."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from geo.water.sharing.equity import gini, head_tail_ratio, rate_deliveries, thirds_by_distance


def test_an_even_share_is_even() -> None:
    found = rate_deliveries([[10, 20], [30, 40]], [[5, 10], [15, 20]])
    assert found == pytest.approx((0.5, 1.0, 0.0, 0.0))
    assert gini([0.5, 0.5, 0.5], [1, 2, 3]) == pytest.approx(0)
    unknown = rate_deliveries([[10, np.nan]], [[np.nan, 1]])
    assert np.isnan(unknown.adequacy)


def test_gini_by_hand() -> None:
    assert gini([0, 1], [1, 1]) == pytest.approx(0.5)
    assert gini([1, 3], [1, 1]) == pytest.approx(0.25)  # |1 - 3| x 2 pairs / (2 x 4 x 2)
    assert np.isnan(gini([0, 0], [1, 1]))


@given(st.lists(st.tuples(st.floats(0, 9), st.floats(0.1, 9)), min_size=1, max_size=12))
def test_gini_is_the_mean_difference_of_pairs(rows: list[tuple[float, float]]) -> None:
    x, w = np.array(rows).T
    total = (w * x).sum()
    if total > 1e-6:
        pairs = (np.outer(w, w) * np.abs(x[:, None] - x)).sum()
        assert gini(x, w) == pytest.approx(pairs / (2 * w.sum() * total), abs=1e-9)


def test_thirds_of_the_hectares() -> None:
    # 6 ha at the head, then 2, then 4: the limits lie at 4 and 8 ha.
    found = thirds_by_distance([1.0, 0.5, 0.2], [6, 2, 4], [100, 200, 300])
    assert found == pytest.approx((1.0, (2 * 1.0 + 2 * 0.5) / 4, 0.2))
    assert head_tail_ratio(found) == pytest.approx(5)
    assert thirds_by_distance([0.2, 1.0], [1, 1], [2, 1])[0] == pytest.approx(1.0)
    assert head_tail_ratio((1.0, 0.5, 0.0)) == np.inf
    assert np.isnan(head_tail_ratio(thirds_by_distance([np.nan], [1], [1])))
