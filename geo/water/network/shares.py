"""The balance of a network as it is mapped: what reaches take in and lose, what areas get, at worst and at best.

What is not known of a bed, a condition or a capacity is taken at its worst and at its best; an unknown flow or need
leaves its whole system unknown.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from geo.water.network.conveyance import Between, intake_limit, piece_conveyance
from geo.water.network.parts import NOWHERE, Floats, Ints, Network, Reaches, Words
from geo.water.network.ways import canal_lengths_m, node_distances_m, order_pieces
from geo.water.sharing.rules import Claims, Shares, share_water
from geo.water.sharing.waterways import Waterways


class Beds(NamedTuple):
    """What is known of reaches, (reaches,) each.

    lining, soil : str. condition : float64, class 1-5, NaN unknown. measured : float64, share conveyed, NaN not
    measured. capacity_m3_s : float64, NaN unknown. pump_m3_s : float64 (reaches, periods), what pumps onto the reach
    lift at most, inf without pumps, NaN unknown. stages_share : float64, what is left after their lift stages, 1
    without.
    """

    lining: Words
    soil: Words
    condition: Floats
    measured: Floats
    capacity_m3_s: Floats
    pump_m3_s: Floats
    stages_share: Floats


class Asking(NamedTuple):
    """What areas ask for at their outlets.

    need_m3_s : float64 (areas, periods), NaN unknown. area_ha, garden_share : float64 (areas,). code : str (areas,).
    outlet_area : int64 (outlets,), area each outlet serves, -1 none. outlet_m3_s : float64 (outlets,), capacity; NaN
    counts as no limit.
    """

    need_m3_s: Floats
    area_ha: Floats
    garden_share: Floats
    code: Words
    outlet_area: Ints
    outlet_m3_s: Floats


class NetworkBalance(NamedTuple):
    """Both ends of a balance, by period; NaN unknown.

    delivered_m3_s, ratio : of areas (areas, periods). flow_m3_s, lost_m3_s, reach_ratio : of reaches (reaches,
    periods), what a reach takes in at its upper end, loses on its way, and the ratio of all land beyond it.
    diverted_m3_s : of intakes (intakes, periods). reach_need_m3_s : float64 (reaches, periods). distance_m : float64
    (areas,), inf where no water leads.
    """

    delivered_m3_s: Between
    ratio: Between
    flow_m3_s: Between
    lost_m3_s: Between
    reach_ratio: Between
    diverted_m3_s: Between
    reach_need_m3_s: Floats
    distance_m: Floats


class _End(NamedTuple):
    """One of the two ends."""

    delivered: Floats
    flow: Floats
    lost: Floats
    of_reach: Floats
    diverted: Floats


def balance_network(
    reaches: Reaches, network: Network, beds: Beds, asking: Asking, supply_m3_s: Floats, rule: str
) -> NetworkBalance:
    """Share the water of a mapped network, at the worst and at the best of what is unknown of its canals.

    Parameters
    ----------
    reaches : as they are mapped.
    network : built of them; systems without an order or without an intake stay unknown.
    beds : of the reaches.
    asking : of the areas; the need of an area with several outlets is parted equally between them.
    supply_m3_s : float64 (intakes, periods), for fields, NaN unknown.
    rule : of sharing.

    Returns
    -------
    NetworkBalance : where more is known the ends lie nearer. Under ``proportional`` a better canal may bring some area
        less, so the lesser and the greater of both runs are told.

    Raises
    ------
    TableError : a rule that is not known, or figures that are no shares or flows.
    """
    order = order_pieces(reaches, network)
    pieces = network.pieces
    of, length = pieces.reach[order], (pieces.end_m - pieces.start_m)[order]
    whole = np.zeros(len(reaches.code))
    np.add.at(whole, pieces.reach, pieces.end_m - pieces.start_m)
    conveyance = piece_conveyance(
        lining=beds.lining[of],
        soil=beds.soil[of],
        condition=beds.condition[of],
        measured=beds.measured[of],
        reach_length_m=whole[of],
        canal_length_m=canal_lengths_m(reaches, network)[of],
        piece_length_m=length,
    )
    limit = intake_limit(beds.capacity_m3_s, beds.condition)
    first = _first_pieces(of, pieces.start_m[order], len(reaches.code))
    leads = np.isin(network.system, network.system[network.intake_node[network.intake_node != NOWHERE]])
    served = network.ordered & leads
    node = np.where(network.outlet_node == NOWHERE, 0, network.outlet_node)
    counts = (asking.outlet_area != NOWHERE) & (network.outlet_node != NOWHERE) & served[node]
    outlet = np.flatnonzero(counts)
    feeds = network.intake_node != NOWHERE
    feeds[feeds] = network.ordered[network.intake_node[feeds]]
    area = asking.outlet_area[outlet]
    parts = np.bincount(area, minlength=len(asking.code))
    need = asking.need_m3_s[area] / parts[area][:, None]
    distance = node_distances_m(reaches, network)[network.outlet_node[outlet]]
    claims = Claims(
        need,
        (asking.area_ha / np.maximum(parts, 1))[area],
        need * asking.garden_share[area][:, None],
        distance,
        asking.code[area],
    )
    outlets = np.where(np.isnan(asking.outlet_m3_s), np.inf, asking.outlet_m3_s)[outlet]
    beyond = _beyond(pieces.tail[order], pieces.head[order], network.outlet_node[outlet], need, len(network.node_xy))
    ends = []
    for share, most in zip(conveyance, limit, strict=True):
        kept, room = share.copy(), np.repeat(most[of][:, None], need.shape[1], axis=1)
        begins = first >= 0
        kept[first[begins]] *= beds.stages_share[begins]
        room[first[begins]] = np.minimum(room[first[begins]], beds.pump_m3_s[begins])
        ways = Waterways(
            pieces.tail[order],
            pieces.head[order],
            kept,
            room,
            network.outlet_node[outlet],
            outlets,
            network.intake_node[feeds],
        )
        shares = share_water(ways, claims, supply_m3_s[feeds], rule)
        got = _beyond(
            pieces.tail[order], pieces.head[order], network.outlet_node[outlet], shares.delivered_m3_s, ways.nodes
        )
        ends.append(_end(shares, kept, of, first, area, got, (len(asking.code), len(reaches.code), feeds)))
    fed = first >= 0
    fed[fed] = served[pieces.tail[order][first[fed]]]
    reach_need = np.full((len(reaches.code), need.shape[1]), np.nan)
    reach_need[fed] = beyond[first[fed]]
    away = np.full(len(asking.code), np.inf)
    np.minimum.at(away, area, distance)
    for end in ends:  # where no water is known to come from, nothing is known, which is not nothing
        end.delivered[parts == 0] = np.nan
        for values in (end.flow, end.lost, end.of_reach):
            values[~fed] = np.nan
    delivered = _between(ends[0].delivered, ends[1].delivered)
    with np.errstate(divide="ignore", invalid="ignore"):
        ratio = [np.where(asking.need_m3_s > 0, np.clip(x / asking.need_m3_s, 0, 1), np.nan) for x in delivered]
        at_reach = _between(ends[0].of_reach, ends[1].of_reach)
        reach_ratio = [np.where(reach_need > 0, np.clip(x / reach_need, 0, 1), np.nan) for x in at_reach]
    return NetworkBalance(
        delivered,
        Between(*ratio),
        _between(ends[0].flow, ends[1].flow),
        _between(ends[0].lost, ends[1].lost),
        Between(*reach_ratio),
        _between(ends[0].diverted, ends[1].diverted),
        reach_need,
        away,
    )


def _between(one: Floats, other: Floats) -> Between:
    return Between(np.minimum(one, other), np.maximum(one, other))


def _first_pieces(of: Ints, start_m: Floats, count: int) -> Ints:
    """Place of the upper piece of each reach among the ordered ones, -1 where it has none."""
    first = np.full(count, NOWHERE)
    for place in np.argsort(start_m, kind="stable")[::-1].tolist():
        first[of[place]] = place
    return first


def _beyond(tail: Ints, head: Ints, at: Ints, values: Floats, nodes: int) -> Floats:
    """Sum of values at nodes beyond each piece, pieces in the order of the water, (pieces, periods)."""
    there = np.zeros((max(nodes, int(max(head.max(initial=-1), at.max(initial=-1))) + 1), values.shape[1]))
    np.add.at(there, at, values)
    found = np.empty((len(tail), values.shape[1]))
    for piece in range(len(tail) - 1, -1, -1):
        found[piece] = there[head[piece]]
        there[tail[piece]] += there[head[piece]]
    return found


def _end(
    shares: Shares,
    kept: Floats,
    of: Ints,
    first: Ints,
    area: Ints,
    beyond: Floats,
    sizes: tuple[int, int, NDArray[np.bool_]],
) -> _End:
    areas, reaches, feeds = sizes
    periods = shares.delivered_m3_s.shape[1]
    delivered = np.zeros((areas, periods))
    np.add.at(delivered, area, shares.delivered_m3_s)
    lost = np.zeros((reaches, periods))
    np.add.at(lost, of, shares.flow_m3_s * (1 - kept)[:, None])
    flow, got = np.full((reaches, periods), np.nan), np.full((reaches, periods), np.nan)
    there = first != NOWHERE
    flow[there], got[there] = shares.flow_m3_s[first[there]], beyond[first[there]]
    diverted = np.full((len(feeds), periods), np.nan)
    diverted[feeds] = shares.diverted_m3_s
    return _End(delivered, flow, lost, got, diverted)
