"""Heat and frost at a plot's own height, from monthly normals of a climate grid.

Normals are carried from the height they stand for to the plot's mean height by a fixed lapse rate, and to days by
straight lines between the middles of the months.
"""

from __future__ import annotations

from functools import partial

import numpy as np
from numpy.typing import NDArray

from geo.compiled.threads import over_blocks
from geo.contract.criterion import Block, Criterion, D, Floats, Measured, outlines
from geo.crops.catalogue import crops
from geo.crops.kernels.season import MONTHS
from geo.errors import GridError, SuitabilityError
from geo.measures.kernels import climate as kernels
from geo.measures.reference_crop import TREES
from geo.terrain.zonal import zonal

LAPSE_K_M = 0.0065  # K per metre, ICAO standard atmosphere
FROST_FREE_ABOVE_C = 2.0  # degC, normal daily minimum; years differ, so 0 would be frost in half of them. Calibrate


def degree_days(monthly_mean_c: Floats, base_c: float, window_d: int) -> Floats:
    """Return the degree-days above a base [degC d] of the warmest run of days, float64 (n,).

    monthly_mean_c : float64 (n, 12), January first; NaN gives NaN. window_d : days in a row, 1 to 365; the run may
    cross the turn of the year.
    """
    result = np.empty(len(monthly_mean_c))
    monthly = np.ascontiguousarray(monthly_mean_c, dtype=np.float64)
    over_blocks(partial(kernels._degree_days, monthly, base_c, window_d, result), len(monthly))
    return result


def frost_free_days(monthly_minimum_c: Floats, above_c: float = FROST_FREE_ABOVE_C) -> Floats:
    """Return the longest run of days whose normal minimum is above a temperature [d], float64 (n,), 0 to 365.

    monthly_minimum_c : float64 (n, 12), January first; NaN gives NaN.
    """
    result = np.empty(len(monthly_minimum_c))
    monthly = np.ascontiguousarray(monthly_minimum_c, dtype=np.float64)
    over_blocks(partial(kernels._frost_free_days, monthly, above_c, result), len(monthly))
    return result


def plot_height_m(block: Block, coarsest_m: float) -> Floats:
    """Return the mean height of each plot [m], float64 (n,), NaN outside the height grid."""
    return zonal(block.grid("dem", coarsest_m), block.once(outlines), ("mean",))["mean"]


def temperature_at_plots(block: Block, layer: str, coarsest_m: float) -> Floats:
    """Return monthly temperature normals at the plots' heights [degC], float64 (n, 12), NaN unknown.

    layer : ``mean_temperature`` or ``minimum_temperature``.

    Raises
    ------
    NotAssessed : normals, their relief or the heights are not loaded, or too coarse.
    GridError : the grid of normals has not twelve bands.
    """
    grid = block.grid(layer, coarsest_m)
    if grid.values.ndim != 3 or len(grid.values) != MONTHS:
        raise GridError(f"the grid {layer} must have twelve bands, one per month")
    shapes = block.once(outlines)
    normals = zonal(grid, shapes, ("mean",))["mean"].T
    stands_for_m = zonal(block.grid("climate_relief", coarsest_m), shapes, ("mean",))["mean"]
    above_m = block.once(plot_height_m, coarsest_m) - stands_for_m
    return np.asarray(normals - LAPSE_K_M * above_m[:, np.newaxis])


def heat_ratio(block: Block, criterion: Criterion) -> Measured:
    """Return degree-days of the best window over those the reference crop needs, ratio (n,).

    The window is as long as the crop's usual cycle in the field. Unknown for a crop without degree-days on record.
    """
    mean_c = block.once(temperature_at_plots, "mean_temperature", _coarsest(criterion))
    value = np.full(len(block), np.nan)
    for name, rows in _by_crop(block):
        crop, cycle_d = crops()[name], crops()[name].field_cycle_d
        if not np.isnan(crop.gdd) and not np.isnan(cycle_d):
            value[rows] = degree_days(mean_c[rows], crop.base_c, int(cycle_d)) / crop.gdd
    return Measured(value, evidence=np.full(len(block), D, dtype=np.int8))


def frost_margin_d(block: Block, criterion: Criterion) -> Measured:
    """Return the frost-free days beyond those the reference crop must have [d], float64 (n,).

    A frost-tender crop must have its whole cycle free of frost, another annual crop no day. Unknown for trees, whose
    danger is a cold night in bloom: monthly normals do not tell it.
    """
    minimum_c = block.once(temperature_at_plots, "minimum_temperature", _coarsest(criterion))
    free_d = frost_free_days(minimum_c)
    value = np.full(len(block), np.nan)
    for name, rows in _by_crop(block):
        if name not in TREES:
            tender_d = crops()[name].field_cycle_d if crops()[name].frost_tender else 0.0
            value[rows] = free_d[rows] - tender_d
    return Measured(value, evidence=np.full(len(block), D, dtype=np.int8))


def _coarsest(criterion: Criterion) -> float:
    return np.inf if criterion.coarsest_m is None else criterion.coarsest_m


def _by_crop(block: Block) -> list[tuple[str, NDArray[np.bool_]]]:
    """Return each reference crop with the plots judged for it.

    Raises
    ------
    SuitabilityError : a crop there is no row for.
    """
    names = np.unique(block.judgement.crop).tolist()
    for name in names:
        if name not in crops():
            raise SuitabilityError(f"reference crop '{name}' is not one of {', '.join(crops())}")
    return [(name, block.judgement.crop == name) for name in names]
