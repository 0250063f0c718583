"""The systems of a network that a change reaches, cut out of it: computed alone they give what the whole gives."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import coo_matrix
from scipy.sparse.csgraph import connected_components

from geo.water.balance import Beds, Fields, Offers
from geo.water.network.parts import NOWHERE, Ints, Network, Pieces, Reaches


class Cut(NamedTuple):
    """A part of a network, as ``find_balance`` takes it.

    reach, area, intake : int64, which rows of the whole its reaches, areas and intakes are.
    """

    reaches: Reaches
    network: Network
    beds: Beds
    offers: Offers
    fields: Fields
    reach: Ints
    area: Ints
    intake: Ints


class Reached(NamedTuple):
    """Rows that a change is made to: int64 (k,) each, of reaches, areas and intakes."""

    reach: Ints
    area: Ints
    intake: Ints


def reached_nodes(reaches: Reaches, network: Network, fields: Fields, change: Reached) -> NDArray[np.bool_]:
    """Return the nodes of all systems whose balance a change can move.

    Parameters
    ----------
    reaches : as they are mapped.
    network : built of them.
    fields : of the areas.
    change : what is changed.

    Returns
    -------
    bool (nodes,)

    Notes
    -----
    Systems hang together by reaches; by an area that has outlets in both; and by a canal name, since a whole canal's
    length decides what its reaches convey.
    """
    count = int(network.system.max()) + 1 if len(network.system) else 0
    system_of_piece = network.system[network.pieces.tail]
    named = reaches.canal[network.pieces.reach] != ""
    names, canal = np.unique(reaches.canal[network.pieces.reach][named], return_inverse=True)
    served = (fields.outlet_area != NOWHERE) & (network.outlet_node != NOWHERE)
    system_of_outlet = network.system[network.outlet_node[served]]
    area = fields.outlet_area[served]
    one = np.concatenate([system_of_piece[named], system_of_outlet])
    other = np.concatenate([count + canal, count + len(names) + area])
    size = count + len(names) + len(fields.code)
    links = coo_matrix((np.ones(len(one)), (one, other)), shape=(size, size))
    group = connected_components(links, directed=False)[1]
    fed = change.intake[network.intake_node[change.intake] != NOWHERE]
    touched = np.concatenate(
        [
            system_of_piece[np.isin(network.pieces.reach, change.reach)],
            system_of_outlet[np.isin(area, change.area)],
            network.system[network.intake_node[fed]],
        ]
    )
    return np.asarray(np.isin(group[network.system], group[touched]))


def areas_at(network: Network, fields: Fields, nodes: NDArray[np.bool_]) -> Ints:
    """Return the areas that have an outlet at some nodes.

    Parameters
    ----------
    network : of canals.
    fields : of the areas.
    nodes : bool (nodes,).

    Returns
    -------
    int64 (k,), rows of ``fields``, ascending.
    """
    area = np.unique(fields.outlet_area[_at(network.outlet_node, nodes)])
    return np.asarray(area[area != NOWHERE])


def cut_network(
    reaches: Reaches,
    network: Network,
    beds: Beds,
    offers: Offers,
    fields: Fields,
    nodes: NDArray[np.bool_],
    also: Ints | None = None,
) -> Cut:
    """Return whole systems of a network as a network of their own.

    Parameters
    ----------
    reaches : as they are mapped.
    network : built of them.
    beds : of the reaches.
    offers : of the intakes.
    fields : of the areas.
    nodes : bool (nodes,), those that are kept, from ``reached_nodes``.
    also : int64, areas that are kept though no outlet of theirs is; None none.

    Returns
    -------
    Cut : rows in the order they had.
    """
    number = np.where(nodes, np.cumsum(nodes) - 1, NOWHERE)
    pieces = network.pieces
    kept = nodes[pieces.tail]
    reach = np.unique(pieces.reach[kept])
    outlet, intake = (np.flatnonzero(_at(node, nodes)) for node in (network.outlet_node, network.intake_node))
    area = np.union1d(areas_at(network, fields, nodes), np.empty(0, dtype=np.int64) if also is None else also)
    place = np.full(len(fields.code), NOWHERE)
    place[area] = np.arange(len(area))
    owner = fields.outlet_area[outlet]
    parts = Network(
        Pieces(
            np.searchsorted(reach, pieces.reach[kept]),
            pieces.start_m[kept],
            pieces.end_m[kept],
            number[pieces.tail[kept]],
            number[pieces.head[kept]],
        ),
        network.node_xy[nodes],
        number[network.outlet_node[outlet]],
        number[network.intake_node[intake]],
        np.unique(network.system[nodes], return_inverse=True)[1],
        network.ordered[nodes],
    )
    asked = Fields(
        fields.need_m3[area],
        fields.garden_m3[area],
        fields.area_ha[area],
        fields.code[area],
        np.where(owner == NOWHERE, NOWHERE, place[owner]),
        fields.outlet_m3_s[outlet],
        fields.days,
    )
    return Cut(
        Reaches(**{name: column[reach] for name, column in reaches._asdict().items()}),
        parts,
        Beds(**{name: column[reach] for name, column in beds._asdict().items()}),
        Offers(*(column[intake] for column in offers)),
        asked,
        reach,
        area,
        intake,
    )


def _at(node: Ints, nodes: NDArray[np.bool_]) -> NDArray[np.bool_]:
    return np.asarray((node != NOWHERE) & nodes[np.where(node == NOWHERE, 0, node)])
