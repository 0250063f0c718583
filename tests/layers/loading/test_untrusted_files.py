"""Files made to harm: who sends a file chooses neither what reads it, nor what else is read, nor how long it takes."""

from __future__ import annotations

import gzip
import io
import os
import re
import shutil
import socket
import sqlite3
import stat
import struct
import subprocess
import sys
import zipfile
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import closing, suppress
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import rasterio
import shapely
from affine import Affine

from layers.errors import DataRefused, LayersError, NotFound
from layers.loading import isolation
from layers.loading.admission import AdmittedFile
from layers.loading.isolation import Reading
from layers.loading.kinds import KINDS, Kind
from layers.loading.raster_files import RasterFile
from layers.loading.reading import open_source
from layers.loading.shapes import Shapes
from tests.clients.process import forget_settings
from tests.drills.figures import Note
from tests.worlds.village_files import WRITERS, villages

SetLimit = Callable[[str, str], None]
SECRET = "code,name_en,lon,lat\nv1,Planted,70.9,39.2\n"


@pytest.fixture
def limits(monkeypatch: pytest.MonkeyPatch) -> Iterator[SetLimit]:
    """Set OBOD_FILE_... for one test."""

    def set_limit(name: str, value: str) -> None:
        monkeypatch.setenv(name, value)
        forget_settings()

    yield set_limit
    monkeypatch.undo()
    forget_settings()


def read(path: Path, table: str | None = None) -> list[dict[Any, Any]]:
    """All rows of a file."""
    return [row for chunk in open_source(path, table=table).chunks() for row in chunk.frame.to_dict("records")]


def read_raster(path: Path) -> np.ndarray:
    """All cells of a raster, as they would be stored."""
    source = RasterFile(AdmittedFile(path, raster=True))
    return np.concatenate(list(source.strips(source.cells(None))), axis=1)


def sentence(path: Path, *, raster: bool = False) -> str:
    """What is said of a file that is refused: one line, which names the file and no folder."""
    with pytest.raises(LayersError) as refusal:
        _ = read_raster(path) if raster else read(path)
    said = str(refusal.value)
    assert path.name in said
    assert "\n" not in said
    assert str(path.parent) not in said
    assert "Planted" not in said
    return said


# --- the reader is not the sender's to choose


def vrt_of_cells(secret: Path) -> str:
    return (
        '<VRTDataset rasterXSize="20" rasterYSize="2"><SRS>EPSG:32642</SRS>'
        "<GeoTransform>700000,30,0,4330000,0,-30</GeoTransform>"
        '<VRTRasterBand dataType="Byte" band="1" subClass="VRTRawRasterBand">'
        f'<SourceFilename relativeToVRT="0">{secret}</SourceFilename><PixelOffset>1</PixelOffset>'
        "<LineOffset>20</LineOffset></VRTRasterBand></VRTDataset>"
    )


def vrt_of_rows(secret: Path) -> str:
    return (
        f'<OGRVRTDataSource><OGRVRTLayer name="{secret.stem}"><SrcDataSource>{secret}</SrcDataSource>'
        "<GeometryType>wkbPoint</GeometryType><LayerSRS>EPSG:4326</LayerSRS>"
        '<GeometryField encoding="PointFromColumns" x="lon" y="lat"/></OGRVRTLayer></OGRVRTDataSource>'
    )


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.title)
def test_a_virtual_file_is_read_under_no_name(tmp_path: Path, kind: Kind) -> None:
    secret = tmp_path / "secret.csv"
    secret.write_text(SECRET)
    for suffix in kind.suffixes:
        for made in (vrt_of_cells, vrt_of_rows):
            path = tmp_path / f"evil{suffix}"
            path.write_text(made(secret))
            if suffix in (".csv", ".tsv", ".txt"):  # a table of what stands there, and no more
                with suppress(DataRefused):
                    assert "Planted" not in str(read(path))
                continue
            sentence(path, raster=kind.raster)


def test_a_virtual_file_says_what_it_is(tmp_path: Path) -> None:
    path = tmp_path / "evil.tif"
    path.write_text(vrt_of_cells(Path("/etc/passwd")))
    assert (
        sentence(path, raster=True)
        == "evil.tif cannot be opened: its name is that of a GeoTIFF and its content is XML."
    )


