"""Crops on a plot: ratings by each crop's own table, the square-root index, the three that suit best.

The ranking never enters a plot's score (domain reference 3.6, step 3). A factor a crop has a limit for and a plot
has no value of is unknown: it is named, the crop is ranked on what is known, and its class is not better than S2.
"""

from __future__ import annotations

import csv
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from importlib import resources

import numpy as np
from numba import njit
from numpy.typing import NDArray

from geo.contract.memberships import Trapezoid
from geo.errors import TableError
from geo.water.irrigation import relative_yield_pct

Floats = NDArray[np.float64]
Line = tuple[tuple[float, ...], tuple[float, ...]]  # knots, rising, and the level at each

RATINGS = (0.75, 0.50, 0.25)  # rating on the limits of S1, S2 and S3; domain reference, convention of memberships
CLASS_FROM = {"S1": 75.0, "S2": 50.0, "S3": 25.0, "N1": 12.5}  # lowest index of a class; Sys et al. 1991
DAYS_PER_MONTH = 30.4375  # d, mean of the Gregorian calendar
SLOPE_FACTORS = {"furrow": "slope_furrow", "terraced": "slope_mechanised", "hand": "slope_hand"}
SOIL_FACTORS = ("depth", "coarse_fragments", "caco3", "gypsum", "ph", "esp")
REQUIRED = frozenset({"slope", "salinity", "depth"})  # a crop without limits for these is never better than S2
BEST = 3  # crops named per plot


@dataclass(frozen=True, slots=True)
class Limits:
    """Limits of S3, S2 and S1 on the low side and of S1, S2 and S3 on the high side; a side may be missing.

    ``low`` rises (S3, S2, S1); ``high`` rises (S1, S2, S3). Both sides together make a two-sided factor.
    """

    low: tuple[float, float, float] | None
    high: tuple[float, float, float] | None

    def rating(self, value: Floats) -> Floats:
        """Rating 0-1, float64 (n,): .75, .50, .25 on the limits, linear between, NaN where the value is NaN.

        Beyond S1 it rises to 1 over the width of S2, but no farther than zero (nothing can be less) or the middle of
        a two-sided S1; beyond S3 it falls to 0 over the width of S3.
        """
        x = np.asarray(value, dtype=np.float64)
        result = np.where(np.isnan(x), np.nan, 1.0)
        for side in self.sides():
            if side is not None:
                result = np.minimum(result, np.interp(x, *side))
        return np.asarray(result)

    def sides(self) -> tuple[Line | None, Line | None]:
        """Knots and levels of the straight lines that make the rating of the low and of the high side."""
        middle = None if self.low is None or self.high is None else (self.low[2] + self.high[0]) / 2
        low = high = None
        if self.low is not None:
            s3, s2, s1 = self.low
            top = s1 + (s1 - s2) if middle is None else min(s1 + (s1 - s2), middle)
            low = (s3 - (s2 - s3), s3, s2, s1, top), (0.0, *RATINGS[::-1], 1.0)
        if self.high is not None:
            s1, s2, s3 = self.high
            top = max(s1 - (s2 - s1), 0.0) if middle is None else max(s1 - (s2 - s1), middle)
            high = (top, s1, s2, s3, s3 + (s3 - s2)), (1.0, *RATINGS, 0.0)
        return low, high

    def class_of(self, value: Floats) -> NDArray[np.str_]:
        """Class S1, S2, S3 or N the table itself gives each value, limits inclusive: the oracle of ``rating``."""
        x = np.asarray(value, dtype=np.float64)
        result = np.full(x.shape, "N", dtype="<U2")
        for name, position in (("S3", 2), ("S2", 1), ("S1", 0)):
            inside = np.ones(x.shape, dtype=bool)
            if self.low is not None:
                inside &= x >= self.low[2 - position]
            if self.high is not None:
                inside &= x <= self.high[position]
            result[inside] = name
        return result


