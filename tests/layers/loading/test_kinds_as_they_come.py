"""The kind of a file decides, not its name: archives, old encodings, long numbers, tables with positions."""

from __future__ import annotations

import gzip
import json
import shutil
import zipfile
from collections.abc import Callable, Mapping
from decimal import Decimal
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pyogrio
import pytest
from openpyxl import Workbook

from layers.errors import DataRefused
from layers.loading.in_memory import frame_of_file
from layers.loading.opened_file import Options
from layers.records.load_report import LoadReport
from tests.worlds.village_files import villages

NAMES = ["Ҳоит", "Қалъаи Лаби Об", "Ғарм"]
RUSSIAN = ["Гиссар", "Файзабад", "Джиргаталь"]
KML = """<?xml version="1.0" encoding="{0}"?><kml xmlns="http://www.opengis.net/kml/2.2"><Document><Placemark>
<name>Файзабад</name><Point><coordinates>70.9,39.2</coordinates></Point></Placemark></Document></kml>"""
DRAWN = Options(assigned={"name_en": "Name"}, key="digest")


def read(path: Path, options: Options | None = None, rejects: Path | None = None) -> tuple[pd.DataFrame, LoadReport]:
    frame, report = frame_of_file("settlements", path, options, rejects=rejects or path.parent / "kept" / path.stem)
    return pd.DataFrame(frame).sort_values("code", ignore_index=True), report


def zipped(path: Path, *files: Path, below: str = "") -> Path:
    """A zip of files and folders, as they lie beside each other."""
    with zipfile.ZipFile(path, "w") as archive:
        for file in files:
            for part in sorted(file.rglob("*")) if file.is_dir() else [file]:
                archive.write(part, below + str(part.relative_to(file.parent)))
    return path


def shapefile(folder: Path) -> list[Path]:
    folder.mkdir()
    villages().to_file(folder / "villages.shp", encoding="utf-8")
    return sorted(folder.iterdir())


def geodatabase(path: Path) -> Path:
    villages().to_file(path, driver="OpenFileGDB", layer="villages")
    return path


def flat_geodatabase(root: Path) -> Path:
    with zipfile.ZipFile(root / "flat.zip", "w") as archive:
        for part in geodatabase(root / "v.gdb").iterdir():
            archive.write(part, part.name)
    return root / "flat.zip"


def in_capitals(root: Path) -> Path:
    for part in shapefile(root / "shape"):
        shutil.copy(part, root / part.name.upper())
    return root / "VILLAGES.SHX"


def packed_geojson(root: Path) -> Path:
    villages().to_file(root / "v.geojson")
    (root / "v.geojson.gz").write_bytes(gzip.compress((root / "v.geojson").read_bytes()))
    return root / "v.geojson.gz"


def geojson_of_two_bytes_a_letter(root: Path) -> Path:
    villages().to_file(root / "v.geojson")
    (root / "v.geojson").write_bytes((root / "v.geojson").read_text("utf-8").encode("utf-16"))
    return root / "v.geojson"


def table(**columns: list[str]) -> pd.DataFrame:
    frame = villages()
    plain = pd.DataFrame(frame.drop(columns="geometry"))
    return plain.assign(lon=frame.geometry.x, lat=frame.geometry.y, **columns)


def table_in(driver: str, name: str) -> Callable[[Path], Path]:
    def made(root: Path) -> Path:
        pyogrio.write_dataframe(table(), root / name, driver=driver, layer="villages")
        return root / name

    return made


def table_in_parquet(root: Path) -> Path:
    table().to_parquet(root / "villages.parquet")
    return root / "villages.parquet"


def text_in(encoding: str, before: str = "") -> Callable[[Path], Path]:
    def made(root: Path) -> Path:
        text = before + table().to_csv(index=False, sep=";" if before else ",")
        (root / "villages.csv").write_bytes(text.encode(encoding))
        return root / "villages.csv"

    return made


