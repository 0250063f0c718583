"""How the values of one property spread over the plots of a listing: counts by bins whose ends are round numbers."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Float, Text, cast, func, literal, select
from sqlalchemy.dialects.postgresql import ARRAY

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


def ends_of(connection: Connection, listing: Listing, names: Sequence[str]) -> dict[str, tuple[float, float]]:
    """Return the least and the most value of each property that any plot of a listing has one of."""
    values = [_shown(listing, name) for name in names]
    if not values:
        return {}
    asked = select(*(end(value) for value in values for end in (func.min, func.max)))
    row = connection.execute(_narrowed(asked, listing)).one()
    pairs = zip(row[::2], row[1::2], strict=True)
    return {name: (least, most) for name, (least, most) in zip(names, pairs, strict=True) if least is not None}


def histogram_of(connection: Connection, listing: Listing, name: str, edges: Sequence[float]) -> Histogram:
    """Return how a property spreads over the plots of a listing.

    Parameters
    ----------
    connection : may read public rows.
    listing : plots, without a bound of this property itself: its bars show what another bound would leave.
    name : a number everybody may read.
    edges : ends of bins, rising.
    """
    place = func.width_bucket(_shown(listing, name), cast(literal(list(edges), ARRAY(Float(53))), ARRAY(Float(53))))
    counted = _narrowed(select(place, func.count()), listing).group_by(place)
    found: dict[int | None, int] = {row[0]: row[1] for row in connection.execute(counted)}
    counts = tuple(found.get(number, 0) for number in range(1, len(edges)))
    return Histogram(tuple(edges), counts, found.get(None, 0))


def _shown(listing: Listing, name: str) -> Any:
    """The value as it is shown: 7.1, not the 7.0999999 that single precision makes of it."""
    return cast(cast(listing.features.property(name).value, Text), Float(53))


def _narrowed(statement: Any, listing: Listing) -> Any:
    features = listing.features
    return statement.select_from(features.source).where(*features.where, *listing.conditions)
