"""Files of every format, and a folder of broken ones: the good rows load, the others are kept with their reason."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pyogrio
import pytest
import shapely
from sqlalchemy import Connection, func, select

from layers.catalogue import BY_NAME
from layers.catalogue.base import Layer
from layers.catalogue.land import Plot
from layers.errors import DataRefused, NotFound
from layers.loading import LoadReport, Options, check_file, load_file
from layers.loading.reading import open_source
from layers.records.loads import Load
from layers.settings import get_settings
from tests.worlds.village_files import WRITERS, villages, write_wkt

TOJIK = "Қабодиён ғӣқӯҳҷ ҒӢҚӮҲҶ"


def stored(connection: Connection, layer: type[Layer], *names: str) -> list[tuple[Any, ...]]:
    """Current rows, some attributes and the position of a point inside, by key."""
    columns = layer.__table__.c
    inside = [func.ST_X(func.ST_PointOnSurface(columns.geom)), func.ST_Y(func.ST_PointOnSurface(columns.geom))]
    rows = connection.execute(
        select(columns[layer.key], *(columns[name] for name in names), *inside)
        .where(columns.ended_by.is_(None))
        .order_by(columns[layer.key])
    )
    return [(*row[:-2], round(row[-2], 6), round(row[-1], 6)) for row in rows]


SETTLEMENTS, CANALS = BY_NAME["settlements"], BY_NAME["canals"]
VILLAGES = [
    ("v1", "Hoit", "Ҳоит", 70.9, 39.2),
    ("v2", "Qalai Labi Ob", "Қалъаи Лаби Об", 70.5, 39.1),
    ("v3", "Gharm", "Ғарм", 70.37, 39.02),
]


def load(connection: Connection, layer: str, path: Path, **options: Any) -> LoadReport:
    return load_file(connection, layer, path, Options(**options))


# --- formats


@pytest.mark.parametrize("name", WRITERS)
def test_every_format_gives_the_same_rows(connection: Connection, tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    WRITERS[name](villages(), path)
    assigned = {"name_en": "Name"} if name.endswith(".kml") else {}
    crs = "EPSG:4326" if name == "wkt.csv" else None
    report = load(connection, "settlements", path, assigned=assigned, crs=crs)
    assert (report.read, report.added, report.rejected) == (3, 3, 0)
    assert stored(connection, SETTLEMENTS, "name_en", "name_tg") == VILLAGES
    again = load(connection, "settlements", path, assigned=assigned, crs=crs)
    assert (again.unchanged, again.load_id) == (3, None)


def test_a_drawing_of_closed_lines_gives_plots(connection: Connection, tmp_path: Path) -> None:
    corners = [(700_000, 4_330_000), (700_100, 4_330_000), (700_100, 4_330_050), (700_000, 4_330_050)]
    rings = [shapely.LineString([(x, y + 100 * n) for x, y in [*corners, corners[0]]]) for n in range(3)]
    path = tmp_path / "plots.dxf"
    with pytest.warns(UserWarning, match="crs"):
        gpd.GeoDataFrame(geometry=[*rings, shapely.LineString(corners)]).to_file(path, driver="DXF")
    with pytest.raises(DataRefused, match=r"plots\.dxf has nothing for plot_id of plots; say .*--key"):
        load(connection, "plots", path)
    with pytest.raises(DataRefused, match=r"plots\.dxf does not say its CRS.*EPSG:32642"):
        load(connection, "plots", path, key="digest")
    report = load(connection, "plots", path, key="digest", crs="32642")
    assert (report.added, report.rejected, len(report.repairs)) == (3, 1, 3)
    assert report.rejections[0].reason == "is a LineString; expected a polygon"
    areas = connection.execute(select(Plot.area_ha)).scalars().all()
    assert areas == pytest.approx([0.5, 0.5, 0.5], rel=0.002)  # 100 x 50 m; the grid's own scale is 1.0001 there


def test_arcs_become_lines(connection: Connection, tmp_path: Path) -> None:
    source = tmp_path / "arcs.csv"
    source.write_text('id,WKT\nc1,"CURVEPOLYGON(CIRCULARSTRING(70 39,70.1 39.1,70.2 39,70.1 38.9,70 39))"\n')
    path = tmp_path / "arcs.gpkg"
    how = ["-a_srs", "EPSG:4326", "-nlt", "CURVEPOLYGON", "-oo", "GEOM_POSSIBLE_NAMES=WKT"]
    subprocess.run(["ogr2ogr", "-f", "GPKG", path, source, *how], check=True, capture_output=True)
    assert load(connection, "pastures", path, key="id").added == 1
    area = connection.execute(select(func.ST_Area(BY_NAME["pastures"].__table__.c.geom))).scalar_one()
    assert area == pytest.approx(np.pi * 0.1**2, rel=0.002)


def test_a_zipped_shapefile_and_one_table_of_several(connection: Connection, tmp_path: Path) -> None:
    folder = tmp_path / "shape"
    folder.mkdir()
    villages().to_file(folder / "villages.shp", encoding="utf-8")
    zipped = Path(shutil.make_archive(str(tmp_path / "villages"), "zip", folder))
    assert load(connection, "settlements", zipped).added == 3
    several = tmp_path / "several.gpkg"
    villages().to_file(several, layer="old")
    villages().to_file(several, layer="new")
    with pytest.raises(DataRefused, match=r"holds 2 tables \(old, new\); name one with --table, or all"):
        load(connection, "settlements", several)
    with pytest.raises(DataRefused, match="has no table newest; it has old, new"):
        load(connection, "settlements", several, table="newest")
    assert load(connection, "settlements", several, table="new").unchanged == 3
    both = load(connection, "settlements", several, table="*")
    assert (both.read, both.unchanged, both.repeated, both.ignored) == (6, 3, 3, ("table",))


# --- encodings


def shapefile_in(path: Path, encoding: str, *, says: str | None) -> Path:
    """A Shapefile whose text is in some encoding and which does or does not say so."""
    raw = villages(name_tg=[TOJIK, "Рашт", "Вахш"])
    raw["name_tg"] = [name.encode(encoding, errors="replace").decode("latin-1") for name in raw["name_tg"]]
    raw.to_file(path, encoding="iso-8859-1")
    path.with_suffix(".cpg").unlink()
    with path.with_suffix(".dbf").open("r+b") as table:
        table.seek(29)
        table.write(b"\x00")
    if says is not None:
        path.with_suffix(".cpg").write_text(says)
    return path


def test_an_old_dbf_that_does_not_say_its_encoding_is_refused_with_row_field_and_a_guess(
    connection: Connection, tmp_path: Path
) -> None:
    path = shapefile_in(tmp_path / "villages.shp", "cp1251", says=None)
    with pytest.raises(DataRefused) as refusal:
        load(connection, "settlements", path)
    assert "villages.shp row 1, name_tg: the text is not UTF-8" in str(refusal.value)
    assert "--encoding cp1251" in str(refusal.value)
    report = load(connection, "settlements", path, encoding="cp1251")
    assert report.added == 3
    assert stored(connection, SETTLEMENTS, "name_tg")[1][1] == "Рашт"


def test_an_encoding_that_a_shapefile_declares_is_used(connection: Connection, tmp_path: Path) -> None:
    report = load(connection, "settlements", shapefile_in(tmp_path / "villages.shp", "koi8_t", says="KOI8-T"))
    assert stored(connection, SETTLEMENTS, "name_tg")[0][1] == TOJIK
    assert report.notes[0] == "Text is read as koi8-t, as the file says."


def as_typed_with_a_tajik_font(text: str) -> str:
    return text.translate(str.maketrans("ғӣқӯҳҷҒӢҚӮҲҶ", "ѓїќўњљЃЇЌЎЊЉ"))


def test_text_typed_with_a_tajik_font_is_put_right(connection: Connection, tmp_path: Path) -> None:
    raw = villages(name_tg=[as_typed_with_a_tajik_font(TOJIK), "Љилликўл", "Вахш"])
    raw["name_tg"] = [name.encode("cp1251").decode("latin-1") for name in raw["name_tg"]]
    path = tmp_path / "villages.shp"
    raw.to_file(path, encoding="iso-8859-1")
    load(connection, "settlements", path, encoding="tajik-font")
    assert [row[1] for row in stored(connection, SETTLEMENTS, "name_tg")] == [TOJIK, "Ҷилликӯл", "Вахш"]


def test_font_letters_in_a_utf8_file_are_put_right_too_and_others_can_be_told(
    connection: Connection, tmp_path: Path
) -> None:
    path = tmp_path / "villages.gpkg"
    villages(name_tg=["Љилликўл", "Панљ", "a"]).to_file(path)
    load(connection, "settlements", path, encoding="tajik-font")
    assert [row[1] for row in stored(connection, SETTLEMENTS, "name_tg")] == ["Ҷилликӯл", "Панҷ", "a"]
    mapping = tmp_path / "villages.toml"
    fields = "\n".join(f'{name} = "{name}"' for name in ("code", "name_en", "name_tg"))
    mapping.write_text(f'layer = "settlements"\nletters = {{ "a" = "ҳ" }}\n[fields]\n{fields}\n')
    load(connection, "settlements", path, mapping=mapping, mode="update")
    assert [row[1] for row in stored(connection, SETTLEMENTS, "name_tg")] == ["Љилликўл", "Панљ", "ҳ"]


def test_a_csv_with_a_wrong_byte_names_row_and_column(connection: Connection, tmp_path: Path) -> None:
    path = tmp_path / "villages.csv"
    path.write_bytes(b"code,name_en,lon,lat\nv1,Hoit,70.9,39.2\nv2," + "Рашт".encode("cp1251") + b",70.5,39.1\n")
    with pytest.raises(DataRefused, match=r"villages\.csv row 2, name_en: the text is not UTF-8.*cp1251.*'Рашт'"):
        load(connection, "settlements", path)
    assert load(connection, "settlements", path, encoding="cp1251").added == 2
    with pytest.raises(DataRefused, match="There is no encoding klingon"):
        load(connection, "settlements", path, encoding="klingon")


def test_a_geojson_with_wrong_bytes_names_row_and_field(connection: Connection, tmp_path: Path) -> None:
    path = tmp_path / "villages.geojson"
    villages().to_file(path)
    path.write_bytes(path.read_bytes().replace("Ғарм".encode(), "Рашт".encode("cp1251")))
    savepoint = connection.begin_nested()
    report = load(connection, "settlements", path)
    assert (report.added, report.rejected) == (2, 1)
    assert "row 3 (v3), name_tg is" in str(report.rejections[0])
    savepoint.rollback()
    path.write_bytes(path.read_bytes().replace("Ҳоит".encode(), "Рашт".encode("cp1251")))
    with pytest.raises(DataRefused, match=r"villages\.geojson row 1, name_tg: the text is not UTF-8"):
        load(connection, "settlements", path)
    load(connection, "settlements", path, encoding="cp1251")
    assert [row[1] for row in stored(connection, SETTLEMENTS, "name_tg")] == ["Рашт", "Қалъаи Лаби Об", "Рашт"]


# --- broken files


@pytest.mark.parametrize(
    "name", ["villages.gpkg", "villages.fgb", "villages.geojson", "villages.parquet", "villages.xlsx"]
)
@pytest.mark.parametrize("share", [0.05, 0.5, 0.9, 0.99])
def test_a_truncated_file_is_refused_whole_or_was_whole(
    connection: Connection, tmp_path: Path, name: str, share: float
) -> None:
    path = tmp_path / name
    many = gpd.GeoDataFrame(pd.concat([villages()] * 200, ignore_index=True), crs=4326)
    many["code"] = [f"v{number}" for number in range(len(many))]
    WRITERS[name](many, path)
    whole = path.read_bytes()
    path.write_bytes(whole[: int(len(whole) * share)])
    with pytest.raises(DataRefused) as refusal:
        load(connection, "settlements", path)
    assert str(refusal.value).startswith(name)
    assert "\n" not in str(refusal.value)
    assert str(tmp_path) not in str(refusal.value)
    assert stored(connection, SETTLEMENTS) == []


@pytest.mark.parametrize("suffix", [".shp", ".shx", ".dbf"])
def test_a_shapefile_cut_short_or_without_a_part_is_refused(
    connection: Connection, tmp_path: Path, suffix: str
) -> None:
    path = tmp_path / "villages.shp"
    villages().to_file(path)
    part = path.with_suffix(suffix)
    part.write_bytes(part.read_bytes()[:-20])
    with pytest.raises(DataRefused, match=rf"villages\{suffix} is cut short: \d+ bytes of \d+"):
        load(connection, "settlements", path)
    part.unlink()
    with pytest.raises((DataRefused, NotFound), match=rf"lacks its \{suffix} file|There is no file"):
        load(connection, "settlements", path)


def test_a_shapefile_without_a_prj_is_refused_unless_the_crs_is_said(connection: Connection, tmp_path: Path) -> None:
    path = tmp_path / "villages.shp"
    villages().to_crs(28412).to_file(path, encoding="utf-8")
    prj = path.with_suffix(".prj").rename(tmp_path / "kept.prj")
    with pytest.raises(DataRefused, match=r"villages\.shp does not say its CRS; say --crs\."):
        load(connection, "settlements", path)
    report = load(connection, "settlements", path, crs=str(prj))
    assert report.transformation is not None
    assert "Pulkovo 1942 to WGS 84 (16)" in report.transformation.name
    assert report.transformation.accuracy_m == 4.5
    assert report.transformation.shift_m == pytest.approx(61.7, abs=0.3)
    assert stored(connection, SETTLEMENTS, "name_en", "name_tg") == VILLAGES  # there and back by the same way


def test_files_that_are_no_files(connection: Connection, tmp_path: Path) -> None:
    (tmp_path / "empty.csv").write_bytes(b"")
    (tmp_path / "text.gpkg").write_text("This is no GeoPackage.")
    (tmp_path / "book.xlsx").write_text("This is no workbook.")
    (tmp_path / "twice.csv").write_text("code,name_en,name_en,lon,lat\nv1,a,b,70.9,39.2\n")
    (tmp_path / "plain.csv").write_text("code,name_en\nv1,Hoit\n")
    for name, why in (
        ("none.gpkg", "There is no file none.gpkg."),
        ("empty.csv", "empty.csv is empty."),
        ("text.gpkg", "text.gpkg cannot be opened"),
        ("book.xlsx", "book.xlsx cannot be opened"),
        ("twice.csv", "twice.csv has more than one column named name_en."),
        ("plain.csv", "plain.csv has no positions; settlements needs them"),
    ):
        with pytest.raises((DataRefused, NotFound)) as refusal:
            load(connection, "settlements", tmp_path / name)
        assert str(refusal.value).startswith(why)


def rejected_rows(report: LoadReport) -> pd.DataFrame:
    """The file of rejected rows."""
    assert report.rejects_file is not None
    path = Path(report.rejects_file)
    return pd.read_csv(path, encoding="utf-8-sig") if path.suffix == ".csv" else gpd.read_file(path)


def test_one_bad_line_is_one_rejected_row(connection: Connection, tmp_path: Path) -> None:
    path = tmp_path / "villages.csv"
    lines = [
        b"code,name_en,name_tg,lon,lat",
        'v1,"Hoit, ""the old""\nvillage",Ҳоит,70.9,39.2'.encode(),
        b"v2,too,many,70.9,39.2,cells",
        'v3,"never closed,Ғарм,70.9,39.2'.encode(),
        b"v4,other encoding," + "Рашт".encode("cp1251") + b",70.9,39.2",
        b"v5,holds\0nothing,x,70.9,39.2",
        "v6,Gharm,Ғарм,70.37,39.02".encode(),
    ]
    path.write_bytes(b"\n".join(lines))  # and the last line does not end
    report = load(connection, "settlements", path)
    assert (report.read, report.added, report.rejected) == (6, 2, 4)
    assert [row[:2] for row in stored(connection, SETTLEMENTS, "name_en")] == [
        ("v1", 'Hoit, "the old"\nvillage'),
        ("v6", "Gharm"),
    ]
    assert [(item.row, item.reason) for item in report.rejections] == [
        (2, "has 6 cells, the heading 5; a cell that holds the separator needs quotes"),
        (3, "a quote is opened and not closed, or stands within a cell"),
        (4, "the text is not utf-8"),
        (5, "holds a NUL byte, which is no text"),
    ]
    kept = rejected_rows(report)
    assert list(kept["rejected_row"]) == [2, 3, 4, 5]
    assert list(kept["rejected_text"])[:3] == [
        "v2,too,many,70.9,39.2,cells",
        'v3,"never closed,Ғарм,70.9,39.2',
        r"v4,other encoding,\xd0\xe0\xf8\xf2,70.9,39.2",
    ]


def test_a_cell_cut_within_a_letter_is_one_rejected_row(connection: Connection, tmp_path: Path) -> None:
    path = tmp_path / "villages.shp"
    villages(name_tg=["Қ" * 5, "Рашт", "Вахш"]).to_file(path, encoding="utf-8")
    table = path.with_suffix(".dbf")
    table.write_bytes(table.read_bytes().replace(("Қ" * 5).encode(), ("Қ" * 4).encode() + b"\xd2 "))
    report = load(connection, "settlements", path)
    assert (report.added, report.rejected) == (2, 1)
    assert str(report.rejections[0]).endswith("the text is not utf-8, or is cut within a letter")
    assert list(rejected_rows(report)["name_tg"]) == [r"ҚҚҚҚ\xd2"]


def test_tables_as_excel_writes_them(connection: Connection, tmp_path: Path) -> None:
    text = "code;name_en;name_tg;lon;lat\r\n" + "".join(
        f"{code};{english};{tajik};{str(lon).replace('.', ',')};{lat}\r\n"
        for code, english, tajik, lon, lat in VILLAGES
    )
    for content, encoding in (
        (b"\xff\xfe" + text.encode("utf-16-le"), None),
        (b"\xfe\xff" + text.encode("utf-16-be"), None),
        (text.encode("utf-16-le"), "utf-16-le"),
        (text.encode("utf-16"), "utf-16"),
        (("sep=;\r\n" + text).encode(), None),
        (("\ufeffsep=;\r\n" + text).encode(), None),
    ):
        path = tmp_path / "villages.csv"
        path.write_bytes(content)
        savepoint = connection.begin_nested()
        assert load(connection, "settlements", path, encoding=encoding).added == 3
        assert stored(connection, SETTLEMENTS, "name_en", "name_tg") == VILLAGES
        savepoint.rollback()


def test_a_zipped_shapefile_is_held_to_its_encoding_too(connection: Connection, tmp_path: Path) -> None:
    folder = tmp_path / "shape"
    folder.mkdir()
    path = shapefile_in(folder / "villages.shp", "cp1251", says=None)
    zipped = Path(shutil.make_archive(str(tmp_path / "villages"), "zip", folder))
    for given in (zipped, path.with_suffix(".shx"), folder):
        with pytest.raises(DataRefused, match=r"row 1, name_tg: the text is not UTF-8.*--encoding cp1251"):
            load(connection, "settlements", given)
        savepoint = connection.begin_nested()
        load(connection, "settlements", given, encoding="cp1251")
        assert stored(connection, SETTLEMENTS, "name_tg")[1][1] == "Рашт"
        savepoint.rollback()


def test_a_date_keeps_the_day_the_file_writes(connection: Connection, tmp_path: Path) -> None:
    written = ("2024-02-01T00:00:00+05:00", "2024-02-01T23:00:00+05:00", "2024-02-01T23:00:00-08:00")
    features = [
        {
            "type": "Feature",
            "properties": {"code": f"h{n}", "process": "flood", "source_class": "expert", "mapped_on": text},
            "geometry": shapely.geometry.mapping(shapely.box(70.9, 39.2, 70.91, 39.21)),
        }
        for n, text in enumerate(written)
    ]
    path = tmp_path / "extents.geojson"
    path.write_text(json.dumps({"type": "FeatureCollection", "features": features}))
    packed = tmp_path / "extents.gpkg"
    subprocess.run(["ogr2ogr", packed, path], check=True, capture_output=True)
    extents = BY_NAME["hazard_extents"].__table__.c
    for given in (path, packed):
        savepoint = connection.begin_nested()
        assert load(connection, "hazard_extents", given).added == 3
        days = connection.execute(select(extents.mapped_on).where(extents.ended_by.is_(None))).scalars().all()
        assert [str(day) for day in days] == ["2024-02-01"] * 3
        savepoint.rollback()


def test_a_geometry_of_too_many_vertices_is_a_rejected_row(
    connection: Connection, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "pastures.gpkg"
    shapes = [shapely.Point(70.5, 39).buffer(0.1, quad_segs=segments) for segments in (2, 40)]
    gpd.GeoDataFrame({"code": ["round", "rounder"]}, geometry=shapes, crs=4326).to_file(path)
    monkeypatch.setattr(get_settings(), "file_vertices", 100)
    report = load(connection, "pastures", path)
    assert (report.added, report.rejected) == (1, 1)
    assert report.rejections[0].reason == "has more than 100 vertices, the most that OBOD_FILE_VERTICES allows"


def test_a_sheet_of_open_document_has_positions(connection: Connection, tmp_path: Path) -> None:
    path = tmp_path / "villages.ods"
    frame = villages()
    plain = pd.DataFrame(frame.drop(columns="geometry")).assign(lon=frame.geometry.x, lat=frame.geometry.y)
    pyogrio.write_dataframe(plain, path, driver="ODS", layer="villages")
    load(connection, "settlements", path)
    assert stored(connection, SETTLEMENTS, "name_en", "name_tg") == VILLAGES


def test_a_geoparquet_that_says_its_geometry_in_the_file_alone_is_read(connection: Connection, tmp_path: Path) -> None:
    path = tmp_path / "villages.parquet"
    villages().to_parquet(path)
    table = pq.read_table(path)
    geo = table.schema.metadata[b"geo"]
    with pq.ParquetWriter(path, table.schema.remove_metadata()) as out:
        out.write_table(table.replace_schema_metadata(None))
        out.add_key_value_metadata({"geo": geo.decode()})
    assert load(connection, "settlements", path).added == 3


def test_a_file_without_rows_loads_nothing_and_says_so(connection: Connection, tmp_path: Path) -> None:
    for name in ("none.gpkg", "none.csv", "none.parquet"):
        path = tmp_path / name
        if name.endswith(".csv"):
            path.write_text("code,name_en,lon,lat\n")
        elif name.endswith(".parquet"):
            villages().iloc[:0].to_parquet(path)
        else:
            villages().iloc[:0].to_file(path)
        report = load(connection, "settlements", path)
        assert (report.read, report.load_id) == (0, None)
        assert "The file has no rows." in report.notes


def test_swapped_axes_are_refused_or_put_right_as_asked(connection: Connection, tmp_path: Path) -> None:
    path = tmp_path / "villages.gpkg"
    turned = villages()
    turned["geometry"] = shapely.points(turned.geometry.y, turned.geometry.x)
    turned.to_file(path)
    with pytest.raises(DataRefused, match="has x and y the wrong way round"):
        load(connection, "settlements", path)
    report = load(connection, "settlements", path, swap_axes=True)
    assert "x and y were exchanged, as asked." in report.notes
    assert stored(connection, SETTLEMENTS, "name_en", "name_tg") == VILLAGES


# --- rejected rows


def broken_canals() -> gpd.GeoDataFrame:
    """Seven reaches, two of them good."""
    lines = [
        shapely.LineString([(70, 39), (70.1, 39.1)]),
        shapely.MultiLineString([[(70, 39), (70.1, 39.1)], [(70.2, 39.2), (70.3, 39.3)]]),
        shapely.Point(70, 39),
        None,
        shapely.LineString([(10, 50), (11, 51)]),
        shapely.LineString([(70, 39), (70.2, 39.1)]),
        shapely.LineString([(70, 39), (70.3, 39.1)]),
    ]
    return gpd.GeoDataFrame(
        {
            "REACH": ["r1", "r2", "r3", "r4", "r5", "same", "same"],
            "COND": ["1", "9", "2", "3", "2", "2", "3"],
            "FLOW": ["yes"] * 7,
            "note": ["Канали калон", *"bcdefg"],
        },
        geometry=lines,
        crs=4326,
    )


REACHES: dict[str, Any] = {"key": "REACH", "assigned": {"condition": "COND", "flow_known": "FLOW"}}


def test_good_rows_load_and_the_others_are_kept_whole_with_their_reasons(
    connection: Connection, tmp_path: Path
) -> None:
    path = tmp_path / "canals.gpkg"
    frame = broken_canals().to_crs(32642)
    frame.to_file(path)
    report = load(connection, "canals", path, **REACHES)
    assert (report.read, report.added, report.rejected) == (7, 1, 6)
    assert [row[0] for row in stored(connection, CANALS)] == ["r1"]
    assert report.ignored == ("note",)
    assert sorted(str(rejection).split(":")[0] for rejection in report.rejections) == [
        "row 2 (r2), condition is '9'",
        "row 3 (r3)",
        "row 4 (r4)",
        "row 5 (r5)",
        "row 6 (same), code is 'same'",
        "row 7 (same), code is 'same'",
    ]
    load_row = connection.execute(select(Load.rejected).where(Load.load_id == report.load_id)).scalar_one()
    assert load_row == 6

    assert report.rejects_file is not None
    kept = pyogrio.read_dataframe(report.rejects_file)
    assert kept.crs == frame.crs
    assert list(kept["rejected_row"]) == [2, 3, 4, 5, 6, 7]
    assert kept["rejected_because"][0] == "condition: expected 1 to 5"
    original = frame.iloc[1:].reset_index(drop=True)
    for column in ("REACH", "COND", "FLOW", "note"):
        assert list(kept[column]) == list(original[column])
    for before, after in zip(original.geometry, kept.geometry, strict=True):
        assert (before is None and after is None) or shapely.equals_exact(before, after, 0)


def test_the_kept_rows_put_right_can_be_loaded_from_that_file(connection: Connection, tmp_path: Path) -> None:
    path = tmp_path / "canals.gpkg"
    broken_canals().to_file(path)
    first = load(connection, "canals", path, **REACHES)
    assert first.rejects_file is not None
    mended = pyogrio.read_dataframe(first.rejects_file).iloc[[0]]
    mended["COND"] = "4"
    again = tmp_path / "mended.gpkg"
    mended.to_file(again)
    assert load(connection, "canals", again, **REACHES).added == 1
    assert [row[0] for row in stored(connection, CANALS)] == ["r1", "r2"]


def test_rows_of_a_table_that_cannot_be_placed_are_kept_as_text(connection: Connection, tmp_path: Path) -> None:
    path = tmp_path / "villages.csv"
    path.write_text(
        "code,name_en,lon,lat,extra\nv1,Hoit,70.9,39.2,x\nv2,Nowhere,,,y\nv3,Odd,seventy,39,z\nv4,Far,7.09,39.2,\n"
    )
    report = load(connection, "settlements", path)
    assert report.added == 1
    assert [str(rejection) for rejection in report.rejections] == [
        "row 2 (v2): has no geometry",
        "row 3 (v3), lon is 'seventy': expected a number",
        "row 4 (v4): lies at 7.0900..7.0900 E, 39.2000..39.2000 N; expected a place in or near Tajikistan "
        "(66.4-76.1 E, 35.9-41.85 N)",
    ]
    assert report.rejects_file is not None
    kept = pyogrio.read_dataframe(report.rejects_file)
    assert list(kept["extra"].fillna("")) == ["y", "z", ""]
    assert list(kept["lon"].fillna("")) == ["", "seventy", "7.09"]


def test_rejected_rows_lie_where_the_user_says_they_lie(connection: Connection, tmp_path: Path) -> None:
    path = tmp_path / "villages.csv"
    path.write_text("code,name_en,WKT\nv1,Hoit,POINT (70.9 39.2)\nv2,,POINT (70.5 39.1)\n")
    kept = rejected_rows(load(connection, "settlements", path, crs="4326"))
    assert kept.crs == "EPSG:4326"
    assert kept.geometry.iloc[0] == shapely.Point(70.5, 39.1)


def test_a_row_whose_replacement_is_rejected_stays_as_it_was(connection: Connection, tmp_path: Path) -> None:
    path = tmp_path / "canals.gpkg"
    good = broken_canals().iloc[:2].assign(COND=["1", "2"])
    good.to_file(path)
    load(connection, "canals", path, **REACHES)
    good.assign(COND=["1", "9"]).to_file(path)
    report = load(connection, "canals", path, mode="replace", **REACHES)
    assert (report.ended, report.rejected, report.unchanged) == (0, 1, 1)
    assert [row[:2] for row in stored(connection, CANALS, "condition")] == [("r1", 1), ("r2", 2)]


def test_clashing_keys_are_all_rejected_and_leave_what_was_there(connection: Connection, tmp_path: Path) -> None:
    path = tmp_path / "canals.gpkg"
    broken_canals().iloc[[5]].to_file(path)
    load(connection, "canals", path, **REACHES)
    broken_canals().iloc[[0, 6, 5]].to_file(path)
    report = load(connection, "canals", path, mode="update", **REACHES)
    assert (report.added, report.changed, report.rejected, report.unchanged) == (1, 0, 2, 0)
    assert [row[:2] for row in stored(connection, CANALS, "condition")] == [("r1", 1), ("same", 2)]


def test_a_check_says_the_same_and_stores_nothing(connection: Connection, tmp_path: Path) -> None:
    path = tmp_path / "canals.gpkg"
    broken_canals().to_file(path)
    options = Options(**REACHES)
    before = connection.execute(select(func.count()).select_from(Load)).scalar_one()
    checked = check_file(connection, "canals", path, options)
    assert (checked.kind, checked.load_id) == ("check", None)
    assert stored(connection, CANALS) == []
    assert connection.execute(select(func.count()).select_from(Load)).scalar_one() == before
    loaded = load_file(connection, "canals", path, options)
    assert (checked.added, checked.rejections) == (loaded.added, loaded.rejections)


def test_columns_that_are_missing_or_unknown_are_named(connection: Connection, tmp_path: Path) -> None:
    path = tmp_path / "canals.gpkg"
    broken_canals().to_file(path)
    with pytest.raises(DataRefused) as refusal:
        load(connection, "canals", path, key="REACH")
    assert str(refusal.value) == (
        "canals.gpkg has nothing for flow_known of canals; say --map field=column, or a mapping file. "
        "Its columns are REACH, COND, FLOW, note."
    )
    with pytest.raises(DataRefused, match=r"canals\.gpkg has no column STATE; it has REACH, COND, FLOW, note\."):
        load(connection, "canals", path, key="REACH", assigned={"flow_known": "STATE"})
    with pytest.raises(DataRefused, match="canals has no field depth; its fields are code, canal"):
        load(connection, "canals", path, key="REACH", assigned={"depth": "COND"})


def test_a_file_is_read_in_chunks_with_the_same_result(
    connection: Connection, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Keys that clash across chunks are found, row numbers run on, and nothing depends on the size of a chunk."""
    whole = pd.concat([broken_canals()] * 3, ignore_index=True)
    whole["REACH"] = [f"{name}-{number // 7}" for number, name in enumerate(whole["REACH"])]
    whole.loc[20, ["REACH", "COND"]] = ["r1-0", "5"]  # clashes with the first row, two chunks away
    for name in ("canals.gpkg", "canals.csv", "canals.parquet"):
        path = tmp_path / name
        frame = gpd.GeoDataFrame(whole, crs=4326)
        if name.endswith(".csv"):
            write_wkt(frame, path)
        elif name.endswith(".parquet"):
            frame.to_parquet(path)
        else:
            frame.to_file(path)
        reports = []
        for size in (50_000, 4):
            for module in ("isolation", "tables"):
                monkeypatch.setattr(f"layers.loading.{module}.CHUNK", size)
            savepoint = connection.begin_nested()
            report = load(connection, "canals", path, crs="4326", **REACHES)
            reports.append((report.added, sorted(map(str, report.rejections)), stored(connection, CANALS)))
            savepoint.rollback()
        assert reports[0] == reports[1]
        assert "row 21 (r1-0), code is 'r1-0': the key stands in more than one row" in str(reports[1][1])
        chunks = list(open_source(path).chunks())
        assert [len(chunk.rows) for chunk in chunks] == [4, 4, 4, 4, 4, 1]


def test_a_second_load_waits_and_a_failed_one_leaves_no_trace(connection: Connection, tmp_path: Path) -> None:
    path = tmp_path / "villages.gpkg"
    villages().to_file(path)
    load(connection, "settlements", path)
    villages(population=[1, 2, 3]).to_file(path)
    loads = connection.execute(select(func.count()).select_from(Load)).scalar_one()
    with pytest.raises(DataRefused, match=r"3 rows differ .* \(v1, v2, v3\); nothing was loaded\. Use --mode update"):
        load(connection, "settlements", path)
    assert connection.execute(select(func.count()).select_from(Load)).scalar_one() == loads
    assert load(connection, "settlements", path, mode="update").changed == 3
