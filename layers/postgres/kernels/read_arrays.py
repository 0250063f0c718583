"""Compiled loops of ``layers.postgres.read_arrays``."""

from __future__ import annotations

import numpy as np
from numba import njit


@njit(cache=True, nogil=True)
def find(data, at, start, size):
    for i in range(len(size)):
        length = np.int64(0)
        for k in range(4):
            length = (length << 8) | np.int64(data[at + k])
        at += 4
        start[i] = at
        if length >= 1 << 31:
            size[i] = -1
        else:
            size[i] = length
            at += length


@njit(cache=True, nogil=True)
def join(data, start, ends, joined):
    for i in range(len(start)):
        for k in range(ends[i + 1] - ends[i]):
            joined[ends[i] + k] = data[start[i] + k]
