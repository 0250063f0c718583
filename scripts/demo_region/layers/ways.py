"""Roads, tracks and bridges: the shortest net that joins towns and villages, and ways from it into the fields."""

from __future__ import annotations

from typing import NamedTuple

import geopandas as gpd
import numpy as np
import shapely
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter1d
from scipy.sparse import coo_array, csr_array
from scipy.sparse.csgraph import dijkstra, minimum_spanning_tree, shortest_path

from geo.geometry.crs import WORKING_CRS
from geo.terrain.grid import Grid
from scripts.demo_region.farmland.blocks import lines
from scripts.demo_region.farmland.farms import Farm, used
from scripts.demo_region.ground.fields import cells_of, coarsened
from scripts.demo_region.ground.landscape import Landscape

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Way = tuple[str, shapely.LineString]  # kind and course

STEEP = 0.05  # m/m; slope at which a road costs twice what it costs on the level, default of the demo
BED_FACTOR = 14.0  # cost of a metre over a river bed against one on land: roads cross rivers seldom and straight
CORRIDOR_M = 4_500.0  # m from a river with a floor; roads keep within
CANAL_ROAD_M = 7.0  # m from a canal to the road on its upper bank
TRACK_EVERY = 2  # a track runs down every second block
WINTER = "12-3"  # months the high tracks are closed
SHORTEST_M = 30.0  # m; a way shorter is not drawn
HIGH_M = 2_100.0  # m; tracks above are closed in winter


class Links(NamedTuple):
    """Shortest ways between neighbouring settlements: the two settlements, the cost, and the cells where they meet."""

    a: Ints
    b: Ints
    cost: Floats
    meet_a: Ints
    meet_b: Ints


def roads(
    land: Landscape, farms: list[list[Farm]], settlements: gpd.GeoDataFrame, central: NDArray[np.bool_]
) -> gpd.GeoDataFrame:
    """Return the ways of an area, EPSG:32642; the road between ``central`` settlements is paved."""
    rows = _main_net(land, shapely.get_coordinates(settlements.geometry.to_numpy()), central)
    for group in farms:
        for farm in group:
            rows += field_ways(farm)
    kinds = np.array([kind for kind, _ in rows])
    shape = np.array([line for _, line in rows], dtype=object)
    middle = shapely.line_interpolate_point(shape, 0.5, normalized=True)
    level = land.ground.level
    height = level.values[cells_of(level, shapely.get_x(middle), shapely.get_y(middle))]
    closed = np.isin(kinds, ("track", "path")) & (height > HIGH_M)
    return gpd.GeoDataFrame(
        {
            "code": [f"demo-{land.area.id}-r{k:06d}" for k in range(1, len(rows) + 1)],
            "kind": kinds,
            "closed_months": [WINTER if shut else None for shut in closed],
        },
        geometry=shape,
        crs=WORKING_CRS,
    )


def field_ways(farm: Farm) -> list[Way]:
    """Road along the canal, and tracks down into the fields and up to the rainfed slopes."""
    canal = farm.canal
    sides = [
        (kind, mesh, used(land, plots))
        for kind, mesh, land, plots in (
            ("track", farm.below, farm.fields, farm.plots),
            ("path", farm.above, farm.slopes_above, farm.rainfed),
        )
    ]
    end = int(max(land.s1.max() for _, _, land in sides if len(land)))
    ahead_x, ahead_y = np.gradient(canal.x), np.gradient(canal.y)
    off = canal.bank * CANAL_ROAD_M / np.maximum(np.hypot(ahead_x, ahead_y), 1e-6)  # 0 m where a line doubles back
    along = np.column_stack([canal.x - off * ahead_y, canal.y + off * ahead_x])[: max(end, 2)]
    rows: list[Way] = [("gravel", shapely.LineString(along))]
    for kind, mesh, land in sides:
        first = land.take(land.band == 0)
        first = first.take(np.arange(len(first)) % TRACK_EVERY == 0)
        inward = first.s0 + 0.35
        deep = np.array([land.t1[land.stretch == s].max() for s in first.stretch], dtype=np.float64)
        rows += [(kind, line) for line in lines(mesh, inward, inward, np.zeros(len(first)), deep)]
    return [(kind, line) for kind, line in rows if line.length > SHORTEST_M]


def _main_net(land: Landscape, xy: Floats, towns: NDArray[np.bool_]) -> list[Way]:
    """Join all settlements at least cost; what lies between towns is paved, over river beds it is a bridge.

    The net is the minimum spanning tree of the settlements under travel cost, from one search that starts at all of
    them at once (Mehlhorn 1988, Information Processing Letters 27, pp. 125-128).
    """
    cells = land.basin.flow.dem
    factor = round(cells.cell_m / land.ground.level.cell_m)
    bed = coarsened((land.ground.off_river < land.ground.bed).astype(np.float32), factor) > 0.4
    graph = _graph(land, bed, factor)
    rows, cols = cells_of(cells, xy[:, 0], xy[:, 1])
    nodes, of_node = np.unique(rows * cells.shape[1] + cols, return_inverse=True)
    paved_nodes = np.zeros(len(nodes), dtype=np.bool_)
    paved_nodes[of_node[towns]] = True
    cost, before, source = dijkstra(graph, indices=nodes, directed=False, return_predecessors=True, min_only=True)
    links = _links(graph, nodes, cost, source)
    tree = _tree(links, len(nodes))
    paved = _between(links, tree, paved_nodes)
    result: list[Way] = []
    for k, is_paved in zip(tree, paved, strict=True):
        path = [*_back(int(links.meet_a[k]), before)[::-1], *_back(int(links.meet_b[k]), before)]
        result += _pieces(np.array(path), cells, bed.ravel(), "paved" if is_paved else "gravel")
    return result


