"""Finished files of public plots, kept below ``OBOD_HOME/exports`` by what they hold."""

from __future__ import annotations

import fcntl
import hashlib
from collections.abc import Callable, Generator
from contextlib import closing
from importlib import metadata
from pathlib import Path
from typing import Any, Final

from sqlalchemy import select
from sqlalchemy.dialects import postgresql

from layers.cache.files import write_whole
from layers.cache.folders import Folder
from layers.features.export import About, Format
from layers.features.paging import Listing, geojson_rows
from layers.records.snapshot import Snapshot

DIGEST_BYTES: Final = 12


class TooLarge(Exception):
    """A file that the folder has no room for."""


class Exports:
    """Finished files in a folder, by what they hold."""

    def __init__(self, folder: Folder) -> None:
        self._folder = folder

    def find(self, token: str) -> Path | None:
        """Return the file that holds what a token stands for, if it is kept."""
        found = next(iter(sorted(self._folder.path.glob(f"{token}-*"))), None)
        if found is not None:
            self._folder.used(found)
        return found

    def make(self, token: str, wanted: Format, parts: Callable[[], Generator[bytes, None, None]]) -> Path | None:
        """Return the file, made of its parts unless another process has made it; None if there is no room for it."""
        folder = self._folder.path
        folder.mkdir(parents=True, exist_ok=True)
        with (folder / f"lock-{token[0]}").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            if (there := self.find(token)) is not None:
                self._folder.hits += 1
                return there
            self._folder.misses += 1
            draft = folder / f"{token}.{wanted}"
            digest, size = hashlib.blake2b(digest_size=DIGEST_BYTES), 0
            try:
                with write_whole(draft) as file, closing(parts()) as made:
                    for part in made:
                        digest.update(part)
                        size += file.write(part)
                        if size > self._folder.most_bytes:
                            raise TooLarge
            except TooLarge:
                return None
            target = folder / f"{token}-{digest.hexdigest()}.{wanted}"
            draft.rename(target)
        self._folder.wrote(size)
        return target


def token_of(served: Snapshot, listing: Listing, about: About, lang: str, wanted: Format, limit: int | None) -> str:
    """Return what stands for the contents of a file: it changes whenever they would."""
    rows = geojson_rows(listing).add_columns(*(item.value for item in listing.features.properties.values()))
    asked: Any = select(rows.limit(limit).subquery())
    made = asked.compile(dialect=postgresql.dialect())  # type: ignore[no-untyped-call]
    said = (
        *(metadata.version("obod"), served, str(made), sorted(made.params.items()), about.title, about.facts),
        *(about.headings, about.cut, about.members, lang, wanted, limit),
    )
    return hashlib.blake2b(repr(said).encode(), digest_size=DIGEST_BYTES).hexdigest()
