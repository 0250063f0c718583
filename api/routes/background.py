"""What pages offer to have made in the background: where the answer at once would take long, and drafts to staff."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from api.routes.narrowing import Narrowing
from api.web.signed_in import reader_now
from geo.panel.scheme import shipped_schemes
from layers.catalogue.base import STAFF
from layers.postgres.engine import reading
from layers.records.schemes import list_stored

LONG_PLOTS: Final = 3_000  # a report or a workbook of so many takes some seconds, of a large district minutes


@dataclass(frozen=True, slots=True)
class Background:
    """What forms of a page send.

    is_long : of so many plots that it takes long. schemes : that staff may score by; none for others.
    """

    district: str
    query: str
    is_long: bool
    schemes: tuple[str, ...] = ()


def offer(asked: Narrowing, district: str, plots: int) -> Background:
    """Return what a page of some plots of a district offers to whoever reads it."""
    return Background(district, asked.in_background(), plots >= LONG_PLOTS, _schemes(district))


def _schemes(district: str) -> tuple[str, ...]:
    reader = reader_now()
    if reader is None or reader.holder.audience is not STAFF:
        return ()
    if reader.holder.districts is not None and district not in reader.holder.districts:
        return ()
    with reading(STAFF) as connection:
        stored = [one.name for one in list_stored(connection)]
    return tuple(sorted(shipped_schemes(), key=lambda name: (name != "default", name))) + tuple(stored)
