"""What terrain alone says about hazards where nothing is mapped: a susceptibility, not a hazard map.

Rules of domain reference 7.3 for heights of 10-30 m cells. Levels never exceed medium: without events and local
knowledge terrain does not tell red from blue. Every threshold is a default to calibrate unless it names a source.
"""

from __future__ import annotations

from dataclasses import dataclass

import geopandas as gpd
import numpy as np
import shapely
from numpy.typing import NDArray
from scipy.ndimage import distance_transform_edt, label, minimum_filter

from geo.contract.columns import FINE_GRID_M
from geo.geometry.crs import WORKING_CRS
from geo.hazard.levels import LEVELS, LOW, MEDIUM, NONE, SUSCEPTIBILITY
from geo.hazard.runout import LEAST_FLOW, runout, spreading
from geo.routing.surface import burned
from geo.terrain.drainage import (
    Drainage,
    contributing_cells,
    downstream,
    height_above_drainage,
    melton_ratio,
    ridge_distance_m,
    strahler_order,
    streams,
)
from geo.terrain.grid import Grid
from geo.terrain.level_outlines import level_outlines
from geo.terrain.relief import heights, plan_curvature, slope_pct

UNKNOWN = -1  # level of cells without a height

AVALANCHE_SLOPE_DEG = (28.0, 60.0)  # degrees, large events; Buehler et al. 2018, domain reference 7.3
AVALANCHE_FREQUENT_DEG = (30.0, 60.0)  # degrees, frequent events; the same
AVALANCHE_RIDGE_M = 600.0  # m, farthest from a ridge; Duvillier et al. 2023, domain reference 7.3
AVALANCHE_PATCH_M2 = 6_250.0  # m2, smallest release; the same
AVALANCHE_ABOVE_M = 1_400.0  # m above sea level, lower ground has too little snow; default to calibrate
AVALANCHE_ALPHA_DEG = 25.0  # degrees, travel angle of large events; domain reference 7.3
AVALANCHE_FREQUENT_ALPHA_DEG = 30.0  # degrees, travel angle of small events; the same
AVALANCHE_EXPONENT = 8.0  # of Holmgren's flow; domain reference 7.3

CONCAVE_SHARE = 0.2  # of the ground that curves inwards most; domain reference 7.3 for 30 m cells
DEBRIS_SLOPE_DEG = 15.0  # degrees, gentlest source; domain reference 7.3 after Horton et al. 2013
DEBRIS_AREA_M2 = 10_000.0  # m2 draining to a source; the same
# Steeper ground is needed where less water gathers: tan(slope) >= 0.31 x (km2)^-0.15, Horton et al. 2013 for extreme
# events, after Rickenmann and Zimmermann 1993, Geomorphology 8, pp. 175-189.
DEBRIS_TAN, DEBRIS_POWER = 0.31, -0.15  # at 1 km2, and per decade of area; default to calibrate
DEBRIS_EXPONENT = 5.0  # of Holmgren's flow, within 4-6; the same
DEBRIS_ALPHA_DEG = 11.0  # degrees, travel angle of coarse material; the same
DEBRIS_FINE_ALPHA_DEG = 7.0  # degrees, travel angle of fine material and loess mud; the same
DEBRIS_FASTEST_M_S = 15.0  # m/s; the same
FAN_SLOPE_DEG = (2.0, 15.0)  # degrees; domain reference 7.3
FAN_LOW_ABOVE_M = 5.0  # m above drainage; the same
FAN_MEDIUM_ABOVE_M = 2.0  # m above drainage; the same
FAN_MEDIUM_WITHIN_M = 50.0  # m from the channel; the same

MELTON_FLOOD = 0.3  # m/m, below: floods only; Wilford et al. 2004, Landslides 1, pp. 61-66
MELTON_DEBRIS = 0.6  # m/m, above, in short catchments: debris flows; the same
MELTON_LENGTH_M = 2_700.0  # m, longest catchment of debris flows; the same
FLOOD, DEBRIS_FLOOD, DEBRIS_FLOW = 0, 1, 2  # what a torrent brings