@dataclass(frozen=True, slots=True)
class Crop:
    """What one crop asks for.

    temperature : trapezoid of monthly mean temperature [degC]. cycle_d : shortest cycle [d]. kill_c : temperature that
    kills it [degC]. altitude_max_m : greatest altitude [m]. base_c, gdd : base temperature [degC] and degree-days
    [degC d] to harvest, NaN unknown. frost_tender : the field crop dies of frost. salinity : threshold [dS/m] and slope
    [%/dS/m], NaN unknown. limits : factor -> limits; a factor without a row is not assessed for this crop.
    """

    id: str
    temperature: Trapezoid
    cycle_d: float
    kill_c: float
    altitude_max_m: float
    base_c: float
    gdd: float
    frost_tender: bool
    salinity: tuple[float, float]
    limits: Mapping[str, Limits]

    @property
    def months(self) -> int:
        """Whole months the shortest cycle takes."""
        return max(1, round(self.cycle_d / DAYS_PER_MONTH))


@lru_cache
def crops() -> dict[str, Crop]:
    """Return the crops that ship with Obod in the order of their table.

    Raises
    ------
    TableError : a row that does not hold together; names file, row and field.
    """
    folder = resources.files("geo").joinpath("crops", "tables")
    with folder.joinpath("limits.csv").open(encoding="utf-8") as file:
        limits = read_limits(file, source="limits.csv")
    with folder.joinpath("crops.csv").open(encoding="utf-8") as file:
        return read_crops(file, limits, source="crops.csv")


def read_limits(lines: Iterable[str], *, source: str) -> dict[str, dict[str, Limits]]:
    """Return crop -> factor -> limits from CSV lines; rows may run from low to high or from high to low.

    Raises
    ------
    TableError : limits that are not strictly ordered, half a side, or the same crop and factor twice.
    """
    found: dict[str, dict[str, Limits]] = {}
    for number, row in enumerate(csv.DictReader(lines), start=2):
        where = f"{source}, row {number} ({row['crop']}, {row['factor']})"
        low = _side([row["s3_low"], row["s2_low"], row["s1_low"]], where)
        high = _side([row["s1_high"], row["s2_high"], row["s3_high"]], where)
        if low is None and high is None:
            raise TableError(f"{where}: no limit given")
        low, high = _ascending(low, high)
        steps = np.diff([*(low or ()), *(high or ())])
        if (steps[:2] <= 0).any() or (steps[-2:] <= 0).any() or (steps < 0).any():
            raise TableError(f"{where}: limits must rise or fall strictly, got {[*(low or ()), *(high or ())]}")
        if row["factor"] in found.setdefault(row["crop"], {}):
            raise TableError(f"{where}: given twice")
        found[row["crop"]][row["factor"]] = Limits(low, high)
    return found


def read_crops(lines: Iterable[str], limits: Mapping[str, Mapping[str, Limits]], *, source: str) -> dict[str, Crop]:
    """Return crop id -> crop from CSV lines; limits of a crop that is not in the table are refused."""
    found: dict[str, Crop] = {}
    for number, row in enumerate(csv.DictReader(lines), start=2):
        where = f"{source}, row {number} ({row['crop']})"
        try:
            value = {name: float(text) if text else float("nan") for name, text in row.items() if name in _NUMBERS}
        except ValueError as problem:
            raise TableError(f"{where}: {problem}") from None
        if row["frost_tender"] not in ("yes", "no", ""):
            raise TableError(f"{where}, frost_tender: yes or no expected, got '{row['frost_tender']}'")
        found[row["crop"]] = Crop(
            id=row["crop"],
            temperature=Trapezoid(
                value["t_min_c"], value["t_optimum_low_c"], value["t_optimum_high_c"], value["t_max_c"]
            ),
            cycle_d=value["cycle_d"],
            kill_c=value["kill_c"],
            altitude_max_m=value["altitude_max_m"],
            base_c=value["base_c"],
            gdd=value["gdd"],
            frost_tender=row["frost_tender"] == "yes",
            salinity=(value["salinity_threshold_ds_m"], value["salinity_slope_pct"]),
            limits=limits.get(row["crop"], {}),
        )
    if strange := sorted(set(limits) - set(found)):
        raise TableError(f"limits of '{strange[0]}', which is not in {source}")
    return found


_NUMBERS = (
    "t_min_c",
    "t_optimum_low_c",
    "t_optimum_high_c",
    "t_max_c",
    "cycle_d",
    "kill_c",
    "altitude_max_m",
    "base_c",
    "gdd",
    "salinity_threshold_ds_m",
    "salinity_slope_pct",
)


