"""Zonal statistics against cells cut out one by one, against exactextract, and on plots hard to get right."""

from __future__ import annotations

import math
from typing import Any

import geopandas as gpd
import numpy as np
import pytest
import shapely
from exactextract import exact_extract
from exactextract.raster import NumPyRasterSource
from hypothesis import given, settings
from hypothesis import strategies as st
from pyproj import CRS

from geo.compiled import threads
from geo.errors import GeometryError, GridError
from geo.geometry.ragged import ragged
from geo.terrain.grid import Grid
from geo.terrain.zonal import zonal
from tests.worlds.broken_shapes import areas, stars

ALL = ("mean", "min", "max", "sum", "count", "coverage", "stdev", "q0", "q25", "q50", "q90", "q100")
NINE = Grid(np.arange(1, 10, dtype=np.float32).reshape(3, 3), 0.0, 3.0, 1.0, 1.0)


def cell_by_cell(grid: Grid, polygon: Any) -> dict[str, float]:
    """Compute every statistic the slow and obvious way: the polygon cut by each cell in turn."""
    rows, cols = grid.shape
    found = []
    for row in range(rows):
        for col in range(cols):
            west, north = grid.x_min + col * grid.cell_m, grid.y_max - row * grid.cell_m
            cell = shapely.box(west, north - grid.cell_m, west + grid.cell_m, north)
            share = shapely.area(shapely.intersection(cell, polygon)) / cell.area
            if share > 1e-9 and not math.isnan(grid.values[row, col]):
                found.append((float(grid.values[row, col]), share))
    count = sum(share for _, share in found)
    known = {"count": count, "coverage": count * grid.cell_m**2 / polygon.area}
    if not found:
        return dict.fromkeys(ALL, math.nan) | known
    mean = sum(value * share for value, share in found) / count
    known |= {"mean": mean, "sum": mean * count, "min": min(found)[0], "max": max(found)[0]}
    known["stdev"] = math.sqrt(sum(share * (value - mean) ** 2 for value, share in found) / count)
    return known


def below(grid: Grid, polygon: shapely.Geometry, value: float) -> float:
    """Return the share of the polygon's known area on cells of at most this value."""
    kept = Grid(np.where(grid.values <= value, grid.values, np.nan), grid.x_min, grid.y_max, grid.cell_m, grid.cell_m)
    return cell_by_cell(kept, polygon)["count"] / cell_by_cell(grid, polygon)["count"]


@st.composite
def grids(draw: st.DrawFn) -> Grid:
    rows, cols = draw(st.integers(1, 6)), draw(st.integers(1, 6))
    value = st.one_of(st.integers(-3, 3).map(float), st.just(math.nan))
    values = np.array(draw(st.lists(value, min_size=rows * cols, max_size=rows * cols)), dtype=np.float32)
    cell = draw(st.sampled_from([1.0, 0.75, 1.3]))
    return Grid(values.reshape(rows, cols), 0.0, 4.0, cell, cell)


@settings(max_examples=60, deadline=None)
@given(grids(), areas())
def test_agrees_with_cells_cut_out_one_by_one(grid: Grid, polygon: shapely.Geometry) -> None:
    found = {name: float(value[0]) for name, value in zonal(grid, np.array([polygon]), ALL).items()}
    for name, expected in cell_by_cell(grid, polygon).items():
        assert found[name] == pytest.approx(expected, rel=1e-9, abs=1e-9, nan_ok=True), name
    if found["count"] > 1e-9:
        for name, share in (("q25", 0.25), ("q50", 0.5), ("q90", 0.9)):
            assert below(grid, polygon, found[name]) >= share - 1e-9
            assert below(grid, polygon, np.nextafter(np.float32(found[name]), np.float32(-9))) < share + 1e-9
        assert (found["q0"], found["q100"]) == (found["min"], found["max"])


def test_agrees_with_exactextract() -> None:
    rng = np.random.default_rng(7)
    values = rng.gamma(2.0, 6.0, (400, 500)).astype(np.float32)
    values[rng.random(values.shape) < 0.02] = np.nan
    grid = Grid(values, 500_000.0, 4_192_000.0, 30.0, 30.0)
    plots = np.concatenate(
        [
            stars(300, seed=1, extent_m=14_000.0, radius_m=(3.0, 90.0)),
            stars(20, seed=2, extent_m=14_000.0, radius_m=(400.0, 6_000.0)),
        ]
    )
    utm = CRS(32642).to_wkt()
    raster = NumPyRasterSource(values, *grid.bounds, srs_wkt=utm)
    frame = gpd.GeoDataFrame(geometry=plots, crs=utm)
    names = ["mean", "min", "max", "stdev", "count"]
    peer = exact_extract(raster, frame, names, output="pandas")
    found = zonal(grid, plots, names)
    for name in names:
        np.testing.assert_allclose(found[name], peer[name], rtol=1e-7, atol=1e-6, err_msg=name)


