"""Areas on map cells: every zoom holds the sums of its plots, as adding them up one by one gives them."""

from __future__ import annotations

from collections import Counter

import pandas as pd
from hypothesis import given
from hypothesis import strategies as st

from layers.records.runs import CELL_BITS, CELL_ZOOM
from layers.runs.parts import CELL_KEYS, cell_sums

SIDE = 2 ** (CELL_ZOOM + CELL_BITS)
PLOTS = st.lists(
    st.tuples(
        st.sampled_from(["TJ.RR.GA", "TJ.KL.KA"]),
        st.sampled_from(["S1", "S3", "NE"]),
        st.integers(1, 10**9),
        st.integers(0, SIDE - 1) | st.integers(47_000, 47_003),
        st.integers(0, SIDE - 1) | st.integers(25_000, 25_003),
    ),
    min_size=1,
    max_size=60,
)


@given(PLOTS)
def test_cells_of_every_zoom_hold_the_sums_of_their_plots(plots: list[tuple[str, str, int, int, int]]) -> None:
    count: Counter[tuple[int, int, int, str, str]] = Counter()
    area: Counter[tuple[int, int, int, str, str]] = Counter()
    for district, judged, size, x, y in plots:
        for zoom in range(CELL_ZOOM + 1):
            key = (zoom, x >> (CELL_ZOOM - zoom), y >> (CELL_ZOOM - zoom), district, judged)
            count[key] += 1
            area[key] += size
    frame = pd.DataFrame(plots, columns=["district", "class", "area", "x", "y"]).assign(plots=1)
    found = cell_sums(frame)
    keys = list(found[CELL_KEYS].itertuples(index=False, name=None))
    assert len(keys) == len(set(keys))
    assert dict(zip(keys, found["plots"], strict=True)) == count
    assert dict(zip(keys, found["area"], strict=True)) == area
