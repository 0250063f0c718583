"""Which class each cell of the far view shows: one, and yet the hectares of the classes are right in every square.

A square is 8 x 8 cells. Its cells with land go to its classes by largest remainder, so that a class has the share of
the cells that it has of the hectares, to less than one cell; what rounding gave or took is remembered from square to
square along a Z-order curve and decides who is rounded up next, so that land with few cells is right on the whole.
Which cells a class takes is a transport problem, solved exactly: those where it holds most of the land; where these do
not suffice, those nearest to them.

References
----------
Hamilton's method of largest remainders keeps within the quota: Balinski and Young (1982), Fair Representation, chapter
4. Successive shortest paths: Ahuja, Magnanti and Orlin (1993), Network Flows, 9.7. Order of the cells of a square,
where nothing else decides: Bayer (1973), ordered dither.
"""

from __future__ import annotations

from typing import Final

import numpy as np
from numba import njit
from numpy.typing import NDArray

Ints = NDArray[np.int64]

SQUARE_BITS: Final = 3  # 2**3 cells along a square's side
SQUARE: Final = 1 << SQUARE_BITS
_WHOLE: Final = 1_000  # cost of a cell that hardly holds the class; 0 where it holds nothing else
_WITHOUT: Final = 10_000_000  # cost of one that does not hold it at all: more than all others of a square together
_FAR: Final = 1 << 60


def order_of_cells(column: Ints, row: Ints) -> Ints:
    """Return the place of cells (n,) of a tile: squares along a Z-order curve, in each its cells far apart."""
    x, y = column & SQUARE - 1, row & SQUARE - 1
    place = np.zeros(len(column), dtype=np.int64)
    for bit in range(SQUARE_BITS):  # Bayer's matrix: the lowest bits of x ^ y and y are the highest of the place
        pair = ((x ^ y) >> bit & 1) << 1 | (y >> bit & 1)
        place |= pair << 2 * (SQUARE_BITS - 1 - bit)
    return squares_of(column, row) << 2 * SQUARE_BITS | place


def squares_of(column: Ints, row: Ints) -> Ints:
    """Return the place of the squares of cells (n,) of a tile along a Z-order curve."""
    place = np.zeros(len(column), dtype=np.int64)
    x, y = column >> SQUARE_BITS, row >> SQUARE_BITS
    bit = 0
    while (x >> bit).any() or (y >> bit).any():
        place |= (x >> bit & 1) << 2 * bit | (y >> bit & 1) << 2 * bit + 1
        bit += 1
    return place


@njit(cache=True, nogil=True)
def classes_shown(column: Ints, row: Ints, first: Ints, area: Ints) -> Ints:
    """Return the class that each cell shows, its place among the columns of ``area`` (n,).

    Parameters
    ----------
    column, row : of the cells, in the order of ``order_of_cells`` (n,).
    first : where the cells of each square begin, and where the last ends (squares + 1,).
    area : land of each class in each cell (n, classes), whole numbers of any unit; some of it in every cell. Where all
        else is equal the class that stands first is shown.
    """
    shown = np.zeros(len(column), np.int64)
    owed = np.zeros(area.shape[1])
    for square in range(len(first) - 1):
        begin, end = first[square], first[square + 1]
        wanted = _cells_due(area[begin:end], owed)
        cost = _costs(column[begin:end], row[begin:end], area[begin:end], wanted)
        shown[begin:end] = _transported(cost, wanted)
    return shown


@njit(cache=True, nogil=True)
def _cells_due(area: Ints, owed: NDArray[np.float64]) -> Ints:
    """How many of a square's cells each class is due; ``owed`` takes what rounding still owes each, in cells."""
    cells, classes = area.shape
    total = area.sum(axis=0)
    whole = total.sum()
    due: Ints = cells * total // whole
    rest = (cells * total - due * whole) / whole
    wish = np.where(rest > 0, rest + owed, -np.inf)
    owed += rest
    for _ in range(cells - due.sum()):
        most = 0
        for k in range(1, classes):
            if wish[k] > wish[most]:
                most = k
        due[most] += 1
        owed[most] -= 1.0
        wish[most] = -np.inf
    return due


@njit(cache=True, nogil=True)
def _costs(column: Ints, row: Ints, area: Ints, wanted: Ints) -> Ints:
    """What it costs that a cell shows a class: little where that holds the cell, much where it does not occur."""
    cells, classes = area.shape
    cost = np.zeros((cells, classes), np.int64)
    for i in range(cells):
        held = area[i].sum()
        for k in range(classes):
            if not wanted[k]:
                continue
            if area[i, k] > 0:
                cost[i, k] = _WHOLE - _WHOLE * area[i, k] // held
                continue
            nearest = 2 * SQUARE * SQUARE
            for j in range(cells):
                if area[j, k] > 0:
                    nearest = min(nearest, (column[i] - column[j]) ** 2 + (row[i] - row[j]) ** 2)
            cost[i, k] = _WITHOUT + _WHOLE * nearest
    return cost


@njit(cache=True, nogil=True)
def _transported(cost: Ints, wanted: Ints) -> Ints:
    """The classes of the cells (n,) that cost least in all, where so many are ``wanted`` of each class."""
    cells, classes = cost.shape
    given = np.zeros(cells, np.int64)
    surplus = -wanted
    for i in range(cells):
        best = -1
        for k in range(classes):
            if wanted[k] > 0 and (best < 0 or cost[i, k] < cost[i, best]):
                best = k
        given[i] = best
        surplus[best] += 1
    step = np.empty((classes, classes), np.int64)  # the least it costs to move a cell from one class to another
    mover = np.empty((classes, classes), np.int64)
    reach = np.empty(classes, np.int64)
    before = np.empty(classes, np.int64)
    while surplus.max() > 0:
        step[:] = _FAR
        for i in range(cells):
            for k in range(classes):
                more = cost[i, k] - cost[i, given[i]]
                if wanted[k] > 0 and more < step[given[i], k]:
                    step[given[i], k] = more
                    mover[given[i], k] = i
        reach[:] = np.where(surplus > 0, 0, _FAR)
        before[:] = -1
        for _ in range(classes):  # Bellman and Ford
            for j in range(classes):
                for k in range(classes):
                    if reach[j] < _FAR and step[j, k] < _FAR and reach[j] + step[j, k] < reach[k]:
                        reach[k] = reach[j] + step[j, k]
                        before[k] = j
        end = -1
        for k in range(classes):
            if surplus[k] < 0 and (end < 0 or reach[k] < reach[end]):
                end = k
        surplus[end] += 1
        while before[end] >= 0:
            given[mover[before[end], end]] = end
            end = before[end]
        surplus[end] -= 1
    return given