@pytest.mark.parametrize(
    ("wkt", "mean", "coverage"),
    [
        ("POLYGON ((0.5 0.5, 2.5 0.5, 2.5 2.5, 0.5 2.5, 0.5 0.5))", 5.0, 1.0),
        ("POLYGON ((0.5 0.5, 0.5 2.5, 2.5 2.5, 2.5 0.5, 0.5 0.5))", 5.0, 1.0),  # turning the other way
        ("POLYGON ((1 1, 2 1, 2 2, 1 2, 1 1))", 5.0, 1.0),  # exactly one cell
        ("POLYGON ((1.4 1.4, 1.6 1.4, 1.6 1.6, 1.4 1.6, 1.4 1.4))", 5.0, 1.0),  # smaller than a cell
        ("POLYGON ((0.5 1, 1.5 1, 1.5 2, 0.5 2, 0.5 1))", 4.5, 1.0),
        ("POLYGON ((0 0, 3 0, 3 3, 0 3, 0 0), (1 1, 2 1, 2 2, 1 2, 1 1))", 5.0, 1.0),  # all but the middle
        ("POLYGON ((0 0, 3 0, 3 3, 0 3, 0 0), (0 0, 3 0, 3 2, 0 2, 0 0))", 2.0, 1.0),  # a hole along three sides
        ("MULTIPOLYGON (((0 2, 1 2, 1 3, 0 3, 0 2)), ((2 0, 3 0, 3 1, 2 1, 2 0)))", 5.0, 1.0),
        ("POLYGON ((-1 2, 1 2, 1 3, -1 3, -1 2))", 1.0, 0.5),  # half west of the grid
        ("POLYGON ((2 2, 4 2, 4 4, 2 4, 2 2))", 3.0, 0.25),  # over the north-east corner
        ("POLYGON ((-9 -9, 9 -9, 9 9, -9 9, -9 -9))", 5.0, 9 / 324),  # all round the grid
        ("POLYGON ((0 0, 3 0, 0 3, 0 0))", ((1 + 5 + 9) / 2 + 4 + 7 + 8) / 4.5, 1.0),  # below the diagonal
        ("POLYGON ((3 0, 4 0, 4 3, 3 3, 3 0))", math.nan, 0.0),  # touches the grid's edge from outside
        ("POLYGON ((50 50, 51 50, 51 51, 50 50))", math.nan, 0.0),
    ],
)
def test_plots_of_a_nine_cell_world(wkt: str, mean: float, coverage: float) -> None:
    found = zonal(NINE, np.array([shapely.from_wkt(wkt)]), ("mean", "coverage"))
    assert float(found["mean"][0]) == pytest.approx(mean, rel=1e-12, nan_ok=True)
    assert float(found["coverage"][0]) == pytest.approx(coverage, abs=1e-12)


def test_unknown_cells_are_left_out_and_told_by_coverage() -> None:
    values = NINE.values.copy()
    values[1, 1] = np.nan
    found = zonal(
        Grid(values, 0.0, 3.0, 1.0, 1.0), np.array([shapely.box(1, 1, 3, 2), shapely.box(1.2, 1.2, 1.8, 1.8)]), ALL
    )
    assert found["mean"].tolist()[0] == 6.0
    assert found["coverage"].tolist() == [0.5, 0.0]
    assert found["count"].tolist() == [1.0, 0.0]
    assert all(math.isnan(found[name][1]) for name in ("mean", "min", "max", "sum", "stdev", "q50"))


def test_a_cell_only_touched_is_not_counted() -> None:
    found = zonal(NINE, np.array([shapely.box(1, 1, 2, 2), shapely.box(1, 1, 2 + 1e-12, 2)]), ("min", "max", "q100"))
    assert [value.tolist() for value in found.values()] == [[5.0, 5.0]] * 3


def test_missing_empty_and_flat_polygons_have_no_value() -> None:
    flat = shapely.Polygon([(0, 0), (2, 2), (1, 1)])
    found = zonal(NINE, np.array([None, shapely.Polygon(), flat, shapely.box(0, 0, 1, 1)], dtype=object), ALL)
    for name, values in found.items():
        assert np.isnan(values[:3]).all(), name
        assert not np.isnan(values[3]), name


def test_weighted_quantiles_by_hand() -> None:
    """A box over halves of 4, all of 5 and half of 6: up to a quarter lies on 4, up to three quarters on 4 and 5."""
    found = zonal(NINE, np.array([shapely.box(0.5, 1, 2.5, 2)]), ("q25", "q25.5", "q50", "q75", "q76"))
    assert [float(value[0]) for value in found.values()] == [4.0, 5.0, 5.0, 5.0, 6.0]