STREAM_AREA_M2 = 250_000.0  # m2 that make a stream of the first order; default to calibrate
RIVER_ORDER = 4  # Strahler's order from which a stream floods its plain; domain reference 7.3
BESIDE_CELLS = 2  # a mapped river and the stream it stands for lie this near; default to calibrate
BESIDE_M = 300.0  # m; ground this near is flooded by the river next to it, default to calibrate
FLOOD_MEDIUM_ABOVE_M = 2.0  # m above drainage; the same
FLOOD_LOW_ABOVE_M = 5.0  # m above drainage; the same

ROCK_SLOPE_DEG = 45.0  # degrees, gentlest source; domain reference 7.3
ROCK_ALPHA_DEG = 35.0  # degrees, energy line of most blocks; the same
ROCK_FAR_ALPHA_DEG = 32.0  # degrees, energy line of the farthest blocks; the same

SLIDE_SLOPE_DEG = (15.0, 45.0)  # degrees; domain reference 7.3
SLIDE_BELOW_CANAL_M = 100.0  # m from an unlined canal above; the same

# Months of danger; snow as in domain reference 2.4, mudflows and floods from its core months to their shoulders.
MONTHS = {"avalanche": "12-4", "debris_flow": "3-8", "flood": "3-7", "landslide": "3-6", "rockfall": None}
CELL_M = 30.0  # m, cells the rules are applied on; finer heights are averaged. Domain reference 7.3
COARSEST_M = FINE_GRID_M  # m, coarsest heights the rules are for; coarser ones would not be evidence C either

RETURN_PERIOD_Y = 100  # years, without recorded events; domain reference 7.3
FREQUENT_RETURN_PERIOD_Y = 30  # years, with FREQUENT_EVENTS at the channel in 30 years; the same
FREQUENT_EVENTS = 2  # the same


@dataclass(frozen=True, slots=True)
class Susceptibility:
    """Levels of one process from terrain alone.

    process : as in layer ``hazard_zones``. level : int8 (rows, cols), none 0, low 2, medium 3, -1 without a height.
    dem : the height grid whose cells these are. method : how it was derived, ends with ``SUSCEPTIBILITY``.
    """

    process: str
    level: NDArray[np.int8]
    dem: Grid
    method: str


def _result(process: str, dem: Grid, low: NDArray[np.bool_], medium: NDArray[np.bool_], method: str) -> Susceptibility:
    level = np.where(medium, MEDIUM, np.where(low, LOW, NONE))
    level[np.isnan(heights(dem))] = UNKNOWN
    return Susceptibility(process, level.astype(np.int8), dem, f"{method}; {SUSCEPTIBILITY}")


def slope_deg(dem: Grid) -> NDArray[np.float64]:
    """Slope in degrees, float64 (rows, cols), NaN where unknown; Horn 1981."""
    return np.degrees(np.arctan(slope_pct(dem).values.astype(np.float64) / 100.0))


def _between(values: NDArray[np.float64], limits: tuple[float, float]) -> NDArray[np.bool_]:
    return np.asarray((values >= limits[0]) & (values <= limits[1]))


def concave(dem: Grid, *, share: float = CONCAVE_SHARE) -> NDArray[np.bool_]:
    """The ``share`` of the cells whose contours curve inwards most, and which do curve inwards; bool (rows, cols)."""
    curvature = plan_curvature(dem).values
    known = curvature[~np.isnan(curvature)]
    if not known.size:
        return np.zeros(dem.shape, dtype=np.bool_)
    return np.asarray((curvature <= np.quantile(known, share)) & (curvature < 0.0))


