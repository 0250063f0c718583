"""An obvious, slow judge of crops on one plot, written from the words and tables of domain reference 3.6 and 5.

It imports nothing of the science: limits, windows and responses are typed here a second time. Classes are counted S1 0
to N2 4; ``NR`` where the crop is shut out, ``NOTHING`` where nothing that decides is known.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from math import isnan, nan, sqrt

import numpy as np

NR, NOTHING = 5, 6
DAYS = (31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)
STARTS = tuple(int(day) for day in np.cumsum((0, *DAYS)))  # first day of each month, counted from 0
HELD = ("caco3", "gypsum", "ph", "esp")
# Ranges that are S1 for every crop of table 5.1 and 5.2 that has limits: outside is *not good*.
GOOD = {"coarse_fragments": (0, 3), "caco3": (0, 5), "gypsum": (0, 0.3), "ph": (6.5, 6.5), "esp": (0, 8)}

Limits = tuple[Sequence[float] | None, Sequence[float] | None]  # S3 S2 S1 of the low side, S1 S2 S3 of the high one


@dataclass(frozen=True)
class SlowCrop:
    """Windows are (first month, last month) or with a first day; temperature of the cycle by limits or trapezoid."""

    salt: tuple[float, float]
    depth: tuple[float, float, float]  # S1 S2 S3
    cycle_d: int
    base_c: float
    gdd: float
    lowland: tuple[tuple[int, int], ...]  # first and last day, counted from 0
    mountain: tuple[tuple[int, int], ...]
    mean_c: Limits
    altitude_m: float
    minor: Mapping[str, Limits] = field(default_factory=dict)
    above_ground_d: float = nan  # of a crop that frost kills
    frost: int = -1  # column of the season between its frosts
    winter: bool = False


def months(first: int, last: int) -> tuple[int, int]:
    """Whole months, 1 to 12, over the turn of the year if need be."""
    return STARTS[first - 1], STARTS[last] - 1


def minor(stones: Sequence[float], lime: Sequence[float], gypsum: Sequence[float] | None, ph: Sequence[float],
          sodium: Sequence[float]) -> dict[str, Limits]:  # fmt: skip
    found: dict[str, Limits] = {"coarse_fragments": (None, stones), "caco3": (None, lime), "esp": (None, sodium)}
    found["ph"] = (ph[:3], ph[3:])
    return found if gypsum is None else {**found, "gypsum": (None, gypsum)}


STONES = (15, 35, 55)
CROPS = {
    "wheat": SlowCrop(
        (6.0, 7.1), (50, 20, 10), 240, 0, 2000, (months(10, 6),), (months(10, 8),), ((8, 10, 12), (23, 25, 30)), 4500,
        minor(STONES, (30, 40, 60), (5, 10, 20), (5.2, 5.6, 6.0, 8.2, 8.3, 8.5), (20, 35, 45)), winter=True,
    ),
    "potato": SlowCrop(
        (1.7, 12), (60, 40, 20), 130, 5, 1300, (months(2, 6), months(8, 11)), ((STARTS[3] + 20, STARTS[9] - 1),),
        ((8, 10, 13), (24, 27, 30)), 2800,
        minor((3, 15, 35), (10, 15, 30), None, (4.8, 5.2, 5.6, 7.0, 8.0, 8.2), (25, 35, 45)), 85, 0,
    ),
    "maize": SlowCrop(
        (1.7, 12), (75, 50, 20), 150, 10, 1250, (months(6, 10),), (months(5, 9),), ((14, 16, 18), (32, 35, 40)), 4000,
        minor(STONES, (15, 25, 35), (4, 10, 20), (5.2, 5.5, 5.8, 7.8, 8.2, 8.5), (15, 20, 25)), 100, 1,
    ),
    "tomato": SlowCrop(
        (2.5, 9.9), (100, 75, 50), 145, 10, 1200, (months(4, 8),), (months(5, 9),), ((13, 16, 18), (26, 30, 35)), 2400,
        minor(STONES, (5, 10, 25), (2, 3, 5), (5.0, 5.5, 6.0, 7.5, 8.0, 8.2), (15, 25, 35)), 110, 2,
    ),
    "onion": SlowCrop(
        (1.2, 16), (50, 30, 20), 150, 5, 1500, (months(9, 7), months(3, 7)), (months(4, 9),),
        ((10, 13, 16), (22, 23, 25)), 2000,
        minor(STONES, (5, 10, 20), (2, 3, 5), (5.5, 5.8, 6.0, 7.8, 8.0, 8.2), (20, 35, 50)),
    ),
    "chickpea": SlowCrop(
        (1.5, 15), (75, 50, 30), 150, 5, 1300, (months(3, 7),), (months(4, 8),), ((12, 14, 16), (23, 25, 28)), 2300,
        minor(STONES, (25, 35, 50), (0.3, 3, 15), (5.2, 5.6, 6.0, 7.6, 8.0, 8.2), (8, 12, 15)),
    ),
}  # fmt: skip


def rated(limits: Limits, value: float) -> float:
    """.75, .5 and .25 on the limits; to 1 and 0 over the next width, no farther than the middle of S1, or zero."""
    low, high = limits
    found = 1.0
    middle = None if low is None or high is None else (low[2] + high[0]) / 2
    if low is not None:
        s3, s2, s1 = low
        top = s1 + (s1 - s2) if middle is None else min(s1 + (s1 - s2), middle)
        found = min(found, float(np.interp(value, [s3 - (s2 - s3), s3, s2, s1, top], [0, 0.25, 0.5, 0.75, 1])))
    if high is not None:
        s1, s2, s3 = high
        top = max(s1 - (s2 - s1), 0) if middle is None else max(s1 - (s2 - s1), middle)
        found = min(found, float(np.interp(value, [top, s1, s2, s3, s3 + (s3 - s2)], [1, 0.75, 0.5, 0.25, 0])))
    return found


def daily(monthly: Sequence[float]) -> np.ndarray:
    """Straight lines between the middles of the months."""
    middle = [start + days / 2 for start, days in zip(STARTS[:12], DAYS, strict=True)]
    around = [middle[-1] - 365, *middle, middle[0] + 365]
    return np.interp(np.arange(365) + 0.5, around, [monthly[-1], *monthly, monthly[0]])


def climate(crop: SlowCrop, monthly: Sequence[float], height_m: float) -> tuple[float, float, bool]:
    """Rating, heat over need, and whether a winter crop has fewer than 90 days to grow: the best of its windows."""
    if any(isnan(value) for value in monthly):
        return (0.0 if height_m > crop.altitude_m else nan), nan, False
    best, most, short = -1.0, -1.0, False
    year = daily(monthly)
    for first, last in crop.lowland if height_m < 1_000 else crop.mountain:
        days = [day % 365 for day in range(first, first + (last - first) % 365 + 1)]
        warmth = year[days]
        length = min(crop.cycle_d, len(days))
        runs = [warmth[start : start + length] for start in range(len(days) - length + 1)]
        heat = [float(np.maximum(run - crop.base_c, 0).sum()) for run in runs]
        most = max(most, max(heat) / crop.gdd)
        few = False
        if crop.winter:
            grows = warmth[warmth >= 5]
            few = len(grows) < 90
            found = rated(crop.mean_c, float(grows.mean())) if len(grows) else 0.0
        else:
            found = rated(crop.mean_c, float(runs[int(np.argmax(heat))].mean()))
        if found > best:
            best, short = found, few
    return (0.0 if height_m > crop.altitude_m else best), most, short


def index(ratings: Sequence[float]) -> float:
    """Square-root method, 0-100."""
    known = sorted(rating for rating in ratings if not isnan(rating))
    return 100 * known[0] * sqrt(float(np.prod(known[1:])))


def class_of(value: float) -> int:
    return next((number for number, limit in enumerate((75, 50, 25, 12.5)) if value >= limit), 4)


def judge(
    name: str, plot: Mapping[str, float], monthly: Sequence[float], seasons: Sequence[float]
) -> tuple[int, float]:
    """Class of a crop on a plot and how near its index lies to a limit of a class."""
    crop = CROPS[name]
    warm, heat, short = climate(crop, monthly, plot["elevation_m"])
    salt, depth, water = plot["salinity_ds_m"], plot["depth_cm"], plot["groundwater_m"]
    threshold, slope = crop.salt
    knots = [threshold + (100 - left) / slope for left in (95, 80, 60, 40, 20)]
    saline = float(np.interp(salt, knots, [1, 0.75, 0.5, 0.25, 0]))
    unmeasured = isnan(salt) and bool(plot["saltless"])
    deciding = [warm, plot["slope_rating"], 0.75 if unmeasured else saline, nan]
    if not isnan(depth):
        deciding[3] = rated((crop.depth[::-1], None), depth)
    if all(isnan(rating) for rating in deciding):
        return NOTHING, 1.0
    beside = {
        factor: nan if isnan(plot[factor]) else rated(limits, plot[factor]) for factor, limits in crop.minor.items()
    }
    whole, core = index([*deciding, *beside.values()]), index([*deciding, beside.get("coarse_fragments", nan)])
    near = min(abs(value - limit) for value in (whole, core) for limit in (75, 50, 25, 12.5))
    found = class_of(whole)
    if not any(beside.get(factor, 1.0) < 0.25 for factor in ("gypsum", "esp")):
        found = min(found, max(class_of(core), 1))  # lime and the like hold at S2 at worst
    found = min(found + int(short) + int(water < 1.0), 4)
    known = [
        not any(isnan(value) for value in monthly),
        not isnan(plot["slope_rating"]),
        unmeasured or not isnan(salt),
        not isnan(depth),
    ]
    capped = not all(known) or isnan(water)
    for factor, (least, most) in GOOD.items():
        capped |= factor not in crop.minor and (plot[factor] < least or plot[factor] > most)
    if crop.frost >= 0:
        capped |= isnan(seasons[crop.frost])
    found = max(found, 1) if capped else found
    out = heat < 0.7 or water < 0.5 or salt > threshold + 80 / slope
    if crop.frost >= 0:
        out = out or seasons[crop.frost] - crop.above_ground_d < -20
    return (NR if out else found), near
