"""Scoring runs: frames in, one partition of results out, published at once or not at all.

A run writes into a table of its own that nothing reads. The last step attaches it as a partition, writes the
figures by district and jamoat, and publishes, in one transaction; a run that is killed before leaves a table
that the next run sweeps away. A run made from another (``layers.runs.incremental``) adds to the partition of that one.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import date
from typing import cast

import numpy as np
import pandas as pd
from sqlalchemy import ARRAY, Connection, Engine, Table, func, insert, select, text, update
from sqlalchemy.dialects.postgresql import insert as upsert

from geo.contract.classes import RULE
from geo.criteria import LAND_CRITERIA
from geo.panel.scheme import Scheme
from layers.catalogue.admin import District
from layers.catalogue.land import Plot
from layers.errors import DataRefused, NotFound
from layers.frames.around import as_of
from layers.postgres.copy_rows import copy_frame
from layers.records.audit import Act, note
from layers.records.loads import Load
from layers.records.runs import PER_HECTARE, Publication, RunHectares, ScoringRun, suitability, suitability_cells
from layers.runs.code_digest import code_version
from layers.runs.listing import not_settled_by_district
from layers.runs.parts import (
    CELL_KEYS,
    HECTARE_KEYS,
    PLOTS_PER_PART,
    Part,
    create_tables,
    drop_tables,
    kept_figures,
    partition_name,
    summed,
)
from layers.runs.versions import Version, layer_versions
from layers.runs.workers import Finished, Work, in_process

STATISTICS_TARGET = 20  # of PostgreSQL's ANALYZE: 6,000 rows are looked at, enough for values that many plots share
RUN_LOCK = 0x0B0D  # advisory lock class; a run holds (RUN_LOCK, run_id) while it works

Progress = Callable[[Collection[str]], Iterable[str]]


@dataclass(frozen=True, slots=True)
class RunReport:
    """What a run did: hectares and plots by class, criteria not assessed and why, per district.

    ``not_settled`` : of these hectares and plots, those that are not settled, by the class at their low end.
    """

    run_id: int
    scheme: str
    published: bool
    districts: tuple[str, ...]
    plots: int
    classes: dict[str, dict[str, float]]
    not_assessed: dict[str, dict[str, str]]
    notes: tuple[str, ...] = field(default=())
    not_settled: dict[str, dict[str, float]] = field(default_factory=dict)

    def noting(self, *notes: str) -> RunReport:
        """Return the report with more to say."""
        return replace(self, notes=(*self.notes, *notes))


def score(
    engine: Engine,
    scheme: Scheme,
    *,
    districts: Sequence[str] | None = None,
    publish: bool = True,
    day: date | None = None,
    progress: Progress = lambda names: names,
    work: Work = in_process,
    plots_per_part: int = PLOTS_PER_PART,
) -> RunReport:
    """Score every plot of some districts (all that hold plots when None) and return what came out.

    Parameters
    ----------
    day : ages of evidence are counted to it; today when None. publish : False keeps a draft.
    progress : is given the districts as their parts are done, and has to hand them on.
    work : who scores the parts, see ``layers.runs.workers``; the results are the same to the last bit.
    plots_per_part : larger districts are cut.

    Raises
    ------
    NotFound : a district that does not exist, or none that holds a plot.
    """
    sweep_abandoned(engine)
    with run_lock(engine) as (connection, hold):
        last_load = last_load_of(connection)
        counts, synthetic, notes = scope_of(connection, districts, last_load)
        day = day or date.today()
        run_id = begin_run(connection, scheme, tuple(counts), day, last_load, synthetic)
        hold(run_id)
        create_tables(connection, run_id)
        connection.commit()
        parts = _parts(run_id, counts, scheme, day, last_load, plots_per_part)
        for _ in progress(Finished(work(engine, parts), len(parts))):
            pass
        hectares, cells, not_assessed = _gathered(connection, run_id, parts)
        drop_tables(connection, run_id, results=False)
        _attach(connection, run_id)
        report = finish_run(connection, run_id, scheme, hectares, cells, not_assessed, publish=publish)
        connection.commit()
    return report.noting(*notes, *scheme.notes)


def last_load_of(connection: Connection) -> int:
    """Return the newest load that can be seen, 0 without any.

    Loads enter one at a time (``layers.records.open_load``), so no smaller number can become visible later.
    """
    return int(connection.execute(select(func.coalesce(func.max(Load.load_id), 0))).scalar_one())


def begin_run(
    connection: Connection,
    scheme: Scheme,
    districts: tuple[str, ...],
    day: date,
    last_load: int,
    synthetic: bool,
    versions: dict[str, Version] | None = None,
    base_run: int | None = None,
) -> int:
    """Enter a run that is at work, with all that is needed to compute it again; return its number.

    versions : of the layers as of the last load; read from all rows when None. base_run : run in whose partition the
    results are kept; None = one of its own.
    """
    return int(
        connection.execute(
            insert(ScoringRun)
            .values(
                base_run=base_run,
                scheme=scheme.name,
                scheme_text=scheme.text,
                scheme_sha256=hashlib.sha256(scheme.text.encode()).hexdigest(),
                districts=list(districts),
                status="running",
                as_of=day,
                as_of_load=last_load,
                layer_versions=layer_versions(connection, last_load) if versions is None else versions,
                criteria=[criterion.id for criterion in LAND_CRITERIA],
                synthetic=synthetic,
                code_version=code_version(),
                rule=RULE,
            )
            .returning(ScoringRun.run_id)
        ).scalar_one()
    )


def finish_run(
    connection: Connection,
    run_id: int,
    scheme: Scheme,
    hectares: pd.DataFrame,
    cells: pd.DataFrame,
    not_assessed: dict[str, dict[str, str]],
    *,
    publish: bool,
) -> RunReport:
    """Keep the figures of a run whose rows are in place and publish it, in the caller's transaction."""
    plots = int(hectares["plots"].sum())
    _finish(connection, run_id, hectares, cells, not_assessed, plots)
    if publish:
        publish_run(connection, run_id)
    return RunReport(
        run_id=run_id,
        scheme=scheme.name,
        published=publish,
        districts=tuple(not_assessed),
        plots=plots,
        classes=_by_class(hectares),
        not_assessed=not_assessed,
        not_settled=_not_settled(connection, run_id),
    )