MADE: dict[str, Callable[[Path], Path]] = {
    "a Shapefile in folders of a zip": lambda root: zipped(root / "v.zip", *shapefile(root / "shape"), below="x/y/"),
    "a zip in a zip": lambda root: zipped(root / "o.zip", zipped(root / "v.zip", *shapefile(root / "shape"))),
    "a zip called .shz": lambda root: zipped(root / "v.SHZ", *shapefile(root / "shape")),
    "a folder": lambda root: shapefile(root / "shape")[0].parent,
    "a Shapefile named by its index": lambda root: next(
        part for part in shapefile(root / "shape") if part.suffix == ".shx"
    ),
    "a Shapefile in capitals": in_capitals,
    "a File Geodatabase in a zip": lambda root: zipped(root / "v.gdb.zip", geodatabase(root / "v.gdb")),
    "a File Geodatabase without its folder": flat_geodatabase,
    "a File Geodatabase named by a part": lambda root: geodatabase(root / "v.gdb") / "a00000001.gdbtable",
    "a packed GeoJSON": packed_geojson,
    "a GeoJSON in UTF-16": geojson_of_two_bytes_a_letter,
    "an ODS in a zip": lambda root: zipped(root / "v.zip", table_in("ODS", "villages.ods")(root)),
    "a GeoPackage without geometry": table_in("GPKG", "villages.gpkg"),
    "a Parquet without geometry": table_in_parquet,
    "a text in UTF-16": text_in("utf-16"),
    "a text in UTF-32": text_in("utf-32"),
    "a text that says its separator": text_in("utf-16", before="sep=;\r\n"),
}


@pytest.mark.parametrize("kind", MADE)
def test_it_is_read_whatever_it_comes_in(tmp_path: Path, kind: str) -> None:
    frame, report = read(MADE[kind](tmp_path))
    assert list(frame["code"]) == ["v1", "v2", "v3"]
    assert list(frame["name_tg"]) == NAMES
    assert report.rejections == []


def test_text_of_two_bytes_a_letter_that_does_not_say_so_is_told_how_to_be_read(tmp_path: Path) -> None:
    for encoding in ("utf-16-le", "utf-16-be"):
        path = text_in(encoding)(tmp_path)
        with pytest.raises(DataRefused, match=rf"is in UTF-16 and does not say so; say --encoding {encoding}\."):
            read(path)
        assert list(read(path, Options(encoding=encoding))[0]["name_tg"]) == NAMES


@pytest.mark.parametrize(("encoding", "said"), [("cp1251", "windows-1251"), ("koi8-r", "KOI8-R"), ("utf-16", "UTF-16")])
def test_a_kml_is_read_in_the_encoding_it_says(tmp_path: Path, encoding: str, said: str) -> None:
    path = tmp_path / "doc.kml"
    path.write_bytes(KML.format(said).encode(encoding))
    assert list(read(path, DRAWN)[0]["name_en"]) == ["Файзабад"]
    assert list(read(zipped(tmp_path / "places.kmz", path), DRAWN)[0]["name_en"]) == ["Файзабад"]


def test_a_kml_that_is_not_in_the_encoding_it_says_is_no_damaged_file(tmp_path: Path) -> None:
    path = tmp_path / "doc.kml"
    path.write_bytes(KML.format("UTF-8").encode("cp1251"))
    with pytest.raises(DataRefused, match=r"doc\.kml is not UTF-8, as it says or leaves unsaid; say --encoding"):
        read(path, DRAWN)
    said = Options(assigned=DRAWN.assigned, key="digest", encoding="cp1251")
    assert list(read(path, said)[0]["name_en"]) == ["Файзабад"]


@pytest.mark.parametrize("place", ["bare", "zip", "zip in zip", "gz"])
def test_an_encoding_is_asked_for_and_obeyed_in_archives_too(tmp_path: Path, place: str) -> None:
    path = tmp_path / "villages.csv"
    path.write_bytes(table(name_ru=RUSSIAN).drop(columns="name_tg").to_csv(index=False).encode("cp1251"))
    if place == "gz":
        path = tmp_path / "villages.csv.gz"
        path.write_bytes(gzip.compress((tmp_path / "villages.csv").read_bytes()))
    elif place != "bare":
        path = zipped(tmp_path / "v.zip", path)
        path = path if place == "zip" else zipped(tmp_path / "w.zip", path)
    with pytest.raises(DataRefused, match=r"say --encoding cp1251.*In cp1251 it reads 'Гиссар'"):
        read(path)
    assert list(read(path, Options(encoding="cp1251"))[0]["name_ru"]) == RUSSIAN


def geojson(path: Path, *rows: Mapping[str, object]) -> Path:
    point = {"type": "Point", "coordinates": [70.29941431777651123456, 39.0]}
    features = [{"type": "Feature", "properties": {"name_en": "x", **row}, "geometry": point} for row in rows]
    path.write_text(json.dumps({"type": "FeatureCollection", "features": features}))
    return path


