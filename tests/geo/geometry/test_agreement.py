"""Two drawings of one unit, computed by hand."""

from __future__ import annotations

import numpy as np
import pyproj
import pytest
import shapely

from geo.geometry.agreement import share_agreed

STEP = 0.01  # degree


def box(west: float, east: float, south: float = 0.0, north: float = 1.0) -> shapely.Polygon:
    return shapely.box(70 + STEP * west, 38 + STEP * south, 70 + STEP * east, 38 + STEP * north)


def agreed(one: object, other: object) -> float:
    return float(share_agreed(np.array([one], dtype=object), np.array([other], dtype=object))[0])


@pytest.mark.parametrize(
    ("one", "other", "expected"),
    [
        (box(0, 1), box(0, 1), 1.0),
        (box(0, 2), box(1, 3), 1 / 3),  # one of three steps
        (box(0, 4), box(0, 1), 1 / 4),
        (box(0, 4), box(0, 3), 3 / 4),
        (box(0, 1), box(1, 2), 0.0),  # a border alone
        (box(0, 1), box(5, 6), 0.0),
        (shapely.MultiPolygon([box(0, 1), box(4, 5)]), box(0, 5), 2 / 5),
        (box(0, 3).difference(box(1, 2)), box(0, 3), 2 / 3),
    ],
)
def test_share_is_of_the_ground_that_either_has(one: object, other: object, expected: float) -> None:
    """Boxes of one height and one latitude: areas are as their widths."""
    assert agreed(one, other) == pytest.approx(expected, abs=2e-6)
    assert agreed(other, one) == pytest.approx(expected, abs=2e-6)


def test_hole_is_in_neither() -> None:
    ring = box(0, 3, 0, 3).difference(box(1, 2, 1, 2))
    assert agreed(ring, box(0, 3, 0, 3)) == pytest.approx(8 / 9, abs=1e-5)


def test_lines_where_outlines_touch_count_for_nothing() -> None:
    bent = shapely.union_all([box(0, 1), box(2, 3), box(0, 3, 1, 2)])  # meets the other along lines and in an area
    other = box(1, 2.5)
    assert shapely.intersection(bent, other).geom_type == "GeometryCollection"
    assert agreed(bent, other) == pytest.approx(0.5 / (5 + 1.5 - 0.5), abs=1e-4)


def test_areas_are_those_of_the_ellipsoid() -> None:
    """A degree in the south has more ground than one in the north; PROJ's geodesics tell how much."""
    geod = pyproj.Geod(ellps="WGS84")
    south, both = shapely.box(70, 37, 70.2, 38.5), shapely.box(70, 37, 70.2, 40)
    expected = abs(geod.geometry_area_perimeter(south)[0]) / abs(geod.geometry_area_perimeter(both)[0])
    assert abs(expected - 0.5) > 0.004
    assert agreed(south, both) == pytest.approx(expected, abs=1e-4)


def test_what_is_missing_agrees_with_nothing_and_spoils_no_neighbour() -> None:
    ones = np.array([None, box(0, 1), shapely.Polygon(), box(0, 2)], dtype=object)
    others = np.array([box(0, 1), None, box(0, 1), box(0, 1)], dtype=object)
    found = share_agreed(ones, others)
    assert np.isnan(found[:3]).all()
    assert found[3] == pytest.approx(0.5, abs=1e-6)
    assert share_agreed(ones[:0], others[:0]).shape == (0,)
