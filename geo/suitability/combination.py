"""From memberships to group scores, one score and what limits it: the compiled core of the land evaluation.

Ordered weighted averaging after Yager (1988): groups sorted by score, best first, a(1) >= a(2) ..., with their
weights u; result = sum of a(i) (Q(u_1 + .. + u_i) - Q(u_1 + .. + u_(i-1))) with Q(r) = r**alpha. A group enters only
through which groups are at least as good, so Q is tabled once for every subset of groups and a plot costs no power.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from functools import partial
from typing import NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

from geo.compiled.threads import over_blocks
from geo.criteria import LAND_CRITERIA
from geo.panel.scheme import LAND_GROUPS, Scheme
from geo.suitability.model import CLASS_LIMITS, NO_HOLD, ROUNDING, STRUCTURE

Floats = NDArray[np.float64]
Codes = NDArray[np.int8]

LETTER_SLOTS, LETTER_BASE = 3, 16  # a subclass code holds up to three letters, worst first, base 16, 0 = none
NOTHING = -1  # no criterion
PLOTS_PER_BLOCK = 8_192

_WATER, _HAZARD = LAND_GROUPS.index("water"), LAND_GROUPS.index("hazard")


class Weighting(NamedTuple):
    """A scheme as the kernel takes it, for the criteria a run could assess.

    active : rows of the membership matrix that count, int64. within : float64 (17,), weight in its group, summing to
    1 over the assessed members. gate : bool (17,). group_weights : float64 (6,), summing to 1 over the groups with an
    assessed member, 0 for the others. minimum : bool (6,). quantified : float64 (64,), Q of the weight of each subset
    of groups. share : float64 (17,), weight of each criterion in the whole.
    """

    active: NDArray[np.int64]
    within: Floats
    gate: NDArray[np.bool_]
    group_weights: Floats
    minimum: NDArray[np.bool_]
    quantified: Floats
    share: Floats


def weighting(scheme: Scheme, assessed: Collection[str]) -> Weighting:
    """Return the weights that remain when only ``assessed`` criteria count.

    The weight of a criterion that could not be assessed is shared out in its group, in proportion; a group without
    any assessed member leaves its weight to the other groups.
    """
    within = np.zeros(len(LAND_CRITERIA))
    gate = np.zeros(len(LAND_CRITERIA), dtype=bool)
    for k, criterion in enumerate(LAND_CRITERIA):
        group = scheme.groups[criterion.group]
        if criterion.id in assessed:
            within[k] = group.weights.get(criterion.id, 0.0)
            gate[k] = criterion.id in group.gates
    group_of = STRUCTURE.group
    of_group = np.bincount(group_of, weights=within, minlength=len(LAND_GROUPS))
    within /= np.where(of_group > 0.0, of_group, 1.0)[group_of]
    group_weights = np.where(of_group > 0.0, [scheme.land_weights[group] for group in LAND_GROUPS], 0.0)
    group_weights /= group_weights.sum() or 1.0
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
    """Return Q(r) = r**alpha of the summed weight r of every subset of groups, float64 (2**groups,)."""
    n = len(group_weights)
    members = (np.arange(2**n)[:, np.newaxis] >> np.arange(n)) & 1
    return np.asarray(np.clip(members @ group_weights, 0.0, 1.0) ** alpha, dtype=np.float64)


def owa(values: Floats, group_weights: Floats, alpha: float) -> Floats:
    """Return the ordered weighted average over the first axis, float64 (n,) for ``values`` (groups, n) in 0-1.

    >>> [round(float(owa(np.array([[0.9], [0.6], [0.3]]), np.full(3, 1 / 3), alpha)[0]), 4) for alpha in (1.0, 2.0)]
    [0.6, 0.4667]
    """
    table = quantified(np.asarray(group_weights, dtype=np.float64), alpha)
    result = np.empty(values.shape[1])
    _owa_each(np.ascontiguousarray(values, dtype=np.float64), table, result)
    return result


@dataclass(frozen=True, slots=True)
class Aggregate:
    """What the kernel finds for n plots, memberships throughout.

    low, high : score with unknown memberships at 0 and at 1. group_low, group_high : (6, n) likewise, in the order
    of ``LAND_GROUPS``, NaN for a group without assessed member. held : best class, index into ``CLASSES``, that what
    holds the class allows on known values; held_by : criterion behind it. unknown_by : an unknown decisive criterion,
    the one that would raise the score most, or -1. limiting : criterion whose improvement to full membership would
    raise the score most, or -1. enough : at least half of the assessed weight is known, and something of water and of
    hazard. letters : groups below 0.75, worst first, base-16 code of up to three letters.
    """

    low: Floats
    high: Floats
    group_low: Floats
    group_high: Floats
    held: Codes
    held_by: Codes
    unknown_by: Codes
    limiting: Codes
    enough: NDArray[np.bool_]
    letters: NDArray[np.int16]


def aggregate(memberships: Floats, weights: Weighting) -> Aggregate:
    """Return scores and what limits them for ``memberships``, float64 (17, n) in the order of ``LAND_CRITERIA``.

    Unknown memberships are NaN. Each plot is judged by itself alone, so order and company never change a result.
    """
    n = memberships.shape[1]
    groups = len(LAND_GROUPS)
    result = Aggregate(
        low=np.empty(n),
        high=np.empty(n),
        group_low=np.full((groups, n), np.nan),
        group_high=np.full((groups, n), np.nan),
        held=np.empty(n, dtype=np.int8),
        held_by=np.empty(n, dtype=np.int8),
        unknown_by=np.empty(n, dtype=np.int8),
        limiting=np.empty(n, dtype=np.int8),
        enough=np.empty(n, dtype=bool),
        letters=np.empty(n, dtype=np.int16),
    )
    kernel = partial(
        _aggregate,
        np.ascontiguousarray(memberships, dtype=np.float64),
        *weights,
        *STRUCTURE,
        *(getattr(result, name) for name in Aggregate.__dataclass_fields__),
    )
    over_blocks(kernel, n, block=PLOTS_PER_BLOCK)
    return result


@njit(cache=True, nogil=True)
def class_at(membership):  # type: ignore[no-untyped-def]
    """Class of one membership, index into ``CLASSES``; a limit belongs to the better class."""
    found = 0
    for c in range(len(CLASS_LIMITS)):
        found += membership < CLASS_LIMITS[c] - ROUNDING
    return found


@njit(cache=True, nogil=True)
def _sort_best_first(values, groups, rank, order):  # type: ignore[no-untyped-def]
    """Order groups by value, best first; equals stand in reverse, in order when read backwards.

    Each is counted past every other: without a branch, which could not be foretold.
    """
    n = len(groups)
    for i in range(n):
        value, behind = values[groups[i]], 0
        for j in range(i):
            ahead = value >= values[groups[j]]
            rank[j] += ahead
            behind += not ahead
        rank[i] = behind
    for i in range(n):
        order[rank[i]] = groups[i]


@njit(cache=True, nogil=True)
def _ordered_average(values, order, quantified):  # type: ignore[no-untyped-def]
    """Ordered weighted average of ``values`` already ordered best first."""
    total, subset, reached = 0.0, 0, 0.0
    for i in range(len(order)):
        subset |= 1 << order[i]
        total += values[order[i]] * (quantified[subset] - reached)
        reached = quantified[subset]
    return total


@njit(cache=True, nogil=True)
def _average_with(values, order, quantified, group, value):  # type: ignore[no-untyped-def]
    """The same with one group raised to ``value``: it moves towards the front, the others keep their order."""
    total, subset, reached = 0.0, 0, 0.0
    placed = False
    for i in range(len(order)):
        other = order[i]
        if not placed and (other == group or values[other] <= value):
            subset |= 1 << group
            total += value * (quantified[subset] - reached)
            reached = quantified[subset]
            placed = True
        if other != group:
            subset |= 1 << other
            total += values[other] * (quantified[subset] - reached)
            reached = quantified[subset]
    return total


@njit(cache=True, nogil=True)
def _owa_each(values, quantified, result):  # type: ignore[no-untyped-def]
    groups, n = values.shape
    column = np.empty(groups)
    every, rank, order = np.arange(groups), np.empty(groups, dtype=np.int64), np.empty(groups, dtype=np.int64)
    for i in range(n):
        for g in range(groups):
            column[g] = values[g, i]
        _sort_best_first(column, every, rank, order)
        result[i] = _ordered_average(column, order, quantified)


@njit(cache=True, nogil=True)
def _aggregate(  # type: ignore[no-untyped-def]
    memberships,
    active,
    within,
    gate,
    group_weights,
    minimum,
    quantified,
    share,
    group_of,
    letter_of,
    own,
    with_group,
    decisive,
    out_low,
    out_high,
    out_group_low,
    out_group_high,
    out_held,
    out_held_by,
    out_unknown_by,
    out_limiting,
    out_enough,
    out_letters,
    start,
    stop,
):
    groups = len(group_weights)
    present = np.flatnonzero(group_weights > 0.0)
    first = np.searchsorted(group_of[active], np.arange(groups + 1))  # criteria are declared group by group
    rank, order = np.empty(len(present), dtype=np.int64), np.empty(len(present), dtype=np.int64)
    low, high = np.empty(groups), np.empty(groups)
    # Per group: its score with one member at full membership, and which; the same for a decisive unknown member.
    lifted, lifted_by = np.empty(groups), np.full(groups, NOTHING, dtype=np.int64)
    learnt, learnt_by = np.empty(groups), np.empty(groups, dtype=np.int64)
    worst_member = np.empty(groups, dtype=np.int64)
    here = np.empty(groups)  # weight of each group in the average, where it stands
    cautious = True
    for group in range(groups):
        cautious &= (
            quantified[1 << group] <= group_weights[group] + ROUNDING
        )  # Q(r) <= r: an orness of at most one half
    for i in range(start, stop):
        known_share = 0.0
        held, held_at, held_by = -NO_HOLD, 1.0, NOTHING
        water_known, hazard_known, some_unknown, all_known = False, False, False, True
        for g in present:
            mean_low, mean_high, mean_known, known_weight = 0.0, 0.0, 0.0, 0.0
            # Least and second least of what bounds the group: all members where the worst counts, else its gates.
            least, second, least_high, least_known = 1.0, 1.0, 1.0, 1.0
            lowest_by, lowest = NOTHING, 2.0
            for j in range(first[g], first[g + 1]):
                k = np.uintp(active[j])  # unsigned: no test for counting from the end
                membership = memberships[k, i]
                is_known = membership == membership
                at_worst = membership if is_known else 0.0
                at_best = membership if is_known else 1.0
                all_known &= is_known
                mean_low += within[k] * at_worst
                mean_high += within[k] * at_best
                if is_known:
                    mean_known += within[k] * membership
                    known_weight += within[k]
                    known_share += share[k]
                if minimum[g] or gate[k]:
                    second, least = min(second, max(least, at_worst)), min(least, at_worst)
                    least_high = min(least_high, at_best)
                    if is_known:
                        least_known = min(least_known, membership)
                lower = at_worst < lowest
                lowest_by, lowest = (active[j] if lower else lowest_by), (at_worst if lower else lowest)
            worst_member[g] = lowest_by
            of_known = least_known
            if minimum[g]:
                low[g], high[g] = least, least_high
            else:
                low[g], high[g] = min(mean_low, least), min(mean_high, least_high)
                if known_weight > 0.0:
                    of_known = min(mean_known / known_weight, least_known)
            out_group_low[g, i], out_group_high[g, i] = low[g], high[g]

            # The member whose full membership lifts the group most, an unknown one likewise, and the one behind a
            # poor known score: the least in hazard and of gates that bind, else the one the mean lacks most of.
            best, best_by = low[g], NOTHING
            learn, learn_by = -1.0, NOTHING
            to_blame, lack = NOTHING, -1.0
            gate_binds = least_known <= of_known
            for j in range(first[g], first[g + 1]):
                k = np.uintp(active[j])
                membership = memberships[k, i]
                is_known = membership == membership
                at_worst = membership if is_known else 0.0
                bounds = minimum[g] or gate[k]
                bound = second if bounds and at_worst == least else least
                raised = bound if minimum[g] else min(mean_low + within[k] * (1.0 - at_worst), bound)
                higher = raised > best
                best, best_by = (raised if higher else best), (active[j] if higher else best_by)
                lacking = (1.0 if gate_binds else within[k]) * (1.0 - at_worst)
                blamed = is_known & (bounds | (not gate_binds)) & (lacking > lack)
                to_blame, lack = (active[j] if blamed else to_blame), (lacking if blamed else lack)
                if not is_known and raised > learn and decisive[k]:
                    learn, learn_by = raised, active[j]
                    some_unknown = True
            lifted[g], lifted_by[g] = best, best_by
            learnt[g], learnt_by[g] = learn, learn_by
            if g == _WATER:
                water_known = known_weight > 0.0
            if g == _HAZARD:
                hazard_known = known_weight > 0.0
            if with_group[g] < NO_HOLD and known_weight > 0.0:
                allowed = class_at(of_known) - with_group[g]
                if allowed > held or (allowed == held and of_known < held_at):
                    held, held_at, held_by = allowed, of_known, to_blame
        for j in range(len(active)):
            k = active[j]
            membership = memberships[k, i]
            if own[k] < NO_HOLD and membership == membership:
                allowed = class_at(membership) - own[k]
                if allowed > held or (allowed == held and membership < held_at):
                    held, held_at, held_by = allowed, membership, k
        out_held[i], out_held_by[i] = max(held, 0), held_by
        out_enough[i] = known_share >= 0.5 - ROUNDING and water_known and hazard_known

        if not all_known:
            _sort_best_first(high, present, rank, order)
            out_high[i] = _ordered_average(high, order, quantified)
        _sort_best_first(low, present, rank, order)
        score = _ordered_average(low, order, quantified)
        out_low[i] = score
        if all_known:
            out_high[i] = score
        # A cautious average is concave in the group scores: what a group adds is at most its lift times its weight
        # where it stands. Only groups whose bound reaches the best gain found can be the one that limits.
        reached, subset = 0.0, 0
        for j in range(len(order)):
            subset |= 1 << order[j]
            here[order[j]] = quantified[subset] - reached
            reached = quantified[subset]
        limiting, most = NOTHING, ROUNDING
        surest, floor = np.int64(0), ROUNDING
        for g in present:
            bound = here[g] * (lifted[g] - low[g])
            if lifted_by[g] != NOTHING and bound > floor:
                surest, floor = g, bound
        if cautious and lifted_by[surest] != NOTHING:
            floor = _average_with(low, order, quantified, surest, lifted[surest]) - score
        for g in present:
            if lifted_by[g] != NOTHING:
                if cautious and here[g] * (lifted[g] - low[g]) + ROUNDING < floor:
                    continue
                gain = _average_with(low, order, quantified, g, lifted[g]) - score
                if gain > most:
                    limiting, most = lifted_by[g], gain
        unknown_by, most_unknown = NOTHING, -1.0
        for g in present:
            if some_unknown and learnt_by[g] != NOTHING:
                gain = _average_with(low, order, quantified, g, learnt[g]) - score if learnt[g] > low[g] else 0.0
                if gain > most_unknown:
                    unknown_by, most_unknown = learnt_by[g], gain
        out_limiting[i], out_unknown_by[i] = limiting, unknown_by

        letters, slot = 0, 1
        for j in range(len(order) - 1, max(len(order) - 1 - LETTER_SLOTS, -1), -1):
            g = order[j]
            if low[g] < CLASS_LIMITS[0] - ROUNDING:
                letters += slot * letter_of[worst_member[g]]
                slot *= LETTER_BASE
        out_letters[i] = letters
