"""Hands and work: how many workdays a household has each month, how many a crop asks for.

All figures of this module and of ``labour.csv`` are defaults to calibrate with field schools; no Tajik source was
found for them (domain reference section 12). Children are never counted as labour.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from importlib import resources
from itertools import product

import numpy as np
from numpy.typing import ArrayLike, NDArray

from geo.errors import TableError

Floats = NDArray[np.float64]

MONTH_NAMES = (
    *("January", "February", "March", "April", "May", "June"),
    *("July", "August", "September", "October", "November", "December"),
)
MONTHS = len(MONTH_NAMES)
WORKDAY_H = 8.0  # h of field work in one person-day
FREE_HOURS = {  # h per day free for field work by kind of adult, default to calibrate; domain reference 4.4
    "woman_with_children_under_7": 3.5,
    "woman": 5.0,
    "man": 7.0,
    "elder": 2.0,
}
# Workable days per month, January first; 22 from April to October is the default to calibrate of domain reference 4.4,
# the winter months are shortened by frost and wet soil in the same spirit.
WORKABLE_DAYS = np.array([8, 10, 16, 22, 22, 22, 22, 22, 22, 22, 16, 8], dtype=np.float64)  # d

ZONES = ("lowland", "mountain")
MOUNTAIN_PREFIX = "TJ.RR."  # districts whose crop calendar is the mountain one, default to calibrate


@dataclass(frozen=True, slots=True)
class CropLabour:
    """Work one hectare of a crop asks for.

    person_days_ha : person-days per hectare and year, tractor land preparation and the rest by hand.
    land_preparation : share of the work by hand that a hired tractor takes over; already left out of
    ``person_days_ha`` and added back where no tractor can be had. shares : float64 (12,), share of the year's work
    in each month, January first, sums to 1.
    """

    crop: str
    zone: str
    person_days_ha: float
    land_preparation: float
    shares: Floats


def zone_of(districts: NDArray[np.object_]) -> NDArray[np.str_]:
    """Return the crop calendar that holds in each district.

    Parameters
    ----------
    districts : codes, object (n,).

    Returns
    -------
    ``mountain`` or ``lowland``, str (n,).
    """
    names = np.asarray(districts, dtype=str)
    return np.where(np.char.startswith(names, MOUNTAIN_PREFIX), ZONES[1], ZONES[0])


@lru_cache
def crop_labour() -> dict[tuple[str, str], CropLabour]:
    """Return the labour table.

    Returns
    -------
    (crop, zone) -> work of one hectare.

    Raises
    ------
    TableError : a row whose monthly shares do not sum to 1, or a number that is none; names file, row and field.
    """
    name = "labour.csv"
    table: dict[tuple[str, str], CropLabour] = {}
    with resources.files("geo").joinpath("household", name).open(encoding="utf-8") as file:
        for number, row in enumerate(csv.DictReader(file), start=2):
            try:
                shares = np.array([float(row[f"m{month}"]) for month in range(1, MONTHS + 1)])
                work = CropLabour(
                    row["crop"], row["zone"], float(row["person_days_ha"]), float(row["land_preparation"]), shares
                )
            except (KeyError, TypeError, ValueError) as problem:
                raise TableError(f"{name}, row {number}: {problem}") from None
            if abs(shares.sum() - 1) > 1e-9 or (shares < 0).any():
                raise TableError(
                    f"{name}, row {number}: monthly shares must be positive and sum to 1, got {shares.sum():g}"
                )
            if work.zone not in ZONES:
                raise TableError(f"{name}, row {number}, zone: '{work.zone}' is not one of {', '.join(ZONES)}")
            table[work.crop, work.zone] = work
    return table


def labour_of(
    crop: NDArray[np.str_], districts: NDArray[np.object_]
) -> Iterator[tuple[NDArray[np.bool_], CropLabour | None]]:
    """Yield each crop and zone that occurs on plots, and the work it asks for.

    Parameters
    ----------
    crop : ids of the crops, str (n,).
    districts : codes, object (n,).

    Yields
    ------
    here : bool (n,), plots of the crop in the zone.
    work : of one hectare, None unknown.
    """
    zones = zone_of(districts)
    for name, zone in product(np.unique(crop), np.unique(zones)):
        here = (crop == name) & (zones == zone)
        if here.any():
            yield here, crop_labour().get((str(name), str(zone)))


def supply_days(adults: dict[str, int], *, hours: dict[str, float] | None = None) -> Floats:
    """Return the workdays a household can give each month.

    Parameters
    ----------
    adults : count of each kind of adult (16 and older).
    hours : free hours per day by kind, where a profile has its own.

    Returns
    -------
    float64 (12,), person-days, January first.

    Raises
    ------
    TableError : a kind of adult without free hours, or a negative count.

    Notes
    -----
    Sum over adults of free hours x workable days / 8 h; domain reference 4.4.
    """
    free = {**FREE_HOURS, **(hours or {})}
    total = 0.0
    for kind, count in adults.items():
        if kind not in free:
            raise TableError(f"adults: '{kind}' is not one of {', '.join(sorted(free))}")
        if count < 0:
            raise TableError(f"adults: {kind} must be 0 or more, got {count}")
        total += count * free[kind]
    return np.asarray(total * WORKABLE_DAYS / WORKDAY_H)


def demand_days_ha(work: CropLabour, *, tractor: bool) -> Floats:
    """Return the work one hectare of a crop asks for each month.

    Parameters
    ----------
    work : labour of the crop.
    tractor : land preparation is hired.

    Returns
    -------
    float64 (12,), person-days/ha, January first.

    Notes
    -----
    Without a tractor the land is prepared by hand: the year's work grows to person_days / (1 - land_preparation).
    """
    year = work.person_days_ha if tractor else work.person_days_ha / (1 - work.land_preparation)
    return np.asarray(year * work.shares)


def labour_balance(supply: Floats, demand_ha: Floats, area_ha: ArrayLike) -> Floats:
    """Return supply of work over demand in the worst month.

    Parameters
    ----------
    supply : float64 (12,), workdays of the household.
    demand_ha : float64 (12,), person-days/ha.
    area_ha : area of n plots, ha, NaN unknown.

    Returns
    -------
    float64 (n,), ratio; NaN where the area is unknown or 0.

    Notes
    -----
    F1 = min over months of supply / (demand per ha x area); months without work do not count.
    """
    area = np.asarray(area_ha, dtype=np.float64)
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.asarray(np.where(area > 0, area_alone_ha(supply, demand_ha) / area, np.nan))


def area_alone_ha(supply: Floats, demand_ha: Floats) -> float:
    """Return the area of a crop the household can run alone.

    Parameters
    ----------
    supply : float64 (12,), workdays of the household.
    demand_ha : float64 (12,), person-days/ha.

    Returns
    -------
    float, ha, where the worst month's balance is exactly 1.
    """
    return float(_balance_ha(supply, demand_ha).min())


def peak_month(supply: Floats, demand_ha: Floats) -> int:
    """Return the month that decides F1: where the work of a crop is most against the household's workdays.

    Parameters
    ----------
    supply : float64 (12,), workdays of the household.
    demand_ha : float64 (12,), person-days/ha.

    Returns
    -------
    int, 1-12.
    """
    return int(_balance_ha(supply, demand_ha).argmin()) + 1


def _balance_ha(supply: Floats, demand_ha: Floats) -> Floats:
    """Supply over the demand of one hectare, float64 (12,); infinite in months without work."""
    balance = np.full(MONTHS, np.inf)
    np.divide(supply, demand_ha, out=balance, where=demand_ha > 0)
    return balance
