"""How evenly and how reliably water reached the areas: figures for a canal, a system or a district."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

Floats = NDArray[np.float64]

THIRDS = ("head", "middle", "tail")


class MoldenGates(NamedTuple):
    """Adequacy, efficiency [-, 1 is best], dependability over time and equity over space [-, 0 is best]."""

    adequacy: float
    efficiency: float
    dependability: float
    equity: float


def rate_deliveries(required: ArrayLike, delivered: ArrayLike) -> MoldenGates:
    """Rate the deliveries of a system.

    Parameters
    ----------
    required : float (areas, periods), any unit of water.
    delivered : float (areas, periods), the same unit.

    Returns
    -------
    MoldenGates : NaN where no area has a requirement and a delivery that are known; pairs without are left out.

    Notes
    -----
    PA = mean min(QD / QR, 1), PF = mean min(QR / QD, 1), PE = mean over time of the coefficient of variation of QD / QR
    over areas, PD = mean over areas of that over time; coefficients of variation of populations.

    References
    ----------
    Molden and Gates 1990: Performance measures for evaluation of irrigation-water-delivery systems. J. Irrig. Drain.
    Eng. 116(6): 804-823.
    """
    asked, got = np.asarray(required, dtype=np.float64), np.asarray(delivered, dtype=np.float64)
    with np.errstate(divide="ignore", invalid="ignore"):
        ratio = np.where(asked > 0, got / asked, np.nan)
        inverse = np.where((asked > 0) & ~np.isnan(got), np.where(got > 0, asked / got, 1.0), np.nan)
    return MoldenGates(
        _mean(np.minimum(ratio, 1.0)),
        _mean(np.minimum(inverse, 1.0)),
        _mean(_variation(ratio, axis=1)),
        _mean(_variation(ratio, axis=0)),
    )


def _mean(values: Floats) -> float:
    there = values[~np.isnan(values)]
    return float(there.mean()) if len(there) else float("nan")


def _variation(ratio: Floats, axis: int) -> Floats:
    """Coefficient of variation of a population along an axis, of what is known; NaN where nothing is."""
    known = ~np.isnan(ratio)
    count = known.sum(axis=axis)
    values = np.where(known, ratio, 0.0)
    with np.errstate(divide="ignore", invalid="ignore"):
        mean = values.sum(axis=axis) / count
        off = np.where(known, ratio - np.expand_dims(mean, axis), 0.0)
        spread = np.sqrt((off**2).sum(axis=axis) / count)
        return np.where(mean > 0, spread / mean, np.where(count > 0, 0.0, np.nan))


def gini(values: ArrayLike, weights: ArrayLike) -> float:
    """Return how unevenly something is spread.

    Parameters
    ----------
    values : float (n,), what each has on a hectare or of its need, 0 or more; NaN unknown, left out.
    weights : float (n,), hectares of each.

    Returns
    -------
    float, 0 where all have the same, towards 1 where one has all; NaN without anything to share.

    Notes
    -----
    Sum over pairs of w_i w_j |x_i - x_j| / (2 W**2 mean), by the area under the Lorenz curve.
    """
    x, w = np.asarray(values, dtype=np.float64), np.asarray(weights, dtype=np.float64)
    there = ~np.isnan(x) & (w > 0)
    x, w = x[there], w[there]
    total = float((x * w).sum())
    if not total > 0:
        return float("nan")
    order = np.argsort(x, kind="stable")
    share = np.concatenate([[0.0], np.cumsum((x * w)[order]) / total])
    step = w[order] / w.sum()
    return float(1.0 - (step * (share[1:] + share[:-1])).sum())


def thirds_by_distance(ratio: ArrayLike, area_ha: ArrayLike, distance_m: ArrayLike) -> tuple[float, float, float]:
    """Return the mean ratio on the first, middle and last third of the hectares along the water.

    Parameters
    ----------
    ratio : float (areas,), delivered over needed; NaN unknown, left out.
    area_ha : float (areas,), hectares.
    distance_m : float (areas,), along the network from the intake; NaN unknown, left out.

    Returns
    -------
    tuple[float, float, float] : head, middle, tail, weighted with hectares; an area over a limit counts in both thirds
        with its parts. NaN without hectares.
    """
    x, w = np.asarray(ratio, dtype=np.float64), np.asarray(area_ha, dtype=np.float64)
    away = np.asarray(distance_m, dtype=np.float64)
    there = ~np.isnan(x) & (w > 0) & np.isfinite(away)
    order = np.flatnonzero(there)[np.argsort(away[there], kind="stable")]
    if not len(order):
        return float("nan"), float("nan"), float("nan")
    ends = np.cumsum(w[order])
    starts, total = ends - w[order], float(ends[-1])
    means = []
    for third in range(3):
        low, high = total * third / 3, total * (third + 1) / 3
        part = np.clip(np.minimum(ends, high) - np.maximum(starts, low), 0.0, None)
        means.append(float((part * x[order]).sum() / part.sum()))
    return means[0], means[1], means[2]


def head_tail_ratio(thirds: tuple[float, float, float]) -> float:
    """Return the mean ratio at the head over that at the tail.

    Parameters
    ----------
    thirds : from ``thirds_by_distance``.

    Returns
    -------
    float, 1 where both have the same; inf where the tail has nothing and the head has, NaN where neither has.
    """
    head, _, tail = thirds
    if tail > 0:
        return head / tail
    return float("inf") if head > 0 else float("nan")
