"""Files and words that make ``obod layer`` and ``score-files`` say all they can say.

Each provocation gives what is said in words of its own, so that a sentence that is changed is read again.
"""

from __future__ import annotations

import io
import json
import os
import sqlite3
import struct
import warnings
import zipfile
from collections.abc import Callable, Mapping
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import rasterio
import shapely
from affine import Affine
from openpyxl import Workbook

Content = bytes | str | Callable[[Path], object]

CHECK, LOAD, SCORE = ("layer", "check"), ("layer", "load"), ("score-files", "--plots")


@dataclass(frozen=True)
class Provocation:
    """What makes a command say something.

    said : a part of it, … for what differs. words : of the command, {d} is the folder of the files.
    before : commands that succeed first. damaged : the file is cut short or damaged.
    settings : of the environment. patches : of constants of modules.
    """

    said: str
    words: tuple[str, ...]
    files: Mapping[str, Content] = field(default_factory=dict)
    before: tuple[tuple[str, ...], ...] = ()
    damaged: bool = False
    settings: Mapping[str, str] = field(default_factory=dict)
    patches: Mapping[str, Any] = field(default_factory=dict)


HEAD = "code,name_en,lon,lat"
ROW = "v1,Hoit,70.9,39.2"
GOOD = f"{HEAD}\n{ROW}\n"


def villages(
    said: str, name: str, content: Content, *words: str, verb: tuple[str, ...] = CHECK, **how: Any
) -> Provocation:
    return Provocation(said, (*verb, "settlements", f"{{d}}/{name}", *words), {name: content}, **how)


def heights(said: str, name: str, content: Content, *words: str, **how: Any) -> Provocation:
    return Provocation(said, (*CHECK, "dem", f"{{d}}/{name}", *words), {name: content}, **how)


def plots(said: str, frame: gpd.GeoDataFrame, *words: str, name: str = "p.gpkg", **how: Any) -> Provocation:
    return Provocation(said, (*CHECK, "plots", f"{{d}}/{name}", *words), {name: _written(frame)}, **how)


def extents(said: str, day: str) -> Provocation:
    shape = "POLYGON ((70.9 39.2, 70.91 39.2, 70.91 39.21, 70.9 39.2))"
    text = f'code,process,source_class,mapped_on,WKT\nh,flood,expert,{day},"{shape}"\n'
    return Provocation(said, (*CHECK, "hazard_extents", "{d}/h.csv", "--crs", "4326"), {"h.csv": text})


def packed_as(method: int, content: bytes) -> bytes:
    """A zip whose members say that they are packed by another method, in both places where a zip says so."""
    for signature, offset in ((b"PK\x03\x04", 8), (b"PK\x01\x02", 10)):  # of a local and of a central header
        at = content.index(signature) + offset
        content = content[:at] + method.to_bytes(2, "little") + content[at + 2 :]
    return content


def packed(*members: tuple[str, bytes | str], flag: int = 0, link: bool = False) -> bytes:
    """A zip of some members, which may say that they are encrypted or links."""
    out = io.BytesIO()
    with warnings.catch_warnings(), zipfile.ZipFile(out, "w") as archive:
        warnings.simplefilter("ignore")  # two of one name
        for name, content in members:
            member = zipfile.ZipInfo(name)
            if link:
                member.external_attr = 0o120777 << 16
            archive.writestr(member, content)
    packet = bytearray(out.getvalue())
    if flag:
        packet[packet.rindex(b"PK\x01\x02") + 8] |= flag
    return bytes(packet)


def place(code: str = "v1", **columns: Any) -> gpd.GeoDataFrame:
    shapes = columns.pop("geometry", [shapely.Point(70.9, 39.2)])
    return gpd.GeoDataFrame({"code": [code], "name_en": ["Hoit"], **columns}, geometry=shapes, crs=4326)


def field_of(*ids: str, geometry: Any = None, crs: int | None = 4326, **columns: Any) -> gpd.GeoDataFrame:
    """Plots of some hundred metres in a row."""
    shapes = [shapely.box(70 + n / 100, 39, 70.005 + n / 100, 39.005) for n in range(len(ids))]
    return gpd.GeoDataFrame({"plot_id": list(ids), **columns}, geometry=geometry or shapes, crs=crs)


def _written(frame: gpd.GeoDataFrame, **how: Any) -> Content:
    def write(path: Path) -> None:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # a file without a CRS is meant
            frame.to_file(path, **how)

    return write


def _parquet(frame: gpd.GeoDataFrame) -> Content:
    return lambda path: frame.to_parquet(path)


def _cut(write: Content, keep: float, part: str | None = None) -> Content:
    def cut(path: Path) -> None:
        assert callable(write)
        write(path)
        of = path if part is None else path.with_suffix(part)
        of.write_bytes(of.read_bytes()[: int(of.stat().st_size * keep)])

    return cut


def _without(write: Content, part: str) -> Content:
    def made(path: Path) -> None:
        assert callable(write)
        write(path)
        path.with_suffix(part).unlink()

    return made


def _linked(path: Path) -> None:
    place().to_file(path)
    elsewhere = path.parent.parent / f"beside-{path.parent.name}"
    elsewhere.mkdir()
    part = path.with_suffix(".dbf")
    part.rename(elsewhere / "v.dbf")
    part.symlink_to(elsewhere / "v.dbf")


def _sheet(*rows: tuple[object, ...]) -> Content:
    def write(path: Path) -> None:
        book = Workbook()
        assert book.active is not None
        for row in rows:
            book.active.append(row)
        book.save(path)

    return write


def _tables(**tables: gpd.GeoDataFrame) -> Content:
    def write(path: Path) -> None:
        for name, frame in tables.items():
            frame.to_file(path, layer=name)

    return write


def _changed(statement: str, *values: str) -> Content:
    """A GeoPackage after a statement of its own."""

    def write(path: Path) -> None:
        place().to_file(path, layer="v")
        with closing(sqlite3.connect(path)) as database:
            database.execute("PRAGMA writable_schema = ON")
            database.execute(statement, values)
            database.commit()

    return write


