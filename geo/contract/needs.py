"""Which layers a measure reads, and which plots a change of a layer can reach.

A reach takes in too much rather than too little: a plot that is measured again without need comes out the same, one
that is left out keeps a wrong value. The default is therefore everything.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Everything:
    """A change reaches every plot of the districts whose surroundings it lies in."""


@dataclass(frozen=True, slots=True)
class Within:
    """A change reaches the plots within a distance of what came or went [m]; 0 = those it touches.

    column : attribute of the layer that may give a row a longer distance of its own [m].
    """

    metres: float
    column: str | None = None


@dataclass(frozen=True, slots=True)
class NamedPlots:
    """A change reaches the plots that the rows name, in ``plot_id``."""


@dataclass(frozen=True, slots=True)
class AlongWayHome:
    """A change reaches the plots whose way from home may come as near as this to what came or went [m]."""

    metres: float


@dataclass(frozen=True, slots=True)
class SameCanal:
    """A change of a reach reaches the plots that any reach of its canal feeds.

    within_m : how far from a canal a plot outside of command areas takes water [m].
    """

    within_m: float


Touches = Everything | Within | NamedPlots | AlongWayHome | SameCanal

EVERYTHING = Everything()


@dataclass(frozen=True, slots=True)
class Need:
    """A layer or grid that a measure reads.

    touches : which plots a change of it can reach. unread : attributes the measure does not look at; where rows differ
    in nothing else, no plot is reached.
    """

    layer: str
    touches: Touches = EVERYTHING
    unread: tuple[str, ...] = ()
