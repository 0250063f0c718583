"""``obod fetch`` against a mirror that serves the real formats made small: from an address to rows and cells."""

from __future__ import annotations

import json
import zipfile
from functools import partial
from pathlib import Path

import geopandas as gpd
import numpy as np
import pyproj
import pytest
import rasterio
from affine import Affine
from sqlalchemy import Connection, Engine, text

from layers.catalogue import BY_NAME
from layers.grids.rasters import read_grid
from layers.settings import get_settings
from tests.clients.mirror import Answer, Mirror
from tests.scripts.verbs.conftest import Obod
from tests.worlds import open_data

CENTRE = (612_000.0, 4_317_500.0, 613_000.0, 4_318_500.0)  # EPSG:32642; about 70.30 E, 39.00 N
EAST = (627_000.0, 4_317_500.0, 628_000.0, 4_318_500.0)  # about 70.47 E, 39.00 N
ALL = (
    "cod_ab", "openstreetmap", "rgi", "nasa_landslides", "usgs_earthquakes", "copernicus_dem", "chelsa", "worldcover",
    "soilgrids", "gmted2010", "jrc_water", "wfp_prices",
)  # fmt: skip


@pytest.fixture
def obod(sources: Mirror, command_line: Obod) -> Obod:
    assert sources.log == []
    return partial(command_line, "fetch")


def rows(connection: Connection, layer: str, *columns: str) -> list[tuple[object, ...]]:
    table = BY_NAME[layer]
    said = ", ".join(columns)
    found = connection.execute(text(f"SELECT {said} FROM {layer} WHERE ended_by IS NULL ORDER BY {table.key}"))
    return [tuple(row) for row in found]


def test_a_district_comes_with_all_that_is_open_of_it_and_a_second_time_nothing_comes(
    obod: Obod, database: Engine, mirror: Mirror
) -> None:
    code, _, err = obod("all", "--district", open_data.CODE)
    assert (code, err.count("refused")) == (0, 0), err
    with database.connect() as connection:
        assert rows(connection, "districts", "code", "name_en", "name_tg", "region") == [
            ("TJ0401", "Rasht", "Рашт", "TJ04"),
            ("TJ0402", "Lakhsh", "Лахш", "TJ04"),
        ]
        assert rows(connection, "settlements", "code", "name_en", "name_tg", "name_ru", "kind", "district") == [
            ("osm-n1", "Jafr", "Ҷафр", "Джафр", "village", "TJ0401")
        ]
        assert rows(connection, "roads", "code", "kind") == [
            ("osm-w20", "paved"), ("osm-w21", "track"), ("osm-w22", "footbridge"),
        ]  # fmt: skip
        assert rows(connection, "canals", "code", "name", "flow_known") == [("osm-w23", "Ҷӯйи калон", False)]
        assert rows(connection, "rivers", "code", "name_tg", "basis") == [("osm-w24", "Сурхоб", "mapped")]
        assert rows(connection, "lakes", "code", "kind", "ST_NumInteriorRings(ST_GeometryN(geom, 1))") == [
            ("osm-30", "lake", 1)
        ]
        assert rows(connection, "services", "code", "kind") == [("osm-n4", "health")]
        assert rows(connection, "energy_points", "code", "kind") == [("osm-n5", "pump_station")]
        assert rows(connection, "glaciers", "code", "name") == [("RGI2000-v7.0-G-13-00001", "Дидал")]
        assert rows(connection, "market_prices", "code", "sold_as", "price_tjs", "priced_on::text") == [
            ("wfp-Gharm-Potatoes-KG-Farm-Gate-2026-09-15", "farm_gate", 2.75, "2026-09-15"),
            ("wfp-Gharm-Wheat-flour--first-grade--KG-Retail-2026-09-15", "retail", 5.2, "2026-09-15"),
        ]
        assert [row[:2] for row in rows(connection, "hazard_events", "code", "process")] == [
            ("glc-11", "debris_flow"), ("usgs-iscgem897460", "earthquake"),
        ]  # fmt: skip
        assert _value(connection, "dem")[0] == pytest.approx(1_200 + 2 * 360 * 0.3, abs=2 * 360 * 0.02)
        assert _value(connection, "available_water") == pytest.approx([open_data.AVAILABLE_MM_M])
        assert _value(connection, "available_water_low") == pytest.approx([open_data.AVAILABLE_MM_M - 80])
        assert _value(connection, "available_water_high") == pytest.approx([open_data.AVAILABLE_MM_M + 80])
        assert _value(connection, "mean_temperature") == pytest.approx(open_data.MONTHLY_MEAN, abs=0.051)
        assert _value(connection, "minimum_temperature")[0] == pytest.approx(-10.0, abs=0.051)
        assert _value(connection, "snow_days") == [90.0]
        assert _value(connection, "climate_relief") == [1_300.0]
        assert (_value(connection, "water_occurrence"), _value(connection, "water_occurrence", EAST)) == ([40.0], [0.0])
        assert (_value(connection, "crown_cover"), _value(connection, "crown_cover", EAST)) == ([100.0], [0.0])
        told = connection.execute(text("SELECT layer, licence, source_date::text AS day FROM loads")).all()
        licences, days = {row.layer: row.licence for row in told}, {row.layer: row.day for row in told}
        before = connection.execute(text("SELECT count(*), max(load_id) FROM loads")).one()
    assert licences["roads"] == "ODbL-1.0; © OpenStreetMap contributors"
    assert licences["districts"].startswith("CC BY-IGO; United Nations Office")  # as the answer of the portal has it
    assert licences["dem"].startswith("Copernicus DEM licence (free, attribution); © DLR")
    assert (days["roads"], days["dem"], days["districts"]) == ("2026-05-28", "2021-01-01", "2024-01-01")

    files = (".tif", ".zip", ".pbf")
    sent = {asked.path for asked in mirror.log if asked.method == "GET" and asked.path.endswith(files)}
    mirror.log.clear()
    code, out, _ = obod("all", "--district", open_data.CODE)
    assert (code, out.count("nothing changed")) == (0, len(ALL)), out
    again = [asked for asked in mirror.log if asked.method == "GET" and asked.path in sent]
    assert len(again) == len(sent)
    assert all("If-None-Match" in asked.headers for asked in again)
    with database.connect() as connection:
        assert connection.execute(text("SELECT count(*), max(load_id) FROM loads")).one() == before


