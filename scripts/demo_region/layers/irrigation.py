"""Irrigation as the layers have it: canal reaches, outlets, command areas and their crops.

How much of its need a command area gets is not drawn: it comes out of the balance of these canals. Only a few ratios
and the turns of some areas are made up as if somebody had measured and counted them.
"""

from __future__ import annotations

from itertools import pairwise
from typing import NamedTuple, TypeAlias

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray

from geo.geometry.crs import WORKING_CRS
from geo.water.irrigation import CONDITION_FACTOR
from scripts.demo_region.farmland.blocks import Blocks, lines, outlines, watered_to
from scripts.demo_region.farmland.farms import Farm, used
from scripts.demo_region.ground.canals import STEP_M, WATER_OVER_GROUND_M, Slopes
from scripts.demo_region.ground.fields import at, chance
from scripts.demo_region.places import Setting

Floats = NDArray[np.float64]
Frame: TypeAlias = gpd.GeoDataFrame | pd.DataFrame

POSITIONS = np.array(["head", "middle", "tail"])
CAPACITY_M3_S_HA = 0.0024  # m3/s per ha commanded: 14,100 m3/ha gross over the season, at its peak; after P23, P24
SILT = 0.7  # share of its capacity a main canal has lost to silt at its end, default of the demo
NEGLECT = 0.5  # share of reaches in the last third that are a condition class worse, default of the demo
SEASON = "2026"  # season of what was measured and counted
MEASURED, COUNTED, ASKED = 0.08, 0.3, 0.7  # share of areas with a measured ratio, counted turns, turns asked about
TURNS = 18  # water turns scheduled April-September, default of the demo
SOIL_CHANCES = {"sand": 0.3, "loam": 0.6, "clay": 0.1}


class CropMix(NamedTuple):
    """Crops of a zone: share of the land, day of sowing or bud break. Defaults of the demo."""

    share: dict[str, float]
    begins: dict[str, str]


MIXES = {
    "rasht": CropMix(
        {"potato": 0.32, "wheat": 0.25, "lucerne": 0.20, "apple": 0.12, "carrot": 0.11},
        {"potato": "05-05", "wheat": "10-05", "lucerne": "05-01", "apple": "04-10", "carrot": "05-10"},
    ),
    "qubodiyon": CropMix(
        {"cotton": 0.34, "wheat": 0.30, "lucerne": 0.14, "maize": 0.12, "onion": 0.10},
        {"cotton": "04-15", "wheat": "10-15", "lucerne": "04-01", "maize": "06-15", "onion": "03-10"},
    ),
}


class System(NamedTuple):
    """The irrigation of one canal: rows of canals, outlets, command areas and crops."""

    canals: gpd.GeoDataFrame
    outlets: gpd.GeoDataFrame
    command_areas: gpd.GeoDataFrame
    crops: pd.DataFrame


def irrigation(
    farms: list[Farm], codes: list[str], slopes: Slopes, setting: Setting, zone: str, seed: int, *, levels: bool
) -> dict[str, Frame]:
    """Return the irrigation layers of some farms, EPSG:32642.

    codes : code of each farm's canal. zone : key of the crop mix. levels : water levels are given; False where the
    ground they were laid out on is not the ground that is loaded.
    """
    systems = [
        _system(farm, code, slopes, setting, zone, chance(seed, f"irrigation {code}"), levels=levels)
        for farm, code in zip(farms, codes, strict=True)
        if len(farm.plots)
    ]
    tables = ("canals", "outlets", "command_areas", "command_crops")
    return {name: pd.concat([s[k] for s in systems], ignore_index=True) for k, name in enumerate(tables)}


