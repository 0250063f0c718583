"""How the values of one property spread over the plots of a listing: counts by bins whose ends are round numbers."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import Connection, Float, Text, cast, func, select

from layers.features.paging import Listing

MOST_BINS = 12
STEPS = (1.0, 2.0, 5.0, 10.0)  # of a power of ten, one bin may be as wide
DIGITS = 4  # decimals of the ends of bins; no value is told more finely


@dataclass(frozen=True, slots=True)
class Histogram:
    """Plots by value.

    edges : ends of the bins, rising; a bin holds its lower end and not its upper one. counts : plots of each bin, one
    fewer than edges. unknown : plots without a value, which are in no bin.
    """

    edges: tuple[float, ...]
    counts: tuple[int, ...]
    unknown: int


def round_edges(least: float, most: float) -> tuple[float, ...]:
    """Return ends of at most ``MOST_BINS`` bins of one width that hold all values from ``least`` to ``most``."""
    rough = max((most - least) / (MOST_BINS - 1), 10.0**-DIGITS)
    power = 10.0 ** math.floor(math.log10(rough))
    step = next(power * part for part in STEPS if power * part >= rough * (1 - 1e-9))
    first, last = math.floor(least / step + 1e-9), math.floor(most / step + 1e-9) + 1
    return tuple(round(place * step, DIGITS) for place in range(first, last + 1))


def values_of(connection: Connection, listing: Listing, names: Sequence[str]) -> dict[str, NDArray[np.float64]]:
    """Return property -> its value on every plot of a listing, in no order, as it is shown; NaN where it is unknown.

    Parameters
    ----------
    connection : may read public rows.
    listing : plots.
    names : numbers everybody may read.
    """
    if not names:
        return {}
    features = listing.features
    # As text it is 7.1, not the 7.0999999 that single precision makes of it; one row, since many cost as much again.
    shown = [func.array_agg(cast(cast(features.property(name).value, Text), Float(53))) for name in names]
    row = connection.execute(
        select(*shown).select_from(features.source).where(*features.where, *listing.conditions)
    ).one()
    return {name: np.array(found or (), dtype=np.float64) for name, found in zip(names, row, strict=True)}


def histogram_of(values: NDArray[np.float64], edges: Sequence[float]) -> Histogram:
    """Return how values spread.

    Parameters
    ----------
    values : float64 (n,), NaN = unknown.
    edges : ends of bins, rising, that hold all of them.
    """
    known = values[~np.isnan(values)]
    place = np.searchsorted(np.array(edges), known, side="right") - 1
    counts = np.bincount(place, minlength=len(edges) - 1)
    return Histogram(tuple(edges), tuple(counts.tolist()), len(values) - len(known))
