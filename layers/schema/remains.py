"""What a purge leaves in files, and in pages of the database, once its rows are gone: listed first, then removed.

The list is a file of the home that is there before the purge is committed, so that a purge that is killed is finished
by whoever comes next. Whether it was committed the database tells: nothing it still names is removed.
"""

from __future__ import annotations

import fcntl
import json
import os
import uuid
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy import Engine, select

from layers.cache.files import DRAFT, files_in
from layers.cache.folders import KINDS, Folder
from layers.postgres.rewriting import rewrite
from layers.records.loads import Load, Raster
from layers.records.remarks import PlotRemark

if TYPE_CHECKING:  # every command looks for remains, few erase
    from layers.schema.erasure import Erasure

FOLDER = "remains"  # below OBOD_HOME
SUFFIX = ".json"


@dataclass(frozen=True, slots=True)
class Remains:
    """What is to be removed.

    tables : to be written anew. loads : whose files are forgotten. digests : of those files. rasters : names of raster
    files. before : moment before which rejected rows were written that go too, seconds since the epoch.
    """

    tables: list[str]
    loads: list[int]
    digests: list[str]
    rasters: list[str]
    before: float | None


@contextmanager
def listed(home: Path, erased: Erasure, before: datetime | None = None) -> Iterator[Remains]:
    """Keep a list of what is left of an erasure, from before it is committed until ``sweep`` is through.

    After an error the list stays, as it does when the process is killed; meanwhile nobody else goes by it.

    Parameters
    ----------
    home : ``OBOD_HOME``.
    before : rejected rows written before this go too; None = those of the files that were erased.
    """
    results = ("suitability", "robustness", "household_fit") if erased.plots else ()
    moment = None if before is None else before.timestamp()
    remarks = (PlotRemark.__tablename__,) if erased.remarks else ()
    remains = Remains([*erased.rows, *results, *remarks], erased.loads, erased.digests, erased.rasters, moment)
    folder = home / FOLDER
    folder.mkdir(parents=True, exist_ok=True)
    draft = folder / f"{uuid.uuid4().hex}{DRAFT}"
    with draft.open("xb") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        file.write(json.dumps(asdict(remains)).encode())
        file.flush()
        os.fsync(file.fileno())
        whole = draft.rename(draft.with_suffix(SUFFIX))
        yield remains
        whole.unlink()


def has_remains(home: Path) -> bool:
    """Whether a purge is at work, or was killed before it was through."""
    return any((home / FOLDER).glob(f"*{SUFFIX}"))


def finish_purges(engine: Engine, home: Path) -> list[str]:
    """Remove what purges that were killed have left; return the tables that could not be written anew.

    Parameters
    ----------
    engine : the owner's. home : ``OBOD_HOME``.
    """
    refused = []
    for whole in sorted((home / FOLDER).glob(f"*{SUFFIX}")):
        with _left(whole) as remains:
            if remains is not None:
                refused += sweep(engine, home, remains)
                whole.unlink()
    return refused


def sweep(engine: Engine, home: Path, remains: Remains) -> list[str]:
    """Remove what is listed; return the tables that could not be written anew.

    Parameters
    ----------
    engine : the owner's. home : ``OBOD_HOME``.
    """
    for name in KINDS:
        Folder.of(name).clear()
    forgotten, rasters = _still_listed(engine, remains)
    for name in rasters:
        (home / "rasters" / name).unlink(missing_ok=True)
    for path, facts in files_in(home / "rejects"):
        old = remains.before is not None and facts.st_mtime < remains.before
        if old or (forgotten and any(digest[:8] in path.name for digest in remains.digests)):
            path.unlink(missing_ok=True)
    _empty(path for path, _ in files_in(home / "logs"))
    _empty(path for path, _ in files_in(home / "postgres" / "log"))
    return rewrite(engine, remains.tables)


def _still_listed(engine: Engine, remains: Remains) -> tuple[bool, list[str]]:
    """Whether the files of loads are forgotten, and the raster files that no row names: the purge was committed."""
    with engine.connect() as connection:
        kept = select(Load.load_id).where(Load.load_id.in_(remains.loads), Load.sha256.is_not(None)).limit(1)
        named = select(Raster.file_name).where(Raster.file_name.in_(remains.rasters))
        still = set(connection.execute(named).scalars())
        return connection.execute(kept).first() is None, [name for name in remains.rasters if name not in still]


@contextmanager
def _left(whole: Path) -> Iterator[Remains | None]:
    """Yield what a list names, None where its purge is at work or another process is finishing it."""
    with ExitStack() as held:
        try:
            file = held.enter_context(whole.open("rb"))
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except (FileNotFoundError, BlockingIOError):
            yield None
            return
        yield Remains(**json.load(file)) if whole.exists() else None


def _empty(paths: Iterable[Path]) -> None:
    """Empty files that a server may have open."""
    for path in paths:
        with path.open("r+b") as file:
            file.truncate(0)