def avalanche_release(
    dem: Grid,
    *,
    slope_limits_deg: tuple[float, float] = AVALANCHE_SLOPE_DEG,
    forest: NDArray[np.bool_] | None = None,
    above_m: float = AVALANCHE_ABOVE_M,
) -> NDArray[np.bool_]:
    """Where slab avalanches can release, bool (rows, cols): steep, high, near a ridge, open, and large enough.

    forest : bool (rows, cols), dense forest; None where none is mapped. above_m : lowest height with enough snow.
    """
    z = heights(dem)
    found = _between(slope_deg(dem), slope_limits_deg) & (z > above_m)
    found &= ridge_distance_m(dem).values <= AVALANCHE_RIDGE_M
    if forest is not None:
        found &= ~forest
    patch, _ = label(found, structure=np.ones((3, 3)))
    large = np.bincount(patch.ravel()) * dem.cell_m**2 >= AVALANCHE_PATCH_M2
    large[0] = False
    return np.asarray(large[patch])


def avalanche(
    flow: Drainage, *, forest: NDArray[np.bool_] | None = None, above_m: float = AVALANCHE_ABOVE_M
) -> Susceptibility:
    """Avalanche release and run-out: medium where frequent events come, low where only large ones do."""
    dem = flow.dem
    reached = []
    for limits, alpha in (
        (AVALANCHE_SLOPE_DEG, AVALANCHE_ALPHA_DEG),
        (AVALANCHE_FREQUENT_DEG, AVALANCHE_FREQUENT_ALPHA_DEG),
    ):
        release = avalanche_release(dem, slope_limits_deg=limits, forest=forest, above_m=above_m)
        within = spreading(flow, release, exponent=AVALANCHE_EXPONENT) >= LEAST_FLOW
        reached.append(~np.isnan(runout(dem, release, travel_angle_deg=alpha, within=within)))
    method = (
        f"release {AVALANCHE_SLOPE_DEG[0]:g}-{AVALANCHE_SLOPE_DEG[1]:g} degrees near ridges above {above_m:g} m, "
        f"energy line {AVALANCHE_ALPHA_DEG:g} and {AVALANCHE_FREQUENT_ALPHA_DEG:g} degrees"
    )
    return _result("avalanche", dem, reached[0], reached[1], method)


def torrent_type(melton: NDArray[np.floating], length_m: NDArray[np.floating]) -> NDArray[np.int8]:
    """What a catchment brings: 0 flood, 1 debris flood, 2 debris flow, int8, -1 where Melton's ratio is unknown.

    R < 0.3 flood; R > 0.6 in catchments under 2.7 km debris flow; between, or longer, debris flood (Wilford et al.
    2004, Landslides 1, pp. 61-66).
    """
    steep_and_short = (melton > MELTON_DEBRIS) & (length_m < MELTON_LENGTH_M)
    kind = np.where(steep_and_short, DEBRIS_FLOW, np.where(melton >= MELTON_FLOOD, DEBRIS_FLOOD, FLOOD))
    return np.where(np.isnan(melton), UNKNOWN, kind).astype(np.int8)


def debris_flow_sources(flow: Drainage) -> NDArray[np.bool_]:
    """Where debris flows start, bool (rows, cols): steep for the water that gathers there, in hollows."""
    dem = flow.dem
    wet = streams(flow, min_area_m2=DEBRIS_AREA_M2)
    slope = slope_deg(dem)
    with np.errstate(divide="ignore"):
        least = DEBRIS_TAN * (contributing_cells(flow) * dem.cell_m**2 / 1e6) ** DEBRIS_POWER
    steep = (slope >= DEBRIS_SLOPE_DEG) & (np.tan(np.radians(slope)) >= least)
    return np.asarray(steep & wet & concave(dem))


