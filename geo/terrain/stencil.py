"""The moves from a cell to cells around it, and the cells each move crosses.

Ways along 8 directions are up to 8.2 % too long, along 16 up to 2.8 %. The 40 moves here leave directions at most
14 degrees apart, so that no way is more than 0.8 % too long, and every cell a long move crosses counts with the length
inside it: a move cannot jump a river one cell wide.
"""

from __future__ import annotations

from functools import cache
from itertools import pairwise
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

REACH = 4  # cells, longest move along a row or column; the margin a grid is padded by
ALL = 40  # directions
_OCTANT = {8: ((0, 1), (1, 1)), ALL: ((0, 1), (1, 1), (1, 2), (1, 3), (1, 4), (2, 3))}  # moves by number of directions


def moves(directions: int) -> tuple[tuple[int, int], ...]:
    """Return the row and column steps of all moves, nearest first.

    Parameters
    ----------
    directions : 8 or 40

    Returns
    -------
    (row, column) steps in cells, as many as ``directions``
    """
    turned = {
        (sign_row * a, sign_col * b)
        for pair in _OCTANT[directions]
        for a, b in (pair, pair[::-1])
        for sign_row in (1, -1)
        for sign_col in (1, -1)
    }
    return tuple(sorted(turned, key=lambda move: (move[0] ** 2 + move[1] ** 2, move)))


def crossed(row: int, col: int) -> list[tuple[int, int, int, float, float]]:
    """Return the cells on the line from (0, 0) to (row, col), in order.

    Parameters
    ----------
    row : step of the move in rows, cells
    col : step of the move in columns, cells

    Returns
    -------
    for each cell its row and column, the unit step it belongs to, its share 0-1 of the length, and the place 0-1 of its
        middle on the line
    """
    steps = max(abs(row), abs(col))
    cuts = {step / steps for step in range(steps + 1)}
    for extent in (abs(row), abs(col)):
        cuts.update((half + 0.5) / extent for half in range(extent))
    found = []
    for start, end in pairwise(sorted(cuts)):
        if end - start > 1e-9:
            middle = (start + end) / 2.0
            found.append((round(middle * row), round(middle * col), int(middle * steps), end - start, middle))
    return found


class Stencil(NamedTuple):
    """Moves as flat offsets in a grid of a given width; arrays are (moves,), (moves * REACH,) or (moves, pieces).

    offset, length : of each move, cells. steps, step_length : unit steps of a move, their length in cells. low, high,
    weight : where each step ends, ``REACH`` places for each move, between two cells: height = (1 - weight) low + weight
    high. pieces : how many cells a
    move crosses, counted apart by step; piece, piece_step, piece_share, piece_middle : those cells, their share of the
    length and where on it, 0-1, their middle is. beside : the two cells that meet at the corner a move passes through,
    0 and 0 without a corner. width : cells from one row to the next. A named tuple, so that compiled kernels take it
    whole.
    """

    offset: NDArray[np.int64]
    length: NDArray[np.float64]
    step_length: NDArray[np.float64]
    steps: NDArray[np.int64]
    low: NDArray[np.int64]
    high: NDArray[np.int64]
    weight: NDArray[np.float32]
    pieces: NDArray[np.int64]
    piece: NDArray[np.int64]
    piece_step: NDArray[np.int64]
    piece_share: NDArray[np.float32]
    piece_middle: NDArray[np.float32]
    beside: NDArray[np.int64]
    width: int


@cache
def stencil(width: int, directions: int = ALL) -> Stencil:
    """Return the moves on a grid padded by ``REACH`` cells on every side.

    Parameters
    ----------
    width : columns of the padded grid
    directions : 8 or 40

    Returns
    -------
    moves as flat offsets; kept, not to be written to
    """
    all_moves = moves(directions)
    lines = [crossed(row, col) for row, col in all_moves]
    n, most_pieces = len(all_moves), max(len(line) for line in lines)
    low, high = np.zeros((n, REACH), np.int64), np.zeros((n, REACH), np.int64)
    weight = np.zeros((n, REACH), np.float32)
    piece, piece_step = np.zeros((n, most_pieces), np.int64), np.zeros((n, most_pieces), np.int64)
    piece_share, piece_middle = np.zeros((n, most_pieces), np.float32), np.zeros((n, most_pieces), np.float32)
    beside = np.zeros((n, 2), np.int64)
    for k, (row, col) in enumerate(all_moves):
        steps = max(abs(row), abs(col))
        for step in range(steps):
            at_row, at_col = (step + 1) * row / steps, (step + 1) * col / steps
            # One of the two is whole, so the point lies between two cells at most.
            below = int(np.floor(at_row)) * width + int(np.floor(at_col))
            above = int(np.ceil(at_row)) * width + int(np.ceil(at_col))
            low[k, step], high[k, step] = below, above
            weight[k, step] = (at_row - np.floor(at_row)) + (at_col - np.floor(at_col))
        for j, (piece_row, piece_col, step, share, middle) in enumerate(lines[k]):
            piece[k, j], piece_step[k, j] = piece_row * width + piece_col, step
            piece_share[k, j], piece_middle[k, j] = share, middle
        if row % 2 and col % 2:
            # Odd by odd: halfway, the line passes through the corner of four cells.
            behind, ahead = (row - np.sign(row)) // 2, (row + np.sign(row)) // 2
            left, right = (col - np.sign(col)) // 2, (col + np.sign(col)) // 2
            beside[k] = behind * width + right, ahead * width + left
    return Stencil(
        offset=np.array([row * width + col for row, col in all_moves], np.int64),
        length=np.array([np.hypot(row, col) for row, col in all_moves]),
        step_length=np.array([np.hypot(row, col) / max(abs(row), abs(col)) for row, col in all_moves]),
        steps=np.array([max(abs(row), abs(col)) for row, col in all_moves], np.int64),
        low=low.ravel(),
        high=high.ravel(),
        weight=weight.ravel(),
        pieces=np.array([len(line) for line in lines], np.int64),
        piece=piece,
        piece_step=piece_step,
        piece_share=piece_share,
        piece_middle=piece_middle,
        beside=beside,
        width=width,
    )
