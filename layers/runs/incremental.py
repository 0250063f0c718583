"""Runs made from the ones that are served: only what has changed since is scored again, the rest holds on.

The result is that of scoring everything, to the last bit. The day that ages of evidence are counted to stays that of
the run it starts from. Where single plots are touched, the new run is kept in the partition of the one it was made
from and adds the rows of those plots only (``layers.records.rows_of_run``), so that an edit costs what it touches.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

import numpy as np
import pandas as pd
from sqlalchemy import Connection, Engine, and_, func, select, update
from sqlalchemy.orm import aliased

from geo.criteria import LAND_CRITERIA
from geo.panel.scheme import Scheme, parse_scheme
from layers.catalogue.land import Plot
from layers.errors import NotFound
from layers.frames.around import among, as_of, read_plots
from layers.postgres.copy_rows import copy_frame
from layers.records.rows_of_run import in_run
from layers.records.runs import (
    CELL_ZOOM,
    PER_HECTARE,
    Publication,
    RunHectares,
    ScoringRun,
    suitability,
    suitability_cells,
)
from layers.records.snapshot import COMPLETE, Run, run_of
from layers.runs.changes import Touched, touched_plots
from layers.runs.code_digest import code_version
from layers.runs.findings_cache import scoring_cache
from layers.runs.parts import (
    CELL_KEYS,
    HECTARE_KEYS,
    Figures,
    Part,
    figures_of,
    partition_name,
    score_plots,
    summed,
)
from layers.runs.score import (
    Progress,
    RunReport,
    begin_run,
    finish_run,
    last_load_of,
    plots_synthetic,
    run_lock,
    score,
    sweep_abandoned,
)
from layers.runs.versions import versions_after

RESCORING = 0  # number held like that of a run: one process at a time makes runs from others

Hold = Callable[[int], None]


@dataclass(frozen=True, slots=True)
class Base:
    """The newest run of a partition in some districts that are served from there; a new run is made from it.

    districts : district -> the run served there, which is an earlier one where ``run`` is a draft.
    """

    run: Run
    scheme: Scheme
    districts: Mapping[str, int]
    day: date
    load: int
    versions: Mapping[str, Any]
    not_assessed: Mapping[str, dict[str, str]]
    unlike: str | None


def score_changed(
    engine: Engine, *, publish: bool = True, progress: Progress = lambda names: names
) -> tuple[RunReport, ...]:
    """Score again what changed since the runs that are served, and return what came out, a report for each new run.

    Districts nothing touched keep their run. Where a run was made by other code or for other criteria, every plot of
    its districts is scored, and the report says so; so are districts in which a change can reach any plot.

    Raises
    ------
    NotFound : no run is served, or nothing that a result depends on has changed.
    """
    sweep_abandoned(engine)
    with run_lock(engine) as (connection, hold):
        hold(RESCORING)
        bases = _bases(connection)
        reports = [
            report for base in bases for report in _update_run(engine, connection, hold, base, publish, progress)
        ]
    if not reports:
        since = max(run for base in bases for run in base.districts.values())
        raise NotFound(f"Nothing that a result depends on has changed since run {since}.")
    return tuple(reports)


def _bases(connection: Connection) -> list[Base]:
    """Runs to start from, newest first."""
    served, kept = aliased(ScoringRun), aliased(ScoringRun)
    newest = connection.execute(
        select(Publication.district, Publication.run_id, func.max(kept.run_id).label("newest"))
        .join(served, served.run_id == Publication.run_id)
        .join(
            kept,
            and_(
                func.coalesce(kept.base_run, kept.run_id) == func.coalesce(served.base_run, served.run_id),
                kept.status == COMPLETE,
                Publication.district == func.any(kept.districts),
            ),
        )
        .where(Publication.shown, Publication.scenario == "")
        .group_by(Publication.district, Publication.run_id)
        .order_by(Publication.district)
    ).all()
    if not newest:
        raise NotFound("No run is served yet; score everything first.")
    return [
        _base(connection, run_id, {row.district: row.run_id for row in newest if row.newest == run_id})
        for run_id in sorted({row.newest for row in newest}, reverse=True)
    ]


def _base(connection: Connection, run_id: int, districts: Mapping[str, int]) -> Base:
    """What a new run takes over from a finished one, and what keeps its results from being used again."""
    kept = connection.execute(select(ScoringRun.__table__).where(ScoringRun.run_id == run_id)).mappings().one()
    unlike = None
    if kept["code_version"] != code_version():
        unlike = f"run {run_id} was computed by {kept['code_version']}, this is {code_version()}"
    elif list(kept["criteria"]) != [criterion.id for criterion in LAND_CRITERIA]:
        unlike = f"run {run_id} judged by other criteria"
    return Base(
        run_of(connection, run_id),
        parse_scheme(kept["scheme_text"], source=f"run {run_id}", judged=kept["criteria"]),
        districts,
        kept["as_of"],
        kept["as_of_load"],
        kept["layer_versions"],
        kept["not_assessed"],
        unlike,
    )


def _update_run(
    engine: Engine, connection: Connection, hold: Hold, base: Base, publish: bool, progress: Progress
) -> list[RunReport]:
    """Runs for the districts of a base that something touched: none, one, or one for whole districts beside it."""

    def anew(districts: list[str], *notes: str) -> RunReport:
        return score(engine, base.scheme, districts=districts, publish=publish, day=base.day, progress=progress).noting(
            *notes
        )

    last_load = last_load_of(connection)
    there = _inhabited(connection, base, last_load)
    if base.unlike is not None:
        connection.rollback()
        return [anew(there, f"Every plot was scored: {base.unlike}.")] if there else []
    touched = {
        district: found
        for district, found in touched_plots(connection, there, base.run.run_id, base.load, last_load).items()
        if found or base.districts[district] != base.run.run_id
    }
    reports = []
    if partly := {district: found for district, found in touched.items() if found.plots is not None}:
        reports.append(_continue_rows(connection, hold, base, partly, last_load, publish, progress))
    connection.rollback()
    if whole := [district for district, found in touched.items() if found.plots is None]:
        said = (f"{name}: every plot scored again, because of {', '.join(touched[name].why)}." for name in whole)
        reports.append(anew(whole, *said))
    return reports


def _inhabited(connection: Connection, base: Base, last_load: int) -> list[str]:
    """Districts of a base that still hold a plot."""
    # The least number is found in an index; whether any row exists is looked for row by row in all districts.
    first = select(func.min(Plot.plot_no)).where(as_of(Plot, last_load))
    return [name for name in base.districts if connection.execute(first.where(Plot.district == name)).scalar()]


def _continue_rows(
    connection: Connection,
    hold: Hold,
    base: Base,
    touched: Mapping[str, Touched],
    last_load: int,
    publish: bool,
    progress: Progress,
) -> RunReport:
    """Make a run that holds on to the rows of its base but for the plots touched."""
    versions = versions_after(connection, base.versions, base.load, last_load)
    same_plots = versions.get(Plot.__tablename__) == base.versions.get(Plot.__tablename__)
    synthetic = base.run.synthetic if same_plots else plots_synthetic(connection, last_load)
    run_id = begin_run(
        connection, base.scheme, tuple(touched), base.day, last_load, synthetic, versions, base.run.base_run
    )
    hold(run_id)
    connection.commit()
    figures = {}
    for district in progress(list(touched)):
        part = Part(run_id, 0, district, 0, 1, base.scheme, base.day, last_load)
        figures[district] = _rescored(connection, base, part, touched[district])
    report = finish_run(
        connection,
        run_id,
        base.scheme,
        summed([found.hectares for found in figures.values()], HECTARE_KEYS),
        summed([found.cells for found in figures.values()], CELL_KEYS),
        {district: found.not_assessed for district, found in figures.items()},
        publish=publish,
    )
    connection.commit()
    return report.noting(*(_said(district, base, found) for district, found in touched.items()))


def _said(district: str, base: Base, touched: Touched) -> str:
    if not touched:
        return f"{district}: as in run {base.run.run_id}, which was kept as a draft; nothing has changed since."
    assert touched.plots is not None
    return f"{district}: {len(touched.plots):,} plots scored again, because of {', '.join(touched.why)}."


def _rescored(connection: Connection, base: Base, part: Part, touched: Touched) -> Figures:
    """End the rows of the plots touched, write what they are now, and return the figures of their district."""
    plots = touched.plots or frozenset()
    hectares, cells = _figures_without(connection, base, part.district, plots)
    there = select(Plot.plot_no).where(
        Plot.district == part.district, as_of(Plot, part.last_load), among(Plot.plot_no, plots)
    )
    connection.execute(
        update(suitability)
        .where(
            suitability.c.base_run == base.run.base_run,
            suitability.c.district == part.district,
            among(suitability.c.plot_no, plots),
            suitability.c.until_run.is_(None),
        )
        .values(until_run=part.run_id)
    )
    if still := frozenset(connection.execute(there).scalars()):
        frame, found = score_plots(connection, replace(part, only=still), scoring_cache())
        rows = frame.assign(base_run=np.int32(base.run.base_run), from_run=np.int32(part.run_id))
        copy_frame(connection, suitability, rows, into=partition_name(base.run.base_run))
        hectares = summed([hectares, found.hectares], HECTARE_KEYS)
        cells = summed([cells, found.cells], CELL_KEYS)
    cells = cells[cells["zoom"] <= _finest_cells(connection, base.run)]
    not_assessed = dict(base.not_assessed.get(part.district, {}))
    return Figures(int(hectares["plots"].sum()), _present(hectares), _present(cells), not_assessed)


def _finest_cells(connection: Connection, run: Run) -> int:
    """The finest zoom a run keeps cells for; parts of finer ones would be taken for all of them."""
    kept = select(func.max(suitability_cells.c.zoom)).where(suitability_cells.c.run_id == run.run_id)
    return int(connection.execute(kept).scalar() or CELL_ZOOM)


def _figures_without(
    connection: Connection, base: Base, district: str, touched: frozenset[int]
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Figures of a district in the base run, less those of the plots that are scored again."""
    kept = []
    for table, keys in ((RunHectares.__table__, HECTARE_KEYS), (suitability_cells, CELL_KEYS)):
        rows = connection.execute(
            select(*(table.c[name] for name in (*keys, "plots", "area_ha"))).where(
                table.c.run_id == base.run.run_id, table.c.district == district
            )
        ).all()
        frame = pd.DataFrame([tuple(row) for row in rows], columns=[*keys, "plots", "area_ha"])
        area = (frame.pop("area_ha") * PER_HECTARE).round().astype("int64")
        kept.append(frame.assign(area=area))
    before = read_plots(connection, district, base.load, only=touched)
    if not len(before):
        return kept[0], kept[1]
    judged = pd.DataFrame(
        connection.execute(
            select(suitability.c.plot_no, suitability.c["class"], suitability.c.outlook).where(
                in_run(base.run),
                suitability.c.district == district,
                among(suitability.c.plot_no, before["plot_no"].tolist()),
            )
        ).all(),
        columns=["plot_no", "class", "outlook"],
        dtype=object,
    ).set_index("plot_no")
    kinds = judged.reindex(before["plot_no"])
    gone = figures_of(before, kinds["class"].to_numpy(dtype=object), kinds["outlook"].to_numpy(dtype=object))
    hectares, cells = (
        summed([frame, less.assign(plots=-less["plots"], area=-less["area"])], keys)
        for frame, less, keys in zip(kept, gone, (HECTARE_KEYS, CELL_KEYS), strict=True)
    )
    return hectares, cells


def _present(figures: pd.DataFrame) -> pd.DataFrame:
    return figures[figures["plots"] > 0].reset_index(drop=True)
