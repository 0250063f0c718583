"""Scenarios that staff show everybody, by name: beside the published balance they were computed on and no other.

What is shown are shares of need by area and canal reach, sums of them, and cost. The water that a source brings, wells,
plots and who lives from them stay with those who may see them.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final, NamedTuple

import pandas as pd
from sqlalchemy import Connection, delete, insert, select

from layers.catalogue.balances import BALANCES
from layers.catalogue.base import PUBLIC, STAFF, Layer
from layers.errors import DataRefused, NotFound
from layers.frames.around import among, as_of, read_layer
from layers.records.audit import Act, note
from layers.records.phrases import told
from layers.records.plans import ShownScenario, ShownScenarioRow
from layers.water.altered_rows import plain_of
from layers.water.balance_rows import list_published
from layers.water.scenario_runs import Computed
from layers.water.shown_places import places_told

Found = dict[str, Any]

NAMES_OF_ROWS: Final = frozenset({"entry", "code", "canal", "year_type", "rule"})  # stay as they are
GAIN: Final = ("areas", "area_ha", "area_ha_best", "families")
HARM: Final = ("areas", "below", "below_ha", "lined", "springs", "drinking_water")


class Shown(NamedTuple):
    """A scenario that is shown, of one kind of year and rule."""

    run: int
    scenario: str
    title: str
    year: str
    rule: str
    synthetic: bool
    shown_at: datetime
    report: Mapping[str, Any]


class Ready(NamedTuple):
    """What everybody is to see of a run. rows : layer, code and what its tile says, of those that are others."""

    balance: int
    report: Found
    rows: list[Found]


def prepare_shown(connection: Connection, run: Computed) -> Ready:
    """Return what is to be shown of a run.

    Parameters
    ----------
    connection : reads what computing needs, or the owner's.
    run : as it was computed.

    Raises
    ------
    DataRefused : it changes no water; no balance of its kind of year and rule is published, or one that is not what the
        run began from.
    """
    name, choice = run.kept.scenario.name, run.choice
    if not run.alteration.moves_water:
        raise DataRefused(told("{file}: a change of water to show expected; this one changes land alone.", file=name))
    published = [one for one in list_published(connection) if (one.year, one.rule) == (choice.year, choice.rule)]
    said = f"obod water balance --year {choice.year} --rule {choice.rule}"
    if not published:
        message = "{file}: a published balance to show it beside expected; {command} makes one."
        raise DataRefused(told(message, file=name, command=said))
    rows: list[Found] = []
    for layer in BALANCES:
        before, after = (tell_rows(layer, frame) for frame in run.maps[layer])
        if tell_rows(layer, _published_rows(connection, layer, published[0].balance_id, list(before))) != before:
            message = "{file}: the published balance was made from other rows than the run; {command}, then show it."
            raise DataRefused(told(message, file=name, command=said))
        changed = {code: row for code, row in after.items() if row != before.get(code)}
        rows += [{"layer": layer.__tablename__, "code": code, "told": row} for code, row in changed.items()]
    return Ready(published[0].balance_id, {**for_everybody(run.report), **places_told(run)}, rows)


def show_scenario(connection: Connection, run: Computed, number: int) -> int:
    """Show everybody a run, in the place of another of its scenario, year and rule; return how many rows it changes.

    Parameters
    ----------
    connection : the owner's, in a transaction that writes.
    run : as it was computed.
    number : under which it is stored.

    Raises
    ------
    DataRefused : as ``prepare_shown``.
    """
    ready, name, choice = prepare_shown(connection, run), run.kept.scenario.name, run.choice
    _hide(connection, name, choice.year, choice.rule)
    about = {
        "run": number,
        "scenario": name,
        "title": run.kept.scenario.title,
        "year_type": choice.year,
        "rule": choice.rule,
        "balance_id": ready.balance,
        "synthetic": run.synthetic,
        "report": ready.report,
    }
    connection.execute(insert(ShownScenario).values(about))
    if ready.rows:
        connection.execute(insert(ShownScenarioRow), [{"run": number, **row} for row in ready.rows])
    _enter(connection, Act.SCENARIO_SHOWN, number, len(ready.rows))
    return len(ready.rows)


def hide_scenario(connection: Connection, name: str) -> int:
    """Show a scenario no more, of no kind of year and rule; return how many runs were shown.

    Raises
    ------
    NotFound : none of it is shown.
    """
    count = _hide(connection, name)
    if not count:
        raise not_shown(name)
    _enter(connection, Act.SCENARIO_HIDDEN, None, count)
    return count


def not_shown(name: str) -> NotFound:
    """Return the refusal to hide what nobody sees."""
    return NotFound(told("The scenario '{name}' is not shown.", name=name))


def list_shown(connection: Connection) -> list[Shown]:
    """Return what is shown now, by name, year and rule: beside balances that are still published."""
    numbers = [one.balance_id for one in list_published(connection)]
    table = ShownScenario.__table__.c
    rows = connection.execute(
        select(*(table[name] for name in ("run", "scenario", "title", "year_type", "rule", "synthetic", "shown_at")))
        .add_columns(table.report)
        .where(table.balance_id.in_(numbers))
        .order_by(table.scenario, table.year_type, table.rule)
    )
    return [Shown(*row) for row in rows]


def find_shown(connection: Connection, name: str, year: str, rule: str) -> Shown:
    """Return the shown run of a scenario.

    Raises
    ------
    NotFound : none of that name, year and rule is shown; whether there is one of that name is not said.
    """
    for one in list_shown(connection):
        if (one.scenario, one.year, one.rule) == (name, year, rule):
            return one
    raise NotFound(told("No scenario '{name}' is shown with this kind of year and rule.", name=name))


def for_everybody(report: Mapping[str, Any]) -> Found:
    """Return what of a report everybody may know.

    Left out are what is taken in at the head, which tells what a source brings where that is all there is; wells; and
    plots. Families stay told by tens.
    """
    return {
        **{name: report[name] for name in ("works", "cost_usd", "usd_per_ha", "usd_per_family", "areas", "unknown")},
        "on_land": any(report["land"].values()),
        "gain": {name: report["gain"][name] for name in GAIN},
        "harm": {name: report["harm"][name] for name in HARM},
    }


def tell_rows(layer: type[Layer], frame: pd.DataFrame) -> dict[str, Found]:
    """Return code -> what the tile of a layer says of a row that a scenario can change; None unknown."""
    names = [name for name, about in layer.attributes(PUBLIC).items() if about.in_tile or name == layer.card.drawn_by]
    names = [name for name in names if name not in NAMES_OF_ROWS]
    rows = pd.DataFrame(frame[names]).to_dict("records")
    plain = ({str(name): plain_of(value) for name, value in row.items()} for row in rows)
    return dict(zip(frame["code"].astype(str), plain, strict=True))


def _published_rows(connection: Connection, layer: type[Layer], balance: int, codes: list[str]) -> pd.DataFrame:
    table = layer.__table__.c
    return pd.DataFrame(
        read_layer(connection, layer, as_of(layer, None) & (table.balance_id == balance) & among(table.code, codes))
    )


def _hide(connection: Connection, name: str, year: str | None = None, rule: str | None = None) -> int:
    table = ShownScenario.__table__.c
    chosen = [table.scenario == name]
    if year is not None:
        chosen += [table.year_type == year, table.rule == rule]
    return connection.execute(delete(ShownScenario).where(*chosen)).rowcount


def _enter(connection: Connection, act: Act, number: int | None, rows: int) -> None:
    note(connection, act, audience=STAFF, layer=ShownScenario.__tablename__, number=number, rows=rows)
