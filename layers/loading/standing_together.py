"""Rows of the water balance that mean something only together: what one row alone does not show refuses the file.

A flow without its month, a crop on land that is not there or litres in a column of cubic metres would be shared as if
they were true. So what a file brings is held against all rows of its layer, as they would stand after it.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Callable, Iterable, Sequence
from typing import Any, Final

import numpy as np
import shapely
from sqlalchemy import Connection, LargeBinary, Row, func, select

from geo.errors import TableError
from geo.geometry.crs import area_ha
from geo.water.need.crop_table import crop_water
from geo.water.need.periods import day_of_year
from geo.water.need.requirement import CROPPED_AT_MOST
from layers.catalogue.base import Layer
from layers.catalogue.irrigation import Canal, CommandArea, CommandCrop
from layers.catalogue.supply import ClimateMonth, Intake, IntakeFlow, Pump
from layers.errors import DataRefused
from layers.loading.climate_years import check_climate
from layers.loading.faults import one_of
from layers.loading.file_rows import FLOW_L_S_HA, Loaded, codes_now, digits_of, require_duty, rows_now
from layers.loading.flow_years import check_flows
from layers.loading.land_served import find_circle, land_served_ha
from layers.records.load_report import LoadReport
from layers.records.phrases import Digits, Listed, Told, told

HOURS_PER_DAY = 24.0  # h
SHARED_BY = ("m3/s", "m3/d", "ha", "ratio")  # units of what the balance shares water by
MONTHS = 12
ALIKE = 0.75  # share of the letters from which a column nobody knows counts as a misspelt field
NUMBERING = frozenset({"id", "fid", "ogc_fid", "gid", "objectid"})  # columns that formats number rows by
NAMED = 6  # things spelled out in a refusal
DAY: Final = re.compile(r"(\d{2})-(\d{2})")


def require_known_columns(layer: type[Layer], report: LoadReport) -> None:
    """Refuse columns that no field takes: a misspelt one would be left out and count as nothing.

    Of a layer whose files come from anywhere only a column is refused that looks like a field the file does not have.

    Raises
    ------
    DataRefused : there is such a column.
    """
    fields = list(layer.attributes())
    for column in report.ignored:
        if column.casefold() in NUMBERING:
            continue
        near = difflib.get_close_matches(column.casefold(), fields, n=1, cutoff=ALIKE)
        if not near and not layer.own_columns:
            continue
        known = {"file": report.file_name, "column": column, "layer": layer.__tablename__}
        if near:
            message = "{file}, column {column}: {layer} has no such field; {field} expected, or --drop {column}."
            raise DataRefused(told(message, field=near[0], **known))
        message = "{file}, column {column}: {layer} has no such field; one of {fields} expected, or --drop {column}."
        raise DataRefused(told(message, fields=", ".join(fields), **known))


def require_every_row(layer: type[Layer], report: LoadReport) -> None:
    """Refuse a file whose rows only count together if a field of one of them does not fit.

    Of a layer whose files come from anywhere only flows, areas and shares count, for water is shared by them.

    Raises
    ------
    DataRefused : there is such a row.
    """
    if not layer.together:
        return
    shared_by = {name for name, about in layer.attributes().items() if layer.own_columns or about.unit in SHARED_BY}
    for rejection in report.rejections:
        if rejection.field in shared_by:
            raise DataRefused(told("{file}, {row}; nothing was loaded.", file=report.file_name, row=rejection.told))


def require_together(connection: Connection, layer: type[Layer], loaded: Loaded) -> list[Told]:
    """Hold what a file brought against all rows of its layer.

    Parameters
    ----------
    connection : that the file was loaded with.
    layer : it was loaded into.
    loaded : what the file brought.

    Returns
    -------
    list[Told] : what could not be held against anything, for the report.

    Raises
    ------
    DataRefused : it does not fit together; names file, row, field and what was expected.
    """
    check = CHECKS.get(layer)
    return [] if check is None else check(connection, loaded)


def _intakes(connection: Connection, loaded: Loaded) -> list[Told]:
    """Rights of intakes: no litres in a column of cubic metres."""
    served = land_served_ha(connection)
    for row in rows_now(connection, Intake, "right_m3_s"):
        if loaded.has(row) and row.right_m3_s is not None and served.get(row.code, 0.0) > 0:
            least = FLOW_L_S_HA[0] if row.right_m3_s > 0 else 0.0
            require_duty(loaded, row.code, "right_m3_s", row.right_m3_s, served[row.code], least)
    return []


def _pumps(connection: Connection, loaded: Loaded) -> list[Told]:
    """Pumps: at an intake or on a reach that is there, hours that a day has."""
    places = (("intake", codes_now(connection, Intake)), ("reach", codes_now(connection, Canal)))
    served = land_served_ha(connection)
    for row in filter(loaded.has, rows_now(connection, Pump, "intake", "reach", "hours", "flow_m3_s")):
        if row.intake is None and row.reach is None:
            raise loaded.refuse(row.code, "intake", told("an intake or a canal reach expected"))
        for (field, known), said in zip(places, (row.intake, row.reach), strict=True):
            if said is not None and said not in known:
                expected = {
                    "intake": told("an intake that is mapped expected, got '{code}'", code=said),
                    "reach": told("a canal reach that is mapped expected, got '{code}'", code=said),
                }
                raise loaded.refuse(row.code, field, expected[field])
        if row.hours is not None and not _are_hours(row.hours):
            reason = told("one number of 0 to 24 hours a day or twelve expected, got '{text}'", text=row.hours)
            raise loaded.refuse(row.code, "hours", reason)
        if row.flow_m3_s is not None and served.get(row.intake, 0.0) > 0:
            require_duty(loaded, row.code, "flow_m3_s", row.flow_m3_s, served[row.intake], least=0.0)
    return []


def _are_hours(text: str) -> bool:
    try:
        hours = [float(part) for part in re.split(r"[\s,;]+", text.strip())]
    except ValueError:
        return False
    return len(hours) in (1, MONTHS) and all(0 <= one <= HOURS_PER_DAY for one in hours)


def _crops(connection: Connection, loaded: Loaded) -> list[Told]:
    """Crops of command areas: known, on land that is there, at most two on it a year, from a day of the year on."""
    rows = rows_now(connection, CommandCrop, "command_area", "crop", "area_ha", "begins")
    areas = codes_now(connection, CommandArea)
    for row in filter(loaded.has, rows):
        if row.command_area not in areas:
            reason = told("a command area that is mapped expected, got '{code}'", code=row.command_area)
            raise loaded.refuse(row.code, "command_area", reason)
        if row.crop not in crop_water():
            reason = told("{expected}, got '{text}'", expected=one_of(sorted(crop_water())), text=row.crop)
            raise loaded.refuse(row.code, "crop", reason)
        if row.begins is not None and not _is_day(row.begins):
            raise loaded.refuse(row.code, "begins", told("a day as MM-DD expected, got '{text}'", text=row.begins))
    _require_land(connection, loaded, rows, {row.command_area for row in rows if loaded.has(row)})
    return []


def _is_day(text: str) -> bool:
    match = DAY.fullmatch(text.strip())
    if match is None:
        return False
    month, day = map(int, match.groups())
    try:
        day_of_year(month, day)
    except TableError:
        return False
    return True


def _areas(connection: Connection, loaded: Loaded) -> list[Told]:
    """Outlines of command areas: land for the crops that are on record there."""
    mine = {row.code for row in rows_now(connection, CommandArea) if loaded.has(row)}
    crops = rows_now(connection, CommandCrop, "command_area", "area_ha")
    _require_land(connection, loaded, crops, mine & {row.command_area for row in crops})
    return []


def _require_land(connection: Connection, loaded: Loaded, crops: Sequence[Row[Any]], areas: Iterable[str]) -> None:
    wanted = sorted(areas)
    if not wanted:
        return
    columns = CommandArea.__table__.c
    shape = func.ST_AsBinary(columns.geom, type_=LargeBinary)
    query = select(columns.code, shape).where(columns.ended_by.is_(None), columns.code.in_(wanted))
    outlines = {code: bytes(raw) for code, raw in connection.execute(query)}
    land = dict(zip(outlines, area_ha(np.array(shapely.from_wkb(list(outlines.values())))).tolist(), strict=True))
    for area in wanted:
        rows = sorted((row for row in crops if row.command_area == area), key=lambda row: loaded.row_of(row.code) or 0)
        cropped = sum(row.area_ha for row in rows)
        if cropped > CROPPED_AT_MOST * land[area] * (1 + 1e-9):
            reason = told(
                "{cropped} ha of crops on {land} ha of command area '{code}'; at most {share} % of the land expected",
                cropped=digits_of(cropped),
                land=digits_of(land[area]),
                code=area,
                share=Digits(f"{100 * CROPPED_AT_MOST:g}"),
            )
            own = loaded.row_of(area) is not None and not loaded.has(rows[-1])
            raise loaded.refuse(area if own else rows[-1].code, "geom" if own else "area_ha", reason)


def _canals(connection: Connection, loaded: Loaded) -> list[Told]:
    """Reaches of canals: water does not run in a circle through those whose direction is known."""
    circle = find_circle(connection)
    mine = [code for code in circle if loaded.row_of(code) is not None]
    if mine:
        reason = told(
            "water would run in a circle through canal reaches {codes}; lines drawn with the water expected, or one of "
            "them marked closed",
            codes=Listed(circle[:NAMED], len(circle) - NAMED),
        )
        raise loaded.refuse(mine[0], "geom", reason)
    return []


Check = Callable[[Connection, Loaded], list[Told]]
CHECKS: Final[dict[type[Layer], Check]] = {
    IntakeFlow: check_flows,
    ClimateMonth: check_climate,
    Intake: _intakes,
    Pump: _pumps,
    CommandCrop: _crops,
    CommandArea: _areas,
    Canal: _canals,
}
