"""What is wrong with a network as it is mapped: every fault with its place and a sentence."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import shapely
from scipy.sparse import coo_matrix
from scipy.sparse.csgraph import connected_components

from geo.water.network.build import facing_nodes, open_of
from geo.water.network.joints import rows_of, whole_lines
from geo.water.network.parts import MATTERING, NOWHERE, Fault, Floats, Ints, Network, Points, Reaches, Shapes, Words

NEAR_M = 100.0  # m, an upper end nearer to a canal was probably meant to join it; default to calibrate


def find_faults(
    reaches: Reaches, outlets: Points, intakes: Points, areas: Words, capacity_m3_s: Floats, network: Network
) -> list[Fault]:
    """List the faults of a network.

    Parameters
    ----------
    reaches : as they are mapped.
    outlets : likewise.
    intakes : likewise.
    areas : str (n,), codes of the command areas that are mapped.
    capacity_m3_s : float64 (reaches,), NaN unknown.
    network : built of them.

    Returns
    -------
    list[Fault] : by kind, then by code.
    """
    lines, apart = whole_lines(reaches.geometry)
    middle = shapely.line_interpolate_point(lines, 0.5, normalized=True) if len(lines) else lines
    spot = shapely.get_coordinates(middle)
    found: list[Fault] = []

    def at_reach(kind: str, rows: Ints, values: Sequence[dict[str, str]] | None = None) -> None:
        for k, row in enumerate(rows):
            found.append(_fault(kind, str(reaches.code[row]), spot[row], values[k] if values else {}))

    at_reach("line in parts", np.flatnonzero(apart))
    at_reach("direction unknown", np.flatnonzero(~reaches.flow_known & ~reaches.closed))
    at_reach("capacity missing", np.flatnonzero(np.isnan(capacity_m3_s) & ~reaches.closed))
    rise = reaches.tail_level_m - reaches.head_level_m
    up = np.flatnonzero(rise > 2 * reaches.level_sigma_m)
    at_reach("uphill", up, [{"rise": f"{rise[row]:.1f}"} for row in up])
    found += _circles(reaches, network) + _facing(reaches, network)
    found += _ends(reaches, network, lines)
    found += _unfed(reaches, network)
    found += _canals(reaches, network)
    for what, points, nodes in (("Outlet", outlets, network.outlet_node), ("Intake", intakes, network.intake_node)):
        found += _points(what, points, nodes, reaches, lines)
    served = rows_of(areas, outlets.area)
    for row in np.flatnonzero(served == NOWHERE):
        found.append(_fault("outlet without area", str(outlets.code[row]), _xy(outlets, int(row)), {}))
    for code in np.delete(areas, served[served != NOWHERE]):
        found.append(_fault("area without outlet", str(code), (np.nan, np.nan), {}))
    names = rows_of(reaches.code, reaches.upstream)
    for row in np.flatnonzero((names == NOWHERE) & (reaches.upstream != "")):
        named = {"what": "Canal reach", "reach": str(reaches.upstream[row])}
        found.append(_fault("unknown code", str(reaches.code[row]), spot[row], named))
    return sorted(found, key=lambda fault: (fault.kind, fault.code))


def find_bottlenecks(reaches: Reaches, network: Network, limit_m3_s: Floats, wanted_m3_s: Floats) -> list[Fault]:
    """List the reaches that take in less than is needed beyond them.

    Parameters
    ----------
    reaches : as they are mapped.
    network : built of them.
    limit_m3_s : float64 (pieces,), what pieces take in at most; NaN or inf where nothing is known to limit them.
    wanted_m3_s : float64 (pieces,), greatest need beyond, losses in it.

    Returns
    -------
    list[Fault] : one a reach, at its first such piece, by code.
    """
    pieces = network.pieces
    short = np.flatnonzero(limit_m3_s < wanted_m3_s * (1 - 1e-9))
    found: dict[str, Fault] = {}
    for piece in short:
        row = pieces.reach[piece]
        values = {"capacity": f"{limit_m3_s[piece]:.3g}", "need": f"{wanted_m3_s[piece]:.3g}"}
        found.setdefault(
            str(reaches.code[row]),
            _fault("capacity below need", str(reaches.code[row]), network.node_xy[pieces.tail[piece]], values),
        )
    return [found[code] for code in sorted(found)]


def _fault(kind: str, code: str, xy: Sequence[float] | Floats, values: dict[str, str]) -> Fault:
    return Fault(kind, code, float(xy[0]), float(xy[1]), kind in MATTERING, values)


def _xy(points: Points, row: int) -> tuple[float, float]:
    return float(shapely.get_x(points.geometry[row])), float(shapely.get_y(points.geometry[row]))


def _circles(reaches: Reaches, network: Network) -> list[Fault]:
    """One fault a circle, at its reach of the first code."""
    pieces, nodes = network.pieces, len(network.node_xy)
    carries = np.flatnonzero(~reaches.closed[pieces.reach])
    tail, head = pieces.tail[carries], pieces.head[carries]
    links = coo_matrix((np.ones(len(tail)), (tail, head)), shape=(nodes, nodes))
    circle = connected_components(links, directed=True, connection="strong")[1]
    inside = carries[(circle[tail] == circle[head])]
    found: dict[int, Fault] = {}
    for piece in inside:
        code = str(reaches.code[pieces.reach[piece]])
        key = int(circle[pieces.tail[piece]])
        if key not in found or code < found[key].code:
            found[key] = _fault("loop", code, network.node_xy[pieces.tail[piece]], {})
    return list(found.values())


def _facing(reaches: Reaches, network: Network) -> list[Fault]:
    pieces = open_of(reaches, network.pieces)
    used = np.concatenate([network.outlet_node, network.intake_node])
    found = []
    for v in facing_nodes(reaches, pieces, used, len(network.node_xy)):
        rows = pieces.reach[(pieces.head == v) | (pieces.tail == v)]
        names = ", ".join(sorted(set(reaches.code[rows].tolist())))
        found.append(_fault("two directions", names, network.node_xy[v], {}))
    return found


def _ends(reaches: Reaches, network: Network, lines: Shapes) -> list[Fault]:
    """Upper ends that no water comes to, and lower ends that lead nowhere."""
    pieces, nodes = network.pieces, len(network.node_xy)
    comes, goes = np.bincount(pieces.head, minlength=nodes), np.bincount(pieces.tail, minlength=nodes)
    fed, served = np.zeros(nodes, dtype=bool), np.zeros(nodes, dtype=bool)
    fed[network.intake_node[network.intake_node != NOWHERE]] = True
    served[network.outlet_node[network.outlet_node != NOWHERE]] = True
    with_intake = np.isin(network.system, network.system[fed])
    found = []
    tree = shapely.STRtree(lines)
    for piece in np.flatnonzero((comes[pieces.tail] == 0) & ~fed[pieces.tail]):
        row = pieces.reach[piece]
        xy = network.node_xy[pieces.tail[piece]]
        away = _next_line(tree, lines, xy, row)
        # Without an intake it is a fault of the whole system, unless a canal passes near that end.
        if with_intake[pieces.tail[piece]] or float(away) <= NEAR_M:
            found.append(_fault("dangling", str(reaches.code[row]), xy, {"distance": away}))
    for piece in np.flatnonzero((goes[pieces.head] == 0) & ~served[pieces.head]):
        row = pieces.reach[piece]
        # The rest of a reach beyond its last outlet leads nowhere and harms nobody.
        if not served[pieces.tail[piece]]:
            found.append(_fault("leads nowhere", str(reaches.code[row]), network.node_xy[pieces.head[piece]], {}))
    return found


def _next_line(tree: shapely.STRtree, lines: Shapes, xy: Floats, but: int) -> str:
    """Distance to the next line but one, m, as text."""
    point = shapely.points(xy)
    reach_m = 100.0
    while reach_m < 1e6:
        near = tree.query(point, predicate="dwithin", distance=reach_m)
        near = near[near != but]
        if len(near):
            return f"{float(shapely.distance(lines[near], point).min()):.0f}"
        reach_m *= 10
    return "1000000"


def _unfed(reaches: Reaches, network: Network) -> list[Fault]:
    """One fault a system without an intake, at its reach of the first code."""
    fed = np.unique(network.system[network.intake_node[network.intake_node != NOWHERE]])
    of_piece = network.system[network.pieces.tail]
    found = []
    for system in np.setdiff1d(np.unique(of_piece), fed):
        pieces = np.flatnonzero(of_piece == system)
        codes = reaches.code[network.pieces.reach[pieces]]
        first = int(np.argsort(codes)[0])
        others = {"others": str(len(set(codes.tolist())) - 1)}
        xy = network.node_xy[network.pieces.tail[pieces[first]]]
        found.append(_fault("no intake", str(codes[first]), xy, others))
    return found


def _canals(reaches: Reaches, network: Network) -> list[Fault]:
    """Canals drawn in parts that do not touch."""
    pieces, nodes = network.pieces, len(network.node_xy)
    names, canal = np.unique(reaches.canal, return_inverse=True)
    name = canal[pieces.reach]
    keys, number = np.unique(
        np.concatenate([name * nodes + pieces.tail, name * nodes + pieces.head]), return_inverse=True
    )
    count = len(pieces.reach)
    links = coo_matrix((np.ones(count), (number[:count], number[count:])), shape=(len(keys), len(keys)))
    part = connected_components(links, directed=False)[1]
    found = []
    of_key = keys // max(nodes, 1)
    pairs = np.unique(np.column_stack([of_key, part]), axis=0)
    for k, parts in enumerate(np.bincount(pairs[:, 0], minlength=len(names))):
        if names[k] and parts > 1:
            row = int(np.flatnonzero(name == k)[0])
            xy = network.node_xy[pieces.tail[row]]
            found.append(_fault("canal in parts", str(names[k]), xy, {"parts": str(parts)}))
    return found


def _points(what: str, points: Points, nodes: Ints, reaches: Reaches, lines: Shapes) -> list[Fault]:
    found = []
    missing = rows_of(reaches.code, points.reach) == NOWHERE
    tree = shapely.STRtree(lines)
    for row in np.flatnonzero(nodes == NOWHERE):
        code, xy = str(points.code[row]), _xy(points, int(row))
        if missing[row] and points.reach[row] != "":
            found.append(_fault("unknown code", code, xy, {"what": what, "reach": str(points.reach[row])}))
        else:
            away = {"distance": _next_line(tree, lines, np.array(xy), NOWHERE)}
            found.append(_fault(f"{what.lower()} off", code, xy, away))
    return found
