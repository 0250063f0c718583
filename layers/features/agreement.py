"""How far outlines agree with those of a second source, where one is loaded; area figures follow from outlines."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Final

import numpy as np
import shapely
from numpy.typing import NDArray
from sqlalchemy import Connection, LargeBinary, func, select

from geo.geometry.agreement import share_agreed
from layers.cache.memory import Memo
from layers.catalogue.admin import ReferenceOutline
from layers.catalogue.base import Layer
from layers.records.loads import Load

DOUBTFUL_BELOW: Final = 0.9  # of the ground that either source gives to a unit; default to calibrate

Floats = NDArray[np.float64]

# By digests of each outline and of its second drawing: what was measured once holds for ever.
_KEPT: Memo[tuple[tuple[str, str], ...], Floats] = Memo("agreement of outlines", most=16)


@dataclass(frozen=True, slots=True)
class Agreement:
    """How far the outline of one unit agrees with that of a second source.

    ``share`` : area of the intersection over that of the union, 0-1. ``source``, ``dated`` and ``licence`` are those of
    the second source; None where its load does not state them.
    """

    source: str | None
    dated: date | None
    licence: str | None
    share: float

    @property
    def percent(self) -> int:
        """Whole percent; what is doubtful never reads as the limit."""
        rounded = round(self.share * 100.0)
        return min(rounded, round(DOUBTFUL_BELOW * 100.0) - 1) if self.doubtful else rounded

    @property
    def doubtful(self) -> bool:
        """Whether the two agree too little for figures of area."""
        return self.share < DOUBTFUL_BELOW


def agreements(connection: Connection, layer: type[Layer]) -> dict[str, tuple[Agreement, ...]]:
    """Return unit -> how far its outline agrees with each second source, by code and date; only units that have one.

    Parameters
    ----------
    connection : may read public rows.
    layer : one whose rows tile the land.
    """
    columns, drawn = layer.__table__.c, ReferenceOutline.__table__.c
    pairs = (
        select(columns[layer.key], Load.source, Load.source_date, Load.licence)
        .add_columns(*(func.md5(func.ST_AsBinary(one.geom, type_=LargeBinary)) for one in (columns, drawn)))
        .join(ReferenceOutline, drawn.place == columns[layer.key])
        .join(Load, Load.load_id == ReferenceOutline.load_id)
        .where(layer.ended_by.is_(None), ReferenceOutline.ended_by.is_(None), drawn.layer == layer.__tablename__)
        .order_by(columns[layer.key], Load.source_date, drawn.code)
    )
    rows = connection.execute(pairs).all()
    if not rows:
        return {}

    def measure() -> Floats:
        both = [func.ST_AsBinary(one.geom, type_=LargeBinary) for one in (columns, drawn)]
        outlines = connection.execute(pairs.with_only_columns(*both)).all()
        return share_agreed(*(shapely.from_wkb([bytes(row[place]) for row in outlines]) for place in (0, 1)))

    shares = _KEPT.get(tuple((row[4], row[5]) for row in rows), measure)
    found: dict[str, list[Agreement]] = {}
    for row, share in zip(rows, shares.tolist(), strict=True):
        if not math.isnan(share):
            found.setdefault(row[0], []).append(Agreement(row[1], row[2], row[3], share))
    return {code: tuple(of_unit) for code, of_unit in found.items()}


def by_source(found: Mapping[str, tuple[Agreement, ...]]) -> Iterator[tuple[Agreement, list[tuple[str, Agreement]]]]:
    """Yield every second source with the units that have an outline of it, least agreement first."""
    groups: dict[tuple[str | None, date | None, str | None], list[tuple[str, Agreement]]] = {}
    for code, of_unit in found.items():
        for one in of_unit:
            groups.setdefault((one.source, one.dated, one.licence), []).append((code, one))
    for units in groups.values():
        units.sort(key=lambda unit: (unit[1].share, unit[0]))
        yield units[0][1], units
