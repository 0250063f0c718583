"""What only shows in a layer as a whole: told with the load, refused if that is asked for, never changed by itself."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pytest
import shapely
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Connection, text

from api.language.speech import Spoken
from api.language.translate import LANGUAGES, Language
from layers.errors import DataRefused
from layers.loading import LoadReport, Options, check_file, load_file
from layers.records.phrases import Area, English, Phrase, say

STEP = 0.001  # degree; 111 m by about 86 m at 39 N, 0.96 ha


def cell(column: float, row: float, width: float = STEP, height: float = STEP) -> shapely.Polygon:
    return shapely.box(70 + STEP * column, 39 + STEP * row, 70 + STEP * column + width, 39 + STEP * row + height)


def write(path: Path, shapes: Mapping[str, shapely.Geometry], key: str = "plot_id", **columns: Any) -> Path:
    gpd.GeoDataFrame({key: list(shapes), **columns}, geometry=list(shapes.values()), crs=4326).to_file(path)
    return path


def found(report: LoadReport) -> dict[str, tuple[int, str]]:
    return {finding.kind: (finding.count, finding.text) for finding in report.findings}


def district(connection: Connection, tmp_path: Path) -> None:
    path = write(tmp_path / "d.gpkg", {"D": shapely.box(69.9, 38.9, 70.5, 39.5)}, "code", name_en=["Gharm"])
    load_file(connection, "districts", path, Options())


def test_side_by_side_is_nothing_to_look_at(connection: Connection, tmp_path: Path) -> None:
    district(connection, tmp_path)
    path = write(tmp_path / "a.gpkg", {"a": cell(0, 0), "b": cell(1, 0), "c": cell(0, 1), "d": cell(5, 5)})
    assert load_file(connection, "plots", path, Options(strict=True)).findings == []


def test_overlaps_are_told_with_their_hectares_and_only_those_of_the_file(
    connection: Connection, tmp_path: Path
) -> None:
    district(connection, tmp_path)
    first = write(tmp_path / "a.gpkg", {"a": cell(0, 0), "b": cell(0.5, 0)})
    count, told = found(load_file(connection, "plots", first, Options()))["overlap"]
    assert count == 1
    assert told == "1 pair of rows overlaps, by 0.481 ha in all (a and b 0.481 ha)."  # half of 0.9615 ha
    apart = write(tmp_path / "b.gpkg", {"far": cell(20, 20)})
    assert load_file(connection, "plots", apart, Options()).findings == []
    on_old = write(tmp_path / "c.gpkg", {"new": cell(0.98, 0)})
    told = found(check_file(connection, "plots", on_old, Options()))["overlap"][1]
    assert "new and a" not in told or "0.019" in told
    assert "new and b" in told


def test_a_sliver_is_how_borders_are_drawn(connection: Connection, tmp_path: Path) -> None:
    district(connection, tmp_path)
    path = write(tmp_path / "a.gpkg", {"a": cell(0, 0), "b": cell(0.995, 0)})
    assert load_file(connection, "plots", path, Options()).findings == []


def test_the_same_plot_under_another_key_is_a_double(connection: Connection, tmp_path: Path) -> None:
    district(connection, tmp_path)
    load_file(connection, "plots", write(tmp_path / "a.gpkg", {"a": cell(0, 0)}), Options())
    report = load_file(connection, "plots", write(tmp_path / "b.gpkg", {"other": cell(0.02, 0.02)}), Options())
    assert found(report) == {"double": (1, "1 row stands there twice under other keys (other is a).")}


def test_a_second_set_of_districts_over_the_first_is_not_added_without_a_word(
    connection: Connection, tmp_path: Path
) -> None:
    half = [shapely.box(70, 39, 70.5, 39.5), shapely.box(70.5, 39, 71, 39.5)]
    first = write(tmp_path / "a.gpkg", dict(zip("AB", half, strict=True)), "code", name_en=["A", "B"])
    again = write(tmp_path / "b.gpkg", dict(zip(("P1", "P2"), half, strict=True)), "code", name_en=["A", "B"])
    assert load_file(connection, "districts", first, Options()).findings == []
    with pytest.raises(DataRefused, match=r"2 rows stand there twice under other keys.*--strict"):
        load_file(connection, "districts", again, Options(strict=True))
    count = text("SELECT count(*) FROM districts WHERE ended_by IS NULL")
    assert connection.execute(count).scalar_one() == 2
    report = check_file(connection, "districts", again, Options())
    assert found(report)["double"][0] == 2


def test_gaps_between_outlines_and_land_left_out_of_a_parent_are_told(connection: Connection, tmp_path: Path) -> None:
    region = write(tmp_path / "r.gpkg", {"R": shapely.box(70, 39, 71, 40)}, "code", name_en=["R"])
    load_file(connection, "regions", region, Options())
    ring = shapely.box(70, 39, 71, 40).difference(shapely.box(70.4, 39.4, 70.49, 39.5))
    report = load_file(
        connection, "districts", write(tmp_path / "d.gpkg", {"D": ring}, "code", name_en=["D"]), Options()
    )
    gaps = [finding.text for finding in report.findings if finding.kind == "gap"]
    assert gaps[0].startswith("1 gap lies between the rows, 8,6")  # 0.09 by 0.1 degree at 39.45 N: 7.75 km by 11.10 km
    assert len(gaps) == 1  # less than a hundredth of the region: outlines of two sources differ by as much
    without = write(tmp_path / "e.gpkg", {"D": shapely.box(70, 39, 70.9, 40)}, "code", name_en=["D"])
    report = load_file(connection, "districts", without, Options(mode="update"))
    told = next(finding.text for finding in report.findings if finding.kind == "gap")
    assert told.startswith("districts leave land of regions out: 95,")


def test_unusual_sizes_plots_in_no_district_and_too_many_vertices(connection: Connection, tmp_path: Path) -> None:
    district(connection, tmp_path)
    angle = np.linspace(0, 2 * np.pi, 10_002)[:-1]
    round_plot = shapely.Polygon(np.column_stack([70.2 + 0.001 * np.cos(angle), 39.2 + 0.001 * np.sin(angle)]))
    shapes = {
        "tiny": cell(0, 0, 5e-7, 5e-7),
        "huge": shapely.box(70.05, 39.05, 70.15, 39.15),
        "round": round_plot,
        "lost": shapely.box(71, 39, 71.001, 39.001),
    }
    told = found(load_file(connection, "plots", write(tmp_path / "a.gpkg", shapes), Options()))
    assert told["size"][0] == 2
    assert "tiny 0.0024 m²" in told["size"][1]
    assert "huge 9,6" in told["size"][1]
    assert told["district"] == (1, "1 row lies in no district and cannot be scored (lost).")
    assert told["vertices"][0] == 1
    assert "round 10,002" in told["vertices"][1]


def test_points_and_tables_are_doubles_where_all_but_the_key_is_the_same(
    connection: Connection, tmp_path: Path
) -> None:
    path = tmp_path / "s.csv"
    path.write_text("code,kind,name_en,lon,lat\na,market,M,70,39\nb,market,M,70,39\nc,health,M,70,39\n")
    report = load_file(connection, "services", path, Options())
    assert found(report) == {"double": (1, "1 row stands there twice under other keys (a is b).")}
    path.write_text("code,plot_id,survey_date,ph\n1,p,2026-05-01,7.1\n2,p,2026-05-01,7.1\n3,p,2026-05-02,7.1\n")
    assert found(load_file(connection, "plot_surveys", path, Options()))["double"][0] == 1


@settings(max_examples=15, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.tuples(st.integers(0, 60), st.integers(0, 60)), min_size=2, max_size=12, unique=True))
def test_overlaps_are_those_that_shapely_finds(
    connection: Connection, tmp_path_factory: pytest.TempPathFactory, corners: list[tuple[int, int]]
) -> None:
    shapes = {f"p{at}": cell(x / 11, y / 11) for at, (x, y) in enumerate(corners)}
    names = list(shapes)
    pairs = [
        (one, other)
        for at, one in enumerate(names)
        for other in names[at + 1 :]
        if shapes[one].intersection(shapes[other]).area > 0.01 * shapes[one].area
    ]
    doubles = [(a, b) for a, b in pairs if shapes[a].intersection(shapes[b]).area > 0.9 * shapes[a].area]
    path = write(tmp_path_factory.mktemp("rows") / "a.gpkg", shapes)
    told = found(check_file(connection, "plots", path, Options()))
    assert told.get("overlap", (0, ""))[0] == len(pairs) - len(doubles)
    assert told.get("double", (0, ""))[0] == len(doubles)


def test_others_are_met_in_every_mode_and_a_repaired_or_repeated_row_counts_once(
    connection: Connection, tmp_path: Path
) -> None:
    district(connection, tmp_path)
    old = {f"old{at}": cell(at, 0) for at in range(4)}
    load_file(connection, "plots", write(tmp_path / "a.gpkg", old), Options())
    corners = [(0, 0), (1, 0), (1, 1), (0, 1), (0, 0.9), (0.02, 0.86), (0.02, 0.9), (0, 0.86)]  # runs over itself
    bow = shapely.Polygon([(70 + STEP * x, 39.01 + STEP * y) for x, y in corners])
    new = {"mended": bow, "again": cell(0.4, 0), "under": cell(0, 10.4)}
    path = write(tmp_path / "b.geojson", new)
    said = json.loads(path.read_text())
    said["features"].append(said["features"][1])  # the same row once more
    path.write_text(json.dumps(said))
    report = load_file(connection, "plots", path, Options(mode="update"))
    assert report.repeated == 1
    assert [repair.key for repair in report.repairs] == ["mended"]
    count, told = found(report)["overlap"]
    pairs = {frozenset(named.split(" and ")) for named in re.findall(r"(\w+ and \w+) [\d.]+ ha", told)}
    assert pairs == {frozenset(("again", "old0")), frozenset(("again", "old1")), frozenset(("under", "mended"))}
    assert count == 3
    again = load_file(connection, "plots", path, Options(mode="update"))  # unchanged rows are looked at as well
    assert found(again)["overlap"] == (count, told)


def test_rows_all_on_one_spot_are_told_as_at_least_so_many(connection: Connection, tmp_path: Path) -> None:
    district(connection, tmp_path)
    path = write(tmp_path / "a.gpkg", {f"p{at}": cell(0, 0) for at in range(120)})
    count, told = found(load_file(connection, "plots", path, Options()))["double"]
    assert count == 50 * 120  # of 7,140 pairs
    assert told.startswith("At least 6,000 rows stand there twice under other keys (p0 is p1, ")


def test_what_is_found_is_said_in_three_languages(connection: Connection, tmp_path: Path) -> None:
    district(connection, tmp_path)
    shapes = {f"p{at}": cell(0.5 * at, 0) for at in range(8)}
    shapes["tiny"] = cell(20, 0, 5e-7, 5e-7)
    report = check_file(connection, "plots", write(tmp_path / "a.gpkg", shapes), Options())
    told: dict[Language, dict[str, str]] = {
        lang: {finding.kind: say(finding.said, Spoken(lang)) for finding in report.findings} for lang in LANGUAGES
    }
    assert told["en"] == {finding.kind: finding.text for finding in report.findings}
    [pairs] = re.findall(r"^7 pairs of rows overlap, by 3\.37 ha in all \((.*) and 2 more\)\.$", told["en"]["overlap"])
    assert re.fullmatch(r"(p\d and p\d 0\.481 ha(, )?){5}", pairs)
    in_russian = pairs.replace("and", "и").replace("0.481 ha", "0,481 га")
    assert told["ru"]["overlap"] == f"Пар строк, которые перекрываются: 7, всего 3,37 га ({in_russian} и ещё 2)."
    in_tajik = pairs.replace("and", "ва").replace("0.481 ha", "0,481 га")
    assert told["tg"]["overlap"] == f"7 ҷуфти сатрҳо якдигарро мепӯшонанд, дар маҷмӯъ 3,37 га ({in_tajik} ва боз 2)."
    assert "tiny 0,0024 м²" in told["ru"]["size"]
    for lang in ("tg", "ru"):
        assert not re.search(r"\b(row|rows|ha|and|more)\b", " ".join(told[lang].values()))


@pytest.mark.parametrize(
    ("hectares", "told"),
    [
        (0.0099612, "100 m²"),  # not 1e+02
        (0.00000024, "0.0024 m²"),
        (0.01, "0.01 ha"),
        (0.4807, "0.481 ha"),
        (999.6, "1,000 ha"),
        (1234567.8, "1,234,568 ha"),
        (0.0, "0 m²"),
    ],
)
def test_areas_are_written_as_people_write_them(hectares: float, told: str) -> None:
    assert say(Phrase("{area}", {"area": Area(hectares)}), English()) == told


def test_edges_left_between_two_sources_of_one_outline_count_as_no_land(
    connection: Connection, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    region = write(tmp_path / "r.gpkg", {"R": shapely.box(70, 39, 71, 40)}, "code", name_en=["R"])
    load_file(connection, "regions", region, Options())
    # What GEOS leaves of outlines whose edges all but meet: lines beside the land that is left out.
    rest = shapely.GeometryCollection([shapely.LineString([(70, 39), (70, 40)]), shapely.box(70.9, 39, 71, 40)])
    monkeypatch.setattr(shapely, "difference", lambda *_: rest)
    path = write(tmp_path / "d.gpkg", {"D": shapely.box(70, 39, 70.9, 40)}, "code", name_en=["D"])
    report = load_file(connection, "districts", path, Options())
    told = next(finding.text for finding in report.findings if finding.kind == "gap")
    assert told.startswith("districts leave land of regions out: 95,")  # 0.1 by 1 degree at 39.5 N: 8.60 by 111.0 km
