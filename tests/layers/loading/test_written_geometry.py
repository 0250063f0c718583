"""Geometry in cells as PostGIS writes it; PostGIS itself and bytes typed by hand say what each is."""

from __future__ import annotations

import json
import struct
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import shapely
from sqlalchemy import Connection, text

from layers.errors import DataRefused
from layers.loading import Options, check_file
from layers.loading.reading import open_source
from layers.loading.written_geometry import read_written, srid_of

NO_GEOMETRY = "is no geometry in WKT, nor the hexadecimal digits of WKB"
PLAIN = "010100000000000000008051400000000000804340"  # POINT (70 39), small end first
NUMBERED = "0101000020E610000000000000008051400000000000804340"  # the same, of EPSG:4326
BIG_END = "0020000001000010E640518000000000004043800000000000"  # the same, big end first
GROUND = (
    "POINT(70.5 39)",
    "LINESTRING(70 39,70.1 39.1)",
    "MULTILINESTRING((70 39,70.1 39.1),(71 39,71.1 39))",
    "POLYGON((70 39,70.01 39,70.01 39.01,70 39),(70.005 39.001,70.008 39.002,70.007 39.005,70.005 39.001))",
    "MULTIPOLYGON(((70 39,70.01 39,70.01 39.01,70 39)),((71 39,71.01 39,71.01 39.01,71 39)))",
    "GEOMETRYCOLLECTION(POINT(70 39))",
)


@pytest.mark.parametrize("written", ["ST_AsEWKT({})", "ST_AsText({})", "({})::text", "encode(ST_AsBinary({}), 'hex')"])
@pytest.mark.parametrize("format_", ["csv", "parquet"])
def test_what_postgis_writes_is_read_back(connection: Connection, tmp_path: Path, written: str, format_: str) -> None:
    column = written.format("ST_GeomFromText(wkt, 4326)")
    rows = connection.execute(
        text(f"SELECT wkt, {column} FROM unnest(CAST(:given AS text[])) wkt"), {"given": list(GROUND)}
    ).all()
    path = tmp_path / f"ground.{format_}"
    if format_ == "csv":
        path.write_text("code,geom\n" + "".join(f'v{number},"{cell}"\n' for number, (_, cell) in enumerate(rows)))
    else:
        codes = [f"v{number}" for number in range(len(rows))]
        pq.write_table(pa.table({"code": codes, "geom": [cell for _, cell in rows]}), path)
    source = open_source(path)
    assert (source.crs is None) == ("SRID" not in rows[0][1] and "::" not in written)
    assert source.crs is None or source.crs.to_epsg() == 4326
    [chunk] = source.chunks()
    assert chunk.unreadable == []
    assert chunk.shapes is not None
    assert [shapely.to_wkt(found) for found in chunk.shapes.objects()] == [
        shapely.to_wkt(shapely.from_wkt(wkt)) for wkt, _ in rows
    ]


@pytest.mark.parametrize("written", [PLAIN, NUMBERED, BIG_END, rf" \x{NUMBERED.lower()} ", f"0x{PLAIN}"])
def test_digits_are_the_bytes_of_a_point(written: str) -> None:
    shapes, faults = read_written([written], "geom", 4326)
    assert faults == []
    assert shapely.to_wkt(shapes.objects()[0]) == "POINT (70 39)"


@pytest.mark.parametrize(
    ("written", "number"),
    [
        (NUMBERED, 4326),
        (BIG_END, 4326),
        (PLAIN, None),
        ("srid = 32642 ; POINT(1 2)", 32642),
        ("SRID=0;POINT(1 2)", None),
        ("POINT(1 2)", None),
        ("01", None),
        ("0101000020", None),  # says a number and ends
    ],
)
def test_the_number_of_a_crs_is_the_one_written(written: str, number: int | None) -> None:
    assert srid_of(written) == number


def test_a_wrong_cell_is_a_wrong_row() -> None:
    arc = struct.pack("<BIIdddddd", 1, 8, 3, 70.0, 39.0, 70.1, 39.1, 70.2, 39.0).hex()
    deep = (struct.pack("<BII", 1, 7, 1) * 100 + bytes.fromhex(PLAIN)).hex()
    cells = [
        NUMBERED,
        NUMBERED[:-2],
        "SRID=32642;POINT(500000 4300000)",
        arc,
        "SRID=4326;CIRCULARSTRING(70 39,70.1 39.1,70.2 39)",
        deep,
        "0102",
        "SRID=4326;",
        None,
        "POINT(70 39)",
    ]
    shapes, faults = read_written(cells, "geom", 4326)
    assert [(fault.position, fault.field, fault.value, fault.reason) for fault in faults] == [
        (1, "geom", cells[1], NO_GEOMETRY),
        (2, "geom", cells[2], "is in EPSG:32642, the first geometry in EPSG:4326; expected one CRS in a file"),
        (3, "geom", cells[3], "has arcs; expected straight lines"),
        (4, "geom", cells[4], "has arcs; expected straight lines"),
        (5, "geom", cells[5], NO_GEOMETRY),
        (6, "geom", cells[6], NO_GEOMETRY),
        (7, "geom", cells[7], NO_GEOMETRY),
    ]
    assert shapes.missing().tolist() == [False, *[True] * 8, False]


def test_a_number_after_rows_without_one_is_a_fault_of_its_row() -> None:
    _, faults = read_written(["POINT(70 39)", NUMBERED], "geom", None)
    assert [(fault.position, fault.reason) for fault in faults] == [
        (1, "is in EPSG:4326, the first geometry names no CRS; expected one CRS in a file")
    ]


def test_a_crs_that_a_geometry_names_needs_no_other_word(connection: Connection, tmp_path: Path) -> None:
    path = tmp_path / "villages.csv"
    metres = "SRID=32642;POINT(586592 4317252)"  # 70 E 39 N by PROJ's cs2cs
    path.write_text(f"code,name_en,geom\nv1,Deh,{metres}\n")
    report = check_file(connection, "settlements", path, Options())
    assert report.rejections == []
    assert report.transformation is not None
    assert report.transformation.crs == "EPSG:32642 (WGS 84 / UTM zone 42N)"
    path.write_text("code,name_en,geom\nv1,Deh,SRID=900914;POINT(586592 4317252)\n")
    with pytest.raises(DataRefused, match=r"^villages\.csv does not say its CRS; say --crs\."):
        check_file(connection, "settlements", path, Options())


def test_arcs_in_geoparquet_cost_their_own_row_only(tmp_path: Path) -> None:
    arc = struct.pack("<BIIdddddd", 1, 8, 3, 70.0, 39.0, 70.1, 39.1, 70.2, 39.0)
    about = {"version": "1.0.0", "primary_column": "geometry"}
    about["columns"] = {"geometry": {"encoding": "WKB", "geometry_types": []}}  # type: ignore[assignment]
    wkb = [bytes.fromhex(PLAIN), arc, None]
    table = pa.table({"code": ["a", "b", "c"], "geometry": wkb})
    path = tmp_path / "arcs.parquet"
    pq.write_table(table.replace_schema_metadata({"geo": json.dumps(about)}), path)
    [chunk] = open_source(path).chunks()
    assert [(fault.position, fault.reason) for fault in chunk.unreadable] == [(1, "has arcs; expected straight lines")]
    assert chunk.shapes is not None
    assert chunk.shapes.missing().tolist() == [False, True, True]
    assert shapely.to_wkt(chunk.shapes.objects()[0]) == "POINT (70 39)"
