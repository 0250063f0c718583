"""What is served right now: last load of every layer, the run shown in every district, where plots lie.

A small snapshot, read in a few milliseconds and kept for a second, so that a tile or page that is already made
can be handed out without asking PostGIS for more. What is made outlasts a database that is made anew or restored, where
numbers of loads and runs come again: a load or run is told from another by its number and its moment.
"""

from __future__ import annotations

import hashlib
import threading
import time
from collections.abc import Callable, Iterable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, and_, func, or_, select

from geo.contract.classes import RULE
from layers.catalogue.base import STAFF, Audience
from layers.catalogue.land import Plot
from layers.errors import DatabaseUnavailable, NotFound
from layers.records.loads import PURGE, Load, Raster
from layers.records.runs import Publication, ScoringRun

Bounds = tuple[float, float, float, float]  # west, south, east, north, degrees in EPSG:4326

KEPT_S = 1.0  # seconds a snapshot is used before it is read again
COMPLETE = "complete"


@dataclass(frozen=True, slots=True)
class Run:
    """A finished run: its scheme, whether it judged synthetic plots, when it was made and its draws were stored.

    base_run : the run in whose partition its results are kept, see ``layers.records.rows_of_run``. draft : it was never
    published.
    """

    run_id: int
    base_run: int
    scheme: str
    scenario: str
    districts: frozenset[str]
    synthetic: bool
    finished_at: datetime | None
    drawn_at: datetime | None = None
    rule: int = RULE
    draft: bool = False

    @property
    def earlier_rule(self) -> bool:
        """Whether it was scored by an earlier edition of the rule, which counted unknown as good."""
        return self.rule < RULE


@dataclass(frozen=True, slots=True)
class ShownRun:
    """What is shown of one district, and since when unasked; None where it had to be asked for."""

    run: Run
    published_at: datetime | None


@dataclass(frozen=True, slots=True)
class Coverage:
    """Current plots of one district: how many, how large together (ha), where, and the last load that touched any."""

    plots: int
    area_ha: float
    bounds: Bounds
    last_load: int
    synthetic: bool
    loaded_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Choice:
    """Which result is asked for; without either, the one that is shown."""

    scheme: str | None = None
    run: int | None = None

    def asked(self) -> dict[str, str]:
        """Return what of it is asked for, as an address has it."""
        found = {"scheme": self.scheme, "run": None if self.run is None else str(self.run)}
        return {name: text for name, text in found.items() if text is not None}


@dataclass(frozen=True, slots=True)
class Snapshot:
    """One snapshot.

    loads : layer or grid -> last load. loaded_at : those loads -> when each was made. coverage : district code
    ('' = none) -> its plots.
    """

    loads: Mapping[str, int]
    shown: Mapping[str, ShownRun]
    published: Mapping[tuple[str, str], int]
    runs: Mapping[int, Run]
    coverage: Mapping[str, Coverage] = field(default_factory=dict)
    loaded_at: Mapping[int, datetime] = field(default_factory=dict)

    def runs_of(self, choice: Choice) -> dict[str, Run]:
        """Return district -> the run whose results are served there under a choice.

        Raises
        ------
        NotFound : the run or scheme asked for has no finished result anywhere.
        """
        if choice.run is not None:
            run = self.runs.get(choice.run)
            if run is None or (choice.scheme is not None and run.scheme != choice.scheme):
                raise NotFound(f"There is no finished run {choice.run}{self._of_scheme(choice)}.")
            return dict.fromkeys(run.districts, run)
        if choice.scheme is None:
            return {district: shown.run for district, shown in self.shown.items()}
        found = {
            district: self.runs[run] for (district, scheme), run in self.published.items() if scheme == choice.scheme
        }
        if not found:
            raise NotFound(f"No run of scheme {choice.scheme!r} is published.")
        return found

    def runs_open_to(self, audience: Audience, choice: Choice) -> dict[str, Run]:
        """Return the same for an audience: below staff, a run that was never published does not exist.

        Raises
        ------
        NotFound : as ``runs_of``, and for a draft; the sentence is the same.
        """
        found = self.runs_of(choice)
        if audience < STAFF and any(run.draft for run in found.values()):
            raise NotFound(f"There is no finished run {choice.run}{self._of_scheme(choice)}.")
        return found

    def synthetic(self, district: str) -> bool:
        """Tell whether the plots of a district, or what they were judged by, are made up."""
        covered, shown = self.coverage.get(district), self.shown.get(district)
        return bool((covered and covered.synthetic) or (shown and shown.run.synthetic))

    def districts_in(self, bounds: Bounds) -> tuple[str, ...]:
        """Return the districts ('' = none recorded) whose plots may lie in a window, in order of code."""
        west, south, east, north = bounds
        return tuple(
            sorted(
                district
                for district, covered in self.coverage.items()
                if covered.bounds[0] <= east
                and covered.bounds[2] >= west
                and covered.bounds[1] <= north
                and covered.bounds[3] >= south
            )
        )

    def version(self, layer: str) -> str:
        """Return a token that changes whenever rows of a layer do."""
        last = self.loads.get(layer, 0)
        return f"{last}@{_moment(self.loaded_at.get(last))}"

    def plots_version(self, choice: Choice, bounds: Bounds) -> str:
        """Return a token that changes whenever a plot in the window, or the result served for one, does."""
        runs = self.runs_of(choice)
        seen = [
            (
                district,
                self.coverage[district].last_load,
                _moment(self.coverage[district].loaded_at),
                _results(runs[district]) if district in runs else 0,
            )
            for district in self.districts_in(bounds)
        ]
        return hashlib.blake2b(repr(seen).encode(), digest_size=8).hexdigest()

    @staticmethod
    def _of_scheme(choice: Choice) -> str:
        return "" if choice.scheme is None else f" of scheme {choice.scheme!r}"


