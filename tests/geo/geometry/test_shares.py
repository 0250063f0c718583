"""Shares under zones against exact fractions, against overlays of unions, and zones that are hard to get right."""

from __future__ import annotations

from fractions import Fraction
from itertools import combinations, pairwise

import geopandas as gpd
import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from shapely.affinity import translate

from geo.compiled import threads
from geo.errors import GeometryError
from geo.geometry.ragged import ragged
from geo.geometry.shares import highest_level, share_by_level, share_covered
from tests.worlds.broken_shapes import areas, stars

FIELD = shapely.box(0, 0, 10, 10)
LEVELS = 4


def nested_unions(polygons: np.ndarray, zones: np.ndarray, levels: np.ndarray) -> np.ndarray:
    """Compute shares by level the slow and obvious way: for each level, the union of its zones and all higher ones."""
    above = np.zeros((len(polygons), LEVELS + 1))
    for level in range(LEVELS):
        union = shapely.union_all(zones[levels >= level]) if (levels >= level).any() else shapely.Polygon()
        above[:, level] = shapely.area(shapely.intersection(polygons, union)) / shapely.area(polygons)
    return above[:, :-1] - above[:, 1:]


Edge = tuple[Fraction, Fraction, Fraction, Fraction, int]  # x y of the lower end, x y of the upper, whose edge


def edges(area: shapely.Geometry, owner: int) -> list[Edge]:
    found = []
    for ring in shapely.get_rings(shapely.get_parts(area)):
        vertices = [(Fraction(x), Fraction(y)) for x, y in shapely.get_coordinates(ring)]
        for (x0, y0), (x1, y1) in pairwise(vertices):
            if y0 != y1:
                found.append((x0, y0, x1, y1, owner) if y0 < y1 else (x1, y1, x0, y0, owner))
    return found


def at(edge: Edge, y: Fraction) -> Fraction:
    return edge[0] + (y - edge[1]) * (edge[2] - edge[0]) / (edge[3] - edge[1])


def in_fractions(plot: shapely.Geometry, zones: list[shapely.Geometry], levels: list[int]) -> list[float]:
    """Compute shares by level without any rounding: trapezia between all heights at which edges end or cross.

    GEOS is no judge here: where many edges coincide its unions are snapped and off by up to 1e-8.
    """
    every = edges(plot, -1) + [edge for owner, zone in enumerate(zones) for edge in edges(zone, owner)]
    heights = {y for edge in every for y in (edge[1], edge[3])}
    for one, other in combinations(every, 2):
        low, high = max(one[1], other[1]), min(one[3], other[3])
        if low < high:
            below, above = at(one, low) - at(other, low), at(one, high) - at(other, high)
            if below * above < 0:
                heights.add(low + (high - low) * below / (below - above))
    covered = dict.fromkeys(range(-1, LEVELS), Fraction(0))
    for low, high in pairwise(sorted(heights)):
        middle, inside = (low + high) / 2, set[int]()
        active = sorted((at(edge, middle), edge[4]) for edge in every if edge[1] < middle < edge[3])
        for (west, owner), (east, _) in pairwise(active):
            inside ^= {owner}
            if -1 in inside:
                covered[max((levels[zone] for zone in inside - {-1}), default=-1)] += (east - west) * (high - low)
    return [float(covered[level] / sum(covered.values())) for level in range(LEVELS)]


@settings(max_examples=30, deadline=None)
@given(areas(), st.lists(st.tuples(areas(), st.integers(0, LEVELS - 1)), min_size=1, max_size=4))
def test_agrees_with_fractions(plot: shapely.Geometry, levelled: list[tuple[shapely.Geometry, int]]) -> None:
    zones, levels = [zone for zone, _ in levelled], [level for _, level in levelled]
    found = share_by_level(np.array([plot]), np.array(zones), np.array(levels), LEVELS)
    np.testing.assert_allclose(found[0], in_fractions(plot, zones, levels), atol=1e-12)
    np.testing.assert_allclose(share_covered(np.array([plot]), np.array(zones)), found.sum(axis=1), atol=1e-12)


