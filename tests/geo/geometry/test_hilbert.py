"""Order along a Hilbert curve: the same as GeoPandas has, and neighbours one step apart."""

from __future__ import annotations

import geopandas as gpd
import numpy as np
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from geo.geometry.hilbert import hilbert_distance
from geo.geometry.kernels.hilbert import SIDE


def boxes(points: list[tuple[float, float]], size: float) -> np.ndarray:
    xy = np.array(points, dtype=np.float64).reshape(-1, 2)
    return np.column_stack([xy, xy + size])


@settings(deadline=None)  # the first example compiles the kernel
@given(st.lists(st.tuples(st.floats(60, 80), st.floats(30, 45)), min_size=1), st.floats(0.0, 0.1))
def test_distances_are_those_of_geopandas(points: list[tuple[float, float]], size: float) -> None:
    bounds = boxes(points, size)
    expected = gpd.GeoSeries(shapely.box(*bounds.T)).hilbert_distance().to_numpy()
    np.testing.assert_array_equal(hilbert_distance(bounds), expected)


def test_the_curve_passes_every_cell_once_from_one_to_a_neighbour() -> None:
    side = 16
    x, y = (axis.ravel().astype(np.float64) for axis in np.meshgrid(np.arange(side), np.arange(side)))
    # Cells of a coarser square: their low corners lie on the fine one at whole steps of SIDE / side.
    step = SIDE // side
    far = np.array([[SIDE - 1.0, SIDE - 1.0]])
    xy = np.vstack([np.column_stack([x, y]) * step, far])
    order = np.argsort(hilbert_distance(np.column_stack([xy, xy]))[:-1], kind="stable")
    moved = np.abs(np.diff(np.column_stack([x, y])[order], axis=0)).sum(axis=1)
    assert (moved == 1).all()


def test_places_that_are_all_one_have_no_order() -> None:
    assert hilbert_distance(np.array([[1.0, 2.0, 1.0, 2.0]] * 3)).tolist() == [0, 0, 0]
    assert len(hilbert_distance(np.empty((0, 4)))) == 0
