"""Of which kinds of shut land a run found nothing on record in a district: no record never means that there is none."""

from __future__ import annotations

from sqlalchemy import Connection, and_, func, select

from geo.contract.classes import MINES
from geo.contract.shut_land import ANSWERED, REASONS, WATER
from layers.cache.memory import Memo
from layers.catalogue.admin import District
from layers.catalogue.base import STORED_SRID
from layers.catalogue.hazards import Exclusion
from layers.catalogue.irrigation import Lake
from layers.catalogue.land import Plot
from layers.frames.around import as_of
from layers.records.runs import ScoringRun
from layers.records.snapshot import Run

KINDS = (MINES, *(kind for kind in REASONS if kind not in ANSWERED))  # in the order they shut a plot


def unrecorded_kinds(connection: Connection, run: Run, district: str) -> tuple[str, ...]:
    """Return the kinds of shut land of which nothing was on record in a district when a run was made.

    Of mines an area that was cleared is a record too; of water a lake is.
    """
    return _KEPT.get(
        (run.run_id, run.finished_at, district), lambda: find_unrecorded(connection, district, _load(connection, run))
    )


# What was on record when a run was made never changes. A few texts each.
_KEPT: Memo[tuple[object, ...], tuple[str, ...]] = Memo("exclusion records", most=1_024)


def find_unrecorded(connection: Connection, district: str, load: int) -> tuple[str, ...]:
    """Return the same as things stood after a load."""
    outline = select(District.__table__.c.geom).where(District.code == district, as_of(District, load)).limit(1)
    extent = select(func.ST_SetSRID(func.ST_Extent(Plot.__table__.c.geom), STORED_SRID)).where(
        Plot.district == district, as_of(Plot, load)
    )
    known = connection.execute(outline).scalar_one_or_none()
    place = outline.scalar_subquery() if known is not None else extent.scalar_subquery()
    areas, lakes = Exclusion.__table__.c, Lake.__table__.c
    here = and_(as_of(Exclusion, load), areas.geom.op("&&")(place), func.ST_Intersects(areas.geom, place))
    found = set(connection.execute(select(Exclusion.kind).where(here).distinct()).scalars())
    lake = and_(as_of(Lake, load), lakes.geom.op("&&")(place), func.ST_Intersects(lakes.geom, place))
    if connection.execute(select(Lake.code).where(lake).limit(1)).first() is not None:
        found.add(WATER)
    if found & set(ANSWERED):
        found.add(MINES)
    return tuple(kind for kind in KINDS if kind not in found)


def _load(connection: Connection, run: Run) -> int:
    """The last load a run saw."""
    chosen = select(ScoringRun.as_of_load).where(ScoringRun.run_id == run.run_id)
    return int(connection.execute(chosen).scalar_one())
