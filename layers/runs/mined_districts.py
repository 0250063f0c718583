"""Nobody is sent into mined ground: a district in which mines are known of, until they are answered for.

One home for the rule of every list, form and pack that would send people somewhere; what it reads is what plots and
fields are judged by.
"""

from __future__ import annotations

from datetime import date
from typing import Final

import geopandas as gpd
import numpy as np
import shapely
from sqlalchemy import Connection

from geo.contract.criterion import Block, Judgement
from geo.geometry.crs import WORKING_CRS
from geo.measures.exclusion import mines_unanswered
from layers.catalogue.admin import District
from layers.errors import DataRefused, NotFound
from layers.frames.around import Around, as_of, district_bounds, read_layer
from layers.runs.parts import reach_of_layers

MINES_FIRST: Final = (
    "Ask the mine action centre in writing whether this ground is clear; nobody goes there before its dated answer."
)
PIECE_M: Final = 5_000.0  # side of the squares a district is looked at by; codes of other lists decide by place


def sends_nobody(connection: Connection, district: str) -> bool:
    """Whether mines are known of in a district, or a part of it, and no dated answer covers all of that ground.

    Raises
    ------
    NotFound : no such district.
    """
    outline = read_layer(connection, District, (District.code == district) & as_of(District, None), ("code",))
    if not len(outline):
        raise NotFound(f"There is no district {district}; load its outline first.")
    x_min, y_min, x_max, y_max = (float(edge) for edge in outline.total_bounds)
    x, y = np.meshgrid(np.arange(x_min, x_max, PIECE_M), np.arange(y_min, y_max, PIECE_M))
    squares = shapely.box(x.ravel(), y.ravel(), x.ravel() + PIECE_M, y.ravel() + PIECE_M)
    parts = shapely.intersection(squares, outline.geometry.to_numpy()[0])
    ground = parts[shapely.area(parts) > 0.0]
    names = np.full(len(ground), district, dtype=object)
    pieces = gpd.GeoDataFrame({"plot_id": names, "district": names}, geometry=ground, crs=WORKING_CRS)
    around = Around(connection, district, district_bounds(connection, district, None), reach_of_layers(), None)
    judgement = Judgement(date.today(), np.full(len(ground), "potato"))  # of mines nothing depends on it
    return bool(mines_unanswered(Block(pieces, around, judgement)).any())


def require_answer(connection: Connection, district: str) -> None:
    """Refuse to send anybody into a district whose mines are not answered for; what is said is the one thing to do.

    Raises
    ------
    NotFound : no such district. DataRefused : mines are known of there, and no dated answer covers it.
    """
    if sends_nobody(connection, district):
        raise DataRefused(f"Mines are known of in {district}. {MINES_FIRST} Nothing was written.")
