"""The balance of a network: what intakes offer, what reaches lose, what arrives, in every period.

Where soil, lining, condition or capacity are unknown the balance runs twice, with all unknowns at their worst and at
their best, and its results carry both. Under ``proportional`` and the rules by order the worst of everything need not
be the worst for each single area; the least of both is told all the same, never a value between.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from geo.water.irrigation import SECONDS_PER_DAY
from geo.water.network.conveyance import Between, fields_supply, intake_limit, lifted_between, piece_conveyance
from geo.water.network.parts import NOWHERE, Network, Reaches, Words
from geo.water.network.ways import canal_lengths_m, node_distances_m, order_pieces
from geo.water.sharing.division import Claims, share_water
from geo.water.sharing.waterways import Waterways

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


class Beds(NamedTuple):
    """Reaches as water finds them.

    lining, soil : str (n,). condition : float64 (n,), class, NaN unknown. measured : float64 (n,), share conveyed by
    the whole reach, NaN not measured. capacity_m3_s : float64 (n,), NaN unknown. pump : float64 (n, periods or 1), mean
    flow a pump on the reach lifts, inf without a pump, NaN unknown. stages : float64 (n,), its lift stages, 0 without,
    NaN unknown.
    """

    lining: Words
    soil: Words
    condition: Floats
    measured: Floats
    capacity_m3_s: Floats
    pump: Floats
    stages: Floats


class Offers(NamedTuple):
    """What intakes offer.

    flow_m3_s : float64 (k, periods), of the source, NaN unknown. right_m3_s : float64 (k,), NaN none. river_share,
    drinking_m3_d : float64 (k,). pump : float64 (k, periods or 1), flow of its pump while it runs, inf without. runs :
    float64 (k, periods or 1), share of the time it runs, 1 without. stages : float64 (k,), 0 without, NaN unknown.
    """

    flow_m3_s: Floats
    right_m3_s: Floats
    river_share: Floats
    drinking_m3_d: Floats
    pump: Floats
    runs: Floats
    stages: Floats


class Fields(NamedTuple):
    """What areas need.

    need_m3 : float64 (areas, periods), gross at the outlet, NaN unknown. garden_m3 : likewise, part of it for kitchen
    gardens. area_ha : float64 (areas,). code : str (areas,). outlet_area : int64 (outlets,), area each outlet serves,
    -1 none. outlet_m3_s : float64 (outlets,), what it lets through, NaN not known to limit. days : int64 (periods,).
    """

    need_m3: Floats
    garden_m3: Floats
    area_ha: Floats
    code: Words
    outlet_area: Ints
    outlet_m3_s: Floats
    days: Ints


class Delivery(NamedTuple):
    """One run; NaN unknown.

    ratio, delivered_m3 : float64 (areas, periods). taken_m3, lost_m3 : float64 (pieces, periods), what each piece took
    in and lost. diverted_m3, drinking_m3 : float64 (intakes, periods). pumping_loss_m3 : likewise, lost in lift stages.
    """

    ratio: Floats
    delivered_m3: Floats
    taken_m3: Floats
    lost_m3: Floats
    diverted_m3: Floats
    drinking_m3: Floats
    pumping_loss_m3: Floats


class Balance(NamedTuple):
    """A balance with all unknowns at their worst and at their best.

    distance_m : float64 (areas,), along the water from the intake, NaN where none leads.
    """

    worst: Delivery
    best: Delivery
    distance_m: Floats

    @property
    def ratio(self) -> Between:
        """Lesser and greater ratio of both runs, float64 (areas, periods)."""
        return between(self.worst.ratio, self.best.ratio)

    @property
    def delivered_m3(self) -> Between:
        """Lesser and greater delivery of both runs, float64 (areas, periods), m3."""
        return between(self.worst.delivered_m3, self.best.delivered_m3)


def between(one: Floats, other: Floats) -> Between:
    """Return the lesser and the greater of two runs.

    Parameters
    ----------
    one : of one run.
    other : of the other, of the same shape.

    Returns
    -------
    Between : NaN where either is.

    Notes
    -----
    Under ``proportional`` and the rules by order a better canal may bring some area less.
    """
    return Between(np.minimum(one, other), np.maximum(one, other))


def find_balance(
    reaches: Reaches,
    network: Network,
    beds: Beds,
    offers: Offers,
    fields: Fields,
    rule: str,
    *,
    per: str = "ratio",
) -> Balance:
    """Balance a network: first the river's share, then drinking water, then fields by a rule.

    Parameters
    ----------
    reaches : as they are mapped.
    network : built of them; systems without an order are left out, and all of them is unknown.
    beds : condition of the reaches.
    offers : of the intakes of the network, in their order.
    fields : need of the command areas.
    rule : who gets how much where water is short.
    per : what max-min levels, ratio or depth.

    Returns
    -------
    Balance : ratios are NaN where no outlet leads, where something that counts is unknown, and where nothing is needed.

    Raises
    ------
    TableError : a rule that is not known or figures that cannot be; says which.
    """
    flow = Flows(reaches, network, beds, offers, fields)
    worst, best = flow.run(rule, per, 0), flow.run(rule, per, 1)
    return Balance(worst, best, flow.area_distance())


class Flows:
    """The network in the form of sharing: pieces that carry, pumps and outlets that join as reaches of no length.

    Parameters
    ----------
    reaches : as they are mapped.
    network : built of them.
    beds : condition of the reaches.
    offers : of the intakes.
    fields : need of the areas.
    """

    def __init__(self, reaches: Reaches, network: Network, beds: Beds, offers: Offers, fields: Fields) -> None:
        self.reaches, self.network, self.offers, self.fields = reaches, network, offers, fields
        self.seconds = fields.days * SECONDS_PER_DAY
        self.carries = order_pieces(reaches, network)
        pieces = network.pieces
        self.reach = pieces.reach[self.carries]
        self._losses(beds)
        self.intakes = (
            np.flatnonzero((network.intake_node != NOWHERE) & network.ordered[np.maximum(network.intake_node, 0)])
            if len(network.node_xy)
            else np.empty(0, dtype=np.int64)
        )
        self._supplies()
        self._outlets()

    def _losses(self, beds: Beds) -> None:
        """What each piece conveys and takes in, at worst and at best."""
        pieces, reach = self.network.pieces, self.reach
        length = (pieces.end_m - pieces.start_m)[self.carries]
        whole = np.zeros(len(self.reaches.code))
        np.maximum.at(whole, pieces.reach, pieces.end_m)
        conveyed = piece_conveyance(
            lining=beds.lining[reach],
            soil=beds.soil[reach],
            condition=beds.condition[reach],
            measured=beds.measured[reach],
            reach_length_m=whole[reach],
            canal_length_m=canal_lengths_m(self.reaches, self.network)[reach],
            piece_length_m=length,
        )
        limit = intake_limit(beds.capacity_m3_s[reach], beds.condition[reach])
        # A pump stands at the upper end of its reach; pieces shorter than the snap are none, so that may not be at 0 m.
        upper = np.full(len(whole), np.inf)
        np.minimum.at(upper, pieces.reach, pieces.start_m)
        first = (pieces.start_m[self.carries] == upper[reach])[:, None]
        pump = np.where(first, np.broadcast_to(beds.pump, (len(whole), beds.pump.shape[1]))[reach], np.inf)
        unknown = np.isnan(pump)
        lifts = (np.where(first[:, 0], one, 1.0) for one in lifted_between(beds.stages[reach]))
        self.conveyance = Between(*(one * lift for one, lift in zip(conveyed, lifts, strict=True)))
        self.limit = Between(
            np.minimum(limit.worst[:, None], np.where(unknown, 0.0, pump)),
            np.minimum(limit.best[:, None], np.where(unknown, np.inf, pump)),
        )

    def _supplies(self) -> None:
        """What each intake may take for drinking and for fields, m3/s; a pump lifts no more than it can of both."""
        of = self.offers
        drinking, fields = fields_supply(
            of.flow_m3_s, of.right_m3_s[:, None], of.river_share[:, None], of.drinking_m3_d[:, None]
        )
        lifted = np.minimum(of.pump, drinking + fields) * of.runs
        self.drinking = np.minimum(drinking, lifted)
        self.supply = lifted - self.drinking
        self.lift = lifted_between(of.stages)

    def _outlets(self) -> None:
        """Node of each area that an outlet serves; areas of several outlets get a node of their own."""
        network, fields = self.network, self.fields
        there = np.flatnonzero((fields.outlet_area != NOWHERE) & (network.outlet_node != NOWHERE))
        there = there[network.ordered[network.outlet_node[there]]]
        # A system no intake is known of brings nobody knows how much; that is unknown, not nothing.
        fed = network.system[network.intake_node[self.intakes]]
        there = there[np.isin(network.system[network.outlet_node[there]], fed)]
        count = np.bincount(fields.outlet_area[there], minlength=len(fields.code))
        self.areas = np.flatnonzero(count > 0)
        place = np.full(len(fields.code), NOWHERE)
        place[self.areas] = np.arange(len(self.areas))
        room = np.where(np.isnan(fields.outlet_m3_s), np.inf, fields.outlet_m3_s)
        nodes = len(network.node_xy)
        self.area_node, self.outlet_room = np.empty(len(self.areas), dtype=np.int64), np.full(len(self.areas), np.inf)
        single = there[count[fields.outlet_area[there]] == 1]
        self.area_node[place[fields.outlet_area[single]]] = network.outlet_node[single]
        self.outlet_room[place[fields.outlet_area[single]]] = room[single]
        several = there[count[fields.outlet_area[there]] > 1]
        owners, number = np.unique(fields.outlet_area[several], return_inverse=True)
        self.area_node[place[owners]] = nodes + np.arange(len(owners))
        self.outlet_tail, self.outlet_head = network.outlet_node[several], nodes + number
        self.outlet_limit = room[several]
        # Intakes with lift stages feed a node of their own, from which the lift leads on.
        lifted = self.offers.stages[self.intakes] != 0
        self.lifted = self.intakes[lifted]
        self.intake_node = network.intake_node[self.intakes].copy()
        self.intake_node[lifted] = nodes + len(owners) + np.arange(len(self.lifted))

    def _ways(self, conveyance: Floats, limit: Floats, lift: Floats) -> Waterways:
        pieces, network = self.network.pieces, self.network
        lifted = self.intake_node[np.isin(self.intakes, self.lifted)]
        extra = len(self.outlet_tail) + len(lifted)
        loose = np.concatenate([self.outlet_limit, np.full(len(lifted), np.inf)])
        return Waterways(
            np.concatenate([pieces.tail[self.carries], self.outlet_tail, lifted]),
            np.concatenate([pieces.head[self.carries], self.outlet_head, network.intake_node[self.lifted]]),
            np.concatenate([conveyance, np.ones(len(self.outlet_tail)), lift[self.lifted]]),
            np.concatenate([limit, np.broadcast_to(loose[:, None], (extra, limit.shape[1]))]),
            self.area_node,
            self.outlet_room,
            self.intake_node,
        )

    def shared(self, side: int) -> tuple[Waterways, Claims, Floats]:
        """Return what sharing asks for.

        Parameters
        ----------
        side : 0 with all unknowns at their worst, 1 at their best.

        Returns
        -------
        tuple[Waterways, Claims, Floats] : the ways, whose first reaches are the pieces that carry, in their order; what
            the areas in ``areas`` claim; what intakes offer, m3/s.
        """
        ways = self._ways(self.conveyance[side], self.limit[side], self.lift[side])
        return ways, self._claims(), self.supply[self.intakes]

    def area_distance(self) -> Floats:
        """Return how far along the water each area lies.

        Returns
        -------
        float64 (areas,), m; NaN where no intake leads.
        """
        found = np.full(len(self.fields.code), np.nan)
        there = np.flatnonzero((self.fields.outlet_area != NOWHERE) & (self.network.outlet_node != NOWHERE))
        if len(there):
            node = node_distances_m(self.reaches, self.network)[self.network.outlet_node[there]]
            least = np.full(len(found), np.inf)
            np.minimum.at(least, self.fields.outlet_area[there], node)
            found = np.where(np.isfinite(least), least, np.nan)
        return found

    def _claims(self) -> Claims:
        fields = self.fields
        distance = np.nan_to_num(self.area_distance()[self.areas], nan=np.finfo(float).max)
        return Claims(
            fields.need_m3[self.areas] / self.seconds,
            fields.area_ha[self.areas],
            fields.garden_m3[self.areas] / self.seconds,
            distance,
            fields.code[self.areas],
        )

    def run(self, rule: str, per: str, side: int) -> Delivery:
        """Share the water once.

        Parameters
        ----------
        rule : who gets how much.
        per : what max-min levels.
        side : 0 with all unknowns at their worst, 1 at their best.

        Returns
        -------
        Delivery : volumes of the periods.
        """
        shares = share_water(*self.shared(side), rule, per=per)
        periods, count = len(self.seconds), len(self.carries)

        def whole(rows: Ints, values: Floats, size: int, empty: float) -> Floats:
            result = np.full((size, periods), empty)
            result[rows] = values
            return result

        taken = shares.flow_m3_s[:count] * self.seconds
        lost = taken * (1 - self.conveyance[side])[:, None]
        intakes = len(self.network.intake_node)
        diverted = shares.diverted_m3_s * self.seconds
        pieces = len(self.network.pieces.reach)
        return Delivery(
            whole(self.areas, shares.ratio, len(self.fields.code), np.nan),
            whole(self.areas, shares.delivered_m3_s * self.seconds, len(self.fields.code), np.nan),
            whole(self.carries, taken, pieces, np.nan),
            whole(self.carries, lost, pieces, np.nan),
            whole(self.intakes, diverted, intakes, np.nan),
            self.drinking * self.seconds,
            whole(self.intakes, diverted * (1 - self.lift[side][self.intakes])[:, None], intakes, np.nan),
        )

    def wanted(self) -> Floats:
        """Return the need beyond each piece at best, whatever limits and supplies are.

        Returns
        -------
        float64 (pieces, periods), m3/s, losses in it; NaN where a need is unknown.
        """
        free = self._ways(self.conveyance.best, np.full((len(self.carries), 1), np.inf), self.lift.best)
        limits = np.full(len(free.tail), np.inf)
        free = Waterways(free.tail, free.head, free.conveyance, limits, free.area_node, np.inf, free.intake_node)
        plenty = np.full((len(self.intakes), len(self.seconds)), 1e12)
        result = np.full((len(self.network.pieces.reach), len(self.seconds)), np.nan)
        shares = share_water(free, self._claims(), plenty, "proportional")
        result[self.carries] = shares.flow_m3_s[: len(self.carries)]
        return result


def least_ratio(ratio: ArrayLike, counts: ArrayLike) -> Floats:
    """Return the least ratio over the periods that count for a crop.

    Parameters
    ----------
    ratio : float (..., periods), delivered over needed, NaN unknown.
    counts : bool (..., periods), periods that count.

    Returns
    -------
    float64 (...,); NaN where no period counts or one that does is unknown: unknown never improves anything.
    """
    values, there = np.asarray(ratio, dtype=np.float64), np.asarray(counts, dtype=bool)
    least = np.where(there, values, np.inf).min(axis=-1)
    return np.where(there.any(axis=-1) & np.isfinite(least), least, np.nan)
