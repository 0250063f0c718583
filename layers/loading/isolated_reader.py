"""A program of its own: reads one file with one format library, under limits, and hands its content on.

Whoever sends a file may try to break the library that reads it. So it is read here: in a process that knows no setting,
no password and no other file, with one driver of GDAL, bounded memory and processor time, and at the worst it is this
process that ends. It is run by its path and imports nothing of Obod: that keeps it small, and quick to start.

The request is JSON in the first argument. The answer on standard output is frames: one letter, eight bytes of length,
content. J: JSON. S, B: an Arrow schema and a batch, as IPC messages. R: raw cells. E: a refusal, one
sentence, or kind and place of a fault. Z: end.
"""

from __future__ import annotations

import json
import os
import re
import resource
import sqlite3
import struct
import sys
import traceback
from collections.abc import Callable, Iterable
from contextlib import closing
from typing import Any, NamedTuple, NoReturn

READ_ONLY_SQL = "file:{path}?mode=ro&immutable=1"
SHADOWS = re.compile(r"\A\s*CREATE\s+VIRTUAL\s+TABLE\s+.*?\bUSING\s+rtree\b", re.IGNORECASE | re.DOTALL)
ABOUT, COLUMNS = "About", "Columns"  # sheets that a workbook of ours has before its rows
STYLES = "layer_styles"  # table in which QGIS keeps how others are drawn
TAGS = ("source", "licence", "date", "synthetic")  # of a raster file of ours
SHORT_TEXT = 1_000  # characters of a tag
MOST_COLUMNS = 2_000  # of a table
LISTED = 20  # tables spelled out in a refusal
WITHOUT = ("pandas", "geopandas", "shapely")  # pyogrio would import them, for a second, and has no use for them here


class Refusal(Exception):
    """The file cannot be used; the text follows its name."""


class Request(NamedTuple):
    """What to read and within which limits.

    path : made by the caller, with nothing but the file's own parts beside it. name : of the file, for people.
    driver : GDAL's name, the only one there is. options : of opening. table : of several. rows, cells : the most taken.
    batch : rows of a frame. skip, most : rows whose arcs are to become lines. window : row, column, rows, columns.
    """

    task: str
    path: str
    name: str
    driver: str = ""
    options: dict[str, str] | None = None
    table: str | None = None
    batch: int = 50_000
    skip: int = 0
    most: int = 0
    window: list[int] | None = None
    rows: int = 0
    cells: int = 0
    memory_bytes: int = 0
    processor_s: int = 0


def send(kind: str, content: Any = b"") -> None:
    """Write a frame, whole."""
    view = memoryview(content).cast("B")
    for part in (memoryview(struct.pack(">cQ", kind.encode(), len(view))), view):
        while part:
            part = part[os.write(OUT, part) :]


def send_json(kind: str, value: Any) -> None:
    """Write a frame of JSON."""
    send(kind, json.dumps(value).encode())


def limit(request: Request) -> None:
    """Take from this process what reading a file does not need."""
    resource.setrlimit(resource.RLIMIT_AS, (request.memory_bytes, request.memory_bytes))
    resource.setrlimit(resource.RLIMIT_CPU, (request.processor_s, request.processor_s))
    for nothing in (resource.RLIMIT_CORE, resource.RLIMIT_FSIZE):
        resource.setrlimit(nothing, (0, 0))


def keep_driver(driver: str) -> Any:
    """Return pyogrio with this one driver of GDAL left."""
    for name in WITHOUT:
        sys.modules[name] = None  # type: ignore[assignment]
    import pyogrio
    from pyogrio import _ogr

    pyogrio.set_gdal_config_options({"GDAL_SKIP": ",".join(set(pyogrio.list_drivers()) - {driver})})
    _ogr._register_drivers()
    for name in WITHOUT:  # pyarrow does look for them, in places
        del sys.modules[name]
    if set(pyogrio.list_drivers()) != {driver}:
        raise Refusal("cannot be read by this installation")
    return pyogrio


