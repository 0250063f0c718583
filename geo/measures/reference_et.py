"""Reference evapotranspiration at the plots, from temperature alone: no layer has wind, humidity or sunshine."""

from __future__ import annotations

import numpy as np
import shapely

from geo.contract.criterion import Block, Floats
from geo.geometry.crs import to_stored
from geo.measures.climate import temperature_at_plots
from geo.water.evapotranspiration import hargreaves_mm
from geo.water.need.periods import day_of_year
from geo.water.radiation import extraterrestrial_radiation_mj

MID_MONTH = np.array([day_of_year(month, 15) + 1 for month in range(1, 13)])  # day of the year, 1 = 1 January


def reference_et_mm_d(block: Block, coarsest_m: float) -> Floats:
    """Return the reference evapotranspiration of an average day of each month; ask by ``Block.once``.

    Parameters
    ----------
    block : n plots and what lies around them
    coarsest_m : coarsest grids accepted, metres

    Returns
    -------
    float64 (n, 12), mm/d, January first; NaN unknown

    Raises
    ------
    NotAssessed : normals, their relief or the heights are not loaded, or too coarse.

    Notes
    -----
    Hargreaves with the radiation of the middle of the month at the plot's latitude; the mean of the days' greatest
    temperatures lies as far above the mean as that of the least lies below it. Domain reference 6.1.
    """
    mean_c = block.once(temperature_at_plots, "mean_temperature", coarsest_m)
    least_c = block.once(temperature_at_plots, "minimum_temperature", coarsest_m)
    latitude = shapely.get_y(to_stored(shapely.centroid(block.polygons)))
    radiation = extraterrestrial_radiation_mj(latitude[:, None], MID_MONTH)
    with np.errstate(invalid="ignore"):  # a least temperature above the mean is no climate: unknown
        return hargreaves_mm(least_c, 2.0 * mean_c - least_c, radiation, mean_c)
