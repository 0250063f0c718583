"""What a balance says of canal reaches: what each takes in and loses, and how well the land beyond it is served."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from geo.water.balance import Balance, Fields, between
from geo.water.network.conveyance import Between
from geo.water.network.parts import NOWHERE, Network, Reaches
from geo.water.network.ways import order_pieces

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


class AlongReaches(NamedTuple):
    """Reaches of a balance, (reaches, periods) each; NaN where no intake leads or something that counts is unknown.

    need_m3 : float64, at the outlets of all land beyond. ratio : delivered over needed of that land, 0-1. taken_m3 :
    what a reach takes in at its upper end. lost_m3 : what it loses on its way.
    """

    need_m3: Floats
    ratio: Between
    taken_m3: Between
    lost_m3: Between


def sum_reaches(reaches: Reaches, network: Network, fields: Fields, balance: Balance) -> AlongReaches:
    """Return what a balance says of each reach.

    Parameters
    ----------
    reaches : as they are mapped.
    network : built of them.
    fields : need of the command areas, as it was balanced.
    balance : of that network and these fields.

    Returns
    -------
    AlongReaches : lesser and greater of both runs; need and delivery of an area with several outlets count in equal
        parts at each.
    """
    order, pieces = order_pieces(reaches, network), network.pieces
    of, tail, head = pieces.reach[order], pieces.tail[order], pieces.head[order]
    count, nodes = len(reaches.code), len(network.node_xy)
    if not nodes:
        nothing = np.full((count, fields.need_m3.shape[1]), np.nan)
        return AlongReaches(nothing, *(Between(nothing, nothing) for _ in range(3)))
    fed = network.ordered & np.isin(network.system, network.system[network.intake_node[network.intake_node != NOWHERE]])
    served = np.flatnonzero((fields.outlet_area != NOWHERE) & (network.outlet_node != NOWHERE))
    served = served[fed[network.outlet_node[served]]]
    area, place = fields.outlet_area[served], network.outlet_node[served]
    parts = np.bincount(area, minlength=len(fields.code))[area][:, None]
    first = _first_pieces(of, pieces.start_m[order], count)
    led = np.flatnonzero(first != NOWHERE)
    led = led[fed[tail[first[led]]]]

    def beyond(of_area: Floats) -> Floats:
        found = _beyond(tail, head, place, of_area[area] / parts, nodes)
        return _whole(led, found[first[led]], count)

    def taken(of_piece: Floats) -> Floats:
        return _whole(led, of_piece[order][first[led]], count)

    def lost(of_piece: Floats) -> Floats:
        summed = np.zeros((count, of_piece.shape[1]))
        np.add.at(summed, of, of_piece[order])
        return _whole(led, summed[led], count)

    need = beyond(fields.need_m3)
    ends = (balance.worst, balance.best)
    with np.errstate(divide="ignore", invalid="ignore"):
        ratio = [np.where(need > 0, np.clip(beyond(end.delivered_m3) / need, 0, 1), np.nan) for end in ends]
    return AlongReaches(
        need,
        between(*ratio),
        between(*(taken(end.taken_m3) for end in ends)),
        between(*(lost(end.lost_m3) for end in ends)),
    )


def _whole(rows: Ints, values: Floats, count: int) -> Floats:
    result = np.full((count, values.shape[1]), np.nan)
    result[rows] = values
    return result


def _first_pieces(of: Ints, start_m: Floats, count: int) -> Ints:
    """Place of the upper piece of each reach among the ordered ones, -1 where it has none."""
    first = np.full(count, NOWHERE)
    by_start = np.argsort(start_m, kind="stable")[::-1]
    first[of[by_start]] = by_start
    return first


def _beyond(tail: Ints, head: Ints, at: Ints, values: Floats, nodes: int) -> Floats:
    """Sum of values at nodes beyond each piece, pieces in the order of the water, (pieces, periods)."""
    there = np.zeros((nodes, values.shape[1]))
    np.add.at(there, at, values)
    found = np.empty((len(tail), values.shape[1]))
    for piece in range(len(tail) - 1, -1, -1):
        found[piece] = there[head[piece]]
        there[tail[piece]] += there[head[piece]]
    return found
