"""Exact distance from plots to the nearest canal, road or point, with which one and where on it.

A canal is many kilometres long, so the boxes an R-tree keeps of whole lines overlap and every plot ends up measured
against many long lines. Here the lines are cut into their segments and the segments are listed per cell of a uniform
grid; a plot looks at the cells around it, ring by ring, until no cell further out can hold anything nearer (the bucket
method of Bentley, Weide and Yao, "Optimal expected-time algorithms for closest point problems", ACM TOMS 6, 1980).
"""

from __future__ import annotations

from dataclasses import dataclass
from math import floor, hypot, sqrt

import numpy as np
import shapely
from numba import njit
from numpy.typing import NDArray

from geo.errors import GeometryError
from geo.kernel import innermost
from geo.ragged import Geometries, Ragged, ragged
from geo.threads import over_blocks

Floats = NDArray[np.float64]
Indices = NDArray[np.int64]

CELLS_PER_SEGMENT = 1.0  # mean; fewer make long lists, more make long walks over empty cells
COINCIDENT_M = 1e-7  # nearer than this two places are one; a hundred times the last digit of a northing
ROUNDING_M = 1e-6  # a thousand times the last digit of a northing
MOST_CELLS = 4_000_000  # cells of the grid of segments, 16 MB of starts each


@dataclass(frozen=True, slots=True)
class NearestLine:
    """The nearest line to each of n geometries.

    index : int64 (n,), position among the lines, -1 where none is near enough. distance_m : float64 (n,), 0 where the
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


@njit(cache=True, nogil=True, error_model="numpy")
def _cut(xy, path_start, geometry_start):  # type: ignore[no-untyped-def]
    """Segments (m, 5): ends x0 y0 x1 y1 and where the segment begins along its line; the line of each (m,)."""
    count = 0
    for p in range(path_start.size - 1):
        count += max(path_start[p + 1] - path_start[p] - 1, min(path_start[p + 1] - path_start[p], 1))
    segments = np.empty((count, 5), dtype=np.float64)
    lines = np.empty(count, dtype=np.int64)
    s = 0
    for g in range(geometry_start.size - 1):
        along = 0.0
        for p in range(geometry_start[g], geometry_start[g + 1]):
            first, last = path_start[p], path_start[p + 1]
            for i in range(first, max(last - 1, min(first + 1, last))):
                j = min(i + 1, last - 1)  # a point is a segment from itself to itself
                segments[s, 0], segments[s, 1] = xy[i, 0], xy[i, 1]
                segments[s, 2], segments[s, 3] = xy[j, 0], xy[j, 1]
                segments[s, 4] = along
                lines[s] = g
                along += hypot(xy[j, 0] - xy[i, 0], xy[j, 1] - xy[i, 1])
                s += 1
    return segments, lines


@njit(cache=True, nogil=True, error_model="numpy")
def _columns_met(segments, s, row, x_min, y_min, cell, cols):  # type: ignore[no-untyped-def]
    """First and last column whose cell in this row the segment may meet, one cell wider where rounding could matter."""
    x0, y0, x1, y1 = segments[s, 0], segments[s, 1], segments[s, 2], segments[s, 3]
    low, high = min(x0, x1), max(x0, x1)
    if y0 != y1:
        xa = x0 + (y_min + row * cell - y0) * (x1 - x0) / (y1 - y0)
        xb = x0 + (y_min + (row + 1) * cell - y0) * (x1 - x0) / (y1 - y0)
        low, high = max(low, min(xa, xb)), min(high, max(xa, xb))
    slack = 1e-6 * cell
    first = int(min(max(floor((low - slack - x_min) / cell), 0.0), cols - 1.0))
    last = int(min(max(floor((high + slack - x_min) / cell), 0.0), cols - 1.0))
    return first, last


@njit(cache=True, nogil=True, error_model="numpy")
def _list_segments(segments, x_min, y_min, cell, rows, cols):  # type: ignore[no-untyped-def]
    """Segments met by each cell: where the list of a cell starts (cells + 1) and the lists, one after another."""
    starts = np.zeros(rows * cols + 1, dtype=np.int64)
    listed = np.empty(0, dtype=np.int32)
    for filling in range(2):
        if filling:
            total = 0
            for k in range(rows * cols + 1):
                total += starts[k]
                starts[k] = total
            listed = np.empty(total, dtype=np.int32)
        # Backwards when filling, since each list is filled from its end: segments then stand in rising order.
        for k in range(len(segments)):
            s = len(segments) - 1 - k if filling else k
            low, high = min(segments[s, 1], segments[s, 3]), max(segments[s, 1], segments[s, 3])
            row0 = int(min(max(floor((low - y_min) / cell), 0.0), rows - 1.0))
            row1 = int(min(max(floor((high - y_min) / cell), 0.0), rows - 1.0))
            for row in range(row0, row1 + 1):
                col0, col1 = _columns_met(segments, s, row, x_min, y_min, cell, cols)
                for col in range(col0, col1 + 1):
                    if filling:
                        starts[row * cols + col] -= 1
                        listed[starts[row * cols + col]] = s
                    else:
                        starts[row * cols + col] += 1
    return starts, listed


@njit(cache=True, nogil=True, error_model="numpy")
def _rings_to_occupied(starts, rows, cols):  # type: ignore[no-untyped-def]
    """Rings (Chebyshev distance in cells) from each cell to the nearest one that lists a segment."""
    far = rows + cols
    rings = np.full((rows, cols), far, dtype=np.int32)
    for r in range(rows):
        for c in range(cols):
            if starts[r * cols + c + 1] > starts[r * cols + c]:
                rings[r, c] = 0
                continue
            for dr, dc in ((-1, -1), (-1, 0), (-1, 1), (0, -1)):
                if r + dr >= 0 and 0 <= c + dc < cols:
                    rings[r, c] = min(rings[r, c], rings[r + dr, c + dc] + 1)
    for r in range(rows - 1, -1, -1):
        for c in range(cols - 1, -1, -1):
            for dr, dc in ((1, 1), (1, 0), (1, -1), (0, 1)):
                if r + dr < rows and 0 <= c + dc < cols:
                    rings[r, c] = min(rings[r, c], rings[r + dr, c + dc] + 1)
    return rings


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
def _inside(xy, path_start, first_path, last_path, x, y):  # type: ignore[no-untyped-def]
    """Whether the point lies inside the polygon, by the even-odd rule over all its rings."""
    odd = False
    for p in range(first_path, last_path):
        for i in range(path_start[p], path_start[p + 1] - 1):
            y0, y1 = xy[i, 1], xy[i + 1, 1]
            if (y0 > y) != (y1 > y) and x < xy[i, 0] + (y - y0) * (xy[i + 1, 0] - xy[i, 0]) / (y1 - y0):
                odd = not odd
    return odd


@innermost(error_model="numpy")
def _to_geometry(  # type: ignore[no-untyped-def]
    xy, path_start, first_path, last_path, near_start, sx, sy, ex, ey, limit
):
    """Squared distance of one segment to one geometry and the share along the segment where it is reached first."""
    west, east, south, north = min(sx, ex), max(sx, ex), min(sy, ey), max(sy, ey)
    best, share = np.inf, 0.0
    if near_start and _inside(xy, path_start, first_path, last_path, sx, sy):
        return 0.0, 0.0
    for p in range(first_path, last_path):
        first, last = path_start[p], path_start[p + 1]
        for i in range(first, max(last - 1, min(first + 1, last))):
            j = min(i + 1, last - 1)
            ax, ay, bx, by = xy[i, 0], xy[i, 1], xy[j, 0], xy[j, 1]
            gap_x = max(min(ax, bx) - east, west - max(ax, bx), 0.0)
            gap_y = max(min(ay, by) - north, south - max(ay, by), 0.0)
            if gap_x * gap_x + gap_y * gap_y > min(best, limit):
                continue
            d, t = _between(ax, ay, bx, by, sx, sy, ex, ey)
            if d < best or (d == best and t < share):
                best, share = d, t
    return best, share


@innermost(error_model="numpy")
def _search(  # type: ignore[no-untyped-def]
    xy, path_start, geometry_start, areal, segments, lines, starts, listed, rings, x_min, y_min, cell, within,
    index, place, seen, found, off, start, stop,
):  # fmt: skip
    """Fill index (n,) and place (n, 4: distance, x, y, along) for the geometries start..stop.

    seen, found, off : room for a mark per segment, -1 to begin with: the geometry it was last looked at for; and for
    the segments of a ring of cells with their squared distance from the middle of the geometry.
    """
    rows, cols = rings.shape
    for g in range(start, stop):
        index[g] = -1
        place[g, :] = np.nan
        first_path, last_path = geometry_start[g], geometry_start[g + 1]
        west, east, south, north = np.inf, -np.inf, np.inf, -np.inf
        for p in range(first_path, last_path):
            for i in range(path_start[p], path_start[p + 1]):
                west, east = min(west, xy[i, 0]), max(east, xy[i, 0])
                south, north = min(south, xy[i, 1]), max(north, xy[i, 1])
        if not (west <= east and south <= north):
            continue
        # The window of cells under the geometry's box, held inside the grid.
        col0 = int(min(max(floor((west - x_min) / cell), 0.0), cols - 1.0))
        col1 = int(min(max(floor((east - x_min) / cell), 0.0), cols - 1.0))
        row0 = int(min(max(floor((south - y_min) / cell), 0.0), rows - 1.0))
        row1 = int(min(max(floor((north - y_min) / cell), 0.0), rows - 1.0))
        ring = rows + cols
        for row in range(row0, row1 + 1):
            for col in range(col0, col1 + 1):
                ring = min(ring, rings[row, col])
        limit = within * within  # squared: the best so far, or the bound
        centre_x, centre_y = 0.5 * (west + east), 0.5 * (south + north)
        radius = 0.5 * hypot(east - west, north - south)
        reach = within + radius + ROUNDING_M  # from the centre; nothing beyond it can be as near as the limit
        line, along = -1, 0.0
        while True:
            r0, r1, c0, c1 = row0 - ring, row1 + ring, col0 - ring, col1 + ring
            # What has not been looked at lies in the grid's cells from this ring outwards: how near can it be?
            gap = np.inf
            if c0 >= 0:
                gap = min(gap, west - (x_min + (c0 + 1) * cell))
            if c1 < cols:
                gap = min(gap, x_min + c1 * cell - east)
            if r0 >= 0:
                gap = min(gap, south - (y_min + (r0 + 1) * cell))
            if r1 < rows:
                gap = min(gap, y_min + r1 * cell - north)
            if gap == np.inf or (gap > 0.0 and gap * gap > limit):
                break
            n = 0
            for row in range(max(r0, 0), min(r1, rows - 1) + 1):
                whole = ring == 0 or row in (r0, r1)
                col = max(c0, 0)
                while col <= min(c1, cols - 1):
                    if not whole and c0 < col < c1:
                        col = c1  # the inside was looked at in earlier rings
                        continue
                    for k in range(starts[row * cols + col], starts[row * cols + col + 1]):
                        s = listed[k]
                        if seen[s] == g:
                            continue
                        seen[s] = g
                        x0, y0, x1, y1 = segments[s, 0], segments[s, 1], segments[s, 2], segments[s, 3]
                        t = _nearest_on(x0, y0, x1, y1, centre_x, centre_y)
                        away_x, away_y = centre_x - (x0 + t * (x1 - x0)), centre_y - (y0 + t * (y1 - y0))
                        off[n] = away_x * away_x + away_y * away_y
                        if off[n] <= reach * reach:
                            found[n] = s
                            if off[n] < off[0]:  # the likeliest first: what it leaves within reach is little
                                found[0], found[n] = found[n], found[0]
                                off[0], off[n] = off[n], off[0]
                            n += 1
                    col += 1
            for i in range(n):
                if off[i] > reach * reach:
                    continue
                s = found[i]
                x0, y0, x1, y1 = segments[s, 0], segments[s, 1], segments[s, 2], segments[s, 3]
                dx, dy = x1 - x0, y1 - y0
                near_start = areal[g] and west <= x0 <= east and south <= y0 <= north
                d, t = _to_geometry(xy, path_start, first_path, last_path, near_start, x0, y0, x1, y1, limit)
                if d > limit:
                    continue
                here = segments[s, 4] + t * hypot(dx, dy)
                if line < 0 or d < limit or lines[s] < line or (lines[s] == line and here < along):
                    limit, line, along = d, lines[s], here
                    reach = sqrt(limit) + radius + ROUNDING_M
                    place[g, 0] = sqrt(d)
                    place[g, 1], place[g, 2] = x0 + t * dx, y0 + t * dy
                    place[g, 3] = here
            ring += 1
        index[g] = line


def _check_dimension(targets: Ragged, geometries: Geometries, dimension: int, kind: str) -> None:
    wrong = (np.diff(targets.geometry_start) > 0) & (shapely.get_dimensions(geometries) != dimension)
    if wrong.any():
        raise GeometryError(f"Geometry {int(np.argmax(wrong))} to measure to is not a {kind}.")


def _nearest(geometries: Geometries | Ragged, targets: Ragged, within_m: float) -> tuple[Indices, Floats]:
    shapes = geometries if isinstance(geometries, Ragged) else ragged(geometries)
    n = len(shapes)
    index, place = np.full(n, -1, dtype=np.int64), np.full((n, 4), np.nan)
    segments, lines = _cut(*targets.paths)
    if not within_m >= 0.0:
        raise ValueError(f"A search distance of {within_m} m is not a distance.")
    if len(segments) == 0 or n == 0:
        return index, place
    if not np.isfinite(segments).all():
        raise GeometryError("A line or point to measure to has a coordinate that is not a number.")
    x_min, y_min = segments[:, 0:4:2].min(), segments[:, 1:4:2].min()
    width, height = segments[:, 0:4:2].max() - x_min, segments[:, 1:4:2].max() - y_min
    cells = min(max(len(segments) * CELLS_PER_SEGMENT, 1.0), MOST_CELLS)
    # At least a square of the mean area; a long thin extent is bounded by its length instead.
    cell = max(sqrt(width * height / cells), max(width, height) / cells, 1.0)
    rows, cols = int(height // cell) + 1, int(width // cell) + 1
    starts, listed = _list_segments(segments, x_min, y_min, cell, rows, cols)
    rings = _rings_to_occupied(starts, rows, cols)

    def search(start: int, stop: int) -> None:
        seen = np.full(len(segments), -1, dtype=np.int64)
        _search(
            *shapes.paths, shapes.areal, segments, lines, starts, listed, rings, x_min, y_min, cell, float(within_m),
            index, place, seen, np.empty_like(lines), np.empty(len(segments)), start, stop,
        )  # fmt: skip

    over_blocks(search, n, block=16_384)  # each block keeps a mark per segment
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
