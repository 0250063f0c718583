"""Why a server does not start, or soon will not: read from the disk, the port and what the server wrote."""

from __future__ import annotations

import os
import re
import shutil
from pathlib import Path

from layers.errors import LayersError
from layers.postgres.identity import read_major
from layers.postgres.installation import find
from layers.postgres.processes import is_free
from layers.postgres.server import MB

LEAST_ROOM_MB = 48  # MB; three segments of PostgreSQL's log of 16 MB each, without which it stops
_REFUSAL = re.compile(r"(?:FATAL|PANIC):|^postgres: could not")
_OF_A_CLIENT = re.compile(r"\] \S+@\S+ ")  # log_line_prefix names role and database of who was refused meanwhile


class LogMarks:
    """How far the logs of a folder had come, so that a reason is not taken from last week's lines."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._sizes = {log: log.stat().st_size for log in folder.glob("*")}

    def reason(self, printed: str) -> str:
        """Return the last refusal the server wrote since, else what was printed, without the full stop."""
        lines = [line for log in sorted(self.folder.glob("*")) for line in self._new_lines(log)]
        refusals = [line for line in lines if _REFUSAL.search(line) and not _OF_A_CLIENT.search(line)]
        said = refusals or [line for line in printed.splitlines() if line.strip()]
        if not said:
            return f"its log in {self.folder} says why"
        return re.sub(r"^.*?(?:FATAL|PANIC):\s*", "", said[-1]).strip().rstrip(".")

    def _new_lines(self, log: Path) -> list[str]:
        with log.open("rb") as file:
            size = self._sizes.get(log, 0)
            file.seek(size if size <= log.stat().st_size else 0)  # a log of the same weekday begins anew
            return file.read().decode(errors="replace").splitlines()


def hindrance(home: Path, place: Path, port: int) -> str | None:
    """Return what keeps a stopped server from starting, in one sentence; None for nothing known."""
    if os.statvfs(place).f_flag & os.ST_RDONLY:
        return f"The database cannot start: the disk of {place} may only be read."
    if (found := closed_home(home) or low_on_room(place)) is not None:
        return found
    if not is_free(port):
        return (
            f"Port {port} of the embedded database is used by another program; end that program, or write another port "
            f"into {home / 'database.json'}."
        )
    try:
        find(read_major(place / "data"))
    except LayersError as error:
        return str(error)
    return None


def closed_home(home: Path) -> str | None:
    """Return what keeps a home from being written, there or not yet, in one sentence; None for nothing."""
    there = next(folder for folder in (home, *home.parents) if folder.exists())
    if not there.is_dir():
        return f"OBOD_HOME ({home}) is not a folder; name another."
    if os.statvfs(there).f_flag & os.ST_RDONLY:
        return f"OBOD_HOME ({home}) lies on a disk that may only be read; name another."
    if not os.access(there, os.W_OK):
        return f"OBOD_HOME ({home}) cannot be written by this user; run this as its owner, or name another OBOD_HOME."
    return None


def low_on_room(place: Path) -> str | None:
    """Return that the disk of the data is full, in one sentence; None where it has room."""
    free_mb = shutil.disk_usage(place).free // MB
    if free_mb >= LEAST_ROOM_MB:
        return None
    return f"The disk of {place} is full: {free_mb} MB are free, the database needs {LEAST_ROOM_MB}; make room there."
