"""A run made from the one that is served: only what has changed since is scored again, the rest is copied.

The result is that of scoring everything, to the last bit. The day that ages of evidence are counted to stays that of
the run it starts from.
"""

from __future__ import annotations

from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

import pandas as pd
from sqlalchemy import Connection, Engine, select, text

from geo.criteria import LAND_CRITERIA
from geo.scheme import Scheme, parse_scheme
from layers.catalogue.land import Plot
from layers.changes import Touched, changed_layers, touched_plots
from layers.errors import NotFound
from layers.frames import as_of, read_plots
from layers.parts import (
    CELL_KEYS,
    HECTARE_KEYS,
    PER_HECTARE,
    Figures,
    Part,
    create_tables,
    drop_tables,
    figures_of,
    partition_name,
    score_plots,
    summed,
)
from layers.result_rows import copy_frame
from layers.results import Publication, RunHectares, ScoringRun, suitability, suitability_cells
from layers.scoring import (
    Progress,
    RunReport,
    begin_run,
    code_version,
    finish_run,
    last_load_of,
    plots_by_district,
    plots_synthetic,
    run_lock,
    score,
    sweep_abandoned,
)
from layers.scoring_cache import scoring_cache
from layers.versions import versions_after


@dataclass(frozen=True, slots=True)
class Base:
    """The run a new one starts from, and the districts it is served in."""

    run_id: int
    scheme: Scheme
    districts: tuple[str, ...]
    day: date
    load: int
    versions: Mapping[str, Any]
    not_assessed: Mapping[str, dict[str, str]]
    unlike: str | None


def score_changed(engine: Engine, *, publish: bool = True, progress: Progress = lambda names: names) -> RunReport:
    """Score again what changed since the newest run that is served, and return what came out.

    Districts nothing touched keep their run. Where that run was made by other code or for other criteria, every plot of
    its districts is scored, and the report says so.

    Raises
    ------
    NotFound : no run is served, or nothing that a result depends on has changed.
    """
    sweep_abandoned(engine)
    with engine.connect() as connection:
        base = _base(connection)
        connection.rollback()
    if base.unlike is not None:
        everything = score(
            engine, base.scheme, districts=base.districts, publish=publish, day=base.day, progress=progress
        )
        return everything.noting(f"Every plot was scored: {base.unlike}.")
    with run_lock(engine) as (connection, hold):
        last_load = last_load_of(connection)
        changed = changed_layers(connection, base.load, last_load)
        inhabited = plots_by_district(connection, last_load, base.districts)
        touched = {
            district: found
            for district in base.districts
            if district in inhabited
            and (found := touched_plots(connection, district, base.run_id, base.load, last_load, changed))
        }
        if not touched:
            raise NotFound(f"Nothing that a result depends on has changed since run {base.run_id}.")
        versions = versions_after(connection, base.versions, base.load, last_load)
        synthetic = plots_synthetic(connection, last_load)
        run_id = begin_run(connection, base.scheme, tuple(touched), base.day, last_load, synthetic, versions)
        hold(run_id)
        create_tables(connection, run_id)
        connection.commit()
        figures = {}
        for district in progress(list(touched)):
            part = Part(run_id, 0, district, 0, 1, base.scheme, base.day, last_load)
            figures[district] = _rescored(engine, connection, base, part, touched[district])
        drop_tables(connection, run_id, results=False)
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
    said = [
        f"{district}: {'every plot' if found.plots is None else f'{len(found.plots):,} plots'} scored again, "
        f"because of {', '.join(found.why)}."
        for district, found in touched.items()
    ]
    return report.noting(*said)


