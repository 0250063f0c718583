"""Every format opens in its reader with the same rows, types and positions, and says what it is."""

from __future__ import annotations

import csv
import inspect
import io
from collections.abc import Callable, Generator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import openpyxl
import orjson
import pandas as pd
import pyarrow.parquet as pq
import pyogrio
import pytest
from hypothesis import given
from hypothesis import strategies as st
from shapely import Point
from sqlalchemy import Connection, Engine, text

from layers.catalogue.base import PARTNER, PUBLIC
from layers.catalogue.irrigation import Canal, CommandMonth
from layers.catalogue.land import Pasture
from layers.errors import DataRefused
from layers.features import file_rows, file_sheets, paging
from layers.features.export import About, Format, format_of, stream_csv, stream_geojson, write_file
from layers.features.features import layer_features
from layers.features.filters import plot_conditions, sort_keys
from layers.features.formulas import guarded, unguarded
from layers.features.paging import Listing
from layers.features.plots import in_district, scored_plots
from layers.postgres.engine import reading
from tests.worlds.three_districts import RASHT, Land

ABOUT = About(
    title="Plots",
    facts=[("Source", "generated for tests"), ("=Run", "1 (default)")],
    headings={"score": "Балл", "plot_id": "+Plot"},
    cut="Only the first 30 rows are in this file; more match.",
    members={"synthetic": True},
)
WHOLE = About(title="Plots")
CURSORS = text("SELECT count(*) FROM pg_cursors WHERE name <> ''")


@pytest.fixture(scope="module")
def rasht(land: Land) -> Listing:
    """The plots of Rasht, best first."""
    features = scored_plots(PUBLIC, {RASHT: land.default})
    keys = sort_keys(features, "-score")
    return Listing(features, [in_district(RASHT)], keys)


@pytest.fixture
def expected(land: Land) -> dict[str, dict[str, Any]]:
    """plot_id -> row, as it should be shown."""
    return {row["plot_id"]: row for row in land.of(RASHT)}


def same(found: Any, wanted: Any) -> bool:
    """Whether a value of a file is the one shown; unknown values are None or NaN there."""
    if wanted is None:
        return found is None or (isinstance(found, float) and np.isnan(found)) or found == ""
    return bool(found == wanted)


@pytest.mark.parametrize("wanted", [Format.GPKG, Format.FGB, Format.PARQUET, Format.GEOJSON])
def test_a_file_for_gis_holds_every_row_with_its_types(
    public: Connection, rasht: Listing, expected: dict[str, dict[str, Any]], tmp_path: Path, wanted: Format
) -> None:
    path = tmp_path / f"plots.{wanted}"
    write_file(public, rasht, wanted, path, WHOLE)
    frame = gpd.read_parquet(path) if wanted is Format.PARQUET else pyogrio.read_dataframe(path)
    assert frame.crs.to_epsg() == 4326 or frame.crs == "OGC:CRS84"
    assert set(frame.plot_id) == expected.keys()
    assert frame.score.dtype == "float64"
    for found in frame.to_dict("records"):
        row = expected[found["plot_id"]]
        # GeoJSON coordinates are cut after seven decimals, about 1 cm.
        assert found["geometry"].equals_exact(row["geometry"], 1e-7, normalize=True)
        for name in ("score", "class", "area_ha", "jamoat", "run", "irrigated", "slope_pct", "synthetic"):
            assert same(found[name], row[name]), name
        lists = found["not_assessed"]
        assert (list(lists) if not isinstance(lists, str) else lists.split(", ")) == row["not_assessed"]


def test_order_and_limit_are_kept(public: Connection, rasht: Listing, land: Land, tmp_path: Path) -> None:
    best = sorted(land.of(RASHT), key=lambda row: -1 if row["score"] is None else row["score"], reverse=True)
    for wanted in (Format.CSV, Format.PARQUET, Format.GPKG):
        path = tmp_path / f"best.{wanted}"
        write_file(public, rasht, wanted, path, ABOUT, limit=30)
        frame = pyogrio.read_dataframe(path) if wanted is Format.GPKG else None
        ids = (
            list(frame.plot_id)
            if frame is not None
            else pq.read_table(path)["plot_id"].to_pylist()
            if wanted is Format.PARQUET
            else [row["plot_id"] for row in csv.DictReader(path.read_text(encoding="utf-8-sig").splitlines())]
        )
        assert ids == [row["plot_id"] for row in best[:30]]


