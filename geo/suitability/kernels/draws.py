"""One draw of every plot: other weights, another risk attitude, other values; domain reference 3.6 step 9."""

from __future__ import annotations

import numpy as np
from numba import njit

from geo.contract.classes import S2
from geo.suitability.kernels.combination import class_at, held_at
from geo.suitability.model import NO_HOLD
from geo.suitability.value_errors import HEAD, LEVEL


@njit(cache=True, nogil=True, inline="always")
def uniform(state, plot, criterion):
    """Uniform number from a hash of three numbers.

    Parameters
    ----------
    state, plot, criterion : uint64 or int, of the draw, the plot and the criterion.

    Returns
    -------
    float, 0 to below 1.

    References
    ----------
    Steele, Lea and Flood 2014: Fast splittable pseudorandom number generators. OOPSLA 2014; finaliser of SplitMix64.
    """
    z = state * np.uint64(0x9E3779B97F4A7C15) + np.uint64(plot) * np.uint64(0xD1B54A32D192ED03) + np.uint64(criterion)
    z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    z = z ^ (z >> np.uint64(31))
    return float(z >> np.uint64(11)) * (1.0 / 9007199254740992.0)


@njit(cache=True, nogil=True, inline="always")
def drawn_membership(value, error, k, t, scales):
    """Membership of a value that is off by an error, in its own unit.

    Parameters
    ----------
    value, error : float, in the unit of the criterion, or in levels.
    k, t : int, criterion and its table.
    scales : ``geo.suitability.value_errors.Scales``.

    Returns
    -------
    float, 0-1.
    """
    last = scales.points[k, t] - 1
    off = min(max(value + error, scales.x[k, t, 0]), scales.x[k, t, last])
    j = 0
    for inner in range(1, last):  # counted and not searched: no branch to mispredict
        j += off >= scales.x[k, t, inner]
    return scales.y[k, t, j] + (off - scales.x[k, t, j]) * scales.slope[k, t, j]


@njit(cache=True, nogil=True)
def draw(
    memberships,
    highest,
    loose,
    evidence,
    cap,
    fixed,
    plot_no,
    active,
    within,
    gate,
    group_weights,
    minimum,
    table,
    structure,
    values,
    tables,
    scales,
    errors,
    value_errors,
    level_chances,
    draw_heads,
    normal,
    draw_unknown,
    state,
    counts,
    score,
    start,
    stop,
):
    """Draw each plot once; count its class and leave its score.

    Parameters
    ----------
    memberships, highest : float64 (n, k), low and high ends, NaN unknown.
    loose : int32 (n,), bit k set where criterion k holds one class less.
    evidence : int8 (n, k), index into ``errors``, -1 unknown.
    cap : int8 (n,), best class that hard limits allow.
    fixed : int8 (n,), class of plots that are not drawn, -1 for the others.
    plot_no : int64 (n,), numbers that seed each plot's draws.
    active, within, gate, group_weights, minimum : of ``geo.suitability.combination.Weighting``, weights as drawn.
    table : float64 (2**groups,), quantifier of each subset of groups.
    structure : ``geo.suitability.model.Structure``.
    values, tables : float64 and int8 (n, k), value to draw and its table, NaN where the membership is drawn itself.
    scales : ``geo.suitability.value_errors.Scales``.
    errors : float64, half-width of the error of a membership by its evidence, 0 last.
    value_errors : float64, the same of a value, as a share of the distance between its knots of .75 and .25.
    level_chances : float64, chance by evidence that a level is one lower, and that it is one higher.
    draw_heads : bool, heads from a grid are drawn by their standard error.
    normal : float64, quantiles of the standard normal distribution.
    draw_unknown : bool, an unknown value is drawn from 0-1 and not taken as 0.
    state : uint64, number of the draw.
    counts : int32 (n, 6), counted on.
    score : float64 (n,), filled, 0-1, NaN where the plot is not drawn.
    start, stop : plots to draw.
    """
    groups = len(group_weights)
    value, least = np.empty(groups), np.empty(groups)
    firm, firm_weight = np.empty(groups), np.empty(groups)
    order = np.empty(groups, dtype=np.int64)
    for i in range(start, stop):
        if fixed[i] >= 0:
            counts[i, fixed[i]] += 1
            score[i] = np.nan
            continue
        for g in range(groups):
            value[g], least[g], firm[g], firm_weight[g] = 0.0, 1.0, 0.0, 0.0
        decisive_unknown = False
        held = 0
        for k in active:
            m = memberships[i, k]
            g = structure.group[k]
            is_loose = (loose[i] >> k) & 1
            if m == m:
                top = highest[i, k]
                chance = uniform(state, plot_no[i], k)
                half = errors[evidence[i, k]]
                if top > m:
                    # Somewhere in the interval, or at its safe end; what is certain of it holds the class.
                    m += chance * (top - m) if draw_unknown else 0.0
                elif values[i, k] == values[i, k]:
                    t, letter = tables[i, k], evidence[i, k]
                    if scales.kind[k, t] == LEVEL:
                        lower = level_chances[letter]
                        error = -1.0 if chance < lower else 1.0 if chance < 2.0 * lower else 0.0
                    elif scales.kind[k, t] == HEAD and is_loose == 1:
                        error = scales.sigma[k, t] * normal[int(chance * len(normal))] if draw_heads else 0.0
                    else:
                        error = value_errors[letter] * scales.distance[k, t] * (2.0 * chance - 1.0)
                    if error != 0.0:
                        m = drawn_membership(values[i, k], error, k, t, scales)
                    top = m
                elif half > 0.0:
                    m = min(max(m + half * (2.0 * chance - 1.0), 0.0), 1.0)
                    top = m
                if structure.own[k] < NO_HOLD:
                    held = max(held, held_at(top, structure.own[k] + is_loose))
                if not is_loose:
                    firm[g] += within[k] * top
                    firm_weight[g] += within[k]
            else:
                if structure.decisive[k]:
                    decisive_unknown = True
                m = uniform(state, plot_no[i], k) if draw_unknown else 0.0
            value[g] += within[k] * m
            if (minimum[g] or gate[k]) and m < least[g]:
                least[g] = m
        count = 0
        for g in range(groups):
            if group_weights[g] > 0.0:
                value[g] = least[g] if minimum[g] else min(value[g], least[g])
                j = count
                while j > 0 and value[order[j - 1]] < value[g]:
                    order[j] = order[j - 1]
                    j -= 1
                order[j] = g
                count += 1
            if firm_weight[g] > 0.0 and structure.with_group[g] < NO_HOLD:
                held = max(held, held_at(firm[g] / firm_weight[g], structure.with_group[g]))
        total, subset, reached = 0.0, 0, 0.0
        for j in range(count):
            subset |= 1 << order[j]
            total += value[order[j]] * (table[subset] - reached)
            reached = table[subset]
        score[i] = total
        found = max(class_at(total), cap[i], held)
        if decisive_unknown:
            found = max(found, S2)
        counts[i, found] += 1
