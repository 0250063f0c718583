"""Files that GDAL reads: GeoPackage, Shapefile, GeoJSON, FlatGeobuf, File Geodatabase, DXF, KML and others."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyogrio
import pyproj
from numpy.typing import NDArray
from pyogrio.errors import DataLayerError, DataSourceError
from pyproj.exceptions import CRSError

from layers.errors import DataRefused
from layers.loading.chunks import CHUNK, Chunk, Unreadable
from layers.loading.encodings import TextDecoder, dbf_encoding, undecodable
from layers.loading.shapes import CurvedGeometry, Shapes


class VectorFile:
    """A file read by GDAL.

    Raises
    ------
    DataRefused : it cannot be opened, is cut short, or holds several tables and none was named.
    """

    def __init__(self, path: Path, decoder: TextDecoder | None, table: str | None) -> None:
        self.path = path
        self.file_name = path.name
        if path.suffix.casefold() == ".shp":
            _check_shapefile(path)
        self._shapefile = path.suffix.casefold() in (".shp", ".dbf")
        declared = dbf_encoding(path) if self._shapefile else None
        self._decoder = decoder or TextDecoder(declared)
        self._options = {"ENCODING": "ISO-8859-1"} if self._shapefile else {}  # hands every byte on as it is
        try:
            self._table = _table_of(path, table)
            with _quiet():
                info = pyogrio.read_info(path, layer=self._table, **self._options)
        except (DataSourceError, DataLayerError, OSError, RuntimeError):
            raise DataRefused(
                f"{self.file_name} cannot be opened: it is cut short, damaged, or in a format that is not read."
            ) from None
        self.columns = tuple(self._heading(str(name)) for name in info["fields"])
        self.positions: tuple[str, ...] = ()
        self.spatial = info["geometry_type"] is not None
        self.total: int | None = int(info["features"]) if info["features"] >= 0 else None
        self.crs = _crs_of(self.file_name, info["crs"])
        self.notes: list[str] = [f"Text is read as {declared}, as the file says."] if declared and not decoder else []

    def chunks(self) -> Iterator[Chunk]:
        """Yield all rows in their order."""
        read = 0
        try:
            with _quiet():
                for batch, geometry in self._batches():
                    rows = np.arange(read + 1, read + len(batch) + 1, dtype=np.int64)
                    read += len(batch)
                    yield self._chunk(rows, batch, geometry)
        except (DataSourceError, DataLayerError, pa.ArrowException, OSError) as error:
            raise DataRefused(f"{self.file_name} cannot be read beyond row {read}: it is damaged.") from error
        if self.total is not None and read < self.total:
            raise DataRefused(f"{self.file_name} is cut short: it says {self.total} rows and has {read}.")

    def _batches(self) -> Iterator[tuple[pa.RecordBatch, str | None]]:
        how: dict[str, Any] = {"layer": self._table, "use_pyarrow": True, "batch_size": CHUNK, **self._options}
        with pyogrio.open_arrow(self.path, **how) as (meta, reader):
            geometry = (meta["geometry_name"] or "wkb_geometry") if self.spatial else None
            for batch in reader:
                yield batch, geometry

    def _chunk(self, rows: NDArray[np.int64], batch: pa.RecordBatch, geometry: str | None) -> Chunk:
        frame = {}
        for name, column in zip(batch.schema.names, batch.columns, strict=True):
            heading = self._heading(name)
            if heading in self.columns:
                frame[heading] = self._values(heading, column, rows)
        shapes: Shapes | None = None
        unreadable: list[Unreadable] = []
        if geometry is not None:
            wkb = batch.column(geometry)
            try:
                shapes = Shapes.of_wkb(wkb)
            except CurvedGeometry:
                shapes = Shapes.of_wkb(self._without_arcs(rows))
            lost = shapes.missing() & wkb.is_valid().to_numpy(zero_copy_only=False)
            unreadable = [
                Unreadable(int(at), "geometry", None, "is of a kind that cannot be read") for at in np.flatnonzero(lost)
            ]
        return Chunk(rows, pd.DataFrame(frame, index=range(len(rows))), shapes, unreadable)

    def _without_arcs(self, rows: NDArray[np.int64]) -> pa.Array:
        """Return the WKB of some rows with arcs made lines; GDAL does so on its other way of reading."""
        how: dict[str, Any] = {"layer": self._table, "columns": [], **self._options}
        _, _, wkb, _ = pyogrio.raw.read(self.path, skip_features=int(rows[0]) - 1, max_features=len(rows), **how)
        return pa.array(wkb, type=pa.binary())

    def _heading(self, name: str) -> str:
        raw = name.encode("latin-1", errors="replace") if self._shapefile else name.encode()
        try:
            return self._decoder.decode(raw, prefer_utf8=not self._shapefile, relettered=False)
        except UnicodeDecodeError:
            return raw.decode("latin-1")

    def _values(self, name: str, column: pa.Array, rows: NDArray[np.int64]) -> pd.Series[Any]:
        if pa.types.is_string(column.type) or pa.types.is_large_string(column.type):
            return self._text(name, column, rows)
        if pa.types.is_nested(column.type) or pa.types.is_binary(column.type):
            return pd.Series(column.to_pylist(), dtype=object)
        series: pd.Series[Any] = column.to_pandas(date_as_object=True)
        return series

    def _text(self, name: str, column: pa.Array, rows: NDArray[np.int64]) -> pd.Series[Any]:
        raw_bytes = column.cast(pa.large_binary() if pa.types.is_large_string(column.type) else pa.binary())
        try:
            column.validate(full=True)
            plain = not self._decoder.changes_letters and (
                not self._shapefile or bool(pc.all(pc.string_is_ascii(column)).as_py() in (True, None))
            )
            if plain:
                series: pd.Series[Any] = column.to_pandas()
                return series
        except pa.ArrowInvalid:
            pass  # not UTF-8: the rows are looked at one by one
        texts: list[str | None] = []
        for row, raw in zip(rows, raw_bytes.to_pylist(), strict=True):
            if raw is None:
                texts.append(None)
                continue
            octets = raw.decode("utf-8").encode("latin-1") if self._shapefile else raw
            try:
                texts.append(self._decoder.decode(octets, prefer_utf8=not self._shapefile))
            except UnicodeDecodeError:
                raise undecodable(self.file_name, int(row), name, octets, self._decoder) from None
        return pd.Series(texts, dtype="str")


@contextmanager
def _quiet() -> Iterator[None]:
    """Keep GDAL's remarks, which name paths, to ourselves: what matters is checked row by row."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


