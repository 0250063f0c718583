"""Compiled loops of ``geo.water.sharing``: water parted over directed networks, period by period.

Nodes are numbered so that water runs from lower to higher numbers; reaches are sorted by the node they begin at, areas
by the node they lie at. Flows are m3/s at the head of a reach. All arrays that come back are filled for the periods
``first`` to ``last``, so that threads can take some each.
"""

from __future__ import annotations

import numpy as np
from numba import njit

NONE = -1


@njit(cache=True, nogil=True)
def share_in_proportion(
    tail, head, conveyance, limit, area_node, claim, supply, joined, delivered, flow, taken, first, last
):
    """Part water at every node in proportion to what is required beyond.

    Parameters
    ----------
    tail, head : int64 (reaches,), nodes, sorted by tail; tail < head.
    conveyance : float64 (reaches,), 0-1.
    limit : float64 (periods or 1, reaches), what a reach takes in at most, inf for no limit.
    area_node : int64 (areas,), sorted.
    claim : float64 (periods, areas), what an area can take.
    supply : float64 (periods, nodes), what its intakes offer a node.
    joined : whether reaches meet anywhere.
    delivered : float64 (periods, areas), filled.
    flow : float64 (periods, reaches), filled.
    taken : float64 (periods, nodes), filled.
    first, last : periods to fill.
    """
    reaches, areas, nodes = len(tail), len(area_node), supply.shape[1]
    required, arrives, brings = np.empty(nodes), np.empty(nodes), np.empty(nodes)
    asked = np.empty(reaches)
    for p in range(first, last):
        q = p if len(limit) > 1 else 0
        if joined:
            # What each node could have if nobody above it took any: branches that meet are asked in proportion to it.
            brings[:] = 0.0
            arrives[:] = supply[p]
            for r in range(reaches):
                into = conveyance[r] * min(limit[q, r], arrives[tail[r]])
                arrives[head[r]] += into
                brings[head[r]] += into
                asked[r] = into
        required[:] = 0.0
        for j in range(areas):
            required[area_node[j]] += claim[p, j]
        for r in range(reaches - 1, -1, -1):
            # All reaches that begin at the head of r come after it.
            rest = max(required[head[r]] - supply[p, head[r]], 0.0)
            if joined and brings[head[r]] > 0.0:
                rest *= asked[r] / brings[head[r]]
            wanted = min(limit[q, r], rest / conveyance[r]) if conveyance[r] > 0.0 else 0.0
            asked[r] = wanted
            required[tail[r]] += wanted
        for v in range(nodes):
            taken[p, v] = min(supply[p, v], required[v])
            arrives[v] = taken[p, v]
        for r in range(reaches):
            v = tail[r]
            given = asked[r] * min(arrives[v] / required[v], 1.0) if required[v] > 0.0 else 0.0
            flow[p, r] = given
            arrives[head[r]] += given * conveyance[r]
        for j in range(areas):
            v = area_node[j]
            delivered[p, j] = claim[p, j] * min(arrives[v] / required[v], 1.0) if required[v] > 0.0 else 0.0


@njit(cache=True, nogil=True)
def _meld(one, other, key, child, sibling):
    """Root of two pairing heaps put together; the greatest key is on top."""
    if one == NONE:
        return other
    if other == NONE:
        return one
    if key[one] < key[other]:
        one, other = other, one
    sibling[other] = child[one]
    child[one] = other
    return one


@njit(cache=True, nogil=True)
def _without_top(root, key, child, sibling):
    """Root of a pairing heap once its top is taken off: its children are melded in pairs, then backwards."""
    pairs = NONE
    one = child[root]
    while one != NONE:
        other = sibling[one]
        if other == NONE:
            sibling[one] = pairs
            pairs = one
            break
        following = sibling[other]
        sibling[one] = NONE
        sibling[other] = NONE
        both = _meld(one, other, key, child, sibling)
        sibling[both] = pairs
        pairs = both
        one = following
    result = NONE
    while pairs != NONE:
        following = sibling[pairs]
        sibling[pairs] = NONE
        result = _meld(result, pairs, key, child, sibling)
        pairs = following
    return result


