"""Byte strings of many rows in one buffer, and rows put together from them column by column.

A million rows of a binary COPY stream take half a second, where an object for every value takes ten.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray

from layers.postgres.kernels import pieces as kernels

ROWS_AT_ONCE = 4_096  # rows put together at once; about 2 MB of plots, which stay in the cache

Bytes = NDArray[np.uint8]
Ints = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Pieces:
    """Byte strings of n rows.

    data : uint8, a buffer that holds them; rows may share bytes of it. start, size : int64 (n,), where each lies.
    """

    data: Bytes
    start: Ints
    size: Ints

    @classmethod
    def of(cls, items: Sequence[bytes]) -> Pieces:
        """Return the pieces that hold these byte strings."""
        size = np.fromiter(map(len, items), dtype=np.int64, count=len(items))
        return cls(np.frombuffer(b"".join(items), dtype=np.uint8), np.cumsum(size) - size, size)

    @classmethod
    def repeated(cls, item: bytes, count: int) -> Pieces:
        """Return one byte string that stands in ``count`` rows."""
        return cls(np.frombuffer(item, dtype=np.uint8), np.zeros(count, dtype=np.int64), np.full(count, len(item)))

    @classmethod
    def cells(cls, table: NDArray[Any]) -> Pieces:
        """Return the items of an array, as they lie in memory, as byte strings of one size."""
        width = table.dtype.itemsize
        start = np.arange(0, len(table) * width, width, dtype=np.int64)
        return cls(table.view(np.uint8).reshape(-1), start, np.full(len(table), width))

    def __len__(self) -> int:
        """Return the number of rows."""
        return len(self.start)

    def __getitem__(self, rows: NDArray[Any] | slice) -> Pieces:
        """Return the pieces of some rows, by position, mask or slice; no bytes are copied."""
        return Pieces(self.data, self.start[rows], self.size[rows])

    def views(self) -> Iterator[memoryview]:
        """Yield the byte strings one by one, without copying them."""
        whole = memoryview(cast(Any, self.data))
        ends = (self.start + self.size).tolist()
        return (whole[first:end] for first, end in zip(self.start.tolist(), ends, strict=True))

    def tolist(self) -> list[bytes]:
        """Return the byte strings one by one."""
        return [bytes(view) for view in self.views()]


def joined(parts: Sequence[Pieces]) -> Pieces:
    """Return rows made of the pieces of several columns, one after the other."""
    size: Ints = np.sum([part.size for part in parts], axis=0, dtype=np.int64)
    end = np.cumsum(size)
    rows = np.empty(end[-1] if len(end) else 0, dtype=np.uint8)
    start = end - size
    for first in range(0, len(size), ROWS_AT_ONCE):
        block = slice(first, first + ROWS_AT_ONCE)
        at = start[block].copy()
        for part in parts:
            kernels.lay(part.data, part.start[block], part.size[block], at, rows)
    return Pieces(rows, start, size)
