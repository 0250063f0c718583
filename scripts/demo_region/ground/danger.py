"""Danger derived from the terrain: mudflow fans, floods, avalanches, slides, and how far anyone has looked for them."""

from __future__ import annotations

from datetime import date
from typing import NamedTuple

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray
from rasterio.features import shapes as raster_shapes
from scipy.ndimage import binary_closing, binary_dilation, binary_opening
from shapely.geometry import shape

from geo.geometry.crs import WORKING_CRS
from geo.terrain.drainage import melton_ratio
from geo.terrain.grid import Grid, north_up
from scripts.demo_region.ground.fields import Field, at, chance, coarsened, halved, noise
from scripts.demo_region.ground.landscape import Landscape

Mask = NDArray[np.bool_]

MAPPED_ON = date(2024, 6, 1)  # date of the made-up mapping
METHOD = "Synthetic: derived from the demo terrain"
CELL_M = 120.0  # m; avalanches and slides are drawn on the relief's cells
FLOOD_MEDIUM_M, FLOOD_LOW_M = 1.8, 3.6  # m above the river, after domain reference 7.3 (HAND)
FLOOD_REACH_M = 700.0  # m from the river
AVALANCHE_FROM_M = 1_900.0  # m above the sea; below it snow seldom lies deep enough, default of the demo
AVALANCHE_SLOPE_DEG = (24.0, 60.0)  # degrees on 120 m cells, which look gentler than 28-60 on 25 m, reference 7.3
AVALANCHE_LINE_DEG = 25.0  # degrees, large events; domain reference 7.3
AVALANCHE_STEPS = 20  # cells an avalanche runs at most
HIGH_HEAD_M = 60.0  # m of the energy line over the ground from which pressure is taken as high
SLIDE_SLOPE = (0.27, 1.0)  # m/m; 15-45 degrees, domain reference 7.3
MELTON_DEBRIS_FLOW, MELTON_FLOOD = 0.6, 0.3  # after Wilford et al. 2004, domain reference 7.3
FARMED_WITHIN_M = 1_500.0  # m; zones farther from any plot are left out
UNMAPPED = {"TJ.RR.DZ": 0.30, "TJ.RR.TV": 0.35}  # eastern share of a district's plots nobody has looked at
PROCESSES = ("flood", "debris_flow", "avalanche", "landslide", "rockfall", "hillslope_debris_flow")


class Zone(NamedTuple):
    """What is recorded of one hazard zone besides its outline."""

    process: str
    level: str
    intensity: str
    return_period_y: int
    months: str | None


MUDFLOW_HIGH = Zone("debris_flow", "high", "strong", 30, "4-7")
MUDFLOW_MEDIUM = Zone("debris_flow", "medium", "medium", 100, "4-7")
MUDFLOW_LOW = Zone("debris_flow", "low", "medium", 300, "4-7")
FLOOD_MEDIUM = Zone("flood", "medium", "medium", 100, "4-7")
FLOOD_LOW = Zone("flood", "low", "weak", 100, "4-7")
AVALANCHE_HIGH = Zone("avalanche", "high", "strong", 100, "12-4")
AVALANCHE_MEDIUM = Zone("avalanche", "medium", "medium", 100, "12-4")
SLIDE_LOW = Zone("landslide", "low", "weak", 100, None)
SLIDE_MEDIUM = Zone("landslide", "medium", "medium", 30, None)
SLIDE_HIGH = Zone("landslide", "high", "strong", 100, None)


def hazards(land: Landscape, farmed: Mask, seed: int) -> dict[str, gpd.GeoDataFrame]:
    """Return hazard zones and events of an area.

    farmed : cells of the relief with a plot within reach; elsewhere no zone is drawn.
    """
    rng = chance(seed, f"hazards {land.area.id}")
    found: list[tuple[Zone, NDArray[np.object_]]] = [
        *_mudflows(land, rng),
        *_floods(land, farmed),
        *_avalanches(land, farmed),
        *_slides(land, farmed, rng),
    ]
    zone = [about for about, outlines in found for _ in outlines]
    frame = gpd.GeoDataFrame(pd.DataFrame(zone, columns=Zone._fields), geometry=_flat(found), crs=WORKING_CRS)
    frame.insert(0, "code", [f"demo-{land.area.id}-z{k:05d}" for k in range(1, len(frame) + 1)])
    frame["source_class"] = "derived"
    frame["method"] = METHOD
    frame["mapped_on"] = MAPPED_ON
    return {"hazard_zones": frame, "hazard_events": _events(frame, land.area.id, rng)}