@pytest.mark.parametrize(("radius_m", "zone_m"), [((5.0, 90.0), (100.0, 900.0)), ((300.0, 4_000.0), (20.0, 600.0))])
def test_plots_and_hazards_agree_with_overlay(radius_m: tuple[float, float], zone_m: tuple[float, float]) -> None:
    plots = stars(1_500 if radius_m[1] < 100 else 60, seed=1, extent_m=20_000.0, radius_m=radius_m)
    zones = stars(200, seed=2, extent_m=20_000.0, radius_m=zone_m)
    levels = np.random.default_rng(3).integers(0, LEVELS, len(zones))
    union = gpd.GeoDataFrame(geometry=[shapely.union_all(zones)], crs=32642).explode()
    frame = gpd.GeoDataFrame({"plot": np.arange(len(plots))}, geometry=plots, crs=32642)
    pieces = gpd.overlay(frame, union, how="intersection")
    expected = pieces.area.groupby(pieces["plot"]).sum().reindex(frame["plot"], fill_value=0.0) / frame.area
    assert 0.05 < expected.mean() < 0.95
    np.testing.assert_allclose(share_covered(plots, zones), expected, atol=1e-9)
    np.testing.assert_allclose(
        share_by_level(plots, zones, levels, LEVELS), nested_unions(plots, zones, levels), atol=1e-9
    )


@pytest.mark.parametrize(
    ("zone", "share"),
    [
        (shapely.box(5, 0, 15, 10), 0.5),
        (FIELD, 1.0),  # the very same outline
        (FIELD.reverse(), 1.0),
        (shapely.box(-5, -5, 15, 15), 1.0),
        (shapely.box(-5, -5, 15, 15).difference(FIELD), 0.0),  # the field is its hole
        (shapely.box(-5, -5, 15, 15).difference(shapely.box(2, 2, 4, 4)), 0.96),
        (shapely.box(2, 2, 4, 4), 0.04),
        (shapely.box(2, 2, 8, 8).difference(shapely.box(3, 3, 7, 7)), 0.20),
        (shapely.box(10, 0, 20, 10), 0.0),  # beside it, sharing a side
        (shapely.box(-10, 0, 0, 10), 0.0),
        (shapely.box(10, 10, 20, 20), 0.0),  # sharing a corner
        (shapely.box(0, 0, 10, 5), 0.5),  # sharing three sides
        (shapely.Polygon([(0, 0), (10, 0), (0, 10)]), 0.5),
        (shapely.MultiPolygon([shapely.box(-1, -1, 1, 1), shapely.box(9, 9, 11, 11)]), 0.02),
        (shapely.Polygon(), 0.0),
        (None, 0.0),
    ],
)
@pytest.mark.parametrize("shift", [0.0, 500_000.123])
def test_one_zone_by_hand(zone: shapely.Geometry | None, share: float, shift: float) -> None:
    moved = None if zone is None else translate(zone, shift, 8 * shift)
    plot = np.array([translate(FIELD, shift, 8 * shift)], dtype=object)
    assert float(share_covered(plot, np.array([moved], dtype=object))[0]) == pytest.approx(share, abs=1e-9)


def test_overlaps_count_once_and_the_highest_level_wins() -> None:
    west, east, middle = shapely.box(0, 0, 6, 10), shapely.box(4, 0, 10, 10), shapely.box(3, 0, 7, 5)
    zones, levels = np.array([west, east, middle, west]), np.array([1, 2, 3, 0])
    field = np.array([FIELD])
    assert share_covered(field, zones).tolist() == [1.0]
    np.testing.assert_allclose(share_by_level(field, zones, levels, 5), [[0.0, 0.35, 0.45, 0.2, 0.0]], atol=1e-15)


