"""Area of a polygon by the highest of the zones that cover each spot, compiled.

No overlay geometry is built. The polygon is swept upwards: at every height where an edge begins, ends or crosses
another one, a new slab begins. Inside a slab no two edges cross, so every piece between neighbouring edges is a
trapezium whose area is its width at half height times the height of the slab. Walking a slab from west to east, the
winding number of each zone tells which zones cover the piece. Where edges coincide, rounding can only swap the order of
two edges that are the same distance along, and what lies between them has no area: the method needs no special cases
and no tolerance (after Bentley and Ottmann, "Algorithms for reporting and counting geometric intersections", IEEE
Trans. Computers C-28, 1979, with slabs in place of a status tree, since a plot has few edges).
"""

from __future__ import annotations

import numpy as np
from numba import njit

EDGES_PER_STRIP = 48  # above this the plot is swept in several strips, so that cost grows with its edges alone
FEW = 128  # keys; from here on sorting by insertion is the slower way
EDGES_PER_BIN = 16  # edges of a zone's bin, the part of its height that is looked through for one plot
MOST_BINS = 512  # bins of one zone; bounds what long edges, which lie in many bins, can take


@njit(cache=True, nogil=True, error_model="numpy")
def ring_signs(xy, path_start, hole):
    """Return of each ring +1 if it turns as it should, outer rings anticlockwise and holes clockwise, else -1 (paths,).

    Beside it what the ring adds to the area of its polygon, negative for holes (paths,).
    """
    signs, areas = np.empty(hole.size, dtype=np.int8), np.empty(hole.size)
    for p in range(hole.size):
        x0, y0 = xy[path_start[p], 0], xy[path_start[p], 1]
        doubled = 0.0
        for i in range(path_start[p], path_start[p + 1] - 1):
            doubled += (xy[i, 0] - x0) * (xy[i + 1, 1] - y0) - (xy[i + 1, 0] - x0) * (xy[i, 1] - y0)
        signs[p] = 1 if (doubled > 0.0) != hole[p] else -1
        areas[p] = 0.5 * signs[p] * doubled
    return signs, areas


@njit(cache=True, nogil=True, error_model="numpy")
def zone_edges(xy, path_start, geometry_start, signs):
    """Edges with their lower end first; level ones too, since a zone may begin or end at their height.

    Returns edges (m, 4: x y of the lower end, x y of the upper), turns (m,): what crossing the edge eastwards adds to
    the winding number, and the start of each geometry's edges (n + 1).
    """
    edges = np.empty((len(xy), 4), dtype=np.float64)
    turns = np.empty(len(xy), dtype=np.int8)
    starts = np.zeros(geometry_start.size, dtype=np.int64)
    m = 0
    for g in range(geometry_start.size - 1):
        for p in range(geometry_start[g], geometry_start[g + 1]):
            for i in range(path_start[p], path_start[p + 1] - 1):
                rises = xy[i + 1, 1] > xy[i, 1]
                low, high = (i, i + 1) if rises else (i + 1, i)
                edges[m, 0], edges[m, 1] = xy[low, 0], xy[low, 1]
                edges[m, 2], edges[m, 3] = xy[high, 0], xy[high, 1]
                turns[m] = -signs[p] if rises else signs[p] * (xy[i + 1, 1] < xy[i, 1])
                m += 1
        starts[g + 1] = m
    return edges[:m].copy(), turns[:m].copy(), starts


@njit(cache=True, nogil=True, error_model="numpy")
def bin_of(y, south, per_metre, bins):
    """Bin of a zone that a height lies in, 0..bins-1; heights beyond the zone lie in the first or the last."""
    return int(min(max((y - south) * per_metre, 0.0), bins - 1.0))


