"""An obvious, slow judge of crops on one plot, written from the words and tables of domain reference 3.6 and 5.

It imports nothing of the science: limits, windows and responses are typed here a second time. Classes are counted S1 0
to N2 4; ``NR`` where the crop is shut out, ``NOTHING`` where nothing that decides is known.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from math import inf, isnan, nan, sqrt

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
    """Windows are first and last day, counted from 0; () not grown, ``ANY`` any start.

    salt : threshold and slope, or S1 S2 S3 of ECe. mean_c : limits of the mean temperature of the cycle; None: the
    trapezoid ``monthly_c`` by the worst month of the shortest cycle, ``shortest_d``. after_grain : zones in which it is
    sown in summer, after grain.
    """

    salt: tuple[float, ...]
    depth: tuple[float, float, float]  # S1 S2 S3
    lowland: tuple[tuple[int, int], ...]
    mountain: tuple[tuple[int, int], ...]
    cycle_d: int = 0
    base_c: float = nan
    gdd: float = nan
    mean_c: Limits | None = None
    monthly_c: tuple[float, float, float, float] = (nan, nan, nan, nan)
    shortest_d: int = 0
    altitude_m: float = inf
    minor: Mapping[str, Limits] = field(default_factory=dict)
    above_ground_d: float = nan  # of a crop that frost kills
    frost: int = -1  # column of the season between its frosts
    winter: bool = False
    tree: bool = False
    after_grain: str = ""


def months(first: int, last: int) -> tuple[int, int]:
    """Whole months, 1 to 12, over the turn of the year if need be."""
    return STARTS[first - 1], STARTS[last] - 1


def minor(stones: Sequence[float], lime: Sequence[float], gypsum: Sequence[float] | None, ph: Sequence[float],
          sodium: Sequence[float] | None) -> dict[str, Limits]:  # fmt: skip
    found: dict[str, Limits] = {"coarse_fragments": (None, stones), "caco3": (None, lime), "ph": (ph[:3], ph[3:])}
    found |= {} if sodium is None else {"esp": (None, sodium)}
    return found if gypsum is None else {**found, "gypsum": (None, gypsum)}


def acidity(optimum: tuple[float, float], absolute: tuple[float, float]) -> dict[str, Limits]:
    """Return limits of pH by 5.2: between optimum and absolute S2 in the nearer half, S3 in the farther."""
    (low, high), (least, most) = optimum, absolute
    return {"ph": ((least, (least + low) / 2, low), (high, (high + most) / 2, most))}


ANY = ((0, 364),)
STONES = (15, 35, 55)
CROPS = {
    "wheat": SlowCrop(
        (6.0, 7.1), (50, 20, 10), (months(10, 6),), (months(10, 8),), 240, 0, 2000, ((8, 10, 12), (23, 25, 30)),
        altitude_m=4500, winter=True,
        minor=minor(STONES, (30, 40, 60), (5, 10, 20), (5.2, 5.6, 6.0, 8.2, 8.3, 8.5), (20, 35, 45)),
    ),
    "barley": SlowCrop(
        (8.0, 5.0), (50, 30, 20), (months(10, 6),), (months(4, 8),), 135, 0, 1500, monthly_c=(2, 15, 20, 40),
        shortest_d=90, minor=minor(STONES, (30, 40, 60), (5, 10, 20), (5.5, 5.8, 6.2, 8.0, 8.2, 8.5), (25, 35, 45)),
    ),
    "potato": SlowCrop(
        (1.7, 12), (60, 40, 20), (months(2, 6), months(8, 11)), ((STARTS[3] + 20, STARTS[9] - 1),), 130, 5, 1300,
        ((8, 10, 13), (24, 27, 30)), altitude_m=2800, above_ground_d=85, frost=0,
        minor=minor((3, 15, 35), (10, 15, 30), None, (4.8, 5.2, 5.6, 7.0, 8.0, 8.2), (25, 35, 45)),
    ),
    "maize": SlowCrop(
        (1.7, 12), (75, 50, 20), (months(6, 10),), (months(5, 9),), 150, 10, 1250, ((14, 16, 18), (32, 35, 40)),
        altitude_m=4000, above_ground_d=100, frost=1, after_grain="lowland",
        minor=minor(STONES, (15, 25, 35), (4, 10, 20), (5.2, 5.5, 5.8, 7.8, 8.2, 8.5), (15, 20, 25)),
    ),
    "lucerne": SlowCrop(
        (2.0, 7.3), (75, 50, 20), (months(4, 10),), (months(5, 9),), 45, 5, 400, ((10, 15, 20), (28, 32, 40)),
        altitude_m=4000,
        minor=minor(STONES, (15, 25, 35), (4, 10, 20), (5.2, 5.5, 6.0, 8.0, 8.2, 8.5), (20, 35, 50)),
    ),
    "tomato": SlowCrop(
        (2.5, 9.9), (100, 75, 50), (months(4, 8),), (months(5, 9),), 145, 10, 1200, ((13, 16, 18), (26, 30, 35)),
        altitude_m=2400, above_ground_d=110, frost=2,
        minor=minor(STONES, (5, 10, 25), (2, 3, 5), (5.0, 5.5, 6.0, 7.5, 8.0, 8.2), (15, 25, 35)),
    ),
    "onion": SlowCrop(
        (1.2, 16), (50, 30, 20), (months(9, 7), months(3, 7)), (months(4, 9),), 150, 5, 1500,
        ((10, 13, 16), (22, 23, 25)), altitude_m=2000,
        minor=minor(STONES, (5, 10, 20), (2, 3, 5), (5.5, 5.8, 6.0, 7.8, 8.0, 8.2), (20, 35, 50)),
    ),
    "chickpea": SlowCrop(
        (1.5, 15), (75, 50, 30), (months(3, 7),), (months(4, 8),), 150, 5, 1300, ((12, 14, 16), (23, 25, 28)),
        altitude_m=2300,
        minor=minor(STONES, (25, 35, 50), (0.3, 3, 15), (5.2, 5.6, 6.0, 7.6, 8.0, 8.2), (8, 12, 15)),
    ),
    "cotton": SlowCrop(
        (7.7, 5.2), (75, 50, 25), (months(4, 10),), (), 195, 15, 1300, ((20, 22, 24), None), altitude_m=1250,
        above_ground_d=175, frost=2,
        minor=minor(STONES, (20, 30, 40), (6, 10, 15), (5.2, 5.6, 6.0, 7.6, 8.0, 8.5), None),
    ),
    "carrot": SlowCrop(
        (1.0, 14), (75, 60, 50), (months(7, 10),), (months(5, 9),), 150, 4, 1300, monthly_c=(3, 15, 24, 30),
        shortest_d=40, altitude_m=2600, minor=acidity((5.8, 6.8), (4.2, 8.7)), after_grain="lowland",
    ),
    "bean": SlowCrop(
        (1.0, 19), (60, 40, 20), ANY, ANY, 110, 10, 900, monthly_c=(7, 16, 25, 32), shortest_d=50, altitude_m=3000,
        minor=acidity((5.5, 7.5), (4.0, 9.0)), above_ground_d=85, frost=2,
    ),
    "sainfoin": SlowCrop(
        (3, 5, 7), (60, 40, 20), ANY, ANY, monthly_c=(4, 18, 27, 34), shortest_d=100, altitude_m=3000,
        minor=acidity((6.5, 7.5), (4.9, 8.2)),
    ),
    "mung_bean": SlowCrop(
        (1.8, 20.7), (60, 40, 20), (months(6, 9),), (months(6, 9),), 100, 10, 1000, monthly_c=(8, 21, 36, 40),
        shortest_d=50, above_ground_d=80, frost=2, after_grain="lowland mountain",
    ),
    "melon": SlowCrop(
        (1.0, 8.4), (100, 75, 50), (months(4, 8),), (), 120, 12, 1200, monthly_c=(12, 19, 32, 37), shortest_d=70,
        above_ground_d=100, frost=2,
    ),
    "cucumber": SlowCrop(
        (2.5, 13), (60, 40, 20), (months(4, 7),), (months(5, 8),), 105, 10, 800, monthly_c=(6, 18, 32, 38),
        shortest_d=40, above_ground_d=85, frost=2,
    ),
    "cabbage": SlowCrop(
        (1.8, 9.7), (50, 35, 20), (months(2, 6), months(8, 11)), (months(4, 9),), 125, 4, 1100,
        monthly_c=(7, 15, 24, 32), shortest_d=60,
    ),
    "apricot": SlowCrop(
        (1.6, 24), (120, 80, 50), (months(3, 7),), (months(4, 7),), 210, 4.5, 1000, monthly_c=(7, 14, 35, 40),
        shortest_d=180, altitude_m=2000, minor=acidity((6.5, 7.0), (5.0, 8.0)), tree=True,
    ),
    "apple": SlowCrop(
        (1.7, 20), (120, 80, 50), (months(3, 10),), (months(4, 10),), 210, 4.5, 1900, monthly_c=(8, 14, 27, 33),
        shortest_d=180, altitude_m=2500, minor=acidity((6.0, 7.0), (4.5, 8.0)), tree=True,
    ),
    "mulberry": SlowCrop(
        (3, 5, 7), (120, 80, 50), ANY, ANY, 210, 10, 350, monthly_c=(13, 20, 28, 45), shortest_d=180,
        altitude_m=3300, minor=acidity((5.5, 7.5), (4.3, 8.3)), tree=True,
    ),
    "walnut": SlowCrop(
        (2, 3, 4), (150, 120, 80), ANY, ANY, monthly_c=(7, 15, 30, 40), shortest_d=150, altitude_m=3650,
        minor=acidity((5.5, 6.5), (4.5, 8.3)), tree=True,
    ),
    "grape": SlowCrop(
        (1.5, 9.6), (100, 70, 40), (months(4, 9),), (months(5, 10),), 205, 10, 1500, monthly_c=(10, 18, 30, 38),
        shortest_d=160, tree=True,
    ),
    "pomegranate": SlowCrop(
        (3, 5, 8), (120, 80, 50), ANY, (), 240, 10, 2500, monthly_c=(8, 23, 32, 40), shortest_d=180, tree=True,
    ),
    "almond": SlowCrop(
        (1.5, 19), (80, 50, 30), (months(3, 8),), (), 210, 4.5, 1000, monthly_c=(10, 12, 35, 40), shortest_d=150,
        tree=True,
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


def runs_of(days: np.ndarray, length: int) -> list[np.ndarray]:
    """Return the runs of days inside a window; the whole year has no end."""
    if len(days) == 365:
        return [np.take(days, range(start, start + length), mode="wrap") for start in range(365)]
    return [days[start : start + length] for start in range(len(days) - length + 1)]


def worst_month(crop: SlowCrop, monthly: Sequence[float], days: Sequence[int]) -> float:
    """Return the worst month of the shortest cycle at its best start inside the months of a window."""
    low, best_from, best_to, high = crop.monthly_c
    warm = [float(np.interp(value, [low, best_from, best_to, high], [0, 1, 1, 0])) for value in monthly]
    of_day = [month for month, length in enumerate(DAYS) for _ in range(length)]
    window = list(dict.fromkeys(of_day[day] for day in days))
    length = min(max(1, round(crop.shortest_d / 30.4375)), len(window))
    starts = range(12) if len(window) == 12 else range(len(window) - length + 1)
    return max(min(warm[window[(start + k) % len(window)]] for k in range(length)) for start in starts)


def climate(crop: SlowCrop, monthly: Sequence[float], height_m: float) -> tuple[float, float, bool]:
    """Rating, heat over need, and whether a winter crop has fewer than 90 days to grow: the best of its windows."""
    windows = crop.lowland if height_m < 1_000 else crop.mountain
    if not windows or any(isnan(value) for value in monthly):
        return (0.0 if height_m > crop.altitude_m else nan), nan, False
    best, most, short = -1.0, nan, False
    year = daily(monthly)
    for first, last in windows:
        days = [day % 365 for day in range(first, first + (last - first) % 365 + 1)]
        warmth, few = year[days], False
        if crop.cycle_d:
            runs = runs_of(warmth, min(crop.cycle_d, len(days)))
            heat = [float(np.maximum(run - crop.base_c, 0).sum()) for run in runs]
            most = max(heat) / crop.gdd if isnan(most) else max(most, max(heat) / crop.gdd)
        if crop.mean_c is None:
            found = worst_month(crop, monthly, days)
        elif crop.winter:
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
) -> tuple[int, float, float]:
    """Class of a crop on a plot, how near its index lies to a limit of a class, and its index."""
    crop = CROPS[name]
    low_down = plot["elevation_m"] < 1_000
    warm, heat, short = climate(crop, monthly, plot["elevation_m"])
    salt, water = plot["salinity_ds_m"], plot["groundwater_m"]
    depth = plot["tree_depth_cm" if crop.tree else "depth_cm"]
    if len(crop.salt) == 2:
        threshold, slope = crop.salt
        knots = [threshold + (100 - left) / slope for left in (95, 80, 60, 40, 20)]
        saline = float(np.interp(salt, knots, [1, 0.75, 0.5, 0.25, 0]))
        ruined = salt > knots[-1]
    else:
        saline = nan if isnan(salt) else rated((None, crop.salt), salt)
        ruined = salt >= crop.salt[2] + (crop.salt[2] - crop.salt[1])
    unmeasured = isnan(salt) and bool(plot["saltless"])
    deciding = [warm, plot["slope_rating"], 0.75 if unmeasured else saline, nan]
    if not isnan(depth):
        deciding[3] = rated((crop.depth[::-1], None), depth)
    if all(isnan(rating) for rating in deciding):
        return NOTHING, 1.0, nan
    beside = {
        factor: nan if isnan(plot[factor]) else rated(limits, plot[factor]) for factor, limits in crop.minor.items()
    }
    whole, core = index([*deciding, *beside.values()]), index([*deciding, beside.get("coarse_fragments", nan)])
    near = min(abs(value - limit) for value in (whole, core) for limit in (75, 50, 25, 12.5))
    found = class_of(whole)
    if not any(beside.get(factor, 1.0) < 0.25 for factor in ("gypsum", "esp")):
        found = min(found, max(class_of(core), 1))  # lime and the like hold at S2 at worst
    found = min(found + int(short) + int(water < (1.5 if crop.tree else 1.0)), 4)
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
    out = heat < 0.7 or ruined or not (crop.lowland if low_down else crop.mountain)
    out = out or water < (1.5 if crop.tree else 0.5)
    if crop.tree:
        out = out or plot["depth_cm"] < 40 or plot["torrent_level"] >= 3
    if crop.frost >= 0:
        out = out or seasons[crop.frost] - crop.above_ground_d < -20
    if ("lowland" if low_down else "mountain") in crop.after_grain.split():
        out = out or plot["summer_water"] < 0.5
    return (NR if out else found), near, whole