def _raster(values: Any = 1500, *, dtype: str = "int16", crs: str | None = "EPSG:32642", bands: int = 1, to: Any = None,
            tags: Mapping[str, str] | None = None, **how: Any) -> Content:  # fmt: skip
    def write(path: Path) -> None:
        cells = np.full((bands, 20, 30), values, dtype=dtype)
        where = to or Affine(30, 0, 600_000, 0, -30, 4_330_000)
        with rasterio.open(path, "w", "GTiff", 30, 20, bands, dtype=dtype, crs=crs, transform=where, **how) as target:
            target.write(cells)
            target.update_tags(**(tags or {}))

    return write


def _geometry_in_parquet(**about: Any) -> Content:
    arc = struct.pack("<BIIdddddd", 1, 8, 3, 70.0, 39.0, 70.1, 39.1, 70.2, 39.0)
    column = {"encoding": "WKB", "geometry_types": [], **about}
    geo = {"version": "1.0.0", "primary_column": "geometry", "columns": {"geometry": column}}
    box = shapely.to_wkb(shapely.box(70, 39, 70.01, 39.01))
    table = pa.table({"plot_id": ["a", "b"], "geometry": [box, arc]})
    return lambda path: pq.write_table(table.replace_schema_metadata({"geo": json.dumps(geo)}), path)


def _solid(path: Path) -> None:
    """A surface of several faces in space, which no layer has, beside a plot."""
    face = struct.pack("<BIII", 1, 1003, 1, 4) + struct.pack("<12d", 70, 39, 1, 71, 39, 1, 71, 40, 1, 70, 39, 1)
    surface = struct.pack("<BII", 1, 1015, 1) + face
    column = {"encoding": "WKB", "geometry_types": []}
    geo = {"version": "1.0.0", "primary_column": "geometry", "columns": {"geometry": column}}
    table = pa.table({"plot_id": ["a", "b"], "geometry": [shapely.to_wkb(shapely.box(70, 39, 70.01, 39.01)), surface]})
    pq.write_table(table.replace_schema_metadata({"geo": json.dumps(geo)}), path)


def _damaged_behind(path: Path) -> None:
    """A Parquet file whose third group of ten rows is noise."""
    rows = range(40)
    table = pa.table(
        {"code": [f"v{n}" for n in rows], "name_en": ["x" * 50] * 40, "lon": [70.5] * 40, "lat": [39.0] * 40}
    )
    pq.write_table(table, path, row_group_size=10, compression="zstd")
    group = pq.ParquetFile(path).metadata.row_group(1).column(0)
    content = bytearray(path.read_bytes())
    at = group.dictionary_page_offset or group.data_page_offset
    content[at : at + group.total_compressed_size] = b"\xff" * group.total_compressed_size
    path.write_bytes(bytes(content))


KML = '<?xml version="1.0" encoding="{0}"?><kml xmlns="http://www.opengis.net/kml/2.2"><Document>{1}</Document></kml>'
MARK = "<Placemark><name>Вахш</name><Point><coordinates>70.9,39.2</coordinates></Point></Placemark>"
PLOTS = ("layer", "load", "plots", "{d}/p.gpkg")
TWENTY = field_of(*(f"p{n}" for n in range(20)), district=["TJ.RR.GA"] * 10 + ["TJ.KT.QU"] * 10)
LINE = gpd.GeoDataFrame(
    {"code": ["c1"], "flow_known": ["yes"]}, geometry=[shapely.LineString([(70, 39), (70.1, 39)])], crs=4326
)
KRASSOVSKY = "+proj=tmerc +lat_0=0 +lon_0=69 +k=1 +x_0=500000 +y_0=0 +ellps=krass +units=m +no_defs"
DRAWN = ("--map", "name_en=Name", "--key", "digest")

DOOR = [
    villages("p.csv is a pipe or a device; expected a file.", "p.csv", os.mkfifo),
    villages("e.csv is empty.", "e.csv", b""),
    villages("v.dbf, a part of v.shp, is a link out of its folder, a pipe or a device.", "v.shp", _linked),
    villages(
        "a.zip holds 2 files (a.csv, b.csv); say one with --table.", "a.zip", packed(("a.csv", GOOD), ("b.csv", GOOD))
    ),
    villages("a.zip holds no file that can be loaded.", "a.zip", packed(("a.pdf", GOOD))),
    Provocation("There is no file none.csv.", (*CHECK, "settlements", "{d}/none.csv")),
    villages(
        "a.zip holds archives within archives; OBOD_FILE_NESTING allows 1 to be unpacked.",
        "a.zip",
        packed(("b.zip", packed(("a.csv", GOOD)))),
        settings={"OBOD_FILE_NESTING": "1"},
    ),
    villages("a.zip cannot be opened: it is cut short, damaged or no archive.", "a.zip", "no archive", damaged=True),
    villages(
        "a.zip cannot be opened: it is cut short, damaged or", "a.zip", packed(("a.csv", GOOD))[:-9], damaged=True
    ),
    villages(
        "a.zip holds 2 files; at most 1 are unpacked.",
        "a.zip",
        packed(("a.csv", GOOD), ("b.csv", GOOD)),
        patches={"layers.loading.archives.MEMBERS": 1},
    ),
    villages(
        "a.zip holds a file whose place is outside of it; nothing of it is unpacked.",
        "a.zip",
        packed(("../a.csv", GOOD)),
    ),
    villages(
        "a.zip holds a link or a device (a.csv); expected files and folders.",
        "a.zip",
        packed(("a.csv", "b.csv"), link=True),
    ),
    villages("a.zip is encrypted; unpack it first.", "a.zip", packed(("a.csv", GOOD), flag=1)),
    villages(
        "a.zip is packed by a method that is not read here; pack it again as a plain zip.",
        "a.zip",
        packed_as(9, packed(("a.csv", GOOD))),  # Deflate64, which Windows takes for large files
    ),
    villages(
        "a.zip unpacks to more than the 1e-09 GB that OBOD_FILE_UNPACKED_GB allows.",
        "a.zip",
        packed(("a.csv", GOOD)),
        settings={"OBOD_FILE_UNPACKED_GB": "1e-9"},
    ),
    villages("a.zip holds two files of one name.", "a.zip", packed(("a.csv", GOOD), ("a.csv", GOOD))),
    villages("x.xls is not a kind of file that is read; expected Shapefile", "x.xls", b"\xd0\xcf\x11\xe0"),
    villages("x.tif is a raster; expected Shapefile (.shp)", "x.tif", _raster()),
    heights("x.csv is a file of rows; expected GeoTIFF", "x.csv", GOOD),
    heights("x.zip holds no file that can be taken as a raster.", "x.zip", packed(("a.csv", GOOD))),
    villages("x.gdb is a file; a File Geodatabase is not.", "x.gdb", GOOD),
    villages(
        "x.xlsx cannot be opened: its name is that of a XLSX workbook and its content is that of a workbook of Excel",
        "x.xlsx",
        b"\xd0\xcf\x11\xe0",
    ),
]

