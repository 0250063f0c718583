"""Whether what was computed from stored rows saw a load that was taken back since."""

from __future__ import annotations

from collections.abc import Collection
from typing import NamedTuple

from sqlalchemy import Connection, select

from layers.records.loads import Load


class Undos(NamedTuple):
    """Loads that took others back: the number of each, and of the one it undid."""

    pairs: tuple[tuple[int, int], ...]

    def reach(self, as_of_load: int) -> bool:
        """Whether rows read as they stood after a load hold what was taken back since."""
        return any(undone <= as_of_load < undo for undo, undone in self.pairs)


def read_undos(connection: Connection, layers: Collection[str]) -> Undos:
    """Return the undos of loads of some layers."""
    asked = select(Load.load_id, Load.undoes).where(Load.undoes.is_not(None), Load.layer.in_(layers))
    return Undos(tuple((load, undone or 0) for load, undone in connection.execute(asked)))
