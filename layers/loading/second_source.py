"""Outlines of a load beside those of a second source: what agrees, and which are doubtful."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, select

from layers.catalogue import LAYERS
from layers.catalogue.base import Layer
from layers.features.agreement import DOUBTFUL_BELOW, Agreement, agreements, by_source
from layers.loading.finding_texts import (
    AGREED,
    AGREED_MANY,
    NO_DATE,
    NO_SOURCE,
    NO_UNIT,
    NO_UNITS,
    OUTLINE,
    OUTLINES,
    PERCENT,
)
from layers.loading.given_rows import Given
from layers.records.load_report import Finding
from layers.records.phrases import Listed, Phrase, Told, told

NAMED = 5  # outlines spelled out

Units = list[tuple[str, Agreement]]


@dataclass(frozen=True, slots=True)
class Compared:
    """Outlines of one layer beside those of one second source, least agreement first."""

    layer: type[Layer]
    source: Agreement
    units: Units


@dataclass(frozen=True, slots=True)
class Comparison:
    """What a load has to say of it. ``alone`` : outlines of a second source whose unit is not there."""

    compared: tuple[Compared, ...]
    alone: tuple[str, ...] = ()


def compare_outlines(connection: Connection, layer: type[Layer], given: Given | None) -> Comparison:
    """Return how the outlines of a load, as they stand now, agree with those of second sources.

    Parameters
    ----------
    connection : of the load. layer : the one loaded. given : its rows; None where there is none.
    """
    if given is None:
        return Comparison(())
    mine = set(given.keys.tolist())
    if layer.tiles_land:
        found = agreements(connection, layer)
        here = {code: of_unit for code, of_unit in found.items() if code in mine}
        return Comparison(tuple(Compared(layer, *group) for group in by_source(here)))
    if not layer.second_drawing:
        return Comparison(())
    columns = layer.__table__.c
    named: dict[str, dict[str, str]] = {}
    rows = select(columns[layer.key], columns.layer, columns.place).where(columns.ended_by.is_(None))
    for key, of_layer, place in connection.execute(rows.order_by(columns[layer.key])):
        if key in mine:
            named.setdefault(of_layer, {})[key] = place
    compared: list[Compared] = []
    alone: list[str] = []
    for tiling in (one for one in LAYERS if one.tiles_land and one.__tablename__ in named):
        units = named[tiling.__tablename__]
        found = agreements(connection, tiling)
        here = {code: found[code] for code in units.values() if code in found}
        compared += [Compared(tiling, *group) for group in by_source(here)]
        alone += [key for key, code in units.items() if code not in found]
    return Comparison(tuple(compared), tuple(alone))


def doubtful_outlines(comparison: Comparison) -> Iterator[Finding]:
    """Yield a finding of each second source that agrees too little with some, and of outlines without a unit."""
    for one in comparison.compared:
        units = [(code, agreed) for code, agreed in one.units if agreed.doubtful]
        if units:
            values = {**_values(one, units), "least": int(DOUBTFUL_BELOW * 100)}
            said = Phrase(OUTLINE if len(units) == 1 else OUTLINES, values)
            yield Finding("outline", len(units), said, tuple(code for code, _ in units[:NAMED]))
    if comparison.alone:
        listed = Listed(comparison.alone[:NAMED], len(comparison.alone) - NAMED)
        said = Phrase(
            NO_UNIT if len(comparison.alone) == 1 else NO_UNITS, {"count": len(comparison.alone), "named": listed}
        )
        yield Finding("outline", len(comparison.alone), said, comparison.alone[:NAMED])


def notes_of_outlines(comparison: Comparison) -> Iterator[Told]:
    """Yield how far outlines agree with each second source, the least first."""
    for one in comparison.compared:
        key, least = one.units[0]
        if len(one.units) == 1:
            yield told(AGREED, **_values(one, one.units), key=key, percent=least.percent)
        else:
            most = one.units[-1][1].percent
            yield told(AGREED_MANY, **_values(one, one.units), least=least.percent, most=most)


def _values(one: Compared, units: Units) -> dict[str, Any]:
    source = one.source
    named = [Phrase(PERCENT, {"key": code, "percent": agreed.percent}) for code, agreed in units[:NAMED]]
    return {
        "count": len(units),
        "layer": one.layer.__tablename__,
        "source": source.source or Phrase(NO_SOURCE),
        "date": source.dated.isoformat() if source.dated else Phrase(NO_DATE),
        "named": Listed(tuple(named), len(units) - len(named)),
    }
