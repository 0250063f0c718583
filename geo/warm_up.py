"""What compiles every kernel of the science once, into Numba's cache on disk: a made-up piece of land is judged.

Numba compiles a kernel when it is first called with arguments of certain types, which takes a minute for all of them
together. Done on installing, no run and no request has to wait for it.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import date

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from geo.contract.criterion import Judgement
from geo.geometry.crs import WORKING_CRS, area_ha, to_stored
from geo.hazard.avalanche import avalanche
from geo.hazard.slope_failure import rockfall
from geo.hazard.torrents import debris_flow, flood
from geo.panel.scheme import load_scheme
from geo.suitability.assess import assess
from geo.terrain.drainage import drainage
from geo.terrain.grid import Grid
from geo.terrain.relief import hillshade, slope_pct

X, Y, SIDE_M = 500_000.0, 4_300_000.0, 3_000.0  # m, EPSG:32642; corner and side of the made-up land
PLOT_M = 60.0  # m, side of a plot
DAY = date(2026, 1, 1)
PROCESSES = ("flood", "debris_flow", "avalanche", "landslide", "rockfall")


def steps() -> dict[str, Callable[[], object]]:
    """Return what has to be compiled, in parts people can follow.

    Returns
    -------
    Name of the part -> what compiles it.
    """
    return {
        "areas and terrain": _terrain,
        "hazards from terrain": _hazards,
        "measures and combination": _assessment,
    }


def _terrain() -> None:
    dem = _ground()
    slope_pct(dem)
    hillshade(dem)
    area_ha(to_stored(_plots().geometry.to_numpy()))


def _hazards() -> None:
    flow = drainage(_ground())
    for rule in (flood, debris_flow, avalanche, rockfall):
        rule(flow)


def _assessment() -> None:
    plots = _plots()
    crop = np.full(len(plots), "potato")
    assess(plots, _around(), Judgement(as_of=DAY, crop=crop), load_scheme("default")).to_frame()


def _frame(rows: list[dict[str, object]]) -> gpd.GeoDataFrame:
    return gpd.GeoDataFrame(rows, geometry="geometry", crs=WORKING_CRS)


def _plots() -> gpd.GeoDataFrame:
    corners = [(X + 1_000.0 + 100.0 * i, Y + 1_500.0) for i in range(4)]
    return _frame(
        [
            {
                "plot_id": str(number),
                "plot_no": number,
                "district": "made up",
                "settlement": "village" if number else None,
                "irrigated": number != 1,
                "terraced": number == 2,
                "land_form": "presidential",
                "geometry": shapely.MultiPolygon([shapely.box(x, y, x + PLOT_M, y + PLOT_M)]),
            }
            for number, (x, y) in enumerate(corners)
        ]
    )


def _ground() -> Grid:
    cells = round(SIDE_M / 30.0)
    rise = np.linspace(1_000.0, 1_060.0, cells, dtype=np.float32)
    return Grid(np.tile(rise, (cells, 1)), X, Y + SIDE_M, 30.0, 30.0)


def _level(value: float, bands: int = 0) -> Grid:
    shape = (bands, 3, 3) if bands else (3, 3)
    return Grid(np.full(shape, value, dtype=np.float32), X, Y + SIDE_M, 1_000.0, 1_000.0)


def _around() -> dict[str, gpd.GeoDataFrame | Grid]:
    """Return every layer a criterion reads."""
    everywhere = shapely.box(X, Y, X + SIDE_M, Y + SIDE_M)
    village = shapely.Point(X + 1_200.0, Y + 1_700.0)
    canal = shapely.LineString([(X + 900.0, Y + 600.0), (X + 900.0, Y + 2_400.0)])
    half = shapely.box(X + 1_130.0, Y + 1_400.0, X + 1_230.0, Y + 1_600.0)
    official = {"source_class": "official", "mapped_on": DAY}
    return {
        "dem": _ground(),
        "slope": slope_pct(_ground()),
        "mean_temperature": _level(15.0, bands=12),
        "minimum_temperature": _level(8.0, bands=12),
        "climate_relief": _level(1_000.0),
        "soil_depth": Grid(np.full((12, 12), 90.0, dtype=np.float32), X, Y + SIDE_M, 250.0, 250.0),
        "available_water": Grid(np.full((12, 12), 150.0, dtype=np.float32), X, Y + SIDE_M, 250.0, 250.0),
        "settlements": _frame([{"code": "village", "kind": "village", "geometry": village}]),
        "services": _frame(
            [{"code": kind, "kind": kind, "geometry": village} for kind in ("market", "health")],
        ),
        "roads": _frame(
            [
                {"code": kind, "kind": kind, "closed_months": None, "geometry": shapely.LineString(line)}
                for kind, line in {
                    "gravel": [(X, Y + 1_800.0), (X + SIDE_M, Y + 1_800.0)],
                    "bridge": [(X + 2_000.0, Y + 1_800.0), (X + 2_200.0, Y + 1_800.0)],
                }.items()
            ]
        ),
        "rivers": _frame(
            [
                {
                    "code": "river",
                    "stream_class": 1,
                    "geometry": shapely.LineString([(X + 2_100.0, Y), (X + 2_100.0, Y + SIDE_M)]),
                }
            ]
        ),
        "canals": _frame(
            [
                {
                    "code": code,
                    "canal": code,
                    "type": "main",
                    "lining": lining,
                    "head_level_m": level,
                    "tail_level_m": level,
                    "level_basis": "surveyed",
                    "condition": 2.0,
                    "flow_known": True,
                    "geometry": line,
                }
                for code, lining, level, line in (
                    ("earth", "earth", 1_030.0, canal),
                    ("lined", "concrete", np.nan, shapely.affinity.translate(canal, 50.0)),
                )
            ]
        ),
        "command_areas": _frame(
            [{"code": "area", "reach": "earth", "sdr": 0.9, "sdr_date": "2025", "position": "head", "geometry": half}]
        ),
        "hazard_zones": _frame(
            [
                {"code": "zone", "process": "debris_flow", "level": "medium", "return_period_y": 30, "months": "4-7"}
                | official
                | {"geometry": half}
            ]
        ),
        "hazard_extents": _frame(
            [{"code": process, "process": process, "geometry": everywhere} | official for process in PROCESSES]
        ),
        "exclusions": _frame([{"code": "park", "kind": "protected", "buffer_m": 10.0, "geometry": half}]),
        "plot_surveys": pd.DataFrame(
            {"code": ["1"], "plot_id": ["1"], "survey_date": [DAY], "salinity_ds_m": [1.0], "soil_depth_cm": [80.0]}
        ),
    }