def _system(
    farm: Farm, code: str, slopes: Slopes, setting: Setting, zone: str, rng: np.random.Generator, *, levels: bool
) -> System:
    fields = used(farm.fields, farm.plots)
    area = outlines(farm.below, fields)
    area_ha = shapely.area(area) / 1e4
    quality = rng.choice([1, 2, 3, 4], p=[0.16, 0.34, 0.32, 0.18])
    pumped = bool(rng.random() < setting.pumped_share)

    main, reach_of = _main_reaches(farm, fields, area_ha, code, quality, rng)
    side = _side_canals(farm, fields, area_ha, code, quality, slopes, setting, rng)
    canals = pd.concat([main, side], ignore_index=True)
    canals["pumped"] = pumped
    canals["flow_known"] = True
    canals["level_basis"] = "dem" if levels else "unknown"
    if not levels:
        canals[["head_level_m", "tail_level_m"]] = np.nan

    command = np.array([f"{code}-a{s:02d}{b}" for s, b in zip(fields.stretch, fields.band, strict=True)])
    feeder = np.where(
        fields.band == 0,
        reach_of[fields.stretch],
        np.array([f"{code}-d{s:02d}{b}" for s, b in zip(fields.stretch, fields.band, strict=True)]),
    )
    state = canals.set_index("code")["condition"]
    ratio = _supply_ratio(fields, state.loc[feeder].to_numpy(), quality, pumped, rng)
    place = POSITIONS[np.minimum((fields.share * 3).astype(np.int64), 2)]
    delivered = np.round(TURNS * np.clip(0.25 + 0.75 * ratio + rng.normal(0, 0.06, len(ratio)), 0.2, 1.0))
    measured, counted, asked = (rng.random(len(ratio)) < share for share in (MEASURED, COUNTED, ASKED))
    command_areas = gpd.GeoDataFrame(
        {
            "code": command,
            "name": [f"{code} {s + 1}/{b + 1}" for s, b in zip(fields.stretch, fields.band, strict=True)],
            "canal": code,
            "reach": feeder,
            "sdr": np.where(measured, np.round(ratio, 2), np.nan),
            "sdr_basis": np.where(measured, "surveyed", "unknown"),
            "sdr_date": [SEASON if known else None for known in measured | counted],
            "turns_scheduled": where_counted(counted, np.full(len(ratio), TURNS)),
            "turns_delivered": where_counted(counted, delivered),
            "heavy_turns_pct": _heavy_turns_pct(ratio, asked),
            "position": place,
            "irrigation_method": "surface",
        },
        geometry=area,
        crs=WORKING_CRS,
    )
    outlets = _outlets(farm, fields, canals, command, feeder, place, levels=levels)
    return System(canals, outlets, command_areas, _crops(command, area_ha, zone, rng))


def _heavy_turns_pct(ratio: Floats, asked: NDArray[np.bool_]) -> Floats:
    """Share of turns at night or with heavy gate work [%]: the scarcer the water, the more; unknown if not asked."""
    return np.where(asked, np.round(np.clip(80.0 - 65.0 * ratio, 5.0, 90.0)), np.nan)


def where_counted(counted: NDArray[np.bool_], values: NDArray[np.number]) -> pd.arrays.IntegerArray:
    """Return whole numbers, missing where nothing was counted."""
    return pd.arrays.IntegerArray(values.astype(np.int64), ~counted)


def _main_reaches(
    farm: Farm, fields: Blocks, area_ha: Floats, code: str, quality: int, rng: np.random.Generator
) -> tuple[gpd.GeoDataFrame, NDArray[np.str_]]:
    """Reaches of the main canal, and the code of the reach that feeds each stretch."""
    canal = farm.canal
    stretches, first = np.unique(fields.stretch, return_index=True)
    starts = np.round(fields.s0[first]).astype(np.int64)
    last = int(np.ceil(fields.s1.max()))
    cuts = np.concatenate([[0], starts[1:], [min(last, len(canal.x) - 1)]])
    need = np.bincount(np.searchsorted(stretches, fields.stretch), weights=area_ha)
    commanded = np.cumsum(need[::-1])[::-1]
    count = len(stretches)
    condition = np.clip(quality + rng.choice([-1, 0, 0, 1], count), 1, 4)
    lined = rng.random() < 0.4
    middle = (np.arange(count) + 0.5) / count
    condition = np.minimum(condition + ((middle > 2 / 3) & (rng.random(count) < NEGLECT)), 4)
    silted = 1.0 - SILT * middle**1.3
    codes = np.array([f"{code}-m{k:02d}" for k in range(count)])
    frame = gpd.GeoDataFrame(
        {
            "code": codes,
            "canal": code,
            "name": code,
            "type": "main",
            "lining": np.where(rng.random(count) < (0.8 if lined else 0.1), "concrete", "earth"),
            "soil": rng.choice(list(SOIL_CHANCES), count, p=list(SOIL_CHANCES.values())),
            "condition": condition,
            "capacity_m3_s": np.round(CAPACITY_M3_S_HA * commanded * 1.1 * silted, 3),
            "head_level_m": np.round(canal.level[cuts[:-1]], 2),
            "tail_level_m": np.round(canal.level[cuts[1:]], 2),
            "position": POSITIONS[np.minimum((middle * 3).astype(np.int64), 2)],
        },
        geometry=[shapely.linestrings(canal.x[a : b + 1], canal.y[a : b + 1]) for a, b in pairwise(cuts)],
        crs=WORKING_CRS,
    )
    reach_of = np.full(int(stretches[-1]) + 1, "", dtype=codes.dtype)
    reach_of[stretches] = codes
    return frame, reach_of