def _not_settled(connection: Connection, run_id: int) -> dict[str, dict[str, float]]:
    """Plots and hectares of a run that are not settled, by the class at their low end."""
    found: dict[str, dict[str, float]] = {}
    for classes in not_settled_by_district(connection, run_id).values():
        for name, figures in classes.items():
            held = found.setdefault(name, {"plots": 0, "area_ha": 0.0})
            held["plots"] += figures["plots"]
            held["area_ha"] = round(held["area_ha"] + figures["area_ha"], 2)
    return found


def publish_run(connection: Connection, run_id: int, *, earlier_rule: bool = False) -> None:
    """Serve a finished run in its districts from now on, in the caller's transaction.

    ``earlier_rule`` allows a run that was scored by an earlier edition of the rule.

    Raises
    ------
    NotFound : there is no such run, or it never finished. DataRefused : it was scored by an earlier rule.
    """
    run = connection.execute(
        select(ScoringRun.scheme, ScoringRun.scenario, ScoringRun.districts, ScoringRun.status, ScoringRun.rule).where(
            ScoringRun.run_id == run_id
        )
    ).one_or_none()
    if run is None or run.status != "complete":
        raise NotFound(f"There is no finished run {run_id}.")
    if run.rule < RULE and not earlier_rule:
        raise DataRefused(
            f"Run {run_id} was scored by the earlier rule, which counted unknown as good: score again, or publish it "
            "all the same with --earlier-rule."
        )
    connection.execute(
        update(Publication)
        .where(Publication.district.in_(run.districts), Publication.scenario == run.scenario, Publication.shown)
        .values(shown=False)
    )
    statement = upsert(Publication)
    connection.execute(
        statement.on_conflict_do_update(
            index_elements=["district", "scheme", "scenario"],
            set_={"run_id": statement.excluded.run_id, "shown": True, "published_at": func.now()},
        ),
        [
            {"district": name, "scheme": run.scheme, "scenario": run.scenario, "run_id": run_id, "shown": True}
            for name in run.districts
        ],
    )
    connection.execute(update(ScoringRun).where(ScoringRun.run_id == run_id).values(published=True))
    note(connection, Act.PUBLICATION, number=run_id, districts=run.districts)


