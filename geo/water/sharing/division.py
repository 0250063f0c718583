"""Water that is short, shared by one of the rules over a network, for each period on its own."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from geo.compiled.threads import over_blocks
from geo.errors import TableError
from geo.water.kernels import sharing as kernels
from geo.water.sharing import joins
from geo.water.sharing.rules import PER, RULES
from geo.water.sharing.waterways import NO_REACH, Floats, Ints, Waterways

BLOCK_PERIODS = 6  # periods a thread takes at once


class Claims(NamedTuple):
    """What areas ask for.

    need_m3_s : float64 (areas, periods), gross need at the outlet, NaN unknown. area_ha : float64 (areas,), irrigated
    hectares; counts for shares by depth. garden_m3_s : float64 (areas, periods), part of the need that is of kitchen
    gardens. distance_m : float64 (areas,), along the network from the intake. code : str (areas,), which settles ties.
    """

    need_m3_s: Floats
    area_ha: Floats
    garden_m3_s: Floats
    distance_m: Floats
    code: NDArray[np.str_]


class Shares(NamedTuple):
    """Who gets what, m3/s.

    delivered_m3_s : float64 (areas, periods), at the outlet. flow_m3_s : float64 (reaches, periods), taken in by each
    reach. diverted_m3_s : float64 (intakes, periods). ratio : float64 (areas, periods), delivered over needed, 0-1. All
    NaN where something that counts is unknown; the ratio also where nothing is needed.
    """

    delivered_m3_s: Floats
    flow_m3_s: Floats
    diverted_m3_s: Floats
    ratio: Floats


def share_water(ways: Waterways, claims: Claims, supply_m3_s: Floats, rule: str, *, per: str = "ratio") -> Shares:
    """Share the water of intakes between areas, for each period on its own.

    Parameters
    ----------
    ways : the network.
    claims : what the areas need.
    supply_m3_s : float64 (intakes, periods), what each intake may take in for fields, NaN unknown.
    rule : one of ``RULES``.
    per : what max-min and gardens-first level: the ratio, or the depth, which is water on a hectare.

    Returns
    -------
    Shares : per reach and period in = out + loss; what does not fit is never diverted.

    Raises
    ------
    TableError : a rule that is not known, or flows, hectares or gardens that are negative or do not go together.

    Notes
    -----
    On trees max-min carries the flow of each reach as a function of the common level, in O(n log n); an intake on the
    way costs once more what is beyond it. Where reaches meet, max-min and the rules by order are linear programmes.
    """
    if rule not in RULES:
        raise TableError(f"rule '{rule}' is not known: one of {', '.join(RULES)} expected")
    if per not in PER:
        raise TableError(f"shares per '{per}' are not known: {' or '.join(PER)} expected")
    _check(ways, claims, supply_m3_s)
    unknown = ways.unknown(claims.need_m3_s, supply_m3_s)
    network = Sharing(ways, claims, supply_m3_s)
    delivered, flow, taken = network.share_by(rule, per)
    hidden = unknown[ways.system]
    delivered[hidden[ways.area_node]] = np.nan
    flow[hidden[ways.tail]] = np.nan
    offered = network.supply.T[ways.rank[ways.intake_node]]
    with np.errstate(divide="ignore", invalid="ignore"):
        of_node = np.where(offered > 0, np.nan_to_num(supply_m3_s) / offered, 0.0)
        diverted = taken[ways.rank[ways.intake_node]] * of_node
        diverted[hidden[ways.intake_node]] = np.nan
        need = claims.need_m3_s
        ratio = np.where(need > 0, np.clip(delivered / need, 0.0, 1.0), np.nan)
    return Shares(delivered, flow, diverted, ratio)


def _check(ways: Waterways, claims: Claims, supply: Floats) -> None:
    areas, intakes = len(ways.area_node), len(ways.intake_node)
    periods = claims.need_m3_s.shape[1] if claims.need_m3_s.ndim == 2 else -1
    if claims.need_m3_s.shape != (areas, periods) or supply.shape != (intakes, periods):
        raise TableError("sharing: one need for each area and one supply for each intake and period expected")
    if ways.limit_m3_s.shape[1] not in (1, periods):
        raise TableError("sharing: one limit a reach, or one for each period, expected")
    for what, values in (("need", claims.need_m3_s), ("supply", supply), ("hectares", claims.area_ha)):
        if (values < 0).any() or np.isinf(values).any():
            raise TableError(f"sharing, {what}: numbers of 0 or more expected")
    if (claims.garden_m3_s < 0).any() or (claims.garden_m3_s > claims.need_m3_s * (1 + 1e-9)).any():
        raise TableError("sharing, gardens: from 0 to the whole need of the area expected")


class Sharing:
    """The network in the order of the water, period by period; what it is given it leaves as it was.

    Parameters
    ----------
    ways : the network as it was given.
    claims : what areas need.
    supply_m3_s : float64 (intakes, periods).
    """

    def __init__(self, ways: Waterways, claims: Claims, supply_m3_s: Floats) -> None:
        self.ways, self.claims = ways, claims
        self.reaches = np.argsort(ways.rank[ways.tail], kind="stable")
        self.areas = np.argsort(ways.rank[ways.area_node], kind="stable")
        self.tail, self.head = ways.rank[ways.tail][self.reaches], ways.rank[ways.head][self.reaches]
        self.area_node = ways.rank[ways.area_node][self.areas]
        self.conveyance = np.nan_to_num(ways.conveyance[self.reaches])
        limit = np.nan_to_num(ways.limit_m3_s, nan=0.0, posinf=np.inf)
        self.limit = np.ascontiguousarray(limit[self.reaches].T)
        self.periods = claims.need_m3_s.shape[1]
        self.need = self._of_areas(claims.need_m3_s)
        outlet = np.nan_to_num(ways.outlet_m3_s, nan=0.0, posinf=np.inf)[self.areas]
        self.claim = np.minimum(self.need, outlet)
        self.outlet = outlet
        self.supply = np.zeros((self.periods, ways.nodes))
        np.add.at(self.supply.T, ways.rank[ways.intake_node], np.nan_to_num(supply_m3_s))
        self.parent = np.full(ways.nodes, NO_REACH)
        self.parent[self.head] = np.arange(len(self.head))
        # Compiled loops for trees see nothing of the systems whose reaches meet.
        self.of_tree = ~ways.joined[ways.system[np.argsort(ways.rank)]] if ways.nodes else np.empty(0, dtype=bool)

    def deliver(self, rule: str, per: str) -> Floats:
        """Share the water, without the flows that bring it.

        Parameters
        ----------
        rule : one of ``RULES``.
        per : one of ``PER``.

        Returns
        -------
        float64 (areas, periods), delivered; what is unknown counts as nothing.
        """
        if rule == "proportional" or self.ways.joined.any():
            return self.share_by(rule, per)[0]
        delivered = np.empty(self.claim.T.shape)
        delivered[self.areas] = self._on_trees(rule, per).T
        return delivered

    def _of_areas(self, values: Floats) -> Floats:
        return np.ascontiguousarray(np.nan_to_num(values)[self.areas].T)

    def share_by(self, rule: str, per: str) -> tuple[Floats, Floats, Floats]:
        """Share the water of all systems.

        Parameters
        ----------
        rule : one of ``RULES``.
        per : one of ``PER``.

        Returns
        -------
        tuple[Floats, Floats, Floats] : delivered (areas, periods), flow (reaches, periods), taken (nodes by their rank,
            periods).
        """
        if rule == "proportional":
            delivered, flow, taken = self._in_proportion()
        else:
            delivered = self._on_trees(rule, per)
            flow, taken = self._run(delivered, self.supply)
            for system in np.flatnonzero(self.ways.joined):
                self._on_joins(int(system), rule, per, (delivered, flow, taken))
        by_area, by_reach = np.empty_like(delivered.T), np.empty_like(flow.T)
        by_area[self.areas], by_reach[self.reaches] = delivered.T, flow.T
        return by_area, by_reach, taken.T

    def _in_proportion(self) -> tuple[Floats, Floats, Floats]:
        delivered, flow, taken = self._empty()
        joined = bool(self.ways.joined.any())

        def kernel(first: int, last: int) -> None:
            kernels.share_in_proportion(
                *(self.tail, self.head, self.conveyance, self.limit, self.area_node, self.claim, self.supply, joined),
                *(delivered, flow, taken, first, last),
            )

        over_blocks(kernel, self.periods, block=BLOCK_PERIODS)
        return delivered, flow, taken

    def _empty(self) -> tuple[Floats, Floats, Floats]:
        return np.empty(self.claim.shape), np.empty((self.periods, len(self.tail))), np.empty(self.supply.shape)

    def _on_trees(self, rule: str, per: str) -> Floats:
        if rule in ("tail-first", "head-first"):
            return self._in_order(self._order(rule))
        if rule == "max-min":
            return self._by_level(self.need, self.claim, self.limit, self.supply, per)
        gardens = np.minimum(self._of_areas(self.claims.garden_m3_s), self.claim)
        first = self._by_level(gardens, gardens, self.limit, self.supply, per)
        flow, taken = self._run(first, self.supply)
        limit, left = np.maximum(self.limit - flow, 0.0), np.maximum(self.supply - taken, 0.0)
        rest = self.need - self._of_areas(self.claims.garden_m3_s)
        return first + self._by_level(rest, np.minimum(rest, self.outlet - first), limit, left, per)

    def _order(self, rule: str) -> Ints:
        """Return who comes first, as numbers in the order of the water."""
        distance = self.claims.distance_m if rule == "head-first" else -self.claims.distance_m
        places = np.empty(len(self.areas), dtype=np.int64)
        places[self.areas] = np.arange(len(self.areas))
        return places[np.lexsort((self.claims.code, distance))]

    def _weights(self, need: Floats, claim: Floats, per: str) -> tuple[Floats, Floats]:
        """Return water for a level of 1 and the level at which each area is full, both (periods, areas)."""
        weight = need if per == "ratio" else np.where(need > 0, self.claims.area_ha[self.areas], 0.0)
        with np.errstate(divide="ignore", invalid="ignore"):
            return np.ascontiguousarray(weight), np.where(weight > 0, claim / weight, 0.0)

    def _by_level(self, need: Floats, claim: Floats, limit: Floats, supply: Floats, per: str) -> Floats:
        weight, full = self._weights(need, claim, per)
        weight, supply = weight * self.of_tree[self.area_node], supply * self.of_tree
        delivered, level = np.empty(claim.shape), np.empty(supply.shape)
        top = 1.0 if per == "ratio" else np.inf

        def kernel(first: int, last: int) -> None:
            kernels.share_by_level(
                *(self.parent, self.tail, self.conveyance, limit, self.area_node, weight, full, supply, top),
                *(delivered, level, first, last),
            )

        over_blocks(kernel, self.periods, block=BLOCK_PERIODS)
        return np.minimum(delivered, claim)

    def _in_order(self, order: Ints) -> Floats:
        delivered = np.empty(self.claim.shape)
        claim, supply = self.claim * self.of_tree[self.area_node], self.supply * self.of_tree

        def kernel(first: int, last: int) -> None:
            kernels.share_in_order(
                *(self.parent, self.tail, self.conveyance, self.limit, self.area_node, order, claim, supply),
                *(delivered, first, last),
            )

        over_blocks(kernel, self.periods, block=BLOCK_PERIODS)
        return delivered

    def _run(self, delivered: Floats, supply: Floats) -> tuple[Floats, Floats]:
        flow, taken = np.zeros((self.periods, len(self.tail))), np.empty(supply.shape)

        def kernel(first: int, last: int) -> None:
            kernels.run_upwards(
                self.parent, self.tail, self.conveyance, self.area_node, delivered, supply, flow, taken, first, last
            )

        over_blocks(kernel, self.periods, block=BLOCK_PERIODS)
        return flow, taken

    def _on_joins(self, system: int, rule: str, per: str, found: tuple[Floats, Floats, Floats]) -> None:
        """Fill in the columns of a system whose reaches meet."""
        delivered, flow, taken = found
        nodes = np.sort(self.ways.rank[self.ways.system == system])
        first, last = int(nodes[0]), int(nodes[-1]) + 1
        reach = np.flatnonzero((self.tail >= first) & (self.tail < last))
        area = np.flatnonzero((self.area_node >= first) & (self.area_node < last))
        order = self._order(rule)
        order = np.searchsorted(area, order[np.isin(order, area)])
        gardens = np.minimum(self._of_areas(self.claims.garden_m3_s), self.claim)
        for p in range(self.periods):
            q = p if len(self.limit) > 1 else 0
            programme = joins.Programme(
                self.tail[reach] - first,
                self.head[reach] - first,
                self.conveyance[reach],
                self.limit[q, reach],
                self.area_node[area] - first,
                self.supply[p, first:last],
            )
            weight, _ = self._weights(self.need, self.claim, per)
            if rule in ("tail-first", "head-first"):
                got = programme.fill(order, self.claim[p, area])
            else:
                floor = np.zeros(len(area))
                if rule == "gardens-first":
                    garden, _ = self._weights(gardens, gardens, per)
                    floor = programme.level(garden[p, area], gardens[p, area], floor)
                    weight, _ = self._weights(self.need - self._of_areas(self.claims.garden_m3_s), self.claim, per)
                got = programme.level(weight[p, area], self.claim[p, area], floor)
            flow[p, reach], taken[p, first:last], delivered[p, area] = programme.run(got)