def test_a_source_that_fails_leaves_the_others_and_what_was_there(obod: Obod, database: Engine, mirror: Mirror) -> None:
    assert obod("cod_ab", "rgi")[0] == 0
    (path,) = [asked.path for asked in mirror.log if asked.method == "GET" and "rgi_v7" in asked.path]
    mirror.answers[path] = Answer(b"<html>Please log in</html>")
    code, out, err = obod("cod_ab", "rgi", "usgs_earthquakes")
    assert code == 3
    assert "rgi: RGI2000-v7.0-G-13_central_asia.zip: 127.0.0.1 answers with a page for people" in err.replace("\n", " ")
    assert "usgs_earthquakes: hazard_events 2 new" in out
    mirror.put(path, b"PK\x03\x04 no zip at all")
    assert obod("rgi")[0] == 1
    with database.connect() as connection:
        assert len(rows(connection, "glaciers", "code")) == 1


def test_a_missing_tile_is_told_and_nothing_of_the_source_is_loaded(
    obod: Obod, database: Engine, mirror: Mirror
) -> None:
    assert obod("cod_ab")[0] == 0
    name = "Copernicus_DSM_COG_10_N39_00_E070_00_DEM"
    del mirror.answers[f"/copernicus-dem-30m.s3.amazonaws.com/{name}/{name}.tif"]
    code, _, err = obod("copernicus_dem", "--district", open_data.CODE)
    assert code == 1
    assert f"{name}.tif: 127.0.0.1 has no such file." in err
    with database.connect() as connection:
        assert connection.execute(text("SELECT count(*) FROM rasters")).scalar_one() == 0


def test_heights_above_another_surface_are_refused(obod: Obod, mirror: Mirror) -> None:
    assert obod("cod_ab")[0] == 0
    crs = rasterio.CRS.from_wkt(pyproj.CRS("EPSG:4326+5773").to_wkt())  # EGM96 heights
    for path in [path for path in mirror.answers if "copernicus" in path]:
        south, west = int(path.split("_N")[1][:2]), int(path.split("_E")[1][:3])
        cells = np.full((10, 10), 1_000, dtype=np.float32)
        mirror.put(path, open_data.tiff(cells, Affine(0.1, 0, west, 0, -0.1, south + 1), crs))
    code, _, err = obod("copernicus_dem", "--district", open_data.CODE)
    assert code == 1
    assert "has heights in EGM96 height; its source says EGM2008." in err