@njit(cache=True, nogil=True)
def share_by_level(
    parent_reach, tail, conveyance, limit, area_node, weight, full, supply, top, delivered, level, first, last
):
    """Raise all areas of a forest to a common level, as far as it goes for each: max-min on trees.

    What a subtree takes in is a function of the level: it rises in straight pieces and stops where everybody has what
    he can use, or where a reach is full. Its breakpoints, with what the slope loses there, are carried upwards in
    heaps; a reach that fills cuts them at its capacity, an intake on the way cuts them at its supply. Levels are then
    read downwards. Everything is counted as water at the root of the tree, so that losses need no rescaling.

    Parameters
    ----------
    parent_reach : int64 (nodes,), reach that ends at a node, -1 for a root.
    tail : int64 (reaches,), as ``share_in_proportion``.
    conveyance, limit, area_node, supply : as ``share_in_proportion``.
    weight : float64 (periods, areas), water at the area for a level of 1.
    full : float64 (periods, areas), level at which an area can take no more.
    top : level at which most areas are full; inf for none.
    delivered : float64 (periods, areas), filled.
    level : float64 (periods, nodes), filled.
    first, last : periods to fill.
    """
    reaches, areas, nodes = len(tail), len(area_node), supply.shape[1]
    arrives = np.empty(nodes)  # of one unit at the root
    for v in range(nodes):
        r = parent_reach[v]
        arrives[v] = 1.0 if r == NONE or conveyance[r] <= 0.0 else arrives[tail[r]] * conveyance[r]
    room = areas + reaches + 2 * nodes + 1
    key, loss = np.empty(room), np.empty(room)
    child, sibling = np.empty(room, dtype=np.int64), np.empty(room, dtype=np.int64)
    heap = np.empty(nodes, dtype=np.int64)
    total, at_top = np.empty(nodes), np.empty(nodes)
    lowest, highest = np.empty(nodes), np.empty(nodes)
    above = np.empty(room, dtype=np.int64)
    for p in range(first, last):
        q = p if len(limit) > 1 else 0
        used = 0
        heap[:] = NONE
        total[:] = 0.0
        at_top[:] = 0.0
        for j in range(areas):
            v = area_node[j]
            slope = weight[p, j] / arrives[v]
            if slope > 0.0 and full[p, j] > 0.0:
                total[v] += slope * full[p, j]
                if full[p, j] == top:
                    at_top[v] += slope
                else:
                    key[used], loss[used], child[used], sibling[used] = full[p, j], slope, NONE, NONE
                    heap[v] = _meld(heap[v], used, key, child, sibling)
                    used += 1
        for v in range(nodes - 1, -1, -1):
            r = parent_reach[v]
            offered = supply[p, v] / arrives[v]
            lowest[v], highest[v] = 0.0, np.inf
            if offered >= total[v]:
                lowest[v] = np.inf
                heap[v], total[v], at_top[v] = NONE, 0.0, 0.0
            elif r == NONE or offered > 0.0:
                # The level its own intakes bring. What lies below it asks nothing of the reach above.
                value, slope, at = total[v], at_top[v], top
                kept = 0
                if at == np.inf:
                    at, slope = key[heap[v]], 0.0
                while True:
                    below = 0.0 if heap[v] == NONE else key[heap[v]]
                    there = value - slope * (at - below)
                    if there <= offered or heap[v] == NONE:
                        break
                    above[kept] = heap[v]
                    kept += 1
                    value, at = there, below
                    slope += loss[heap[v]]
                    heap[v] = _without_top(heap[v], key, child, sibling)
                lowest[v] = max(below + (offered - there) / slope, 0.0) if slope > 0.0 else at
                heap[v] = NONE
                if r != NONE:
                    for k in range(kept):
                        child[above[k]], sibling[above[k]] = NONE, NONE
                        heap[v] = _meld(heap[v], above[k], key, child, sibling)
                    key[used], loss[used], child[used], sibling[used] = lowest[v], -slope, NONE, NONE
                    heap[v] = _meld(heap[v], used, key, child, sibling)
                    used += 1
                    total[v] -= offered
            if r == NONE:
                continue
            t = tail[r]
            fits = limit[q, r] / arrives[t] if conveyance[r] > 0.0 else 0.0
            if total[v] > fits:
                value, slope, at = total[v], at_top[v], top
                if at == np.inf:
                    at, slope = key[heap[v]], 0.0
                while True:
                    below = 0.0 if heap[v] == NONE else key[heap[v]]
                    there = value - slope * (at - below)
                    if there <= fits or heap[v] == NONE:
                        break
                    value, at = there, below
                    slope += loss[heap[v]]
                    heap[v] = _without_top(heap[v], key, child, sibling)
                cut = below + (fits - there) / slope if slope > 0.0 else at
                highest[v] = max(cut, lowest[v])
                at_top[v], total[v] = 0.0, fits
                if slope > 0.0 and fits > 0.0:
                    key[used], loss[used], child[used], sibling[used] = highest[v], slope, NONE, NONE
                    heap[v] = _meld(heap[v], used, key, child, sibling)
                    used += 1
                else:
                    heap[v] = NONE
            heap[t] = _meld(heap[t], heap[v], key, child, sibling)
            total[t] += total[v]
            at_top[t] += at_top[v]
        for v in range(nodes):
            r = parent_reach[v]
            if r == NONE:
                level[p, v] = lowest[v]
            else:
                level[p, v] = min(max(level[p, tail[r]], lowest[v]), highest[v])
        for j in range(areas):
            delivered[p, j] = weight[p, j] * min(level[p, area_node[j]], full[p, j]) if weight[p, j] > 0.0 else 0.0