READING = [
    villages(
        "v.gpkg cannot be opened: it is cut short or damaged.", "v.gpkg", _cut(_written(place()), 0.5), damaged=True
    ),
    villages("v.json is JSON and no GeoJSON; expected a Feature or a FeatureCollection.", "v.json", '{"a": 1}'),
    villages(
        "v.csv has more than 1 rows, the most that OBOD_FILE_ROWS allows.",
        "v.csv",
        f"{GOOD}v2,Gharm,70.4,39\n",
        settings={"OBOD_FILE_ROWS": "1"},
    ),
    villages(
        "v.geojson has more than 1 rows, the most that OBOD_FILE_ROWS allows.",
        "v.geojson",
        _written(pd.concat([place("a"), place("b")])),
        settings={"OBOD_FILE_ROWS": "1"},
    ),
    villages(
        "v.geojson takes more than 0 seconds to read, which OBOD_FILE_SECONDS sets, or is damaged.",
        "v.geojson",
        _written(place()),
        settings={"OBOD_FILE_SECONDS": "0.001"},
        damaged=True,
    ),
    villages(
        "holds 2 tables (a, b); name one with --table, or all of one shape with --table '*'",
        "v.gpkg",
        _tables(a=place(), b=place()),
    ),
    villages("v.gpkg has no table c; it has a", "v.gpkg", _tables(a=place()), "--table", "c"),
    villages("v.kml holds no table.", "v.kml", KML.format("UTF-8", ""), *DRAWN),
    villages(
        "v.gpkg holds a view (w), which is a query; expected tables: save the view as a table.",
        "v.gpkg",
        _changed("CREATE VIEW w AS SELECT 1"),
    ),
    villages(
        "v.gpkg holds a virtual table (w), which stands for another source; expected tables",
        "v.gpkg",
        _changed(
            "INSERT INTO sqlite_master VALUES ('table', 'w', 'w', 0, ?)", "CREATE VIRTUAL TABLE w USING VirtualOGR('x')"
        ),
    ),
    villages("v.shp lacks its .shx file.", "v.shp", _without(_written(place()), ".shx")),
    villages("v.shp is cut short: 64 bytes of 128.", "v.shp", _cut(_written(place()), 0.5), damaged=True),
    villages(
        "v.gpkg holds 2 tables; at most 1 are read.",
        "v.gpkg",
        _tables(a=place(), b=place()),
        "--table",
        "*",
        patches={"layers.loading.joined_tables.TABLES": 1},
    ),
    villages(
        "v.gpkg: a and b differ in their columns (kind); name one with --table.",
        "v.gpkg",
        _tables(a=place(), b=place(kind=["village"])),
        "--table",
        "*",
    ),
    villages(
        "v.gpkg: a and b differ in their CRS; name one with --table.",
        "v.gpkg",
        _tables(a=place(), b=place().to_crs(32642)),
        "--table",
        "*",
    ),
    villages("2 tables are read as one: a, b.", "v.gpkg", _tables(a=place(), b=place("b")), "--table", "*"),
    villages(
        "v.kml is not UTF-8, as it says or leaves unsaid; say --encoding cp1251 or another.",
        "v.kml",
        KML.format("UTF-8", MARK).encode("cp1251"),
        *DRAWN,
    ),
    villages("v.kml says an encoding that there is not: cp-of-mine.", "v.kml", KML.format("cp-of-mine", MARK), *DRAWN),
    villages(
        "v.kml is not utf-16, as it or --encoding says; say another --encoding.",
        "v.kml",
        KML.format("UTF-8", MARK).encode("cp1251") + b" ",
        *DRAWN,
        "--encoding",
        "utf-16",
    ),
    villages(
        "v.csv row 1, name_en: the text is not UTF-8 and the file does not say what it is; say --encoding cp1251",
        "v.csv",
        f"{HEAD}\nv1,Вахш,70.9,39.2\n".encode("cp1251"),
    ),
    villages(
        "v.csv row 1, name_en: the text is not ascii; say another --encoding.",
        "v.csv",
        f"{HEAD}\nv1,Вахш,70.9,39.2\n",
        "--encoding",
        "ascii",
    ),
    villages(
        "There is no encoding cp99; use a name such as utf-8, cp1251, koi8_t or tajik-font.",
        "v.csv",
        GOOD,
        "--encoding",
        "cp99",
    ),
    villages("v.csv is in UTF-16 and does not say so; say --encoding utf-16-le.", "v.csv", GOOD.encode("utf-16-le")),
    villages(
        "v.csv is not utf-16: it is cut short or damaged.", "v.csv", GOOD.encode("utf-16") + b"\x00", damaged=True
    ),
    villages("v.csv has no heading; its first row must name the columns.", "v.csv", ",,\n1,2,3\n"),
    villages(
        "v.csv has 5 columns; at most 4 are read.",
        "v.csv",
        f"{HEAD},x\n{ROW},1\n",
        patches={"layers.loading.tables.COLUMNS": 4},
    ),
    villages("v.csv has more than one column named code.", "v.csv", f"code,{HEAD}\nx,{ROW}\n"),
    villages("v.csv, heading: a quote is opened and not closed", "v.csv", f'"{GOOD}'),
    villages(
        "v.csv has a line of more than 1 MB: it is no table.",
        "v.csv",
        f"{GOOD}{'x' * 2**20}\n",
        patches={"layers.loading.tables.LINE_BYTES": 2**20},
    ),
    villages(
        "v.parquet says a CRS that is not understood; say another with --crs.",
        "v.parquet",
        _geometry_in_parquet(crs="no such"),
    ),
    Provocation(
        "geometry: has arcs; expected straight lines",
        (*CHECK, "plots", "{d}/p.parquet"),
        {"p.parquet": _geometry_in_parquet()},
    ),
    Provocation(
        "geometry: is of a kind that cannot be read", (*CHECK, "plots", "{d}/p.parquet"), {"p.parquet": _solid}
    ),
    villages(
        "v.parquet cannot be read beyond row 10: it is damaged.",
        "v.parquet",
        _damaged_behind,
        damaged=True,
        patches={"layers.loading.isolation.CHUNK": 10},
    ),
    villages(
        "v.gpkg is cut short: it says 5 rows and has 1.",
        "v.gpkg",
        _changed("UPDATE gpkg_ogr_contents SET feature_count = 5"),
        damaged=True,
    ),
]

