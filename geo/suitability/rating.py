"""From measured values to memberships, the evidence behind them, and the hard limits they reach."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np

from geo.contract.criterion import D, Flags, HardLimit, Measured
from geo.contract.memberships import Membership
from geo.criteria import BY_ID, LAND_CRITERIA
from geo.panel.scheme import Scheme
from geo.suitability.combination import NOTHING, Codes, Floats
from geo.suitability.model import CLASSES

EXCLUDING = ("exclude", "not_relevant")  # kinds of hard limit that shut a plot for the land use judged

_POSITION = {criterion.id: k for k, criterion in enumerate(LAND_CRITERIA)}


@dataclass(frozen=True, slots=True)
class Rated:
    """Memberships of n plots in every land criterion, in the order of ``LAND_CRITERIA``.

    memberships : float64 (17, n), NaN unknown. evidence : int8 (17, n), 0..3 = A..D, -1 unknown. assessed : ids that
    could be measured at all. excluded_by : int8 (n,), criterion whose hard limit excludes the plot, or -1.
    cap : int8 (n,), best class a hard limit allows; cap_by : criterion of that limit, or -1. limits : hard limits
    that are reached somewhere, (criterion id, limit) -> bool (n,).
    """

    memberships: Floats
    evidence: Codes
    assessed: tuple[str, ...]
    excluded_by: Codes
    cap: Codes
    cap_by: Codes
    limits: Mapping[tuple[str, HardLimit], Flags]


def rate(values: Mapping[str, Measured], scheme: Scheme) -> Rated:
    """Return memberships, evidence and the hard limits reached, from measured values of every land criterion.

    A limit that overrides another criterion (a destroyed canal) sets that criterion's value to 0 first, so that its
    own limits hold as well; the plot is then excluded by the cause, the overriding criterion.
    """
    values = overridden(values, scheme)
    n = len(next(iter(values.values())).value)
    memberships = np.full((len(LAND_CRITERIA), n), np.nan)
    evidence = np.full((len(LAND_CRITERIA), n), -1, dtype=np.int8)
    excluded_by, cap_by = np.full(n, NOTHING, dtype=np.int8), np.full(n, NOTHING, dtype=np.int8)
    cap = np.zeros(n, dtype=np.int8)
    reached: dict[tuple[str, HardLimit], Flags] = {}
    for k, criterion in enumerate(LAND_CRITERIA):
        measured = values[criterion.id]
        if measured.not_assessed is not None:
            continue
        memberships[k] = _membership(measured, scheme.memberships(criterion))
        known = ~np.isnan(measured.value)
        evidence[k] = np.where(known, D if measured.evidence is None else measured.evidence, -1)
        for limit in scheme.limits(criterion):
            where = limit.reached(measured)
            if not where.any():
                continue
            reached[criterion.id, limit] = where
            if limit.kind in EXCLUDING:
                excluded_by[where & (excluded_by == NOTHING)] = k
            elif limit.overrides is not None and _excludes_at_zero(limit.overrides, scheme):
                target = _POSITION[limit.overrides]
                excluded_by[where & np.isin(excluded_by, (NOTHING, target))] = k  # the cause, not the symptom
            elif limit.no_better_than is not None:
                best = CLASSES.index(limit.no_better_than)
                lower = where & (cap < best)
                cap[lower], cap_by[lower] = best, k
    return Rated(
        memberships=memberships,
        evidence=evidence,
        assessed=tuple(c.id for c in LAND_CRITERIA if values[c.id].not_assessed is None),
        excluded_by=excluded_by,
        cap=cap,
        cap_by=cap_by,
        limits=reached,
    )


def overridden(values: Mapping[str, Measured], scheme: Scheme) -> dict[str, Measured]:
    """Return the values after limits of kind ``override``: the criterion they name is 0 where they are reached."""
    result = dict(values)
    for criterion in LAND_CRITERIA:
        for limit in scheme.limits(criterion):
            if limit.overrides is None or values[criterion.id].not_assessed is not None:
                continue
            where = limit.reached(values[criterion.id])
            target = result[limit.overrides]
            if where.any() and target.not_assessed is None:
                evidence = None if target.evidence is None else target.evidence.copy()
                own = values[criterion.id].evidence
                if evidence is not None:
                    evidence[where] = D if own is None else own[where]
                result[limit.overrides] = replace(target, value=np.where(where, 0.0, target.value), evidence=evidence)
    return result


def _excludes_at_zero(criterion_id: str, scheme: Scheme) -> bool:
    """Return whether a criterion that is set to 0 excludes a plot."""
    zero = Measured(np.zeros(1))
    return any(limit.kind in EXCLUDING and limit.reached(zero).all() for limit in scheme.limits(BY_ID[criterion_id]))


def _membership(measured: Measured, tables: tuple[Membership, ...]) -> Floats:
    """Return the membership of each value by its own table."""
    result = tables[0](measured.value, measured.sigma)
    if measured.table is not None:
        for number, table in enumerate(tables[1:], start=1):
            rows = np.flatnonzero(measured.table == number)
            sigma = None if measured.sigma is None else measured.sigma[rows]
            result[rows] = table(measured.value[rows], sigma)
    return result
