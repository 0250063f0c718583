"""Repairs of mapped reaches as works on the network that water is shared on."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from geo.errors import TableError
from geo.water.balance import Beds, Fields, Flows, Offers
from geo.water.irrigation import SECONDS_PER_DAY
from geo.water.network.parts import Network, Reaches
from geo.water.works.valuation import Aim, Valuation, Work

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

WORST, BEST = 0, 1  # all that is unknown at its worst, at its best


class Change(NamedTuple):
    """What is done to some reaches; NaN and the empty text for what stays as it is.

    reach : int64 (k,). condition : class afterwards. lining : afterwards. capacity_m3_s : afterwards. conveyance :
    share of its water a whole reach conveys afterwards.
    """

    reach: Ints
    condition: float
    lining: str
    capacity_m3_s: float
    conveyance: float


class Repair(NamedTuple):
    """A work: its name, its cost and what it changes."""

    name: str
    cost_usd: float
    changes: list[Change]


class Goal(NamedTuple):
    """What repairs are for: ha, m3 or families; weight : float64 (areas,); counts : bool (areas, periods); rule."""

    objective: str
    weight: Floats
    counts: NDArray[np.bool_]
    rule: str


def value_repairs(
    reaches: Reaches,
    network: Network,
    beds: Beds,
    offers: Offers,
    fields: Fields,
    repairs: Sequence[Repair],
    goal: Goal,
    *,
    side: int = WORST,
) -> tuple[Valuation, Ints]:
    """Return the worth of repairs.

    Parameters
    ----------
    reaches : as they are mapped.
    network : built of them.
    beds : condition of the reaches today.
    offers : of the intakes.
    fields : need of the areas.
    repairs : what may be done.
    goal : what for.
    side : ``WORST`` or ``BEST`` of what is unknown.

    Returns
    -------
    tuple[Valuation, Ints] : of the repairs, in their order, and int64, which of the areas it is of.

    Raises
    ------
    TableError : a repair that improves nothing; names it.
    """
    today = Flows(reaches, network, beds, offers, fields)
    ways, claims, supply = today.shared(side)
    works = []
    for repair in repairs:
        after = Flows(reaches, network, _changed(beds, repair.changes), offers, fields)
        share, limit = after.conveyance[side], after.limit[side]
        more = (share > today.conveyance[side]) | (limit > today.limit[side]).any(axis=1)
        rows = np.flatnonzero(more)
        if not len(rows):
            raise TableError(f"work '{repair.name}': it improves no reach that carries water")
        best = np.maximum(share[rows], today.conveyance[side][rows])
        works.append(Work(repair.cost_usd, rows, best, np.maximum(limit[rows], today.limit[side][rows])))
    aim = Aim(
        goal.objective,
        goal.weight[today.areas],
        goal.counts[today.areas],
        goal.rule,
        "ratio",
        (fields.days * SECONDS_PER_DAY).astype(np.float64),
    )
    return Valuation(ways, claims, supply, works, aim), today.areas


def _changed(beds: Beds, changes: Sequence[Change]) -> Beds:
    condition, measured, capacity = beds.condition.copy(), beds.measured.copy(), beds.capacity_m3_s.copy()
    lining = beds.lining.astype(object)
    for change in changes:
        if change.lining:
            lining[change.reach] = change.lining
        if not np.isnan(change.condition):
            condition[change.reach] = change.condition
        if not np.isnan(change.capacity_m3_s):
            capacity[change.reach] = change.capacity_m3_s
        if change.lining or not np.isnan(change.condition):
            measured[change.reach] = np.nan  # what was measured was measured before
        if not np.isnan(change.conveyance):
            measured[change.reach] = change.conveyance
    return beds._replace(condition=condition, measured=measured, capacity_m3_s=capacity, lining=lining.astype(str))
