"""Pairs of plots that may share ground: what an R-tree and GEOS find among random shapes."""

from __future__ import annotations

import numpy as np
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st

from geo.geometry.pairs import lie_apart, pairs_of_boxes
from geo.geometry.ragged import join, ragged

MANY = 1_000
LINE = shapely.LineString([(0, 0), (1, 1)])


def brute(bounds: np.ndarray, given_: np.ndarray) -> set[frozenset[int]]:
    """Every two boxes compared."""
    found = set()
    for a in range(len(bounds)):
        for b in range(a):
            west, south = np.maximum(bounds[a, :2], bounds[b, :2])
            east, north = np.minimum(bounds[a, 2:], bounds[b, 2:])
            if east > west and north > south and (given_[a] or given_[b]):
                found.add(frozenset((a, b)))
    return found


@given(st.integers(0, 2**32 - 1), st.integers(0, 60), st.sampled_from([0.02, 0.3, 5.0]), st.floats(0, 1))
def test_pairs_are_those_of_every_two_compared(seed: int, count: int, size: float, share: float) -> None:
    rng = np.random.default_rng(seed)
    corner, width = rng.uniform(0, 1, (count, 2)).round(2), rng.exponential(size, (count, 2)).round(2)
    bounds = np.column_stack([corner, corner + width])
    bounds[rng.uniform(size=count) < 0.1] = np.nan
    mine = rng.uniform(size=count) < share
    one, other = pairs_of_boxes(bounds, mine, MANY * MANY)
    assert {frozenset(pair) for pair in zip(one.tolist(), other.tolist(), strict=True)} == brute(bounds, mine)
    assert len(one) == len(brute(bounds, mine))  # each once
    assert mine[one].all()
    both = mine[other]
    assert (one[both] < other[both]).all()
    assert (np.lexsort((other, one)) == np.arange(len(one))).all()


def test_among_a_great_many_an_r_tree_finds_the_same() -> None:
    rng = np.random.default_rng(7)
    corner = rng.uniform(0, 1, (20_000, 2))
    bounds = np.column_stack([corner, corner + rng.exponential(0.005, (20_000, 2))])
    bounds[0] = [0, 0, 1, 1]  # a district among plots
    boxes = np.asarray(shapely.box(*bounds.T))
    a, b = shapely.STRtree(boxes).query(boxes)
    one, other = pairs_of_boxes(bounds, np.ones(20_000, dtype=bool), 10_000_000)
    kept = a < b
    expected = np.column_stack([a[kept], b[kept]])
    assert (np.column_stack([one, other]) == expected[np.lexsort(expected.T[::-1])]).all()


@pytest.mark.parametrize("most", [1, 10, 4_000, 100_000])
def test_no_more_pairs_are_looked_for_than_asked(most: int) -> None:
    bounds = np.tile([0.0, 0.0, 1.0, 1.0], (MANY, 1))  # all on one spot: 499,500 pairs
    one, other = pairs_of_boxes(bounds, np.ones(MANY, dtype=bool), most)
    assert len(one) == len(other) == most


def star(rng: np.random.Generator, middle: np.ndarray) -> shapely.Geometry:
    angle = np.sort(rng.uniform(0, 2 * np.pi, rng.integers(3, 12)))
    radius = rng.uniform(0.1, 1.0, len(angle))
    shape = shapely.Polygon(np.column_stack([np.cos(angle), np.sin(angle)]) * radius[:, None] + middle)
    return shape if shape.is_valid else shapely.box(*middle, *(middle + 0.5))


@given(st.integers(0, 2**32 - 1))
def test_what_lies_apart_shares_no_ground(seed: int) -> None:
    rng = np.random.default_rng(seed)
    shapes = [star(rng, rng.uniform(0, 3, 2)) for _ in range(12)]
    shapes.append(shapely.MultiPolygon([shapely.box(0, 0, 1, 1), shapely.box(2, 2, 3, 3)]))
    shapes.append(shapely.box(0, 0, 3, 3).difference(shapely.box(1, 1, 2, 2)))
    one, other = np.triu_indices(len(shapes), 1)
    apart = lie_apart(ragged(shapes), one.astype(np.int64), other.astype(np.int64))
    for a, b in zip(one[apart], other[apart], strict=True):
        assert shapely.intersection(shapes[a], shapes[b]).area < 1e-12


def test_boxes_side_by_side_lie_apart_and_what_stands_in_a_bend_may_not() -> None:
    bend = shapely.Polygon([(0, 0), (3, 0), (3, 1), (1, 1), (1, 3), (0, 3)])
    shapes = ragged([shapely.box(0, 0, 1, 1), shapely.box(1, 0, 2, 1), bend, shapely.box(2, 2, 3, 3)])
    one, other = np.array([0, 0, 2]), np.array([1, 3, 3])
    assert lie_apart(shapes, one, other).tolist() == [True, True, False]  # no edge's line parts the last
    assert lie_apart(ragged([bend, shapely.box(1, 1, 3, 3)]), np.array([0]), np.array([1])).tolist() == [False]


def test_joined_coordinates_are_those_of_all_at_once() -> None:
    two = shapely.MultiPolygon([shapely.box(0, 0, 1, 1), shapely.box(2, 2, 3, 3)])
    parts: list[list[shapely.Geometry | None]] = [[shapely.box(0, 0, 1, 1), None], [], [two, LINE]]
    whole, found = ragged([shape for part in parts for shape in part]), join([ragged(part) for part in parts])
    for name in ("xy", "path_start", "geometry_start", "hole", "areal"):
        np.testing.assert_array_equal(getattr(found, name), getattr(whole, name))