PLACES = [
    villages(
        "v.csv does not say its CRS; say --crs. Its coordinates would fit EPSG:4326",
        "v.csv",
        "code,name_en,WKT\nv1,x,POINT (70.9 39.2)\n",
    ),
    villages(
        "The file says EPSG:4326 (WGS 84); taken as EPSG:4284 (Pulkovo 1942) since --crs says so.",
        "v.gpkg",
        _written(place()),
        "--crs",
        "4284",
    ),
    villages("v.csv: there is no way from GCS_Mars_2000 to EPSG:4326.", "v.csv", GOOD, "--crs", "ESRI:104905"),
    villages("x and y were exchanged, as asked.", "v.csv", f"{HEAD}\nv1,x,39.2,70.9\n", "--swap-axes"),
    villages("v.csv: EPSG:5703 (NAVD88 height) is not a CRS of places on the ground.", "v.csv", GOOD, "--crs", "5703"),
    villages(
        "on the ellipsoid Krassovsky, 1942 does not say its shift to WGS 84, which moves plots by about 60 m; say "
        "it with --crs: an EPSG code, WKT with TOWGS84, or a PROJ pipeline.",
        "v.csv",
        "code,name_en,x,y\nv,x,650000,4340000\n",
        "--crs",
        KRASSOVSKY,
    ),
    villages(
        "v.csv says its coordinates are degrees, but they are like 600000, 4330000, which are metres; say the right",
        "v.csv",
        "code,name_en,x,y\nv,x,600000,4330000\n",
        "--crs",
        "4326",
    ),
    villages(
        "v.csv says its coordinates are metres, but they are like 70.9000, 39.2000, which are degrees; say",
        "v.csv",
        GOOD,
        "--crs",
        "32642",
    ),
    villages(
        "v.csv has x and y the wrong way round: 39.2, 70.9 lies outside, 70.9, 39.2 inside; correct the file, or "
        "say --swap-axes.",
        "v.csv",
        f"{HEAD}\nv1,x,39.2,70.9\n",
    ),
    villages(
        "v.csv lies about 7.000 E, 39.200 N; expected a place in or near Tajikistan", "v.csv", f"{HEAD}\nv1,x,7,39.2\n"
    ),
    villages("There is no file here.prj.", "v.csv", GOOD, "--crs", "here.prj"),
    villages(
        "'EPSG:1' is no CRS; expected an EPSG code, WKT, a .prj file or a PROJ pipeline.",
        "v.csv",
        GOOD,
        "--crs",
        "EPSG:1",
    ),
    villages("Columns lon and lat are taken as degrees of EPSG:4326.", "v.csv", GOOD),
    villages(
        "Warning: the datum shift is",
        "v.csv",
        "code,name_en,x,y\nv,x,650000,4340000\n",
        "--crs",
        f"{KRASSOVSKY} +towgs84=500,500,500",
    ),
]