def sweep_abandoned(engine: Engine) -> list[int]:
    """Drop what runs that were killed left behind; returns their ids. A run still at work is left alone."""
    swept: list[int] = []
    with engine.begin() as connection:
        for run_id in connection.execute(select(ScoringRun.run_id).where(ScoringRun.status == "running")).scalars():
            free = select(func.pg_try_advisory_xact_lock(RUN_LOCK, run_id))
            if connection.execute(free).scalar_one():
                drop_tables(connection, run_id, results=True)
                connection.execute(update(ScoringRun).where(ScoringRun.run_id == run_id).values(status="failed"))
                swept.append(run_id)
    return swept


@contextmanager
def run_lock(engine: Engine) -> Iterator[tuple[Connection, Callable[[int], None]]]:
    """Yield a connection and a function that marks a run as being at work for as long as the connection lives."""
    with engine.connect() as connection:
        held: list[int] = []

        def hold(run_id: int) -> None:
            connection.execute(select(func.pg_advisory_lock(RUN_LOCK, run_id)))
            held.append(run_id)

        try:
            yield connection, hold
        finally:
            connection.rollback()
            for run_id in held:
                connection.execute(select(func.pg_advisory_unlock(RUN_LOCK, run_id)))
            connection.commit()


def scope_of(
    connection: Connection, districts: Sequence[str] | None, last_load: int
) -> tuple[dict[str, int], bool, tuple[str, ...]]:
    """Districts to score with their plots, whether any plot is synthetic, and what was left out."""
    with_plots = plots_by_district(connection, last_load, districts)
    astray = with_plots.pop(None, 0)
    wanted = sorted(filter(None, with_plots)) if districts is None else list(dict.fromkeys(districts))
    known = set(connection.execute(select(District.code).where(as_of(District, last_load))).scalars()) | set(with_plots)
    for name in wanted:
        if name not in known:
            raise NotFound(f"There is no district {name}; `obod layer list` and GET /districts name those there are.")
        if name not in with_plots:
            raise NotFound(f"District {name} holds no plot to score.")
    if not wanted:
        raise NotFound("There is no plot to score: load plots and districts first.")
    notes = (f"{astray} plots lie in no district and are not scored.",) if astray else ()
    return {name: with_plots[name] for name in wanted}, plots_synthetic(connection, last_load), notes


def plots_by_district(
    connection: Connection, last_load: int, districts: Sequence[str] | None = None
) -> dict[str | None, int]:
    """District -> its plots, of all districts that hold any (None = plots in no district) or of those named."""
    then = as_of(Plot, last_load)
    chosen = then if districts is None else then & Plot.district.in_(districts)
    counted = connection.execute(select(Plot.district, func.count()).where(chosen).group_by(Plot.district))
    return {row[0]: int(row[1]) for row in counted}


