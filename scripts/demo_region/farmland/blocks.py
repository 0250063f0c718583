"""Blocks of farmland below and above the canals: what one outlet waters, before it is cut into plots."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import shapely
from numpy.typing import NDArray

from scripts.demo_region.farmland.mesh import Mesh
from scripts.demo_region.ground.canals import MainCanal
from scripts.demo_region.places import Setting

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

BAND_M = 0.34  # of the setting's band: height of one block, from a distributary to the next
BLOCK_M = 0.85  # of the setting's band: length of one block along its canal
SHALLOWEST_M = 90.0  # m; a strip of land below a canal that is narrower is left alone
LEAST_WATERED = 0.5  # share of a block's length a distributary must reach, or the block is not watered
SIDE_POINTS = 14  # points along each long side of a block's outline


@dataclass(frozen=True, slots=True)
class Blocks:
    """Blocks along one canal, downstream, then away from the canal.

    stretch : number of the block along it. band : 0 at the canal. s0, s1 : canal points (index into the mesh) it lies
    between. t0, t1 : distance from the canal, m. share : place along the canal, 0 at the intake, 1 at the end.
    """

    stretch: Ints
    band: Ints
    s0: Floats
    s1: Floats
    t0: Floats
    t1: Floats
    share: Floats

    def __len__(self) -> int:
        """Return the number of blocks."""
        return len(self.stretch)

    def take(self, rows: NDArray[np.bool_] | Ints) -> Blocks:
        """Return some of the blocks."""
        return Blocks(*(getattr(self, name)[rows] for name in self.__slots__))


def blocks(mesh: Mesh, canal: MainCanal, setting: Setting, rng: np.random.Generator, *, up: bool) -> Blocks:
    """Return the blocks below (or above) the canal whose lines ``mesh`` holds."""
    rows: list[tuple[float, ...]] = []
    count = max(1, round(canal.length_m / (BLOCK_M * setting.band_m)))
    cuts = np.linspace(0, len(canal.x) - 1, count + 1)
    cuts[1:-1] += rng.uniform(-0.2, 0.2, count - 1) * cuts[1]
    for stretch in range(count):
        s0, s1 = cuts[stretch], cuts[stretch + 1]
        lengths = mesh.length_m[int(s0) : int(s1) + 1]
        deep = float(np.quantile(lengths, 0.8))
        if deep < SHALLOWEST_M or np.median(lengths) < 0.5 * SHALLOWEST_M:
            continue
        bands = 1 if up else max(1, round(deep / (BAND_M * setting.band_m)))
        edges = np.linspace(0.0, deep, bands + 1)
        share = (stretch + 0.5) / count
        for band in range(bands):
            # A lower block is watered by a distributary that starts at s0 and runs on while the lines reach it.
            if band == 0 or _unbroken(lengths, edges[band]) >= LEAST_WATERED:
                rows.append((stretch, band, s0, s1, edges[band], edges[band + 1], share))
    columns = np.array(rows, dtype=np.float64).reshape(-1, 7).T
    return Blocks(*columns[:2].astype(np.int64), *columns[2:])


def _unbroken(lengths: Floats, t: float) -> float:
    """Share of a row of lines, from the first on, that all reach a distance t (m) from the canal."""
    short = np.flatnonzero(lengths < t)
    return float(short[0] / len(lengths)) if len(short) else 1.0


def watered_to(mesh: Mesh, land: Blocks) -> Floats:
    """Return the canal point up to which the lines of each block reach its upper side without a break."""
    reached = [
        _unbroken(mesh.length_m[int(a) : int(b) + 1], t) for a, b, t in zip(land.s0, land.s1, land.t0, strict=True)
    ]
    return land.s0 + np.array(reached, dtype=np.float64) * (land.s1 - land.s0)


def outlines(mesh: Mesh, land: Blocks) -> NDArray[np.object_]:
    """Return the outlines of blocks as polygons, cut off where their lines end; EPSG:32642."""
    across = np.linspace(0.0, 1.0, SIDE_POINTS)
    point = land.s0[:, None] + (land.s1 - land.s0)[:, None] * across
    top = mesh.at(point, np.minimum(land.t0[:, None] + 4.0, mesh.length_at(point)))
    low = mesh.at(point, np.minimum(land.t1[:, None], np.maximum(mesh.length_at(point), 5.0)))
    x = np.concatenate([top[0], low[0][:, ::-1]], axis=1)
    y = np.concatenate([top[1], low[1][:, ::-1]], axis=1)
    shapes = np.asarray(shapely.polygons(np.stack([x, y], axis=-1)))
    return np.where(shapely.is_valid(shapes), shapes, shapely.buffer(shapes, 0.0))


def lines(mesh: Mesh, s0: Floats, s1: Floats, t0: Floats, t1: Floats, points: int = SIDE_POINTS) -> NDArray[np.object_]:
    """Return lines from (s0, t0) to (s1, t1), cut off where the lines of the mesh end; EPSG:32642."""
    along = np.linspace(0.0, 1.0, points)
    s = s0[:, None] + (s1 - s0)[:, None] * along
    t = np.minimum(t0[:, None] + (t1 - t0)[:, None] * along, np.maximum(mesh.length_at(s), 1.0))
    return np.asarray(shapely.linestrings(np.stack(mesh.at(s, t), axis=-1)))
