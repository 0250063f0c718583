"""The crop a plot is judged for: whether it is a tree."""

from __future__ import annotations

import numpy as np

from geo.contract.criterion import Block, Flags
from geo.crops.catalogue import crops

TREES = tuple(crop.id for crop in crops().values() if crop.tree)
TREES_JUDGED = "the reference crop is a tree"


def trees_judged(block: Block) -> Flags:
    """Return where the reference crop is a tree.

    Parameters
    ----------
    block : n plots

    Returns
    -------
    bool (n,)
    """
    return np.isin(block.judgement.crop, TREES)
