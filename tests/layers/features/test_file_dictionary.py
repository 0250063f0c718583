"""The data dictionary is in the file, where a reader of the format looks for it."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import openpyxl
import orjson
import pyarrow.parquet as pq
import pyogrio
import pytest
from sqlalchemy import Connection

from api.content.about_files import about_layer, told_headings
from api.content.data_dictionary import data_dictionary
from api.language.translate import LANGUAGES, Language
from layers.catalogue import BY_NAME
from layers.catalogue.base import PUBLIC, STAFF
from layers.catalogue.hazards import HazardZone
from layers.catalogue.irrigation import Canal
from layers.features.export import Format, write_file
from layers.features.features import layer_features
from layers.features.household_fit import fitted_plots
from layers.features.paging import Listing
from layers.features.plots import scored_plots

CAPACITY = "Capacity. Unit: m3/s. Empty: not known. For: everybody"


@pytest.fixture
def written(public: Connection, tmp_path: Path) -> Path:
    """Canals in every format."""
    features = layer_features(Canal, PUBLIC)
    about = about_layer(public, features, "en")
    for wanted in Format:
        write_file(public, Listing(features), wanted, tmp_path / f"canals.{wanted}", about)
    return tmp_path


def rows(path: Path, statement: str) -> list[tuple[Any, ...]]:
    with closing(sqlite3.connect(path)) as db:
        return db.execute(statement).fetchall()


def test_a_geopackage_has_it_in_its_data_columns(written: Path) -> None:
    path = written / "canals.gpkg"
    title, told, codes = rows(
        path, "SELECT title, description, constraint_name FROM gpkg_data_columns WHERE column_name = 'capacity_m3_s'"
    )[0]
    assert (title, told, codes) == ("Capacity", CAPACITY, None)
    of_type = rows(path, "SELECT constraint_name FROM gpkg_data_columns WHERE column_name = 'type'")[0][0]
    meanings = dict(
        rows(path, f"SELECT value, description FROM gpkg_data_column_constraints WHERE constraint_name = '{of_type}'")
    )
    assert meanings["drain"] == "Drain"
    assert meanings["distributary"] == "Distributary canal"
    assert ("gpkg_schema",) in rows(path, "SELECT extension_name FROM gpkg_extensions")


def test_parquet_has_it_in_the_metadata_of_its_fields(written: Path) -> None:
    schema = pq.read_schema(written / "canals.parquet")
    capacity, kind = schema.field("capacity_m3_s").metadata, schema.field("type").metadata
    assert capacity[b"description"].decode() == CAPACITY
    assert (capacity[b"title"], capacity[b"unit"]) == (b"Capacity", b"m3/s")
    assert (capacity[b"empty"], capacity[b"audience"]) == (b"not known", b"everybody")
    assert orjson.loads(kind[b"values"])["drain"] == "Drain"


def test_a_flatgeobuf_has_it_in_its_columns(written: Path) -> None:
    with pyogrio.open_arrow(written / "canals.fgb", use_pyarrow=True) as (_, reader):
        told = reader.schema.field("capacity_m3_s").metadata
    assert told[b"GDAL:OGR:alternative_name"] == b"Capacity"
    assert told[b"GDAL:OGR:comment"].decode() == CAPACITY


def test_a_workbook_has_it_in_a_sheet_of_its_own(written: Path) -> None:
    book = openpyxl.load_workbook(written / "canals.xlsx")
    assert book.sheetnames == ["About", "Columns", "canals"]
    heading, *lines = book["Columns"].iter_rows(values_only=True)
    told = {line[0]: dict(zip(heading, line, strict=True)) for line in lines}
    assert told["capacity_m3_s"]["unit"] == "m3/s"
    assert told["capacity_m3_s"]["empty"] == "not known"
    assert "drain = Drain" in str(told["type"]["values"])
    assert told["code"]["empty"] == "never empty"
    assert "lies on the shape" in str(told["lon"]["description"])


def test_geojson_has_it_beside_its_features(written: Path) -> None:
    told = {column["name"]: column for column in orjson.loads((written / "canals.geojson").read_bytes())["columns"]}
    assert told["capacity_m3_s"]["description"] == CAPACITY
    assert "wkt" not in told


def test_every_column_of_every_file_is_told(public: Connection, written: Path) -> None:
    named = {column.name for column in about_layer(public, layer_features(Canal, PUBLIC), "en").columns}
    assert set(pq.read_schema(written / "canals.parquet").names) - {"bbox"} <= named
    first = (written / "canals.csv").read_text(encoding="utf-8-sig").splitlines()[0]
    assert set(first.split(",")) <= named


def test_who_may_see_a_column_and_what_its_codes_mean_come_from_the_declarations(public: Connection) -> None:
    columns = {column.name: column for column in about_layer(public, scored_plots(STAFF, {}), "en").columns}
    assert columns["cadastral_no"].audience == "staff only"
    assert columns["score"].empty == "not evaluated or excluded"
    assert columns["shut_by"].values["mine_suspected"] == "Mines or unexploded ordnance, suspected"
    assert columns["limiting"].values["slope_pct"] == "Slope"
    assert columns["right_class"].values["O1"] == "Inheritable use, certificate in her own name"
    assert "irrigated_recorded" in columns
    zones = {column.name: column for column in about_layer(public, layer_features(HazardZone, PUBLIC), "ru").columns}
    assert zones["level"].values["medium"] != "Medium: with conditions"  # translated


@pytest.mark.parametrize("lang", LANGUAGES)
def test_no_two_columns_of_a_file_have_one_title(lang: Language) -> None:
    """A GeoPackage takes each once, and a workbook is read back by them."""
    for layer in BY_NAME.values():
        features = fitted_plots(scored_plots(STAFF, {}), 1, "any") if layer.judged else layer_features(layer, STAFF)
        told = told_headings(lang) if layer.judged else {}
        titles = [column.title for column in data_dictionary(features, told, lang)]
        assert len(titles) == len(set(titles)), layer.__tablename__
