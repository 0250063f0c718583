"""A salty lower terrace in PostGIS: plots that may be leached, and plots on which leaching would bring the water up.

Every plot has 7 dS/m, too much for potatoes, and is good in all else. They lie 500 m apart, so that a drain near one is
near no other.
"""

from __future__ import annotations

from datetime import date

import geopandas as gpd
import pandas as pd
import shapely
from affine import Affine
from sqlalchemy import Connection

from geo.terrain.grid import Grid
from layers.grids.rasters import store_grid
from layers.loading import load_frame
from tests.worlds import valley
from tests.worlds.valley_in_database import RASHT, REQUIRED, stored

SALT_DS_M = 7.0
SUMMER, WINTER = date(2025, 8, 1), date(2025, 12, 1)
# Plot -> groundwater [m], when it was read, condition of a drain 100 m away (None = there is none), leaching is safe.
TERRACE: dict[str, tuple[float, date, int | None, bool]] = {
    "drained": (1.7, SUMMER, 2, True),
    "deep": (4.2, SUMMER, None, True),
    "undrained": (1.7, SUMMER, None, False),
    "broken-drain": (1.7, SUMMER, 5, False),
    "high-water": (1.2, SUMMER, 2, False),
    "read-in-winter": (2.1, WINTER, 2, False),  # in the season it may stand at 1.4 m
}


def square(number: int, margin_m: float = 0.0) -> shapely.Polygon:
    x, y = valley.X + 250.0 + 500.0 * number, valley.Y + 1_500.0
    half = 30.0 + margin_m
    return shapely.box(x - half, y - half, x + half, y + half)


def terrace() -> dict[str, gpd.GeoDataFrame | Grid]:
    """Return the layers of the terrace: layer id -> frame or grid."""
    names = list(TERRACE)
    fields = [square(number) for number in range(len(names))]
    plots = valley.plots().iloc[: len(names)].drop(columns=["plot_no", "area_ha"])
    plots = plots.assign(plot_id=names, settlement=None).set_geometry([shapely.MultiPolygon([f]) for f in fields])
    surveys = valley.plot_surveys().iloc[: len(names)].assign(plot_id=names, salinity_ds_m=SALT_DS_M)
    surveys = surveys.assign(
        code=names,
        soil_depth_cm=120.0,
        groundwater_m=[depth for depth, _, _, _ in TERRACE.values()],
        survey_date=[day for _, day, _, _ in TERRACE.values()],
    )
    reach = valley.canals().iloc[[0]]
    along = shapely.LineString([(valley.X + 50.0, valley.Y + 1_600.0), (valley.X + 2_950.0, valley.Y + 1_600.0)])
    kind = {"type": "drain", "lining": "earth", "flow_known": True, "level_basis": "unknown", "position": "unknown"}
    drains = [
        {
            **{"code": name, "canal": name, "condition": float(condition), **kind},
            "geometry": shapely.LineString([(x, y - 130.0), (x + 60.0, y - 130.0)]),
        }
        for (name, (_, _, condition, _)), (x, y) in zip(TERRACE.items(), (f.bounds[:2] for f in fields), strict=True)
        if condition is not None
    ]
    canals = pd.concat([reach.set_geometry([along]), valley.frame(drains)], ignore_index=True)
    area = (
        valley.command_areas()
        .iloc[[0]]
        .set_geometry([shapely.MultiPolygon([square(k, 5.0) for k in range(len(names))])])
    )
    everywhere = shapely.box(valley.X, valley.Y, valley.X + valley.SIDE_M, valley.Y + valley.SIDE_M)
    extents = valley.hazard_extents().set_geometry([everywhere] * len(valley.hazard_extents()))
    layers = valley.layers()
    del layers["hazard_zones"], layers["exclusions"]
    return {
        **layers,
        "plots": plots,
        "plot_surveys": surveys,
        "canals": gpd.GeoDataFrame(canals, crs="EPSG:32642"),
        "command_areas": area,
        "hazard_extents": extents,
    }


def load_terrace(connection: Connection) -> None:
    """Load the terrace in the caller's transaction."""
    outline = shapely.box(valley.X, valley.Y, valley.X + valley.SIDE_M, valley.Y + valley.SIDE_M)
    district = valley.frame([{"code": RASHT, "name_en": "Rasht", "geometry": shapely.MultiPolygon([outline])}])
    layers = {"districts": district, **terrace()}
    for name in ("districts", "plots", *(name for name in REQUIRED if name in layers)):
        frame = layers[name]
        assert not isinstance(frame, Grid)
        load_frame(connection, name, stored(frame.assign(**REQUIRED.get(name, {}))), source="made up", synthetic=True)
    for name, grid in layers.items():
        if isinstance(grid, Grid) and name != "slope":
            to = Affine(grid.cell_m, 0.0, grid.x_min, 0.0, -grid.cell_m, grid.y_max)
            store_grid(connection, name, grid.values, to, "EPSG:32642", source="made up", synthetic=True)
