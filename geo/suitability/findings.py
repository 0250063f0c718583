"""What is found out about plots before anybody judges them: it follows from plots, land and day, not from a scheme."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from geo.contract.criterion import Block, Flags, Floats, Measured
from geo.contract.needs import Need
from geo.criteria import LAND_CRITERIA
from geo.criteria.water import CANAL_CONDITION, WATER_ADEQUACY
from geo.measures import exclusion
from geo.measures.exclusion import Excluded, Records, exclusion_mask, mines_unanswered, records_of
from geo.measures.water import irrigated, repair_gain
from geo.measures.water_in_reach import without_water
from geo.suitability.crop_choice import crop_ranks
from geo.water.repair import CONVEYING


@dataclass(frozen=True, slots=True)
class Findings:
    """What was found out about n plots.

    values : criterion id -> Measured. excluded : land that is shut, with the reason. crop_ranks : codes of crops that
    suit, best first, then -1, int8 (n, crops), see ``geo.crops.ranking.rank``. crops_unknown : which of what decides
    on crops is not known, one bit each, int8 (n,). mines_unanswered : mines are known of in the district and no dated
    answer covers the plot, bool (n,). records : what is on record of shut land there. without_water : no water on
    record could be led to the plot, bool (n,). irrigated : in a command area or recorded so, bool (n,).
    repair_gain : condition class that conveys -> by how much more water arrives once the plot's canal is in it,
    float64 (n,); empty where water or canals are not assessed.
    """

    values: Mapping[str, Measured]
    excluded: Excluded
    crop_ranks: NDArray[np.int8]
    crops_unknown: NDArray[np.int8]
    mines_unanswered: Flags
    records: Records
    without_water: Flags
    irrigated: Flags
    repair_gain: Mapping[int, Floats]

    def __len__(self) -> int:
        return len(self.irrigated)


def find(block: Block, known: Mapping[str, Measured] | None = None) -> Findings:
    """Measure every land criterion and all that is asked beside them.

    Parameters
    ----------
    block : n plots and what lies around them.
    known : criterion id -> what was measured of these plots where all that the criterion reads was the same; None
        nothing.

    Returns
    -------
    Findings of the n plots.
    """
    values = measure_all(block, known)
    ranks, unknown = crop_ranks(block, values)
    assessed = all(values[criterion.id].not_assessed is None for criterion in (CANAL_CONDITION, WATER_ADEQUACY))
    return Findings(
        values=values,
        excluded=exclusion_mask(block),
        crop_ranks=ranks,
        crops_unknown=unknown,
        mines_unanswered=mines_unanswered(block),
        records=records_of(block),
        without_water=without_water(block),
        irrigated=block.once(irrigated),
        repair_gain={state: repair_gain(block, state) for state in CONVEYING} if assessed else {},
    )


def needs() -> Iterator[Need]:
    """Yield all that a result follows from: the layers of every land criterion, and of land that is shut.

    Yields
    ------
    Need : a layer and how far a change of it can reach.

    Notes
    -----
    Crops, irrigation and the gain of a repair follow from layers of criteria, and from no more of them.
    """
    for criterion in LAND_CRITERIA:
        yield from criterion.needs
    yield from exclusion.NEEDS


def measure_all(block: Block, known: Mapping[str, Measured] | None = None) -> dict[str, Measured]:
    """Return the values of every land criterion.

    Parameters
    ----------
    block : n plots and what lies around them.
    known : criterion id -> values that stand; None nothing.

    Returns
    -------
    Criterion id -> Measured of n plots.
    """
    stands = known or {}
    return {
        criterion.id: stands[criterion.id] if criterion.id in stands else criterion.measured(block)
        for criterion in LAND_CRITERIA
    }
