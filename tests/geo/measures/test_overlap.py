"""Zones over plots: the short cuts agree with cutting every pair of polygons."""

from __future__ import annotations

import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from geo.contract.criterion import Block
from geo.geometry.kernels.placing import INSIDE, NEAR, OUTSIDE
from geo.geometry.placing import edges_of, place_boxes
from geo.geometry.shares import highest_level, share_covered, share_of_pairs
from geo.measures.overlap import highest, holder, meetings, overlapping, share_under, within_distance
from tests.worlds import valley
from tests.worlds.broken_shapes import areas, stars

PLOTS = np.array([valley.square(name) for name in valley.NAMES], dtype=object)


def block() -> Block:
    return Block(valley.plots(), {}, valley.judgement())


def random_zones(seed: int, count: int = 12) -> NDArray[np.object_]:
    """Rectangles, some beside plots, some inside them, some around them, some with an edge in common."""
    random = np.random.default_rng(seed)
    corner = np.round(random.uniform([1_200, 1_350], [1_650, 1_950], (count, 2)) / 30) * 30 + [valley.X, valley.Y]
    size = np.round(random.uniform(10, 300, (count, 2)) / 30) * 30 + 30
    return np.asarray(shapely.box(*corner.T, *(corner + size).T), dtype=object)


@pytest.mark.parametrize("seed", range(8))
def test_short_cuts_agree_with_cutting_every_pair(seed: int) -> None:
    zones = random_zones(seed)
    shared = shapely.area(shapely.intersection(PLOTS[np.newaxis], zones[:, np.newaxis])) / shapely.area(PLOTS)
    zone, plot = overlapping(block(), zones)
    assert set(zip(zone.tolist(), plot.tolist(), strict=True)) == set(zip(*np.nonzero(shared > 0), strict=True))
    np.testing.assert_allclose(share_under(block(), zones), share_covered(PLOTS, zones), atol=1e-12)
    levels = np.random.default_rng(seed).integers(0, 5, len(zones))
    np.testing.assert_array_equal(highest(plot, levels[zone], len(PLOTS)), highest_level(PLOTS, zones, levels))
    by_hand = [int(np.argmax(column)) if column.max() >= 0.5 else -1 for column in np.round(shared, 12).T]
    np.testing.assert_array_equal(holder(block(), zones, least=0.5), by_hand)
    distance = np.full(len(zones), 45.0)
    near = shapely.distance(PLOTS[np.newaxis], zones[:, np.newaxis]) <= 45.0
    np.testing.assert_array_equal(within_distance(block(), zones, distance), near.any(axis=0))


def test_no_zones_at_all() -> None:
    none = np.empty(0, dtype=object)
    assert len(overlapping(block(), none)[0]) == 0
    assert not share_under(block(), none).any()
    assert (holder(block(), none, least=0.5) == -1).all()
    assert np.isnan(highest(np.empty(0, dtype=np.int64), np.empty(0, dtype=np.int64), 3)).all()
    assert not within_distance(block(), none, np.empty(0)).any()


def test_a_zone_that_only_touches_holds_nothing() -> None:
    x_min, y_min, _, y_max = valley.square("clean").bounds
    beside = np.array([shapely.box(x_min - 60, y_min, x_min, y_max)], dtype=object)
    assert len(overlapping(block(), beside)[0]) == 0
    assert not share_under(block(), beside).any()


@settings(max_examples=150, deadline=None)
@given(zones=st.lists(areas(), min_size=1, max_size=4), seed=st.integers(0, 2**32 - 1))
def test_a_box_is_placed_inside_or_outside_only_where_it_is_so(zones: list[shapely.Geometry], seed: int) -> None:
    random = np.random.default_rng(seed)
    corner = np.concatenate([random.uniform(-2.0, 6.0, (40, 2)), random.integers(-8, 24, (40, 2)) / 4])
    bounds = np.hstack([corner, corner + random.choice([0.01, 0.25, 1.0], corner.shape)])
    zone = random.integers(0, len(zones), len(bounds))
    shapes = np.array(zones, dtype=object)
    place = place_boxes(bounds, edges_of(shapes), zone)
    boxes, mine = shapely.box(*bounds.T), shapes[zone]
    assert (shapely.contains_properly(mine, boxes) | (place != INSIDE)).all()
    assert (shapely.disjoint(mine, boxes) | (place != OUTSIDE)).all()
    near_border = shapely.distance(shapely.boundary(mine), boxes) < 0.002
    assert (near_border | (place != NEAR)).all()


@pytest.mark.parametrize("seed", range(3))
def test_meetings_are_those_of_exact_predicates(seed: int) -> None:
    land = stars(300, seed=seed, extent_m=1_500.0, radius_m=(15.0, 40.0))
    zones = stars(40, seed=seed + 10, extent_m=1_500.0, radius_m=(20.0, 400.0))
    zones[:20] = shapely.difference(zones[:20], shapely.buffer(shapely.centroid(zones[:20]), 60.0))
    plots = valley.frame([{"plot_id": str(row), "geometry": shape} for row, shape in enumerate(land)])
    block = Block(plots, {}, valley.judgement())
    found = meetings(block, zones)
    zone, plot = np.nonzero(shapely.intersects(zones[:, np.newaxis], land))
    order = np.lexsort((found.plot, found.zone))
    np.testing.assert_array_equal(found.zone[order], zone)
    np.testing.assert_array_equal(found.plot[order], plot)
    np.testing.assert_array_equal(found.whole[order], shapely.covers(zones[zone], land[plot]))
    np.testing.assert_array_equal(found.ground[order], ~shapely.touches(zones[zone], land[plot]))
    by_cutting = shapely.area(shapely.intersection(land[plot], zones[zone])) / shapely.area(land[plot])
    np.testing.assert_allclose(share_of_pairs(land[plot], zones, zone), by_cutting, atol=1e-9)