def debris_flow(flow: Drainage) -> Susceptibility:
    """Debris flows: run-out of coarse (medium) and fine (low) material, and fans of torrents that carry debris."""
    dem = flow.dem
    sources = debris_flow_sources(flow)
    within = spreading(flow, sources, exponent=DEBRIS_EXPONENT) >= LEAST_FLOW
    low, medium = (
        ~np.isnan(runout(dem, sources, travel_angle_deg=alpha, fastest_m_s=DEBRIS_FASTEST_M_S, within=within))
        for alpha in (DEBRIS_FINE_ALPHA_DEG, DEBRIS_ALPHA_DEG)
    )
    fan_low, fan_medium = _fan(flow)
    method = (
        f"sources from {DEBRIS_SLOPE_DEG:g} degrees, travel angles {DEBRIS_FINE_ALPHA_DEG:g} and "
        f"{DEBRIS_ALPHA_DEG:g} degrees; fans of catchments with Melton's ratio from {MELTON_FLOOD:g}"
    )
    return _result("debris_flow", dem, low | fan_low, medium | fan_medium, method)


def _fan(flow: Drainage) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """Low and medium cells on fans: gentle ground little above a channel whose catchment brings debris."""
    channel = streams(flow, min_area_m2=STREAM_AREA_M2)
    ratio, length = melton_ratio(flow)
    debris = channel & (torrent_type(ratio.values, length.values) >= DEBRIS_FLOOD)
    if not debris.any():
        return debris, debris
    above = height_above_drainage(flow, channel).values
    distance, nearest = distance_transform_edt(~channel, return_indices=True)
    gentle = _between(slope_deg(flow.dem), FAN_SLOPE_DEG) & debris[nearest[0], nearest[1]]
    low = gentle & (above < FAN_LOW_ABOVE_M)
    near = np.asarray(distance) * flow.dem.cell_m < FAN_MEDIUM_WITHIN_M
    return low, low & near & (above < FAN_MEDIUM_ABOVE_M)


def flood(flow: Drainage, rivers: gpd.GeoDataFrame | None = None) -> Susceptibility:
    """Floods of rivers: medium under 2 m above the river, low under 5 m.

    rivers : mapped large rivers, lines in EPSG:32642. Where one runs along the lowest ground around it, or beside a
    stream of the terrain, there is a river from there down, whatever its order: the headwaters of a river that comes
    from outside the grid are not on it. Elsewhere the line is taken to be misplaced.
    """
    stream = streams(flow, min_area_m2=STREAM_AREA_M2)
    river = strahler_order(flow, stream) >= RIVER_ORDER
    if rivers is not None:
        beside = burned(rivers.set_geometry(rivers.geometry.buffer(BESIDE_CELLS * flow.dem.cell_m)), flow.dem)
        z = flow.filled
        lowest = z - minimum_filter(np.where(np.isnan(z), np.inf, z), 2 * BESIDE_CELLS + 1) <= FLOOD_MEDIUM_ABOVE_M
        river |= downstream(flow, (stream & beside) | (burned(rivers, flow.dem) & lowest))
    above = np.fmin(height_above_drainage(flow, river).values, _above_beside(flow.dem, river))
    which = f"rivers of order {RIVER_ORDER} and more"
    method = f"height above {which}" if rivers is None else f"height above {which} and mapped ones"
    return _result("flood", flow.dem, above < FLOOD_LOW_ABOVE_M, above < FLOOD_MEDIUM_ABOVE_M, method)


def _above_beside(dem: Grid, river: NDArray[np.bool_]) -> NDArray[np.float32]:
    """Height over the nearest river cell within ``BESIDE_M``, float32 (rows, cols), NaN farther away.

    On a plain that falls with its river, water runs beside the river for long and its height above drainage is that
    above the river far below; what floods the ground is the river next to it.
    """
    z = heights(dem)
    if not river.any():
        return np.full(z.shape, np.nan, dtype=np.float32)
    distance, nearest = distance_transform_edt(~river, return_indices=True)
    near = np.asarray(distance) * dem.cell_m <= BESIDE_M
    return np.where(near, np.maximum(z - z[nearest[0], nearest[1]], np.float32(0.0)), np.float32(np.nan))