def plots_synthetic(connection: Connection, last_load: int) -> bool:
    """Whether any plot is synthetic: the newest load that is, and of which a row stands, is looked for."""
    loads = select(Load.load_id).where(Load.synthetic, Load.layer == Plot.__tablename__, Load.load_id <= last_load)
    # The least number is found in the index on loads; whether any row stands is looked for in all plots.
    standing = select(func.min(Plot.load_id)).where(as_of(Plot, last_load))
    return any(
        connection.execute(standing.where(Plot.load_id == load)).scalar() is not None
        for load in connection.execute(loads.order_by(Load.load_id.desc())).scalars().all()
    )


def _parts(
    run_id: int, counts: Mapping[str, int], scheme: Scheme, day: date, last_load: int, plots_per_part: int
) -> list[Part]:
    """Parts of a run, those with most plots first, so that the last ones to end are small."""
    cut = [(plots, name, -(-plots // plots_per_part)) for name, plots in counts.items()]
    cut.sort(key=lambda row: -row[0] / row[2])
    pieces = [(name, piece, of) for _, name, of in cut for piece in range(of)]
    return [
        Part(run_id, number, name, piece, of, scheme, day, last_load) for number, (name, piece, of) in enumerate(pieces)
    ]


def _gathered(
    connection: Connection, run_id: int, parts: Sequence[Part]
) -> tuple[pd.DataFrame, pd.DataFrame, dict[str, dict[str, str]]]:
    """Areas by jamoat and by cell and what was not assessed in a run, from the figures of all its parts."""
    kept = kept_figures(connection, run_id)
    in_order = sorted(parts, key=lambda part: (part.district, part.piece))
    figures = [kept[part.number] for part in in_order]
    hectares = summed([found.hectares for found in figures], HECTARE_KEYS)
    cells = summed([found.cells for found in figures], CELL_KEYS)
    not_assessed = {part.district: kept[part.number].not_assessed for part in in_order}
    return hectares, cells, not_assessed


def _attach(connection: Connection, run_id: int) -> None:
    """Make the table of a run a partition of the results; visible only once the caller commits."""
    table, number = partition_name(run_id), int(run_id)
    connection.execute(text(f"ALTER TABLE {table} ADD PRIMARY KEY (base_run, plot_no, from_run)"))
    connection.execute(text(f"ALTER TABLE {table} ADD CHECK (base_run = {number})"))  # spares the scan on attaching
    connection.execute(text(f"ALTER TABLE suitability ATTACH PARTITION {table} FOR VALUES IN ({number})"))
    _analyze(connection, table)


def _finish(
    connection: Connection,
    run_id: int,
    figures: pd.DataFrame,
    cells: pd.DataFrame,
    not_assessed: dict[str, dict[str, str]],
    plots: int,
) -> None:
    """Keep the figures of a run and note that it is done."""
    for kept, sums in ((cast(Table, RunHectares.__table__), figures), (suitability_cells, cells)):
        rows = sums.assign(run_id=np.int32(run_id), area_ha=sums["area"] / PER_HECTARE)
        copy_frame(connection, kept, rows[[column.name for column in kept.columns]])
    connection.execute(
        update(ScoringRun)
        .where(ScoringRun.run_id == run_id)
        .values(status="complete", finished_at=func.clock_timestamp(), plots=plots, not_assessed=not_assessed)
    )


def _analyze(connection: Connection, table: str) -> None:
    """Let the planner know a run's table: no statistics of arrays, which nobody asks for and which take longest."""
    columns = ", ".join(column.name for column in suitability.columns if not isinstance(column.type, ARRAY))
    connection.execute(text(f"SET LOCAL default_statistics_target = {STATISTICS_TARGET}"))
    connection.execute(text(f"ANALYZE {table} ({columns})"))
    connection.execute(text("RESET default_statistics_target"))


def _by_class(figures: pd.DataFrame) -> dict[str, dict[str, float]]:
    return {
        str(row["class"]): {"plots": int(row["plots"]), "area_ha": round(float(row["area"]) / PER_HECTARE, 2)}
        for _, row in summed([figures], ["class"]).iterrows()
    }
