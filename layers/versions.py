"""What a run saw: the last load, the rows and a digest of every layer, so that a replay can name what has changed."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

from sqlalchemy import BigInteger, Connection, Select, cast, func, literal, select
from sqlalchemy.dialects.postgresql import BIT

from layers.base import Layer
from layers.catalogue import BY_NAME, RASTERS_BY_NAME
from layers.cog import raster_path
from layers.frames import as_of
from layers.results import Raster

Version = dict[str, Any]


def layer_versions(connection: Connection, load_id: int) -> dict[str, Version]:
    """Layer or grid -> last load, rows and digest, as things stood after a load; layers without rows are left out.

    The digest of a layer is the exclusive or of the leading 64 bits of its rows' digests: it does not depend on
    their order and takes a second for a million rows. That of a grid is made of the bytes of its files.
    """
    found: dict[str, Version] = {}
    for name, layer in BY_NAME.items():
        rows, last, digest = connection.execute(_digest(layer, load_id)).one()
        if rows:
            found[name] = {"load": int(last), "rows": int(rows), "digest": f"{int(digest) & (2**64 - 1):016x}"}
    for name in RASTERS_BY_NAME:
        files = _files(connection, name, load_id)
        if files:
            digest = _bytes_digest([raster_path(file_name) for file_name, _ in files])
            found[name] = {"load": max(load for _, load in files), "rows": len(files), "digest": digest}
    return found


def _digest(layer: type[Layer], load_id: int) -> Select[int, int, Any]:
    head = func.substr(layer.row_hash, 1, 8)
    number = cast(cast(literal("x") + func.encode(head, "hex"), BIT(64)), BigInteger)
    touched = func.max(layer.load_id)
    return select(func.count(), touched, func.coalesce(func.bit_xor(number), 0)).where(as_of(layer, load_id))


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
