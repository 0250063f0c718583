"""Real QGIS opens what we write, and the views of the database, in the colours of the maps."""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import Any

import geopandas as gpd
import orjson
import pytest
import shapely
from sqlalchemy import Connection, Engine

from api.content.about_files import about_layer
from layers.catalogue.base import PUBLIC
from layers.catalogue.hazards import Exclusion
from layers.features.export import Format, write_file
from layers.features.features import layer_features
from layers.features.paging import Listing
from layers.loading import load_frame
from layers.schema.migrate import migrate

PROGRAM = Path(__file__).parents[2] / "clients" / "draw_in_qgis.py"
PYTHON = "/usr/bin/python3"  # which the package of QGIS belongs to
KINDS = {"mine_confirmed": "#80003a", "inundation": "#2171b5", "protected": "#238b45"}

pytestmark = pytest.mark.heavy


def drawn(provider: str, address: str, picture: Path) -> dict[str, Any]:
    """What QGIS says of a table that it opened and drew."""
    asked = [PYTHON, str(PROGRAM), provider, address, str(picture)]
    said = subprocess.run(asked, capture_output=True, text=True, timeout=120, check=False)
    assert said.returncode == 0, said.stderr
    told: dict[str, Any] = orjson.loads(said.stdout)
    return told


def load(connection: Connection) -> None:
    shapes = [shapely.box(70 + 0.1 * at, 39, 70.1 + 0.1 * at, 39.3) for at in range(len(KINDS))]
    frame = gpd.GeoDataFrame({"code": list("abc"), "kind": list(KINDS)}, geometry=shapes, crs=4326)
    load_frame(connection, "exclusions", frame)


def on_white(colour: str, opacity: int = 178) -> tuple[int, ...]:
    """A colour of 255 parts opacity over white."""
    parts = (int(colour[at : at + 2], 16) for at in (1, 3, 5))
    return tuple(round(255 + (part - 255) * opacity / 255) for part in parts)


def parts_of(colour: str) -> tuple[int, ...]:
    return tuple(int(colour[at : at + 2], 16) for at in (1, 3, 5))


def check(told: dict[str, Any]) -> None:
    assert (told["valid"], told["drawn_by"]) == (True, "kind")
    assert told["colours"].items() >= KINDS.items()
    assert len(told["colours"]) == 8
    most = sorted(told["pixels"], key=told["pixels"].get, reverse=True)[:3]  # three boxes fill the picture
    for colour in KINDS.values():
        assert any(
            max(abs(a - b) for a, b in zip(parts_of(found), on_white(colour), strict=True)) <= 2 for found in most
        ), (colour, most)


def test_a_geopackage_opens_in_the_colours_of_the_map(connection: Connection, tmp_path: Path) -> None:
    load(connection)
    path = tmp_path / "exclusions.gpkg"
    features = layer_features(Exclusion, PUBLIC)
    write_file(connection, Listing(features), Format.GPKG, path, about_layer(connection, features, "en"))
    check(drawn("ogr", f"{path}|layername=exclusions", tmp_path / "gpkg.png"))


def test_a_view_opens_in_the_colours_of_the_map(database: Engine, tmp_path: Path) -> None:
    migrate(database)  # it was copied under another name, and QGIS asks for the styles of a database by its name
    with database.begin() as connection:
        load(connection)
    where = database.url
    host, port = where.query.get("host", where.host), where.query.get("port", where.port)
    login = f"dbname='{where.database}' host='{host}' port={port or 5432} user='{where.username}'"
    password = f" password='{where.password}'" if where.password else ""
    view = 'key=\'gid\' srid=4326 type=MultiPolygon table="qgis"."exclusions" (geom)'
    check(drawn("postgres", f"{login}{password} {view}", tmp_path / "view.png"))
