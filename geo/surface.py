"""The ground as a walker meets it: heights, kinds of cell, and the pace on each kind at each slope."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import NamedTuple, TypeVar

import geopandas as gpd
import numpy as np
from numpy.typing import NDArray
from rasterio.features import rasterize
from rasterio.transform import from_origin
from scipy.ndimage import maximum_filter, minimum_filter

from geo.errors import GridError, SuitabilityError
from geo.grid import Grid
from geo.season import months
from geo.stencil import REACH
from geo.terrain import smoothed
from geo.walking import M_S_PER_KM_H, Walker

Number = TypeVar("Number", bound=np.generic)

DRIVEN_KM_H = {"track": 15.0, "gravel": 25.0, "bridge": 25.0, "paved": 40.0}  # km/h, defaults to calibrate
ROAD_KINDS = ("footbridge", "path", "track", "gravel", "bridge", "paved")  # slowest first; the later wins a shared cell
BRIDGES = ("bridge", "footbridge")  # ways that carry over a barrier
STEEPEST = 2.0  # rise over run; steeper ground is walked as if it were this steep
SLOPE_STEP = 0.005  # rise over run between entries of the pace table; -0.05, where Tobler's speed has its kink, is one
SLOPES = np.linspace(-STEEPEST, STEEPEST, round(2 * STEEPEST / SLOPE_STEP) + 1)

BLOCKED, OFF_PATH, ON_PATH, FIRST_DRIVEN = 0, 1, 2, 3  # kinds of cell, rows of the pace table


class Ground(NamedTuple):
    """Arrays of a surface as compiled kernels take them, flat over the cells padded by ``REACH`` blocked cells.

    height : float32, metres. kind : uint8, row of ``pace``, 0 = blocked. alike : bool, every cell within reach of a
    move is of the same kind. pace : float32 (kinds, slopes), s/m of horizontal distance. cell_m : side of a cell.
    """

    height: NDArray[np.float32]
    kind: NDArray[np.uint8]
    alike: NDArray[np.bool_]
    pace: NDArray[np.float32]
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
        """Flat padded index of the cell under each point, int64 (n,), -1 outside the grid or where x or y is NaN."""
        rows, cols = self.dem.shape
        with np.errstate(invalid="ignore"):
            row = np.floor((self.dem.y_max - xy[:, 1]) / self.dem.cell_m)
            col = np.floor((xy[:, 0] - self.dem.x_min) / self.dem.cell_m)
            inside = (row >= 0) & (row < rows) & (col >= 0) & (col < cols)
        row, col = np.where(inside, row, 0).astype(np.int64), np.where(inside, col, 0).astype(np.int64)
        return np.where(inside, (row + REACH) * self.width + col + REACH, -1)

    def centres(self, cells: NDArray[np.int64]) -> NDArray[np.float64]:
        """Centres x, y of padded cells, float64 (n, 2), metres in EPSG:32642."""
        row, col = np.divmod(cells, self.width)
        x = self.dem.x_min + (col - REACH + 0.5) * self.dem.cell_m
        return np.column_stack([x, self.dem.y_max - (row - REACH + 0.5) * self.dem.cell_m])

    def unpadded(self, flat: NDArray[Number]) -> NDArray[Number]:
        """A flat padded array on the cells of the height grid, (rows, cols)."""
        return np.ascontiguousarray(flat.reshape(-1, self.width)[REACH:-REACH, REACH:-REACH])

    def padded(self, values: NDArray[np.floating]) -> NDArray[np.float32]:
        """Values (rows, cols) on the height grid as a flat padded array, 0 in the margin.

        Raises
        ------
        GridError : the values are not on the cells of the height grid.
        """
        if values.shape != self.dem.shape:
            raise GridError(f"expected values on {self.dem.shape} cells, got {values.shape}")
        return np.pad(values.astype(np.float32), REACH).ravel()


def burned(frame: gpd.GeoDataFrame, dem: Grid) -> NDArray[np.bool_]:
    """Cells of ``dem`` that geometries of ``frame`` touch, bool (rows, cols)."""
    shapes = [shape for shape in frame.geometry if shape is not None and not shape.is_empty]
    if not shapes:
        return np.zeros(dem.shape, dtype=np.bool_)
    transform = from_origin(dem.x_min, dem.y_max, dem.cell_m, dem.cell_m)
    touched = rasterize(shapes, out_shape=dem.shape, transform=transform, all_touched=True, dtype="uint8")
    return np.asarray(touched == 1)


def _open_roads(roads: gpd.GeoDataFrame, month: int | None) -> gpd.GeoDataFrame:
    """Roads of a known kind that are open in ``month``."""
    unknown = set(roads["kind"]) - set(ROAD_KINDS)
    if unknown:
        raise SuitabilityError(
            f"road kind must be one of {', '.join(ROAD_KINDS)}, got '{sorted(map(str, unknown))[0]}'"
        )
    if month is None or "closed_months" not in roads.columns:
        return roads
    stated = roads["closed_months"].astype(object).where(roads["closed_months"].notna(), None)
    return roads[[month not in months(text, unstated=frozenset()) for text in stated]]


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
    """The surface ``least_time`` finds ways on.

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

    Raises
    ------
    GridError : the height grid has more than one band or cells without a size.
    SuitabilityError : a road of unknown kind, or closed months that cannot be read.
    """
    walker = Walker() if walker is None else walker
    height = smoothed(dem).values
    kind = np.full(dem.shape, OFF_PATH, dtype=np.uint8)
    roads = None if paths is None or paths.empty else _open_roads(paths, month)
    if roads is not None:
        for name in ROAD_KINDS:
            code = FIRST_DRIVEN + list(DRIVEN_KM_H).index(name) if driving and name in DRIVEN_KM_H else ON_PATH
            kind[burned(roads[roads["kind"] == name], dem)] = code
    if barriers is not None and not barriers.empty:
        shut = burned(barriers, dem)
        if roads is not None:
            over = roads[roads["kind"].isin(list(carried_over))]
            around = over.set_geometry(over.geometry.buffer(dem.cell_m))
            shut &= ~burned(around, dem)
        kind[shut] = BLOCKED
    kind[np.isnan(height)] = BLOCKED
    pace = np.full((FIRST_DRIVEN + len(DRIVEN_KM_H), len(SLOPES)), np.inf)
    pace[OFF_PATH] = 1.0 / walker.speed_m_s(SLOPES, off_path=True)
    pace[ON_PATH] = 1.0 / walker.speed_m_s(SLOPES)
    if driving:
        for number, speed_km_h in enumerate(DRIVEN_KM_H.values()):
            pace[FIRST_DRIVEN + number] = 1.0 / (speed_km_h * M_S_PER_KM_H)
    kind = np.pad(kind, REACH)
    size = 2 * REACH + 1
    least = minimum_filter(kind, size)
    alike = (least == maximum_filter(kind, size)) & (least != BLOCKED)
    ground = Ground(
        height=np.pad(np.nan_to_num(height), REACH).ravel(),
        kind=kind.ravel(),
        alike=alike.ravel(),
        pace=pace.astype(np.float32),
        cell_m=dem.cell_m,
    )
    return Surface(ground, dem)
