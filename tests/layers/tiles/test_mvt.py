"""Outlines and tiles made from arrays: decoded, and compared with shapely and with exact decimals."""

from __future__ import annotations

from decimal import ROUND_DOWN, Decimal
from typing import Any

import mapbox_vector_tile
import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from geo.suitability.shown import shown_score
from layers.tiles.mvt import Coded, coded, encode
from layers.tiles.outlines import boxes, draw_outlines

EXTENT, BUFFER = 4096, 64
WEST, NORTH, UNIT = 7_500_000.0, 4_600_000.0, 0.5  # metres of Web Mercator; a unit of the tile


def on_the_ground(units: Any) -> Any:
    """A geometry in tile units, rows southwards, on the ground in Web Mercator."""
    return shapely.transform(units, lambda xy: np.c_[WEST + xy[:, 0] * UNIT, NORTH - xy[:, 1] * UNIT])


def tile_of(shapes: list[Any], tolerance: float = 0.0) -> list[dict[str, Any]]:
    """Features of the tile that shows some shapes given in tile units."""
    ground = [shapely.multipolygons([on_the_ground(part) for part in shapely.get_parts(one)]) for one in shapes]
    content = shapely.to_wkb(shapely.set_srid(np.array(ground, dtype=object), 3857), include_srid=True, byte_order=1)
    ewkb = np.frombuffer(b"".join(content), dtype=np.uint8)
    drawing = draw_outlines(ewkb, len(shapes), WEST, NORTH, UNIT, EXTENT, BUFFER, tolerance)
    body, count = encode("land", EXTENT, drawing, {}, np.arange(len(shapes)))
    decoded = mapbox_vector_tile.decode(body, default_options={"y_coord_down": True})
    features: list[dict[str, Any]] = decoded.get("land", {}).get("features", [])
    assert len(features) == count
    return features


def star(x: float, y: float, radius: float, spikes: list[float]) -> Any:
    turn = np.linspace(0, 2 * np.pi, len(spikes), endpoint=False)
    reach = radius * np.array(spikes)
    return shapely.Polygon(np.c_[x + reach * np.cos(turn), y + reach * np.sin(turn)])


STARS = st.builds(
    star,
    st.floats(-200, EXTENT + 200),
    st.floats(-200, EXTENT + 200),
    st.floats(30, 900),
    st.lists(st.floats(0.4, 1.0), min_size=5, max_size=24),
)


@settings(max_examples=60, deadline=None)
@given(STARS, st.sampled_from([0.0, 2.0, 4.0]))
def test_an_outline_stays_within_its_tolerance_and_inside_the_tile(outline: Any, tolerance: float) -> None:
    frame = shapely.box(-BUFFER, -BUFFER, EXTENT + BUFFER, EXTENT + BUFFER)
    features = tile_of([outline], tolerance)
    expected = outline.intersection(frame)
    if expected.area < 20 * (1 + tolerance):
        return
    (feature,) = features
    found = shapely.make_valid(shapely.geometry.shape(feature["geometry"]))
    assert frame.covers(found)
    # The outline moves by the tolerance, its corners by half a unit in each axis; 1.2 covers the diagonal.
    reach = tolerance + 1.2
    assert found.difference(expected.buffer(reach)).area < 1e-6
    assert expected.buffer(-reach).difference(found).area < 1e-6


def test_holes_parts_and_turning_sense_are_kept() -> None:
    outer = shapely.box(100, 100, 500, 500)
    holed = shapely.difference(outer, shapely.box(200, 200, 300, 300))
    two = shapely.multipolygons([holed, shapely.box(700, 100, 800, 150)])
    for given_shape in (two, shapely.reverse(two)):
        (feature,) = tile_of([given_shape])
        found = shapely.geometry.shape(feature["geometry"])
        assert found.equals(two)
        for part in shapely.get_parts(found):
            # Rows count southwards: what is counter-clockwise here is clockwise on the screen, an outer ring.
            assert part.exterior.is_ccw
            assert not any(ring.is_ccw for ring in part.interiors)


