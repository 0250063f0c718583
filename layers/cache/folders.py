"""Folders of what can be made again: each holds so many bytes at most, and what was used longest ago makes room."""

from __future__ import annotations

import logging
import os
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from layers.cache.background import BACKGROUND
from layers.cache.census import Census, count_in
from layers.cache.files import DRAFT, files_in, sweep_drafts
from layers.settings import Settings, get_settings

BYTES_PER_GB = 1_000_000_000
FILLED = 0.9  # share of the limit that is left filled when a sweep makes room, so that the next need not follow at once
UNSEEN = 1 / 16  # share of the limit a process writes before it looks again what all processes have written
LOOKED_S = 600.0  # seconds for which what was last seen in a folder is told
NOTED_S = 60.0  # seconds within which a further use of a file is not noted: a note costs more than the look
LOCKS = "lock"  # files and folders whose name begins so are no entries
FORMER = (".arrays", ".texts", ".entries")  # suffixes that earlier versions wrote; nothing reads them any more

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of files that can be made again: folder below ``OBOD_HOME``, what it holds, and its limit in bytes."""

    name: str
    about: str
    most_bytes: Callable[[Settings], int]


KINDS = {
    kind.name: kind
    for kind in (
        Kind("tiles", "finished tiles of maps", lambda of: int(of.tile_cache_gb * BYTES_PER_GB)),
        Kind("exports", "finished files of public plots", lambda of: int(of.export_cache_gb * BYTES_PER_GB)),
        Kind("jobs", "files that jobs made", lambda of: int(of.job_cache_gb * BYTES_PER_GB)),
        Kind("features", "public plots written out as text", lambda of: int(of.text_cache_gb * BYTES_PER_GB)),
        Kind("pictures", "coloured grids", lambda of: int(of.picture_cache_gb * BYTES_PER_GB)),
        Kind("scoring", "surfaces and findings of runs", lambda of: int(of.scoring_cache_gb * BYTES_PER_GB)),
    )
}


@dataclass(frozen=True, slots=True)
class _Seen:
    """What lay in a folder when it was last looked at."""

    files: int
    size_bytes: int
    oldest: float | None  # seconds since the epoch
    at: float


class Folder:
    """One folder of a kind, shared by all processes of a machine.

    Parameters
    ----------
    name : what it holds, in ``/metrics``.
    path : the folder; it is made with the first file.
    most_bytes : bytes its files take at most together; 0 = nothing is kept.
    """

    def __init__(self, name: str, path: Path, most_bytes: int) -> None:
        self.name, self.path, self.most_bytes = name, path, most_bytes
        self.hits = self.misses = 0
        self._written = 0  # bytes since the folder was looked at
        self._seen: _Seen | None = None
        self._lock = threading.Lock()
        count_in(self)

    @staticmethod
    def of(name: str) -> Folder:
        """Return the folder of a kind below this process's home, with the limit of its settings."""
        settings = get_settings()
        return _folder(name, settings.home / name, KINDS[name].most_bytes(settings))

    def make_room(self, wanted: int, *, rested_s: float = 0.0) -> bool:
        """Remove files used longest ago until as many bytes fit, and tell whether they do.

        Those used within ``rested_s`` seconds are left. What is larger than the folder removes nothing. Mapped files
        stay with whoever maps them.
        """
        if wanted > self.most_bytes:
            return False
        return self._sweep(self.most_bytes - wanted, rested_s)

    def wrote(self, size: int) -> None:
        """Note bytes written to the folder; room is made in the background when that may be needed."""
        with self._lock:
            self._written += size
            due = self._seen is None or self._written > self.most_bytes * UNSEEN
            due = due or (self._seen is not None and self._seen.size_bytes + self._written > self.most_bytes)
        if due:
            BACKGROUND.ask(("sweep", self.path), self._sweep_if_full)

    def used(self, path: Path) -> None:
        """Note that a file was of use: it is among the last to make room."""
        with suppress(OSError):  # gone meanwhile, or not ours to touch: it only goes sooner
            if time.time() - os.stat(path).st_mtime > NOTED_S:
                os.utime(path)

    def census(self) -> Census | None:
        """Return what was last seen here; None until that is known. It is looked at again in the background."""
        seen = self._seen
        if seen is None or time.monotonic() - seen.at > LOOKED_S:
            BACKGROUND.ask(("look", self.path), self._look)
        return None if seen is None else self._as_census(seen)

    def look(self) -> Census:
        """Return what lies here now."""
        return self._as_census(self._look())

    def clear(self) -> tuple[int, int]:
        """Remove every file, and return how many and their bytes; one that is being written stays."""
        removed = size = 0
        for path, facts in self._files():
            if _remove(path):
                removed, size = removed + 1, size + facts.st_size
        sweep_drafts(self.path)
        self._look()
        return removed, size

    def _sweep_if_full(self) -> None:
        if self._look().size_bytes > self.most_bytes:
            self._sweep(int(self.most_bytes * FILLED), 0.0)

    def _sweep(self, most: int, rested_s: float) -> bool:
        """Remove files used longest ago until at most ``most`` bytes are left; tell whether that was reached."""
        sweep_drafts(self.path)
        files = sorted(self._files(), key=lambda found: found[1].st_mtime)
        held = sum(facts.st_size for _, facts in files)
        newest = time.time() - rested_s
        left = []
        for path, facts in files:
            if held > most and not (rested_s and facts.st_mtime > newest) and _remove(path):
                held -= facts.st_size
            else:
                left.append(facts)
        self._note(left)
        return held <= most

    def _look(self) -> _Seen:
        return self._note([facts for _, facts in self._files()])

    def _note(self, files: list[os.stat_result]) -> _Seen:
        oldest = min((facts.st_mtime for facts in files), default=None)
        seen = _Seen(len(files), sum(facts.st_size for facts in files), oldest, time.monotonic())
        with self._lock:
            self._seen, self._written = seen, 0
        return seen

    def _files(self) -> list[tuple[Path, os.stat_result]]:
        found = []
        for path, facts in files_in(self.path):
            if path.suffix in FORMER:
                _remove(path)
            elif path.suffix != DRAFT and not path.relative_to(self.path).parts[0].startswith(LOCKS):
                found.append((path, facts))
        return found

    def _as_census(self, seen: _Seen) -> Census:
        age_s = None if seen.oldest is None else max(time.time() - seen.oldest, 0.0)
        return Census(self.name, "disk", seen.files, seen.size_bytes, self.most_bytes, self.hits, self.misses, age_s)


def _remove(path: Path) -> bool:
    """Remove a file, and tell whether it is gone: of another user's folder it may not be."""
    with suppress(OSError):
        path.unlink(missing_ok=True)
        return True
    return False


@lru_cache
def _folder(name: str, path: Path, most_bytes: int) -> Folder:
    """One for all who ask in this process, so that hits and bytes are counted together."""
    return Folder(name, path, most_bytes)
