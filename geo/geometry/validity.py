"""Which polygons are valid beyond doubt, told by floating-point numbers alone; GEOS is asked about the others.

Nine plots in ten and more are single rings of a few dozen corners that nowhere come near themselves. Two segments are
apart when both ends of one lie on the same side of the other, and on which side a point lies is certain where the
determinant exceeds its rounding error (Shewchuk 1997, Discrete & Computational Geometry 18:305). Nothing is guessed: a
ring with any pair that is not apart for certain, or with a hole, is left open.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from geo.geometry.kernels import validity as kernels
from geo.geometry.ragged import Ragged


def certainly_valid(polygons: Ragged) -> tuple[NDArray[np.bool_], NDArray[np.float64]]:
    """Return which polygons are valid by OGC's rules for certain, and their boxes.

    Parameters
    ----------
    polygons : coordinates in any CRS; rings are closed and have four points at least

    Returns
    -------
    bool (n,), False says nothing: such a polygon may be valid too; and float64 (n, 4), west, south, east, north, NaN
        for a geometry without paths

    References
    ----------
    Shewchuk 1997, Discrete & Computational Geometry 18, p. 305.
    """
    valid, bounds = np.empty(len(polygons), dtype=np.bool_), np.empty((len(polygons), 4), dtype=np.float64)
    kernels.examine(*polygons.paths, polygons.hole, bounds, valid)
    return valid & polygons.areal, bounds
