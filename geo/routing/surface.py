"""The ground as a walker meets it: heights, kinds of cell, and the pace on each kind at each slope."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import NamedTuple, TypeVar

import geopandas as gpd
import numpy as np
import shapely
from numpy.typing import NDArray

from geo.errors import GridError, SuitabilityError
from geo.routing.kernels import surface as kernels
from geo.routing.kernels.surface import BLOCKED, DRIVEN_KM_H, FIRST_DRIVEN, MIXED, OFF_PATH, ON_PATH
from geo.routing.season import months
from geo.routing.walking import M_S_PER_KM_H, Walker
from geo.terrain.drawing import draw
from geo.terrain.grid import Grid
from geo.terrain.relief import smoothed
from geo.terrain.stencil import REACH

Number = TypeVar("Number", bound=np.generic)

ROAD_KINDS = ("footbridge", "path", "track", "gravel", "bridge", "paved")  # slowest first; the later wins a shared cell
BRIDGES = ("bridge", "footbridge")  # ways that carry over a barrier
STEEPEST = 2.0  # rise over run; steeper ground is walked as if it were this steep
SLOPE_STEP = 0.005  # rise over run between entries of the pace table; -0.05, where Tobler's speed has its kink, is one
SLOPES = np.linspace(-STEEPEST, STEEPEST, round(2 * STEEPEST / SLOPE_STEP) + 1)

ROUNDING = 1e-4  # ratio by which least paces are lowered; a hundred times what rounding of heights can make of a slope


class Ground(NamedTuple):
    """Arrays of a surface as compiled kernels take them, flat over the cells padded by ``REACH`` blocked cells.

    height : float32, metres; beside known heights, unknown ones are the mean of the known ones around them, since moves
    along them read heights between two cells. kind : uint8, row of ``pace``, 0 = blocked. around : uint8, the kind of
    every cell within reach of a move, ``MIXED`` where they differ or are blocked. pace : float64 (kinds, 2 * slopes),
    s/m of horizontal distance at each slope, and how much more it is at the next. least : float32 (kinds + 1, slopes -
    1), s/m that no move beats whose ends are this steep one above the other, by what lies ``around`` its start.
    cell_m : side of a cell.
    """

    height: NDArray[np.float32]
    kind: NDArray[np.uint8]
    around: NDArray[np.uint8]
    pace: NDArray[np.float64]
    least: NDArray[np.float32]
    cell_m: float


@dataclass(frozen=True, slots=True)
class Surface:
    """A ground to walk on, and the height grid it was made of."""

    ground: Ground
    dem: Grid

    @property
    def width(self) -> int:
        """Columns of the padded arrays."""
        return self.dem.shape[1] + 2 * REACH

    def padded_cells(self, xy: NDArray[np.float64]) -> NDArray[np.int64]:
        """Return the cell under each point.

        Parameters
        ----------
        xy : float64 (n, 2), metres in EPSG:32642

        Returns
        -------
        int64 (n,), flat padded index, -1 outside the grid or where x or y is NaN
        """
        cells = self.dem.cells_under(xy)
        row, col = np.divmod(np.maximum(cells, 0), max(self.dem.shape[1], 1))
        return np.where(cells >= 0, (row + REACH) * self.width + col + REACH, -1)

    def inner_cells(self) -> NDArray[np.int64]:
        """Return every cell of the height grid, row by row.

        Returns
        -------
        int64 (rows * cols,), flat padded index
        """
        rows, cols = self.dem.shape
        return np.add.outer((np.arange(rows) + REACH) * self.width, np.arange(cols) + REACH).ravel()

    def centres(self, cells: NDArray[np.int64]) -> NDArray[np.float64]:
        """Return the centres of padded cells.

        Parameters
        ----------
        cells : int64 (n,), flat padded index

        Returns
        -------
        float64 (n, 2), x and y, metres in EPSG:32642
        """
        row, col = np.divmod(cells, self.width)
        x = self.dem.x_min + (col - REACH + 0.5) * self.dem.cell_m
        return np.column_stack([x, self.dem.y_max - (row - REACH + 0.5) * self.dem.cell_m])

    def unpadded(self, flat: NDArray[Number]) -> NDArray[Number]:
        """Return a padded array on the cells of the height grid.

        Parameters
        ----------
        flat : values over the padded cells

        Returns
        -------
        the same type, (rows, cols)
        """
        return np.ascontiguousarray(flat.reshape(-1, self.width)[REACH:-REACH, REACH:-REACH])

    def padded(self, values: NDArray[np.floating]) -> NDArray[np.float32]:
        """Return values on the height grid as a padded array.

        Parameters
        ----------
        values : (rows, cols) on the cells of the height grid

        Returns
        -------
        float32, flat over the padded cells, 0 in the margin

        Raises
        ------
        GridError : the values are not on the cells of the height grid.
        """
        if values.shape != self.dem.shape:
            raise GridError(f"expected values on {self.dem.shape} cells, got {values.shape}")
        return np.pad(values.astype(np.float32), REACH).ravel()


def burned(frame: gpd.GeoDataFrame, dem: Grid) -> NDArray[np.bool_]:
    """Return the cells that geometries touch.

    Parameters
    ----------
    frame : geometries in EPSG:32642; a missing or empty one touches none
    dem : where the cells lie

    Returns
    -------
    bool (rows, cols)
    """
    return np.asarray(draw([(frame.geometry.to_numpy(), 1)], dem, all_touched=True) == 1)


def _open_roads(roads: gpd.GeoDataFrame, month: int | None) -> NDArray[np.bool_]:
    """Which roads are open in ``month``; refuses those of an unknown kind."""
    unknown = set(roads["kind"]) - set(ROAD_KINDS)
    if unknown:
        raise SuitabilityError(
            f"road kind must be one of {', '.join(ROAD_KINDS)}, got '{sorted(map(str, unknown))[0]}'"
        )
    if month is None or "closed_months" not in roads.columns:
        return np.ones(len(roads), dtype=np.bool_)
    stated = roads["closed_months"].astype(object).where(roads["closed_months"].notna(), None)
    closed = {text: month in months(text, unstated=frozenset()) for text in set(stated)}
    return np.array([not closed[text] for text in stated], dtype=np.bool_)


def walking_surface(
    dem: Grid,
    *,
    walker: Walker | None = None,
    paths: gpd.GeoDataFrame | None = None,
    barriers: gpd.GeoDataFrame | None = None,
    driving: bool = False,
    month: int | None = None,
    carried_over: Collection[str] = BRIDGES,
) -> Surface:
    """Return the surface ``least_time`` finds ways on.

    Parameters
    ----------
    dem : heights in metres; cells without a height are blocked. Slopes are taken from ``smoothed`` heights, because
        noise between neighbouring cells reads as slope.
    walker : who walks; the default ``Walker``.
    paths : lines in EPSG:32642 with ``kind`` (footbridge, path, track, gravel, bridge, paved) and, if known,
        ``closed_months``; the cells they touch are walked at the speed on paths, others at the speed off them.
    barriers : lines or polygons in EPSG:32642, such as rivers; the cells they touch are blocked.
    driving : on roads that carry cars, go at ``DRIVEN_KM_H`` instead of walking.
    month : leave out the ways closed in this month (1-12); None leaves out none.
    carried_over : kinds of way that lead across barriers. Water next to a bridge is opened one cell around it, since a
        barrier burned into cells is wider than its line.

    Returns
    -------
    ground over the cells of ``dem``, padded

    Raises
    ------
    GridError : the height grid has more than one band or cells without a size.
    SuitabilityError : a road of unknown kind, or closed months that cannot be read.
    """
    walker = Walker() if walker is None else walker
    return walking_surfaces(
        dem, [(walker, month)], paths=paths, barriers=barriers, driving=driving, carried_over=carried_over
    )[0]


def walking_surfaces(
    dem: Grid,
    seasons: Sequence[tuple[Walker, int | None]],
    *,
    paths: gpd.GeoDataFrame | None = None,
    barriers: gpd.GeoDataFrame | None = None,
    driving: bool = False,
    carried_over: Collection[str] = BRIDGES,
) -> list[Surface]:
    """Return ``walking_surface`` for several walkers and months; what they have in common is made once.

    Parameters
    ----------
    dem : heights in metres; as ``walking_surface``
    seasons : who walks, and the month whose closed ways are left out
    paths : as ``walking_surface``
    barriers : as ``walking_surface``
    driving : as ``walking_surface``
    carried_over : as ``walking_surface``

    Returns
    -------
    one surface of each season, in order

    Raises
    ------
    GridError, SuitabilityError : as ``walking_surface``.
    """
    height = smoothed(dem).values
    filled, steepest_m = kernels.fill_unknown(np.pad(height, REACH, constant_values=np.nan))
    kinds: dict[bytes, tuple[NDArray[np.uint8], NDArray[np.uint8]]] = {}
    found = []
    for walker, month in seasons:
        roads, opened = None, b""
        if paths is not None and not paths.empty:
            is_open = _open_roads(paths, month)
            roads, opened = paths[is_open], is_open.tobytes()
        if opened not in kinds:
            kind = np.pad(_kinds(dem, height, roads, barriers, carried_over, driving=driving), REACH)
            kinds[opened] = kind.ravel(), kernels.kinds_around(kind).ravel()
        pace = _paces(walker, driving=driving)
        least = _least_paces(pace, steepest_m / dem.cell_m)
        found.append(Surface(Ground(filled.ravel(), *kinds[opened], _with_rises(pace), least, dem.cell_m), dem))
    return found


def _kinds(
    dem: Grid,
    height: NDArray[np.float32],
    roads: gpd.GeoDataFrame | None,
    barriers: gpd.GeoDataFrame | None,
    carried_over: Collection[str],
    *,
    driving: bool,
) -> NDArray[np.uint8]:
    """Kind of each cell, uint8 (rows, cols)."""
    kind = np.full(dem.shape, OFF_PATH, dtype=np.uint8)
    if roads is not None:
        lines, named = roads.geometry.to_numpy(), roads["kind"].to_numpy(dtype=object)
        drawn = draw(
            [(lines[named == name], _code(name, driving=driving)) for name in ROAD_KINDS], dem, all_touched=True
        )
        kind[drawn > 0] = drawn[drawn > 0]
    if barriers is not None and not barriers.empty:
        shut = burned(barriers, dem)
        if roads is not None:
            around = shapely.buffer(lines[np.isin(named, list(carried_over))], dem.cell_m)
            shut &= draw([(around, 1)], dem, all_touched=True) == 0
        kind[shut] = BLOCKED
    kind[np.isnan(height)] = BLOCKED
    return kind


def _code(road: str, *, driving: bool) -> int:
    """Kind of the cells of a kind of road."""
    return FIRST_DRIVEN + list(DRIVEN_KM_H).index(road) if driving and road in DRIVEN_KM_H else ON_PATH


def _paces(walker: Walker, *, driving: bool) -> NDArray[np.float32]:
    """Paces of each kind of cell at each slope, s/m, infinite where nobody goes."""
    pace = np.full((FIRST_DRIVEN + len(DRIVEN_KM_H), len(SLOPES)), np.inf)
    pace[OFF_PATH] = 1.0 / walker.speed_m_s(SLOPES, off_path=True)
    pace[ON_PATH] = 1.0 / walker.speed_m_s(SLOPES)
    if driving:
        for number, speed_km_h in enumerate(DRIVEN_KM_H.values()):
            pace[FIRST_DRIVEN + number] = 1.0 / (speed_km_h * M_S_PER_KM_H)
    return pace.astype(np.float32)


def _with_rises(pace: NDArray[np.float32]) -> NDArray[np.float64]:
    """The table of paces as ``Ground`` keeps it, of paces in single precision."""
    table = np.zeros((*pace.shape, 2))
    table[:, :, 0] = pace
    known = np.isfinite(pace).all(axis=1)
    table[known, :-1, 1] = np.diff(pace[known], axis=1)
    # So that the steepest slope needs no case of its own.
    table[known, -1, 0] = table[known, -2].sum(axis=1)
    return table.reshape(len(pace), -1)


def _least_paces(pace: NDArray[np.float32], steepest: float) -> NDArray[np.float32]:
    """Least paces by the slope between the ends of a move, see ``Ground``.

    The slopes of the steps of a move average to the slope between its ends, so by Jensen's inequality its pace is no
    less than the largest convex function below the paces, at that slope. ``steepest`` : rise over run that no step
    exceeds; the narrower the range of slopes, the closer that function.
    """
    reach = steepest * (1.0 + ROUNDING)
    level = len(SLOPES) // 2
    most = min(int(reach / SLOPE_STEP) + 1, level)
    inside = slice(level - most, level + most + 1)
    beyond = max(reach, STEEPEST + SLOPE_STEP)  # steeper ground is walked at the pace of the steepest in the table
    slopes = SLOPES[inside] if most < level else np.concatenate([[-beyond], SLOPES, [beyond]])
    lowest = np.min(pace[np.isfinite(pace).all(axis=1)], axis=0)
    least = np.full((len(pace) + 1, len(SLOPES) - 1), lowest.min(), dtype=np.float64)
    for kind in range(OFF_PATH, len(least)):
        paces = (lowest if kind == MIXED else pace[kind])[inside].astype(np.float64)
        if np.isfinite(paces).all():
            at, low = kernels.convex_below(slopes, paces if most < level else np.pad(paces, 1, mode="edge"))
            between = np.interp(SLOPES, at, low)
            least[kind] = np.minimum(between[:-1], between[1:])
            # Ends farther apart than the table has slopes are looked up at its edge.
            least[kind, [0, -1]] = np.minimum(least[kind, [0, -1]], [low[0], low[-1]])
    return (least * (1.0 - ROUNDING)).astype(np.float32)
