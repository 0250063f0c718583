"""Crops on a plot, one crop after the other: ratings, the square-root index, the class, what shuts a crop out.

The plain reference of ``geo.crops.ranking``, which gives the same to the last bit in one pass. The ranking never enters
a plot's score (domain reference 3.6, step 3). What decides is climate, slope, salinity, depth and groundwater. One of
them that is not known on a plot is left out for every crop alike and no crop is better than S2 there; a crop without
limits for one that is known stands apart, after the others.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from geo.crops.catalogue import Crop, crops, rate_by
from geo.crops.climate import LEAST_HEAT, ClimateRating, rate_climate
from geo.crops.season import LOWLAND_BELOW_M, ZONES, is_summer_crop

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]
Classes = NDArray[np.int8]

CLASSES = ("S1", "S2", "S3", "N1", "N2")
CLASS_FROM = {"S1": 75.0, "S2": 50.0, "S3": 25.0, "N1": 12.5}  # lowest index of a class; Sys et al. 1991
S2, N2, NOT_RELEVANT, NOT_RATED = 1, 4, 5, 6  # classes as numbers; shut out; nothing of the plot is known
DECIDING = ("climate", "slope", "salinity", "depth", "groundwater")
MINOR = ("coarse_fragments", "caco3", "gypsum", "ph", "esp")  # count where both value and limit are known
HELD = ("caco3", "gypsum", "ph", "esp")  # limits from countries of acid soils: S2 at worst by them
MEASURED_BAD = ("gypsum", "esp")  # beyond the limit of S3 these count whole
SLOPE_COLUMNS = {"basin": "slope_basin", "mechanised": "slope_mechanised", "hand": "slope_hand"}
BY_SCHEME = ""  # slope is rated by the scheme's own table
TREE_DEPTH_CM = 40.0  # cm, effective depth under which no tree stands; domain reference 4, E2
TREE_WATER_M = 1.5  # m below the surface, groundwater above which no tree stands; domain reference 5.2
ANNUAL_WATER_M = 1.0  # m, groundwater above which an annual crop falls by one class; likewise
ANNUAL_DROWNED_M = 0.5  # m higher still: not relevant; likewise
TORRENT_LEVEL = 3.0  # medium mudflow or flood, from which on no tree is planted
LEAST_SUMMER_WATER = 0.5  # ratio of July to September under which nothing is sown after grain; domain reference 5.2
LEAST_FROST_MARGIN_D = -20.0  # d; domain reference 4, C2
NO_SALT_RATING = 0.75  # low end of salinity that was not measured where salt cannot gather; domain reference 3.6 step 2
RATED_S3 = 0.25  # rating on the limit of S3
FROSTS = ((-2.0, 50.0), (-1.0, 50.0), (0.0, 20.0))  # damage temperature [degC] and risk in autumn [%] of tender crops
BEST = 3  # crops named per plot


@dataclass(frozen=True, slots=True)
class Ground:
    """What is known of n plots for ranking crops; float64 (n,), NaN unknown, of an interval its low end.

    slope_rating : 0-1 by the scheme's own table. slope_pct [%], slope_column : column of the crops' own limits the
    land use asks for, a key of ``SLOPE_COLUMNS``, or ``BY_SCHEME``. salinity_ds_m [dS/m]; saltless : salt cannot gather
    there, bool (n,). elevation_m [m]; mean_c : monthly mean temperature (n, 12) [degC]. depth_cm, tree_depth_cm :
    effective depth for annual crops and for trees [cm]. groundwater_m : least in the season [m]. torrent_level : of
    mudflow and flood, 0-4. frost_season_d : days between the frosts of each of ``FROSTS``, (n, 3).
    summer_water : least supply-demand ratio of July to September. soil : factor -> values, see ``MINOR``. first : crop
    that comes first of equals, number in the table (n,), -1 none.
    """

    slope_rating: Floats
    slope_pct: Floats
    slope_column: str
    salinity_ds_m: Floats
    saltless: Flags
    elevation_m: Floats
    mean_c: Floats
    depth_cm: Floats
    tree_depth_cm: Floats
    groundwater_m: Floats
    torrent_level: Floats
    frost_season_d: Floats
    summer_water: Floats
    soil: Mapping[str, Floats]
    first: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.slope_pct)

    def unknown(self) -> NDArray[np.bool_]:
        """Return which of ``DECIDING`` are not known.

        Returns
        -------
        bool (n, 5)
        """
        slope = self.slope_rating if self.slope_column == BY_SCHEME else self.slope_pct
        return np.column_stack(
            [
                np.isnan(self.mean_c).any(axis=1),
                np.isnan(slope),
                np.isnan(self.salinity_ds_m) & ~self.saltless,
                np.isnan(self.depth_cm),
                np.isnan(self.groundwater_m),
            ]
        )


@dataclass(frozen=True, slots=True)
class CropRating:
    """One crop on n plots.

    index : 0-100, float64 (n,), NaN where nothing of the plot is known. classes : number in ``CLASSES``,
    ``NOT_RELEVANT`` or ``NOT_RATED``, int8 (n,). high : the class where a limit the crop lacks were met in full.
    limiting : factor rated lowest. start_month : the best run of days starts in (1-12), 0 unknown.
    without_limits : deciding factors the crop has no limits of.
    """

    crop: str
    index: Floats
    classes: Classes
    high: Classes
    limiting: NDArray[np.str_]
    start_month: NDArray[np.int8]
    without_limits: tuple[str, ...]


def square_root_index(ratings: Floats) -> Floats:
    """Return the square-root index of ratings.

    Parameters
    ----------
    ratings : float64 (n, k), 0-100; NaN are left out

    Returns
    -------
    float64 (n,), 0-100, NaN for a row without any rating

    Notes
    -----
    Lowest x sqrt(product of the others / 100).

    References
    ----------
    Khiddir 1986; domain reference 3.2.
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
    """Return the Storie index of ratings; for comparison only.

    Parameters
    ----------
    ratings : float64 (n, k), 0-100

    Returns
    -------
    float64 (n,), 0-100, NaN where a rating is

    Notes
    -----
    100 x product of (ratings / 100).
    """
    return np.asarray(100 * (ratings / 100).prod(axis=1))


