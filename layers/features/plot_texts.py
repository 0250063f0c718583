"""Public plots with the results that are shown, as text at hand: written in the background for each district.

What is written holds for one run and one state of the plots, and says so; anything else comes from the database. It
lies below ``OBOD_HOME/features`` for all processes: 1.3 kB a plot, as much as plot and result take in the database.
"""

from __future__ import annotations

import fcntl
import hashlib
import logging
from collections.abc import Callable, Generator, Sequence
from contextlib import AbstractContextManager, closing
from functools import lru_cache
from pathlib import Path
from urllib.parse import quote

from sqlalchemy import Connection
from sqlalchemy.dialects import postgresql

from layers.cache.array_cache import SUFFIX
from layers.cache.background import BACKGROUND
from layers.cache.folders import Folder
from layers.cache.memory import Memo
from layers.catalogue.base import PUBLIC
from layers.errors import LayersError
from layers.features.paging import Listing, geojson_rows, stream_rows
from layers.features.plots import by_class_and_score, in_district, scored_plots
from layers.features.text_store import FeatureTexts, read, write
from layers.records.snapshot import Run, Snapshot, read_snapshot

MAPPED = 256  # districts whose texts one process has mapped
LOOKED_S = 600.0  # seconds after which a mapped file is looked at again, which tells that it is in use

log = logging.getLogger(__name__)


class ReadyPlots:
    """Texts of districts in a folder (None: none are written); ``opened`` gives a connection as the public."""

    def __init__(self, folder: Folder | None, opened: Callable[[], AbstractContextManager[Connection]]) -> None:
        self._folder = folder
        self._opened = opened
        self._known: Memo[str, FeatureTexts] = Memo("mapped texts", most=MAPPED, good_for_s=LOOKED_S)

    def of(self, served: Snapshot, district: str, run: Run | None) -> FeatureTexts | None:
        """Return the plots of a district with the results of a run; None where they are not at hand.

        Asking for what is shown and not at hand has it written, in the background.
        """
        shown = served.shown.get(district)
        if self._folder is None or district not in served.coverage or (shown.run if shown else None) != run:
            return None
        version = _version(served, district, run)
        known = self._known.find(district, version)
        if known is not None:
            return known
        target = _file(self._folder, district)
        found = read(target)
        if found is None or found[0] != version:
            BACKGROUND.ask((target, version), lambda: self._write(target, served, district, run))
            self._folder.misses += 1
            return None
        self._folder.hits += 1
        self._folder.used(target)
        self._known.put(district, found[1], version)
        return found[1]

    def prepare(self, current: Callable[[], Snapshot]) -> None:
        """Have the plots of every district written that are not at hand, in the background."""

        def ask() -> None:
            try:
                served = current()
            except LayersError as error:
                log.warning("Features of plots are written when they are asked for: %s", error)
                return
            for district in served.coverage:
                shown = served.shown.get(district)
                self.of(served, district, shown.run if shown else None)

        BACKGROUND.ask(("features wanted", object()), ask)

    def _write(self, target: Path, served: Snapshot, district: str, run: Run | None) -> None:
        """Write a district, unless another process does or has done so, or it has changed meanwhile."""
        if self._folder is None:
            return
        version = _version(served, district, run)
        target.parent.mkdir(parents=True, exist_ok=True)
        with (target.parent / "lock").open("w") as lock, self._opened() as connection:
            fcntl.flock(lock, fcntl.LOCK_EX)
            there, now = read(target), read_snapshot(connection, served)
            if (there is None or there[0] != version) and _version(now, district, run) == version:
                with closing(_rows(connection, _listing(district, run))) as rows:
                    write(self._folder, target, version, rows)


def _file(folder: Folder, district: str) -> Path:
    return folder.path / f"plots-{quote(district, safe='')}{SUFFIX}"


def _rows(
    connection: Connection, listing: Listing
) -> Generator[list[tuple[int, Sequence[float | None], str]], None, None]:
    with closing(stream_rows(connection, geojson_rows(listing))) as parts:
        for rows in parts:
            yield [(number, keys, text) for text, *keys, number in map(tuple, rows)]


def _listing(district: str, run: Run | None) -> Listing:
    runs = {} if run is None else {district: run}
    features = scored_plots(PUBLIC, runs)
    return Listing(features, [in_district(district)], by_class_and_score(features))


def _version(served: Snapshot, district: str, run: Run | None) -> str:
    """A token that changes whenever a text would."""
    made = None if run is None else (run.run_id, run.finished_at, run.drawn_at)
    covered = served.coverage.get(district)
    seen = made, covered and (covered.last_load, covered.loaded_at, covered.plots, covered.bounds), _form()
    return hashlib.blake2b(repr(seen).encode(), digest_size=12).hexdigest()


@lru_cache
def _form() -> str:
    """What a text says and how, as the statement that makes it."""
    made = geojson_rows(_listing("", None)).compile(dialect=postgresql.dialect())  # type: ignore[no-untyped-call]
    return f"{made} {made.params}"
