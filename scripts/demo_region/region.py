"""The demo region in memory: everything that is loaded, as frames and grids in the working CRS."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple, TypeAlias

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from geo.geometry.crs import WORKING_CRS
from geo.terrain.grid import Grid
from layers.errors import DataRefused
from scripts.demo_region.farmland.farms import Country, Demand, Farm, farms
from scripts.demo_region.farmland.plots import HOUSEHOLD
from scripts.demo_region.ground.courses import TO_METRES
from scripts.demo_region.ground.danger import extents, farmed_cells, hazards
from scripts.demo_region.ground.landscape import Landscape, landscape
from scripts.demo_region.ground.rivers import frame as river_frame
from scripts.demo_region.ground.terrain import elevation
from scripts.demo_region.layers.admin import division_frames, jamoat_code, jamoat_households, place_names, settlements
from scripts.demo_region.layers.climate import climate, climate_months, soils, surveys
from scripts.demo_region.layers.closed_land import MINE_DISTRICT, exclusions, pastures
from scripts.demo_region.layers.estates import Tillage, estate, tillage
from scripts.demo_region.layers.irrigation import irrigation
from scripts.demo_region.layers.services import energy_points, services
from scripts.demo_region.layers.supply import drained_km2, supply
from scripts.demo_region.layers.ways import roads
from scripts.demo_region.places import AREAS, Area, District

Frame: TypeAlias = gpd.GeoDataFrame | pd.DataFrame
Say = Callable[[str], None]

ROOMY, CROWDED = 60_000, 900_000  # plots the land holds with ease, and from which it is as crowded as can be
CROWDING_STEP = 0.2  # tried next where the land does not hold the plots
CENTRE_WITHIN_M = 5_000.0  # m; a settlement this near the centre of its district may be that centre


@dataclass(frozen=True, slots=True)
class Region:
    """The demo region.

    frames : layer id -> rows, EPSG:32642 where they have a geometry, columns as the layer declares them.
    grids : raster layer id -> one grid per area, EPSG:32642.
    """

    seed: int
    true_relief: bool
    areas: tuple[Area, ...]
    frames: dict[str, Frame] = field(default_factory=dict)
    grids: dict[str, list[Grid]] = field(default_factory=dict)


class RealPlaces(NamedTuple):
    """True districts and settlements, EPSG:32642, with the columns of their layers."""

    districts: gpd.GeoDataFrame
    settlements: gpd.GeoDataFrame


def generate(
    plots: int = 20_000,
    seed: int = 1,
    relief: Path | None = None,
    *,
    areas: tuple[Area, ...] = AREAS,
    real: RealPlaces | None = None,
    say: Say = lambda _: None,
) -> Region:
    """Return a demo region of so many plots; the same arguments give the same region.

    Parameters
    ----------
    relief : file of true elevation over Tajikistan, m; None = the relief is generated as well.
    areas : parts of the country the region lies in; the plots are shared out by the shares of their districts.
    real : true places to farm from; then no elevation, district, jamoat, settlement, river or name is generated.
    say : told what is being done.

    Raises
    ------
    DataRefused : the relief does not cover the region, or the region cannot hold so many plots.
    """
    region = Region(seed, relief is not None, areas)
    lands = []
    for area in areas:
        say(f"terrain and rivers: {', '.join(district.names.en for district in area.districts)}")
        lands.append(landscape(area, seed, relief, None if real is None else real.districts))
    say("canals, villages and plots")
    tilled = _settled(lands, plots, real, seed)
    parts: dict[str, list[Frame]] = {}
    for land, groups in zip(lands, tilled, strict=True):
        for name, frame in _frames(land, groups, real, region, say).items():
            parts.setdefault(name, []).append(frame)
    if real is None:
        parts["place_names"] = [place_names(areas)]
    for name, frames in parts.items():
        region.frames[name] = pd.concat(frames, ignore_index=True)
    return region


def _settled(lands: list[Landscape], plots: int, real: RealPlaces | None, seed: int) -> list[list[list[Farm]]]:
    """Farms of each area, as uncrowded as the number of plots allows; exactly so many plots in all."""
    crowding = float(np.clip(np.log(plots / ROOMY) / np.log(CROWDED / ROOMY), 0.0, 1.0))
    while True:
        wanted = _quotas(plots, [district for land in lands for district in land.area.districts])
        missing = 0
        tilled = []
        for land in lands:
            wanted[land.area.districts[0].code] += missing
            tilled.append(_farmed(land, wanted, real, crowding, seed))
            missing = sum(wanted[district.code] for district in land.area.districts)
            missing -= sum(farm.count for group in tilled[-1] for farm in group)
        if not missing:
            return tilled
        if crowding >= 1.0:
            raise DataRefused(f"The demo region holds {plots - missing:,} plots at most on this relief, not {plots:,}.")
        crowding = min(1.0, crowding + CROWDING_STEP)


def _quotas(plots: int, districts: list[District]) -> dict[str, int]:
    """Plots of each district, by its share, adding up exactly."""
    shares = np.cumsum([district.share for district in districts])
    ends = np.round(shares / shares[-1] * plots).astype(np.int64)
    return dict(zip((d.code for d in districts), np.diff(ends, prepend=0).tolist(), strict=True))


def _farmed(
    land: Landscape, wanted: dict[str, int], real: RealPlaces | None, crowding: float, seed: int
) -> list[list[Farm]]:
    area = land.area
    demands = [
        Demand(
            wanted[district.code],
            TO_METRES.transform(*district.centre),
            np.array([TO_METRES.transform(*town.at) for town in district.towns]),
        )
        for district in area.districts
    ]
    country = Country(area, land.ground, land.slopes, land.main, land.streams, land.division)
    villages = None if real is None else _coordinates(_settlements_in(land, real))
    return farms(country, demands, villages, crowding, seed)


def _frames(
    land: Landscape, tilled: list[list[Farm]], real: RealPlaces | None, region: Region, say: Say
) -> dict[str, Frame]:
    area, seed = land.area, region.seed
    tables = [tillage(group) for group in tilled]
    frames: dict[str, Frame] = {}
    if real is None:
        frames |= division_frames(area, land.division)
        frames["settlements"] = settlements(area, tilled, land.division, _gardens(tilled, tables))
        frames["jamoat_households"] = jamoat_households(frames["jamoats"], frames["settlements"], seed)
        frames["rivers"] = river_frame(land.streams, area.id)
        region.grids.setdefault("dem", []).append(elevation(area, land.ground, land.streams, seed))
        homes, districts = frames["settlements"], frames["districts"]
    else:
        homes = _settlements_in(land, real)
        districts = real.districts[real.districts["code"].isin([district.code for district in area.districts])]
    central = _central(area, homes)
    frames["plots"] = _plots(land, tables, homes, seed)

    say(f"irrigation, roads and services: {len(homes)} settlements")
    codes = [
        f"demo-{d.short}-c{k:03d}"
        for d, group in zip(area.districts, tilled, strict=True)
        for k in range(1, len(group) + 1)
    ]
    every = [farm for group in tilled for farm in group]
    frames |= irrigation(every, codes, land.slopes, area.setting, area.id, seed, levels=real is None)
    frames |= supply(frames, drained_km2(every, codes, land.streams), area.id, seed)
    frames["roads"] = roads(land, tilled, homes, central)
    frames["services"] = services(homes, central, area.id, seed)
    frames["energy_points"] = energy_points(homes, central, frames["canals"], area.id)

    say("hazards and closed land")
    farmed = farmed_cells(land.basin.flow.dem, np.concatenate([table.middle for table in tables]))
    frames |= hazards(land, farmed, seed)
    frames["hazard_extents"] = extents(districts, frames["plots"])
    frames["exclusions"] = exclusions(land, homes, central, _mine_place(area, tables), seed)
    frames["pastures"] = pastures(land)

    say("soil and climate")
    ground = soils(land, seed)
    for name, grid in {**ground, **climate(land)}.items():
        region.grids.setdefault(name, []).append(grid)
    frames["climate_months"] = climate_months(land)
    frames["plot_surveys"] = _surveys(land, tables, frames["plots"], ground, seed)
    return frames


def _coordinates(points: gpd.GeoDataFrame) -> NDArray[np.float64]:
    return np.asarray(shapely.get_coordinates(points.geometry.to_numpy()))


def _settlements_in(land: Landscape, real: RealPlaces) -> gpd.GeoDataFrame:
    """True settlements of the area's districts."""
    x_min, y_min, x_max, y_max = land.division.cells.bounds
    near = real.settlements.cx[x_min:x_max, y_min:y_max]
    return near[land.division.district_at(*_coordinates(near).T) >= 0].reset_index(drop=True)


