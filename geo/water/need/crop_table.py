"""What a crop's need of water is computed from: Kc, growth stages, roots, depletion; one table an edition."""

from __future__ import annotations

import csv
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from importlib import resources

from geo.errors import TableError
from geo.water.need.coefficients import CropCoefficients
from geo.water.need.periods import YEAR_D


@dataclass(frozen=True, slots=True)
class CropWater:
    """What one row of the table says.

    crop : id. edition : of the source. kc : coefficients [-] and stages [d]. height_m : greatest mean height [m].
    root_depth_m : least and greatest [m]. depletion_at_5_mm : fraction p at 5 mm/d [-]. row : of the source.
    whole_season : the middle stage lasts until the season ends, whenever that is.
    """

    crop: str
    edition: str
    kc: CropCoefficients
    height_m: float
    root_depth_m: tuple[float, float]
    depletion_at_5_mm: float
    row: str
    whole_season: bool = False

    def stages(self, season_d: int | None = None) -> CropCoefficients:
        """Return the coefficients with the stages of a season.

        Parameters
        ----------
        season_d : days from sowing or bud break to the end, d; None: as the table has it. The stages keep their parts
            of it, but where the middle stage lasts as long as the season.

        Returns
        -------
        CropCoefficients : stages that add up to the season.

        Raises
        ------
        TableError : no length where the table has none, or one that leaves no middle stage.
        """
        kc = self.kc
        if season_d is None:
            if self.whole_season:
                raise TableError(f"crop '{self.crop}': the length of its season expected, the table has none")
            return kc
        if not 1 <= season_d <= YEAR_D:
            raise TableError(f"crop '{self.crop}': a season of 1 to {YEAR_D} days expected, got {season_d}")
        if self.whole_season:
            begun = kc.initial_d + kc.development_d
            if season_d <= begun:
                raise TableError(f"crop '{self.crop}': a season of more than {begun} days expected, got {season_d}")
            return CropCoefficients(kc.initial, kc.mid, kc.end, kc.initial_d, kc.development_d, season_d - begun, 0)
        share = season_d / kc.season_d
        ends = [round(share * part) for part in (kc.initial_d, kc.initial_d + kc.development_d)]
        late = round(share * kc.late_d)
        lengths = (ends[0], ends[1] - ends[0], season_d - ends[1] - late, late)
        return CropCoefficients(kc.initial, kc.mid, kc.end, *lengths)


@lru_cache
def crop_water() -> dict[str, CropWater]:
    """Return the table that ships with Obod.

    Returns
    -------
    dict[str, CropWater] : crop id -> row, in the order of the table.

    Raises
    ------
    TableError : a row that does not hold together.
    """
    path = resources.files("geo").joinpath("water", "need", "tables", "crop_water.csv")
    with path.open(encoding="utf-8") as file:
        return read_crop_water(file, source="crop_water.csv")


def read_crop_water(lines: Iterable[str], *, source: str) -> dict[str, CropWater]:
    """Return rows of a table of crop water.

    Parameters
    ----------
    lines : CSV, one row a crop, with their head.
    source : name of the file, for messages.

    Returns
    -------
    dict[str, CropWater] : crop id -> row, in the order of the lines.

    Raises
    ------
    TableError : a column that is missing, a crop twice, no edition, or a number that is not one or out of its bounds;
        names file, row and field.
    """
    found: dict[str, CropWater] = {}
    reader = csv.DictReader(lines)
    if missing := [name for name in (*_TEXTS, *_BOUNDS) if name not in (reader.fieldnames or ())]:
        raise TableError(f"{source}: column '{missing[0]}' expected")
    for number, row in enumerate(reader, start=2):
        where = f"{source}, row {number} ({row['crop']})"
        if not row["crop"] or row["crop"] in found:
            raise TableError(f"{where}: expected a crop that has no row yet")
        if not row["edition"]:
            raise TableError(f"{where}, edition: the edition of the source expected")
        whole = not row["mid_d"] and not row["late_d"]
        value = {name: _number(row, name, where) for name in _BOUNDS if not (whole and name in ("mid_d", "late_d"))}
        days = [int(value.get(name, 0)) for name in ("ini_d", "dev_d", "mid_d", "late_d")]
        if not 1 <= sum(days) <= YEAR_D:
            raise TableError(f"{where}: stages of 1 to {YEAR_D} days together expected, got {sum(days)}")
        if value["zr_min_m"] > value["zr_max_m"]:
            raise TableError(f"{where}, zr_max_m: at least zr_min_m expected")
        kc = CropCoefficients(value["kc_ini"], value["kc_mid"], value["kc_end"], *days)
        roots = (value["zr_min_m"], value["zr_max_m"])
        found[row["crop"]] = CropWater(
            row["crop"], row["edition"], kc, value["height_m"], roots, value["p"], row["row"], whole
        )
    return found


_TEXTS = ("crop", "edition", "row")
_BOUNDS = {
    **dict.fromkeys(("kc_ini", "kc_mid", "kc_end"), (0.0, 1.5)),
    "height_m": (0.0, 20.0),
    **dict.fromkeys(("ini_d", "dev_d", "mid_d", "late_d"), (0.0, 365.0)),
    **dict.fromkeys(("zr_min_m", "zr_max_m"), (0.05, 5.0)),
    "p": (0.1, 0.8),
}


def _number(row: dict[str, str], name: str, where: str) -> float:
    low, high = _BOUNDS[name]
    try:
        value = float(row[name])
    except ValueError:
        raise TableError(f"{where}, {name}: a number expected, got '{row[name]}'") from None
    if not low <= value <= high or (name.endswith("_d") and value != int(value)):
        kind = "whole number" if name.endswith("_d") else "number"
        raise TableError(f"{where}, {name}: a {kind} from {low:g} to {high:g} expected, got {row[name]}")
    return value
