"""Heat and frost at a plot's own height, from monthly normals of a climate grid.

Normals are carried from the height they stand for to the plot's mean height by a fixed lapse rate, and to days by
straight lines between the middles of the months.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from geo.contract.criterion import Block, Criterion, D, Floats, Measured, outlines
from geo.crops.catalogue import crops
from geo.crops.frost import frost_season, night_chance
from geo.crops.kernels.season import MONTHS
from geo.crops.ratings import FROSTS
from geo.crops.season import LOWLAND_BELOW_M, ZONES, warmest_run, windows_of
from geo.errors import GridError, SuitabilityError
from geo.terrain.zonal import zonal

FROST_TABLES = ("tender", "hardy", "trees")
TENDER, HARDY, TREE = range(3)
SEASON_GRID_K = 0.5  # K, to which nights are rounded down where crops are ranked
ROUNDING_K = 1e-6  # of ``SEASON_GRID_K``; float32 normals that stand on the grid stay there
LAPSE_K_M = 0.0065  # K per metre, ICAO standard atmosphere


def plot_height_m(block: Block, coarsest_m: float) -> Floats:
    """Return the mean height of each plot.

    Parameters
    ----------
    block : n plots and what lies around them
    coarsest_m : coarsest height grid accepted, metres

    Returns
    -------
    float64 (n,), metres, NaN outside the height grid

    Raises
    ------
    NotAssessed : no heights are loaded, or the grid is too coarse.
    """
    return zonal(block.grid("dem", coarsest_m), block.once(outlines), ("mean",))["mean"]


def temperature_at_plots(block: Block, layer: str, coarsest_m: float) -> Floats:
    """Return monthly temperature normals at the plots' own heights.

    Parameters
    ----------
    block : n plots and what lies around them
    layer : ``mean_temperature`` or ``minimum_temperature``
    coarsest_m : coarsest grids accepted, metres

    Returns
    -------
    float64 (n, 12), degC, January first; NaN unknown

    Raises
    ------
    NotAssessed : normals, their relief or the heights are not loaded, or too coarse.
    GridError : the grid of normals has not twelve bands.

    Notes
    -----
    Normal of the climate grid - ``LAPSE_K_M`` x (height of the plot - height the normal stands for).
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
    """Return the degree-days of the warmest cycle in the crop's own window over those the reference crop needs.

    Of several windows the best counts, lowland or mountain by the plot's height.

    Parameters
    ----------
    block : n plots and what lies around them
    criterion : coarsest grids accepted

    Returns
    -------
    ratio (n,), NaN for a crop without degree-days or a cycle on record, and where its calendar names no window

    Raises
    ------
    NotAssessed : normals, their relief or heights are not loaded, or too coarse.
    """
    coarsest_m = _coarsest(criterion)
    mean_c = block.once(temperature_at_plots, "mean_temperature", coarsest_m)
    high = block.once(plot_height_m, coarsest_m) >= LOWLAND_BELOW_M
    value = np.full(len(block), np.nan)
    for name, rows in _by_crop(block):
        crop = crops()[name]
        if np.isnan(crop.gdd) or np.isnan(crop.field_cycle_d):
            continue
        for zone, here in zip(ZONES, (rows & ~high, rows & high), strict=True):
            for window in windows_of(name, zone):
                warmth = warmest_run(mean_c[here], crop.base_c, int(crop.field_cycle_d), window).degree_days
                value[here] = np.fmax(value[here], warmth / crop.gdd)
    return Measured(value, evidence=np.full(len(block), D, dtype=np.int8))


def frost_margin_d(block: Block, criterion: Criterion) -> Measured:
    """Return what frost leaves the reference crop: days to spare of an annual one, the chance of loss of a tree.

    Of an annual crop that frost kills, the days between damaging nights beyond those it stands above ground; of
    another one, which frost does not hold, beyond none. Of a tree, by the third table, the percent of years in which a
    night spoils flower, bud or wood in the month of danger.

    Parameters
    ----------
    block : n plots and what lies around them
    criterion : coarsest grids accepted

    Returns
    -------
    days (n,), or percent of years for trees; NaN for a tender crop or a tree without such figures on record, and for
        a tree where it is not grown

    Raises
    ------
    NotAssessed : normals, their relief or heights are not loaded, or too coarse.
    """
    coarsest_m = _coarsest(criterion)
    minimum_c = block.once(temperature_at_plots, "minimum_temperature", coarsest_m)
    high = block.once(plot_height_m, coarsest_m) >= LOWLAND_BELOW_M
    value = np.full(len(block), np.nan)
    table = np.full(len(block), HARDY, dtype=np.int8)
    for name, rows in _by_crop(block):
        crop = crops()[name]
        if crop.tree:
            table[rows] = TREE
            for month, here in ((crop.cold_month_lowland, rows & ~high), (crop.cold_month_mountain, rows & high)):
                if not np.isnan(month):
                    value[here] = 100.0 * night_chance(minimum_c[here], crop.cold_damage_c, int(month))
        elif crop.frost_tender:
            season = frost_season(minimum_c[rows], crop.frost_damage_c, autumn_risk=crop.autumn_frost_risk_pct / 100.0)
            value[rows], table[rows] = season.days - crop.above_ground_d, TENDER
        else:
            value[rows] = frost_season(minimum_c[rows], 0.0).days
    return Measured(value, table=table, evidence=np.full(len(block), D, dtype=np.int8))


def frost_seasons_d(block: Block, coarsest_m: float) -> Floats:
    """Return the days between damaging nights for each kind of tender crop, on the safe side; ask by ``Block.once``.

    Parameters
    ----------
    block : n plots and what lies around them
    coarsest_m : coarsest cells accepted, m

    Returns
    -------
    float64 (n, 3), one column for each of ``geo.crops.ratings.FROSTS``, NaN where normals are not known

    Raises
    ------
    NotAssessed : normals, their relief or the heights are not loaded, or too coarse.

    Notes
    -----
    Nights are rounded down to ``SEASON_GRID_K`` first: many plots then share a year, and no season comes out longer.
    """
    nights_c = block.once(temperature_at_plots, "minimum_temperature", coarsest_m)
    colder_c = np.floor(nights_c / SEASON_GRID_K + ROUNDING_K) * SEASON_GRID_K
    seasons = [frost_season(colder_c, damage_c, autumn_risk=risk / 100.0).days for damage_c, risk in FROSTS]
    return np.column_stack(seasons)


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
