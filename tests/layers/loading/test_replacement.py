"""What a replacement ends: nothing by accident, and what it ends is told."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any

import geopandas as gpd
import pytest
import shapely
from sqlalchemy import Connection, Engine, select
from typer.testing import CliRunner

from layers.catalogue.irrigation import Canal
from layers.catalogue.land import Plot
from layers.errors import DataRefused
from layers.loading import LoadReport, Options, load_file, load_frame
from layers.loading.replacement import EndingLimits
from layers.postgres.engine import writing
from scripts.main import app

NORTH, SOUTH = "TJ.RR.GA", "TJ.KT.QU"


def plots(*names: str, **columns: Any) -> gpd.GeoDataFrame:
    """Plots named after their district (n… north, s… south) and a number."""
    shapes = [shapely.box(70 + 0.002 * int(name[1:]), 39, 70.001 + 0.002 * int(name[1:]), 39.001) for name in names]
    district = [NORTH if name[0] == "n" else SOUTH for name in names]
    return gpd.GeoDataFrame({"plot_id": list(names), "district": district, **columns}, geometry=shapes, crs=4326)


CADASTRE = [f"n{number}" for number in range(20)] + [f"s{number}" for number in range(20)]


@pytest.fixture
def cadastre(connection: Connection) -> Connection:
    load_frame(connection, "plots", plots(*CADASTRE), file_name="cadastre.gpkg")
    return connection


def replace(connection: Connection, path: Path, frame: gpd.GeoDataFrame, **limits: Any) -> LoadReport:
    frame.to_file(path)
    return load_file(connection, "plots", path, Options(mode="replace", ending=EndingLimits(**limits)))


def left(connection: Connection) -> Counter[str | None]:
    return Counter(connection.execute(select(Plot.district).where(Plot.ended_by.is_(None))).scalars())


def test_a_district_s_file_ends_nothing_of_another_district(cadastre: Connection, tmp_path: Path) -> None:
    with pytest.raises(DataRefused) as refused:
        replace(cadastre, tmp_path / "north.gpkg", plots(*CADASTRE[:20]))
    assert str(refused.value) == (
        f"20 of 40 rows of plots would end, 20 of them outside what the file is about ({SOUTH}: 20); nothing was "
        "changed. Say --allow-ending 20 if that is meant, or --district CODE for what the file is about."
    )
    assert left(cadastre) == {NORTH: 20, SOUTH: 20}
    report = replace(cadastre, tmp_path / "north.gpkg", plots(*CADASTRE[:17]), districts=(NORTH,))
    assert (report.ended, report.ended_in) == (3, {NORTH: 3})
    assert left(cadastre) == {NORTH: 17, SOUTH: 20}


def test_a_tenth_ends_without_a_word_and_more_only_when_said(cadastre: Connection, tmp_path: Path) -> None:
    report = replace(cadastre, tmp_path / "a.gpkg", plots(*CADASTRE[4:]))
    assert (report.ended, report.ended_in) == (4, {NORTH: 4})
    with pytest.raises(DataRefused, match=r"5 of 36 rows of plots would end \(TJ\.RR\.GA: 5\).*--allow-ending 5"):
        replace(cadastre, tmp_path / "b.gpkg", plots(*CADASTRE[9:]))
    with pytest.raises(DataRefused, match="more than the 4 of --allow-ending"):
        replace(cadastre, tmp_path / "b.gpkg", plots(*CADASTRE[9:]), allow=4)
    assert replace(cadastre, tmp_path / "b.gpkg", plots(*CADASTRE[9:]), allow=5).ended == 5


def test_a_file_without_a_good_row_ends_nothing(cadastre: Connection, tmp_path: Path) -> None:
    report = replace(cadastre, tmp_path / "bad.gpkg", plots("n50", "n51", right_class=["no such", "no such"]), allow=99)
    assert (report.rejected, report.ended, report.load_id) == (2, 0, None)
    assert "so nothing was replaced" in report.notes[-1]
    with pytest.raises(DataRefused, match=r"empty\.gpkg has no row for plots: replacing by nothing would end all"):
        replace(cadastre, tmp_path / "empty.gpkg", plots("n1").iloc[:0], allow=99)
    assert left(cadastre) == {NORTH: 20, SOUTH: 20}


def test_a_layer_without_districts_goes_by_the_extent_of_the_file(connection: Connection, tmp_path: Path) -> None:
    def canals(*places: int) -> gpd.GeoDataFrame:
        lines = [shapely.LineString([(70 + 0.01 * at, 39), (70.005 + 0.01 * at, 39.005)]) for at in places]
        names = [f"c{at}" for at in places]
        return gpd.GeoDataFrame({"code": names, "flow_known": [True] * len(names)}, geometry=lines, crs=4326)

    load_frame(connection, "canals", canals(*range(40)))
    path = tmp_path / "some.gpkg"
    canals(*range(38)).to_file(path)
    with pytest.raises(
        DataRefused, match=r"2 of 40 rows of canals would end, 2 of them outside what the file is about"
    ):
        load_file(connection, "canals", path, Options(mode="replace"))
    canals(*(at for at in range(40) if at not in (7, 8))).to_file(path)
    assert load_file(connection, "canals", path, Options(mode="replace")).ended == 2
    canals(*range(30)).to_file(path)
    with pytest.raises(DataRefused, match="canals knows no districts"):
        load_file(connection, "canals", path, Options(mode="replace", ending=EndingLimits(districts=(NORTH,))))
    assert len(connection.execute(select(Canal.code).where(Canal.ended_by.is_(None))).all()) == 38


def test_the_command_says_what_ends_and_exit_code_1_means_nothing_changed(database: Engine, tmp_path: Path) -> None:
    with writing() as connection:
        load_frame(connection, "plots", plots(*CADASTRE), file_name="cadastre.gpkg")
    path = tmp_path / "north.gpkg"
    plots(*CADASTRE[:18]).to_file(path)
    base = ["layer", "load", "plots", str(path), "--mode", "replace"]
    wrong = CliRunner().invoke(app, ["layer", "load", "plots", str(path), "--allow-ending", "3"])
    assert wrong.exit_code == 2
    assert isinstance(CliRunner().invoke(app, base).exception, DataRefused)
    checked = CliRunner().invoke(app, ["layer", "check", *base[2:], "--district", NORTH])
    assert "2 ended" in checked.output
    plots("n70", right_class=["no such"]).to_file(tmp_path / "bad.gpkg")
    rejected = CliRunner().invoke(app, ["layer", "load", "plots", str(tmp_path / "bad.gpkg"), "--mode", "replace"])
    assert rejected.exit_code == 1
    with database.connect() as connection:
        assert left(connection) == {NORTH: 20, SOUTH: 20}
    done = CliRunner().invoke(app, [*base, "--district", NORTH])
    assert done.exit_code == 0, done.output
    assert f"Ended in: {NORTH} 2." in done.output
