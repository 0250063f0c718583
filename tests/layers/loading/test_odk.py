"""Answers of forms come back: filled in as ODK does, exported as ODK Central and KoboToolbox do, loaded, compared."""

from __future__ import annotations

import csv
import re
from datetime import date
from pathlib import Path
from typing import Any

import geopandas as gpd
import openpyxl
import pytest
import shapely
from sqlalchemy import Connection, text

from api.content.survey_form import survey_form
from api.rendering.xlsform import write_form
from layers.catalogue import BY_NAME
from layers.catalogue.base import PARTNER, STAFF, Audience
from layers.catalogue.surveys import SURVEYED
from layers.errors import DataRefused
from layers.loading import LoadReport, Options, load_file, load_frame
from layers.loading.odk_tables import points_of
from layers.settings import get_settings

# What ODK Central 2025 writes beside the answers, and what forms of others ask of the phone.
SYSTEM = {
    "SubmissionDate": "2026-06-01T05:00:00.000Z",
    "SubmitterID": "17",
    "SubmitterName": "Зулфия Раҳимова",
    "AttachmentsPresent": "1",
    "AttachmentsExpected": "1",
    "Status": "",
    "ReviewState": "",
    "DeviceID": "collect:Qx7",
    "Edits": "0",
    "FormVersion": "1",
}
PHONE = {
    "start": "2026-06-01T10:00:00.000+05:00",
    "end": "2026-06-01T10:10:00.000+05:00",
    "deviceid": "collect:Qx7",
    "phonenumber": "+992900123456",
    "username": "zulfiya",
    "audit": "audit.csv",
    "start-geopoint-Latitude": "39.0201",
    "start-geopoint-Longitude": "70.3701",
    "start-geopoint-Altitude": "1300",
    "start-geopoint-Accuracy": "5",
    "photo": "1748754000000.jpg",
    "photo_exif": "GPSLatitude=39.02",
    "meta-instanceName": "Раҳимова Зулфия",
}
LINE = "39.0 70.3 1300.5 4.1; 39.001 70.301 0 0;39.002 70.303 0 0"
RING = "39.0 70.3 0 0;39.0 70.301 0 0;39.001 70.301 0 0;39.001 70.3 0 0;39.0 70.3 0 0"
Sheet = list[dict[str, str]]
BY_ROW = tuple(layer for layer in SURVEYED if layer != "intake_flows")  # flows stand only together, as whole years
NAMED = ("Қ-2", "x_3")  # what the second and the third answer to a text


def form_of(layer: str, folder: Path, audience: Audience | None = None) -> tuple[Sheet, dict[str, list[str]]]:
    """Questions and choices of a form, read from its workbook."""
    path = folder / f"{layer}.xlsx"
    write_form(survey_form(BY_NAME[layer], "tg", audience), path)
    book = openpyxl.load_workbook(path)

    def rows(name: str) -> Sheet:
        heading, *lines = book[name].iter_rows(values_only=True)
        return [{str(k): str(v) for k, v in zip(heading, line, strict=True) if v not in (None, "")} for line in lines]

    choices: dict[str, list[str]] = {}
    for row in rows("choices"):
        choices.setdefault(row["list_name"], []).append(row["name"])
    return rows("survey"), choices


def answer(row: dict[str, str], choices: dict[str, list[str]], turn: int) -> str:
    """What somebody answers, within what the form allows; another thing each time."""
    kind, _, listed = row["type"].partition(" ")
    low, high = ([*re.findall(rf"\{sign}= (-?[\d.e+]+)", row.get("constraint", "")), None][0] for sign in "><")
    match kind:
        case "select_one":
            return choices[listed][turn % len(choices[listed])]
        case "select_multiple":
            return f"{choices[listed][turn]} {choices[listed][-1]}"
        case "integer" | "decimal":
            return str([low or "1", high or "7", low or "2"][turn % 3])
        case "date":
            return f"2026-0{turn + 3}-15"
        case "calculate":
            return row["calculation"].strip("'")
        case "note":
            return ""
    if row["name"] == "remark":
        return "дарвоза шикаст" if turn == 0 else ""
    fixed = {"hours": ["12", "0.5", ",".join(["24"] * 12)], "begins": ["03-15", "12-31", "10-01"], "wmo": ["38836"] * 3}
    return fixed.get(row["name"], [f"{row['name']}-1", "Қ-2", "x_3"])[turn]