VALUES = [
    villages(
        "population is '1,234': may mean thousands or decimals; expected a decimal point and no grouping",
        "v.csv",
        f'{HEAD},population\n{ROW},"1,234"\n',
    ),
    villages("population is 'many': expected a number", "v.csv", f"{HEAD},population\n{ROW},many\n"),
    villages("population is 'inf': expected a finite number", "v.csv", f"{HEAD},population\n{ROW},inf\n"),
    villages("population is '1.5': expected a whole number", "v.csv", f"{HEAD},population\n{ROW},1.5\n"),
    villages(
        "population is '9999999999': expected at most 2147483647", "v.csv", f"{HEAD},population\n{ROW},9999999999\n"
    ),
    villages("population is '-1': expected 0", "v.csv", f"{HEAD},population\n{ROW},-1\n"),
    villages("population is 'True': expected a number", "v.geojson", _written(place(population=[True]))),
    villages("population is 'inf': expected a finite number", "v.parquet", _parquet(place(population=[float("inf")]))),
    villages("kind is 'castle': expected one of ", "v.csv", f"{HEAD},kind\n{ROW},castle\n"),
    villages("name_en: is empty", "v.csv", f"{HEAD}\nv1,,70.9,39.2\n"),
    villages("name_ru: holds a null character", "v.parquet", _parquet(place(name_ru=["a\x00b"]))),
    villages(
        "code is '1.234567890123457e+19': has more digits than a number keeps; expected it as text",
        "v.xlsx",
        _sheet(("code", "name_en", "lon", "lat"), (12345678901234567890, "x", 70.9, 39.2)),
    ),
    Provocation(
        "flow_known is 'perhaps': expected yes or no",
        (*CHECK, "canals", "{d}/c.gpkg"),
        {"c.gpkg": _written(LINE.assign(flow_known="perhaps"))},
    ),
    extents("mapped_on is '1 March': expected a date as YYYY-MM-DD", "1 March"),
    extents("mapped_on is '03/04/2024': day and month may be either way round; expected YYYY-MM-DD", "03/04/2024"),
    extents("mapped_on is '2024-02-30': there is no such day; expected a date as YYYY-MM-DD", "2024-02-30"),
    extents("mapped_on is '1024-02-03': expected a year from 1800 to 2200", "1024-02-03"),
    plots(
        "plot_id is '01:02/3': expected letters a-z, digits and . _ ~ - only, since it stands in addresses; load "
        "a cadastral number as cadastral_no and make the keys: --map cadastral_no=COLUMN --key digest",
        field_of("01:02/3"),
    ),
    villages(
        "has 5 cells, the heading 4; a cell that holds the separator needs quotes", "v.csv", f"{GOOD}v2,a,b,70,39\n"
    ),
    villages("a quote is opened and not closed, or stands within a cell", "v.csv", f'{GOOD}v2,"a,70,39\n'),
    villages(
        "the text is not utf-8",
        "v.csv",
        f"{HEAD}\nv1,Вахш,70.9,39.2\nv2,Рашт,70.9,39.2\n".encode() + "v3,Вахш,70,39\n".encode("cp1251"),
    ),
    villages("holds a NUL byte, which is no text", "v.csv", GOOD.encode() + b"v2,\x00x,70,39\n"),
    villages(
        "WKT is 'PONT (1 2)': is no geometry in WKT, nor the hexadecimal digits of WKB",
        "v.csv",
        "code,name_en,WKT\nv1,x,PONT (1 2)\nv2,y,POINT (70 39)\n",
        "--crs",
        "4326",
    ),
    villages(
        "is in EPSG:4284, the first geometry in EPSG:4326; expected one CRS in a file",
        "v.csv",
        "code,name_en,geom\nv1,x,SRID=4326;POINT (70 39)\nv2,y,SRID=4284;POINT (70 39)\n",
    ),
    villages(
        "is in EPSG:4284, the first geometry names no CRS; expected one CRS in a file",
        "v.csv",
        "code,name_en,geom\nv1,x,POINT (70 39)\nv2,y,SRID=4284;POINT (70 39)\n",
        "--crs",
        "4326",
    ),
    villages("row 2 (v2): has no geometry", "v.csv", f"{GOOD}v2,x,,\n"),
    villages(
        "row 2 (v2): lies at 7.0000..7.0000 E, 39.0000..39.0000 N; expected a place in or near",
        "v.csv",
        f"{GOOD}v2,x,7,39\n",
    ),
    villages(
        "code is 'v1': the key stands in more than one row with different content; expected once",
        "v.csv",
        f"{GOOD}v1,Other,70,39\n",
    ),
    villages(
        "1 row comes from a source that is not stated (licence not stated; made up), as the file says of its rows.",
        "v.csv",
        f"{HEAD},synthetic\n{ROW},true\n",
    ),
    villages(
        "row 1 (v1), data_date is 'in spring': expected a date as YYYY-MM-DD; or say one for all rows with --date",
        "v.csv",
        f"{HEAD},data_date\n{ROW},in spring\nv2,Other,70,39,2024-05-01\n",
    ),
    villages(
        "v.csv names more than 100 sources in data_source; say one for all of it with --source, --licence and --date.",
        "v.csv",
        f"{HEAD},data_source\n" + "".join(f"v{n},Hoit,70.9,39.2,Office {n}\n" for n in range(101)),
    ),
    villages(
        "The file names 2 more sources.",
        "v.csv",
        f"{HEAD},data_source\n" + "".join(f"v{n},Hoit,70.{n},39.2,Office {n}\n" for n in range(7)),
    ),
    villages(
        "v.csv: column tel (2 of 2 rows) looks like … and would be stored as name_en: say --drop tel or, if it is none,"
        " --keep-anyway tel. Nothing was stored: no record of a person is needed.",
        "v.csv",
        "code,tel,lon,lat\nv1,+992 93 555 12 34,70.9,39.2\nv2,+992 93 555 12 35,70.8,39.2\n",
        *("--map", "name_en=tel"),
    ),
    plots(
        "Column right_clas is taken for right_class: a DBF keeps 10 letters of a name.",
        field_of("a", right_clas=["O1"]),
        name="p.shp",
    ),
    villages("The file has no rows.", "v.csv", f"{HEAD}\n"),
    plots(
        "twice under other keys (a is b). 2 rows lie in no district and cannot be scored (a, b). Nothing was changed, "
        "since --strict refuses that.",
        field_of("a", "b", geometry=[shapely.box(70, 39, 70.005, 39.005)] * 2),
        "--strict",
    ),
    plots(
        "has more than 4 vertices, the most that OBOD_FILE_VERTICES allows",
        field_of("a"),
        settings={"OBOD_FILE_VERTICES": "4"},
    ),
    plots("is a LineString; expected a polygon", field_of("a", geometry=[shapely.LineString([(70, 39), (71, 39)])])),
    plots(
        "has no polygon left once mended (", field_of("a", geometry=[shapely.Polygon([(70, 39), (70.1, 39), (70, 39)])])
    ),
    plots(
        "cannot be mended: its area would change by ",
        field_of("a", geometry=[shapely.Polygon([(70, 39), (70.1, 39.1), (70.1, 39), (70, 39.1)])]),
    ),
    villages(
        "is 2 points; expected a point",
        "v.gpkg",
        _written(place(geometry=[shapely.MultiPoint([(70, 39), (70.1, 39)])])),
    ),
]