def read_vector(request: Request) -> None:
    """Send the table's description, then its rows as GDAL gives them."""
    pyogrio = keep_driver(request.driver)
    if request.driver == "GPKG":
        check_tables(request.path)
    if request.driver == "ODS":
        pyogrio.set_gdal_config_options({"OGR_ODS_HEADERS": "FORCE"})
    table = pick([name for name, _ in pyogrio.list_layers(request.path) if name != STYLES], request.table, "table")
    info = pyogrio.read_info(request.path, layer=table, **(request.options or {}))
    if info["features"] > request.rows:
        too_many_rows(request)
    fields = [str(name) for name in info["fields"]]
    about = {"table": table, "fields": fields, "rows": int(info["features"]), "crs": info["crs"]}
    send_json("J", {**about, "spatial": info["geometry_type"] is not None})
    how: dict[str, Any] = {"layer": table, "use_pyarrow": True, "batch_size": request.batch, **(request.options or {})}
    how["datetime_as_string"] = True  # keeps the day the file writes, whatever its zone
    if request.driver == "OSM":
        send_whole(request, table, fields)
        return
    with pyogrio.open_arrow(request.path, **how) as (meta, reader):
        send_json("J", {"geometry": meta["geometry_name"] or "wkb_geometry"})
        send_batches(request, reader.schema, reader)


def list_tables(request: Request) -> None:
    """Send the names of the tables or sheets of a file; none of a workbook of ours, which is one table."""
    if not request.driver:
        from openpyxl import load_workbook

        with open(request.path, "rb") as opened:
            book = load_workbook(opened, read_only=True)
            send_json("J", [] if own_sheets(book)[0] else book.sheetnames)
        return
    pyogrio = keep_driver(request.driver)
    if request.driver == "GPKG":
        check_tables(request.path)
    send_json("J", [name for name, _ in pyogrio.list_layers(request.path) if name != STYLES])


def send_whole(request: Request, table: str, fields: list[str]) -> None:
    """Send the rows of an extract of OpenStreetMap; on the way by Arrow, GDAL keeps to itself that a file is cut."""
    import pyarrow as pa
    from pyogrio import raw

    meta, _, wkb, columns = raw.read(request.path, layer=table, datetime_as_string=True)
    texts = [pa.array(column, type=pa.string(), from_pandas=True) for column in columns]
    whole = pa.table([*texts, pa.array(wkb, type=pa.binary())], names=[*map(str, meta["fields"]), "wkb_geometry"])
    send_json("J", {"geometry": "wkb_geometry"})
    send_batches(request, whole.schema, whole.select([*fields, "wkb_geometry"]).to_batches(request.batch))


def read_lines(request: Request) -> None:
    """Send the geometries of some rows with arcs made lines; GDAL does so on its other way of reading."""
    pyogrio = keep_driver(request.driver)
    import pyarrow as pa
    from pyogrio import raw

    how: dict[str, Any] = {"layer": request.table, "columns": [], **(request.options or {})}
    _, _, wkb, _ = raw.read(request.path, skip_features=request.skip, max_features=request.most, **how)
    batch = pa.record_batch([pa.array(wkb, type=pa.binary())], names=["geometry"])
    del pyogrio
    send_batches(request, batch.schema, [batch])


def read_parquet(request: Request) -> None:
    """Send what a Parquet file says of itself, then its rows; geometry as Well-Known Binary."""
    import pyarrow.parquet as pq

    with pq.ParquetFile(request.path) as opened:
        if opened.metadata.num_rows > request.rows:
            too_many_rows(request)
        # Writers put "geo" into the schema's metadata or into the file's own, where the standard has it.
        said = {**(opened.schema_arrow.metadata or {}), **(opened.metadata.metadata or {})}
        meta = json.loads(said.get(b"geo", b"{}"))
        send_json("J", {"rows": opened.metadata.num_rows, "geo": meta, "names": opened.schema_arrow.names})
        geometry = meta.get("primary_column")
        if meta.get("columns", {}).get(geometry, {}).get("encoding", "WKB") == "WKB":
            names = [n for n in opened.schema_arrow.names if n == geometry or n not in meta.get("columns", {})]
            batches = opened.iter_batches(batch_size=request.batch, columns=names)
            first = next(batches, None)
            schema = opened.schema_arrow if first is None else plain_columns(first).schema
            rest = (plain_columns(batch) for batch in batches)
            send_batches(request, schema, [] if first is None else [plain_columns(first)], rest)
            return
    import geopandas as gpd  # one column of coordinates instead of WKB; geopandas knows how to read it
    import pyarrow as pa

    whole = gpd.read_parquet(request.path)
    table = pa.Table.from_pandas(whole.drop(columns=geometry), preserve_index=False)
    table = table.append_column(geometry, pa.array(whole.geometry.to_wkb(), type=pa.binary()))
    batches = table.to_batches(max_chunksize=request.batch)
    send_batches(request, table.schema, (plain_columns(batch) for batch in batches))