def position(kind: str, style: str) -> dict[str, str]:
    if kind == "geopoint" and style == "central":
        values = ("39.02", "70.37", "1310.0", "4.5")
        return {
            f"shape-{name}": v
            for name, v in zip(("Latitude", "Longitude", "Altitude", "Accuracy"), values, strict=True)
        }
    point = "39.02 70.37 1310 4.5"
    one = {"geopoint": point, "geotrace": LINE, "geoshape": RING}[kind]
    if style == "central":
        return {"shape": one}
    pieces = dict(zip(("latitude", "longitude", "altitude", "precision"), point.split(), strict=True))
    return {"place/shape": one} | ({f"_shape_{k}": v for k, v in pieces.items()} if kind == "geopoint" else {})


def write(path: Path, rows: list[dict[str, str]]) -> Path:
    columns = list(dict.fromkeys(name for row in rows for name in row))
    with path.open("w", encoding="utf-8", newline="") as opened:
        writer = csv.DictWriter(opened, columns)
        writer.writeheader()
        writer.writerows(rows)
    return path


def read(path: Path) -> Sheet:
    with path.open(encoding="utf-8", newline="") as opened:
        return list(csv.DictReader(opened))


def filled(layer: str, folder: Path, style: str = "central", audience: Audience | None = None) -> tuple[Path, Sheet]:
    """An export of three answers, and what was answered by row."""
    survey, choices = form_of(layer, folder, audience)
    inner = False
    parents: Sheet = []
    children: Sheet = []
    expected: Sheet = []
    for turn in range(3):
        key = f"uuid:0000000{turn}-aaaa-4bbb-8ccc-dddddddddddd"
        answers = {"KEY": key, "meta-instanceID": key, **SYSTEM, **PHONE}
        if style == "kobo":
            answers = {"_uuid": key.removeprefix("uuid:"), "_submitted_by": "zulfiya", "_id": str(turn), "start": "x"}
        repeated: Sheet = [{"PARENT_KEY": key, "KEY": f"{key}/rows[{n + 1}]"} for n in range(2)]
        said: dict[str, str] = {}
        for row in survey:
            kind, name = row["type"].split()[0], row.get("name", "")
            if kind in ("begin_repeat", "end_repeat"):
                inner = kind == "begin_repeat"
            elif name == "shape":
                answers |= position(kind, style)
            elif inner:
                for n, child in enumerate(repeated):
                    child[name] = answer(row, choices, (turn + n) % 3)
            else:
                value = "" if name in ("code", "plot_id") and "shape" in str(survey) else answer(row, choices, turn)
                heading = f"answers/{name}" if style == "kobo" and kind != "calculate" else name
                answers[heading] = value
                said[name] = value
        parents.append(answers)
        if any(row["type"].startswith("begin_repeat") for row in survey):
            children += repeated
            expected += [{**said, **child, "key": child["KEY"]} for child in repeated]
        else:
            expected.append({**said, "key": key})
    path = write(folder / "submissions.csv", parents)
    if children:
        write(folder / "submissions-rows.csv", children)
    return path, expected


def map_what_answers_name(connection: Connection) -> None:
    """Rows of the water balance are refused that stand on an area, a reach or an intake that is not there."""
    canals = {"code": ["reach-1", *NAMED], "flow_known": [False] * 3}
    intakes = {"code": ["intake-1", *NAMED], "reach": ["reach-1", *NAMED], "source": ["river"] * 3}
    corners = [shapely.Point(70.0 + n, 38.0) for n in range(3)]
    for layer, rows, shapes in (
        ("command_areas", {"code": ["command_area-1", *NAMED]}, [corner.buffer(0.05) for corner in corners]),
        ("canals", canals, [shapely.LineString([(corner.x, 38.0), (corner.x + 0.1, 38.1)]) for corner in corners]),
        ("intakes", intakes, corners),
    ):
        frame = gpd.GeoDataFrame(rows, geometry=shapes, crs=4326)
        load_frame(connection, layer, frame, source="Made up", synthetic=True)


