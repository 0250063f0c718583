"""Coordinates taken out of geometries, against taking each of them apart by hand."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

import geo.geometry.ragged
from geo.errors import GeometryError
from geo.geometry.ragged import ragged
from tests.worlds.broken_shapes import areas, ways

SQUARE = shapely.box(0, 0, 1, 1)
ODD = (
    None,
    shapely.Point(1, 2),
    shapely.Point(),
    shapely.MultiPoint([(3, 4), (5, 6)]),
    shapely.Polygon(),
    shapely.MultiPolygon(),
    shapely.LinearRing([(0, 0), (1, 0), (1, 1)]),
    shapely.Polygon([(0, 0, 5), (1, 0, 5), (1, 1, 5)]),
)


def paths_of(geometry: Any) -> list[tuple[bool, list[tuple[float, ...]]]]:
    """Return of each path of a geometry whether it is a hole, and its coordinates."""
    if geometry is None or geometry.is_empty:
        return []
    if hasattr(geometry, "geoms"):
        return [path for part in geometry.geoms for path in paths_of(part)]
    if geometry.geom_type == "Polygon":
        rings = [geometry.exterior, *geometry.interiors]
        return [(number > 0, [xyz[:2] for xyz in ring.coords]) for number, ring in enumerate(rings)]
    return [(False, [xyz[:2] for xyz in geometry.coords])]


@settings(max_examples=60, deadline=None)
@given(st.lists(st.one_of(areas(), ways(), st.sampled_from(ODD)), max_size=9), st.sampled_from([1, 2, 4, 1_024]))
def test_as_taken_apart_by_hand(geometries: list[Any], block: int) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(geo.geometry.ragged, "BLOCK", block)
        found = ragged(geometries)
    expected = [paths_of(geometry) for geometry in geometries]
    paths = [path for one in expected for path in one]
    assert np.diff(found.geometry_start).tolist() == [len(one) for one in expected]
    assert np.diff(found.path_start).tolist() == [len(xy) for _, xy in paths]
    assert found.hole.tolist() == [hole for hole, _ in paths]
    assert found.xy.tolist() == [list(place) for _, xy in paths for place in xy]
    kinds = [None if geometry is None else geometry.geom_type for geometry in geometries]
    assert found.areal.tolist() == [kind in ("Polygon", "MultiPolygon") for kind in kinds]


def test_a_collection_is_refused_by_its_position() -> None:
    with pytest.raises(GeometryError, match="Geometry 1 is a collection"):
        ragged([SQUARE, shapely.GeometryCollection([SQUARE])])
    with pytest.raises(GeometryError, match="Geometry 101 is a collection"):
        ragged([SQUARE, shapely.GeometryCollection([SQUARE])], first=100)
