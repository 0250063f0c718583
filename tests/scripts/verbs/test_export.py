"""``obod export`` and ``obod serve`` as people call them."""

from __future__ import annotations

import socket
from pathlib import Path
from typing import Any

import orjson
import pandas as pd
import pyogrio
import pytest
from typer.testing import CliRunner

from layers.errors import BadFilter, DataRefused, LayersError, NotFound
from scripts.main import app
from scripts.verbs.serve import require_free
from tests.worlds.three_districts import CANARY, COUNTS, DEFAULT, OTHER, RASHT, Land


def run(*arguments: str | Path) -> str:
    """Return what a command prints; a refusal is raised, as main() sees it."""
    return CliRunner().invoke(app, [str(item) for item in arguments], catch_exceptions=False).output


def read(path: Path) -> Any:
    """Rows of a file; in a GeoPackage, beside how QGIS draws them."""
    return pyogrio.read_dataframe(path, layer=pyogrio.list_layers(path)[0][0])


@pytest.mark.parametrize("ending", ["gpkg", "fgb", "geojson", "parquet", "csv", "xlsx"])
def test_a_district_is_written_in_the_format_of_the_ending(land: Land, tmp_path: Path, ending: str) -> None:
    path = tmp_path / f"plots.{ending}"
    told = orjson.loads(run("export", "plots", "-o", path, "--district", RASHT, "--json"))
    assert (told["rows"], told["format"], told["for"]) == (COUNTS[RASHT], ending, "public")
    assert path.stat().st_size > 0
    assert CANARY.encode() not in path.read_bytes()
    beside = [tmp_path / "plots.csv-metadata.json"] if ending == "csv" else []
    assert sorted(tmp_path.iterdir()) == sorted([path, *beside])
    if ending in ("gpkg", "fgb", "geojson"):
        frame = read(path)
        assert list(frame.sort_values("plot_no").plot_id) == [row["plot_id"] for row in land.of(RASHT)]


def test_a_cut_csv_says_so_on_stderr_and_in_the_report(land: Land, tmp_path: Path) -> None:
    assert land.rows
    path = tmp_path / "plots.csv"
    arguments = ["export", "plots", "-o", str(path), "--limit", "7"]
    answer = CliRunner().invoke(app, [*arguments, "--json"], catch_exceptions=False)
    assert orjson.loads(answer.stdout)["cut"] == "Only the first 7 rows are in this file; more match."
    assert "Only the first 7 rows" in answer.stderr
    assert len(pd.read_csv(path)) == 7
    whole = CliRunner().invoke(app, [*arguments[:-1], str(len(land.rows)), "--json"], catch_exceptions=False)
    assert orjson.loads(whole.stdout)["cut"] is None


def test_a_csv_has_what_its_columns_mean_beside_it(land: Land, tmp_path: Path) -> None:
    assert land.rows
    path = tmp_path / "canals.csv"
    run("export", "canals", "-o", path)
    told = orjson.loads((tmp_path / "canals.csv-metadata.json").read_bytes())
    columns = {column["name"]: column for column in told["tableSchema"]["columns"]}
    assert (told["url"], told["tableSchema"]["primaryKey"]) == ("canals.csv", "code")
    assert list(columns) == list(pd.read_csv(path).columns)
    assert columns["capacity_m3_s"]["schema:unitText"] == "m3/s"
    assert columns["capacity_m3_s"]["datatype"] == "double"
    assert "Unit: m3/s. Empty: not known. For: everybody" in columns["capacity_m3_s"]["dc:description"]
    assert {"schema:value": "drain", "schema:name": "Drain"} in columns["type"]["schema:valueReference"]


def test_a_condition_and_another_scheme_are_followed(land: Land, tmp_path: Path) -> None:
    path = tmp_path / "best.gpkg"
    run("export", "plots", "-o", path, "--where", "class = 'S1' AND area_ha < 1")
    expected = [row["plot_id"] for row in land.rows if row["class"] == "S1" and row["area_ha"] < 1]
    assert sorted(read(path).plot_id) == sorted(expected)
    run("export", "plots", "-o", path, "--district", RASHT, "--scheme", OTHER)
    assert set(read(path).run) == {land.runs[OTHER]} != {land.runs[DEFAULT]}


def test_staff_columns_are_written_only_when_asked_for(land: Land, tmp_path: Path) -> None:
    path = tmp_path / "staff.gpkg"
    assert land.rows
    run("export", "plots", "-o", path, "--for", "staff", "--district", RASHT)
    assert read(path).cadastral_no.str.startswith(CANARY).all()


def test_a_layer_without_district_codes_is_cut_by_the_outline(land: Land, tmp_path: Path) -> None:
    assert land.rows
    path = tmp_path / "canals.gpkg"
    run("export", "canals", "-o", path, "--district", RASHT)
    assert read(path).code.tolist() == ["C1"]
    with pytest.raises(NotFound, match="nothing was written"):
        run("export", "canals", "-o", tmp_path / "none.gpkg", "--district", "TJ.RR.DA")
    assert not (tmp_path / "none.gpkg").exists()


@pytest.mark.parametrize(
    ("arguments", "refusal", "said"),
    [
        (["plot"], NotFound, "the nearest is 'plots'"),
        (["pastures"], NotFound, "--for partner"),
        (["plots", "--where", "score >"], BadFilter, "CQL2"),
        (["plots", "--where", "right_class = 'O1'"], BadFilter, "no property"),
        (["plots", "--where", "score > 1000"], NotFound, "nothing was written"),
        (["plots", "--district", "XX"], NotFound, "'XX'"),
        (["canals", "--scheme", OTHER], DataRefused, "Only plots"),
        (["plots", "--run", "99"], NotFound, "no finished run 99"),
    ],
)
def test_what_cannot_be_written_is_refused_and_an_older_file_stays(
    land: Land, tmp_path: Path, arguments: list[str], refusal: type[LayersError], said: str
) -> None:
    assert land.rows
    path = tmp_path / "old.csv"
    path.write_text("older")
    with pytest.raises(refusal, match=said):
        run("export", *arguments, "-o", path)
    assert path.read_text() == "older"


def test_an_unknown_ending_or_folder_is_refused_before_anything_is_read(tmp_path: Path) -> None:
    with pytest.raises(DataRefused, match="must end in one of"):
        run("export", "plots", "-o", tmp_path / "plots.doc")
    with pytest.raises(DataRefused, match="no folder"):
        run("export", "plots", "-o", tmp_path / "nowhere" / "plots.csv")


def test_a_port_in_use_is_said_in_one_sentence() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(LayersError, match=f"Cannot serve on 127.0.0.1:{port}: another program uses that port"):
            require_free("127.0.0.1", port)
    require_free("127.0.0.1", port)
