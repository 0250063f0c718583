"""Loops over plots: group scores, one score, what holds the class and what limits it; domain reference 3.6."""

from __future__ import annotations

import numpy as np
from numba import njit

from geo.contract.classes import CLASS_LIMITS, ROUNDING
from geo.suitability.model import HAZARD, NO_HOLD, NOTHING, WATER

LETTER_SLOTS, LETTER_BASE = 3, 16  # a subclass code holds up to three letters, worst first, base 16, 0 = none
# Memberships below which a class is missed; single numbers are compiled in, an array would be read for every plot.
BELOW_S1, BELOW_S2, BELOW_S3, BELOW_N1 = (float(limit) - ROUNDING for limit in CLASS_LIMITS)
GOOD = BELOW_S1  # membership from which a value is in its S1 range


@njit(cache=True, nogil=True)
def class_at(membership):
    """Class of one membership; a limit belongs to the better class.

    Parameters
    ----------
    membership : 0-1.

    Returns
    -------
    int, index into ``geo.contract.classes.CLASSES``.
    """
    below = int(membership < BELOW_S1) + int(membership < BELOW_S2)  # numbers: NumPy's own truths add up to a truth
    return below + int(membership < BELOW_S3) + int(membership < BELOW_N1)


@njit(cache=True, nogil=True)
def held_at(membership, better):
    """Best class a plot may have by one membership; no S1 with one below S2.

    Parameters
    ----------
    membership : 0-1.
    better : classes the plot may be better than the membership's.

    Returns
    -------
    int, index into ``geo.contract.classes.CLASSES``.
    """
    own = class_at(membership)
    return max(own - better, 1 if own >= 2 else 0)