def extents(districts: gpd.GeoDataFrame, plots: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """Return where hazards were looked for: all districts but the far east of some."""
    rows = []
    for code, outline in zip(districts["code"], districts.geometry, strict=True):
        if code in UNMAPPED:
            east = plots.geometry.bounds["maxx"].to_numpy()[(plots["district"] == code).to_numpy()]
            if len(east):
                x_min, y_min, _, y_max = outline.bounds
                limit = float(np.quantile(east, 1.0 - UNMAPPED[code]))
                outline = outline.intersection(shapely.box(x_min, y_min, limit, y_max))
        rows += [(f"demo-{code}-{process}", process, outline.buffer(300.0)) for process in PROCESSES]
    return gpd.GeoDataFrame(
        {
            "code": [row[0] for row in rows],
            "process": [row[1] for row in rows],
            "source_class": "derived",
            "mapped_on": MAPPED_ON,
        },
        geometry=[row[2] for row in rows],
        crs=WORKING_CRS,
    )


def outlined(mask: Mask, grid: Grid, *, least_m2: float) -> NDArray[np.object_]:
    """Return the outlines of connected cells as polygons, corners taken off, without those below ``least_m2``."""
    fine = halved(mask.astype(np.float32)) > 0.5
    cell_m = grid.cell_m / 2
    transform = north_up(grid.x_min, grid.y_max, cell_m, cell_m)
    found = [shape(outline) for outline, _ in raster_shapes(fine.astype(np.uint8), fine, transform=transform)]
    polygons = np.array(found, dtype=object)
    polygons = polygons[shapely.area(polygons) >= least_m2]
    smooth = shapely.simplify(polygons, 0.75 * cell_m)
    for by_cells in (-0.7, 1.4, -0.7):
        smooth = shapely.buffer(smooth, by_cells * cell_m, quad_segs=2)
    smooth = shapely.simplify(smooth, 0.2 * cell_m)
    return np.asarray(smooth[shapely.is_valid(smooth) & ~shapely.is_empty(smooth)])


def _mudflows(land: Landscape, rng: np.random.Generator) -> list[tuple[Zone, NDArray[np.object_]]]:
    """Fans at the mouths of side valleys: the channel, the inner fan, the whole fan, by the catchment's ruggedness."""
    fans = land.ground.fans
    if not fans:
        return []
    ratio, _ = melton_ratio(land.basin.flow)
    x, y, reach, towards = np.array([(fan.x, fan.y, fan.reach_m, fan.towards) for fan in fans]).T
    rugged = at(ratio, x, y)
    whole = _sectors(x, y, reach, towards, 0.62, rng)
    inner = _sectors(x, y, 0.75 * reach, towards, 0.26, rng)
    channel = _sectors(x, y, 1.02 * reach, towards, 0.07, rng)
    torrent, flood = rugged >= MELTON_DEBRIS_FLOW, rugged < MELTON_FLOOD
    between = ~torrent & ~flood
    return [
        (MUDFLOW_LOW, whole[torrent | between]),
        (MUDFLOW_MEDIUM, inner[torrent]),
        (MUDFLOW_HIGH, channel[torrent]),
        (MUDFLOW_MEDIUM, channel[between]),
        (FLOOD_LOW, inner[flood]),
    ]


def _sectors(
    x: NDArray[np.float64],
    y: NDArray[np.float64],
    reach: NDArray[np.float64],
    towards: NDArray[np.float64],
    half_angle: float,
    rng: np.random.Generator,
) -> NDArray[np.object_]:
    """Return sectors of circles with an uneven rim; m, radians."""
    turn = np.linspace(-half_angle, half_angle, 13)
    rim = reach[:, None] * np.cos(turn * 0.8) * rng.uniform(0.9, 1.05, (len(x), len(turn)))
    angle = towards[:, None] + turn
    mouth = 35.0  # m; half the width of the channel at the apex
    left, right = towards - np.pi / 2, towards + np.pi / 2
    xs = np.column_stack([x + mouth * np.cos(left), x[:, None] + rim * np.cos(angle), x + mouth * np.cos(right)])
    ys = np.column_stack([y + mouth * np.sin(left), y[:, None] + rim * np.sin(angle), y + mouth * np.sin(right)])
    return np.asarray(shapely.make_valid(shapely.polygons(np.stack([xs, ys], axis=-1))))


def _floods(land: Landscape, farmed: Mask) -> list[tuple[Zone, NDArray[np.object_]]]:
    ground = land.ground
    near = (ground.off_river < ground.bed + FLOOD_REACH_M) & (ground.bed > 55.0) & (ground.hill < 1.0)
    near &= np.repeat(np.repeat(farmed, 2, axis=0), 2, axis=1)
    result = []
    for zone, height in ((FLOOD_LOW, FLOOD_LOW_M), (FLOOD_MEDIUM, FLOOD_MEDIUM_M)):
        wet = binary_opening(near & (ground.above_river < height), iterations=1)
        result.append((zone, outlined(wet, ground.level, least_m2=40_000.0)))
    return result


def _avalanches(land: Landscape, farmed: Mask) -> list[tuple[Zone, NDArray[np.object_]]]:
    """Release on steep high ground, run-out along the fall line until the energy line meets the ground."""
    level, slope = _surface(land)
    low, high = (np.tan(np.radians(angle)) for angle in AVALANCHE_SLOPE_DEG)
    release = (slope > low) & (slope < high) & (level > AVALANCHE_FROM_M)
    release = binary_opening(release)
    z, receiver = level.ravel(), land.basin.flow.receiver
    cols = level.shape[1]
    at_cell = np.flatnonzero(release)
    line = z[at_cell].astype(np.float64)
    head = np.full(z.size, -np.inf)
    head[at_cell] = HIGH_HEAD_M
    for _ in range(AVALANCHE_STEPS):
        below = receiver[at_cell]
        aslant = (below // cols != at_cell // cols) & (below % cols != at_cell % cols)
        line -= np.tan(np.radians(AVALANCHE_LINE_DEG)) * CELL_M * np.where(aslant, np.sqrt(2.0), 1.0)
        runs = (line > z[below]) & (below != at_cell)
        at_cell, line = below[runs], line[runs]
        np.maximum.at(head, at_cell, line - z[at_cell])
    over_ground = head.reshape(level.shape)
    reached = binary_closing(binary_dilation(over_ground > 0)) & farmed
    strong = binary_closing(over_ground >= HIGH_HEAD_M) & farmed
    grid = land.basin.flow.dem
    return [
        (AVALANCHE_MEDIUM, outlined(reached, grid, least_m2=60_000.0)),
        (AVALANCHE_HIGH, outlined(strong, grid, least_m2=60_000.0)),
    ]


def _slides(land: Landscape, farmed: Mask, rng: np.random.Generator) -> list[tuple[Zone, NDArray[np.object_]]]:
    """Patches of unstable slope near farmland: where a wide noise runs high; its peaks are active slides."""
    level, slope = _surface(land)
    weak = noise(level.shape, 3.0, 24.0, rng)
    ground = (slope > SLIDE_SLOPE[0]) & (slope < SLIDE_SLOPE[1]) & farmed
    grid = land.basin.flow.dem
    return [
        (zone, outlined(binary_opening(ground & (weak > limit)), grid, least_m2=90_000.0))
        for zone, limit in ((SLIDE_LOW, 0.9), (SLIDE_MEDIUM, 1.4), (SLIDE_HIGH, 2.0))
    ]


def _surface(land: Landscape) -> tuple[Field, Field]:
    """Ground and its slope (m/m) on the cells of the relief."""
    level = coarsened(land.ground.level.values, round(CELL_M / land.ground.level.cell_m))
    return level, np.hypot(*np.gradient(level, CELL_M)).astype(np.float32)


def _events(zones: gpd.GeoDataFrame, area: str, rng: np.random.Generator) -> gpd.GeoDataFrame:
    """Past events in some zones of high and medium level, under made-up dates."""
    struck = zones[zones["level"].isin(["high", "medium"]) & (rng.random(len(zones)) < 0.25)]
    days = pd.Timestamp("1995-01-01") + pd.to_timedelta(rng.integers(0, 10_900, len(struck)), unit="D")
    return gpd.GeoDataFrame(
        {
            "code": [f"demo-{area}-e{k:04d}" for k in range(1, len(struck) + 1)],
            "process": struck["process"].to_numpy(),
            "happened_on": [day.date() for day in days],
            "title": "Synthetic event of the demo region",
            "accuracy_m": 500.0,
        },
        geometry=shapely.point_on_surface(struck.geometry.to_numpy()),
        crs=WORKING_CRS,
    )


def _flat(found: list[tuple[Zone, NDArray[np.object_]]]) -> NDArray[np.object_]:
    return np.concatenate([outlines for _, outlines in found])


def farmed_cells(grid: Grid, middles: NDArray[np.float64]) -> Mask:
    """Return the cells of a grid within ``FARMED_WITHIN_M`` of a plot."""
    counts, _, _ = np.histogram2d(
        grid.y_max - middles[:, 1],
        middles[:, 0] - grid.x_min,
        bins=grid.shape,
        range=((0, grid.shape[0] * grid.cell_m), (0, grid.shape[1] * grid.cell_m)),
    )
    reach = int(FARMED_WITHIN_M / grid.cell_m)
    ball = np.hypot(*np.mgrid[-reach : reach + 1, -reach : reach + 1]) <= reach
    return np.asarray(binary_dilation(counts > 0, structure=ball))
