"""A trial of other weights: kept memberships combined again, as a workshop tries what another judgement would change.

A trial moves three groups of the scheme and its orness within bounds and combines what a run kept by the very code of a
run. It measures nothing: what was unknown stays unknown, what no weight decides (land that is shut, land that was not
evaluated, hard limits, caps) stays as the run found it. It is never a published result.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Final

import numpy as np

from geo.contract.classes import N2, NE, OUTLOOKS
from geo.contract.criterion import Flags
from geo.errors import SuitabilityError
from geo.measures.exclusion import NOT_EXCLUDED, Excluded
from geo.panel.scheme import Scheme
from geo.suitability.assess import classify_plots
from geo.suitability.combination import Codes
from geo.suitability.model import NOTHING
from geo.suitability.rating import Rated
from geo.suitability.robustness import ORNESS_RANGE

# What each slider multiplies: group weights of the scheme, renormalised; labour and tenure are none of the land's.
GROUP_OF: Final[Mapping[str, str]] = MappingProxyType({"water": "water", "safety": "hazard", "nearness": "access"})
# Half to double the weight of the panel: one step of Saaty's scale either way [K], default to calibrate in workshops.
FACTORS: Final = (0.5, 2.0)
ORNESS: Final = ORNESS_RANGE  # -, risk attitudes whose difference draws tell of
UNLIKELY: Final = OUTLOOKS.index("unlikely")
OPEN: Final = OUTLOOKS.index("open")


@dataclass(frozen=True, slots=True)
class Emphasis:
    """How a trial departs from a scheme: what multiplies the weight of water, safety and nearness, and its orness.

    Factors within ``FACTORS``, 1 leaves the weight. orness : within ``ORNESS``, None = the scheme's own.
    """

    water: float = 1.0
    safety: float = 1.0
    nearness: float = 1.0
    orness: float | None = None

    def __post_init__(self) -> None:
        for name in GROUP_OF:
            _require_within(name, getattr(self, name), FACTORS)
        if self.orness is not None:
            _require_within("orness", self.orness, ORNESS)


def _require_within(name: str, value: float, bounds: tuple[float, float]) -> None:
    if not bounds[0] <= value <= bounds[1]:  # NaN is within nothing
        raise SuitabilityError(f"{name} must lie between {bounds[0]:g} and {bounds[1]:g}, not {value:g}")


NEUTRAL: Final = Emphasis()


def departure(scheme: Scheme, emphasis: Emphasis) -> Emphasis:
    """Return what of an emphasis departs from a scheme: an orness that is the scheme's own is none.

    Parameters
    ----------
    scheme : of a run.
    emphasis : as asked for.

    Returns
    -------
    Emphasis; ``NEUTRAL`` where a trial would be the run itself.
    """
    return replace(emphasis, orness=None) if emphasis.orness == scheme.orness else emphasis


def reweigh(scheme: Scheme, emphasis: Emphasis) -> Scheme:
    """Return a scheme with the weights of groups and the orness of a trial; all else is the scheme's.

    Parameters
    ----------
    scheme : of a run.
    emphasis : how the trial departs from it.

    Returns
    -------
    Scheme; the very one given where nothing departs from it.
    """
    emphasis = departure(scheme, emphasis)
    if emphasis == NEUTRAL:
        return scheme
    factors = {group: getattr(emphasis, name) for name, group in GROUP_OF.items()}
    weights = {group: weight * factors.get(group, 1.0) for group, weight in scheme.group_weights.items()}
    total = sum(weights.values())
    return replace(
        scheme,
        group_weights={group: weight / total for group, weight in weights.items()},
        group_cr=None,  # weights are given, no longer judged in pairs
        orness=scheme.orness if emphasis.orness is None else emphasis.orness,
    )


@dataclass(frozen=True, slots=True)
class Tried:
    """What n plots would be by the weights of a trial.

    classes : int8 (n,), index into ``CLASSES``. settled : bool (n,), at most two classes are possible. outlook : int8
    (n,), index into ``OUTLOOKS`` where the class is not settled or there is none, else -1.
    """

    classes: Codes
    settled: Flags
    outlook: Codes


def try_weights(rated: Rated, fixed: Codes, published_outlook: Codes, scheme: Scheme) -> Tried:
    """Return what plots would be by other weights, from what a run kept of them.

    Parameters
    ----------
    rated : memberships of n plots and the best class hard limits allow, as a run kept them.
    fixed : int8 (n,), class of plots that no weights can change (shut or not evaluated), -1 for the others.
    published_outlook : int8 (n,), index into ``OUTLOOKS`` as the run found it, -1 none.
    scheme : of the trial.

    Returns
    -------
    Tried of the n plots.

    Notes
    -----
    Combined by ``geo.suitability.assess.classify_plots``, as a run is. A plot the run could not evaluate is not
    evaluated here, even where its known criteria carry half of the new weights; one of which they carry less is not
    evaluated either. Whether water on record could be led to a plot is no part of what runs keep: so an outlook that
    was *unlikely* stays so, and land that was settled and no longer is has at most the outlook *open*.
    """
    shut = fixed == N2
    excluded = Excluded(np.where(shut, 0, NOT_EXCLUDED).astype(np.int8), np.zeros(len(fixed), dtype=np.int16))
    found = classify_plots(rated, excluded, scheme, {})
    unjudged = fixed == NE
    outlook = np.where(published_outlook == UNLIKELY, UNLIKELY, found.outlook)
    outlook = np.where(published_outlook == NOTHING, np.maximum(outlook, OPEN), outlook)
    outlook = np.where(unjudged, published_outlook, outlook)
    asked = found.outlook != NOTHING
    return Tried(
        classes=np.where(unjudged, NE, found.classes).astype(np.int8),
        settled=found.settled,
        outlook=np.where(asked | unjudged, outlook, NOTHING).astype(np.int8),
    )
