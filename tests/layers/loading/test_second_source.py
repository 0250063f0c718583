"""Outlines beside those of a second source: told with every load of either, and what agrees too little is doubtful."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import geopandas as gpd
import pytest
import shapely
from sqlalchemy import Connection

from api.content.outlines import tell_agreement
from api.language.speech import Spoken
from layers.catalogue.admin import District
from layers.errors import DataRefused
from layers.features.agreement import Agreement, agreements
from layers.loading import LoadReport, Options, load_file
from layers.records.phrases import retold

STEP = 0.01  # degree


def box(west: float, east: float) -> shapely.Polygon:
    return shapely.box(70 + STEP * west, 38.5, 70 + STEP * east, 38.51)


def load_districts(connection: Connection, folder: Path, shapes: Mapping[str, shapely.Polygon]) -> LoadReport:
    path = folder / "districts.gpkg"
    frame = gpd.GeoDataFrame({"code": list(shapes), "name_en": list(shapes)}, geometry=list(shapes.values()), crs=4326)
    frame.to_file(path)
    return load_file(connection, "districts", path, Options(mode="update"))


def load_second(
    connection: Connection, folder: Path, shapes: Mapping[str, shapely.Polygon], name: str = "wof", strict: bool = False
) -> LoadReport:
    path = folder / f"{name}.gpkg"
    frame = gpd.GeoDataFrame({"place": list(shapes)}, geometry=list(shapes.values()), crs=4326)
    frame["code"] = [f"{name}-{code}" for code in shapes]
    frame["layer"] = "districts"
    frame.to_file(path)
    mapping = folder / f"{name}.toml"
    mapping.write_text(
        f'layer = "reference_outlines"\nfiles = ["{path.name}"]\nsource = "Survey of {name}"\nlicence = "CC0"\n'
        'date = 2020-05-01\n[fields]\ncode = "code"\nlayer = "layer"\nplace = "place"\n'
    )
    return load_file(connection, "reference_outlines", path, Options(mode="update", mapping=mapping, strict=strict))


UNITS = {"A": box(0, 10), "B": box(10, 20), "C": box(20, 30)}
DRAWN = {"A": box(0, 5), "B": box(10, 19.5), "Z": box(40, 50)}  # A by a half, B by 95 of 100, C not, Z is no district


def test_a_load_of_the_second_source_tells_agreement_and_doubt(connection: Connection, tmp_path: Path) -> None:
    load_districts(connection, tmp_path, UNITS)
    report = load_second(connection, tmp_path, DRAWN)
    assert [str(note) for note in report.notes] == [
        "2 outlines of districts agree with Survey of wof (2020-05-01) to 50 to 95 % (A 50 %, B 95 %)."
    ]
    assert [finding.text for finding in report.findings] == [
        "1 outline of districts agrees with Survey of wof (2020-05-01) to less than 90 %: figures of its area are "
        "doubtful (A 50 %).",
        "1 outline is of a unit that is not there, and is compared with nothing (wof-Z).",
    ]
    assert report.to_json()["findings"][0]["keys"] == ["A"]
    for lang in ("tg", "ru"):
        said = retold(report.notes[0], Spoken(lang))
        assert "50" in said
        assert "outlines" not in said


def test_a_load_of_districts_tells_it_of_its_own_rows_alone(connection: Connection, tmp_path: Path) -> None:
    load_districts(connection, tmp_path, UNITS)
    load_second(connection, tmp_path, {"A": box(0, 5), "B": box(10, 19.5)})
    report = load_districts(connection, tmp_path, {"B": box(10, 20.5)})
    assert "Outline of districts B agrees with Survey of wof (2020-05-01) to 90 %." in map(str, report.notes)
    assert not [finding for finding in report.findings if finding.kind == "outline"]
    report = load_districts(connection, tmp_path, {"B": box(10, 14)})
    assert "Outline of districts B agrees with Survey of wof (2020-05-01) to 42 %." in map(str, report.notes)
    assert [finding.count for finding in report.findings if finding.kind == "outline"] == [1]


def test_without_a_second_source_nothing_is_said(connection: Connection, tmp_path: Path) -> None:
    report = load_districts(connection, tmp_path, UNITS)
    assert not [note for note in report.notes if "agree" in note]
    assert agreements(connection, District) == {}


def test_strict_refuses_doubtful_outlines(connection: Connection, tmp_path: Path) -> None:
    load_districts(connection, tmp_path, UNITS)
    with pytest.raises(DataRefused, match="figures of its area are doubtful"):
        load_second(connection, tmp_path, {"A": box(0, 5)}, strict=True)
    assert agreements(connection, District) == {}
    assert load_second(connection, tmp_path, {"B": box(10, 19.5)}, strict=True).added == 1


def test_every_second_source_is_told_and_the_unit_is_doubtful_by_any(connection: Connection, tmp_path: Path) -> None:
    load_districts(connection, tmp_path, UNITS)
    load_second(connection, tmp_path, {"A": box(0, 5)})
    load_second(connection, tmp_path, {"A": box(0, 10)}, name="osm")
    found = agreements(connection, District)["A"]
    assert sorted((one.source, one.percent, one.doubtful) for one in found) == [
        ("Survey of osm", 100, False),
        ("Survey of wof", 50, True),
    ]
    assert list(tell_agreement(found, "en"))[-1] == "The outline is doubtful, and so are figures of its area."


@pytest.mark.parametrize(
    ("share", "percent", "doubtful"), [(0.8999, 89, True), (0.9, 90, False), (0.256, 26, True), (1.0, 100, False)]
)
def test_what_is_doubtful_never_reads_as_the_limit(share: float, percent: int, doubtful: bool) -> None:
    one = Agreement("s", None, None, share)
    assert (one.percent, one.doubtful) == (percent, doubtful)
