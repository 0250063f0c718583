"""Nearest lines and points against GEOS measuring every pair, and worlds whose answer is plain to see."""

from __future__ import annotations

from typing import Any

import geopandas as gpd
import numpy as np
import pytest
import shapely
import shapely.ops
from hypothesis import given, settings
from hypothesis import strategies as st

from geo.errors import GeometryError
from geo.geometry.nearest import NearestLine, nearest_line, nearest_point
from geo.geometry.ragged import ragged
from tests.worlds.broken_shapes import areas, stars, ways

FIELD = shapely.box(0, 0, 10, 10)


def canals(count: int, *, seed: int, extent_m: float) -> np.ndarray:
    rng = np.random.default_rng(seed)
    lines = []
    for start in np.array([500_000.0, 4_180_000.0]) + rng.uniform(0, extent_m, (count, 2)):
        heading = rng.uniform(0, 2 * np.pi) + np.cumsum(rng.normal(0, 0.2, rng.integers(2, 50)))
        steps = rng.uniform(5, 200, (len(heading), 1)) * np.column_stack([np.cos(heading), np.sin(heading)])
        lines.append(shapely.LineString(np.vstack([start, start + np.cumsum(steps, axis=0)])))
    return np.array(lines, dtype=object)


def only(found: NearestLine) -> tuple[int, float, float, float, float]:
    return (
        int(found.index[0]),
        float(found.distance_m[0]),
        float(found.x_m[0]),
        float(found.y_m[0]),
        float(found.along_m[0]),
    )


def check(shapes: np.ndarray, lines: np.ndarray, found: NearestLine) -> None:
    """Compare with GEOS: the least of all distances, and a place that lies on the line and as far off as said."""
    every = shapely.distance(shapes[:, None], lines[None, :])
    np.testing.assert_allclose(found.distance_m, every.min(axis=1), atol=1e-6)
    assert (every[np.arange(len(shapes)), found.index] <= every.min(axis=1) + 1e-6).all()
    places: Any = shapely.points(found.x_m, found.y_m)
    np.testing.assert_allclose(shapely.distance(places, shapes), found.distance_m, atol=1e-6)
    for row, place in enumerate(places):
        off, along = [], float(found.along_m[row])
        for part in shapely.get_parts(lines[found.index[row]]):
            # Where one part ends and the next begins, the distance along is the same for both.
            if -1e-9 <= along <= part.length + 1e-9:
                off.append(shapely.distance(shapely.line_interpolate_point(part, max(along, 0.0)), place))
            along -= part.length
        assert min(off) < 1e-6


@settings(max_examples=60, deadline=None)
@given(st.lists(areas(), min_size=1, max_size=3), st.lists(ways(9.0, -3.0), min_size=1, max_size=5))
def test_agrees_with_every_pair_measured(polygons: list[shapely.Geometry], lines: list[shapely.Geometry]) -> None:
    shapes, targets = np.array(polygons, dtype=object), np.array(lines, dtype=object)
    found = nearest_line(shapes, targets)
    check(shapes, targets, found)
    for row, shape in enumerate(shapes):
        inside = shapely.intersection(targets[found.index[row]], shape)
        if found.distance_m[row] == 0.0 and inside.length > 1e-6:
            # The first place within: nothing of the line lies in the polygon before it.
            before = up_to(targets[found.index[row]], float(found.along_m[row]))
            assert shapely.intersection(before, shape).length < 1e-6


def up_to(line: shapely.Geometry, along: float) -> shapely.Geometry:
    """Return the parts of a line up to a distance along it."""
    kept = []
    for part in shapely.get_parts(line):
        if along > 1e-9:
            kept.append(shapely.ops.substring(part, 0.0, min(along, part.length)))
        along -= part.length
    return shapely.union_all(kept) if kept else shapely.LineString()


def test_plots_and_canals_agree_with_sjoin_nearest() -> None:
    plots = stars(2_000, seed=1, extent_m=30_000.0, radius_m=(5.0, 90.0))
    lines = canals(300, seed=2, extent_m=30_000.0)
    found = nearest_line(plots, lines)
    peer = gpd.sjoin_nearest(
        gpd.GeoDataFrame(geometry=plots, crs=32642), gpd.GeoDataFrame(geometry=lines, crs=32642), distance_col="m"
    )
    np.testing.assert_allclose(found.distance_m, peer.groupby(level=0)["m"].min(), atol=1e-6)
    check(plots[:300], lines, nearest_line(plots[:300], lines))


@pytest.mark.parametrize("kind", ["points", "lines", "districts"])
def test_any_geometry_can_ask(kind: str) -> None:
    lines = canals(80, seed=3, extent_m=20_000.0)
    shapes = {
        "points": shapely.centroid(stars(200, seed=4, extent_m=25_000.0, radius_m=(5.0, 50.0))),
        "lines": canals(60, seed=5, extent_m=25_000.0),
        "districts": stars(20, seed=6, extent_m=20_000.0, radius_m=(300.0, 9_000.0)),
    }[kind]
    check(shapes, lines, nearest_line(shapes, lines))


