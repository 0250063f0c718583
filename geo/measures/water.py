"""Water of a plot: which command area holds it, how much arrives, how reliably, through a canal in what state.

The supply-demand ratio is read from the command area or from the published balance, never guessed; the balance itself
is not made here.
"""

from __future__ import annotations

from typing import TypeVar

import geopandas as gpd
import numpy as np
import shapely
from numpy.typing import NDArray

from geo.contract.columns import evidence_by_age, is_recorded, numbers, season_age_years, texts
from geo.contract.criterion import Block, C, Criterion, D, Flags, Floats, Measured
from geo.contract.needs import Need, Within
from geo.contract.reasons import LAYER_NOT_LOADED, NO_WATER_RECORDS
from geo.errors import NotAssessed
from geo.geometry.nearest import nearest_line
from geo.measures.overlap import holder
from geo.measures.surveys import LAYER as SURVEYS
from geo.measures.surveys import surveyed_ratio
from geo.measures.water_balance import computed_ratios, share_with_water
from geo.measures.water_by_month import beside_ratio, monthly_ratios, shortest
from geo.water.irrigation import SDR_CAP
from geo.water.network.conveyance import Between
from geo.water.repair import canal_gain, conveyed

MOST = 0.5  # share of a plot from which it belongs to a command area
NEAREST_CANAL_WITHIN_M = 300.0  # m; a field ditch is seldom longer, default to calibrate
POSITION_RELIABILITY = {"head": 0.90, "middle": 0.65, "tail": 0.40}  # delivered / scheduled; domain reference 4, W3
BARRIER_CLASS = 2  # rivers of this stream class and larger are not waded or crossed by a ditch, default to calibrate
DESTROYED = 5  # condition class
ONLY_FEEDING_REACH = "no other canal feeds the plot"
SHARE_OF_CANAL = "length of the feeding reach over that of its canal"
RELIABILITY_PROXY = "judged by the position on the canal, not by counted turns"
RELIABILITY_BALANCE = "judged by the water balance, not by counted turns"
COMPUTED_WATER = "water by the water balance"
WATER_BASIS = "how the ratio was obtained"  # row of BASES
BASES = ("surveyed", "balance", "loaded", "unknown")  # as command areas record it
OUTSIDE = -1  # no command area, no reach
OF_A_BALANCE = "balance"  # basis of a ratio on record that is itself of a balance
COMMAND_AREAS = Need("command_areas", touches=Within(0.0))

Scalar = TypeVar("Scalar", bound=np.generic)


def command_area(block: Block) -> NDArray[np.int64]:
    """Return the command area that holds most of each plot; ask by ``Block.once``.

    Parameters
    ----------
    block : n plots and what lies around them

    Returns
    -------
    int64 (n,), row in command_areas, -1 for none
    """
    if "command_areas" not in block.nearby:
        return np.full(len(block), OUTSIDE, dtype=np.int64)
    return holder(block, block.layer("command_areas").geometry.to_numpy(), least=MOST)


def irrigated(block: Block) -> Flags:
    """Return which plots lie in a command area or are recorded as irrigated.

    Parameters
    ----------
    block : n plots and what lies around them

    Returns
    -------
    bool (n,)
    """
    return np.asarray((block.once(command_area) != OUTSIDE) | is_recorded(block.plots, "irrigated", True))


