"""Greenness from above: how green land was under a clear sky, and what that says of water.

In the lowland nothing stays green in August without water; that something was green is a sign that water came, never
how much of it. That nothing was green says nothing of who farms: the canal, the turn or the season may be why.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

CLEAR = (4, 5)  # scene classes of Sen2Cor: vegetation, not vegetated; standing water (6) is no ground that lies dry
OFFSET_FROM = 4.0  # processing baseline from which digital numbers hold an offset
OFFSET = -1000.0  # added to a digital number of such a baseline; ESA, BOA_ADD_OFFSET of Level-2A
GREEN_FROM = 0.5  # NDVI of ground that is covered by plants; Sobrino and Raissouni 2000 [K]
BARE_BELOW = 0.2  # NDVI of bare ground; Sobrino and Raissouni 2000 [K]
LEAST_CLEAR = 0.5  # share of an outline that must be seen clearly, default to calibrate
LEAST_CELLS = 4.0  # cells of 10 m that must be seen clearly, default to calibrate
SEEN = ("not_green", "between", "green", "unknown")


def offset_of(baseline: float) -> float:
    """Return what is added to the digital numbers of a processing baseline before they are reflectance.

    Parameters
    ----------
    baseline : such as 5.1; one number of the whole scene

    Returns
    -------
    digital numbers, 0 or below
    """
    return OFFSET if baseline >= OFFSET_FROM else 0.0


def ndvi(
    red: NDArray[np.float32], infrared: NDArray[np.float32], scene_class: NDArray[np.float32], offset: float
) -> NDArray[np.float32]:
    """Return the normalised difference vegetation index of cells that are seen clearly.

    Parameters
    ----------
    red : float32 (rows, cols), reflectance or digital numbers of band 4, NaN unknown
    infrared : float32 (rows, cols), likewise of band 8
    scene_class : float32 (rows, cols), class of Sen2Cor, NaN unknown
    offset : added to both bands, in their unit

    Returns
    -------
    float32 (rows, cols), -1 to 1, NaN under cloud, shadow, snow, water and where a band is unknown

    Notes
    -----
    (infrared - red) / (infrared + red); reflectance below 0, which noise leaves in shadow, counts as 0.

    References
    ----------
    C. J. Tucker, "Red and photographic infrared linear combinations for monitoring vegetation", 1979.
    """
    low, high = np.maximum(red + np.float32(offset), 0), np.maximum(infrared + np.float32(offset), 0)
    total = low + high
    clear = np.isin(scene_class, CLEAR) & (total > 0)
    index = np.full(total.shape, np.nan, dtype=np.float32)
    np.divide(high - low, total, out=index, where=clear)
    return index


def seen(median: Floats) -> NDArray[np.str_]:
    """Return what a summer's index of an outline says.

    Parameters
    ----------
    median : float64 (...), NDVI, NaN where too little was seen clearly

    Returns
    -------
    str (...), of ``SEEN``; what lies between bare and covered ground tells neither

    References
    ----------
    J. A. Sobrino and N. Raissouni, "Toward remote sensing methods for land cover dynamic monitoring: application to
    Morocco", International Journal of Remote Sensing 21, 2000.
    """
    code = np.where(np.isnan(median), 3, np.digitize(np.nan_to_num(median), (BARE_BELOW, GREEN_FROM)))
    return np.array(SEEN)[code]


def told(median: Floats, share: Floats, cells: Floats) -> Floats:
    """Return medians where enough was seen clearly to tell.

    Parameters
    ----------
    median : float64 (n,), NDVI of the clear cells of each outline
    share : float64 (n,), of the outline that was clear, 0-1
    cells : float64 (n,), how many clear cells that are

    Returns
    -------
    float64 (n,), NaN where it was too little
    """
    return np.where((share >= LEAST_CLEAR) & (cells >= LEAST_CELLS), median, np.nan)
