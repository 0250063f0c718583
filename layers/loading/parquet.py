"""GeoParquet files, read by row groups."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pyproj
from pyproj.exceptions import CRSError

from layers.errors import DataRefused
from layers.loading.admission import AdmittedFile
from layers.loading.chunks import Chunk, Unreadable, shapes_of_wkb
from layers.loading.isolation import Reading
from layers.loading.shapes import Shapes

DEFAULT_CRS = "OGC:CRS84"  # GeoParquet 1.1: what a column without "crs" is in


class ParquetFile:
    """A Parquet file with or without geometry.

    Raises
    ------
    DataRefused : it cannot be opened or says a CRS that is not understood.
    """

    def __init__(self, file: AdmittedFile) -> None:
        self.file_name = file.name
        self._file = file
        self.notes: list[str] = []
        self._reading: Reading | None
        self._reading, about = self._open()
        self.total: int | None = about["rows"]
        meta = about["geo"]
        self._geometry: str | None = meta.get("primary_column")
        self.spatial = self._geometry is not None
        geometries = set(meta.get("columns", {}))
        covering = {"bbox"} if self.spatial else set()  # a struct column of GeoParquet 1.1, no attribute
        self.columns = tuple(name for name in about["names"] if name not in geometries | covering)
        self.positions: tuple[str, ...] = ()
        said = meta.get("columns", {}).get(self._geometry, {}).get("crs", DEFAULT_CRS) if self.spatial else None
        try:
            self.crs = None if said is None else pyproj.CRS.from_user_input(said)
        except CRSError:
            raise DataRefused(f"{self.file_name} says a CRS that is not understood; say another with --crs.") from None

    def chunks(self) -> Iterator[Chunk]:
        """Yield all rows in their order."""
        reading, self._reading = self._reading or self._open()[0], None
        first = 1
        for batch in reading.batches():
            rows = np.arange(first, first + len(batch), dtype=np.int64)
            frame = batch.select(list(self.columns)).to_pandas()
            shapes: Shapes | None = None
            unreadable: list[Unreadable] = []
            if self._geometry is not None:
                shapes, unreadable = shapes_of_wkb(batch.column(self._geometry))
            first += len(batch)
            yield Chunk(rows, frame, shapes, unreadable)

    def _open(self) -> tuple[Reading, dict[str, Any]]:
        reading = Reading(self._file, "parquet")
        frame = reading.next()
        about: dict[str, Any] = {} if frame is None else frame.json()
        return reading, about