def _moment(at: datetime | None) -> str:
    return "" if at is None else at.isoformat()


def _results(run: Run) -> tuple[int, str, str]:
    return run.run_id, _moment(run.finished_at), _moment(run.drawn_at)


def read_snapshot(connection: Connection, known: Snapshot | None = None) -> Snapshot:
    """Return what is served now; where plots lie is taken from ``known`` if no plot was loaded since."""
    served = read_runs(connection)
    plots = Plot.__tablename__
    unchanged = known is not None and known.version(plots) == served.version(plots)
    return replace(served, coverage=known.coverage if known and unchanged else _coverage(connection))


def read_runs(connection: Connection) -> Snapshot:
    """Return what is served now without where plots lie, which takes a pass over all of them."""
    loads = {
        row[0]: row[1] for row in connection.execute(select(Load.layer, func.max(Load.load_id)).group_by(Load.layer))
    }
    touched = func.max(func.greatest(Raster.load_id, func.coalesce(Raster.ended_by, 0)))
    for layer, last in connection.execute(select(Raster.layer, touched).group_by(Raster.layer)):
        loads[layer] = max(loads.get(layer, 0), last)
    publications = connection.execute(
        select(
            Publication.district,
            Publication.scheme,
            Publication.run_id,
            Publication.shown,
            Publication.published_at,
        ).where(Publication.scenario == "")
    ).all()
    runs = {row.run_id: _run(row) for row in connection.execute(_RUNS)}
    published = {(row.district, row.scheme): row.run_id for row in publications}
    shown = {row.district: ShownRun(runs[row.run_id], row.published_at) for row in publications if row.shown}
    return Snapshot(loads, shown, published, runs, loaded_at=_loaded_at(connection, loads.values()))


def run_of(connection: Connection, run_id: int) -> Run:
    """Return a finished run by its number.

    Raises
    ------
    NotFound : there is no such finished run.
    """
    row = connection.execute(_RUNS.where(ScoringRun.run_id == run_id)).one_or_none()
    if row is None:
        raise NotFound(f"There is no finished run {run_id}.")
    return _run(row)


_RUNS = select(
    ScoringRun.run_id,
    func.coalesce(ScoringRun.base_run, ScoringRun.run_id).label("base_run"),
    ScoringRun.scheme,
    ScoringRun.scenario,
    ScoringRun.districts,
    ScoringRun.synthetic,
    ScoringRun.finished_at,
    ScoringRun.drawn_at,
    ScoringRun.rule,
    or_(ScoringRun.published, ScoringRun.run_id.in_(select(Publication.run_id))).label("published"),
).where(ScoringRun.status == COMPLETE)


