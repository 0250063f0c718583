"""Avalanches from terrain: where slabs of a stated size can release, and how far how much of them runs.

Release areas are steep, near a main ridge, snowy and open (Buehler et al. 2018, NHESS 18, pp. 3235-3251; Duvillier et
al. 2023; domain reference 7.3). Mass runs down by size: small slabs to a steeper energy line than large ones. How much
passes a cell is counted in metres of release slope for each metre of width, so that it does not depend on the cells.
"""

from __future__ import annotations

from functools import partial
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import label

from geo.compiled.threads import at_once
from geo.hazard.runout import mass_flow
from geo.hazard.susceptibility import Susceptibility, between, graded, slope_deg
from geo.terrain.drainage import Drainage, ridge_distance_m
from geo.terrain.grid import Grid
from geo.terrain.relief import heights, topographic_position_m

LARGE_SLOPE_DEG = (28.0, 60.0)  # degrees, large events; Buehler et al. 2018, domain reference 7.3
FREQUENT_SLOPE_DEG = (30.0, 60.0)  # degrees, frequent events; the same
CORE_SLOPE_DEG = (30.0, 50.0)  # degrees, where slabs are most frequent; within Veitinger et al. 2016, NHESS 16, p. 2211
RIDGE_M = 600.0  # m, farthest from a main ridge; Duvillier et al. 2023, domain reference 7.3
RIDGE_AREA_M2 = 500_000.0  # m2 of ground that rises to a main ridge: spurs every 100 m are none; default to calibrate
UPPER_WITHIN_M = 600.0  # m; the upper part of a slope stands above the mean of the ground this near; as RIDGE_M
SNOW_ABOVE_M = 1_400.0  # m above sea level, lower ground has too little snow; domain reference 7.3, to calibrate
SNOW_DAYS = 60.0  # days with snow a year, fewer are too few; domain reference 7.3, to calibrate
DENSE_FOREST_PCT = 50.0  # % of crown cover that holds the snow; default to calibrate

ALPHA_LARGE_DEG = 25.0  # degrees, travel angle of large events; domain reference 7.3
ALPHA_SMALL_DEG = 30.0  # degrees, travel angle of small events; the same
EXPONENT = 8.0  # of Holmgren's flow; domain reference 7.3
SMALL_M2 = 6_250.0  # m2, smallest slab; Duvillier et al. 2023, domain reference 7.3
LARGE_M2 = 25_000.0  # m2; a slab 1 m thick on it is 25,000 m3, a medium avalanche in RAMMS; default to calibrate

# Metres of release slope whose mass passes a metre of width: a slope is a few hundred metres long, gullies gather more.
CORE_SMALL_M = 1_000.0  # medium, to ALPHA_SMALL_DEG; calibrated on mapped release areas, docs/susceptibility.md
CORE_LARGE_M = 2_000.0  # medium, to ALPHA_LARGE_DEG; the same
LOW_M = 200.0  # low; default to calibrate
RESIDUAL_M = 50.0  # residual; less than two cells of 30 m of it is no avalanche to speak of; default to calibrate


class Release(NamedTuple):
    """Where slabs can release, bool (rows, cols): large and frequent ones, and the core of frequent ones."""

    large: NDArray[np.bool_]
    frequent: NDArray[np.bool_]
    core: NDArray[np.bool_]


def snow_lies(dem: Grid, snow_days: NDArray[np.floating] | None = None) -> NDArray[np.bool_]:
    """Where enough snow lies for avalanches: by days with snow where known, by altitude elsewhere.

    Parameters
    ----------
    dem : heights in metres, EPSG:32642.
    snow_days : (rows, cols), days with snow cover a year, NaN where unknown; None where no grid of them is loaded.

    Returns
    -------
    bool (rows, cols).
    """
    high = np.asarray(heights(dem) > SNOW_ABOVE_M)
    if snow_days is None:
        return high
    return np.asarray(np.where(np.isnan(snow_days), high, snow_days > SNOW_DAYS))


def patches_of(cells: NDArray[np.bool_], dem: Grid, least_m2: float) -> NDArray[np.bool_]:
    """The cells of connected patches (sides or corners) that are large enough.

    Parameters
    ----------
    cells : bool (rows, cols).
    dem : the height grid whose cells these are.
    least_m2 : smallest patch, m2.

    Returns
    -------
    bool (rows, cols).
    """
    patch, _ = label(cells, structure=np.ones((3, 3)))
    large = np.bincount(patch.ravel()) * dem.cell_m**2 >= least_m2
    large[0] = False
    return np.asarray(large[patch])


