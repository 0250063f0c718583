"""Draws that published runs still lack: found from what is stored, drawn district by district, one process at a time.

A publication does not wait for its draws. Whoever publishes starts drawing beside it; what a stop left undone is found
again by whoever starts next, since a district counts as drawn only in the transaction that stored all its plots.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from sqlalchemy import Connection, Engine, and_, func, select

from layers.errors import DataRefused
from layers.records.runs import Publication, RunDraws
from layers.runs.robustness import Drawn, store_robustness

DRAWING_LOCK = 0x4F626472  # key of the advisory lock ("Obdr" in ASCII): one process draws at a time

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class PendingDraws:
    """A district and the published run whose plots there are not drawn yet."""

    district: str
    run_id: int


def find_pending(connection: Connection) -> list[PendingDraws]:
    """Return what is still to be drawn of the runs that are shown, in order of district."""
    drawn = and_(RunDraws.run_id == Publication.run_id, RunDraws.district == Publication.district)
    rows = connection.execute(
        select(Publication.district, Publication.run_id)
        .outerjoin(RunDraws, drawn)
        .where(Publication.shown, Publication.scenario == "", RunDraws.run_id.is_(None))
        .order_by(Publication.district)
    )
    return [PendingDraws(row.district, row.run_id) for row in rows]


def count_pending(connection: Connection) -> tuple[int, int]:
    """Return how many districts that are shown still lack draws, and how many are shown."""
    shown = connection.execute(
        select(func.count()).select_from(Publication).where(Publication.shown, Publication.scenario == "")
    ).scalar_one()
    return len(find_pending(connection)), int(shown)


def draw_pending(engine: Engine, *, tell: Callable[[Drawn, int], None] = lambda _drawn, _left: None) -> int:
    """Draw what is pending until nothing is left, and return how many districts were drawn.

    What is published meanwhile is drawn too. Where another process is drawing, nothing is done.

    Parameters
    ----------
    tell : called after each district with what was drawn and how many are left.
    """
    drawn, refused = 0, set[PendingDraws]()
    with _drawing_alone(engine) as alone:
        while alone:
            with engine.connect() as connection:
                pending = [place for place in find_pending(connection) if place not in refused]
            if not pending:
                break
            place = pending[0]
            try:
                (found,) = store_robustness(engine, districts=[place.district], run_id=place.run_id)
            except DataRefused as refusal:  # a run of long ago that did not keep what draws need
                log.warning("%s", refusal)
                refused.add(place)
                continue
            drawn += 1
            tell(found, len(pending) - 1)
    return drawn


@contextmanager
def _drawing_alone(engine: Engine) -> Iterator[bool]:
    """Hold the lock of drawing, and say whether it was free; a process that dies gives it back."""
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        free = bool(connection.execute(select(func.pg_try_advisory_lock(DRAWING_LOCK))).scalar_one())
        try:
            yield free
        finally:
            if free:
                connection.execute(select(func.pg_advisory_unlock(DRAWING_LOCK)))
