"""How sure a class is: the model drawn again and again with other weights, another risk attitude and other values.

Each draw takes every weight within +-25 % (renormalised), an orness between 0.2 and 0.5 and, for every value, an
error as large as its evidence deserves, in the value's own unit and both ways; a level is one higher or lower by a
chance, a head from a grid errs by its standard error. An unknown value is drawn from the whole of 0-1, an interval
between its ends. Where the value behind a membership is not on record (runs made before tables were kept) the
membership itself is drawn. Draw d of plot number p is the same whatever other plots are drawn with it: its random
numbers come from a hash of (seed, d, p, criterion).
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache, partial
from statistics import NormalDist

import numpy as np
from numpy.typing import NDArray

from geo.compiled.threads import over_blocks
from geo.contract.classes import CLASSES
from geo.panel.scheme import LAND_GROUPS
from geo.suitability.combination import Weighting, quantified
from geo.suitability.kernels import draws as kernels
from geo.suitability.model import STRUCTURE
from geo.suitability.value_errors import NO_SCALES, Values

Floats = NDArray[np.float64]

DRAWS = 500  # draws per plot, domain reference 3.6 step 9
WEIGHT_SPREAD = 0.25  # -, weights are drawn within +-25 %, domain reference 3.6 step 9
ORNESS_RANGE = (0.2, 0.5)  # -, domain reference 3.6 step 9
# By evidence A, B, C, D; domain reference 3.6 step 9, defaults to calibrate against repeat surveys.
VALUE_ERROR = (0.04, 0.10, 0.20, 0.30)  # half-width of an even error, share of the distance between knots .75 and .25
LEVEL_CHANCE = (0.02, 0.05, 0.10, 0.15)  # -, of one level lower, and of one higher
MEMBERSHIP_DISTANCE = 0.5  # -, between the knots of .75 and .25 where the value is not on record, or is itself a rating
SHARES = 4096  # equal shares a normal error is drawn from, by the quantile at the middle of each
BLOCK = 16_384  # plots a thread draws at a time
FLAG_BELOW = 0.70  # share of draws in the modal class below which a result is flagged, domain reference 3.6 step 9


@dataclass(frozen=True, slots=True)
class Noise:
    """How far a draw may stray: ``SILENT`` gives the run's own result in every draw."""

    weights: float = WEIGHT_SPREAD
    orness: tuple[float, float] | None = ORNESS_RANGE
    values: tuple[float, float, float, float] = VALUE_ERROR
    levels: tuple[float, float, float, float] = LEVEL_CHANCE
    heads: bool = True
    unknown: bool = True


SILENT = Noise(weights=0.0, orness=None, values=(0.0,) * 4, levels=(0.0,) * 4, heads=False, unknown=False)


@dataclass(frozen=True, slots=True)
class Robustness:
    """Shares over all draws for n plots.

    shares : float64 (n, 6), share of draws in each of ``CLASSES``. modal : int8 (n,), the class drawn most, the better
    one of equals. modal_share : float64 (n,). flagged : bool (n,), modal share below 0.70. top : float64 (n,), share of
    draws in which the plot is among the best ``k`` of those drawn together, NaN without a ``k``.
    """

    shares: Floats
    modal: NDArray[np.int8]
    modal_share: Floats
    flagged: NDArray[np.bool_]
    top: Floats


