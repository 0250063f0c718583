"""The valley of ``valley.py`` in PostGIS, with a second district beside it, for everything that scores stored land."""

from __future__ import annotations

from collections.abc import Mapping

import geopandas as gpd
import shapely
from affine import Affine
from shapely import affinity
from sqlalchemy import Connection

from geo.geometry.crs import to_stored, to_working
from geo.terrain.grid import Grid
from geo.terrain.relief import slope_pct
from layers.grids.rasters import store_grid
from layers.loading import load_frame
from tests.worlds import valley

RASHT, NUROBOD = "TJ.RR.GA", "TJ.RR.DA"
ASIDE_M = 6_000.0  # the second district lies this far east, in the same ground mirrored nowhere
REQUIRED = {
    "settlements": {"name_en": "Made-up village"},
    "services": {},
    "canals": {},
    "command_areas": {},
    "hazard_zones": {"intensity": "medium"},
    "hazard_extents": {},
    "exclusions": {},
    "plot_surveys": {},
}


def stored(frame: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    return frame.to_crs(4326) if isinstance(frame, gpd.GeoDataFrame) else frame


def plots_of(district: str) -> gpd.GeoDataFrame:
    frame = valley.plots().drop(columns=["plot_no", "area_ha"])
    if district == RASHT:
        return frame
    moved = frame.geometry.map(lambda shape: affinity.translate(shape, xoff=ASIDE_M))
    return frame.assign(plot_id="aside-" + frame["plot_id"], district=district, settlement=None).set_geometry(moved)


def as_stored(frame: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """The frame after the way into EPSG:4326 and back: what lies on a cell's edge may move by a nanometre."""
    return frame.set_geometry(to_working(to_stored(frame.geometry.to_numpy()))) if "geometry" in frame else frame


def layers_as_stored() -> Mapping[str, gpd.GeoDataFrame | Grid]:
    """The valley's layers as the database gives them: the slope is the one of the stored heights."""
    layers = {name: layer if isinstance(layer, Grid) else as_stored(layer) for name, layer in valley.layers().items()}
    layers["slope"] = slope_pct(layers["dem"])
    return layers


def load_valley(connection: Connection, *, second: bool = True) -> None:
    """Load the valley, and a district without any layers around it beside it, in the caller's transaction."""
    x, y, side = valley.X, valley.Y, valley.SIDE_M
    outline = shapely.box(x, y, x + side, y + side)
    districts = [{"code": RASHT, "name_en": "Rasht", "geometry": shapely.MultiPolygon([outline])}]
    if second:
        moved = affinity.translate(outline, xoff=ASIDE_M)
        districts.append({"code": NUROBOD, "name_en": "Nurobod", "geometry": shapely.MultiPolygon([moved])})
    load_frame(connection, "districts", stored(valley.frame(districts)), source="made up", synthetic=True)
    for district in (RASHT, NUROBOD) if second else (RASHT,):
        load_frame(connection, "plots", stored(plots_of(district)), source="made up", synthetic=True)
    for name, extra in REQUIRED.items():
        frame = valley.layers()[name].assign(**extra)
        load_frame(connection, name, stored(frame), source="made up", synthetic=True)
    for name, grid in valley.layers().items():
        if isinstance(grid, Grid) and name != "slope":
            to = Affine(grid.cell_m, 0.0, grid.x_min, 0.0, -grid.cell_m, grid.y_max)
            store_grid(connection, name, grid.values, to, "EPSG:32642", source="made up", synthetic=True)
