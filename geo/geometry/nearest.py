"""Exact distance from plots to the nearest canal, road or point, with which one and where on it.

A plot looks for the segment nearest to its middle in the cells around it (``geo.geometry.segment_grid``); how far that
one is bounds the cells and the segments that can hold anything as near. Distances that only decide what is looked at
are reckoned several at a time and rounded as the machine likes; every distance, place and tie that counts is reckoned
the same way whatever was looked at before.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import sqrt

import numpy as np
import shapely
from numpy.typing import NDArray

from geo.compiled.kernel import innermost
from geo.compiled.threads import over_blocks
from geo.errors import GeometryError
from geo.geometry.ragged import Geometries, Ragged, ragged
from geo.geometry.segment_grid import cell_of, inverse, segment_grid

Floats = NDArray[np.float64]
Indices = NDArray[np.int64]

COINCIDENT_M = 1e-7  # nearer than this two places are one; a hundred times the last digit of a northing
ROUNDING_M = 1e-6  # a thousand times the last digit of a northing
STRETCH = 256  # listed segments reckoned at a time; their distances stay in the nearest cache


@dataclass(frozen=True, slots=True)
class NearestLine:
    """The nearest line to each of n geometries.

    index : int64 (n,), position among the lines, -1 where none is near enough and for a geometry without a place
    (missing, empty, or with a coordinate that is not a finite number). distance_m : float64 (n,), 0 where the
    line crosses, touches or lies inside the geometry. x_m, y_m : float64 (n,), the point of the line nearest to the
    geometry; where the line enters the geometry, the first such point along the line. along_m : float64 (n,), distance
    from the start of the line to that point along it, parts of a multiple line one after another. NaN where
    index is -1.
    """

    index: Indices
    distance_m: Floats
    x_m: Floats
    y_m: Floats
    along_m: Floats


@dataclass(frozen=True, slots=True)
class NearestPoint:
    """The nearest point to each of n geometries: as NearestLine, without a place along it."""

    index: Indices
    distance_m: Floats
    x_m: Floats
    y_m: Floats


@innermost(error_model="numpy")
def _nearest_on(x0, y0, x1, y1, x, y):  # type: ignore[no-untyped-def]
    """Share 0..1 along the segment at which it is nearest to the point."""
    dx, dy = x1 - x0, y1 - y0
    length2 = dx * dx + dy * dy
    if length2 == 0.0:
        return 0.0
    return min(max(((x - x0) * dx + (y - y0) * dy) / length2, 0.0), 1.0)


@innermost(error_model="numpy")
def _between(ax, ay, bx, by, sx, sy, ex, ey):  # type: ignore[no-untyped-def]
    """Squared distance of the edge a-b and the segment s-e, and the share along s-e where it is reached first."""
    dx, dy, fx, fy = ex - sx, ey - sy, bx - ax, by - ay
    crossing = dx * fy - dy * fx
    if crossing != 0.0:
        t = ((ax - sx) * fy - (ay - sy) * fx) / crossing
        u = ((ax - sx) * dy - (ay - sy) * dx) / crossing
        if 0.0 <= t <= 1.0 and 0.0 <= u <= 1.0:
            # Along an edge that the segment follows, both shares are rounding: the place must be on the edge too.
            px, py = sx + t * dx, sy + t * dy
            u = _nearest_on(ax, ay, bx, by, px, py)
            gx, gy = px - (ax + u * fx), py - (ay + u * fy)
            if gx * gx + gy * gy <= COINCIDENT_M * COINCIDENT_M:
                return 0.0, t
    best, share = np.inf, 0.0
    for k in range(4):
        if k < 2:  # an end of the edge against the segment
            px, py = (ax, ay) if k == 0 else (bx, by)
            t = _nearest_on(sx, sy, ex, ey, px, py)
            gx, gy = px - (sx + t * dx), py - (sy + t * dy)
        else:  # an end of the segment against the edge
            t = float(k - 2)
            px, py = (sx, sy) if k == 2 else (ex, ey)
            u = _nearest_on(ax, ay, bx, by, px, py)
            gx, gy = px - (ax + u * fx), py - (ay + u * fy)
        d = gx * gx + gy * gy
        if d < best or (d == best and t < share):
            best, share = d, t
    return best, share


@innermost(error_model="numpy")
def _inside(edges, n, x, y):  # type: ignore[no-untyped-def]
    """Whether the point lies inside the polygon of these edges, by the even-odd rule over all its rings."""
    ax, ay, bx, by = edges[0, :n], edges[1, :n], edges[2, :n], edges[3, :n]
    odd = False
    for i in range(n):
        if (ay[i] > y) != (by[i] > y) and x < ax[i] + (y - ay[i]) * (bx[i] - ax[i]) / (by[i] - ay[i]):
            odd = not odd
    return odd


@innermost(error_model="numpy")
def _padded(squared):  # type: ignore[no-untyped-def]
    """The square of a distance longer by what rounding can hide."""
    padded = sqrt(squared) + ROUNDING_M
    return padded * padded


@innermost(error_model="numpy", fastmath={"contract"})
def _off(x0, y0, dx, dy, inverse_length2, x, y):  # type: ignore[no-untyped-def]
    """Squared distance of a point and a segment, but for rounding."""
    away_x, away_y = x - x0, y - y0
    t = min(max((away_x * dx + away_y * dy) * inverse_length2, 0.0), 1.0)
    away_x -= t * dx
    away_y -= t * dy
    return away_x * away_x + away_y * away_y


@innermost(error_model="numpy", fastmath={"contract"})
def _off_stretches(stretches, first, n, x, y, off):  # type: ignore[no-untyped-def]
    """Write the squared distances of a point and n listed segments, but for rounding."""
    after = first + n
    x0, y0, dx, dy = (
        stretches[0, first:after], stretches[1, first:after], stretches[2, first:after], stretches[3, first:after]
    )  # fmt: skip
    inverse_length2 = stretches[4, first:after]
    for k in range(n):
        off[k] = _off(x0[k], y0[k], dx[k], dy[k], inverse_length2[k], x, y)


@innermost(error_model="numpy", fastmath={"contract"})
def _off_edges(edges, n, sx, sy, dx, dy, inverse_length2, off, apart):  # type: ignore[no-untyped-def]
    """Write the squared distances of a segment and n edges by their ends, but for rounding.

    Where they cross, they are nearer than their ends are. ``apart`` is positive where they certainly do not.
    """
    ax, ay, bx, by, inverse_edge2 = edges[0, :n], edges[1, :n], edges[2, :n], edges[3, :n], edges[4, :n]
    off, apart = off[:n], apart[:n]
    for i in range(n):
        px, py, qx, qy = ax[i] - sx, ay[i] - sy, bx[i] - sx, by[i] - sy
        fx, fy = qx - px, qy - py
        edge_ends = min(
            _off(0.0, 0.0, dx, dy, inverse_length2, px, py), _off(0.0, 0.0, dx, dy, inverse_length2, qx, qy)
        )
        own_ends = min(_off(px, py, fx, fy, inverse_edge2[i], 0.0, 0.0), _off(px, py, fx, fy, inverse_edge2[i], dx, dy))
        off[i] = min(edge_ends, own_ends)
        edge_beside = (px * dy - py * dx) * (qx * dy - qy * dx)
        segment_beside = (px * fy - py * fx) * ((px - dx) * fy - (py - dy) * fx)
        apart[i] = max(edge_beside, segment_beside)


@innermost(error_model="numpy")
def _to_edges(edges, n, sx, sy, ex, ey, inverse_length2, cap, off, apart):  # type: ignore[no-untyped-def]
    """Squared distance of a segment to n edges, if not beyond cap, and the share along it where it is reached first."""
    _off_edges(edges, n, sx, sy, ex - sx, ey - sy, inverse_length2, off, apart)
    least = np.inf
    for i in range(n):
        least = min(least, off[i])
    bound = min(_padded(least), cap)
    west, east, south, north = min(sx, ex), max(sx, ex), min(sy, ey), max(sy, ey)
    best, share = np.inf, 0.0
    for i in range(n):
        if off[i] > bound and apart[i] > 0.0:
            continue
        ax, ay, bx, by = edges[0, i], edges[1, i], edges[2, i], edges[3, i]
        gap_x = max(min(ax, bx) - east, west - max(ax, bx), 0.0)
        gap_y = max(min(ay, by) - north, south - max(ay, by), 0.0)
        if gap_x * gap_x + gap_y * gap_y > best:
            continue
        d, t = _between(ax, ay, bx, by, sx, sy, ex, ey)
        if d < best or (d == best and t < share):
            best, share = d, t
    return best, share


@innermost(error_model="numpy")
def _likeliest(grid, row0, row1, col0, col1, x, y, off):  # type: ignore[no-untyped-def]
    """Position in the lists of these cells of the segment nearest to a point, -1 if they list none."""
    cols = grid.rings.shape[1]
    found, least = -1, np.inf
    for row in range(row0, row1 + 1):
        k, after = grid.starts[row * cols + col0], grid.starts[row * cols + col1 + 1]
        while k < after:
            n = min(after - k, off.size)
            _off_stretches(grid.stretches, k, n, x, y, off)
            for i in range(n):
                if off[i] < least:
                    found, least = k + i, off[i]
            k += n
    return found


@innermost(error_model="numpy")
def _search(  # type: ignore[no-untyped-def]
    xy, path_start, geometry_start, areal, grid, within, index, place, seen, mark, edges, off_edges, apart, off
):
    """Fill index (n,) and place (n, 4: distance, x, y, along) for n geometries.

    seen, mark : a mark for each segment, none of them from ``mark`` on: the geometry it was last looked at for. edges,
    off_edges, apart : room for the edges of the largest geometry. off : room for distances to listed segments.
    """
    segments, lines, stretches = grid.segments, grid.lines, grid.stretches
    x_min, y_min, cell = grid.x_min, grid.y_min, grid.cell
    rows, cols = grid.rings.shape
    for g in range(areal.size):
        index[g] = -1
        place[g, 0] = place[g, 1] = place[g, 2] = place[g, 3] = np.nan
        west, east, south, north, total = np.inf, -np.inf, np.inf, -np.inf, 0.0
        n = 0
        for p in range(geometry_start[g], geometry_start[g + 1]):
            first, last = path_start[p], path_start[p + 1]
            for i in range(first, max(last - 1, min(first + 1, last))):
                j = min(i + 1, last - 1)  # a point is an edge from itself to itself
                ax, ay, bx, by = xy[i, 0], xy[i, 1], xy[j, 0], xy[j, 1]
                west, east = min(west, ax, bx), max(east, ax, bx)
                south, north = min(south, ay, by), max(north, ay, by)
                total += ax + ay + bx + by
                edges[0, n], edges[1, n], edges[2, n], edges[3, n] = ax, ay, bx, by
                edges[4, n] = inverse((bx - ax) * (bx - ax) + (by - ay) * (by - ay))
                n += 1
        if n == 0 or not np.isfinite(total):
            continue  # nothing, or not a place
        centre_x, centre_y = 0.5 * (west + east), 0.5 * (south + north)
        radius = 0.5 * sqrt((east - west) * (east - west) + (north - south) * (north - south))
        # The cells under the geometry's box, or those of the grid nearest to it, and rings around until one lists any.
        col0, col1 = cell_of(west, x_min, cell, cols), cell_of(east, x_min, cell, cols)
        row0, row1 = cell_of(south, y_min, cell, rows), cell_of(north, y_min, cell, rows)
        ring = rows + cols
        for row in range(row0, row1 + 1):
            for col in range(col0, col1 + 1):
                ring = min(ring, grid.rings[row, col])
        if (ring - 1) * cell > within + ROUNDING_M:
            continue
        k = _likeliest(
            grid, max(row0 - ring, 0), min(row1 + ring, rows - 1), max(col0 - ring, 0), min(col1 + ring, cols - 1),
            centre_x, centre_y, off,
        )  # fmt: skip
        limit = within * within  # squared: the best so far, or the bound
        nearest_vertex = np.inf
        for i in range(n):
            near = _off(
                stretches[0, k], stretches[1, k], stretches[2, k], stretches[3, k], stretches[4, k],
                edges[0, i], edges[1, i],
            )  # fmt: skip
            nearest_vertex = min(nearest_vertex, near)
        # Nothing further than this from the geometry is the nearest, nothing further than reach from its middle.
        cap = _padded(min(limit, nearest_vertex))
        around = sqrt(cap)
        reach = (around + radius) * (around + radius)
        col0, col1 = cell_of(west - around, x_min, cell, cols), cell_of(east + around, x_min, cell, cols)
        row0, row1 = cell_of(south - around, y_min, cell, rows), cell_of(north + around, y_min, cell, rows)
        segment, line, along = -1, -1, 0.0
        for row in range(row0, row1 + 1):
            k, after = grid.starts[row * cols + col0], grid.starts[row * cols + col1 + 1]
            while k < after:
                m = min(after - k, off.size)
                _off_stretches(stretches, k, m, centre_x, centre_y, off)
                for i in range(m):
                    if off[i] > reach:
                        continue
                    s = grid.listed[k + i]
                    if seen[s] == mark + g:
                        continue
                    seen[s] = mark + g
                    start = segments[s, 4]
                    if limit == 0.0 and 0 <= segment < s and (lines[s] > line or start >= along):
                        continue  # what is in the geometry already comes first
                    x0, y0, x1, y1 = segments[s, 0], segments[s, 1], segments[s, 2], segments[s, 3]
                    gap_x = max(min(x0, x1) - east, west - max(x0, x1), 0.0)
                    gap_y = max(min(y0, y1) - north, south - max(y0, y1), 0.0)
                    if gap_x * gap_x + gap_y * gap_y > cap:
                        continue
                    if areal[g] and west <= x0 <= east and south <= y0 <= north and _inside(edges, n, x0, y0):
                        d, t = 0.0, 0.0
                    else:
                        d, t = _to_edges(edges, n, x0, y0, x1, y1, stretches[4, k + i], cap, off_edges, apart)
                    if d > limit:
                        continue
                    here = start + t * segments[s, 5]
                    later = lines[s] > line or (lines[s] == line and (here > along or (here == along and s > segment)))
                    if segment < 0 or d < limit or not later:
                        limit, segment, line, along = d, s, lines[s], here
                        cap = min(cap, _padded(limit))
                        reach = (sqrt(cap) + radius) * (sqrt(cap) + radius)
                        place[g, 0] = sqrt(d)
                        place[g, 1], place[g, 2] = x0 + t * (x1 - x0), y0 + t * (y1 - y0)
                        place[g, 3] = here
                k += m
        index[g] = line


def _check_dimension(targets: Ragged, geometries: Geometries, dimension: int, kind: str) -> None:
    wrong = (np.diff(targets.geometry_start) > 0) & (shapely.get_dimensions(geometries) != dimension)
    if wrong.any():
        raise GeometryError(f"Geometry {int(np.argmax(wrong))} to measure to is not a {kind}.")


def _nearest(geometries: Geometries | Ragged, targets: Ragged, within_m: float) -> tuple[Indices, Floats]:
    if not within_m >= 0.0:
        raise ValueError(f"A search distance of {within_m} m is not a distance.")
    asking = geometries if isinstance(geometries, Ragged) else np.asarray(geometries, dtype=object).ravel()
    n = len(asking)
    index, place = np.full(n, -1, dtype=np.int64), np.full((n, 4), np.nan)
    grid = segment_grid(targets)
    kept: list[Indices] = []  # marks of segments of blocks that are done, for those to come

    def search(start: int, stop: int) -> None:
        # Coordinates are taken out of the geometries block by block, while another thread is searching.
        if isinstance(asking, Ragged):
            path_start, geometry_start = asking.path_start, asking.geometry_start[start : stop + 1]
            xy, areal = asking.xy, asking.areal[start:stop]
        else:
            block = ragged(asking[start:stop], first=start)
            (xy, path_start, geometry_start), areal = block.paths, block.areal
        if grid is None:
            return
        seen = kept.pop() if kept else np.full(len(grid.lines), -1, dtype=np.int64)
        most = int(np.diff(path_start[geometry_start]).max(initial=0))
        _search(
            xy, path_start, geometry_start, areal, grid, float(within_m), index[start:stop], place[start:stop],
            seen, start, np.empty((5, most)), np.empty(most), np.empty(most), np.empty(STRETCH),
        )  # fmt: skip
        kept.append(seen)

    over_blocks(search, n)
    return index, place


def nearest_line(geometries: Geometries | Ragged, lines: Geometries, *, within_m: float = np.inf) -> NearestLine:
    """Return the line nearest to each geometry, exactly, and where on it.

    geometries : points, lines or polygons in EPSG:32642, or their coordinates made once by ``ragged``. lines : lines
    in EPSG:32642; a missing or empty one is never the nearest. within_m : lines further away than this are not found.
    Of several lines at the same distance the one that comes first among ``lines`` is taken.

    Raises GeometryError for a line that is a polygon or a point.
    """
    targets = ragged(lines)
    _check_dimension(targets, lines, 1, "line")
    index, place = _nearest(geometries, targets, within_m)
    return NearestLine(index, place[:, 0], place[:, 1], place[:, 2], place[:, 3])


def nearest_point(geometries: Geometries | Ragged, points: Geometries, *, within_m: float = np.inf) -> NearestPoint:
    """Return the point nearest to each geometry, exactly; distance 0 where it lies in a polygon.

    Arguments, ties and units as for ``nearest_line``.
    """
    targets = ragged(points)
    _check_dimension(targets, points, 0, "point")
    index, place = _nearest(geometries, targets, within_m)
    return NearestPoint(index, place[:, 0], place[:, 1], place[:, 2])
