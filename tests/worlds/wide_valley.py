"""Level ground wide enough for every declared reach: 16 km x 16 km, nine plots in a row, three villages. All made up.

Plots of 60 m x 60 m stand on one line from west to east at ``ALONG_M``; a canal runs north and south beside the first
and feeds the command area of the first three. Hazards were looked for everywhere but at two gaps: around plot 6, and on
the way from the middle village to plot 4. Plot 7 is recorded as not irrigated.
"""

from __future__ import annotations

from typing import Any

import geopandas as gpd
import numpy as np
import shapely
from affine import Affine
from sqlalchemy import Connection

from geo.terrain.grid import Grid
from layers.grids.rasters import store_grid
from layers.loading import load_frame
from tests.worlds import valley
from tests.worlds.valley_in_database import RASHT, stored

X, Y, SIDE_M = 500_000.0, 4_300_000.0, 16_000.0  # m, EPSG:32642
CELL_M = 30.0  # m
MIDDLE_M = 8_000.0  # north of the corner
ALONG_M = (2_000.0, 2_400.0, 3_000.0, 4_500.0, 5_500.0, 7_500.0, 9_000.0, 11_000.0, 13_500.0)
VILLAGES_M = {"west": 2_600.0, "middle": 7_000.0, "east": 12_200.0}
HOME_OF = ("west", "west", "west", "west", "middle", "middle", "middle", "east", "east")
PROCESSES = ("flood", "debris_flow", "avalanche", "landslide", "rockfall")
SOURCE = {"source_class": "official", "mapped_on": valley.hazard_zones()["mapped_on"].iloc[0]}

Frame = Any


def plot_box(number: int, margin_m: float = 0.0) -> shapely.Polygon:
    half = 30.0 + margin_m
    x, y = X + ALONG_M[number], Y + MIDDLE_M
    return shapely.box(x - half, y - half, x + half, y + half)


def plots() -> gpd.GeoDataFrame:
    like = valley.plots().drop(columns=["plot_no", "area_ha"]).iloc[0].to_dict()
    return valley.frame(
        [
            {
                **like,
                "plot_id": f"p{n}",
                "settlement": HOME_OF[n],
                "irrigated": n != 7,
                "geometry": shapely.MultiPolygon([plot_box(n)]),
            }
            for n in range(len(ALONG_M))
        ]
    )


def line(x: float, south: float = 4_000.0, north: float = 12_000.0) -> shapely.LineString:
    return shapely.LineString([(X + x, Y + south), (X + x, Y + north)])


UNCOUNTED = {"sdr": None, "sdr_basis": "unknown", "turns_scheduled": None, "turns_delivered": None}
BALANCE = {
    "code": "balanced",
    "year_type": "dry",
    "rule": "proportional",
    "balance_id": 1,
    "supply": "fair",
    "ratio_07": 0.8,
}


def layers() -> dict[str, Frame]:
    """Every vector layer a criterion reads, each with at least one row."""
    reach = valley.canals().iloc[0].to_dict()
    canals = [
        {**reach, "code": "upper", "condition": 3.0, "geometry": line(1_800.0, 8_000.0)},
        {**reach, "code": "lower", "condition": 3.0, "geometry": line(1_800.0, 4_000.0, 8_000.0)},
        {**reach, "code": "other", "canal": "other", "condition": 2.0, "geometry": line(10_800.0)},
    ]
    area = valley.command_areas().iloc[0].to_dict()
    held = shapely.union_all([plot_box(n, 5.0) for n in range(3)])
    balanced = plot_box(5, 5.0)
    gaps = shapely.union_all([plot_box(6, 40.0), shapely.box(X + 5_900, Y, X + 6_000, Y + SIDE_M)])
    mapped = shapely.box(X, Y, X + SIDE_M, Y + SIDE_M) - gaps
    far = shapely.box(X + 100, Y + 100, X + 140, Y + 140)
    villages = [
        {"code": name, "kind": "village", "name_en": name, "geometry": shapely.Point(X + x, Y + MIDDLE_M + 40.0)}
        for name, x in VILLAGES_M.items()
    ]
    place = shapely.Point(X + 7_000.0, Y + MIDDLE_M)
    surveys = valley.plot_surveys().drop(columns="plot_id")
    return {
        "canals": valley.frame(canals),
        "command_areas": valley.frame(
            [
                {**area, "reach": "upper", "geometry": held},
                {**area, "code": BALANCE["code"], "reach": "upper", **UNCOUNTED, "geometry": balanced},
            ]
        ),
        "area_balance": valley.frame([{"entry": "b", **BALANCE, "geometry": balanced}]),
        "outlets": valley.frame([{"code": "o", "command_area": area["code"], "reach": "upper", "geometry": place}]),
        "hazard_zones": valley.frame(
            [{"code": "far", "process": "flood", "level": "low", "intensity": "weak", **SOURCE, "geometry": far}]
        ),
        "hazard_extents": valley.frame(
            [{"code": name, "process": name, **SOURCE, "geometry": mapped} for name in PROCESSES]
        ),
        "exclusions": valley.frame([{"code": "far", "kind": "mine_confirmed", "buffer_m": None, "geometry": far}]),
        "lakes": valley.frame([{"code": "far", "geometry": far}]),
        "settlements": valley.frame(villages),
        "services": valley.frame([{"code": kind, "kind": kind, "geometry": place} for kind in ("market", "health")]),
        "roads": valley.frame([{"code": "road", "kind": "path", "geometry": line(7_100.0)}]),
        "plot_surveys": surveys.assign(plot_id=[f"p{n}" for n in range(len(ALONG_M))]),
    }


def grids() -> dict[str, Grid]:
    def level(value: float, cell_m: float, bands: int = 0) -> Grid:
        cells = int(SIDE_M // cell_m)
        shape = (bands, cells, cells) if bands else (cells, cells)
        return Grid(np.full(shape, value, dtype=np.float32), X, Y + SIDE_M, cell_m, cell_m)

    return {
        "dem": level(1_000.0, CELL_M),
        "mean_temperature": level(20.0, 1_000.0, 12),
        "minimum_temperature": level(10.0, 1_000.0, 12),
        "climate_relief": level(1_000.0, 1_000.0),
    }


def load_wide_valley(connection: Connection) -> None:
    """Load all of it, in the caller's transaction."""
    outline = shapely.MultiPolygon([shapely.box(X, Y, X + SIDE_M, Y + SIDE_M)])
    district = valley.frame([{"code": RASHT, "name_en": "Rasht", "geometry": outline}])
    load_frame(connection, "districts", stored(district), source="made up", synthetic=True)
    load_frame(connection, "plots", stored(plots()), source="made up", synthetic=True)
    for name, frame in layers().items():
        load_frame(connection, name, stored(frame), source="made up", synthetic=True)
    for name, grid in grids().items():
        to = Affine(grid.cell_m, 0.0, grid.x_min, 0.0, -grid.cell_m, grid.y_max)
        store_grid(connection, name, grid.values, to, "EPSG:32642", source="made up", synthetic=True)
