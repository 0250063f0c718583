"""Geometry of a batch as coordinates and objects: whichever it is, what comes back is the same."""

from __future__ import annotations

import struct

import numpy as np
import pyarrow as pa
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from geo.geometry.crs import area_ha
from layers.catalogue.land import FARMED as PLOTS
from layers.loading.faults import Faults
from layers.loading.repair import repaired, sound
from layers.loading.shapes import CurvedGeometry, Shapes
from layers.postgres.copy_columns import ewkb
from layers.postgres.pieces import Pieces, joined


def plot(lon: float, lat: float = 39.0, size: float = 0.001) -> shapely.Polygon:
    return shapely.box(lon, lat, lon + size, lat + size)


HOLED = shapely.Polygon(plot(70.01, size=0.009).exterior, [plot(70.012).exterior])
SPIKE = [(72, 39), (72.01, 39), (72.01, 39.01), (72.005, 39.01), (72.005, 39.0102), (72.005, 39.01), (72, 39.01)]
GIVEN = {
    "plain": plot(70),
    "of one part": shapely.MultiPolygon([plot(70.1)]),
    "of two parts": shapely.MultiPolygon([plot(70.2), plot(70.3)]),
    "touching parts": shapely.MultiPolygon([plot(70.4), plot(70.401, 39.001)]),
    "with a hole": HOLED,
    "with heights": shapely.force_3d(plot(70.5), 900.0),
    "bow tie": shapely.Polygon([(71, 39), (71.002, 39.001), (71.002, 39), (71, 39.002)]),
    "spike to mend": shapely.Polygon(SPIKE),
    "abroad": plot(80),
    "long": shapely.box(67, 37, 69, 38),
    "point": shapely.Point(70, 39),
    "collection": shapely.GeometryCollection([plot(70.6), shapely.Point(70, 39)]),
    "empty": shapely.Polygon(),
    "missing": None,
}
with np.errstate(invalid="ignore"):
    GIVEN["not a number"] = shapely.Polygon([(70, 39), (70.1, 39), (np.nan, 39.1)])
MANY = st.lists(st.sampled_from(list(GIVEN)), max_size=12)


def array(names: list[str]) -> np.ndarray:
    found = np.full(len(names), None, dtype=object)
    found[:] = [GIVEN[name] for name in names]
    return found


def as_column(shapes: np.ndarray, large: bool = False) -> pa.Array:
    return pa.array(shapely.to_wkb(shapes).tolist(), type=pa.large_binary() if large else pa.binary())


@pytest.mark.parametrize("large", [False, True])
def test_geometries_come_back_as_they_went_in(large: bool) -> None:
    shapes = array(list(GIVEN))
    for found in (Shapes.of(shapes), Shapes.of_wkb(as_column(shapes, large))):
        assert shapely.to_wkb(found.objects()).tolist() == shapely.to_wkb(shapes).tolist()
        assert found.missing().tolist() == shapely.is_missing(shapes).tolist()
        assert found.plain.sum() == 10


def test_a_slice_of_a_column_is_its_own_rows() -> None:
    shapes = array(list(GIVEN))
    found = Shapes.of_wkb(as_column(shapes)[3:9])
    assert shapely.to_wkb(found.objects()).tolist() == shapely.to_wkb(shapes[3:9]).tolist()


@settings(deadline=None)
@given(MANY)
def test_checked_by_coordinates_or_one_by_one_is_the_same(names: list[str]) -> None:
    rows, given_ = np.arange(1, len(names) + 1), array(names)
    one_by_one, by_coordinates = Faults(rows), Faults(rows)
    expected, expected_repairs = repaired(given_, "MULTIPOLYGON", one_by_one, PLOTS)
    found, bounds, repairs = sound(Shapes.of(given_), "MULTIPOLYGON", by_coordinates, PLOTS)
    assert by_coordinates.rejections() == one_by_one.rejections()
    assert by_coordinates.bad.tolist() == one_by_one.bad.tolist()
    assert repairs == expected_repairs
    good = np.flatnonzero(~one_by_one.bad)
    part, whole = found.take(good), expected[good]
    np.testing.assert_array_equal(bounds[good], shapely.bounds(whole).reshape(-1, 4))
    assert part.ewkb("MULTIPOLYGON").tolist() == ewkb(whole, "MULTIPOLYGON").tolist()
    np.testing.assert_array_equal(part.area_ha(), area_ha(whole))


def test_other_kinds_are_stored_as_they_are() -> None:
    lines = np.array([shapely.LineString([(70, 39), (71, 40)]), shapely.MultiLineString([[(70, 39), (70, 40)]])])
    found, bounds, _ = sound(Shapes.of(lines), "MULTILINESTRING", Faults(np.arange(2)), PLOTS)
    assert found.ewkb("MULTILINESTRING").tolist() == ewkb(lines, "MULTILINESTRING").tolist()
    np.testing.assert_array_equal(bounds, shapely.bounds(lines))


def test_moving_moves_coordinates_and_objects_alike() -> None:
    shapes = Shapes.of(array(["plain", "point", "missing", "of two parts"]))
    moved = shapes.moved(lambda xy: xy + np.array([1.0, 0.0])).objects()
    expected = shapely.transform(shapes.objects(), lambda xy: xy + np.array([1.0, 0.0]))
    assert shapely.to_wkb(moved).tolist() == shapely.to_wkb(expected).tolist()


def test_none_at_all_is_all_missing() -> None:
    assert Shapes.none(3).missing().tolist() == [True] * 3
    assert len(Shapes.none(0).objects()) == 0


@settings(deadline=None)
@given(st.lists(st.tuples(st.binary(max_size=30), st.binary(max_size=3)), max_size=30))
def test_rows_are_joined_from_the_pieces_of_their_columns(rows: list[tuple[bytes, bytes]]) -> None:
    first, second = (Pieces.of([row[place] for row in rows]) for place in (0, 1))
    found = joined([Pieces.repeated(b"head", len(rows)), first, second])
    assert found.tolist() == [b"head" + one + other for one, other in rows]
    assert found.data.tobytes() == b"".join(found.tolist())
    backwards = np.arange(len(rows))[::-1]
    assert first[backwards].tolist() == [row[0] for row in rows][::-1]


@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize("dimensions", [0, 1000])
def test_a_geometry_with_arcs_is_named_by_its_place(order: str, dimensions: int) -> None:
    corners = [(70, 39), (70.1, 39.1), (70.2, 39), (70.1, 38.9), (70, 39)]
    head = struct.pack(order + "BI", order == "<", 8 + dimensions)
    points = b"".join(
        struct.pack(f"{order}{2 + dimensions // 1000}d", *corner, *[900.0] * (dimensions // 1000)) for corner in corners
    )
    column = pa.array([shapely.to_wkb(plot(70)), None, head + struct.pack(order + "I", len(corners)) + points])
    with pytest.raises(CurvedGeometry, match="has arcs; expected straight lines") as refused:
        Shapes.of_wkb(column)
    assert refused.value.arcs.tolist() == [False, False, True]
