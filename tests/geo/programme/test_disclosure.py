"""No household can be told from a published table."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from geo.programme.disclosure import PARTNER_CELL, PUBLIC_CELL, rounded, suppressed

COUNTS = st.lists(st.integers(0, 60), min_size=1, max_size=12)


@pytest.mark.parametrize("smallest", [PUBLIC_CELL, PARTNER_CELL])
def test_the_worked_example(smallest: int) -> None:
    # Domain reference section 10: of 12, 7 and 3 with a total of 22, both 3 and 7 go, for k = 10 and for k = 5.
    assert suppressed([12, 7, 3], smallest=smallest).tolist() == [False, True, True]


def test_without_a_total_only_small_cells_go() -> None:
    assert suppressed([12, 7, 3], smallest=5, total_shown=False).tolist() == [False, False, True]


def test_nothing_small_nothing_hidden_and_nobody_is_nobody() -> None:
    assert not suppressed([12, 0, 25]).any()
    assert suppressed([12, 0, 25, 4]).tolist() == [True, False, False, True]


def test_a_table_that_is_small_as_a_whole_goes_as_a_whole() -> None:
    assert suppressed([2, 0, 3]).tolist() == [True, False, True]


@given(COUNTS, st.integers(2, 15))
def test_what_is_shown_is_large_and_what_is_hidden_cannot_be_told_from_the_total(counts: list[int], k: int) -> None:
    cells, hidden = np.array(counts), suppressed(counts, smallest=k)
    assert (cells[~hidden & (cells > 0)] >= k).all()
    if hidden.any() and not hidden[cells > 0].all():
        assert hidden.sum() >= 2
        assert cells[hidden].sum() >= k


@given(COUNTS)
def test_rounding_moves_a_count_by_two_at_most(counts: list[int]) -> None:
    shown = rounded(counts)
    assert (shown % 5 == 0).all()
    assert (np.abs(shown - np.array(counts)) <= 2).all()


def test_a_negative_count_is_refused() -> None:
    with pytest.raises(ValueError, match="negative"):
        suppressed([3, -1])
