"""Ground on which mines are known of: by the code of a district, and by place where codes are of another list."""

from __future__ import annotations

from collections.abc import Collection

import geopandas as gpd
import numpy as np
import shapely

from geo.contract.criterion import Flags
from geo.geometry.crs import to_stored

# Districts mines are known of, by code: all on the Panj, and Rasht, Tojikobod, Nurobod and Sangvor. Landmine Monitor
# 2013 and 2015; domain reference 4.
CONTAMINATED = (
    *("TJ.KL.DZ", "TJ.KL.KA", "TJ.KL.KM", "TJ.KL.MO", "TJ.KL.PA", "TJ.KL.PJ", "TJ.KL.SB", "TJ.KL.ST"),
    *("TJ.RR.DA", "TJ.RR.GA", "TJ.RR.TJ", "TJ.RR.TV"),
    *("TJ.BK.DA", "TJ.BK.IS", "TJ.BK.RU", "TJ.BK.SH", "TJ.BK.VA"),
)
CODES_OF_LIST = "TJ."  # codes of the list above begin so; others (P-codes, shape ids) say nothing of mines

# Rough outlines of these districts, longitude and latitude in degrees, some kilometres too wide on purpose.
OUTLINES = (
    (
        (69.03, 37.43),
        (69.09, 37.73),
        (69.36, 37.81),
        (69.49, 37.75),
        (69.58, 37.78),
        (69.67, 37.75),
        (69.90, 38.05),
        (70.15, 38.04),
        (70.30, 38.15),
        (70.30, 38.42),
        (70.39, 38.54),
        (70.25, 38.57),
        (70.14, 38.52),
        (70.13, 38.61),
        (69.73, 38.86),
        (69.75, 38.95),
        (69.86, 39.01),
        (69.64, 39.14),
        (69.63, 39.28),
        (69.74, 39.33),
        (69.80, 39.30),
        (69.88, 39.35),
        (70.15, 39.35),
        (70.71, 39.53),
        (70.79, 39.49),
        (70.81, 39.42),
        (70.89, 39.42),
        (70.95, 39.47),
        (71.09, 39.43),
        (71.15, 39.33),
        (71.08, 39.28),
        (71.12, 39.22),
        (71.07, 39.17),
        (71.23, 39.20),
        (71.26, 39.12),
        (71.36, 39.13),
        (71.48, 39.03),
        (71.60, 39.05),
        (71.71, 38.93),
        (72.04, 38.99),
        (72.06, 38.86),
        (72.24, 38.78),
        (72.23, 38.70),
        (72.33, 38.56),
        (72.58, 38.58),
        (72.72, 38.52),
        (72.77, 38.35),
        (72.72, 38.06),
        (72.79, 37.93),
        (72.79, 37.67),
        (72.93, 37.58),
        (72.88, 37.49),
        (72.88, 37.33),
        (72.99, 37.29),
        (72.83, 37.20),
        (72.68, 36.99),
        (72.34, 36.95),
        (71.86, 36.65),
        (71.61, 36.66),
        (71.53, 36.75),
        (71.39, 37.07),
        (71.55, 37.91),
        (71.33, 37.85),
        (71.23, 37.90),
        (71.33, 38.24),
        (71.12, 38.37),
        (71.03, 38.37),
        (71.00, 38.43),
        (70.73, 38.38),
        (70.58, 38.23),
        (70.54, 38.10),
        (70.22, 37.89),
        (70.32, 37.83),
        (70.34, 37.70),
        (70.20, 37.51),
        (70.01, 37.52),
        (69.90, 37.58),
        (69.82, 37.54),
        (69.54, 37.54),
        (69.41, 37.41),
        (69.51, 37.24),
        (69.34, 37.09),
        (69.26, 37.06),
        (69.18, 37.09),
        (68.96, 37.29),
        (68.83, 37.21),
        (68.71, 37.24),
        (68.42, 37.07),
        (68.32, 37.08),
        (68.30, 36.99),
        (68.20, 36.99),
        (68.01, 36.89),
        (67.91, 36.99),
        (67.95, 37.15),
        (68.04, 37.24),
        (67.99, 37.39),
        (67.85, 37.22),
        (67.78, 37.24),
        (67.82, 37.56),
        (68.13, 37.97),
        (68.48, 37.94),
        (68.52, 37.73),
        (68.66, 37.71),
        (68.63, 37.61),
        (68.69, 37.58),
        (68.69, 37.47),
    ),
)
_GROUND = shapely.union_all([shapely.Polygon(outline) for outline in OUTLINES])


def is_mined_ground(plots: gpd.GeoDataFrame, contaminated: Collection[str] = CONTAMINATED) -> Flags:
    """Return which plots lie in a district where mines are known of.

    A code of another list, or none, says nothing: then the place decides, so that a change of codes sends nobody there.

    Parameters
    ----------
    plots : n rows in EPSG:32642 with ``district``
    contaminated : codes of districts where mines are known of

    Returns
    -------
    bool (n,)
    """
    codes = plots["district"].to_numpy(dtype=object).astype(str)
    known = np.isin(codes, list(contaminated))
    other = np.flatnonzero(~np.char.startswith(codes.astype(np.str_), CODES_OF_LIST))
    if len(other):
        known[other] |= shapely.contains(_GROUND, to_stored(shapely.centroid(plots.geometry.to_numpy()[other])))
    return np.asarray(known)
