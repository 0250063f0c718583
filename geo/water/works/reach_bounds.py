"""What flows a set of works can bring about at most, reach by reach: the tighter, the better a bound is proved."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from geo.water.works.valuation import Valuation

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]


class ReachBounds(NamedTuple):
    """Bounds of the reaches of a network whatever works are done.

    old_share, new_share : float64 (reaches,), conveyance without a work and with the best. old_most, new_most : float64
    (reaches, periods), flow they ever take in, m3/s. never_full : bool (reaches, periods), no need beyond a reach ever
    fills it, whatever is done.
    """

    old_share: Floats
    new_share: Floats
    old_most: Floats
    new_most: Floats
    never_full: Flags


def bound_reaches(valuation: Valuation) -> ReachBounds:
    """Return the bounds of the reaches.

    Parameters
    ----------
    valuation : of works on a network.

    Returns
    -------
    ReachBounds : where several works change one reach, with the best figures of all.

    Notes
    -----
    Need, and what reaches below ever take in, is carried upwards over the old conveyance; no reach carries more than is
    wanted beyond it, than it takes in, or than all intakes together offer.
    """
    ways = valuation.ways
    need = np.nan_to_num(valuation.claims.need_m3_s)
    reaches, periods = len(ways.tail), need.shape[1]
    old_share = np.nan_to_num(ways.conveyance)
    new_share = old_share.copy()
    limit = np.nan_to_num(ways.limit_m3_s, nan=0.0, posinf=np.inf)
    old_limit = np.broadcast_to(limit, (reaches, periods)).copy()
    new_limit = old_limit.copy()
    for work in valuation.works:
        np.maximum.at(new_share, work.reach, work.conveyance)
        for row, room in zip(work.reach, work.limit_m3_s, strict=True):
            new_limit[row] = np.maximum(new_limit[row], room)
    plenty = np.nan_to_num(valuation.supply_m3_s).sum(axis=0)
    outlet = np.nan_to_num(ways.outlet_m3_s, nan=0.0, posinf=np.inf)[:, None]
    wanted = np.zeros((ways.nodes, periods))
    np.add.at(wanted, ways.area_node, np.minimum(need, outlet))
    old_most, new_most = np.zeros((reaches, periods)), np.zeros((reaches, periods))
    never_full = np.zeros((reaches, periods), dtype=bool)
    for reach in np.argsort(-ways.rank[ways.tail], kind="stable").tolist():
        beyond = wanted[ways.head[reach]]
        with np.errstate(divide="ignore", invalid="ignore"):
            asked_old = np.where(beyond > 0, beyond / old_share[reach], 0.0)
            asked_new = np.where(beyond > 0, beyond / new_share[reach], 0.0)
        # What conveys nothing parts those above from those beyond as if it were full.
        never_full[reach] = np.isfinite(asked_old) & (asked_old <= old_limit[reach])
        old_most[reach] = np.minimum(np.minimum(asked_old, old_limit[reach]), plenty)
        new_most[reach] = np.minimum(np.minimum(asked_new, new_limit[reach]), plenty)
        # What is asked of the reach above; what it can offer bounds flows and not what is asked.
        wanted[ways.tail[reach]] += np.maximum(
            np.minimum(asked_old, old_limit[reach]), np.minimum(asked_new, new_limit[reach])
        )
    return ReachBounds(old_share, new_share, old_most, new_most, never_full)
