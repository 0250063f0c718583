"""Erasing for good: rows of loads, the copies of them that were made, runs.

An undo and a replacement keep what was, so that it can be read again; this does not. Rows go, and with them results
that were made from them, what their loads report of them, rejected rows, logs, and everything that is kept and can be
made again (``layers.schema.remains``). What is erased stays in backups that were made before, and in the write-ahead
log of PostgreSQL until that is written over.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy import ColumnElement, Connection, FromClause, delete, func, insert, or_, select, text, update

from layers.catalogue import BY_NAME
from layers.catalogue.base import Layer
from layers.catalogue.land import Plot
from layers.errors import DataRefused, NotFound
from layers.frames.around import among
from layers.records.audit import Act, note
from layers.records.loads import PURGE, Load, Raster, loads_together
from layers.records.open_load import LOADS_LOCK
from layers.records.plans import ShownRanking
from layers.records.remarks import PlotRemark, erase_remarks_of
from layers.records.rows_of_run import in_run
from layers.records.runs import Publication, ScoringRun, household_fit, robustness, suitability
from layers.records.scenarios import SEEN, ScenarioRun
from layers.records.snapshot import COMPLETE, run_of

ERASED = {"erased": True}  # report of a load of which nothing is kept but its figures


@dataclass(slots=True)
class Erasure:
    """What a purge erases.

    rows : by layer. current : those of them that are in force, by layer. loads : whose reports go with them. files :
    digests of their files. rasters : names of raster files. runs : made from the rows. served : those of them that are
    served. plots : numbers of the plots whose results go. remarks : of staff, on plots that are gone, or ended.
    """

    rows: dict[str, int] = field(default_factory=dict)
    current: dict[str, int] = field(default_factory=dict)
    loads: list[int] = field(default_factory=list)
    digests: list[str] = field(default_factory=list)
    rasters: list[str] = field(default_factory=list)
    runs: list[int] = field(default_factory=list)
    served: list[int] = field(default_factory=list)
    plots: list[int] = field(default_factory=list)
    remarks: int = 0

    @property
    def in_force(self) -> bool:
        """Whether rows in force, or results that are served, would go."""
        return bool(sum(self.current.values()) or self.served)


def purge_load(connection: Connection, load_id: int, *, with_current: bool) -> Erasure:
    """Erase what a load brought, however often an undo or update carried it on, in the caller's transaction.

    Raises
    ------
    NotFound : there is no such load. DataRefused : rows are in force, or served results were made from them, and
        ``with_current`` does not allow that; names the runs.
    """
    load = connection.execute(select(Load.layer, Load.kind).where(Load.load_id == load_id)).one_or_none()
    if load is None:
        raise NotFound(f"There is no load {load_id}; obod layer loads lists them.")
    if load.kind == PURGE:
        raise DataRefused(f"Load {load_id} is a purge itself and brought nothing.")
    _alone(connection)
    origin = func.coalesce(Load.restores, Load.load_id)
    own = select(origin).where(Load.load_id.in_(loads_together(connection, load_id)))
    family = list(connection.execute(select(Load.load_id).where(Load.layer == load.layer, origin.in_(own))).scalars())
    if load.layer in BY_NAME:
        layer = BY_NAME[load.layer]
        return _erase(connection, {layer: _carried(connection, layer, family)}, family, with_current=with_current)
    files = select(Raster.raster_id).where(Raster.load_id.in_(family))
    return _erase(connection, {}, family, connection.execute(files).scalars().all(), with_current=with_current)


def purge_ended(connection: Connection, before: datetime, *, with_current: bool) -> Erasure:
    """Erase all rows and raster files that ended before a moment, in the caller's transaction.

    Raises
    ------
    DataRefused : served results were made from them, and ``with_current`` does not allow that; names the runs.
    """
    _alone(connection)
    then = select(Load.load_id).where(Load.loaded_at < before)
    rows = {}
    for layer in BY_NAME.values():
        ended = select(layer.gid).where(layer.ended_by.in_(then))
        if gids := connection.execute(ended).scalars().all():
            rows[layer] = list(gids)
    files = connection.execute(select(Raster.raster_id).where(Raster.ended_by.in_(then))).scalars().all()
    return _erase(connection, rows, [], files, with_current=with_current, ended_before=before)


def delete_runs(connection: Connection, run_ids: Sequence[int], *, published: bool) -> int:
    """Delete runs with all that was found in them, in the caller's transaction; return the number of results.

    Raises
    ------
    NotFound : there is no such run. DataRefused : one is served and ``published`` does not allow that, one is at work,
        or a run that stays is kept in the results of one that goes.
    """
    wanted = sorted(set(run_ids))
    table = ScoringRun.__table__.c
    known = {
        row.run_id: row
        for row in connection.execute(
            select(table.run_id, table.base_run, table.status, table.districts).where(table.run_id.in_(wanted))
        )
    }
    if missing := [run for run in wanted if run not in known]:
        raise NotFound(f"There is no run {missing[0]}; `obod run list` names those there are.")
    if working := [run for run in wanted if known[run].status == "running"]:
        raise DataRefused(f"Run {working[0]} is at work; wait for it or stop it first.")
    served: dict[int, list[str]] = {}
    for run, district in connection.execute(
        select(Publication.run_id, Publication.district).where(Publication.run_id.in_(wanted))
    ):
        served.setdefault(run, []).append(district)
    if served and not published:
        said = "; ".join(f"run {run} in {', '.join(sorted(places))}" for run, places in sorted(served.items()))
        raise DataRefused(
            f"These are published: {said}. Publish others there first, or delete them all the same with --published: "
            "then those districts have no result."
        )
    stays = connection.execute(
        select(table.run_id, table.base_run).where(table.base_run.in_(wanted), table.run_id.not_in(wanted)).limit(1)
    ).one_or_none()
    if stays is not None:
        raise DataRefused(f"Run {stays.run_id} is kept in the results of run {stays.base_run}; delete it as well.")
    connection.execute(delete(Publication).where(Publication.run_id.in_(wanted)))
    for kept in (household_fit, robustness):
        connection.execute(delete(kept).where(kept.c.run_id.in_(wanted)))
    bases = {known[run].base_run or run for run in wanted}
    before = _count(connection, suitability, suitability.c.base_run.in_(bases))
    connection.execute(delete(ScoringRun).where(ScoringRun.run_id.in_([run for run in wanted if known[run].base_run])))
    connection.execute(delete(ScoringRun).where(ScoringRun.run_id.in_(wanted)))
    for base in sorted(bases):
        _drop_unheld(connection, base)
    after = _count(connection, suitability, suitability.c.base_run.in_(bases))
    for run in wanted:
        note(connection, Act.RUN_DELETED, number=run, districts=known[run].districts)
    return before - after


# -- which rows ------------------------------------------------------------------------------------------


def _alone(connection: Connection) -> None:
    connection.execute(select(func.pg_advisory_xact_lock(LOADS_LOCK)))


def _carried(connection: Connection, layer: type[Layer], loads: Sequence[int]) -> list[int]:
    """Row numbers of what loads brought and of the rows in which updates and undos carried their values on."""
    found: set[int] = set()
    rows = layer.__table__.c
    key = rows[layer.key]
    fresh = list(connection.execute(select(rows.gid).where(rows.load_id.in_(loads))).scalars())
    first = func.coalesce(Load.part_of, Load.load_id)  # which ended the rows that all parts of a file took the place of
    carrying = or_(Load.mode == "update", Load.kind == "undo")
    while fresh:
        found.update(fresh)
        ended = select(key.label("key"), rows.ended_by).where(among(rows.gid, fresh)).subquery()
        after = (
            select(rows.gid)
            .join(Load, Load.load_id == rows.load_id)
            .join(ended, (ended.c.key == key) & (ended.c.ended_by == first))
            .where(carrying)
        )
        fresh = [gid for gid in connection.execute(after).scalars() if gid not in found]
    return sorted(found)


def _erase(
    connection: Connection,
    rows: dict[type[Layer], list[int]],
    loads: Iterable[int],
    rasters: Sequence[int] = (),
    *,
    with_current: bool,
    ended_before: datetime | None = None,
) -> Erasure:
    working = connection.execute(select(ScoringRun.run_id).where(ScoringRun.status == "running").limit(1)).scalar()
    if working is not None:
        raise DataRefused(f"Run {working} is at work and may have read these rows; wait for it or stop it, then purge.")
    erased = Erasure()
    touched, runs, plots = set(loads), set[int](), set[int]()
    for layer, gids in rows.items():
        of = layer.__table__.c
        mine = among(of.gid, gids)
        erased.rows[layer.__tablename__] = len(gids)
        erased.current[layer.__tablename__] = _count(connection, layer.__table__, mine & of.ended_by.is_(None))
        touched |= set(connection.execute(select(of.load_id).where(mine).distinct()).scalars())
        made = _runs_from(connection, layer, mine)
        runs |= made
        if made:
            plots |= _plots_of(connection, layer, mine)
    if rasters:
        files = connection.execute(select(Raster.__table__).where(Raster.raster_id.in_(rasters))).mappings().all()
        erased.rasters = [row["file_name"] for row in files]
        for row in files:
            erased.rows[row["layer"]] = erased.rows.get(row["layer"], 0) + 1
            erased.current[row["layer"]] = erased.current.get(row["layer"], 0) + (row["ended_by"] is None)
            touched.add(row["load_id"])
            runs |= _runs_between(connection, row["load_id"], row["ended_by"])
    erased.runs, erased.plots = sorted(runs), sorted(plots)
    served = select(Publication.run_id).where(Publication.run_id.in_(runs), Publication.shown).distinct()
    erased.served = sorted(connection.execute(served).scalars()) if plots else []
    if erased.in_force and not with_current:
        raise DataRefused(_refusal(erased))
    gone = connection.execute(select(Plot.plot_id).where(among(Plot.gid, rows.get(Plot, [])))).scalars().all()
    _delete(connection, rows, rasters, erased)
    erased.remarks = erase_remarks_of(connection, gone, ended_before)
    if erased.remarks:
        note(connection, Act.REMARK_ERASED, layer=PlotRemark.__tablename__, rows=erased.remarks)
    erased.loads = _scrub(connection, touched, erased)
    if set(erased.rows) & set(SEEN) and touched:
        connection.execute(delete(ScenarioRun).where(ScenarioRun.as_of_load >= min(touched)))
        connection.execute(delete(ShownRanking).where(ShownRanking.as_of_load >= min(touched)))
    for name, count in erased.rows.items():
        if count:
            _enter(connection, name, count)
    return erased


def _refusal(erased: Erasure) -> str:
    current = ", ".join(f"{count:,} rows of {name}" for name, count in erased.current.items() if count)
    what = f"{current} are in force" if current else "results that are served were made from these rows"
    made = f" Runs made from them: {', '.join(map(str, erased.runs))}." if erased.runs else ""
    return f"{what[0].upper()}{what[1:]}; nothing was erased.{made} Add --with-current to erase them all the same."


def _runs_from(connection: Connection, layer: type[Layer], mine: ColumnElement[bool]) -> set[int]:
    """Runs that saw any of some rows."""
    rows = layer.__table__.c
    spans = connection.execute(select(rows.load_id, rows.ended_by).where(mine).distinct()).all()
    return {run for begun, ended in spans for run in _runs_between(connection, begun, ended)}


def _runs_between(connection: Connection, begun: int, ended: int | None) -> set[int]:
    run = ScoringRun.__table__.c
    seen = run.as_of_load >= begun if ended is None else run.as_of_load.between(begun, ended - 1)
    return set(connection.execute(select(run.run_id).where(seen, run.status == COMPLETE)).scalars())


def _plots_of(connection: Connection, layer: type[Layer], mine: ColumnElement[bool]) -> set[int]:
    """Numbers of the plots that rows are, or are of; of other layers a result holds no value, but distances to them."""
    if layer is Plot:
        return set(connection.execute(select(Plot.plot_no).where(mine)).scalars())
    if "plot_id" not in layer.attributes():
        return set()
    named = select(layer.__table__.c.plot_id).where(mine)
    return set(connection.execute(select(Plot.plot_no).where(Plot.plot_id.in_(named))).scalars())


# -- what goes -------------------------------------------------------------------------------------------


def _delete(
    connection: Connection, rows: dict[type[Layer], list[int]], rasters: Sequence[int], erased: Erasure
) -> None:
    for layer, gids in rows.items():
        connection.execute(delete(layer).where(among(layer.gid, gids)))
    connection.execute(delete(Raster).where(Raster.raster_id.in_(rasters)))
    if not erased.plots:
        return
    for number in erased.runs:
        run = run_of(connection, number)
        connection.execute(delete(suitability).where(in_run(run), among(suitability.c.plot_no, erased.plots)))
        for kept in (robustness, household_fit):
            connection.execute(delete(kept).where(kept.c.run_id == number, among(kept.c.plot_no, erased.plots)))
    # What is kept of a run, in the memory of services too, is told by the moment it was made.
    later = ScoringRun.finished_at + text("interval '1 microsecond'")
    connection.execute(update(ScoringRun).where(ScoringRun.run_id.in_(erased.runs)).values(finished_at=later))


def _scrub(connection: Connection, touched: set[int], erased: Erasure) -> list[int]:
    """Take from the records of loads of which no row is left what they say of rows and files, and note the digests."""
    left: set[int] = set()
    for table in (*(layer.__table__ for layer in BY_NAME.values()), Raster.__table__):
        here = select(table.c.load_id).where(table.c.load_id.in_(touched)).distinct()
        left |= set(connection.execute(here).scalars())
    empty = sorted(touched - left)
    digests = connection.execute(select(Load.sha256).where(Load.load_id.in_(empty), Load.sha256.is_not(None)))
    erased.digests = sorted({str(digest) for digest in digests.scalars()})
    # Reports of the others quote rejected rows and repairs by their keys and values: those go too.
    connection.execute(update(Load).where(Load.load_id.in_(touched)).values(report=ERASED))
    connection.execute(update(Load).where(Load.load_id.in_(empty)).values(file_name=None, sha256=None))
    return empty


def _enter(connection: Connection, layer: str, count: int) -> None:
    """Record the purge as a load, which tells everybody who keeps something of the layer that it has changed."""
    made = insert(Load).values(layer=layer, kind=PURGE, mode="update", ended=count).returning(Load.load_id)
    note(connection, Act.PURGE, layer=layer, number=connection.execute(made).scalar_one(), rows=count)


def _drop_unheld(connection: Connection, base: int) -> None:
    """Drop what no run holds any more of the partition a run began."""
    of = ScoringRun.__table__.c
    if not _count(connection, ScoringRun.__table__, (of.run_id == base) | (of.base_run == base)):
        connection.exec_driver_sql(f"DROP TABLE IF EXISTS suitability_run_{int(base)}")
        return
    result = suitability.c
    holds = select(of.run_id).where(
        func.coalesce(of.base_run, of.run_id) == base,
        of.run_id >= result.from_run,
        or_(result.until_run.is_(None), of.run_id < result.until_run),
    )
    connection.execute(delete(suitability).where(result.base_run == base, ~holds.exists()))


def _count(connection: Connection, table: FromClause, condition: ColumnElement[bool]) -> int:
    return int(connection.execute(select(func.count()).select_from(table).where(condition)).scalar_one())
