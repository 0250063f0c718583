"""What to ask first about a plot that is not evaluated or not settled: whatever narrows its class most for its price.

Domain reference 3.6 step 2. Every unknown criterion is tried at memberships 0 to 1, graded ones at their levels, and
the class range is found for each.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from geo.compiled.threads import over_blocks
from geo.contract.memberships import ByClass
from geo.criteria import LAND_CRITERIA
from geo.panel.scheme import Scheme
from geo.suitability.kernels import questions as kernels
from geo.suitability.model import NOTHING, STRUCTURE

if TYPE_CHECKING:
    from geo.suitability.assess import Suitability

TRIED = np.linspace(0.0, 1.0, 11)  # memberships an unknown criterion is tried at
PLOTS_PER_BLOCK = 512


def ask_first(land: Suitability, scheme: Scheme, *, mines: NDArray[np.bool_] | None = None) -> NDArray[np.int8]:
    """Return what to ask first about each plot.

    Parameters
    ----------
    land : suitability of n plots by ``scheme``.
    scheme : knots and levels each unknown criterion is tried at.
    mines : bool (n,), the plot lies where mines are known of and no dated answer of the mine action centre covers it;
        None = nowhere.

    Returns
    -------
    int8 (n,), index into ``LAND_CRITERIA``, one past the last for mines, -1 where there is nothing to ask.

    Notes
    -----
    Of a plot that is not evaluated, first what makes it so: the slope, else the heaviest unknown criterion of water or
    hazard where nothing of that group is known. Else the criterion that saves most classes of the range on average for
    its price; of equals the one that narrows the score most, then the first declared.
    """
    rated, found = land.rated, land.combined
    rows = np.flatnonzero(land.open_question & ~land.shut)
    asked = np.full(len(rows), NOTHING, dtype=np.int8)
    kernel = partial(
        kernels.ask_each,
        rated.memberships,
        rated.highest,
        rated.loose,
        rated.cap.astype(np.int64),
        _levels(scheme),
        rated.tables,
        np.array([0.0 if item.measuring is None else item.measuring.usd for item in LAND_CRITERIA]),
        rows,
        land.weights.active,
        land.weights.within,
        land.weights.gate,
        land.weights.group_weights,
        land.weights.minimum,
        land.weights.quantified,
        land.weights.share,
        STRUCTURE.group,
        STRUCTURE.own,
        STRUCTURE.with_group,
        STRUCTURE.decisive,
        STRUCTURE.required,
        found.enough,
        asked,
    )
    over_blocks(kernel, len(rows), block=PLOTS_PER_BLOCK)
    result = np.full(len(land), NOTHING, dtype=np.int8)
    result[rows] = asked
    if mines is not None:
        result[rows[mines[rows]]] = len(LAND_CRITERIA)
    return result


def _levels(scheme: Scheme) -> NDArray[np.float64]:
    """Return the memberships each criterion is tried at, by its table, float64 (17, tables, 11), NaN for none."""
    most = max(len(criterion.memberships) for criterion in LAND_CRITERIA)
    levels = np.full((len(LAND_CRITERIA), most, len(TRIED)), np.nan)
    for k, criterion in enumerate(LAND_CRITERIA):
        levels[k] = TRIED
        for number, table in enumerate(scheme.memberships(criterion)):
            if isinstance(table, ByClass):
                levels[k, number] = np.nan
                levels[k, number, : len(table.table)] = [table.table[code] for code in sorted(table.table)]
    return levels