def square_root_index(ratings: Floats) -> Floats:
    """Index 0-100, float64 (n,), of ratings (n, k) on 0-100: lowest x sqrt(product of the others / 100).

    NaN ratings are left out; a row without any is NaN. Khiddir 1986; domain reference 3.2.
    """
    known = ~np.isnan(ratings)
    share = np.where(known, ratings, 100.0) / 100
    lowest = share.min(axis=1)
    position = share.argmin(axis=1)
    others = share.copy()
    others[np.arange(len(others)), position] = 1.0
    index = 100 * lowest * np.sqrt(others.prod(axis=1))
    return np.asarray(np.where(known.any(axis=1), index, np.nan))


def storie_index(ratings: Floats) -> Floats:
    """Index 0-100, float64 (n,), of ratings (n, k) on 0-100: their product; for comparison only."""
    return np.asarray(100 * (ratings / 100).prod(axis=1))


def class_of_index(index: Floats) -> NDArray[np.str_]:
    """Class of an index 0-100: S1 from 75, S2 from 50, S3 from 25, N1 from 12.5, N2 below; NE where NaN."""
    conditions = [index >= lowest for lowest in CLASS_FROM.values()]
    return np.where(np.isnan(index), "NE", np.select(conditions, list(CLASS_FROM), "N2"))


def climate_rating(crop: Crop, mean_c: Floats) -> tuple[Floats, NDArray[np.int8]]:
    """Rating 0-1, float64 (n,), of monthly mean temperatures (n, 12) and the month (1-12) the best cycle starts in.

    The cycle is laid at each start month; it is as good as its worst month, and the best start counts.
    """
    monthly = np.ascontiguousarray(mean_c, dtype=np.float64)
    best, start = np.empty(len(monthly)), np.empty(len(monthly), dtype=np.int8)
    suited = crop.temperature
    corners = (suited.low, suited.optimum_low, suited.optimum_high, suited.high)
    _best_cycle(monthly, corners, crop.months, best, start)
    return best, start


@njit(cache=True, nogil=True, error_model="numpy")
def _best_cycle(monthly, corners, months, best, start):  # type: ignore[no-untyped-def]
    """Fill the rating of the best run of months by a trapezoid and the month it begins in; NaN and 0 where unknown."""
    low, optimum_low, optimum_high, high = corners
    rating = np.empty(2 * monthly.shape[1])
    for i in range(len(monthly)):
        best[i], start[i] = best_start(monthly, i, low, optimum_low, optimum_high, high, months, rating)


@njit(cache=True, nogil=True, error_model="numpy")
def best_start(monthly, i, low, optimum_low, optimum_high, high, months, rating):  # type: ignore[no-untyped-def]
    """Return the rating of the best run of months of plot i and the month 1-12 it begins in; NaN and 0 if unknown.

    rating : room for the rating of each month of two years, for a run may go on in the next one.
    """
    best, start = -1.0, 0
    count = monthly.shape[1]
    for month in range(count):
        warmth = monthly[i, month]
        if warmth != warmth:
            return np.nan, 0
        up = 1.0 if warmth >= optimum_low else (warmth - low) / (optimum_low - low)
        down = 1.0 if warmth <= optimum_high else (high - warmth) / (high - optimum_high)
        rating[month] = rating[month + count] = min(max(min(up, down), 0.0), 1.0)
    for first in range(count):
        worst = 1.0
        for month in range(first, first + months):
            worst = min(worst, rating[month])
            if worst <= best:
                break
        if worst > best:
            best, start = worst, first + 1
    return best, start


@dataclass(frozen=True, slots=True)
class Ground:
    """What is known of n plots for ranking crops; float64 (n,), NaN unknown.

    slope_pct [%]; work : furrow, terraced or hand (n,); salinity_ds_m [dS/m]; elevation_m [m];
    mean_c : monthly mean temperature (n, 12) [degC]; soil : factor -> values, see ``SOIL_FACTORS``.
    """

    slope_pct: Floats
    work: NDArray[np.str_]
    salinity_ds_m: Floats
    elevation_m: Floats
    mean_c: Floats
    soil: Mapping[str, Floats]