def test_whole_numbers_of_json_keep_every_digit(tmp_path: Path) -> None:
    keys = [2**63 - 1, 2**63, 2**64 - 1, 2**64, 10**19, -(2**63) - 1]
    frame, report = read(geojson(tmp_path / "v.geojson", *({"code": key} for key in keys)))
    assert sorted(frame["code"]) == sorted(map(str, keys))
    frame, report = read(geojson(tmp_path / "w.geojson", {"code": 'a "12345678901234567890"'}, {"code": 10**600}))
    assert [len(code) for code in frame["code"]] == [601, 24]
    frame, report = read(
        geojson(tmp_path / "x.geojson", {"code": "a", "population": 10**600}, {"code": "b", "population": 5})
    )
    assert list(frame["code"]) == ["b"]
    assert len(str(report.rejections[0])) < 150
    assert str(report.rejections[0]).endswith("…': expected a finite number")


def test_a_number_of_a_sheet_that_lost_digits_is_a_rejected_row(tmp_path: Path) -> None:
    book = Workbook()
    sheet = book.active
    assert sheet is not None
    for row in (("code", "name_en", "lon", "lat"), (12345678901234567890, "x", 70.9, 39.2), (7, "y", 70.9, 39.2)):
        sheet.append(row)
    sheet.append(("A-7", "z", 70.9, 39.2))
    book.save(tmp_path / "v.xlsx")
    frame, report = read(tmp_path / "v.xlsx")
    assert list(frame["code"]) == ["7", "A-7"]
    assert [item.reason for item in report.rejections] == [
        "has more digits than a number keeps; expected it as text, in quotes"
    ]


def test_numbers_of_parquet_keep_every_digit(tmp_path: Path) -> None:
    keys = [Decimal(10**30), Decimal(5)]
    place = {"name_en": ["a", "b"], "lon": [70.9, 70.5], "lat": [39.2, 39.1]}
    pq.write_table(pa.table({"code": pa.array(keys, pa.decimal128(38, 0)), **place}), tmp_path / "d.parquet")
    pq.write_table(pa.table({"code": pa.array([2**63 + 5, 2**64 - 1], pa.uint64()), **place}), tmp_path / "u.parquet")
    assert list(read(tmp_path / "d.parquet")[0]["code"]) == [str(10**30), "5"]
    assert list(read(tmp_path / "u.parquet")[0]["code"]) == ["18446744073709551615", "9223372036854775813"]


@pytest.mark.parametrize(
    "text", ['{"a": 1}', '{"type": "Topology", "objects": {}}', '{"features": [{"attributes": {"a": 1}}]}']
)
def test_json_of_another_kind_is_no_damaged_file(tmp_path: Path, text: str) -> None:
    path = tmp_path / "v.json"
    path.write_text(text)
    with pytest.raises(DataRefused, match=r"v\.json is JSON and no GeoJSON; expected a Feature or a FeatureColl"):
        read(path)
    path.write_text(text[:-1])
    with pytest.raises(DataRefused, match="it is cut short or damaged"):
        read(path)


def test_the_file_that_is_given_stays_as_it_is(tmp_path: Path) -> None:
    path = geojson(tmp_path / "v.geojson", {"code": 2**64})
    before = path.read_bytes()
    assert list(read(path)[0]["code"]) == [str(2**64)]
    assert path.read_bytes() == before


@pytest.mark.parametrize(
    ("written", "found"),
    [
        (r'"a\u0000b"', None),  # a null character, and what stands behind it
        (r'"a\\\u0000b"', None),
        (r'"a\\u0000b"', r"a\u0000b"),  # a backslash and letters
        (r'"a\\\\u0000b"', r"a\\u0000b"),
        (r'"\u0041"', "A"),
    ],
)
def test_a_null_character_of_json_rejects_its_row_and_is_not_where_the_text_ends(
    tmp_path: Path, written: str, found: str | None
) -> None:
    where = '"geometry":{{"type":"Point","coordinates":[70.9,39.2]}}'
    place = f'{{{{"type":"Feature","properties":{{{{"code":"{{}}","name_en":{{}}}}}},{where}}}}}'
    rows = ",".join((place.format("v1", written), place.format("v2", '"Hoit"')))
    path = tmp_path / "v.geojson"
    path.write_text(f'{{"type":"FeatureCollection","features":[{rows}]}}')
    frame, report = read(path)
    assert dict(zip(frame["code"], frame["name_en"], strict=True)) == {**({"v1": found} if found else {}), "v2": "Hoit"}
    assert [str(one) for one in report.rejections] == ([] if found else ["row 1 (v1), name_en: holds a null character"])