def test_a_higher_zone_all_over_hides_the_lower_ones() -> None:
    everywhere = shapely.box(-50, -50, 50, 50)
    for order in ([0, 1], [1, 0]):
        zones, levels = np.array([shapely.box(5, 0, 15, 10), everywhere])[order], np.array([1, 2])[order]
        assert share_by_level(np.array([FIELD]), zones, levels, 3).tolist() == [[0.0, 0.0, 1.0]]
        found = share_by_level(np.array([FIELD]), zones, 3 - levels, 3)
        np.testing.assert_allclose(found, [[0.0, 0.5, 0.5]], atol=1e-15)


def test_the_highest_level_on_more_than_a_share() -> None:
    field = np.array([FIELD, translate(FIELD, 100)])
    zones = np.array([shapely.box(0, 0, 10, 0.4), shapely.box(0, 0.4, 10, 0.8), shapely.box(0, 5, 10, 8)])
    levels = np.array([4, 3, 2])
    for minimum, expected in (
        (0.0, 4.0),
        (0.039, 4.0),
        (0.05, 3.0),
        (0.079, 3.0),
        (0.09, 2.0),
        (0.37, 2.0),
        (0.39, np.nan),
    ):
        found = highest_level(field, zones, levels, minimum_share=minimum)
        np.testing.assert_array_equal(found, [expected, np.nan], err_msg=str(minimum))


def test_neighbours_along_a_crooked_border_do_not_touch() -> None:
    """Cells of a tessellation in metres of UTM: each is no zone of its neighbours."""
    seeds = shapely.multipoints(
        np.array([512_345.67, 4_234_567.89]) + np.random.default_rng(7).uniform(0, 3_000, (60, 2))
    )
    cells = shapely.get_parts(shapely.voronoi_polygons(seeds))
    for cell in range(len(cells)):
        found = highest_level(cells, cells[cell : cell + 1], np.array([3]))
        np.testing.assert_array_equal(found, np.where(np.arange(len(cells)) == cell, 3.0, np.nan))


def test_no_zones_no_level() -> None:
    none = np.array([], dtype=object)
    assert share_covered(np.array([FIELD]), none).tolist() == [0.0]
    assert np.isnan(highest_level(np.array([FIELD]), none, np.array([], dtype=int))).all()
    assert share_by_level(none, np.array([FIELD]), np.array([0]), 2).shape == (0, 2)


def test_missing_empty_and_flat_plots_are_unknown() -> None:
    flat = shapely.Polygon([(0, 0), (2, 2), (1, 1)])
    plots = np.array([None, shapely.Polygon(), flat, FIELD], dtype=object)
    for given_as in (plots, ragged(plots)):
        np.testing.assert_array_equal(share_covered(given_as, np.array([FIELD])), [np.nan, np.nan, np.nan, 1.0])


def test_the_same_whatever_the_order_blocks_and_threads() -> None:
    plots = stars(threads.BLOCK + 300, seed=4, extent_m=20_000.0, radius_m=(5.0, 90.0))
    zones = stars(150, seed=5, extent_m=20_000.0, radius_m=(100.0, 900.0))
    levels = np.random.default_rng(6).integers(0, LEVELS, len(zones))
    whole = share_by_level(plots, zones, levels, LEVELS)
    np.testing.assert_array_equal(whole, share_by_level(plots[::-1], zones, levels, LEVELS)[::-1])
    np.testing.assert_array_equal(whole[200:240], share_by_level(ragged(plots[200:240]), zones, levels, LEVELS))
    np.testing.assert_allclose(whole, share_by_level(plots, zones[::-1], levels[::-1], LEVELS), atol=1e-12)


def test_refusals_say_what_was_expected() -> None:
    with pytest.raises(GeometryError, match="The polygon 0 is a point or a line"):
        share_covered(np.array([shapely.Point(1, 1)]), np.array([FIELD]))
    with pytest.raises(GeometryError, match="The zone 1 is a point or a line"):
        share_covered(np.array([FIELD]), np.array([FIELD, shapely.LineString([(0, 0), (1, 1)])]))
    with pytest.raises(ValueError, match="needs a level from 0 to 1"):
        share_by_level(np.array([FIELD]), np.array([FIELD]), np.array([2]), 2)