SMALL = ("cod_ab", "rgi", "usgs_earthquakes", "gmted2010", "copernicus_dem")


def test_a_parcel_gives_another_office_the_same_rows(
    obod: Obod, database: Engine, mirror: Mirror, tmp_path: Path
) -> None:
    assert obod("cod_ab")[0] == 0
    parcel = tmp_path / "rasht.zip"
    assert obod(*SMALL, "--district", open_data.CODE, "--bundle", parcel)[0] == 0
    assert obod(*SMALL, "--district", open_data.CODE)[0] == 0
    with database.connect() as connection:
        here = _digests(connection)
    with database.begin() as connection:
        connection.execute(text(f"TRUNCATE {', '.join((*BY_NAME, 'rasters', 'loads'))} RESTART IDENTITY CASCADE"))
    home = get_settings().home
    (home / "open_data").rename(tmp_path / "elsewhere")
    mirror.log.clear()
    code, _, err = obod("--from", parcel)
    assert (code, mirror.log) == (0, []), err
    with database.connect() as connection:
        assert _digests(connection) == here
    assert obod("--from", parcel)[1].count("nothing changed") == len(SMALL)


def test_a_parcel_that_was_changed_on_the_way_is_refused(obod: Obod, tmp_path: Path) -> None:
    assert obod("rgi", "--bundle", tmp_path / "a.zip")[0] == 0
    with zipfile.ZipFile(tmp_path / "a.zip") as opened, zipfile.ZipFile(tmp_path / "b.zip", "w") as changed:
        for name in opened.namelist():
            content = opened.read(name)
            changed.writestr(name, content if name == "contents.json" else content + b"x")
    code, _, err = obod("--from", tmp_path / "b.zip")
    assert code == 1
    assert "RGI2000-v7.0-G-13_central_asia.zip in b.zip is not as it was packed; nothing was taken from it." in err
    (tmp_path / "c.zip").write_text("no zip")
    for name, said in (("c.zip", "c.zip is no parcel of open data"), ("d.zip", "There is no file d.zip.")):
        code, _, err = obod("--from", tmp_path / name)
        assert (code, said in err) == (1, True)


