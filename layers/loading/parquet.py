"""GeoParquet files, read by row groups."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import geopandas as gpd
import numpy as np
import orjson
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pyproj
from pyproj.exceptions import CRSError

from layers.errors import DataRefused
from layers.loading.chunks import CHUNK, Chunk
from layers.loading.shapes import CurvedGeometry, Shapes

DEFAULT_CRS = "OGC:CRS84"  # GeoParquet 1.1: what a column without "crs" is in


class ParquetFile:
    """A Parquet file with or without geometry.

    Raises
    ------
    DataRefused : it cannot be opened or says a CRS that is not understood.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.file_name = path.name
        self.notes: list[str] = []
        try:
            with pq.ParquetFile(path) as opened:
                self.total: int | None = opened.metadata.num_rows
                schema = opened.schema_arrow
            meta = orjson.loads((schema.metadata or {}).get(b"geo", b"{}"))
        except (pa.ArrowException, OSError, orjson.JSONDecodeError):
            raise DataRefused(f"{self.file_name} cannot be opened: it is cut short, damaged or no Parquet.") from None
        self._geometry: str | None = meta.get("primary_column")
        self.spatial = self._geometry is not None
        geometries = set(meta.get("columns", {}))
        covering = {"bbox"} if self.spatial else set()  # a struct column of GeoParquet 1.1, no attribute
        self.columns = tuple(name for name in schema.names if name not in geometries | covering)
        about = meta.get("columns", {}).get(self._geometry, {})
        self.positions: tuple[str, ...] = ()
        self._native = about.get("encoding", "WKB") != "WKB"
        said = about.get("crs", DEFAULT_CRS) if self.spatial else None
        try:
            self.crs = None if said is None else pyproj.CRS.from_user_input(said)
        except CRSError:
            raise DataRefused(f"{self.file_name} says a CRS that is not understood; say another with --crs.") from None

    def chunks(self) -> Iterator[Chunk]:
        """Yield all rows in their order."""
        first = 1
        try:
            for frame, shapes in self._parts():
                rows = np.arange(first, first + len(frame), dtype=np.int64)
                first += len(frame)
                yield Chunk(rows, frame, shapes)
        except CurvedGeometry as curved:
            row = first + curved.place
            raise DataRefused(f"{self.file_name}, row {row}, geometry: has arcs; expected straight lines.") from curved
        except (pa.ArrowException, OSError) as error:
            raise DataRefused(f"{self.file_name} cannot be read beyond row {first - 1}: it is damaged.") from error

    def _parts(self) -> Iterator[tuple[pd.DataFrame, Shapes | None]]:
        names = list(self.columns)
        if self._native:  # one column of coordinates instead of WKB; geopandas knows how to read it
            whole = gpd.read_parquet(self.path)
            for start in range(0, len(whole), CHUNK):
                part = whole.iloc[start : start + CHUNK]
                shapes = Shapes.of(np.asarray(part.geometry.array, dtype=object))
                yield pd.DataFrame(part[names]).reset_index(drop=True), shapes
            return
        with pq.ParquetFile(self.path) as opened:
            read = [*names, *([self._geometry] if self._geometry else [])]
            for batch in opened.iter_batches(batch_size=CHUNK, columns=read):
                frame = batch.select(names).to_pandas()
                if self._geometry is None:
                    yield frame, None
                else:
                    yield frame, Shapes.of_wkb(batch.column(self._geometry))
