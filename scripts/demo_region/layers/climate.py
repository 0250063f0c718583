"""Climate and soil grids, and what was measured on some of the plots."""

from __future__ import annotations

from datetime import date, timedelta

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from geo.terrain.grid import Grid
from scripts.demo_region.ground.fields import at, chance, coarsened, noise, ramp
from scripts.demo_region.ground.landscape import Landscape
from scripts.demo_region.layers.estates import Tillage
from scripts.demo_region.layers.irrigation import TURNS, where_counted

CLIMATE_CELL_M = 960.0  # m; as fine as global climate normals
# Rain of a normal year by month, mm, and the share of it in a dry and a wet one. Defaults of the demo.
RAIN_MM = {
    "rasht": (65, 80, 110, 105, 75, 22, 10, 5, 7, 35, 50, 60),
    "qubodiyon": (24, 28, 35, 22, 10, 1, 0, 0, 0, 5, 12, 20),
}
YEARS = {"dry": (0.65, 0.8), "normal": (1.0, 0.0), "wet": (1.35, -0.8)}  # kind -> share of the rain, degC warmer
SOIL_CELL_M = 240.0  # m; as fine as global soil grids
LAPSE_C_M = 0.0062  # degC/m, mean of the year in these mountains; default of the demo
NIGHT_C = (5.5, 7.5)  # degC a daily minimum lies below the mean, January and July; default of the demo
SURVEYED_BLOCKS, SURVEYED_ALONE = 0.45, 0.06  # share of blocks surveyed as a whole, and of other plots surveyed alone
SURVEY_DAYS = (date(2025, 3, 1), 560)  # first day of the made-up survey, and days it lasted


def climate(land: Landscape) -> dict[str, Grid]:
    """Return monthly normals of mean and minimum temperature and the relief they stand for, on 960 m cells."""
    level = land.ground.level
    relief = coarsened(level.values, round(CLIMATE_CELL_M / level.cell_m))
    setting = land.area.setting
    month = np.arange(12)
    season = 0.5 - 0.5 * np.cos(2 * np.pi * month / 12)  # 0 in January, 1 in July
    warmth = setting.january_c + (setting.july_c - setting.january_c) * season
    mean = warmth[:, None, None] - LAPSE_C_M * (relief - setting.climate_level_m)
    night = NIGHT_C[0] + (NIGHT_C[1] - NIGHT_C[0]) * season
    grids = {
        "mean_temperature": mean,
        "minimum_temperature": mean - night[:, None, None],
        "climate_relief": relief,
    }
    return {
        name: Grid(np.round(values, 1).astype(np.float32), level.x_min, level.y_max, CLIMATE_CELL_M, CLIMATE_CELL_M)
        for name, values in grids.items()
    }


def climate_months(land: Landscape) -> pd.DataFrame:
    """Return rain and temperature by month and kind of year at a made-up station of each district of an area."""
    setting = land.area.setting
    month = np.arange(12)
    season = 0.5 - 0.5 * np.cos(2 * np.pi * month / 12)
    mean = setting.january_c + (setting.july_c - setting.january_c) * season
    night = NIGHT_C[0] + (NIGHT_C[1] - NIGHT_C[0]) * season
    rain = np.array(RAIN_MM[land.area.id], dtype=np.float64)
    rows = [
        {
            "code": f"{district.code}-{kind[0]}{m + 1:02d}",
            "district": district.code,
            "station": district.names.en,
            "elevation_m": float(setting.climate_level_m),
            "year_type": kind,
            "month": m + 1,
            "rain_mm": round(float(rain[m] * share), 1),
            "tmin_c": round(float(mean[m] - night[m] + warmer), 1),
            "tmax_c": round(float(mean[m] + night[m] + warmer), 1),
            "et0_mm_d": None,
        }
        for district in land.area.districts
        for kind, (share, warmer) in YEARS.items()
        for m in month.tolist()
    ]
    return pd.DataFrame(rows)


