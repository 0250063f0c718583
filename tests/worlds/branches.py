"""A main canal and a branch whose least ratios were computed by hand, and a canal apart from them.

Every reach conveys half of what it takes in, as measured. m1 leads from the intake to m2, m2 to the area "far"; b1
leads from the intake to the area "near". Both grow 20 ha of potatoes, which need 1.15 x 6 mm a day at most:
q = 1.15 x 6 x 200 / 0.6 / 86,400 = .026620 m3/s at the outlet. The canal x1 has an intake and an area of its own.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from sqlalchemy import Engine, text

from layers.loading import load_frame
from tests.worlds import valley

X, Y = valley.X, valley.Y
DISTRICT = "TJ.RR.GA"
Q = 1.15 * 6 * 200 / 0.6 / 86_400  # m3/s
OFFERED = 0.06  # m3/s, all year
LINES = {
    "m1": ("M", [(0, 0), (1_000, 0)]),
    "m2": ("M", [(1_000, 0), (2_000, 0)]),
    "b1": ("B", [(0, 0), (0, 1_000)]),
    "x1": ("X", [(0, -5_000), (1_000, -5_000)]),
}
OUTLETS = {"o1": ("m2", "far", (2_000, 0)), "o2": ("b1", "near", (0, 1_000)), "o3": ("x1", "apart", (1_000, -5_000))}
AREAS = {"far": (2_010, 0), "near": (10, 1_010), "apart": (1_010, -5_000)}
PLOTS = {"far": 25, "near": 5, "apart": 3}
TABLES = ("area_balance", "reach_balance", "water_balances", "scenarios", "shown_rankings", "wells")


def placed(rows: Sequence[Mapping[str, object]], shapes: Sequence[shapely.Geometry]) -> gpd.GeoDataFrame:
    moved = [shapely.transform(shape, lambda xy: xy + np.array([X, Y])) for shape in shapes]
    return gpd.GeoDataFrame(rows, geometry=moved, crs=32642).to_crs(4326)


def reaches(**changes: Mapping[str, object]) -> gpd.GeoDataFrame:
    """The reaches; ``changes`` name them, with columns."""
    base: dict[str, object] = {
        "type": "main",
        "lining": "earth",
        "soil": "loam",
        "level_basis": "unknown",
        "position": "unknown",
    }
    base |= {"conveyance": 0.5, "capacity_m3_s": 5.0, "condition": 1, "flow_known": True}
    rows = [{"code": code, "canal": canal, **base, **changes.get(code, {})} for code, (canal, _) in LINES.items()]
    return placed(rows, [shapely.LineString(line) for _, line in LINES.values()])


def areas(**changes: Mapping[str, object]) -> gpd.GeoDataFrame:
    """The command areas, of 20 ha; ``changes`` name them, with columns."""
    base: dict[str, object] = {"canal": "M", "sdr_basis": "unknown", "position": "unknown"}
    base |= {"irrigation_method": "surface", "water_salinity_ds_m": 0.5, "soil_salinity_ds_m": 2.0}
    rows = [{"code": code, "name": code.title(), **base, **changes.get(code, {})} for code in AREAS]
    return placed(rows, [shapely.MultiPolygon([shapely.box(x, y, x + 400, y + 500)]) for x, y in AREAS.values()])


def flows(m3_s: float = OFFERED, year: str = "dry", unknown: int = 0) -> pd.DataFrame:
    """What both intakes are offered; ``unknown`` is the month in which nobody knows what i1 is."""
    every = [(intake, m) for intake in ("i1", "i2") for m in range(1, 13)]
    base = {"year_type": year, "part": 0, "basis": "gauged"}
    return pd.DataFrame(
        {"code": f"{year}-{intake}-{m}", "intake": intake, "month": m, **base}
        | {"flow_m3_s": None if (intake, m) == ("i1", unknown) else m3_s}
        for intake, m in every
    )


def crops(area_ha: Mapping[str, float]) -> pd.DataFrame:
    base = {"crop": "potato", "begins": "05-07"}
    return pd.DataFrame({"code": code, "command_area": code, "area_ha": ha, **base} for code, ha in area_ha.items())


def plant_branches(database: Engine) -> None:
    """Store them; balances and scenarios of before are gone."""
    outlets = [
        {"code": code, "reach": reach, "command_area": area, "level_basis": "unknown", "position": "unknown"}
        for code, (reach, area, _) in OUTLETS.items()
    ]
    plots = [{"plot_id": f"{code}-{k}"} for code, count in PLOTS.items() for k in range(count)]
    squares = [
        shapely.box(x + 15 * k, y, x + 15 * k + 10, y + 50)
        for code, (x, y) in AREAS.items()
        for k in range(PLOTS[code])
    ]
    climate = [
        {"code": f"{year}{m}", "district": DISTRICT, "year_type": year, "month": m, "rain_mm": 0.0, "et0_mm_d": 6.0}
        for year in ("dry", "normal")
        for m in range(1, 13)
    ]
    sources = [
        {"code": f"i{k}", "reach": reach, "source": "river", "river_share": 0.0} for k, reach in ((1, "m1"), (2, "x1"))
    ]
    with database.begin() as connection:
        for table in TABLES:
            connection.execute(text(f"TRUNCATE {table} CASCADE"))
        frames = {
            "districts": placed(
                [{"code": DISTRICT, "name_en": "G"}],
                [shapely.MultiPolygon([shapely.box(-9_000, -9_000, 9_000, 9_000)])],
            ),
            "canals": reaches(),
            "outlets": placed(outlets, [shapely.Point(xy) for *_, xy in OUTLETS.values()]),
            "command_areas": areas(),
            "intakes": placed(sources, [shapely.Point(0, 0), shapely.Point(0, -5_000)]),
            "plots": placed(plots, squares),
            "command_crops": crops(dict.fromkeys(AREAS, 20.0)),
            "climate_months": pd.DataFrame(climate),
            "intake_flows": flows(),
        }
        for name, frame in frames.items():
            load_frame(connection, name, frame, mode="replace")
