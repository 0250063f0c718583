"""Land that open data are measured for: plots and candidate fields that stand now."""

from __future__ import annotations

from collections.abc import Callable

import geopandas as gpd
import pandas as pd
from sqlalchemy import ColumnElement, Connection, func

from layers.catalogue.base import STORED_SRID, Layer
from layers.catalogue.land import Field, Plot
from layers.frames.around import as_of, read_layer
from layers.sources.listing import Box

MEASURED: tuple[type[Layer], ...] = (Plot, Field)


def read_land(connection: Connection, chosen: Callable[[type[Layer]], ColumnElement[bool]]) -> gpd.GeoDataFrame:
    """Return plots and fields that stand now: land, kind, district, jamoat and outline, EPSG:32642.

    Parameters
    ----------
    chosen : layer -> which of its rows.
    """
    frames = []
    for layer in MEASURED:
        frame = read_layer(connection, layer, as_of(layer, None) & chosen(layer), (layer.key, "district", "jamoat"))
        frames.append(frame.rename(columns={layer.key: "land"}).assign(kind=layer.__tablename__))
    return gpd.GeoDataFrame(pd.concat(frames, ignore_index=True), crs=frames[0].crs)


def inside(layer: type[Layer], box: Box) -> ColumnElement[bool]:
    """Which rows may reach into a box, degrees."""
    reach: ColumnElement[bool] = layer.__table__.c.geom.op("&&")(func.ST_MakeEnvelope(*box, STORED_SRID))
    return reach