def soils(land: Landscape, seed: int) -> dict[str, Grid]:
    """Return effective soil depth (cm) and available water (mm/m) on 240 m cells.

    Deep loam on old terraces, stony on young ones and on fans, thin on slopes.
    """
    ground = land.ground
    factor = round(SOIL_CELL_M / ground.level.cell_m)
    rng = chance(seed, f"soils {land.area.id}")
    level = coarsened(ground.level.values, factor)
    slope = np.hypot(*np.gradient(level, SOIL_CELL_M)).astype(np.float32)
    old = ramp(coarsened(ground.above_river, factor), 2.0, 25.0)
    patch = noise(level.shape, 2.6, 60.0, rng)
    depth = 55.0 + 55.0 * old + 20.0 * patch - 60.0 * ramp(slope, 0.08, 0.45)
    water = 95.0 + 45.0 * old + 16.0 * noise(level.shape, 2.6, 60.0, rng) - 25.0 * ramp(slope, 0.1, 0.5)
    if land.area.setting.floor_reach_m > 10_000.0:
        depth, water = depth + 30.0, water + 20.0
    grids = {"soil_depth": np.clip(depth, 8.0, 180.0), "available_water": np.clip(water, 35.0, 190.0)}
    return {
        name: Grid(
            np.round(values).astype(np.float32), ground.level.x_min, ground.level.y_max, SOIL_CELL_M, SOIL_CELL_M
        )
        for name, values in grids.items()
    }


def surveys(
    land: Landscape, tilled: Tillage, plot_ids: NDArray[np.object_], depth: Grid, water: Grid, seed: int, district: str
) -> pd.DataFrame:
    """Return measurements on a share of the plots: whole blocks at a time, and a few others.

    Saline and wet on the low terraces of the lowland, neither in the mountains; all figures made up.
    """
    rng = chance(seed, f"surveys {district}")
    count = len(plot_ids)
    block = tilled.farm * 10_000 + tilled.block + 1
    _, place = np.unique(block, return_inverse=True)
    whole = rng.random(place.max() + 1 if count else 0) < SURVEYED_BLOCKS
    chosen = np.flatnonzero(whole[place] | (rng.random(count) < SURVEYED_ALONE))
    x, y = tilled.middle[chosen].T
    number = len(chosen)
    over_river = at(Grid(land.ground.above_river, land.ground.level.x_min, land.ground.level.y_max, 60.0, 60.0), x, y)
    lowland = land.area.setting.floor_reach_m > 10_000.0
    low_terrace = 1.0 - np.clip((over_river - 3.0) / 9.0, 0.0, 1.0)
    typical = 1.6 + 4.6 * low_terrace if lowland else np.full(number, 0.9)
    salinity = typical * np.exp(rng.normal(0.0, 0.45, number))
    groundwater = (
        1.2 + 3.0 * (1.0 - low_terrace) if lowland else 2.0 + 6.0 * np.clip(over_river / 20.0, 0.0, 1.0)
    ) * np.exp(rng.normal(0.0, 0.25, number))
    turns = rng.integers(8, TURNS + 1, number)
    irrigated = tilled.block[chosen] >= 0
    day = rng.integers(0, SURVEY_DAYS[1], number)
    return pd.DataFrame(
        {
            "code": np.char.add(plot_ids[chosen].astype(np.str_), "-survey").astype(object),
            "plot_id": plot_ids[chosen],
            "survey_date": [SURVEY_DAYS[0] + timedelta(days=int(k)) for k in day],
            "salinity_ds_m": np.round(np.clip(salinity, 0.2, 40.0), 1),
            "groundwater_m": np.round(np.clip(groundwater, 0.3, 30.0), 1),
            "soil_depth_cm": np.round(np.clip(at(depth, x, y) * np.exp(rng.normal(0.0, 0.18, number)), 10, 200)),
            "coarse_fragments_pct": np.round(np.clip(rng.gamma(1.6, 3.0 if lowland else 7.0, number), 0.0, 70.0)),
            "awc_mm_m": np.round(np.clip(at(water, x, y) + rng.normal(0.0, 12.0, number), 30.0, 210.0)),
            "ph": np.round(rng.normal(7.8, 0.25, number), 1),
            "turns_scheduled": where_counted(irrigated, np.full(number, TURNS)),
            "turns_delivered": where_counted(irrigated, turns),
            "heavy_turns_pct": np.round(rng.uniform(0.0, 70.0, number)),
        }
    )
