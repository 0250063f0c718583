"""Water that the stored command areas need, period by period; what is unknown stays empty and says why."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray
from sqlalchemy import ColumnElement, Connection, and_, func, select

from geo.crops.season import Window, windows
from geo.errors import TableError
from geo.geometry.crs import area_ha, to_stored
from geo.water.evapotranspiration import hargreaves_mm
from geo.water.irrigation import APPLICATION, M3_PER_MM_HA
from geo.water.need.climate_table import PeriodClimate
from geo.water.need.crop_table import crop_water
from geo.water.need.periods import YEAR_D, Periods, day_of_year
from geo.water.need.requirement import CROPPED_AT_MOST, Climate, Planting, find_need, gross_need, require_leaching
from geo.water.radiation import extraterrestrial_radiation_mj
from layers.catalogue.admin import District
from layers.catalogue.irrigation import CommandArea, CommandCrop
from layers.errors import NotFound
from layers.frames.around import Alter, among, as_of, as_stored, read_layer
from layers.water.climate import read_area_climate

Floats = NDArray[np.float64]
Sown = tuple[str, int, int | None]  # crop, day of the year it begins on, length of its season where the table has none

# Why something is unknown, or less than it may be: the first that holds is told.
NO_CROPS = "no crops are on record"
NO_CLIMATE = "no climate is given, and none is on record for its district"
NO_RAIN = "the rain of this period is not known"
NO_ET0 = "the reference evapotranspiration of this period is not known"
NO_CROP = "crop '{crop}' is not in the table of crops"
NO_HECTARES = "the hectares of crop '{crop}' are not known"
NO_DAY = "the day crop '{crop}' begins on is not on record"
NO_SEASON = "the length of the season of crop '{crop}' is not known"
TOO_MUCH = "{cropped:.1f} ha of crops are on record for {land:.1f} ha of land"
NO_METHOD = "how the fields are watered is not on record"
NO_SALINITY = "the salinity of the water or the soil is not on record: no water to leach salt is counted"


class Among(NamedTuple):
    """Which command areas: of a district, of a canal, or one, by code; None all."""

    district: str | None = None
    canal: str | None = None
    area: str | None = None


class Asked(NamedTuple):
    """How the need is found.

    year : dry, normal or wet. periods : of the year. rain_method : rule of effective rain. calendar : lowland or
    mountain, the field calendar for days that are not on record; None: that of the station the climate is of, and
    without one those days stay unknown. load_id : records as they stood after this load; None now.
    """

    year: str
    periods: Periods
    rain_method: str
    calendar: str | None
    load_id: int | None = None


def find_needs(
    connection: Connection, which: Among, climate: PeriodClimate | None, asked: Asked, alter: Alter = as_stored
) -> pd.DataFrame:
    """Return the need of command areas as they are recorded now, one row an area and period.

    Parameters
    ----------
    connection : reads what computing needs.
    which : command areas.
    climate : of the periods, one for all the areas; None: that on record for the district of each.
    asked : how.
    alter : what rows are to be read as, where a scenario has others.

    Returns
    -------
    pd.DataFrame : area, canal, year, month, part, days; land_ha, each hectare once, cropped_ha; et0_mm_d, et0_method,
        rain_mm, rain_method; net_mm and net_m3 at the roots; leaching, the fraction that is in
        them, empty where a salinity is not on record and none is; application; gross_mm, gross_m3 and
        gross_l_s_ha at the outlet; edition of the crop table; sowing, where the days are from; unknown, why figures
        are empty.

    Raises
    ------
    NotFound : no such area is mapped.
    """
    areas = alter(CommandArea, _read_areas(connection, which, asked.load_id))
    codes = [str(code) for code in areas["code"]]
    on_record = and_(among(CommandCrop.command_area, codes), as_of(CommandCrop, asked.load_id))
    crops = alter(CommandCrop, read_layer(connection, CommandCrop, on_record))
    calendars: list[str | None] = [asked.calendar] * len(codes)
    if climate is None:
        climate, of_stations = read_area_climate(connection, codes, asked.periods, asked.year, asked.load_id)
        calendars = [asked.calendar or zone for zone in of_stations]
    places = to_stored(areas.geometry.to_numpy())
    land = area_ha(places)
    plantings, hectares, reasons, sowing = _sown(crops, codes, land, calendars)
    leaching, is_known = _leaching(areas, reasons)
    sky, method = _climate(climate, shapely.get_y(shapely.centroid(places)), asked.periods)
    net = find_need(sky, plantings, hectares, asked.periods, rain_method=asked.rain_method, leaching=leaching).net_m3
    net[[reason != "" for reason in reasons]] = np.nan
    share = _application(areas)
    gross = gross_need(net, share, land, asked.periods)
    count, span = net.shape
    periods = asked.periods
    why = np.repeat(np.array(reasons, dtype=object), span).reshape(count, span)
    blank = np.isnan(sky.et0_mm_d) & np.isnan(sky.rain_mm)
    nothing = np.broadcast_to(blank.all(axis=1, keepdims=True), blank.shape)
    for reason, unknown in (
        (NO_CLIMATE, np.where(nothing, np.nan, 0.0)),
        (NO_ET0, sky.et0_mm_d),
        (NO_RAIN, sky.rain_mm),
    ):
        why = np.where((why == "") & np.isnan(net) & np.isnan(unknown), reason, why)
    why = np.where((why == "") & np.isnan(gross.m3), NO_METHOD, why)
    why = np.where((why == "") & (net > 0) & ~is_known[:, None], NO_SALINITY, why)

    def by_area(values: Iterable[object]) -> NDArray[np.object_]:
        return np.repeat(np.array(list(values), dtype=object), span)

    def by_period(values: NDArray[np.generic]) -> NDArray[np.generic]:
        return np.tile(values, count)

    return pd.DataFrame(
        {
            "area": by_area(codes),
            "canal": by_area(None if pd.isna(name) else str(name) for name in areas["canal"]),
            "year": asked.year,
            "month": by_period(periods.month),
            "part": by_period(periods.part),
            "days": by_period(periods.days),
            "land_ha": np.repeat(land, span),
            "cropped_ha": np.repeat(np.where([r != "" for r in reasons], np.nan, hectares.sum(axis=1)), span),
            "et0_mm_d": np.broadcast_to(sky.et0_mm_d, net.shape).ravel(),
            "et0_method": np.broadcast_to(method, net.shape).ravel(),
            "rain_mm": np.broadcast_to(sky.rain_mm, net.shape).ravel(),
            "rain_method": asked.rain_method,
            "net_mm": (net / land[:, None] / M3_PER_MM_HA).ravel(),
            "net_m3": net.ravel(),
            "leaching": np.repeat(np.where(is_known, leaching, np.nan), span),
            "application": np.repeat(share, span),
            "gross_mm": gross.mm.ravel(),
            "gross_m3": gross.m3.ravel(),
            "gross_l_s_ha": gross.l_s_ha.ravel(),
            "crop_table": "; ".join(sorted({row.edition for row in crop_water().values()})),
            "sowing": by_area(sowing),
            "unknown": why.ravel(),
        }
    )


def _read_areas(connection: Connection, which: Among, load_id: int | None) -> gpd.GeoDataFrame:
    where: list[ColumnElement[bool]] = [as_of(CommandArea, load_id)]
    if which.district is not None:
        outline = District.__table__.c.geom
        shape = select(outline).where(District.code == which.district, as_of(District, load_id))
        if connection.execute(shape).first() is None:
            raise NotFound(f"There is no district '{which.district}'.")
        where.append(func.ST_Intersects(func.ST_PointOnSurface(CommandArea.__table__.c.geom), shape.scalar_subquery()))
    if which.canal is not None:
        where.append(CommandArea.canal == which.canal)
    if which.area is not None:
        where.append(CommandArea.code == which.area)
    areas = read_layer(connection, CommandArea, and_(*where))
    if not len(areas):
        asked = [f"{what} '{code}'" for what, code in which._asdict().items() if code is not None]
        raise NotFound(f"No command area is mapped{' for ' + ' and '.join(asked) if asked else ''}.")
    return areas


def _sown(
    crops: pd.DataFrame, codes: list[str], land: Floats, calendars: list[str | None]
) -> tuple[list[Planting], Floats, list[str], list[str]]:
    """Return plantings, hectares (areas, plantings), and of each area why they are unknown and where days are from."""
    place = {code: k for k, code in enumerate(codes)}
    sown: dict[Sown, int] = {}
    entries: list[tuple[int, int, float]] = []
    reasons, origins = [NO_CROPS] * len(codes), [set[str]() for _ in codes]
    for k in {place[str(code)] for code in crops["command_area"]}:
        reasons[k] = ""
    for row in crops.to_dict("records"):
        k, crop, ha = place[str(row["command_area"])], str(row["crop"]), float(row["area_ha"])
        found = _begin(crop, None if pd.isna(row["begins"]) else str(row["begins"]), calendars[k])
        if not np.isfinite(ha):
            found = NO_HECTARES.format(crop=crop)
        if isinstance(found, str):
            reasons[k] = reasons[k] or found
            continue
        key, origin = found
        origins[k].add(origin)
        entries.append((k, sown.setdefault(key, len(sown)), ha))
    hectares = np.zeros((len(codes), len(sown)))
    for k, number, ha in entries:
        hectares[k, number] += ha
    for k, cropped in enumerate(hectares.sum(axis=1)):
        if not reasons[k] and cropped > CROPPED_AT_MOST * land[k]:
            reasons[k] = TOO_MUCH.format(cropped=cropped, land=land[k])
    table = crop_water()
    plantings = [Planting(table[c].stages(season), day, table[c].height_m) for c, day, season in sown]
    return plantings, hectares, reasons, [", ".join(sorted(origin)) for origin in origins]


def _begin(crop: str, begins: str | None, calendar: str | None) -> tuple[Sown, str] | str:
    """Return the season of a crop and where its day is from, or why it is unknown."""
    row = crop_water().get(crop)
    if row is None:
        return NO_CROP.format(crop=crop)
    # A crop of two windows may begin in either; one without a row in the calendar has no day at all.
    listed: tuple[Window, ...] = () if calendar is None else windows().get((crop, calendar), ())
    window = listed[0] if len(listed) == 1 else None
    day, origin = _day(begins), "on record"
    if begins is None and window is not None:
        day, origin = window.first, f"calendar of the {calendar}"
    if day is None:
        return NO_DAY.format(crop=crop)
    season = None
    if row.whole_season:
        if window is None:
            return NO_SEASON.format(crop=crop)
        season = (window.first + window.days - day) % YEAR_D or YEAR_D
        if season <= row.kc.initial_d + row.kc.development_d:
            return NO_SEASON.format(crop=crop)
    return (crop, day, season), origin


def _day(begins: str | None) -> int | None:
    month, _, day = (begins or "").partition("-")
    if not (month.isdigit() and day.isdigit()):
        return None
    try:
        return day_of_year(int(month), int(day))
    except TableError:
        return None


def _leaching(areas: gpd.GeoDataFrame, reasons: list[str]) -> tuple[Floats, NDArray[np.bool_]]:
    """Return leaching fractions and which are known; where no amount of the water holds the salt the reason says so."""
    water, soil = (
        pd.to_numeric(areas[name], errors="coerce").to_numpy(dtype=np.float64)
        for name in ("water_salinity_ds_m", "soil_salinity_ds_m")
    )
    found = np.zeros(len(areas))
    for k in range(len(areas)):
        try:
            found[k] = require_leaching(water[k], soil[k])
        except TableError as refusal:
            reasons[k] = reasons[k] or str(refusal)
    return found, np.isfinite(water) & np.isfinite(soil)


def _application(areas: gpd.GeoDataFrame) -> Floats:
    recorded = pd.to_numeric(areas["application"], errors="coerce").to_numpy(dtype=np.float64)
    of_method = np.array([APPLICATION.get(str(name), np.nan) for name in areas["irrigation_method"]])
    share = np.where(np.isnan(recorded), of_method, recorded)
    return np.where(share > 0, share, np.nan)


def _climate(climate: PeriodClimate, latitude: Floats, periods: Periods) -> tuple[Climate, NDArray[np.object_]]:
    """Return the climate of the areas, and how the evapotranspiration was found; Kc stay those of the table."""
    none = np.full(1, np.nan)
    middle = periods.first_day + (periods.days + 1) // 2
    radiation = extraterrestrial_radiation_mj(latitude[:, None], middle)
    rain, given_et0, tmin, tmax = (np.atleast_2d(values) for values in climate)
    by_range = hargreaves_mm(tmin, tmax, radiation)
    given = np.broadcast_to(~np.isnan(given_et0), by_range.shape)
    et0 = np.where(given, given_et0, by_range)
    method = np.where(given, "given", np.where(np.isnan(by_range), "", "hargreaves"))
    return Climate(et0, rain, none, none), method.astype(object)
