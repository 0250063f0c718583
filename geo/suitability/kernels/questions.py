"""Loops over plots: which unknown criterion, once known, narrows the class most; domain reference 3.6 step 2."""

from __future__ import annotations

import numpy as np
from numba import njit

from geo.contract.classes import ROUNDING
from geo.suitability.kernels.combination import class_at, held_at, ordered_average, sort_best_first
from geo.suitability.model import HAZARD, NO_HOLD, NOTHING, WATER


@njit(cache=True, nogil=True)
def class_range(worst, best, known, loose, cap, model):
    """Range of classes that one plot's memberships leave open.

    Parameters
    ----------
    worst, best : float64 (k,), ends of each membership, 0 and 1 where it is unknown.
    known : bool (k,).
    loose : bits of criteria that hold the class one less.
    cap : best class that hard limits allow.
    model : weights and structure, as they are unpacked.

    Returns
    -------
    Class at the worst, class at the best, and the score between them, 0-1.
    """
    active, within, gate, group_weights, minimum, quantified, group_of, own, with_group, decisive = model
    groups = len(group_weights)
    low, high = np.zeros(groups), np.zeros(groups)
    least, least_high = np.ones(groups), np.ones(groups)
    firm_low, firm_high, firm_all = np.zeros(groups), np.zeros(groups), np.zeros(groups)
    held_low, held_high = cap, cap
    for k in active:
        g = group_of[k]
        low[g] += within[k] * worst[k]
        high[g] += within[k] * best[k]
        if minimum[g] or gate[k]:
            least[g], least_high[g] = min(least[g], worst[k]), min(least_high[g], best[k])
        is_loose = (loose >> k) & 1
        if own[k] < NO_HOLD:
            held_low = max(held_low, held_at(worst[k], own[k] + is_loose))
            if known[k]:
                held_high = max(held_high, held_at(best[k], own[k] + is_loose))
        if not known[k] and decisive[k]:
            held_low = max(held_low, 1)
        if with_group[g] < NO_HOLD and not is_loose:
            firm_low[g] += within[k] * worst[k]
            firm_high[g] += within[k] * best[k]
            firm_all[g] += within[k]
    for g in range(groups):
        if firm_all[g] > 0.0:
            held_low = max(held_low, held_at(firm_low[g] / firm_all[g], with_group[g]))
            held_high = max(held_high, held_at(firm_high[g] / firm_all[g], with_group[g]))
        low[g] = least[g] if minimum[g] else min(low[g], least[g])
        high[g] = least_high[g] if minimum[g] else min(high[g], least_high[g])
    present = np.flatnonzero(group_weights > 0.0)
    rank, order = np.empty(len(present), dtype=np.int64), np.empty(len(present), dtype=np.int64)
    sort_best_first(low, present, rank, order)
    score_low = ordered_average(low, order, quantified)
    sort_best_first(high, present, rank, order)
    score_high = ordered_average(high, order, quantified)
    return max(class_at(score_low), held_low), max(class_at(score_high), held_high), score_high - score_low


@njit(cache=True, nogil=True)
def ask_each(
    memberships,
    highest,
    loose,
    cap,
    levels,
    tables,
    usd,
    rows,
    active,
    within,
    gate,
    group_weights,
    minimum,
    quantified,
    share,
    group_of,
    own,
    with_group,
    decisive,
    required,
    enough,
    out,
    start,
    stop,
):
    """Find the criterion to ask about first for each of some plots.

    Parameters
    ----------
    memberships, highest : float64 (k, n), low and high ends, NaN unknown.
    loose : int32 (n,), bit k set where criterion k holds one class less.
    cap : int64 (n,), best class that hard limits allow.
    levels : float64 (k, tables, tries), memberships each criterion is tried at, NaN for none.
    tables : int8 (k, n), membership table of each.
    usd : float64 (k,), price of a measurement, 0 where there is none.
    rows : int64, plots that are asked about.
    active, within, gate, group_weights, minimum, quantified, share : of ``geo.suitability.combination.Weighting``.
    group_of, own, with_group, decisive, required : of ``geo.suitability.model.Structure``.
    enough : bool (n,), enough is known for a class.
    out : int8 (len(rows),), filled; left as it is where nothing can be asked.
    start, stop : rows to look at.
    """
    count = memberships.shape[0]
    worst, best = np.empty(count), np.empty(count)
    known = np.empty(count, dtype=np.bool_)
    model = (active, within, gate, group_weights, minimum, quantified, group_of, own, with_group, decisive)
    for r in range(start, stop):
        i = rows[r]
        group_known = np.zeros(len(group_weights), dtype=np.bool_)
        missing = np.int64(NOTHING)
        for k in range(count):
            m = memberships[k, i]
            known[k] = m == m
            worst[k], best[k] = (m, highest[k, i]) if known[k] else (0.0, 1.0)
        for k in active:
            if known[k]:
                group_known[group_of[k]] = True
            elif required[k] and missing == NOTHING:
                missing = k
        if not enough[i] and missing == NOTHING:
            heaviest = 0.0
            for k in active:
                lacking = (group_of[k] == WATER or group_of[k] == HAZARD) and not group_known[group_of[k]]
                if lacking and share[k] > heaviest + ROUNDING:
                    heaviest, missing = share[k], k
        if not enough[i] and missing != NOTHING:
            out[r] = missing
            continue
        found, best_saved, best_fall = np.int64(NOTHING), -1.0, -1.0
        low, high, span = class_range(worst, best, known, loose[i], cap[i], model)
        for k in active:
            if known[k] or not usd[k] > 0.0:
                continue
            saved, fall, tries = 0.0, 0.0, 0
            known[k] = True
            for t in range(levels.shape[2]):
                level = levels[k, tables[k, i], t]
                if level != level:
                    continue
                worst[k], best[k] = level, level
                at_low, at_high, after = class_range(worst, best, known, loose[i], cap[i], model)
                saved += (low - high) - (at_low - at_high)
                fall += span - after
                tries += 1
            known[k] = False
            worst[k], best[k] = 0.0, 1.0
            saved, fall = saved / tries / usd[k], fall / tries
            tie = abs(saved - best_saved) <= ROUNDING
            if saved > best_saved + ROUNDING or (tie and fall > best_fall + ROUNDING):
                found, best_saved, best_fall = k, saved, fall
        out[r] = found