CALLS = {
    "wms.tif": "<GDAL_WMS><Service name='TMS'><ServerUrl>{url}/${{z}}/${{x}}/${{y}}.png</ServerUrl></Service>"
    "<DataWindow><UpperLeftX>70</UpperLeftX><UpperLeftY>40</UpperLeftY><LowerRightX>71</LowerRightX>"
    "<LowerRightY>39</LowerRightY><SizeX>256</SizeX><SizeY>256</SizeY></DataWindow>"
    "<Projection>EPSG:4326</Projection><BandsCount>1</BandsCount></GDAL_WMS>",
    "wcs.tif": "<WCS_GDAL><ServiceURL>{url}?</ServiceURL><CoverageName>c</CoverageName></WCS_GDAL>",
    "wfs.geojson": "<OGRWFSDataSource><URL>{url}</URL></OGRWFSDataSource>",
    "service.geojson": '{{"type": "FeatureCollection", "features": [], "exceededTransferLimit": true, '
    '"links": [{{"rel": "next", "type": "application/geo+json", "href": "{url}"}}]}}',
    "link.kml": '<kml xmlns="http://www.opengis.net/kml/2.2"><Document><NetworkLink><Link><href>{url}/a.kml</href>'
    "</Link></NetworkLink></Document></kml>",
    "entity.kml": '<!DOCTYPE kml SYSTEM "{url}/a.dtd"><kml xmlns="http://www.opengis.net/kml/2.2"><Document/></kml>',
    "vsi.geojson": '"/vsicurl/{url}/a.geojson"',
}


@pytest.mark.parametrize("name", CALLS)
def test_no_file_makes_the_reader_call_out(tmp_path: Path, name: str) -> None:
    with closing(socket.create_server(("127.0.0.1", 0))) as listening:
        listening.setblocking(False)
        path = tmp_path / name
        path.write_text(CALLS[name].format(url=f"http://127.0.0.1:{listening.getsockname()[1]}"))
        with suppress(DataRefused):
            _ = read_raster(path) if name.endswith(".tif") else read(path)
        with pytest.raises(BlockingIOError):
            listening.accept()


