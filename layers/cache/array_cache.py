"""What a scoring run hands on to the next: surfaces of the land and findings about plots, which no scheme decides.

An entry has a name that is a digest of all it was computed from: rows and raster files, the code, and what it is. A
changed road gives another name, so nothing kept is ever out of date; what is no longer asked for is removed when room
is needed.
"""

from __future__ import annotations

import hashlib
import logging
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import orjson
from numpy.typing import NDArray

from geo.terrain.grid import Grid
from layers.cache.files import files_in, sweep_drafts, write_whole

SUFFIX = ".arrays"
SIZE_BYTES = 8  # the length of the head, before it, little-endian
ALIGNMENT = 64  # bytes; every array begins at a multiple
VALUES = "values"  # array of a surface

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Entry:
    """Arrays by name, and facts beside them that JSON can say."""

    arrays: Mapping[str, NDArray[Any]]
    facts: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class ScoringCache:
    """Entries in files of a folder that holds ``most_bytes`` at most; those used longest ago make room.

    ``code`` stands for the code that computes entries: what other code computed is never read.
    """

    folder: Path
    most_bytes: int
    code: str

    def surface(self, made_from: bytes, compute: Callable[[], Grid]) -> Grid:
        """Return the surface made from what ``made_from`` stands for: kept, read as its cells are used, or computed."""

        def entry() -> Entry:
            grid = compute()
            place = {"x_min": grid.x_min, "y_max": grid.y_max, "cell_m": grid.cell_m, "native_m": grid.native_m}
            return Entry({VALUES: grid.values}, place)

        found = self.entry(made_from, entry)
        return Grid(found.arrays[VALUES], **found.facts)

    def entry(self, made_from: bytes, compute: Callable[[], Entry]) -> Entry:
        """Return the entry made from what ``made_from`` stands for: mapped from its file, or computed and kept.

        Writing into the arrays changes no file.
        """
        name = hashlib.sha256(self.code.encode() + made_from).hexdigest()
        found = self._read(name)
        if found is None:
            found = compute()
            self._write(name, found)
        return found

    def _read(self, key: str) -> Entry | None:
        path = self.folder / f"{key}{SUFFIX}"
        try:
            with path.open("rb") as file:
                size = min(int.from_bytes(file.read(SIZE_BYTES), "little"), path.stat().st_size)
                head = orjson.loads(file.read(size))
            # A private copy that may be written to: compiled kernels then see the type of any other array.
            content = np.asarray(np.memmap(path, np.uint8, mode="c"))[_aligned(SIZE_BYTES + size) :]
            os.utime(path)
            return Entry({name: _array(content, *laid) for name, laid in head["arrays"].items()}, head["facts"])
        except FileNotFoundError:
            return None
        except (OSError, ValueError, TypeError, KeyError, AttributeError):
            log.warning("entry %s of the scoring cache cannot be read and is computed again", key[:12])
            return None

    def _write(self, name: str, entry: Entry) -> None:
        """Write an entry that there is room for; a full disk only costs time."""
        content = _laid_out(entry)
        size = sum(map(len, content))
        if size > self.most_bytes:
            return
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            self._make_room(size)
            with write_whole(self.folder / f"{name}{SUFFIX}") as file:
                file.writelines(content)
        except OSError as problem:
            log.warning("the scoring cache cannot be written: %s", problem.strerror)

    def _make_room(self, wanted: int) -> None:
        """Remove the entries used longest ago until as many bytes fit; mapped ones stay with whoever maps them."""
        sweep_drafts(self.folder)
        kept = sorted(files_in(self.folder, SUFFIX), key=lambda found: found[1].st_mtime)
        held = sum(facts.st_size for _, facts in kept)
        for path, facts in kept:
            if held + wanted <= self.most_bytes:
                return
            path.unlink(missing_ok=True)
            held -= facts.st_size


def _aligned(size: int) -> int:
    return -(-size // ALIGNMENT) * ALIGNMENT


def _array(content: NDArray[np.uint8], kind: str, shape: list[int], start: int) -> NDArray[Any]:
    dtype = np.dtype(kind)
    end = start + dtype.itemsize * int(np.prod(shape))
    return content[start:end].view(dtype).reshape(shape)


def _laid_out(entry: Entry) -> list[memoryview]:
    """The bytes of a file: length of the head, head, and the arrays, each from a multiple of ``ALIGNMENT`` on."""
    laid: dict[str, tuple[str, tuple[int, ...], int]] = {}
    data: list[memoryview] = []
    start = 0
    for name, values in entry.arrays.items():
        array = np.ascontiguousarray(values)
        laid[name] = (array.dtype.str, array.shape, start)
        padding = _aligned(array.nbytes) - array.nbytes
        data += [array.reshape(-1).view(np.uint8).data, memoryview(bytes(padding))]
        start += array.nbytes + padding
    head = orjson.dumps({"arrays": laid, "facts": entry.facts})
    head = len(head).to_bytes(SIZE_BYTES, "little") + head
    return [memoryview(head.ljust(_aligned(len(head)))), *data]
