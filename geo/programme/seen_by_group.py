"""Water seen from above, by groups of plots that are large enough that no single plot can be told from them.

Every plot is in one group at most, so that no two groups differ by a few plots: those of an outlet's area, and what is
left of a jamoat. Shares are never 0 or 1, and stand in steps of a tenth.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from geo.programme.disclosure import PUBLIC_CELL

Floats = NDArray[np.float64]

STEP_PCT = 10.0  # %, shares are told in multiples of it
MOST_FROM_PCT, LITTLE_TO_PCT = 70.0, 30.0  # %, of what levels call most and little, default to calibrate
LEVELS = ("little", "part", "most", "unknown")
HALF_PCT = 50.0  # %, of the plots of a group that are green in a green August


@dataclass(frozen=True, slots=True)
class SeenOfGroup:
    """What may be told of a group.

    share_pct : float64 (years,), share of the plots that were green, a multiple of ``STEP_PCT`` from 10 to 90, NaN
    where too few can be told. known, green : how many Augusts are known, and in how many of these half the plots or
    more were green. mean_pct : mean of the shares, likewise in steps. level : of ``LEVELS``.
    """

    share_pct: Floats
    known: int
    green: int
    mean_pct: float
    level: str


def group_plots(
    area: NDArray[np.object_], jamoat: NDArray[np.object_], *, smallest: int = PUBLIC_CELL
) -> tuple[NDArray[np.object_], NDArray[np.object_]]:
    """Return the group of each plot: its outlet's area, or else what is left of its jamoat.

    Parameters
    ----------
    area : object (n,), code of the area that holds the plot, None where none does
    jamoat : object (n,), code of its jamoat, None where there is none
    smallest : least plots of a group

    Returns
    -------
    code of the area, and code of the jamoat of those in no area that is large enough, object (n,) each; None and None
    where neither is
    """
    in_area = _large(area, smallest)
    rest = _only(jamoat, ~in_area)
    return _only(area, in_area), _only(rest, _large(rest, smallest))


def seen_of_group(seen: NDArray[np.str_], *, smallest: int = PUBLIC_CELL) -> SeenOfGroup:
    """Return what may be told of the plots of one group.

    Parameters
    ----------
    seen : str (n, years), as ``geo.terrain.greenness.seen`` tells each plot
    smallest : least plots that have to be told in a year

    Returns
    -------
    shares of green plots by year, and what they come to
    """
    green, bare = (seen == "green").sum(axis=0), (seen == "not_green").sum(axis=0)
    enough = green + bare >= smallest
    share = np.divide(green, green + bare, out=np.full(len(green), np.nan), where=enough)
    share_pct = _in_steps(100.0 * share)
    known = int(enough.sum())
    mean_pct = float(_in_steps(np.array([np.nanmean(share_pct)]))[0]) if known else float("nan")
    return SeenOfGroup(share_pct, known, int((share_pct >= HALF_PCT).sum()), mean_pct, _level(mean_pct))


def _in_steps(share_pct: Floats) -> Floats:
    """Shares in steps, halves up, neither none nor all."""
    steps = np.floor(share_pct / STEP_PCT + 0.5) * STEP_PCT
    return np.asarray(np.clip(steps, STEP_PCT, 100.0 - STEP_PCT))


def _level(mean_pct: float) -> str:
    if np.isnan(mean_pct):
        return "unknown"
    return "most" if mean_pct >= MOST_FROM_PCT else "little" if mean_pct <= LITTLE_TO_PCT else "part"


def _only(code: NDArray[np.object_], where: NDArray[np.bool_]) -> NDArray[np.object_]:
    """Codes where they count, None elsewhere."""
    result = np.full(len(code), None, dtype=object)
    result[where] = code[where]
    return result


def _large(code: NDArray[np.object_], smallest: int) -> NDArray[np.bool_]:
    """Whether at least so many plots have the code of each, bool (n,)."""
    named = np.array([name is not None for name in code], dtype=bool)
    kinds, which, counts = np.unique(code[named].astype(str), return_inverse=True, return_counts=True)
    result = np.zeros(len(code), dtype=bool)
    if len(kinds):
        result[named] = counts[which] >= smallest
    return result
