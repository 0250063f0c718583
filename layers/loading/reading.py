"""Opening a file, whatever its format."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from pathlib import Path

from layers.errors import DataRefused, NotFound
from layers.loading.chunks import Source
from layers.loading.encodings import TextDecoder


def open_source(
    path: Path,
    *,
    encoding: str | None = None,
    letters: Mapping[str, str] | None = None,
    table: str | None = None,
) -> Source:
    """Return a file ready to be read.

    Parameters
    ----------
    encoding : of its text, where it is not UTF-8 and does not say so. letters : see ``TextDecoder``.
    table : which table of a GeoPackage, File Geodatabase, KML or workbook; needed where there are several.

    Raises
    ------
    NotFound : no such file. DataRefused : it cannot be read.
    """
    if not path.exists():
        raise NotFound(f"There is no file {path.name}.")
    decoder = TextDecoder(encoding, letters) if encoding or letters else None
    suffix = path.suffix.casefold()
    if path.is_file() and path.stat().st_size == 0:
        raise DataRefused(f"{path.name} is empty.")
    # Each reader is imported when a file of its kind is met: together their libraries take longer than a small load.
    if suffix in (".parquet", ".geoparquet", ".pq"):
        from layers.loading.parquet import ParquetFile

        return ParquetFile(path)
    if suffix in (".csv", ".tsv", ".txt"):
        from layers.loading.tables import CsvFile

        return CsvFile(path, decoder)
    if suffix in (".xlsx", ".xlsm"):
        from layers.loading.workbook import Workbook

        return Workbook(path, table)
    from layers.loading.vector import VectorFile

    return VectorFile(path, decoder, table)


def parts_of(path: Path) -> list[Path]:
    """Return a file, all parts of a Shapefile, or all files of a folder, in the order of their names."""
    if path.is_dir():
        return sorted(part for part in path.rglob("*") if part.is_file())
    if path.suffix.casefold() == ".shp":
        return sorted(part for part in path.parent.glob(f"{path.stem}.*") if part.is_file())
    return [path]


def file_digest(path: Path) -> str:
    """Return the SHA-256 of a file and all its parts, hexadecimal."""
    digest = hashlib.sha256()
    for part in parts_of(path):
        with part.open("rb") as opened:
            while block := opened.read(1 << 20):
                digest.update(block)
    return digest.hexdigest()
