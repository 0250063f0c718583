"""How far two drawings of the same unit agree."""

from __future__ import annotations

import numpy as np
import shapely
from numpy.typing import NDArray

from geo.geometry.crs import area_ha
from geo.geometry.ragged import Geometries

Floats = NDArray[np.float64]

POLYGON = 3  # GEOS geometry type


def share_agreed(outlines: Geometries, others: Geometries) -> Floats:
    """Return on how much of the ground that either outline of a pair gives to a unit both agree.

    Parameters
    ----------
    outlines : object (n,), valid polygons or multipolygons in EPSG:4326
    others : object (n,), the second drawing of each, in EPSG:4326

    Returns
    -------
    float64 (n,), 0-1; NaN where one of the two is missing, empty or without area

    Notes
    -----
    Area of the intersection over the area of the union (Jaccard index), on the WGS 84 ellipsoid. The union is
    |A| + |B| - |A and B|. Where outlines only touch, lines and points of the intersection have no area.
    """
    areas, other_areas = area_ha(outlines), area_ha(others)
    parts, pair = shapely.get_parts(shapely.intersection(outlines, others), return_index=True)
    areal = (shapely.get_type_id(parts) == POLYGON) & ~shapely.is_empty(parts)
    both = np.bincount(pair[areal], area_ha(parts[areal]), len(areas))
    with np.errstate(invalid="ignore", divide="ignore"):
        share = both / (areas + other_areas - both)
    share[~((areas > 0) & (other_areas > 0))] = np.nan
    return np.minimum(share, 1.0)
