"""What lies around one plot, read once for all that is said of it and kept for its neighbours."""

from __future__ import annotations

from datetime import date

import geopandas as gpd
import numpy as np
import shapely
from sqlalchemy import Connection, and_

from geo.contract.criterion import Block, Judgement
from geo.criteria import BY_ID, LAND_CRITERIA
from geo.measures import exclusion
from layers.catalogue.land import Plot
from layers.errors import NotFound
from layers.frames.around import PLOT_COLUMNS, Around, as_of, read_layer, widened
from layers.frames.windows import Windows
from layers.records.snapshot import Snapshot

HEIGHTS = "dem"
NEIGHBOURHOOD_M = 12_000.0  # m; side of the cells of ground whose plots share what is read around them

# How far around a plot each layer is read, metres: one distance for all that asks for it, so that it is read once.
# Mines are looked for along the way from home too. Heights of the ground to services are read apart and not kept:
# only the ground itself is, in coarse cells.
_SHUT_M = {need.layer: exclusion.REACH_M for need in exclusion.NEEDS} | {"exclusions": BY_ID["walk_minutes"].reach_m}
_MEASURED_M = {
    name: max(criterion.reach_m for criterion in LAND_CRITERIA if name in criterion.layers)
    for criterion in LAND_CRITERIA
    for name in criterion.layers
}
FAR_M = {name: max(_SHUT_M.get(name, 0.0), _MEASURED_M.get(name, 0.0)) for name in (*_SHUT_M, *_MEASURED_M)}
NEAR_M = FAR_M | {
    HEIGHTS: max(
        criterion.reach_m
        for criterion in LAND_CRITERIA
        if HEIGHTS in criterion.layers and "services" not in criterion.layers
    )
}


def read_plot(connection: Connection, plot_id: str, load_id: int | None) -> gpd.GeoDataFrame:
    """Return a plot as it stood after a load, None = now: one row, EPSG:32642.

    Raises
    ------
    NotFound : there is no such plot.
    """
    plots = read_layer(connection, Plot, and_(Plot.plot_id == plot_id, as_of(Plot, load_id)), PLOT_COLUMNS)
    if plots.empty:
        raise NotFound(f"There is no plot {plot_id}.")
    return plots


def around_plot(
    connection: Connection, served: Snapshot, plots: gpd.GeoDataFrame, load_id: int | None, *, far: bool = False
) -> Around:
    """Return what lies around one plot as it stood after a load, None = now.

    ``served`` : a snapshot read through this connection, or as new: it tells which windows are still good. ``far`` :
    heights as far as services are looked for.
    """
    x_min, y_min, x_max, y_max = shapely.total_bounds(plots.geometry.to_numpy()).tolist()
    seen = max(served.loads.values(), default=0) if load_id is None else load_id
    return Around(
        connection,
        str(plots["district"].iloc[0]),
        widened((x_min, y_min, x_max, y_max), 0.0, NEIGHBOURHOOD_M),
        FAR_M if far else NEAR_M,
        load_id,
        only=[int(plots["plot_no"].iloc[0])],
        windows=Windows(served, seen),
        unkept=frozenset({HEIGHTS} if far else ()),
    )


def unjudged_block(connection: Connection, served: Snapshot, plots: gpd.GeoDataFrame, *, far: bool = False) -> Block:
    """Return one plot as it stands now with what lies around it, for what does not depend on what it is judged for."""
    return Block(plots, around_plot(connection, served, plots, None, far=far), unjudged(len(plots)))


def unjudged(n: int) -> Judgement:
    """Return the judgement of plots that are not judged."""
    return Judgement(as_of=date.today(), crop=np.full(n, ""))
