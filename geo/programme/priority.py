"""Priority for support: where support would change most for families who need it.

priority = potential suitability x improvement possible x need, each 0-1 (domain reference 1.2). It is a result of its
own beside land suitability and household fit, never merged with them, and a household's fit does not enter it: a low
fit never lowers anybody's rank. What is not known makes the priority an interval.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from geo.contract.criterion import Flags, Floats
from geo.programme.disclosure import suppressed

FULL_IMPROVEMENT = 0.25  # membership; a gain of one class or more counts in full, default to calibrate
FULL_NEED = 0.30  # share of households headed by women from which need counts in full, default to calibrate
BANDS = ("low", "medium", "high")
MEDIUM_FROM, HIGH_FROM = 0.10, 0.30  # priority from which a band begins, default to calibrate

NOTE = (
    "Priority for support is a result of its own: what the land could be, how much repair would change, and need. "
    "It is no part of a score or class."
)
LEFT_OUT = "Left out, so that no household can be told from it."
NEED_UNKNOWN = "Need is not known here; the priority is an interval."
MESSAGES = (NOTE, LEFT_OUT, NEED_UNKNOWN)


@dataclass(frozen=True, slots=True)
class Priority:
    """Priority for support of n plots or areas, 0-1, at worst and at best by what is not known.

    potential : suitability after the scheme's improvements, 0-1, NaN unknown. improvement : share of a class those
    gain, 0-1, NaN unknown. need : index 0-1, NaN unknown. All float64 (n,).
    """

    potential: Floats
    improvement: Floats
    need: Floats
    low: Floats
    high: Floats


def need_index(households: ArrayLike, led_by_women: ArrayLike) -> Floats:
    """Return the index of need from counts of households.

    Programme statistics of a jamoat, never of a plot.

    Parameters
    ----------
    households : of each of n jamoats, NaN unknown.
    led_by_women : those of them headed by women, NaN unknown.

    Returns
    -------
    float64 (n,), 0-1; NaN where a count is missing or there is no household.

    Notes
    -----
    min(1, share headed by women / ``FULL_NEED``); domain reference 1.2.
    """
    all_of_them, led = np.asarray(households, dtype=np.float64), np.asarray(led_by_women, dtype=np.float64)
    with np.errstate(divide="ignore", invalid="ignore"):
        share = np.where(all_of_them > 0, led / all_of_them, np.nan)
    return np.asarray(np.clip(share / FULL_NEED, 0.0, 1.0))


def priority(score: Floats, potential_score: Floats, shut: Flags, need: Floats) -> Priority:
    """Return the priority of n plots.

    Parameters
    ----------
    score : float64 (n,), land suitability now, 0-100, NaN without a score.
    potential_score : float64 (n,), the same after the scheme's improvements.
    shut : bool (n,), land whose potential is none either, such as a minefield.
    need : index 0-1 of the jamoat, NaN unknown.

    Returns
    -------
    Priority of the n plots.

    Notes
    -----
    potential x min(1, gain / ``FULL_IMPROVEMENT``) x need; domain reference 1.2. Land that is shut now and open after
    the improvements counts as 0 now. Where the potential is not known, potential and improvement may be anything from 0
    to 1.
    """
    potential = np.where(shut, 0.0, potential_score / 100.0)
    gain = potential - np.nan_to_num(score / 100.0, nan=0.0)
    improvement = np.where(shut, 0.0, np.clip(gain / FULL_IMPROVEMENT, 0.0, 1.0))
    parts = (potential, improvement, need)
    low, high = (np.prod([np.nan_to_num(part, nan=end) for part in parts], axis=0) for end in (0.0, 1.0))
    return Priority(potential, improvement, need, low, high)


def by_area(plots: Priority, area_ha: Floats, place: NDArray[np.int64], places: int) -> tuple[Floats, Floats]:
    """Return the mean priority of each place, weighted by area.

    Parameters
    ----------
    plots : priority of n plots.
    area_ha : float64 (n,), ha.
    place : int64 (n,), number of the place each plot lies in.
    places : how many there are.

    Returns
    -------
    low, high : float64 (places,), 0-1, at worst and at best; NaN where there is no plot.
    """
    area = np.bincount(place, weights=area_ha, minlength=places)
    with np.errstate(divide="ignore", invalid="ignore"):
        low, high = (
            np.bincount(place, weights=end * area_ha, minlength=places) / area for end in (plots.low, plots.high)
        )
    return low, high


def band(value: Floats) -> NDArray[np.str_]:
    """Return the band of each priority; a value on a limit has the higher band.

    Parameters
    ----------
    value : float64 (n,), 0-1.

    Returns
    -------
    low, medium or high, str (n,).
    """
    return np.array(BANDS)[(value >= MEDIUM_FROM).astype(np.int64) + (value >= HIGH_FROM)]


def too_few(households: ArrayLike, led_by_women: ArrayLike, smallest: int) -> Flags:
    """Return where need must not be shown: too few households on one side of the share.

    Parameters
    ----------
    households : whole numbers (n,), of each place.
    led_by_women : whole numbers (n,), those of them headed by women.
    smallest : least count that may be shown.

    Returns
    -------
    bool (n,). No total is shown beside these cells, so none can be told from it.
    """
    led = np.asarray(led_by_women, dtype=np.int64)
    others = np.maximum(np.asarray(households, dtype=np.int64) - led, 0)
    sides = [suppressed(cells, smallest=smallest, total_shown=False) for cells in (led, others, led + others)]
    return np.asarray(np.any(sides, axis=0))
