"""A valley small enough to compute by hand: nine plots, one canal, one mudflow zone, one village. All of it made up.

Level ground at 1,000 m, 3 km x 3 km, south-west corner at ``X``, ``Y`` in EPSG:32642. The canal runs from north to
south, 1.2 km east of the corner, its water at 1,001 m; its lower reach is destroyed. Plots of 60 m x 60 m stand in
three rows and three columns, a few minutes from the village:

    clean      steep      mudflow
    unsampled  cut_off    outside
    mined      mediocre   unmapped

Each plot is perfect but for what its name says; see ``EXPECTED`` in test_geo_suitability for what follows.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from geo.contract.criterion import Block, Judgement, Measured
from geo.criteria import BY_ID
from geo.terrain.grid import Grid

X, Y = 500_000.0, 4_300_000.0  # m, EPSG:32642
SIDE_M = 3_000.0
CELL_M = 30.0  # m, of the height grid
CLIMATE_CELL_M = 1_000.0  # m, of the normals
AS_OF = date(2026, 6, 1)
NAMES = ("clean", "steep", "mudflow", "unsampled", "cut_off", "outside", "mined", "mediocre", "unmapped")
CENTRES = {name: (1_290.0 + 120.0 * (i % 3), 1_830.0 - 180.0 * (i // 3)) for i, name in enumerate(NAMES)}
PLOT_M = 60.0  # m, side of a plot


def square(name: str, margin_m: float = 0.0) -> shapely.Polygon:
    x, y = CENTRES[name]
    half = PLOT_M / 2 + margin_m
    return shapely.box(X + x - half, Y + y - half, X + x + half, Y + y + half)


def frame(rows: list[dict[str, object]]) -> gpd.GeoDataFrame:
    return gpd.GeoDataFrame(rows, geometry="geometry", crs="EPSG:32642")


def level(value: float, *, cell_m: float = CELL_M, bands: int = 0) -> Grid:
    cells = round(SIDE_M / cell_m)
    shape = (bands, cells, cells) if bands else (cells, cells)
    return Grid(np.full(shape, value, dtype=np.float32), X, Y + SIDE_M, cell_m, cell_m)


def plots() -> gpd.GeoDataFrame:
    return frame(
        [
            {
                "plot_id": name,
                "plot_no": number,
                "district": "TJ.RR.GA",
                "jamoat": None,
                "settlement": "village",
                "area_ha": 0.36,
                "land_form": "presidential",
                "availability": "unknown",
                "irrigated": True,
                "terraced": False,
                "geometry": shapely.MultiPolygon([square(name)]),
            }
            for number, name in enumerate(NAMES, start=1)
        ]
    )


def slope() -> Grid:
    grid = level(1.0, cell_m=10.0)
    for name, slope_pct in (("steep", 8.0), ("mediocre", 16.0)):
        x_min, y_min, x_max, y_max = square(name, margin_m=10.0).bounds
        rows = slice(round((Y + SIDE_M - y_max) / 10), round((Y + SIDE_M - y_min) / 10))
        grid.values[rows, slice(round((x_min - X) / 10), round((x_max - X) / 10))] = slope_pct
    return Grid(grid.values, grid.x_min, grid.y_max, grid.cell_m, native_m=30.0)


def canals() -> gpd.GeoDataFrame:
    reach = {
        "canal": "canal",
        "type": "main",
        "lining": "earth",
        "head_level_m": 1_001.0,
        "tail_level_m": 1_001.0,
        "level_basis": "surveyed",
        "flow_known": True,
        "position": "head",
    }
    upper = shapely.LineString([(X + 1_200, Y + 2_400), (X + 1_200, Y + 1_350)])
    lower = shapely.LineString([(X + 1_200, Y + 1_350), (X + 1_200, Y + 600)])
    return frame(
        [
            {"code": "upper", "condition": 1.0, **reach, "geometry": upper},
            {"code": "lower", "condition": 5.0, **reach, "geometry": lower},
        ]
    )


def command_areas() -> gpd.GeoDataFrame:
    area = {
        "canal": "canal",
        "sdr": 1.0,
        "sdr_basis": "surveyed",
        "sdr_date": "Apr-Sep 2025",
        "turns_scheduled": 10.0,
        "turns_delivered": 9.0,
        "position": "head",
    }
    watered = shapely.union_all([square(name, 5.0) for name in NAMES if name not in ("cut_off", "outside")])
    return frame(
        [
            {"code": "upper command", "reach": "upper", **area, "geometry": watered},
            {"code": "lower command", "reach": "lower", **area, "geometry": square("cut_off", 5.0)},
        ]
    )


def plot_surveys() -> pd.DataFrame:
    rows = []
    for name in NAMES:
        rows.append(
            {
                "code": f"survey {name}",
                "plot_id": name,
                "survey_date": date(2025, 8, 1),
                "salinity_ds_m": {"mediocre": 6.7, "unsampled": None}.get(name, 1.0),
                "groundwater_m": 3.0,
                "soil_depth_cm": 50.0 if name == "mediocre" else 120.0,
                "coarse_fragments_pct": 0.0,
                "awc_mm_m": 180.0,
                "highest_ground_m": 999.5,
                "turns_scheduled": None,
                "turns_delivered": None,
            }
        )
    return pd.DataFrame(rows)


def hazard_zones() -> gpd.GeoDataFrame:
    zone = {"code": "fan", "process": "debris_flow", "level": "medium", "return_period_y": 30, "months": "4-7"}
    source = {"source_class": "official", "mapped_on": date(2024, 5, 1)}
    return frame([{**zone, **source, "geometry": square("mudflow", 15.0)}])


def hazard_extents() -> gpd.GeoDataFrame:
    everywhere = shapely.box(X, Y, X + SIDE_M, Y + SIDE_M) - square("unmapped", 15.0)
    processes = ("flood", "debris_flow", "avalanche", "landslide", "rockfall")
    source = {"source_class": "official", "mapped_on": date(2024, 5, 1)}
    return frame([{"code": name, "process": name, **source, "geometry": everywhere} for name in processes])


def layers() -> dict[str, gpd.GeoDataFrame | Grid]:
    """Return every layer of the valley: layer id -> frame or grid."""
    village = shapely.Point(X + 1_485.0, Y + 1_755.0)
    return {
        "command_areas": command_areas(),
        "canals": canals(),
        "plot_surveys": plot_surveys(),
        "hazard_zones": hazard_zones(),
        "hazard_extents": hazard_extents(),
        "exclusions": frame(
            [{"code": "field", "kind": "mine_confirmed", "buffer_m": 10.0, "geometry": square("mined", -20.0)}]
        ),
        "settlements": frame([{"code": "village", "kind": "village", "geometry": village}]),
        "services": frame(
            [
                {"code": "bazaar", "kind": "market", "geometry": village},
                {"code": "post", "kind": "health", "geometry": village},
            ]
        ),
        "dem": level(1_000.0),
        "slope": slope(),
        "mean_temperature": level(20.0, cell_m=CLIMATE_CELL_M, bands=12),
        "minimum_temperature": level(10.0, cell_m=CLIMATE_CELL_M, bands=12),
        "climate_relief": level(1_000.0, cell_m=CLIMATE_CELL_M),
    }


def judgement(n: int = len(NAMES), crop: str = "potato") -> Judgement:
    return Judgement(as_of=AS_OF, crop=np.full(n, crop))


def measured(name: str, *, crop: str = "potato", of: gpd.GeoDataFrame | None = None, **replaced: Any) -> Measured:
    """Return a criterion's values in the valley, some layers replaced; None takes a layer away."""
    nearby = {key: layer for key, layer in {**layers(), **replaced}.items() if layer is not None}
    block = Block(plots() if of is None else of, nearby, judgement(crop=crop))
    return BY_ID[name].measured(block)


def at(found: Measured, plot: str) -> float:
    """Return the value of one plot."""
    return float(found.value[NAMES.index(plot)])


def surveys(*rows: Mapping[str, Any]) -> pd.DataFrame:
    return pd.DataFrame([{"code": str(number), **row} for number, row in enumerate(rows)])


def zones(*rows: Mapping[str, Any]) -> gpd.GeoDataFrame:
    base = {"process": "flood", "level": "low", "return_period_y": 100, "months": None, "source_class": "official"}
    return frame([{"code": str(i), "mapped_on": date(2024, 1, 1), **base, **row} for i, row in enumerate(rows)])


def line(y: float) -> shapely.LineString:
    return shapely.LineString([(X + 10, Y + y), (X + 2_990, Y + y)])
