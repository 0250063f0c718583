"""From memberships to group scores, one score and what limits it: the compiled core of the land evaluation.

Ordered weighted averaging after Yager (1988): groups sorted by score, best first, a(1) >= a(2) ..., with their
weights u; result = sum of a(i) (Q(u_1 + .. + u_i) - Q(u_1 + .. + u_(i-1))) with Q(r) = r**alpha. A group enters only
through which groups are at least as good, so Q is tabled once for every subset of groups and a plot costs no power.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from geo.compiled.threads import over_blocks
from geo.criteria import LAND_CRITERIA
from geo.panel.scheme import LAND_GROUPS, Scheme
from geo.suitability.kernels import combination as kernels
from geo.suitability.model import STRUCTURE

Floats = NDArray[np.float64]
Codes = NDArray[np.int8]

PLOTS_PER_BLOCK = 8_192


class Weighting(NamedTuple):
    """A scheme as the kernel takes it.

    active : rows of the membership matrix that weigh, int64. within : float64 (17,), weight in its group, summing to 1
    over its members. gate : bool (17,). group_weights : float64 (6,), summing to 1. minimum : bool (6,).
    quantified : float64 (64,), Q of the weight of each subset of groups. share : float64 (17,), weight of each
    criterion in the whole.
    """

    active: NDArray[np.int64]
    within: Floats
    gate: NDArray[np.bool_]
    group_weights: Floats
    minimum: NDArray[np.bool_]
    quantified: Floats
    share: Floats


def weighting(scheme: Scheme) -> Weighting:
    """Return the weights of a scheme; what is not known keeps its weight, and counts as 0 to 1.

    Parameters
    ----------
    scheme : weights of groups and criteria, gates and orness.

    Returns
    -------
    Weighting, criteria in the order of ``LAND_CRITERIA``, groups in that of ``LAND_GROUPS``.
    """
    within = np.zeros(len(LAND_CRITERIA))
    gate = np.zeros(len(LAND_CRITERIA), dtype=bool)
    for k, criterion in enumerate(LAND_CRITERIA):
        group = scheme.groups[criterion.group]
        within[k] = group.weights.get(criterion.id, 0.0)
        gate[k] = criterion.id in group.gates
    group_of = STRUCTURE.group
    within /= np.bincount(group_of, weights=within, minlength=len(LAND_GROUPS))[group_of]
    group_weights = np.array([scheme.land_weights[group] for group in LAND_GROUPS])
    group_weights /= group_weights.sum()
    return Weighting(
        active=np.flatnonzero(within > 0.0),
        within=within,
        gate=gate,
        group_weights=group_weights,
        minimum=np.array([scheme.groups[group].minimum for group in LAND_GROUPS]),
        quantified=quantified(group_weights, scheme.alpha),
        share=within * group_weights[group_of],
    )


def quantified(group_weights: Floats, alpha: float) -> Floats:
    """Return the quantifier of the summed weight of every subset of groups.

    Parameters
    ----------
    group_weights : float64 (groups,), sum 1.
    alpha : exponent, above 0; orness = 1 / (1 + alpha).

    Returns
    -------
    float64 (2**groups,), bit g of the index set where group g is in the subset.

    Notes
    -----
    Q(r) = r**alpha.

    References
    ----------
    Yager 1988: On ordered weighted averaging. IEEE Transactions on Systems, Man, and Cybernetics 18(1), pp. 183-190.
    """
    n = len(group_weights)
    members = (np.arange(2**n)[:, np.newaxis] >> np.arange(n)) & 1
    return np.asarray(np.clip(members @ group_weights, 0.0, 1.0) ** alpha, dtype=np.float64)


def owa(values: Floats, group_weights: Floats, alpha: float) -> Floats:
    """Return the ordered weighted average over the first axis.

    Parameters
    ----------
    values : float64 (groups, n), 0-1, no NaN.
    group_weights : float64 (groups,), sum 1.
    alpha : exponent of the quantifier, above 0; 1 gives the weighted mean.

    Returns
    -------
    float64 (n,), 0-1.

    Notes
    -----
    Sum of a(i) (Q(u_1 + .. + u_i) - Q(u_1 + .. + u_(i-1))), values a sorted best first, with their
    weights u (Yager 1988).

    Examples
    --------
    >>> [round(float(owa(np.array([[0.9], [0.6], [0.3]]), np.full(3, 1 / 3), alpha)[0]), 4) for alpha in (1.0, 2.0)]
    [0.6, 0.4667]
    """
    table = quantified(np.asarray(group_weights, dtype=np.float64), alpha)
    result = np.empty(values.shape[1])
    kernels.owa_each(np.ascontiguousarray(values, dtype=np.float64), table, result)
    return result


@dataclass(frozen=True, slots=True)
class Aggregate:
    """What the kernel finds for n plots, memberships throughout.

    low, high : score with unknown memberships at 0 and at 1, and intervals at their ends. known : score of what is
    known, weights shared out among it, NaN where nothing is. group_low, group_high : (6, n), in the order of
    ``LAND_GROUPS``. known_weight : share of all weight that is known, 0-1. held : best class, index into ``CLASSES``,
    that what holds the class allows on known values; held_by : criterion behind it; held_low, held_high : the same
    with what is unknown at 0 and at 1. unknown_by : first unknown decisive criterion, or -1. limiting : criterion
    whose improvement to full membership would raise the score most, or -1. enough : at least half of the weight is
    known, all that is required, and something of water and of hazard. firm_water : some water is known beside a head
    from a grid. letters : groups whose known score is below 0.75, worst first, base-16 code of up to three letters.
    """

    low: Floats
    high: Floats
    known: Floats
    group_low: Floats
    group_high: Floats
    known_weight: Floats
    held: Codes
    held_by: Codes
    held_low: Codes
    held_high: Codes
    unknown_by: Codes
    limiting: Codes
    enough: NDArray[np.bool_]
    firm_water: NDArray[np.bool_]
    letters: NDArray[np.int16]


def aggregate(
    memberships: Floats,
    weights: Weighting,
    *,
    highest: Floats | None = None,
    loose: NDArray[np.int32] | None = None,
) -> Aggregate:
    """Return scores, what holds the class and what limits it.

    Each plot is judged by itself alone, so order and company never change a result.

    Parameters
    ----------
    memberships : float64 (17, n) in the order of ``LAND_CRITERIA``, of intervals the low end, NaN unknown.
    weights : of a scheme.
    highest : float64 (17, n), the same with the high ends; None = there are no intervals.
    loose : int32 (n,), bit k set where criterion k holds one class less; None = nowhere.

    Returns
    -------
    Aggregate of the n plots.
    """
    n = memberships.shape[1]
    kinds = {"enough": np.bool_, "firm_water": np.bool_, "letters": np.int16}
    kinds |= dict.fromkeys(("low", "high", "known", "group_low", "group_high", "known_weight"), np.float64)
    result = Aggregate(
        **{
            name: np.empty((len(LAND_GROUPS), n) if name.startswith("group") else n, dtype=kinds.get(name, np.int8))
            for name in Aggregate.__dataclass_fields__
        }
    )
    result.group_low[:], result.group_high[:] = np.nan, np.nan
    low = np.ascontiguousarray(memberships, dtype=np.float64)
    kernel = partial(
        kernels.aggregate,
        low,
        low if highest is None else np.ascontiguousarray(highest, dtype=np.float64),
        np.zeros(n, dtype=np.int32) if loose is None else loose,
        *weights,
        *STRUCTURE,
        *(getattr(result, name) for name in Aggregate.__dataclass_fields__),
    )
    over_blocks(kernel, n, block=PLOTS_PER_BLOCK)
    return result
