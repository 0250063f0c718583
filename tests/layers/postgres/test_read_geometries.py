"""Geometries out of PostgreSQL's arrays: the coordinates are those of reprojecting each geometry by itself."""

from __future__ import annotations

from typing import Any

import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from geo.errors import CrsError
from geo.geometry.crs import to_working
from layers.postgres.read_geometries import geometries_of
from tests.worlds.broken_shapes import areas, ways

IN_DEGREES = st.one_of(areas(), ways()).map(lambda shape: shapely.transform(shape, lambda xy: xy / 10 + [70.0, 38.0]))
POINT = shapely.Point(69.5, 38.5)


def as_sent(pieces: list[bytes | None]) -> bytes:
    """Return an array of bytea in PostgreSQL's binary form."""
    head = b"".join(number.to_bytes(4) for number in (1, None in pieces, 17, len(pieces), 1))
    return head + b"".join(
        (2**32 - 1).to_bytes(4) if piece is None else len(piece).to_bytes(4) + piece for piece in pieces
    )


def one_by_one(shapes: list[Any]) -> list[Any]:
    """Reproject each shape; a multiple of one part becomes that part."""
    moved = to_working(shapes).tolist()
    return [
        shape if shape is None or not hasattr(shape, "geoms") or len(shape.geoms) != 1 else shape.geoms[0]
        for shape in moved
    ]


@settings(max_examples=60, deadline=None)
@given(shapes=st.lists(st.one_of(st.none(), st.just(POINT), IN_DEGREES), max_size=6))
def test_coordinates_are_reprojected_inside_the_bytes(shapes: list[Any]) -> None:
    multiple = [shapely.MultiPolygon([shape]) if shape and shape.geom_type == "Polygon" else shape for shape in shapes]
    found = geometries_of(as_sent([None if shape is None else shapely.to_wkb(shape) for shape in multiple]))
    expected = one_by_one(multiple)
    assert [None if shape is None else shape.wkb for shape in found] == [
        None if shape is None else shape.wkb for shape in expected
    ]


@pytest.mark.parametrize(
    "wkb",
    [
        shapely.to_wkb(shapely.Point(69.5, 38.5, 900.0), output_dimension=3),
        shapely.to_wkb(POINT, byte_order=0),
        shapely.to_wkb(shapely.GeometryCollection([POINT])),
        shapely.to_wkb(shapely.Point()),
        shapely.to_wkb(shapely.Polygon()),
    ],
)
def test_what_is_not_plain_is_read_the_long_way(wkb: bytes) -> None:
    found = geometries_of(as_sent([wkb, shapely.to_wkb(POINT)]))
    expected = to_working(shapely.from_wkb([wkb, shapely.to_wkb(POINT)]))
    assert (shapely.to_wkb(found) == shapely.to_wkb(expected)).all()
    assert not shapely.has_z(found).any()


def test_coordinates_far_away_are_refused() -> None:
    with pytest.raises(CrsError, match="expected longitude and latitude"):
        geometries_of(as_sent([shapely.to_wkb(shapely.Point(38.5, 69.5))]))


def test_an_array_without_geometries_gives_none() -> None:
    assert geometries_of(as_sent([None, None])).tolist() == [None, None]
