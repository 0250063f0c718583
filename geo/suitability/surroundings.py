"""What is known around plots that decides whether something can be done there: canals, drains, groundwater, torrents.

What is not known is NaN or False: nothing is proposed on a guess.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass

import numpy as np
import shapely

from geo.contract.columns import numbers, texts
from geo.contract.criterion import Block, Flags, Floats
from geo.criteria.soil import SOIL_WATER
from geo.errors import NotAssessed
from geo.geometry.nearest import nearest_line
from geo.measures.hazard import level_of
from geo.measures.soil import surveyed_or_grid
from geo.measures.surveys import LAYER as SURVEYS
from geo.measures.surveys import Groundwater, groundwater_m, surveyed
from geo.measures.water import command_area, feeding_reach

DRAIN_WITHIN_M = 200.0  # m, how far a drain takes water from a plot; domain reference 3.6 step 7
WORKING_CLASS = 3.0  # condition class up to which a drain works; its survey text: silted more than a quarter
DEBRIS_FLOWS, FLOODS = ("debris_flow", "hillslope_debris_flow"), ("flood",)


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What is known around n plots.

    earth_canal : the canal that feeds the plot is known to be unlined. drain_near : a working drain or collector lies
    within ``DRAIN_WITHIN_M``. by_debris_flow : the mudflow and flood level is that of debris flows, rivers reach less.
    groundwater : depth the level of soil water rests on, and its least and most in the growing season.
    available_water_mm_m : water the soil holds. esp_pct, gypsum_pct : measured on the plot. outlet_ha : area of the
    command area that holds the plot [ha].
    """

    earth_canal: Flags
    drain_near: Flags
    by_debris_flow: Flags
    groundwater: Groundwater
    available_water_mm_m: Floats
    esp_pct: Floats
    gypsum_pct: Floats
    outlet_ha: Floats


def measure_surroundings(block: Block) -> Surroundings:
    """Return what is known around the plots of a block.

    Parameters
    ----------
    block : n plots and what lies around them.

    Returns
    -------
    Surroundings of the n plots; NaN or False where something is not known.
    """
    unknown = np.full(len(block), np.nan)
    esp = gypsum = held = unknown
    if SURVEYS in block.nearby:
        esp, gypsum = surveyed(block, "esp_pct").value, surveyed(block, "gypsum_pct").value
    with suppress(NotAssessed):
        held = surveyed_or_grid(block, "awc_mm_m", "available_water", SOIL_WATER.coarsest_m).value
    return Surroundings(
        earth_canal=_earth_canal(block),
        drain_near=_drain_near(block),
        by_debris_flow=_level_of(block, DEBRIS_FLOWS) > _level_of(block, FLOODS),
        groundwater=block.once(groundwater_m),
        available_water_mm_m=held,
        esp_pct=esp,
        gypsum_pct=gypsum,
        outlet_ha=_outlet_ha(block),
    )


def _outlet_ha(block: Block) -> Floats:
    """Area of the command area that holds each plot [ha], NaN outside."""
    if "command_areas" not in block.nearby:
        return np.full(len(block), np.nan)
    areas_ha = shapely.area(block.layer("command_areas").geometry.to_numpy()) / 10_000.0
    return np.asarray(np.append(areas_ha, np.nan)[block.once(command_area)])  # -1, none, takes the last


def _earth_canal(block: Block) -> Flags:
    if "canals" not in block.nearby:
        return np.zeros(len(block), dtype=bool)
    reach, _ = block.once(feeding_reach)
    lining = np.array([*texts(block.layer("canals"), "lining"), ""], dtype=object)  # -1, no reach, takes the last
    return np.asarray(lining[reach] == "earth", dtype=bool)


def _drain_near(block: Block) -> Flags:
    if "canals" not in block.nearby:
        return np.zeros(len(block), dtype=bool)
    canals = block.layer("canals")
    works = (texts(canals, "type") == "drain") & (numbers(canals, "condition") <= WORKING_CLASS)
    drains = canals.geometry.to_numpy()[works]
    return np.asarray(nearest_line(block.polygons, drains, within_m=DRAIN_WITHIN_M).index >= 0)


def _level_of(block: Block, processes: Sequence[str]) -> Floats:
    """Return the highest level of some processes on each plot, 0 where no zone of them meets it."""
    return np.nan_to_num(level_of(block, processes), nan=0.0)
