"""Where canal lines touch: ends that lie together, ends on other lines, and what codes say against the drawing."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
import shapely
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from geo.water.network.parts import NOWHERE, Floats, Ints, Points, Shapes, Words

SNAP_M = 10.0  # m, ends nearer than this are one; default to calibrate
SAME_M = 0.01  # m, cuts nearer than this along one line are one


class Cuts(NamedTuple):
    """Places along lines: line : int64 (c,); at_m : float64 (c,)."""

    line: Ints
    at_m: Floats


class Joints(NamedTuple):
    """Places along lines, and pairs of them that are one: ``pairs`` : int64 (k, 2), positions in ``cuts``.

    The first 2n cuts are the upper ends of the n lines, then their lower ends; those of outlets and intakes follow at
    the positions given for them, -1 where they lie at no line.
    """

    cuts: Cuts
    pairs: Ints
    outlet_cut: Ints
    intake_cut: Ints


def whole_lines(shapes: Shapes) -> tuple[Shapes, NDArray[np.bool_]]:
    """Return every shape as one line.

    Parameters
    ----------
    shapes : (n,) LineString or MultiLineString, metres.

    Returns
    -------
    tuple[Shapes, NDArray[np.bool_]] : (n,) LineString, and which are drawn in parts that do not touch: those run
        straight from part to part.
    """
    merged = shapely.line_merge(shapes, directed=True)
    apart = shapely.get_type_id(merged) != shapely.GeometryType.LINESTRING
    for row in np.flatnonzero(apart):
        merged[row] = shapely.linestrings(shapely.get_coordinates(shapes[row]))
    return merged, apart


def rows_of(codes: Words, wanted: Words) -> Ints:
    """Return the row of each code.

    Parameters
    ----------
    codes : str (n,), each once.
    wanted : str (m,), empty for none.

    Returns
    -------
    int64 (m,), ``NOWHERE`` where a code is empty or not there.
    """
    if not len(codes):
        return np.full(len(wanted), NOWHERE)
    order = np.argsort(codes)
    place = np.minimum(np.searchsorted(codes[order], wanted), len(codes) - 1)
    return np.where((codes[order][place] == wanted) & (wanted != ""), order[place], NOWHERE)


def find_joints(
    lines: Shapes, codes: Words, upstream: Words, outlets: Points, intakes: Points, snap_m: float = SNAP_M
) -> Joints:
    """Find where lines touch, and where outlets and intakes lie along them. Codes win over geometry.

    Parameters
    ----------
    lines : (n,) LineString, metres, in the direction of flow.
    codes : str (n,)
    upstream : str (n,), code of the reach each takes its water from, empty where the drawing says it.
    outlets : laid on their reach by the nearest point, or by their metres along it.
    intakes : feed the upper end of the reach they name; else what is nearest.
    snap_m : ends within it join, m.

    Returns
    -------
    Joints : cuts and which of them are one.
    """
    count = len(lines)
    length = shapely.length(lines)
    ends = np.concatenate([shapely.get_point(lines, 0), shapely.get_point(lines, -1)]) if count else lines
    line = [np.tile(np.arange(count), 2)]
    at = [np.concatenate([np.zeros(count), length])]
    pairs: list[Ints] = []
    above = rows_of(codes, upstream)
    coded = np.flatnonzero(above != NOWHERE)
    free = np.ones(2 * count, dtype=bool)
    free[coded] = False
    added = 2 * count

    def add(rows: Ints, places: Floats) -> Ints:
        nonlocal added
        line.append(rows)
        at.append(places)
        added += len(rows)
        return np.arange(added - len(rows), added)

    if count:
        tree = cKDTree(shapely.get_coordinates(ends))
        near = tree.query_pairs(snap_m, output_type="ndarray").astype(np.int64)
        near = near[free[near].all(axis=1) & (near[:, 0] % count != near[:, 1] % count)]
        pairs.append(near)
        spots, hosts = shapely.STRtree(lines).query(ends, predicate="dwithin", distance=snap_m)
        keep = free[spots] & (spots % count != hosts)
        spots, hosts = spots[keep], hosts[keep]
        where = shapely.line_locate_point(lines[hosts], ends[spots])
        inside = (where > snap_m) & (where < length[hosts] - snap_m)
        pairs.append(np.column_stack([spots[inside], add(hosts[inside], where[inside])]))
        if len(coded):
            where = shapely.line_locate_point(lines[above[coded]], ends[coded])
            where = np.where(where >= length[above[coded]] - snap_m, length[above[coded]], where)
            pairs.append(np.column_stack([coded, add(above[coded], where)]))
    outlet_cut = _lay(outlets, lines, length, codes, snap_m, add)
    intake_cut = _lay(intakes, lines, length, codes, snap_m, add, upper_end=True)
    together = np.concatenate(pairs) if pairs else np.empty((0, 2), dtype=np.int64)
    return Joints(Cuts(np.concatenate(line), np.concatenate(at)), together, outlet_cut, intake_cut)


def _lay(
    points: Points,
    lines: Shapes,
    length: Floats,
    codes: Words,
    snap_m: float,
    add: Callable[[Ints, Floats], Ints],
    *,
    upper_end: bool = False,
) -> Ints:
    """Lay points on their lines; return their cuts."""
    row = rows_of(codes, points.reach)
    result = np.full(len(row), NOWHERE)
    lost = np.flatnonzero((row == NOWHERE) & (points.reach == ""))
    if len(lines) and len(lost):
        which, found = shapely.STRtree(lines).query_nearest(
            points.geometry[lost], max_distance=snap_m, all_matches=False
        )
        row[lost[which]] = found
    there = np.flatnonzero(row != NOWHERE)
    if len(there):
        hosts = row[there]
        where = shapely.line_locate_point(lines[hosts], points.geometry[there])
        given = points.along_m[there]
        where = np.clip(np.where(np.isnan(given), where, given), 0.0, length[hosts])
        if upper_end:
            named = points.reach[there] != ""
            where = np.where(named | (where <= snap_m), 0.0, where)
        result[there] = add(hosts, where)
    return result
