"""The crop a plot is judged for: whether it is a tree, what heat and how many days it needs."""

from __future__ import annotations

import csv
from functools import lru_cache
from importlib import resources

import numpy as np

from geo.contract.criterion import Block, Flags
from geo.errors import TableError

TREES = ("apricot", "apple", "mulberry", "walnut")
TREES_JUDGED = "the reference crop is a tree"


def trees_judged(block: Block) -> Flags:
    """Return where the reference crop is a tree, bool (n,)."""
    return np.isin(block.judgement.crop, TREES)


@lru_cache
def field_cycles_d() -> dict[str, float]:
    """Return the usual days from sowing or bud break to harvest of each crop, NaN unknown.

    Sums of the stage lengths of FAO-56 table 11, the rows of domain reference 5; lucerne from cut to cut, mulberry
    as apricot.

    Raises
    ------
    TableError : a row without a crop, a crop twice, or days that are no number from 1 to 366; names file and row.
    """
    source = "field_cycles.csv"
    found: dict[str, float] = {}
    with resources.files("geo").joinpath("crops", "tables", source).open(encoding="utf-8") as file:
        for number, row in enumerate(csv.DictReader(file), start=2):
            crop, days = row["crop"], row["cycle_d"]
            if not crop or crop in found:
                raise TableError(f"{source}: row {number}: expected a crop that has no row yet, got '{crop}'")
            if days and not (days.isdigit() and 1 <= int(days) <= 366):
                raise TableError(f"{source}: row {number}, cycle_d: expected days from 1 to 366, got '{days}'")
            found[crop] = float(days) if days else np.nan
    return found