def test_from_far_outside_the_lines() -> None:
    """Plots up to 500 km away, in every direction, beyond the grid of segments."""
    lines = canals(40, seed=7, extent_m=5_000.0)
    shapes = stars(60, seed=8, extent_m=1_000_000.0, radius_m=(5.0, 90.0))
    shapes = shapely.transform(shapes, lambda xy: xy - 500_000.0)
    check(shapes, lines, nearest_line(shapes, lines))


def test_a_canal_beside_through_within_and_around_a_field() -> None:
    beside = shapely.LineString([(12, -5), (12, 15)])
    through = shapely.LineString([(-5, 5), (3, 5), (3, 20)])
    within = shapely.LineString([(4, 4), (6, 4)])
    around = shapely.LineString([(-1, -1), (11, -1), (11, 11), (-1, 11), (-1, -1)])
    touching = shapely.LineString([(10, 5), (20, 5)])
    field = np.array([FIELD])
    assert only(nearest_line(field, np.array([beside]))) == (0, 2.0, 12.0, 0.0, 5.0)
    assert only(nearest_line(field, np.array([through]))) == (0, 0.0, 0.0, 5.0, 5.0)
    assert only(nearest_line(field, np.array([within]))) == (0, 0.0, 4.0, 4.0, 0.0)
    assert only(nearest_line(field, np.array([around]))) == (0, 1.0, 0.0, -1.0, 1.0)
    assert only(nearest_line(field, np.array([touching]))) == (0, 0.0, 10.0, 5.0, 0.0)


def test_a_canal_along_an_edge_up_to_rounding_is_placed_at_the_edge() -> None:
    """The edge lies on the canal but for the last digit, so where they cross is noise; once placed a field away."""
    edge = [(0.8144515125876943, 0.18867090755261656), (0.49592591385982, -0.0024444516841079945)]
    field = np.array([shapely.Polygon([*edge, (1.0270812437311936, 0.0571715145436309)])])
    canals = np.array([shapely.LineString([(3.0, 1.5), (-0.75, -0.75)])])
    check(field, canals, nearest_line(field, canals))


def test_a_canal_in_a_hole_is_outside() -> None:
    holed = FIELD.difference(shapely.box(2, 2, 8, 8))
    assert only(nearest_line(np.array([holed]), np.array([shapely.LineString([(4, 4), (5, 4)])]))) == (
        0,
        2.0,
        4.0,
        4.0,
        0.0,
    )


def test_distance_along_goes_on_through_the_parts() -> None:
    canal = shapely.MultiLineString([[(20, -40), (20, -10)], [(20, 0), (20, 4), (12, 4)]])
    assert only(nearest_line(np.array([FIELD]), np.array([canal]))) == (0, 2.0, 12.0, 4.0, 42.0)


def test_of_equals_the_first_and_of_places_the_one_upstream() -> None:
    line = shapely.LineString([(12, 8), (12, 2)])
    far, missing = shapely.LineString([(30, 0), (30, 9)]), None
    found = nearest_line(np.array([FIELD]), np.array([missing, far, line, line.reverse(), line], dtype=object))
    assert only(found) == (2, 2.0, 12.0, 8.0, 0.0)


def test_within_is_a_bound_that_counts_itself() -> None:
    lines = np.array([shapely.LineString([(12, 0), (12, 9)]), shapely.LineString([(-500, 0), (-500, 9)])])
    assert only(nearest_line(np.array([FIELD]), lines, within_m=2.0))[:2] == (0, 2.0)
    found = nearest_line(np.array([FIELD, None], dtype=object), lines, within_m=1.999)
    assert found.index.tolist() == [-1, -1]
    assert all(np.isnan(values).all() for values in (found.distance_m, found.x_m, found.y_m, found.along_m))


def test_a_bound_changes_nothing_nearer() -> None:
    plots = stars(500, seed=9, extent_m=30_000.0, radius_m=(5.0, 90.0))
    lines = canals(60, seed=10, extent_m=30_000.0)
    free, bound = nearest_line(plots, lines), nearest_line(ragged(plots), lines, within_m=700.0)
    near = free.distance_m <= 700.0
    assert 0 < near.sum() < len(plots)
    np.testing.assert_array_equal(bound.index, np.where(near, free.index, -1))
    np.testing.assert_array_equal(bound.along_m[near], free.along_m[near])


