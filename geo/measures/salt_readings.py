"""Salinity as services write it, as an interval of ECe: bounds, classes, 1:5 extracts and dry residues.

ECe is the conductivity of the extract of a saturated paste, dS/m at 25 °C. What says less than a measured ECe is
carried as both ends of what it may be; nothing of it is a single value.
"""

from __future__ import annotations

from typing import Final, NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from geo.contract.columns import numbers, texts
from geo.contract.criterion import A, B, C, Floats

MOST_DS_M = 100.0  # dS/m; where only a lower bound is known, the most a survey may say
# dS/m of ECe; Abrol, Yadav and Massoud 1988, FAO Soils Bulletin 39. A service's class by dry residue is taken for the
# class of the same name: general usage, default to calibrate.
CLASSES: Final = {
    "none": (0.0, 2.0),
    "slight": (2.0, 4.0),
    "moderate": (4.0, 8.0),
    "strong": (8.0, 16.0),
    "very_strong": (16.0, MOST_DS_M),
}
# kg/kg, water of a saturated paste by texture: that which gives the factors 22.7, 13.8, 9.5, 8.6 and 6.5 of Slavich and
# Petterson 1993; general usage, default to calibrate.
SATURATION: Final = {"sand": 0.150, "sandy_loam": 0.267, "loam": 0.430, "clay_loam": 0.493, "clay": 0.750}
SATURATION_ERROR = 0.25  # share of it that it may be off either way; default to calibrate
# g/l of dissolved salts for each dS/m: 0.64 (US Salinity Laboratory 1954), less of chlorides and more of sulphates with
# lime and gypsum; the ends are general usage, default to calibrate.
SALT_G_L: Final = (0.55, 0.90)
PARTS_OF_WATER = 5.0  # l of water to a kg of soil


class SaltReadings(NamedTuple):
    """Least and most ECe of each survey [dS/m], NaN where it says nothing of salt; evidence that its kind can have."""

    low: Floats
    high: Floats
    evidence: NDArray[np.int8]


def factor_of(saturation: float) -> float:
    """Return ECe / EC1:5 of a soil by the water of its saturated paste.

    Parameters
    ----------
    saturation : water of the paste, kg/kg

    Returns
    -------
    ratio

    References
    ----------
    Slavich and Petterson 1993, Australian Journal of Soil Research 31: 73-81: f = 2.46 + 3.03 / saturation.
    """
    return 2.46 + 3.03 / saturation


def factors_of(texture: NDArray[np.object_]) -> tuple[Floats, Floats]:
    """Return the least and the most ECe / EC1:5 may be by texture; a texture that is not known may be any.

    Parameters
    ----------
    texture : keys of ``SATURATION``, anything else unknown; object (n,)

    Returns
    -------
    ratios (n,) and (n,)
    """
    ends = {name: _ends(water) for name, water in SATURATION.items()}
    any_texture = (min(low for low, _ in ends.values()), max(high for _, high in ends.values()))
    found = np.array([ends.get(str(name), any_texture) for name in texture], dtype=np.float64).reshape(-1, 2)
    return found[:, 0], found[:, 1]


def _ends(water: float) -> tuple[float, float]:
    return factor_of(water * (1.0 + SATURATION_ERROR)), factor_of(water * (1.0 - SATURATION_ERROR))


def extract_of_residue(residue_pct: Floats) -> tuple[Floats, Floats]:
    """Return the least and the most conductivity of a 1:5 extract by its dry residue.

    Parameters
    ----------
    residue_pct : dry residue, per cent of the mass of soil (n,)

    Returns
    -------
    dS/m (n,) and (n,)

    Notes
    -----
    1 % is 10 g to a kg of soil, so 2 g to a litre of the extract.
    """
    g_l = residue_pct * 10.0 / PARTS_OF_WATER
    return g_l / SALT_G_L[1], g_l / SALT_G_L[0]


def salt_readings(surveys: pd.DataFrame) -> SaltReadings:
    """Return what surveys say of ECe; of several things said at once the most direct counts.

    In this order: a measured ECe, bounds, a class, a 1:5 extract, a dry residue. A bound that is missing is 0, or
    ``MOST_DS_M``.

    Parameters
    ----------
    surveys : n rows with ``salinity_ds_m``, ``salinity_low``, ``salinity_high`` [dS/m], ``salinity_class``,
        ``extract_ds_m`` [dS/m], ``dry_residue_pct`` [%], ``texture``; columns may be missing

    Returns
    -------
    SaltReadings of the n rows
    """
    exact = numbers(surveys, "salinity_ds_m")
    given = [numbers(surveys, name) for name in ("salinity_low", "salinity_high")]
    bounded = ~np.isnan(given[0]) | ~np.isnan(given[1])
    bounds = (np.where(np.isnan(given[0]), 0.0, given[0]), np.where(np.isnan(given[1]), MOST_DS_M, given[1]))
    names = texts(surveys, "salinity_class")
    classes = np.array([CLASSES.get(str(name), (np.nan, np.nan)) for name in names], dtype=np.float64).reshape(-1, 2)
    least, most = factors_of(texts(surveys, "texture"))
    extract = numbers(surveys, "extract_ds_m")
    residue = extract_of_residue(numbers(surveys, "dry_residue_pct"))
    said = (
        (exact, exact, A),
        (np.where(bounded, np.minimum(*bounds), np.nan), np.where(bounded, np.maximum(*bounds), np.nan), B),
        (classes[:, 0], classes[:, 1], B),
        (extract * least, extract * most, C),
        (residue[0] * least, residue[1] * most, C),
    )
    low, high = np.full(len(surveys), np.nan), np.full(len(surveys), np.nan)
    evidence = np.full(len(surveys), A, dtype=np.int8)
    for one_low, one_high, of_kind in said:
        free = np.isnan(low) & ~np.isnan(one_low)
        low[free], high[free], evidence[free] = one_low[free], one_high[free], of_kind
    return SaltReadings(low, np.maximum(low, np.minimum(high, MOST_DS_M)), evidence)
