"""Files that GDAL reads: GeoPackage, Shapefile, GeoJSON, FlatGeobuf, File Geodatabase, DXF, KML and others."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyproj
from numpy.typing import NDArray
from pyproj.exceptions import CRSError

from layers.errors import DataRefused
from layers.loading.admission import AdmittedFile
from layers.loading.chunks import Chunk, Unreadable, unreadable_geometries
from layers.loading.encodings import TextDecoder, dbf_encoding, undecodable
from layers.loading.isolation import Reading
from layers.loading.kinds import DBF, GEOJSON, NULL_MARK, SHAPEFILE
from layers.loading.shapes import CurvedGeometry, Shapes
from layers.records.phrases import told


class VectorFile:
    """A file read by GDAL.

    Raises
    ------
    DataRefused : it cannot be opened, is cut short, or holds several tables and none was named.
    """

    def __init__(self, file: AdmittedFile, decoder: TextDecoder | None, *, table: str | None = None) -> None:
        self.file_name = file.name
        self._file = file
        if file.kind is SHAPEFILE:
            _check_shapefile(file)
        self._shapefile = file.kind in (SHAPEFILE, DBF)
        declared = dbf_encoding(file.path) if self._shapefile else None
        self._decoder = decoder or TextDecoder(declared)
        self._options = {"ENCODING": "ISO-8859-1"} if self._shapefile else {}  # hands every byte on as it is
        self._reading: Reading | None
        self._reading, about = self._open(table)
        self._table: str = about["table"]
        self.columns = tuple(self._heading(name) for name in about["fields"])
        self.positions: tuple[str, ...] = ()
        self.spatial = bool(about["spatial"])
        self.total: int | None = about["rows"] if about["rows"] >= 0 else None
        self.crs = _crs_of(self.file_name, about["crs"])
        self.notes: list[str] = (
            [told("Text is read as {encoding}, as the file says.", encoding=declared)]
            if declared and not decoder
            else []
        )

    def chunks(self) -> Iterator[Chunk]:
        """Yield all rows in their order."""
        reading, self._reading = self._reading or self._open(self._table)[0], None
        read = 0
        said = _json_of(reading)["geometry"]
        geometry = said if self.spatial else None
        for batch in reading.batches():
            rows = np.arange(read + 1, read + len(batch) + 1, dtype=np.int64)
            read += len(batch)
            yield self._chunk(rows, batch, geometry)
        if self.total is not None and read < self.total:
            raise DataRefused(f"{self.file_name} is cut short: it says {self.total} rows and has {read}.")

    def _open(self, table: str | None) -> tuple[Reading, dict[str, Any]]:
        reading = Reading(self._file, "vector", options=self._options, table=table)
        return reading, _json_of(reading)

    def _chunk(self, rows: NDArray[np.int64], batch: pa.RecordBatch, geometry: str | None) -> Chunk:
        frame = {}
        unreadable: list[Unreadable] = []
        for name, column in zip(batch.schema.names, batch.columns, strict=True):
            heading = self._heading(name)
            if heading in self.columns:
                frame[heading] = self._values(heading, column, rows, unreadable)
        shapes: Shapes | None = None
        if geometry is not None:
            wkb = batch.column(geometry)
            try:
                shapes = Shapes.of_wkb(wkb)
            except CurvedGeometry:
                shapes = Shapes.of_wkb(self._without_arcs(rows))
            unreadable.extend(unreadable_geometries(shapes, wkb))
        return Chunk(rows, pd.DataFrame(frame, index=range(len(rows))), shapes, unreadable)

    def _without_arcs(self, rows: NDArray[np.int64]) -> pa.Array:
        """Return the WKB of some rows with arcs made lines; GDAL does so on its other way of reading."""
        asked = {"skip": int(rows[0]) - 1, "most": len(rows)}
        reading = Reading(self._file, "lines", options=self._options, table=self._table, **asked)
        return pa.concat_arrays([batch.column("geometry") for batch in reading.batches()])

    def _heading(self, name: str) -> str:
        raw = name.encode("latin-1", errors="replace") if self._shapefile else name.encode()
        try:
            return self._decoder.decode(raw, prefer_utf8=not self._shapefile, relettered=False)
        except UnicodeDecodeError:
            return raw.decode("latin-1")

    def _values(
        self, name: str, column: pa.Array, rows: NDArray[np.int64], unreadable: list[Unreadable]
    ) -> pd.Series[Any]:
        if pa.types.is_string(column.type) or pa.types.is_large_string(column.type):
            if self._file.kind is GEOJSON:  # as the file has it; its library would have ended the text there
                column = pc.replace_substring(column, NULL_MARK, "\0")
            return self._text(name, column, rows, unreadable)
        if pa.types.is_nested(column.type) or pa.types.is_binary(column.type):
            return pd.Series(column.to_pylist(), dtype=object)
        series: pd.Series[Any] = column.to_pandas(date_as_object=True)
        return series

    def _text(
        self, name: str, column: pa.Array, rows: NDArray[np.int64], unreadable: list[Unreadable]
    ) -> pd.Series[Any]:
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
        faults: list[tuple[Unreadable, bytes]] = []
        readable = 0
        for position, raw in enumerate(raw_bytes.to_pylist()):
            if raw is None:
                texts.append(None)
                continue
            octets = raw.decode("utf-8").encode("latin-1") if self._shapefile else raw
            try:
                texts.append(self._decoder.decode(octets, prefer_utf8=not self._shapefile))
                readable += not octets.isascii()
            except UnicodeDecodeError as error:
                # A letter cut in two, as a full DBF cell cuts it, says that the others are in the right encoding.
                readable += error.reason == "unexpected end of data" and not octets[: error.start].isascii()
                shown = octets.decode(self._decoder.codec, errors="backslashreplace")
                texts.append(shown)
                reason = told("the text is not {encoding}, or is cut within a letter", encoding=self._decoder.codec)
                faults.append((Unreadable(position, name, shown, reason), octets))
        # Some such rows among others that can be read are faults of the rows; else it is the file's.
        if len(faults) > readable:
            fault, octets = faults[0]
            raise undecodable(self.file_name, int(rows[fault.position]), name, octets, self._decoder)
        unreadable.extend(fault for fault, _ in faults)
        return pd.Series(texts, dtype="str")


def _json_of(reading: Reading) -> dict[str, Any]:
    """What the file says next of itself."""
    frame = reading.next()
    said: dict[str, Any] = {} if frame is None else frame.json()
    return said


def _crs_of(file_name: str, said: str | None) -> pyproj.CRS | None:
    if not said:
        return None
    try:
        return pyproj.CRS.from_user_input(said)
    except CRSError:
        raise DataRefused(f"{file_name} says a CRS that is not understood; say another with --crs.") from None


def _check_shapefile(file: AdmittedFile) -> None:
    """Refuse a Shapefile that lacks a part or is cut short: GDAL reads what is left and says nothing."""
    for suffix in (".shp", ".shx", ".dbf"):
        part = file.path.with_suffix(suffix)
        if not part.exists():
            raise DataRefused(f"{file.name} lacks its {suffix} file.")
        with part.open("rb") as opened:
            header = opened.read(100)
        if suffix == ".dbf":
            rows, first, width = (int.from_bytes(header[a:b], "little") for a, b in ((4, 8), (8, 10), (10, 12)))
            expected = first + rows * width
        else:
            expected = 2 * int.from_bytes(header[24:28], "big")  # 16-bit words, ESRI Shapefile specification 1998
        if part.stat().st_size < expected:
            raise DataRefused(f"{part.name} is cut short: {part.stat().st_size} bytes of {expected}.")
