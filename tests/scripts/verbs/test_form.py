"""``obod form``: forms are valid XLSForm in three languages, ask what the layer holds, and nothing of people."""

from __future__ import annotations

import json
import re
import sys
import xml.etree.ElementTree as ET
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import openpyxl
import pytest
from PIL import Image
from pyxform.xls2xform import convert

from layers.catalogue import BY_NAME
from layers.catalogue.surveys import SURVEYED, edition_of
from scripts.main import main

Answered = tuple[int, str, str]
Obod = Callable[..., Answered]
XF = "{http://www.w3.org/2002/xforms}"
# Questions of ODK that say who holds the phone, where it started, or take a picture, a voice or a film.
OF_PEOPLE = {
    *("start", "end", "today", "deviceid", "phonenumber", "username", "email", "simserial", "subscriberid"),
    *("audit", "start-geopoint", "background-geopoint", "image", "audio", "video", "file", "background-audio"),
}


@pytest.fixture
def obod(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Obod:
    def run(*arguments: str | Path) -> Answered:
        monkeypatch.setattr(sys, "argv", ["obod", "form", *map(str, arguments)])
        with pytest.raises(SystemExit) as end:
            main()
        captured = capsys.readouterr()
        return int(end.value.code or 0), captured.out, captured.err

    return run


def sheet(path: Path, name: str) -> list[dict[str, str]]:
    rows = list(openpyxl.load_workbook(path)[name].iter_rows(values_only=True))
    return [
        {str(k): str(v) for k, v in zip(rows[0], row, strict=True) if v is not None and v != ""} for row in rows[1:]
    ]


def questions(path: Path) -> dict[str, dict[str, str]]:
    return {row["name"]: row for row in sheet(path, "survey") if "name" in row}


@pytest.mark.parametrize("lang", ["tg", "ru", "en"])
@pytest.mark.parametrize("layer", SURVEYED)
def test_every_form_is_valid_and_asks_nothing_of_people(obod: Obod, tmp_path: Path, layer: str, lang: str) -> None:
    path = tmp_path / "form.xlsx"
    code, out, err = obod(layer, "--lang", lang, "-o", path, "--json")
    assert code == 0, err
    made = convert(path)
    assert made.warnings == []
    root = ET.fromstring(made.xform)
    data = next(one for one in root.iter() if one.tag.endswith("data") and "id" in one.attrib)
    assert data.attrib["id"] == json.loads(out)["form_id"]
    audience = BY_NAME[layer].card.audience.name.lower()
    assert data.attrib["id"] == f"obod_{layer}_{audience}_{edition_of(BY_NAME[layer])}"
    assert data.attrib["version"] == edition_of(BY_NAME[layer])
    rows = sheet(path, "survey")
    kinds = {row["type"].split()[0] for row in rows}
    assert not kinds & OF_PEOPLE
    free = [row["name"] for row in rows if row["type"] == "text" and "constraint" not in row]
    assert free == ["remark"]
    if lang != "en":
        texts = [row[name] for row in rows for name in ("label", "hint", "constraint_message") if name in row]
        texts += [row["label"] for row in sheet(path, "choices")]
        assert [text for text in texts if not re.search(r"[а-яғӣқӯҳҷё]", text.casefold())] == []


def test_the_form_of_canals_asks_its_line_limits_and_condition_by_pictures(obod: Obod, tmp_path: Path) -> None:
    path = tmp_path / "canals.xlsx"
    code, _, err = obod("canals", "--lang", "en", "-o", path)
    assert code == 0, err
    asked = questions(path)
    assert asked["shape"]["type"] == "geotrace"
    assert asked["shape"]["required"] == asked["lining"]["required"] == "string-length(${code}) = 0"
    assert asked["capacity_m3_s"]["label"] == "Capacity, m3/s"
    assert asked["capacity_m3_s"]["constraint"] == ". >= 0 and . <= 1000"
    assert asked["capacity_m3_s"]["constraint_message"] == "Expected 0 to 1,000 m3/s."
    assert asked["conveyance_date"]["constraint"] == ". <= today()"
    assert "name" not in asked  # a name is free text
    assert "conveyance_method" not in asked
    choices = {(row["list_name"], row["name"]): row for row in sheet(path, "choices")}
    five = [choices["condition_choices", str(number)] for number in range(1, 6)]
    assert five[0]["label"] == "1 good, cleaned this year"
    assert five[4]["label"] == "5 destroyed or buried"
    pictures = [Image.open(tmp_path / "canals-media" / row["media::image"]) for row in five]
    assert {picture.format for picture in pictures} == {"PNG"}
    seen = {picture.convert("RGB").tobytes() for picture in pictures}
    assert len(seen) == 5
    # Water there is in each class, the less the worse: pixels of its colour fall from class to class.
    pixels = [np.asarray(picture.convert("RGB")) for picture in pictures]
    blue = [int((each == (47, 127, 208)).all(axis=2).sum()) for each in pixels]
    assert blue[0] > blue[1] > blue[2] > blue[4] == 0
    assert blue[2] > blue[3] > 0
    assert sorted(one.name for one in (tmp_path / "canals-media").iterdir()) == [row["media::image"] for row in five]
    assert obod("canals", "--lang", "en", "-o", path)[0] == 0  # a second time, over the first


@pytest.mark.parametrize(
    ("layer", "field", "kind", "codes"),
    [
        ("services", "kind", "select_one", 8),
        ("services", "open_days", "select_multiple", 7),
        ("roads", "closed_months", "select_multiple", 12),
        ("plot_surveys", "salinity_ds_m", "decimal", 0),
        ("command_areas", "turns_delivered", "integer", 0),
        ("wells", "use", "select_one", 4),
        ("exclusions", "kind", "select_one", 6),
    ],
)
def test_forms_ask_what_the_declaration_says(
    obod: Obod, tmp_path: Path, layer: str, field: str, kind: str, codes: int
) -> None:
    path = tmp_path / "form.xlsx"
    assert obod(layer, "--lang", "en", "-o", path)[0] == 0
    assert questions(path)[field]["type"].split()[0] == kind
    assert sum(row["list_name"] == f"{field}_choices" for row in sheet(path, "choices")) == codes


def test_positions_are_asked_by_geometry(obod: Obod, tmp_path: Path) -> None:
    asked = {"wells": "geopoint", "roads": "geotrace", "plots": "geoshape", "plot_surveys": None}
    for layer, kind in asked.items():
        path = tmp_path / f"{layer}.xlsx"
        assert obod(layer, "-o", path)[0] == 0
        assert questions(path).get("shape", {}).get("type") == kind, layer


def test_of_mines_people_are_not_asked(obod: Obod, tmp_path: Path) -> None:
    path = tmp_path / "form.xlsx"
    assert obod("exclusions", "--lang", "en", "-o", path)[0] == 0
    assert not [row for row in sheet(path, "choices") if row["name"].startswith("mine_")]
    first = sheet(path, "survey")[0]
    assert first["type"] == "note"
    assert "nobody goes before a dated answer of the mine action centre" in first["label"]


def test_what_is_for_staff_is_in_no_form_for_others(obod: Obod, tmp_path: Path) -> None:
    path = tmp_path / "plots.xlsx"
    for_staff = {"cadastral_no", "right_class", "missing_documents", "disputes"}
    assert obod("plots", "--for", "public", "-o", path)[0] == 0
    assert not for_staff & questions(path).keys()
    assert "availability" not in questions(path)  # a list of land not cultivated is a list for confiscation
    assert obod("plots", "--for", "partner", "-o", path)[0] == 0
    assert not for_staff & questions(path).keys()
    assert "availability" in questions(path)
    assert obod("plots", "--for", "staff", "-o", path)[0] == 0
    assert for_staff <= questions(path).keys()
    path.unlink()
    for audience in ("public", "partner"):
        code, _, err = obod("plots", "--for", audience, "--field", "right_class", "-o", path)
        assert code == 1
        assert f"right_class of plots is not asked in a form for {audience}" in err
        assert not path.exists()
    code, _, err = obod("plot_surveys", "--for", "public", "-o", path)
    assert code == 1
    assert err == "plot_surveys is not for everybody, and so is its form; say --for partner.\n"


def test_a_form_may_ask_less(obod: Obod, tmp_path: Path) -> None:
    path = tmp_path / "salinity.xlsx"
    assert obod("plot_surveys", "--field", "salinity_ds_m", "-o", path)[0] == 0
    assert [name for name in questions(path) if name not in ("mines", "people", "form", "remark")] == [
        *("plot_id", "survey_date", "salinity_ds_m")
    ]


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("districts", "-o", "f.xlsx"), "People in the field are not asked about districts; there is no form for it."),
        (("fields", "-o", "f.xlsx"), "People in the field are not asked about fields; there is no form for it."),
        (("jamoat_households", "-o", "f.xlsx"), "People in the field are not asked about jamoat_households"),
        (("canal", "-o", "f.xlsx"), "There is no layer canal"),
        (("canals", "-o", "f.ods"), "f.ods does not end in .xlsx."),
        (("canals", "-o", "nowhere/f.xlsx"), "There is no folder nowhere"),
        (("canals", "--lang", "uz", "-o", "f.xlsx"), "There is no language 'uz'"),
        (("canals", "--field", "name", "-o", "f.xlsx"), "A form of canals asks no 'name'"),
    ],
)
def test_what_cannot_be_asked_is_refused(
    obod: Obod, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, arguments: tuple[Any, ...], says: str
) -> None:
    monkeypatch.chdir(tmp_path)
    code, _, err = obod(*arguments)
    assert code == 1
    assert err.startswith(says)
    assert err.count("\n") == 1
    assert list(tmp_path.iterdir()) == []
