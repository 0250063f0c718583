"""Running a compiled kernel over blocks of geometries on every core.

Kernels are compiled with ``nogil`` and driven by plain threads rather than by Numba's ``prange``: blocks are handed out
as threads come free, so one district among many plots does not hold up a whole share of them, and nothing breaks when
a web server calls from several threads or a cluster worker forks. Each geometry is computed by one thread alone, hence
the result does not depend on the number of threads.
"""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar, cast

from numba.core import config

Result = TypeVar("Result")

BLOCK = 4_096  # geometries; large enough to hide the cost of a call, small enough to share out evenly


def over_blocks(kernel: Callable[[int, int], None], n: int, *, block: int = BLOCK) -> None:
    """Call a kernel for all of 0..n in blocks, on as many threads as Numba is allowed to use.

    Parameters
    ----------
    kernel : called as ``kernel(start, stop)``; lets other threads run
    n : how many geometries, cells or rows there are
    block : how many are handed to a thread at once
    """
    starts = range(0, n, block)
    threads = min(len(starts), int(cast(Any, config).NUMBA_NUM_THREADS))
    if threads <= 1:
        kernel(0, n)
        return
    with ThreadPoolExecutor(threads) as pool:
        for done in [pool.submit(kernel, start, min(start + block, n)) for start in starts]:
            done.result()


def at_once(*calls: Callable[[], Result]) -> list[Result]:
    """Return what each call returns; they run side by side as far as threads are allowed.

    Parameters
    ----------
    *calls : called without arguments

    Returns
    -------
    what each returned, in their order
    """
    threads = min(len(calls), int(cast(Any, config).NUMBA_NUM_THREADS))
    if threads <= 1:
        return [call() for call in calls]
    with ThreadPoolExecutor(threads) as pool:
        return [done.result() for done in [pool.submit(call) for call in calls]]
