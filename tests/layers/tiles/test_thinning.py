"""Small rivers and paths come from a closer view on: declared on the layer, said by the tile, and plots never."""

from __future__ import annotations

import math

import mapbox_vector_tile
import pytest
from shapely import LineString, MultiLineString
from sqlalchemy import Engine

from layers.catalogue import LAYERS
from layers.catalogue.base import PUBLIC
from layers.catalogue.irrigation import River
from layers.catalogue.land import Plot
from layers.catalogue.services import Road
from layers.postgres.engine import reading
from layers.tiles.layer_tiles import Tile, TileAddress, layer_tile, tile_properties
from tests.worlds.three_districts import Land, add_load, add_row

LON, LAT = 71.52, 39.52
ROW = (1 - math.asinh(math.tan(math.radians(LAT))) / math.pi) / 2  # share of the way from north to south
WHERE = {z: TileAddress(z, int((LON + 180) / 360 * 2**z), int(ROW * 2**z)) for z in (5, 7, 9, 12)}


@pytest.fixture(scope="module")
def lines(land: Land, database: Engine) -> None:
    """A river of every class and one of unknown class, and a road of every kind, in one place."""
    assert land.rows
    shape = MultiLineString([LineString([(LON, LAT), (LON + 0.01, LAT + 0.01)])])
    with database.begin() as connection:
        rivers, roads = add_load(connection, "rivers"), add_load(connection, "roads")
        for stream_class in (*range(1, 11), None):
            code = f"R{stream_class}"
            add_row(connection, River, rivers, geom=shape, code=code, stream_class=stream_class, basis="mapped")
        for kind in Road.attributes()["kind"].values:
            add_row(connection, Road, roads, geom=shape, code=kind, kind=kind)


def tile(layer: type[River] | type[Road], z: int) -> tuple[set[object], Tile]:
    with reading(PUBLIC) as connection:
        made = layer_tile(connection, layer, WHERE[z], tile_properties(layer, PUBLIC))
    content = mapbox_vector_tile.decode(made.body).get(layer.__tablename__, {"features": []})
    return {feature["properties"]["code"] for feature in content["features"]}, made


@pytest.mark.usefixtures("lines")
def test_rivers_come_class_by_class_and_the_tile_says_which_do_not_yet() -> None:
    found, made = tile(River, 5)
    assert found == {"R1"}
    assert made.note.startswith("stream_class 2, 3, 4, 5, unknown, 6")
    assert tile(River, 7)[0] == {"R1", "R2", "R3"}
    assert tile(River, 9)[0] == {"R1", "R2", "R3", "R4", "R5", "RNone"}
    found, made = tile(River, 12)
    assert len(found) == 11
    assert made.note == ""


@pytest.mark.usefixtures("lines")
def test_paths_come_after_roads() -> None:
    assert tile(Road, 9)[0] == {"paved", "gravel"}
    assert tile(Road, 12)[0] == {"paved", "gravel", "track", "path", "bridge"}


def test_only_lines_are_thinned_by_attributes_they_have_and_their_text_says_so() -> None:
    thinned = [layer for layer in LAYERS if layer.card.thinned is not None]
    assert {layer.__tablename__ for layer in thinned} == {"rivers", "roads"}
    assert Plot.card.thinned is None
    for layer in thinned:
        rule = layer.card.thinned
        assert rule is not None
        assert layer.geometry_kind == "MULTILINESTRING"
        assert "from a closer view on" in layer.card.about
        about = layer.attributes(PUBLIC)[rule.attribute]
        assert all(value is None or value in about.values or isinstance(value, int) for value in rule.zooms)
        assert min(rule.zooms.values()) > layer.card.tiles_from
