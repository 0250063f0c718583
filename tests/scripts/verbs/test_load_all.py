"""``obod layer load-all``: a folder of files with their mappings, whole by file, and the same command goes on."""

from __future__ import annotations

import json
import os
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import geopandas as gpd
import pytest
import shapely
from sqlalchemy import Engine, text

from layers.loading.folders import MappedFile, load_mapped
from scripts.main import main

Answer = tuple[int, str, str]

DISTRICT = shapely.box(70.0, 38.9, 71.0, 39.3)
KML = """<?xml version="1.0" encoding="UTF-8"?>
<kml xmlns="http://www.opengis.net/kml/2.2"><Document><name>villages</name>{folders}</Document></kml>"""
FOLDER = "<Folder><name>{0}</name>{1}</Folder>"
PLACE = "<Placemark><name>{0}</name><Point><coordinates>{1},{2},0</coordinates></Point></Placemark>"


@pytest.fixture
def obod(
    database: Engine, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Callable[..., Answer]:
    with database.begin() as connection:
        connection.execute(text("TRUNCATE districts, settlements, canals, rasters, loads RESTART IDENTITY CASCADE"))

    def run(*arguments: str | Path) -> Answer:
        monkeypatch.setattr(sys, "argv", ["obod", "layer", *map(str, arguments)])
        with pytest.raises(SystemExit) as end:
            main()
        captured = capsys.readouterr()
        return int(end.value.code or 0), captured.out, captured.err

    return run


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Districts, villages in two folders of a KML, canals in a folder below, and a file that nobody maps."""
    frame = gpd.GeoDataFrame({"NAME": ["Rasht"], "HASC": ["TJ.RR.GA"]}, geometry=[DISTRICT], crs=4326)
    frame.to_file(tmp_path / "zz_districts.gpkg")
    (tmp_path / "zz_districts.toml").write_text(
        'layer = "districts"\nsource = "Survey"\n[fields]\ncode = "HASC"\nname_en = "NAME"\nregion = {constant="TJ-RA"}'
    )
    upper = PLACE.format("Hoit", 70.9, 39.2) + PLACE.format("Gharm", 70.37, 39.02)
    lower = PLACE.format("Navobod", 70.15, 39.01)
    folders = FOLDER.format("Боло", upper) + FOLDER.format("Поён", lower)
    (tmp_path / "villages.kml").write_text(KML.format(folders=folders))
    (tmp_path / "villages.toml").write_text(
        'layer = "settlements"\n[fields]\ncode = { digest = true }\nname_en = "Name"\nname_tg = "table"\n'
    )
    below = tmp_path / "water"
    below.mkdir()
    lines = [shapely.LineString([(70.1, 39.0), (70.2, 39.05)])]
    gpd.GeoDataFrame({"id": ["c1"], "known": ["yes"]}, geometry=lines, crs=4326).to_file(below / "canals_2026.gpkg")
    (below / "of_canals.toml").write_text(
        'layer = "canals"\nfiles = ["canals_*.gpkg"]\n[fields]\ncode = "id"\nflow_known = "known"\n'
    )
    (tmp_path / "notes.csv").write_text("a,b\n1,2\n")
    return tmp_path


def rows(database: Engine, layer: str, *columns: str) -> list[Any]:
    with database.connect() as connection:
        listed = ", ".join(columns)
        found = connection.execute(text(f"SELECT {listed} FROM {layer} WHERE ended_by IS NULL ORDER BY {listed}"))
        return [tuple(row) for row in found]


def test_a_folder_goes_into_its_layers_and_the_second_time_changes_nothing(
    obod: Callable[..., Answer], folder: Path, database: Engine
) -> None:
    code, out, err = obod("load-all", folder, "--licence", "ours", "--json")
    assert code == 0, err
    told = json.loads(out)
    assert [(one["file"], one["layer"], one["report"]["added"]) for one in told["loaded"]] == [
        ("zz_districts.gpkg", "districts", 1),  # before what lies in it, whatever its name
        ("villages.kml", "settlements", 3),
        ("water/canals_2026.gpkg", "canals", 1),
    ]
    assert told["unnamed"] == ["notes.csv"]
    assert "2 tables are read as one: Боло, Поён." in told["loaded"][1]["report"]["notes"]
    assert rows(database, "settlements", "name_en", "name_tg", "district") == [
        ("Gharm", "Боло", "TJ.RR.GA"),
        ("Hoit", "Боло", "TJ.RR.GA"),
        ("Navobod", "Поён", "TJ.RR.GA"),
    ]
    assert rows(database, "loads JOIN districts USING (load_id)", "source", "licence") == [("Survey", "ours")]

    code, out, err = obod("load-all", folder)
    assert code == 0
    assert out.count("done before") == 3
    assert "No mapping names notes.csv." in err
    assert len(rows(database, "settlements", "code")) == 3


def test_a_file_that_cannot_be_loaded_holds_up_no_other_and_is_done_when_it_is_mended(
    obod: Callable[..., Answer], folder: Path, database: Engine
) -> None:
    gpd.GeoDataFrame({"id": ["c1"], "known": ["perhaps"]}, geometry=[DISTRICT.boundary], crs=4326).to_file(
        folder / "water" / "canals_2025.gpkg"
    )
    (folder / "villages.toml").write_text('layer = "settlements"\n[fields]\ncode = "NO"\nname_en = "Name"\n')
    code, out, err = obod("load-all", folder)
    assert code == 3
    assert "2 of 4 files are done, each whole." in err
    assert "Not done: villages.kml -> settlements. villages.kml has no column NO; it has " in err
    assert "Not done: water/canals_2025.gpkg -> canals. None of 1 rows can be loaded." in err
    assert "flow_known is 'perhaps': expected yes or no" in err
    assert str(folder) not in out + err
    assert rows(database, "settlements", "code") == []

    (folder / "villages.toml").write_text(
        'layer = "settlements"\n[fields]\ncode = { digest = true }\nname_en = "Name"\n'
    )
    (folder / "water" / "canals_2025.gpkg").unlink()
    code, out, err = obod("load-all", folder)
    assert code == 0, err
    assert out.count("done before") == 2
    assert len(rows(database, "settlements", "code")) == 3


def test_what_was_taken_back_is_loaded_again(obod: Callable[..., Answer], folder: Path, database: Engine) -> None:
    assert obod("load-all", folder)[0] == 0
    assert obod("undo", "2")[0] == 0
    assert rows(database, "settlements", "code") == []
    code, out, _ = obod("load-all", folder)
    assert code == 0
    assert out.count("done before") == 2
    assert len(rows(database, "settlements", "code")) == 3


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_stop_leaves_whole_files_and_the_same_command_goes_on(
    obod: Callable[..., Answer],
    folder: Path,
    database: Engine,
    monkeypatch: pytest.MonkeyPatch,
    number: signal.Signals,
) -> None:
    def stopped(connection: Any, file: MappedFile, options: Any) -> Any:
        report = load_mapped(connection, file, options)
        if file.layer == "settlements":  # its rows are in the transaction, which is not at its end
            os.kill(os.getpid(), number)
        return report

    monkeypatch.setattr("scripts.verbs.load_all.load_mapped", stopped)
    code, out, err = obod("load-all", folder)
    assert code == 3
    assert "Interrupted in villages.kml, of which nothing was stored." in err
    assert "The same command goes on with the rest." in err
    assert out.count("not begun") == 2
    assert rows(database, "settlements", "code") == []
    monkeypatch.setattr("scripts.verbs.load_all.load_mapped", load_mapped)
    assert obod("load-all", folder)[0] == 0
    assert [len(rows(database, layer, "code")) for layer in ("districts", "settlements", "canals")] == [1, 3, 1]


def test_nothing_done_is_exit_code_1(obod: Callable[..., Answer], folder: Path) -> None:
    for mapping in ("zz_districts.toml", "villages.toml", "water/of_canals.toml"):
        (folder / mapping).unlink()
    code, _, err = obod("load-all", folder)
    assert code == 1
    assert err.startswith(f"No mapping file in {folder.name} is for a file in {folder.name}; a mapping is a .toml")
    assert obod("load-all", folder / "none")[2] == "There is no folder none.\n"
    (folder / "villages.toml").write_text('layer = "ponds"\n')
    code, _, err = obod("load-all", folder)
    assert code == 1
    assert "Not done: villages.kml -> ponds. There is no layer ponds" in err
    (folder / "villages.toml").write_text('layers = "ponds"\n')
    assert obod("load-all", folder)[0] == 1
    assert obod("load-all", folder, "--mode", "refill")[0] == 2
    assert obod("load-all", folder, "--allow-ending", "3")[0] == 2


def test_tables_of_other_columns_are_named_and_one_can_be_said(
    obod: Callable[..., Answer], folder: Path, database: Engine
) -> None:
    path = folder / "two.gpkg"
    for table, column in (("old", "NAME"), ("new", "TITLE")):
        frame = gpd.GeoDataFrame({"ID": [table], column: [table]}, geometry=[shapely.Point(70.5, 39.1)], crs=4326)
        frame.to_file(path, layer=table)
    mapping = 'layer = "settlements"\nmode = "x"\n[fields]\ncode = "ID"\nname_en = "TITLE"\n'
    (folder / "two.toml").write_text(mapping.replace('mode = "x"\n', ""))
    code, _, err = obod("load-all", folder)
    assert code == 3
    assert (
        "two.gpkg: old and new differ in their columns (NAME, TITLE); name one with --table. "
        "two.toml says that with: table."
    ) in err
    (folder / "two.toml").write_text(mapping.replace('mode = "x"', 'table = "new"'))
    assert obod("load-all", folder)[0] == 0
    assert ("new",) in rows(database, "settlements", "name_en")


def put_villages(folder: Path, *names: str) -> None:
    places = [PLACE.format(name, 70.2 + 0.01 * at, 39.1) for at, name in enumerate(names)]
    folders = "".join(FOLDER.format(f"f{at}", place) for at, place in enumerate(places))
    (folder / "villages.kml").write_text(KML.format(folders=folders))


def test_a_folder_replaces_its_layers_within_the_limits_of_each_and_goes_on_after_a_refusal(
    obod: Callable[..., Answer], folder: Path, database: Engine
) -> None:
    assert obod("load-all", folder)[0] == 0
    put_villages(folder, "Hoit", "Nav")  # one of three stays away, more than a tenth of them
    lines = [shapely.LineString([(70.1, 39.0), (70.25, 39.05)])]
    below = folder / "water" / "canals_2026.gpkg"
    gpd.GeoDataFrame({"id": ["c1"], "known": ["no"]}, geometry=lines, crs=4326).to_file(below)
    code, out, err = obod("load-all", folder, "--mode", "replace")
    assert code == 3
    assert "Not done: villages.kml -> settlements. 3 of 3 rows of settlements would end" in err
    assert rows(database, "settlements", "name_en") == [("Gharm",), ("Hoit",), ("Navobod",)]
    assert rows(database, "canals", "flow_known") == [(False,)]

    code, out, err = obod("load-all", folder, "--mode", "replace", "--allow-ending", "3")
    assert code == 0, err
    assert out.count("done before") == 1  # the canals; districts were loaded in mode add, and say nothing new
    assert "villages.kml: Ended in: TJ.RR.GA 3." in err
    assert rows(database, "settlements", "name_en") == [("Hoit",), ("Nav",)]

    assert obod("load", "settlements", _csv(folder, "Other,70.3,39.1"), "--key", "digest")[0] == 0
    code, out, err = obod("load-all", folder, "--mode", "replace", "--allow-ending", "1")
    assert code == 0, err
    assert rows(database, "settlements", "name_en") == [("Hoit",), ("Nav",)]  # what came since is not of the file


def _csv(folder: Path, row: str) -> Path:
    path = folder.parent / "other.csv"
    path.write_text(f"name_en,lon,lat\n{row}\n")
    return path


def test_a_layer_is_not_replaced_by_two_files_of_which_one_would_end_the_other(
    obod: Callable[..., Answer], folder: Path, database: Engine
) -> None:
    assert obod("load-all", folder)[0] == 0
    (folder / "water" / "canals_2025.gpkg").write_bytes((folder / "water" / "canals_2026.gpkg").read_bytes())
    code, _, err = obod("load-all", folder, "--mode", "replace", "--allow-ending", "9")
    assert code == 1
    assert err == (
        "canals would be replaced by 2 files (water/canals_2025.gpkg, water/canals_2026.gpkg), each of which ends what "
        "the others bring; nothing was changed. Join them to one, or say --mode update.\n"
    )
    with database.connect() as connection:
        assert connection.execute(text("SELECT count(*) FROM loads")).scalar_one() == 3


def test_what_is_found_in_the_whole_is_told_and_refuses_a_file_if_asked(
    obod: Callable[..., Answer], folder: Path, database: Engine
) -> None:
    twice = PLACE.format("Hoit", 70.9, 39.2) + PLACE.format("Hoit", 70.9, 39.2)
    (folder / "villages.kml").write_text(KML.format(folders=FOLDER.format("all", twice)))
    (folder / "villages.toml").write_text('layer = "settlements"\n[fields]\ncode = "description"\nname_en = "Name"\n')
    kml = (folder / "villages.kml").read_text()
    for key in ("a", "b"):
        kml = kml.replace("</name><Point>", f"</name><description>{key}</description><Point>", 1)
    (folder / "villages.kml").write_text(kml)
    code, _, err = obod("load-all", folder, "--strict")
    assert code == 3
    assert "under other keys (a is b)" in err
    assert "--strict refuses that" in err
    assert rows(database, "settlements", "code") == []
    code, _, err = obod("load-all", folder)
    assert code == 0
    assert "villages.kml: 1 row stands there twice under other keys (a is b)." in err
    assert rows(database, "settlements", "code") == [("a",), ("b",)]
