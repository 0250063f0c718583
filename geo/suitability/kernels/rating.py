"""Compiled loop of ``geo.suitability.rating``."""

from __future__ import annotations

import numpy as np
from numba import njit


@njit(cache=True, nogil=True)
def confide(evidence, share, least, worst, letters, start, stop):
    """Find the best letter for which evidence as good or better carries enough of the weight.

    Parameters
    ----------
    evidence : int8 (k, n), 0.. = A.., -1 unknown.
    share : float64 (k,), weight of each criterion in the whole.
    least : weight that is enough, 0-1.
    worst : the last letter, which stands where none is enough.
    letters : int8 (n,), filled.
    start, stop : plots to judge.
    """
    carried = np.empty(worst + 2)  # the first of what is unknown, which counts nowhere
    for i in range(start, stop):
        carried[:] = 0.0
        for k in range(len(share)):
            carried[evidence[k, i] + 1] += share[k]
        letters[i] = worst
        total = 0.0
        for letter in range(worst):
            total += carried[letter + 1]
            if total >= least:
                letters[i] = letter
                break
