"""Farms: canals are taken up one by one, nearest the district's centre first, until the plots wanted are cut."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from scripts.demo_region.farmland import blocks as land
from scripts.demo_region.farmland.blocks import Blocks
from scripts.demo_region.farmland.mesh import Claims, Mesh, claims, mesh
from scripts.demo_region.farmland.plots import TOWN_CORE_M, VILLAGE_CORE_M, Homes, Plots, cut
from scripts.demo_region.ground.canals import STEP_M, MainCanal, Slopes, main_canals
from scripts.demo_region.ground.districts import Division
from scripts.demo_region.ground.fields import chance
from scripts.demo_region.ground.rivers import Stream
from scripts.demo_region.ground.terrain import Ground
from scripts.demo_region.places import Area

Floats = NDArray[np.float64]

STEEPEST_IRRIGATED = 0.28  # m/m; lines of descent below a canal end where the ground is steeper
STEEPEST_RAINFED = 0.45  # m/m; likewise above it
ABOVE_M = (300.0, 950.0)  # m farmed above a canal, where land is plentiful and where it is crowded
VILLAGE_EVERY_M = (2_600.0, 1_700.0)  # m between villages along a canal, likewise
VILLAGE_OFF_M = 90.0  # m from the canal to the middle of a village, above it where there is room
TOWN_SIZE = 1.7  # factor on the distances gardens reach, for towns


@dataclass(frozen=True, slots=True)
class Farm:
    """One canal with all it waters and what lies above it.

    below, above : lines down and up the slope. fields, slopes_above : blocks on them. plots, rainfed : plots of each.
    villages : x, y (m) of the villages founded along the canal; village_s : canal point of each.
    """

    canal: MainCanal
    below: Mesh
    above: Mesh
    fields: Blocks
    slopes_above: Blocks
    plots: Plots
    rainfed: Plots
    villages: Floats
    village_s: Floats

    @property
    def count(self) -> int:
        """Number of plots."""
        return len(self.plots) + len(self.rainfed)

    def trimmed(self, excess: int) -> Farm:
        """Return the farm without its last plots, those farthest down the canal, and what lay beyond them."""
        s = np.concatenate([self.plots.s, self.rainfed.s])
        kept = np.zeros(len(s), dtype=np.bool_)
        kept[np.argsort(s, kind="stable")[: len(s) - excess]] = True
        first = len(self.plots)
        here = self.village_s <= s[kept].max()
        return replace(
            self,
            plots=self.plots.take(kept[:first]),
            rainfed=self.rainfed.take(kept[first:]),
            villages=self.villages[here],
            village_s=self.village_s[here],
        )


def used(land: Blocks, plots: Plots) -> Blocks:
    """Return the blocks of the stretches that have a plot."""
    return land.take(np.isin(land.stretch, np.unique(land.stretch[plots.block])))


@dataclass(frozen=True, slots=True)
class Demand:
    """How many plots each district is to have, where its centre lies and which towns it has (x, y in m)."""

    wanted: int
    centre: tuple[float, float]
    towns: Floats


@dataclass(frozen=True, slots=True)
class Country:
    """What farms are laid on: ground, its slopes, rivers that feed canals, those no field crosses, and districts."""

    area: Area
    ground: Ground
    slopes: Slopes
    feeding: list[Stream]
    streams: list[Stream]
    division: Division


def farms(
    country: Country,
    demands: list[Demand],
    villages: Floats | None,
    crowding: float,
    seed: int,
) -> list[list[Farm]]:
    """Return the farms of each district of an area.

    villages : x, y (m) of real villages to farm from; None = villages are founded along the canals. crowding : 0
    plentiful land to 1 crowded.
    What a district has no land for is asked of the next one; what the last one lacks is missing from the result.
    """
    canals = main_canals(country.area, country.ground, country.slopes, country.feeding, crowding, seed)
    taken = claims(country.ground, canals, country.streams)
    middle = np.array([(canal.x[len(canal.x) // 2], canal.y[len(canal.x) // 2]) for canal in canals]).reshape(-1, 2)
    of_canal = country.division.district_at(middle[:, 0], middle[:, 1])
    found: list[list[Farm]] = []
    left = 0
    for index, demand in enumerate(demands):
        mine = np.flatnonzero(of_canal == index)
        away = np.hypot(middle[mine, 0] - demand.centre[0], middle[mine, 1] - demand.centre[1])
        known = demand.towns if villages is None else villages
        chosen: list[Farm] = []
        left += demand.wanted
        for number in mine[np.argsort(away, kind="stable")]:
            if left <= 0:
                break
            farm = _farm(country, index, canals[number], int(number), taken, known, villages is None, crowding, seed)
            if not farm.count:
                continue
            if villages is None:
                known = np.concatenate([known, farm.villages])
            chosen.append(farm if farm.count <= left else farm.trimmed(farm.count - left))
            left -= chosen[-1].count
        found.append(chosen)
    return found


def _farm(
    country: Country,
    district: int,
    canal: MainCanal,
    number: int,
    taken: Claims,
    known: Floats,
    found_villages: bool,
    crowding: float,
    seed: int,
) -> Farm:
    setting = country.area.setting
    rng = chance(seed, f"farm {country.area.id} {number}")
    below = mesh(canal, number, country.slopes, taken, reach_m=setting.band_m, up=False, steepest=STEEPEST_IRRIGATED)
    reach = ABOVE_M[0] + crowding * (ABOVE_M[1] - ABOVE_M[0])
    above = mesh(canal, number, country.slopes, taken, reach_m=reach, up=True, steepest=STEEPEST_RAINFED)
    fields = land.blocks(below, canal, setting, rng, up=False)
    slopes_above = land.blocks(above, canal, setting, rng, up=True)
    # Where land is plentiful only part of the dry slopes is tilled.
    slopes_above = slopes_above.take(rng.random(len(slopes_above)) < 0.16 + 0.84 * crowding)
    villages, village_s = np.empty((0, 2)), np.empty(0)
    if found_villages:
        villages, village_s = _villages(canal, below, above, crowding, rng)
    towns = len(known)
    known = np.concatenate([known, villages])
    size = np.ones(len(known))
    size[: min(towns, 1 if found_villages else 0)] = TOWN_SIZE
    homes = Homes(known, size, np.where(size > 1.0, TOWN_CORE_M, VILLAGE_CORE_M))
    plots = cut(below, fields, homes, rng, up=False, crowding=crowding)
    rainfed = cut(above, slopes_above, homes, rng, up=True, crowding=crowding)
    return Farm(
        canal,
        below,
        above,
        fields,
        slopes_above,
        plots.take(country.division.district_at(*plots.middles()) == district),
        rainfed.take(country.division.district_at(*rainfed.middles()) == district),
        villages,
        village_s,
    )


def _villages(
    canal: MainCanal, below: Mesh, above: Mesh, crowding: float, rng: np.random.Generator
) -> tuple[Floats, Floats]:
    """Places for villages along a canal: above it, so that no irrigated land is lost, else below."""
    every = VILLAGE_EVERY_M[0] + crowding * (VILLAGE_EVERY_M[1] - VILLAGE_EVERY_M[0])
    where = np.arange(rng.uniform(0.3, 0.7) * every, canal.length_m - 200.0, every) / STEP_M
    where = np.clip(where + rng.uniform(-0.25, 0.25, len(where)) * every / STEP_M, 5, len(canal.x) - 6)
    high = above.length_at(where) >= VILLAGE_OFF_M
    low = below.length_at(where) >= VILLAGE_OFF_M
    x_high, y_high = above.at(where, np.full(len(where), VILLAGE_OFF_M))
    x_low, y_low = below.at(where, np.full(len(where), VILLAGE_OFF_M))
    places = np.column_stack([np.where(high, x_high, x_low), np.where(high, y_high, y_low)])
    return places[high | low], where[high | low]
