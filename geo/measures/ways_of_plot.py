"""The ways of one plot: from home and back, how dangerous they are month by month, a safer one, and to services.

Searched from the plot's home and from the plot itself on the same ground, and at the same paces, as the criteria do
(``geo.measures.access``); so the minutes of the quickest way are those the plot was judged by.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import shapely
from numpy.typing import NDArray

from geo.contract.columns import texts
from geo.contract.criterion import Block, Floats
from geo.contract.reasons import MINED_WAY, NO_HEIGHTS
from geo.errors import NotAssessed
from geo.hazard.levels import LEVELS, exposure_factor
from geo.measures.access import (
    GROWING_MONTH,
    LONG_WAY_CELL_M,
    MOST_TRAVEL_MIN,
    MOST_WALK_MIN,
    SERVICE_REACH_M,
    WALK_REACH_M,
    barrier_rivers,
    points_inside,
    points_of,
)
from geo.measures.exclusion import leads_over_mines
from geo.measures.hazard import zone_levels
from geo.measures.way_dangers import factors_of, level_grid, unmapped_cells
from geo.routing.kernels.surface import DRIVEN_KM_H
from geo.routing.one_way import NO_DANGER, find_way, minutes_to_nearest
from geo.routing.season import months
from geo.routing.surface import Surface, walking_surface, walking_surfaces
from geo.routing.walking import Walker
from geo.routing.ways import BACK, OUT, least_time, open_cells
from geo.terrain.grid import Grid
from geo.terrain.stencil import REACH

MONTHS = range(1, 13)
EVERY_MONTH = 0  # beside the months: all zones at once, as criterion H4 counts them
# Time a metre of exposure (metre x factor of the level) is worth avoiding for, as a share of the time that metre
# takes: the safer way is chosen as if a metre took 1 + EXCHANGE x factor times as long. Domain reference 7.4, default
# to calibrate with the women who walk it.
EXCHANGE = 1.0  # -
ROUNDING = 1e-4  # share of a time; a search to just the time of a way must not miss its last move
SAVES_M = 1.0  # m of exposure; a way that saves less is not called safer
WINTER_MONTH = 1  # ways closed then are left out, and snow or mud lies on the ground; domain reference 4.3
LATTICE_M = 12_000.0  # m; side of the cells of ground whose plots share what is made of their surroundings
# A service that is not reached lies beyond, and nobody goes there faster than cars on the best roads.
BEYOND_MIN = SERVICE_REACH_M / 1_000.0 / max(DRIVEN_KM_H.values()) * 60.0  # min
GROUND = ("dem", "roads", "rivers")  # layers of which ground to walk on is made
DANGERS = ("dem", "hazard_zones", "hazard_extents")
SERVICE_KINDS = (
    "market",
    "health",
    "registry",
    "legal_aid",
    "psychosocial",
    "drinking_water",
    "school",
    "processor",
)


@dataclass(frozen=True, slots=True)
class Way:
    """One way between home and plot, walked out and back; the two may differ.

    minutes_out, minutes_back : by the clock. exposure_m : float64 (12,), January to December, metres of the way out in
    zones that are active in the month times the factor of their level. yearly_m : the same with every zone active, as
    criterion H4 counts it. out, back : lines in the direction walked, EPSG:32642.
    """

    minutes_out: float
    minutes_back: float
    exposure_m: Floats
    yearly_m: float
    out: shapely.LineString
    back: shapely.LineString


@dataclass(frozen=True, slots=True)
class HomeWay:
    """The ways between home and a plot.

    home : code of the settlement. assumed : it is the nearest one, none is recorded. quickest : of all ways. safer :
    one with less exposure, None where there is none worth its time. unmapped_m : metres of the quickest way out where
    some process was never looked for; exposure there is not known. processes : hazards that are met on the quickest
    way out, with the months they are active.
    """

    home: str
    assumed: bool
    quickest: Way
    safer: Way | None
    unmapped_m: float
    processes: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class ServiceMinutes:
    """Minutes from n plots to the nearest service of one kind; NaN where none is within reach.

    loaded : whether any service of the kind lies around the plots; if not, nothing is known. dry, winter : float64
    (n,), on foot and driven where roads carry cars. nearest : object (n,), code of the service that is nearest when
    dry, None without one.
    """

    kind: str
    loaded: bool
    dry: Floats
    winter: Floats
    nearest: NDArray[np.object_]


def home_way(block: Block, coarsest_m: float | None) -> HomeWay | None:
    """Return the ways between home and the one plot of a block.

    Home is chosen as ``geo.measures.access.walks`` does: the recorded settlement, else the nearest on foot.

    Parameters
    ----------
    block : one plot and what lies around it
    coarsest_m : coarsest height grid accepted, metres; None accepts any

    Returns
    -------
    quickest and safer way; None where no way within two hours is known

    Raises
    ------
    NotAssessed : settlements or heights are not loaded, the height grid is too coarse, or the quickest way, to a plot
        that is mined itself too, leads over ground that may be mined: nobody is sent there.
    """
    settlements = block.layer("settlements")
    bounds = _shared_window(block)
    dem = block.grid("dem", coarsest_m).cropped(bounds)
    if 0 in dem.shape:
        return None
    surface = block.shared(f"walking surface {bounds}", GROUND, lambda: _home_ground(block, dem))
    plot_xy = _opened(surface, block.once(points_inside))
    home_xy = points_of(settlements)
    codes = texts(settlements, "code")
    recorded = texts(block.plots, "settlement")[0]
    if plot_xy is None or not len(home_xy):
        return None
    if recorded == "":
        if not (open_cells(surface, home_xy) >= 0).any():
            return None
        found = least_time(surface, home_xy, within_minutes=MOST_WALK_MIN).source()
        nearest = int(found[_row_col(surface, plot_xy)])
        home = nearest if nearest >= 0 else None
    else:
        home = next((number for number, code in enumerate(codes) if code == recorded), None)
    start = None if home is None else _opened(surface, home_xy[home : home + 1])
    if home is None or start is None:
        return None

    levels, unmapped = block.shared(
        f"dangers {bounds}", DANGERS, lambda: (_levels_by_month(block, surface), unmapped_cells(block, dem))
    )
    quickest = _way(surface, start, plot_xy, NO_DANGER, levels, within_minutes=MOST_WALK_MIN)
    if quickest is None:
        return None
    if _over_mines(block, quickest):
        raise NotAssessed(MINED_WAY)
    safer = None
    if quickest.yearly_m > 0.0:
        # The quickest way itself, every metre at the worst factor, bounds what the safer one can count.
        longest = max(quickest.minutes_out, quickest.minutes_back) * (1.0 + ROUNDING)
        danger = np.float32(EXCHANGE) * factors_of(levels[EVERY_MONTH])
        within = longest * (1.0 + float(danger.max()))
        safer = _way(surface, start, plot_xy, danger, levels, within_minutes=within)
    if safer is not None and (safer.yearly_m > quickest.yearly_m - SAVES_M or _over_mines(block, safer)):
        safer = None
    return HomeWay(
        home=str(codes[home]),
        assumed=recorded == "",
        quickest=quickest,
        safer=safer,
        unmapped_m=_length_in(quickest.out, unmapped, dem),
        processes=tuple(_met(block, quickest.out)),
    )


def service_minutes(block: Block, coarsest_m: float | None) -> list[ServiceMinutes]:
    """Return the minutes from each plot of a block to the nearest service of every kind, when dry and in winter.

    Parameters
    ----------
    block : n plots and what lies around them
    coarsest_m : coarsest height grid accepted, metres; None accepts any

    Returns
    -------
    minutes for each of ``SERVICE_KINDS``

    Raises
    ------
    NotAssessed : no service or heights are loaded, or the height grid is too coarse.
    """
    services = block.layer("services")
    dry, winter = block.shared("ground to services", GROUND, lambda: _service_grounds(block, coarsest_m))
    plots = block.once(points_inside)
    kinds, codes, xy = texts(services, "kind"), texts(services, "code"), points_of(services)
    alone = len(block) == 1
    on_ground = dry.padded_cells(xy) >= 0
    of_kind = {kind: np.flatnonzero((kinds == kind) & on_ground) for kind in SERVICE_KINDS}
    rows_known = np.concatenate(list(of_kind.values()))
    number = np.repeat(np.arange(len(of_kind)), [len(rows) for rows in of_kind.values()])
    times = {name: np.full(len(xy), np.nan) for name in ("dry", "winter")}
    for name, ground in (("dry", dry), ("winter", winter)) if alone else ():
        times[name][rows_known] = minutes_to_nearest(
            ground, plots, xy[rows_known], number, sign=OUT, within_minutes=MOST_TRAVEL_MIN
        )
    found = []
    for kind, rows in of_kind.items():
        if not len(rows):
            unknown = np.full(len(block), np.nan)
            found.append(ServiceMinutes(kind, False, unknown, unknown, np.full(len(block), None, dtype=object)))
            continue
        if alone:
            (minutes, first), (minutes_winter, _) = (_nearest(times[name][rows]) for name in ("dry", "winter"))
        else:
            (minutes, first), (minutes_winter, _) = (_to_goals(ground, xy[rows], plots) for ground in (dry, winter))
        nearest = np.full(len(block), None, dtype=object)
        nearest[first >= 0] = codes[rows[first[first >= 0]]]
        found.append(ServiceMinutes(kind, True, minutes, minutes_winter, nearest))
    return found


def _way(
    surface: Surface,
    home_xy: Floats,
    plot_xy: Floats,
    danger: NDArray[np.float32],
    levels: dict[int, NDArray[np.uint8]],
    *,
    within_minutes: float,
) -> Way | None:
    """The way out and the way back by least time, weighted by ``danger``; None where none leads."""
    out, back = (
        find_way(surface, home_xy, plot_xy, sign=sign, within_minutes=within_minutes, danger=danger)
        for sign in (OUT, BACK)
    )
    if out is None or back is None:
        return None
    factors = exposure_factor(np.arange(len(LEVELS)))
    distinct = {id(of_month): of_month for of_month in levels.values()}  # equal months share one array
    exposure_m = {number: out.summed_m(of_month, factors) for number, of_month in distinct.items()}
    return Way(
        minutes_out=out.minutes,
        minutes_back=back.minutes,
        exposure_m=np.array([exposure_m[id(levels[month])] for month in MONTHS]),
        yearly_m=exposure_m[id(levels[EVERY_MONTH])],
        out=out.line,
        back=back.line,
    )


def _over_mines(block: Block, way: Way) -> bool:
    return leads_over_mines(block, way.out) or leads_over_mines(block, way.back)


def _levels_by_month(block: Block, surface: Surface) -> dict[int, NDArray[np.uint8]]:
    """Highest level of the zones on each padded cell in each month, and in ``EVERY_MONTH``; equal months share one."""
    dem = surface.dem
    nothing = np.zeros(len(surface.ground.kind), dtype=np.uint8)
    if "hazard_zones" not in block.nearby:
        return dict.fromkeys((*MONTHS, EVERY_MONTH), nothing)
    zones = block.layer("hazard_zones")
    level, text = zone_levels(zones), texts(zones, "months")
    spans = {span: months(span or None) for span in set(text)}
    # Zones of one span of months are drawn once, whatever the number of months; equal months share one array.
    drawn = {span: level_grid(zones[text == span], level[text == span], dem) for span in sorted(spans)}
    made: dict[tuple[str, ...], NDArray[np.uint8]] = {(): nothing}
    found = {}
    for month in (*MONTHS, EVERY_MONTH):
        active = tuple(span for span in drawn if month == EVERY_MONTH or month in spans[span])
        if active not in made:
            made[active] = np.pad(np.maximum.reduce([drawn[span] for span in active]), REACH).ravel()
        found[month] = made[active]
    return found


def _met(block: Block, way: shapely.LineString) -> list[tuple[str, str]]:
    """Process and months of the zones a way leads through, each once."""
    if "hazard_zones" not in block.nearby:
        return []
    zones = block.layer("hazard_zones")
    counted = exposure_factor(zone_levels(zones)) > 0.0
    through = counted & shapely.intersects(way, zones.geometry.to_numpy())
    rows = zones[through]
    return sorted(set(zip(texts(rows, "process"), texts(rows, "months"), strict=True)))


def _length_in(way: shapely.LineString, cells: NDArray[np.bool_], dem: Grid) -> float:
    """Metres of a line on cells, counted at points half a cell apart."""
    points = shapely.line_interpolate_point(way, np.arange(0.0, way.length, dem.cell_m / 2.0))
    x, y = shapely.get_x(points), shapely.get_y(points)
    row = np.clip(((dem.y_max - y) / dem.cell_m).astype(np.int64), 0, dem.shape[0] - 1)
    col = np.clip(((x - dem.x_min) / dem.cell_m).astype(np.int64), 0, dem.shape[1] - 1)
    return float(cells[row, col].mean() * way.length) if len(points) else 0.0


def _opened(surface: Surface, xy: Floats) -> Floats | None:
    """The middle of the open cell a point stands for, (1, 2); None where there is none near."""
    cell = open_cells(surface, xy[:1])
    return None if cell[0] < 0 else surface.centres(cell)


def _row_col(surface: Surface, xy: Floats) -> tuple[int, int]:
    dem = surface.dem
    return int((dem.y_max - xy[0, 1]) // dem.cell_m), int((xy[0, 0] - dem.x_min) // dem.cell_m)


def _shared_window(block: Block) -> tuple[float, float, float, float]:
    """Ground within the longest walk of the cell of the lattice a plot lies in: its neighbours walk on the same."""
    x_min, y_min, x_max, y_max = shapely.total_bounds(block.polygons)
    low = [float(np.floor(edge / LATTICE_M) * LATTICE_M - WALK_REACH_M) for edge in (x_min, y_min)]
    high = [float(np.ceil(edge / LATTICE_M) * LATTICE_M + WALK_REACH_M) for edge in (x_max, y_max)]
    return low[0], low[1], high[0], high[1]


def _home_ground(block: Block, dem: Grid) -> Surface:
    roads = block.layer("roads") if "roads" in block.nearby else None
    return walking_surface(dem, paths=roads, barriers=barrier_rivers(block), month=GROWING_MONTH)


def _service_grounds(block: Block, coarsest_m: float | None) -> tuple[Surface, Surface]:
    """Ground to walk and drive on when dry and in winter, in coarse cells."""
    heights = block.grid("dem", coarsest_m)
    if 0 in heights.shape:
        raise NotAssessed(NO_HEIGHTS)
    roads = block.layer("roads") if "roads" in block.nearby else None
    seasons = [(Walker(snow_or_mud=month == WINTER_MONTH), month) for month in (GROWING_MONTH, WINTER_MONTH)]
    dry, winter = walking_surfaces(
        heights.coarsened(LONG_WAY_CELL_M), seasons, paths=roads, barriers=barrier_rivers(block), driving=True
    )
    return dry, winter


def _to_goals(surface: Surface, goals: Floats, plots: Floats) -> tuple[Floats, NDArray[np.int64]]:
    """Minutes from each plot to the nearest goal, and which it is, -1 for none."""
    if not (open_cells(surface, goals) >= 0).any():
        return np.full(len(plots), np.nan), np.full(len(plots), -1, dtype=np.int64)
    tree = least_time(surface, goals, sign=BACK, within_minutes=MOST_TRAVEL_MIN)
    minutes = _read(surface, tree.minutes().values, plots)
    source = _read(surface, tree.source().astype(np.float64), plots)
    return minutes, np.where(np.isnan(minutes) | np.isnan(source), -1, source).astype(np.int64)


def _nearest(minutes: Floats) -> tuple[Floats, NDArray[np.int64]]:
    """The least of the minutes to several services, (1,), and which it is."""
    if np.isnan(minutes).all():
        return np.full(1, np.nan), np.full(1, -1, dtype=np.int64)
    first = int(np.nanargmin(minutes))
    return minutes[first : first + 1], np.array([first], dtype=np.int64)


def _read(surface: Surface, values: NDArray[np.floating], xy: Floats) -> Floats:
    """Values (rows, cols) at the open cells of points, float64 (n,), NaN off the grid."""
    cells = open_cells(surface, xy)
    flat = surface.padded(np.where(np.isnan(values), np.inf, values))
    read = np.where(cells >= 0, flat[np.maximum(cells, 0)], np.nan).astype(np.float64)
    return np.where(np.isinf(read), np.nan, read)
