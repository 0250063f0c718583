"""The rules of sharing water that is short.

``proportional``: at every division water parts in proportion to what is required beyond, as fixed dividers do.
``max-min``: the least ratio is as great as can be, then the next. ``tail-first`` and ``head-first``: one area after
the other by its distance along the network, each filled as far as it goes; head-first is what happens where nobody
governs. ``gardens-first``: kitchen gardens by max-min, then the rest by max-min.
"""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import ArrayLike, NDArray

RULES: Final = ("proportional", "max-min", "tail-first", "head-first", "gardens-first")
PER: Final = ("ratio", "depth")
JUDGED_YEAR: Final = "dry"  # of published balances, the one land is judged by
JUDGED_RULE: Final = "proportional"


def tell_judged(year_type: ArrayLike, rule: ArrayLike) -> NDArray[np.bool_]:
    """Tell which rows of published balances land is judged by.

    Balances of several years and rules are published side by side, so that a planner can compare them. Suitability
    rests on one of them alone: the dry year, shared as fixed dividers share. A balance of another rule or year is never
    taken in its place; without this one, what a balance could tell of a plot is not known.

    Parameters
    ----------
    year_type : str (rows,), dry, normal or wet.
    rule : str (rows,), one of ``RULES``.

    Returns
    -------
    bool (rows,).
    """
    return np.asarray((np.asarray(year_type) == JUDGED_YEAR) & (np.asarray(rule) == JUDGED_RULE), dtype=np.bool_)
