"""Files that are there whole or not at all: written beside their place, then moved to it."""

from __future__ import annotations

import os
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

DRAFT = ".draft"  # suffix of what is being written
DRAFT_KEPT_S = 3_600.0  # seconds; a draft that nobody wrote to for so long was left by a process that was killed


@contextmanager
def write_whole(target: Path) -> Iterator[IO[bytes]]:
    """Yield a file for what ``target`` is to hold, which takes its place at the end; after an error nothing stays.

    Several processes may write the same target: the last one stands. Its folder has to be there.
    """
    handle, draft = tempfile.mkstemp(dir=target.parent, suffix=DRAFT)
    try:
        with os.fdopen(handle, "wb") as file:
            yield file
        os.replace(draft, target)
    except BaseException:
        os.unlink(draft)
        raise


def files_in(folder: Path, suffix: str) -> Iterator[tuple[Path, os.stat_result]]:
    """Yield the files of a kind and what is known of them; another process may remove one at any moment."""
    for path in folder.glob(f"*{suffix}"):
        try:
            facts = path.stat()
        except FileNotFoundError:
            continue
        yield path, facts


def sweep_drafts(folder: Path) -> None:
    """Remove what processes that were killed left half written in a folder."""
    for path, facts in files_in(folder, DRAFT):
        if time.time() - facts.st_mtime > DRAFT_KEPT_S:
            path.unlink(missing_ok=True)
