"""Grids: stored whole or not at all, checked, read back on one lattice, with slope and shading derived."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import rasterio
from affine import Affine
from numpy.typing import NDArray
from pyproj import Transformer
from rasterio.enums import ColorInterp
from rasterio.warp import transform_bounds
from scipy.ndimage import map_coordinates
from sqlalchemy import Connection, func, select, update

from layers.errors import DataRefused, NotFound
from layers.grids import cog
from layers.grids.cog import raster_path
from layers.grids.rasters import read_grid, store_grid
from layers.grids.resampling import resampled
from layers.loading import LoadReport, Options, undo
from layers.loading.raster_files import check_raster, load_raster
from layers.records.loads import Load, Raster
from layers.settings import get_settings

X, Y = 600_000.0, 4_330_000.0  # a corner near Rasht, EPSG:32642
UTM = "EPSG:32642"


def plane(rows: int = 40, cols: int = 50, *, cell: float = 30.0, rise: float = 0.1) -> NDArray[np.float32]:
    """Heights that rise to the east by ``rise`` metres a metre: slope 100 x rise per cent everywhere."""
    return np.tile(1_000 + rise * cell * np.arange(cols, dtype=np.float32), (rows, 1))


def at(cell: float, x: float = X, y: float = Y) -> Affine:
    return Affine(cell, 0, x, 0, -cell, y)


def catalogue(connection: Connection) -> dict[str, list[str]]:
    rows = connection.execute(
        select(Raster.layer, Raster.file_name).where(Raster.ended_by.is_(None)).order_by(Raster.raster_id)
    ).all()
    found: dict[str, list[str]] = {}
    for layer, name in rows:
        found.setdefault(layer, []).append(name)
    return found


def write(path: Path, values: NDArray[Any], **profile: Any) -> Path:
    bands = values[np.newaxis] if values.ndim == 2 else values
    told = {"crs": UTM, "transform": at(30), "dtype": bands.dtype, **profile}
    size = {"count": bands.shape[0], "height": bands.shape[1], "width": bands.shape[2]}
    with rasterio.open(path, "w", driver="GTiff", **size, **told) as target:
        target.write(bands)
    return path


def load(connection: Connection, layer: str, path: Path, **options: Any) -> LoadReport:
    return load_raster(connection, layer, path, Options(**options))


def test_what_is_stored_is_what_is_read_bit_for_bit_on_its_own_cells(connection: Connection) -> None:
    heights = plane() + np.random.default_rng(1).normal(0, 5, (40, 50)).astype(np.float32)
    heights[3, 4] = np.nan
    report = store_grid(connection, "dem", heights, at(30), UTM, source="test", synthetic=True)
    assert (report.kind, report.added) == ("generated", 1)
    grid = read_grid(connection, "dem", (X, Y - 40 * 30, X + 50 * 30, Y))
    assert grid is not None
    assert (grid.x_min, grid.y_max, grid.cell_m, grid.native_m) == (X, Y, 30.0, 30.0)
    np.testing.assert_array_equal(grid.values, heights)
    inner = read_grid(connection, "dem", (X + 95, Y - 200, X + 290, Y - 100))
    assert inner is not None
    assert inner.bounds == (X + 90, Y - 210, X + 300, Y - 90)
    np.testing.assert_array_equal(inner.values, heights[3:7, 3:10])


def test_the_file_is_a_cog_that_says_what_it_holds(connection: Connection) -> None:
    store_grid(connection, "dem", plane(600, 700), at(30), UTM, source="Test", synthetic=True)
    row = connection.execute(select(Raster).where(Raster.layer == "dem")).mappings().one()
    with rasterio.open(raster_path(row["file_name"])) as stored:
        assert stored.tags(ns="IMAGE_STRUCTURE")["LAYOUT"] == "COG"
        assert stored.compression.name == "deflate"
        assert stored.overviews(1) != []
        assert stored.tags()["source"] == "Test"
        assert stored.tags()["synthetic"] == "true"
        assert stored.tags()["units"] == "m"
        bounds = transform_bounds(stored.crs, 4326, *stored.bounds)
    box = connection.execute(
        select(func.ST_XMin(Raster.footprint), func.ST_YMin(Raster.footprint), func.ST_XMax(Raster.footprint)).where(
            Raster.layer == "dem"
        )
    ).one()
    assert box == pytest.approx(bounds[:3], abs=1e-6)
    assert (row["crs"], row["resolution_m"], row["bands"]) == (UTM, 30.0, 1)


def test_slope_and_shading_follow_from_elevation(connection: Connection, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cog, "STRIP_ROWS", 16)  # three strips: their borders must not show
    store_grid(connection, "dem", plane(rise=0.1), at(30), UTM)
    window = (X, Y - 1_200, X + 1_500, Y)
    slope = read_grid(connection, "slope", window)
    shade = read_grid(connection, "hillshade", window)
    assert slope is not None
    assert shade is not None
    np.testing.assert_allclose(slope.values[1:-1, 1:-1], 10.0, rtol=1e-5)
    # Light from 315 degrees, 45 degrees high, on ground falling west at 10 %: 255 x (cos zenith + sin zenith
    # x slope x cos(azimuth - aspect)) / sqrt(1 + slope2), aspect 270.
    expected = 255 * np.sqrt(0.5) * (1 + 0.1 * np.cos(np.radians(45))) / np.sqrt(1.01)
    np.testing.assert_allclose(shade.values[1:-1, 1:-1], round(expected), atol=0)


def test_degrees_are_measured_in_metres(connection: Connection) -> None:
    """A plane in EPSG:4326 rising 10 m to the north a cell of 0.001 degrees, 111.03 m: 9.0 % everywhere."""
    rows, step = 120, 0.001
    heights = np.repeat(1_000 + 10 * np.arange(rows, dtype=np.float32)[::-1, np.newaxis], 150, axis=1)
    store_grid(connection, "dem", heights, Affine(step, 0, 70.4, 0, -step, 39.1), "EPSG:4326")
    resolution = connection.execute(select(Raster.resolution_m).where(Raster.layer == "dem")).scalar_one()
    assert resolution == pytest.approx(111.02, abs=0.05)  # length of 0.001 degrees of the meridian at 39 N
    slope = read_grid(connection, "slope", (624_000, 4_321_000, 629_000, 4_326_000))
    assert slope is not None
    assert np.nanmedian(slope.values) == pytest.approx(100 * 10 / 111.02, rel=0.003)
    assert slope.native_m == pytest.approx(resolution)


def test_the_same_again_changes_nothing_and_other_content_under_a_name_is_refused(connection: Connection) -> None:
    store_grid(connection, "dem", plane(), at(30), UTM, file_name="a.tif")
    before = catalogue(connection)
    again = store_grid(connection, "dem", plane(), at(30), UTM, file_name="a.tif")
    assert (again.load_id, again.unchanged) == (None, 1)
    with pytest.raises(DataRefused, match=r"dem already has a file a\.tif with other content"):
        store_grid(connection, "dem", plane(rise=0.2), at(30), UTM, file_name="a.tif")
    assert catalogue(connection) == before
    files = {path.name for path in get_settings().rasters.iterdir()}
    assert {name for names in before.values() for name in names} <= files
    assert not [name for name in files if "draft" in name or "whole" in name]


def test_update_takes_the_place_of_a_name_and_replace_of_all_and_undo_brings_them_back(connection: Connection) -> None:
    store_grid(connection, "dem", plane(), at(30), UTM, file_name="a.tif")
    store_grid(connection, "dem", plane(), at(30, X + 3_000), UTM, file_name="b.tif")
    window = (X, Y - 1_200, X + 1_500, Y)
    updated = store_grid(connection, "dem", plane(rise=0.2), at(30), UTM, file_name="a.tif", mode="update")
    assert (updated.changed, updated.added) == (1, 0)
    assert {layer: len(names) for layer, names in catalogue(connection).items()} == {
        "dem": 2,
        "slope": 2,
        "hillshade": 2,
    }
    slope = read_grid(connection, "slope", window)
    assert slope is not None
    np.testing.assert_allclose(slope.values[1:-1, 1:-1], 20.0, rtol=1e-5)
    replaced = store_grid(connection, "dem", plane(rise=0.3), at(30), UTM, file_name="c.tif", mode="replace")
    assert (replaced.added, replaced.ended) == (1, 2)
    assert {layer: len(names) for layer, names in catalogue(connection).items()} == {
        "dem": 1,
        "slope": 1,
        "hillshade": 1,
    }
    undo(connection, replaced.load_id or 0)
    back = read_grid(connection, "slope", window)
    assert back is not None
    np.testing.assert_array_equal(back.values, slope.values)
    as_then = read_grid(connection, "slope", window, load_id=replaced.load_id)
    assert as_then is not None
    np.testing.assert_allclose(as_then.values[1:-1, 1:-1], 30.0, rtol=1e-5)


def test_the_finer_file_lies_on_top_and_a_coarse_one_alone_says_that_it_is_coarse(connection: Connection) -> None:
    store_grid(connection, "soil_depth", np.full((20, 20), 40.0, np.float32), at(300), UTM, file_name="coarse.tif")
    store_grid(connection, "soil_depth", np.full((40, 40), 90.0, np.float32), at(30), UTM, file_name="fine.tif")
    fine = read_grid(connection, "soil_depth", (X, Y - 1_200, X + 1_200, Y))
    assert fine is not None
    assert (fine.native_m, float(fine.values.min()), float(fine.values.max())) == (30.0, 90.0, 90.0)
    # The fine file knows 4 % of this window: the coarse one fills in, and the grid is as coarse as that.
    both = read_grid(connection, "soil_depth", (X, Y - 6_000, X + 6_000, Y))
    assert both is not None
    assert both.native_m == 300.0
    assert set(np.unique(both.values)) == {40.0, 90.0}
    assert float((both.values == 90.0).mean()) == pytest.approx(0.04)
    # It knows two thirds of this one: what lies beyond is unknown rather than coarse.
    most = read_grid(connection, "soil_depth", (X, Y - 1_200, X + 1_800, Y))
    assert most is not None
    assert most.native_m == 30.0
    assert float(np.isnan(most.values).mean()) == pytest.approx(1 / 3)


def test_codes_are_never_mixed_and_numbers_are_averaged_when_cells_grow(connection: Connection) -> None:
    codes = np.indices((40, 40)).sum(axis=0) % 2 * 25 + 5
    store_grid(connection, "climate_zone", codes.astype(np.uint8), at(30), UTM, nodata=255)
    store_grid(connection, "soil_depth", codes.astype(np.float32), at(30), UTM)
    window = (X, Y - 1_120, X + 1_080, Y - 40)  # multiples of 120 m, so nine cells each way
    zones = read_grid(connection, "climate_zone", window, cell_m=120)
    depth = read_grid(connection, "soil_depth", window, cell_m=120)
    assert zones is not None
    assert depth is not None
    assert zones.shape == depth.shape == (9, 9)
    assert set(np.unique(zones.values)) <= {5.0, 30.0}
    np.testing.assert_allclose(depth.values, 17.5)


def test_twelve_months_stay_in_their_order(connection: Connection) -> None:
    months = np.arange(12, dtype=np.float32)[:, np.newaxis, np.newaxis] * np.ones((1, 8, 8), np.float32)
    store_grid(connection, "mean_temperature", months, at(30), UTM)
    grid = read_grid(connection, "mean_temperature", (X, Y - 240, X + 240, Y))
    assert grid is not None
    np.testing.assert_array_equal(grid.values, months)
    with pytest.raises(DataRefused, match="The grid has 11 bands; mean_temperature has 12"):
        store_grid(connection, "mean_temperature", months[:11], at(30), UTM)


def test_a_window_no_file_reaches_is_nothing_and_an_unknown_layer_is_refused(connection: Connection) -> None:
    store_grid(connection, "dem", plane(), at(30), UTM)
    assert read_grid(connection, "dem", (X + 90_000, Y, X + 91_000, Y + 1_000)) is None
    assert read_grid(connection, "soil_depth", (X, Y - 1_000, X + 1_000, Y)) is None
    with pytest.raises(NotFound, match="There is no raster layer depth"):
        read_grid(connection, "depth", (X, Y, X + 1, Y + 1))


def test_neighbouring_windows_have_the_same_cells(connection: Connection) -> None:
    heights = np.random.default_rng(2).uniform(500, 3_000, (100, 120)).astype(np.float32)
    store_grid(connection, "dem", heights, Affine(0.001, 0, 70.4, 0, -0.001, 39.1), "EPSG:4326")
    west = read_grid(connection, "dem", (624_000, 4_321_000, 627_000, 4_324_000))
    east = read_grid(connection, "dem", (625_000, 4_321_500, 629_000, 4_325_000))
    assert west is not None
    assert east is not None
    shift = (east.x_min - west.x_min) / west.cell_m
    drop = (west.y_max - east.y_max) / west.cell_m
    assert shift == pytest.approx(round(shift), abs=1e-6)
    rows, cols = round(-drop), round(shift)
    height = min(west.shape[0], east.shape[0] - rows)
    width = west.shape[1] - cols
    np.testing.assert_array_equal(west.values[:height, cols : cols + width], east.values[rows : rows + height, :width])


# --- files


def test_a_file_is_loaded_in_the_unit_of_the_layer(connection: Connection, tmp_path: Path) -> None:
    """SoilGrids write pH x 10 and the like as integers; scale, offset and no-data are the file's own."""
    raw = np.full((8, 8), 12, np.int16)
    raw[0, 0] = -32_768
    path = write(tmp_path / "depth.tif", raw, nodata=-32_768)
    with rasterio.open(path, "r+") as opened:
        opened.scales, opened.offsets = (10.0,), (5.0,)
    report = load(connection, "soil_depth", path, source="SoilGrids", licence="CC BY 4.0")
    assert report.added == 1
    grid = read_grid(connection, "soil_depth", (X, Y - 240, X + 240, Y))
    assert grid is not None
    assert np.isnan(grid.values[0, 0])
    assert float(np.nanmax(grid.values)) == float(np.nanmin(grid.values)) == 125.0
    row = connection.execute(select(Load.source, Load.licence, Load.sha256)).one()
    assert row[:2] == ("SoilGrids", "CC BY 4.0")
    assert len(str(row[2])) == 64