def load(connection: Connection, layer: str, path: Path, **options: Any) -> LoadReport:
    named = layer in ("command_crops", "intake_flows", "pumps")
    if named and not connection.execute(text("SELECT count(*) FROM intakes")).scalar_one():
        map_what_answers_name(connection)
    return load_file(connection, layer, path, Options(from_odk=True, **options))


def same(stored: Any, given: str) -> bool:
    if isinstance(stored, bool):
        return given == ("yes" if stored else "no")
    if isinstance(stored, int | float):
        return float(given) == stored
    return given in (stored, str(stored)) or (isinstance(stored, str) and given.split() == stored.split(", "))


@pytest.mark.parametrize("style", ["central", "kobo"])
@pytest.mark.parametrize("layer", BY_ROW)
def test_a_filled_form_loads_and_comes_back_as_it_was_answered(
    connection: Connection, tmp_path: Path, layer: str, style: str
) -> None:
    audience = PARTNER if layer == "plots" else None
    path, expected = filled(layer, tmp_path, style, audience)
    report = load(connection, layer, path)
    assert report.rejections == []
    assert report.added == len(expected)
    key = BY_NAME[layer].key
    rows = connection.execute(text(f"SELECT * FROM {layer} WHERE ended_by IS NULL")).mappings().all()
    held = {row[key]: row for row in rows}
    for said in expected:
        row = held[said["key"].removeprefix("uuid:") if layer == "plots" else said["key"]]
        for name, value in said.items():
            if name in row and name != key and value:
                assert same(row[name], value), (name, value, row[name])
    kind = BY_NAME[layer].geometry_kind
    if kind is not None:
        shape = shapely.from_wkb(
            connection.execute(text(f"SELECT ST_AsBinary(geom) FROM {layer} LIMIT 1")).scalar_one()
        )
        corner = {"POINT": (70.37, 39.02), "MULTILINESTRING": (70.3, 39.0), "MULTIPOLYGON": (70.3, 39.0)}[kind]
        assert shapely.distance(shape, shapely.Point(corner)) < 1e-9
        assert not shape.has_z
    again = load(connection, layer, path)
    assert (again.added, again.changed, again.ended, again.unchanged) == (0, 0, 0, len(expected))


@pytest.mark.parametrize("layer", BY_ROW)
def test_wrong_answers_are_rejected_by_row(connection: Connection, tmp_path: Path, layer: str) -> None:
    survey, _ = form_of(layer, tmp_path)
    path, _ = filled(layer, tmp_path)
    name = path.with_name("submissions-rows.csv") if path.with_name("submissions-rows.csv").exists() else path
    good = read(name)[0]
    wrong: list[tuple[str, str]] = []
    for row in survey:
        kind, field = row["type"].split()[0], row.get("name", "")
        if field not in good or kind in ("note", "calculate") or field == "remark":
            continue
        if kind in ("select_one", "select_multiple"):
            wrong.append((field, "no_such_choice"))
        elif kind in ("integer", "decimal"):
            wrong.append((field, "many"))
            wrong += [(field, str(float(low) - 1)) for low in re.findall(r">= (-?[\d.]+)", row["constraint"])]
            wrong += [(field, str(float(high) * 2 + 1)) for high in re.findall(r"<= (-?[\d.]+)", row["constraint"])]
        elif kind == "date":
            wrong.append((field, "2026-13-01"))
        elif kind == "text" and field not in ("code",) and (field, layer) != ("plot_id", "plots"):
            wrong.append((field, "two words, and more"))
        elif kind == "geotrace":
            wrong += [("shape", "39.0 70.3 0 0"), ("shape", "139.0 70.3;39 70"), ("shape", "here")]
        elif kind == "geoshape":
            wrong += [("shape", "39 70.3;39 70.4;39.1 70.4"), ("shape", "39 70.3;39 70.4;39 70.3")]
    assert wrong, layer
    rows = [{**good, field: value, "KEY": f"uuid:bad-{n}"} for n, (field, value) in enumerate(wrong)]
    write(name, [good, *rows])
    report = load(connection, layer, path)
    assert report.added == 1
    for n, (field, value) in enumerate(wrong):
        found = {one.field for one in report.rejections if one.row == n + 2}
        assert field in found, (field, value, report.rejections)
    assert report.rejected == len(wrong)


