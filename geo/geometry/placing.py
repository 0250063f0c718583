"""Whether boxes lie inside a zone, outside it, or near its border: the cheap and certain part of every overlay.

A box that no edge of a zone comes near lies wholly inside or wholly outside it, which one count of crossings tells;
rounding cannot change it. Only what is near a border needs exact predicates.
"""

from __future__ import annotations

from functools import partial
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from geo.compiled.threads import over_blocks
from geo.geometry.kernels import placing as kernels
from geo.geometry.kernels import sweep
from geo.geometry.ragged import Geometries, ragged


class Edges(NamedTuple):
    """Edges of zones, listed by height; see ``geo.geometry.kernels.sweep``."""

    ends: NDArray[np.float64]
    heights: NDArray[np.float64]
    first_bin: NDArray[np.int64]
    list_start: NDArray[np.int64]
    lists: NDArray[np.int64]


def edges_of(zones: Geometries) -> Edges:
    """Return the edges of zones, listed by height.

    Parameters
    ----------
    zones : valid polygons or multipolygons in a metric CRS; a missing or empty one has no edges

    Returns
    -------
    edges as ``place_boxes`` reads them
    """
    shapes = ragged(zones)
    signs, _ = sweep.ring_signs(shapes.xy, shapes.path_start, shapes.hole)
    ends, _, starts = sweep.zone_edges(*shapes.paths, signs)
    return Edges(ends, *sweep.bin_edges(ends, starts))


def place_boxes(boxes: NDArray[np.float64], edges: Edges, zone: NDArray[np.int64]) -> NDArray[np.int8]:
    """Return where each box lies of its zone.

    Parameters
    ----------
    boxes : float64 (k, 4), west, south, east, north, in the metres of the zones
    edges : from ``edges_of``
    zone : int64 (k,), number of the zone of each box

    Returns
    -------
    int8 (k,), ``OUTSIDE``, ``INSIDE``, or ``NEAR`` an edge
    """
    found = np.empty(len(zone), dtype=np.int8)
    over_blocks(partial(kernels.place_each, boxes, edges, zone, found), len(zone), block=16_384)
    return found
