"""Pictures of rasters kept on disk: tiles from them are the tiles from the files."""

from __future__ import annotations

import io
import threading
from contextlib import AbstractContextManager

import numpy as np
import pytest
from PIL import Image
from rasterio.errors import RasterioIOError
from sqlalchemy import Connection, text

from geo.terrain.grid import north_up
from layers.catalogue import RASTERS_BY_NAME
from layers.catalogue.base import PUBLIC, Audience
from layers.grids.cog import raster_path
from layers.grids.rasters import store_grid
from layers.postgres.engine import reading, writing
from layers.settings import get_settings
from layers.tiles import coloured_grids, raster_tiles
from layers.tiles.coloured_grids import palette_entries
from layers.tiles.layer_tiles import TileAddress
from layers.tiles.raster_tiles import raster_files, raster_tile
from tests.worlds.three_districts import Land

FILES = text("SELECT file_name FROM rasters WHERE layer = :name AND ended_by IS NULL")
ADDRESSES = [
    TileAddress(8, 176, 97),
    TileAddress(11, 1409, 782),
    TileAddress(13, 5637, 3129),
    TileAddress(13, 5639, 3131),
]


@pytest.fixture(scope="module")
def grids(land: Land) -> None:
    """Relief with unknown cells and overviews, finer relief over a part of it, and a grid of codes."""
    assert land.rows
    chance = np.random.default_rng(3)
    relief = (1_500 + chance.normal(0, 200, (1_100, 1_300)).cumsum(axis=1) / 20).astype(np.float32)
    relief[300:340, 200:900] = np.nan
    codes = chance.integers(1, 30, (60, 70)).astype(np.float32)
    with writing() as connection:
        store_grid(connection, "dem", relief, north_up(385_000, 4_345_000, 30, 30), "EPSG:32642", file_name="a.tif")
        fine = north_up(389_000, 4_331_000, 10, 10)
        store_grid(connection, "dem", relief[:400, :400] + 900, fine, "EPSG:32642", file_name="b.tif")
        zones = north_up(67.6, 39.3, 0.01, 0.01)
        store_grid(connection, "climate_zone", codes, zones, "EPSG:4326", file_name="c.tif")


@pytest.mark.usefixtures("grids")
@pytest.mark.parametrize("name", ["dem", "slope", "climate_zone"])
def test_a_tile_from_the_kept_picture_is_the_tile_from_the_file(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    raster = RASTERS_BY_NAME[name]
    with reading(PUBLIC) as connection:
        files = raster_files(connection, raster)
        with monkeypatch.context() as without:
            without.setattr(raster_tiles, "levels", lambda *_: None)
            from_file = [raster_tile(files, raster, address) for address in ADDRESSES]
        for file_name in connection.execute(FILES, {"name": name}).scalars():
            coloured_grids.make(raster_path(file_name), raster, 1)
            assert coloured_grids.levels(raster_path(file_name), raster, 1) is not None
        assert [raster_tile(files, raster, address) for address in ADDRESSES] == from_file
    assert len({tile.body for tile in from_file}) == len(ADDRESSES)


@pytest.mark.usefixtures("grids")
def test_the_files_of_a_grid_are_read_once_for_each_version() -> None:
    asked: list[Audience] = []

    def opened(audience: Audience) -> AbstractContextManager[Connection]:
        asked.append(audience)
        return reading(audience)

    files = raster_tiles.RasterFiles(opened)
    relief = RASTERS_BY_NAME["dem"]
    first = files.of(relief, "1")
    assert [file.path.name.startswith("dem-") for file in first] == [True, True]
    assert files.of(relief, "1") is first
    assert asked == [PUBLIC]
    assert files.of(relief, "2") == first
    assert asked == [PUBLIC, PUBLIC]
    west, south, east, north = first[0].bounds
    assert first[0].reaches((east, north, east + 1, north + 1))
    assert not first[0].reaches((east + 1e-6, south, east + 1, north))
    assert not first[0].reaches((west, north + 1e-6, east, north + 1))


@pytest.mark.usefixtures("grids")
def test_a_picture_is_made_in_the_background_when_it_is_first_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    made = threading.Event()
    make = coloured_grids.make

    def noted(*asked: object) -> None:
        make(*asked)  # type: ignore[arg-type]
        made.set()

    monkeypatch.setattr(coloured_grids, "make", noted)
    raster = RASTERS_BY_NAME["hillshade"]
    with reading(PUBLIC) as connection:
        file_name = connection.execute(FILES, {"name": "hillshade"}).scalars().first()
    path = raster_path(str(file_name))
    assert coloured_grids.levels(path, raster, 1) is None
    assert made.wait(60)
    found = coloured_grids.levels(path, raster, 1)
    assert found is not None
    assert found[0].factor == 1
    assert all(
        level.entries.shape == tuple(-(-side // level.factor) for side in found[0].entries.shape) for level in found
    )


@pytest.mark.usefixtures("grids")
def test_what_cannot_be_kept_leaves_nothing_behind() -> None:
    with pytest.raises(RasterioIOError):
        coloured_grids.make(raster_path("missing.tif"), RASTERS_BY_NAME["dem"], 1)
    folder = get_settings().home / "pictures"
    assert not [path for path in folder.iterdir() if path.suffix != ".arrow"]


def test_relief_has_20_greys_and_each_shade_one_within_half_a_step() -> None:
    shades = np.arange(256, dtype=np.float32)
    entries = palette_entries(RASTERS_BY_NAME["hillshade"], shades)
    assert set(entries.tolist()) == set(range(1, 21))
    assert np.abs((entries - 1.0) * 255 / 19 - shades).max() <= 255 / 38 + 1e-4
    assert palette_entries(RASTERS_BY_NAME["hillshade"], np.array([np.nan], dtype=np.float32)).tolist() == [0]


@pytest.mark.usefixtures("grids")
def test_a_picture_of_relief_holds_those_greys_alone() -> None:
    with reading(PUBLIC) as connection:
        files = raster_files(connection, RASTERS_BY_NAME["hillshade"])
    body = raster_tile(files, RASTERS_BY_NAME["hillshade"], ADDRESSES[1], 1).body
    pixels = np.array(Image.open(io.BytesIO(body)).convert("RGBA")).reshape(-1, 4)
    seen = {tuple(colour) for colour in pixels[pixels[:, 3] > 0, :3].tolist()}
    assert seen
    assert seen <= {(grey, grey, grey) for grey in (round(255 * step / 19) for step in range(20))}