def test_a_mapping_file_scales_a_raster(connection: Connection, tmp_path: Path) -> None:
    path = write(tmp_path / "depth.tif", np.full((8, 8), 1.5, np.float32), nodata=-9_999)
    mapping = tmp_path / "depth.toml"
    mapping.write_text('layer = "soil_depth"\nscale = 100\nsource = "metres"\n')
    load(connection, "soil_depth", path, mapping=mapping)
    grid = read_grid(connection, "soil_depth", (X, Y - 240, X + 240, Y))
    assert grid is not None
    assert set(np.unique(grid.values)) == {150.0}


def test_broken_rasters_are_refused_in_one_sentence_and_leave_nothing(connection: Connection, tmp_path: Path) -> None:
    good = plane()
    undeclared = good.copy()
    undeclared[7, 9] = -9_999
    (tmp_path / "text.tif").write_text("no raster")
    whole = write(tmp_path / "cut.tif", good, compress="deflate").read_bytes()
    (tmp_path / "cut.tif").write_bytes(whole[: len(whole) // 2])
    turned = Affine(29.5, 5.2, X, 5.2, -29.5, Y)
    write(tmp_path / "undeclared.tif", undeclared)
    write(tmp_path / "nowhere.tif", good, crs=None)
    write(tmp_path / "turned.tif", good, transform=turned)
    write(tmp_path / "south-up.tif", good, transform=Affine(30, 0, X, 0, 30, Y))
    write(tmp_path / "berlin.tif", good, crs="EPSG:32633", transform=at(30, 390_000, 5_820_000))
    write(tmp_path / "metres.tif", good, crs="EPSG:4326")
    write(tmp_path / "void.tif", np.full((8, 8), -1, np.int16), nodata=-1)
    write(tmp_path / "bands.tif", np.stack([good, good]))
    for name, layer, why in (
        ("none.tif", "dem", "There is no file none.tif."),
        ("text.tif", "dem", "text.tif cannot be opened"),
        ("cut.tif", "dem", "cut.tif "),
        ("undeclared.tif", "dem", "undeclared.tif: the cell in row 8, column 10 is -9999; dem is -100 to 8000 m."),
        ("nowhere.tif", "dem", "nowhere.tif does not say its CRS"),
        ("turned.tif", "dem", "turned.tif is not north-up"),
        ("south-up.tif", "dem", "south-up.tif is not north-up"),
        ("berlin.tif", "dem", "berlin.tif lies about 13."),
        ("metres.tif", "dem", "metres.tif says its coordinates are degrees"),
        ("void.tif", "dem", "void.tif has no known cell."),
        ("bands.tif", "dem", "bands.tif has 2 bands; dem has 1."),
        ("undeclared.tif", "slope", "slope is computed from dem; load dem instead."),
    ):
        with pytest.raises((DataRefused, NotFound)) as refusal:
            load(connection, layer, tmp_path / name)
        assert str(refusal.value).startswith(why)
        assert "\n" not in str(refusal.value)
    assert catalogue(connection) == {}
    assert connection.execute(select(func.count()).select_from(Load)).scalar_one() == 0


@pytest.mark.parametrize("kind", ["inside", "beside", "alpha"])
def test_cells_that_a_mask_leaves_out_are_unknown(connection: Connection, tmp_path: Path, kind: str) -> None:
    path = tmp_path / "dem.tif"
    heights = plane().astype(np.int16)
    heights[10:20] = 0  # what programs write where a mask says that nothing is known
    known = np.full(heights.shape, 255, dtype=np.uint8)
    known[10:20] = 0
    if kind == "alpha":
        write(path, np.stack([heights, known.astype(np.int16)]))
        with rasterio.open(path, "r+") as target:
            target.colorinterp = [ColorInterp.gray, ColorInterp.alpha]
    else:
        write(path, heights)
        with rasterio.Env(GDAL_TIFF_INTERNAL_MASK=kind == "inside"), rasterio.open(path, "r+") as target:
            target.write_mask(known)
        assert path.with_name("dem.tif.msk").exists() == (kind == "beside")
    load(connection, "dem", path)
    for layer, most in (("dem", 2_200.0), ("slope", 11.0)):
        grid = read_grid(connection, layer, (X, Y - 40 * 30, X + 50 * 30, Y))
        assert grid is not None
        assert np.isnan(grid.values[10:20]).all()
        assert np.nanmax(grid.values) < most
    grid = read_grid(connection, "dem", (X, Y - 40 * 30, X + 50 * 30, Y))
    assert grid is not None
    np.testing.assert_array_equal(grid.values[:10], heights[:10].astype(np.float32))


def test_a_crs_that_is_said_places_a_raster_without_one(connection: Connection, tmp_path: Path) -> None:
    path = write(tmp_path / "dem.tif", plane(), crs=None)
    report = load(connection, "dem", path, crs="EPSG:32642")
    assert report.transformation is not None
    assert report.transformation.crs == "EPSG:32642 (WGS 84 / UTM zone 42N)"
    assert read_grid(connection, "dem", (X, Y - 900, X + 900, Y)) is not None


def test_a_check_keeps_neither_row_nor_file(connection: Connection, tmp_path: Path) -> None:
    path = write(tmp_path / "dem.tif", plane())
    before = set(get_settings().rasters.iterdir()) if get_settings().rasters.exists() else set()
    report = check_raster(connection, "dem", path, Options())
    assert (report.kind, report.added, report.load_id) == ("check", 1, None)
    assert catalogue(connection) == {}
    assert set(get_settings().rasters.iterdir()) == before


# --- resampling


def geographic(path: Path) -> tuple[Path, NDArray[np.float32]]:
    values = np.random.default_rng(3).uniform(500, 3_000, (90, 110)).astype(np.float32)
    write(path, values, crs="EPSG:4326", transform=Affine(0.001, 0, 70.4, 0, -0.0012, 39.1), nodata=np.nan)
    return path, values


def target_positions(to: Affine, rows: int, cols: int) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Row and column of the file of ``geographic`` under the middles of target cells, by PROJ."""
    x, y = np.meshgrid(to.c + to.a * (np.arange(cols) + 0.5), to.f + to.e * (np.arange(rows) + 0.5))
    lon, lat = Transformer.from_crs(UTM, 4326, always_xy=True).transform(x, y)
    return (39.1 - lat) / 0.0012 - 0.5, (lon - 70.4) / 0.001 - 0.5


def test_bilinear_values_are_those_of_an_independent_interpolation(tmp_path: Path) -> None:
    path, values = geographic(tmp_path / "g.tif")
    to = at(100, 622_000, 4_327_000)
    found = resampled(path, (1, 60, 70), to)[0]
    row, col = target_positions(to, 60, 70)
    assert row.min() > 0
    assert col.min() > 0
    np.testing.assert_allclose(found, map_coordinates(values, [row, col], order=1), rtol=1e-6)


def test_nearest_and_mean_values_are_those_counted_by_hand(tmp_path: Path) -> None:
    path, values = geographic(tmp_path / "g.tif")
    to = at(100, 622_000, 4_327_000)
    row, col = target_positions(to, 60, 70)
    nearest = values[np.floor(row + 0.5).astype(int), np.floor(col + 0.5).astype(int)]
    np.testing.assert_array_equal(resampled(path, (1, 60, 70), to, nearest=True)[0], nearest)
    coarse = resampled(path, (1, 12, 14), at(500, 622_000, 4_327_000), samples=5)[0]
    np.testing.assert_allclose(coarse, nearest.reshape(12, 5, 14, 5).mean(axis=(1, 3)), rtol=1e-6)


def test_unknown_cells_stay_unknown_and_never_leak_into_their_neighbours(tmp_path: Path) -> None:
    values = np.full((6, 6), 10.0, np.float32)
    values[2:4, 2:4] = -9_999
    path = write(tmp_path / "hole.tif", values, nodata=-9_999)
    to = at(30, X + 10, Y - 10)  # a third of a cell off
    found = resampled(path, (1, 6, 6), to)[0]
    hole = np.zeros((6, 6), dtype=bool)
    hole[2:4, 2:4] = True
    np.testing.assert_array_equal(np.isnan(found), hole)
    assert set(np.unique(found[~hole])) == {10.0}


def test_beyond_the_file_nothing_is_known(tmp_path: Path) -> None:
    path = write(tmp_path / "small.tif", plane(4, 4))
    for to in (at(30, X - 60, Y + 60), at(30, X - 50, Y + 50)):
        found = resampled(path, (1, 8, 8), to)[0]
        assert int((~np.isnan(found)).sum()) == 16
    assert np.isnan(resampled(path, (1, 5, 5), at(30, X + 9_000, Y))).all()
    assert np.isnan(resampled(path, (1, 5, 5), at(31, X + 9_000, Y))).all()


def test_a_stored_file_says_where_it_comes_from_and_brings_that_back(connection: Connection, tmp_path: Path) -> None:
    origin = ("GEBCO 2023", "public domain", date(2023, 5, 1), True)
    source, licence, day, made_up = origin
    said: dict[str, Any] = {"source": source, "licence": licence, "source_date": day, "synthetic": made_up}
    store_grid(connection, "dem", plane(), at(30), UTM, **said)
    [name] = catalogue(connection)["dem"]
    copy = tmp_path / "copy.tif"
    copy.write_bytes(raster_path(name).read_bytes())
    connection.execute(update(Raster).values(ended_by=Raster.load_id))

    told = select(Load.source, Load.licence, Load.source_date, Load.synthetic)
    report = load_raster(connection, "dem", copy, Options())
    assert connection.execute(told.where(Load.load_id == report.load_id)).one() == origin
    assert report.notes[-1] == (
        "The file comes from GEBCO 2023, 2023-05-01 (public domain; made up), as it says of itself."
    )
    connection.execute(update(Raster).values(ended_by=Raster.load_id))
    report = load_raster(connection, "dem", copy, Options(source="Typed", source_date=date(2024, 1, 1)))
    assert connection.execute(told.where(Load.load_id == report.load_id)).one() == (
        *("Typed", "public domain", date(2024, 1, 1)),
        True,
    )


@pytest.mark.parametrize("day", ["2023-02-30", "in spring"])
def test_tags_of_a_raster_are_those_of_a_file_of_ours_or_nothing(
    connection: Connection, tmp_path: Path, day: str
) -> None:
    told = select(Load.source, Load.source_date, Load.synthetic)
    for tags, found in (
        ({"source": "a camera", "date": "2023-05-01"}, (None, None, False)),
        ({"source": "Survey", "date": day, "synthetic": "false"}, ("Survey", None, False)),
    ):
        path = write(tmp_path / "dem.tif", plane() + len(tags))
        with rasterio.open(path, "r+") as target:
            target.update_tags(**tags)
        report = load_raster(connection, "dem", path, Options(mode="replace"))
        assert connection.execute(told.where(Load.load_id == report.load_id)).one() == found
