"""What feeds the canals of the demo: intakes with the flows of their sources, pumps, and wells that live on seepage."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypeAlias

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray

from geo.geometry.crs import WORKING_CRS
from scripts.demo_region.ground.fields import chance

Frame: TypeAlias = gpd.GeoDataFrame | pd.DataFrame
Floats = NDArray[np.float64]

RIVER_SHARE = 0.10  # share of its flow the river keeps; domain reference 6.5
WET_TO_NORMAL = 1.2  # flow of a wet year over that of a normal one, default of the demo
OFF_M = (2.0, 6.0)  # m an intake is drawn off the head of its canal: real data look so
PUMP_HOURS, PUMP_AVAILABILITY = 20.0, 0.70  # h a day and share of them; availability: domain reference 6.5
LIFT_M = (8.0, 45.0)  # m, default of the demo; above 30 m in two stages
TWO_STAGES_FROM_M = 30.0
WELL_EVERY_M = 2_500.0  # m of main canal to a well, default of the demo
WELL_OFF_M = (30.0, 700.0)  # m from the canal
WELL_DEPTH_M = (6.0, 60.0)


def supply(frames: Mapping[str, Frame], seed: int) -> dict[str, Frame]:
    """Return intakes, their flows, pumps and wells for the canals that are there, EPSG:32642.

    An intake offers what the command areas of its canal are said to receive, and the river's share on top.
    """
    canals = frames["canals"]
    mains = canals[canals["type"] == "main"].drop_duplicates("canal").set_index("canal")
    heads = shapely.get_coordinates(shapely.get_point(mains.geometry.to_numpy(), 0))
    intakes, flows, pumps, wells = [], [], [], []
    by_canal = _flows_by_canal(frames)
    for place, (code, main) in enumerate(mains.iterrows()):
        rng = chance(seed, f"supply {code}")
        turn, off = rng.uniform(0, 2 * np.pi), rng.uniform(*OFF_M)
        spot = shapely.Point(heads[place] + off * np.array([np.cos(turn), np.sin(turn)]))
        pumped = bool(main["pumped"])
        name = f"{code}-i"
        intakes.append(
            {
                "code": name,
                "name": code,
                "reach": main["code"],
                "source": "pump" if pumped else "river",
                "right_m3_s": main["capacity_m3_s"],
                "river_share": RIVER_SHARE,
                "drinking_m3_d": float(np.round(rng.uniform(0, 60))),
                "geometry": spot,
            }
        )
        offered = by_canal[by_canal["canal"] == code]
        flows.append(offered.assign(intake=name))
        if pumped:
            pumps.append(_pump(name, float(main["capacity_m3_s"]), spot, rng))
        wells += _wells(str(code), main.geometry, rng)
    table = pd.concat(flows, ignore_index=True)
    table["code"] = [
        f"{i}-{y[0]}{m:02d}" for i, y, m in zip(table["intake"], table["year_type"], table["month"], strict=True)
    ]
    found: dict[str, Frame] = {
        "intakes": gpd.GeoDataFrame(intakes, geometry="geometry", crs=WORKING_CRS),
        "wells": gpd.GeoDataFrame(wells, geometry="geometry", crs=WORKING_CRS),
        "intake_flows": table.drop(columns="canal").assign(part=0, basis="estimated", years=None),
    }
    if pumps:
        found["pumps"] = gpd.GeoDataFrame(pumps, geometry="geometry", crs=WORKING_CRS)
    return found


def _flows_by_canal(frames: Mapping[str, Frame]) -> pd.DataFrame:
    """Flow the source of each canal offers, by kind of year and month, m3/s."""
    canal_of = frames["command_areas"].set_index("code")["canal"]
    months = frames["command_months"]
    sums = months.assign(canal=canal_of.loc[months["command_area"]].to_numpy())
    sums = sums.groupby(["canal", "year_type", "month"], as_index=False)["flow_m3_s"].sum()
    wet = sums[sums["year_type"] == "normal"].assign(year_type="wet")
    wet["flow_m3_s"] *= WET_TO_NORMAL
    every: pd.DataFrame = pd.concat([sums, wet], ignore_index=True)
    every["flow_m3_s"] = np.round(every["flow_m3_s"] / (1 - RIVER_SHARE), 4)
    return every


def _pump(intake: str, capacity_m3_s: float, spot: shapely.Point, rng: np.random.Generator) -> dict[str, object]:
    lift = float(np.round(rng.uniform(*LIFT_M)))
    return {
        "code": f"{intake}-p",
        "intake": intake,
        "reach": None,
        "lift_m": lift,
        "stages": 2 if lift >= TWO_STAGES_FROM_M else 1,
        "flow_m3_s": round(1.5 * capacity_m3_s, 3),
        "hours": f"{PUMP_HOURS:g}",
        "availability": PUMP_AVAILABILITY,
        "geometry": spot,
    }


def _wells(code: str, line: shapely.LineString, rng: np.random.Generator) -> list[dict[str, object]]:
    count = max(1, round(line.length / WELL_EVERY_M))
    found: list[dict[str, object]] = []
    for number in range(count):
        at = line.interpolate(float(rng.uniform(0, line.length)))
        turn, off = rng.uniform(0, 2 * np.pi), rng.uniform(*WELL_OFF_M)
        found.append(
            {
                "code": f"{code}-w{number}",
                "use": str(rng.choice(["drinking", "irrigation", "both"], p=[0.6, 0.25, 0.15])),
                "depth_m": float(np.round(rng.uniform(*WELL_DEPTH_M))),
                "geometry": shapely.Point(at.x + off * np.cos(turn), at.y + off * np.sin(turn)),
            }
        )
    return found
