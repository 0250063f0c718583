"""Soil of a plot: salinity, depth, water it holds and water that stands in it."""

from __future__ import annotations

import numpy as np

from geo.contract.columns import FINE_GRID_M
from geo.contract.criterion import Block, C, Criterion, D, Measured, outlines
from geo.contract.memberships import Knots
from geo.errors import NotAssessed
from geo.measures.reference_crop import TREES_JUDGED, trees_judged
from geo.measures.surveys import LAYER as SURVEYS
from geo.measures.surveys import Surveyed, surveyed
from geo.terrain.zonal import zonal

AVAILABLE_WATER = Knots(170.0, 130.0, 90.0, 60.0, 30.0)  # mm/m, E3; domain reference 4, default to calibrate
GROUNDWATER_DEPTH = Knots(2.5, 1.8, 1.2, 0.8, 0.4)  # m below the surface, E3; likewise
STANDING_WATER_M = 0.4  # m below the surface; domain reference 4, hard limit of E3
STANDING_WATER = "groundwater within 0.4 m of the surface"


def salinity(block: Block, _: Criterion) -> Measured:
    """Return the newest surveyed ECe of 0-60 cm [dS/m]; no grid of it exists that could stand in."""
    block.layer(SURVEYS)
    value, evidence = surveyed(block, "salinity_ds_m")
    return Measured(value, evidence=evidence)


def soil_depth(block: Block, criterion: Criterion) -> Measured:
    """Return the effective depth [cm], surveyed or from the grid, less the share of coarse fragments where known."""
    value, evidence = surveyed_or_grid(block, "soil_depth_cm", "soil_depth", criterion.coarsest_m)
    fragments_pct = np.nan_to_num(surveyed(block, "coarse_fragments_pct").value, nan=0.0)
    return Measured(value * (1.0 - fragments_pct / 100.0), evidence=evidence, notes={TREES_JUDGED: trees_judged(block)})


def soil_water(block: Block, criterion: Criterion) -> Measured:
    """Return the lesser rating 0-1 of available water and of the depth of groundwater.

    Both must be known, unless the known one is already the worst there can be.
    """
    held, held_evidence = surveyed_or_grid(block, "awc_mm_m", "available_water", criterion.coarsest_m)
    depth, depth_evidence = surveyed(block, "groundwater_m")
    ratings = np.stack([AVAILABLE_WATER(held), GROUNDWATER_DEPTH(depth)])
    worst_already = (ratings == 0.0).any(axis=0)
    return Measured(
        np.where(worst_already, 0.0, ratings.min(axis=0)),
        evidence=np.where(
            np.isnan(ratings).any(axis=0),
            np.where(np.isnan(ratings[0]), depth_evidence, held_evidence),
            np.maximum(held_evidence, depth_evidence),
        ).astype(np.int8),
        notes={STANDING_WATER: depth <= STANDING_WATER_M},
    )


def surveyed_or_grid(block: Block, column: str, layer: str, coarsest_m: float | None) -> Surveyed:
    """Return the newest surveyed value of each plot, and the grid's mean where there is none.

    Raises
    ------
    NotAssessed : neither surveys nor a grid that can be accepted are loaded.
    """
    value, evidence = surveyed(block, column)
    try:
        grid = block.grid(layer, coarsest_m)
    except NotAssessed as reason:
        if SURVEYS not in block.nearby:
            raise NotAssessed(f"no plot surveys are loaded, and {reason}") from None
        return Surveyed(value, evidence)
    mean = zonal(grid, block.once(outlines), ("mean",))["mean"]
    by_grid = np.isnan(value)
    grid_evidence = C if grid.native_m <= FINE_GRID_M else D
    return Surveyed(np.where(by_grid, mean, value), np.where(by_grid, grid_evidence, evidence).astype(np.int8))
