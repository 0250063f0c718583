"""The queue of the kernels against Python's own heap."""

from __future__ import annotations

import heapq
from typing import Any

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from geo.compiled.cell_queue import empty_queue, more_room, pop, push, size_of


@settings(max_examples=100, deadline=None)
@given(
    st.lists(st.lists(st.integers(-5_000_000, 300_000_000), max_size=12), max_size=25),
    st.integers(1, 200_000_000),
)
def test_cells_leave_by_key_and_among_equals_in_turn(batches: list[list[int]], last: int) -> None:
    """Keys before the first slot, beyond the last one and below the one that left are in order all the same."""
    peer: list[Any] = []
    queue, cell = empty_queue(np.int64(0), np.int64(last), 4), 0
    for batch in batches:
        for key in batch + batch[:1]:
            while size_of(queue) >= len(queue.next):
                queue = more_room(queue)
            push(queue, np.int64(key), cell)
            heapq.heappush(peer, (key, cell))
            cell += 1
        for _ in range(len(peer) // 2):
            assert pop(queue) == heapq.heappop(peer)[1]
    while peer:
        assert pop(queue) == heapq.heappop(peer)[1]
    assert size_of(queue) == 0
