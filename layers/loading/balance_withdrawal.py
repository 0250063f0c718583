"""A water balance is good for the rows it was made from: once a load of them is taken back it is published no more."""

from __future__ import annotations

from sqlalchemy import Connection, and_, select, update

from layers.catalogue.balances import BALANCES
from layers.records.balances import INPUTS, WaterBalance
from layers.records.load_report import LoadReport
from layers.records.open_load import Provenance, open_load
from layers.records.undos import read_undos

WATCHED = frozenset((*INPUTS, *(layer.__tablename__ for layer in BALANCES)))


def withdraw_balances(connection: Connection, layer: str) -> None:
    """End the published rows of balances that were made from what is taken back, after an undo in a layer.

    An earlier balance does not come in their place: until one is made again, what it would tell is not known. Nobody
    brings them back by undoing this either.

    Parameters
    ----------
    connection : the undo's, in its transaction.
    layer : in which a load was taken back.
    """
    if layer not in WATCHED:
        return
    undos = read_undos(connection, INPUTS)
    made = connection.execute(select(WaterBalance.balance_id, WaterBalance.as_of_load))
    gone = [number for number, last in made if undos.reach(last)]
    for shown in BALANCES:
        number = shown.__table__.c.balance_id
        stale = and_(shown.ended_by.is_(None), number.in_(gone))
        numbers = sorted(connection.execute(select(number).where(stale).distinct()).scalars())
        if not numbers:
            continue
        said = ", ".join(map(str, numbers))
        report = LoadReport(shown.__tablename__, "undo", "update", f"balance {said}")
        ending = open_load(connection, report, Provenance())
        report.ended = connection.execute(update(shown).where(stale).values(ended_by=ending.load_id)).rowcount
        ending.close(report)
