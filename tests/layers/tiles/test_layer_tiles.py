"""Tiles are decoded and compared with the land they show."""

from __future__ import annotations

import io
import math
from typing import Any

import geopandas as gpd
import mapbox_vector_tile
import numpy as np
import pytest
import rasterio
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image
from pyproj import Transformer
from shapely import Point
from shapely.geometry import shape
from sqlalchemy import Connection, Engine

from geo.terrain.grid import north_up
from layers.catalogue import LAYERS, RASTERS_BY_NAME
from layers.catalogue.admin import Settlement
from layers.catalogue.base import PARTNER, PUBLIC, STAFF
from layers.catalogue.irrigation import Canal, CommandMonth
from layers.catalogue.land import Plot
from layers.errors import BadFilter, NotFound
from layers.features.features import readable_layer
from layers.features.plots import scored_plots
from layers.grids.cog import raster_path
from layers.grids.rasters import store_grid
from layers.postgres.engine import reading, writing
from layers.records.snapshot import Choice, Snapshot, read_snapshot
from layers.tiles import layer_tiles, plot_tiles
from layers.tiles.layer_tiles import (
    HALF_SPAN_M,
    Tile,
    TileAddress,
    asked_properties,
    bounds_of,
    layer_tile,
    tile_properties,
)
from layers.tiles.plot_tiles import PLOT_ATTRIBUTES, plots_tile
from layers.tiles.raster_tiles import raster_files, raster_tile, readable_raster
from tests.worlds.three_districts import (
    CORNERS,
    NUROBOD,
    OTHER,
    PARTNERS_CANARY,
    QUBODIYON,
    RASHT,
    Land,
    add_load,
    add_row,
)

TO_MERCATOR = Transformer.from_crs(4326, 3857, always_xy=True)


@pytest.fixture(scope="module")
def served(public: Connection) -> Snapshot:
    """What is served."""
    return read_snapshot(public)


