"""A network as sharing needs it: nodes in the order of the water, reaches between them, areas and intakes at them."""

from __future__ import annotations

from functools import cached_property

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.sparse import coo_matrix
from scipy.sparse.csgraph import connected_components

from geo.errors import TableError

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

NO_REACH = -1


class Waterways:
    """Reaches between nodes, areas served at nodes and intakes that feed nodes.

    Nodes, reaches, areas and intakes are numbered from 0 as they were given. Flows are m3/s.

    Parameters
    ----------
    tail : int64 (reaches,), node each reach runs from.
    head : int64 (reaches,), node it runs to.
    conveyance : float64 (reaches,), share of what a reach takes in that reaches its end, 0-1; NaN unknown.
    limit_m3_s : float64 (reaches,) or (reaches, periods), what a reach takes in at most; inf for no limit, NaN unknown.
    area_node : int64 (areas,), node each area is served at.
    outlet_m3_s : float64 (areas,), what its outlet lets through at most; inf for no limit, NaN unknown.
    intake_node : int64 (intakes,), node each intake feeds.

    Raises
    ------
    TableError : shapes that do not go together, a share outside 0 to 1, a negative limit, a node below 0, or reaches
        that lead in a circle.
    """

    def __init__(
        self,
        tail: ArrayLike,
        head: ArrayLike,
        conveyance: ArrayLike,
        limit_m3_s: ArrayLike,
        area_node: ArrayLike,
        outlet_m3_s: ArrayLike,
        intake_node: ArrayLike,
    ) -> None:
        self.tail, self.head = np.asarray(tail, dtype=np.int64), np.asarray(head, dtype=np.int64)
        self.conveyance = np.asarray(conveyance, dtype=np.float64)
        limit = np.asarray(limit_m3_s, dtype=np.float64)
        self.limit_m3_s = limit[:, None] if limit.ndim == 1 else limit
        self.area_node = np.asarray(area_node, dtype=np.int64)
        self.outlet_m3_s = np.broadcast_to(np.asarray(outlet_m3_s, dtype=np.float64), self.area_node.shape)
        self.intake_node = np.asarray(intake_node, dtype=np.int64)
        reaches = self.tail.shape
        if self.head.shape != reaches or self.conveyance.shape != reaches or len(self.limit_m3_s) != len(self.tail):
            raise TableError("network: nodes, conveyance and limit of every reach expected")
        if ((self.conveyance < 0) | (self.conveyance > 1)).any():
            raise TableError("network: a conveyance of 0 to 1 expected")
        if (self.limit_m3_s < 0).any() or (self.outlet_m3_s < 0).any():
            raise TableError("network: capacities of 0 or more expected")
        every = np.concatenate([self.tail, self.head, self.area_node, self.intake_node])
        if len(every) and every.min() < 0:
            raise TableError("network: every reach, area and intake at a node expected")
        self.nodes = int(every.max()) + 1 if len(every) else 0
        self.rank = self._rank()

    def _rank(self) -> Ints:
        """Order of each node: system by system, water runs from lower to higher."""
        order, ready = np.full(self.nodes, NO_REACH), np.bincount(self.head, minlength=self.nodes)
        by_tail = np.argsort(self.tail, kind="stable")
        first = np.searchsorted(self.tail[by_tail], np.arange(self.nodes + 1))
        wave = np.flatnonzero(ready == 0)
        step = 0
        while len(wave):
            order[wave] = step
            step += 1
            counts = first[wave + 1] - first[wave]
            places = np.repeat(first[wave] - np.concatenate([[0], np.cumsum(counts)[:-1]]), counts)
            reached = self.head[by_tail[places + np.arange(counts.sum())]]
            ready -= np.bincount(reached, minlength=self.nodes)
            reached = np.unique(reached)
            wave = reached[ready[reached] == 0]
        if (order == NO_REACH).any():
            raise TableError("network: reaches lead in a circle")
        rank = np.empty(self.nodes, dtype=np.int64)
        rank[np.lexsort((order, self.system))] = np.arange(self.nodes)
        return rank

    @cached_property
    def system(self) -> Ints:
        """Number of the connected system each node belongs to.

        Returns
        -------
        int64 (nodes,), from 0.
        """
        links = coo_matrix((np.ones(len(self.tail)), (self.tail, self.head)), shape=(self.nodes, self.nodes))
        return np.asarray(connected_components(links, directed=False)[1], dtype=np.int64)

    @cached_property
    def joined(self) -> NDArray[np.bool_]:
        """Whether reaches meet at a node of a system.

        Returns
        -------
        bool (systems,)
        """
        met = np.bincount(self.head, minlength=self.nodes) > 1
        count = int(self.system.max()) + 1 if self.nodes else 0
        return np.bincount(self.system, weights=met, minlength=count) > 0

    def unknown(self, need_m3_s: Floats, supply_m3_s: Floats) -> NDArray[np.bool_]:
        """Return where sharing cannot be told, since something that counts is unknown.

        Parameters
        ----------
        need_m3_s : float64 (areas, periods), NaN unknown.
        supply_m3_s : float64 (intakes, periods), NaN unknown.

        Returns
        -------
        bool (systems, periods)
        """
        result = np.zeros((len(self.joined), need_m3_s.shape[1]), dtype=bool)
        parts = (
            (self.area_node, np.isnan(need_m3_s) | np.isnan(self.outlet_m3_s)[:, None]),
            (self.intake_node, np.isnan(supply_m3_s)),
            (self.tail, np.isnan(self.limit_m3_s) | np.isnan(self.conveyance)[:, None]),
        )
        for node, missing in parts:
            rows = np.flatnonzero(missing.any(axis=1))
            np.logical_or.at(result, self.system[node[rows]], missing[rows])
        return result
