"""Mapping files: every kind of rule, and every way to get one wrong, in one sentence."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import shapely
from sqlalchemy import Connection, text

from layers.catalogue import BY_NAME, RASTERS_BY_NAME
from layers.errors import DataRefused, NotFound
from layers.loading import Options, load_file
from layers.loading.checks import required_fields
from layers.loading.load import derived_fields
from layers.loading.mapping import FieldRule, Mapped, find_mapping, read_mapping, rules_for, select_rows
from layers.loading.shapes import Shapes

EXAMPLES = Path(__file__).parents[3] / "examples" / "tajikistan"


def mapped(frame: Mapping[str, object], **rule: Any) -> tuple[list[Any], list[str]]:
    """What one rule makes of a frame, and the values it refused."""
    made = Mapped({"field": FieldRule(**rule)}, pd.DataFrame(frame), None)
    values = [None if pd.isna(value) else value for value in made.frame["field"]]
    return values, [f"{fault.position} {fault.value}: {fault.reason}" for fault in made.refused]


def test_columns_constants_and_templates() -> None:
    frame = {"id": [7.0, 8.0, np.nan], "name": ["Hoit", None, "Gharm"], "alt": ["Ҳоит", "Обигарм", ""]}
    assert mapped(frame, column="name")[0] == ["Hoit", None, "Gharm"]
    assert mapped(frame, columns=("name", "alt"))[0] == ["Hoit", "Обигарм", "Gharm"]
    assert mapped(frame, constant=False)[0] == [False, False, False]
    assert mapped(frame, template="gn-{id}/{name}!")[0] == ["gn-7/Hoit!", None, None]
    assert mapped(frame, column="name", prefix="v-")[0] == ["v-Hoit", None, "v-Gharm"]
    assert mapped({"id": ["05/12 а", "b.c~1"]}, column="id", slug=True)[0] == ["05-12--", "b.c~1"]


def test_numbers_are_scaled_and_what_is_no_number_is_left_to_be_refused() -> None:
    assert mapped({"km": ["1,5", 2, "", "far"]}, column="km", scale=1_000)[0] == [1_500.0, 2_000.0, None, "far"]


def test_values_are_looked_up_whatever_their_case_and_unknown_ones_named() -> None:
    frame = {"kind": ["Бетон", "земля", "wood", None, " бетон "], "code": [1.0, 2.0, 3.0, np.nan, 1.0]}
    table = {"бетон": "concrete", "земля": "earth"}
    values, refused = mapped(frame, column="kind", values=table)
    assert values == ["concrete", "earth", None, None, "concrete"]
    assert refused == ["2 wood: expected one of бетон, земля"]
    assert mapped(frame, column="kind", values=table, other="unknown")[0][2] == "unknown"
    assert mapped(frame, column="kind", values=table, otherwise="kind")[0][2] == "wood"
    assert mapped(frame, column="code", values={"1": "a", "2": "b"}, other="c")[0] == ["a", "b", "c", None, "a"]


def test_a_digest_key_follows_the_position_and_not_the_attributes() -> None:
    points = Shapes.of(shapely.points([70.0, 70.0, 70.1], [39.0, 39.000000001, 39.0]))
    rules = {"code": FieldRule(digest=True, prefix="f-"), "name": FieldRule(column="name")}
    first = Mapped(rules, pd.DataFrame({"name": ["a", "b", "c"]}), points).frame["code"]
    renamed = Mapped(rules, pd.DataFrame({"name": ["x", "y", "z"]}), points).frame["code"]
    assert list(first) == list(renamed)
    assert first[0] == first[1] != first[2]  # a tenth of a millimetre apart is the same place
    assert first[0].startswith("f-")
    assert len(first[0]) == 2 + 12
    table = Mapped(rules, pd.DataFrame({"name": ["a", "b", "a"]}), None).frame["code"]
    assert table[0] == table[2] != table[1]


def test_rows_are_let_through_by_value(tmp_path: Path) -> None:
    path = tmp_path / "m.toml"
    path.write_text(
        'layer = "lakes"\nwhere = { in_tajikistan = [true], level = [1, 2] }\nunless = { name = ["Sarez"] }\n'
        '[fields]\ncode = "name"\n'
    )
    frame = pd.DataFrame(
        {
            "in_tajikistan": [True, True, False, True, "TRUE"],
            "level": [1.0, 3.0, 1.0, 2.0, "1"],
            "name": ["a", "b", "c", "sarez", "e"],
        }
    )
    assert select_rows(read_mapping(path), frame).tolist() == [True, False, False, False, True]


def rules(layer: str, columns: tuple[str, ...], **options: Any) -> dict[str, FieldRule]:
    told = {"mapping": None, "assigned": {}, "key": None, "file_name": "f.gpkg", **options}
    return rules_for(BY_NAME[layer], columns, **told)


def test_without_a_mapping_columns_of_the_same_name_are_taken_and_what_the_user_says_wins() -> None:
    assert {name: rule.column for name, rule in rules("faults", ("CODE", "Name", "depth")).items()} == {
        "code": "CODE",
        "name": "Name",
    }
    told = rules("faults", ("code", "id", "name", "nom"), key="id", assigned={"name": "nom"})
    assert (told["code"].column, told["name"].column) == ("id", "nom")
    assert rules("faults", ("a",), key="digest")["code"].digest
    assert rules("faults", ("digest",), key="digest")["code"].column == "digest"


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ('layer = "lakes"\ncolour = "blue"', "bad.toml: colour: this key is not known."),
        ('layer = "lakes"\n[fields]\ncode = { colum = "id" }', "bad.toml: fields.code"),
        ('layer = "lakes"\n[fields]\ncode = { prefix = "a" }', "say exactly one of column, columns, template"),
        ('layer = "lakes"\n[fields]\ncode = { column = "a", constant = 1 }', "say exactly one of column"),
        ('files = ["a"]', "bad.toml: layer: this key is missing."),
        ("layer = lakes", "bad.toml: not valid TOML"),
        ('layer = "lakes"\nkey = ""', "expected a column or digest"),
        ('layer = "lakes"\ndate = "soon"', "bad.toml: date"),
    ],
)
def test_a_wrong_mapping_file_is_refused_by_key(tmp_path: Path, text: str, why: str) -> None:
    path = tmp_path / "bad.toml"
    path.write_text(text)
    with pytest.raises(DataRefused) as refusal:
        read_mapping(path)
    assert why in str(refusal.value)
    assert "\n" not in str(refusal.value)


def test_a_folder_of_mappings_gives_the_one_for_layer_and_file(tmp_path: Path) -> None:
    for name, layer, file in (("a", "lakes", "x.gpkg"), ("b", "rivers", "x.gpkg"), ("c", "rivers", "y.gpkg")):
        (tmp_path / f"{name}.toml").write_text(f'layer = "{layer}"\nfiles = ["{file}"]\n')
    assert find_mapping(tmp_path, "rivers", "x.gpkg").layer == "rivers"
    with pytest.raises(DataRefused, match=r"has no mapping for faults from x\.gpkg\."):
        find_mapping(tmp_path, "faults", "x.gpkg")
    (tmp_path / "d.toml").write_text('layer = "lakes"\nfiles = ["x.gpkg"]\n')
    with pytest.raises(DataRefused, match=r"has 2 mappings for lakes from x\.gpkg: a\.toml, d\.toml; name one\."):
        find_mapping(tmp_path, "lakes", "x.gpkg")
    with pytest.raises(NotFound, match=r"There is no mapping file e\.toml\."):
        find_mapping(tmp_path / "e.toml", "lakes", "x.gpkg")


@pytest.mark.parametrize("path", sorted(EXAMPLES.glob("*.toml")), ids=lambda path: path.stem)
def test_the_mapping_files_of_the_repository_fill_their_layers_and_say_where_data_come_from(path: Path) -> None:
    mapping = read_mapping(path)
    assert mapping.source
    assert mapping.licence
    assert mapping.date_
    assert len(mapping.files) == 1
    if mapping.layer in RASTERS_BY_NAME:
        return
    layer = BY_NAME[mapping.layer]
    assert set(mapping.fields) <= set(layer.attributes())
    assert set(required_fields(layer, derived_fields(layer))) <= set(mapping.fields)
    for rule in mapping.fields.values():
        if isinstance(rule, FieldRule) and rule.values and layer.attributes().get("kind"):
            assert rule.reads()


def test_names_in_the_repository_are_dated_and_belong_to_one_place_each() -> None:
    names = pd.read_csv(EXAMPLES / "place_names.csv", dtype=str, keep_default_na=False)
    assert names["code"].is_unique
    assert set(names["lang"]) == {"en", "tg", "ru"}
    assert set(names["layer"]) == {"districts"}
    present = names[names["used_to"] == ""].groupby(["place", "lang"]).size()
    assert present.index.get_level_values("place").nunique() == 26
    assert (present >= 1).all()
    assert len(present) == 26 * 3  # a present name in each language for each district
    gharm = names[names["name"] == "Gharm"].iloc[0]
    assert (gharm["place"], gharm["used_to"]) == ("TJ.RR.GA", "2001-04-28")


def test_a_sheet_of_the_reclamation_service_loads_as_intervals(connection: Connection, tmp_path: Path) -> None:
    path = tmp_path / "reclamation_survey.csv"
    heading = (
        "участок;дата;проба;степень засоления;ECe, дСм/м;ECe от;ECe до;вытяжка 1:5, дСм/м;сухой остаток, %;"
        "механический состав;грунтовые воды от, м;грунтовые воды до, м;месяц"
    )
    rows = (
        "p-1;15.08.2025;1;Среднезасоленная;;;;;;;1,2;1,8;8",
        "p-2;15.08.2025;1;;;4,5;6;;;;;;",
        "p-3;15.08.2025;2;;;;;0,9;;супесь;;;",
        "p-4;15.08.2025;3;;;;;;0,32;неизвестно;;;",
        "p-5;15.08.2025;4;;;6;4,5;;;;;;",
        "p-6;15.08.2025;5;засоленная;;;;;;;;;13",
    )
    path.write_text("\n".join((heading, *rows)) + "\n", encoding="utf-8")
    options = Options(mapping=EXAMPLES / "reclamation_survey.toml")
    report = load_file(connection, "plot_surveys", path, options)
    assert (report.added, report.rejected) == (4, 2)
    assert [(one.row, one.field) for one in report.rejections] == [
        (5, "salinity_low"),
        (6, "salinity_class"),
        (6, "month"),
    ]
    assert report.rejections[0].reason == "is more than salinity_high"
    held = connection.execute(
        text(
            "SELECT plot_id, salinity_class, salinity_low, salinity_high, extract_ds_m, dry_residue_pct, texture, "
            "groundwater_low, groundwater_high, month FROM plot_surveys WHERE ended_by IS NULL ORDER BY plot_id"
        )
    ).all()
    assert [tuple(row) for row in held] == [
        ("p-1", "moderate", None, None, None, None, None, 1.2, 1.8, 8),
        ("p-2", None, 4.5, 6.0, None, None, None, None, None, None),
        ("p-3", None, None, None, 0.9, None, "sandy_loam", None, None, None),
        ("p-4", None, None, None, None, 0.32, "unknown", None, None, None),
    ]
    again = load_file(connection, "plot_surveys", path, options)
    assert (again.added, again.changed, again.unchanged) == (0, 0, 4)
