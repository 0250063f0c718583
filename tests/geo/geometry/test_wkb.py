"""Polygons read from Well-Known Binary and written again: the same coordinates and bytes as shapely has."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from geo.geometry.ragged import Ragged, ragged
from geo.geometry.wkb import multipolygons_as_ewkb, polygons_of_wkb

SQUARE = shapely.box(0, 0, 1, 1)
HOLED = shapely.Polygon(
    shapely.box(0, 0, 9, 9).exterior, [shapely.box(1, 1, 2, 2).exterior, shapely.box(4, 4, 5, 6).exterior]
)
SEVERAL = shapely.MultiPolygon([shapely.box(20, 0, 21, 1), HOLED, shapely.box(30, 0, 31, 1)])
READ = {"square": SQUARE, "holes": HOLED, "several parts": SEVERAL, "one part": shapely.MultiPolygon([SQUARE])}
LEFT = {
    "point": shapely.Point(1, 2),
    "line": shapely.LineString([(0, 0), (1, 1)]),
    "heights": shapely.force_3d(SQUARE, 5.0),
    "empty": shapely.Polygon(),
    "empty of parts": shapely.MultiPolygon(),
    "collection": shapely.GeometryCollection([SQUARE]),
}


def read(wkb: list[bytes | None]) -> tuple[Ragged, np.ndarray]:
    """Parse byte strings that lie in one buffer, a byte that belongs to none between them."""
    size = np.array([-1 if raw is None else len(raw) for raw in wkb], dtype=np.int64)
    taken = np.maximum(size, 0)
    start = 1 + np.cumsum(taken + 1) - (taken + 1)
    data = np.frombuffer(b"\x01" + b"\x01".join(raw or b"" for raw in wkb) + b"\x01", dtype=np.uint8)
    return polygons_of_wkb(data, start, size)


def same(found: Ragged, expected: Ragged) -> bool:
    names = ("xy", "path_start", "geometry_start", "hole")
    return all(np.array_equal(getattr(found, name), getattr(expected, name)) for name in names)


def test_polygons_have_the_coordinates_and_rings_shapely_finds() -> None:
    found, multiple = read(shapely.to_wkb(list(READ.values()), byte_order=1).tolist())
    assert same(found, ragged(list(READ.values())))
    assert found.areal.all()
    assert multiple.tolist() == [False, False, True, True]


@pytest.mark.parametrize("what", LEFT)
def test_what_is_no_plain_polygon_is_left_to_others(what: str) -> None:
    wkb = shapely.to_wkb(np.array([SQUARE, LEFT[what], HOLED]), byte_order=1).tolist()
    found, multiple = read(wkb)
    assert found.areal.tolist() == [True, False, True]
    assert same(found, ragged([SQUARE, None, HOLED]))
    assert not multiple.any()


def test_other_byte_orders_srids_and_missing_ones_are_left() -> None:
    wkb = [
        shapely.to_wkb(SQUARE, byte_order=0),
        shapely.to_wkb(shapely.set_srid(SQUARE, 4326), include_srid=True),
        None,
        b"",
        b"\x01",
    ]
    found, _ = read(wkb)
    assert not found.areal.any()
    assert len(found.xy) == 0


@pytest.mark.parametrize("what", READ)
def test_bytes_cut_short_or_too_many_are_left(what: str) -> None:
    whole = shapely.to_wkb(READ[what], byte_order=1)
    found, _ = read([*(whole[:length] for length in range(len(whole))), whole + b"\x00", whole])
    assert np.flatnonzero(found.areal).tolist() == [len(whole) + 1]


def test_rings_that_do_not_close_or_have_too_few_points_are_left() -> None:
    whole = bytearray(shapely.to_wkb(SQUARE, byte_order=1))
    whole[-8:] = np.float64(0.5).tobytes()
    few = b"\x01\x03\x00\x00\x00" + (1).to_bytes(4, "little") + (3).to_bytes(4, "little") + bytes(48)
    assert not read([bytes(whole), few])[0].areal.any()


def test_absurd_counts_are_left() -> None:
    whole = bytearray(shapely.to_wkb(SQUARE, byte_order=1))
    whole[9:13] = b"\xff\xff\xff\xff"
    parts = b"\x01\x06\x00\x00\x00\xff\xff\xff\xff"
    assert not read([bytes(whole), parts])[0].areal.any()


def test_multipolygons_are_written_as_shapely_writes_them() -> None:
    shapes = [SQUARE, None, HOLED, SEVERAL]
    data, start = multipolygons_as_ewkb(ragged(shapes), 4326)
    for first, after, shape in zip(start[:-1], start[1:], shapes, strict=True):
        if shape is None:
            assert first == after
            continue
        whole = shape if shape.geom_type == "MultiPolygon" else shapely.MultiPolygon([shape])
        expected = shapely.to_wkb(shapely.set_srid(whole, 4326), include_srid=True, byte_order=1)
        assert data[first:after].tobytes() == expected


@settings(deadline=None)  # the first example compiles the kernel
@given(st.lists(st.sampled_from([*READ.values(), *LEFT.values()])), st.data())
def test_rows_chosen_from_coordinates_are_the_rows_chosen_from_objects(shapes: list[Any], data: st.DataObject) -> None:
    found, _ = read([shapely.to_wkb(shape, byte_order=1) for shape in shapes])
    rows = data.draw(st.lists(st.integers(0, len(shapes) - 1))) if shapes else []
    taken = [shapes[row] if found.areal[row] else None for row in rows]
    part = found.take(np.array(rows, dtype=np.int64))
    assert same(part, ragged(taken))
    assert part.areal.tolist() == [shape is not None for shape in taken]
