"""Two canals whose July was computed by hand.

One canal of 3,000 m, loam, class 3: it conveys .70 x .75 = .525, its first 1,500 m .525 ** .5 = .72457. Two areas of
10 ha of potatoes, at 1,500 m and at the end; July needs 1.15 x 5 x 31 = 178.25 mm, 17,825 m3 at the roots, 29,708 m3 at
the outlet, .0110918 m3/s. The source offers .020 m3/s: the river keeps .002, 86.4 m3 a day are drunk, .017 are left.
"""

from __future__ import annotations

from typing import Any

import geopandas as gpd
import pandas as pd
import shapely
from sqlalchemy import Engine, text

from layers.loading import load_frame
from tests.worlds import valley

X, Y = valley.X, valley.Y
HALF = 0.525**0.5
NEED = 1.15 * 5 * 31 * 100 / 0.6 / (31 * 86_400)  # m3/s
AT_HEAD = (NEED + NEED / HALF) / HALF  # m3/s
LEFT = 0.020 * 0.9 - 86.4 / 86_400  # m3/s
CANAL = {"type": "main", "lining": "earth", "soil": "loam", "level_basis": "unknown", "position": "unknown"}


def frame(rows: list[dict[str, Any]]) -> gpd.GeoDataFrame:
    return gpd.GeoDataFrame(rows, geometry="geometry", crs=32642).to_crs(4326)


def plant_canals(database: Engine) -> None:
    """Store the canal, and another whose direction nobody knows; pumps and balances of before are gone."""
    basis = {"sdr_basis": "unknown", "position": "unknown", "irrigation_method": "surface"}
    spots = {"a": (1_500, "C1"), "b": (3_000, "C1"), "c": (2_000, "C2")}
    district = shapely.MultiPolygon([shapely.box(X - 100, Y - 5_000, X + 9_000, Y + 5_000)])
    reaches = [("C1", 0, 3, True, 1.0), ("C2", 3_000, None, False, None)]
    layers: dict[str, list[dict[str, Any]]] = {
        "districts": [{"code": "TJ.RR.GA", "name_en": "G", "geometry": district}],
        "canals": [
            {
                "code": f"{name}-1",
                "canal": name,
                **CANAL,
                "condition": state,
                "flow_known": known,
                "capacity_m3_s": most,
            }
            | {"geometry": shapely.LineString([(X, Y + off), (X + 3_000, Y + off)])}
            for name, off, state, known, most in reaches
        ],
        "command_areas": [
            {"code": code, "canal": canal, **basis, "geometry": shapely.box(X + at, Y - 600, X + at + 400, Y - 200)}
            for code, (at, canal) in spots.items()
        ],
        "outlets": [
            {"code": f"{code}-o", "reach": f"{canal}-1", "command_area": code, "level_basis": "unknown"}
            | {"position": "unknown", "geometry": shapely.Point(X + at, Y + (0 if canal == "C1" else 3_000))}
            for code, (at, canal) in spots.items()
        ],
        "intakes": [
            {"code": f"{name}-i", "reach": f"{name}-1", "source": "river", "drinking_m3_d": 86.4}
            | {"geometry": shapely.Point(X, Y + off)}
            for name, off, *_ in reaches
        ],
    }
    crops = [
        {"code": code, "command_area": code, "crop": "potato", "area_ha": 10.0, "begins": "05-07"} for code in spots
    ]
    sky = [
        {
            "code": f"{year[0]}{m}",
            "district": "TJ.RR.GA",
            "year_type": year,
            "month": m,
            "rain_mm": 0.0,
            "et0_mm_d": 5.0,
        }
        for year in ("dry", "wet")
        for m in range(1, 13)
    ]
    with database.begin() as connection:
        for name, rows in layers.items():
            load_frame(connection, name, frame(rows), mode="replace")
        load_frame(connection, "command_crops", pd.DataFrame(crops), mode="replace")
        load_frame(connection, "climate_months", pd.DataFrame(sky), mode="replace")
        load_frame(connection, "intake_flows", flows(0.020), mode="replace")
        for table in ("pumps", "area_balance", "reach_balance", "water_balances CASCADE"):
            connection.execute(text(f"TRUNCATE {table}"))
        connection.execute(text("UPDATE canals SET condition = 3 WHERE code = 'C1-1' AND ended_by IS NULL"))


def flows(m3_s: float) -> pd.DataFrame:
    rows = [
        {
            "code": f"{i}{m}",
            "intake": i,
            "year_type": "dry",
            "month": m,
            "part": 0,
            "flow_m3_s": m3_s,
            "basis": "gauged",
        }
        for i in ("C1-i", "C2-i")
        for m in range(1, 13)
    ]
    return pd.DataFrame(rows)