FILLING = [
    Provocation("There is no layer ponds; the layers are country, ", (*CHECK, "ponds", "{d}/v.csv"), {"v.csv": GOOD}),
    villages(
        "v.csv has nothing for name_en of settlements; say --map field=column, or a mapping file. Its columns are "
        "code, lon, lat.",
        "v.csv",
        "code,lon,lat\nv,70,39\n",
    ),
    villages(
        "v.csv has no positions; settlements needs them: a geometry, columns lon and lat, or WKT.",
        "v.csv",
        "code,name_en\nv,x\n",
    ),
    villages("settlements has no field title; its fields are code, ", "v.csv", GOOD, "--map", "title=name_en"),
    villages("--unit height: one of the fields population expected.", "v.csv", GOOD, "--unit", "height=m"),
    Provocation(
        "--unit depth=foot: one of m, cm, km expected.",
        (*CHECK, "wells", "{d}/w.csv", "--unit", "depth=foot"),
        {"w.csv": "code,use,depth_m,lon,lat\nw1,both,9,70.9,39.2\n"},
    ),
    Provocation(
        "--unit depth: no column of w.csv fills it.",
        (*CHECK, "wells", "{d}/w.csv", "--unit", "depth=cm"),
        {"w.csv": "code,use,lon,lat\nw1,both,70.9,39.2\n"},
    ),
    Provocation(
        "row 1 (w1), depth_m is '-9': expected 0 to 1000 m",
        (*CHECK, "wells", "{d}/w.csv"),
        {"w.csv": "code,use,depth_m,lon,lat\nw1,both,-9,70.9,39.2\n"},
    ),
    villages("v.csv has no column TITLE; it has code, name_en, lon, lat.", "v.csv", GOOD, "--map", "name_en=TITLE"),
    Provocation(
        "m.toml is a mapping file for rivers, not for settlements.",
        (*CHECK, "settlements", "{d}/v.csv", "--mapping", "{d}/m.toml"),
        {"v.csv": GOOD, "m.toml": 'layer = "rivers"'},
    ),
    Provocation(
        "has no mapping for settlements from v.csv.",
        (*CHECK, "settlements", "{d}/v.csv", "--mapping", "{d}"),
        {"v.csv": GOOD},
    ),
    Provocation(
        "has 2 mappings for settlements from v.csv: a.toml, b.toml; name one.",
        (*CHECK, "settlements", "{d}/v.csv", "--mapping", "{d}"),
        {"v.csv": GOOD, **dict.fromkeys(("a.toml", "b.toml"), 'layer = "settlements"\nfiles = ["v.csv"]')},
    ),
    Provocation(
        "There is no mapping file none.toml.",
        (*CHECK, "settlements", "{d}/v.csv", "--mapping", "{d}/none.toml"),
        {"v.csv": GOOD},
    ),
    Provocation(
        "m.toml: colour: this key is not known.",
        (*CHECK, "settlements", "{d}/v.csv", "--mapping", "{d}/m.toml"),
        {"v.csv": GOOD, "m.toml": 'layer = "settlements"\ncolour = "red"'},
    ),
    Provocation(
        "No row of the file is wanted.",
        (*CHECK, "settlements", "{d}/v.csv", "--mapping", "{d}/m.toml"),
        {
            "v.csv": GOOD,
            "m.toml": 'layer = "settlements"\nwhere = { code = ["x"] }\n[fields]\ncode = "code"\nname_en = "name_en"',
        },
    ),
    Provocation(
        "kind is 'x': expected one of a, b",
        (*CHECK, "settlements", "{d}/v.csv", "--mapping", "{d}/m.toml"),
        {
            "v.csv": f"{HEAD},k\n{ROW},x\n",
            "m.toml": 'layer = "settlements"\n[fields]\ncode = "code"\nname_en = "name_en"\n'
            '[fields.kind]\ncolumn = "k"\nvalues = { a = "village", b = "village" }',
        },
    ),
]

HEIGHTS = [
    heights("x.tif does not say its CRS; say --crs.", "x.tif", _raster(crs=None)),
    heights(
        "x.tif: a PROJ pipeline cannot place a raster; say a CRS.",
        "x.tif",
        _raster(),
        "--crs",
        "+proj=pipeline +step +proj=noop",
    ),
    heights(
        "x.tif lies about 70.114 E, 9.042 N; dem needs a place in",
        "x.tif",
        _raster(to=Affine(30, 0, 622_000, 0, -30, 1_000_000)),
    ),
    heights("x.tif has 2 bands; dem has 1.", "x.tif", _raster(bands=2)),
    heights(
        "x.tif is not north-up; expected rows from north to south, without rotation; gdalwarp turns it.",
        "x.tif",
        _raster(to=Affine(30, 0, 600_000, 0, 30, 4_330_000)),
    ),
    heights(
        "x.tif: the cell in row 1, column 1 is -32768; dem is … m. A value for unknown cells has to be declared "
        "in the file.",
        "x.tif",
        _raster(-32768),
    ),
    heights(
        "The file comes from Survey, 2023-05-01 (licence not stated; made up), as it says of itself.",
        "x.tif",
        _raster(tags={"source": "Survey", "date": "2023-05-01", "synthetic": "true"}),
    ),
    heights("x.tif has no known cell.", "x.tif", _raster(-9999, nodata=-9999)),
    heights(
        "x.tif has 20 x 30 cells; OBOD_FILE_CELLS allows 9 in all.",
        "x.tif",
        _raster(),
        settings={"OBOD_FILE_CELLS": "9"},
    ),
    heights("x.tif has no band of real numbers.", "x.tif", _raster(dtype="complex64")),
    heights("x.tif cannot be opened: it is cut short or damaged.", "x.tif", _cut(_raster(), 0.1), damaged=True),
    Provocation("slope is computed from dem; load dem instead.", (*CHECK, "slope", "{d}/x.tif"), {"x.tif": _raster()}),
    Provocation(
        "dem already has a file x.tif with other content; nothing was loaded. Use --mode update to put this one "
        "in its place.",
        (*LOAD, "dem", "{d}/new/x.tif"),
        {"x.tif": _raster(), "new/x.tif": _raster(1600)},
        before=((*LOAD, "dem", "{d}/x.tif"),),
    ),
]

