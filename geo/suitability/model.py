"""The structure of the land model as its kernels take it: groups, letters, and what holds the class; declared once.

Kernels are handed these arrays instead of reading them as globals: what a compiled kernel read as a global would stay
as it was when a criterion is declared anew.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from geo.contract.criterion import Criterion
from geo.criteria import LAND_CRITERIA
from geo.errors import SuitabilityError
from geo.panel.scheme import LAND_GROUPS

NOTHING = -1  # no criterion
WATER, HAZARD = LAND_GROUPS.index("water"), LAND_GROUPS.index("hazard")
NO_HOLD = 99  # classes better than any membership's class: holds nothing
LETTERS = tuple(dict.fromkeys(criterion.letter for criterion in LAND_CRITERIA))


class Structure(NamedTuple):
    """Structure of a land model of k criteria in six groups.

    group : int64 (k,), index into ``LAND_GROUPS``. letter : int64 (k,), index into ``LETTERS`` counted from 1.
    own : int64 (k,), classes a plot may be better than each criterion by itself, ``NO_HOLD`` where it holds none.
    with_group : int64 (6,), the same for the mean of the known members of each group. decisive : bool (k,), no class is
    better than S2 while it is unknown. required : bool (k,), there is no class at all while it is unknown.
    """

    group: NDArray[np.int64]
    letter: NDArray[np.int64]
    own: NDArray[np.int64]
    with_group: NDArray[np.int64]
    decisive: NDArray[np.bool_]
    required: NDArray[np.bool_]


def structure_of(criteria: Sequence[Criterion]) -> Structure:
    """Return the structure that criteria declare.

    Parameters
    ----------
    criteria : k criteria, group by group.

    Returns
    -------
    Structure of the k criteria in the six groups.

    Raises
    ------
    SuitabilityError : criteria of a group do not stand together, or differ in how far their group holds the class.
    """
    group = np.array([LAND_GROUPS.index(criterion.group) for criterion in criteria], dtype=np.int64)
    if (np.diff(group) < 0).any():
        raise SuitabilityError("criteria have to be declared group by group, in the order of the groups")
    with_group = np.full(len(LAND_GROUPS), NO_HOLD, dtype=np.int64)
    for g, name in enumerate(LAND_GROUPS):
        holds = {criterion.cap.with_group for criterion in criteria if criterion.group == name}
        if len(holds) > 1:
            raise SuitabilityError(f"criteria of the group {name} differ in how far it holds the class")
        with_group[g] = _or_none(next(iter(holds), None))
    return Structure(
        group=group,
        letter=np.array([LETTERS.index(criterion.letter) + 1 for criterion in criteria], dtype=np.int64),
        own=np.array([_or_none(criterion.cap.own) for criterion in criteria], dtype=np.int64),
        with_group=with_group,
        decisive=np.array([criterion.cap.decisive for criterion in criteria], dtype=bool),
        required=np.array([criterion.cap.required for criterion in criteria], dtype=bool),
    )


def _or_none(better: int | None) -> int:
    return NO_HOLD if better is None else better


STRUCTURE = structure_of(LAND_CRITERIA)
