"""``obod plots propose``: fields are judged like plots, kept apart from them, and nobody is sent to mined ground."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
from affine import Affine
from sqlalchemy import Engine, text

from layers.grids.rasters import store_grid
from layers.loading import load_frame
from layers.runs.fields import questions_of
from layers.settings import get_settings
from scripts.main import main
from tests.clients.mirror import Mirror
from tests.worlds import open_data

Answered = tuple[int, str, str]
Obod = Callable[..., Answered]

CLEAR, MINED = "TJ.RR.DZ", "TJ.RR.GA"  # Lakhsh; Rasht, where mines are known of
LAKHSH = shapely.box(71.2, 39.2, 71.3, 39.3)
RASHT = shapely.box(70.3, 38.95, 70.4, 39.05)


def squares(west: float, south: float, count: int) -> gpd.GeoDataFrame:
    """Fields of about 0.86 x 1.11 m by 1,000: some 1 ha each, side by side."""
    shapes = [shapely.box(west + 0.002 * k, south, west + 0.002 * k + 0.001, south + 0.001) for k in range(count)]
    return gpd.GeoDataFrame({"confidence": range(count)}, geometry=shapes, crs=4326)


@pytest.fixture
def obod(database: Engine, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Obod:
    with database.begin() as connection:
        tables = "districts, jamoats, fields, plots, exclusions, rasters, loads"
        connection.execute(text(f"TRUNCATE {tables} RESTART IDENTITY CASCADE"))
        districts = gpd.GeoDataFrame(
            {"code": [CLEAR, MINED], "name_en": ["Lakhsh", "Rasht"]}, geometry=[LAKHSH, RASHT], crs=4326
        )
        load_frame(connection, "districts", districts, source="made for a test")
        west = gpd.GeoDataFrame(
            {"code": ["j1"], "district": [CLEAR], "name_en": ["West"]},
            geometry=[shapely.box(71.2, 39.2, 71.2045, 39.3)],
            crs=4326,
        )
        load_frame(connection, "jamoats", west, source="made for a test")

    def run(*arguments: str | Path) -> Answered:
        monkeypatch.setattr(sys, "argv", ["obod", "plots", "propose", *map(str, arguments)])
        with pytest.raises(SystemExit) as end:
            main()
        captured = capsys.readouterr()
        return int(end.value.code or 0), captured.out, captured.err

    return run


def held(database: Engine) -> list[tuple[object, ...]]:
    query = (
        "SELECT district, jamoat, basis, outlook, ask_first FROM fields WHERE ended_by IS NULL ORDER BY ST_XMin(geom)"
    )
    with database.connect() as connection:
        return [tuple(row) for row in connection.execute(text(query))]


def test_outlines_become_fields_and_never_plots(obod: Obod, database: Engine, tmp_path: Path) -> None:
    squares(71.201, 39.21, 5).to_parquet(tmp_path / "ftw.parquet")
    code, out, err = obod(
        "--district", CLEAR, "--from", tmp_path / "ftw.parquet", "--source", "Fields of The World", "--json"
    )
    assert code == 0, err
    said = json.loads(out)
    assert (said["fields"], said["under_plots"]) == (5, 0)
    assert said["hectares"] == pytest.approx(5 * 0.957, rel=0.01)  # 86.2 m x 111.0 m
    found = held(database)
    assert [row[:3] for row in found] == [
        (CLEAR, "j1", "outline"), (CLEAR, "j1", "outline"), (CLEAR, None, "outline"), (CLEAR, None, "outline"),
        (CLEAR, None, "outline"),
    ]  # fmt: skip
    assert {row[3] for row in found} <= {None, "open", "unlikely"}  # nothing is likely where no water is known
    assert all(row[4] not in (None, "mines") for row in found)
    with database.connect() as connection:
        assert connection.execute(text("SELECT count(*) FROM plots")).scalar_one() == 0
        columns = connection.execute(text("SELECT * FROM fields LIMIT 1")).keys()
    assert not {"availability", "land_form", "right_class", "cadastral_no"} & set(columns)


def test_a_second_proposal_takes_the_place_of_the_first_of_its_district(
    obod: Obod, database: Engine, tmp_path: Path
) -> None:
    squares(71.201, 39.21, 4).to_file(tmp_path / "a.gpkg")
    squares(70.31, 39.0, 3).to_file(tmp_path / "b.gpkg")
    assert obod("--district", CLEAR, "--from", tmp_path / "a.gpkg")[0] == 0
    assert obod("--district", MINED, "--from", tmp_path / "b.gpkg")[0] == 0
    squares(71.203, 39.21, 2).to_file(tmp_path / "c.gpkg")
    assert obod("--district", CLEAR, "--from", tmp_path / "c.gpkg")[0] == 0
    assert [row[0] for row in held(database)] == [MINED] * 3 + [CLEAR] * 2
    with database.connect() as connection:
        loads = connection.execute(text("SELECT max(load_id) FROM loads")).scalar_one()
    assert obod("--district", CLEAR, "--from", tmp_path / "c.gpkg")[0] == 0
    with database.connect() as connection:
        assert connection.execute(text("SELECT max(load_id) FROM loads")).scalar_one() == loads


def test_where_mines_are_known_of_nothing_else_is_asked(obod: Obod, database: Engine, tmp_path: Path) -> None:
    squares(70.31, 39.0, 3).to_file(tmp_path / "b.gpkg")
    code, out, _ = obod("--district", MINED, "--from", tmp_path / "b.gpkg")
    assert code == 0
    assert {row[4] for row in held(database)} == {"mines"}
    assert "nobody goes there before its dated answer" in out.replace("\n", " ")
    for other in ("usd", "slope", "Walk", "Dig", "Take"):
        assert other not in out
    with database.begin() as connection:
        cleared = gpd.GeoDataFrame(
            {"code": ["c1"], "kind": ["mine_cleared"], "status_date": ["2026-10-01"]}, geometry=[RASHT], crs=4326
        )
        load_frame(connection, "exclusions", cleared, source="made for a test")
    code, out, _ = obod("--district", MINED, "--from", tmp_path / "b.gpkg")
    assert code == 0
    assert "mines" not in {row[4] for row in held(database)}
    assert "usd" in out


def test_no_field_is_kept_where_a_plot_is(obod: Obod, database: Engine, tmp_path: Path) -> None:
    fields = squares(71.201, 39.21, 3)
    fields.to_file(tmp_path / "a.gpkg")
    with database.begin() as connection:
        plot = gpd.GeoDataFrame(
            {"plot_id": ["p1"], "land_form": ["dehkan"], "availability": ["in_use"]},
            geometry=fields.geometry[:1],
            crs=4326,
        )
        load_frame(connection, "plots", plot, source="made for a test")
    code, out, _ = obod("--district", CLEAR, "--from", tmp_path / "a.gpkg", "--json")
    assert (code, json.loads(out)["fields"], json.loads(out)["under_plots"]) == (0, 2, 1)
    fields[:1].to_file(tmp_path / "b.gpkg")
    code, _, err = obod("--district", CLEAR, "--from", tmp_path / "b.gpkg")
    assert (code, err) == (1, f"No candidate field lies in {CLEAR} beside plots that are there.\n")


def test_squares_lie_on_cropland_alone(obod: Obod, database: Engine) -> None:
    code, _, err = obod("--district", CLEAR, "--grid", "0.5ha")
    assert (code, err.startswith("No cropland is loaded")) == (1, True)
    with database.begin() as connection:
        cells = np.zeros((120, 120), dtype=np.uint8)
        cells[60:80, 60:80] = 100  # 0.02 x 0.02 degrees from 71.25 E, 39.23 N: 1,725 m x 2,220 m
        grid = Affine(0.001, 0, 71.19, 0, -0.001, 39.31)
        store_grid(connection, "cropland", cells, grid, "EPSG:4326", source="made for a test")
    code, out, err = obod("--district", CLEAR, "--grid", "0.5ha", "--json")
    assert code == 0, err
    assert json.loads(out)["hectares"] == pytest.approx(172.5 * 2.220, rel=0.06)
    with database.connect() as connection:
        extent = connection.execute(
            text("SELECT ST_Extent(geom)::text FROM fields WHERE ended_by IS NULL")
        ).scalar_one()
        sizes = connection.execute(text("SELECT min(area_ha), max(area_ha) FROM fields")).one()
    west, south, east, north = (float(part) for part in extent[4:-1].replace(",", " ").split())
    assert (west, south, east, north) == pytest.approx((71.25, 39.23, 71.27, 39.25), abs=0.001)
    assert tuple(sizes) == pytest.approx((0.5, 0.5), rel=0.01)


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (("--district", CLEAR), 2, "say --from FILE, --from SOURCE or --grid SIZE"),
        (("--district", CLEAR, "--grid", "0.5"), 2, "0.5 is no size; expected 0.05ha to 100ha"),
        (("--district", CLEAR, "--grid", "0.001ha"), 2, "is no size"),
        (("--district", "TJ.XX", "--grid", "1ha"), 1, "There is no district TJ.XX."),
        (("--district", CLEAR, "--from", "nothing.gpkg"), 1, "There is no file nothing.gpkg."),
    ],
)
def test_what_cannot_be_proposed_is_told(obod: Obod, arguments: tuple[str, ...], code: int, said: str) -> None:
    answered = obod(*arguments)
    assert answered[0] == code
    assert said in answered[2].replace("\n", " ")


def test_the_cheapest_answer_per_hectare_stands_first_and_mines_before_all() -> None:
    """Prices per plot: way 8, soil depth 10, salinity 12 USD (their declarations), typed."""
    asked = pd.DataFrame(
        {
            "jamoat": ["a", "a", "a", "b", "b", None],
            "ask_first": ["soil_depth_cm", "soil_depth_cm", "salinity_ds_m", "mines", None, "salinity_ds_m"],
            "area_ha": [1.0, 3.0, 6.0, 2.0, 9.0, 0.5],
        }
    )
    told = [(one.jamoat, one.ask, one.fields, one.hectares, one.usd) for one in questions_of(asked)]
    assert told == [
        ("b", "mines", 1, 2.0, 0.0),
        ("a", "salinity_ds_m", 1, 6.0, 12.0),  # 2 USD/ha
        ("a", "soil_depth_cm", 2, 4.0, 20.0),  # 5 USD/ha
        ("", "salinity_ds_m", 1, 0.5, 12.0),  # 24 USD/ha
    ]


def write_form(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], *arguments: str | Path) -> Answered:
    monkeypatch.setattr(sys, "argv", ["obod", "form", "canals", *map(str, arguments)])
    with pytest.raises(SystemExit) as end:
        main()
    captured = capsys.readouterr()
    return int(end.value.code or 0), captured.out, captured.err


@pytest.mark.usefixtures("obod")
def test_no_form_sends_anybody_to_mined_ground_before_a_dated_answer_holds_all_of_it(
    database: Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "form.xlsx"
    code, _, err = write_form(monkeypatch, capsys, "--district", CLEAR, "-o", path)
    assert code == 0, err
    path.unlink()
    refusal = (
        "Mines are known of in TJ.RR.GA. Ask the mine action centre in writing whether this ground is clear; nobody "
        "goes there before its dated answer. Nothing was written.\n"
    )
    assert write_form(monkeypatch, capsys, "--district", MINED, "-o", path) == (1, "", refusal)
    x_min, y_min, x_max, y_max = RASHT.bounds
    half = shapely.box(x_min, y_min, (x_min + x_max) / 2, y_max)
    answers = [("half", half, "2026-05-01"), ("undated", RASHT, None)]
    for name, shape, day in answers:
        rows = gpd.GeoDataFrame(
            {"code": [name], "kind": ["mine_cleared"], "status_date": [day]}, geometry=[shape], crs=4326
        )
        with database.begin() as connection:
            load_frame(connection, "exclusions", rows, source="mine action centre")
        assert write_form(monkeypatch, capsys, "--district", MINED, "-o", path) == (1, "", refusal)
    assert not path.exists()
    whole = gpd.GeoDataFrame(
        {"code": ["all"], "kind": ["mine_cleared"], "status_date": ["2026-06-01"]},
        geometry=[shapely.buffer(RASHT, 0.001)],
        crs=4326,
    )
    with database.begin() as connection:
        load_frame(connection, "exclusions", whole, source="mine action centre")
    code, _, err = write_form(monkeypatch, capsys, "--district", MINED, "-o", path)
    assert code == 0, err
    code, _, err = write_form(monkeypatch, capsys, "--district", "TJ.XX", "-o", path)
    assert (code, err) == (1, "There is no district TJ.XX; load its outline first.\n")


def test_outlines_that_were_fetched_are_proposed_under_their_own_name_and_licence(
    obod: Obod, command_line: Obod, database: Engine, mirror: Mirror, tmp_path: Path
) -> None:
    open_data.point_sources_at(mirror, get_settings().home)
    code, _, err = obod("--district", CLEAR, "--from", "fields_of_the_world")
    assert (code, err.strip()) == (
        1,
        "No outlines of fields_of_the_world are here: obod fetch fields_of_the_world brings them.",
    )
    outlines = pd.concat([squares(71.201, 39.21, 5), squares(70.31, 39.0, 3)], ignore_index=True)  # the other district
    outlines.to_parquet(tmp_path / "ftw.parquet")
    prefix = "global-data/predictions/vectors/alpha/results-by-admin-conf/admin:country_code=TJ/"
    content = (tmp_path / "ftw.parquet").read_bytes()
    listing = (
        '<ListBucketResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/"><Contents>'
        f"<Key>{prefix}TJ.parquet</Key><Size>{len(content)}</Size></Contents></ListBucketResult>"
    )
    mirror.put(f"/data.source.coop/ftw/?list-type=2&prefix={prefix}", listing)
    mirror.put(f"/data.source.coop/ftw/{prefix}TJ.parquet", content)
    code, out, err = command_line("fetch", "fields_of_the_world")
    assert code == 0, out + err
    code, out, err = obod("--district", CLEAR, "--from", "fields_of_the_world", "--json")
    assert code == 0, err
    assert json.loads(out)["fields"] == 5
    assert [row[:1] for row in held(database)] == [(CLEAR,)] * 5
    with database.connect() as connection:
        said = connection.execute(text("SELECT source, licence FROM loads ORDER BY load_id DESC LIMIT 1")).one()
    assert said == (
        "Fields of The World, field outlines 2024, alpha, 2024",
        "CC BY 4.0; Fields of The World, Taylor Geospatial and partners (Robinson et al. 2026)",
    )


def test_a_source_without_outlines_is_told_with_those_that_have_them(obod: Obod) -> None:
    code, _, err = obod("--district", CLEAR, "--from", "worldcover")
    assert code == 1
    assert "those that have are fields_of_the_world." in err.replace("\n", " ")
    code, _, err = obod("--district", CLEAR, "--from", "no-such.gpkg")
    assert (code, err.strip()) == (1, "There is no file no-such.gpkg.")
    code, _, err = obod("--district", CLEAR, "--from", "fields_of_the_world", "--licence", "mine")
    assert code == 2
    assert "says who drew it" in err
