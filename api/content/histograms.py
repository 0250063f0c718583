"""Bars of how values spread, made ready to be drawn beside the fields that bound them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from api.language.translate import Language, number, translate
from layers.features.features import Features
from layers.features.filters import plot_conditions
from layers.features.histogram import DIGITS, Histogram, histogram_of, round_edges, values_of
from layers.features.paging import Listing
from layers.features.plots import in_district
from layers.postgres.engine import Connection

MOST: Final = 8  # histograms of a page


@dataclass(frozen=True, slots=True)
class Bar:
    """One bin: where it starts and how high it is, 0-1; words for those who hear it."""

    start: float
    height: float
    words: str


@dataclass(frozen=True, slots=True)
class Bars:
    """A histogram as it is drawn: its bars, their width 0-1, the ends, and plots without a value."""

    bars: tuple[Bar, ...]
    width: float
    least: float
    most: float
    step: float
    unknown: int


def spread(
    connection: Connection,
    features: Features,
    district: str,
    filters: Mapping[str, Sequence[str]],
    names: Sequence[str],
    lang: Language,
) -> dict[str, Bars]:
    """Return bars of properties over the plots that all other filters leave; ends are those of the whole district.

    Parameters
    ----------
    features : plots with their results, as everybody reads them.
    district : its code.
    filters : as the list of plots takes them.
    names : numbers; the first ``MOST`` are told.
    lang : the reader's language.
    """
    here = in_district(district)
    names = tuple(names)[:MOST]
    whole = values_of(connection, Listing(features, [here]), names)
    bounded = {name for name in names if f"min_{name}" in filters or f"max_{name}" in filters}

    def left(asked: Sequence[str], others: Mapping[str, Sequence[str]]) -> Mapping[str, NDArray[np.float64]]:
        if not others:
            return {name: whole[name] for name in asked}
        return values_of(connection, Listing(features, [here, *plot_conditions(features, others)]), asked)

    values = dict(left([name for name in names if name not in bounded], filters))
    for name in bounded:
        others = {of: texts for of, texts in filters.items() if of not in (f"min_{name}", f"max_{name}")}
        values |= left([name], others)
    return {
        name: _bars(histogram_of(values[name], round_edges(*_ends(whole[name]))), lang)
        for name in names
        if not np.isnan(whole[name]).all()
    }


def _ends(values: NDArray[np.float64]) -> tuple[float, float]:
    return float(np.nanmin(values)), float(np.nanmax(values))


def _bars(found: Histogram, lang: Language) -> Bars:
    def said(value: float) -> str:
        return number(value, lang, digits=_digits(value))

    width, highest = 1 / len(found.counts), max(*found.counts, 1)
    bars = tuple(
        Bar(
            place * width,
            count / highest,
            f"{said(low)}–{said(high)}: {number(count, lang)} {translate('plots', lang)}",
        )
        for place, (count, low, high) in enumerate(zip(found.counts, found.edges, found.edges[1:], strict=False))
    )
    least, most = found.edges[0], found.edges[-1]
    return Bars(bars, width, least, most, (most - least) / len(found.counts) / 10, found.unknown)


def _digits(value: float) -> int:
    """Decimals of an end of a bin."""
    return len(f"{value:.{DIGITS}f}".rstrip("0").partition(".")[2])
