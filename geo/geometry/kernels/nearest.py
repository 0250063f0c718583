"""Compiled loops of ``geo.geometry.nearest``."""

from __future__ import annotations

from math import sqrt

import numpy as np

from geo.compiled.kernel import innermost
from geo.geometry.kernels.segment_grid import cell_of, inverse

COINCIDENT_M = 1e-7  # nearer than this two places are one; a hundred times the last digit of a northing
ROUNDING_M = 1e-6  # a thousand times the last digit of a northing


@innermost(error_model="numpy")
def nearest_on(x0, y0, x1, y1, x, y):
    """Share 0..1 along the segment at which it is nearest to the point."""
    dx, dy = x1 - x0, y1 - y0
    length2 = dx * dx + dy * dy
    if length2 == 0.0:
        return 0.0
    return min(max(((x - x0) * dx + (y - y0) * dy) / length2, 0.0), 1.0)


@innermost(error_model="numpy")
def between(ax, ay, bx, by, sx, sy, ex, ey):
    """Squared distance of the edge a-b and the segment s-e, and the share along s-e where it is reached first."""
    dx, dy, fx, fy = ex - sx, ey - sy, bx - ax, by - ay
    crossing = dx * fy - dy * fx
    if crossing != 0.0:
        t = ((ax - sx) * fy - (ay - sy) * fx) / crossing
        u = ((ax - sx) * dy - (ay - sy) * dx) / crossing
        if 0.0 <= t <= 1.0 and 0.0 <= u <= 1.0:
            # Along an edge that the segment follows, both shares are rounding: the place must be on the edge too.
            px, py = sx + t * dx, sy + t * dy
            u = nearest_on(ax, ay, bx, by, px, py)
            gx, gy = px - (ax + u * fx), py - (ay + u * fy)
            if gx * gx + gy * gy <= COINCIDENT_M * COINCIDENT_M:
                return 0.0, t
    best, share = np.inf, 0.0
    for k in range(4):
        if k < 2:  # an end of the edge against the segment
            px, py = (ax, ay) if k == 0 else (bx, by)
            t = nearest_on(sx, sy, ex, ey, px, py)
            gx, gy = px - (sx + t * dx), py - (sy + t * dy)
        else:  # an end of the segment against the edge
            t = float(k - 2)
            px, py = (sx, sy) if k == 2 else (ex, ey)
            u = nearest_on(ax, ay, bx, by, px, py)
            gx, gy = px - (ax + u * fx), py - (ay + u * fy)
        d = gx * gx + gy * gy
        if d < best or (d == best and t < share):
            best, share = d, t
    return best, share


@innermost(error_model="numpy")
def inside(edges, n, x, y):
    """Whether the point lies inside the polygon of these edges, by the even-odd rule over all its rings."""
    ax, ay, bx, by = edges[0, :n], edges[1, :n], edges[2, :n], edges[3, :n]
    odd = False
    for i in range(n):
        if (ay[i] > y) != (by[i] > y) and x < ax[i] + (y - ay[i]) * (bx[i] - ax[i]) / (by[i] - ay[i]):
            odd = not odd
    return odd


@innermost(error_model="numpy")
def _padded(squared):
    """The square of a distance longer by what rounding can hide."""
    padded = sqrt(squared) + ROUNDING_M
    return padded * padded


@innermost(error_model="numpy", fastmath={"contract"})
def _off(x0, y0, dx, dy, inverse_length2, x, y):
    """Squared distance of a point and a segment, but for rounding."""
    away_x, away_y = x - x0, y - y0
    t = min(max((away_x * dx + away_y * dy) * inverse_length2, 0.0), 1.0)
    away_x -= t * dx
    away_y -= t * dy
    return away_x * away_x + away_y * away_y


@innermost(error_model="numpy", fastmath={"contract"})
def off_stretches(stretches, first, n, x, y, off):
    """Write the squared distances of a point and n listed segments, but for rounding."""
    after = first + n
    x0, y0, dx, dy = (
        stretches[0, first:after], stretches[1, first:after], stretches[2, first:after], stretches[3, first:after]
    )  # fmt: skip
    inverse_length2 = stretches[4, first:after]
    for k in range(n):
        off[k] = _off(x0[k], y0[k], dx[k], dy[k], inverse_length2[k], x, y)


@innermost(error_model="numpy", fastmath={"contract"})
def _off_edges(edges, n, sx, sy, dx, dy, inverse_length2, off, apart):
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
def to_edges(edges, n, sx, sy, ex, ey, inverse_length2, cap, off, apart):
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
        d, t = between(ax, ay, bx, by, sx, sy, ex, ey)
        if d < best or (d == best and t < share):
            best, share = d, t
    return best, share


@innermost(error_model="numpy")
def likeliest(grid, row0, row1, col0, col1, x, y, off):
    """Position in the lists of these cells of the segment nearest to a point, -1 if they list none."""
    cols = grid.rings.shape[1]
    found, least = -1, np.inf
    for row in range(row0, row1 + 1):
        k, after = grid.starts[row * cols + col0], grid.starts[row * cols + col1 + 1]
        while k < after:
            n = min(after - k, off.size)
            off_stretches(grid.stretches, k, n, x, y, off)
            for i in range(n):
                if off[i] < least:
                    found, least = k + i, off[i]
            k += n
    return found


@innermost(error_model="numpy")
def search(xy, path_start, geometry_start, areal, grid, within, index, place, seen, mark, edges, off_edges, apart, off):
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
        k = likeliest(
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
                off_stretches(stretches, k, m, centre_x, centre_y, off)
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
                    if areal[g] and west <= x0 <= east and south <= y0 <= north and inside(edges, n, x0, y0):
                        d, t = 0.0, 0.0
                    else:
                        d, t = to_edges(edges, n, x0, y0, x1, y1, stretches[4, k + i], cap, off_edges, apart)
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
