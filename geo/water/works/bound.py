"""An upper bound of what any set of works under a budget can gain, whatever way the water is shared: one MILP."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import Bounds, LinearConstraint, milp
from scipy.sparse import coo_array

from geo.water.works.valuation import ENOUGH, ROUNDING, Valuation

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

TIME_S = 20.0  # s, after which the bound that is proved by then is taken


class Bound(NamedTuple):
    """``gain`` : no set of works under the budget gains more. ``solved`` : the programme was solved to its end."""

    gain: float
    solved: bool


class _Entries:
    """Entries of a sparse matrix, row by row, with the bounds of the rows."""

    def __init__(self) -> None:
        self.rows: list[Ints] = []
        self.columns: list[Ints] = []
        self.values: list[Floats] = []
        self.low: list[Floats] = []
        self.high: list[Floats] = []
        self.count = 0

    def add(self, columns: Ints, values: Floats, low: Floats | float, high: Floats | float) -> None:
        """Add rows.

        Parameters
        ----------
        columns : int64 (rows, k), variables of each row.
        values : float64 (rows, k), their factors.
        low : least of each row.
        high : greatest of each row.
        """
        size = len(columns)
        self.rows.append(np.repeat(self.count + np.arange(size), columns.shape[1]))
        self.columns.append(columns.ravel())
        self.values.append(np.broadcast_to(values, columns.shape).ravel())
        self.low.append(np.broadcast_to(low, (size,)).astype(np.float64))
        self.high.append(np.broadcast_to(high, (size,)).astype(np.float64))
        self.count += size


def bound_gain(valuation: Valuation, budget_usd: float, *, time_s: float = TIME_S) -> Bound:
    """Bound what works can gain.

    Parameters
    ----------
    valuation : of the works; of its rule of sharing no more is held to than is said below.
    budget_usd : most that may be spent.
    time_s : time the solver may take; what it has proved by then is a bound too.

    Returns
    -------
    Bound : in the unit of the objective.

    Notes
    -----
    Maximise the sum of weight x z over flows on the old and the repaired arc of each reach, deliveries, works y and
    areas z, the last two 0 or 1: what comes to a node goes out of it; an old arc carries nothing once its work is done,
    a repaired one nothing before; z asks for 0.75 of the need in every period that counts. The rule's own way of
    sharing is one of the ways the programme may choose, so its optimum is no less. Where several works change one
    reach, each of their arcs is given the best figures of all. On trees fed at their head alone, proportional and
    max-min by ratio give all areas at a node one ratio, which never rises along the water: there the programme is held
    to it too.
    """
    ways, works, aim = valuation.ways, valuation.works, valuation.aim
    need = np.nan_to_num(valuation.claims.need_m3_s)
    supply = np.nan_to_num(valuation.supply_m3_s)
    periods, areas, reaches = need.shape[1], len(need), len(ways.tail)
    limit = np.broadcast_to(np.nan_to_num(ways.limit_m3_s, nan=0.0, posinf=np.inf), (reaches, periods))
    arc_reach = np.concatenate([np.arange(reaches), *(work.reach for work in works)])
    arc_work = np.concatenate([np.full(reaches, -1), *(np.full(len(w.reach), k) for k, w in enumerate(works))])
    best_share, best_limit = np.nan_to_num(ways.conveyance), limit.copy()
    for work in works:
        np.maximum.at(best_share, work.reach, work.conveyance)
        for row, room in zip(work.reach, work.limit_m3_s, strict=True):
            best_limit[row] = np.maximum(best_limit[row], room)
    new = arc_work >= 0
    share = np.where(new, best_share[arc_reach], np.nan_to_num(ways.conveyance)[arc_reach])
    plenty = supply.sum(axis=0)
    room = np.minimum(np.where(new[:, None], best_limit[arc_reach], limit[arc_reach]), plenty)
    outlet = np.minimum(need, np.nan_to_num(ways.outlet_m3_s, nan=0.0, posinf=np.inf)[:, None])

    arcs, intakes = len(arc_reach), len(ways.intake_node)
    # Levels of the nodes that a rule goes by are variables too: they fall with the water.
    levelled = _goes_by_level(valuation)
    levels = ways.nodes if levelled.any() else 0
    per_period = arcs + intakes + areas + levels
    y0 = per_period * periods
    z0 = y0 + len(works)
    size = z0 + areas
    scale = max(float(plenty.max(initial=0.0)), 1e-9)
    rows = _Entries()
    for p in range(periods):
        at = p * per_period
        node = np.concatenate([ways.head[arc_reach], ways.tail[arc_reach], ways.intake_node, ways.area_node])
        column = np.concatenate([np.arange(arcs), np.arange(arcs), arcs + np.arange(intakes + areas)])
        value = np.concatenate([share, -np.ones(arcs), np.ones(intakes), -np.ones(areas)])
        order = np.argsort(node, kind="stable")
        rows.rows.append(rows.count + node[order])
        rows.columns.append(at + column[order])
        rows.values.append(value[order])
        rows.low.append(np.zeros(ways.nodes))
        rows.high.append(np.zeros(ways.nodes))
        rows.count += ways.nodes
        made = np.flatnonzero(new)
        columns = np.column_stack([at + made, y0 + arc_work[made]])
        rows.add(columns, np.column_stack([np.ones(len(made)), -room[made, p] / scale]), -np.inf, 0.0)
        old = arc_reach[made]  # the old arc of a reach stands at its own number
        columns = np.column_stack([at + old, y0 + arc_work[made]])
        rows.add(columns, np.column_stack([np.ones(len(old)), room[old, p] / scale]), -np.inf, room[old, p] / scale)
        asks = np.flatnonzero(aim.counts[:, p] & (need[:, p] > 0))
        columns = np.column_stack([at + arcs + intakes + asks, z0 + asks])
        wanted = ENOUGH * (1 - ROUNDING) * need[asks, p] / scale
        rows.add(columns, np.column_stack([np.ones(len(asks)), -wanted]), 0.0, np.inf)
        if levels:
            even = np.flatnonzero(levelled[ways.area_node] & (need[:, p] > 0))
            at_node = at + arcs + intakes + areas
            columns = np.column_stack([at + arcs + intakes + even, at_node + ways.area_node[even]])
            rows.add(columns, np.column_stack([np.ones(len(even)), -need[even, p] / scale]), 0.0, 0.0)
            down = np.flatnonzero(levelled[ways.tail])
            columns = at_node + np.column_stack([ways.tail[down], ways.head[down]])
            rows.add(columns, np.array([[1.0, -1.0]]), 0.0, np.inf)
    cost = np.array([work.cost_usd for work in works]) / budget_usd
    rows.add(y0 + np.arange(len(works))[None, :], cost[None, :], -np.inf, 1.0 + 1e-9)

    objective, integer = np.zeros(size), np.zeros(size)
    high = np.ones(size)
    for p in range(periods):
        at = p * per_period
        high[at : at + arcs + intakes + areas] = np.concatenate([room[:, p], supply[:, p], outlet[:, p]]) / scale
        if aim.objective == "m3":
            objective[at + arcs + intakes : at + arcs + intakes + areas] = -aim.volume_s[p] * scale * valuation.able
    if aim.objective != "m3":
        objective[z0:] = -aim.weight * valuation.able
        integer[z0:] = valuation.able
    high[z0:] = valuation.able
    integer[y0:z0] = 1
    unit = max(float(np.abs(objective).max(initial=0.0)), 1e-12)
    matrix = coo_array(
        (np.concatenate(rows.values), (np.concatenate(rows.rows), np.concatenate(rows.columns))),
        shape=(rows.count, size),
    )
    found = milp(
        objective / unit,
        constraints=LinearConstraint(matrix.tocsc(), np.concatenate(rows.low), np.concatenate(rows.high)),
        bounds=Bounds(np.zeros(size), high),
        integrality=integer,
        options={"time_limit": time_s, "mip_rel_gap": 1e-4},
    )
    solved = found.mip_dual_bound if found.mip_dual_bound is not None else found.fun
    everything = float(-objective[z0:].sum()) if aim.objective != "m3" else float((outlet * aim.volume_s).sum())
    most = everything if solved is None else min(-float(solved) * unit, everything)
    # What the solver takes for equal, on top.
    return Bound(most * (1 + 1e-6) - valuation.nothing, bool(found.status == 0))


def _goes_by_level(valuation: Valuation) -> NDArray[np.bool_]:
    """Nodes, bool, of systems where areas at a node have one ratio that never rises along the water."""
    ways, aim = valuation.ways, valuation.aim
    if aim.rule not in ("proportional", "max-min") or (aim.rule == "max-min" and aim.per != "ratio"):
        return np.zeros(ways.nodes, dtype=bool)
    fits = ~ways.joined
    below = np.bincount(ways.head, minlength=ways.nodes)[ways.intake_node] > 0
    fits[ways.system[ways.intake_node[below]]] = False
    narrow = (np.nan_to_num(valuation.claims.need_m3_s) > ways.outlet_m3_s[:, None]).any(axis=1)
    fits[ways.system[ways.area_node[narrow | np.isnan(ways.outlet_m3_s)]]] = False
    return np.asarray(fits[ways.system])


def proved_gap(gain: float, bound: Bound) -> float:
    """Return by how much of the bound a set of works may miss the best one.

    Parameters
    ----------
    gain : of the set.
    bound : of all sets.

    Returns
    -------
    float, 0-1; 0 where nothing can be gained.
    """
    return max(0.0, 1.0 - gain / bound.gain) if bound.gain > 0 else 0.0
