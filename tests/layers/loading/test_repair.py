"""Geometry as files have it: what is mended and said, what is refused, what is left exactly as it was."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import shapely
from hypothesis import example, given
from hypothesis import strategies as st
from shapely import wkt

from layers.catalogue.base import COUNTRY, Box
from layers.catalogue.land import FARMED as PLOTS
from layers.loading.faults import Faults
from layers.loading.repair import repaired
from layers.postgres.copy_columns import ewkb
from layers.records.load_report import Repair

ANYWHERE = Box(-180, -90, 180, 90, "a place on earth")
SQUARE = "POLYGON ((70 39, 70.1 39, 70.1 39.1, 70 39.1, 70 39))"

OTHER_SQUARE = SQUARE.replace("70", "71")


def mended(
    *texts: str | None, kind: str = "MULTIPOLYGON", box: Box = ANYWHERE
) -> tuple[list[Any], list[Repair], list[str]]:
    faults = Faults(np.arange(1, len(texts) + 1))
    given = np.array([None if text is None else wkt.loads(text) for text in texts] + [None], dtype=object)[:-1]
    found, repairs = repaired(given, kind, faults, box)
    return list(found), repairs, [str(rejection) for rejection in faults.rejections()]


def test_good_geometry_is_left_as_it_is() -> None:
    found, repairs, faults = mended(SQUARE, "MULTIPOLYGON (((70 39, 70.1 39, 70.1 39.1, 70 39)))")
    assert [shape.wkt for shape in found] == [wkt.loads(SQUARE).wkt, found[1].wkt]
    assert repairs == []
    assert faults == []


def test_a_small_crossing_at_a_corner_is_mended_and_its_area_change_is_said() -> None:
    # A square of 10 x 10 whose last edge overshoots by 0.1 before closing: a loop of 0.1 x 0.1 / 2 at the corner.
    found, repairs, faults = mended("POLYGON ((0 0, 10 0, 10 10, 0 10, 0 -0.1, 0.1 0, 0 0))")
    assert faults == []
    assert found[0].is_valid
    assert found[0].area == pytest.approx(100, rel=0.001)
    assert repairs[0].what.endswith("mended")
    assert repairs[0].change_pct is not None
    assert repairs[0].change_pct < 0.1


def test_a_bowtie_is_anybodys_guess_and_refused() -> None:
    _, repairs, faults = mended("POLYGON ((0 0, 1 1, 1 0, 0 1, 0 0))")
    assert repairs == []
    assert faults == [
        "row 1: cannot be mended: its area would change by 100 % (self-intersection); expected at most 5 %"
    ]


def test_a_hole_outside_its_shell_changes_the_area_and_is_refused() -> None:
    _, _, faults = mended("POLYGON ((0 0, 1 0, 1 1, 0 1, 0 0), (5 5, 6 5, 6 6, 5 6, 5 5))")
    assert len(faults) == 1


def test_what_has_no_extent_left_is_refused() -> None:
    _, _, faults = mended("POLYGON ((0 0, 1 1, 2 2, 0 0))")
    assert "has no polygon left once mended" in faults[0]


def test_missing_empty_and_broken_coordinates() -> None:
    with np.errstate(invalid="ignore"):
        broken = shapely.Polygon([(0, 0), (1, 0), (np.nan, 1)]).wkt
        _, _, faults = mended(None, "POLYGON EMPTY", broken, "GEOMETRYCOLLECTION EMPTY")
    assert faults == [
        "row 1: has no geometry",
        "row 2: has no geometry",
        "row 3: has coordinates that are not numbers",
        "row 4: has no geometry",
    ]


def test_height_and_measure_are_dropped() -> None:
    found, _, faults = mended("POLYGON Z ((70 39 1, 70.1 39 2, 70.1 39.1 3, 70 39 1))", "POINT ZM (70 39 5 6)")
    assert not found[0].has_z
    assert len(faults) == 1
    points, _, _ = mended("POINT ZM (70 39 5 6)", kind="POINT")
    assert points[0].wkt == "POINT (70 39)"


def test_collections_keep_what_fits_and_say_what_they_lost() -> None:
    found, repairs, faults = mended(
        f"GEOMETRYCOLLECTION ({SQUARE}, LINESTRING (0 0, 1 1), GEOMETRYCOLLECTION (POINT (3 3), {OTHER_SQUARE}))"
    )
    assert faults == []
    assert found[0].geom_type == "MultiPolygon"
    assert repairs[0].what == "2 of 4 parts kept, the others are no polygons"


def test_another_kind_is_refused_in_plain_words() -> None:
    _, _, faults = mended("LINESTRING (0 0, 1 1)", "POINT (0 0)")
    assert faults == ["row 1: is a LineString; expected a polygon", "row 2: is a Point; expected a polygon"]
    _, _, faults = mended(SQUARE, kind="POINT")
    assert faults == ["row 1: is a Polygon; expected a point"]
    _, _, faults = mended("MULTIPOINT ((70 39), (71 39))", kind="POINT")
    assert faults == ["row 1: is 2 points; expected a point"]


def test_a_closed_line_is_the_outline_of_a_polygon_as_drawing_programs_export_it() -> None:
    found, repairs, faults = mended("LINESTRING (70 39, 70.1 39, 70.1 39.1, 70 39)")
    assert faults == []
    assert found[0].geom_type == "Polygon"
    assert repairs[0].what == "closed line taken as the outline of a polygon"


def test_a_single_point_in_a_multipoint_and_a_line_of_one_spot() -> None:
    found, _, _ = mended("MULTIPOINT ((70 39))", kind="POINT")
    assert found[0].wkt == "POINT (70 39)"
    _, _, faults = mended("LINESTRING (70 39, 70 39)", kind="MULTILINESTRING")
    assert "no line left" in faults[0]


def test_places_outside_are_refused_with_where_they_lie() -> None:
    _, _, faults = mended("POINT (39 70)", "POINT (70.5 39.1)", kind="POINT", box=COUNTRY)
    assert len(faults) == 1
    assert faults[0].startswith("row 1: lies at 39.0000..39.0000 E, 70.0000..70.0000 N; expected a place in or near")


def test_plots_end_at_73_5_east_since_the_working_crs_does() -> None:
    inside, outside = (SQUARE.replace("70", lon) for lon in ("73", "74"))
    _, _, faults = mended(inside, outside, box=PLOTS)
    assert [fault.split(":")[0] for fault in faults] == ["row 2"]
    _, _, faults = mended(outside, box=COUNTRY)
    assert faults == []


coordinate = st.floats(min_value=-1, max_value=1, allow_nan=False).map(lambda value: round(value, 3))


@example([(0, 1), (0, 0), (1, 0), (0, 0.75), (0.25, 0), (-0.5, -0.5), (0, 0.25), (0, 0), (1, 0)])
@given(st.lists(st.tuples(coordinate, coordinate), min_size=3, max_size=12))
def test_whatever_the_ring_the_outcome_is_valid_or_refused(ring: list[tuple[float, float]]) -> None:
    faults = Faults(np.arange(1, 2))
    found, repairs = repaired(np.array([shapely.Polygon(ring)], dtype=object), "MULTIPOLYGON", faults, ANYWHERE)
    if not faults.bad[0]:
        assert found[0].is_valid
        assert not found[0].is_empty
        assert found[0].geom_type in ("Polygon", "MultiPolygon")
        before = shapely.Polygon(ring)
        if not before.is_valid:
            assert repairs[0].change_pct is not None
            assert abs(found[0].area - before.area) <= 0.05 * max(found[0].area, before.area) + 1e-12


@pytest.mark.parametrize(
    ("kind", "texts"),
    [
        ("POINT", ["POINT (70.5 39.25)"]),
        ("MULTILINESTRING", ["LINESTRING (70 39, 71 40)", "MULTILINESTRING ((70 39, 71 40), (69 38, 68 37))"]),
        ("MULTIPOLYGON", [SQUARE, "MULTIPOLYGON (((70 39, 70.1 39, 70.1 39.1, 70 39)))"]),
    ],
)
def test_the_bytes_stored_are_those_of_the_multiple_form(kind: str, texts: list[str]) -> None:
    multiple: dict[str, Callable[[Any], Any]] = {
        "POINT": lambda g: g,
        "MULTILINESTRING": shapely.multilinestrings,
        "MULTIPOLYGON": shapely.multipolygons,
    }
    shapes = np.array([wkt.loads(text) for text in texts], dtype=object)
    wanted = [shape if shape.geom_type.upper() == kind else multiple[kind]([shape]) for shape in shapes]
    expected = [shapely.to_wkb(shapely.set_srid(shape, 4326), include_srid=True) for shape in wanted]
    assert ewkb(shapes, kind).tolist() == expected