def water_adequacy(block: Block, criterion: Criterion) -> Measured:
    """Return the supply-demand ratio of the command area that holds the plot, for its reference crop.

    The least ratio of a dry year over the months in which the reference crop needs water, where ratios are on record by
    month, else the one ratio the area has. A ratio that was surveyed or loaded wins; where there is none, or it is
    itself said to be of a balance, the ratios of the published balance stand (``computed_ratios``). An unknown ratio is
    no better than the condition of the feeding reach lets through of the most that counts. Beside it stand the month in
    which water is shortest, the first in which it is short, what July to September have, how the ratio was obtained,
    and where one on record won, what the balance says.

    Parameters
    ----------
    block : n plots and what lies around them
    criterion : coarsest grids of heights and climate accepted

    Returns
    -------
    ratio (n,), NaN outside and where not given; an interval where a month is not on record, where it is not known which
        months count, where something of the canals that were balanced is not known, or where a reach is known to feed
        the plot. Evidence of a balance is C, and D where it is an interval.
    """
    if "command_areas" not in block.nearby:
        unknown = np.full(len(block), np.nan)
        worst, best = _let_through(block, unknown)
        return Measured(unknown, not_assessed=LAYER_NOT_LOADED.format(layer="command_areas"), worst=worst, best=best)
    areas = block.layer("command_areas")
    age_y = season_age_years(texts(areas, "sdr_date"), block.judgement.as_of)
    basis = texts(areas, "sdr_basis", empty="unknown")
    derived = np.isin(basis, (OF_A_BALANCE, "loaded")) & ~np.isnan(age_y)
    evidence = np.where(basis == "surveyed", evidence_by_age(age_y), np.where(derived, C, D))
    row = block.once(command_area)
    recorded, computed = monthly_ratios(block), block.once(computed_ratios)
    ratio = numbers(areas, "sdr")
    own = ~np.isnan(ratio) | ~np.isnan(recorded[:-1]).all(axis=1)
    balanced: Flags = np.asarray(~np.isnan(computed.worst).all(axis=1))
    use: Flags = np.asarray(np.append(~own | (basis == OF_A_BALANCE), False) & balanced, dtype=np.bool_)
    by_area = Between(*(np.where(use[:, None], end, recorded) for end in computed))
    monthly = Between(*(end[row] for end in by_area))  # -1, no area, takes the last row: nothing on record
    whole_year = np.where(use[row], np.nan, _taken(ratio, row, np.nan))
    found = shortest(block, monthly, whole_year, criterion)
    rated = np.where(np.isnan(found.value), D, _taken(evidence.astype(np.int8), row, D)).astype(np.int8)
    worst, best = _let_through(block, found.value)
    partly = ~np.isnan(found.worst)  # there the value is known, so that no reach ends it
    rated[use[row] & ~np.isnan(found.value)] = C
    rated[use[row] & partly] = D
    if partly.any():
        unknown = np.full(len(block), np.nan)
        worst = np.where(partly, found.worst, unknown if worst is None else worst)
        best = np.where(partly, found.best, unknown if best is None else best)
    return Measured(
        found.value,
        evidence=rated,
        worst=worst,
        best=best,
        beside={
            **beside_ratio(found, monthly.worst),
            WATER_BASIS: np.where(np.isnan(found.value), np.nan, _taken(_bases(basis, use[:-1]), row, np.nan)),
            COMPUTED_WATER: _computed(block, criterion, use, balanced),
        },
    )


def _bases(recorded: NDArray[np.object_], use: Flags) -> Floats:
    """Row of ``BASES`` by which the ratio of each area was obtained; ``use`` : the published balance stands."""
    place = {name: float(number) for number, name in enumerate(BASES)}
    of_record = np.array([place.get(name, place["unknown"]) for name in recorded], dtype=np.float64)
    return np.where(use, place[OF_A_BALANCE], of_record)


def _computed(block: Block, criterion: Criterion, use: Flags, balanced: Flags) -> Floats:
    """Ratio by the balance where one on record won, at worst; NaN elsewhere. ``use``, ``balanced``: of areas."""
    row = block.once(command_area)
    both = (balanced & ~use)[row]
    unknown = np.full(len(block), np.nan)
    if not both.any():
        return unknown
    computed = Between(*(end[row] for end in block.once(computed_ratios)))
    found = shortest(block, computed, unknown, criterion)
    return np.where(both, np.where(np.isnan(found.worst), found.value, found.worst), np.nan)


def _let_through(block: Block, ratio: Floats) -> tuple[Floats | None, Floats | None]:
    """Ends of the unknown ratios, by the condition of the reach that feeds the plot; NaN where that is not known.

    A destroyed reach ends the ratio only where nothing else could feed the plot.
    """
    if "canals" not in block.nearby:
        return None, None
    reach, only = block.once(feeding_reach)
    condition = _taken(numbers(block.layer("canals"), "condition"), reach, np.nan)
    most = SDR_CAP * conveyed(condition)
    ends = np.isnan(ratio) & ~np.isnan(most) & ((condition != DESTROYED) | only)
    return np.where(ends, 0.0, np.nan), np.where(ends, most, np.nan)