def plain_columns(batch: Any) -> Any:
    """Return a batch without dictionaries, which are no part of a batch's message, and without extension types."""
    import pyarrow as pa

    columns = []
    for column in batch.columns:
        plain = column.storage if isinstance(column.type, pa.ExtensionType) else column
        columns.append(plain.dictionary_decode() if pa.types.is_dictionary(plain.type) else plain)
    return pa.record_batch(columns, names=batch.schema.names)


def send_batches(request: Request, schema: Any, *parts: Iterable[Any]) -> None:
    """Send a schema and all batches, as long as there are not too many rows."""
    send("S", schema.serialize())
    rows = 0
    for part in parts:
        for batch in part:
            rows += len(batch)
            if rows > request.rows:
                too_many_rows(request)
            send("B", batch.serialize())


def read_workbook(request: Request) -> None:
    """Send the rows of a sheet, or of all sheets of a workbook of ours: lists of cells; a date is an object."""
    from openpyxl import load_workbook

    with open(request.path, "rb") as opened:
        book = load_workbook(opened, read_only=True, data_only=True)
        names, headings = own_sheets(book)
        gathered: list[list[Any]] = []
        rows = 0
        for name in names if names and request.table is None else [pick(book.sheetnames, request.table, "sheet")]:
            for number, line in enumerate(book[name].iter_rows(values_only=True)):
                cells = [as_json(cell) for cell in line]
                if rows and (all(cell is None for cell in cells) or (names and number == 0)):
                    continue
                if names and number == 0:  # of the first sheet
                    cells = [headings.get(str(cell), cell) for cell in cells]
                rows += 1
                if rows > request.rows:
                    too_many_rows(request)
                gathered.append(cells)
                if len(gathered) == request.batch:
                    send_json("J", gathered)
                    gathered = []
        send_json("J", gathered)


def own_sheets(book: Any) -> tuple[list[str], dict[Any, str]]:
    """Return the sheets of rows of a workbook of ours, and its columns by their headings; nothing for another's.

    Such a book says in a sheet what each column is, and goes on in another sheet where one is full.
    """
    sheet = book[COLUMNS].iter_rows(values_only=True, max_row=MOST_COLUMNS) if COLUMNS in book.sheetnames else ()
    lines = list(sheet)
    found = [name for name in book.sheetnames if name not in (ABOUT, COLUMNS)]
    ours = bool(lines) and lines[0][:2] == ("name", "heading") and all(name.startswith(found[0]) for name in found)
    return (found, {heading: name for name, heading, *_ in lines[1:]}) if ours and found else ([], {})


def as_json(cell: Any) -> Any:
    """Return a cell as JSON has it."""
    if cell is None or isinstance(cell, str | int | float | bool):
        return cell
    return {type(cell).__name__: cell.isoformat() if hasattr(cell, "isoformat") else str(cell)}


def read_raster(request: Request) -> None:
    """Send where the cells lie and what they hold, then their values, with 255 for known cells where a mask says so."""
    import warnings

    import rasterio
    from rasterio.enums import ColorInterp, MaskFlags
    from rasterio.windows import Window

    warnings.simplefilter("ignore")
    with rasterio.open(request.path, driver=request.driver, sharing=False) as source:
        if source.height * source.width * source.count > request.cells:
            size = f"{source.height:,} x {source.width:,} cells"
            raise Refusal(f"has {size}; OBOD_FILE_CELLS allows {request.cells:,} in all")
        bands = [n for n, meaning in enumerate(source.colorinterp, 1) if meaning != ColorInterp.alpha]
        if not bands or any(source.dtypes[n - 1].startswith("c") for n in bands):
            raise Refusal("has no band of real numbers")
        flags = [source.mask_flag_enums[n - 1] for n in bands]
        alpha = next((n for n, meaning in enumerate(source.colorinterp, 1) if meaning == ColorInterp.alpha), None)
        has_mask = any(MaskFlags.per_dataset in flag and MaskFlags.alpha not in flag for flag in flags)
        about = {
            "bands": len(bands),
            "rows": source.height,
            "cols": source.width,
            "transform": list(source.transform)[:6],
            "crs": source.crs.to_wkt() if source.crs else None,
            "dtypes": [source.dtypes[n - 1] for n in bands],
            "nodata": None if source.nodata is None else repr(float(source.nodata)),
            "scales": [source.scales[n - 1] for n in bands],
            "offsets": [source.offsets[n - 1] for n in bands],
            "masked": has_mask or alpha is not None,
            "tags": {name: text[:SHORT_TEXT] for name, text in source.tags().items() if name in TAGS},
        }
        send_json("J", about)
        first, left, height, width = request.window or (0, 0, source.height, source.width)
        for start in range(first, first + height, request.batch):
            window = Window(left, start, width, min(request.batch, first + height - start))
            values = source.read(bands, window=window)
            send("R", values.tobytes())
            if has_mask:
                send("R", source.dataset_mask(window=window).tobytes())
            elif alpha is not None:  # GDAL takes it for a mask in some types only
                send("R", ((source.read(alpha, window=window) != 0) * 255).astype("uint8").tobytes())


