"""What a run saw: the last load, the rows and a digest of every layer, so that a replay can name what has changed."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from sqlalchemy import BigInteger, ColumnElement, Connection, Select, cast, func, literal, select
from sqlalchemy.dialects.postgresql import BIT

from layers.catalogue import BY_NAME, RASTERS_BY_NAME
from layers.catalogue.base import Layer
from layers.frames.around import as_of
from layers.grids.cog import raster_path
from layers.records.loads import Raster

Version = dict[str, Any]

NO_ROWS: Version = {"load": 0, "rows": 0, "digest": "0"}


def layer_versions(connection: Connection, load_id: int) -> dict[str, Version]:
    """Layer or grid -> last load, rows and digest, as things stood after a load; layers without rows are left out.

    The digest of a layer is the exclusive or of the leading 64 bits of its rows' digests: it does not depend on
    their order and takes a second for a million rows. That of a grid is made of the bytes of its files.
    """
    found: dict[str, Version] = {}
    for name, layer in BY_NAME.items():
        rows, last, digest = connection.execute(_digest(layer, as_of(layer, load_id))).one()
        if rows:
            found[name] = {"load": int(last), "rows": int(rows), "digest": _hex(int(digest))}
    for name in RASTERS_BY_NAME:
        files = _files(connection, name, load_id)
        if files:
            found[name] = _of_files(files)
    return found


def versions_after(
    connection: Connection, versions: Mapping[str, Version], before: int, load_id: int
) -> dict[str, Version]:
    """Return ``layer_versions`` as of a load from those as of an earlier one, reading only what came or went between.

    For a run that takes over results of the run the versions were kept for: whatever was changed since without a load
    is not in them, so a replay of the new run names it just as one of the old run does.
    """
    found: dict[str, Version] = {}
    for name, layer in BY_NAME.items():
        known = versions.get(name, NO_ROWS)
        arrived = (layer.load_id > before) & as_of(layer, load_id)
        ended = (layer.load_id <= before) & (layer.ended_by > before) & (layer.ended_by <= load_id)
        came, last, mark = connection.execute(_digest(layer, arrived)).one()
        went, _, lost = connection.execute(_digest(layer, ended)).one()
        rows = known["rows"] + came - went
        if went and rows and not came:
            last = connection.execute(select(func.max(layer.load_id)).where(as_of(layer, load_id))).scalar_one()
        if rows:
            found[name] = {
                "load": int(last or known["load"]),
                "rows": rows,
                "digest": _hex(int(known["digest"], 16) ^ int(mark) ^ int(lost)),
            }
    for name in RASTERS_BY_NAME:
        files = _files(connection, name, load_id)
        if name in versions and files == _files(connection, name, before):
            found[name] = versions[name]
        elif files:
            found[name] = _of_files(files)
    return found


def _hex(digest: int) -> str:
    return f"{digest & (2**64 - 1):016x}"


def _digest(layer: type[Layer], chosen: ColumnElement[bool]) -> Select[int, int, Any]:
    """Number, last load and digest of some rows of a layer."""
    head = func.substr(layer.row_hash, 1, 8)
    number = cast(cast(literal("x") + func.encode(head, "hex"), BIT(64)), BigInteger)
    return select(func.count(), func.max(layer.load_id), func.coalesce(func.bit_xor(number), 0)).where(chosen)


def _of_files(files: list[tuple[str, int]]) -> Version:
    digest = _bytes_digest([raster_path(file_name) for file_name, _ in files])
    return {"load": max(load for _, load in files), "rows": len(files), "digest": digest}


def _files(connection: Connection, name: str, load_id: int) -> list[tuple[str, int]]:
    there = (Raster.ended_by.is_(None)) | (Raster.ended_by > load_id)
    statement = (
        select(Raster.file_name, Raster.load_id)
        .where(Raster.layer == name, Raster.load_id <= load_id, there)
        .order_by(Raster.file_name)
    )
    return [(row[0], row[1]) for row in connection.execute(statement)]


def _bytes_digest(paths: list[Path]) -> str:
    """Leading 64 bits of the SHA-256 of the files' bytes; a file that is gone counts as such."""
    digest = hashlib.sha256()
    for path in paths:
        if not path.exists():
            digest.update(b"gone")
            continue
        with path.open("rb") as opened:
            while block := opened.read(1 << 20):
                digest.update(block)
    return digest.hexdigest()[:16]
