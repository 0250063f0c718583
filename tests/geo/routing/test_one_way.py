"""Ways found one at a time, in workspaces that are lent: the same as those read off a whole tree, to the bit."""

from __future__ import annotations

import threading

import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from geo.errors import GridError
from geo.routing import least_time as searches
from geo.routing.least_time import borrowed_workspace
from geo.routing.one_way import find_way, minutes_to_nearest
from geo.routing.surface import Surface, walking_surface
from geo.routing.ways import BACK, OUT, least_time
from geo.terrain.grid import Grid
from tests.geo.routing.test_walking import CELL_M, flat, grid, lines

FACTORS = np.array([0.0, 1.0, 4.0], dtype=np.float32)


def _cell(dem: Grid, xy: np.ndarray) -> tuple[int, int]:
    return int((dem.y_max - xy[1]) // CELL_M), int(xy[0] // CELL_M)


def _ground(rng: np.random.Generator, shape: tuple[int, int]) -> Surface:
    river = lines(shapely.LineString(rng.uniform(0.0, 900.0, (2, 2))))
    return walking_surface(grid(rng.uniform(0.0, 60.0, shape)), barriers=river)


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 2**32 - 1), st.booleans(), st.sampled_from([OUT, BACK]))
def test_a_way_alone_is_that_of_the_tree_with_its_minutes_and_what_is_met(seed: int, risky: bool, sign: float) -> None:
    rng = np.random.default_rng(seed)
    surface = _ground(rng, (31, 37))
    level = rng.integers(0, 3, (31, 37)).astype(np.uint8)
    padded = np.pad(level, (surface.width - 37) // 2).ravel()
    danger = FACTORS[padded] if risky else np.empty(0, dtype=np.float32)
    home, plot = rng.uniform(0.0, 900.0, (1, 2)), rng.uniform(0.0, 900.0, (1, 2))
    tree = least_time(surface, home, sign=sign, danger=FACTORS[level] if risky else None)
    for _ in range(2):  # the second in the workspace the first gave back
        found = find_way(surface, home, plot, sign=sign, within_minutes=np.inf, danger=danger)
        line = tree.way(*plot[0])
        if line is None:  # off blocked ground: the tree knows no way to the very cell
            continue
        assert found is not None
        assert found.line == line
        here = _cell(surface.dem, plot[0])
        assert np.float32(found.minutes) == tree.minutes().values[here]
        assert np.float32(found.summed_m(padded, FACTORS)) == tree.summed_m(FACTORS[level]).values[here]


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 2**32 - 1), st.sampled_from([OUT, BACK]))
def test_the_nearest_of_each_kind_is_found_before_the_search_ends(seed: int, sign: float) -> None:
    rng = np.random.default_rng(seed)
    surface = _ground(rng, (31, 37))
    plot, goals = rng.uniform(0.0, 900.0, (1, 2)), rng.uniform(0.0, 900.0, (12, 2))
    goals[11] = goals[0]  # two kinds in one cell
    kinds = rng.integers(0, 4, 12)
    found = minutes_to_nearest(surface, plot, goals, kinds, sign=sign, within_minutes=60.0)
    whole = least_time(surface, plot, sign=sign, within_minutes=60.0).minutes().values
    dry = surface.unpadded(surface.ground.kind)
    each = np.array([whole[_cell(surface.dem, goal)] for goal in goals])
    on_dry = np.array([dry[_cell(surface.dem, goal)] != 0 for goal in goals])
    known = on_dry & ~np.isnan(found)
    np.testing.assert_array_equal(found[known].astype(np.float32), each[known])
    for kind in set(kinds[on_dry].tolist()):
        mine = on_dry & (kinds == kind)
        if np.isfinite(each[mine]).any() and on_dry[kinds == kind].all():
            assert np.float32(np.nanmin(found[mine])) == np.nanmin(each[mine])


def test_no_way_is_longer_than_asked_for_and_unknown_dangers_are_refused() -> None:
    surface = walking_surface(flat())
    home, plot = np.array([[45.0, 45.0]]), np.array([[1_000.0, 1_000.0]])
    found = find_way(surface, home, plot, sign=OUT, within_minutes=120.0)
    assert found is not None
    assert find_way(surface, home, plot, sign=OUT, within_minutes=found.minutes * 0.99) is None
    assert find_way(surface, home, np.array([[-500.0, 0.0]]), sign=OUT, within_minutes=120.0) is None
    unknown = np.full(len(surface.ground.kind), np.nan, dtype=np.float32)
    with pytest.raises(GridError, match="danger"):
        find_way(surface, home, plot, sign=OUT, within_minutes=120.0, danger=unknown)


def test_a_lent_workspace_is_nobody_elses_and_comes_back_as_new() -> None:
    surface = walking_surface(flat())
    searches._SPARE.clear()
    with borrowed_workspace(surface) as one, borrowed_workspace(surface) as other:
        assert one.work.seconds is not other.work.seconds
    assert len(searches._SPARE) == 2

    def ask() -> None:
        for _ in range(10):
            xy = np.random.default_rng(1).uniform(50.0, 1_100.0, (2, 2))
            find_way(surface, xy[:1], xy[1:], sign=OUT, within_minutes=90.0)

    threads = [threading.Thread(target=ask) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert 1 <= len(searches._SPARE) <= searches.SPARE
    for work in searches._SPARE:
        assert np.isinf(work.seconds).all()
        assert not work.came_by.any()
        assert not work.done.any()


def test_a_search_that_fails_gives_no_workspace_back() -> None:
    surface = walking_surface(flat())
    searches._SPARE.clear()
    with pytest.raises(RuntimeError), borrowed_workspace(surface):
        raise RuntimeError
    assert not searches._SPARE
