"""Months in which a crop needs water, day by day: written from domain references 2.4, 4, 5, 6.1 and 6.2 alone.

Kc, stages and windows are typed from section 5, evapotranspiration follows the formulas of 6.1; nothing of Obod is
called. Slow on purpose: one crop, one plot.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

MONTH_D = (31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)
STARTS = [sum(MONTH_D[:month]) for month in range(12)]
SEASON = (4, 5, 6, 7, 8, 9)  # 2.4: growing water is April to September
SHARE = 0.05  # 4, W1

KC = {  # 5: Kc at the beginning, in the middle, at the end; days of the four stages
    "wheat": ((0.7, 1.15, 0.25), (30, 140, 40, 30)),
    "potato": ((0.5, 1.15, 0.75), (25, 30, 45, 30)),
    "carrot": ((0.7, 1.05, 0.95), (30, 40, 60, 20)),
    "tomato": ((0.6, 1.15, 0.80), (30, 40, 45, 30)),
    "chickpea": ((0.4, 1.00, 0.35), (20, 30, 60, 40)),
    "maize": ((0.3, 1.20, 0.35), (30, 40, 50, 30)),
    "apricot": ((0.45, 0.90, 0.65), (20, 70, 90, 30)),
    "apple": ((0.45, 0.95, 0.70), (20, 70, 90, 30)),
}
TREES = ("apricot", "apple")
WINDOWS = {  # 5 and 3.6 step 3: first day and last, month and day
    ("wheat", "lowland"): [((10, 1), (6, 30))],
    ("wheat", "mountain"): [((10, 1), (8, 31))],
    ("potato", "lowland"): [((2, 1), (6, 30)), ((8, 1), (11, 30))],
    ("potato", "mountain"): [((4, 21), (9, 30))],
    ("carrot", "lowland"): [((7, 1), (10, 31))],
    ("carrot", "mountain"): [((5, 1), (9, 30))],
    ("tomato", "lowland"): [((4, 1), (8, 31))],
    ("tomato", "mountain"): [((5, 1), (9, 30))],
    ("chickpea", "lowland"): [((3, 1), (7, 31))],
    ("chickpea", "mountain"): [((4, 1), (8, 31))],
    ("maize", "lowland"): [((6, 1), (10, 31))],
    ("maize", "mountain"): [((5, 1), (9, 30))],
    ("apricot", "lowland"): [((3, 1), (7, 31))],
    ("apricot", "mountain"): [((4, 1), (7, 31))],
    ("apple", "lowland"): [((3, 1), (10, 31))],
    ("apple", "mountain"): [((4, 1), (10, 31))],
}


def radiation_mj(latitude_deg: float, day: int) -> float:
    """Extraterrestrial radiation of a day, 1 = 1 January; 6.1."""
    dr = 1 + 0.033 * math.cos(2 * math.pi * day / 365)
    d = 0.409 * math.sin(2 * math.pi * day / 365 - 1.39)
    lat = math.radians(latitude_deg)
    ws = math.acos(-math.tan(lat) * math.tan(d))
    return (
        24
        * 60
        / math.pi
        * 0.0820
        * dr
        * (ws * math.sin(lat) * math.sin(d) + math.cos(lat) * math.cos(d) * math.sin(ws))
    )


def et0_mm_d(latitude_deg: float, mean_c: Sequence[float], least_c: Sequence[float]) -> list[float]:
    """Hargreaves of the middle of each month; 6.1."""
    found = []
    for month in range(12):
        ra = radiation_mj(latitude_deg, STARTS[month] + 15)
        span = 2 * (mean_c[month] - least_c[month])
        found.append(0.0023 * (mean_c[month] + 17.8) * math.sqrt(span) * 0.408 * ra)
    return found


def kc_on(crop: str, day: int, season_d: int) -> float:
    """Kc of a day of the season, 1 = the first, its stages as parts of the season; linear between stages."""
    (first, mid, end), lengths = KC[crop]
    share = season_d / sum(lengths)
    ini, grown = round(share * lengths[0]), round(share * (lengths[0] + lengths[1]))
    late = season_d - round(share * lengths[3])
    if day <= ini:
        return first
    if day < grown:
        return first + (mid - first) * (day - ini) / (grown - ini)
    if day <= late:
        return mid
    return mid + (end - mid) * (day - late) / (season_d - late)


def needs_mm(crop: str, window: tuple[tuple[int, int], tuple[int, int]], et0: Sequence[float]) -> list[float]:
    """Need of each month, January first, 0 outside of April to September."""
    first, last = (STARTS[month - 1] + day - 1 for month, day in window)
    season_d = (last - first) % 365 + 1
    if crop in TREES:
        season_d = max(season_d, sum(KC[crop][1]))
    need = [0.0] * 12
    for day in range(1, season_d + 1):
        of_year = (first + day - 1) % 365
        month = max(number for number in range(12) if STARTS[number] <= of_year)
        if month + 1 in SEASON:
            need[month] += kc_on(crop, day, season_d) * et0[month]
    return need


def months_of(need: Sequence[float]) -> tuple[int, ...]:
    """Months, 1-12, that take at least a twentieth of the season's need."""
    return tuple(month + 1 for month in range(12) if need[month] > 0 and need[month] >= SHARE * sum(need))


def water_of(crop: str, zone: str, et0: Sequence[float], ratios: Sequence[float]) -> tuple[float, int, int | None]:
    """Least ratio of the best window, its month, and the first month below 1."""
    found = []
    for window in WINDOWS[crop, zone]:
        months = months_of(needs_mm(crop, window, et0))
        least = min(months, key=lambda month: ratios[month - 1])
        short = [month for month in months if ratios[month - 1] < 1.0]
        found.append((ratios[least - 1], least, short[0] if short else None))
    return max(found, key=lambda one: one[0])
