"""Scenarios as they are stored: added, listed, read and deleted by name. All of it is for staff only."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, case, delete, func, insert, select

from geo.water.scenario.form import Scenario, parse_scenario
from layers.catalogue.base import STAFF
from layers.catalogue.land import Plot
from layers.errors import DataRefused, NotFound
from layers.records.audit import Act, note
from layers.records.phrases import told
from layers.records.plans import ShownScenario
from layers.records.scenarios import SEEN, ScenarioArea, ScenarioFile, ScenarioPlot, ScenarioRun
from layers.records.undos import read_undos
from layers.water.alteration import Alteration
from layers.water.networks import read_network


@dataclass(frozen=True, slots=True)
class Kept:
    """A scenario that is stored, as its file says it."""

    scenario: Scenario
    file: str
    sha256: str
    added_at: datetime


@dataclass(frozen=True, slots=True)
class RunKept:
    """A run that is stored. of_file : it was made from the file as it is now. taken_back : a load it saw was undone."""

    run: int
    scenario: str
    year: str
    rule: str
    by: str
    synthetic: bool
    made_at: datetime
    as_of_load: int
    crop_table: str
    code_version: str
    report: Mapping[str, Any]
    of_file: bool
    taken_back: bool


def add_scenario(
    connection: Connection, text: str, *, source: str, replace: bool = False, key_id: str | None = None
) -> Scenario:
    """Store a scenario, in the caller's transaction, which writes.

    Parameters
    ----------
    connection : the owner's.
    text : its file, whole.
    source : name of the file, for refusals.
    replace : whether it may take the place of another of its name; runs of that one stay, and say so, and are shown no
        more.
    key_id : public half of the key it was added with; None a command on the machine.

    Raises
    ------
    SchemeError : the file does not hold together. DataRefused : it names what is not mapped, or there is one of its
        name.
    NotFound : no canal is mapped.
    """
    scenario = check_scenario(connection, text, source=source)
    there = connection.execute(select(ScenarioFile.name).where(ScenarioFile.name == scenario.name)).scalar()
    if there is not None and not replace:
        message = "{file}: there is a scenario '{name}' already; --replace puts this one in its place."
        raise DataRefused(told(message, file=source, name=scenario.name))
    values = {"title": scenario.title, "cost_usd": scenario.cost_usd, "file": text, "sha256": digest_of(text)}
    if there is None:
        connection.execute(insert(ScenarioFile).values(name=scenario.name, **values))
    else:
        named = ScenarioFile.name == scenario.name
        connection.execute(delete(ShownScenario).where(ShownScenario.scenario == scenario.name))
        connection.execute(ScenarioFile.__table__.update().where(named).values(added_at=func.now(), **values))  # type: ignore[attr-defined]
    note(connection, Act.SCENARIO_ADDED, key_id=key_id, audience=STAFF, layer=ScenarioFile.__tablename__)
    return scenario


def check_scenario(connection: Connection, text: str, *, source: str) -> Scenario:
    """Return what a file says; it holds together, and what it names is mapped.

    Parameters
    ----------
    connection : reads what computing needs.
    text : the file, whole.
    source : its name, for refusals.

    Raises
    ------
    SchemeError, DataRefused, NotFound : as ``add_scenario``.
    """
    scenario = parse_scenario(text, source=source)
    Alteration(connection, scenario, read_network(connection), source=source)
    return scenario


def digest_of(text: str) -> str:
    """Return the digest of a file of a scenario."""
    return hashlib.sha256(text.encode()).hexdigest()


def read_scenario(connection: Connection, name: str) -> Kept:
    """Return a scenario.

    Raises
    ------
    NotFound : there is none of that name; names those there are.
    """
    row = connection.execute(select(ScenarioFile.__table__).where(ScenarioFile.name == name)).mappings().one_or_none()
    if row is None:
        names = connection.execute(select(ScenarioFile.name).order_by(ScenarioFile.name)).scalars().all()
        if not names:
            raise NotFound(told("There is no scenario '{name}', and no other.", name=name))
        raise NotFound(told("There is no scenario '{name}'; there are: {names}.", name=name, names=", ".join(names)))
    return Kept(parse_scenario(row["file"], source=name), row["file"], row["sha256"], row["added_at"])


def list_scenarios(connection: Connection) -> list[tuple[Kept, RunKept | None]]:
    """Return all scenarios by name, each with its newest run."""
    names = connection.execute(select(ScenarioFile.name).order_by(ScenarioFile.name)).scalars().all()
    newest = select(func.max(ScenarioRun.run)).group_by(ScenarioRun.scenario)
    of = {run.scenario: run for run in list_runs(connection, newest)}
    return [(read_scenario(connection, name), of.get(name)) for name in names]


def list_runs(connection: Connection, which: Any) -> list[RunKept]:
    """Return runs, the newest first.

    Parameters
    ----------
    which : name of their scenario, or a selection of numbers of runs.
    """
    run, file = ScenarioRun.__table__, ScenarioFile.__table__
    wanted = run.c.scenario == which if isinstance(which, str) else run.c.run.in_(which)
    rows = connection.execute(
        select(run, (run.c.sha256 == file.c.sha256).label("of_file"))
        .join(file, file.c.name == run.c.scenario)
        .where(wanted)
        .order_by(run.c.run.desc())
    ).mappings()
    undos = read_undos(connection, SEEN)
    return [
        RunKept(
            row["run"],
            row["scenario"],
            row["year_type"],
            row["rule"],
            row["split"],
            row["synthetic"],
            row["made_at"],
            row["as_of_load"],
            row["crop_table"],
            row["code_version"],
            row["report"],
            row["of_file"],
            undos.reach(row["as_of_load"]),
        )
        for row in rows
    ]


def least_ratios(connection: Connection, run: int) -> dict[str, tuple[float | None, float | None]]:
    """Return the least ratio of each area of a run in the periods that count, without and with; None unknown."""
    table = ScenarioArea.__table__.c

    def least(counts: Any, ratio: Any) -> Any:
        unknown = func.bool_or(counts & ratio.is_(None))
        return case((unknown, None), else_=func.min(ratio).filter(counts))

    asked = select(table.area, least(table.counts, table.ratio), least(table.counts_with, table.ratio_with))
    rows = connection.execute(asked.where(table.run == run).group_by(table.area).order_by(table.area))
    return {area: (before, after) for area, before, after in rows}


def changed_plots(connection: Connection, run: int, most: int | None = None) -> list[dict[str, Any]]:
    """Return the plots whose class a run changes, or whether it is settled, by district and number.

    Parameters
    ----------
    run : of a scenario.
    most : plots to return; None all.
    """
    table = ScenarioPlot.__table__.c
    told = [table[name] for name in ("district", "jamoat", "area", "area_ha")]
    classes = [table[name] for name in ("before", "before_settled", "after", "after_settled")]
    rows = connection.execute(
        select(Plot.plot_id, *told, *classes)
        .join(Plot, (Plot.plot_no == table.plot_no) & Plot.ended_by.is_(None))
        .where(table.run == run)
        .order_by(table.district, table.plot_no)
        .limit(most)
    )
    return [dict(row) for row in rows.mappings()]


def delete_scenario(connection: Connection, name: str) -> int:
    """Delete a scenario with its runs, in the caller's transaction; return how many runs went.

    Raises
    ------
    NotFound : there is none of that name; names those there are.
    """
    read_scenario(connection, name)
    count = select(func.count()).select_from(ScenarioRun).where(ScenarioRun.scenario == name)
    runs = int(connection.execute(count).scalar_one())
    connection.execute(delete(ScenarioFile).where(ScenarioFile.name == name))
    note(connection, Act.SCENARIO_DELETED, audience=STAFF, layer=ScenarioFile.__tablename__, rows=runs)
    return runs
