"""Soil of a plot: salinity, depth, water it holds and water that stands in it."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from geo.contract.columns import FINE_GRID_M
from geo.contract.criterion import Block, C, Criterion, D, Flags, Floats, Measured, outlines
from geo.contract.memberships import Knots
from geo.contract.reasons import LAYER_NOT_LOADED, NO_SURVEYS_AND
from geo.crops.catalogue import crops
from geo.errors import NotAssessed
from geo.measures.reference_crop import TREES_JUDGED, trees_judged
from geo.measures.surveys import LAYER as SURVEYS
from geo.measures.surveys import Surveyed, groundwater_m, salinity_ds_m, surveyed
from geo.terrain.zonal import zonal

AVAILABLE_WATER = Knots(170.0, 130.0, 90.0, 60.0, 30.0)  # mm/m, E3; domain reference 4, default to calibrate
HELD_WATER = ("available_water", "available_water_low", "available_water_high")  # mm/m; mean, ends of a model
GROUNDWATER_DEPTH = Knots(2.5, 1.8, 1.2, 0.8, 0.4)  # m below the surface, E3; likewise
MOST_FRAGMENTS_PCT = 60.0  # %, coarse fragments where no figure is known: 0 to this; domain reference 3.6 step 2
STANDING_WATER_M = 0.4  # m below the surface; domain reference 4, hard limit of E3
# Salt gathers where water stands and dries; domain reference 3.6 step 2, default to calibrate.
SALT_FREE = "salt cannot gather here"
SALT_FREE_ABOVE_M = 1_000.0  # m above the sea
SALT_FREE_SLOPE_PCT = 3.0  # %
SALT_FREE_WATER_M = 3.0  # m below the surface
RELIEF_COARSEST_M = 35.0  # m, as slope and head accept it
STANDING_WATER = "groundwater within 0.4 m of the surface"


# Knots of salinity by the crop's response: ECe at a relative yield of 95, 80, 60, 40 and 20 %. Domain reference 4, E1.
YIELDS_PCT = (95.0, 80.0, 60.0, 40.0, 20.0)
SALT_RESPONSE = {
    crop.id: Knots(*(crop.salinity[0] + (100.0 - yield_pct) / crop.salinity[1] for yield_pct in YIELDS_PCT))
    for crop in crops().values()
    if not np.isnan(crop.salinity[0])
}
GENERIC_SALINITY = Knots(2.0, 4.0, 8.0, 12.0, 16.0)  # dS/m; a family grows more than one crop; domain reference 4, E1


def salinity(block: Block, _: Criterion) -> Measured:
    """Return the newest surveyed ECe of 0-60 cm, or the interval it lies in; no grid of it exists that could stand in.

    A note says where salt cannot gather: above ``SALT_FREE_ABOVE_M``, or on slopes over ``SALT_FREE_SLOPE_PCT`` with no
    groundwater known within ``SALT_FREE_WATER_M``.

    Parameters
    ----------
    block : n plots and what lies around them

    Returns
    -------
    dS/m (n,), of an interval its salty end, NaN where never measured
    """
    read = salinity_ds_m(block)
    spread = read.least < read.most
    water_m = block.once(groundwater_m).least
    free = saltless(_plot_means(block, "dem"), _plot_means(block, "slope"), water_m)
    without = None if SURVEYS in block.nearby else LAYER_NOT_LOADED.format(layer=SURVEYS)
    return Measured(
        read.most,
        evidence=read.evidence,
        worst=np.where(spread, read.most, np.nan) if spread.any() else None,
        best=np.where(spread, read.least, np.nan) if spread.any() else None,
        not_assessed=without,
        table=response_tables(block.judgement.crop),
        notes={SALT_FREE: free & ~np.asarray(block.judgement.salt_gathers)},
    )


def response_tables(crop: NDArray[np.str_]) -> NDArray[np.int8]:
    """Return the table of each reference crop's response to salt.

    Parameters
    ----------
    crop : str (n,), crop ids

    Returns
    -------
    int8 (n,); 0, the generic one, without a response
    """
    number = {name: place for place, name in enumerate(SALT_RESPONSE, start=1)}
    kinds, which = np.unique(crop, return_inverse=True)
    return np.array([number.get(str(kind), 0) for kind in kinds], dtype=np.int8)[which]


def saltless(elevation_m: Floats, slope_pct: Floats, water_m: Floats) -> Flags:
    """Return where salt cannot gather: high up, or on a slope without groundwater known near the surface.

    Parameters
    ----------
    elevation_m : float64 (n,), metres above the sea, NaN unknown
    slope_pct : float64 (n,), per cent, NaN unknown
    water_m : float64 (n,), least depth of groundwater below the surface, metres, NaN unknown

    Returns
    -------
    bool (n,), False where height and slope are unknown
    """
    sheds = (slope_pct > SALT_FREE_SLOPE_PCT) & ~(water_m <= SALT_FREE_WATER_M)
    return np.asarray((elevation_m > SALT_FREE_ABOVE_M) | sheds, dtype=np.bool_)


def _plot_means(block: Block, layer: str) -> Floats:
    """Return the mean of a grid over each plot, NaN where it is unknown or too coarse to tell."""
    try:
        grid = block.grid(layer, RELIEF_COARSEST_M)
    except NotAssessed:
        return np.full(len(block), np.nan)
    return zonal(grid, block.once(outlines), ("mean",))["mean"]


def soil_depth(block: Block, criterion: Criterion) -> Measured:
    """Return the effective depth, surveyed or from the grid, less the share of coarse fragments where known.

    Without a figure for coarse fragments the depth lies between that of the most there may be and that of none.

    Parameters
    ----------
    block : n plots and what lies around them
    criterion : coarsest grid accepted

    Returns
    -------
    cm (n,), an interval where coarse fragments are unknown

    Raises
    ------
    NotAssessed : neither surveys nor a grid that can be accepted are loaded.

    Notes
    -----
    depth x (1 - coarse fragments / 100).
    """
    value, evidence = surveyed_or_grid(block, "soil_depth_cm", "soil_depth", criterion.coarsest_m)
    fragments_pct = surveyed(block, "coarse_fragments_pct").value
    unknown = np.isnan(fragments_pct)
    left = 1.0 - np.nan_to_num(fragments_pct, nan=0.0) / 100.0
    return Measured(
        value * left,
        evidence=evidence,
        notes={TREES_JUDGED: trees_judged(block)},
        worst=np.where(unknown, value * (1.0 - MOST_FRAGMENTS_PCT / 100.0), np.nan),
        best=np.where(unknown, value, np.nan),
    )


def soil_water(block: Block, criterion: Criterion) -> Measured:
    """Return the lesser rating of available water and of the shallowest groundwater of the growing season.

    With one of them unknown it lies between 0 and the rating of the other; both unknown, it is unknown. Groundwater
    that was read out of the season gives an interval too, and so does a model of soils that says how far off it may be.

    Parameters
    ----------
    block : n plots and what lies around them
    criterion : coarsest grid accepted

    Returns
    -------
    rating 0-1 (n,), an interval where one of the two is unknown or known in part

    Raises
    ------
    NotAssessed : neither surveys nor a grid that can be accepted are loaded.
    """
    held, held_evidence = surveyed_or_grid(block, "awc_mm_m", "available_water", criterion.coarsest_m)
    water = block.once(groundwater_m)
    least, most = _held_between(block, held, criterion.coarsest_m)
    by_held, by_least_held, by_most_held = (AVAILABLE_WATER(water_mm_m) for water_mm_m in (held, least, most))
    by_value, by_least, by_most = (GROUNDWATER_DEPTH(depth) for depth in (water.value, water.least, water.most))
    one_unknown = np.isnan(by_held) != np.isnan(by_value)
    value, best = np.fmin(by_held, by_value), np.fmin(by_most_held, by_most)
    worst = np.where(one_unknown, 0.0, np.fmin(by_least_held, by_least))
    says_nothing = one_unknown & (best == 1.0)  # 0 to 1
    interval = (worst < best) & ~says_nothing
    unknown = np.isnan(by_held) | np.isnan(by_value)
    return Measured(
        np.where(says_nothing, np.nan, value),
        evidence=np.where(
            unknown,
            np.where(np.isnan(by_held), water.evidence, held_evidence),
            np.maximum(held_evidence, water.evidence),
        ).astype(np.int8),
        notes={STANDING_WATER: water.most <= STANDING_WATER_M},
        worst=np.where(interval, worst, np.nan),
        best=np.where(interval, best, np.nan),
    )


def _held_between(block: Block, held: Floats, coarsest_m: float | None) -> tuple[Floats, Floats]:
    """Ends of available water, mm/m: those of the grids around a value that was not surveyed, else the value itself."""
    settled = ~np.isnan(surveyed(block, "awc_mm_m").value) | np.isnan(held)
    ends = []
    for layer, outer in ((HELD_WATER[1], np.fmin), (HELD_WATER[2], np.fmax)):
        try:
            grid = block.grid(layer, coarsest_m)
        except NotAssessed:
            ends.append(held)
            continue
        mean = zonal(grid, block.once(outlines), ("mean",))["mean"]
        ends.append(np.where(settled, held, outer(mean, held)))
    return ends[0], ends[1]


def surveyed_or_grid(block: Block, column: str, layer: str, coarsest_m: float | None) -> Surveyed:
    """Return the newest surveyed value of each plot, and the grid's mean where there is none.

    Parameters
    ----------
    block : n plots and what lies around them
    column : of the plot surveys
    layer : id of the grid, in the same unit
    coarsest_m : coarsest cell accepted, metres; None accepts any

    Returns
    -------
    value and confidence of each plot

    Raises
    ------
    NotAssessed : neither surveys nor a grid that can be accepted are loaded.
    """
    value, evidence = surveyed(block, column)
    try:
        grid = block.grid(layer, coarsest_m)
    except NotAssessed as reason:
        if SURVEYS not in block.nearby:
            raise NotAssessed(NO_SURVEYS_AND.format(reason=reason)) from None
        return Surveyed(value, evidence)
    mean = zonal(grid, block.once(outlines), ("mean",))["mean"]
    by_grid = np.isnan(value)
    grid_evidence = C if grid.native_m <= FINE_GRID_M else D
    return Surveyed(np.where(by_grid, mean, value), np.where(by_grid, grid_evidence, evidence).astype(np.int8))
