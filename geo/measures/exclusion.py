"""Land that is shut to farming: mines, water, built-up and protected land (domain reference 3.6, step 0 and 4).

No polygon means *no record*, never *safe*: a plot that is not excluded here is only not known to be shut.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

import geopandas as gpd
import numpy as np
import shapely
from numpy.typing import NDArray

from geo.contract.columns import numbers, texts
from geo.contract.criterion import Block, Flags
from geo.contract.needs import Need, Within
from geo.contract.shut_land import (
    ANSWERED,
    INUNDATION,
    LOOKED_FOR_MINES,
    LOOKED_FOR_SHUT_LAND,
    MINE_BUFFER_M,
    NO_RECORD,
    OUTSIDE_RECORD,
    REASONS,
    RECORDED,
    WATER,
)
from geo.measures.mined_ground import CONTAMINATED, is_mined_ground
from geo.measures.overlap import share_under, within_distance

REACH_M = 5_000.0  # m; the largest safety distance an exclusion may carry
NEEDS = (
    Need("exclusions"),  # an answer of the mine action centre changes what is asked first in all of its district
    Need("lakes", touches=Within(0.0)),
    Need("hazard_extents", touches=Within(0.0)),
)
WHOLLY = 0.999  # share of a plot; outlines of maps never agree to the last metre
SLIVER = 0.01  # share of a plot; below it two outlines only disagree where they were drawn, default to calibrate
NOT_EXCLUDED = -1


@dataclass(frozen=True, slots=True)
class Records:
    """What is on record of shut land around n plots: int8 (n,), index into ``RECORD_STATES``.

    none : nothing at all around the district. outside : something, but no mapping extent holds the plot. recorded : a
    mapping extent holds the plot, or an area with the date of its status. Neither of the first two means open land.
    mines : of mines. shut_land : of all other land that is shut.
    """

    mines: NDArray[np.int8]
    shut_land: NDArray[np.int8]


@dataclass(frozen=True, slots=True)
class Excluded:
    """Which of n plots are shut, and why.

    reason : int8 (n,), index into ``REASONS``, the first that applies, or -1. from_year : int16 (n,), year from which
    it holds, of a planned reservoir the earliest on record that takes the plot; 0 = now, or no year is on record.
    """

    reason: NDArray[np.int8]
    from_year: NDArray[np.int16]

    @property
    def mask(self) -> Flags:
        """True where the plot is shut."""
        return np.asarray(self.reason != NOT_EXCLUDED)


def nothing_excluded(n: int) -> Excluded:
    """Return plots of which none is shut.

    Parameters
    ----------
    n : how many

    Returns
    -------
    no reason for any of them
    """
    return Excluded(np.full(n, NOT_EXCLUDED, dtype=np.int8), np.zeros(n, dtype=np.int16))


def exclusion_mask(block: Block) -> Excluded:
    """Return which plots of a block are shut, from the layers exclusions and lakes; absent layers shut nothing.

    Around mines the safety distance counts, and touching it is enough. Other areas shut a plot when more than
    ``SLIVER`` of it lies inside them or inside the distance their authority gave.

    Parameters
    ----------
    block : n plots and what lies around them

    Returns
    -------
    the first reason that applies to each plot
    """
    reason = np.full(len(block), NOT_EXCLUDED, dtype=np.int8)
    for code, kind in enumerate(REASONS):
        zones, distance_m = _zones(block, kind)
        if not len(zones):
            continue
        if kind in MINE_BUFFER_M:
            shut = within_distance(block, zones, distance_m)
        else:
            grown, wider = zones.copy(), distance_m > 0.0
            grown[wider] = shapely.buffer(zones[wider], distance_m[wider])
            shut = share_under(block, grown) > SLIVER
        reason[shut & (reason == NOT_EXCLUDED)] = code
    return Excluded(reason, np.where(reason == REASONS.index(INUNDATION), _years(block), 0).astype(np.int16))


def leads_over_mines(block: Block, way: shapely.LineString) -> bool:
    """Return whether a way comes within the safety distance of an area where mines are confirmed or suspected.

    Parameters
    ----------
    block : plots and what lies around them
    way : line in EPSG:32642

    Returns
    -------
    True where it does; False says only that none is on record there
    """
    return any(
        bool((shapely.distance(zones, way) <= distance_m).any())
        for zones, distance_m in (_zones(block, kind) for kind in MINE_BUFFER_M)
    )


def _years(block: Block) -> NDArray[np.int16]:
    """The earliest year in which a planned reservoir takes more than ``SLIVER`` of each plot, 0 = none on record."""
    earliest = np.zeros(len(block), dtype=np.int16)
    exclusions = block.nearby.get("exclusions")
    if not isinstance(exclusions, gpd.GeoDataFrame):
        return earliest
    rows = exclusions[exclusions["kind"] == INUNDATION]
    years, outlines = numbers(rows, "from_year"), rows.geometry.to_numpy()
    given = numbers(rows, "buffer_m")
    outlines = np.where(given > 0.0, shapely.buffer(outlines, np.nan_to_num(given)), outlines)
    for year in np.unique(years[~np.isnan(years)])[::-1]:
        earliest[share_under(block, outlines[years == year]) > SLIVER] = int(year)
    return earliest


def mines_unanswered(block: Block, contaminated: Collection[str] = CONTAMINATED) -> Flags:
    """Return where mines are known of in the district and no dated answer of the mine action centre holds the plot.

    An area without the date of its status answers nothing, nor does a mapping extent without its date.

    Parameters
    ----------
    block : n plots and what lies around them
    contaminated : codes of districts where mines are known of

    Returns
    -------
    bool (n,)
    """
    unanswered = is_mined_ground(block.plots, contaminated)
    if not unanswered.any():
        return np.asarray(unanswered)
    return np.asarray(unanswered & ~block.once(_answered))


def records_of(block: Block) -> Records:
    """Return what is on record of mines and of other shut land where each plot lies.

    Parameters
    ----------
    block : n plots and what lies around them

    Returns
    -------
    Records of the n plots
    """
    exclusions = block.nearby.get("exclusions")
    mined = np.zeros(0, dtype=bool)
    if isinstance(exclusions, gpd.GeoDataFrame):
        mined = exclusions["kind"].isin(ANSWERED).to_numpy(dtype=bool)
    lakes = block.nearby.get("lakes")
    other = bool((~mined).any()) or (isinstance(lakes, gpd.GeoDataFrame) and len(lakes) > 0)
    return Records(
        mines=_state(_held(block, LOOKED_FOR_MINES) | block.once(_answered), on_record=bool(mined.any())),
        shut_land=_state(_held(block, LOOKED_FOR_SHUT_LAND), on_record=other),
    )


def _state(held: Flags, *, on_record: bool) -> NDArray[np.int8]:
    return np.where(held, RECORDED, OUTSIDE_RECORD if on_record else NO_RECORD).astype(np.int8)


def _held(block: Block, process: str) -> Flags:
    """Return which plots lie wholly inside the mapping extents of what was looked for."""
    extents = block.nearby.get("hazard_extents")
    if not isinstance(extents, gpd.GeoDataFrame):
        return np.zeros(len(block), dtype=bool)
    rows = extents[extents["process"] == process]
    return np.asarray(share_under(block, rows.geometry.to_numpy()) >= WHOLLY)


def _answered(block: Block) -> Flags:
    """Return which plots lie wholly where the mine action centre has answered."""
    return np.asarray(share_under(block, _answers(block)) >= WHOLLY)


def _answers(block: Block) -> NDArray[np.object_]:
    """Outlines for which the mine action centre has answered, with a date: areas, and extents of its mapping."""
    found: list[NDArray[np.object_]] = [np.empty(0, dtype=object)]
    exclusions, extents = block.nearby.get("exclusions"), block.nearby.get("hazard_extents")
    if isinstance(exclusions, gpd.GeoDataFrame) and "status_date" in exclusions:
        rows = exclusions[exclusions["kind"].isin(ANSWERED) & exclusions["status_date"].notna()]
        found.append(rows.geometry.to_numpy())
    if isinstance(extents, gpd.GeoDataFrame) and "mapped_on" in extents:
        rows = extents[(extents["process"] == LOOKED_FOR_MINES) & extents["mapped_on"].notna()]
        found.append(rows.geometry.to_numpy())
    return np.concatenate(found)


def _zones(block: Block, kind: str) -> tuple[NDArray[np.object_], NDArray[np.float64]]:
    """Outlines of one kind and their safety distances [m]."""
    kinds, outlines, given = block.once(_excluded_areas)
    of_kind = kinds == kind
    distance_m = np.where(np.isnan(given[of_kind]), MINE_BUFFER_M.get(kind, 0.0), given[of_kind])
    lakes = block.nearby.get("lakes") if kind == WATER else None
    if not isinstance(lakes, gpd.GeoDataFrame):
        return outlines[of_kind], distance_m
    return np.concatenate([outlines[of_kind], lakes.geometry.to_numpy()]), np.append(distance_m, np.zeros(len(lakes)))


def _excluded_areas(block: Block) -> tuple[NDArray[np.object_], NDArray[np.object_], NDArray[np.float64]]:
    """Kind, outline and given safety distance [m] of every area of the layer exclusions, NaN where none is given."""
    exclusions = block.nearby.get("exclusions")
    if not isinstance(exclusions, gpd.GeoDataFrame):
        return np.empty(0, dtype=object), np.empty(0, dtype=object), np.empty(0)
    return texts(exclusions, "kind"), np.asarray(exclusions.geometry.to_numpy()), numbers(exclusions, "buffer_m")