def class_of_index(index: Floats) -> Classes:
    """Return the class of an index.

    Parameters
    ----------
    index : float64 (n,), 0-100

    Returns
    -------
    int8 (n,), number in ``CLASSES``: S1 from 75, S2 from 50, S3 from 25, N1 from 12.5, N2 below and where NaN

    References
    ----------
    Sys et al. 1991.
    """
    classes = np.full(index.shape, N2, dtype=np.int8)
    for number, lowest in reversed(list(enumerate(CLASS_FROM.values()))):
        classes[index >= lowest] = number
    return classes


def rate_crop(crop: Crop, ground: Ground) -> CropRating:
    """Rate one crop.

    Parameters
    ----------
    crop : what it asks for
    ground : what is known of n plots

    Returns
    -------
    index and class on each plot
    """
    climate = rate_climate(crop, ground.mean_c, ground.elevation_m)
    deciding, without = _deciding(crop, ground, climate)
    minor = {name: _minor(crop, name, ground.soil[name]) for name in MINOR}
    low = np.column_stack([*deciding.values(), *minor.values()])
    index = square_root_index(100 * low)
    classes = _classes(crop, ground, climate, low)
    # What is not known of the plot is met by nothing: a crop is no better for it.
    full = dict(deciding) | {name: np.where(np.isnan(deciding[name]), np.nan, 1.0) for name in without}
    high = _classes(crop, ground, climate, np.column_stack([*full.values(), *minor.values()])) if without else classes
    names = np.array([*deciding, *minor])
    worst = names[np.where(np.isnan(low), np.inf, low).argmin(axis=1)]
    return CropRating(crop.id, index, classes, high, worst, climate.start_month, without)


def rank_crops(ground: Ground, *, of: Sequence[str] | None = None) -> list[CropRating]:
    """Rate all crops, or those named.

    Parameters
    ----------
    ground : what is known of n plots
    of : crop ids; None = all

    Returns
    -------
    a rating for each crop, in the order of the table or of ``of``
    """
    table = crops()
    return [rate_crop(table[name], ground) for name in (of or table)]


def recommended(ratings: Sequence[CropRating]) -> tuple[Flags, Flags]:
    """Return which crops are S1 or S2, and which would be if they had limits for all that decides.

    Crops for contrast are never among them.

    Parameters
    ----------
    ratings : one crop each, on the same n plots

    Returns
    -------
    bool (n, len(ratings)), twice
    """
    table = crops()
    offered = np.array([not table[rating.crop].contrast for rating in ratings])
    suited = np.column_stack([rating.classes <= S2 for rating in ratings]) & offered
    return suited, np.column_stack([rating.high <= S2 for rating in ratings]) & offered & ~suited