def rockfall(dem: Grid) -> Susceptibility:
    """Rockfall: medium above the energy line of most blocks, low above that of the farthest."""
    sources = slope_deg(dem) > ROCK_SLOPE_DEG
    low, medium = (
        ~np.isnan(runout(dem, sources, travel_angle_deg=alpha)) for alpha in (ROCK_FAR_ALPHA_DEG, ROCK_ALPHA_DEG)
    )
    method = f"faces over {ROCK_SLOPE_DEG:g} degrees, energy line {ROCK_FAR_ALPHA_DEG:g} and {ROCK_ALPHA_DEG:g} degrees"
    return _result("rockfall", dem, low, medium, method)


def shallow_slide(
    dem: Grid, *, loess: NDArray[np.bool_], unlined_canals: gpd.GeoDataFrame | None = None
) -> Susceptibility:
    """Shallow slides on loess hollows: low, and medium within 100 m below an unlined canal.

    loess : bool (rows, cols), where the ground is loess. unlined_canals : lines in EPSG:32642.
    """
    prone = _between(slope_deg(dem), SLIDE_SLOPE_DEG) & loess & concave(dem)
    soaked = np.zeros(dem.shape, dtype=np.bool_)
    canal = burned(unlined_canals, dem) if unlined_canals is not None else soaked
    if canal.any():
        z = heights(dem)
        distance, nearest = distance_transform_edt(~canal, return_indices=True)
        below = z < z[nearest[0], nearest[1]]
        soaked = (np.asarray(distance) * dem.cell_m <= SLIDE_BELOW_CANAL_M) & below
    method = f"loess hollows of {SLIDE_SLOPE_DEG[0]:g}-{SLIDE_SLOPE_DEG[1]:g} degrees, worse below unlined canals"
    return _result("landslide", dem, prone, prone & soaked, method)


def return_period_y(events_in_30_years: int) -> int:
    """Return period to assume at a channel, years: 30 from two recorded events in 30 years, else 100."""
    return FREQUENT_RETURN_PERIOD_Y if events_in_30_years >= FREQUENT_EVENTS else RETURN_PERIOD_Y


def zones(found: Susceptibility) -> gpd.GeoDataFrame:
    """Connected areas of one level as polygons, EPSG:32642, with the columns of layer ``hazard_zones``.

    Patches below ``geo.terrain.level_outlines.SMALLEST_M2`` are left out, and areas are cut along a lattice; see there.
    ``source_class`` is derived, ``intensity`` unknown and ``return_period_y`` 100.
    """
    parts = [(level, outlines) for level, outlines in level_outlines(found.level, found.dem) if level > NONE]
    levels = [LEVELS[level] for level, outlines in parts for _ in outlines]
    return gpd.GeoDataFrame(
        {
            "code": [f"{found.process}-{number:06d}" for number in range(1, len(levels) + 1)],
            "process": found.process,
            "level": levels,
            "intensity": "unknown",
            "return_period_y": RETURN_PERIOD_Y,
            "source_class": "derived",
            "method": found.method,
            "months": MONTHS[found.process],
        },
        geometry=[outline for _, outlines in parts for outline in outlines],
        crs=WORKING_CRS,
    )


def extent(found: Susceptibility) -> gpd.GeoDataFrame:
    """Where the process was looked for, EPSG:32642, with the columns of layer ``hazard_extents``: one row."""
    known = np.where(found.level == UNKNOWN, UNKNOWN, NONE).astype(np.int8)
    looked = [outline for level, outlines in level_outlines(known, found.dem) if level == NONE for outline in outlines]
    return gpd.GeoDataFrame(
        {"code": [f"{found.process}-extent"], "process": found.process, "source_class": "derived"},
        geometry=[shapely.union_all(looked)],
        crs=WORKING_CRS,
    )