def _base(connection: Connection) -> Base:
    """The newest run that is served, and what keeps its results from being used again."""
    shown = select(Publication.run_id, Publication.district).where(Publication.shown, Publication.scenario == "")
    served = connection.execute(shown.order_by(Publication.run_id.desc(), Publication.district)).all()
    if not served:
        raise NotFound("No run is served yet; score everything first.")
    run_id = served[0].run_id
    run = connection.execute(select(ScoringRun.__table__).where(ScoringRun.run_id == run_id)).mappings().one()
    unlike = None
    if run["code_version"] != code_version():
        unlike = f"run {run_id} was computed by {run['code_version']}, this is {code_version()}"
    elif list(run["criteria"]) != [criterion.id for criterion in LAND_CRITERIA]:
        unlike = f"run {run_id} judged by other criteria"
    return Base(
        run_id,
        parse_scheme(run["scheme_text"], source=f"run {run_id}"),
        tuple(row.district for row in served if row.run_id == run_id),
        run["as_of"],
        run["as_of_load"],
        run["layer_versions"],
        run["not_assessed"],
        unlike,
    )


def _rescored(engine: Engine, connection: Connection, base: Base, part: Part, touched: Touched) -> Figures:
    """Write a district's rows, scored or copied, and return its figures."""
    if touched.plots is None:
        return _scored(connection, part)
    with ThreadPoolExecutor(1) as pool:  # the database copies while this process computes
        copied = pool.submit(_copy_others, engine, base, part, touched.plots)
        hectares, cells = _figures_without(connection, base, part.district, touched.plots)
        there = select(Plot.plot_no).where(
            Plot.district == part.district, as_of(Plot, part.last_load), Plot.plot_no.in_(touched.plots)
        )
        if still := frozenset(connection.execute(there).scalars()):
            found = _scored(connection, replace(part, only=still))
            hectares = summed([hectares, found.hectares], HECTARE_KEYS)
            cells = summed([cells, found.cells], CELL_KEYS)
        copied.result()
    not_assessed = dict(base.not_assessed.get(part.district, {}))
    return Figures(int(hectares["plots"].sum()), _present(hectares), _present(cells), not_assessed)


def _scored(connection: Connection, part: Part) -> Figures:
    frame, found = score_plots(connection, part, scoring_cache())
    copy_frame(connection, suitability, frame, into=partition_name(part.run_id))
    return found


def _copy_others(engine: Engine, base: Base, part: Part, touched: frozenset[int]) -> None:
    """Take over the rows of a district's other plots from the base run, in a transaction of its own."""
    names = [column.name for column in suitability.columns if column.name != "run_id"]
    columns = ", ".join(names)
    statement = text(
        f"INSERT INTO {partition_name(part.run_id)} (run_id, {columns}) SELECT :run, {columns}"  # noqa: S608
        f" FROM {partition_name(base.run_id)} WHERE district = :district AND plot_no != ALL(:touched)"
    )
    with engine.begin() as connection:
        connection.execute(statement, {"run": part.run_id, "district": part.district, "touched": sorted(touched)})


def _figures_without(
    connection: Connection, base: Base, district: str, touched: frozenset[int]
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Figures of a district in the base run, less those of the plots that are scored again."""
    before = read_plots(connection, district, base.load, only=touched)
    classes = dict(
        connection.execute(
            select(suitability.c.plot_no, suitability.c["class"]).where(
                suitability.c.run_id == base.run_id, suitability.c.plot_no.in_(before["plot_no"].tolist())
            )
        ).all()
    )
    kept = []
    for table, keys in ((RunHectares.__table__, HECTARE_KEYS), (suitability_cells, CELL_KEYS)):
        rows = connection.execute(
            select(*(table.c[name] for name in (*keys, "plots", "area_ha"))).where(
                table.c.run_id == base.run_id, table.c.district == district
            )
        ).all()
        frame = pd.DataFrame([tuple(row) for row in rows], columns=[*keys, "plots", "area_ha"])
        area = (frame.pop("area_ha") * PER_HECTARE).round().astype("int64")
        kept.append(frame.assign(area=area))
    if not len(before):
        return kept[0], kept[1]
    gone = figures_of(before, before["plot_no"].map(classes).to_numpy(dtype=object))
    hectares, cells = (
        summed([frame, less.assign(plots=-less["plots"], area=-less["area"])], keys)
        for frame, less, keys in zip(kept, gone, (HECTARE_KEYS, CELL_KEYS), strict=True)
    )
    return hectares, cells


def _present(figures: pd.DataFrame) -> pd.DataFrame:
    return figures[figures["plots"] > 0].reset_index(drop=True)
