"""Zones over plots: the short cuts agree with cutting every pair of polygons."""

from __future__ import annotations

import numpy as np
import pytest
import shapely
import valley
from numpy.typing import NDArray

from geo.criterion import Block
from geo.overlap import highest, holder, overlapping, share_under, within_distance
from geo.shares import highest_level, share_covered

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
