"""What a set of works on canals is worth: with minus without, by the balance itself.

Works on one canal help each other: two repairs in series may give nothing alone. So no work has a worth of its own.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from geo.errors import TableError
from geo.water.sharing.division import Claims, Sharing
from geo.water.sharing.waterways import Floats, Ints, Waterways

OBJECTIVES = ("ha", "m3", "families")
ENOUGH = 0.75  # -, ratio from which an area counts as watered; domain reference 6.5
ROUNDING = 1e-9  # -, by which a ratio may miss ``ENOUGH``


class Work(NamedTuple):
    """One work: the reaches it changes and what they convey and take in afterwards.

    cost_usd : above 0. reach : int64 (k,), reaches of the network. conveyance : float64 (k,), 0-1. limit_m3_s : float64
    (k,) or (k, periods), inf for no limit.
    """

    cost_usd: float
    reach: Ints
    conveyance: Floats
    limit_m3_s: Floats


class Aim(NamedTuple):
    """What works are for.

    objective : ha, m3 or families. weight : float64 (areas,), hectares or families of each area; not used for m3.
    counts : bool (areas, periods), periods in which an area has to have enough. rule, per : how water is shared.
    volume_s : float64 (periods,), length of the periods, s.
    """

    objective: str
    weight: Floats
    counts: NDArray[np.bool_]
    rule: str
    per: str
    volume_s: Floats


class Valuation:
    """Worth of sets of works on a network.

    Parameters
    ----------
    ways : the network as it is.
    claims : what areas need.
    supply_m3_s : float64 (intakes, periods).
    works : what may be done; where several change a reach, the best of each figure holds.
    aim : what they are for.

    Raises
    ------
    TableError : an objective that is not known, a cost of 0 or less, a reach that is not there, a limit below 0 or
        unknown, or a work that makes a reach worse.
    """

    def __init__(self, ways: Waterways, claims: Claims, supply_m3_s: Floats, works: Sequence[Work], aim: Aim) -> None:
        if aim.objective not in OBJECTIVES:
            raise TableError(f"objective '{aim.objective}' is not known: one of {', '.join(OBJECTIVES)} expected")
        self.ways, self.claims, self.supply_m3_s, self.works, self.aim = ways, claims, supply_m3_s, works, aim
        for number, work in enumerate(works):
            _check(number, work, ways)
        self.network = Sharing(ways, claims, supply_m3_s)
        self.place = np.empty(len(ways.tail), dtype=np.int64)
        self.place[self.network.reaches] = np.arange(len(ways.tail))
        self.before = self.network.conveyance, self.network.limit
        with np.errstate(invalid="ignore"):
            enough = ENOUGH * (1 - ROUNDING) * claims.need_m3_s
        # An area that needs nothing in all its periods, or whose need is unknown, is never brought to enough.
        needy = (aim.counts & (claims.need_m3_s > 0)).any(axis=1) & ~np.isnan(claims.need_m3_s).any(axis=1)
        unknown = ways.unknown(claims.need_m3_s, supply_m3_s)[ways.system[ways.area_node]]
        self.able = needy & ~(unknown & aim.counts).any(axis=1)
        self.enough = np.where(aim.counts & (claims.need_m3_s > 0), np.nan_to_num(enough), -np.inf)
        self.nothing = self.total(np.zeros(len(works), dtype=bool))

    def deliver(self, chosen: NDArray[np.bool_]) -> Floats:
        """Return what areas get once works are done.

        Parameters
        ----------
        chosen : bool (works,)

        Returns
        -------
        float64 (areas, periods), m3/s; of areas with something unknown as if it were nothing.
        """
        conveyance, limit = (one.copy() for one in self.before)
        for number in np.flatnonzero(chosen).tolist():
            work = self.works[number]
            rows = self.place[work.reach]
            conveyance[rows] = np.maximum(conveyance[rows], work.conveyance)
            limit[:, rows] = np.maximum(limit[:, rows], work.limit_m3_s.T)
        self.network.conveyance, self.network.limit = conveyance, limit
        delivered = self.network.deliver(self.aim.rule, self.aim.per)
        self.network.conveyance, self.network.limit = self.before
        return delivered

    def total(self, chosen: NDArray[np.bool_]) -> float:
        """Return what the whole network is worth once works are done.

        Parameters
        ----------
        chosen : bool (works,)

        Returns
        -------
        float : hectares or families with enough in all their periods, or m3 delivered.
        """
        delivered = self.deliver(chosen)
        if self.aim.objective == "m3":
            return float((delivered[self.able] * self.aim.volume_s).sum())
        has = (delivered >= self.enough).all(axis=1) & self.able
        return float(self.aim.weight[has].sum())

    def gain(self, chosen: NDArray[np.bool_]) -> float:
        """Return what works are worth: with minus without.

        Parameters
        ----------
        chosen : bool (works,)

        Returns
        -------
        float, in the unit of the objective; negative where they do harm.
        """
        return self.total(chosen) - self.nothing


def _check(number: int, work: Work, ways: Waterways) -> None:
    where = f"work {number + 1}"
    if not work.cost_usd > 0 or not np.isfinite(work.cost_usd):
        raise TableError(f"{where}, cost: a number above 0 expected")
    if not len(work.reach) or (work.reach < 0).any() or (work.reach >= len(ways.tail)).any():
        raise TableError(f"{where}: a reach that is there expected")
    old = np.nan_to_num(ways.conveyance[work.reach])
    if not ((work.conveyance <= 1) & (work.conveyance >= old * (1 - ROUNDING))).all():
        raise TableError(f"{where}: a conveyance from that of today to 1 expected")
    if not (work.limit_m3_s >= 0).all():
        raise TableError(f"{where}: a limit of 0 m3/s or more, or none, expected")
