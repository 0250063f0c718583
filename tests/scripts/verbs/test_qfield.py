"""``obod qfield``: a pack that QGIS opens, asks what the forms ask, holds what its audience may see, and comes back."""

from __future__ import annotations

import json
import sqlite3
import subprocess
import sys
import zipfile
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import geopandas as gpd
import orjson
import pyogrio
import pytest
import shapely
from sqlalchemy import Engine, text

from layers.loading import load_frame
from scripts.main import main

Answered = tuple[int, str, str]
Obod = Callable[..., Answered]
PROGRAM = Path(__file__).parents[2] / "clients" / "open_project_in_qgis.py"
PYTHON = "/usr/bin/python3"  # which the package of QGIS belongs to
CLEAR, MINED = "TJ.RR.DZ", "TJ.RR.GA"  # Lakhsh; Rasht, where mines are known of
LAKHSH = shapely.box(71.2, 39.2, 71.3, 39.3)
RASHT = shapely.box(70.3, 38.95, 70.4, 39.05)


@pytest.fixture
def obod(database: Engine, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Obod:
    with database.begin() as connection:
        tables = "districts, jamoats, canals, wells, plots, exclusions, loads"
        connection.execute(text(f"TRUNCATE {tables} RESTART IDENTITY CASCADE"))
        frames = {
            "districts": gpd.GeoDataFrame(
                {"code": [CLEAR, MINED], "name_en": ["Lakhsh", "Rasht"]}, geometry=[LAKHSH, RASHT], crs=4326
            ),
            "canals": gpd.GeoDataFrame(
                {"code": ["c1", "c2", "far"], "type": "main", "lining": "earth", "flow_known": True, "condition": 3},
                geometry=[shapely.LineString([(x, 39.21), (x + 0.01, 39.22)]) for x in (71.21, 71.23, 70.31)],
                crs=4326,
            ),
            "wells": gpd.GeoDataFrame(
                {"code": ["w1"], "use": ["drinking"]}, geometry=shapely.points([[71.22, 39.23]]), crs=4326
            ),
            "plots": gpd.GeoDataFrame(
                {"plot_id": ["p1"], "availability": ["fallow"], "right_class": ["O9"], "cadastral_no": ["01-02"]},
                geometry=[shapely.box(71.25, 39.25, 71.251, 39.251)],
                crs=4326,
            ),
        }
        for layer, frame in frames.items():
            load_frame(connection, layer, frame, source="made for a test")

    def run(*arguments: str | Path) -> Answered:
        monkeypatch.setattr(sys, "argv", ["obod", *map(str, arguments)])
        with pytest.raises(SystemExit) as end:
            main()
        captured = capsys.readouterr()
        return int(end.value.code or 0), captured.out, captured.err

    return run


def unpacked(path: Path, folder: Path) -> Path:
    with zipfile.ZipFile(path) as pack:
        pack.extractall(folder)
    return folder


def test_a_pack_holds_the_districts_layers_for_its_audience(obod: Obod, tmp_path: Path) -> None:
    code, out, err = obod("qfield", CLEAR, "-o", tmp_path / "pack.zip", "--json")
    assert code == 0, err
    said = json.loads(out)
    assert (said["rows"]["canals"], said["rows"]["districts"], said["rows"]["plots"]) == (2, 1, 1)
    assert "wells" not in said["rows"]  # for partners
    folder = unpacked(tmp_path / "pack.zip", tmp_path / "pack")
    assert sorted(one.name for one in folder.iterdir()) == ["READ-FIRST.txt", f"{CLEAR}.gpkg", f"{CLEAR}.qgs"]
    package = folder / f"{CLEAR}.gpkg"
    assert {name for name, _ in pyogrio.list_layers(package)} >= {"canals", "plots", "outlets", "exclusions"}
    plots = gpd.read_file(package, layer="plots")
    assert plots["availability"].tolist() == ["unknown"]
    assert not {"right_class", "cadastral_no", "disputes"} & set(plots.columns)
    with closing(sqlite3.connect(package)) as db:
        styled = {name for (name,) in db.execute("SELECT f_table_name FROM layer_styles")}
    assert {"canals", "plots", "rivers"} <= styled
    code, out, err = obod("qfield", CLEAR, "--for", "staff", "-o", tmp_path / "staff.zip", "--json")
    assert code == 0, err
    assert json.loads(out)["rows"]["wells"] == 1
    staff = gpd.read_file(unpacked(tmp_path / "staff.zip", tmp_path / "staff") / f"{CLEAR}.gpkg", layer="plots")
    assert (staff["availability"].tolist(), staff["right_class"].tolist()) == (["fallow"], ["O9"])


def test_the_project_asks_what_the_form_asks(obod: Obod, tmp_path: Path) -> None:
    assert obod("qfield", CLEAR, "--lang", "en", "-o", tmp_path / "pack.zip")[0] == 0
    root = ET.parse(unpacked(tmp_path / "pack.zip", tmp_path / "pack") / f"{CLEAR}.qgs").getroot()
    layers = {str(one.findtext("id")).removeprefix("obod_layer_"): one for one in root.iter("maplayer")}
    assert layers["rivers"].get("readOnly") == "1"
    assert layers["canals"].get("readOnly") == "0"
    widgets = {str(one.get("name")): one.find("editWidget") for one in layers["canals"].iter("field") if len(one)}
    assert {name: widget.get("type") for name, widget in widgets.items() if widget is not None}.items() >= {
        "condition": "ValueMap",
        "lining": "ValueMap",
        "conveyance_date": "DateTime",
        "capacity_m3_s": "TextEdit",
        "name": "Hidden",
        "data_source": "Hidden",
    }.items()
    assert not {str(one.get("type")) for one in root.iter("editWidget")} & {"ExternalResource"}  # no picture, no sound
    of_plots = {str(one.get("name")): one.find("editWidget") for one in layers["plots"].iter("field") if len(one)}
    asked = [name for name, widget in of_plots.items() if widget is not None and widget.get("type") != "Hidden"]
    assert asked == ["plot_id", "land_form", "irrigated_recorded", "terraced"]  # no result of scoring is asked
    kinds = {str(one.get("value")) for one in layers["exclusions"].iter("Option") if one.get("value")}
    assert "inundation" in kinds
    assert not any(kind.startswith("mine_") for kind in kinds)


def test_what_is_corrected_comes_back(obod: Obod, tmp_path: Path, database: Engine) -> None:
    assert obod("qfield", CLEAR, "-o", tmp_path / "pack.zip")[0] == 0
    package = unpacked(tmp_path / "pack.zip", tmp_path / "pack") / f"{CLEAR}.gpkg"
    load = ("layer", "load", "canals", package, "--table", "canals", "--mode", "update", "--json")
    code, out, err = obod(*load)
    assert code == 0, err
    assert (json.loads(out)["unchanged"], json.loads(out)["load_id"]) == (2, None)
    with closing(sqlite3.connect(package)) as db, db:
        db.create_function("ST_IsEmpty", 1, lambda _: 0)  # what triggers of a GeoPackage ask
        for name in ("ST_MinX", "ST_MaxX", "ST_MinY", "ST_MaxY"):
            db.create_function(name, 1, lambda _: 0.0)
        db.execute("UPDATE canals SET condition = 5 WHERE code = 'c1'")
    code, out, err = obod(*load)
    assert code == 0, err
    assert json.loads(out)["changed"] == 1
    with database.connect() as connection:
        held = connection.execute(text("SELECT code, condition FROM canals WHERE ended_by IS NULL ORDER BY code")).all()
    assert [tuple(row) for row in held] == [("c1", 5), ("c2", 3), ("far", 3)]


def test_packs_that_cannot_be_made(obod: Obod, tmp_path: Path) -> None:
    path = tmp_path / "pack.zip"
    code, out, err = obod("qfield", MINED, "-o", path)
    assert (code, out) == (1, "")
    assert err == (
        "Mines are known of in TJ.RR.GA. Ask the mine action centre in writing whether this ground is clear; nobody "
        "goes there before its dated answer. Nothing was written.\n"
    )
    assert obod("qfield", "TJ.XX", "-o", path)[2] == "There is no district TJ.XX; load its outline first.\n"
    assert obod("qfield", CLEAR, "-o", tmp_path / "pack.tar")[2] == "pack.tar does not end in .zip.\n"
    assert obod("qfield", CLEAR, "-o", tmp_path / "no" / "p.zip")[2] == "There is no folder no to write p.zip to.\n"
    assert list(tmp_path.iterdir()) == []


@pytest.mark.heavy
def test_qgis_opens_the_pack(obod: Obod, tmp_path: Path) -> None:
    assert obod("qfield", CLEAR, "--for", "staff", "--lang", "ru", "-o", tmp_path / "pack.zip")[0] == 0
    folder = unpacked(tmp_path / "pack.zip", tmp_path / "pack")
    asked = [PYTHON, str(PROGRAM), str(folder / f"{CLEAR}.qgs"), str(tmp_path / "drawn.png")]
    done = subprocess.run(asked, capture_output=True, text=True, timeout=180, check=False)
    assert done.returncode == 0, done.stderr
    told: dict[str, Any] = orjson.loads(done.stdout)
    assert (told["opened"], told["title"], told["crs"]) == (True, CLEAR, "EPSG:32642")
    layers = told["layers"]
    assert all(layer["valid"] and layer["crs"] == "EPSG:4326" for layer in layers.values()), layers
    assert {"canals", "wells", "plots", "districts"} <= layers.keys()
    assert (layers["canals"]["rows"], layers["wells"]["rows"], layers["rivers"]["read_only"]) == (2, 1, True)
    assert layers["canals"]["colours"]["3"] == "#4747c2"
    condition = layers["canals"]["fields"]["condition"]
    assert condition["widget"] == "ValueMap"
    assert [code for _, code in condition["values"]] == ["1", "2", "3", "4", "5"]
    assert all(any("а" <= letter <= "я" for letter in label) for label, _ in condition["values"])
    assert layers["canals"]["fields"]["lining"]["needed"] is True
    assert layers["canals"]["fields"]["capacity_m3_s"]["condition"].endswith(
        '("capacity_m3_s" >= 0 AND "capacity_m3_s" <= 1000)'
    )
    assert told["new_key"].startswith("uuid:")
    assert (told["too_much"], told["right"]) == (False, True)
    assert "#4747c2" in told["pixels"]
