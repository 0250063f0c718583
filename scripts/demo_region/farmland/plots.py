"""Plots: strips cut from the blocks, small near the villages, larger away from them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import shapely
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from scripts.demo_region.farmland.blocks import Blocks
from scripts.demo_region.farmland.mesh import Mesh
from scripts.demo_region.ground.canals import STEP_M

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

HOUSEHOLD, PRESIDENTIAL, DEHKAN, RESERVE = range(4)
FORMS = np.array(["household", "presidential", "dehkan", "reserve"])

# Median length down the slope and width along the canal of a plot, m. Sizes after domain reference 2.3: household
# median 0.12 ha, presidential 0.20 ha, dehkan 2.5 ha; defaults to calibrate with a cadastre.
STRIP_M = np.array([[52.0, 29.0], [98.0, 26.0], [320.0, 96.0], [190.0, 130.0]])
WIDTH_SPREAD = 0.28  # standard deviation of the logarithm of a row's strip width
SMALLEST_HA, LARGEST_HA = 0.03, 15.0  # ha; domain reference 2.3
GROUP_M = 190.0  # m along a canal that share one land form
GARDENS_M, FAMILY_FIELDS_M = 340.0, 620.0  # m from a village: household plots within, presidential within

PATH_M = 3.0  # m between rows of plots
BUND_M = 1.0  # m between plots of a row
VILLAGE_CORE_M, TOWN_CORE_M = 85.0, 260.0  # m; radius of what is built up, default of the demo
CANAL_M = 9.0  # m kept free along a main canal


class Homes(NamedTuple):
    """Villages and towns: x, y (m); factor on how far their gardens reach; radius of what is built up (m)."""

    xy: Floats
    size: Floats
    core_m: Floats


@dataclass(frozen=True, slots=True)
class Plots:
    """Plots as they were cut: polygons (EPSG:32642), area (ha), land form, and where they lie.

    block : index of the block. s, t : canal point and distance of the plot's middle, m. terraced : cut along the
    contour, as terraces are.
    """

    shape: NDArray[np.object_]
    area_ha: Floats
    form: Ints
    block: Ints
    s: Floats
    t: Floats

    def __len__(self) -> int:
        """Return the number of plots."""
        return len(self.block)

    def middles(self) -> tuple[Floats, Floats]:
        """Return x and y of the plots' middles, m."""
        points = shapely.centroid(self.shape)
        return np.asarray(shapely.get_x(points)), np.asarray(shapely.get_y(points))

    def take(self, rows: NDArray[np.bool_] | Ints) -> Plots:
        """Return some of the plots."""
        return Plots(
            self.shape[rows], self.area_ha[rows], self.form[rows], self.block[rows], self.s[rows], self.t[rows]
        )


def cut(
    mesh: Mesh,
    land: Blocks,
    homes: Homes,
    rng: np.random.Generator,
    *,
    up: bool,
    crowding: float,
) -> Plots:
    """Cut blocks into plots and return them, block after block.

    up : the blocks lie above the canal. crowding : 0 where land is plentiful to 1 where nearly all of it is small
    plots. Plots that lines of descent do not reach, or that come out misshapen, are left out.
    """
    group, s0, s1, t0, t1 = _groups(land)
    form = _forms(mesh, s0, s1, t0, t1, homes, rng, up=up, crowding=crowding)
    strips = _strips(mesh, group, s0, s1, t0, t1, form, rng, 1.0 - 0.35 * crowding)
    away, nearest = cKDTree(homes.xy).query(np.column_stack(strips.middles()))
    strips = strips.take(away > homes.core_m[nearest])
    return strips.take(_apart(strips.shape))


def _groups(land: Blocks) -> tuple[Ints, Floats, Floats, Floats, Floats]:
    """Cut blocks along the canal into groups of one land form: block of each, and its sides."""
    count = np.maximum(1, np.round((land.s1 - land.s0) * STEP_M / GROUP_M)).astype(np.int64)
    block = np.repeat(np.arange(len(land)), count)
    place = np.arange(count.sum()) - np.repeat(np.cumsum(count) - count, count)
    side = (land.s1 - land.s0)[block] / count[block]
    s0 = land.s0[block] + place * side
    return block, s0, s0 + side, land.t0[block], land.t1[block]


