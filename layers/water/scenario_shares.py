"""What command areas get with a scenario beside what they get without it, as its newest run found. For staff only."""

from __future__ import annotations

from itertools import groupby
from typing import Any, Final

from sqlalchemy import Connection, select

from layers.catalogue.irrigation import CommandArea
from layers.errors import NotFound
from layers.frames.around import as_of
from layers.records.phrases import told
from layers.records.scenarios import ScenarioArea
from layers.water.balance_rows import OF_PERIODS, lies_in_district
from layers.water.scenarios import RunKept, list_runs, read_scenario

Found = dict[str, Any]

# Without the scenario and with it; m3/s, ratios, at worst where nothing else is said.
OF_SCENARIO: Final[tuple[str, ...]] = (
    *("counts", "counts_with", "need_m3_s", "need_with_m3_s", "delivered_m3_s", "delivered_with_m3_s"),
    *("ratio", "ratio_with", "ratio_best", "ratio_best_with"),
)


def newest_run(connection: Connection, name: str, year: str | None, rule: str | None) -> RunKept:
    """Return the newest run of a scenario, of a kind of year and by a rule where they are asked for.

    Raises
    ------
    NotFound : there is no scenario of that name, or it was not run so.
    """
    read_scenario(connection, name)
    for run in list_runs(connection, name):
        if year in (None, run.year) and rule in (None, run.rule):
            return run
    if (year, rule) == (None, None):
        raise NotFound(told("The scenario '{name}' was never run.", name=name))
    asked = ", ".join(word for word in (year, rule) if word)
    raise NotFound(told("The scenario '{name}' was never run so: {asked}.", name=name, asked=asked))


def shares_with(connection: Connection, run: int, *, canal: str | None, district: str | None) -> list[Found]:
    """Return the areas a run concerns, on a canal or with their middle in a district, with their periods, by code.

    What a run does not concern is as in the balance without it, and is not among them.

    Raises
    ------
    NotFound : the run concerns no area on that canal.
    """
    table, area = ScenarioArea.__table__.c, CommandArea.__table__.c
    where = area.canal == canal if canal is not None else lies_in_district(table.area, district)
    names = (*OF_PERIODS, *OF_SCENARIO)
    rows = connection.execute(
        select(table.area, area.canal, *(table[name] for name in names))
        .join(CommandArea, (area.code == table.area) & as_of(CommandArea, None))
        .where(table.run == run, where)
        .order_by(table.area, table.month, table.part)
    ).mappings()
    found = [
        {"code": code, "canal": name, "periods": [{key: row[key] for key in names} for row in own]}
        for (code, name), own in groupby(rows, key=lambda row: (row["area"], row["canal"]))
    ]
    if canal is not None and not found:
        raise NotFound(told("The run concerns no command area on a canal '{canal}'.", canal=canal))
    return found
