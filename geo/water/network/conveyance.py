"""What reaches lose and what they take in, between the worst and the best that what is known allows.

Unknown is not guessed: each figure is a pair, equal where everything it rests on is known.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from geo.errors import TableError
from geo.water.irrigation import CONDITION_FACTOR, CONVEYANCE, LONG_M, MEDIUM_M, SECONDS_PER_DAY, canal_conveyance
from geo.water.network.parts import Floats, Words

LINED = ("concrete", "stone", "membrane", "pipe")  # linings that lose as little as the lined bed of the table
UNKNOWN = "unknown"
STAGE_EFFICIENCY = 0.9  # -, of a lift stage; default to calibrate, domain reference 6.5
MOST_STAGES = 10  # lift stages; the most one pump may be recorded with, cascades here lift 2-7; domain reference 2.3
PUMP_AVAILABILITY = 0.70  # -, share of its hours a pump works where nothing is known; likewise
HOURS_PER_DAY = 24.0  # h


class Between(NamedTuple):
    """The least and the greatest a figure can be, float64 (n,) each."""

    worst: Floats
    best: Floats


def bed_conveyance(lining: Words, soil: Words, canal_length_m: Floats) -> Between:
    """Return what a whole canal with the bed of a reach conveys in good condition.

    Parameters
    ----------
    lining : str (n,), earth, one of ``LINED`` or unknown.
    soil : str (n,), sand, loam, clay or unknown.
    canal_length_m : float64 (n,), longest way of the canal, m; NaN unknown.

    Returns
    -------
    Between : 0-1; where lining, soil or length are unknown the beds and lengths that can be.

    Raises
    ------
    TableError : a lining or a soil that is none.
    """
    lengths = {"long": 1e6, "medium": 1_000.0, "short": 1.0}
    table = {(bed, kind): canal_conveyance(at, bed) for bed in CONVEYANCE for kind, at in lengths.items()}
    worst, best = np.full(len(lining), np.nan), np.full(len(lining), np.nan)
    known = {kind: _length_is(canal_length_m, kind) | np.isnan(canal_length_m) for kind in lengths}
    for (bed, kind), value in table.items():
        lined = bed == "lined"
        of_lining = np.isin(lining, LINED) if lined else lining == "earth"
        may = (of_lining | (lining == UNKNOWN)) & known[kind]
        if not lined:
            may &= (soil == bed) | (soil == UNKNOWN)
        worst = np.where(may, np.fmin(worst, value), worst)
        best = np.where(may, np.fmax(best, value), best)
    if np.isnan(worst).any():
        row = int(np.flatnonzero(np.isnan(worst))[0])
        raise TableError(f"canal reach: lining '{lining[row]}' on soil '{soil[row]}' is not in the table of conveyance")
    return Between(worst, best)


def _length_is(length_m: Floats, kind: str) -> NDArray[np.bool_]:
    if kind == "long":
        return np.asarray(length_m > LONG_M)
    return np.asarray((length_m < MEDIUM_M) if kind == "short" else (length_m >= MEDIUM_M) & (length_m <= LONG_M))


def condition_factor(condition: Floats) -> Between:
    """Return the factor of a condition class.

    Parameters
    ----------
    condition : float64 (n,), 1-5, NaN unknown.

    Returns
    -------
    Between : 0-1; of an unknown class that of the worst and the best class.

    Raises
    ------
    TableError : a class that is none.
    """
    factor = np.full(len(condition), np.nan)
    for state, value in CONDITION_FACTOR.items():
        factor[condition == state] = value
    unknown = np.isnan(condition)
    if (np.isnan(factor) & ~unknown).any():
        raise TableError(f"canal reach: a condition class of {', '.join(map(str, CONDITION_FACTOR))} expected")
    values = CONDITION_FACTOR.values()
    return Between(np.where(unknown, min(values), factor), np.where(unknown, max(values), factor))


def piece_conveyance(
    *,
    lining: Words,
    soil: Words,
    condition: Floats,
    measured: Floats,
    reach_length_m: Floats,
    canal_length_m: Floats,
    piece_length_m: Floats,
) -> Between:
    """Return what pieces of reaches convey.

    Parameters
    ----------
    lining : str (n,), of the reach of each piece.
    soil : str (n,), of its bed.
    condition : float64 (n,), class of the reach, NaN unknown.
    measured : float64 (n,), share of its water the whole reach was measured to convey, NaN not measured.
    reach_length_m : float64 (n,), of the whole reach, m.
    canal_length_m : float64 (n,), longest way of its canal, m; NaN unknown.
    piece_length_m : float64 (n,), m.

    Returns
    -------
    Between : 0-1.

    Raises
    ------
    TableError : a measured share outside 0 to 1, a class, a lining or a soil that is none.

    Notes
    -----
    Measured share ** (piece / reach); else (Ec of the canal x condition factor) ** (piece / canal): cutting a line into
    more reaches changes nothing, and an outlet half-way along a reach bears half its exponent. Domain reference 6.4.
    """
    if ((measured < 0) | (measured > 1)).any():
        raise TableError("canal reach, conveyance: a share of 0 to 1 expected")
    bed, factor = bed_conveyance(lining, soil, canal_length_m), condition_factor(condition)
    # Of an unknown length of the canal no more is known than that the reach is part of it.
    part = np.where(np.isnan(canal_length_m), 1.0, piece_length_m / np.fmax(canal_length_m, reach_length_m))
    of_reach = measured ** (piece_length_m / reach_length_m)
    worst, best = ((ec * state) ** part for ec, state in zip(bed, factor, strict=True))
    best = np.where(np.isnan(canal_length_m) & (factor.best > 0), 1.0, best)
    there = ~np.isnan(measured)
    return Between(np.where(there, of_reach, worst), np.where(there, of_reach, best))


def intake_limit(capacity_m3_s: Floats, condition: Floats) -> Between:
    """Return what reaches take in at most: their capacity by the factor of their condition.

    Parameters
    ----------
    capacity_m3_s : float64 (n,), NaN unknown.
    condition : float64 (n,), class, NaN unknown.

    Returns
    -------
    Between : m3/s; of an unknown capacity 0 at worst and no limit (inf) at best.
    """
    factor = condition_factor(condition)
    unknown = np.isnan(capacity_m3_s)
    with np.errstate(invalid="ignore"):
        best = np.where(unknown, np.where(factor.best > 0, np.inf, 0.0), capacity_m3_s * factor.best)
    return Between(np.where(unknown, 0.0, capacity_m3_s * factor.worst), best)


def pump_limit(pump_m3_s: ArrayLike, hours: ArrayLike, availability: ArrayLike) -> Floats:
    """Return the mean flow a pump lifts over a day at most.

    Parameters
    ----------
    pump_m3_s : flow while it runs.
    hours : hours a day it runs, 0-24; NaN unknown, which gives an unknown limit.
    availability : share of these hours it works; NaN: ``PUMP_AVAILABILITY``.

    Returns
    -------
    float64, m3/s, shape of the arguments together.

    Raises
    ------
    TableError : hours outside 0 to 24 or a share outside 0 to 1.

    Notes
    -----
    pump x hours / 24 x availability; what the source holds and the stages take is reckoned where that is known; domain
    reference 6.5.
    """
    run, works = np.asarray(hours, dtype=np.float64), np.asarray(availability, dtype=np.float64)
    if ((run < 0) | (run > HOURS_PER_DAY)).any():
        raise TableError("pump, hours: 0 to 24 hours a day expected")
    if ((works < 0) | (works > 1)).any():
        raise TableError("pump, availability: a share of 0 to 1 expected")
    works = np.where(np.isnan(works), PUMP_AVAILABILITY, works)
    return np.asarray(np.asarray(pump_m3_s, dtype=np.float64) * run / HOURS_PER_DAY * works)


def stage_conveyance(stages: ArrayLike) -> Floats:
    """Return what is left of pumped water after its lift stages.

    Parameters
    ----------
    stages : number of stages, 0 or more; NaN unknown.

    Returns
    -------
    float64, without unit: 0.9 ** stages.
    """
    return np.asarray(STAGE_EFFICIENCY ** np.asarray(stages, dtype=np.float64))


def lifted_between(stages: Floats) -> Between:
    """Return what is left of pumped water after lift stages that may not be known.

    Parameters
    ----------
    stages : float64 (n,), number of stages, NaN unknown.

    Returns
    -------
    Between : shares; of an unknown number from ``MOST_STAGES`` at worst to none at best.
    """
    unknown = np.isnan(stages)
    return Between(*(stage_conveyance(np.where(unknown, end, stages)) for end in (MOST_STAGES, 0)))


def fields_supply(
    offered_m3_s: ArrayLike, right_m3_s: ArrayLike, river_share: ArrayLike, drinking_m3_d: ArrayLike
) -> tuple[Floats, Floats]:
    """Return what an intake may take for drinking and for fields: the river first, then drinking water, then fields.

    Parameters
    ----------
    offered_m3_s : flow of the source, NaN unknown.
    right_m3_s : most the intake may take, NaN or inf for no such limit.
    river_share : share of the flow that stays in the source, 0-1.
    drinking_m3_d : drinking water taken first, m3 a day.

    Returns
    -------
    tuple[Floats, Floats] : drinking and fields, m3/s; NaN where the flow is unknown.

    Raises
    ------
    TableError : a share outside 0 to 1, or a negative flow.
    """
    flow, share = np.asarray(offered_m3_s, dtype=np.float64), np.asarray(river_share, dtype=np.float64)
    drink = np.asarray(drinking_m3_d, dtype=np.float64) / SECONDS_PER_DAY
    if ((share < 0) | (share > 1)).any():
        raise TableError("intake, river share: a share of 0 to 1 expected")
    if (flow < 0).any() or (drink < 0).any() or (np.asarray(right_m3_s) < 0).any():
        raise TableError("intake: flows of 0 or more expected")
    allowed = np.fmin(flow * (1 - share), right_m3_s)
    allowed = np.where(np.isnan(flow), np.nan, allowed)
    first = np.minimum(drink, allowed)
    return first, np.asarray(allowed - first)


def seepage_m3_s_km(bed_width_m: ArrayLike, depth_m: ArrayLike) -> Floats:
    """Return what an earthen canal may be expected to lose on a kilometre: a check of what the table says.

    Parameters
    ----------
    bed_width_m : width of the bed, m.
    depth_m : depth of the water, m.

    Returns
    -------
    float64, m3/s per km.

    Notes
    -----
    (B + D) ** (2 / 3) / 200.
    """
    wetted = np.asarray(bed_width_m, dtype=np.float64) + np.asarray(depth_m, dtype=np.float64)
    return np.asarray(wetted ** (2.0 / 3.0) / 200.0)