FIRST = ((*LOAD, "settlements", "{d}/v.csv"),)
CADASTRE = ({"p.gpkg": _written(TWENTY), "q.gpkg": _written(TWENTY.iloc[:10])}, (PLOTS,))
REPLACE = (*LOAD, "plots", "{d}/q.gpkg", "--mode", "replace")
HISTORY = [
    Provocation(
        "settlements would be replaced by 2 files (v.csv, w.csv), each of which ends what the others bring; nothing "
        "was changed. Join them to one, or say --mode update.",
        ("layer", "load-all", "{d}", "--mode", "replace"),
        {"v.csv": GOOD, "w.csv": GOOD, "v.toml": 'layer = "settlements"\nfiles = ["*.csv"]\n'},
    ),
    Provocation(
        "1 row differs from what settlements holds under the same key (v1); nothing was loaded. Use --mode update "
        "to correct them.",
        (*LOAD, "settlements", "{d}/w.csv"),
        {"v.csv": GOOD, "w.csv": f"{HEAD}\nv1,Other,70.9,39.2\n"},
        before=FIRST,
    ),
    Provocation(
        "q.gpkg has no row for plots: replacing by nothing would end all; nothing was changed.",
        REPLACE,
        {"p.gpkg": _written(TWENTY), "q.gpkg": _written(TWENTY.iloc[:0])},
        before=(PLOTS,),
    ),
    Provocation(
        "No row of the file can be loaded, so nothing was replaced.",
        REPLACE,
        {"p.gpkg": _written(TWENTY), "q.gpkg": _written(field_of("x", right_class=["no"]))},
        before=(PLOTS,),
    ),
    Provocation(
        "10 of 20 rows of plots would end, 10 of them outside what the file is about (TJ.KT.QU: 10); nothing was "
        "changed. Say --allow-ending 10 if that is meant, or --district CODE for what the file is about.",
        REPLACE,
        CADASTRE[0],
        before=CADASTRE[1],
    ),
    Provocation(
        "10 rows of plots would end (TJ.KT.QU: 10), more than the 3 of --allow-ending; nothing was changed.",
        (*REPLACE, "--allow-ending", "3"),
        CADASTRE[0],
        before=CADASTRE[1],
    ),
    Provocation(
        "canals knows no districts: say --allow-ending N instead of --district.",
        (*LOAD, "canals", "{d}/d.gpkg", "--mode", "replace", "--district", "TJ.RR.GA"),
        {"c.gpkg": _written(LINE), "d.gpkg": _written(LINE.assign(code="c2"))},
        before=((*LOAD, "canals", "{d}/c.gpkg"),),
    ),
    Provocation(
        "1 cells of availability say what the public reads in place of what is there, so that was kept.",
        (*LOAD, "plots", "{d}/u.csv", "--mode", "update"),
        {"p.gpkg": _written(field_of("a", availability="fallow")), "u.csv": "plot_id,availability\na,unknown\n"},
        before=(PLOTS,),
    ),
    Provocation(
        "row 1 (new), plot_id: is not in plots; a new row needs a position",
        (*LOAD, "plots", "{d}/u.csv", "--mode", "update"),
        {"u.csv": "plot_id,right_class\nnew,O1\n"},
    ),
    Provocation(
        "row 1 (v9), name_en: is missing",
        (*LOAD, "settlements", "{d}/u.csv", "--mode", "update"),
        {"u.csv": "code,lon,lat\nv9,70.9,39.2\n"},
    ),
    Provocation(
        "1 rows that are there were made up and stay marked so; a column synthetic that says false ends that.",
        (*LOAD, "settlements", "{d}/u.csv", "--mode", "update"),
        {"v.csv": GOOD, "u.csv": "code,name_en\nv1,Other\n"},
        before=((*LOAD, "settlements", "{d}/v.csv", "--synthetic"),),
    ),
    Provocation("There is no load 99; obod layer loads lists them.", ("layer", "undo", "99")),
    Provocation(
        "Load 2 erased rows for good; nothing brings them back.",
        ("layer", "undo", "2"),
        {"v.csv": GOOD},
        before=(*FIRST, ("layer", "purge", "1", "--with-current", "--yes")),
    ),
    Provocation(
        "Load 1 was taken back already, by load 2.",
        ("layer", "undo", "1"),
        {"v.csv": GOOD},
        before=(*FIRST, ("layer", "undo", "1")),
    ),
    Provocation(
        "Load 1 cannot be taken back: load 2 has since ended 1 of its rows in settlements; take back load 2 first.",
        ("layer", "undo", "1"),
        {"v.csv": GOOD, "w.csv": f"{HEAD}\nv1,Other,70.9,39.2\n"},
        before=(*FIRST, (*LOAD, "settlements", "{d}/w.csv", "--mode", "update")),
    ),
    Provocation(
        "Load 2 cannot be taken back: load 3 has since loaded 1 of the rows it ended in settlements; take back "
        "load 3 first.",
        ("layer", "undo", "2"),
        {
            "v.csv": f"{GOOD}v2,Gharm,70.4,39\nv3,Rasht,70.4,39\n",
            "w.csv": f"{GOOD}v2,Gharm,70.4,39\n",
            "x.csv": f"{HEAD}\nv3,New,70.4,39\n",
        },
        before=(
            *FIRST,
            (*LOAD, "settlements", "{d}/w.csv", "--mode", "replace", "--allow-ending", "1"),
            (*LOAD, "settlements", "{d}/x.csv"),
        ),
    ),
    Provocation(
        "Load 1 cannot be taken back: load 2 has since ended its files; take back load 2 first.",
        ("layer", "undo", "1"),
        {"x.tif": _raster(), "new/x.tif": _raster(1600)},
        before=((*LOAD, "dem", "{d}/x.tif"), (*LOAD, "dem", "{d}/new/x.tif", "--mode", "update")),
    ),
    villages(
        "v.csv needs about 1,000,000,000 MB of room, and … MB are free on the disk of the database; nothing was "
        "changed.",
        "v.csv",
        GOOD,
        patches={"layers.loading.room.LEAST_ROOM_MB": 10**9},
    ),
]