def test_no_plot_vanishes_for_being_small_and_none_outside_is_drawn() -> None:
    speck, sliver = shapely.box(10.1, 10.1, 10.2, 10.2), shapely.box(50, 20.4, 90, 20.45)
    outside, corner = shapely.box(5_000, 5_000, 5_100, 5_100), shapely.Polygon([(-200, 40), (40, -200), (-200, -200)])
    features = tile_of([speck, sliver, outside, corner], tolerance=2.0)
    assert [feature["id"] for feature in features] == [0, 1]
    for feature in features:
        assert shapely.geometry.shape(feature["geometry"]).area >= 1


@settings(max_examples=40, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 4000), st.integers(0, 4000)), min_size=1, max_size=20))
def test_rectangles_are_drawn_as_given(corners: list[tuple[int, int]]) -> None:
    west, north = np.array(corners).T
    body, _ = encode("cells", EXTENT, boxes(west, north, west + 7, north + 3), {"plots": coded(list(range(len(west))))})
    decoded = mapbox_vector_tile.decode(body, default_options={"y_coord_down": True})["cells"]
    assert decoded["extent"] == EXTENT
    for feature, (x, y) in zip(decoded["features"], corners, strict=True):
        assert shapely.geometry.shape(feature["geometry"]).equals(shapely.box(x, y, x + 7, y + 3))
        assert "id" not in feature or feature["id"] == 0


VALUES = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(2**63), 2**63 - 1),
    st.floats(allow_nan=False, allow_infinity=False),
    st.text(max_size=40),
)


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(VALUES, VALUES), min_size=1, max_size=30), st.integers(0, 2**62))
def test_attributes_and_numbers_come_back_as_they_went_in(rows: list[tuple[Any, Any]], first: int) -> None:
    count = len(rows)
    at = np.arange(count)
    ids = first + at[::-1]
    body, shown = encode(
        "land", EXTENT, boxes(at, at, at + 1, at + 1), {"a": _coded(rows, 0), "b": _coded(rows, 1)}, ids
    )
    features = mapbox_vector_tile.decode(body)["land"]["features"]
    assert shown == count
    assert [feature["id"] for feature in features] == sorted(ids.tolist())  # in order of number
    for feature, row in zip(features, reversed(rows), strict=True):
        expected = {name: value for name, value in zip("ab", row, strict=True) if value is not None}
        assert feature["properties"] == expected
        assert [type(value) for value in feature["properties"].values()] == [type(value) for value in expected.values()]


def _coded(rows: list[tuple[Any, Any]], place: int) -> Coded:
    """Every value its own code: 1, 1.0 and True are different values here."""
    values = [row[place] for row in rows if row[place] is not None]
    known = np.array([row[place] is not None for row in rows])
    return Coded(values, np.where(known, np.cumsum(known) - 1, -1))


def test_a_tile_of_nothing_is_empty() -> None:
    assert encode("land", EXTENT, (np.empty(0, np.int64), np.zeros(4, np.int64)), {}) == (b"", 0)


def _stored(values: list[float]) -> NDArray[np.float32]:
    return np.array(values, dtype=np.float32)


@pytest.mark.parametrize(
    ("stored", "shown"), [(75.1, 75.1), (74.99999, 74.9), (75.0, 75.0), (0.0, 0.0), (100.0, 100.0), (99.95, 99.9)]
)
def test_scores_are_cut_after_one_decimal(stored: float, shown: float) -> None:
    assert shown_score(_stored([stored])).tolist() == [shown]


@given(st.lists(st.floats(0, 100, width=32), min_size=1, max_size=50))
def test_scores_are_shown_as_the_printed_decimal_cut(scores: list[float]) -> None:
    expected = [float(Decimal(str(np.float32(score))).quantize(Decimal("0.1"), ROUND_DOWN)) for score in scores]
    assert shown_score(_stored(scores)).tolist() == expected
