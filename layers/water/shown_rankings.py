"""Rankings of works that staff show everybody, by name, until a load they were computed from is taken back."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import Connection, delete, func, insert, select

from geo.water.scenario.form import NAME
from layers.catalogue.base import STAFF
from layers.errors import DataRefused, NotFound
from layers.records.audit import Act, note
from layers.records.balances import INPUTS
from layers.records.loads import Load
from layers.records.phrases import told
from layers.records.plans import ShownRanking
from layers.records.undos import read_undos
from layers.water.balances import is_synthetic


class Kept(NamedTuple):
    """A ranking that is shown."""

    name: str
    year: str
    rule: str
    synthetic: bool
    shown_at: datetime
    report: Mapping[str, Any]


def require_name(name: str) -> None:
    """Refuse a name that no ranking may have.

    Raises
    ------
    DataRefused : it is none.
    """
    if not NAME.fullmatch(name):
        message = "--keep: a name of small letters, digits and hyphens expected, up to 60, got '{name}'."
        raise DataRefused(told(message, name=name))


def last_load(connection: Connection) -> int:
    """Return the number of the last load; 0 before any."""
    return int(connection.execute(select(func.coalesce(func.max(Load.load_id), 0))).scalar_one())


def show_ranking(
    connection: Connection, name: str, report: Mapping[str, Any], *, year: str, rule: str, as_of_load: int
) -> None:
    """Show everybody a ranking, in the place of another of its name, in the caller's transaction, which writes.

    Parameters
    ----------
    connection : the owner's.
    name : of it.
    report : as ``layers.water.works_text.sum_up`` has it, with ``works`` and ``losing``; families by tens.
    year, rule : it was made for.
    as_of_load : rows were read as they stood after this load.
    """
    connection.execute(delete(ShownRanking).where(ShownRanking.name == name))
    about = {"name": name, "year_type": year, "rule": rule, "as_of_load": as_of_load, "report": dict(report)}
    connection.execute(insert(ShownRanking).values(**about, synthetic=is_synthetic(connection)))
    note(connection, Act.RANKING_SHOWN, audience=STAFF, layer=ShownRanking.__tablename__, rows=len(report["works"]))


def hide_ranking(connection: Connection, name: str) -> None:
    """Show a ranking no more, in the caller's transaction, which writes.

    Raises
    ------
    NotFound : none of that name is shown.
    """
    if not connection.execute(delete(ShownRanking).where(ShownRanking.name == name)).rowcount:
        raise NotFound(told("No ranking '{name}' is shown.", name=name))
    note(connection, Act.RANKING_HIDDEN, audience=STAFF, layer=ShownRanking.__tablename__)


def list_rankings(connection: Connection) -> list[Kept]:
    """Return the rankings that are shown, the newest first; one that saw a load taken back since is not."""
    undos = read_undos(connection, INPUTS)
    rows = connection.execute(select(ShownRanking.__table__).order_by(ShownRanking.shown_at.desc(), ShownRanking.name))
    return [
        Kept(row["name"], row["year_type"], row["rule"], row["synthetic"], row["shown_at"], row["report"])
        for row in rows.mappings()
        if not undos.reach(row["as_of_load"])
    ]
