"""Columns of people in files of offices, by command: refused in one sentence, dropped, or kept, and never repeated."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import geopandas as gpd
import pytest
import shapely
from sqlalchemy import Engine, text

from layers.settings import get_settings
from tests.clients.command import Said, run

OWNER, PHONE, PASSPORT = "Соҳибзамин", "Телефон", "contact"
PEOPLE = {
    OWNER: ["Раҳимова Зулфия", "Каримзода Фирӯз", "Саидова Нигора"],
    PHONE: ["+992 92 700-11-22", "935001234", "901112233"],
    PASSPORT: ["A12345678", "А1234567", "A7654321"],  # told by its values
}
SECRETS = [word for cells in PEOPLE.values() for cell in cells for word in cell.split() if len(word) > 4]
DISTRICT = shapely.box(70.0, 38.9, 71.0, 39.3)


@pytest.fixture
def obod(database: Engine, capfd: pytest.CaptureFixture[str]) -> Callable[..., Said]:
    with database.begin() as connection:
        connection.execute(text("TRUNCATE plots, districts, settlements, loads RESTART IDENTITY CASCADE"))
    for path in (get_settings().home / "rejects").glob("*"):  # of another test, in which a column was kept
        path.unlink()

    def said(*words: str | Path) -> Said:
        code = run(*words)
        captured = capfd.readouterr()
        return Said(code, captured.out, captured.err)

    return said


def office(folder: Path, *, key: str = "p", columns: dict[str, list[str]] | None = None) -> gpd.GeoDataFrame:
    """Three plots as an office keeps them, with people beside them; the third is in no class of right there is."""
    shapes = [shapely.box(70.37 + k / 1000, 39.02, 70.3705 + k / 1000, 39.0204) for k in range(3)]
    frame = {
        "plot_id": [f"{key}{k}" for k in range(3)],
        "district": "TJ-RA-RS",
        "right_class": ["", "", "odd"],
        **(PEOPLE if columns is None else columns),
    }
    made = gpd.GeoDataFrame(frame, geometry=shapes, crs=4326)
    folder.mkdir(exist_ok=True)
    made.to_file(folder / "plots.gpkg")
    return made


def folder_of(tmp_path: Path, fills: str) -> Path:
    """A folder with plots, whose mapping fills a field that is stored from a column of people, and a file without."""
    office(tmp_path)
    fields = '[fields]\nplot_id = "plot_id"\ndistrict = "district"\nright_class = "right_class"\n'
    (tmp_path / "plots.toml").write_text(f'layer = "plots"\n{fields}cadastral_no = "{fills}"\n')
    gpd.GeoDataFrame({"code": ["TJ-RA-RS"], "name_en": ["Rasht"]}, geometry=[DISTRICT], crs=4326).to_file(
        tmp_path / "land.gpkg"
    )
    (tmp_path / "land.toml").write_text(
        'layer = "districts"\n[fields]\ncode = "code"\nname_en = "name_en"\nregion = {constant = "TJ-RA"}\n'
    )
    return tmp_path


def is_silent(said: Said, *files: Path) -> bool:
    """Whether no word of a person is in an answer, in files named, or anywhere below the home."""
    home = [path for path in get_settings().home.rglob("*") if path.is_file()]
    texts = [said.out.encode(), said.err.encode(), *(path.read_bytes() for path in (*files, *home))]
    return not any(secret.encode() in told for secret in SECRETS for told in texts)


def stored(database: Engine) -> list[Any]:
    with database.connect() as connection:
        return list(connection.execute(text("SELECT cadastral_no FROM plots ORDER BY plot_id")).scalars())


@pytest.mark.parametrize(
    ("column", "kind"), [(OWNER, "names of people"), (PHONE, "phone numbers"), (PASSPORT, "identity numbers")]
)
def test_load_all_refuses_the_file_that_would_store_people_and_loads_the_others(
    obod: Callable[..., Said], database: Engine, tmp_path: Path, column: str, kind: str
) -> None:
    folder = folder_of(tmp_path, column)
    said = obod("layer", "load-all", folder)
    assert said.code == 3  # districts are in, plots are not
    told = f"plots.gpkg: column {column} (3 of 3 rows) looks like {kind} and would be stored as cadastral_no"
    assert told in said.err
    assert "plots.toml says that with: drop, keep_anyway." in said.err
    assert is_silent(said)
    assert stored(database) == []
    dropped = obod("layer", "load-all", folder, "--drop", column)
    assert dropped.code == 0, dropped.err
    assert stored(database) == [None, None]
    assert f"plots.gpkg: Columns dropped: {column}." in dropped.err
    others = ", ".join(name for name in PEOPLE if name != column)
    assert all(name in dropped.err for name in others.split(", "))  # which no field takes
    assert is_silent(dropped)
    rejects = list((get_settings().home / "rejects").glob("*.gpkg"))
    assert rejects
    assert not {*PEOPLE} & {*gpd.read_file(rejects[0]).columns}


def test_load_all_keeps_what_is_said_to_be_no_person(
    obod: Callable[..., Said], database: Engine, tmp_path: Path
) -> None:
    said = obod("layer", "load-all", folder_of(tmp_path, PASSPORT), "--keep-anyway", PASSPORT, "--json")
    assert said.code == 0, said.err
    assert stored(database) == PEOPLE[PASSPORT][:2]
    assert {report["report"]["layer"] for report in json.loads(said.out)["loaded"]} == {"districts", "plots"}


def test_load_all_says_of_a_column_that_no_file_has(obod: Callable[..., Said], tmp_path: Path) -> None:
    folder = folder_of(tmp_path, "plot_id")
    for option in ("--drop", "--keep-anyway"):
        said = obod("layer", "load-all", folder, "--drop", OWNER, option, "Телефонҳо")
        assert said.code == 0, said.err
        if option == "--drop":
            assert "No file that was loaded has a column Телефонҳо." in said.err
    both = obod("layer", "load-all", folder, "--drop", OWNER, "--keep-anyway", OWNER)
    assert both.code == 2
    assert f"{OWNER} is dropped or kept, not both." in both.err


@pytest.mark.parametrize("ending", ["gpkg", "csv", "parquet", "geojson", "fgb"])
@pytest.mark.parametrize(
    ("column", "kind"), [(OWNER, "names of people"), (PHONE, "phone numbers"), (PASSPORT, "identity numbers")]
)
def test_score_files_refuses_drops_or_keeps(
    obod: Callable[..., Said], tmp_path: Path, column: str, kind: str, ending: str
) -> None:
    office(tmp_path / "in")
    plots, output = tmp_path / "in" / "plots.gpkg", tmp_path / f"out.{ending}"
    words = ("score-files", "--plots", plots, "-o", output, "--as-of", "2026-11-28")
    said = obod(*words, "--map", f"jamoat={column}")
    assert said.code == 1
    assert said.err.count("\n") == 1
    assert f"plots.gpkg: column {column} (3 of 3 rows) looks like {kind} and would be stored as jamoat" in said.err
    assert f"--drop {column}" in said.err
    assert not output.exists()
    assert list(tmp_path.glob("out*")) == []
    assert is_silent(said)
    said = obod(*words, "--map", f"jamoat={column}", "--drop", column)
    assert said.code == 0, said.err
    assert f"Columns dropped: {column}." in said.out
    assert "Columns that look like personal data are stored nowhere" in said.out
    assert is_silent(said, *tmp_path.glob("out*"))
    assert len(list(tmp_path.glob("out-rejected*"))) == 1
    said = obod(*words, "--map", f"jamoat={column}", "--keep-anyway", column, "--json")
    assert said.code == 0, said.err
    read = gpd.read_parquet(output) if ending == "parquet" else gpd.read_file(output)
    assert sorted(read["jamoat"]) == sorted(PEOPLE[column][:2])


def test_score_files_of_a_folder_refuses_the_part_with_people(obod: Callable[..., Said], tmp_path: Path) -> None:
    parts, output = tmp_path / "parts", tmp_path / "out"
    office(parts, key="a").to_parquet(parts / "a.parquet")
    office(parts, key="b", columns={"jamoat": ["Ҳоит", "Ҳоит", "Ҳоит"]}).to_parquet(parts / "b.parquet")
    (parts / "plots.gpkg").unlink()
    said = obod("score-files", "--plots", parts, "-o", output, "--map", f"jamoat={OWNER}")
    assert said.code == 1, said.err
    frame = gpd.read_parquet(parts / "a.parquet").rename(columns={OWNER: "jamoat"})
    frame.to_parquet(parts / "a.parquet")
    said = obod("score-files", "--plots", parts, "-o", output)
    assert said.code == 3
    assert "Not scored: a.parquet. a.parquet: column jamoat (3 of 3 rows) looks like names of people" in said.err
    assert sorted(path.name for path in output.glob("[ab].parquet")) == ["b.parquet"]
    said = obod("score-files", "--plots", parts, "-o", output, "--drop", "jamoat", "--json")
    assert said.code == 0, said.err
    told = json.loads(said.out)
    assert told["dropped"] == {"a.parquet": ["jamoat"], "b.parquet": ["jamoat"]}
    assert "Columns that look like personal data" in " ".join(told["notes"]["a.parquet"])
    assert is_silent(said, *output.rglob("*.*"))


def test_score_files_refuses_people_in_a_file_of_another_layer(obod: Callable[..., Said], tmp_path: Path) -> None:
    office(tmp_path / "in", columns={})
    rows = {"code": ["v1", "v2"], "name_en": ["Hoit", "Gharm"], OWNER: PEOPLE[OWNER][:2]}
    points = shapely.points([70.37, 70.38], [39.02, 39.03])
    gpd.GeoDataFrame(rows, geometry=points, crs=4326).to_file(tmp_path / "villages.gpkg")
    maps = tmp_path / "maps"
    maps.mkdir()
    (maps / "villages.toml").write_text(f'layer = "settlements"\n[fields]\ncode = "code"\nname_en = "{OWNER}"\n')
    (maps / "plots.toml").write_text('layer = "plots"\n[fields]\nplot_id = "plot_id"\ndistrict = "district"\n')
    words = ("score-files", "--plots", tmp_path / "in" / "plots.gpkg", "-o", tmp_path / "out.gpkg")
    layers = ("--settlements", tmp_path / "villages.gpkg", "--mapping", maps)
    said = obod(*words, *layers)
    assert said.code == 1
    assert f"villages.gpkg: column {OWNER} (2 of 2 rows) looks like names of people" in said.err
    assert "Of settlements, a mapping file in the folder of --mapping says that with" in said.err
    assert is_silent(said)