def test_flows_of_a_form_load_as_a_whole_year_or_not_at_all(connection: Connection, tmp_path: Path) -> None:
    path, _ = filled("intake_flows", tmp_path)
    beside = path.with_name("submissions-rows.csv")
    row = read(beside)[0] | {"part": "0", "flow_m3_s": "2"}
    year = [row | {"month": str(month), "KEY": f"{row['PARENT_KEY']}/rows[{month}]"} for month in range(1, 13)]
    write(beside, year[:-1])
    with pytest.raises(DataRefused, match=r"month: all months of a .* year.* expected for intake .*, 12 missing"):
        load(connection, "intake_flows", path)
    write(beside, year)
    assert load(connection, "intake_flows", path).added == 12


def test_device_user_place_of_start_and_pictures_go_nowhere(connection: Connection, tmp_path: Path) -> None:
    path, _ = filled("wells", tmp_path)
    lines = path.read_text(encoding="utf-8").splitlines()
    path.write_text("\n".join([*lines, lines[1].replace(",39.02,70.37,", ",10.0,10.0,")]) + "\n", encoding="utf-8")
    report = load(connection, "wells", path)
    said = " ".join(report.notes)
    for name in (*PHONE, "SubmitterID", "SubmitterName", "DeviceID"):
        assert name in said
    assert "Pictures and sounds are not taken, nor what cameras write into them: photo." in report.notes
    assert "1 remarks stay in the file" in said or "2 remarks stay in the file" in said
    assert report.rejects_file is not None  # the place in no country
    written = Path(report.rejects_file).read_bytes() + str(report.to_json()).encode()
    values = ("Раҳимова", "zulfiya", "992900123456", "collect:Qx7", "39.0201", "1748754000000", "GPSLatitude", "шикаст")
    for value in values:
        assert value.encode() not in written, value
    stored = connection.execute(
        text("SELECT string_agg(wells::text || report::text, '') FROM wells, loads")
    ).scalar_one()
    for value in values:
        assert value not in stored, value
    assert Path(report.rejects_file).is_relative_to(get_settings().home)


def test_answers_for_staff_do_not_come_by_a_form_for_others(connection: Connection, tmp_path: Path) -> None:
    path, _ = filled("plots", tmp_path, audience=STAFF)
    assert load(connection, "plots", path).added == 3
    whole = path.read_text(encoding="utf-8")
    for audience in ("public", "partner"):
        path.write_text(whole.replace("obod_plots_staff_", f"obod_plots_{audience}_"), encoding="utf-8")
        with pytest.raises(DataRefused, match=f"row 1: .* is for .*, and its answer came by a form for {audience}"):
            load(connection, "plots", path)
    path.write_text(re.sub("obod_plots_staff_[0-9a-f]{8}", "", whole), encoding="utf-8")  # a form that says nothing
    with pytest.raises(DataRefused, match="came by a form for public"):
        load(connection, "plots", path)


def test_answers_of_another_layer_and_of_another_edition(connection: Connection, tmp_path: Path) -> None:
    path, _ = filled("wells", tmp_path)
    with pytest.raises(DataRefused, match=r"submissions\.csv has answers of a form of wells, not of outlets\."):
        load(connection, "outlets", path)
    whole = path.read_text(encoding="utf-8")
    path.write_text(re.sub("obod_wells_partner_[0-9a-f]{8}", "obod_wells_partner_00000000", whole), encoding="utf-8")
    report = load(connection, "wells", path)
    assert report.added == 3
    assert any("another edition (00000000)" in note for note in report.notes)


