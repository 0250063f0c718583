"""Which crops suit a plot by what was measured there; beside its score, never in it (domain reference 3.6)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from geo.contract.criterion import Block, Floats, Measured
from geo.criteria.climate import FROST, HEAT
from geo.criteria.soil import SOIL_DEPTH
from geo.criteria.terrain import SLOPE
from geo.crops.catalogue import Crop, crops
from geo.crops.kernels.ranking import GRADES, NO_CROP
from geo.crops.ranking import Ranks, numbered, rank
from geo.crops.ratings import (
    ANNUAL_WATER_M,
    BEST,
    BY_SCHEME,
    CLASSES,
    DECIDING,
    FROSTS,
    LEAST_SUMMER_WATER,
    MINOR,
    RATED_S3,
    SLOPE_COLUMNS,
    TREE_WATER_M,
    CropRating,
    Ground,
    ordered,
    rank_crops,
    recommended,
)
from geo.errors import NotAssessed
from geo.measures.climate import frost_seasons_d, plot_height_m, temperature_at_plots
from geo.measures.soil import MOST_FRAGMENTS_PCT, saltless, surveyed_or_grid
from geo.measures.surveys import LAYER as SURVEYS
from geo.measures.surveys import groundwater_m, surveyed
from geo.measures.water_by_month import SECOND_CROP

SURVEY_COLUMNS = {name: name if name == "ph" else f"{name}_pct" for name in MINOR}
ROOTS_BETWEEN_STONES = 0.5  # share of the stones that does not shorten the depth of trees; domain reference 5.2 [K]
LAND_USES = {"basin": "basin", "mechanised": "mechanised", "hand-worked": "hand"}  # word in a land use -> column
CLASS_WORDS = {"S1": "well suited", "S2": "suited with limits"}
CONDITIONS = {
    "climate": "if the season is warm enough: not known",
    "slope": "if the slope allows it: not known",
    "salinity": "if salinity is below {limit} dS/m: not measured",
    "depth": "if the soil is deeper than {limit} cm: not measured",
    "groundwater": "if the groundwater stays deeper than {limit} m: not measured",
}
APART = "limits not known"
PAIR = "{first}, then {second}"
GRAIN = ("wheat", "barley")
AFTER_GRAIN = ("mung_bean", "maize", "carrot", "potato")

MESSAGES = (*CLASS_WORDS.values(), *CONDITIONS.values(), APART, PAIR)

Said = dict[str, Any]


def ground_of(block: Block, values: Mapping[str, Measured]) -> Ground | None:
    """Return what is known of the plots of a block for ranking crops.

    Parameters
    ----------
    block : n plots and what lies around them.
    values : criterion id -> Measured of n plots.

    Returns
    -------
    Ground of the n plots, NaN where something is not known; None where no slope could be assessed.
    """
    slope = values["slope_pct"]
    if slope.not_assessed is not None:
        return None
    n, judged = len(block), block.judgement
    unknown = np.full(n, np.nan)
    elevation_m, mean_c = unknown, np.full((n, 12), np.nan)
    with suppress(NotAssessed):  # what is not known is left out for every crop alike, and named
        coarsest_m = np.inf if HEAT.coarsest_m is None else HEAT.coarsest_m
        mean_c = block.once(temperature_at_plots, "mean_temperature", coarsest_m)
        elevation_m = block.once(plot_height_m, coarsest_m)
    soil = dict.fromkeys(MINOR, unknown)
    water_m = unknown
    if SURVEYS in block.nearby:
        soil = {name: surveyed(block, column).value for name, column in SURVEY_COLUMNS.items()}
        water_m = block.once(groundwater_m).least
    depth_cm = unknown
    with suppress(NotAssessed):
        depth_cm = surveyed_or_grid(block, "soil_depth_cm", "soil_depth", SOIL_DEPTH.coarsest_m).value
    stones = np.where(np.isnan(soil["coarse_fragments"]), MOST_FRAGMENTS_PCT / 100.0, soil["coarse_fragments"] / 100.0)
    return Ground(
        slope_rating=slope_rating(slope, judged.slope or SLOPE.memberships),
        slope_pct=slope.value,
        slope_column=slope_column(judged.land_use),
        salinity_ds_m=values["salinity_ds_m"].value,
        saltless=saltless(elevation_m, slope.value, water_m) & ~np.asarray(judged.salt_gathers),
        elevation_m=elevation_m,
        mean_c=mean_c,
        depth_cm=depth_cm * (1.0 - stones),
        tree_depth_cm=depth_cm * (1.0 - ROOTS_BETWEEN_STONES * stones),
        groundwater_m=water_m,
        torrent_level=values["flood_level"].value,
        frost_season_d=_frost_seasons(block, values["frost_margin_d"]),
        summer_water=values["water_adequacy"].beside.get(SECOND_CROP, unknown),
        soil=soil,
        first=_numbers_of(judged.crop),
    )


def _frost_seasons(block: Block, margin: Measured) -> Floats:
    """Return the days between the frosts of each of ``FROSTS``, float64 (n, 3), NaN unknown.

    That of the reference crop, where frost kills it, is its margin and the days it stands above ground.
    """
    crop = block.judgement.crop
    found = np.full((len(crop), len(FROSTS)), np.nan)
    with suppress(NotAssessed):
        found = block.once(frost_seasons_d, np.inf if FROST.coarsest_m is None else FROST.coarsest_m).copy()
    for known in crops().values():
        if known.frost_tender:
            rows = np.flatnonzero(crop == known.id)
            kind = FROSTS.index((known.frost_damage_c, known.autumn_frost_risk_pct))
            season_d = margin.value[rows] + known.above_ground_d
            found[rows, kind] = np.where(np.isnan(season_d), found[rows, kind], season_d)
    return found


def slope_rating(slope: Measured, tables: Sequence[Any]) -> Floats:
    """Return the membership of slopes, each by its own table: surface irrigation, terraces or dry land.

    Parameters
    ----------
    slope : measured slope of n plots, %.
    tables : membership tables of the slope.

    Returns
    -------
    float64 (n,), 0-1, NaN unknown.
    """
    table = np.zeros(len(slope.value), dtype=np.int8) if slope.table is None else slope.table
    return np.asarray(np.choose(table, [of_table(slope.value) for of_table in tables]))


def slope_column(land_use: str) -> str:
    """Return the column of the crops' own slope limits a land use asks for, else that the scheme's table decides.

    Parameters
    ----------
    land_use : of the scheme, in words.

    Returns
    -------
    One of ``SLOPE_COLUMNS``, or ``BY_SCHEME``.
    """
    found = [column for word, column in LAND_USES.items() if word in land_use.lower() and column in SLOPE_COLUMNS]
    return found[0] if found else BY_SCHEME


def _numbers_of(names: NDArray[np.str_]) -> NDArray[np.int64]:
    """Return the number in the table of each crop, -1 for none."""
    numbers = {name: number for number, name in enumerate(crops())}
    kinds, which = np.unique(names, return_inverse=True)
    return np.array([numbers.get(str(kind), NO_CROP) for kind in kinds], dtype=np.int64)[which]


@dataclass(frozen=True, slots=True)
class RankedCrop:
    """One crop on one plot: class, index 0-100, the factor that limits most, month its best cycle starts in (1-12).

    apart : it would suit, but has no limits of something that decides. unknown : what decides and is not known here.
    """

    crop: str
    index: float
    suitability_class: str
    limiting: str
    start_month: int
    apart: bool
    unknown: tuple[str, ...]

    def as_dict(self) -> dict[str, Any]:
        """Return it as plain types for JSON, with what it is said with.

        Returns
        -------
        dict : ids, message ids and numbers, the index 0-100 to one decimal.
        """
        known = crops()[self.crop]
        return {
            "crop": self.crop,
            "title": known.title,
            "class": self.suitability_class,
            "class_says": {"text": APART if self.apart else CLASS_WORDS[self.suitability_class], "args": {}},
            "index": round(self.index, 1),
            "limiting": self.limiting,
            "start_month": self.start_month,
            "unknown": list(self.unknown),
            "limits_known": not self.apart,
            "conditions": [condition(known, name) for name in self.unknown],
        }


def condition(crop: Crop, unknown: str) -> Said:
    """Return the condition on which a crop is named where something that decides is not known.

    Parameters
    ----------
    crop : its limits.
    unknown : one of ``DECIDING``.

    Returns
    -------
    dict : ``text``, a message id, and ``args``, its named places.
    """
    limit = condition_limit(crop, unknown)
    args = {} if limit is None else {"limit": f"{limit:.0f}" if unknown == "depth" else f"{limit:.1f}"}
    return {"text": CONDITIONS[unknown], "args": args}


def condition_limit(crop: Crop, unknown: str) -> float | None:
    """Return the value at which a crop is just not worse than S2.

    Parameters
    ----------
    crop : its limits.
    unknown : one of ``DECIDING``.

    Returns
    -------
    Most salinity, dS/m, or least depth, cm, or least depth of groundwater, m; None where the crop has no such limit.
    """
    if unknown == "groundwater":
        return TREE_WATER_M if crop.tree else ANNUAL_WATER_M
    sides = crop.sides(unknown) if unknown in ("salinity", "depth") else None
    line = None if sides is None else sides[0] or sides[1]
    if line is None:
        return None
    knots, levels = line
    return round(knots[levels.index(2 * RATED_S3)], 1)


def best_crops_here(block: Block, values: Mapping[str, Measured], count: int = BEST) -> list[list[RankedCrop]]:
    """Return the best crops of class S1 or S2 on each plot of a block.

    Parameters
    ----------
    block : n plots and what lies around them.
    values : criterion id -> Measured of n plots.
    count : most crops to name on a plot.

    Returns
    -------
    List of n lists, best first, crops whose limits are not known after the others; empty where nothing could be ranked.
    """
    ground = ground_of(block, values)
    if ground is None:
        return [[] for _ in range(len(block))]
    ratings = rank_crops(ground)
    suited, apart = recommended(ratings)
    order, unknown = ordered(ratings, ground.first), ground.unknown()
    found = []
    for row, places in enumerate(order):
        names = tuple(name for name, missing in zip(DECIDING, unknown[row], strict=True) if missing)
        here = [place for place in places if suited[row, place] or apart[row, place]][:count]
        found.append([_ranked(ratings[place], row, names, apart=bool(apart[row, place])) for place in here])
    return found


def _ranked(rating: CropRating, row: int, unknown: tuple[str, ...], *, apart: bool) -> RankedCrop:
    return RankedCrop(
        rating.crop,
        float(rating.index[row]),
        CLASSES[int(rating.high[row] if apart else rating.classes[row])],
        str(rating.limiting[row]),
        int(rating.start_month[row]),
        apart,
        unknown,
    )


def pairs(named: Sequence[str], summer_water: float | None = None) -> list[tuple[str, str]]:
    """Return the grain crops of a list with each second crop of it that may follow in the same year.

    Parameters
    ----------
    named : ids of crops.
    summer_water : least supply-demand ratio of July to September, None unknown.

    Returns
    -------
    List of (first, second); empty where less than half of the need is known to come in summer. Where that is not
    known the caller says on what water the second crop depends.
    """
    if summer_water is not None and summer_water < LEAST_SUMMER_WATER:
        return []
    return [(first, second) for first in GRAIN if first in named for second in AFTER_GRAIN if second in named]


def crop_ranks(block: Block, values: Mapping[str, Measured]) -> tuple[Ranks, NDArray[np.int8]]:
    """Return which crops suit each plot of a block, and what of ``DECIDING`` is not known there.

    Parameters
    ----------
    block : n plots and what lies around them.
    values : criterion id -> Measured of n plots.

    Returns
    -------
    ranks : int8 (n, crops), codes of ``geo.crops.ranking.rank``, best first, then -1.
    unknown : int8 (n,), bit k set where ``DECIDING[k]`` is not known.
    """
    ground = ground_of(block, values)
    if ground is None or not len(block):
        everything = np.full(len(block), 2 ** len(DECIDING) - 1, dtype=np.int8)
        return np.full((len(block), len(crops())), NO_CROP, dtype=np.int8), everything
    bits = ground.unknown() @ (2 ** np.arange(len(DECIDING)))
    return rank(ground), bits.astype(np.int8)


def crop_lists(ranks: Ranks, unknown: NDArray[np.int8], judged: NDArray[np.bool_]) -> dict[str, NDArray[np.object_]]:
    """Return what is kept of crops.

    Parameters
    ----------
    ranks : int8 (n, crops), of ``crop_ranks``.
    unknown : int8 (n,), of ``crop_ranks``.
    judged : bool (n,), the plot has a score.

    Returns
    -------
    Column -> lists, object (n,), None on plots that are not judged. ``crops`` : ids of class S1 or S2, best first.
    ``crop_classes`` : their classes. ``crops_apart`` : ids of crops that would suit but have no limits of something
    that decides. ``crops_not_known`` : what decides and is not known there.
    """
    names, count = list(crops()), len(GRADES)
    which, first = numbered(ranks)
    rows = [row[row != NO_CROP].tolist() for row in ranks[first]]
    suited = [[code for code in row if GRADES[code % count] in CLASSES] for row in rows]
    apart = [[code for code in row if GRADES[code % count] not in CLASSES] for row in rows]
    missing = [[name for k, name in enumerate(DECIDING) if bits >> k & 1] for bits in range(2 ** len(DECIDING))]
    columns = {
        "crops": _spread([[names[code // count] for code in row] for row in suited], which),
        "crop_classes": _spread([[GRADES[code % count] for code in row] for row in suited], which),
        "crops_apart": _spread([[names[code // count] for code in row] for row in apart], which),
        "crops_not_known": _spread(missing, unknown),
    }
    for column in columns.values():
        column[~judged] = None
    return columns


def _spread(lists: Sequence[Sequence[str]], which: NDArray[Any]) -> NDArray[np.object_]:
    """Return each plot's list; plots with the same crops share one."""
    found = np.empty(len(lists), dtype=object)
    found[:] = [list(one) for one in lists]
    return np.asarray(found[which])
