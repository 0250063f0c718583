"""How head, middle and tail of canals fare in each month, from what a published balance says to everybody."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any, Final, NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sqlalchemy import ColumnElement, Connection, Select, and_, func, select

from geo.water.sharing.equity import thirds_by_distance
from layers.catalogue.balances import AreaBalance
from layers.frames.around import among, as_of
from layers.water.balance_rows import lies_in_district

Floats = NDArray[np.float64]

MOST_CANALS: Final = 30  # told at once, those with the least ratio first
SQUARE_METRES_PER_HA: Final = 10_000.0
SPAN: Final = 13  # the worst month of each area, then the months


class CanalShare(NamedTuple):
    """What the thirds of a canal's hectares get, by period: the worst month of each area, then January to December.

    thirds : float64 (13, 3), delivered over needed of head, middle and tail, of areas that need something; NaN where an
    area that does is not known, and where nothing is needed. idle : bool (13,), nothing is needed. unknown : int64
    (13,), areas of which nothing is known. hectares : of all areas.
    """

    canal: str
    hectares: float
    thirds: Floats
    idle: NDArray[np.bool_]
    unknown: NDArray[np.int64]


def worst_canals(connection: Connection, balance: int, district: str | None) -> tuple[list[str], int]:
    """Return canals of a published balance with an area in a district, or of all, and how many there are.

    Of many it is those with the least ratio in a worst month; those of which nothing is known come last.
    """
    table = AreaBalance.__table__.c
    named: Select[Any] = select(table.canal).where(_on_canals(balance)).group_by(table.canal)
    if district is not None:
        named = named.where(lies_in_district(table.code, district))
    names = connection.execute(named.order_by(func.min(table.ratio).nulls_last(), table.canal)).scalars().all()
    return list(names[:MOST_CANALS]), len(names)


def share_by_canal(connection: Connection, balance: int, canals: Collection[str]) -> list[CanalShare]:
    """Return canals of a published balance by name.

    A canal is always told whole, wherever it runs. An unknown area makes the thirds of its canal unknown in that
    period, since it may lie in any of them.
    """
    table = AreaBalance.__table__.c
    hectares = (func.ST_Area(func.Geography(table.geom)) / SQUARE_METRES_PER_HA).label("hectares")
    ratios = [table.ratio, *(table[f"ratio_{month:02d}"] for month in range(1, SPAN))]
    asked = select(table.canal, table.distance_m, table.unneeded, hectares, *ratios)
    here = and_(_on_canals(balance), among(table.canal, canals))
    rows = connection.execute(asked.where(here).order_by(table.canal, table.code)).all()
    frame = pd.DataFrame(rows, columns=["canal", "distance_m", "unneeded", "hectares", *range(SPAN)])
    return [_share(str(name), part) for name, part in frame.groupby("canal", sort=True)]


def _on_canals(balance: int) -> ColumnElement[bool]:
    return and_(as_of(AreaBalance, None), AreaBalance.balance_id == balance, AreaBalance.canal.is_not(None))


def known_canals(shares: Sequence[CanalShare], period: int) -> set[str]:
    """Return the canals whose head, middle and tail are known in a period."""
    return {one.canal for one in shares if not np.isnan(one.thirds[period]).any()}


def mean_thirds(shares: Sequence[CanalShare], period: int, among_canals: Collection[str]) -> Floats:
    """Return head, middle and tail over some canals in a period, weighted by hectares; NaN where there are none."""
    known = [one for one in shares if one.canal in among_canals]
    weights = np.array([one.hectares for one in known])
    if not weights.sum() > 0:
        return np.full(3, np.nan)
    return np.asarray(np.average([one.thirds[period] for one in known], axis=0, weights=weights), dtype=np.float64)


def _share(canal: str, rows: pd.DataFrame) -> CanalShare:
    ratio = rows[list(range(SPAN))].to_numpy(dtype=np.float64)
    idle = np.array([_idle(text) for text in rows["unneeded"]], dtype=bool)
    missing = np.isnan(ratio) & ~idle
    hectares, away = (rows[name].to_numpy(dtype=np.float64) for name in ("hectares", "distance_m"))
    thirds = np.full((SPAN, 3), np.nan)
    for period in np.flatnonzero(~missing.any(axis=0)):
        thirds[period] = thirds_by_distance(ratio[:, period], hectares, away)
    nothing = np.asarray(idle.all(axis=0), dtype=np.bool_)
    return CanalShare(canal, float(hectares.sum()), thirds, nothing, missing.sum(axis=0))


def _idle(unneeded: Any) -> list[bool]:
    """In which periods nothing is needed, as the layer says it."""
    months = {int(month) for month in unneeded.split()} if isinstance(unneeded, str) else set()
    return [len(months) == SPAN - 1, *(month in months for month in range(1, SPAN))]
