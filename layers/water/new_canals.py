"""Canal reaches that a scenario digs, and the outlets on them, as rows of the layers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from sqlalchemy import Connection, func, select

from geo.geometry.crs import to_working
from geo.water.scenario.form import NewCanal
from layers.catalogue.base import Layer
from layers.catalogue.irrigation import Canal
from layers.frames.around import as_of
from layers.records.phrases import Phrase, Told, told
from layers.water.altered_rows import Row

SHORTEST_M: Final = 1.0  # m; a line of no length joins nothing
OF_LINE: Final = ("canal", "lining", "soil", "condition", "capacity_m3_s", "conveyance", "upstream")


def line_of(change: NewCanal) -> shapely.LineString:
    """Return the line of a new canal in EPSG:32642."""
    line: shapely.LineString = to_working([shapely.LineString(change.line)])[0]
    return line


def why_no_line(change: NewCanal) -> Told | None:
    """Return why a line cannot be one of the layer of canals, as its loader would say; None where it can."""
    west, south, east, north = shapely.LineString(change.line).bounds
    box = Canal.box
    if west < box.west or south < box.south or east > box.east or north > box.north:
        return told("{place} expected", place=Phrase(box.words))
    line = line_of(change)
    if not line.length > SHORTEST_M:
        return told("a line longer than 1 m expected")
    if not line.is_simple:
        return told("a line that does not cross itself expected")
    return None


def row_of(change: NewCanal) -> Row:
    """Return the row of the layer of canals that a new canal is."""
    plain = {"type": "unknown", "level_basis": "unknown", "position": "unknown", "flow_known": True}
    return {
        "code": change.code,
        **plain,
        **{name: getattr(change, name) for name in OF_LINE},
        "geometry": line_of(change),
    }


def outlet_of(change: NewCanal, code: str, area: str) -> Row:
    """Return the row of an outlet at the end of a new canal."""
    plain = {"level_basis": "unknown", "position": "unknown"}
    end = shapely.Point(line_of(change).coords[-1])
    return {"code": code, "reach": change.code, "command_area": area, **plain, "geometry": end}


class Placed:
    """New rows of one layer, each to stand where the database would put it.

    Parameters
    ----------
    connection : reads what computing needs.
    layer : with a code and a place.
    rows : new ones, with geometry in EPSG:32642.
    """

    def __init__(self, connection: Connection, layer: type[Layer], rows: Sequence[Row]) -> None:
        key = layer.__table__.c[layer.key]
        stored = connection.execute(select(key).where(as_of(layer, None)).order_by(key)).scalars().all()
        ahead = {row["code"]: _ahead(connection, layer, row["code"]) for row in rows}
        order = list(stored)
        for code in sorted(ahead, key=lambda code: (ahead[code], code), reverse=True):
            order.insert(ahead[code], code)
        self._rank: Mapping[str, int] = {code: place for place, code in enumerate(order)}
        self._rows = rows

    def __call__(self, frame: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
        """Return the rows of a frame with the new ones among them."""
        names = [name for name in frame.columns if name != "geometry"]
        columns = {name: [*frame[name], *(row.get(name) for row in self._rows)] for name in names}
        shapes = np.array([*frame.geometry, *(row["geometry"] for row in self._rows)], dtype=object)
        every = pd.DataFrame({name: pd.Series(values, dtype=object) for name, values in columns.items()})
        place = np.argsort([self._rank.get(str(code), len(self._rank)) for code in every["code"]], kind="stable")
        return gpd.GeoDataFrame(every.iloc[place].reset_index(drop=True), geometry=shapes[place], crs=frame.crs)


def _ahead(connection: Connection, layer: type[Layer], code: str) -> int:
    """How many rows of a layer the database puts before a code."""
    before = layer.__table__.c[layer.key] < code
    return int(
        connection.execute(select(func.count()).select_from(layer).where(as_of(layer, None), before)).scalar_one()
    )
