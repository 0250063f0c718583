"""Repair of canals: by how much more water arrives once a reach, or a whole canal, is in a better condition class.

A canal conveys the product over its reaches of (Ec x condition factor) ** (reach length / canal length), so repair
multiplies by (new factor / factor) ** (share of the length) for every reach that is mended; domain reference 6.4.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from geo.water.irrigation import CONDITION_FACTOR

Floats = NDArray[np.float64]

GOOD = 1  # condition class after a repair
CONVEYING = tuple(state for state, factor in CONDITION_FACTOR.items() if factor > 0.0)  # condition classes that convey


def conveyed(condition: Floats) -> Floats:
    """Return the share of its water that a whole canal in a condition class conveys.

    Parameters
    ----------
    condition : float64 (n,), class 1-5, NaN unknown.

    Returns
    -------
    float64 (n,), 0-1, NaN for an unknown class.

    Notes
    -----
    ``CONDITION_FACTOR`` of the class; domain reference 6.4.
    """
    share = np.full(len(condition), np.nan)
    for state, factor in CONDITION_FACTOR.items():
        share[condition == state] = factor
    return share


def reach_gain(condition: Floats, share_of_canal: Floats, to_class: int = GOOD) -> Floats:
    """Return by how much more water passes reaches once they are in a better condition class.

    Parameters
    ----------
    condition : float64 (n,), class 1-5, NaN unknown.
    share_of_canal : float64 (n,), length of the reach over that of its canal, 0-1, NaN unknown.
    to_class : condition class after the repair, one of ``CONVEYING``.

    Returns
    -------
    float64 (n,), ratio, 1 or more.

    Notes
    -----
    max(new factor / factor, 1) ** share of the length; domain reference 6.4. A reach of unknown condition or share
    adds nothing. A destroyed one adds nothing either: the ratio recorded for the command area is that of a working
    canal.

    Examples
    --------
    >>> reach_gain(np.array([4.0, 4.0, 5.0]), np.array([0.5, 1.0, 1.0])).round(4).tolist()
    [1.4142, 2.0, 1.0]
    """
    new = CONDITION_FACTOR[to_class]
    factor = np.full(len(condition), new)
    for state in CONVEYING:
        factor[condition == state] = CONDITION_FACTOR[state]
    return np.asarray(np.maximum(new / factor, 1.0) ** np.nan_to_num(share_of_canal, nan=0.0))


def canal_gain(canal: NDArray[np.int64], condition: Floats, share_of_canal: Floats, to_class: int = GOOD) -> Floats:
    """Return the gain of mending every reach of its canal, for each reach.

    Parameters
    ----------
    canal : int64 (reaches,), number of the canal each reach belongs to, from 0.
    condition : float64 (reaches,), as ``reach_gain``.
    share_of_canal : float64 (reaches,), as ``reach_gain``.
    to_class : condition class after the repair, as ``reach_gain``.

    Returns
    -------
    float64 (reaches,), ratio, 1 or more, the same for all reaches of a canal.

    Notes
    -----
    Product of the gains of the canal's reaches.
    """
    log_gain = np.bincount(canal, weights=np.log(reach_gain(condition, share_of_canal, to_class)))
    return np.asarray(np.exp(log_gain)[canal])
