"""Ways people go to a plot and from it: the walk from home and its dangers, the minutes to market and to help."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import NamedTuple

import geopandas as gpd
import numpy as np
import shapely
from numpy.typing import NDArray

from geo.contract.columns import FINE_GRID_M, texts
from geo.contract.criterion import Block, C, Criterion, D, Flags, Floats, Measured
from geo.contract.needs import AlongWayHome, Need
from geo.contract.reasons import NO_HAZARD_MAPPING, NO_SERVICES_NOR_ROADS
from geo.errors import NotAssessed
from geo.hazard.levels import EXPOSURE_FACTOR
from geo.measures.water import large_rivers
from geo.measures.way_dangers import dangers_on_ways
from geo.routing.home_ways import ways_from_homes
from geo.routing.kernels.surface import DRIVEN_KM_H
from geo.routing.surface import BRIDGES, Surface, walking_surface
from geo.routing.ways import BACK, least_time, move_to_open, open_cells
from geo.terrain.grid import Grid
from geo.terrain.stencil import REACH

GROWING_MONTH = 7  # ways are judged open or closed as in July, the middle of the season on the plot and dry
MOST_WALK_MIN = 120.0  # min one way; longer walks are not told apart, domain reference 4, A1
FASTEST_WALK_M_S = 1.11  # m/s, Irmischer and Clarke 2018: man on a path at -5 %; bounds how far a walk can lead
WALK_REACH_M = MOST_WALK_MIN * 60.0 * FASTEST_WALK_M_S  # m; no walk within the limit leads farther
MOST_TRAVEL_MIN = 360.0  # min; longer ways to a service are not told apart
SERVICE_REACH_M = 20_000.0  # m; how far around plots services and the ways to them are looked for
LONG_WAY_CELL_M = 90.0  # m; ways of hours need no finer ground, default to calibrate
# Ways and zones are laid on cells of 30 m, on coarser grids of up to 120 m.
ZONES_ON_WAY = Need("hazard_zones", touches=AlongWayHome(300.0))
EXTENTS_ON_WAY = Need("hazard_extents", touches=AlongWayHome(300.0))
NEAREST_HOME = "no home village is recorded: the nearest one is taken"
TOO_FAR = "farther than two hours on foot, or no way leads there"
CROSSES_HIGH = "the way crosses a zone of high danger in April to June"


class Walk(NamedTuple):
    """Walks between home and n plots.

    minutes : mean of both ways, NaN unknown, ``MOST_WALK_MIN`` where longer. exposure_m : metres of the way to the
    plot inside hazard zones times their factor. unmapped_m : metres of it where no hazard was looked for.
    high_m : metres of it in zones of high level that are active in April to June. assumed : the home is assumed.
    """

    minutes: Floats
    exposure_m: Floats
    unmapped_m: Floats
    high_m: Floats
    assumed: Flags


def walk_minutes(block: Block, criterion: Criterion) -> Measured:
    """Return the minutes of the walk between home and plot, one way, mean of there and back.

    Home is the settlement the plot is recorded to be farmed from; where none is recorded, the nearest on foot, and a
    note says so. A walk longer than two hours counts as two hours.

    Parameters
    ----------
    block : n plots and what lies around them
    criterion : coarsest height grid accepted

    Returns
    -------
    minutes (n,), NaN where plot or home is not on known ground
    """
    walk = block.once(walks, criterion.coarsest_m)
    evidence = np.where(walk.assumed, D, _way_evidence(block, criterion.coarsest_m)).astype(np.int8)
    notes = {NEAREST_HOME: walk.assumed, TOO_FAR: walk.minutes >= MOST_WALK_MIN}
    return Measured(walk.minutes, evidence=evidence, notes=notes)


def way_exposure_m(block: Block, criterion: Criterion) -> Measured:
    """Return the metres of the quickest way to the plot inside hazard zones.

    Metres on which one of the processes was never looked for count as anything from none to the most dangerous.

    Parameters
    ----------
    block : n plots and what lies around them
    criterion : coarsest height grid accepted

    Returns
    -------
    metres (n,) times the factor of the level, an interval where part of the way is not mapped

    Raises
    ------
    NotAssessed : neither zones nor extents of hazard mapping, no settlements or no heights are loaded.

    Notes
    -----
    Sum over the way of metres x factor: low 1, medium 2, high 4 (domain reference 7.4).
    """
    if "hazard_zones" not in block.nearby and "hazard_extents" not in block.nearby:
        raise NotAssessed(NO_HAZARD_MAPPING)
    walk = block.once(walks, criterion.coarsest_m)
    partly = walk.unmapped_m > 0.0
    evidence = np.where(walk.assumed, D, _way_evidence(block, criterion.coarsest_m)).astype(np.int8)
    return Measured(
        walk.exposure_m,
        evidence=evidence,
        notes={NEAREST_HOME: walk.assumed, CROSSES_HIGH: walk.high_m > 0.0},
        worst=np.where(partly, walk.exposure_m + max(EXPOSURE_FACTOR) * walk.unmapped_m, np.nan),
        best=np.where(partly, walk.exposure_m, np.nan),
    )


def market_minutes(block: Block, criterion: Criterion) -> Measured:
    """Return the minutes from the plot to the nearest market, on foot and driven where roads carry cars.

    Parameters
    ----------
    block : n plots and what lies around them
    criterion : coarsest height grid accepted

    Returns
    -------
    minutes (n,), at most ``MOST_TRAVEL_MIN``; NaN without a market on the grid or off the known ground
    """
    block.layer("services")
    return _to_service(block, "market", _markets, criterion, driving=True)


def health_minutes(block: Block, criterion: Criterion) -> Measured:
    """Return the minutes on foot from the plot to the nearest health post or road that carries cars.

    Parameters
    ----------
    block : n plots and what lies around them
    criterion : coarsest height grid accepted

    Returns
    -------
    minutes (n,), at most ``MOST_TRAVEL_MIN``; NaN without a goal on the grid or off the known ground

    Raises
    ------
    NotAssessed : neither services nor roads, or no heights are loaded.
    """
    if "services" not in block.nearby and "roads" not in block.nearby:
        raise NotAssessed(NO_SERVICES_NOR_ROADS)
    return _to_service(block, "health post or road", _help, criterion, driving=False)


def _markets(block: Block) -> Floats:
    services = block.layer("services")
    return points_of(services[services["kind"] == "market"])


def _help(block: Block) -> Floats:
    """Health posts, and points along the roads that carry cars."""
    goals = [np.empty((0, 2))]
    if "services" in block.nearby:
        services = block.layer("services")
        goals.append(points_of(services[services["kind"] == "health"]))
    if "roads" in block.nearby:
        roads = block.layer("roads")
        drivable = roads[roads["kind"].isin(list(DRIVEN_KM_H))].geometry.to_numpy()
        goals.append(shapely.get_coordinates(shapely.segmentize(drivable, LONG_WAY_CELL_M)))
    return np.concatenate(goals)


def walks(block: Block, coarsest_m: float | None) -> Walk:
    """Return the walks between home and every plot of a block, and the dangers on the way there.

    Parameters
    ----------
    block : n plots and what lies around them
    coarsest_m : coarsest height grid accepted, metres; None accepts any

    Returns
    -------
    minutes and metres of danger of each walk

    Raises
    ------
    NotAssessed : settlements or heights are not loaded, or the height grid is too coarse.
    """
    settlements = block.layer("settlements")
    dem = walking_window(block, coarsest_m)
    home_xy = points_of(settlements)
    codes = {code: number for number, code in enumerate(texts(settlements, "code"))}
    recorded = texts(block.plots, "settlement")
    assumed = recorded == ""
    home = np.array([codes.get(code, -1) for code in recorded], dtype=np.int64)
    if 0 in dem.shape:
        unknown = np.full(len(block), np.nan)
        return Walk(unknown, unknown, unknown, unknown, assumed)

    surface = _ground(block, dem, driving=False)
    inside = block.once(points_inside)
    cells, home_cells = open_cells(surface, inside), open_cells(surface, home_xy)
    if assumed.any() and (home_cells >= 0).any():
        nearest = least_time(surface, home_xy, within_minutes=MOST_WALK_MIN).source()
        home[assumed] = np.where(cells >= 0, _at(surface, nearest, cells), -1)[assumed]
    ways = ways_from_homes(
        surface, home_xy, inside, home, layers=dangers_on_ways(block, dem), within_minutes=MOST_WALK_MIN
    )
    exposure_m, unmapped_m, high_m = ways.summed_m

    # No way found is a long way, or none, only where plot and home are known: the home by being out of reach or on
    # known ground, an assumed one by being nowhere within reach.
    has_home = home >= 0
    apart_m = np.full(len(block), np.nan)
    apart_m[has_home] = np.hypot(*(home_xy[home[has_home]] - inside[has_home]).T)
    on_ground = np.zeros(len(block), dtype=bool)
    on_ground[has_home] = home_cells[home[has_home]] >= 0
    far = (cells >= 0) & (assumed | (apart_m > WALK_REACH_M) | on_ground)
    minutes = np.where(np.isnan(ways.minutes) & far, MOST_WALK_MIN, ways.minutes)
    return Walk(minutes, exposure_m, unmapped_m, high_m, assumed)


def walking_window(block: Block, coarsest_m: float | None) -> Grid:
    """Return the heights within the longest walk of the plots: cutting the grid there changes no way.

    Parameters
    ----------
    block : n plots and what lies around them
    coarsest_m : coarsest height grid accepted, metres; None accepts any

    Returns
    -------
    Grid of heights, metres

    Raises
    ------
    NotAssessed : no heights are loaded, or the grid is too coarse.
    """
    x_min, y_min, x_max, y_max = shapely.total_bounds(block.polygons)
    reach = WALK_REACH_M
    return block.grid("dem", coarsest_m).cropped((x_min - reach, y_min - reach, x_max + reach, y_max + reach))


def _to_service(
    block: Block, what: str, goals: Callable[[Block], Floats], criterion: Criterion, *, driving: bool
) -> Measured:
    """Minutes from each plot to the nearest goal; unknown without any goal or height."""
    evidence = np.full(len(block), _way_evidence(block, criterion.coarsest_m), dtype=np.int8)

    def compute() -> Grid:
        return _minutes_to(block, goals(block), criterion.coarsest_m, driving=driving)

    minutes = block.surface(f"minutes to {what}, {criterion.coarsest_m} m", criterion.layers, compute)
    return Measured(minutes.under(block.once(points_inside)).astype(np.float64), evidence=evidence)


def _minutes_to(block: Block, goals: Floats, coarsest_m: float | None, *, driving: bool) -> Grid:
    """Minutes from every cell to the nearest goal, ``MOST_TRAVEL_MIN`` where it is farther or no way leads there.

    NaN off the known ground, as for ``open_cells``, and everywhere where no goal lies on the grid.
    """
    dem = block.once(_coarse_ground, coarsest_m)
    value = np.full(dem.shape, np.nan, dtype=np.float32)
    if 0 in dem.shape:
        return replace(dem, values=value)
    surface = block.once(_long_way_ground, coarsest_m, driving)
    goals = goals[surface.padded_cells(goals) >= 0]
    if len(goals):
        minutes = least_time(surface, goals, sign=BACK, within_minutes=MOST_TRAVEL_MIN).minutes().values
        cells = move_to_open(surface, surface.inner_cells())
        reached = _at(surface, minutes, cells)
        value.ravel()[:] = np.where(cells >= 0, np.where(np.isnan(reached), MOST_TRAVEL_MIN, reached), np.nan)
    return replace(dem, values=value)


def _long_way_ground(block: Block, coarsest_m: float | None, driving: bool) -> Surface:
    return _ground(block, block.once(_coarse_ground, coarsest_m), driving=driving)


def _coarse_ground(block: Block, coarsest_m: float | None) -> Grid:
    return block.grid("dem", coarsest_m).coarsened(LONG_WAY_CELL_M)


def _ground(block: Block, dem: Grid, *, driving: bool) -> Surface:
    """Return the ground to walk or drive on, with the roads and rivers around a block."""
    roads = block.layer("roads") if "roads" in block.nearby else None
    return walking_surface(dem, paths=roads, barriers=barrier_rivers(block), driving=driving, month=GROWING_MONTH)


def barrier_rivers(block: Block) -> gpd.GeoDataFrame | None:
    """Return the rivers nobody wades.

    Where no bridge at all is on record the crossings are unknown, and rivers bar no way.

    Parameters
    ----------
    block : plots and what lies around them

    Returns
    -------
    rows of rivers; None when it is not known where they are bridged
    """
    if "rivers" not in block.nearby or "roads" not in block.nearby:
        return None
    if not block.layer("roads")["kind"].isin(BRIDGES).any():
        return None
    return large_rivers(block)


def points_of(frame: gpd.GeoDataFrame) -> Floats:
    """Return the positions of a layer of points.

    Parameters
    ----------
    frame : points

    Returns
    -------
    float64 (rows, 2), in the CRS of the frame, NaN for an empty one
    """
    return _xy(frame.geometry.to_numpy())


def points_inside(block: Block) -> Floats:
    """Return a point inside each plot; ask by ``Block.once``.

    Parameters
    ----------
    block : n plots

    Returns
    -------
    float64 (n, 2), metres in EPSG:32642
    """
    return _xy(shapely.point_on_surface(block.polygons))


def _xy(points: NDArray[np.object_]) -> Floats:
    return np.column_stack([shapely.get_x(points), shapely.get_y(points)])


def _at(surface: Surface, values: NDArray[np.generic], cells: NDArray[np.int64]) -> NDArray[np.generic]:
    """Return grid values (rows, cols) at padded cells; meaningless where the cell is -1."""
    row, col = np.divmod(np.maximum(cells, REACH * surface.width + REACH), surface.width)
    return np.asarray(values[row - REACH, col - REACH])


def _way_evidence(block: Block, coarsest_m: float | None) -> int:
    fine = block.grid("dem", coarsest_m).native_m <= FINE_GRID_M
    return C if fine and "roads" in block.nearby else D