@njit(cache=True, nogil=True)
def sort_best_first(values, groups, rank, order):
    """Order groups by value, best first; equals stand in reverse, in order when read backwards.

    Parameters
    ----------
    values : float64 (groups,).
    groups : int64 (m,), groups to order.
    rank : int64 (m,), room to work in.
    order : int64 (m,), filled with the ordered groups.

    Notes
    -----
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
def ordered_average(values, order, quantified):
    """Ordered weighted average of values that are ordered already.

    Parameters
    ----------
    values : float64 (groups,).
    order : int64 (m,), groups, best first.
    quantified : float64 (2**groups,), quantifier of each subset of groups.

    Returns
    -------
    float.
    """
    total, subset, reached = 0.0, 0, 0.0
    for i in range(len(order)):
        subset |= 1 << order[i]
        total += values[order[i]] * (quantified[subset] - reached)
        reached = quantified[subset]
    return total


@njit(cache=True, nogil=True)
def _average_with(values, order, quantified, group, value):
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
def owa_each(values, quantified, result):
    """Average each column of values in order.

    Parameters
    ----------
    values : float64 (groups, n).
    quantified : float64 (2**groups,), quantifier of each subset of groups.
    result : float64 (n,), filled.
    """
    groups, n = values.shape
    column = np.empty(groups)
    every, rank, order = np.arange(groups), np.empty(groups, dtype=np.int64), np.empty(groups, dtype=np.int64)
    for i in range(n):
        for g in range(groups):
            column[g] = values[g, i]
        sort_best_first(column, every, rank, order)
        result[i] = ordered_average(column, order, quantified)


@njit(cache=True, nogil=True)
def aggregate(
    memberships,
    highest,
    loose,
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
    required,
    out_low,
    out_high,
    out_known,
    out_group_low,
    out_group_high,
    out_known_weight,
    out_held,
    out_held_by,
    out_held_low,
    out_held_high,
    out_unknown_by,
    out_limiting,
    out_enough,
    out_firm_water,
    out_letters,
    start,
    stop,
):
    """Judge each plot.

    Parameters
    ----------
    memberships, highest : float64 (k, n), low and high ends, NaN unknown.
    loose : int32 (n,), bit k set where criterion k holds one class less.
    active, within, gate, group_weights, minimum, quantified, share : of ``geo.suitability.combination.Weighting``.
    group_of, letter_of, own, with_group, decisive, required : of ``geo.suitability.model.Structure``.
    out_low, out_high, out_known, out_group_low, out_group_high, out_known_weight : float64, filled, see ``Aggregate``.
    out_held, out_held_by, out_held_low, out_held_high, out_unknown_by, out_limiting : int8 (n,), filled likewise.
    out_enough, out_firm_water, out_letters : bool, bool and int16 (n,), filled likewise.
    start, stop : plots to judge.
    """
    groups = len(group_weights)
    present = np.flatnonzero(group_weights > 0.0)
    first = np.searchsorted(group_of[active], np.arange(groups + 1))  # criteria are declared group by group
    rank, order = np.empty(len(present), dtype=np.int64), np.empty(len(present), dtype=np.int64)
    sorted_known = np.empty(len(present), dtype=np.int64)
    low, high, known = np.empty(groups), np.empty(groups), np.empty(groups)
    # Per group: its score with one member at full membership (of a minimum all that are poor), and which it is.
    lifted, lifted_by = np.empty(groups), np.full(groups, NOTHING, dtype=np.int64)
    worst_member = np.empty(groups, dtype=np.int64)
    here = np.empty(groups)  # weight of each group in the average, where it stands
    cautious = True
    for group in range(groups):
        cautious &= (
            quantified[1 << group] <= group_weights[group] + ROUNDING
        )  # Q(r) <= r: an orness of at most one half
    for i in range(start, stop):
        known_share = 0.0
        held, held_by, held_low, held_high = -1, NOTHING, 0, 0
        unknown_by = NOTHING
        water_known, hazard_known, firm_water, all_known, enough = False, False, False, True, True
        exact = True
        known_groups, known_subset = 0, 0
        for g in present:
            mean_low, mean_high, mean_known, known_weight = 0.0, 0.0, 0.0, 0.0
            firm_known, firm_weight, firm_low, firm_high, firm_all = 0.0, 0.0, 0.0, 0.0, 0.0
            # Least and second least of what bounds the group: all members where the worst counts, else its gates.
            least, second, least_high, least_known = 1.0, 1.0, 1.0, 1.0
            least_by, next_least, rest = NOTHING, 1.0, 1.0
            lowest_by, lowest = NOTHING, 2.0
            to_blame, lack = NOTHING, -1.0
            hold = with_group[g]
            for j in range(first[g], first[g + 1]):
                k = np.uintp(active[j])  # unsigned: no test for counting from the end
                membership = memberships[k, i]
                is_known = membership == membership
                at_worst = membership if is_known else 0.0
                at_best = highest[k, i] if is_known else 1.0
                is_loose = (loose[i] >> active[j]) & 1
                all_known &= is_known
                exact &= at_worst == at_best
                mean_low += within[k] * at_worst
                mean_high += within[k] * at_best
                if is_known:
                    mean_known += within[k] * membership
                    known_weight += within[k]
                    known_share += share[k]
                    lower = membership < lowest
                    lowest_by, lowest = (active[j] if lower else lowest_by), (membership if lower else lowest)
                else:
                    enough &= not required[k]
                    if decisive[k] and unknown_by == NOTHING:
                        unknown_by = active[j]
                if own[k] < NO_HOLD:
                    better = own[k] + is_loose
                    if is_known:
                        allowed = held_at(at_best, better)
                        if allowed > held:
                            held, held_by = allowed, active[j]
                        held_high = max(held_high, allowed)
                    if at_worst != at_best:
                        allowed = held_at(at_worst, better)
                    held_low = max(held_low, allowed)
                if hold < NO_HOLD and not is_loose:
                    firm_all += within[k]
                    firm_low += within[k] * at_worst
                    firm_high += within[k] * at_best
                    if is_known:
                        firm_known += within[k] * at_best
                        firm_weight += within[k]
                        lacking = within[k] * (1.0 - at_best)
                        to_blame, lack = (active[j] if lacking > lack else to_blame), max(lack, lacking)
                if minimum[g] or gate[k]:
                    second, least = min(second, max(least, at_worst)), min(least, at_worst)
                    least_high = min(least_high, at_best)
                    if is_known:
                        least_known = min(least_known, membership)
            worst_member[g] = lowest_by
            if minimum[g]:
                low[g], high[g], known[g] = least, least_high, least_known
            else:
                low[g], high[g] = min(mean_low, least), min(mean_high, least_high)
                known[g] = min(mean_known / known_weight, least_known) if known_weight > 0.0 else 0.0
            out_group_low[g, i], out_group_high[g, i] = low[g], high[g]
            if known_weight > 0.0:
                known_groups += 1
                known_subset |= 1 << int(g)
            if g == WATER:
                water_known = known_weight > 0.0
                firm_water = firm_weight > 0.0
            if g == HAZARD:
                hazard_known = known_weight > 0.0
            if hold < NO_HOLD:
                if firm_weight > 0.0:
                    allowed = held_at(firm_known / firm_weight, hold)
                    if allowed > held or (allowed == held and to_blame < held_by):
                        held, held_by = allowed, to_blame
                if firm_all > 0.0:
                    held_high = max(held_high, held_at(firm_high / firm_all, hold))
                    held_low = max(held_low, held_at(firm_low / firm_all, hold))

            best, best_by = low[g], NOTHING
            if minimum[g]:
                for j in range(first[g], first[g + 1]):
                    membership = memberships[np.uintp(active[j]), i]
                    at_worst = membership if membership == membership else 0.0
                    if at_worst == least:
                        least_by = active[j] if least_by == NOTHING else least_by
                    else:
                        next_least = min(next_least, at_worst)
                    if at_worst >= GOOD:
                        rest = min(rest, at_worst)
                raised = rest if least < GOOD else next_least
                if raised > best:
                    best, best_by = raised, least_by
            else:
                for j in range(first[g], first[g + 1]):
                    k = np.uintp(active[j])
                    membership = memberships[k, i]
                    at_worst = membership if membership == membership else 0.0
                    bound = second if gate[k] and at_worst == least else least
                    raised = min(mean_low + within[k] * (1.0 - at_worst), bound)
                    higher = raised > best
                    best, best_by = (raised if higher else best), (active[j] if higher else best_by)
            lifted[g], lifted_by[g] = best, best_by
        unknown_hold = 1 if unknown_by != NOTHING else 0
        out_held[i], out_held_by[i] = max(held, 0), held_by
        out_held_low[i], out_held_high[i] = max(held_low, unknown_hold), held_high
        out_unknown_by[i] = unknown_by
        out_known_weight[i] = known_share
        out_firm_water[i] = firm_water
        out_enough[i] = enough and known_share >= 0.5 - ROUNDING and water_known and hazard_known

        if not (all_known and exact):
            sort_best_first(high, present, rank, order)
            out_high[i] = ordered_average(high, order, quantified)
        sort_best_first(low, present, rank, order)
        score = ordered_average(low, order, quantified)
        out_low[i] = score
        if all_known and exact:
            out_high[i] = score
        if all_known:
            out_known[i] = score
            for j in range(len(order)):
                sorted_known[j] = order[j]
        elif known_groups == 0:
            out_known[i] = np.nan
        else:
            count = 0
            for g in present:
                if (known_subset >> g) & 1:
                    sorted_known[count] = g
                    count += 1
            some = sorted_known[:count].copy()
            sort_best_first(known, some, rank, sorted_known)
            # Q is a power: the weights of the known groups alone are those of all, each over their sum.
            out_known[i] = ordered_average(known, sorted_known[:count], quantified) / quantified[known_subset]
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
        out_limiting[i] = limiting

        letters, slot = 0, 1
        for j in range(known_groups - 1, max(known_groups - 1 - LETTER_SLOTS, -1), -1):
            g = sorted_known[j]
            if known[g] < GOOD:
                letters += slot * letter_of[worst_member[g]]
                slot *= LETTER_BASE
        out_letters[i] = letters