def check_tables(path: str) -> None:
    """Refuse a GeoPackage in which a name stands for a query, not for rows: a query can be made to run for ever."""
    with closing(sqlite3.connect(READ_ONLY_SQL.format(path=path), uri=True)) as db:
        db.execute("PRAGMA trusted_schema = OFF")
        for kind, name, sql in db.execute("SELECT type, name, sql FROM sqlite_master"):
            if kind == "view":
                raise Refusal(f"holds a view ({name}), which is a query; expected tables: save the view as a table")
            if re.match(r"\s*CREATE\s+VIRTUAL", sql or "", re.IGNORECASE) and not SHADOWS.match(sql):
                raise Refusal(f"holds a virtual table ({name}), which stands for another source; expected tables")


def is_json(path: str) -> bool:
    """Whether a file is whole JSON, so that it is not damaged."""
    try:
        with open(path, "rb") as opened:
            json.load(opened)
    except (ValueError, MemoryError, RecursionError):
        return False
    return True


def pick(names: list[str], wanted: str | None, what: str) -> str:
    """Return the name asked for, else the only one."""
    listed = ", ".join(names)
    if wanted is not None and wanted not in names:
        raise Refusal(f"has no {what} {wanted}; it has {listed or 'none'}")
    if wanted is None and len(names) != 1:
        raise Refusal(several(names, what) if names else f"holds no {what}")
    return wanted or names[0]


def several(names: list[str], what: str) -> str:
    """Return the refusal of a file of which nobody said what is meant."""
    listed = ", ".join(names[:LISTED]) + (f" and {len(names) - LISTED} more" if len(names) > LISTED else "")
    return f"holds {len(names)} {what}s ({listed}); name one with --table, or all of one shape with --table '*'"


def too_many_rows(request: Request) -> NoReturn:
    """Refuse a file with more rows than are taken."""
    raise Refusal(f"has more than {request.rows:,} rows, the most that OBOD_FILE_ROWS allows")


TASKS: dict[str, Callable[[Request], None]] = {
    "tables": list_tables,
    "vector": read_vector,
    "lines": read_lines,
    "parquet": read_parquet,
    "workbook": read_workbook,
    "raster": read_raster,
}


def main() -> None:
    """Answer one request."""
    request = Request(**json.loads(sys.argv[1]))
    try:
        limit(request)
        TASKS[request.task](request)
        send("Z")
    except Refusal as refusal:
        send_json("E", str(refusal))
    except MemoryError:
        allowed = request.memory_bytes / 1024**3
        send_json("E", f"needs more memory than the {allowed:g} GB that OBOD_FILE_MEMORY_GB allows, or is damaged")
    except Exception as fault:
        # People are told that the file is damaged; what a library says of it names paths. Kind and place of the fault
        # go to the log, so that a mistake of ours can be told from a damaged file.
        if request.driver == "GeoJSON" and is_json(request.path):
            send_json("E", "is JSON and no GeoJSON; expected a Feature or a FeatureCollection")
            return
        *_, (frame, line) = traceback.walk_tb(fault.__traceback__)
        place = os.path.basename(frame.f_code.co_filename)
        send_json("E", {"fault": f"{type(fault).__name__} at {place}:{line}"})


if __name__ == "__main__":
    OUT = os.dup(1)
    SILENCE = os.open(os.devnull, os.O_WRONLY)
    os.dup2(SILENCE, 1)
    os.dup2(SILENCE, 2)
    try:
        main()
    except BrokenPipeError:  # nobody wants the rest
        os._exit(1)
    os._exit(0)
