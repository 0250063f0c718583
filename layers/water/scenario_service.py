"""Scenarios written for the service, whose login may call four functions of the database and write nothing else.

All look in the database whether the key is one of staff for all districts and good, whatever the service believes, and
enter what was done. A run is stored whole or not at all, and only where its scenario is still the one it was made from.
"""

from __future__ import annotations

from typing import Any, Final

import numpy as np
import orjson
import pandas as pd
from sqlalchemy import Connection, func, select, text

from geo.water.scenario.form import Scenario
from layers.errors import Busy, DataRefused
from layers.records.phrases import told
from layers.water.scenario_runs import Computed, about_run
from layers.water.scenarios import digest_of
from layers.water.shown_scenarios import Ready, not_shown

COMPUTING: Final = 0x0B0E  # advisory lock: one scenario or ranking at a time is computed for the service
MOST_BYTES: Final = 64_000_000  # of the rows of one run


def store_scenario_with(
    connection: Connection, scenario: Scenario, file: str, *, key_id: str, source: str, replace: bool
) -> None:
    """Store a scenario that was checked.

    Parameters
    ----------
    connection : one of ``layers.postgres.engine.noting``.
    scenario : what the file says.
    file : the text, whole.
    key_id : public half of the key it is added with.
    source : name of the file, for refusals.
    replace : whether it may take the place of another of its name.

    Raises
    ------
    NotAllowed : the key is not one of staff for all districts, or no longer good.
    DataRefused : there is one of its name.
    """
    values = (key_id, scenario.name, scenario.title, scenario.cost_usd, file, digest_of(file), replace)
    names = ("key", "name", "title", "cost", "file", "sha256", "instead")
    stored = connection.execute(
        text("SELECT store_scenario(:key, :name, :title, :cost, :file, :sha256, :instead)"),
        dict(zip(names, values, strict=True)),
    ).scalar_one()
    if not stored:
        message = "{file}: there is a scenario '{name}' already; replace=true puts this one in its place."
        raise DataRefused(told(message, file=source, name=scenario.name))


def store_run_with(connection: Connection, run: Computed, *, code: str, key_id: str) -> int:
    """Store a run and return its number.

    Parameters
    ----------
    connection : one of ``layers.postgres.engine.noting``.
    run : as it was computed.
    code : version and digest of the science.
    key_id : public half of the key it was asked for with.

    Raises
    ------
    NotAllowed : the key is not one of staff for all districts, or no longer good.
    DataRefused : the scenario was deleted or replaced meanwhile, or the run is too large to be stored.
    """
    name = run.kept.scenario.name
    parts = {"areas": _packed(run.areas), "reaches": _packed(run.reaches), "plots": _packed(run.plots)}
    if sum(map(len, parts.values())) > MOST_BYTES:
        message = "{file}: a run of this scenario is too large for the service; obod scenario run {name} does it."
        raise DataRefused(told(message, file=name, name=name))
    asked = text(
        "SELECT store_scenario_run(:key, CAST(:run AS jsonb), CAST(:areas AS jsonb), CAST(:reaches AS jsonb), "
        "CAST(:plots AS jsonb))"
    )
    about = orjson.dumps(about_run(run, code), option=orjson.OPT_SERIALIZE_NUMPY).decode()
    number = connection.execute(asked, {"key": key_id, "run": about, **parts}).scalar_one()
    if number is None:
        message = "Scenario '{name}' was deleted or replaced while it was computed; nothing is stored."
        raise DataRefused(told(message, name=name))
    return int(number)


def show_scenario_with(connection: Connection, run: Computed, number: int, ready: Ready, *, key_id: str) -> None:
    """Show everybody a run.

    Parameters
    ----------
    connection : one of ``layers.postgres.engine.noting``.
    run : as it was computed.
    number : under which it is stored.
    ready : what is to be shown of it.
    key_id : public half of the key it was asked for with.

    Raises
    ------
    NotAllowed : the key is not one of staff for all districts, or no longer good.
    DataRefused : the scenario was replaced meanwhile, or another balance is published.
    """
    packed = (orjson.dumps(part, option=orjson.OPT_SERIALIZE_NUMPY).decode() for part in (ready.report, ready.rows))
    report, rows = packed
    values = {"key": key_id, "run": number, "balance": ready.balance, "report": report, "rows": rows}
    asked = "SELECT show_scenario(:key, :run, :balance, CAST(:report AS jsonb), CAST(:rows AS jsonb))"
    if not connection.execute(text(asked), values).scalar_one():
        message = "Scenario '{name}' or its balance was replaced while it was computed; nothing is shown."
        raise DataRefused(told(message, name=run.kept.scenario.name))


def hide_scenario_with(connection: Connection, name: str, *, key_id: str) -> int:
    """Show a scenario no more; return how many runs were shown.

    Parameters
    ----------
    connection : one of ``layers.postgres.engine.noting``.
    name : of the scenario.
    key_id : public half of the key it is asked for with.

    Raises
    ------
    NotAllowed : the key is not one of staff for all districts, or no longer good.
    NotFound : none of it is shown.
    """
    asked = text("SELECT hide_scenario(:key, :name)")
    count = int(connection.execute(asked, {"key": key_id, "name": name}).scalar_one())
    if not count:
        raise not_shown(name)
    return count


def take_turn(connection: Connection) -> None:
    """Have this transaction compute alone, in all processes of the service, until it ends.

    Raises
    ------
    Busy : another does.
    """
    if not connection.execute(select(func.pg_try_advisory_xact_lock(COMPUTING))).scalar_one():
        raise Busy(told("Another scenario or ranking is being computed; ask again in a minute."))


def _packed(rows: pd.DataFrame | None) -> str:
    if rows is None:
        return "[]"
    cells = rows.astype(object).where(rows.notna(), None)
    records: list[dict[str, Any]] = [
        {str(name): value.item() if isinstance(value, np.generic) else value for name, value in row.items()}
        for row in cells.to_dict("records")
    ]
    return orjson.dumps(records).decode()