def test_what_else_is_looked_at_changes_no_bit() -> None:
    """A line beyond everything makes the cells larger; order and blocks of plots decide what is looked at together."""
    plots = stars(5_000, seed=13, extent_m=30_000.0, radius_m=(5.0, 90.0))
    lines = canals(300, seed=14, extent_m=30_000.0)
    lines[1::50] = lines[::50]  # twins, of which the first is taken
    order = np.random.default_rng(15).permutation(len(plots))
    found = nearest_line(plots, lines)
    with_far = nearest_line(plots, np.append(lines, [shapely.LineString([(2e6, 2e6), (2e6, 2.1e6)])]))
    shuffled, alone = nearest_line(plots[order], lines), nearest_line(ragged(plots[:50]), lines)
    assert (found.distance_m == 0.0).sum() > 100
    assert not np.isin(found.index, np.arange(1, 300, 50)).any()
    for name in ("index", "distance_m", "x_m", "y_m", "along_m"):
        expected = getattr(found, name)
        np.testing.assert_array_equal(getattr(with_far, name), expected)
        np.testing.assert_array_equal(getattr(shuffled, name), expected[order])
        np.testing.assert_array_equal(getattr(alone, name), expected[:50])


def test_where_a_part_ends_and_the_next_begins_the_end_is_taken() -> None:
    """Both are in the field and as far along the canal."""
    canal = shapely.MultiLineString([[(-3, 5), (4, 5)], [(6, 5), (9, 5)]])
    parts = shapely.MultiLineString([[(5, 15), (5, 10)], [(5, 0), (5, -5)]])
    assert only(nearest_line(np.array([FIELD]), np.array([canal]))) == (0, 0.0, 0.0, 5.0, 3.0)
    assert only(nearest_line(np.array([FIELD]), np.array([parts]))) == (0, 0.0, 5.0, 10.0, 5.0)


def test_only_what_touches_is_within_no_distance() -> None:
    lines = np.array([shapely.LineString([(12, 0), (12, 9)]), shapely.LineString([(10, 5), (20, 5)])])
    assert only(nearest_line(np.array([FIELD]), lines, within_m=0.0)) == (1, 0.0, 10.0, 5.0, 0.0)
    assert nearest_line(np.array([FIELD]), lines[:1], within_m=0.0).index.tolist() == [-1]


def test_a_geometry_without_a_place_is_near_nothing() -> None:
    texts = ["POLYGON ((0 0, 10 0, NaN 10, 0 10, 0 0))", "LINESTRING (0 0, Inf 0)", "POINT EMPTY", FIELD.wkt]
    with np.errstate(invalid="ignore"):
        shapes = shapely.from_wkt(texts)
    found = nearest_line(shapes, np.array([shapely.LineString([(12, 0), (12, 9)])]))
    assert found.index.tolist() == [-1, -1, -1, 0]
    assert np.isnan(found.distance_m[:3]).all()


def test_nothing_to_measure_to() -> None:
    for lines in (np.array([], dtype=object), np.array([None, shapely.LineString()], dtype=object)):
        found = nearest_line(np.array([FIELD]), lines)
        assert found.index.tolist() == [-1]
        assert np.isnan(found.distance_m).all()
    assert len(nearest_line(np.array([], dtype=object), np.array([shapely.LineString([(0, 0), (1, 1)])])).index) == 0


def test_nearest_points_agree_with_every_pair_measured() -> None:
    rng = np.random.default_rng(11)
    posts: Any = shapely.points(np.array([500_000.0, 4_180_000.0]) + rng.uniform(0, 30_000, (500, 2)))
    posts[7] = shapely.multipoints([[500_100.0, 4_180_100.0], [529_000.0, 4_209_000.0]])
    plots = stars(500, seed=12, extent_m=30_000.0, radius_m=(5.0, 900.0))
    found = nearest_point(plots, posts)
    every = shapely.distance(plots[:, None], posts[None, :])
    np.testing.assert_allclose(found.distance_m, every.min(axis=1), atol=1e-6)
    within = found.distance_m == 0.0
    assert within.any()
    np.testing.assert_array_equal(found.index[~within], every[~within].argmin(axis=1))
    np.testing.assert_array_equal(found.index[within], (every[within] == 0.0).argmax(axis=1))
    np.testing.assert_allclose(
        shapely.distance(shapely.points(found.x_m, found.y_m), plots), found.distance_m, atol=1e-6
    )


def test_refusals_say_what_was_expected() -> None:
    with pytest.raises(GeometryError, match="Geometry 0 to measure to is not a line"):
        nearest_line(np.array([FIELD]), np.array([FIELD]))
    with pytest.raises(GeometryError, match="Geometry 1 to measure to is not a point"):
        nearest_point(np.array([FIELD]), np.array([shapely.Point(1, 1), shapely.LineString([(0, 0), (1, 1)])]))
    with np.errstate(invalid="ignore"):
        endless = shapely.from_wkt("LINESTRING (0 0, 1 NaN)")
    with pytest.raises(GeometryError, match="a coordinate that is not a number"):
        nearest_line(np.array([FIELD]), np.array([endless]))
    plots = np.full(9_000, FIELD)
    plots[8_500] = shapely.GeometryCollection([FIELD])
    with pytest.raises(GeometryError, match="Geometry 8500 is a collection"):
        nearest_line(plots, np.array([shapely.LineString([(0, 0), (1, 1)])]))
    with pytest.raises(ValueError, match="search distance of -1"):
        nearest_line(np.array([FIELD]), np.array([shapely.LineString([(0, 0), (1, 1)])]), within_m=-1)