def turn_reliability(block: Block, _: Criterion) -> Measured:
    """Return delivered over scheduled water turns: surveyed on the plot, else of its command area, else computed.

    Where no turns were counted it is the share of the months April to September in which the published balance of a dry
    year gives the area at least three quarters of its need, else a figure by the position on the canal. Both are only
    proxies: their evidence is D and a note says so.

    Parameters
    ----------
    block : n plots and what lies around them

    Returns
    -------
    ratio (n,), NaN unknown; an interval where the balance does not know it of every month

    Raises
    ------
    NotAssessed : neither command areas nor plot surveys are loaded.
    """
    if "command_areas" not in block.nearby and SURVEYS not in block.nearby:
        raise NotAssessed(NO_WATER_RECORDS)
    value, evidence = surveyed_ratio(block, "turns_delivered", "turns_scheduled")
    value, evidence = value.copy(), evidence.copy()
    proxy, balanced = np.zeros(len(block), dtype=bool), np.zeros(len(block), dtype=bool)
    worst, best = np.full(len(block), np.nan), np.full(len(block), np.nan)
    if "command_areas" in block.nearby:
        areas = block.layer("command_areas")
        row = block.once(command_area)
        scheduled = numbers(areas, "turns_scheduled")
        counted = numbers(areas, "turns_delivered") / np.where(scheduled > 0.0, scheduled, np.nan)
        dated = evidence_by_age(season_age_years(texts(areas, "sdr_date"), block.judgement.as_of))
        position = texts(areas, "position")
        by_position = np.array([POSITION_RELIABILITY.get(place, np.nan) for place in position], dtype=np.float64)
        of_area = _taken(counted, row, np.nan)
        use = np.isnan(value) & ~np.isnan(of_area)
        value[use], evidence[use] = of_area[use], _taken(dated, row, D)[use]
        low, high = (end[row] for end in share_with_water(block))  # -1, no area, takes the last row: unknown
        balanced = np.isnan(value) & ~np.isnan(low)
        value[balanced], evidence[balanced] = low[balanced], D
        ends = balanced & (low < high)
        worst[ends], best[ends] = low[ends], high[ends]
        place = _taken(by_position, row, np.nan)
        proxy = np.isnan(value) & ~np.isnan(place)
        value[proxy], evidence[proxy] = place[proxy], D
    notes = {RELIABILITY_PROXY: proxy, RELIABILITY_BALANCE: balanced}
    return Measured(value, evidence=evidence, worst=worst, best=best, notes=notes)


def canal_condition(block: Block, _: Criterion) -> Measured:
    """Return the condition class of the reach that feeds the plot: its command area's, else the nearest within 300 m.

    Drains do not feed. The note ``ONLY_FEEDING_REACH`` holds where nothing known in a better state than *destroyed*
    could feed the plot instead: another outlet of its command area, or another canal within reach.

    Parameters
    ----------
    block : n plots and what lies around them

    Returns
    -------
    class 1-5 (n,), NaN where no reach feeds the plot or its class is unknown

    Raises
    ------
    NotAssessed : canals are not loaded.
    """
    reach, only = block.once(feeding_reach)
    share = block.once(shares_of_canals)[1]
    return Measured(
        _taken(numbers(block.layer("canals"), "condition"), reach, np.nan),
        notes={ONLY_FEEDING_REACH: only},
        beside={SHARE_OF_CANAL: _taken(share, reach, np.nan)},
    )


def feeding_reach(block: Block) -> tuple[NDArray[np.int64], Flags]:
    """Return the reach that feeds each plot, and whether nothing else could; ask by ``Block.once``.

    Parameters
    ----------
    block : n plots and what lies around them

    Returns
    -------
    int64 (n,), row in canals, -1 for none, and bool (n,)

    Raises
    ------
    NotAssessed : canals are not loaded.
    """
    canals = block.layer("canals")
    condition = numbers(canals, "condition")
    feeding, by_outlet = _feeding_reaches(block, texts(canals, "code"), condition)
    area = block.once(command_area)
    reach = _taken(feeding, area, OUTSIDE)
    only = (reach >= 0) & ~_taken(by_outlet, area, False)

    carries = np.flatnonzero(texts(canals, "type") != "drain")
    working = carries[condition[carries] < DESTROYED]
    lines = canals.geometry.to_numpy()
    others = np.flatnonzero(reach < 0)
    near = nearest_line(block.polygons[others], lines[carries], within_m=NEAREST_CANAL_WITHIN_M).index
    met, near = others[near >= 0], carries[near[near >= 0]]
    reach[met] = near
    # A working canal could feed the plot whose nearest one works: only the others have to look for one.
    dry = met[~(condition[near] < DESTROYED)]
    only[dry] = nearest_line(block.polygons[dry], lines[working], within_m=NEAREST_CANAL_WITHIN_M).index < 0
    return reach, only


