"""Results of finished runs as arrays in memory: what a tile shows of a plot, found by its number.

A finished run never changes, so nothing here goes stale. Joining the results of the 2,000 plots of a tile in
PostgreSQL takes longer than all the rest of the tile; here it is a search in a sorted array.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from weakref import WeakKeyDictionary

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sqlalchemy import Connection, and_, exists, or_, select
from sqlalchemy.pool import Pool

from geo.suitability.shown import shown_score
from layers.cache.background import BACKGROUND
from layers.cache.memory import Memo
from layers.errors import LayersError
from layers.frames.around import among
from layers.postgres.read_arrays import read_arrays
from layers.records.outcomes import OUTCOMES
from layers.records.rows_of_run import in_run
from layers.records.runs import ScoringRun, suitability
from layers.records.snapshot import Run, Snapshot
from layers.settings import get_settings

RESULT = suitability.c
TEXTS = tuple(outcome.name for outcome in OUTCOMES if outcome.in_tile and not outcome.rounded_down)
PLOT_BYTES = 40  # of a plot in memory: number, score, three references to texts that many share
BYTES_PER_MB = 1_000_000

log = logging.getLogger(__name__)

Ints = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class DistrictResults:
    """What one run says of the plots of one district, in order of their numbers.

    plot_no : int64 (n,). score : float64 (n,), as shown, NaN = none. texts : name -> object (n,), None = none.
    """

    plot_no: Ints
    score: NDArray[np.float64]
    texts: Mapping[str, NDArray[np.object_]]

    def find(self, numbers: Ints) -> tuple[NDArray[np.bool_], Ints]:
        """Tell which of some plots the run has judged, and where those stand."""
        if not len(self.plot_no):
            return np.zeros(len(numbers), dtype=bool), np.empty(0, dtype=np.int64)
        place = np.searchsorted(self.plot_no, numbers).clip(max=len(self.plot_no) - 1)
        known = self.plot_no[place] == numbers
        return known, place[known]


Key = tuple[str, int, datetime | None]  # district, run and when it was made: after a restore numbers come again


Memory = Memo[Key, tuple[Run, DistrictResults]]

_MEMORIES: WeakKeyDictionary[Pool, Memory] = WeakKeyDictionary()  # of each database
_LOCK = threading.Lock()


def results_of_district(connection: Connection, run: Run, district: str) -> DistrictResults:
    """Return what a finished run says of the plots of a district."""
    memory = _memory(connection.engine.pool)

    def make() -> tuple[Run, DistrictResults]:
        earlier = _before(memory, run, district)
        if earlier is not None and _there(connection, earlier[0]):
            return run, _since(connection, run, district, *earlier)
        return run, _read(connection, run, district)

    return memory.get((district, run.run_id, run.finished_at), make)[1]


def _memory(pool: Pool) -> Memory:
    with _LOCK:
        found = _MEMORIES.get(pool)
        if found is None:
            most_bytes = get_settings().results_in_memory_mb * BYTES_PER_MB
            found = _MEMORIES[pool] = Memo("results", most_bytes=most_bytes, size_of=_size)
        return found


def _size(held: tuple[Run, DistrictResults]) -> int:
    return PLOT_BYTES * len(held[1].plot_no)


def _before(memory: Memory, run: Run, district: str) -> tuple[Run, DistrictResults] | None:
    """Return the newest results at hand that ``run`` was made from, None where there are none."""
    earlier = {
        other.run_id: (other, found)
        for (name, _, _), (other, found) in memory.items()
        if name == district and other.base_run == run.base_run and other.run_id < run.run_id
    }
    return earlier[max(earlier)] if earlier else None


def prepare(opened: Callable[[], AbstractContextManager[Connection]], current: Callable[[], Snapshot]) -> None:
    """Read what is shown of every district in the background, so that the first tile asked for need not wait."""

    def read() -> None:
        try:
            served = current()
            for district, shown in served.shown.items():
                with opened() as connection:
                    results_of_district(connection, shown.run, district)
        except LayersError as error:
            log.warning("Results are read when they are asked for: %s", error)

    BACKGROUND.ask(("results wanted", object()), read)


def _there(connection: Connection, run: Run) -> bool:
    """Whether the database still has a run, and not another of its number: it may have been restored."""
    same = (ScoringRun.run_id == run.run_id, ScoringRun.finished_at == run.finished_at)
    return bool(connection.execute(select(exists().where(*same))).scalar())


def _read(connection: Connection, run: Run, district: str, only: Ints | None = None) -> DistrictResults:
    """Read the results of a run in a district, of all its plots or of some."""
    chosen = [in_run(run), RESULT.district == district]
    if only is not None:
        chosen.append(among(RESULT.plot_no, only.tolist()))
    columns = [RESULT[name] for name in ("plot_no", "score", *TEXTS)]
    read = read_arrays(connection, select(*columns).where(*chosen).order_by(RESULT.plot_no))
    if read is None:
        nothing = np.empty(0, dtype=object)
        return DistrictResults(np.empty(0, dtype=np.int64), np.empty(0), dict.fromkeys(TEXTS, nothing))
    plot_no, score, *texts = read
    stored = score.to_numpy(dtype=np.float32, na_value=np.nan)
    named = {name: _shared(values) for name, values in zip(TEXTS, texts, strict=True)}
    return DistrictResults(plot_no.to_numpy(dtype=np.int64), shown_score(stored), named)


def _shared(texts: pd.Series[Any]) -> NDArray[np.object_]:
    """Texts that many plots share, each held once, None = none."""
    code, names = pd.factorize(texts)  # -1, unknown, is the last
    return np.array([*names, None], dtype=object)[code]


def _since(connection: Connection, run: Run, district: str, earlier: Run, found: DistrictResults) -> DistrictResults:
    """Return the results of a run from those of an earlier one it was made from: only what differs is read."""
    ended = and_(RESULT.until_run > earlier.run_id, RESULT.until_run <= run.run_id)
    begun = and_(RESULT.from_run > earlier.run_id, RESULT.from_run <= run.run_id)
    here = (RESULT.base_run == run.base_run, RESULT.district == district)
    other = np.array(
        connection.execute(select(RESULT.plot_no).where(*here, or_(ended, begun))).scalars().all(), np.int64
    )
    new = _read(connection, run, district, other)
    stays = ~np.isin(found.plot_no, other)
    plot_no = np.concatenate([found.plot_no[stays], new.plot_no])
    order = np.argsort(plot_no, kind="stable")
    score = np.concatenate([found.score[stays], new.score])[order]
    texts = {name: np.concatenate([values[stays], new.texts[name]])[order] for name, values in found.texts.items()}
    return DistrictResults(plot_no[order], score, texts)
