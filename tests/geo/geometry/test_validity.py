"""What is called valid without asking GEOS is valid; nearly every plot is told so."""

from __future__ import annotations

import math

import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from geo.geometry.ragged import ragged
from geo.geometry.validity import certainly_valid


def told(*shapes: shapely.Geometry | None) -> list[bool]:
    return certainly_valid(ragged(list(shapes)))[0].tolist()


def star(corners: int, inner: float = 0.4) -> shapely.Polygon:
    angles = np.linspace(0, 2 * math.pi, corners, endpoint=False)
    radius = np.where(np.arange(corners) % 2, inner, 1.0)
    return shapely.Polygon(np.column_stack([70 + radius * np.cos(angles), 39 + radius * np.sin(angles)]))


U_SHAPE = shapely.Polygon([(0, 0), (5, 0), (5, 5), (4, 5), (4, 1), (1, 1), (1, 5), (0, 5)])
WITH_POINTS_ON_EDGES = shapely.Polygon([(0, 0), (1, 0), (2, 0), (2, 1), (2, 2), (1, 2), (0, 2), (0, 1)])
VALID = {
    "square": shapely.box(0, 0, 1, 1),
    "clockwise": shapely.box(0, 0, 1, 1, ccw=False),
    "triangle": shapely.Polygon([(0, 0), (1, 0), (0, 1)]),
    "star": star(19),
    "large star": star(1_000),
    "U": U_SHAPE,
    "corners on edges": WITH_POINTS_ON_EDGES,
    "apart": shapely.MultiPolygon([shapely.box(0, 0, 1, 1), shapely.box(2, 0, 3, 1)]),
}
INVALID = {
    "bow tie": shapely.Polygon([(0, 0), (1, 1), (1, 0), (0, 1)]),
    "touches itself": shapely.Polygon([(0, 0), (2, 0), (2, 2), (1, 0), (0, 2)]),
    "spike": shapely.Polygon([(0, 0), (2, 0), (1, 0), (1, 1)]),
    "no area": shapely.Polygon([(0, 0), (1, 0), (2, 0)]),
    "twice round": shapely.Polygon([(1, 0), (0, 1), (-1, 0), (0, -1), (0.9, 0), (0, 0.9), (-0.9, 0), (0, -0.9)]),
    "overlapping parts": shapely.MultiPolygon([shapely.box(0, 0, 2, 2), shapely.box(1, 1, 3, 3)]),
    "hole outside": shapely.Polygon(shapely.box(0, 0, 1, 1).exterior, [shapely.box(5, 5, 6, 6).exterior]),
}
with np.errstate(invalid="ignore"):
    INVALID["not a number"] = shapely.Polygon([(0, 0), (1, 0), (np.nan, 1), (0, 1)])
    INVALID["infinite"] = shapely.Polygon([(0, 0), (1, 0), (np.inf, 1), (0, 1)])


@pytest.mark.parametrize("what", VALID)
def test_plain_plots_are_told_valid(what: str) -> None:
    assert shapely.is_valid(VALID[what])
    assert told(VALID[what]) == [True]


@pytest.mark.parametrize("what", INVALID)
def test_nothing_invalid_is_told_valid(what: str) -> None:
    assert told(INVALID[what]) == [False]


def test_holes_touching_parts_missing_ones_and_other_kinds_are_left_open() -> None:
    holed = shapely.Polygon(shapely.box(0, 0, 9, 9).exterior, [shapely.box(1, 1, 2, 2).exterior])
    touching = shapely.MultiPolygon([shapely.box(0, 0, 1, 1), shapely.box(1, 1, 2, 2)])
    line = shapely.LineString([(0, 0), (1, 0), (1, 1), (0, 0)])
    assert told(holed, touching, None, line, shapely.box(0, 0, 1, 1)) == [False, False, False, False, True]


def test_boxes_are_those_of_shapely() -> None:
    shapes = np.array([*VALID.values(), INVALID["overlapping parts"], None, INVALID["hole outside"]])
    np.testing.assert_array_equal(certainly_valid(ragged(shapes))[1][:-1], shapely.bounds(shapes)[:-1])


# Coordinates of a few steps meet, touch and fall on one line all the time.
STEPS = st.integers(0, 4).map(float)
RINGS = st.lists(st.tuples(STEPS, STEPS), min_size=3, max_size=9)


@settings(deadline=None)  # the first example compiles the kernel
@given(RINGS)
def test_rings_on_a_lattice_told_valid_are_valid(ring: list[tuple[float, float]]) -> None:
    shape = shapely.Polygon(ring)
    assert shapely.is_valid(shape) or told(shape) == [False]


@settings(deadline=None)  # the first example compiles the kernel
@given(RINGS, st.floats(-1e-15, 1e-15), st.floats(0.0, 2 * math.pi))
def test_rings_a_rounding_away_from_meeting_told_valid_are_valid(
    ring: list[tuple[float, float]], nudge: float, turn: float
) -> None:
    xy = np.array(ring) @ np.array([[math.cos(turn), -math.sin(turn)], [math.sin(turn), math.cos(turn)]])
    xy[len(ring) // 2] += nudge
    shape = shapely.Polygon(70.0 + 1e-4 * xy)
    assert shapely.is_valid(shape) or told(shape) == [False]


@settings(deadline=None)  # the first example compiles the kernel
@given(st.integers(3, 40), st.integers(0, 2**32 - 1))
def test_plots_of_a_few_dozen_corners_are_told_one_way_or_the_other(corners: int, seed: int) -> None:
    """A ring round a point, as plots are: never left open."""
    rng = np.random.default_rng(seed)
    angles = np.sort(rng.uniform(0, 2 * math.pi, corners) + np.linspace(0, 1e-3, corners))
    radius = rng.uniform(0.3, 1.0, corners)
    shape = shapely.Polygon(np.column_stack([70 + 1e-3 * radius * np.cos(angles), 39 + 1e-3 * radius * np.sin(angles)]))
    assert told(shape) == [shapely.is_valid(shape)]
