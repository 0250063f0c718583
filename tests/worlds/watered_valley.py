"""The valley with water that was computed by hand: an intake feeds the upper reach, which feeds the lower one.

Each reach conveys half of what it takes in, as measured. The upper command grows 2.5 ha of potatoes and the lower one
0.4 ha, which need 1.15 x 6 mm a day at most: q = 1.15 x 6 x 10 / 0.6 / 86,400 m3/s a hectare at the outlet. In
proportion, both get OFFERED / 2 / q of (2.5 + 0.4 / 0.5) ha: half, and all of it once the upper reach loses nothing.
"""

from __future__ import annotations

from collections.abc import Mapping

import geopandas as gpd
import pandas as pd
import shapely
from sqlalchemy import Connection

from layers.loading import load_frame
from tests.worlds import valley
from tests.worlds.valley_in_database import RASHT, stored

Q = 1.15 * 6 * 10 / 0.6 / 86_400  # m3/s a hectare
POTATOES = {"upper command": 2.5, "lower command": 0.4}  # ha
OFFERED = 0.5 * 2 * Q * (2.5 + 0.4 / 0.5)  # m3/s
UNKNOWN = {"sdr": None, "sdr_basis": "unknown", "sdr_date": None, "turns_scheduled": None, "turns_delivered": None}
FIELDS = {"irrigation_method": "surface", "water_salinity_ds_m": 0.5, "soil_salinity_ds_m": 2.0}


def canals(**changes: Mapping[str, object]) -> gpd.GeoDataFrame:
    """The two reaches; ``changes`` name them, with columns."""
    frame = valley.canals().assign(soil="loam", conveyance=0.5, capacity_m3_s=5.0)
    for code, columns in changes.items():
        for name, value in columns.items():
            frame.loc[frame["code"] == code, name] = value
    return stored(frame)


def command_areas(**columns: object) -> gpd.GeoDataFrame:
    """The command areas, whose water nobody has measured; ``columns`` of the upper one are others."""
    frame = valley.command_areas().assign(**UNKNOWN, **FIELDS)
    for name, value in columns.items():
        frame[name] = frame[name].astype(object)
        frame.loc[frame["code"] == "upper command", name] = value
    return stored(frame)


def flows(m3_s: float = OFFERED) -> pd.DataFrame:
    base = {"intake": "i1", "year_type": "dry", "part": 0, "basis": "gauged", "flow_m3_s": m3_s}
    return pd.DataFrame({"code": f"i1-{month}", "month": month, **base} for month in range(1, 13))


def load_water(connection: Connection) -> None:
    """Load it into the valley, in the caller's transaction."""
    x, y = valley.X + 1_200, valley.Y
    outlet = {"level_basis": "unknown", "position": "unknown"}
    outlets = [
        {
            "code": "u",
            "reach": "upper",
            "command_area": "upper command",
            **outlet,
            "geometry": shapely.Point(x, y + 1_350),
        },
        {
            "code": "l",
            "reach": "lower",
            "command_area": "lower command",
            **outlet,
            "geometry": shapely.Point(x, y + 600),
        },
    ]
    intake = {"code": "i1", "reach": "upper", "source": "river", "river_share": 0.0}
    sky = {"district": RASHT, "year_type": "dry", "rain_mm": 0.0, "et0_mm_d": 6.0}
    frames = {
        "canals": canals(),
        "command_areas": command_areas(),
        "outlets": stored(valley.frame(outlets)),
        "intakes": stored(valley.frame([{**intake, "geometry": shapely.Point(x, y + 2_400)}])),
        "intake_flows": flows(),
        "command_crops": pd.DataFrame(
            {"code": area, "command_area": area, "crop": "potato", "area_ha": ha, "begins": "05-07"}
            for area, ha in POTATOES.items()
        ),
        "climate_months": pd.DataFrame({"code": f"dry{month}", "month": month, **sky} for month in range(1, 13)),
    }
    for name, frame in frames.items():
        load_frame(connection, name, frame, mode="replace")