def test_bands_are_measured_as_if_alone() -> None:
    rng = np.random.default_rng(3)
    bands = rng.normal(size=(3, 40, 50)).astype(np.float32)
    bands[1, 5:20, 7:30] = np.nan
    plots = stars(50, seed=4, extent_m=1_200.0, radius_m=(10.0, 300.0))
    place = (500_000.0, 4_181_200.0, 30.0, 30.0)
    together = zonal(Grid(bands, *place), plots, ALL)
    for band in range(3):
        alone = zonal(Grid(bands[band], *place), plots, ALL)
        for name in ALL:
            np.testing.assert_array_equal(together[name][band], alone[name], err_msg=name)


def test_parts_of_a_tessellation_add_up_to_the_whole() -> None:
    rng = np.random.default_rng(5)
    values = rng.normal(size=(60, 80)).astype(np.float32)
    grid = Grid(values, 0.0, 60.0, 1.0, 1.0)
    seeds = shapely.multipoints(rng.uniform(0, 60, (150, 2)))
    cells = shapely.get_parts(shapely.voronoi_polygons(seeds, extend_to=shapely.box(0, 0, 80, 60)))
    found = zonal(grid, shapely.intersection(cells, shapely.box(0, 0, 80, 60)), ("sum", "count"))
    assert found["count"].sum() == pytest.approx(4_800.0, rel=1e-12)
    assert found["sum"].sum() == pytest.approx(float(values.sum(dtype=np.float64)), rel=1e-9)


def test_a_district_is_worked_on_in_strips() -> None:
    """A ring of a million cells, far more than the scratch holds, has the mean of a plane at its centre."""
    rows, cols = np.mgrid[0:1_400, 0:1_500]
    plane = Grid((3.0 + 0.25 * cols - 0.5 * rows).astype(np.float32), 0.0, 1_400.0, 1.0, 1.0)
    ring = shapely.Point(750.0, 700.0).buffer(690.0, 64) - shapely.Point(750.0, 700.0).buffer(80.0, 64)
    found = zonal(plane, np.array([ring]), ("mean", "count", "q50"))
    centre = 3.0 + 0.25 * 749.5 - 0.5 * 699.5
    assert float(found["mean"][0]) == pytest.approx(centre, abs=1e-8)
    assert float(found["count"][0]) == pytest.approx(ring.area, rel=1e-12)
    assert float(found["q50"][0]) == pytest.approx(centre, abs=0.26)  # a cell's step


def test_far_wider_than_the_scratch() -> None:
    """A window of one row wider than the scratch of a thread."""
    values = np.zeros((2, 70_000), dtype=np.float32)
    values[:, 65_000:] = 1.0
    strip = Grid(values, 0.0, 2.0, 1.0, 1.0)
    found = zonal(strip, np.array([shapely.box(0.5, 0.5, 69_999.5, 1.5)]), ("mean", "count"))
    assert float(found["count"][0]) == pytest.approx(69_999.0, rel=1e-12)
    assert float(found["mean"][0]) == pytest.approx(4_999.5 / 69_999.0, rel=1e-12)


def test_the_same_whatever_the_order_blocks_and_threads() -> None:
    values = np.random.default_rng(8).normal(size=(400, 400)).astype(np.float32)
    grid = Grid(values, 500_000.0, 4_192_000.0, 30.0, 30.0)
    plots = stars(2 * threads.BLOCK + 5, seed=9, extent_m=11_000.0, radius_m=(5.0, 90.0))
    whole = zonal(grid, plots, ALL)
    backwards = zonal(grid, plots[::-1], ALL)
    some = zonal(grid, ragged(plots[4_000:4_200]), ALL)
    for name in ALL:
        np.testing.assert_array_equal(whole[name], backwards[name][::-1], err_msg=name)
        np.testing.assert_array_equal(whole[name][4_000:4_200], some[name], err_msg=name)


def test_refusals_say_what_was_expected() -> None:
    with pytest.raises(GeometryError, match="Geometry 1 is a point or a line"):
        zonal(NINE, np.array([shapely.box(0, 0, 1, 1), shapely.Point(1, 1)]))
    with pytest.raises(GeometryError, match="Geometry 0 is a collection"):
        zonal(NINE, np.array([shapely.GeometryCollection([shapely.box(0, 0, 1, 1)])]))
    with pytest.raises(GridError, match="cannot be measured"):
        zonal(Grid(np.empty((0, 3), dtype=np.float32), 0.0, 0.0, 1.0, 1.0), np.array([shapely.box(0, 0, 1, 1)]))
    with pytest.raises(ValueError, match="no statistic q101"):
        zonal(NINE, np.array([shapely.box(0, 0, 1, 1)]), ("q101",))
