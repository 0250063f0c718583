"""From measured values to memberships, the evidence behind them, and the hard limits they reach."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from geo.compiled.threads import over_blocks
from geo.contract.classes import CLASSES, ROUNDING
from geo.contract.criterion import Criterion, D, Flags, HardLimit, Measured
from geo.contract.memberships import Membership
from geo.criteria import BY_ID, LAND_CRITERIA
from geo.panel.scheme import Scheme
from geo.suitability.combination import Codes, Floats
from geo.suitability.kernels import rating as kernels
from geo.suitability.model import NOTHING

CONFIDENT_SHARE = 0.70  # of all weight that evidence of a letter or better has to carry; domain reference 3.6 step 9
EXCLUDING = ("exclude", "not_relevant")  # kinds of hard limit that shut a plot for the land use judged

_POSITION = {criterion.id: k for k, criterion in enumerate(LAND_CRITERIA)}


@dataclass(frozen=True, slots=True)
class Rated:
    """Memberships of n plots in every land criterion, in the order of ``LAND_CRITERIA``.

    memberships : float64 (17, n), of an interval the low end, NaN unknown. highest : the same with the high ends.
    evidence : int8 (17, n), 0..3 = A..D, -1 unknown. loose : int32 (n,), bit k set where criterion k holds the class
    one less (``ClassCap``). tables : int8 (17, n), membership table of each. excluded_by : int8 (n,), criterion whose
    hard limit excludes the plot, or -1. cap : int8 (n,), best class a hard limit allows; cap_by : criterion of that
    limit, or -1. limits : hard limits
    that are reached somewhere, (criterion id, limit) -> bool (n,).
    """

    memberships: Floats
    highest: Floats
    evidence: Codes
    loose: NDArray[np.int32]
    tables: Codes
    excluded_by: Codes
    cap: Codes
    cap_by: Codes
    limits: Mapping[tuple[str, HardLimit], Flags]


def rate(values: Mapping[str, Measured], scheme: Scheme) -> Rated:
    """Return memberships, evidence and the hard limits reached.

    Parameters
    ----------
    values : criterion id -> Measured of n plots, all of ``LAND_CRITERIA``.
    scheme : knots and limits.

    Returns
    -------
    Rated of the n plots.

    Notes
    -----
    A limit that overrides another criterion (a destroyed canal) sets that criterion's value to 0 first, so that its
    own limits hold as well; the plot is then excluded by the cause, the overriding criterion.
    """
    values = overridden(values, scheme)
    n = len(next(iter(values.values())).value)
    shape = (len(LAND_CRITERIA), n)
    memberships, highest = np.empty(shape), np.empty(shape)
    evidence, tables = np.empty(shape, dtype=np.int8), np.empty(shape, dtype=np.int8)
    loose = np.zeros(n, dtype=np.int32)
    excluded_by, cap_by = np.full(n, NOTHING, dtype=np.int8), np.full(n, NOTHING, dtype=np.int8)
    cap = np.zeros(n, dtype=np.int8)
    reached: dict[tuple[str, HardLimit], Flags] = {}
    for k, criterion in enumerate(LAND_CRITERIA):
        measured = values[criterion.id]
        memberships[k], highest[k] = _interval(measured, criterion, scheme.memberships(criterion))
        known = ~np.isnan(memberships[k])
        surely = D if measured.evidence is None else measured.evidence
        evidence[k] = np.where(known, np.where(np.isnan(measured.at_worst), D, surely), -1)
        tables[k] = 0 if measured.table is None else measured.table
        loose |= _loose(measured, criterion, tables[k], known).astype(np.int32) << k
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
        highest=highest,
        evidence=evidence,
        loose=loose,
        tables=tables,
        excluded_by=excluded_by,
        cap=cap,
        cap_by=cap_by,
        limits=reached,
    )


def overridden(values: Mapping[str, Measured], scheme: Scheme) -> dict[str, Measured]:
    """Return the values after limits of kind ``override``: the criterion they name is 0 where they are reached.

    Parameters
    ----------
    values : criterion id -> Measured of n plots, all of ``LAND_CRITERIA``.
    scheme : limits.

    Returns
    -------
    Criterion id -> Measured of n plots; those given are not changed.
    """
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
                result[limit.overrides] = replace(_zero(target, where), evidence=evidence)
    return result


def _zero(measured: Measured, where: Flags) -> Measured:
    """Return values that are 0 where a limit says so, intervals too."""
    return measured.with_parts(lambda part: np.where(where, 0.0, part))


def _excludes_at_zero(criterion_id: str, scheme: Scheme) -> bool:
    """Return whether a criterion that is set to 0 excludes a plot."""
    zero = Measured(np.zeros(1))
    return any(limit.kind in EXCLUDING and limit.reached(zero).all() for limit in scheme.limits(BY_ID[criterion_id]))


def _interval(measured: Measured, criterion: Criterion, tables: tuple[Membership, ...]) -> tuple[Floats, Floats]:
    """Return the low and the high end of each membership; an interval from 0 to 1 is unknown, NaN at both ends."""
    low = _membership(measured, measured.at_worst, tables)
    if measured.worst is None and measured.best is None and criterion.presumed is None:
        return low, low
    high = _membership(measured, measured.at_best, tables)
    if criterion.presumed is not None:
        where = np.isnan(low) & measured.notes.get(criterion.presumed.where, np.zeros(len(low), dtype=bool))
        low, high = np.where(where, criterion.presumed.low, low), np.where(where, criterion.presumed.high, high)
    low, high = np.minimum(low, high), np.maximum(low, high)
    unknown = (low == 0.0) & (high == 1.0)
    return np.where(unknown, np.nan, low), np.where(unknown, np.nan, high)


def _loose(measured: Measured, criterion: Criterion, table: Codes, known: Flags) -> Flags:
    """Return where a criterion holds the class one less than it would elsewhere."""
    loose = np.isin(table, criterion.cap.loose_tables)
    if criterion.cap.loose_from_grid and measured.sigma is not None:
        loose |= known & (measured.sigma > 0.0)
    return np.asarray(loose)


def _membership(measured: Measured, value: Floats, tables: tuple[Membership, ...]) -> Floats:
    """Return the membership of each value by the table that holds for its plot."""
    result = tables[0](value, measured.sigma)
    if measured.table is not None:
        for number, table in enumerate(tables[1:], start=1):
            rows = np.flatnonzero(measured.table == number)
            if len(rows):
                sigma = None if measured.sigma is None else measured.sigma[rows]
                result[rows] = table(value[rows], sigma)
    return result


def confidence(evidence: Codes, share: Floats) -> Codes:
    """Return the best letter for which evidence as good or better carries at least 70 % of all weight, else D.

    Parameters
    ----------
    evidence : int8 (17, n), 0..3 = A..D, -1 unknown.
    share : float64 (17,), weight of each criterion in the whole.

    Returns
    -------
    int8 (n,), 0..3 = A..D.
    """
    found = np.empty(evidence.shape[1], dtype=np.int8)
    letters, least = np.ascontiguousarray(evidence), CONFIDENT_SHARE - ROUNDING
    over_blocks(lambda start, stop: kernels.confide(letters, share, least, D, found, start, stop), len(found))
    return found