def test_csv_is_utf_8_with_a_byte_order_mark_and_a_point_on_each_plot(
    public: Connection, rasht: Listing, expected: dict[str, dict[str, Any]]
) -> None:
    content = b"".join(stream_csv(public, rasht, WHOLE))
    assert content.startswith(b"\xef\xbb\xbf")
    rows = list(csv.DictReader(io.StringIO(content.decode("utf-8-sig"))))
    assert {row["plot_id"] for row in rows} == expected.keys()
    for row in rows:
        wanted = expected[row["plot_id"]]
        assert row["score"] == ("" if wanted["score"] is None else f"{wanted['score']:.1f}")
        assert row["irrigated"] == {None: "", True: "true", False: "false"}[wanted["irrigated"]]
        assert wanted["geometry"].contains(Point(float(row["lon"]), float(row["lat"])))


@pytest.mark.parametrize("sign", ["=", "+", "-", "@", "\t", "\r"])
def test_no_text_is_taken_for_a_formula(sign: str) -> None:
    assert guarded(f"{sign}cmd|' /C calc'!A0").startswith("'")  # a text that would run stays a text
    assert guarded("S1") == unguarded("S1") == "S1"


@given(st.text(alphabet="='+-@aA1", max_size=6))
def test_what_is_guarded_is_read_as_it_was(text: str) -> None:
    assert unguarded(guarded(text)) == text
    assert not guarded(text).startswith(("=", "+", "-", "@"))


def test_a_dangerous_text_of_a_row_is_guarded_where_a_spreadsheet_reads_it(
    public: Connection, rasht: Listing, tmp_path: Path
) -> None:
    content = b"".join(stream_csv(public, rasht, WHOLE)).decode("utf-8-sig")
    jamoats = {row["jamoat"] for row in csv.DictReader(io.StringIO(content))}
    assert jamoats == {"", "J1", "J2", "'=J3"}
    path = tmp_path / "plots.xlsx"
    write_file(public, rasht, Format.XLSX, path, WHOLE)
    cells = [cell for row in openpyxl.load_workbook(path)["plots"].iter_rows() for cell in row]
    assert not [cell.coordinate for cell in cells if cell.data_type == "f"]
    assert "'=J3" in {cell.value for cell in cells}


def test_a_workbook_says_first_what_it_is_and_has_headings(
    public: Connection, rasht: Listing, expected: dict[str, dict[str, Any]], tmp_path: Path
) -> None:
    path = tmp_path / "plots.xlsx"
    write_file(public, rasht, Format.XLSX, path, ABOUT, limit=30)
    book = openpyxl.load_workbook(path, read_only=True)
    first, plots = book.worksheets
    told = [[value for value in row if value is not None] for row in first.iter_rows(values_only=True)]
    assert told == [["Plots"], [ABOUT.cut], ["Source", "generated for tests"], ["'=Run", "1 (default)"]]
    headings, *rows = list(plots.iter_rows(values_only=True))
    assert headings[0] == "'+Plot"
    assert headings[7] == "Балл"
    assert len(rows) == 30
    for row in rows:
        assert same(row[7], expected[row[0]]["score"])