@pytest.mark.parametrize("driver", sorted({kind.driver for kind in KINDS if kind.driver and not kind.raster}))
def test_one_driver_is_left_to_read_a_file(driver: str) -> None:
    program = (
        f"import runpy; run = runpy.run_path({str(isolation.PROGRAM)!r}); "
        f"print(list(run['keep_driver']({driver!r}).list_drivers()))"
    )
    done = subprocess.run([sys.executable, "-I", "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == f"['{driver}']"


def test_what_kind_of_fault_ended_the_reading_is_logged_and_not_told(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    path = tmp_path / "dem.tif"
    path.write_bytes(b"II*\0" + b"\0" * 2000)
    with caplog.at_level("INFO", logger="layers.loading.isolation"):
        assert sentence(path, raster=True) == "dem.tif cannot be opened: it is cut short or damaged."
    assert re.search(r"'fault': 'RasterioIOError at \w+\.\w+:\d+'", caplog.text)
    assert str(tmp_path) not in caplog.text


def test_a_grid_is_opened_by_the_driver_of_its_kind_only(tmp_path: Path) -> None:
    path = tmp_path / "dem.tif"
    path.write_bytes(b"II*\0" + b"\0" * 2000)
    assert sentence(path, raster=True) == "dem.tif cannot be opened: it is cut short or damaged."
    elevations = tmp_path / "dem.asc"
    elevations.write_text("ncols 2\nnrows 1\nxllcorner 70\nyllcorner 39\ncellsize 0.1\nNODATA_value -9\n5 -9\n")
    elevations.with_suffix(".prj").write_text(rasterio.CRS.from_epsg(4326).to_wkt())
    assert read_raster(elevations).tolist() == [[[5, -9]]]


def test_what_reads_a_file_knows_no_secret(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OBOD_DATABASE_URL", "postgresql://owner:planted@localhost/obod")
    program = tmp_path / "tell.py"
    program.write_text(
        "import json, os, struct\nsaid = json.dumps([{k: v for k, v in os.environ.items()}]).encode()\n"
        "os.write(1, struct.pack('>cQ', b'J', len(said)) + said + struct.pack('>cQ', b'Z', 0))\n"
    )
    monkeypatch.setattr(isolation, "PROGRAM", program)
    frame = Reading(AdmittedFile(plain_file(tmp_path)), "vector").next()
    assert frame is not None
    [environment] = frame.json()
    assert "GDAL_NUM_THREADS" in environment
    assert not [name for name in environment if name.startswith("OBOD")]


def plain_file(folder: Path, name: str = "villages.geojson") -> Path:
    """A small file that loads."""
    path = folder / name
    WRITERS[name](villages(), path)
    return path


# --- queries in a database


def test_a_query_in_a_geopackage_is_not_run(tmp_path: Path) -> None:
    path = plain_file(tmp_path, "villages.gpkg")
    without_end = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT i AS fid, 'x' AS code FROM n"
    with closing(sqlite3.connect(path)) as database:
        database.execute(f"CREATE VIEW endless AS {without_end}")
        database.execute(
            "INSERT INTO gpkg_contents (table_name, data_type, identifier) VALUES ('endless', 'attributes', 'e')"
        )
        database.commit()
    assert "holds a view (endless), which is a query; expected tables" in sentence(path)


def test_a_virtual_table_of_a_geopackage_is_not_followed(tmp_path: Path) -> None:
    (tmp_path / "secret.csv").write_text(SECRET)
    path = plain_file(tmp_path, "villages.gpkg")
    with closing(sqlite3.connect(path)) as database:
        database.execute("PRAGMA writable_schema = ON")
        sql = f"CREATE VIRTUAL TABLE other USING VirtualOGR('{tmp_path / 'secret.csv'}')"
        database.execute("INSERT INTO sqlite_master VALUES ('table', 'other', 'other', 0, ?)", [sql])
        database.commit()
    assert "holds a virtual table (other)" in sentence(path)


def test_a_trigger_of_a_geopackage_changes_nothing(tmp_path: Path) -> None:
    path = plain_file(tmp_path, "villages.gpkg")
    with closing(sqlite3.connect(path)) as database:
        database.execute("CREATE TRIGGER t AFTER UPDATE ON gpkg_contents BEGIN DELETE FROM villages; END")
        database.commit()
    before = path.read_bytes()
    assert len(read(path)) == 3
    assert path.read_bytes() == before


# --- what is no file, or reaches for others


def test_pipes_and_devices_are_not_waited_for(tmp_path: Path) -> None:
    pipe, link = tmp_path / "pipe.csv", tmp_path / "zero.csv"
    os.mkfifo(pipe)
    link.symlink_to("/dev/zero")
    for path in (pipe, link):
        assert "is a pipe or a device; expected a file." in sentence(path)


def test_parts_of_a_file_are_its_own(tmp_path: Path) -> None:
    folder = tmp_path / "given"
    folder.mkdir()
    elsewhere = tmp_path / "secret.prj"
    path = folder / "villages.shp"
    villages().to_file(path, encoding="utf-8")
    path.with_suffix(".prj").rename(elsewhere)
    path.with_suffix(".prj").symlink_to(elsewhere)
    assert "villages.prj, a part of villages.shp, is a link out of its folder" in sentence(path)
    path.with_suffix(".prj").unlink()
    os.mkfifo(path.with_suffix(".prj"))
    assert "villages.prj, a part of villages.shp" in sentence(path)


def test_only_the_parts_of_a_file_are_beside_it_when_it_is_read(tmp_path: Path) -> None:
    path = tmp_path / "villages.shp"
    villages().to_file(path, encoding="utf-8")
    (tmp_path / "villages.sbn").write_bytes(b"x")
    (tmp_path / "other.shp").write_bytes(b"x")
    admitted = AdmittedFile(path)
    beside = {part.name for part in admitted.path.parent.iterdir()}
    assert beside == {f"villages.{ending}" for ending in ("shp", "shx", "dbf", "prj", "cpg")}


# --- archives


def zipped(path: Path, members: dict[str, bytes], *, kind: int = stat.S_IFREG) -> Path:
    with zipfile.ZipFile(path, "w") as out:
        for name, content in members.items():
            info = zipfile.ZipInfo(name)
            info.external_attr = (kind | 0o644) << 16
            info.compress_type = zipfile.ZIP_DEFLATED
            out.writestr(info, content)
    return path


def test_an_archive_does_not_lead_out_of_its_folder(tmp_path: Path) -> None:
    for name in ("../escaped.csv", "/tmp/escaped.csv", "a/../../escaped.csv", "..\\escaped.csv", "C:/escaped.csv"):
        path = zipped(tmp_path / "evil.zip", {name: SECRET.encode()})
        assert "place is outside of it" in sentence(path)
    assert not list(tmp_path.rglob("escaped.csv"))
    (tmp_path / "secret.csv").write_text(SECRET)
    path = zipped(tmp_path / "evil.zip", {"link.csv": str(tmp_path / "secret.csv").encode()}, kind=stat.S_IFLNK)
    assert "holds a link or a device (link.csv)" in sentence(path)


def test_an_archive_does_not_grow_without_bound(tmp_path: Path, limits: SetLimit) -> None:
    limits("OBOD_FILE_UNPACKED_GB", "0.01")
    zeros = bytes(20 << 20)
    path = zipped(tmp_path / "bomb.zip", {"a.csv": zeros})
    assert path.stat().st_size < 100_000
    assert "unpacks to more than the 0.01 GB that OBOD_FILE_UNPACKED_GB allows" in sentence(path)
    lying = bytearray(path.read_bytes())  # says in both places that the file has 10 bytes
    for at in (22, lying.index(b"PK\x01\x02") + 24):
        lying[at : at + 4] = struct.pack("<I", 10)
    path.write_bytes(lying)
    sentence(path)
    packed = tmp_path / "bomb.csv.gz"
    packed.write_bytes(gzip.compress(zeros))
    assert "OBOD_FILE_UNPACKED_GB" in sentence(packed)
    assert "OBOD_FILE_UNPACKED_GB" in sentence(zipped(tmp_path / "book.xlsx", {"[Content_Types].xml": zeros}))


def test_archives_within_archives_end_somewhere(tmp_path: Path, limits: SetLimit) -> None:
    content = SECRET.replace("Planted", "Hoit").encode()
    for depth in (1, 2, 3):
        out = io.BytesIO()
        with zipfile.ZipFile(out, "w") as archive:
            archive.writestr("a.csv" if depth == 1 else "a.zip", content)
        content = out.getvalue()
        path = tmp_path / f"{depth}.zip"
        path.write_bytes(content)
    assert [row["name_en"] for row in read(tmp_path / "2.zip")] == ["Hoit"]
    assert "OBOD_FILE_NESTING allows 2 to be unpacked" in sentence(path)
    limits("OBOD_FILE_NESTING", "3")
    assert len(read(path)) == 1


def test_an_archive_is_read_for_its_one_file_or_the_one_that_is_named(tmp_path: Path) -> None:
    folder = tmp_path / "shape" / "district"
    folder.mkdir(parents=True)
    villages().to_file(folder / "villages.shp", encoding="utf-8")
    villages().iloc[:1].to_file(folder / "towns.shp", encoding="utf-8")
    (folder / "read me.pdf").write_bytes(b"%PDF")
    archive = Path(shutil.make_archive(str(tmp_path / "both"), "zip", tmp_path / "shape"))
    assert "holds 2 files (district/towns.shp, district/villages.shp); say one with --table" in sentence(archive)
    assert len(read(archive, "towns")) == 1
    assert len(read(tmp_path / "shape", "villages")) == 3
    assert "holds no file that can be taken as a raster" in sentence(archive, raster=True)
    geodatabase = tmp_path / "g" / "villages.gdb"
    geodatabase.parent.mkdir()
    WRITERS["villages.gdb"](villages(), geodatabase)
    assert len(read(Path(shutil.make_archive(str(tmp_path / "g2"), "zip", geodatabase.parent)))) == 3
    packed = tmp_path / "villages.geojson.gz"
    packed.write_bytes(gzip.compress(plain_file(tmp_path).read_bytes()))
    assert [row["code"] for row in read(packed)] == ["v1", "v2", "v3"]


# --- limits, each with its sentence


def test_rows_cells_and_vertices_are_bounded(tmp_path: Path, limits: SetLimit) -> None:
    limits("OBOD_FILE_ROWS", "2")
    for name in ("villages.gpkg", "villages.geojson", "villages.parquet", "villages.csv", "villages.xlsx"):
        assert "has more than 2 rows, the most that OBOD_FILE_ROWS allows" in sentence(plain_file(tmp_path, name))
    huge = tmp_path / "huge.tif"
    profile = {"driver": "GTiff", "width": 200_000, "height": 200_000, "count": 1, "dtype": "int16", "tiled": True}
    with rasterio.open(huge, "w", **profile, crs=4326, transform=Affine(1e-5, 0, 70, 0, -1e-5, 39), sparse_ok=True):
        pass
    assert huge.stat().st_size < 20_000_000
    said = sentence(huge, raster=True)
    assert said == "huge.tif has 200,000 x 200,000 cells; OBOD_FILE_CELLS allows 4,000,000,000 in all."


HANGS, CRASHES = "import signal\nsignal.pause()\n", "import os\nos.abort()\n"
EATS = "import resource\nresource.setrlimit(resource.RLIMIT_AS, (1 << 28, 1 << 28))\nbytearray(1 << 30)\n"


@pytest.mark.parametrize(
    ("does", "said"),
    [
        (HANGS, "takes more than 0 seconds to read, which OBOD_FILE_SECONDS sets, or is damaged"),
        (CRASHES, "cannot be opened: it is cut short or damaged"),
        (EATS, "cannot be opened: it is cut short or damaged"),
    ],
)
def test_a_library_that_hangs_or_crashes_is_one_sentence(
    tmp_path: Path, limits: SetLimit, monkeypatch: pytest.MonkeyPatch, does: str, said: str
) -> None:
    path = plain_file(tmp_path)
    program = tmp_path / "program.py"
    program.write_text(does)
    monkeypatch.setattr(isolation, "PROGRAM", program)
    limits("OBOD_FILE_SECONDS", "0.3" if does is HANGS else "60")
    assert said in sentence(path)


def test_memory_is_bounded(tmp_path: Path, limits: SetLimit) -> None:
    limits("OBOD_FILE_MEMORY_GB", "0.5")
    path = tmp_path / "large.parquet"
    frame = gpd.GeoDataFrame({"code": ["x" * 1_000_000] * 1_000}, geometry=shapely.points(np.full(1000, 70.0), 39.0))
    frame.to_parquet(path, compression="zstd")
    assert path.stat().st_size < 1_000_000
    assert "large.parquet" in sentence(path)


def test_what_is_nested_without_end_is_refused_as_a_row(tmp_path: Path) -> None:
    deep = "GEOMETRYCOLLECTION(" * 100_000 + "POINT(70 39)" + ")" * 100_000
    path = tmp_path / "deep.csv"
    path.write_text(f'code,wkt\nv1,"{deep}"\nv2,POINT(70 39)\n')
    [chunk] = open_source(path).chunks()
    assert [(fault.position, fault.reason) for fault in chunk.unreadable] == [
        (0, "is no geometry in WKT, nor the hexadecimal digits of WKB")
    ]
    point = shapely.to_wkb(shapely.Point(70, 39))
    nested = struct.pack("<BII", 1, 7, 1) * 100_000 + point
    columns = {"code": ["v1", "v2"], "geometry": [nested, point]}
    table = pa.table(columns).replace_schema_metadata(
        {"geo": '{"version": "1.1.0", "primary_column": "geometry", "columns": {"geometry": {"encoding": "WKB"}}}'}
    )
    pq.write_table(table, tmp_path / "deep.parquet")
    [chunk] = open_source(tmp_path / "deep.parquet").chunks()
    assert chunk.shapes is not None
    assert chunk.shapes.missing().tolist() == [True, False]


# --- damage at any place


DAMAGED = ("villages.gpkg", "villages.shp", "villages.geojson", "villages.fgb", "villages.kml", "villages.parquet",
           "villages.csv", "villages.xlsx", "villages.tif", "villages.zip")  # fmt: skip


SEEDS = range(1_000, 1_100)  # of the damage to a file of each format


def damaged(content: bytes, random: np.random.Generator) -> bytes:
    """Content with some bytes changed, taken out or put in, anywhere."""
    changed = bytearray(content)
    for _ in range(random.integers(1, 9)):
        at = int(random.integers(len(changed)))
        match random.integers(4):
            case 0:
                changed[at] = int(random.integers(256))
            case 1:
                changed[at : at + 4] = struct.pack("<I", int(random.choice([0, 1, 2**31 - 1, 2**32 - 1])))
            case 2:
                del changed[at : at + int(random.integers(1, 50))]
            case _:
                changed[at:at] = random.bytes(int(random.integers(1, 50)))
    return bytes(changed) or b"\0"


def write_whole(folder: Path, name: str) -> Path:
    """A file of the kind, undamaged."""
    path = folder / name
    if name.endswith(".tif"):
        cells = np.arange(400, dtype=np.int16).reshape(20, 20)
        profile = {"driver": "GTiff", "width": 20, "height": 20, "count": 1, "dtype": "int16", "nodata": -9}
        with rasterio.open(path, "w", **profile, crs=4326, transform=Affine(0.01, 0, 70, 0, -0.01, 39)) as out:
            out.write(cells, 1)
    elif name.endswith(".zip"):
        zipped(path, {"villages.geojson": plain_file(folder).read_bytes()})
    else:
        WRITERS[name](villages(), path)
    return path


def check_sentence(said: str, folder: Path, seed: int) -> None:
    assert "\n" not in said, seed
    assert str(folder) not in said, seed


def hold_damage(folder: Path, name: str, seed: int) -> str:
    """Damage one file and read it: rows that are all told, or one sentence; never a crash or a library's words."""
    random = np.random.default_rng(seed)
    path = write_whole(folder, name)
    path.write_bytes(damaged(path.read_bytes(), random))
    try:
        if name.endswith(".tif"):
            assert read_raster(path).shape[1:] == tuple(
                RasterFile(AdmittedFile(path, raster=True))._about[side] for side in ("rows", "cols")
            )
            return "read"
        source = open_source(path)
        chunks = list(source.chunks())
    except (DataRefused, NotFound) as refusal:
        check_sentence(str(refusal), folder, seed)
        return "refused"
    rows = np.concatenate([chunk.rows for chunk in chunks]) if chunks else np.empty(0)
    assert rows.tolist() == list(range(1, len(rows) + 1)), seed
    if source.total is not None:
        assert len(rows) == source.total, seed
    return "read"


@pytest.mark.parametrize("name", DAMAGED)
def test_a_damaged_file_is_read_or_refused(tmp_path: Path, name: str) -> None:
    for seed in range(3):
        hold_damage(tmp_path, name, seed)
        shutil.rmtree(tmp_path)
        tmp_path.mkdir()


@pytest.mark.heavy
def test_a_thousand_damaged_files_are_read_or_refused(tmp_path: Path, figure: Note) -> None:
    ends = Counter[str]()
    for name in DAMAGED:
        for seed in SEEDS:
            folder = tmp_path / f"{name}-{seed}"
            folder.mkdir()
            ends[hold_damage(folder, name, seed)] += 1
            shutil.rmtree(folder)
    figure(
        "damaged files",
        f"{ends.total():,} files of {len(DAMAGED)} formats with bytes changed, taken out, put in: {ends['read']} read "
        f"with all rows told, {ends['refused']} refused in one sentence, none crashed, hung or lost a row silently",
        SEEDS.start,
    )


def test_what_has_arcs_or_no_finite_place_costs_its_own_row_only(tmp_path: Path) -> None:
    path = tmp_path / "arcs.csv"
    arc = "CIRCULARSTRING(70 39,70.1 39.1,70.2 39)"
    places = (f'"CURVEPOLYGON({arc})"', f'"GEOMETRYCOLLECTION({arc})"', '"POINT(1e400 39)"', "POINT(70 39)")
    path.write_text("code,wkt\n" + "".join(f"v{row},{place}\n" for row, place in enumerate(places)))
    [chunk] = open_source(path).chunks()
    faults = [(fault.position, fault.reason) for fault in chunk.unreadable]
    assert faults == [(row, "has arcs; expected straight lines") for row in (0, 1)]
    assert chunk.shapes is not None
    assert shapely.to_wkt(chunk.shapes.objects()[3]) == "POINT (70 39)"
    line = struct.pack("<BII4d", 1, 8, 2, 70, 39, 70.1, 39)  # of type 8, a circular string
    nested = pa.array([struct.pack("<BII", 1, 7, 1) + line, shapely.to_wkb(shapely.Point(70, 39))])
    assert list(Shapes.of_wkb(nested).missing()) == [True, False]
