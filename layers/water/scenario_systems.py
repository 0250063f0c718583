"""The systems that a scenario reaches, cut out of the network as it is and as it becomes."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from geo.water.network.parts import NOWHERE
from geo.water.scenario.cut import Cut, Reached, areas_at, cut_network, reached_nodes
from layers.water.alteration import Alteration
from layers.water.networks import StoredNetwork
from layers.water.systems import Systems


def cut_alike(now: Systems, then: Systems, alteration: Alteration) -> tuple[Cut, Cut]:
    """Return what is reached without a scenario and with it: the same areas, and all that hangs together with them.

    Parameters
    ----------
    now : as it is.
    then : as it becomes.
    alteration : of the scenario.
    """
    both = (now, then)
    reached = [alteration.reached(systems.stored) for systems in both]
    while True:
        nodes = [
            reached_nodes(systems.stored.reaches, systems.stored.network, systems.fields, change)
            for systems, change in zip(both, reached, strict=True)
        ]
        names = [_named(systems, seen) for systems, seen in zip(both, nodes, strict=True)]
        every = [np.union1d(one, other) for one, other in zip(*names, strict=True)]
        wider = [_rows_named(systems.stored, every, change) for systems, change in zip(both, reached, strict=True)]
        if all(
            len(a) == len(b) for new, old in zip(wider, reached, strict=True) for a, b in zip(new, old, strict=True)
        ):
            break
        reached = wider
    cuts = [
        cut_network(
            *(systems.stored.reaches, systems.stored.network, systems.beds, systems.offers, systems.fields),
            *(seen, change.area if alteration.lines() else None),
        )
        for systems, seen, change in zip(both, nodes, reached, strict=True)
    ]
    return cuts[0], cuts[1]


def _named(systems: Systems, nodes: NDArray[np.bool_]) -> tuple[NDArray[np.str_], ...]:
    """Codes of reaches, areas and intakes at some nodes."""
    stored, network = systems.stored, systems.stored.network
    fed = network.intake_node
    return (
        stored.reaches.code[np.unique(network.pieces.reach[nodes[network.pieces.tail]])],
        systems.fields.code[areas_at(network, systems.fields, nodes)],
        stored.intakes.code[(fed != NOWHERE) & nodes[np.where(fed == NOWHERE, 0, fed)]],
    )


def _rows_named(stored: StoredNetwork, names: list[NDArray[np.str_]], change: Reached) -> Reached:
    """Rows of what has these names in a network, beside those that are changed."""
    codes = (stored.reaches.code, stored.areas, stored.intakes.code)
    return Reached(
        *(
            np.union1d(np.flatnonzero(np.isin(own, named)), rows)
            for own, named, rows in zip(codes, names, change, strict=True)
        )
    )
