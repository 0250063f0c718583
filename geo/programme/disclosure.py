"""Small cells of a table about people: what must be left out so that no household can be told from a number.

Thresholds are those of domain reference section 8, after the practice of household surveys (UN Inter-Secretariat
Working Group on Household Surveys, spatial anonymization, 2021).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

PUBLIC_CELL = 10  # households, smallest cell anybody may see; domain reference section 8
PARTNER_CELL = 5  # households, smallest cell a partner may see; domain reference section 8
ROUNDED_TO = 5  # households, counts are shown as multiples of it; domain reference section 8


def suppressed(counts: ArrayLike, *, smallest: int = PUBLIC_CELL, total_shown: bool = True) -> NDArray[np.bool_]:
    """Return which cells of one table must not be shown.

    Parameters
    ----------
    counts : households in each of n cells, no NaN; an empty cell tells nothing about anybody and stays.
    smallest : least count that may be shown.
    total_shown : the sum of the cells is public as well.

    Returns
    -------
    bool (n,), True where the cell is left out.

    Raises
    ------
    ValueError : a negative count.

    Notes
    -----
    Cells below ``smallest`` go first. Where the total is shown, the cells left out could be told from it: then the
    smallest of the others go too, until at least two are left out that together reach ``smallest``.
    """
    cells = np.asarray(counts, dtype=np.int64)
    if (cells < 0).any():
        raise ValueError("a count of households cannot be negative")
    hidden = np.asarray((cells > 0) & (cells < smallest))
    if not total_shown or not hidden.any():
        return hidden
    for cell in np.argsort(cells, kind="stable"):
        if hidden.sum() >= 2 and cells[hidden].sum() >= smallest:
            break
        hidden[cell] |= cells[cell] > 0
    return hidden


def rounded(counts: ArrayLike) -> NDArray[np.int64]:
    """Return counts as they are shown.

    Parameters
    ----------
    counts : households, (n,).

    Returns
    -------
    int64 (n,), multiples of ``ROUNDED_TO``; halves go up.
    """
    cells = np.asarray(counts, dtype=np.int64)
    return np.asarray((cells + ROUNDED_TO // 2) // ROUNDED_TO * ROUNDED_TO)
