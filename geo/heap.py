"""A binary heap of cells for compiled kernels: the smallest key first, among equal keys the first come."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray


class Heap(NamedTuple):
    """Room for queued cells, arrays (capacity,) filled to a size the caller keeps; children of i at 2i + 1 and 2i + 2.

    key : int64, order of leaving. turn : int64, order of coming, breaks ties. cell : int64.
    """

    key: NDArray[np.int64]
    turn: NDArray[np.int64]
    cell: NDArray[np.int64]


@njit(cache=True, nogil=True)
def room(capacity):  # type: ignore[no-untyped-def]
    """An empty heap with room for ``capacity`` cells."""
    return Heap(np.empty(capacity, np.int64), np.empty(capacity, np.int64), np.empty(capacity, np.int64))


@njit(cache=True, nogil=True)
def more_room(heap, size):  # type: ignore[no-untyped-def]
    """The same heap with twice the room."""
    larger = room(2 * len(heap.key))
    larger.key[:size] = heap.key[:size]
    larger.turn[:size] = heap.turn[:size]
    larger.cell[:size] = heap.cell[:size]
    return larger


@njit(cache=True, nogil=True)
def push(heap, size, key, turn, cell):  # type: ignore[no-untyped-def]
    """Queue a cell; return the new size. There must be room."""
    at = size
    while at > 0:
        parent = (at - 1) >> 1
        if heap.key[parent] < key or (heap.key[parent] == key and heap.turn[parent] < turn):
            break
        heap.key[at], heap.turn[at], heap.cell[at] = heap.key[parent], heap.turn[parent], heap.cell[parent]
        at = parent
    heap.key[at], heap.turn[at], heap.cell[at] = key, turn, cell
    return size + 1


@njit(cache=True, nogil=True)
def pop(heap, size):  # type: ignore[no-untyped-def]
    """Take the first cell out; return its key, the cell, and the new size. The heap must not be empty."""
    first_key, first_cell = heap.key[0], heap.cell[0]
    size -= 1
    key, turn, cell = heap.key[size], heap.turn[size], heap.cell[size]
    at = 0
    while True:
        child = 2 * at + 1
        if child >= size:
            break
        right = child + 1
        if right < size and (
            heap.key[right] < heap.key[child]
            or (heap.key[right] == heap.key[child] and heap.turn[right] < heap.turn[child])
        ):
            child = right
        if key < heap.key[child] or (key == heap.key[child] and turn < heap.turn[child]):
            break
        heap.key[at], heap.turn[at], heap.cell[at] = heap.key[child], heap.turn[child], heap.cell[child]
        at = child
    heap.key[at], heap.turn[at], heap.cell[at] = key, turn, cell
    return first_key, first_cell, size
