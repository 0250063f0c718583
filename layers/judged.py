"""Results of finished runs as arrays in memory: what a tile shows of a plot, found by its number.

A finished run never changes, so nothing here goes stale. Joining the results of the 2,000 plots of a tile in
PostgreSQL takes longer than all the rest of the tile; here it is a search in a sorted array.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, cast
from weakref import WeakKeyDictionary

import numpy as np
import psycopg
from numpy.typing import NDArray
from psycopg import sql
from sqlalchemy import Connection
from sqlalchemy.pool import Pool

from layers.run_rows import rows_of_district
from layers.served import Run

TEXTS = ("class", "limiting", "subclass")
MOST_PLOTS = 4_000_000  # plots of all runs together kept in memory, 40 bytes each

Ints = NDArray[np.int64]

_READ = sql.SQL(
    "SELECT array_agg(plot_no), array_agg(score), array_agg(class), array_agg(limiting), array_agg(subclass) FROM "
    "(SELECT plot_no, score, class, limiting, subclass FROM suitability WHERE {chosen} ORDER BY plot_no) AS judged"
)
# Plots whose row in one run is not their row in a later one that is kept in the same partition.
_OTHER = sql.SQL(
    "SELECT array_agg(DISTINCT plot_no) FROM suitability WHERE base_run = {base} AND district = {district} "
    "AND (from_run > {before} AND from_run <= {run} OR until_run > {before} AND until_run <= {run})"
)


@dataclass(frozen=True, slots=True)
class Judged:
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


def shown_scores(stored: NDArray[np.float32]) -> NDArray[np.float64]:
    """Return scores as they are shown: the decimal number that is printed for each, cut after one decimal.

    75.1 in single precision lies below 75.1, but is printed as 75.1 and shown so; 74.99999 is shown as 74.9.
    """
    tenths = np.floor(stored.astype(np.float64) * 10)
    reached = ((tenths + 1) / 10).astype(np.float32) == stored
    shown: NDArray[np.float64] = (tenths + reached) / 10
    return shown


class _Memory:
    """Results by district and run; the last used stay. One maker at a time for each database."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.held: OrderedDict[tuple[str, Run], Judged] = OrderedDict()

    def before(self, run: Run, district: str) -> tuple[Run, Judged] | None:
        """Return the newest results at hand that ``run`` was made from, None where there are none."""
        earlier = [
            (other.run_id, other)
            for name, other in self.held
            if name == district and other.base_run == run.base_run and other.run_id < run.run_id
        ]
        if not earlier:
            return None
        _, newest = max(earlier)
        return newest, self.held[district, newest]


_MEMORIES: WeakKeyDictionary[Pool, _Memory] = WeakKeyDictionary()
_LOCK = threading.Lock()


def judged(connection: Connection, run: Run, district: str) -> Judged:
    """Return what a finished run says of the plots of a district."""
    with _LOCK:
        memory = _MEMORIES.setdefault(connection.engine.pool, _Memory())
    with memory.lock:
        key = district, run
        found = memory.held.get(key)
        if found is None:
            earlier = memory.before(run, district)
            found = _read(connection, run, district) if earlier is None else _since(connection, run, district, *earlier)
            memory.held[key] = found
        memory.held.move_to_end(key)
        while len(memory.held) > 1 and sum(len(item.plot_no) for item in memory.held.values()) > MOST_PLOTS:
            memory.held.popitem(last=False)
        return found


def _read(connection: Connection, run: Run, district: str, only: Ints | None = None) -> Judged:
    """Read the results of a run in a district, of all its plots or of some."""
    chosen = rows_of_district(run, district)
    if only is not None:
        chosen += sql.SQL(" AND plot_no = ANY({})").format(sql.Literal(only.tolist()))
    row = _one(connection, _READ.format(chosen=chosen))
    plot_no, score, *texts = row if row[0] else ([], [], *([] for _ in TEXTS))
    columns = {}
    for name, values in zip(TEXTS, texts, strict=True):
        columns[name] = np.empty(len(values), dtype=object)
        known: dict[Any, Any] = {}
        columns[name][:] = [known.setdefault(value, value) for value in values]
    stored = np.array(score, dtype=np.float32)
    return Judged(np.array(plot_no, dtype=np.int64), shown_scores(stored), columns)


def _since(connection: Connection, run: Run, district: str, earlier: Run, found: Judged) -> Judged:
    """Return the results of a run from those of an earlier one it was made from: only what differs is read."""
    numbers = {"run": run.run_id, "base": run.base_run, "before": earlier.run_id, "district": district}
    row = _one(connection, _OTHER.format(**{name: sql.Literal(value) for name, value in numbers.items()}))
    other = np.array(row[0] or [], dtype=np.int64)
    new = _read(connection, run, district, other)
    stays = ~np.isin(found.plot_no, other)
    plot_no = np.concatenate([found.plot_no[stays], new.plot_no])
    order = np.argsort(plot_no, kind="stable")
    score = np.concatenate([found.score[stays], new.score])[order]
    texts = {name: np.concatenate([values[stays], new.texts[name]])[order] for name, values in found.texts.items()}
    return Judged(plot_no[order], score, texts)


def _one(connection: Connection, statement: sql.Composed) -> tuple[Any, ...]:
    driver = cast("psycopg.Connection[Any]", connection.connection.driver_connection)
    with driver.cursor(binary=True) as cursor:
        row: tuple[Any, ...] | None = cursor.execute(statement).fetchone()
    assert row is not None  # an aggregate always gives one row
    return row
