"""What the published water balance says of the command areas of plots."""

from __future__ import annotations

import geopandas as gpd
import numpy as np
from numpy.typing import NDArray

from geo.contract.columns import numbers, texts
from geo.contract.criterion import Block, Flags
from geo.contract.needs import Need, Within
from geo.crops.kernels.season import MONTHS
from geo.crops.water_months import IRRIGATED
from geo.water.network.conveyance import Between
from geo.water.sharing.rules import tell_judged

LAYER = "area_balance"
AT_WORST, AT_BEST = "ratio_{month:02d}", "ratio_best_{month:02d}"
ENOUGH = 0.75  # -, delivered over needed, from which a period counts as one with water; default to calibrate
# What else a balance says of an area; one that is made again and finds the same ratios reaches no plot.
UNREAD = ("canal", "balance_id", "supply", "ratio", "ratio_best", "worst_month", "need_m3", "distance_m")
AREA_BALANCE = Need(LAYER, touches=Within(0.0), unread=UNREAD)


def computed_ratios(block: Block) -> Between:
    """Return the ratios of each command area by the balance that land is judged by; ask by ``Block.once``.

    They are read from the rows of ``area_balance`` alone. Rows that a scenario's balance gives, in the place of the
    published ones, give the water of plots under that scenario: nothing else has to be changed.

    Parameters
    ----------
    block : plots and what lies around them

    Returns
    -------
    Between of float64 (areas + 1, 12), January first, with all that is unknown of canals at its worst and at its best;
    NaN where no such balance is published, nothing is needed or it is not known; the last row, for no area, is NaN.
    """
    areas = block.layer("command_areas")
    found = Between(*(np.full((len(areas) + 1, MONTHS), np.nan) for _ in range(2)))
    if LAYER not in block.nearby:
        return found
    rows, area = _judged(block)
    known = area >= 0
    for month in range(MONTHS):
        for end, name in zip(found, (AT_WORST, AT_BEST), strict=True):
            end[area[known], month] = numbers(rows, name.format(month=month + 1))[known]
    unsaid = np.isnan(found.best) & ~np.isnan(found.worst)
    found.best[unsaid] = 1.0  # of a balance that was published without its better end no more is known than that
    return found


def share_with_water(block: Block) -> Between:
    """Return the share of April to September in which each command area has at least three quarters of its need.

    Parameters
    ----------
    block : plots and what lies around them

    Returns
    -------
    Between of float64 (areas + 1,): of the months in which something is needed those of which nothing is known fail at
    worst and do not at best; NaN where no month is known; the last, for no area, is NaN.
    """
    idle = block.once(idle_months)[:, IRRIGATED]
    worst, best = (end[:, IRRIGATED] for end in block.once(computed_ratios))
    unknown = np.isnan(worst)
    with np.errstate(invalid="ignore", divide="ignore"):
        enough = (worst >= ENOUGH, (best >= ENOUGH) | (unknown & ~idle))
        shares = [end.sum(axis=1) / (~(idle & unknown)).sum(axis=1) for end in enough]
    nothing = unknown.all(axis=1)
    return Between(*(np.where(nothing, np.nan, share) for share in shares))


def idle_months(block: Block) -> Flags:
    """Return the months in which each command area needs nothing, by the same balance; ask by ``Block.once``.

    Parameters
    ----------
    block : plots and what lies around them

    Returns
    -------
    bool (areas + 1, 12), January first
    """
    found = np.zeros((len(block.layer("command_areas")) + 1, MONTHS), dtype=bool)
    if LAYER not in block.nearby:
        return found
    rows, area = _judged(block)
    for row, listed in zip(area, texts(rows, "unneeded"), strict=True):
        found[row, [int(month) - 1 for month in listed.split()]] = True
    found[-1] = False
    return found


def _judged(block: Block) -> tuple[gpd.GeoDataFrame, NDArray[np.int64]]:
    """Rows of the balance that land is judged by, and the row of the command area of each, -1 for none."""
    rows = block.layer(LAYER)
    rows = rows[tell_judged(texts(rows, "year_type"), texts(rows, "rule"))]
    place = {name: number for number, name in enumerate(texts(block.layer("command_areas"), "code"))}
    return rows, np.array([place.get(name, -1) for name in texts(rows, "code")], dtype=np.int64)
