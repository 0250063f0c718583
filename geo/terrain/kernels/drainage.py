"""Compiled loops of ``geo.terrain.drainage``."""

from __future__ import annotations

import numpy as np
from numba import njit

from geo.compiled.cell_queue import empty_queue, pop, push, size_of

DOWN = np.array([0, -1, 0, 1, -1, -1, 1, 1])  # row steps of the eight neighbours
RIGHT = np.array([1, 0, -1, 0, 1, -1, -1, 1])  # column steps of the eight neighbours


@njit(cache=True, nogil=True)
def flood(rank, known, came_from, level, order):
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
def turn_steepest(z, filled, receiver, order):
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


@njit(cache=True, nogil=True)
def accumulate(receiver, order, amount):
    for i in range(len(order) - 1, -1, -1):
        cell = order[i]
        if receiver[cell] != cell:
            amount[receiver[cell]] += amount[cell]


@njit(cache=True, nogil=True)
def carry_up(receiver, order, start, value):
    """Give every cell the value of the first cell on its way down, itself included, where ``start`` is set."""
    for cell in order:
        if not start[cell] and receiver[cell] != cell:
            value[cell] = value[receiver[cell]]


@njit(cache=True, nogil=True)
def strahler(receiver, order, stream, number):
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
def upstream_extent(z, receiver, order, cols, top, length, head):
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
