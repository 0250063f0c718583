"""The grid of segments: each place of a segment lies in a cell that lists it; cells know how near the next list is."""

from __future__ import annotations

import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.ndimage import distance_transform_cdt

import geo.geometry.segment_grid
from geo.geometry.ragged import ragged
from geo.geometry.segment_grid import SegmentGrid, segment_grid
from tests.worlds.broken_shapes import ways


def made(lines: list[shapely.Geometry]) -> SegmentGrid:
    grid = segment_grid(ragged(np.array(lines, dtype=object)))
    assert grid is not None
    return grid


def lists(grid: SegmentGrid) -> list[list[int]]:
    return [grid.listed[a:b].tolist() for a, b in zip(grid.starts[:-1], grid.starts[1:], strict=True)]


@settings(max_examples=60, deadline=None)
@given(st.lists(ways(60.0, -30.0), min_size=1, max_size=6), st.floats(0.0, 1.0))
def test_a_place_of_a_segment_lies_in_a_cell_that_lists_it(lines: list[shapely.Geometry], share: float) -> None:
    grid = made(lines)
    rows, cols = grid.rings.shape
    listed = lists(grid)
    x = grid.segments[:, 0] + share * (grid.segments[:, 2] - grid.segments[:, 0])
    y = grid.segments[:, 1] + share * (grid.segments[:, 3] - grid.segments[:, 1])
    col = np.clip(np.floor((x - grid.x_min) / grid.cell), 0, cols - 1).astype(int)
    row = np.clip(np.floor((y - grid.y_min) / grid.cell), 0, rows - 1).astype(int)
    assert all(s in listed[at] for s, at in enumerate(row * cols + col))
    assert all(one == sorted(set(one)) for one in listed)


@settings(max_examples=30, deadline=None)
@given(st.lists(ways(60.0, -30.0), min_size=1, max_size=3))
def test_rings_to_the_nearest_cell_that_lists_a_segment(lines: list[shapely.Geometry]) -> None:
    grid = made(lines)
    occupied = (np.diff(grid.starts) > 0).reshape(grid.rings.shape)
    np.testing.assert_array_equal(grid.rings, distance_transform_cdt(~occupied, "chessboard"))


def test_segments_of_a_line_of_two_parts_and_of_a_point() -> None:
    line = shapely.MultiLineString([[(0, 0), (3, 4), (3, 10)], [(20, 0), (20, 2)]])
    grid = made([line, shapely.LineString([(5, 5), (5, 6)])])
    assert grid.lines.tolist() == [0, 0, 0, 1]
    assert grid.segments[:, 4:].tolist() == [[0, 5], [5, 6], [11, 2], [0, 1]]
    point = made([shapely.Point(7, 8)])
    assert point.segments.tolist() == [[7, 8, 7, 8, 0, 0]]
    assert point.stretches.ravel().tolist() == [7, 8, 0, 0, 0]


def test_no_segments_no_grid() -> None:
    assert segment_grid(ragged([None, shapely.LineString()])) is None


def test_a_country_of_lines_has_a_bounded_grid(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(geo.geometry.segment_grid, "MOST_CELLS", 100)
    rng = np.random.default_rng(1)
    ends = rng.uniform(0, 1e6, (3_000, 2, 2))
    assert made([shapely.LineString(way) for way in ends]).rings.size <= 121