def _graph(land: Landscape, bed: NDArray[np.bool_], factor: int) -> csr_array:
    """Cost of going between neighbouring cells of the corridor, eight directions."""
    level = coarsened(land.ground.level.values, factor).astype(np.float64)
    open_land = coarsened(land.ground.off_river, factor) < CORRIDOR_M
    cell_m = land.basin.flow.dem.cell_m
    index = np.arange(level.size).reshape(level.shape)
    parts = []
    for down, right in ((0, 1), (1, 0), (1, 1), (1, -1)):
        a = (slice(None, -down or None), slice(max(-right, 0), -right if right > 0 else None))
        b = (slice(down, None), slice(max(right, 0), right if right < 0 else None))
        length = cell_m * np.hypot(down, right)
        steep = np.abs(level[a] - level[b]) / length
        cost = length * (1.0 + (steep / STEEP) ** 2) * np.where(bed[a] | bed[b], BED_FACTOR, 1.0)
        use = open_land[a] & open_land[b]
        parts.append((index[a][use], index[b][use], cost[use]))
    i, j, cost = (np.concatenate(column) for column in zip(*parts, strict=True))
    return coo_array((cost, (i, j)), shape=(level.size, level.size)).tocsr()


def _links(graph: csr_array, nodes: Ints, cost: Floats, source: NDArray[np.int32]) -> Links:
    """Cheapest meeting of the regions of every two neighbouring settlements."""
    edges = graph.tocoo()
    i, j = edges.coords
    i, j, length = i.astype(np.int64), j.astype(np.int64), edges.data
    meets = (source[i] >= 0) & (source[j] >= 0) & (source[i] != source[j])
    i, j = i[meets], j[meets]
    total = cost[i] + cost[j] + length[meets]
    a, b = np.searchsorted(nodes, source[i]), np.searchsorted(nodes, source[j])
    swap = a > b
    a, b, i, j = np.where(swap, b, a), np.where(swap, a, b), np.where(swap, j, i), np.where(swap, i, j)
    order = np.lexsort((total, b, a))
    first = np.ones(len(order), dtype=np.bool_)
    first[1:] = (np.diff(a[order]) != 0) | (np.diff(b[order]) != 0)
    best = order[first]
    return Links(a[best], b[best], total[best], i[best], j[best])


def _tree(links: Links, count: int) -> Ints:
    """Links of the minimum spanning tree."""
    weight = coo_array((links.cost, (links.a, links.b)), shape=(count, count)).tocsr()
    chosen = minimum_spanning_tree(weight).tocoo()
    kept = set(zip(*(coordinate.tolist() for coordinate in chosen.coords), strict=True))
    pairs = zip(links.a.tolist(), links.b.tolist(), strict=True)
    return np.array([k for k, pair in enumerate(pairs) if pair in kept], dtype=np.int64)


def _between(links: Links, tree: Ints, towns: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Which links of the tree lie on the way from one town to another."""
    a, b = links.a[tree], links.b[tree]
    net = coo_array((links.cost[tree], (a, b)), shape=(len(towns), len(towns))).tocsr()
    on_way: set[tuple[int, int]] = set()
    for start in np.flatnonzero(towns).tolist():
        _, before = shortest_path(net, directed=False, indices=start, return_predecessors=True)
        for town in np.flatnonzero(towns).tolist():
            here = town
            while before[here] >= 0:
                step = (int(before[here]), here)
                on_way.add((min(step), max(step)))
                here = int(before[here])
    pairs = zip(a.tolist(), b.tolist(), strict=True)
    return np.array([(min(pair), max(pair)) in on_way for pair in pairs], dtype=np.bool_)


def _back(cell: int, before: NDArray[np.int32]) -> list[int]:
    """Cells from one back to the settlement it was reached from."""
    path = [cell]
    while before[path[-1]] >= 0:
        path.append(int(before[path[-1]]))
    return path


def _pieces(path: Ints, cells: Grid, bed: NDArray[np.bool_], kind: str) -> list[Way]:
    """Cut a way where it enters and leaves a river bed, and take its corners off."""
    if len(path) < 2:
        return []
    x = cells.x_min + (path % cells.shape[1] + 0.5) * cells.cell_m
    y = cells.y_max - (path // cells.shape[1] + 0.5) * cells.cell_m
    smooth = np.column_stack([gaussian_filter1d(values, 1.5, mode="nearest") for values in (x, y)])
    smooth[[0, -1]] = np.column_stack([x, y])[[0, -1]]
    over = bed[path]
    change = np.flatnonzero(np.diff(over.astype(np.int8))) + 1
    starts = np.concatenate([[0], change])
    ends = np.concatenate([change, [len(path) - 1]])
    pieces = []
    for start, end in zip(starts, ends, strict=True):
        line = smooth[max(start - over[start], 0) : end + 1]
        if len(line) > 1:
            pieces.append(("bridge" if over[start] else kind, shapely.LineString(line)))
    return pieces