def avalanche_release(
    dem: Grid,
    *,
    snow_days: NDArray[np.floating] | None = None,
    crown_cover_pct: NDArray[np.floating] | None = None,
) -> Release:
    """Where slab avalanches can release: steep, near a main ridge, snowy, open, and large enough.

    Parameters
    ----------
    dem : heights in metres, EPSG:32642.
    snow_days : as for ``snow_lies``.
    crown_cover_pct : (rows, cols), percent of ground under crowns of trees, NaN where unknown, None where no grid of it
        is loaded; unknown ground counts as open.

    Returns
    -------
    Release, each bool (rows, cols).

    Notes
    -----
    The core is what of it is steep but not too steep to gather a slab and in the upper part of its slope. Slabs of the
    core and frequent ones have ``SMALL_M2`` or more.

    References
    ----------
    Buehler et al. 2018, NHESS 18, pp. 3235-3251; Veitinger et al. 2016, NHESS 16, pp. 2211-2225; domain reference 7.3.
    """
    slope = slope_deg(dem)
    prone = between(slope, LARGE_SLOPE_DEG) & snow_lies(dem, snow_days)
    prone &= ridge_distance_m(dem, min_area_m2=RIDGE_AREA_M2).values <= RIDGE_M
    if crown_cover_pct is not None:
        prone &= ~(crown_cover_pct >= DENSE_FOREST_PCT)
    core = prone & between(slope, CORE_SLOPE_DEG) & (topographic_position_m(dem, UPPER_WITHIN_M) > 0.0)
    return Release(
        large=patches_of(prone, dem, SMALL_M2),
        frequent=patches_of(prone & between(slope, FREQUENT_SLOPE_DEG), dem, SMALL_M2),
        core=patches_of(core, dem, SMALL_M2),
    )


def avalanche(
    flow: Drainage,
    *,
    snow_days: NDArray[np.floating] | None = None,
    crown_cover_pct: NDArray[np.floating] | None = None,
) -> Susceptibility:
    """Avalanche release and run-out: medium in the core, low around it, residual where little arrives.

    Parameters
    ----------
    flow : drainage of the heights.
    snow_days : as for ``avalanche_release``.
    crown_cover_pct : as for ``avalanche_release``, %.

    Returns
    -------
    Susceptibility, none to medium, -1 without a height.

    Notes
    -----
    Large slabs run to ``ALPHA_LARGE_DEG``, small ones to ``ALPHA_SMALL_DEG``.
    """
    dem = flow.dem
    release = avalanche_release(dem, snow_days=snow_days, crown_cover_pct=crown_cover_pct)

    def fed_m(cells: NDArray[np.bool_], alpha_deg: float) -> NDArray[np.float32]:
        through = mass_flow(flow, cells, travel_angle_deg=alpha_deg, exponent=EXPONENT).through
        return np.asarray(through * dem.cell_m, dtype=np.float32)

    large_slabs = patches_of(release.large, dem, LARGE_M2)
    large, small, core_large, core_small = at_once(
        partial(fed_m, large_slabs, ALPHA_LARGE_DEG),
        partial(fed_m, release.frequent & ~large_slabs, ALPHA_SMALL_DEG),
        partial(fed_m, patches_of(release.core, dem, LARGE_M2), ALPHA_LARGE_DEG),
        partial(fed_m, release.core, ALPHA_SMALL_DEG),
    )
    masks = [
        "no grid of snow days, snow by altitude" if snow_days is None else "snow by its days",
        "no grid of forest, all ground open" if crown_cover_pct is None else "dense forest left out",
    ]
    method = (
        f"release {LARGE_SLOPE_DEG[0]:g}-{LARGE_SLOPE_DEG[1]:g} degrees within {RIDGE_M:g} m of main ridges, "
        f"{'; '.join(masks)}; slabs from {LARGE_M2:g} m2 to an energy line of {ALPHA_LARGE_DEG:g} degrees, from "
        f"{SMALL_M2:g} m2 to {ALPHA_SMALL_DEG:g}; medium in the core"
    )
    return graded(
        "avalanche",
        dem,
        method,
        medium=release.core | (core_small >= CORE_SMALL_M) | (core_large >= CORE_LARGE_M),
        low=release.large | release.frequent | (large >= LOW_M) | (small >= LOW_M),
        residual=large >= RESIDUAL_M,
    )
