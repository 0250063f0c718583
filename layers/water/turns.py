"""Plots of a command area in the order of the water, for a roster of turns: numbers and hectares, nothing else."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import shapely
from numpy.typing import NDArray
from sqlalchemy import Connection, and_, func

from layers.catalogue.irrigation import CommandArea, Outlet
from layers.catalogue.land import Plot
from layers.errors import NotFound
from layers.frames.around import as_of, read_layer, window

HALF = 0.5  # -, share of a plot that has to lie in the area, so that each plot takes its turn in one area


class PlotsInOrder(NamedTuple):
    """plot_no : int64 (n,); area_ha : float64 (n,), geodesic; nearest to the outlet first."""

    plot_no: NDArray[np.int64]
    area_ha: NDArray[np.float64]


def plots_in_order(connection: Connection, area: str) -> PlotsInOrder:
    """Return the plots of a command area that lie in it with more than half their land.

    Raises
    ------
    NotFound : no such area is mapped, or no plot lies in it.
    """
    found = read_layer(connection, CommandArea, and_(CommandArea.code == area, as_of(CommandArea, None)), ("code",))
    if not len(found):
        raise NotFound(f"Command area '{area}' is not mapped.")
    shape = found.geometry.iloc[0]
    where = and_(func.ST_Intersects(Plot.__table__.c.geom, window(shape.bounds)), as_of(Plot, None))
    plots = read_layer(connection, Plot, where, ("plot_no", "area_ha"), order="plot_no")
    shapes = plots.geometry.to_numpy()
    inside = shapely.area(shapely.intersection(shapes, shape)) > HALF * shapely.area(shapes)
    plots = plots[inside]
    if not len(plots):
        raise NotFound(f"No plot lies in command area '{area}'.")
    outlets = read_layer(connection, Outlet, and_(Outlet.command_area == area, as_of(Outlet, None)), ("code",))
    from_here = shapely.union_all(outlets.geometry.to_numpy()) if len(outlets) else shapely.centroid(shape)
    order = np.argsort(shapely.distance(plots.geometry.to_numpy(), from_here), kind="stable")
    return PlotsInOrder(
        plots["plot_no"].to_numpy(dtype=np.int64)[order], plots["area_ha"].to_numpy(dtype=np.float64)[order]
    )
