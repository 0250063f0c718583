"""Hectares and plots by class within a district, per jamoat, as one run found them."""

from __future__ import annotations

from sqlalchemy import Connection, func, select

from geo.suitability.model import CLASSES
from layers.features.paging import Listing
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


def hectares_of(connection: Connection, listing: Listing) -> Figures:
    """Return the figures of every class among the plots of a listing."""
    features = listing.features
    judged = features.property("class").value.label("class")
    area_ha = func.coalesce(func.sum(features.property("area_ha").value), 0.0)
    rows = (
        select(judged, func.count(), area_ha)
        .select_from(features.source)
        .where(*features.where, *listing.conditions)
        .group_by(judged)
    )
    found: Figures = {name: {"plots": 0, "area_ha": 0.0} for name in CLASSES}
    for name, plots, hectares in connection.execute(rows):
        found[name] = {"plots": int(plots), "area_ha": float(hectares)}
    return found