@dataclass(frozen=True, slots=True)
class CropRating:
    """One crop on n plots: index 0-100, class, factor that limits most, months of start, factors not assessed."""

    crop: str
    index: Floats
    suitability_class: NDArray[np.str_]
    limiting: NDArray[np.str_]
    start_month: NDArray[np.int8]
    unknown: NDArray[np.bool_]
    not_assessed: tuple[str, ...]


def rate_crop(crop: Crop, ground: Ground) -> CropRating:
    """Rate one crop on n plots by the square-root index over climate, slope, salinity and soil.

    Climate and slope must be known for a crop to be rated; any other factor the crop has limits for and the plot
    no value of leaves the index on what is known and holds the class at S2.
    """
    climate, start = climate_rating(crop, ground.mean_c)
    climate = np.where(ground.elevation_m > crop.altitude_max_m, 0.0, climate)
    ratings: dict[str, Floats] = {"climate": climate}
    not_assessed: list[str] = []
    slope = np.full(len(climate), np.nan)
    for work, factor in SLOPE_FACTORS.items():
        here = ground.work == work
        if factor in crop.limits:
            slope[here] = crop.limits[factor].rating(ground.slope_pct[here])
    if any(factor in crop.limits for factor in SLOPE_FACTORS.values()):
        ratings["slope"] = slope
    else:
        not_assessed.append("slope")
    if np.isnan(crop.salinity[0]):
        not_assessed.append("salinity")
    else:
        ratings["salinity"] = relative_yield_pct(ground.salinity_ds_m, *crop.salinity) / 100
    for factor in SOIL_FACTORS:
        if factor in crop.limits:
            ratings[factor] = crop.limits[factor].rating(ground.soil[factor])
        else:
            not_assessed.append(factor)

    names = np.array(list(ratings))
    table = np.column_stack(list(ratings.values())) * 100
    index = square_root_index(table)
    rated = ~np.isnan(climate) & ~(np.isnan(slope) if "slope" in ratings else np.zeros(len(slope), dtype=bool))
    index = np.where(rated, index, np.nan)
    limits_missing = not REQUIRED.isdisjoint(not_assessed)
    unknown = np.isnan(table).any(axis=1) | np.full(len(table), limits_missing)
    classes = class_of_index(index)
    classes = np.where(unknown & (classes == "S1"), "S2", classes)
    worst = names[np.where(np.isnan(table), np.inf, table).argmin(axis=1)]
    return CropRating(crop.id, index, classes, worst, start, unknown, tuple(not_assessed))


def rank_crops(ground: Ground, *, of: Sequence[str] | None = None) -> list[CropRating]:
    """Rate all crops (or those named) on n plots, in the order of the table."""
    table = crops()
    return [rate_crop(table[name], ground) for name in (of or table)]


def best_crops(ratings: Sequence[CropRating], count: int = BEST) -> NDArray[np.object_]:
    """Ids of the ``count`` best crops of class S1 or S2 per plot, best first, as lists (n,); ties in table order."""
    names = np.array([rating.crop for rating in ratings])
    index = np.column_stack([rating.index for rating in ratings])
    fits = np.column_stack([np.isin(rating.suitability_class, ("S1", "S2")) for rating in ratings])
    order = np.argsort(-np.where(fits, index, -np.inf), axis=1, kind="stable")
    chosen = np.take_along_axis(fits, order, axis=1)
    result = np.empty(len(index), dtype=object)
    result[:] = [list(names[row[keep]][:count]) for row, keep in zip(order, chosen, strict=True)]
    return result


def _side(cells: Sequence[str], where: str) -> tuple[float, float, float] | None:
    given = [cell for cell in cells if cell.strip()]
    if not given:
        return None
    try:
        first, second, third = (float(cell) for cell in cells)
    except ValueError:
        raise TableError(f"{where}: a side needs three numbers, got {list(cells)}") from None
    return first, second, third


def _ascending(
    low: tuple[float, float, float] | None, high: tuple[float, float, float] | None
) -> tuple[tuple[float, float, float] | None, tuple[float, float, float] | None]:
    """Put a row that runs from high to low the right way round: its sides change places."""
    first, last = low or high, high or low
    if first is not None and last is not None and first[0] > last[2]:
        return (high[::-1] if high else None), (low[::-1] if low else None)
    return low, high
