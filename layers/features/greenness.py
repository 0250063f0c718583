"""In how many Augusts a field was green, seen from above: for staff alone."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

from sqlalchemy import Connection, select

from layers.catalogue.seen import AugustGreenness


@dataclass(frozen=True, slots=True)
class Augusts:
    """What is known of a field from above.

    green : Augusts in which it was green. known : in which it was green or bare; those under cloud or between the two
    count for neither. first, last : years that were looked at.
    """

    green: int
    known: int
    first: int
    last: int

    def to_json(self) -> dict[str, Any]:
        """Return it as plain values."""
        return asdict(self)


def augusts_of(connection: Connection, land: str, kind: str = "plots") -> Augusts | None:
    """Return the Augusts of a plot, None where nobody has looked; ``connection`` reads what staff read."""
    asked = (AugustGreenness.land == land, AugustGreenness.kind == kind, AugustGreenness.ended_by.is_(None))
    rows = connection.execute(select(AugustGreenness.year, AugustGreenness.seen).where(*asked)).all()
    if not rows:
        return None
    said = [row.seen for row in rows]
    years = [row.year for row in rows]
    green = said.count("green")
    return Augusts(green, green + said.count("not_green"), min(years), max(years))
