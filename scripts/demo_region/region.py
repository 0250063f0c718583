"""The demo region in memory: everything that is loaded, as frames and grids in the working CRS."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeAlias

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from geo.crs import WORKING_CRS
from geo.grid import Grid
from layers.errors import DataRefused
from scripts.demo_region.admin import division_frames, jamoat_code, place_names, settlements
from scripts.demo_region.climate import climate, soils, surveys
from scripts.demo_region.closed_land import MINE_DISTRICT, exclusions, pastures
from scripts.demo_region.courses import TO_METRES
from scripts.demo_region.danger import extents, farmed_cells, hazards
from scripts.demo_region.estates import Tillage, estate, tillage
from scripts.demo_region.farms import Country, Demand, Farm, farms
from scripts.demo_region.irrigation import irrigation
from scripts.demo_region.landscape import Landscape, landscape
from scripts.demo_region.places import AREAS, Area
from scripts.demo_region.plots import HOUSEHOLD
from scripts.demo_region.rivers import Stream
from scripts.demo_region.services import energy_points, services
from scripts.demo_region.terrain import elevation
from scripts.demo_region.ways import roads

Frame: TypeAlias = gpd.GeoDataFrame | pd.DataFrame
Say = Callable[[str], None]

ROOMY, CROWDED = 60_000, 900_000  # plots the land holds with ease, and from which it is as crowded as can be


@dataclass(frozen=True, slots=True)
class Region:
    """The demo region.

    frames : layer id -> rows, EPSG:32642 where they have a geometry, columns as the layer declares them.
    grids : raster layer id -> one grid per area, EPSG:32642.
    """

    plots: int
    seed: int
    true_relief: bool
    frames: dict[str, Frame] = field(default_factory=dict)
    grids: dict[str, list[Grid]] = field(default_factory=dict)


def generate(plots: int = 20_000, seed: int = 1, relief: Path | None = None, *, say: Say = lambda _: None) -> Region:
    """Return a demo region of so many plots; the same arguments give the same region.

    relief : file of true elevation over Tajikistan, m; None = the relief is generated as well. say : told what is
    being done.

    Raises
    ------
    DataRefused : the relief does not cover the region, or the region cannot hold so many plots.
    """
    region = Region(plots, seed, relief is not None)
    lands = []
    for area in AREAS:
        say(f"terrain and rivers: {', '.join(district.names.en for district in area.districts)}")
        lands.append(landscape(area, seed, relief))
    say("canals, villages and plots")
    tilled = _settled(lands, plots, seed)
    parts: dict[str, list[Frame]] = {}
    for land, groups in zip(lands, tilled, strict=True):
        for name, frame in _frames(land, groups, region, seed, say).items():
            parts.setdefault(name, []).append(frame)
    parts["place_names"] = [place_names(AREAS)]
    for name, frames in parts.items():
        region.frames[name] = pd.concat(frames, ignore_index=True)
    return region


def _settled(lands: list[Landscape], plots: int, seed: int) -> list[list[list[Farm]]]:
    """Farms of each area, as uncrowded as the number of plots allows; exactly so many plots in all."""
    crowding = float(np.clip(np.log(plots / ROOMY) / np.log(CROWDED / ROOMY), 0.0, 1.0))
    while True:
        wanted = _quotas(plots)
        missing = 0
        tilled = []
        for land in lands:
            wanted[land.area.districts[0].code] += missing
            tilled.append(_farmed(land, wanted, crowding, seed))
            missing = sum(wanted[district.code] for district in land.area.districts)
            missing -= sum(farm.count for group in tilled[-1] for farm in group)
        if not missing:
            return tilled
        if crowding >= 1.0:
            raise DataRefused(f"The demo region holds {plots - missing:,} plots at most on this relief, not {plots:,}.")
        crowding = min(1.0, crowding + 0.2)


def _quotas(plots: int) -> dict[str, int]:
    """Plots of each district, by its share, adding up exactly."""
    districts = [district for area in AREAS for district in area.districts]
    ends = np.round(np.cumsum([district.share for district in districts]) * plots).astype(np.int64)
    return dict(zip((d.code for d in districts), np.diff(ends, prepend=0).tolist(), strict=True))


def _farmed(land: Landscape, wanted: dict[str, int], crowding: float, seed: int) -> list[list[Farm]]:
    area = land.area
    demands = [
        Demand(
            wanted[district.code],
            TO_METRES.transform(*district.centre),
            np.array([TO_METRES.transform(*town.at) for town in district.towns]),
        )
        for district in area.districts
    ]
    country = Country(area, land.ground, land.slopes, land.main, land.streams)
    fine = np.repeat(np.repeat(land.division.district, 2, axis=0), 2, axis=1)
    return farms(country, fine, demands, None, crowding, seed)


def _frames(land: Landscape, tilled: list[list[Farm]], region: Region, seed: int, say: Say) -> dict[str, Frame]:
    area = land.area
    tables = [tillage(group) for group in tilled]
    frames: dict[str, Frame] = dict(division_frames(area, land.division))
    frames["settlements"] = settlements(area, tilled, land.division, _gardens(tilled, tables))
    frames["plots"] = _plots(land, tables, frames["settlements"], seed)
    frames["rivers"] = _rivers(land)

    say("irrigation, roads and services")
    codes = [
        f"demo-{d.short}-c{k:03d}"
        for d, group in zip(area.districts, tilled, strict=True)
        for k in range(1, len(group) + 1)
    ]
    every = [farm for group in tilled for farm in group]
    frames |= irrigation(every, codes, land.slopes, area.setting, area.id, seed, levels=True)
    frames["roads"] = roads(land, tilled, frames["settlements"])
    frames["services"] = services(frames["settlements"], area.id, seed)
    frames["energy_points"] = energy_points(frames["settlements"], frames["canals"], area.id)

    say("hazards and closed land")
    middles = np.concatenate([table.middle for table in tables])
    farmed = farmed_cells(land.basin.flow.dem, middles)
    frames |= hazards(land, farmed, seed)
    frames["hazard_extents"] = extents(frames["districts"], frames["plots"])
    frames["exclusions"] = exclusions(land, frames["settlements"], _mine_place(area, tables), seed)
    frames["pastures"] = pastures(land)

    say("elevation, soil and climate grids")
    ground = soils(land, seed)
    grids = {"dem": elevation(area, land.ground, land.streams, seed), **ground, **climate(land)}
    for name, grid in grids.items():
        region.grids.setdefault(name, []).append(grid)
    frames["plot_surveys"] = _surveys(land, tables, frames["plots"], ground, seed)
    return frames


def _gardens(tilled: list[list[Farm]], tables: list[Tillage]) -> NDArray[np.int64]:
    """Household plots nearest to each village founded, in the order of the farms."""
    founded = np.concatenate([np.empty((0, 2)), *(farm.villages for group in tilled for farm in group)])
    gardens = np.concatenate([table.middle[table.form == HOUSEHOLD] for table in tables])
    _, nearest = cKDTree(founded).query(gardens)
    return np.bincount(nearest, minlength=len(founded)).astype(np.int64)


def _plots(land: Landscape, tables: list[Tillage], places: gpd.GeoDataFrame, seed: int) -> gpd.GeoDataFrame:
    """Rows of the plots layer, district by district."""
    xy = shapely.get_coordinates(places.geometry.to_numpy())
    codes = places["code"].to_numpy(dtype=object)
    rows = []
    for district, table in zip(land.area.districts, tables, strict=True):
        jamoats = None
        if district.jamoats:
            names = np.array([jamoat_code(district, k) for k in range(len(district.jamoats))] + [None], dtype=object)
            jamoats = names[land.division.jamoat_at(table.middle[:, 0], table.middle[:, 1])]
        rows.append(estate(district, table, xy, codes, jamoats, land.slopes, seed))
    return gpd.GeoDataFrame(pd.concat(rows, ignore_index=True), crs=WORKING_CRS)


def _rivers(land: Landscape) -> gpd.GeoDataFrame:
    streams: list[Stream] = land.streams
    names = [stream.names for stream in streams]
    area = np.array([stream.upstream_km2[-1] for stream in streams])
    return gpd.GeoDataFrame(
        {
            "code": [f"demo-{land.area.id}-w{k:04d}" for k in range(1, len(streams) + 1)],
            "name_en": [name.en if name else None for name in names],
            "name_tg": [name.tg if name else None for name in names],
            "name_ru": [name.ru if name else None for name in names],
            "stream_class": np.select([area >= 5_000, area >= 500, area >= 100], [1, 2, 3], 4),
            "upstream_km2": np.round(area, 1),
            "basis": "derived",
        },
        geometry=[shapely.linestrings(stream.x, stream.y) for stream in streams],
        crs=WORKING_CRS,
    )


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