def address_at(lon: float, lat: float, z: int) -> TileAddress:
    """The tile a point lies in."""
    x, y = TO_MERCATOR.transform(lon, lat)
    side = 2 * HALF_SPAN_M / 2**z
    return TileAddress(z, int((x + HALF_SPAN_M) // side), int((HALF_SPAN_M - y) // side))


def plots_at(
    connection: Connection,
    served: Snapshot,
    address: TileAddress,
    *,
    choice: Choice = Choice(),
    attributes: tuple[str, ...] = (),
    district: str | None = None,
) -> Tile:
    here = served.districts_in(address.bounds_degrees(layer_tiles.BUFFER / layer_tiles.EXTENT))
    runs = {code: run for code, run in served.runs_of(choice).items() if code in here}
    features = scored_plots(PUBLIC, runs)
    unjudged = [code for code in here if code not in runs]
    asked = asked_properties(features, attributes)
    return plots_tile(connection, features, address, runs, unjudged, asked, district)


def decoded(tile: Tile, layer: str = "plots") -> dict[str, Any]:
    """The one layer of a tile, rows counted southwards as the tile has them."""
    content = mapbox_vector_tile.decode(tile.body, default_options={"y_coord_down": True})
    assert list(content) in ([layer], [])
    return content.get(layer, {"features": [], "extent": layer_tiles.EXTENT})


def on_the_ground(geometry: dict[str, Any], address: TileAddress, extent: int) -> Any:
    """A geometry of a tile in Web Mercator."""
    west, _, _, north = address.bounds_m()
    unit = address.side_m / extent
    moved = gpd.GeoSeries([shape(geometry)]).affine_transform([unit, 0, 0, -unit, west, north])
    return moved.iloc[0]


@given(st.integers(0, 22).flatmap(lambda z: st.tuples(st.just(z), *[st.integers(0, 2**z - 1)] * 2)))
def test_a_tile_address_covers_the_ground_pyproj_says(drawn: tuple[int, int, int]) -> None:
    address = TileAddress(*drawn)
    west, south, east, north = address.bounds_degrees()
    projected = TO_MERCATOR.transform([west, east], [south, north])
    assert np.allclose(np.ravel(projected)[[0, 2, 1, 3]], address.bounds_m(), atol=1e-6)
    assert math.isclose(address.pixel_m * 512, address.side_m)


@pytest.mark.parametrize("z", [12, 13, 14, 15, 16])
def test_each_plot_is_sent_by_itself_with_its_number_class_and_score(
    land: Land, public: Connection, served: Snapshot, z: int
) -> None:
    west, south = CORNERS[RASHT]
    address = address_at(west + 0.002, south + 0.001, z)
    tile = decoded(plots_at(public, served, address))
    by_number = {row["plot_no"]: row for row in land.rows}
    mercator = {row["plot_no"]: one for row, one in zip(land.rows, land.frame.to_crs(3857).geometry, strict=True)}
    inside = {number for number, one in mercator.items() if one.intersects(_box(address))}
    assert inside <= {feature["id"] for feature in tile["features"]}
    for feature in tile["features"]:
        row = by_number[feature["id"]]
        names = ("plot_id", *PLOT_ATTRIBUTES)
        assert feature["properties"] == {name: row[name] for name in names if row[name] is not None}
        if feature["id"] in inside and mercator[feature["id"]].within(_box(address)):
            drawn = on_the_ground(feature["geometry"], address, tile["extent"])
            # An outline may move half a screen pixel, and a corner half a unit of the tile.
            allowed = address.pixel_m * plot_tiles.OUTLINE_PX + address.side_m / tile["extent"]
            assert drawn.hausdorff_distance(mercator[feature["id"]]) <= allowed


def _box(address: TileAddress) -> Any:
    return gpd.GeoSeries.from_wkt([f"POLYGON(({_ring(*address.bounds_m())}))"]).iloc[0]


def _ring(west: float, south: float, east: float, north: float) -> str:
    corners = [(west, south), (east, south), (east, north), (west, north), (west, south)]
    return ",".join(f"{x!r} {y!r}" for x, y in corners)


def test_a_tile_too_full_for_its_plots_shows_cells_and_says_so(
    public: Connection, served: Snapshot, monkeypatch: pytest.MonkeyPatch
) -> None:
    west, south = CORNERS[RASHT]
    address = address_at(west + 0.002, south + 0.001, 13)
    assert plots_at(public, served, address).note == ""
    monkeypatch.setattr(plot_tiles, "TILE_BUDGET", plot_tiles.PLOT_BYTES * 20)
    tile = plots_at(public, served, address)
    assert "more than 20 plots" in tile.note
    content = decoded(tile)["features"]
    assert {"class", "plots", "area_ha", "share", "square"} == set(content[0]["properties"])
    assert all(0 <= value <= 4096 for f in content for value in shape(f["geometry"]).bounds)


def test_further_attributes_district_scheme_and_unjudged_plots(
    land: Land, public: Connection, served: Snapshot
) -> None:
    west, south = CORNERS[RASHT]
    address = address_at(west + 0.002, south + 0.001, 14)
    by_number = {row["plot_no"]: row for row in land.rows}
    for feature in decoded(plots_at(public, served, address, attributes=("slope_pct", "jamoat")))["features"]:
        row = by_number[feature["id"]]
        assert feature["properties"].get("slope_pct") == (
            None if row["slope_pct"] is None else pytest.approx(row["slope_pct"], rel=1e-6)
        )
        assert feature["properties"].get("jamoat") == row["jamoat"]
    assert decoded(plots_at(public, served, address, district=NUROBOD))["features"] == []
    other = plots_at(public, served, address, choice=Choice(scheme=OTHER))
    assert other.body != plots_at(public, served, address).body
    assert other.body == plots_at(public, served, address, choice=Choice(run=land.runs[OTHER])).body
    lowland = address_at(CORNERS[QUBODIYON][0] + 0.001, CORNERS[QUBODIYON][1] + 0.0002, 14)
    classes = [feature["properties"]["class"] for feature in decoded(plots_at(public, served, lowland))["features"]]
    assert set(classes) == {"NE"}
    with pytest.raises(BadFilter):
        plots_at(public, served, address, attributes=("cadastral_no",))
    with pytest.raises(BadFilter, match="at most"):
        plots_at(public, served, address, attributes=tuple("abcdef"))


def test_tiles_of_other_layers_carry_what_is_declared(public: Connection) -> None:
    west, south = CORNERS[RASHT]
    address = address_at(west + 0.005, south + 0.001, 12)
    canal = decoded(layer_tile(public, Canal, address, tile_properties(Canal, PUBLIC)), "canals")["features"]
    assert len(canal) == 1
    assert canal[0]["properties"] == {"code": "C1", "name": "+Obi Rasht", "type": "main", "condition": 2}
    place = decoded(layer_tile(public, Settlement, address, tile_properties(Settlement, PUBLIC)), "settlements")
    x, y = place["features"][0]["geometry"]["coordinates"]
    seen = on_the_ground({"type": "Point", "coordinates": [x, y]}, address, 4096)
    assert seen.distance(Point(*TO_MERCATOR.transform(west + 0.005, south + 0.003))) <= address.side_m / 4096
    assert layer_tile(public, Canal, address_at(west, south, 5), tile_properties(Canal, PUBLIC)).body == b""
    with pytest.raises(NotFound, match="no geometry"):
        layer_tile(public, CommandMonth, address, {})


def test_every_layer_s_tile_can_be_made_and_no_public_one_holds_a_staff_column(land: Land) -> None:
    assert land.rows
    with reading(STAFF) as connection:
        for layer in LAYERS:
            if layer is not Plot:
                tile = layer_tile(connection, layer, TileAddress(13, 0, 0), tile_properties(layer, STAFF))
                assert tile == Tile(b"")
    for layer in LAYERS:
        hidden = layer.attributes(STAFF).keys() - layer.attributes(PUBLIC).keys()
        assert not hidden & tile_properties(layer, PUBLIC).keys()


def test_too_many_features_are_generalised_and_the_tile_says_how_many_are_left_out(
    database: Engine, land: Land, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert land.rows
    lon, lat = 71.5, 39.5
    with database.begin() as connection:
        load = add_load(connection, "settlements")
        for index in range(400):
            place = Point(lon + index % 20 * 1e-4, lat + index // 20 * 1e-4)
            add_row(
                connection, Settlement, load, geom=place, code=f"X{index}", name_en=f"Place {index}", kind="village"
            )
    address = address_at(lon, lat, 10)
    carried = tile_properties(Settlement, PUBLIC)
    with reading(PUBLIC) as connection:
        whole = layer_tile(connection, Settlement, address, carried)
        assert len(decoded(whole, "settlements")["features"]) == 400
        assert whole.note == ""
        monkeypatch.setattr(layer_tiles, "LARGEST_TILE", len(whole.body) // 3)
        fewer = layer_tile(connection, Settlement, address, carried)
    kept = len(decoded(fewer, "settlements")["features"])
    assert 0 < kept < 400
    assert len(fewer.body) <= len(whole.body) // 3
    assert f"{400 - kept} of 400" in fewer.note


def test_bounds_are_those_of_the_current_rows(land: Land, public: Connection) -> None:
    assert bounds_of(public, "plots") == pytest.approx(land.frame.total_bounds)
    assert bounds_of(public, "glaciers") == layer_tiles.WORLD
    assert bounds_of(public, "dem")[0] == -180


@pytest.mark.parametrize("bad", [(3, 8, 0), (3, 0, 8), (-1, 0, 0), (23, 0, 0), (0, -1, 0)])
def test_an_address_outside_the_scheme_is_refused(bad: tuple[int, int, int]) -> None:
    with pytest.raises(NotFound):
        TileAddress(*bad)


# --- pictures -------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def grids(land: Land) -> None:
    """A coarse grid of elevation with a finer one on a part of it, and a grid of codes with unknown cells."""
    assert land.rows
    with writing() as connection:
        coarse = np.full((40, 40), 1_500, dtype=np.float32)
        coarse[:, :5] = np.nan
        store_grid(connection, "dem", coarse, north_up(380_000, 4_340_000, 450, 450), "EPSG:32642", file_name="c.tif")
        fine = np.full((100, 100), 4_000, dtype=np.float32)
        narrow = north_up(389_000, 4_331_000, 30, 30)
        store_grid(connection, "dem", fine, narrow, "EPSG:32642", file_name="f.tif")
        codes = np.array([[7, 8], [8, 99]], dtype=np.float32)
        zones = north_up(70.0, 39.2, 0.1, 0.1)
        store_grid(connection, "climate_zone", codes, zones, "EPSG:4326", file_name="z.tif")


def picture(connection: Connection, name: str, address: TileAddress) -> np.ndarray[Any, Any]:
    """A picture tile as red, green, blue, alpha."""
    raster = readable_raster(name, PUBLIC)
    image = Image.open(io.BytesIO(raster_tile(raster_files(connection, raster), raster, address).body))
    assert image.size == (256, 256)
    assert image.mode == "P"
    return np.asarray(image.convert("RGBA"))


def pixel(image: np.ndarray[Any, Any], address: TileAddress, lon: float, lat: float) -> tuple[int, ...]:
    x, y = TO_MERCATOR.transform(lon, lat)
    west, _, _, north = address.bounds_m()
    col, row = (int((value) / address.side_m * 256) for value in (x - west, north - y))
    return tuple(int(part) for part in image[row, col])


@pytest.mark.usefixtures("grids")
def test_a_pixel_has_the_colour_of_the_cell_it_lies_in_and_the_finer_file_counts(land: Land) -> None:
    assert land.rows
    to_degrees = Transformer.from_crs(32642, 4326, always_xy=True)
    near = 1.5  # of 255 a colour may be off: there are 254 steps between the stops
    with reading(PUBLIC) as connection:
        for z in (9, 11, 13):
            for x, y, expected in (
                (385_000, 4_335_000, (0xF2, 0xE8, 0xCF, 255)),  # 1,500 m, the coarse file
                (390_500, 4_329_500, (0x8D, 0x6E, 0x63, 255)),  # 4,000 m, the fine file on top
                (381_000, 4_330_000, (0, 0, 0, 0)),  # unknown
                (370_000, 4_330_000, (0, 0, 0, 0)),  # outside every file
            ):
                lon, lat = to_degrees.transform(x, y)
                address = address_at(lon, lat, z)
                found = pixel(picture(connection, "dem", address), address, lon, lat)
                assert found[3] == expected[3]
                assert found[3] == 0 or found[:3] == pytest.approx(expected[:3], abs=near)


@pytest.mark.usefixtures("grids")
def test_edges_between_cells_lie_where_rasterio_puts_them(land: Land) -> None:
    assert land.rows
    address = address_at(70.1, 39.1, 10)
    west, _, _, north = address.bounds_m()
    colours = {7: (255, 0, 0, 255), 8: (255, 0x96, 0x95, 255)}
    to_degrees = Transformer.from_crs(3857, 4326, always_xy=True)
    with reading(PUBLIC) as connection:
        image = picture(connection, "climate_zone", address)
        (name,) = connection.exec_driver_sql("SELECT file_name FROM rasters WHERE layer = 'climate_zone'").scalars()
    with rasterio.open(raster_path(name)) as source:
        block = source.read(1)
        for row in range(0, 256, 17):
            for col in range(0, 256, 13):
                side = address.side_m / 256
                lon, lat = to_degrees.transform(west + (col + 0.5) * side, north - (row + 0.5) * side)
                at_row, at_col = source.index(lon, lat)
                inside = 0 <= at_row < 2 and 0 <= at_col < 2
                code = int(block[at_row, at_col]) if inside else None
                assert tuple(image[row, col]) == colours.get(code or 0, (0, 0, 0, 0))


@pytest.mark.usefixtures("grids")
def test_derived_grids_have_tiles_and_unknown_bands_do_not(land: Land) -> None:
    assert land.rows
    with reading(PUBLIC) as connection:
        address = address_at(70.65, 39.1, 12)
        for name in ("slope", "hillshade"):
            assert picture(connection, name, address).shape == (256, 256, 4)
        with pytest.raises(NotFound, match="bands 1 to 1"):
            raster_tile((), RASTERS_BY_NAME["dem"], address, 2)
    with pytest.raises(NotFound):
        readable_raster("plots", PUBLIC)


def test_partner_layers_do_not_exist_for_the_public(land: Land) -> None:
    assert land.rows
    with pytest.raises(NotFound, match="There is no layer 'pastures'"):
        readable_layer("pastures", PUBLIC)
    pastures = readable_layer("pastures", PARTNER)
    west, south = CORNERS[RASHT]
    with reading(PARTNER) as connection:
        address = address_at(west + 0.005, south + 0.007, 12)
        tile = layer_tile(connection, pastures, address, tile_properties(pastures, PARTNER))
    assert PARTNERS_CANARY not in tile.body.decode("latin-1")  # the name is not declared for tiles
    assert decoded(tile, "pastures")["features"][0]["properties"] == {"code": "P1", "condition": "good"}