def test_a_sheet_that_is_full_is_followed_by_another(
    public: Connection, rasht: Listing, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(file_sheets, "SHEET_ROWS", 70)
    path = tmp_path / "plots.xlsx"
    write_file(public, rasht, Format.XLSX, path, WHOLE)
    book = openpyxl.load_workbook(path)
    assert [(sheet.title, sheet.max_row - 1) for sheet in book.worksheets[1:]] == [
        ("plots", 70),
        ("plots 2", 70),
        ("plots 3", 40),
    ]


def test_a_cut_csv_holds_rows_alone(public: Connection, rasht: Listing, tmp_path: Path) -> None:
    path = tmp_path / "plots.csv"
    write_file(public, rasht, Format.CSV, path, ABOUT, limit=30)
    with path.open(encoding="utf-8-sig", newline="") as file:
        header, *rows = csv.reader(file)
    assert len(rows) == 30
    assert {len(row) for row in rows} == {len(header)}
    assert "Only the first" not in path.read_text(encoding="utf-8-sig")
    frame = pd.read_csv(path)
    assert len(frame) == 30
    assert frame.plot_no.dtype.kind == "i"  # a remark in a row would make text of every column


@pytest.mark.parametrize("wanted", [item for item in Format if item is not Format.CSV])
def test_a_cut_file_says_so_inside(public: Connection, rasht: Listing, tmp_path: Path, wanted: Format) -> None:
    path = tmp_path / f"plots.{wanted}"
    write_file(public, rasht, wanted, path, ABOUT, limit=30)
    match wanted:
        case Format.GEOJSON:
            content = orjson.loads(path.read_bytes())
            told = content["cut"]
            assert (content["numberReturned"], content["synthetic"]) == (30, True)
        case Format.PARQUET:
            told = pq.read_metadata(path).metadata[b"about"].decode()
        case Format.XLSX:
            told = openpyxl.load_workbook(path).worksheets[0]["A2"].value
        case _:
            told = pyogrio.read_info(path)["layer_metadata"]["DESCRIPTION"]
    assert str(ABOUT.cut) in told
    if wanted is Format.PARQUET:
        assert "generated for tests" in told


def test_geoparquet_has_a_box_per_feature_and_round_them_all(
    public: Connection, rasht: Listing, land: Land, tmp_path: Path
) -> None:
    path = tmp_path / "plots.parquet"
    write_file(public, rasht, Format.PARQUET, path, WHOLE)
    geo = orjson.loads(pq.read_metadata(path).metadata[b"geo"])
    column = geo["columns"]["geometry"]
    assert geo["version"] == "1.1.0"
    assert column["geometry_types"] == ["MultiPolygon"]
    assert column["bbox"] == pytest.approx(land.frame[land.frame.district == RASHT].total_bounds, abs=0)
    one = land.of(RASHT)[0]["geometry"].bounds
    west, south, east, north = one
    window = gpd.read_parquet(path, bbox=(west, south, (west + east) / 2, (south + north) / 2))
    assert len(window) == 1


def test_a_file_without_a_matching_row_is_still_a_file(public: Connection, rasht: Listing, tmp_path: Path) -> None:
    features = rasht.features
    none = Listing(features, [*rasht.conditions, *plot_conditions(features, {"min_score": ["99.9"]})])
    for wanted in Format:
        path = tmp_path / f"none.{wanted}"
        write_file(public, none, wanted, path, WHOLE)
        if wanted in (Format.GPKG, Format.FGB, Format.GEOJSON):
            assert len(pyogrio.read_dataframe(path)) == 0
        if wanted is Format.PARQUET:
            assert len(gpd.read_parquet(path)) == 0


def test_files_are_read_in_parts_through_a_cursor(
    public: Connection, rasht: Listing, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(paging, "FETCHED_ROWS", 25)
    stream = stream_geojson(public, rasht, ABOUT)
    next(stream)
    part = next(stream)
    assert public.execute(CURSORS).scalar_one() == 1
    assert part.count(b'"type":"Feature"') == 25
    assert orjson.loads(b"".join([b'{"features":[', part, *stream]))["numberReturned"] == 180


@pytest.mark.parametrize("wanted", Format)
def test_a_file_whose_rows_fail_half_way_leaves_no_cursor_open(
    public: Connection, rasht: Listing, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, wanted: Format
) -> None:
    opened = kept_readers(monkeypatch)
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    rows: list[Mapping[str, Any]] = []

    def fail(row: Mapping[str, Any]) -> str:
        rows.append(row)
        if len(rows) > 30:
            raise ValueError("stopped half way")
        return ""

    with pytest.raises(Exception, match=r"stopped half way|accessing batch from stream"):  # GDAL says it its own way
        write_file(public, rasht, wanted, tmp_path / f"plots.{wanted}", replace(ABOUT, told={"told": fail}))
    assert [inspect.getgeneratorstate(reader) for reader in opened] == [inspect.GEN_CLOSED]
    assert public.execute(CURSORS).scalar_one() == 0
    assert list(tmp_path.glob("openpyxl*")) == []


@pytest.mark.parametrize("wanted", [Format.CSV, Format.GEOJSON])
def test_a_full_disk_leaves_no_cursor_open(
    public: Connection, rasht: Listing, monkeypatch: pytest.MonkeyPatch, wanted: Format
) -> None:
    opened = kept_readers(monkeypatch)
    with pytest.raises(OSError, match="No space left on device"):
        write_file(public, rasht, wanted, Path("/dev/full"), ABOUT)
    assert [inspect.getgeneratorstate(reader) for reader in opened] == [inspect.GEN_CLOSED]


@pytest.mark.parametrize("stream", [stream_csv, stream_geojson])
def test_a_stream_whose_reader_goes_leaves_no_cursor_open(
    public: Connection,
    rasht: Listing,
    monkeypatch: pytest.MonkeyPatch,
    stream: Callable[[Connection, Listing, About], Generator[bytes, None, None]],
) -> None:
    opened = kept_readers(monkeypatch)
    parts = stream(public, rasht, ABOUT)
    next(parts)
    next(parts)
    assert public.execute(CURSORS).scalar_one() == 1
    parts.close()
    assert public.execute(CURSORS).scalar_one() == 0
    assert [inspect.getgeneratorstate(reader) for reader in opened] == [inspect.GEN_CLOSED]


def kept_readers(monkeypatch: pytest.MonkeyPatch) -> list[Generator[Any, None, None]]:
    """Readers of rows as they are opened. They are held here, so that none is closed by nobody needing it."""
    opened: list[Generator[Any, None, None]] = []
    read = paging.stream_rows

    def kept(connection: Connection, statement: Any) -> Generator[Any, None, None]:
        opened.append(read(connection, statement))
        return opened[-1]

    monkeypatch.setattr(paging, "FETCHED_ROWS", 25)
    monkeypatch.setattr(paging, "stream_rows", kept)
    monkeypatch.setattr(file_rows, "stream_rows", kept)
    return opened


def test_layers_of_lines_and_tables_without_geometry_are_written_too(
    database: Engine, land: Land, tmp_path: Path
) -> None:
    assert land.rows
    with database.begin() as connection:
        load = connection.execute(
            text("INSERT INTO loads (layer, kind, mode) VALUES ('command_months', 'load', 'add') RETURNING load_id")
        ).scalar_one()
        connection.execute(
            text(
                "INSERT INTO command_months (code, command_area, month, year_type, flow_m3_s, load_id, row_hash) "
                "VALUES ('M1', 'A1', 6, 'dry', 0.25, :load, 'x')"
            ),
            {"load": load},
        )
    with reading(PARTNER) as connection:
        for wanted in Format:
            canals, months = tmp_path / f"canals.{wanted}", tmp_path / f"months.{wanted}"
            write_file(connection, Listing(layer_features(Canal, PARTNER)), wanted, canals, WHOLE)
            write_file(connection, Listing(layer_features(CommandMonth, PARTNER)), wanted, months, WHOLE)
        lines = pyogrio.read_dataframe(tmp_path / "canals.gpkg")
        assert lines.geometry.geom_type.tolist() == ["MultiLineString"]
        assert lines["name"].tolist() == ["+Obi Rasht"]
        assert pq.read_table(tmp_path / "months.parquet").to_pylist()[0]["flow_m3_s"] == 0.25
        assert "M1,A1,6,dry,0.25,,false" in (tmp_path / "months.csv").read_text()
        assert pyogrio.read_dataframe(tmp_path / "months.gpkg").code.tolist() == ["M1"]
        write_file(connection, Listing(layer_features(Pasture, PARTNER)), Format.GPKG, tmp_path / "p.gpkg", WHOLE)


@pytest.mark.parametrize(("name", "wanted"), [("a.CSV", Format.CSV), ("b.geojson", Format.GEOJSON)])
def test_the_ending_names_the_format(name: str, wanted: Format) -> None:
    assert format_of(Path(name)) is wanted


def test_an_unknown_ending_is_refused_with_the_known_ones() -> None:
    with pytest.raises(DataRefused, match=r"plots\.doc must end in one of .*\.gpkg"):
        format_of(Path("plots.doc"))
