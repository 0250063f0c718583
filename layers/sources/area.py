"""The ground that open data are wanted for: districts that are loaded, or the country's box."""

from __future__ import annotations

import math
from collections.abc import Sequence

from sqlalchemy import Connection, func, select

from layers.catalogue.admin import District
from layers.catalogue.base import COUNTRY
from layers.errors import NotFound
from layers.sources.listing import Box

KM_A_DEGREE = 111.2  # of latitude; mean of the ellipsoid


def find_area(connection: Connection, codes: Sequence[str]) -> Box:
    """Return the box around districts, around all that are loaded where none is named, else the country's.

    Raises
    ------
    NotFound : a district is not loaded.
    """
    wanted = [District.ended_by.is_(None), *([District.code.in_(codes)] if codes else [])]
    there = set(connection.execute(select(District.code).where(*wanted)).scalars())
    if lacking := [code for code in codes if code not in there]:
        raise NotFound(f"There is no district {lacking[0]}; obod fetch cod_ab brings them with their codes.")
    if not there:
        return COUNTRY.west, COUNTRY.south, COUNTRY.east, COUNTRY.north
    around = func.ST_Extent(District.geom)
    edges = (func.ST_XMin(around), func.ST_YMin(around), func.ST_XMax(around), func.ST_YMax(around))
    west, south, east, north = connection.execute(select(*edges).where(*wanted)).one()
    return float(west), float(south), float(east), float(north)


def widen(box: Box, margin_km: float) -> Box:
    """Return a box with a margin on every side, within the degrees there are."""
    west, south, east, north = box
    up = margin_km / KM_A_DEGREE
    aside = up / math.cos(math.radians(min(max(abs(south), abs(north)), 85.0)))
    return max(west - aside, -180.0), max(south - up, -90.0), min(east + aside, 180.0), min(north + up, 90.0)
