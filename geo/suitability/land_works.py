"""What works on land bring, by the table of remedies: check dams to a hazard zone, levelling to the slope of plots."""

from __future__ import annotations

from functools import lru_cache

import numpy as np

from geo.contract.criterion import Flags, Measured
from geo.criteria.hazard import FLOOD_LEVEL
from geo.criteria.terrain import SLOPE
from geo.hazard.levels import LEVELS, zone_level
from geo.panel.remedy_sets import Effect, effect_on
from geo.suitability.remedies import catalogue, gentle
from geo.suitability.surroundings import DEBRIS_FLOWS

CHECK_DAM, LEVELLING = "check_dam", "land_levelling"  # ids of remedies


@lru_cache
def _effect_of(remedy: str, criterion: str) -> Effect:
    """What a remedy of the table does to a criterion."""
    (of,) = (one for one in catalogue().remedy if one.id == remedy)
    (effect,) = (one for one in of.effects if one.criterion == criterion)
    return effect


def dammed_level(process: str, stated: str, intensity: str, return_period_y: float) -> str | None:
    """Return the level of a hazard zone below check dams.

    Parameters
    ----------
    process : of the zone; the dams hold back stones and mud, and no river.
    stated : one of ``geo.hazard.levels.LEVELS``, or unknown.
    intensity : one of ``geo.hazard.levels.INTENSITIES``, or unknown.
    return_period_y : years, NaN unknown.

    Returns
    -------
    str or None : one of ``LEVELS``, None of a zone of another process, or whose level nobody knows: what is unknown is
        made no better.

    Raises
    ------
    SuitabilityError : an unknown process, level or intensity.

    Notes
    -----
    The level falls as the mudflow and flood level of a plot does in ``remedies.toml``.
    """
    level, _, unlabelled = zone_level(process, stated, intensity, return_period_y)
    if process not in DEBRIS_FLOWS or unlabelled:
        return None
    return LEVELS[int(effect_on(np.array(float(level)), _effect_of(CHECK_DAM, FLOOD_LEVEL.id)))]


def levelled_slope(slope: Measured, chosen: Flags) -> tuple[Measured, Flags]:
    """Return the slope of plots of which some are levelled, and which of them are.

    Parameters
    ----------
    slope : of n plots, per cent.
    chosen : bool (n,), plots that are to be levelled.

    Returns
    -------
    Measured : of the n plots, as ``remedies.toml`` says; an unknown slope stays unknown.
    bool (n,) : plots that are levelled: the chosen ones that are gentle enough.
    """
    taken = chosen & gentle(slope.value)
    effect = _effect_of(LEVELLING, SLOPE.id)
    return slope.with_parts(lambda part: np.where(taken, effect_on(part, effect), part)), taken
