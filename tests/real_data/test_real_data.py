"""Every spatial file of the open data of Tajikistan loads through the commands with the repository's mapping files."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine, text

from layers.catalogue.admin import District
from layers.features.agreement import agreements
from layers.features.places import read_gazetteer
from layers.grids.rasters import read_grid
from layers.loading.mapping import read_mapping
from layers.postgres.engine import reading
from scripts.main import main

pytestmark = pytest.mark.real_data

EXAMPLES = Path(__file__).parents[2] / "examples" / "tajikistan"

# mapping file, rows read, rows left out by the mapping, rows added, rows rejected; in an order that lets districts
# be known before what lies in them
EXPECTED = {
    "country": (1, 0, 1, 0),
    "regions": (5, 0, 5, 0),
    "districts": (58, 0, 58, 0),
    "reference_districts": (57, 0, 57, 0),
    "settlements": (2_661, 38, 2_623, 0),
    "towns": (103, 0, 103, 0),
    "place_names": (112, 0, 112, 0),
    "district_names_tg": (76, 20, 56, 0),
    "district_names_en": (76, 20, 56, 0),
    "rivers": (24, 1, 23, 0),
    "canals": (24, 23, 1, 0),
    "rivers_named": (7, 0, 7, 0),
    "drainage": (3_813, 0, 3_813, 0),
    "lakes": (7, 0, 7, 0),
    "lakes_named": (3, 0, 3, 0),
    "glaciers": (100, 0, 100, 0),
    "landslides": (80, 0, 80, 0),
    "earthquakes": (210, 0, 210, 0),
    "faults": (98, 0, 98, 0),
    "faults_gem": (106, 0, 106, 0),
    "power_plants": (16, 0, 13, 3),
    "weather_stations": (28, 0, 28, 0),
    "health_facilities": (836, 357, 479, 0),
    "elevation": (1, 0, 1, 0),
    "climate_zones": (1, 0, 1, 0),
}


def run(*arguments: object) -> tuple[int, Any]:
    """Run ``obod layer`` and return its exit code and JSON."""
    with pytest.MonkeyPatch.context() as patch:
        said: list[str] = []
        patch.setattr(sys, "argv", ["obod", "layer", *map(str, arguments), "--json"])
        patch.setattr("scripts.verbs.layer.print_json", lambda result: said.append(json.dumps(result, default=str)))
        with pytest.raises(SystemExit) as end:
            main()
    return int(end.value.code or 0), json.loads(said[0]) if said else None


def data_file(stem: str) -> Path:
    mapping = read_mapping(EXAMPLES / f"{stem}.toml")
    beside = EXAMPLES / mapping.files[0]
    return beside if beside.exists() else Path(os.environ["OBOD_REAL_DATA"]) / mapping.files[0]


@pytest.fixture(scope="module")
def reports(database: Engine) -> dict[str, Any]:
    """What each load said; the database holds them all."""
    assert database is not None
    found = {}
    for stem in EXPECTED:
        path = EXAMPLES / f"{stem}.toml"
        code, report = run("load", read_mapping(path).layer, data_file(stem), "--mapping", path)
        assert code == 0, stem
        found[stem] = report
    return found


def test_every_spatial_file_has_a_mapping_and_every_mapping_is_tried() -> None:
    tried = set(EXPECTED) | {"regions_osm", "reclamation_survey"}  # the last is of sheets that an office has
    assert tried == {path.stem for path in EXAMPLES.glob("*.toml")}
    folder = Path(os.environ["OBOD_REAL_DATA"])
    spatial = {path.name for path in folder.iterdir() if path.suffix in (".geojson", ".tif", ".csv")}
    tables = {path.name for path in folder.glob("fao56_*.csv")}  # crop tables, no places
    without_mapping = {
        "osm_schools_2025.geojson",  # a tenth of the schools: minutes to the nearest of them would be wrong
    }
    assert spatial - tables - without_mapping <= {data_file(stem).name for stem in tried}


@pytest.mark.parametrize("stem", EXPECTED)
def test_counts(reports: dict[str, Any], stem: str) -> None:
    report = reports[stem]
    assert (report["read"], report["filtered"], report["added"], report["rejected"]) == EXPECTED[stem]
    assert report["repairs"] == []
    if report["transformation"] is not None:
        assert report["transformation"]["shift_m"] == 0.0


def test_loading_all_of_it_again_changes_nothing(reports: dict[str, Any]) -> None:
    for stem in reports:
        path = EXAMPLES / f"{stem}.toml"
        code, again = run("load", read_mapping(path).layer, data_file(stem), "--mapping", path)
        assert code == 0, stem
        assert (again["load_id"], again["added"], again["unchanged"]) == (None, 0, EXPECTED[stem][2]), stem


def test_names_in_three_languages_at_their_places(reports: dict[str, Any], database: Engine) -> None:
    assert reports
    query = text(
        "SELECT name_en, name_tg, name_ru, region, ST_Contains(geom, ST_SetSRID(ST_MakePoint(:x, :y), 4326)) "
        "FROM districts WHERE ended_by IS NULL AND code = :code"
    )
    with database.connect() as connection:
        for code, names, region, x, y in (
            ("TJ.RR.GA", ("Rasht", "Рашт", "Раштский"), "TJ-RA", 70.3694, 39.0231),
            ("TJ.RR.DZ", ("Lakhsh", "Лахш", "Лахшский"), "TJ-RA", 71.5, 39.25),
            ("TJ.KL.KA", ("Qubodiyon", "Қубодиён", "Кубодиёнский"), "TJ-KT", 68.24, 37.385),
        ):
            assert connection.execute(query, {"code": code, "x": x, "y": y}).one() == (*names, region, True)
        in_valley = connection.execute(
            text("SELECT count(*) FROM settlements WHERE code LIKE 'wof-%' AND district = 'TJ.RR.GA'")
        ).scalar_one()
        assert in_valley == pytest.approx(35, abs=3)  # 35 in the file, less what is no longer there
        unknown = text("SELECT count(*) FROM weather_stations WHERE elevation_m IS NULL")
        assert connection.execute(unknown).scalar_one() == 2


def test_districts_have_the_areas_that_are_published_for_them(reports: dict[str, Any], database: Engine) -> None:
    """Published: Rasht and Lakhsh about 4,600 km2 each; Tojikobod was drawn with 2,082 km2 before."""
    assert reports
    query = text("SELECT ST_Area(geom::geography) / 1e6 FROM districts WHERE ended_by IS NULL AND code = :code")
    with database.connect() as connection:
        for code, km2 in (("TJ.RR.GA", 4_600), ("TJ.RR.DZ", 4_600), ("TJ.RR.TJ", 709)):
            assert connection.execute(query, {"code": code}).scalar_one() == pytest.approx(km2, rel=0.07), code
        note = text("SELECT boundary_note FROM districts WHERE ended_by IS NULL AND code = 'TJ.RR.TJ'")
        assert "agrees on 26 % of the ground" in connection.execute(note).scalar_one()


def test_districts_agree_with_the_second_source_as_far_as_was_measured_outside(reports: dict[str, Any]) -> None:
    """Measured on the two files with another program, to two digits."""
    assert reports
    with reading() as connection:
        found = {code: one for code, (one,) in agreements(connection, District).items()}
    measured = {"TJ.RR.TJ": 26, "TJ.RR.DA": 36, "TJ.KL.KA": 41, "TJ.RR.GA": 61, "TJ.RR.TV": 67, "TJ.RR.DZ": 85}
    assert {code: found[code].percent for code in measured} == measured
    assert {found[code].percent for code in ("TJ.KL.BA", "TJ.KL.DZ")} == {6, 19}
    assert {code for code, one in found.items() if not one.doubtful} == {"TJ.BK.MU", "TJ.LE.AS"}
    assert not {"TJ.KL.JO-OSM", "TJ.KL.NK-OSM", "TJ.KL.SA-OSM"} & set(found)  # the second source does not draw them
    (note,) = reports["reference_districts"]["notes"]
    assert "55 outlines of districts agree with Who's On First (Mesoshapes) (2024-03-05) to 6 to 97 %" in note


@pytest.mark.parametrize(
    ("said", "code"),
    [
        ("Қабодиён", "TJ.KL.KA"),
        ("Кабодиён", "TJ.KL.KA"),
        ("Qabodiyon", "TJ.KL.KA"),
        ("Қубодиён", "TJ.KL.KA"),
        ("Джиргиталь", "TJ.RR.DZ"),
        ("Jirgatol", "TJ.RR.DZ"),
        ("Лахш", "TJ.RR.DZ"),
        ("Gharm", "TJ.RR.GA"),
        ("Курган-Тюбе", "TJ.KL.BO"),  # the city has no outline: the district around it
        ("Қӯрғонтеппа", "TJ.KL.BO"),
    ],
)
def test_a_place_is_found_by_any_of_its_names_in_any_script(reports: dict[str, Any], said: str, code: str) -> None:
    assert reports
    with reading() as connection:
        assert read_gazetteer(connection).find(said)[0].place.code == code


def test_heights_and_slopes_of_the_real_relief(reports: dict[str, Any]) -> None:
    assert reports
    with reading() as connection:
        dem = read_grid(connection, "dem", (600_000, 4_300_000, 640_000, 4_340_000))
        slope = read_grid(connection, "slope", (600_000, 4_300_000, 640_000, 4_340_000))
    assert dem is not None
    assert slope is not None
    assert 455 < dem.native_m < 470
    assert 1_000 < float(dem.values.min()) < 2_000
    assert 3_500 < float(dem.values.max()) < 6_000
    assert 5 < float(slope.values.mean()) < 80


def test_another_drawing_takes_the_place_of_the_regions_and_is_taken_back(
    reports: dict[str, Any], database: Engine
) -> None:
    assert reports
    path = EXAMPLES / "regions_osm.toml"
    names = text("SELECT code, name_tg, ST_Area(geom) FROM regions WHERE ended_by IS NULL ORDER BY code")
    with database.connect() as connection:
        before = connection.execute(names).all()
    assert run("load", "regions", data_file("regions_osm"), "--mapping", path)[0] == 1
    code, report = run("load", "regions", data_file("regions_osm"), "--mapping", path, "--mode", "update")
    assert (code, report["changed"]) == (0, 5)
    assert run("undo", report["load_id"])[0] == 0
    with database.connect() as connection:
        assert connection.execute(names).all() == before