@njit(cache=True, nogil=True, error_model="numpy")
def bin_edges(edges, starts):
    """Lists of the edges of each zone by height.

    Returns heights (n, 2: southern end, bins per metre), the first bin of each zone (n + 1), where the list of each bin
    starts (bins + 1), and the lists.
    """
    n = starts.size - 1
    heights = np.zeros((n, 2), dtype=np.float64)
    first_bin = np.zeros(n + 1, dtype=np.int64)
    for z in range(n):
        count = starts[z + 1] - starts[z]
        bins = min(max(count // EDGES_PER_BIN, 1), MOST_BINS)
        if count:
            south, north = edges[starts[z] : starts[z + 1], 1].min(), edges[starts[z] : starts[z + 1], 3].max()
            heights[z, 0], heights[z, 1] = south, bins / max(north - south, 1e-300)
        first_bin[z + 1] = first_bin[z] + bins
    list_start = np.zeros(first_bin[n] + 1, dtype=np.int64)
    lists = np.empty(0, dtype=np.int64)
    for filling in range(2):
        if filling:
            list_start[1:] = np.cumsum(list_start[1:])
            lists = np.empty(list_start[-1], dtype=np.int64)
            filled = list_start[:-1].copy()
        for z in range(n):
            bins = first_bin[z + 1] - first_bin[z]
            for e in range(starts[z], starts[z + 1]):
                low = first_bin[z] + bin_of(edges[e, 1], heights[z, 0], heights[z, 1], bins)
                high = first_bin[z] + bin_of(edges[e, 3], heights[z, 0], heights[z, 1], bins)
                for b in range(low, high + 1):
                    if filling:
                        lists[filled[b]] = e
                        filled[b] += 1
                    else:
                        list_start[b + 1] += 1
    return heights, first_bin, list_start, lists


@njit(cache=True, nogil=True, error_model="numpy")
def _at(met, e, y):
    """Easting of an edge at a height, exact at both of its ends."""
    return met[e, 2] if y == met[e, 3] else met[e, 0] + (y - met[e, 1]) * met[e, 4]


@njit(cache=True, nogil=True, error_model="numpy")
def _sort(keys, values, size):
    """Sort the first keys, and the values beside them; by insertion, the fastest for the few edges of a plot."""
    if size > FEW:
        rising = np.argsort(keys[:size])
        keys[:size], values[:size] = keys[:size][rising], values[:size][rising]
        return
    for i in range(1, size):
        key, value, at = keys[i], values[i], i
        while at > 0 and keys[at - 1] > key:
            keys[at], values[at] = keys[at - 1], values[at - 1]
            at -= 1
        keys[at], values[at] = key, value


@njit(cache=True, nogil=True, error_model="numpy")
def _heights(met, marks, chosen, n_chosen, south, north, heights, spare):
    """Sorted heights between which no two of the chosen edges cross; returns both scratch arrays and the count."""
    heights[0], heights[1] = south, north
    count = 2
    for i in range(n_chosen):
        a = chosen[i]
        if count + 2 + i > heights.size:
            heights = np.concatenate((heights, np.empty(heights.size + i)))
        for end in (1, 3):
            if south < met[a, end] < north:
                heights[count] = met[a, end]
                count += 1
        a_south, a_north = max(met[a, 1], south), min(met[a, 3], north)
        a_west, a_east = min(met[a, 0], met[a, 2]), max(met[a, 0], met[a, 2])
        for j in range(i):
            b = chosen[j]
            low, high = max(a_south, met[b, 1]), min(a_north, met[b, 3])
            # Edges of one valid polygon meet at their ends only.
            if low >= high or marks[a, 0] == marks[b, 0]:
                continue
            if a_west > max(met[b, 0], met[b, 2]) or a_east < min(met[b, 0], met[b, 2]):
                continue
            below, above = _at(met, a, low) - _at(met, b, low), _at(met, a, high) - _at(met, b, high)
            if (below < 0.0 < above) or (above < 0.0 < below):
                heights[count] = low + (high - low) * (below / (below - above))
                count += 1
    if spare.size < count:
        spare = np.empty(heights.size)
    _sort(heights, spare, count)
    return heights, spare, count


@njit(cache=True, nogil=True, error_model="numpy")
def _sweep(
    met, marks, chosen, n_chosen, aside, aside_marks, n_aside, levels, whole, south, north, scratch, winding, areas
):
    """Add to areas (levels + 2) what each level covers between south and north.

    ``areas`` has the bare ground at 0, level k at k + 1 and the sum last. ``met`` are edges that reach the plot's box,
    ``chosen`` those between south and north by their lower ends, ``aside`` edges west of the box, which only change the
    winding numbers the walk begins with. ``winding`` is scratch, one for the plot and each zone.
    """
    heights, spare, order, active = scratch
    heights, spare, count = _heights(met, marks, chosen, n_chosen, south, north, heights, spare)
    if order.size < n_chosen:
        order, active = np.empty(2 * n_chosen), np.empty(2 * n_chosen, dtype=np.int64)
    covering = np.zeros(levels.max() + 2, dtype=np.int64)
    coming, size = 0, 0
    for h in range(count - 1):
        low, high = heights[h], heights[h + 1]
        middle = 0.5 * (low + high)
        if not low < middle < high:
            continue
        kept = 0
        for i in range(size):
            if met[active[i], 3] > middle:
                active[kept] = active[i]
                kept += 1
        size = kept
        while coming < n_chosen and met[chosen[coming], 1] < middle:
            if met[chosen[coming], 3] > middle:
                active[size] = chosen[coming]
                size += 1
            coming += 1
        for i in range(size):
            e = active[i]
            order[i] = met[e, 0] + (middle - met[e, 1]) * met[e, 4]
        _sort(order, active, size)
        winding[:] = 0
        covering[:] = 0
        for i in range(n_aside):
            if aside[i, 1] <= middle < aside[i, 3]:  # half open: their ends are no slab's limit
                winding[aside_marks[i, 0]] += aside_marks[i, 1]
        for slot in range(1, winding.size):
            if winding[slot] != 0:
                covering[levels[slot] + 1] += 1
        for i in range(size - 1):
            slot = marks[active[i], 0]
            before = winding[slot]
            winding[slot] += marks[active[i], 1]
            if slot > 0 and (before == 0) != (winding[slot] == 0):
                covering[levels[slot] + 1] += 1 if before == 0 else -1
            if winding[0] != 0:
                top = max(covering.size - 1, whole + 1)
                while top > whole + 1 and covering[top] == 0:
                    top -= 1
                piece = (order[i + 1] - order[i]) * (high - low)
                areas[top] += piece
                areas[areas.size - 1] += piece
    return heights, spare, order, active


@njit(cache=True, nogil=True, error_model="numpy")
def _put(edges, marks, at, x0, y0, x1, y1, slot, turn):
    """Put an edge and its slope at a place of the scratch, which grows when it is full."""
    if at == len(edges):
        edges, marks = np.concatenate((edges, np.empty_like(edges))), np.concatenate((marks, np.empty_like(marks)))
    edges[at, 0], edges[at, 1], edges[at, 2], edges[at, 3] = x0, y0, x1, y1
    edges[at, 4] = (x1 - x0) / (y1 - y0)
    marks[at, 0], marks[at, 1] = slot, turn
    return edges, marks


@njit(cache=True, nogil=True, error_model="numpy")
def measure(
    xy, path_start, geometry_start, signs, ring_areas, pair_start, pair_zone, zone_level,
    edges, turns, heights, first_bin, list_start, lists, shares, start, stop,
):  # fmt: skip
    """Fill shares (n, levels) for the polygons start..stop; pairs are the zones whose boxes meet each polygon's."""
    n_levels = shares.shape[1]
    met, marks = np.empty((256, 5)), np.empty((256, 2), dtype=np.int64)
    aside, aside_marks = np.empty((256, 5)), np.empty((256, 2), dtype=np.int64)
    scratch = (np.empty(256), np.empty(256), np.empty(256), np.empty(256, dtype=np.int64))
    lower, rising, chosen = np.empty(256), np.empty(256, dtype=np.int64), np.empty(256, dtype=np.int64)
    areas = np.empty(n_levels + 2, dtype=np.float64)
    for g in range(start, stop):
        west, east, south, north, area = np.inf, -np.inf, np.inf, -np.inf, 0.0
        first_path, last_path = geometry_start[g], geometry_start[g + 1]
        for p in range(first_path, last_path):
            area += ring_areas[p]
            for i in range(path_start[p], path_start[p + 1]):
                west, east = min(west, xy[i, 0]), max(east, xy[i, 0])
                south, north = min(south, xy[i, 1]), max(north, xy[i, 1])
        shares[g, :] = 0.0 if area > 0.0 else np.nan
        if not area > 0.0 or pair_start[g] == pair_start[g + 1]:
            continue
        # Zones that hold the whole box are a floor; edges of those that cut it are collected, metres from its corner.
        slots = np.empty(pair_start[g + 1] - pair_start[g] + 1, dtype=np.int64)
        slots[0] = -1
        n_slots, n_met, n_aside, whole = 1, 0, 0, -1
        middle = 0.5 * (north - south)
        for k in range(pair_start[g], pair_start[g + 1]):
            z = pair_zone[k]
            if zone_level[z] <= whole:
                continue
            winding, met_before, aside_before = 0, n_met, n_aside
            bins = first_bin[z + 1] - first_bin[z]
            low = first_bin[z] + bin_of(south, heights[z, 0], heights[z, 1], bins)
            high = first_bin[z] + bin_of(north, heights[z, 0], heights[z, 1], bins)
            for b in range(low, high + 1):
                for position in range(list_start[b], list_start[b + 1]):
                    e = lists[position]
                    x0, y0, x1, y1 = edges[e, 0], edges[e, 1], edges[e, 2], edges[e, 3]
                    if y1 <= south or y0 >= north or min(x0, x1) >= east:
                        continue
                    # An edge stands in several bins: it is taken in the first that this plot looks through.
                    if b > low and bin_of(y0, heights[z, 0], heights[z, 1], bins) + first_bin[z] < b:
                        continue
                    x0, y0, x1, y1 = x0 - west, y0 - south, x1 - west, y1 - south
                    if max(x0, x1) <= 0.0:
                        aside, aside_marks = _put(aside, aside_marks, n_aside, x0, y0, x1, y1, n_slots, turns[e])
                        n_aside += 1
                        if y0 <= middle < y1:
                            winding += turns[e]
                    else:
                        met, marks = _put(met, marks, n_met, x0, y0, x1, y1, n_slots, turns[e])
                        n_met += 1
            if n_met > met_before:
                slots[n_slots] = zone_level[z]
                n_slots += 1
            else:
                n_aside = aside_before
                if winding != 0:
                    whole = max(whole, zone_level[z])
        if n_slots == 1:
            if whole >= 0:
                shares[g, whole] = 1.0
            continue
        for p in range(first_path, last_path):
            for i in range(path_start[p], path_start[p + 1] - 1):
                rises = xy[i + 1, 1] > xy[i, 1]
                if not rises and not xy[i + 1, 1] < xy[i, 1]:
                    continue
                low, high = (i, i + 1) if rises else (i + 1, i)
                x0, y0, x1, y1 = xy[low, 0] - west, xy[low, 1] - south, xy[high, 0] - west, xy[high, 1] - south
                met, marks = _put(met, marks, n_met, x0, y0, x1, y1, 0, -signs[p] if rises else signs[p])
                n_met += 1
        areas[:] = 0.0
        slot_winding = np.empty(n_slots, dtype=np.int64)
        if lower.size < n_met:
            lower, rising, chosen = np.empty(len(met)), np.empty(len(met), np.int64), np.empty(len(met), np.int64)
        for i in range(n_met):
            lower[i], rising[i] = met[i, 1], i
        _sort(lower, rising, n_met)
        strips = max(n_met // EDGES_PER_STRIP, 1)
        for strip in range(strips):
            bottom, top = (north - south) * strip / strips, (north - south) * (strip + 1) / strips
            n_chosen = 0
            for i in range(n_met):
                if lower[i] < top and met[rising[i], 3] > bottom:
                    chosen[n_chosen] = rising[i]
                    n_chosen += 1
            scratch = _sweep(
                met, marks, chosen, n_chosen, aside, aside_marks, n_aside, slots[:n_slots], whole, bottom, top, scratch,
                slot_winding, areas,
            )  # fmt: skip
        for k in range(n_levels):
            shares[g, k] = areas[k + 1] / areas[n_levels + 1]
