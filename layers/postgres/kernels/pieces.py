"""Compiled loops of ``layers.postgres.pieces``."""

from __future__ import annotations

from numba import njit

LONG_BYTES = 24  # from here on copying a piece as a whole is faster than byte by byte, three times so for a plot


@njit(cache=True, nogil=True)
def lay(data, start, size, at, rows):
    """Copy the piece of every row to where that row has come to, and move on."""
    for i in range(len(start)):
        first, to, count = start[i], at[i], size[i]
        if count < LONG_BYTES:
            for k in range(count):
                rows[to + k] = data[first + k]
        else:
            rows[to : to + count] = data[first : first + count]
        at[i] = to + count