def _central(area: Area, homes: gpd.GeoDataFrame) -> NDArray[np.bool_]:
    """Which settlements are towns or the centre of their district, bool (n,)."""
    centres = np.array([TO_METRES.transform(*district.centre) for district in area.districts])
    away, nearest = cKDTree(_coordinates(homes)).query(centres)
    is_centre = np.isin(np.arange(len(homes)), np.asarray(nearest)[away < CENTRE_WITHIN_M])
    return np.asarray(is_centre | homes["kind"].isin(["city", "town"]).to_numpy(dtype=bool))


def _gardens(tilled: list[list[Farm]], tables: list[Tillage]) -> NDArray[np.int64]:
    """Household plots nearest to each village founded, in the order of the farms."""
    founded = np.concatenate([np.empty((0, 2)), *(farm.villages for group in tilled for farm in group)])
    gardens = np.concatenate([table.middle[table.form == HOUSEHOLD] for table in tables])
    _, nearest = cKDTree(founded).query(gardens)
    return np.bincount(nearest, minlength=len(founded)).astype(np.int64)


def _plots(land: Landscape, tables: list[Tillage], homes: gpd.GeoDataFrame, seed: int) -> gpd.GeoDataFrame:
    """Rows of the plots layer, district by district."""
    xy, codes = _coordinates(homes), homes["code"].to_numpy(dtype=object)
    rows = []
    for district, table in zip(land.area.districts, tables, strict=True):
        names = np.array([jamoat_code(district, k) for k in range(len(district.jamoats))] + [None], dtype=object)
        jamoats = names[land.division.jamoat_at(table.middle[:, 0], table.middle[:, 1])]
        rows.append(estate(district, table, xy, codes, jamoats, land.slopes, seed))
    return gpd.GeoDataFrame(pd.concat(rows, ignore_index=True), crs=WORKING_CRS)


def _mine_place(area: Area, tables: list[Tillage]) -> NDArray[np.float64]:
    """Rainfed plots of the district that gets the made-up minefield."""
    for district, table in zip(area.districts, tables, strict=True):
        if district.code == MINE_DISTRICT:
            return table.middle[table.block < 0]
    return np.empty((0, 2))


def _surveys(
    land: Landscape, tables: list[Tillage], plots: gpd.GeoDataFrame, ground: dict[str, Grid], seed: int
) -> pd.DataFrame:
    ids = plots["plot_id"].to_numpy(dtype=object)
    district = plots["district"].to_numpy()
    return pd.concat(
        [
            surveys(land, table, ids[district == d.code], ground["soil_depth"], ground["available_water"], seed, d.code)
            for d, table in zip(land.area.districts, tables, strict=True)
        ],
        ignore_index=True,
    )
