"""Water held in the soil, how far crops draw it down, and when the next turn is due; FAO-56 chapter 8.

Depths are mm, root depths m. Where a value is NaN the result is NaN.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from geo.errors import TableError

Floats = NDArray[np.float64]


def total_available_water_mm(field_capacity: ArrayLike, wilting_point: ArrayLike, root_depth_m: ArrayLike) -> Floats:
    """Return the water that roots can reach in the soil at most.

    Parameters
    ----------
    field_capacity : water content of the soil, m3/m3.
    wilting_point : likewise, m3/m3.
    root_depth_m : rooting depth, m.

    Returns
    -------
    float64, mm.

    Notes
    -----
    TAW = 1000 (FC - WP) Zr; FAO-56 eq. 82.
    """
    held = np.asarray(field_capacity, dtype=np.float64) - np.asarray(wilting_point, dtype=np.float64)
    return np.asarray(1000 * held * np.asarray(root_depth_m, dtype=np.float64))


def readily_available_water_mm(taw_mm: ArrayLike, depletion: ArrayLike) -> Floats:
    """Return the part of the available water that a crop takes without stress.

    Parameters
    ----------
    taw_mm : total available water, mm.
    depletion : depletion fraction p, 0-1.

    Returns
    -------
    float64, mm.

    Notes
    -----
    RAW = p TAW; FAO-56 eq. 83.
    """
    return np.asarray(np.asarray(taw_mm, dtype=np.float64) * np.asarray(depletion, dtype=np.float64))


def depletion_fraction(at_5_mm: ArrayLike, etc_mm_d: ArrayLike) -> Floats:
    """Return the share of the available water that may be used up before a crop suffers.

    Parameters
    ----------
    at_5_mm : depletion fraction at a crop evapotranspiration of 5 mm/d, 0-1, FAO-56 table 22.
    etc_mm_d : crop evapotranspiration, mm/d.

    Returns
    -------
    float64, without unit, 0.1-0.8.

    Notes
    -----
    p = p5 + 0.04 (5 - ETc); FAO-56 table 22, footnote 2.
    """
    raw = np.asarray(at_5_mm, dtype=np.float64) + 0.04 * (5 - np.asarray(etc_mm_d, dtype=np.float64))
    return np.asarray(np.clip(raw, 0.1, 0.8))


def stress_coefficient(depletion_mm: ArrayLike, taw_mm: ArrayLike, raw_mm: ArrayLike) -> Floats:
    """Return the part of its evapotranspiration that a crop keeps up at a depletion of the soil.

    Parameters
    ----------
    depletion_mm : water missing to field capacity in the root zone, mm, 0 to ``taw_mm``.
    taw_mm : total available water, mm.
    raw_mm : readily available water, mm; below ``taw_mm``.

    Returns
    -------
    float64, without unit, 0-1; 1 up to ``raw_mm``.

    Notes
    -----
    Ks = (TAW - Dr) / (TAW - RAW); FAO-56 eq. 84.
    """
    taw = np.asarray(taw_mm, dtype=np.float64)
    left = (taw - np.asarray(depletion_mm, dtype=np.float64)) / (taw - np.asarray(raw_mm, dtype=np.float64))
    return np.asarray(np.clip(left, 0.0, 1.0))


class SoilWater(NamedTuple):
    """Water of a root zone day by day.

    depletion_mm : float64 (..., days), missing to field capacity at the end of each day. percolation_mm : likewise,
    lost below the roots. evapotranspiration_mm : likewise, what the crop took. irrigation_mm : likewise, what was given
    or, where turns were asked for, would have to be given.
    """

    depletion_mm: Floats
    percolation_mm: Floats
    evapotranspiration_mm: Floats
    irrigation_mm: Floats


def deplete_soil(
    etc_mm_d: ArrayLike,
    rain_mm_d: ArrayLike,
    irrigation_mm_d: ArrayLike | None,
    *,
    taw_mm: ArrayLike,
    depletion_at_5_mm: ArrayLike,
    start_mm: ArrayLike = 0.0,
) -> SoilWater:
    """Keep the account of the water in the root zone, day by day.

    Parameters
    ----------
    etc_mm_d : float (..., days), crop evapotranspiration without stress, mm/d.
    rain_mm_d : float (..., days), rain that enters the soil, mm/d.
    irrigation_mm_d : float (..., days), net depth given, mm/d; None: the root zone is filled up on the evening of each
        day that ends with more than the readily available water used up.
    taw_mm : float (...), total available water, mm.
    depletion_at_5_mm : float (...), depletion fraction at 5 mm/d, FAO-56 table 22.
    start_mm : float (...), depletion before the first day, mm.

    Returns
    -------
    SoilWater : four float64 arrays (..., days); rain + irrigation + rise of the depletion = evapotranspiration +
        percolation on each day.

    Raises
    ------
    TableError : a depletion before the first day that is below 0 or above the available water.

    Notes
    -----
    Dr(i) = Dr(i-1) - P - I + Ks ETc + DP, DP = max(0, P + I - Ks ETc - Dr(i-1)); FAO-56 eq. 85 and 88, with no run-off
    and no rise from the groundwater. Ks is that of the depletion the day begins with.
    """
    etc, rain = np.broadcast_arrays(np.asarray(etc_mm_d, dtype=np.float64), np.asarray(rain_mm_d, dtype=np.float64))
    given = np.zeros(etc.shape) if irrigation_mm_d is None else np.array(np.broadcast_to(irrigation_mm_d, etc.shape))
    shape = etc.shape[:-1]
    taw = np.broadcast_to(np.asarray(taw_mm, dtype=np.float64), shape)
    depletion = np.array(np.broadcast_to(np.asarray(start_mm, dtype=np.float64), shape))
    if ((depletion < 0) | (depletion > taw)).any():
        raise TableError("soil water: a depletion from 0 mm to the available water expected before the first day")
    depletions, percolations, taken = np.empty(etc.shape), np.empty(etc.shape), np.empty(etc.shape)
    for day in range(etc.shape[-1]):
        raw = readily_available_water_mm(taw, depletion_fraction(depletion_at_5_mm, etc[..., day]))
        used = stress_coefficient(depletion, taw, raw) * etc[..., day]
        after = depletion - rain[..., day] - given[..., day] + used
        if irrigation_mm_d is None:
            due = np.where(after > raw, after, 0.0)
            given[..., day], after = due, after - due
        percolations[..., day] = np.maximum(-after, 0.0)
        depletion = np.clip(after, 0.0, taw)
        taken[..., day] = used - np.maximum(after - taw, 0.0)
        depletions[..., day] = depletion
    return SoilWater(depletions, percolations, taken, np.asarray(given, dtype=np.float64))
