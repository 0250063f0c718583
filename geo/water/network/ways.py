"""Lengths along a network: canals by their longest way, outlets by their distance from the intake."""

from __future__ import annotations

import numpy as np

from geo.water.kernels import network as kernels
from geo.water.network.parts import NOWHERE, Floats, Ints, Network, Reaches
from geo.water.sharing.waterways import Waterways


def order_pieces(reaches: Reaches, network: Network) -> Ints:
    """Return the pieces that carry water, in the order of the water.

    Parameters
    ----------
    reaches : as they are mapped.
    network : built of them.

    Returns
    -------
    int64 (k,), pieces; those of closed reaches and of systems without an order are left out.
    """
    pieces = network.pieces
    carries = np.flatnonzero(network.ordered[pieces.tail] & ~reaches.closed[pieces.reach])
    ways = Waterways(
        pieces.tail[carries],
        pieces.head[carries],
        np.ones(len(carries)),
        np.full(len(carries), np.inf),
        np.empty(0, dtype=np.int64),
        np.inf,
        np.arange(len(network.node_xy)),
    )
    return carries[np.argsort(ways.rank[pieces.tail[carries]], kind="stable")]


def canal_lengths_m(reaches: Reaches, network: Network) -> Floats:
    """Return the length of the canal each reach belongs to: the longest way along lines of its name.

    Parameters
    ----------
    reaches : as they are mapped; a reach without a canal is one of its own.
    network : built of them.

    Returns
    -------
    float64 (reaches,), m; NaN for closed reaches and in systems without an order.

    Notes
    -----
    The longest way, not the sum of its branches, which are not in series; domain reference 6.4. Where a canal is drawn
    in parts, the longest of them counts.
    """
    pieces = network.pieces
    own = np.char.add("\0", reaches.code) if len(reaches.code) else reaches.code
    _, canal = np.unique(np.where(reaches.canal == "", own, reaches.canal), return_inverse=True)
    name = canal[pieces.reach]
    nodes = len(network.node_xy)
    both = np.concatenate([name * nodes + pieces.tail, name * nodes + pieces.head])
    keys, number = np.unique(both, return_inverse=True)
    order = order_pieces(reaches, network)
    count = len(pieces.reach)
    way = kernels.longest_ways(number[:count], number[count:], pieces.end_m - pieces.start_m, order, len(keys))
    longest = np.zeros(int(canal.max()) + 1 if len(canal) else 0)
    np.maximum.at(longest, keys // max(nodes, 1), way)
    result = longest[canal]
    known = np.zeros(len(reaches.code), dtype=bool)
    known[pieces.reach[order]] = True
    return np.where(known, result, np.nan)


def pieces_above(network: Network, order: Ints, node: int) -> Ints:
    """Return the pieces from which water can come to a node.

    Parameters
    ----------
    network : built of reaches.
    order : of its pieces, by ``order_pieces``.
    node : where the water is wanted.

    Returns
    -------
    int64 (k,), pieces in the order of the water; empty where none leads there.
    """
    pieces = network.pieces
    here = order[network.system[pieces.tail[order]] == network.system[node]]
    wanted, found = {node}, []
    for piece in here[::-1].tolist():
        if int(pieces.head[piece]) in wanted:
            wanted.add(int(pieces.tail[piece]))
            found.append(piece)
    return np.array(found[::-1], dtype=np.int64)


def greatest_beyond(network: Network, order: Ints, of_node: Floats) -> Floats:
    """Return the greatest value of each node and of all nodes that its water can come to.

    Parameters
    ----------
    network : built of reaches.
    order : pieces to go along, in the order of the water.
    of_node : float64 (nodes,), NaN where a node has none.

    Returns
    -------
    float64 (nodes,), NaN where nothing beyond has a value either.
    """
    pieces, found = network.pieces, of_node.copy()
    for piece in order[::-1].tolist():
        found[pieces.tail[piece]] = np.fmax(found[pieces.tail[piece]], found[pieces.head[piece]])
    return found


def node_distances_m(reaches: Reaches, network: Network) -> Floats:
    """Return how far along the water each node lies from the nearest intake.

    Parameters
    ----------
    reaches : as they are mapped.
    network : built of them.

    Returns
    -------
    float64 (nodes,), m; inf where no intake leads.
    """
    pieces = network.pieces
    start = np.full(len(network.node_xy), np.inf)
    start[network.intake_node[network.intake_node != NOWHERE]] = 0.0
    order = order_pieces(reaches, network)
    found = kernels.least_distances(pieces.tail, pieces.head, pieces.end_m - pieces.start_m, order, start)
    return np.asarray(found)