FOLDERS = [
    Provocation(
        "No mapping file in office is for a file in office; a mapping is a .toml with a layer, the names of its files "
        "and its fields.",
        ("layer", "load-all", "{d}/office"),
        {"office/v.csv": GOOD},
    ),
    Provocation("There is no folder none.", ("layer", "load-all", "{d}/none")),
    Provocation(
        "v.csv -> settlements (1 of 1): not done. v.csv has no column TITLE; it has code, name_en, lon, lat.",
        ("layer", "load-all", "{d}"),
        {"v.csv": GOOD, "v.toml": 'layer = "settlements"\n[fields]\ncode = "code"\nname_en = "TITLE"'},
    ),
    Provocation(
        "v.csv does not say its CRS; say --crs. Its coordinates would fit EPSG:4326. v.toml says that with: crs.",
        ("layer", "load-all", "{d}"),
        {
            "v.csv": "code,name_en,WKT\nv1,x,POINT (70.9 39.2)\n",
            "v.toml": 'layer = "settlements"\n[fields]\ncode = "code"\nname_en = "name_en"',
        },
    ),
]

OUT = ("-o", "{d}/out.gpkg")
SCORES = [
    Provocation("p.gpkg holds no plot.", (*SCORE, "{d}/p.gpkg", *OUT), {"p.gpkg": _written(field_of("a").iloc[:0])}),
    Provocation(
        "None of 1 rows of p.gpkg can be scored: row 1 (a), right_class is 'x': expected one of ",
        (*SCORE, "{d}/p.gpkg", *OUT),
        {"p.gpkg": _written(field_of("a", right_class=["x"]))},
    ),
    Provocation("holds no .parquet file.", (*SCORE, "{d}", "-o", "{d}/out"), {"p.gpkg": _written(field_of("a"))}),
    Provocation(
        "p.shp does not say its CRS; say --crs. Its coordinates would fit EPSG:4326.",
        (*SCORE, "{d}/p.shp", *OUT),
        {"p.shp": _without(_written(field_of("a")), ".prj")},
    ),
    Provocation(
        "c.shp does not say its CRS; say --crs. Its coordinates would fit EPSG:4326. Of canals, a mapping file in "
        "the folder of --mapping says that with: crs.",
        (*SCORE, "{d}/p.gpkg", *OUT, "--canals", "{d}/c.shp"),
        {"p.gpkg": _written(field_of("a")), "c.shp": _without(_written(LINE), ".prj")},
    ),
    Provocation(
        "c.gpkg: row 1 (c1), flow_known is 'perhaps': expected yes or no.",
        (*SCORE, "{d}/p.gpkg", *OUT, "--canals", "{d}/c.gpkg"),
        {"p.gpkg": _written(field_of("a")), "c.gpkg": _written(LINE.assign(flow_known="perhaps"))},
    ),
    Provocation(
        "out.gpkg cannot be written: ",
        (*SCORE, "{d}/p.gpkg", "-o", "{d}/p.gpkg/out.gpkg"),
        {"p.gpkg": _written(field_of("a"))},
    ),
    Provocation(
        "rejected row 2 (b), right_class is 'x': expected one of ",
        (*SCORE, "{d}/p.gpkg", *OUT),
        {"p.gpkg": _written(field_of("a", "b", right_class=["O1", "x"]))},
    ),
]

EXPORT = ("export", "settlements", "-o", "{d}/out.csv")
EXPORTS = [
    Provocation("There is no layer 'settlement'", ("export", "settlement", "-o", "{d}/out.csv")),
    Provocation("There is no folder none to write out.csv to.", (*EXPORT[:3], "{d}/none/out.csv")),
    Provocation("No row of settlements matches; nothing was written.", EXPORT),
    Provocation(
        "plot_surveys is not public; write it for those who may see it with --for partner.",
        ("export", "plot_surveys", *EXPORT[2:]),
    ),
    Provocation(
        "Only plots have results: leave out --scheme and --run.", (*EXPORT, "--run", "1"), {"v.csv": GOOD}, before=FIRST
    ),
    Provocation(
        "There is no district 'TJ.XX'; obod export districts -o FILE.csv writes those there are.",
        (*EXPORT, "--district", "TJ.XX"),
        {"v.csv": GOOD},
        before=FIRST,
    ),
    Provocation("out.doc must end in one of .csv, .gpkg,", (*EXPORT[:3], "{d}/out.doc")),
]


def answers(said: str, layer: str, content: str, *words: str, **files: str) -> Provocation:
    """Answers of a form, as ODK Central exports them."""
    given = {"a.csv": content, **{f"{name}.csv": text for name, text in files.items()}}
    return Provocation(said, (*LOAD, layer, "{d}/a.csv", "--from-odk", *words), given)


WELL = "KEY,use,shape,form,ReviewState\nuuid:1,drinking,39.2 70.9 0 0,{mark},{state}\n"
FORMS = [
    answers(
        "command_crops is asked several rows at once, and they stand in a table of their own: put a-rows.csv beside "
        "a.csv.",
        "command_crops",
        "KEY,area\nuuid:1,a\n",
    ),
    answers(
        "a-rows.csv does not say which answer its rows belong to: PARENT_KEY is missing.",
        "command_crops",
        "KEY,area\nuuid:1,a\n",
        **{"a-rows": "KEY,crop\nuuid:1/rows[1],wheat\n"},
    ),
    answers(
        "a.csv has answers of a form of outlets, not of wells.",
        "wells",
        WELL.format(mark="obod_outlets_partner_1", state=""),
    ),
    answers(
        "a.csv, row 1: right_class is for staff, and its answer came by a form for public. Nothing was stored.",
        "plots",
        "KEY,plot_id,right_class,shape\nuuid:1,p1,O1,39 70 0 0;39 70.001 0 0;39.001 70.001 0 0;39 70 0 0\n",
    ),
    answers(
        "ReviewState is 'rejected': was rejected in review",
        "wells",
        WELL.format(mark="obod_wells_staff_1", state="rejected"),
    ),
    answers(
        "a.csv has two columns for use: a-use and b-use; export it without one of them.",
        "wells",
        "KEY,a-use,b-use,shape\nuuid:1,drinking,both,39 70\n",
    ),
]

PROVOCATIONS = [*DOOR, *READING, *PLACES, *VALUES, *FILLING, *HEIGHTS, *HISTORY, *FOLDERS, *SCORES, *EXPORTS, *FORMS]
