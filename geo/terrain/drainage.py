"""Where water runs on a height grid: flow directions through depressions, streams, catchments, heights above streams.

Depressions are drained by priority-flood (Barnes, Lehman and Mulla 2014, Computers & Geosciences 62, pp. 117-127): the
grid is flooded from its edge, lowest first, and every cell notes the cell it was flooded from. Inside a depression the
deepest ground is flooded first, so that the way out follows the valley floor and not the shortest line across a flat
fill. Outside depressions water takes the steepest of the eight directions. Every array is then one pass over the cells
in the order of the flood, without recursion.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numba import njit
from numpy.typing import NDArray
from scipy.ndimage import distance_transform_edt

from geo.compiled.cell_queue import empty_queue, pop, push, size_of
from geo.errors import GridError
from geo.terrain.grid import Grid
from geo.terrain.relief import heights

RIDGE_AREA_M2 = 50_000.0  # m2 of ground that rises to a crest before the crest counts as a ridge; default to calibrate
DOWN = np.array([0, -1, 0, 1, -1, -1, 1, 1])  # row steps of the eight neighbours
RIGHT = np.array([1, 0, -1, 0, 1, -1, -1, 1])  # column steps of the eight neighbours


@dataclass(frozen=True, slots=True)
class Drainage:
    """Flow over the cells of ``dem``; cells are numbered row by row from the north-west.

    filled : float32 (rows, cols), metres, heights with depressions filled to their outlets; NaN without a height.
    receiver : int64 (cells,), the cell each one drains to; itself where water leaves the grid, -1 without a height.
    order : int64, all cells with a height, each after the one it drains to.
    """

    dem: Grid
    filled: NDArray[np.float32]
    receiver: NDArray[np.int64]
    order: NDArray[np.int64]


@njit(cache=True, nogil=True)
def _flood(rank, known, came_from, level, order):  # type: ignore[no-untyped-def]
    """Flood the cells from the edge of the known ones, lowest level first, deepest ground first within a level."""
    rows, cols = known.shape
    queue = empty_queue(0, np.int64(rows * cols) << 32, rows * cols)  # each cell is queued once
    queued = ~known
    for row in range(rows):
        for col in range(cols):
            if not known[row, col]:
                continue
            edge = row == 0 or col == 0 or row == rows - 1 or col == cols - 1
            if not edge:
                for k in range(8):
                    edge = edge or not known[row + DOWN[k], col + RIGHT[k]]
            if edge:
                queued[row, col] = True
                cell = row * cols + col
                level[cell] = rank[row, col]
                push(queue, (np.int64(rank[row, col]) << 32) | rank[row, col], cell)
    settled = 0
    while size_of(queue) > 0:
        cell = pop(queue)
        order[settled] = cell
        settled += 1
        row, col = cell // cols, cell % cols
        for k in range(8):
            next_row, next_col = row + DOWN[k], col + RIGHT[k]
            if not (0 <= next_row < rows and 0 <= next_col < cols) or queued[next_row, next_col]:
                continue
            queued[next_row, next_col] = True
            there = next_row * cols + next_col
            came_from[there] = cell
            level[there] = max(level[cell], rank[next_row, next_col])
            push(queue, (np.int64(level[there]) << 32) | rank[next_row, next_col], there)
    return settled


@njit(cache=True, nogil=True)
def _steepest(z, filled, receiver, order):  # type: ignore[no-untyped-def]
    """Turn cells outside depressions to their steepest lower neighbour; others keep the cell they were flooded from."""
    rows, cols = z.shape
    for cell in order:
        row, col = cell // cols, cell % cols
        if filled[row, col] > z[row, col]:
            continue
        steepest = 0.0
        for k in range(8):
            next_row, next_col = row + DOWN[k], col + RIGHT[k]
            if 0 <= next_row < rows and 0 <= next_col < cols:
                drop = float(filled[row, col]) - filled[next_row, next_col]
                if k >= 4:
                    drop *= np.sqrt(0.5)
                if drop > steepest:
                    steepest = drop
                    receiver[cell] = next_row * cols + next_col


def drainage(dem: Grid) -> Drainage:
    """Flow directions of a height grid, depressions included. Water leaves at the grid's edge and beside unknown cells.

    Directions are the steepest of eight (O'Callaghan and Mark 1984, Computer Vision, Graphics, and Image Processing 28,
    pp. 323-344), in depressions and on flats those of the flood.

    Raises
    ------
    GridError : more than one band, cells without a size, or no known height.
    """
    z = heights(dem)
    known = ~np.isnan(z)
    if not known.any():
        raise GridError("the height grid holds no known height")
    values, rank = np.unique(z[known], return_inverse=True)
    ranks = np.zeros(z.shape, dtype=np.int32)
    ranks[known] = rank
    receiver = np.where(known.ravel(), np.arange(z.size), -1)
    level = np.zeros(z.size, dtype=np.int32)
    order = np.empty(np.count_nonzero(known), dtype=np.int64)
    _flood(ranks, known, receiver, level, order)
    filled = np.where(known, values[level].reshape(z.shape), np.float32(np.nan))
    _steepest(z, filled, receiver, order)
    return Drainage(dem, filled, receiver, order)


@njit(cache=True, nogil=True)
def _accumulate(receiver, order, amount):  # type: ignore[no-untyped-def]
    for i in range(len(order) - 1, -1, -1):
        cell = order[i]
        if receiver[cell] != cell:
            amount[receiver[cell]] += amount[cell]


@njit(cache=True, nogil=True)
def _carry_up(receiver, order, start, value):  # type: ignore[no-untyped-def]
    """Give every cell the value of the first cell on its way down, itself included, where ``start`` is set."""
    for cell in order:
        if not start[cell] and receiver[cell] != cell:
            value[cell] = value[receiver[cell]]


@njit(cache=True, nogil=True)
def _strahler(receiver, order, stream, number):  # type: ignore[no-untyped-def]
    branches = np.zeros(len(receiver), np.int64)
    for i in range(len(order) - 1, -1, -1):
        cell = order[i]
        if not stream[cell]:
            continue
        if number[cell] == 0:
            number[cell] = 1
        elif branches[cell] > 1:
            number[cell] += 1
        below = receiver[cell]
        if below == cell or not stream[below]:
            continue
        if number[cell] > number[below]:
            number[below], branches[below] = number[cell], 1
        elif number[cell] == number[below]:
            branches[below] += 1


@njit(cache=True, nogil=True)
def _upstream_extent(z, receiver, order, cols, top, length, head):  # type: ignore[no-untyped-def]
    """Highest ground upstream, metres; length of the longest way down to each cell in cells, and where it starts."""
    for cell in order:
        top[cell], length[cell], head[cell] = z[cell], 0.0, cell
    for i in range(len(order) - 1, -1, -1):
        cell = order[i]
        below = receiver[cell]
        if below == cell:
            continue
        top[below] = max(top[below], top[cell])
        aslant = cell // cols != below // cols and cell % cols != below % cols
        along = length[cell] + (np.sqrt(2.0) if aslant else 1.0)
        if along > length[below]:
            length[below], head[below] = along, head[cell]


def contributing_cells(flow: Drainage) -> NDArray[np.int64]:
    """Number of cells that drain through each cell, itself included, int64 (rows, cols); 0 without a height."""
    amount = (flow.receiver >= 0).astype(np.int64)
    _accumulate(flow.receiver, flow.order, amount)
    return amount.reshape(flow.dem.shape)


def contributing_area_m2(flow: Drainage) -> Grid:
    """Area that drains through each cell, itself included, m2, float32 Grid; NaN without a height."""
    cells = contributing_cells(flow)
    area = np.where(cells > 0, cells * flow.dem.cell_m**2, np.nan)
    return replace(flow.dem, values=area.astype(np.float32))


def streams(flow: Drainage, *, min_area_m2: float) -> NDArray[np.bool_]:
    """Cells that drain at least ``min_area_m2``, bool (rows, cols); connected downstream to the edge of the grid."""
    return np.asarray(contributing_cells(flow) * flow.dem.cell_m**2 >= min_area_m2)


def downstream(flow: Drainage, cells: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """The given cells and all that the water from them passes, bool (rows, cols)."""
    amount = (cells.ravel() & (flow.receiver >= 0)).astype(np.int64)
    _accumulate(flow.receiver, flow.order, amount)
    return (amount > 0).reshape(flow.dem.shape)


def strahler_order(flow: Drainage, stream: NDArray[np.bool_]) -> NDArray[np.int16]:
    """Strahler's order of each stream cell, int16 (rows, cols), 0 off the streams.

    1 at the head; one more below where two of the highest order meet (Strahler 1957, Transactions of the American
    Geophysical Union 38(6), pp. 913-920). ``stream`` must be connected downstream, as ``streams`` gives it.
    """
    number = np.zeros(flow.receiver.size, dtype=np.int16)
    _strahler(flow.receiver, flow.order, stream.ravel(), number)
    return number.reshape(flow.dem.shape)


def height_above_drainage(flow: Drainage, stream: NDArray[np.bool_]) -> Grid:
    """Height of each cell above the stream cell it drains to, metres, float32 Grid.

    0 on the streams and in depressions below them; NaN where water leaves the grid before it meets a stream (Nobre et
    al. 2011, Journal of Hydrology 404, pp. 13-29).
    """
    z = heights(flow.dem)
    base = np.where(stream, z, np.float32(np.nan)).ravel()
    _carry_up(flow.receiver, flow.order, stream.ravel(), base)
    return replace(flow.dem, values=np.maximum(z - base.reshape(z.shape), np.float32(0.0)))


def catchments(flow: Drainage, outlets: NDArray[np.int64]) -> NDArray[np.int64]:
    """Number of the outlet each cell drains to first, int64 (rows, cols), -1 for none.

    outlets : cell numbers, row x columns + column; the i-th gives catchment i, without the ground of outlets upstream.
    """
    label = np.full(flow.receiver.size, -1, dtype=np.int64)
    label[outlets] = np.arange(len(outlets))
    start = np.zeros(flow.receiver.size, dtype=np.bool_)
    start[outlets] = True
    _carry_up(flow.receiver, flow.order, start, label)
    return label.reshape(flow.dem.shape)


def melton_ratio(flow: Drainage) -> tuple[Grid, Grid]:
    """Melton's ratio and length in metres of the catchment above every cell, two float32 Grids, NaN without a height.

    Ratio = relief / sqrt(area), relief from the cell to the highest ground upstream (Melton 1965, Journal of Geology
    73(1), pp. 1-38). Length = straight line from the cell to the head of its longest flow path, after Wilford et al.
    2004, Landslides 1, pp. 61-66.
    """
    z = heights(flow.dem).ravel().astype(np.float64)
    cols = flow.dem.shape[1]
    top, length = np.full(z.size, np.nan), np.full(z.size, np.nan)
    head = np.arange(z.size)
    _upstream_extent(z, flow.receiver, flow.order, cols, top, length, head)
    cells = contributing_cells(flow).ravel()
    with np.errstate(divide="ignore", invalid="ignore"):
        ratio = (top - z) / np.sqrt(cells * flow.dem.cell_m**2)
    here_row, here_col = np.divmod(np.arange(z.size), cols)
    head_row, head_col = np.divmod(head, cols)
    straight = np.where(cells > 0, np.hypot(head_row - here_row, head_col - here_col) * flow.dem.cell_m, np.nan)
    shape = flow.dem.shape
    return (
        replace(flow.dem, values=ratio.reshape(shape).astype(np.float32)),
        replace(flow.dem, values=straight.reshape(shape).astype(np.float32)),
    )


def ridges(dem: Grid, *, min_area_m2: float = RIDGE_AREA_M2) -> NDArray[np.bool_]:
    """Crest cells, bool (rows, cols): the streams of the terrain turned upside down.

    Raises
    ------
    GridError : more than one band, cells without a size, or no known height.
    """
    return streams(drainage(replace(dem, values=-heights(dem))), min_area_m2=min_area_m2)


def ridge_distance_m(dem: Grid, *, min_area_m2: float = RIDGE_AREA_M2) -> Grid:
    """Straight distance from each cell to the nearest crest, metres, float32 Grid; NaN without a height or any crest.

    Raises
    ------
    GridError : more than one band, cells without a size, or no known height.
    """
    crest = ridges(dem, min_area_m2=min_area_m2)
    z = heights(dem)
    if not crest.any():
        return replace(dem, values=np.full(z.shape, np.nan, dtype=np.float32))
    distance = np.asarray(distance_transform_edt(~crest), dtype=np.float32) * np.float32(dem.cell_m)
    return replace(dem, values=np.where(np.isnan(z), np.float32(np.nan), distance))