def _forms(
    mesh: Mesh,
    s0: Floats,
    s1: Floats,
    t0: Floats,
    t1: Floats,
    homes: Homes,
    rng: np.random.Generator,
    *,
    up: bool,
    crowding: float,
) -> Ints:
    """Land form of each group, by its distance to the nearest village."""
    middle = np.column_stack(mesh.at((s0 + s1) / 2, (t0 + t1) / 2))
    distance, nearest = cKDTree(homes.xy).query(middle)
    away = distance / homes.size[nearest] * np.exp(rng.normal(0.0, 0.12, len(s0))) / (1.0 + crowding)
    dice = rng.random(len(s0))
    few, many = (0.10, 0.90) if not up else (0.15, 0.70)
    few += 0.6 * crowding
    outer = np.select([dice < few, dice < max(many, few)], [PRESIDENTIAL, DEHKAN], RESERVE)
    family = np.select([dice < 0.62 + 0.25 * crowding, dice < 0.95], [PRESIDENTIAL, DEHKAN], RESERVE)
    gardens = np.where(dice < 0.90, HOUSEHOLD, PRESIDENTIAL)
    return np.select([away < GARDENS_M, away < FAMILY_FIELDS_M], [gardens, family], outer)


def _strips(
    mesh: Mesh,
    block: Ints,
    s0: Floats,
    s1: Floats,
    t0: Floats,
    t1: Floats,
    form: Ints,
    rng: np.random.Generator,
    scale: float,
) -> Plots:
    length, width = (STRIP_M[form] * np.sqrt(scale)).T
    rows = np.maximum(1, np.round((t1 - t0) / length)).astype(np.int64)
    group = np.repeat(np.arange(len(block)), rows)
    place = np.arange(rows.sum()) - np.repeat(np.cumsum(rows) - rows, rows)
    high = (t1 - t0)[group] / rows[group]
    top = t0[group] + place * high
    row_width = width[group] * np.exp(rng.normal(0.0, WIDTH_SPREAD, len(group)))
    along = (s1 - s0)[group] * STEP_M
    strips = np.maximum(1, np.round(along / row_width)).astype(np.int64)
    row = np.repeat(np.arange(len(group)), strips)
    weight = rng.uniform(0.7, 1.3, len(row))
    ends = np.cumsum(weight)
    last = np.cumsum(strips) - 1
    before = np.concatenate([[0.0], ends[last[:-1]]])
    total = ends[last] - before
    right = (ends - before[row]) / total[row]
    left = right - weight / total[row]

    of_group = group[row]
    span = (s1 - s0)[of_group]
    bund = 0.5 * BUND_M / STEP_M
    edge_left = bund + np.where(left < 1e-9, PATH_M / STEP_M, 0.0)
    edge_right = bund + np.where(right > 1 - 1e-9, PATH_M / STEP_M, 0.0)
    a = s0[of_group] + left * span + edge_left
    b = s0[of_group] + right * span - edge_right
    upper = top[row] + np.where(top[row] < 1.0, CANAL_M, 0.5 * PATH_M)
    lower = top[row] + high[row] - 0.5 * PATH_M
    reach = np.minimum(mesh.length_at(a), mesh.length_at(b))
    reach = np.minimum(reach, mesh.length_at((a + b) / 2))
    fits = (reach - upper >= 0.55 * (lower - upper)) & (b > a)
    a, b, upper = a[fits], b[fits], upper[fits]
    lower = np.minimum(lower, reach)[fits]
    shape, area_ha = _polygons(mesh, a, b, upper, lower)
    kept = shapely.is_valid(shape) & (area_ha >= SMALLEST_HA) & (area_ha <= LARGEST_HA)
    return Plots(
        shape[kept],
        area_ha[kept],
        form[of_group[fits]][kept],
        block[of_group[fits]][kept],
        ((a + b) / 2)[kept],
        ((upper + lower) / 2)[kept],
    )


def _apart(shape: NDArray[np.object_]) -> NDArray[np.bool_]:
    """Leave out the few plots that run into a neighbour where a canal bends sharply."""
    first, second = shapely.STRtree(shape).query(shape)
    pair = first < second
    first, second = first[pair], second[pair]
    apart = np.ones(len(shape), dtype=np.bool_)
    apart[second[shapely.overlaps(shape[first], shape[second])]] = False
    return apart


def _polygons(mesh: Mesh, a: Floats, b: Floats, upper: Floats, lower: Floats) -> tuple[NDArray[np.object_], Floats]:
    """Polygons between canal points a and b and distances upper and lower, corners and middles of the sides."""
    middle, half = (a + b) / 2, (upper + lower) / 2
    s = np.column_stack([a, middle, b, b, b, middle, a, a, a])
    t = np.column_stack([upper, upper, upper, half, lower, lower, lower, half, upper])
    x, y = mesh.at(s, t)
    doubled = np.sum(x[:, :-1] * y[:, 1:] - x[:, 1:] * y[:, :-1], axis=1)
    return np.asarray(shapely.polygons(np.stack([x, y], axis=-1))), np.abs(doubled) / 2e4
