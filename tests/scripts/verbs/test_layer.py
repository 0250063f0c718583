"""``obod layer`` as GIS staff use it: reports for people and machines, exit codes, one sentence when refused."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from pathlib import Path

import geopandas as gpd
import numpy as np
import pytest
import rasterio
import shapely
from affine import Affine
from sqlalchemy import Engine, text

from layers.catalogue import BY_NAME, RASTERS_BY_NAME
from scripts.main import main

Answer = tuple[int, str, str]  # exit code, stdout, stderr


@pytest.fixture
def obod(
    database: Engine, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Callable[..., Answer]:
    with database.begin() as connection:
        connection.execute(text("TRUNCATE settlements, rasters, loads RESTART IDENTITY CASCADE"))

    def run(*arguments: str | Path) -> Answer:
        monkeypatch.setattr(sys, "argv", ["obod", "layer", *map(str, arguments)])
        with pytest.raises(SystemExit) as end:
            main()
        captured = capsys.readouterr()
        return int(end.value.code or 0), captured.out, captured.err

    return run


def villages(path: Path, **columns: object) -> Path:
    frame = gpd.GeoDataFrame(
        {"ID": ["v1", "v2"], "NAME": ["Hoit", "Gharm"], **columns},
        geometry=shapely.points([70.9, 70.37], [39.2, 39.02]),
        crs=4326,
    )
    frame.to_crs(28412).to_file(path)
    return path


TOLD = ("--key", "ID", "--map", "name_en=NAME")


def test_a_load_its_list_and_its_undoing(obod: Callable[..., Answer], tmp_path: Path) -> None:
    path = villages(tmp_path / "villages.gpkg")
    code, out, err = obod("load", "settlements", path, *TOLD, "--source", "Survey", "--date", "2026-01-02", "--json")
    assert code == 0, err
    report = json.loads(out)
    assert (report["added"], report["rejected"], report["load_id"]) == (2, 0, 1)
    assert report["transformation"]["accuracy_m"] == 4.5
    assert "Pulkovo 1942 to WGS 84 (16)" in report["transformation"]["name"]
    assert 60 < report["transformation"]["shift_m"] < 64

    code, out, _ = obod("list", "--json")
    assert code == 0
    rows = {row["layer"]: row for row in json.loads(out)}
    assert rows.keys() == BY_NAME.keys() | RASTERS_BY_NAME.keys()
    held = rows["settlements"]
    assert (held["rows"], held["source"], held["date"], held["synthetic"]) == (2, "Survey", "2026-01-02", False)
    assert rows["plots"]["rows"] == 0

    code, out, _ = obod("load", "settlements", path, *TOLD)
    assert code == 0
    assert "nothing changed" in out

    code, out, _ = obod("undo", "1")
    assert code == 0
    assert "Load 1 of settlements is taken back by load 3: 2 rows ended, 0 brought again." in out
    code, _, err = obod("undo", "1")
    assert code == 1
    assert err == "Load 1 was taken back already, by load 3.\n"
    code, out, _ = obod("loads", "settlements", "--json")
    assert [(load["load"], load["kind"], load["undoes"]) for load in json.loads(out)] == [
        (3, "undo", 1),  # the load that changed nothing left no row, only a number not used again
        (1, "load", None),
    ]


def test_a_report_for_people_names_the_transformation_and_every_rejected_row(
    obod: Callable[..., Answer], tmp_path: Path
) -> None:
    path = villages(tmp_path / "villages.gpkg", POP=["many", "30"])
    code, out, err = obod("load", "settlements", path, *TOLD, "--map", "population=POP")
    assert code == 0
    assert "villages.gpkg -> settlements: load 1." in out
    assert "2 read, 1 added, 1 rejected" in out
    assert "Pulkovo 1942 to WGS 84 (16); accuracy 4.5 m, shift 61." in out
    assert "rejected row 1 (v1), population is 'many': expected a number" in out
    assert "rejects/settlements-villages-" in err


def test_a_check_stores_nothing(obod: Callable[..., Answer], database: Engine, tmp_path: Path) -> None:
    code, out, _ = obod("check", "settlements", villages(tmp_path / "villages.gpkg"), *TOLD)
    assert code == 0
    assert "checked, nothing is stored" in out
    with database.connect() as connection:
        assert connection.execute(text("SELECT count(*) FROM settlements")).scalar_one() == 0


def test_differing_rows_are_listed_and_refused_with_exit_code_1(obod: Callable[..., Answer], tmp_path: Path) -> None:
    path = villages(tmp_path / "villages.gpkg")
    obod("load", "settlements", path, *TOLD)
    villages(path, POP=[5, 6])
    code, out, err = obod("load", "settlements", path, *TOLD, "--map", "population=POP", "--json")
    assert code == 1
    assert json.loads(out)["differing"] == ["v1", "v2"]
    assert err.startswith("2 rows differ from what settlements holds under the same key (v1, v2); nothing was loaded.")
    code, _, _ = obod("load", "settlements", path, *TOLD, "--map", "population=POP", "--mode", "update")
    assert code == 0


def test_wrong_usage_has_exit_code_2_and_bad_data_1(obod: Callable[..., Answer], tmp_path: Path) -> None:
    path = villages(tmp_path / "villages.gpkg")
    assert obod("load", "settlements", path, "--mode", "merge")[0] == 2
    assert obod("load", "settlements", path, "--map", "name_en")[0] == 2
    assert obod("load", "settlements", path, "--date", "soon")[0] == 2
    assert obod("load", "settlements")[0] == 2
    for arguments, why in (
        (("load", "ponds", path), "There is no layer ponds"),
        (("load", "settlements", tmp_path / "none.gpkg"), "There is no file none.gpkg."),
        (("load", "settlements", path), "villages.gpkg has nothing for code, name_en of settlements"),
        (("load", "settlements", path, *TOLD, "--crs", "EPSG:1"), "'EPSG:1' is no CRS"),
        (("undo", "99"), "There is no load 99"),
    ):
        code, _, err = obod(*arguments)
        assert code == 1
        assert err.startswith(why)
        assert err.count("\n") == 1
        assert str(tmp_path) not in err


def test_a_file_of_which_nothing_is_good_ends_with_exit_code_1(obod: Callable[..., Answer], tmp_path: Path) -> None:
    path = villages(tmp_path / "villages.gpkg", POP=["many", "few"])
    code, out, _ = obod("load", "settlements", path, *TOLD, "--map", "population=POP")
    assert code == 1
    assert "2 rejected" in out


def test_rasters_go_the_same_way(obod: Callable[..., Answer], tmp_path: Path) -> None:
    path = tmp_path / "dem.tif"
    heights = np.full((1, 30, 30), 1_500, np.int16)
    where = {"crs": "EPSG:32642", "transform": Affine(30, 0, 600_000, 0, -30, 4_330_000)}
    with rasterio.open(path, "w", "GTiff", 30, 30, 1, dtype="int16", nodata=-32_768, **where) as target:
        target.write(heights)
    assert obod("check", "dem", path)[0] == 0
    code, out, _ = obod("load", "dem", path, "--synthetic", "--json")
    assert code == 0
    assert json.loads(out)["added"] == 1
    rows = {row["layer"]: row for row in json.loads(obod("list", "--json")[1])}
    assert {layer for layer, row in rows.items() if row["rows"]} == {"dem", "slope", "hillshade"}
    assert rows["slope"]["synthetic"] is True
