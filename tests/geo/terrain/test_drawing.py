"""Cells that geometries touch or cover, against rasterio handed the geometries themselves."""

from __future__ import annotations

import numpy as np
import shapely
from affine import Affine
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from rasterio.features import rasterize

from geo.terrain.drawing import draw
from geo.terrain.grid import Grid

CELL_M, X_MIN, Y_MAX, ROWS, COLS = 30.0, 500_010.0, 4_300_020.0, 12, 17
DEM = Grid(np.zeros((ROWS, COLS), dtype=np.float32), X_MIN, Y_MAX, CELL_M, CELL_M)

east = st.floats(X_MIN - 400.0, X_MIN + COLS * CELL_M + 400.0)
north = st.floats(Y_MAX - ROWS * CELL_M - 400.0, Y_MAX + 400.0)
place = st.tuples(east, north)
line = st.lists(place, min_size=2, max_size=6).map(shapely.LineString)
side = st.floats(20.0, 300.0)


def framed(x: float, y: float, width: float, height: float) -> shapely.Polygon:
    """A field with a hole in it."""
    outer, inner = (
        shapely.box(x, y, x + width, y + height),
        shapely.box(x + 5.0, y + 5.0, x + width / 2, y + height / 2),
    )
    return shapely.Polygon(outer.exterior, [inner.exterior])


polygon = st.builds(framed, east, north, side, side)
shape = st.one_of(
    line,
    polygon,
    place.map(shapely.Point),
    st.lists(line, min_size=1, max_size=3).map(shapely.MultiLineString),
    st.lists(polygon, min_size=1, max_size=3).map(shapely.MultiPolygon),
    st.sampled_from([None, shapely.LineString(), shapely.Polygon()]),
)


def as_rasterio_draws(
    layers: list[tuple[list[shapely.Geometry | None], int]], *, all_touched: bool
) -> NDArray[np.uint8]:
    drawn = np.zeros((ROWS, COLS), dtype=np.uint8)
    for shapes, number in layers:
        for one in shapes:
            if one is not None and not shapely.is_empty(one):
                at = Affine(CELL_M, 0.0, X_MIN, 0.0, -CELL_M, Y_MAX)
                touched = rasterize([one], (ROWS, COLS), transform=at, all_touched=all_touched, dtype="uint8")
                drawn[touched == 1] = number
    return drawn


@given(layers=st.lists(st.lists(shape, max_size=5), max_size=3), all_touched=st.booleans())
def test_cells_are_those_rasterio_draws_shape_by_shape(
    layers: list[list[shapely.Geometry | None]], all_touched: bool
) -> None:
    numbered = [(shapes, number) for number, shapes in enumerate(layers, start=1)]
    found = draw(
        [(np.array([*shapes, None], dtype=object), number) for shapes, number in numbered], DEM, all_touched=all_touched
    )
    np.testing.assert_array_equal(found, as_rasterio_draws(numbered, all_touched=all_touched))


def test_a_later_set_wins_a_shared_cell() -> None:
    road = shapely.LineString([(X_MIN, Y_MAX - 45.0), (X_MIN + 300.0, Y_MAX - 45.0)])
    field = shapely.box(X_MIN + 60.0, Y_MAX - 89.0, X_MIN + 119.0, Y_MAX - 1.0)
    one, other = np.array([road], dtype=object), np.array([field], dtype=object)
    assert draw([(one, 2), (other, 5)], DEM, all_touched=True)[1, :5].tolist() == [2, 2, 5, 5, 2]
    assert draw([(other, 5), (one, 2)], DEM, all_touched=True)[1, :5].tolist() == [2, 2, 2, 2, 2]
    assert draw([], DEM, all_touched=True).tolist() == np.zeros((ROWS, COLS)).tolist()