def test_a_parcel_that_unpacks_to_more_than_is_allowed_takes_nothing_and_says_what_to_set(
    obod: Obod, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OBOD_FILE_UNPACKED_GB", "1e-6")
    get_settings.cache_clear()
    code, _, err = obod("rgi", "--bundle", tmp_path / "a.zip")
    assert code == 0
    assert "Whoever loads a.zip needs OBOD_FILE_UNPACKED_GB=1 or more." in err
    before = sorted((get_settings().home / "open_data").rglob("*"))
    code, _, err = obod("--from", tmp_path / "a.zip")
    assert (code, err) == (1, "a.zip unpacks to more than the 1e-06 GB that OBOD_FILE_UNPACKED_GB allows.\n")
    assert sorted((get_settings().home / "open_data").rglob("*")) == before
    monkeypatch.setenv("OBOD_FILE_UNPACKED_GB", "1")
    get_settings.cache_clear()
    code, _, err = obod("rgi", "--bundle", tmp_path / "b.zip")
    assert (code, "Whoever loads" in err) == (0, False)
    assert obod("--from", tmp_path / "b.zip")[0] == 0


def test_what_must_not_be_handed_on_has_to_be_accepted_and_stays_here(obod: Obod, tmp_path: Path) -> None:
    code, _, err = obod("worldclim")
    assert code == 1
    assert 'no redistribution (WorldClim terms). If that holds for what you do, say --accept "WorldClim terms"' in err
    code, _, err = obod("worldclim", "--accept", "WorldClim terms", "--bundle", tmp_path / "a.zip")
    assert code == 1
    assert "its terms forbid to hand it on" in err
    assert not (tmp_path / "a.zip").exists()


def test_normals_of_the_reserve_come_out_of_its_archives(obod: Obod, database: Engine, mirror: Mirror) -> None:
    open_data.put_worldclim(mirror)
    assert obod("cod_ab")[0] == 0
    code, _, err = obod("worldclim", "--accept", "WorldClim terms", "--district", open_data.CODE)
    assert code == 0, err
    with database.connect() as connection:
        assert _value(connection, "mean_temperature") == pytest.approx(open_data.MONTHLY_MEAN, abs=0.001)
        assert _value(connection, "minimum_temperature") == pytest.approx(
            [mean - 6.0 for mean in open_data.MONTHLY_MEAN], abs=0.001
        )
        assert _value(connection, "climate_relief") == [1_300.0]
        licences = connection.execute(text("SELECT DISTINCT licence FROM loads WHERE layer = 'climate_relief'"))
        assert "[NO REDISTRIBUTION]" in licences.scalar_one()


def test_a_reserve_stands_in_only_where_nothing_is_loaded(obod: Obod, database: Engine, mirror: Mirror) -> None:
    frame = gpd.GeoDataFrame({"shapeID": ["1B"], "shapeName": ["Rasht"]}, geometry=[open_data.DISTRICT], crs=4326)
    leads = mirror.put("/gb/ADM2.geojson", frame.to_json())
    answer = {"boundaryLicense": "ODbL 1.0", "gjDownloadURL": leads}
    mirror.put("/www.geoboundaries.org/api/current/gbOpen/TJK/ADM2/", json.dumps(answer))
    portal = "/data.humdata.org/api/3/action/package_show?id=cod-ab-tjk"
    before = mirror.answers[portal]
    mirror.answers[portal] = Answer(b"[]")
    code, out, err = obod("cod_ab")
    assert (code, "cod_ab (by geoboundaries): districts 1 new" in out) == (0, True), err
    with database.connect() as connection:
        assert rows(connection, "districts", "code") == [("1B",)]
    assert obod("cod_ab")[0] == 1  # now there are districts: none of another kind beside them
    mirror.answers[portal] = before


def test_it_says_before_what_would_come(obod: Obod, mirror: Mirror, database: Engine) -> None:
    code, out, _ = obod("rgi", "usgs_earthquakes", "--dry-run")
    assert code == 0
    assert "Nothing was brought." in out
    assert "CC BY 4.0; RGI 7.0 Consortium" in out.replace("\n", " ")
    assert {asked.method for asked in mirror.log} == {"HEAD"}
    with database.connect() as connection:
        assert connection.execute(text("SELECT count(*) FROM loads")).scalar_one() == 0
    planned = json.loads(obod("rgi", "--dry-run", "--json")[1])
    assert (planned[0]["source"], planned[0]["files"], planned[0]["answer"]) == ("rgi", 1, "as expected")


def test_addresses_are_tried_and_the_one_that_moved_is_named(obod: Obod, mirror: Mirror) -> None:
    assert obod("cod_ab")[0] == 0
    code, out, _ = obod("all", "--check", "--district", open_data.CODE)
    assert (code, out.count("as expected")) == (0, len(ALL)), out
    for path in [path for path in mirror.answers if "rgi_v7" in path]:
        del mirror.answers[path]
    code, out, _ = obod("all", "--check", "--district", open_data.CODE)
    assert (code, out.count("as expected")) == (3, len(ALL) - 1)
    assert "has no such file" in out


def test_wrong_usage_is_one_sentence(obod: Obod) -> None:
    code, _, err = obod("glaciers")
    assert (code, err.startswith("There is no source glaciers; the sources are all, ")) == (1, True)
    code, _, err = obod("rgi", "--district", "TJ99")
    assert (code, err) == (1, "There is no district TJ99; obod fetch cod_ab brings them with their codes.\n")
    assert obod("rgi", "--dry-run", "--check")[0] == 2
    code, out, _ = obod()
    assert (code, "to be checked at first use" in out) == (0, True)


def _value(connection: Connection, layer: str, place: tuple[float, float, float, float] = CENTRE) -> list[float]:
    """Mean of each band on a square kilometre."""
    grid = read_grid(connection, layer, place)
    assert grid is not None
    return [float(band.mean()) for band in np.atleast_3d(grid.values).reshape(-1, *grid.values.shape[-2:])]


def _digests(connection: Connection) -> dict[str, list[object]]:
    """Digest of every current row and raster, by layer."""
    found: dict[str, list[object]] = {
        layer: [row[0] for row in rows(connection, layer, "row_hash")] for layer in BY_NAME if BY_NAME[layer].key
    }
    rasters = connection.execute(text("SELECT layer, sha256 FROM rasters WHERE ended_by IS NULL ORDER BY 1, 2"))
    found["rasters"] = [tuple(row) for row in rasters]
    return found