def robustness(
    memberships: Floats,
    evidence: NDArray[np.int8],
    cap: NDArray[np.int8],
    fixed: NDArray[np.int8],
    plot_no: NDArray[np.int64],
    weights: Weighting,
    orness: float,
    *,
    draws: int = DRAWS,
    seed: int = 1,
    noise: Noise = Noise(),
    best: int | None = None,
    highest: Floats | None = None,
    loose: NDArray[np.int32] | None = None,
    values: Values | None = None,
) -> Robustness:
    """Draw n plots again and again and return how often each lands in each class.

    Parameters
    ----------
    memberships : float64 (17, n) in the order of ``LAND_CRITERIA``, NaN unknown.
    evidence : int8 (17, n), 0..3 = A..D, -1 unknown.
    cap : int8 (n,), best class that limits no draw can change allow.
    fixed : int8 (n,), class of plots that no draw can change (excluded or not evaluated), -1 for the others.
    plot_no : int64 (n,), numbers that seed each plot's draws.
    weights : of the run.
    orness : of the run, 0-1.
    draws : how often.
    seed : of all draws; the same seed gives the same shares.
    noise : how far a draw may stray.
    best : size of the top group; None = not asked.
    highest : float64 (17, n), high ends of the memberships; None = no intervals.
    loose : int32 (n,), bits of criteria that hold the class one less; None = nowhere.
    values : behind the memberships; None = not on record.

    Returns
    -------
    Robustness of the n plots.
    """
    n = memberships.shape[1]
    generator = np.random.Generator(np.random.PCG64(seed))
    counts = np.zeros((n, len(CLASSES)), dtype=np.int32)
    in_top = np.zeros(n, dtype=np.int32)
    score = np.empty(n)
    low = np.ascontiguousarray(memberships.T, dtype=np.float64)  # what is drawn of a plot lies together
    high = low if highest is None else np.ascontiguousarray(highest.T, dtype=np.float64)
    letters = np.ascontiguousarray(evidence.T)
    no_loose = np.zeros(n, dtype=np.int32)
    value_errors, level_chances = np.array([*noise.values, 0.0]), np.array([*noise.levels, 0.0])
    errors = MEMBERSHIP_DISTANCE * value_errors
    if values is None:
        values = Values(np.full(memberships.shape, np.nan), np.zeros(memberships.shape, dtype=np.int8), NO_SCALES)
    of_plot, by_table = np.ascontiguousarray(values.value.T), np.ascontiguousarray(values.table.T)
    for draw in range(draws):
        drawn, minimum_weights, alpha = _drawn_weights(generator, weights, orness, noise)
        table = quantified(minimum_weights, alpha)
        kernel = partial(
            kernels.draw,
            low,
            high,
            no_loose if loose is None else loose,
            letters,
            cap,
            fixed,
            plot_no,
            weights.active,
            drawn,
            weights.gate,
            minimum_weights,
            weights.minimum,
            table,
            STRUCTURE,
            of_plot,
            by_table,
            values.scales,
            errors,
            value_errors,
            level_chances,
            noise.heads,
            _normal_quantiles(),
            noise.unknown,
            np.uint64(seed) * np.uint64(1_000_003) + np.uint64(draw),
            counts,
            score,
        )
        over_blocks(kernel, n, block=BLOCK)
        if best is not None:
            in_top += _among_best(score, best)
    shares = counts / draws
    modal = shares.argmax(axis=1).astype(np.int8)
    modal_share = shares.max(axis=1)
    top = in_top / draws if best is not None else np.full(n, np.nan)
    return Robustness(shares, modal, modal_share, modal_share < FLAG_BELOW, np.asarray(top, dtype=np.float64))


@cache
def _normal_quantiles() -> Floats:
    """Quantiles of the standard normal distribution at the middles of ``SHARES`` equal shares."""
    normal = NormalDist()
    return np.array([normal.inv_cdf((share + 0.5) / SHARES) for share in range(SHARES)])


def _drawn_weights(
    generator: np.random.Generator, weights: Weighting, orness: float, noise: Noise
) -> tuple[Floats, Floats, float]:
    """Weights within groups, weights of groups and exponent of one draw; each set sums to 1 again."""
    within = weights.within * (1 + noise.weights * generator.uniform(-1, 1, len(weights.within)))
    of_group = np.bincount(STRUCTURE.group, weights=within, minlength=len(LAND_GROUPS))
    within = within / np.where(of_group > 0, of_group, 1.0)[STRUCTURE.group]
    groups = weights.group_weights * (1 + noise.weights * generator.uniform(-1, 1, len(weights.group_weights)))
    groups = groups / groups.sum()
    chance = generator.uniform()
    drawn = orness if noise.orness is None else noise.orness[0] + chance * (noise.orness[1] - noise.orness[0])
    return within, groups, 1.0 / drawn - 1.0


def _among_best(score: Floats, count: int) -> NDArray[np.int32]:
    """1 where a score is among the ``count`` highest; ties at the edge all count, unscored plots (NaN) never."""
    known = score[~np.isnan(score)]
    if not len(known):
        return np.zeros(len(score), dtype=np.int32)
    edge = np.partition(known, max(len(known) - count, 0))[max(len(known) - count, 0)]
    with np.errstate(invalid="ignore"):
        return np.asarray(score >= edge, dtype=np.int32)
