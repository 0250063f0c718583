"""An update changes what the file says and nothing it is silent about."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import geopandas as gpd
import pytest
import shapely
from sqlalchemy import Connection, event, select, text
from typer.testing import CliRunner

from layers.catalogue.land import Plot
from layers.loading import LoadReport, Options, check_file, load_file, load_frame
from layers.records.loads import Load
from scripts.main import app

SAID = ("land_form", "availability", "right_class", "cadastral_no", "missing_documents", "disputes", "district")


def plots(*names: str, **columns: Any) -> gpd.GeoDataFrame:
    shapes = [shapely.box(70 + 0.002 * int(name[1:]), 39, 70.001 + 0.002 * int(name[1:]), 39.001) for name in names]
    return gpd.GeoDataFrame({"plot_id": list(names), **columns}, geometry=shapes, crs=4326)


@pytest.fixture
def cadastre(connection: Connection) -> Connection:
    frame = plots(
        "p1",
        "p2",
        land_form=["dehkan", "reserve"],
        availability=["offered", "in_use"],
        right_class=["O1", "O2"],
        cadastral_no=["07:01", "07:02"],
        missing_documents=[1, 2],
        disputes=[0, 1],
        district=["TJ.RR.GA", "TJ.RR.GA"],
    )
    load_frame(connection, "plots", frame, source="Cadastre 2024")
    return connection


def rows(connection: Connection) -> dict[str, dict[str, Any]]:
    table = Plot.__table__.c
    columns = [table[name] for name in ("plot_id", *SAID, "area_ha", "plot_no")]
    found = connection.execute(select(*columns, Plot.geom.ST_AsText().label("wkt")).where(Plot.ended_by.is_(None)))
    return {row["plot_id"]: dict(row) for row in found.mappings()}


def update(connection: Connection, path: Path, text: str, **options: Any) -> LoadReport:
    path.write_text(text, encoding="utf-8")
    return load_file(connection, "plots", path, Options(mode="update", source="Patch", **options))


def test_a_column_the_file_does_not_have_keeps_its_values_and_no_position_is_needed(
    cadastre: Connection, tmp_path: Path
) -> None:
    before = rows(cadastre)
    report = update(cadastre, tmp_path / "rights.csv", "plot_id,right_class\np1,O4\np2,O2\n")
    assert (report.changed, report.unchanged, report.rejected) == (1, 1, 0)
    after = rows(cadastre)
    assert after["p1"] == {**before["p1"], "right_class": "O4"}
    assert after["p2"] == before["p2"]
    assert cadastre.execute(select(Load.source).where(Load.load_id == report.load_id)).scalar_one() == "Patch"


def test_an_empty_cell_keeps_what_was_there_and_is_told(cadastre: Connection, tmp_path: Path) -> None:
    before = rows(cadastre)
    text = "plot_id,right_class,disputes,land_form\np1,,,\np2,O5,3, \n"
    report = update(cadastre, tmp_path / "patch.csv", text)
    assert rows(cadastre) == {
        "p1": before["p1"],
        "p2": {**before["p2"], "right_class": "O5", "disputes": 3},
    }
    assert [note for note in report.notes if "--empty-clears" in note] == [
        "1 empty cells of disputes kept what was there; --empty-clears empties them.",
        "2 empty cells of land_form kept what was there; --empty-clears empties them.",
        "1 empty cells of right_class kept what was there; --empty-clears empties them.",
    ]
    report = update(cadastre, tmp_path / "patch.csv", text, empty_clears=True)
    after = rows(cadastre)
    assert (after["p1"]["right_class"], after["p1"]["disputes"], after["p1"]["land_form"]) == (None, None, "unknown")
    assert after["p1"]["cadastral_no"] == "07:01"


def test_a_new_row_needs_all_that_a_row_needs(cadastre: Connection, tmp_path: Path) -> None:
    report = update(cadastre, tmp_path / "patch.csv", "plot_id,right_class\np1,O3\np9,O1\n")
    assert (report.changed, report.added, report.rejected) == (1, 0, 1)
    assert report.rejections[0].reason == "is not in plots; a new row needs a position"
    assert set(rows(cadastre)) == {"p1", "p2"}


def test_a_row_that_moved_gets_its_district_anew_and_one_that_stayed_keeps_it(
    cadastre: Connection, tmp_path: Path
) -> None:
    path = tmp_path / "moved.gpkg"
    frame = plots("p1", "p2", right_class=["O3", "O3"])
    frame.geometry = [frame.geometry[0], shapely.box(70.5, 39, 70.501, 39.001)]
    frame.to_file(path)
    report = load_file(cadastre, "plots", path, Options(mode="update"))
    assert report.changed == 2
    after = rows(cadastre)
    assert (after["p1"]["district"], after["p2"]["district"]) == ("TJ.RR.GA", None)  # no outline is loaded there
    assert {row["cadastral_no"] for row in after.values()} == {"07:01", "07:02"}


def test_the_same_update_twice_changes_nothing(cadastre: Connection, tmp_path: Path) -> None:
    text = "plot_id,right_class,missing_documents\np1,O4,3\n"
    assert update(cadastre, tmp_path / "patch.csv", text).changed == 1
    again = update(cadastre, tmp_path / "patch.csv", text)
    assert (again.changed, again.unchanged, again.load_id) == (0, 1, None)


def test_empty_clears_goes_with_update(tmp_path: Path) -> None:
    refused = CliRunner().invoke(app, ["layer", "load", "plots", str(tmp_path / "a.csv"), "--empty-clears"])
    assert refused.exit_code == 2


def test_what_is_edited_in_a_copy_of_a_view_comes_back_by_a_load(cadastre: Connection, tmp_path: Path) -> None:
    before = rows(cadastre)
    copy = gpd.read_postgis(text("SELECT * FROM qgis.plots"), cadastre, crs=4326)
    copy.loc[copy.plot_id == "p1", "availability"] = "in_use"
    copy.to_file(tmp_path / "edited.gpkg", layer="plots")
    report = load_file(cadastre, "plots", tmp_path / "edited.gpkg", Options(mode="update", source="Office"))
    assert (report.changed, report.unchanged, report.added, report.rejected) == (1, 1, 0, 0)
    assert rows(cadastre) == {**before, "p1": {**before["p1"], "availability": "in_use"}}


def test_a_name_edited_in_a_copy_of_a_view_is_all_that_changes(connection: Connection, tmp_path: Path) -> None:
    homes = gpd.GeoDataFrame(
        {"code": ["S1", "S2"], "name_en": ["Navobod", "Obod"], "name_tg": ["Навобод", "Обод"], "population": [400, 90]},
        geometry=shapely.points([70.1, 70.2], [39.0, 39.1]),
        crs=4326,
    )
    load_frame(connection, "settlements", homes, source="Census")
    shown = text("SELECT * FROM qgis.settlements ORDER BY code")
    before = [dict(row) for row in connection.execute(shown).mappings()]
    copy = gpd.read_postgis(text("SELECT * FROM qgis.settlements"), connection, crs=4326)
    copy.loc[copy.code == "S2", "name_tg"] = "Ободи Боло"
    copy.to_file(tmp_path / "edited.gpkg")
    report = load_file(connection, "settlements", tmp_path / "edited.gpkg", Options(mode="update"))
    assert (report.changed, report.unchanged, report.added, report.rejected) == (1, 1, 0, 0)
    after = [dict(row) for row in connection.execute(shown).mappings()]
    renamed = {
        **before[1],
        "name_tg": "Ободи Боло",
        "gid": after[1]["gid"],
    }  # a changed row is a new one; the old is kept
    assert after == [before[0], renamed]


@pytest.mark.parametrize("number", ["5-101-012/3", "05:01:003:0012", "05 01 003", "Уч. 12"])
def test_a_cadastral_number_that_is_no_key_is_told_the_way_and_the_way_works(
    connection: Connection, tmp_path: Path, number: str
) -> None:
    frame = plots("p1", land_form=["dehkan"], availability=["offered"]).drop(columns="plot_id")
    frame.assign(KAD=number).to_file(tmp_path / "cadastre.gpkg")
    checked = check_file(connection, "plots", tmp_path / "cadastre.gpkg", Options(assigned={"plot_id": "KAD"}))
    assert (checked.added, checked.rejected) == (0, 1)
    assert "--map cadastral_no=COLUMN --key digest" in checked.rejections[0].reason
    load_file(connection, "plots", tmp_path / "cadastre.gpkg", Options(assigned={"cadastral_no": "KAD"}, key="digest"))
    (row,) = rows(connection).values()
    assert row["cadastral_no"] == number


def test_shapes_that_are_there_are_read_once(cadastre: Connection, tmp_path: Path) -> None:
    path = tmp_path / "edited.geojson"
    plots("p1", "p2", right_class=["O4", "O5"]).to_file(path)
    said: list[str] = []
    event.listen(cadastre, "before_cursor_execute", lambda *asked: said.append(asked[2]))
    report = load_file(cadastre, "plots", path, Options(mode="update"))
    assert report.changed == 2
    by_key = [one for one in said if "ST_AsBinary" in one and "FROM plots" in one and "&&" not in one]
    assert len(by_key) == 1
