"""A queue of cells for compiled kernels: the smallest key first, among equal keys the first come.

Where cells are settled in order, keys to come are hardly smaller than the last one that left. So only the keys of one
slot need to be held in order, in a binary heap small enough for the cache; later ones wait in chains, one for each slot
of keys (Denardo and Fox 1979, Operations Research 27(1), p. 161).
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

from geo.compiled.kernel import innermost

_SIZE, _SLOT, _TURN, _FREE, _USED, _WAITING = range(6)  # places in Queue.state
SLOTS = 1 << 16  # a few cells each in a district


class Queue(NamedTuple):
    """Cells in a heap (children of i at 2i + 1 and 2i + 2) and in chains of waiting ones, all arrays int64.

    first, width : key at which slots begin, and their width. chain : (slots,), first waiting entry of each slot or -1.
    key, turn, cell : (capacity,), the heap: order of leaving, order of coming, and the cell. later_key, later_turn,
    later_cell, next : (capacity,), waiting entries and the one after each. state : cells in the heap, slot it holds,
    next turn, last entry left or -1, entries ever used, waiting cells.
    """

    first: np.int64
    width: np.int64
    chain: NDArray[np.int64]
    key: NDArray[np.int64]
    turn: NDArray[np.int64]
    cell: NDArray[np.int64]
    later_key: NDArray[np.int64]
    later_turn: NDArray[np.int64]
    later_cell: NDArray[np.int64]
    next: NDArray[np.int64]
    state: NDArray[np.int64]


@njit(cache=True, nogil=True)
def empty_queue(first, last, capacity):
    """Return an empty queue; keys beyond its slots may be queued all the same.

    Parameters
    ----------
    first : int64, key at which slots begin
    last : int64, key at which they end
    capacity : cells there is room for

    Returns
    -------
    queue
    """
    state = np.zeros(6, np.int64)
    state[_FREE] = -1
    return Queue(
        np.int64(first),
        np.int64((last - first) // SLOTS + 1),
        np.full(SLOTS, -1, np.int64),
        np.empty(capacity, np.int64),
        np.empty(capacity, np.int64),
        np.empty(capacity, np.int64),
        np.empty(capacity, np.int64),
        np.empty(capacity, np.int64),
        np.empty(capacity, np.int64),
        np.empty(capacity, np.int64),
        state,
    )


@innermost()
def size_of(queue):
    """Return how many cells are queued.

    Parameters
    ----------
    queue : from ``empty_queue``

    Returns
    -------
    int64
    """
    return queue.state[_SIZE] + queue.state[_WAITING]


@njit(cache=True, nogil=True)
def more_room(queue):
    """Return the same queue with twice the room.

    Parameters
    ----------
    queue : from ``empty_queue``; not to be used any more

    Returns
    -------
    queue with the same cells
    """
    return Queue(
        queue.first,
        queue.width,
        queue.chain,
        _doubled(queue.key),
        _doubled(queue.turn),
        _doubled(queue.cell),
        _doubled(queue.later_key),
        _doubled(queue.later_turn),
        _doubled(queue.later_cell),
        _doubled(queue.next),
        queue.state,
    )


@njit(cache=True, nogil=True)
def _doubled(values):
    return np.concatenate((values, np.empty_like(values)))


@innermost()
def push(queue, key, cell):
    """Queue a cell; there must be room.

    Parameters
    ----------
    queue : from ``empty_queue``
    key : int64, order of leaving
    cell : int64
    """
    state, chain = queue.state, queue.chain
    slot = min((key - queue.first) // queue.width, len(chain) - 1)
    turn = state[_TURN]
    state[_TURN] += 1
    if slot <= state[_SLOT]:
        _sift_in(queue.key, queue.turn, queue.cell, state[_SIZE], key, turn, cell)
        state[_SIZE] += 1
        return
    following = queue.next
    entry = state[_FREE]
    if entry >= 0:
        state[_FREE] = following[entry]
    else:
        entry = state[_USED]
        state[_USED] += 1
    queue.later_key[entry], queue.later_turn[entry], queue.later_cell[entry] = key, turn, cell
    following[entry], chain[slot] = chain[slot], entry
    state[_WAITING] += 1


@innermost()
def _next_slot(queue):
    """Take the cells of the next slot that has any into the empty heap."""
    state, chain, following = queue.state, queue.chain, queue.next
    keys, turns, cells = queue.key, queue.turn, queue.cell
    later_key, later_turn, later_cell = queue.later_key, queue.later_turn, queue.later_cell
    slot, size = state[_SLOT], 0
    while size == 0:
        slot += 1
        entry = chain[slot]
        chain[slot] = -1
        while entry >= 0:
            _sift_in(keys, turns, cells, size, later_key[entry], later_turn[entry], later_cell[entry])
            size += 1
            after = following[entry]
            following[entry], state[_FREE] = state[_FREE], entry
            entry = after
    state[_SLOT], state[_SIZE] = slot, size
    state[_WAITING] -= size


@innermost()
def pop(queue):
    """Take out the first cell; the queue must not be empty.

    Parameters
    ----------
    queue : from ``empty_queue``

    Returns
    -------
    int64, the cell with the smallest key, of equal keys the first come
    """
    if queue.state[_SIZE] == 0:
        _next_slot(queue)
    queue.state[_SIZE] -= 1
    return _sift_out(queue.key, queue.turn, queue.cell, queue.state[_SIZE])


@innermost()
def _before(key, turn, other_key, other_turn):
    return key < other_key or (key == other_key and turn < other_turn)


@innermost()
def _sift_in(keys, turns, cells, size, key, turn, cell):
    """Put a cell into a heap of ``size``, which has room for it."""
    at = size
    while at > 0:
        parent = (at - 1) >> 1
        if _before(keys[parent], turns[parent], key, turn):
            break
        keys[at], turns[at], cells[at] = keys[parent], turns[parent], cells[parent]
        at = parent
    keys[at], turns[at], cells[at] = key, turn, cell


@innermost()
def _sift_out(keys, turns, cells, size):
    """Take the first cell out of a heap, which leaves ``size``; return it."""
    first = cells[0]
    key, turn, cell = keys[size], turns[size], cells[size]
    at = 0
    while True:
        child = 2 * at + 1
        if child >= size:
            break
        right = child + 1
        if right < size and _before(keys[right], turns[right], keys[child], turns[child]):
            child = right
        if _before(key, turn, keys[child], turns[child]):
            break
        keys[at], turns[at], cells[at] = keys[child], turns[child], cells[child]
        at = child
    keys[at], turns[at], cells[at] = key, turn, cell
    return first
