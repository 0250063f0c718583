"""One draw of every plot: other weights, another risk attitude, other values; domain reference 3.6 step 9."""

from __future__ import annotations

import numpy as np
from numba import njit

from geo.suitability.kernels.combination import class_at, held_at
from geo.suitability.model import NO_HOLD, S2


@njit(cache=True, nogil=True, inline="always")
def uniform(state, plot, criterion):
    """Uniform number in 0-1 from a hash of three numbers (the finaliser of SplitMix64, Steele et al. 2014)."""
    z = state * np.uint64(0x9E3779B97F4A7C15) + np.uint64(plot) * np.uint64(0xD1B54A32D192ED03) + np.uint64(criterion)
    z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    z = z ^ (z >> np.uint64(31))
    return float(z >> np.uint64(11)) * (1.0 / 9007199254740992.0)


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
    errors,
    draw_unknown,
    state,
    counts,
    score,
    start,
    stop,
):
    """Draw each plot once; counts its class and leaves its score."""
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
            m = memberships[k, i]
            g = structure.group[k]
            is_loose = (loose[i] >> k) & 1
            if m == m:
                top = highest[k, i]
                chance = uniform(state, plot_no[i], k)
                half = errors[evidence[k, i]]
                if top > m:
                    # Somewhere in the interval, or at its safe end; what is certain of it holds the class.
                    m += chance * (top - m) if draw_unknown else 0.0
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
