"""A directed network from lines: cuts become nodes, what lies between them pieces."""

from __future__ import annotations

import numpy as np
import shapely
from scipy.sparse import coo_matrix
from scipy.sparse.csgraph import connected_components

from geo.water.network.joints import SAME_M, SNAP_M, Joints, find_joints, whole_lines
from geo.water.network.parts import NOWHERE, Floats, Ints, Network, Pieces, Points, Reaches, Shapes


def build_network(reaches: Reaches, outlets: Points, intakes: Points, *, snap_m: float = SNAP_M) -> Network:
    """Build the network of canal reaches, outlets and intakes.

    Parameters
    ----------
    reaches : as they are mapped.
    outlets : likewise; each splits the reach it lies at.
    intakes : likewise.
    snap_m : ends within it join, and a line that ends within it of another splits that, m.

    Returns
    -------
    Network : nothing in it depends on the order of the rows, nor on how lines are cut into reaches.
    """
    lines, apart = whole_lines(reaches.geometry)
    joints = find_joints(lines, reaches.code, reaches.upstream, outlets, intakes, snap_m)
    node, xy, pieces = _cut(joints, lines, snap_m)
    nodes = len(xy)
    system = _components(pieces.tail, pieces.head, nodes, directed=False)
    open_pieces = ~reaches.closed[pieces.reach]
    circle = _components(pieces.tail[open_pieces], pieces.head[open_pieces], nodes, directed=True)
    bad = np.bincount(circle, minlength=nodes)[circle] > 1
    turning = open_pieces & (pieces.tail == pieces.head)
    bad[pieces.tail[turning]] = True
    doubtful = open_pieces & (~reaches.flow_known | apart)[pieces.reach]
    bad[pieces.tail[doubtful]] = True
    outlet_node, intake_node = (
        np.where(cut == NOWHERE, NOWHERE, node[cut]) if len(node) else cut
        for cut in (joints.outlet_cut, joints.intake_cut)
    )
    used = np.concatenate([outlet_node, intake_node])
    bad[facing_nodes(reaches, open_of(reaches, pieces), used, nodes)] = True
    return Network(pieces, xy, outlet_node, intake_node, system, ~np.isin(system, system[bad]))


def open_of(reaches: Reaches, pieces: Pieces) -> Pieces:
    """Return the pieces of the reaches that are not closed.

    Parameters
    ----------
    reaches : of the network.
    pieces : of these reaches.

    Returns
    -------
    Pieces : those that carry water, in the same order.
    """
    carries = ~reaches.closed[pieces.reach]
    return Pieces(
        pieces.reach[carries],
        pieces.start_m[carries],
        pieces.end_m[carries],
        pieces.tail[carries],
        pieces.head[carries],
    )


def _components(tail: Ints, head: Ints, nodes: int, *, directed: bool) -> Ints:
    links = coo_matrix((np.ones(len(tail)), (tail, head)), shape=(nodes, nodes))
    found = connected_components(links, directed=directed, connection="strong" if directed else "weak")
    return np.asarray(found[1], dtype=np.int64)


def _cut(joints: Joints, lines: Shapes, snap_m: float) -> tuple[Ints, Floats, Pieces]:
    """Node of each cut, coordinates of the nodes, and the pieces between cuts."""
    line, at = joints.cuts
    order = np.lexsort((at, line))
    following = (line[order][1:] == line[order][:-1]) & (np.diff(at[order]) <= SAME_M)
    same = np.column_stack([order[:-1][following], order[1:][following]])
    links = np.concatenate([joints.pairs, same])
    group = _components(links[:, 0], links[:, 1], len(line), directed=False)
    between = (line[order][1:] == line[order][:-1]) & ~following
    first, last = order[:-1][between], order[1:][between]
    # Lines that end beside each other on a third cut it in a few places that are one node.
    real = (group[first] != group[last]) | (at[last] - at[first] > 2 * snap_m)
    first, last = first[real], last[real]
    pieces = Pieces(line[first], at[first], at[last], group[first], group[last])
    count = int(group.max()) + 1 if len(group) else 0
    spots = shapely.get_coordinates(shapely.line_interpolate_point(lines[line], at)) if len(line) else np.empty((0, 2))
    weight = np.bincount(group, minlength=count)
    xy = np.column_stack([np.bincount(group, spots[:, axis], count) / np.maximum(weight, 1) for axis in (0, 1)])
    return group, xy, pieces


def facing_nodes(reaches: Reaches, pieces: Pieces, used: Ints, nodes: int) -> Ints:
    """Return the nodes where reaches of one canal run towards or away from each other and nothing else comes or goes.

    Parameters
    ----------
    reaches : as they are mapped.
    pieces : reaches cut at nodes.
    used : int64 (k,), nodes of outlets and intakes, ``NOWHERE`` among them.
    nodes : how many there are.

    Returns
    -------
    int64 (f,), nodes in order.
    """
    runs_in, runs_out = np.bincount(pieces.head, minlength=nodes), np.bincount(pieces.tail, minlength=nodes)
    idle = np.ones(nodes, dtype=bool)
    idle[used[used != NOWHERE]] = False
    found = []
    for ends, own, other in ((pieces.head, runs_in, runs_out), (pieces.tail, runs_out, runs_in)):
        for v in np.flatnonzero((own >= 2) & (other == 0) & idle):
            names = reaches.canal[pieces.reach[ends == v]]
            if len(set(names)) == 1 and names[0]:
                found.append(v)
    return np.array(sorted(set(found)), dtype=np.int64)
