"""Columns of a layer as arrays, whether the file behind it brought them or not."""

from __future__ import annotations

import re
from datetime import date

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from geo.contract.criterion import B, C, D

OFFICIAL_GOOD_FOR_Y = 5.0  # years an official map or community survey counts as B; domain reference 3.6 step 9
SURVEY_GOOD_FOR_Y = 2.0  # years a survey on the plot counts as A; likewise
FINE_GRID_M = 31.0  # m, one arc-second; a grid up to this cell is evidence C, a coarser one D; likewise
DAYS_PER_YEAR = 365.25
YEAR = re.compile(r"(?<!\d)(19|20)\d\d(?!\d)")


def numbers(frame: pd.DataFrame, name: str) -> NDArray[np.float64]:
    """Return a column as numbers.

    Parameters
    ----------
    frame : rows of a layer
    name : of the column

    Returns
    -------
    float64 (rows,), NaN where it is empty or the layer has no such column
    """
    if name not in frame:
        return np.full(len(frame), np.nan)
    return np.asarray(pd.to_numeric(frame[name], errors="coerce").to_numpy(dtype=np.float64, na_value=np.nan))


def texts(frame: pd.DataFrame, name: str, *, empty: str = "") -> NDArray[np.object_]:
    """Return a column as text.

    Parameters
    ----------
    frame : rows of a layer
    name : of the column
    empty : what stands where it is empty

    Returns
    -------
    object (rows,), ``empty`` where it is empty or the layer has no such column
    """
    if name not in frame:
        return np.full(len(frame), empty, dtype=object)
    column = frame[name].to_numpy(dtype=object)
    return np.where(pd.isna(column), empty, column)


def is_recorded(frame: pd.DataFrame, name: str, value: bool) -> NDArray[np.bool_]:
    """Return where a yes-or-no column is recorded as a value.

    Parameters
    ----------
    frame : rows of a layer
    name : of the column
    value : yes or no

    Returns
    -------
    bool (rows,); an empty one is neither yes nor no
    """
    if name not in frame:
        return np.zeros(len(frame), dtype=bool)
    return np.asarray((frame[name].astype("boolean") == value).fillna(False).to_numpy(dtype=bool))


def age_years(frame: pd.DataFrame, name: str, as_of: date) -> NDArray[np.float64]:
    """Return the age of each date.

    Parameters
    ----------
    frame : rows of a layer
    name : of the column of dates
    as_of : day the ages are counted to

    Returns
    -------
    float64 (rows,), years, NaN where it is empty; negative for later dates
    """
    if name not in frame:
        return np.full(len(frame), np.nan)
    days = (pd.Timestamp(as_of) - pd.to_datetime(frame[name])).dt.days
    return np.asarray(days.to_numpy(dtype=np.float64, na_value=np.nan) / DAYS_PER_YEAR)


def evidence_by_age(age_y: NDArray[np.float64]) -> NDArray[np.int8]:
    """Return the confidence of an official map or community survey.

    Parameters
    ----------
    age_y : float64 (n,), years, NaN undated

    Returns
    -------
    int8 (n,), B to ``OFFICIAL_GOOD_FOR_Y``, C older, D undated
    """
    return np.where(np.isnan(age_y), D, np.where(age_y <= OFFICIAL_GOOD_FOR_Y, B, C)).astype(np.int8)


def season_age_years(seasons: NDArray[np.object_], as_of: date) -> NDArray[np.float64]:
    """Return the years since the last year written in each text.

    Parameters
    ----------
    seasons : object (n,), such as "2024 Apr-Sep"
    as_of : day the ages are counted to

    Returns
    -------
    float64 (n,), NaN where no year is written
    """
    found = [[int(year[0]) for year in YEAR.finditer(str(text))] for text in seasons]
    return np.array([float(as_of.year - max(years)) if years else np.nan for years in found], dtype=np.float64)