def test_of_mines_no_answer_of_a_form_is_taken(connection: Connection, tmp_path: Path) -> None:
    path, _ = filled("exclusions", tmp_path)
    whole = path.read_text(encoding="utf-8")
    path.write_text(
        whole.replace("inundation", "mine_cleared").replace("river_bed", "mine_suspected"), encoding="utf-8"
    )
    report = load(connection, "exclusions", path)
    assert report.added == 1
    assert {(one.row, one.field) for one in report.rejections} == {(1, "kind"), (2, "kind")}
    assert "the mine action centre alone says so" in report.rejections[0].reason


def test_an_answer_with_a_code_changes_what_is_there(connection: Connection, tmp_path: Path) -> None:
    path, _ = filled("canals", tmp_path)
    load(connection, "canals", path)
    survey, choices = form_of("canals", tmp_path)
    first = "uuid:00000000-aaaa-4bbb-8ccc-dddddddddddd"
    row = {"KEY": "uuid:later", "code": first, "condition": "5", "form": answer(survey[2], choices, 0), "lining": ""}
    later = write(tmp_path / "later.csv", [row])
    report = load(connection, "canals", later, mode="update")
    assert (report.changed, report.added, report.rejections) == (1, 0, [])
    held = connection.execute(
        text("SELECT condition, lining, ST_NPoints(geom) FROM canals WHERE code = :code AND ended_by IS NULL"),
        {"code": first},
    ).one()
    assert tuple(held) == (5, "earth", 3)


def test_answers_refused_in_review_are_rejected(connection: Connection, tmp_path: Path) -> None:
    path, _ = filled("wells", tmp_path)
    rows = read(path)
    rows[1]["ReviewState"] = "rejected"
    report = load(connection, "wells", write(path, rows))
    assert report.added == 2
    assert [str(one) for one in report.rejections] == [
        f"row 2 ({rows[1]['KEY']}), ReviewState is 'rejected': was rejected in review"
    ]


def test_a_repeat_needs_its_table_and_its_answer(connection: Connection, tmp_path: Path) -> None:
    path, _ = filled("command_crops", tmp_path)
    beside = tmp_path / "submissions-rows.csv"
    rows = read(beside)
    rows[0]["PARENT_KEY"] = "uuid:nobody"
    write(beside, rows)
    report = load(connection, "command_crops", path)
    assert report.added == 5
    assert {one.row for one in report.rejections} == {1}
    assert report.rejections[0].reason == "its answer is not in submissions.csv"
    beside.unlink()
    with pytest.raises(DataRefused, match=r"put submissions-rows\.csv beside submissions\.csv"):
        load(connection, "command_crops", path)


def test_two_groups_with_one_question_are_refused(connection: Connection, tmp_path: Path) -> None:
    path = write(tmp_path / "a.csv", [{"KEY": "uuid:1", "a-use": "drinking", "b-use": "both", "shape": "39 70"}])
    with pytest.raises(DataRefused, match="two columns for use: a-use and b-use"):
        load(connection, "wells", path)


def test_positions_as_odk_writes_them() -> None:
    assert points_of("39.02 70.37") == [(39.02, 70.37)]
    assert points_of("39.02 70.37 1310 4.5;39 70;") == [(39.02, 70.37, 1310.0, 4.5), (39.0, 70.0)]
    for text_ in ("", "39.02", "39.02,70.37", "91 70", "39 181", "nan 70", "39 70 1 2 3"):
        with pytest.raises(ValueError, match="expected latitude and longitude"):
            points_of(text_)


def test_the_accuracy_of_a_place_is_kept_where_the_layer_asks_it(connection: Connection, tmp_path: Path) -> None:
    path = write(
        tmp_path / "e.csv", [{"KEY": "uuid:1", "process": "flood", "shape": "39.02 70.37 1310 4.5", "happened_on": ""}]
    )
    assert load(connection, "hazard_events", path, source_date=date(2026, 6, 1)).added == 1
    assert connection.execute(text("SELECT accuracy_m FROM hazard_events")).scalar_one() == 4.5
