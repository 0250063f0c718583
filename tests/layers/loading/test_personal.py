"""Planted names, phones and numbers of people: refused, dropped or kept as the user says, and never repeated."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import geopandas as gpd
import pandas as pd
import pytest
import shapely
from sqlalchemy import Connection, select

from layers.catalogue import BY_NAME
from layers.errors import DataRefused
from layers.loading import LoadReport, Options, check_file, load_file
from layers.loading.in_memory import frame_of_file
from layers.loading.personal import PersonalColumns, kind_by_heading
from layers.loading.reading import open_source
from layers.records.loads import Load
from layers.settings import get_settings

NAMES, PHONES, IDENTITIES = "names of people", "phone numbers", "identity numbers"
PLANTED = ["Раҳимова Зулфия", "Каримзода Фирӯз", "Саидова Нигора"]
EVENTS = BY_NAME["hazard_events"]


def events(path: Path, **columns: list[Any]) -> Path:
    """Three mudflows with columns beside what a layer of events needs; the third lies in no country."""
    frame = pd.DataFrame(
        {
            "code": ["e1", "e2", "e3"],
            "process": ["debris_flow"] * 3,
            "happened_on": ["2020-05-01", "2021-05-01", "2022-05-01"],
            "lon": [70.9, 70.5, 10.0],
            "lat": [39.2, 39.1, 10.0],
            **columns,
        }
    )
    frame.to_csv(path, index=False)
    return path


def load(connection: Connection, path: Path, **options: Any) -> LoadReport:
    return load_file(connection, "hazard_events", path, Options(**options))


@pytest.mark.parametrize(
    ("heading", "kind"),
    [
        ("ФИО", NAMES),
        ("Ф.И.О. владельца", NAMES),
        ("Ному насаб", NAMES),
        ("номунасаби сарвари хоҷагӣ", NAMES),
        ("Фамилия", NAMES),
        ("Соҳибзамин", NAMES),
        ("owner_name", NAMES),
        ("OwnerName", NAMES),
        ("FIO", NAMES),
        ("Телефон", PHONES),
        ("тел.", PHONES),
        ("TELEFON1", PHONES),
        ("contact:phone", PHONES),
        ("Серия паспорта", IDENTITIES),
        ("ШИНОСНОМА", IDENTITIES),
        ("ИНН", IDENTITIES),
        ("РМА", IDENTITIES),
        ("national_id", IDENTITIES),
        ("name", None),
        ("name_tg", None),
        ("Номи деҳа", None),
        ("Название", None),
        ("hotel", None),
        ("elevation", None),
        ("informant", None),
        ("plot_id", None),
        ("district", None),
    ],
)
def test_a_heading_is_known_by_its_words(heading: str, kind: str | None) -> None:
    assert kind_by_heading(heading) == kind


def kind_of(tmp_path: Path, heading: str, cells: list[Any]) -> str | None:
    path = tmp_path / "some.csv"
    pd.DataFrame({"code": [f"c{at}" for at in range(len(cells))], heading: cells}).to_csv(path, index=False)
    watch = PersonalColumns(EVENTS, open_source(path), {})
    for chunk in open_source(path).chunks():
        watch.look(chunk.frame)
    return watch.found[heading].kind if heading in watch.found else None


@pytest.mark.parametrize(
    ("cells", "kind"),
    [
        (PLANTED, NAMES),
        (["Rahimov Ali", "Nazarova Zulfiya", "Karimzoda F."], NAMES),
        (["РАҲИМОВА ЗУЛФИЯ САИДОВНА", "", ""], NAMES),
        (["shown by Саидова Нигора Каримовна, neighbour", "mud", "mud", "mud", "mud", "mud"], NAMES),
        (["mud, call +992 92 700-11-22", "mud", "mud"], PHONES),
        (["(93) 500-12-34", "92-700-11-22", "90 111 22 33"], PHONES),
        (["+79261234567", "", ""], PHONES),
        ([927001122, 935001234, 901112233], "phone or taxpayer numbers"),
        (["A12345678", "А 1234567", "A№7654321"], IDENTITIES),
        (["Mudflow at Ҳоит", "Селевой поток", "Обхезӣ"], None),
        (["Landslide Khait", "Rockfall Gharm", "Debris flow"], None),
        ([1.25, 3.5, 120000000.5], None),
        ([12, 1_500, 33], None),
        (["2020-05-01", "20210501", "01.05.2022"], None),
    ],
)
def test_values_are_known_by_how_they_are_written(tmp_path: Path, cells: list[Any], kind: str | None) -> None:
    assert kind_of(tmp_path, "what", cells) == kind


@pytest.mark.parametrize("heading", ["families", "n_families", "beneficiaries", "owner_type"])
def test_numbers_below_a_heading_of_names_count_people(tmp_path: Path, heading: str) -> None:
    assert kind_of(tmp_path, heading, ["12", "7", "31"]) is None
    assert kind_of(tmp_path, heading, ["", "Раҳимова", "31"]) == NAMES


def test_nine_digits_are_a_key_where_the_heading_says_so(tmp_path: Path) -> None:
    assert kind_of(tmp_path, "osm_id", [512345678, 612345678, 712345678]) is None
    assert kind_of(tmp_path, "Кадастрӣ", [512345678, 612345678, 712345678]) is None


@pytest.mark.parametrize("how", [load_file, check_file])
def test_a_column_that_would_be_stored_refuses_the_file(connection: Connection, tmp_path: Path, how: Any) -> None:
    path = events(tmp_path / "office.csv", ФИО=PLANTED)
    with pytest.raises(DataRefused) as refused:
        how(connection, "hazard_events", path, Options(assigned={"title": "ФИО"}))
    said = str(refused.value)
    assert "office.csv: column ФИО (3 of 3 rows) looks like names of people and would be stored as title" in said
    assert "--drop ФИО" in said
    assert "--keep-anyway ФИО" in said
    assert "\n" not in said
    assert not any(word in said for name in PLANTED for word in name.split())
    assert connection.execute(select(EVENTS.__table__.c.code)).all() == []


def test_rows_of_all_the_file_are_counted(
    connection: Connection, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("layers.loading.tables.CHUNK", 2)
    with pytest.raises(DataRefused, match=r"column title \(3 of 3 rows\)"):
        load(connection, events(tmp_path / "office.csv", title=PLANTED))


def test_a_dropped_column_reaches_nothing(connection: Connection, tmp_path: Path) -> None:
    path = events(tmp_path / "office.csv", title=PLANTED)
    report = load(connection, path, drop=("title",))
    assert (report.added, report.rejected, report.dropped) == (2, 1, ("title",))
    assert connection.execute(select(EVENTS.__table__.c.title)).scalars().all() == [None, None]
    rejects = Path(report.rejects_file or "")
    assert rejects.is_relative_to(get_settings().home)
    assert not any(name.encode() in rejects.read_bytes() for name in PLANTED)
    stored = connection.execute(select(Load.report).where(Load.load_id == report.load_id)).scalar_one()
    assert not any(name in json.dumps(stored, ensure_ascii=False) for name in PLANTED)


def test_a_kept_column_is_stored(connection: Connection, tmp_path: Path) -> None:
    report = load(connection, events(tmp_path / "office.csv", title=PLANTED), keep_anyway=("title",))
    assert (report.added, report.dropped) == (2, ())
    assert sorted(connection.execute(select(EVENTS.__table__.c.title)).scalars()) == sorted(PLANTED[:2])


def test_a_column_no_field_takes_is_left_out_of_the_rejects_by_itself(connection: Connection, tmp_path: Path) -> None:
    path = events(tmp_path / "office.csv", соҳиб=PLANTED, depth=["1 m", "2 m", "3 m"])
    report = load(connection, path)
    assert report.added == 2
    assert any("соҳиб (names of people)" in note for note in report.notes)
    rejects = Path(report.rejects_file or "").read_bytes()
    assert b"3 m" in rejects
    assert PLANTED[2].encode() not in rejects


def test_a_line_that_cannot_be_told_into_cells_is_not_repeated(connection: Connection, tmp_path: Path) -> None:
    path = events(tmp_path / "office.csv", соҳиб=PLANTED)
    with path.open("a", encoding="utf-8") as file:
        file.write("e4,debris_flow,2023-05-01,70.9,39.2,Саидова,Нигора,too,many\n")
    report = load(connection, path)
    assert report.rejected == 2
    assert "Нигора" not in json.dumps(report.to_json(), ensure_ascii=False)
    assert "Нигора".encode() not in Path(report.rejects_file or "").read_bytes()


@pytest.mark.parametrize("option", ["drop", "keep_anyway"])
def test_a_misspelt_column_is_refused(connection: Connection, tmp_path: Path, option: str) -> None:
    with pytest.raises(DataRefused, match="has no column titel; it has code, process"):
        load(connection, events(tmp_path / "office.csv", title=PLANTED), **{option: ("titel",)})


def test_a_mapping_file_says_it_too(connection: Connection, tmp_path: Path) -> None:
    path = events(tmp_path / "office.csv", owner=PLANTED)
    mapping = tmp_path / "office.toml"
    fields = '[fields]\ncode="code"\nprocess="process"\nhappened_on="happened_on"\ntitle="owner"\n'
    mapping.write_text(f'layer = "hazard_events"\ndrop = ["owner"]\n{fields}')
    assert load(connection, path, mapping=mapping).added == 2
    assert connection.execute(select(EVENTS.__table__.c.title)).scalars().all() == [None, None]


def test_names_of_places_may_be_those_of_people(connection: Connection, tmp_path: Path) -> None:
    frame = gpd.GeoDataFrame(
        {"code": ["v1", "v2"], "name_en": ["Mirzo Rahimov", "Karimova Zulfiya"]},
        geometry=shapely.points([70.9, 70.5], [39.2, 39.1]),
        crs=4326,
    )
    frame.to_file(tmp_path / "villages.gpkg")
    assert load_file(connection, "settlements", tmp_path / "villages.gpkg", Options()).added == 2
    frame.rename(columns={"name_en": "ФИО"}).to_file(tmp_path / "people.gpkg")
    with pytest.raises(DataRefused, match="column ФИО"):
        load_file(connection, "settlements", tmp_path / "people.gpkg", Options(assigned={"name_en": "ФИО"}))


def test_plots_scored_from_a_file_keep_no_name(tmp_path: Path) -> None:
    square = shapely.box(70.9, 39.2, 70.901, 39.201)
    frame = gpd.GeoDataFrame({"plot_id": ["p1"], "hh": ["A12345678"]}, geometry=[square], crs=4326)
    frame.to_file(tmp_path / "plots.gpkg")
    with pytest.raises(DataRefused, match="identity numbers"):
        frame_of_file("plots", tmp_path / "plots.gpkg", Options(key="hh"))
    rows, report = frame_of_file("plots", tmp_path / "plots.gpkg", Options())
    assert rows["plot_id"].tolist() == ["p1"]
    assert "hh (identity numbers)" in report.notes[-1]


@pytest.mark.real_data
def test_no_public_file_looks_personal() -> None:
    """Columns of open data that stand for no person are not noticed."""
    data = Path(os.environ["OBOD_REAL_DATA"])
    found: dict[str, dict[str, str]] = {}
    for path in sorted(data.iterdir()):
        if path.suffix not in (".geojson", ".csv"):
            continue
        source = open_source(path)
        watch = PersonalColumns(EVENTS, source, {})
        for chunk in source.chunks():
            watch.look(chunk.frame)
        if watch.found:
            found[path.name] = {name: about.kind for name, about in watch.found.items()}
    # A clinic that bears the name of a doctor; the mapping for it fills names of places, where that is no matter.
    assert found == {"osm_health_facilities_2025.geojson": {"name": NAMES}}