def _run(row: Any) -> Run:
    return Run(
        row.run_id,
        row.base_run,
        row.scheme,
        row.scenario,
        frozenset(row.districts),
        row.synthetic,
        row.finished_at,
        row.drawn_at,
        row.rule,
        not row.published,
    )


class SnapshotCache:
    """The snapshot of this process, read again after ``KEPT_S`` seconds.

    ``reading`` opens a read-only connection as the public. While the database cannot be reached the last snapshot
    stands, so that finished public tiles are still served.
    """

    def __init__(self, reading: Callable[[], AbstractContextManager[Connection]]) -> None:
        self._reading = reading
        self._lock = threading.Lock()
        self._last: Snapshot | None = None
        self._read_at = float("-inf")

    def current(self) -> Snapshot:
        """Return a snapshot at most ``KEPT_S`` seconds old, or the last one while the database is away.

        Raises
        ------
        DatabaseUnavailable : there was never an answer.
        """
        last = self.kept()
        if last is not None:
            return last
        with self._lock:
            last = self.kept()
            if last is not None:
                return last
            try:
                with self._reading() as connection:
                    return self._keep(read_snapshot(connection, self._last))
            except DatabaseUnavailable:
                if self._last is None:
                    raise
                return self._keep(self._last)

    def kept(self) -> Snapshot | None:
        """Return the snapshot at hand if it is fresh enough, without asking anything."""
        return self._last if time.monotonic() - self._read_at <= KEPT_S else None

    def fresh(self, connection: Connection) -> Snapshot:
        """Return a snapshot read now, through the caller's connection."""
        return self._keep(read_snapshot(connection, self._last))

    def _keep(self, served: Snapshot) -> Snapshot:
        # The same content keeps the same object, so that what was derived from it stays valid.
        if served != self._last:
            self._last = served
        self._read_at = time.monotonic()
        assert self._last is not None
        return self._last


def _loaded_at(connection: Connection, loads: Iterable[int]) -> dict[int, datetime]:
    made = select(Load.load_id, Load.loaded_at).where(Load.load_id.in_(sorted(set(loads))))
    return {row.load_id: row.loaded_at for row in connection.execute(made)}


def _coverage(connection: Connection) -> dict[str, Coverage]:
    """Plots per district, one pass over the table; ended rows count only for the last load."""
    current = Plot.ended_by.is_(None)
    box: Any = func.box2d(Plot.__table__.c.geom)
    touched = func.greatest(Plot.load_id, func.coalesce(Plot.ended_by, 0))
    synthetic = select(Load.load_id).where(Load.synthetic)
    # A purge leaves no row that tells of it.
    purged = select(func.coalesce(func.max(Load.load_id), 0)).where(
        Load.layer == Plot.__tablename__, Load.kind == PURGE
    )
    rows = connection.execute(
        select(
            func.coalesce(Plot.district, ""),
            func.count().filter(current),
            func.coalesce(func.sum(Plot.area_ha).filter(current), 0.0),
            func.min(func.ST_XMin(box)).filter(current),
            func.min(func.ST_YMin(box)).filter(current),
            func.max(func.ST_XMax(box)).filter(current),
            func.max(func.ST_YMax(box)).filter(current),
            func.greatest(func.max(touched), purged.scalar_subquery()),
            func.bool_or(and_(current, Plot.load_id.in_(synthetic))),
        ).group_by(Plot.district)
    ).all()
    loaded_at = _loaded_at(connection, (row[7] for row in rows))
    return {
        row[0]: Coverage(
            row[1], float(row[2]), (row[3], row[4], row[5], row[6]), row[7], bool(row[8]), loaded_at.get(row[7])
        )
        for row in rows
        if row[1]
    }


def require_publications(connection: Connection) -> None:
    """Ask for one publication; fails where the database has not the form this code needs."""
    connection.execute(select(Publication.run_id).limit(1))


def served_districts(connection: Connection) -> dict[str, int]:
    """Return the run that is shown of each district, by its code in order."""
    shown = select(Publication.district, Publication.run_id).where(Publication.shown, Publication.scenario == "")
    return {row.district: row.run_id for row in connection.execute(shown.order_by(Publication.district))}
