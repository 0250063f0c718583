"""Files that are there whole or not at all: written beside their place, then moved to it."""

from __future__ import annotations

import os
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO

DRAFT = ".draft"  # suffix of what is being written
DRAFT_KEPT_S = 3_600.0  # seconds; a draft that nobody wrote to for so long was left by a process that was killed

LONGEST_LOG = 10_000_000  # bytes of a log, after which it begins anew
FORMER_LOG = ".former"  # suffix of the one before


@contextmanager
def write_whole(target: Path) -> Iterator[IO[bytes]]:
    """Yield a file for what ``target`` is to hold, which takes its place at the end; after an error nothing stays.

    Several processes may write the same target: the last one stands. Its folder has to be there. Only the owner may
    read the file.
    """
    handle, draft = tempfile.mkstemp(dir=target.parent, suffix=DRAFT)
    try:
        with os.fdopen(handle, "wb") as file:
            yield file
        os.replace(draft, target)
    except BaseException:
        os.unlink(draft)
        raise


@contextmanager
def write_whole_at(target: Path) -> Iterator[Path]:
    """Yield a path of the target's name to write to, for programs that open files themselves; else as ``write_whole``.

    Who may read the file is up to whoever writes it.
    """
    with tempfile.TemporaryDirectory(dir=target.parent, prefix=".obod-", suffix=DRAFT) as folder:
        draft = Path(folder) / target.name
        yield draft
        os.replace(draft, target)


def open_log(path: Path) -> IO[bytes]:
    """Open a log to add to, its folder made; one that has grown too long stands beside it as ``.former``."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with suppress(FileNotFoundError):
        if path.stat().st_size > LONGEST_LOG:
            os.replace(path, path.with_suffix(FORMER_LOG))
    return path.open("ab")


@contextmanager
def scratch_file(folder: Path) -> Iterator[IO[bytes]]:
    """Yield a file without a name, for what is too large for memory until its final form is known."""
    with tempfile.TemporaryFile(dir=folder) as file:
        yield file


def files_in(folder: Path, suffix: str = "") -> Iterator[tuple[Path, os.stat_result]]:
    """Yield the files of a kind in and below a folder, and what is known of them; any may be gone a moment later."""
    for parent, _, names in os.walk(folder):
        for name in names:
            if name.endswith(suffix):
                path = Path(parent, name)
                try:
                    yield path, path.stat()
                except FileNotFoundError:
                    continue


def sweep_drafts(folder: Path) -> None:
    """Remove what processes that were killed left half written in a folder."""
    for path, facts in files_in(folder, DRAFT):
        if time.time() - facts.st_mtime > DRAFT_KEPT_S:
            path.unlink(missing_ok=True)
