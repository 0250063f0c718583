"""Hectares and plots by class, as served: per district and, within one, per jamoat."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from sqlalchemy import Connection, func, select, tuple_
from sqlalchemy.orm import InstrumentedAttribute

from layers.results import CLASSES, RunHectares


@dataclass(frozen=True, slots=True)
class ClassArea:
    """Plots and hectares (geodesic) of one class."""

    plots: int
    area_ha: float


ByClass = Mapping[str, ClassArea]  # class code -> area, in the order of ``CLASSES``, only classes that occur


def hectares_by_district(connection: Connection, runs: Mapping[str, int]) -> dict[str, ByClass]:
    """Return district -> hectares by class of the run served there; ``runs`` is district -> run."""
    return _hectares(connection, runs, RunHectares.district)


def hectares_by_jamoat(connection: Connection, district: str, run: int) -> dict[str, ByClass]:
    """Return jamoat -> hectares by class of one run in a district; '' stands for plots without a jamoat."""
    return _hectares(connection, {district: run}, RunHectares.jamoat)


def _hectares(connection: Connection, runs: Mapping[str, int], place: InstrumentedAttribute[str]) -> dict[str, ByClass]:
    if not runs:
        return {}
    found: dict[str, dict[str, ClassArea]] = {}
    rows = connection.execute(
        select(
            place,
            RunHectares.suitability_class,
            func.sum(RunHectares.plots),
            func.sum(RunHectares.area_ha),
        )
        .where(tuple_(RunHectares.district, RunHectares.run_id).in_(list(runs.items())))
        .group_by(place, RunHectares.suitability_class)
    )
    for name, judged, plots, area_ha in rows:
        found.setdefault(name, {})[judged] = ClassArea(int(plots), float(area_ha))
    return {
        name: {judged: areas[judged] for judged in CLASSES if judged in areas} for name, areas in sorted(found.items())
    }
