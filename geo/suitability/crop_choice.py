"""Which crops suit a plot by what was measured there; beside its score, never in it (domain reference 3.6)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from geo.contract.criterion import Block, Measured
from geo.criteria import BY_ID
from geo.crops.ranking import NO_CROP, Ranks, numbered, rank
from geo.crops.ratings import BEST, SOIL_FACTORS, CropRating, Ground, best_crops, crops, rank_crops
from geo.errors import NotAssessed
from geo.measures.climate import plot_height_m, temperature_at_plots
from geo.measures.surveys import surveyed

WORK_OF_TABLE = ("furrow", "terraced", "hand")  # by the membership table of the slope: not terraced, terraced, dry
SURVEY_COLUMNS = {
    "coarse_fragments": "coarse_fragments_pct",
    "caco3": "caco3_pct",
    "gypsum": "gypsum_pct",
    "ph": "ph",
    "esp": "esp_pct",
}


def ground_of(block: Block, values: Mapping[str, Measured]) -> Ground | None:
    """What is known of the plots of a block for ranking crops; None where climate or slope could not be assessed."""
    slope, heat = values["slope_pct"], BY_ID["heat_ratio"]
    if slope.not_assessed is not None:
        return None
    coarsest_m = np.inf if heat.coarsest_m is None else heat.coarsest_m
    try:
        mean_c = block.once(temperature_at_plots, "mean_temperature", coarsest_m)
        elevation_m = block.once(plot_height_m, coarsest_m)
    except NotAssessed:
        return None
    unknown = np.full(len(block), np.nan)
    soil = dict.fromkeys(SOIL_FACTORS, unknown)
    soil["depth"] = values["soil_depth_cm"].value
    if "plot_surveys" in block.nearby:
        soil |= {name: surveyed(block, column).value for name, column in SURVEY_COLUMNS.items()}
    table = np.zeros(len(block), dtype=np.int8) if slope.table is None else slope.table
    return Ground(
        slope_pct=slope.value,
        work=np.array(WORK_OF_TABLE)[table],
        salinity_ds_m=values["salinity_ds_m"].value,
        elevation_m=elevation_m,
        mean_c=mean_c,
        soil=soil,
    )


@dataclass(frozen=True, slots=True)
class RankedCrop:
    """One crop on one plot: index 0-100, class, the factor that limits most, month its best cycle starts in (1-12).

    unknown : a factor the crop has a limit for is not known here, or the crop has no limits for one that is required.
    """

    crop: str
    index: float
    suitability_class: str
    limiting: str
    start_month: int
    unknown: bool

    def as_dict(self) -> dict[str, Any]:
        """Return it as plain types for JSON, the index to one decimal."""
        return {
            "crop": self.crop,
            "class": self.suitability_class,
            "index": round(self.index, 1),
            "limiting": self.limiting,
            "start_month": self.start_month,
            "unknown": self.unknown,
        }


def best_crops_here(block: Block, values: Mapping[str, Measured], count: int = BEST) -> list[list[RankedCrop]]:
    """Return the ``count`` best crops of class S1 or S2 on each plot of a block, best first; none where not ranked."""
    ground = ground_of(block, values)
    if ground is None:
        return [[] for _ in range(len(block))]
    ratings = {rating.crop: rating for rating in rank_crops(ground)}
    return [
        [_ranked(ratings[crop], row) for crop in names]
        for row, names in enumerate(best_crops(list(ratings.values()), count))
    ]


def _ranked(rating: CropRating, row: int) -> RankedCrop:
    return RankedCrop(
        rating.crop,
        float(rating.index[row]),
        str(rating.suitability_class[row]),
        str(rating.limiting[row]),
        int(rating.start_month[row]),
        bool(rating.unknown[row]),
    )


def crop_ranks(block: Block, values: Mapping[str, Measured]) -> tuple[Ranks, NDArray[np.bool_]]:
    """Return what ``geo.crops.ranking.rank`` finds for a block; nothing is ranked where no climate is known."""
    ground = ground_of(block, values)
    if ground is None or not len(block):
        return np.full((len(block), len(crops())), NO_CROP, dtype=np.int8), np.zeros(len(block), dtype=np.bool_)
    return rank(ground)


def crop_lists(ranks: Ranks, ranked: NDArray[np.bool_]) -> NDArray[np.object_]:
    """Crops of class S1 or S2 per plot, best first, as lists of ids, object (n,); None where crops were not ranked."""
    result = np.full(len(ranks), None, dtype=object)
    if not ranked.any():
        return result
    names = np.array(list(crops()))
    which, first = numbered(ranks)
    lists = np.empty(len(first), dtype=object)  # plots with the same crops share a list
    lists[:] = [names[row[row != NO_CROP]].tolist() for row in ranks[first]]
    result[ranked] = lists[which[ranked]]
    return result