def shares_of_canals(block: Block) -> tuple[NDArray[np.int64], Floats]:
    """Return the canal each reach belongs to, and its share of that canal's length; ask by ``Block.once``.

    A reach without a name is a canal of its own.

    Parameters
    ----------
    block : plots and what lies around them

    Returns
    -------
    int64 (rows of canals,), number of the canal, and float64 (rows of canals,), 0-1

    Raises
    ------
    NotAssessed : canals are not loaded.
    """
    canals = block.layer("canals")
    names = texts(canals, "canal")
    own = np.array([name or f"reach {number}" for number, name in enumerate(names)], dtype=object)
    _, canal = np.unique(own.astype(str), return_inverse=True)
    length_m = shapely.length(canals.geometry.to_numpy())
    share = length_m / np.maximum(np.bincount(canal, weights=length_m)[canal], np.finfo(float).tiny)
    return canal.astype(np.int64), share


def repair_gain(block: Block, to_class: int) -> Floats:
    """Return by how much more water reaches each plot once its whole canal is in a condition class.

    Parameters
    ----------
    block : n plots and what lies around them
    to_class : condition class 1-5 after the repair

    Returns
    -------
    ratio (n,), 1 or more; 1 where no reach is known to feed the plot
    """
    if "canals" not in block.nearby:
        return np.ones(len(block))
    canal, share = block.once(shares_of_canals)
    reach, _ = block.once(feeding_reach)
    return _taken(canal_gain(canal, numbers(block.layer("canals"), "condition"), share, to_class), reach, 1.0)


def large_rivers(block: Block) -> gpd.GeoDataFrame | None:
    """Return the rivers nobody wades and no ditch crosses.

    A river without a stream class counts: small-scale maps show only the large ones.

    Parameters
    ----------
    block : plots and what lies around them

    Returns
    -------
    rows of rivers; None where the layer is not loaded
    """
    if "rivers" not in block.nearby:
        return None
    rivers = block.layer("rivers")
    return rivers[~(numbers(rivers, "stream_class") > BARRIER_CLASS)]


def _feeding_reaches(
    block: Block, code: NDArray[np.object_], condition: Floats
) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
    """Row of the reach each command area names, or -1; and whether another outlet of it has a working reach."""
    if "command_areas" not in block.nearby:
        return np.empty(0, dtype=np.int64), np.empty(0, dtype=bool)
    areas = block.layer("command_areas")
    place = {name: number for number, name in enumerate(code)}
    feeding = np.array([place.get(name, OUTSIDE) for name in texts(areas, "reach")], dtype=np.int64)
    another = np.zeros(len(areas), dtype=bool)
    if "outlets" in block.nearby:
        outlets = block.layer("outlets")
        area_of = {name: number for number, name in enumerate(texts(areas, "code"))}
        for area, reach in zip(texts(outlets, "command_area"), texts(outlets, "reach"), strict=True):
            number, reach_row = area_of.get(area, OUTSIDE), place.get(reach, OUTSIDE)
            if number >= 0 and reach_row >= 0 and reach_row != feeding[number]:
                another[number] |= bool(condition[reach_row] < DESTROYED)
    return feeding, another


def _taken(values: NDArray[Scalar], row: NDArray[np.int64], otherwise: object) -> NDArray[Scalar]:
    """Return ``values[row]``, ``otherwise`` where the row is -1."""
    result = np.full(len(row), otherwise, dtype=values.dtype)
    inside = row >= 0
    result[inside] = values[row[inside]]
    return result