def ordered(ratings: Sequence[CropRating], first: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return the order of crops on each plot: by class, index, the crop that comes first, the table.

    Only the part of the order that ``recommended`` names has a meaning.

    Parameters
    ----------
    ratings : one crop each, on the same n plots
    first : int64 (n,), place in ``ratings`` of the crop that comes first of equals, -1 none

    Returns
    -------
    int64 (n, len(ratings)), places in ``ratings``
    """
    suited, apart = recommended(ratings)
    classes = np.column_stack([rating.classes for rating in ratings]).astype(np.float64)
    index = np.column_stack([rating.index for rating in ratings])
    later = np.arange(len(ratings)) != first[:, np.newaxis]
    rank = np.where(suited, classes, np.where(apart, float(len(CLASSES)), np.inf))
    return np.asarray(np.lexsort((later, -np.where(apart, 0.0, index), rank), axis=1))


def _deciding(crop: Crop, ground: Ground, climate: ClimateRating) -> tuple[dict[str, Floats], tuple[str, ...]]:
    """Return the ratings 0-1 of climate, slope, salinity and depth, NaN unknown, and what the crop has no limits of."""
    n, without = len(ground), []
    slope = ground.slope_rating
    if ground.slope_column != BY_SCHEME:
        slope = _by_limits(crop, SLOPE_COLUMNS[ground.slope_column], ground.slope_pct)
        if SLOPE_COLUMNS[ground.slope_column] not in crop.limits:
            without.append("slope")
    salinity = _by_limits(crop, "salinity", ground.salinity_ds_m)
    salinity = np.where(np.isnan(ground.salinity_ds_m) & ground.saltless, NO_SALT_RATING, salinity)
    depth = _by_limits(crop, "depth", ground.tree_depth_cm if crop.tree else ground.depth_cm)
    without += [name for name in ("salinity", "depth") if crop.sides(name) is None]
    deciding = {"climate": climate.rating, "slope": slope, "salinity": salinity, "depth": depth}
    return {name: np.broadcast_to(rating, (n,)) for name, rating in deciding.items()}, tuple(without)


def _by_limits(crop: Crop, factor: str, value: Floats) -> Floats:
    """Return the rating of a deciding factor; of a known value the crop has no limits of, the low end: 0."""
    sides = crop.sides(factor)
    return np.where(np.isnan(value), np.nan, 0.0) if sides is None else rate_by(sides, value)


def _minor(crop: Crop, factor: str, value: Floats) -> Floats:
    sides = crop.sides(factor)
    return np.full(len(value), np.nan) if sides is None else rate_by(sides, value)


def strictest(factor: str) -> tuple[float, float]:
    """Return the range of a factor that is S1 for every crop with limits of it: a value outside is *not good*.

    Parameters
    ----------
    factor : name in the table of limits

    Returns
    -------
    least and most, in the unit of the limits; infinite without a limit
    """
    limits = [crop.limits[factor] for crop in crops().values() if factor in crop.limits]
    low = max((side.low[2] for side in limits if side.low is not None), default=-np.inf)
    return low, min((side.high[0] for side in limits if side.high is not None), default=np.inf)


def _classes(crop: Crop, ground: Ground, climate: ClimateRating, ratings: Floats) -> Classes:
    """Return the class by ratings (n, 9) of climate, slope, salinity, depth and ``MINOR``, and by all that caps it."""
    count = 4 + 1  # what decides and has a rating, and coarse fragments
    whole, core = (class_of_index(square_root_index(100 * some)) for some in (ratings, ratings[:, :count]))
    minor = dict(zip(MINOR, ratings[:, 4:].T, strict=True))
    bad = np.any([minor[name] < RATED_S3 for name in MEASURED_BAD], axis=0)
    classes = np.where(bad, whole, np.minimum(whole, np.maximum(core, S2)))
    water = ground.groundwater_m
    falls = climate.short.astype(np.int8) + (water < (TREE_WATER_M if crop.tree else ANNUAL_WATER_M))
    classes = np.minimum(classes + falls, N2)
    capped = ground.unknown().any(axis=1)
    for name in MINOR:
        if crop.sides(name) is None:
            least, most = strictest(name)
            capped |= (ground.soil[name] < least) | (ground.soil[name] > most)
    if crop.frost_tender:
        capped |= np.isnan(_frost_season_d(crop, ground))
    classes = np.where(capped, np.maximum(classes, S2), classes)
    classes = np.where(_shut_out(crop, ground, climate), NOT_RELEVANT, classes)
    return np.where(np.isnan(ratings[:, :4]).all(axis=1), NOT_RATED, classes).astype(np.int8)


def _shut_out(crop: Crop, ground: Ground, climate: ClimateRating) -> Flags:
    """Return where a crop is not relevant whatever else is good; what is not known shuts nothing out."""
    water = ground.groundwater_m
    out = ~climate.grown | (climate.heat_ratio < LEAST_HEAT)
    if crop.tree:
        out |= (ground.depth_cm < TREE_DEPTH_CM) | (water < TREE_WATER_M) | (ground.torrent_level >= TORRENT_LEVEL)
    else:
        out |= water < ANNUAL_WATER_M - ANNUAL_DROWNED_M
    sides = crop.sides("salinity")
    if sides is not None and sides[1] is not None:
        last = sides[1][0][-1]
        beyond = ground.salinity_ds_m >= last if np.isnan(crop.salinity[0]) else ground.salinity_ds_m > last
        out |= beyond
    if crop.frost_tender:
        out |= _frost_season_d(crop, ground) - crop.above_ground_d < LEAST_FROST_MARGIN_D
    in_summer = [is_summer_crop(crop.id, zone) for zone in ZONES]
    out |= np.where(ground.elevation_m < LOWLAND_BELOW_M, *in_summer) & (ground.summer_water < LEAST_SUMMER_WATER)
    return np.asarray(out)


def _frost_season_d(crop: Crop, ground: Ground) -> Floats:
    return ground.frost_season_d[:, FROSTS.index((crop.frost_damage_c, crop.autumn_frost_risk_pct))]
