"""The crops Obod knows and what each asks of land: read from the tables beside this module, and checked when read."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from importlib import resources

import numpy as np
from numpy.typing import NDArray

from geo.contract.memberships import Trapezoid
from geo.errors import TableError

Floats = NDArray[np.float64]
Line = tuple[tuple[float, ...], tuple[float, ...]]  # knots, rising, and the level at each

RATINGS = (0.75, 0.50, 0.25)  # rating on the limits of S1, S2 and S3; domain reference, convention of memberships
YIELD_PCT = (
    95.0,
    80.0,
    60.0,
    40.0,
    20.0,
)  # relative yield at 1, .75, .5, .25 and 0; domain reference 4, E1
DAYS_PER_MONTH = 30.4375  # d, mean of the Gregorian calendar
KINDS = ("annual", "tree")


@dataclass(frozen=True, slots=True)
class Limits:
    """Limits of S3, S2 and S1 on the low side and of S1, S2 and S3 on the high side; a side may be missing.

    ``low`` rises (S3, S2, S1); ``high`` rises (S1, S2, S3). Both sides together make a two-sided factor.
    """

    low: tuple[float, float, float] | None
    high: tuple[float, float, float] | None

    def rating(self, value: Floats) -> Floats:
        """Return the rating of values by these limits.

        Beyond S1 it rises to 1 over the width of S2, but no farther than zero (nothing can be less) or the middle of a
        two-sided S1; beyond S3 it falls to 0 over the width of S3.

        Parameters
        ----------
        value : float64 (n,), in the unit of the limits, NaN unknown

        Returns
        -------
        float64 (n,), 0-1: .75, .50, .25 on the limits, linear between; NaN where the value is NaN
        """
        return rate_by(self.sides(), value)

    def sides(self) -> tuple[Line | None, Line | None]:
        """Return the straight lines that make the rating of the low and of the high side.

        Returns
        -------
        knots, rising, and the level at each, of the low and of the high side; None for a side without limits
        """
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
        """Return the class the table itself gives each value: the oracle of ``rating``.

        Parameters
        ----------
        value : float64 (n,), in the unit of the limits

        Returns
        -------
        str (n,), S1, S2, S3 or N, limits inclusive; N where the value is NaN
        """
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


def rate_by(sides: Sequence[Line | None], value: Floats) -> Floats:
    """Return the lesser of the ratings by each line.

    Parameters
    ----------
    sides : lines as ``Limits.sides`` gives them, None for none
    value : float64 (n,), in the unit of the lines, NaN unknown

    Returns
    -------
    float64 (n,), 0-1; 1 without any line, NaN where the value is NaN
    """
    x = np.asarray(value, dtype=np.float64)
    result = np.where(np.isnan(x), np.nan, 1.0)
    for side in sides:
        if side is not None:
            result = np.minimum(result, np.interp(x, *side))
    return np.asarray(result)


@dataclass(frozen=True, slots=True)
class Crop:
    """What one crop asks for.

    kind : annual or tree (vines too: what stands for years). contrast : shown for comparison, never recommended.
    temperature : trapezoid of monthly mean temperature [degC]. cycle_d : shortest cycle [d]. field_cycle_d : usual days
    from sowing or bud break to harvest, NaN unknown. kill_c : temperature that kills it [degC]. altitude_max_m :
    greatest altitude [m], NaN none on record. base_c, gdd : base temperature [degC] and degree-days [degC d] to
    harvest, NaN unknown. dormant_below_c : normal mean below which it rests in winter [degC], NaN never.
    frost_tender : the field crop dies of frost, at ``frost_damage_c`` [degC], which may come in autumn with
    ``autumn_frost_risk_pct`` of the years; it stands above ground for ``above_ground_d`` days. cold_damage_c : a night
    that spoils flower, bud or wood of a tree [degC], NaN none on record, in ``cold_month_lowland`` or
    ``cold_month_mountain`` (1-12), NaN where it is not grown. salinity : threshold [dS/m] and slope [%/dS/m], NaN
    unknown. limits : factor -> limits; a factor without a row has none on record.
    """

    id: str
    kind: str
    contrast: bool
    temperature: Trapezoid
    cycle_d: float
    field_cycle_d: float
    kill_c: float
    altitude_max_m: float
    base_c: float
    gdd: float
    dormant_below_c: float
    frost_tender: bool
    frost_damage_c: float
    autumn_frost_risk_pct: float
    above_ground_d: float
    cold_damage_c: float
    cold_month_lowland: float
    cold_month_mountain: float
    salinity: tuple[float, float]
    limits: Mapping[str, Limits]

    @property
    def months(self) -> int:
        """Whole months the shortest cycle takes."""
        return max(1, round(self.cycle_d / DAYS_PER_MONTH))

    @property
    def title(self) -> str:
        """Its name in plain English, a message id."""
        return self.id.replace("_", " ")

    @property
    def tree(self) -> bool:
        """Whether it stands for years."""
        return self.kind == "tree"

    def sides(self, factor: str) -> tuple[Line | None, Line | None] | None:
        """Return the lines of the rating of a factor.

        Parameters
        ----------
        factor : name in the table of limits, or ``salinity``

        Returns
        -------
        low and high side; None where the crop has no limits of it
        """
        if factor == "salinity":
            return self.salt_sides()
        return self.limits[factor].sides() if factor in self.limits else None

    def salt_sides(self) -> tuple[Line | None, Line | None] | None:
        """Return the lines of the rating of salinity by ECe: of the relative yield, else of limits.

        Returns
        -------
        low and high side over ECe [dS/m]; None where the crop has neither

        Notes
        -----
        Relative yield = 100 - slope x (ECe - threshold), per cent.

        References
        ----------
        Maas and Hoffman 1977, in FAO-61 annex 1.
        """
        threshold, slope = self.salinity
        if np.isnan(threshold):
            return self.limits["ece"].sides() if "ece" in self.limits else None
        knots = tuple(threshold + (100.0 - left) / slope for left in YIELD_PCT)
        return None, (knots, (1.0, *RATINGS, 0.0))


@lru_cache
def crops() -> dict[str, Crop]:
    """Return the crops that ship with Obod.

    Returns
    -------
    crop id -> crop, in the order of their table

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
    """Return the limits of crops from CSV lines; rows may run from low to high or from high to low.

    Parameters
    ----------
    lines : one row a crop and factor, with their head
    source : name of the file, for messages

    Returns
    -------
    crop -> factor -> limits

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
    """Return crops from CSV lines.

    Parameters
    ----------
    lines : one row a crop, with their head
    limits : crop -> factor -> limits, from ``read_limits``
    source : name of the file, for messages

    Returns
    -------
    crop id -> crop, in the order of the lines

    Raises
    ------
    TableError : a field that is not what it should be, a crop twice, limits of a crop without a row, or a frost-tender
        crop without its frost figures.
    """
    found: dict[str, Crop] = {}
    for number, row in enumerate(csv.DictReader(lines), start=2):
        where = f"{source}, row {number} ({row['crop']})"
        if not row["crop"] or row["crop"] in found:
            raise TableError(f"{where}: expected a crop that has no row yet")
        try:
            value = {name: float(row[name]) if row[name] else float("nan") for name in _NUMBERS}
        except ValueError as problem:
            raise TableError(f"{where}: {problem}") from None
        for name, words in (("kind", KINDS), ("contrast", ("yes", "no")), ("frost_tender", ("yes", "no"))):
            if row[name] not in words:
                raise TableError(f"{where}, {name}: {' or '.join(words)} expected, got '{row[name]}'")
        if row["frost_tender"] == "yes" and np.isnan([value[name] for name in _OF_FROST]).any():
            raise TableError(f"{where}: a frost-tender crop needs {', '.join(_OF_FROST)}")
        months = [value[name] for name in _COLD_MONTHS if not np.isnan(value[name])]
        if np.isnan(value["cold_damage_c"]) != (not months) or any(month not in range(1, 13) for month in months):
            raise TableError(f"{where}: cold_damage_c needs a month from 1 to 12, and a month needs cold_damage_c")
        if not np.isnan(value["field_cycle_d"]) and not 1 <= value["field_cycle_d"] <= 365:
            raise TableError(f"{where}, field_cycle_d: days from 1 to 365 expected, got {value['field_cycle_d']:g}")
        found[row["crop"]] = Crop(
            id=row["crop"],
            kind=row["kind"],
            contrast=row["contrast"] == "yes",
            temperature=Trapezoid(
                value["t_min_c"], value["t_optimum_low_c"], value["t_optimum_high_c"], value["t_max_c"]
            ),
            frost_tender=row["frost_tender"] == "yes",
            salinity=(value["salinity_threshold_ds_m"], value["salinity_slope_pct"]),
            limits=limits.get(row["crop"], {}),
            **{name: value[name] for name in _FIELDS},
        )
    if strange := sorted(set(limits) - set(found)):
        raise TableError(f"limits of '{strange[0]}', which is not in {source}")
    return found


_COLD_MONTHS = ("cold_month_lowland", "cold_month_mountain")
_OF_FROST = ("frost_damage_c", "autumn_frost_risk_pct", "above_ground_d")
_FIELDS = (
    *("cycle_d", "field_cycle_d", "kill_c", "altitude_max_m", "base_c", "gdd", "dormant_below_c"),
    *_OF_FROST,
    "cold_damage_c",
    *_COLD_MONTHS,
)
_NUMBERS = (
    *("t_min_c", "t_optimum_low_c", "t_optimum_high_c", "t_max_c", "salinity_threshold_ds_m", "salinity_slope_pct"),
    *_FIELDS,
)


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
