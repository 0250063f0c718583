"""The climate of command areas as it is on record: that of the district each of them lies in."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sqlalchemy import Connection, and_, func, join, select

from geo.crops.season import LOWLAND_BELOW_M, ZONES
from geo.water.need.climate_table import PeriodClimate
from geo.water.need.periods import MONTH_DAYS, Periods
from layers.catalogue.admin import District
from layers.catalogue.irrigation import CommandArea
from layers.catalogue.supply import ClimateMonth
from layers.frames.around import among, as_of, read_layer

Floats = NDArray[np.float64]


class AreaClimate(NamedTuple):
    """Climate of areas, float64 (areas, periods) each, and the field calendar of each area, None unknown."""

    sky: PeriodClimate
    calendar: list[str | None]


def read_area_climate(
    connection: Connection, codes: Sequence[str], periods: Periods, year: str, load_id: int | None = None
) -> AreaClimate:
    """Return the climate on record of the districts that command areas lie in.

    Parameters
    ----------
    connection : reads what computing needs.
    codes : of the areas.
    periods : of the year; rain of a month is parted between its ten-day parts by their days.
    year : dry, normal or wet.
    load_id : as it stood after this load; None now.

    Returns
    -------
    AreaClimate : NaN where nothing is on record; the calendar is of the lowland where the station lies below 1,000 m.
    """
    outline, place = District.__table__.c.geom, CommandArea.__table__.c.geom
    inside = func.ST_Intersects(func.ST_PointOnSurface(place), outline)
    lies = (
        select(CommandArea.code, District.code)
        .select_from(join(CommandArea, District, inside))
        .where(among(CommandArea.code, list(codes)), as_of(CommandArea, load_id), as_of(District, load_id))
    )
    # Along a common border a place lies in two districts: the first by code is its own.
    district = dict(sorted(((str(area), str(code)) for area, code in connection.execute(lies)), reverse=True))
    where = and_(as_of(ClimateMonth, load_id), ClimateMonth.year_type == year)
    months = read_layer(connection, ClimateMonth, where)
    names = list(PeriodClimate._fields)
    figures = months[[*names, "elevation_m"]].apply(pd.to_numeric, errors="coerce").astype(np.float64)
    table: dict[str, Floats] = {}
    height: dict[str, float] = {}
    for code, rows in figures.groupby(months["district"].astype(str)):
        by_month = rows.set_index(months.loc[rows.index, "month"].astype(np.int64))
        table[str(code)] = by_month[names].reindex(periods.month).to_numpy().T
        height[str(code)] = float(by_month["elevation_m"].min())
    nothing = np.full((len(names), len(periods.days)), np.nan)
    found = np.array([table.get(district.get(code, ""), nothing) for code in codes]).reshape(len(codes), *nothing.shape)
    found[:, names.index("rain_mm")] *= periods.days / np.array(MONTH_DAYS)[periods.month - 1]
    heights = [height.get(district.get(code, ""), np.nan) for code in codes]
    zones = [None if np.isnan(h) else ZONES[int(h >= LOWLAND_BELOW_M)] for h in heights]
    return AreaClimate(PeriodClimate(*(found[:, k] for k in range(len(names)))), zones)
