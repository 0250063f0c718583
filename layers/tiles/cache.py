"""Finished tiles in memory and on disk, shared by all workers of one machine.

A tile has one place for each layer, address and set of parameters; what is stored there names the version of the
data it was made from and the code that made it. A newer version is written over it, so nothing has to be swept. A crowd
that asks for the same tile waits for one maker, in this process or another.
"""

from __future__ import annotations

import fcntl
import hashlib
import logging
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import orjson
from isal import igzip

import layers
from layers.cache.files import write_whole
from layers.cache.folders import Folder
from layers.cache.memory import Memo
from layers.tiles.layer_tiles import Tile

MEMORY_BYTES = 64 * 1024 * 1024  # bytes of finished tiles one process keeps, unless the settings say otherwise
DISK_ZOOM = 16  # deepest zoom kept on disk: deeper tiles are many, small and quick to make
COMPRESSION = 1  # ISA-L level: zlib at 4 takes six times as long and saves 6 %
ENTRY_BYTES = 1_000  # of a tile in memory besides its body: place, version, tag, entry; 670 measured
LOCKS = 256  # lock files; two tiles that share one wait for each other, no more

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Place:
    """Where a tile belongs. ``variant`` spells the parameters that change what it holds; '' = none."""

    layer: str
    z: int
    x: int
    y: int
    suffix: str
    variant: str = ""

    @property
    def file(self) -> str:
        """Path of the tile below the cache folder."""
        variant = f"-{_digest(self.variant.encode())}" if self.variant else ""
        return f"{self.layer}/{self.z}/{self.x}/{self.y}{variant}.{self.suffix}"


@dataclass(frozen=True, slots=True)
class Stored:
    """A finished tile: the version it was made from, a strong ETag of its content, the bytes, and what it omits."""

    version: str
    etag: str
    body: bytes
    note: str = ""


class TileCache:
    """Tiles below a folder, vector tiles gzipped; the last used stay in memory."""

    def __init__(self, folder: Folder, memory_bytes: int = MEMORY_BYTES) -> None:
        self._folder = folder
        self._memory: Memo[Place, Stored] = Memo("tiles", most_bytes=memory_bytes, size_of=_size)
        self._locks = folder.path / "locks"
        self._alone_here = [threading.Lock() for _ in range(LOCKS)]
        with suppress(OSError):  # a disk that takes nothing only costs speed
            self._locks.mkdir(parents=True, exist_ok=True)

    def get(
        self, place: Place, version: str, make: Callable[[], Tile], *, compress: bool = True, on_disk: bool = True
    ) -> Stored:
        """Return the tile of a place made from ``version``, calling ``make`` only if nobody has it yet.

        Without ``on_disk`` it is kept in memory only: a visitor can ask for millions of variants of one tile, and they
        must not fill a disk. A tile that shows nothing is not kept on disk either.
        """
        on_disk = on_disk and place.z <= DISK_ZOOM
        found = self._memory.find(place, version) or (self._read(place, version) if on_disk else None)
        if found is not None:
            return found
        with self._alone(place):
            found = self._memory.peek(place, version) or (self._read(place, version) if on_disk else None)
            if found is not None:
                return found
            tile = make()
            body = igzip.compress(tile.body, COMPRESSION, mtime=0) if compress else tile.body
            made = Stored(version, _digest(body), body, tile.note)
            self._memory.put(place, made, version)
            if on_disk and tile.empty:
                self._remove(place)
            elif on_disk:
                self._write(place, made)
            return made

    def _read(self, place: Place, version: str) -> Stored | None:
        path = self._folder.path / place.file
        try:
            head, _, body = path.read_bytes().partition(b"\n")
            facts = orjson.loads(head)
            found = Stored(facts["version"], facts["etag"], body, facts["note"])
        except (FileNotFoundError, NotADirectoryError):
            return None
        except (OSError, ValueError, KeyError, TypeError):
            log.warning("tile %s cannot be read and is made again", place.file)
            return None
        if (facts.get("code"), found.version, found.etag) != (code_digest(), version, _digest(body)):
            return None
        self._memory.put(place, found, version)
        self._folder.hits += 1
        self._folder.used(path)
        return found

    def _write(self, place: Place, tile: Stored) -> None:
        """Let a reader see the old tile or the new one; a full disk only costs speed."""
        if not self._folder.most_bytes:
            return
        self._folder.misses += 1
        target = self._folder.path / place.file
        facts = {"code": code_digest(), "version": tile.version, "etag": tile.etag, "note": tile.note}
        head = orjson.dumps(facts)
        try:
            target.parent.mkdir(parents=True, exist_ok=True)
            with write_whole(target) as file:
                self._folder.wrote(file.write(head + b"\n" + tile.body))
        except OSError as error:
            log.warning("tile %s cannot be kept: %s", place.file, error.strerror)

    def _remove(self, place: Place) -> None:
        """Remove what lay at a place where nothing is any more."""
        with suppress(OSError):
            (self._folder.path / place.file).unlink(missing_ok=True)

    @contextmanager
    def _alone(self, place: Place) -> Iterator[None]:
        """Hold the lock of a place against other threads and, where the disk lets us, other processes."""
        number = int(_digest(repr(place).encode())[:8], 16) % LOCKS
        with ExitStack() as held:
            held.enter_context(self._alone_here[number])
            with suppress(OSError):
                lock = held.enter_context((self._locks / f"{number:03d}").open("w"))
                fcntl.flock(lock, fcntl.LOCK_EX)
            yield


def _size(tile: Stored) -> int:
    return len(tile.body) + ENTRY_BYTES


@lru_cache
def code_digest() -> str:
    """Digest of all code that has a say in what a tile holds, the declarations of the layers included."""
    package = Path(layers.__file__).parent  # every room: catalogue and features have a say as well
    sources = sorted(package.rglob("*.py"))
    return _digest(
        b"".join(source.relative_to(package).as_posix().encode() + source.read_bytes() for source in sources)
    )


def _digest(content: bytes) -> str:
    return hashlib.blake2b(content, digest_size=12).hexdigest()