def _table_of(path: Path, wanted: str | None) -> str:
    """Name of the table to read: the one asked for, else the only one."""
    with _quiet():
        names = [str(name) for name, _ in pyogrio.list_layers(path)]
    if wanted is not None and wanted not in names:
        raise DataRefused(f"{path.name} has no table {wanted}; it has {', '.join(names) or 'none'}.")
    if wanted is None and len(names) != 1:
        listed = ", ".join(names)
        raise DataRefused(
            f"{path.name} holds {len(names)} tables ({listed}); say one with --table."
            if names
            else f"{path.name} holds no table."
        )
    return wanted or names[0]


def _crs_of(file_name: str, said: str | None) -> pyproj.CRS | None:
    if not said:
        return None
    try:
        return pyproj.CRS.from_user_input(said)
    except CRSError:
        raise DataRefused(f"{file_name} says a CRS that is not understood; say another with --crs.") from None


def _check_shapefile(path: Path) -> None:
    """Refuse a Shapefile that lacks a part or is cut short: GDAL reads what is left and says nothing."""
    for suffix in (".shp", ".shx", ".dbf"):
        part = next((found for found in path.parent.glob(f"{path.stem}.*") if found.suffix.casefold() == suffix), None)
        if part is None:
            raise DataRefused(f"{path.name} lacks its {suffix} file.")
        with part.open("rb") as opened:
            header = opened.read(100)
        if suffix == ".dbf":
            rows, first, width = (int.from_bytes(header[a:b], "little") for a, b in ((4, 8), (8, 10), (10, 12)))
            expected = first + rows * width
        else:
            expected = 2 * int.from_bytes(header[24:28], "big")  # 16-bit words, ESRI Shapefile specification 1998
        if part.stat().st_size < expected:
            raise DataRefused(f"{part.name} is cut short: {part.stat().st_size} bytes of {expected}.")
