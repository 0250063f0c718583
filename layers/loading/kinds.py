"""Kinds of files that are read: which names they may have, how their content begins, which driver reads them.

Who sends a file does not choose what reads it: a kind needs both its name and its content.
"""

from __future__ import annotations

import codecs
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from zipfile import BadZipFile, ZipFile

from layers.errors import DataRefused

HEAD = 64 * 1024  # bytes a kind is told by
UTF16 = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
UTF32 = (codecs.BOM_UTF32_LE, codecs.BOM_UTF32_BE)  # the first of them begins as a mark of UTF-16 does
HGT_SIDES = (1201, 3601)  # samples along a side of a tile of SRTM, 3" and 1"; 16 bits each

NULL_MARK = "\ufffe"  # no character (Unicode 23.7); stands for a null character of JSON, at which libraries end a text
DBF_LETTERS = 10  # of a column's name, dBASE III; what comes after them is cut
ZIPPED = (".zip", ".kmz", ".shz")  # endings of archives
INSIDE_GEODATABASE = "a00000001.gdbtable"
OLE = b"\xd0\xcf\x11\xe0"
GZIP, ZIP = b"\x1f\x8b", b"PK\x03\x04"


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of file.

    suffixes : its names end so. holds : whether content, by its first bytes and the path, is of the kind.
    driver : GDAL's name of what reads it, "" where that is not GDAL. raster : cells, not rows.
    parts : endings of the files that belong to it and lie beside it; those of ``added`` follow the whole name.
    """

    title: str
    suffixes: tuple[str, ...]
    holds: Callable[[bytes, Path], bool]
    driver: str = ""
    raster: bool = False
    parts: tuple[str, ...] = ()
    added: tuple[str, ...] = ()


def _starts(*marks: bytes) -> Callable[[bytes, Path], bool]:
    return lambda head, _: head.startswith(marks)


def _text(head: bytes) -> bytes:
    """The beginning of a text in UTF-8, without the marks and blanks before it."""
    if head.startswith(UTF16):
        head = head[: len(head) // 2 * 2].decode("utf-16", errors="replace").encode()
    return head.removeprefix(codecs.BOM_UTF8).lstrip()


def _is_json(head: bytes, _: Path) -> bool:
    return _text(head).startswith(b"{")


def _is_drawing(head: bytes, _: Path) -> bool:
    lines = [line.strip() for line in _text(head).split(b"\n")[:200]]
    while lines[:1] == [b"999"]:  # a remark
        lines = lines[2:]
    return lines[:2] == [b"0", b"SECTION"] or head.startswith(b"AutoCAD Binary DXF")


def _is_kml(head: bytes, _: Path) -> bool:
    # A document type is where XML defines entities; KML has none, and who writes one means harm.
    text = _text(head)
    return text.startswith(b"<") and b"<kml" in text and b"<!DOCTYPE" not in text and b"<!ENTITY" not in text


def _is_openstreetmap(head: bytes, _: Path) -> bool:
    return head[4:15] == OSM_HEADER  # after the length of the first block


def _is_table(head: bytes, _: Path) -> bool:
    return head.startswith((*UTF16, *UTF32)) or not (head.startswith((ZIP, GZIP)) or b"\0\0\0" in head)


def _is_package(member: str, content: bytes = b"") -> Callable[[bytes, Path], bool]:
    """Whether a zip holds a member that begins so: the office formats are zips."""

    def holds(head: bytes, path: Path) -> bool:
        if not head.startswith(ZIP):
            return False
        try:
            with ZipFile(path) as opened, opened.open(member) as inside:
                return inside.read(len(content)) == content
        except (BadZipFile, KeyError, OSError, RuntimeError, EOFError, ValueError):
            return False

    return holds


def _is_tile_of_srtm(_: bytes, path: Path) -> bool:
    return path.stat().st_size in {2 * side * side for side in HGT_SIDES}


def _is_ascii_grid(head: bytes, _: Path) -> bool:
    return _text(head)[:5].lower() in (b"ncols", b"nrows")


def _is_geodatabase(_: bytes, path: Path) -> bool:
    return (path / INSIDE_GEODATABASE).is_file()


SHAPEFILE_PARTS = (".shp", ".shx", ".dbf", ".prj", ".cpg")
DBF_VERSIONS = (b"\x03", b"\x30", b"\x31", b"\x83", b"\x8b", b"\xf5")
SHAPE_CODE = b"\x00\x00\x27\x0a"  # 9994; ESRI Shapefile specification 1998
OSM_HEADER = b"\x0a\x09OSMHeader"  # type of the first block; PBF format of OpenStreetMap
TIFF = (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+")

SHAPEFILE = Kind("Shapefile", (".shp",), _starts(SHAPE_CODE), "ESRI Shapefile", parts=SHAPEFILE_PARTS)
DBF = Kind("dBASE table", (".dbf",), _starts(*DBF_VERSIONS), "ESRI Shapefile", parts=(".cpg",))
GEODATABASE = Kind("File Geodatabase", (".gdb",), _is_geodatabase, "OpenFileGDB")
PARQUET = Kind("Parquet file", (".parquet", ".geoparquet", ".pq"), _starts(b"PAR1"))
TEXT_TABLE = Kind("text table", (".csv", ".tsv", ".txt"), _is_table)
WORKBOOK = Kind("XLSX workbook", (".xlsx", ".xlsm"), _is_package("[Content_Types].xml"))
OPEN_DOCUMENT = Kind(
    "ODS spreadsheet", (".ods",), _is_package("mimetype", b"application/vnd.oasis.opendocument.spreadsheet"), "ODS"
)
GEOJSON = Kind("GeoJSON file", (".geojson", ".json"), _is_json, "GeoJSON")
KML = Kind("KML file", (".kml",), _is_kml, "LIBKML")

KINDS = (
    SHAPEFILE,
    DBF,
    GEODATABASE,
    PARQUET,
    TEXT_TABLE,
    WORKBOOK,
    OPEN_DOCUMENT,
    Kind("GeoPackage", (".gpkg",), _starts(b"SQLite format 3\0"), "GPKG"),
    GEOJSON,
    Kind("FlatGeobuf file", (".fgb",), _starts(b"fgb\x03fgb"), "FlatGeobuf"),
    Kind("PBF extract of OpenStreetMap", (".pbf",), _is_openstreetmap, "OSM"),
    Kind("DXF drawing", (".dxf",), _is_drawing, "DXF"),
    KML,
    Kind(
        "GeoTIFF",
        (".tif", ".tiff"),
        _starts(*TIFF),
        "GTiff",
        raster=True,
        parts=(".tfw", ".wld"),
        added=(".msk", ".aux.xml"),
    ),
    Kind("ASCII grid", (".asc",), _is_ascii_grid, "AAIGrid", raster=True, parts=(".prj",)),
    Kind("tile of SRTM", (".hgt",), _is_tile_of_srtm, "SRTMHGT", raster=True),
)
RASTER_DRIVERS = tuple(kind.driver for kind in KINDS if kind.raster)


def kind_named(path: Path, *, raster: bool) -> Kind | None:
    """Return the kind that a name stands for, of rows or of cells; None when it is read as neither."""
    suffix = path.suffix.casefold()
    return next((kind for kind in KINDS if kind.raster == raster and suffix in kind.suffixes), None)


def kind_of(path: Path, name: str, *, raster: bool) -> Kind:
    """Return the kind of a file, which its name and its content must agree on.

    Raises
    ------
    DataRefused : its name is of no kind that is read, or its content is of another.
    """
    kind = kind_named(path, raster=raster)
    if kind is None:
        if kind_named(path, raster=not raster) is not None:
            raise DataRefused(f"{name} is a {'file of rows' if raster else 'raster'}; expected {_expected(raster)}.")
        raise DataRefused(f"{name} is not a kind of file that is read; expected {_expected(raster)}.")
    if (kind is GEODATABASE) != path.is_dir():
        raise DataRefused(f"{name} is a {'folder' if path.is_dir() else 'file'}; a {kind.title} is not.")
    head = b""
    if not path.is_dir():
        with path.open("rb") as opened:
            head = opened.read(HEAD)
    if not kind.holds(head, path):
        found = _found(head, path)
        raise DataRefused(
            f"{name} cannot be opened: its name is that of a {kind.title} and its content is {found or 'no such'}."
        )
    return kind


def _found(head: bytes, path: Path) -> str | None:
    """What content looks like instead."""
    for kind in KINDS:
        if kind not in (DBF, TEXT_TABLE, GEODATABASE) and kind.holds(head, path):
            return f"that of a {kind.title}"
    if head.startswith(ZIP):
        return "that of a zip"
    if head.startswith(OLE):
        return "that of a workbook of Excel 97-2003, or of one with a password"
    if _text(head).startswith(b"<"):
        return "XML"
    return None


def _expected(raster: bool) -> str:
    kinds = [f"{kind.title} ({', '.join(kind.suffixes)})" for kind in KINDS if kind.raster == raster]
    return f"{', '.join(kinds[:-1])} or {kinds[-1]}, also as .gz or in a .zip{'' if raster else ' (.kmz, .shz)'}"
