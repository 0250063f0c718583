"""What was measured on the plots themselves: of each quantity the newest value, and how old it is."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from geo.contract.columns import SURVEY_GOOD_FOR_Y, age_years, numbers, texts
from geo.contract.criterion import A, Block, C, Floats
from geo.contract.needs import NamedPlots, Need
from geo.measures.salt_readings import salt_readings

LAYER = "plot_surveys"
PLOT_SURVEYS = Need(LAYER, touches=NamedPlots())


GROWING_SEASON = range(4, 10)  # months, April to September; domain reference 2.4
# m, that a single reading of groundwater may be off from the shallowest of the season; default to calibrate
OUT_OF_SEASON_M = 0.7
DEEPEST_M = 200.0  # m; where only a lower bound is known, the most a survey may say


class Surveyed(NamedTuple):
    """Newest surveyed value per plot, NaN where none; evidence A to two years, C older."""

    value: Floats
    evidence: NDArray[np.int8]


def surveyed(block: Block, column: str) -> Surveyed:
    """Return the newest measured value of one column of the plot surveys.

    Parameters
    ----------
    block : n plots and what lies around them
    column : of the plot surveys

    Returns
    -------
    value (n,) in the unit of the column, and its confidence
    """
    return _newest(block, numbers(block.once(_rows), column))


def surveyed_ratio(block: Block, numerator: str, denominator: str) -> Surveyed:
    """Return the newest ratio of two columns measured together; a denominator of 0 gives no ratio.

    Parameters
    ----------
    block : n plots and what lies around them
    numerator : column of the plot surveys
    denominator : column of the plot surveys

    Returns
    -------
    ratio (n,), and its confidence
    """
    rows = block.once(_rows)
    below = numbers(rows, denominator)
    return _newest(block, numbers(rows, numerator) / np.where(below > 0.0, below, np.nan))


class Salinity(NamedTuple):
    """Newest ECe of 0-60 cm per plot [dS/m]: least and most it may be, NaN where nothing was read; and evidence."""

    least: Floats
    most: Floats
    evidence: NDArray[np.int8]


def salinity_ds_m(block: Block) -> Salinity:
    """Return what the newest survey of each plot says of its salinity: measured, or an interval.

    Parameters
    ----------
    block : n plots and what lies around them

    Returns
    -------
    ends (n,), dS/m, equal where it was measured, and evidence: no better than what was read can have
    """
    readings = salt_readings(block.once(_rows))
    least, evidence = _newest(block, readings.low)
    of_kind = _newest(block, np.where(np.isnan(readings.low), np.nan, readings.evidence)).value
    poorer = np.where(np.isnan(of_kind), 0, of_kind).astype(np.int8)
    return Salinity(least, _newest(block, readings.high).value, np.maximum(evidence, poorer))


class Groundwater(NamedTuple):
    """Depth of groundwater per plot [m], of an interval the least, NaN where never read; ends at its shallowest.

    evidence : int8 (n,), A to two years, C older.
    """

    value: Floats
    least: Floats
    most: Floats
    evidence: NDArray[np.int8]


def groundwater_m(block: Block) -> Groundwater:
    """Return the shallowest groundwater of the newest growing season with a reading, else the newest reading there is.

    A reading outside the season tells less: the water may stand ``OUT_OF_SEASON_M`` higher in it, or deeper. Ask by
    ``Block.once``.

    Parameters
    ----------
    block : n plots and what lies around them

    Returns
    -------
    depth below the surface (n,), metres, the least and the most it may be, and its confidence
    """
    rows = block.once(_rows)
    low, high = _depths(rows)
    known = ~np.isnan(low)
    newest, evidence = _newest(block, low)
    deepest = _newest(block, high).value
    shallowest, at_most = np.full(len(block), np.inf), np.full(len(block), np.inf)
    season, age_y = np.full(len(block), -1), np.full(len(block), np.inf)
    if known.any():
        day = pd.to_datetime(rows["survey_date"]).dt
        told = numbers(rows, "month")
        month = np.where(np.isnan(told), day.month.to_numpy(dtype=np.float64), told)
        in_season = known & np.isin(month, GROWING_SEASON)
        place, year = rows["row"].to_numpy(dtype=np.int64)[in_season], day.year.to_numpy(dtype=np.int64)[in_season]
        np.maximum.at(season, place, year)
        latest = year == season[place]
        np.minimum.at(shallowest, place[latest], low[in_season][latest])
        np.minimum.at(at_most, place[latest], high[in_season][latest])
        np.minimum.at(age_y, place[latest], rows["age_y"].to_numpy(dtype=np.float64)[in_season][latest])
    read = season >= 0
    value = np.where(read, shallowest, newest)
    return Groundwater(
        value,
        np.where(read, value, np.maximum(value - OUT_OF_SEASON_M, 0.0)),
        np.where(read, at_most, deepest + OUT_OF_SEASON_M),
        np.where(read, np.where(age_y <= SURVEY_GOOD_FOR_Y, A, C), evidence).astype(np.int8),
    )


def _depths(rows: pd.DataFrame) -> tuple[Floats, Floats]:
    """Least and most depth of groundwater by each survey [m]; a bound that is missing is 0, or ``DEEPEST_M``."""
    exact, low, high = (numbers(rows, name) for name in ("groundwater_m", "groundwater_low", "groundwater_high"))
    bounded = ~np.isnan(low) | ~np.isnan(high)
    ends = np.where(np.isnan(low), 0.0, low), np.where(np.isnan(high), DEEPEST_M, high)
    least, most = np.where(bounded, np.minimum(*ends), np.nan), np.where(bounded, np.maximum(*ends), np.nan)
    return np.where(np.isnan(exact), least, exact), np.where(np.isnan(exact), most, exact)


def _rows(block: Block) -> pd.DataFrame:
    """Surveys of the block's plots up to its day, oldest first, with ``row`` of the plot and ``age_y``.

    Ages are counted to the day of the run; what was measured later is not known yet.
    """
    surveys = block.nearby.get(LAYER)
    if not isinstance(surveys, pd.DataFrame) or not len(surveys):
        return pd.DataFrame({"row": np.empty(0, dtype=np.int64), "age_y": np.empty(0)})
    frame = pd.DataFrame(surveys)
    row = pd.Index(block.plots["plot_id"]).get_indexer(frame["plot_id"])
    age_y = age_years(frame, "survey_date", block.judgement.as_of)
    frame = frame.assign(row=row, age_y=age_y, key=texts(frame, "code"))
    mine = frame[(frame["row"] >= 0) & (frame["age_y"] >= 0.0)]
    return mine.sort_values(["age_y", "key"], ascending=[False, True], kind="stable")


def _newest(block: Block, values: Floats) -> Surveyed:
    rows = block.once(_rows)
    known = ~np.isnan(values)
    place = rows["row"].to_numpy(dtype=np.int64)[known]
    value, age = np.full(len(block), np.nan), np.full(len(block), np.inf)
    value[place] = values[known]  # oldest first, so the newest of a plot is what stays
    age[place] = rows["age_y"].to_numpy(dtype=np.float64)[known]
    return Surveyed(value, np.where(age <= SURVEY_GOOD_FOR_Y, A, C).astype(np.int8))