@njit(cache=True, nogil=True)
def share_in_order(parent_reach, tail, conveyance, limit, area_node, order, claim, supply, delivered, first, last):
    """Fill the areas of a forest one after another, each as far as water and reaches go, from the nearest intake.

    Parameters
    ----------
    parent_reach, tail, conveyance, limit, area_node, claim, supply : as ``share_by_level``.
    order : int64 (areas,), who comes first.
    delivered : float64 (periods, areas), filled.
    first, last : periods to fill.
    """
    nodes = supply.shape[1]
    room, water = np.empty(len(tail)), np.empty(nodes)
    way, asked = np.empty(nodes, dtype=np.int64), np.empty(nodes)
    for p in range(first, last):
        q = p if len(limit) > 1 else 0
        room[:] = limit[q]
        water[:] = supply[p]
        for j in order:
            wanted, steps = claim[p, j], 0
            v = area_node[j]
            if not wanted > 0.0:
                delivered[p, j] = 0.0
                continue
            # Up: what is asked of each node on the way. The asking ends where a node has enough or nothing comes.
            while True:
                way[steps], asked[steps] = v, wanted
                steps += 1
                r = parent_reach[v]
                if r == NONE or water[v] >= wanted or conveyance[r] <= 0.0 or room[r] <= 0.0:
                    break
                wanted = min((wanted - water[v]) / conveyance[r], room[r])
                v = tail[r]
            # Down: what comes.
            got = 0.0
            for k in range(steps - 1, -1, -1):
                v = way[k]
                own = min(water[v], asked[k])
                water[v] -= own
                got += own
                if k > 0:
                    r = parent_reach[way[k - 1]]
                    room[r] -= got
                    got *= conveyance[r]
            delivered[p, j] = got


@njit(cache=True, nogil=True)
def run_upwards(parent_reach, tail, conveyance, area_node, delivered, supply, flow, taken, first, last):
    """Find the flows of a forest that bring what was delivered; each node takes of its own intakes first.

    Parameters
    ----------
    parent_reach, tail, conveyance, area_node, supply : as ``share_by_level``.
    delivered : float64 (periods, areas).
    flow : float64 (periods, reaches), filled.
    taken : float64 (periods, nodes), filled.
    first, last : periods to fill.
    """
    nodes = supply.shape[1]
    needed = np.empty(nodes)
    for p in range(first, last):
        needed[:] = 0.0
        for j in range(len(area_node)):
            needed[area_node[j]] += delivered[p, j]
        for v in range(nodes - 1, -1, -1):
            taken[p, v] = min(supply[p, v], needed[v])
            r = parent_reach[v]
            if r != NONE:
                rest = needed[v] - taken[p, v]
                flow[p, r] = rest / conveyance[r] if conveyance[r] > 0.0 and rest > 0.0 else 0.0
                needed[tail[r]] += flow[p, r]
