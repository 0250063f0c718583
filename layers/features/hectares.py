"""Hectares and plots by class within a district, per jamoat, as one run found them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from sqlalchemy import Connection, select

from geo.contract.classes import CLASSES
from layers.records.runs import RunHectares

Figures = dict[str, dict[str, float]]  # class -> plots, area_ha


def hectares_by_jamoat(connection: Connection, district: str, run: int) -> dict[str, Figures]:
    """Return jamoat -> figures of every class; '' stands for plots without a jamoat."""
    found: dict[str, Figures] = {}
    rows = connection.execute(
        select(RunHectares.jamoat, RunHectares.suitability_class, RunHectares.plots, RunHectares.area_ha)
        .where(RunHectares.run_id == run, RunHectares.district == district)
        .order_by(RunHectares.jamoat)
    )
    for jamoat, judged, plots, area_ha in rows:
        figures = found.setdefault(jamoat, {name: {"plots": 0, "area_ha": 0.0} for name in CLASSES})
        figures[judged] = {"plots": int(plots), "area_ha": float(area_ha)}
    return found


def summed(parts: Iterable[Mapping[str, Mapping[str, float]]]) -> Figures:
    """Return the figures of several places together, every class among them."""
    whole: Figures = {name: {"plots": 0, "area_ha": 0.0} for name in CLASSES}
    for part in parts:
        for name, found in part.items():
            whole[name]["plots"] += found["plots"]
            whole[name]["area_ha"] += found["area_ha"]
    return whole
