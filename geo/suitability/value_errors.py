"""How far measured values may be off, on their own scale: what draws of values start from; domain reference 3.6 step 9.

A value is drawn before it is rated: a ratio of 1.2 that is 0.1 too high is still all the water, though its membership,
clipped at 1, could only fall.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from geo.contract.criterion import Criterion
from geo.contract.memberships import Always, ByClass, Knots, Lower, Membership, Probability
from geo.criteria import LAND_CRITERIA
from geo.panel.scheme import Scheme
from geo.suitability.combination import Codes, Floats
from geo.water.gravity_command import DEM_SIGMA_M

NOT_DRAWN, LINE, LEVEL, HEAD = range(4)  # kinds of scale: rated as it is, by knots, by level, by a head from a grid
SAME = 1e-4  # membership; values are kept in 4 bytes


class Scales(NamedTuple):
    """Scales of k criteria with up to t tables each, through up to p points.

    kind : int8 (k, t), of the four above. x, y, slope : float64 (k, t, p), rising values in the unit of the criterion,
    their memberships, and how these rise to the next point. points : int64 (k, t), of them in use. distance : float64
    (k, t), between the knots of .75 and .25, in the unit. sigma : float64 (k, t), standard error of a head from a grid
    [m].
    """

    kind: Codes
    x: Floats
    y: Floats
    slope: Floats
    points: NDArray[np.int64]
    distance: Floats
    sigma: Floats


_NONE = (len(LAND_CRITERIA), 1)
NO_SCALES = Scales(
    np.full(_NONE, NOT_DRAWN, dtype=np.int8),
    np.zeros((*_NONE, 1)),
    np.zeros((*_NONE, 1)),
    np.zeros((*_NONE, 1)),
    np.ones(_NONE, dtype=np.int64),
    np.zeros(_NONE),
    np.zeros(_NONE),
)


class Values(NamedTuple):
    """Values of n plots in k criteria that can be drawn.

    value : float64 (k, n), in the criterion's unit; NaN where it is unknown or is not what was rated. table : int8
    (k, n), membership table of each. scales : of the scheme they were rated by.
    """

    value: Floats
    table: Codes
    scales: Scales


def scales_of(scheme: Scheme) -> Scales:
    """Return the scales of all land criteria by a scheme.

    Parameters
    ----------
    scheme : knots.

    Returns
    -------
    Scales, criteria in the order of ``LAND_CRITERIA``.
    """
    curves = [[_curve(table, criterion) for table in scheme.memberships(criterion)] for criterion in LAND_CRITERIA]
    tables = max(len(of_one) for of_one in curves)
    longest = max(len(curve[1]) for of_one in curves for curve in of_one)
    shape = (len(curves), tables)
    found = Scales(
        np.full(shape, NOT_DRAWN, dtype=np.int8),
        np.full((*shape, longest), np.inf),
        np.zeros((*shape, longest)),
        np.zeros((*shape, longest)),
        np.ones(shape, dtype=np.int64),
        np.zeros(shape),
        np.zeros(shape),
    )
    for k, of_one in enumerate(curves):
        for t, (kind, x, y, distance) in enumerate(of_one):
            found.kind[k, t], found.points[k, t], found.distance[k, t] = kind, len(x), distance
            found.x[k, t, : len(x)], found.y[k, t, : len(x)] = x, y
            found.slope[k, t, : len(x) - 1] = np.diff(y) / np.diff(x)
            found.sigma[k, t] = DEM_SIGMA_M if kind == HEAD else 0.0
    return found


def values_to_draw(
    value: Floats, table: Codes, memberships: Floats, loose: NDArray[np.int32], scheme: Scheme
) -> Values:
    """Return values that can be drawn: those whose membership is that of the run.

    Parameters
    ----------
    value : float64 (17, n), as measured, NaN unknown.
    table : int8 (17, n), membership table of each.
    memberships : float64 (17, n), as rated; a criterion another one overrides has not that of its value.
    loose : int32 (n,), bit k set where criterion k holds one class less: a head from a grid does.
    scheme : the values were rated by.

    Returns
    -------
    Values of the n plots.
    """
    drawn = np.full(value.shape, np.nan)
    for k, criterion in enumerate(LAND_CRITERIA):
        sigma = np.where((loose >> k) & 1, DEM_SIGMA_M, np.nan)
        for t, rated in enumerate(scheme.memberships(criterion)):
            rows = np.flatnonzero((table[k] == t) & ~np.isnan(value[k]) & ~np.isnan(memberships[k]))
            same = np.abs(rated(value[k, rows], sigma[rows]) - memberships[k, rows]) <= SAME
            drawn[k, rows[same]] = value[k, rows[same]]
    return Values(drawn, table, scales_of(scheme))


def _curve(table: Membership, criterion: Criterion) -> tuple[int, Floats, Floats, float]:
    """Kind, points and distance of one table."""
    if isinstance(table, ByClass):
        levels = sorted(table.table)
        return LEVEL, np.array(levels, dtype=np.float64), np.array([table.table[level] for level in levels]), 1.0
    if isinstance(table, Always):
        return LINE, np.zeros(1), np.full(1, table.level), 0.0
    knots = table.surveyed if isinstance(table, Probability) else table
    if not isinstance(knots, Knots | Lower):
        return NOT_DRAWN, np.zeros(1), np.zeros(1), 0.0
    x = _breaks(knots)
    kind = LEVEL if criterion.unit == "class" else HEAD if isinstance(table, Probability) else LINE
    return kind, x, knots(x), abs(knots.values[3] - knots.values[1])


def _breaks(knots: Knots | Lower) -> Floats:
    """Values at which the lines of a table bend, rising."""
    if isinstance(knots, Knots):
        return np.sort(np.array(knots.values))
    ends = np.unique([*knots.one.values, *knots.other.values])
    apart = knots.one(ends) - knots.other(ends)
    cross = np.flatnonzero(apart[:-1] * apart[1:] < 0.0)
    share = apart[cross] / (apart[cross] - apart[cross + 1])
    return np.unique([*ends, *(ends[cross] + share * (ends[cross + 1] - ends[cross]))])
