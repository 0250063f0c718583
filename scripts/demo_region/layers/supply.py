"""What feeds the canals of the demo: intakes with the flows of their sources, pumps, and wells that live on seepage."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TypeAlias

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray

from geo.geometry.crs import WORKING_CRS
from scripts.demo_region.farmland.farms import Farm
from scripts.demo_region.ground.fields import chance
from scripts.demo_region.ground.rivers import Stream

Frame: TypeAlias = gpd.GeoDataFrame | pd.DataFrame
Floats = NDArray[np.float64]

RIVER_SHARE = 0.10  # share of its flow the river keeps; domain reference 6.5
YEARS = {"dry": 0.75, "normal": 1.0, "wet": 1.2}  # kind -> flow over that of a normal year, default of the demo
# Flow of a river by month over that of its highest month, January first: fed by glaciers it is full in June and July,
# by snow alone in May, and fails in late summer. Defaults of the demo, after domain reference 2.4.
GLACIERS_FROM_KM2 = 500.0  # km2 drained from which a river of the mountains has glaciers
FED_BY_GLACIERS = np.array([0.18, 0.18, 0.25, 0.45, 0.80, 1.00, 0.95, 0.70, 0.42, 0.30, 0.24, 0.20])
FED_BY_SNOW = np.array([0.25, 0.30, 0.50, 0.85, 1.00, 0.85, 0.55, 0.35, 0.25, 0.22, 0.22, 0.23])
PEAK_L_S_KM2 = {"rasht": 45.0, "qubodiyon": 34.0}  # l/s per km2 drained in the highest month of a normal year
MOST_TAKEN = 0.5  # share of a river that one canal may be led off, default of the demo
HEADWORKS = (0.55, 1.05)  # share of the canal's capacity that its headworks let in at the highest water
STAGE = 0.6  # exponent with which what they let in follows the flow of the river
OFF_M = (2.0, 6.0)  # m an intake is drawn off the head of its canal: real data look so
PUMP_HOURS, PUMP_AVAILABILITY = 20.0, 0.70  # h a day and share of them; availability: domain reference 6.5
LIFT_M = (8.0, 45.0)  # m, default of the demo; above 30 m in two stages
TWO_STAGES_FROM_M = 30.0
WELL_EVERY_M = 2_500.0  # m of main canal to a well, default of the demo
WELL_OFF_M = (30.0, 700.0)  # m from the canal
WELL_DEPTH_M = (6.0, 60.0)


def drained_km2(farms: Sequence[Farm], codes: Sequence[str], streams: Sequence[Stream]) -> dict[str, float]:
    """Return the area the river of each canal drains above its intake, km2, by code of the canal."""
    found = {}
    for farm, code in zip(farms, codes, strict=True):
        stream = streams[farm.canal.stream]
        near = np.argmin(np.hypot(stream.x - farm.canal.x[0], stream.y - farm.canal.y[0]))
        found[code] = float(stream.upstream_km2[near])
    return found


def supply(frames: Mapping[str, Frame], drained: Mapping[str, float], zone: str, seed: int) -> dict[str, Frame]:
    """Return intakes, their flows, pumps and wells for the canals that are there, EPSG:32642.

    drained : canal -> km2 its river drains above the intake. zone : key of the runoff. What an intake offers follows
    from its river, the year and the state of its headworks, whatever the fields need.
    """
    canals = frames["canals"]
    mains = canals[canals["type"] == "main"].drop_duplicates("canal").set_index("canal")
    heads = shapely.get_coordinates(shapely.get_point(mains.geometry.to_numpy(), 0))
    intakes, flows, pumps, wells = [], [], [], []
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
        flows.append(_flows(drained[str(code)], float(main["capacity_m3_s"]), zone, rng).assign(intake=name))
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
        "intake_flows": table.assign(part=0, basis="estimated", years=None),
    }
    if pumps:
        found["pumps"] = gpd.GeoDataFrame(pumps, geometry="geometry", crs=WORKING_CRS)
    return found


def _flows(drained: float, capacity_m3_s: float, zone: str, rng: np.random.Generator) -> pd.DataFrame:
    """What the river offers an intake, by kind of year and month, m3/s: the river's share is in it."""
    shape = FED_BY_GLACIERS if zone == "rasht" and drained >= GLACIERS_FROM_KM2 else FED_BY_SNOW
    works = capacity_m3_s * rng.uniform(*HEADWORKS)
    rows = []
    for kind, wetness in YEARS.items():
        river = drained * PEAK_L_S_KM2[zone] / 1_000.0 * shape * wetness
        led = np.minimum(MOST_TAKEN * river, works * (shape * wetness) ** STAGE)
        rows.append(pd.DataFrame({"year_type": kind, "month": np.arange(1, 13), "flow_m3_s": led / (1 - RIVER_SHARE)}))
    every: pd.DataFrame = pd.concat(rows, ignore_index=True)
    every["flow_m3_s"] = every["flow_m3_s"].round(4)
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
