"""Months in which a crop needs water of a canal: its need by month, from its calendar, its Kc and the plot's ET0."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from geo.crops.catalogue import crops
from geo.crops.kernels.season import MONTHS
from geo.crops.season import IRRIGATION_MONTHS, WHOLE_YEAR, Window, windows_of
from geo.water.need.crop_table import crop_water
from geo.water.need.periods import YEAR_D, periods_of_year
from geo.water.need.requirement import Climate, Planting, find_need, periods_of_crop

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]

IRRIGATED = np.isin(np.arange(1, MONTHS + 1), IRRIGATION_MONTHS)


class Months(NamedTuple):
    """Months of n plots that count for a crop in one of its windows, bool (n, 12) each, January first.

    possible : may count. certain : do; the same months wherever the plot's evapotranspiration is known.
    """

    possible: Flags
    certain: Flags


def months_that_count(crop: str, zone: str, et0_mm_d: Floats) -> tuple[Months, ...]:
    """Return the months in which a crop takes at least a twentieth of its season's irrigation, window by window.

    Parameters
    ----------
    crop : crop id
    zone : ``lowland`` or ``mountain``
    et0_mm_d : float64 (n, 12), reference evapotranspiration of the plots, mm/d; NaN unknown

    Returns
    -------
    one for each window of its calendar; none where it is not grown, or stands in no month of irrigation

    Notes
    -----
    Need of a month = Kc ET0 over the days the crop stands, April to September (domain references 2.4, 4 and 6.2):
    before it rain and the soil supply the crop, and what still stands in October is not asked about. Rain of those
    months is on record nowhere and counts as none. The growth stages of FAO-56 fill the window of the calendar; trees
    take water after the harvest too, so that their season is at least that of FAO-56. A crop without a row of Kc or
    without a window needs the same on each day. Where the evapotranspiration is not known, any month the crop stands
    in may count and none does for certain.
    """
    found = []
    for window in windows_of(crop, zone):
        need, known = _need_by_month(crop, window, et0_mm_d)
        need = np.where(IRRIGATED, need, 0.0)
        stands = need.any(axis=0)
        if stands.any():
            counts = periods_of_crop(need)
            found.append(Months(np.where(known[:, None], counts, stands), counts & known[:, None]))
    return tuple(found)


def _need_by_month(crop: str, window: Window, et0_mm_d: Floats) -> tuple[Floats, Flags]:
    """Need of each month up to a factor, float64 (n, 12), and whether it is that of the plot's own climate.

    Of unknown climate it is that of the same evapotranspiration every day, which says where the crop stands.
    """
    periods, row = periods_of_year("month"), crop_water().get(crop)
    n = len(et0_mm_d)
    if row is None or window == WHOLE_YEAR:
        days = (window.first + np.arange(window.days)) % YEAR_D
        standing = np.histogram(days, [*periods.first_day, YEAR_D])[0].astype(np.float64)
        return np.broadcast_to(standing, (n, MONTHS)), np.ones(n, dtype=bool)
    tree = crop in crops() and crops()[crop].tree
    stages = row.stages(max(window.days, row.kc.season_d) if tree else window.days)
    planting = Planting(stages, window.first, row.height_m)
    known = np.isfinite(et0_mm_d[:, IRRIGATED].sum(axis=1))
    et0 = np.where(known[:, None] & IRRIGATED, et0_mm_d, 1.0)
    nothing, unadjusted = np.zeros((1, MONTHS)), np.full(n, np.nan)
    climate = Climate(et0, nothing, unadjusted, unadjusted)
    return find_need(climate, [planting], np.ones((n, 1)), periods).net_m3, known
