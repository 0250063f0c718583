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
from numpy.typing import NDArray
from scipy.ndimage import distance_transform_edt

from geo.errors import GridError
from geo.terrain.grid import Grid
from geo.terrain.kernels import drainage as kernels
from geo.terrain.relief import heights

RIDGE_AREA_M2 = 50_000.0  # m2 of ground that rises to a crest before the crest counts as a ridge; default to calibrate


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


def drainage(dem: Grid) -> Drainage:
    """Return the flow directions of a height grid, depressions included.

    Water leaves at the grid's edge and beside unknown cells.

    Parameters
    ----------
    dem : heights in metres, NaN unknown

    Returns
    -------
    where each cell drains to, and the order of the flood

    Raises
    ------
    GridError : more than one band, cells without a size, or no known height.

    Notes
    -----
    The steepest of eight directions; in depressions and on flats that of the flood.

    References
    ----------
    O'Callaghan and Mark 1984, Computer Vision, Graphics, and Image Processing 28, pp. 323-344. Barnes, Lehman and Mulla
    2014, Computers & Geosciences 62, pp. 117-127.
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
    kernels.flood(ranks, known, receiver, level, order)
    filled = np.where(known, values[level].reshape(z.shape), np.float32(np.nan))
    kernels.turn_steepest(z, filled, receiver, order)
    return Drainage(dem, filled, receiver, order)


def contributing_cells(flow: Drainage) -> NDArray[np.int64]:
    """Return the number of cells that drain through each cell, itself included.

    Parameters
    ----------
    flow : from ``drainage``

    Returns
    -------
    int64 (rows, cols); 0 without a height
    """
    amount = (flow.receiver >= 0).astype(np.int64)
    kernels.accumulate(flow.receiver, flow.order, amount)
    return amount.reshape(flow.dem.shape)


def contributing_area_m2(flow: Drainage) -> Grid:
    """Return the area that drains through each cell, itself included.

    Parameters
    ----------
    flow : from ``drainage``

    Returns
    -------
    float32 Grid, m2; NaN without a height
    """
    cells = contributing_cells(flow)
    area = np.where(cells > 0, cells * flow.dem.cell_m**2, np.nan)
    return replace(flow.dem, values=area.astype(np.float32))


def streams(flow: Drainage, *, min_area_m2: float) -> NDArray[np.bool_]:
    """Return the cells that drain a large enough area; connected downstream to the edge of the grid.

    Parameters
    ----------
    flow : from ``drainage``
    min_area_m2 : area from which a cell is a stream, m2

    Returns
    -------
    bool (rows, cols)
    """
    return np.asarray(contributing_cells(flow) * flow.dem.cell_m**2 >= min_area_m2)


def downstream(flow: Drainage, cells: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Return the given cells and all that the water from them passes.

    Parameters
    ----------
    flow : from ``drainage``
    cells : bool (rows, cols)

    Returns
    -------
    bool (rows, cols), False without a height
    """
    amount = (cells.ravel() & (flow.receiver >= 0)).astype(np.int64)
    kernels.accumulate(flow.receiver, flow.order, amount)
    return (amount > 0).reshape(flow.dem.shape)


def strahler_order(flow: Drainage, stream: NDArray[np.bool_]) -> NDArray[np.int16]:
    """Return Strahler's order of each stream cell.

    Parameters
    ----------
    flow : from ``drainage``
    stream : bool (rows, cols), connected downstream, as ``streams`` gives it

    Returns
    -------
    int16 (rows, cols), 0 off the streams

    Notes
    -----
    1 at the head; one more below where two of the highest order meet.

    References
    ----------
    Strahler 1957, Transactions of the American Geophysical Union 38(6), pp. 913-920.
    """
    number = np.zeros(flow.receiver.size, dtype=np.int16)
    kernels.strahler(flow.receiver, flow.order, stream.ravel(), number)
    return number.reshape(flow.dem.shape)


def height_above_drainage(flow: Drainage, stream: NDArray[np.bool_]) -> Grid:
    """Return the height of each cell above the stream cell it drains to.

    Parameters
    ----------
    flow : from ``drainage``
    stream : bool (rows, cols), connected downstream, as ``streams`` gives it

    Returns
    -------
    float32 Grid, metres; 0 on the streams and in depressions below them, NaN where water leaves the grid before it
        meets a stream

    References
    ----------
    Nobre et al. 2011, Journal of Hydrology 404, pp. 13-29.
    """
    z = heights(flow.dem)
    base = np.where(stream, z, np.float32(np.nan)).ravel()
    kernels.carry_up(flow.receiver, flow.order, stream.ravel(), base)
    return replace(flow.dem, values=np.maximum(z - base.reshape(z.shape), np.float32(0.0)))


def catchments(flow: Drainage, outlets: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return which outlet each cell drains to first.

    Parameters
    ----------
    flow : from ``drainage``
    outlets : int64 (n,), cell numbers, row x columns + column; the i-th gives catchment i, without the ground of
        outlets upstream

    Returns
    -------
    int64 (rows, cols), number of the outlet, -1 for none
    """
    label = np.full(flow.receiver.size, -1, dtype=np.int64)
    label[outlets] = np.arange(len(outlets))
    start = np.zeros(flow.receiver.size, dtype=np.bool_)
    start[outlets] = True
    kernels.carry_up(flow.receiver, flow.order, start, label)
    return label.reshape(flow.dem.shape)


def melton_ratio(flow: Drainage) -> tuple[Grid, Grid]:
    """Return Melton's ratio and the length of the catchment above every cell.

    Parameters
    ----------
    flow : from ``drainage``

    Returns
    -------
    ratio (m/m) and length (metres), float32 Grids, NaN without a height

    Notes
    -----
    Ratio = relief / sqrt(area), relief from the cell to the highest ground upstream. Length = straight line from the
    cell to the head of its longest flow path.

    References
    ----------
    Melton 1965, Journal of Geology 73(1), pp. 1-38. Wilford et al. 2004, Landslides 1, pp. 61-66.
    """
    z = heights(flow.dem).ravel().astype(np.float64)
    cols = flow.dem.shape[1]
    top, length = np.full(z.size, np.nan), np.full(z.size, np.nan)
    head = np.arange(z.size)
    kernels.upstream_extent(z, flow.receiver, flow.order, cols, top, length, head)
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
    """Return the crest cells: the streams of the terrain turned upside down.

    Parameters
    ----------
    dem : heights in metres, NaN unknown
    min_area_m2 : ground that rises to a crest before the crest counts, m2

    Returns
    -------
    bool (rows, cols)

    Raises
    ------
    GridError : more than one band, cells without a size, or no known height.
    """
    return streams(drainage(replace(dem, values=-heights(dem))), min_area_m2=min_area_m2)


def ridge_distance_m(dem: Grid, *, min_area_m2: float = RIDGE_AREA_M2) -> Grid:
    """Return the straight distance from each cell to the nearest crest.

    Parameters
    ----------
    dem : heights in metres, NaN unknown
    min_area_m2 : ground that rises to a crest before the crest counts, m2

    Returns
    -------
    float32 Grid, metres; NaN without a height or any crest

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