def _side_canals(
    farm: Farm,
    fields: Blocks,
    area_ha: Floats,
    code: str,
    quality: int,
    slopes: Slopes,
    setting: Setting,
    rng: np.random.Generator,
) -> gpd.GeoDataFrame:
    """Secondary canals down the slope at the start of a stretch, and distributaries along the contour from them."""
    below = farm.below
    lower = fields.take(fields.band > 0)
    stretches, first = np.unique(lower.stretch, return_index=True)
    deepest = np.array([lower.t0[lower.stretch == s].max() for s in stretches], dtype=np.float64)
    s = lower.s0[first]
    down = lines(below, s, s, np.zeros(len(s)), deepest)
    across = lines(below, lower.s0, watered_to(below, lower), lower.t0, lower.t0)
    shape = np.concatenate([down, across])
    ends = shapely.get_point(shape, -1)
    head_points = shapely.get_point(shape, 0)
    ground_head = at(slopes.level, shapely.get_x(head_points), shapely.get_y(head_points))
    ground_end = at(slopes.level, shapely.get_x(ends), shapely.get_y(ends))
    main_level = np.interp(s, np.arange(len(farm.canal.level)), farm.canal.level)
    head = np.concatenate([main_level - 0.1, ground_head[len(s) :] + WATER_OVER_GROUND_M])
    fall = shapely.length(shape) * setting.canal_fall
    tail = np.minimum(head - fall, ground_end + WATER_OVER_GROUND_M)
    kinds = np.repeat(["secondary", "distributary"], [len(s), len(lower)])
    by_stretch = {int(k): area_ha[(fields.stretch == k) & (fields.band > 0)].sum() for k in stretches}
    own = area_ha[fields.band > 0]
    commanded = np.concatenate([[by_stretch[int(k)] for k in stretches], own]) if len(shape) else np.empty(0)
    condition = np.clip(quality + rng.choice([-1, 0, 1, 1], len(shape)), 1, 4)
    condition[(kinds == "distributary") & (rng.random(len(shape)) < 0.02)] = 5
    share = np.concatenate([lower.share[first], lower.share])
    return gpd.GeoDataFrame(
        {
            "code": [f"{code}-s{k:02d}" for k in stretches]
            + [f"{code}-d{k:02d}{b}" for k, b in zip(lower.stretch, lower.band, strict=True)],
            "canal": [f"{code}-s{k:02d}" for k in stretches] + [f"{code}-s{k:02d}" for k in lower.stretch],
            "name": code,
            "type": kinds,
            "lining": np.where(rng.random(len(shape)) < 0.08, "concrete", "earth"),
            "soil": rng.choice(list(SOIL_CHANCES), len(shape), p=list(SOIL_CHANCES.values())),
            "condition": condition.astype(np.int64),
            "capacity_m3_s": np.round(CAPACITY_M3_S_HA * commanded * 1.1, 3),
            "head_level_m": np.round(head, 2),
            "tail_level_m": np.round(tail, 2),
            "position": POSITIONS[np.minimum((share * 3).astype(np.int64), 2)],
        },
        geometry=shape,
        crs=WORKING_CRS,
    )


def _supply_ratio(
    fields: Blocks, condition: NDArray[np.int64], quality: int, pumped: bool, rng: np.random.Generator
) -> Floats:
    """Supply over demand as somebody would measure it: better at the head, in good canals and without pumps."""
    source = rng.uniform(0.9, 1.4) * (0.82 if pumped else 1.0)
    conveyed = CONDITION_FACTOR[int(quality)] ** 0.5
    kept = np.array([CONDITION_FACTOR[int(k)] or 0.5 for k in condition]) ** 0.25
    tail_loss = 1.0 - 0.42 * fields.share**1.3 - 0.04 * fields.band
    return np.asarray(np.clip(source * conveyed * kept * tail_loss * rng.normal(1.0, 0.05, len(kept)), 0.12, 1.3))


def _outlets(
    farm: Farm,
    fields: Blocks,
    canals: gpd.GeoDataFrame,
    command: NDArray[np.str_],
    feeder: NDArray[np.str_],
    place: NDArray[np.str_],
    *,
    levels: bool,
) -> gpd.GeoDataFrame:
    """One outlet per command area, at the upper end of what feeds it."""
    near = 0.5 / STEP_M
    x, y = farm.below.at(fields.s0 + near, np.minimum(fields.t0, farm.below.length_at(fields.s0)))
    head = canals.set_index("code")["head_level_m"]
    return gpd.GeoDataFrame(
        {
            "code": [f"{name}-o" for name in command],
            "reach": feeder,
            "command_area": command,
            "level_m": head.loc[feeder].to_numpy() if levels else np.nan,
            "level_basis": "dem" if levels else "unknown",
            "position": place,
        },
        geometry=shapely.points(x, y),
        crs=WORKING_CRS,
    )


def _crops(command: NDArray[np.str_], area_ha: Floats, zone: str, rng: np.random.Generator) -> pd.DataFrame:
    """Hectares of the crops of each command area."""
    mix = MIXES[zone]
    names = np.array(list(mix.share))
    shares = rng.dirichlet(14.0 * np.array(list(mix.share.values())), len(command))
    return pd.DataFrame(
        {
            "code": [f"{a}-{name}" for a in command for name in names],
            "command_area": np.repeat(command, len(names)),
            "crop": np.tile(names, len(command)),
            "area_ha": np.round(shares * area_ha[:, None], 2).ravel(),
            "begins": np.tile([mix.begins[str(name)] for name in names], len(command)),
        }
    )
