"""Land shut to farming: river beds, villages, a planned reservoir and one made-up minefield; and pastures above."""

from __future__ import annotations

from datetime import date

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray
from scipy.ndimage import binary_closing, binary_opening

from geo.geometry.crs import WORKING_CRS
from geo.terrain.grid import Grid
from scripts.demo_region.farmland.plots import TOWN_CORE_M, VILLAGE_CORE_M
from scripts.demo_region.ground.danger import outlined
from scripts.demo_region.ground.fields import chance, coarsened
from scripts.demo_region.ground.landscape import Landscape
from scripts.demo_region.ground.rivers import Stream
from scripts.demo_region.ground.terrain import bed_half_width

Floats = NDArray[np.float64]

STATUS = date(2026, 1, 1)  # date of the made-up records
RESERVOIR_DISTRICT = "TJ.RR.DA"  # where the made-up reservoir lies; the official outline is not public
RESERVOIR_M = 1_172.0  # m; its made-up water level
MINE_DISTRICT = "TJ.RR.TV"  # district of the made-up suspected minefield
MINE_HALF_M = (90.0, 55.0)  # m; half axes of its outline
PASTURE_CELL_FACTOR = 8  # ground cells to a side of a pasture cell, 480 m
FILLS = 2036  # made-up year in which the made-up reservoir fills
PASTURE_SLOPE = 0.55  # m/m; steeper ground is not grazed
PASTURE_OVER_RIVER_M = (120.0, 900.0)  # m above the river
PASTURE_LEAST_M2 = 3.0e6  # m2


def exclusions(
    land: Landscape, settlements: gpd.GeoDataFrame, central: NDArray[np.bool_], rainfed: Floats, seed: int
) -> gpd.GeoDataFrame:
    """Return land shut to farming in an area.

    central : which settlements are towns or district centres. rainfed : x, y of plots above the canals of the
    district that has the made-up minefield, or none.
    """
    rng = chance(seed, f"closed {land.area.id}")
    rows: list[tuple[str, str, shapely.Geometry]] = [
        ("river_bed", stream.names.en if stream.names else "", _bed(stream))
        for stream in (land.main[k] for k in land.ground.floored)
    ]
    radius = np.where(central, TOWN_CORE_M, VILLAGE_CORE_M)
    cores = _cores(shapely.get_coordinates(settlements.geometry.to_numpy()), radius, rng)
    rows += [("built_up", name, core) for name, core in zip(settlements["name_en"], cores, strict=True)]
    rows += [("inundation", "Planned reservoir, synthetic outline", lake) for lake in _reservoir(land)]
    if len(rainfed):
        angle = np.linspace(0, 2 * np.pi, 24, endpoint=False)
        x, y = rainfed[len(rainfed) // 2]
        outline = np.column_stack([x + MINE_HALF_M[0] * np.cos(angle), y + MINE_HALF_M[1] * np.sin(angle)])
        rows.append(("mine_suspected", "Made up for the demo: not a record of any mine", shapely.Polygon(outline)))
    return gpd.GeoDataFrame(
        {
            "code": [f"demo-{land.area.id}-x{k:05d}" for k in range(1, len(rows) + 1)],
            "kind": [row[0] for row in rows],
            "name": [row[1] or None for row in rows],
            "status_date": STATUS,
            "from_year": pd.array([FILLS if row[0] == "inundation" else None for row in rows], dtype="Int64"),
        },
        geometry=[row[2] for row in rows],
        crs=WORKING_CRS,
    )


def pastures(land: Landscape) -> gpd.GeoDataFrame:
    """Return grazing units on the slopes above the farmed land, district by district."""
    ground = land.ground
    level = coarsened(ground.level.values, PASTURE_CELL_FACTOR)
    above = coarsened(ground.above_river, PASTURE_CELL_FACTOR)
    cell_m = ground.level.cell_m * PASTURE_CELL_FACTOR
    steep = np.hypot(*np.gradient(level, cell_m))
    grass = (above > PASTURE_OVER_RIVER_M[0]) & (above < PASTURE_OVER_RIVER_M[1]) & (steep < PASTURE_SLOPE)
    grass = binary_closing(binary_opening(grass))
    district = land.division.district[:: PASTURE_CELL_FACTOR // 2, :: PASTURE_CELL_FACTOR // 2]
    cells = Grid(level, ground.level.x_min, ground.level.y_max, cell_m, cell_m)
    codes, conditions, capacities, shapes = [], [], [], []
    rng = chance(0, f"pastures {land.area.id}")
    for index, about in enumerate(land.area.districts):
        units = outlined(grass & (district == index), cells, least_m2=PASTURE_LEAST_M2)
        for number, unit in enumerate(units, start=1):
            codes.append(f"demo-{about.short}-p{number:03d}")
            state = int(rng.choice(3, p=[0.3, 0.45, 0.25]))
            conditions.append(("good", "fair", "degraded")[state])
            capacities.append(round((0.6, 0.4, 0.2)[state] * rng.uniform(0.8, 1.2), 2))
            shapes.append(unit)
    return gpd.GeoDataFrame(
        {"code": codes, "name": codes, "condition": conditions, "capacity_lu_ha": capacities},
        geometry=shapes,
        crs=WORKING_CRS,
    )


def _bed(stream: Stream) -> shapely.Geometry:
    """Bed of a river as a polygon along its course."""
    ahead_x, ahead_y = np.gradient(stream.x), np.gradient(stream.y)
    norm = np.maximum(np.hypot(ahead_x, ahead_y), 1e-6)
    half = bed_half_width(stream.upstream_km2)
    across_x, across_y = -ahead_y / norm * half, ahead_x / norm * half
    x = np.concatenate([stream.x + across_x, (stream.x - across_x)[::-1]])
    y = np.concatenate([stream.y + across_y, (stream.y - across_y)[::-1]])
    return shapely.Polygon(np.column_stack([x, y])).buffer(0.0)


def _cores(xy: Floats, radius: Floats, rng: np.random.Generator) -> NDArray[np.object_]:
    """Uneven circles around points."""
    angle = np.linspace(0, 2 * np.pi, 20, endpoint=False)
    reach = radius[:, None] * rng.uniform(0.75, 1.15, (len(xy), len(angle)))
    x = xy[:, :1] + reach * np.cos(angle)
    y = xy[:, 1:] + reach * np.sin(angle)
    return np.asarray(shapely.polygons(np.stack([x, y], axis=-1)))


def _reservoir(land: Landscape) -> list[shapely.Geometry]:
    """The largest stretch of ground below the made-up water level in its district."""
    codes = [district.code for district in land.area.districts]
    if RESERVOIR_DISTRICT not in codes:
        return []
    level = coarsened(land.ground.level.values, 2)
    drowned = (level < RESERVOIR_M) & (land.division.district == codes.index(RESERVOIR_DISTRICT))
    lakes = outlined(binary_closing(drowned), land.division.cells, least_m2=1e6)
    return sorted(lakes, key=shapely.area)[-1:]
