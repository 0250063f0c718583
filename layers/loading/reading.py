"""Opening a file, whatever its format."""

from __future__ import annotations

import glob
import hashlib
from collections.abc import Mapping
from pathlib import Path

from layers.loading.admission import AdmittedFile
from layers.loading.chunks import Source
from layers.loading.encodings import TextDecoder
from layers.loading.joined_tables import EVERY_TABLE, JoinedTables, tables_of
from layers.loading.kinds import PARQUET, SHAPEFILE, TEXT_TABLE, WORKBOOK


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
    table : which table of a GeoPackage, File Geodatabase, KML or workbook, or which file of an archive or folder;
        needed where there are several. ``*`` : all tables of the file, see ``JoinedTables``.

    Raises
    ------
    NotFound : no such file. DataRefused : it cannot be read; see ``AdmittedFile`` for what is not even opened.
    """
    decoder = TextDecoder(encoding, letters) if encoding or letters else None
    file = AdmittedFile(path, table=table, encoding=encoding)
    if file.table == EVERY_TABLE:
        tables = tables_of(file)
        if len(tables) > 1:
            return JoinedTables(file.name, tables, lambda name: _opened(file, decoder, name))
        return _opened(file, decoder, tables[0] if tables else None)
    return _opened(file, decoder, file.table)


def _opened(file: AdmittedFile, decoder: TextDecoder | None, table: str | None) -> Source:
    # Each reader is imported when a file of its kind is met: together their libraries take longer than a small load.
    if file.kind is TEXT_TABLE:
        from layers.loading.tables import CsvFile

        return CsvFile(file, decoder)
    if file.kind is WORKBOOK:
        from layers.loading.workbook import Workbook

        return Workbook(file, table=table)
    source: Source
    if file.kind is PARQUET:
        from layers.loading.parquet import ParquetFile

        source = ParquetFile(file)
    else:
        from layers.loading.vector import VectorFile

        source = VectorFile(file, decoder, table=table)
    if source.spatial:
        return source
    from layers.loading.tables import ColumnPositions

    return ColumnPositions(source)


def parts_of(path: Path) -> list[Path]:
    """Return a file, all parts of a Shapefile, or all files of a folder, in the order of their names."""
    if path.is_dir():
        return sorted(part for part in path.rglob("*") if part.is_file())
    if path.suffix.casefold() in SHAPEFILE.parts:
        beside = path.parent.glob(f"{glob.escape(path.stem)}.*")
        return sorted(part for part in beside if part.is_file() and part.suffix.casefold() in SHAPEFILE.parts)
    return [path]


def file_digest(path: Path) -> str:
    """Return the SHA-256 of a file and all its parts, hexadecimal."""
    digest = hashlib.sha256()
    for part in parts_of(path):
        with part.open("rb") as opened:
            while block := opened.read(1 << 20):
                digest.update(block)
    return digest.hexdigest()


def mapping_digest(path: Path | None) -> str | None:
    """Return the SHA-256 of a mapping file; None where none or only a folder of them was named."""
    return file_digest(path) if path is not None and path.is_file() else None
