"""What would lift one stored plot: its values put together again, the cheapest remedies, what to measure first."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import geopandas as gpd
import numpy as np
from sqlalchemy import Connection

from geo.contract.classes import CLASSES, NE
from geo.contract.criterion import Block, Criterion, Floats, Measured
from geo.contract.memberships import Knots
from geo.contract.shut_land import REASONS
from geo.criteria import LAND_CRITERIA
from geo.criteria.water import GRAVITY_HEAD
from geo.crops.catalogue import crops as crops_known
from geo.measures.exclusion import exclusion_mask
from geo.panel.judging import judgement_by
from geo.panel.remedy_sets import Remedy
from geo.panel.scheme import Scheme
from geo.suitability.assess import Suitability, evaluate
from geo.suitability.crop_choice import RankedCrop, best_crops_here
from geo.suitability.remedies import (
    BEARS,
    MEASURE_FIRST,
    NOTHING_BEARS,
    PARTLY_KNOWN,
    WORK_OF_MANY,
    cheapest_lift,
    cheapest_measurement,
    measured_first,
)
from geo.suitability.surroundings import Surroundings, measure_surroundings
from layers.explain.surroundings import around_plot
from layers.records.snapshot import Snapshot


def values_of_plot(
    connection: Connection,
    row: Mapping[str, Any],
    scheme: Scheme,
    *,
    order: Sequence[str],
    served: Snapshot,
    plots: gpd.GeoDataFrame,
    as_of_load: int,
    day: Any,
) -> tuple[dict[str, Measured], Block]:
    """Return a plot's measured values as its run had them, and the block they were measured in.

    Tables, errors and notes are measured again on the rows the run saw; the values themselves are the kept ones.
    ``order`` : criteria of the run, as its memberships are kept. ``plots`` : the plot as the run saw it.
    """
    around = around_plot(connection, served, plots, as_of_load)
    block = Block(plots, around, judgement_by(scheme, day, np.array([str(row["district"])], dtype=object)))
    values: dict[str, Measured] = {}
    for criterion in LAND_CRITERIA:
        if criterion.id in (row["not_assessed"] or ()):
            values[criterion.id] = Measured(np.full(1, np.nan), not_assessed="not assessed in this run")
            continue
        kept = np.array([np.nan if row[criterion.id] is None else float(row[criterion.id])])
        if not criterion.measured_again:
            values[criterion.id] = _as_rated(kept, criterion, scheme, row, order)
            continue
        values[criterion.id] = replace(criterion.beside(block), value=kept, not_assessed=None)
    return values, block


def _as_rated(
    kept: Floats, criterion: Criterion, scheme: Scheme, row: Mapping[str, Any], order: Sequence[str]
) -> Measured:
    """A kept value with what its run did not know of it: a way of which a part is not mapped may be worse, or unknown.

    The ends of the value follow from those of its membership.
    """
    table = scheme.memberships(criterion)[0]
    ends = [row["memberships"], row["memberships_high"]]
    if criterion.id not in order or not all(ends) or not isinstance(table, Knots):
        return Measured(kept)
    place = order.index(criterion.id)
    low, high = (np.nan if end[place] is None else float(end[place]) for end in ends)
    if np.isnan(low):
        return Measured(np.full(1, np.nan))
    if low == high:
        return Measured(kept)
    return Measured(kept, worst=np.array([table.value_at(low)]), best=np.array([table.value_at(high)]))


def lift_of_plot(
    connection: Connection,
    row: Mapping[str, Any],
    scheme: Scheme,
    *,
    order: Sequence[str],
    served: Snapshot,
    plots: gpd.GeoDataFrame,
    as_of_load: int,
    day: Any,
) -> dict[str, Any]:
    """Return ``remedies`` (set, cost, class and score they lead to) and ``measurement``, each None if there is none.

    ``best_crops`` : the three crops that suit best, each with class, index, the factor that limits it and the month to
    start in. Land that is shut (mines, water, protected) has none of these; ``closed_by`` names the kind of area that
    shuts it. Nothing is to be built on land that is judged otherwise now than its run judged it.
    """
    values, block = values_of_plot(
        connection, row, scheme, order=order, served=served, plots=plots, as_of_load=as_of_load, day=day
    )
    shut = exclusion_mask(block)
    if shut.mask[0]:
        return {
            "remedies": None,
            "measurement": None,
            "best_crops": [],
            "bears": None,
            "closed_by": REASONS[int(shut.reason[0])],
        }
    now = evaluate(values, shut, scheme)
    area_ha = float(block.plots["area_ha"].iloc[0])
    uncertain = measured_first(values, scheme, now)
    around, lift = measure_surroundings(block), None
    alike = CLASSES[int(now.classes[0])] == row["class"]
    if uncertain is None and alike:
        lift = cheapest_lift(values, scheme, area_ha=area_ha, around=around, best=now)
    wanted = uncertain or cheapest_measurement(values, scheme, now)
    judged = CLASSES[NE] not in (CLASSES[int(now.classes[0])], row["class"]) and not np.isnan(now.score[0])
    crops = best_crops_here(block, values)[0] if judged else []
    return {
        "closed_by": None,
        "best_crops": [ranked.as_dict() for ranked in crops],
        "bears": _bears(now, crops) if lift is None and alike else None,
        "remedies": None
        if lift is None
        else {
            "set": [_remedy(remedy, around) for remedy in lift.remedies],
            "cost_usd": round(lift.cost_usd, 2),
            "class": lift.suitability_class,
            "score": lift.score,
            "note": "Costs and effects are defaults to calibrate.",
        },
        "measurement": None
        if wanted is None
        else {
            "criterion": wanted.criterion,
            "how": wanted.how,
            "cost_usd": wanted.cost_usd,
            "class_low": wanted.class_low,
            "class_high": wanted.class_high,
            "first": {"text": _first(wanted.criterion), "args": {}} if wanted.first else None,
        },
    }


def _first(criterion: str) -> str:
    """Why a value is measured before anything is built."""
    return MEASURE_FIRST if criterion == GRAVITY_HEAD.id else PARTLY_KNOWN


def _remedy(remedy: Remedy, around: Surroundings) -> dict[str, Any]:
    area_ha = float(around.outlet_ha[0])
    args = {"usd": f"{remedy.cost_usd(area_ha):.0f}", "area": f"{area_ha:.1f}"}
    shared = {"text": WORK_OF_MANY, "args": args} if remedy.shared else None
    return {"id": remedy.id, "title": remedy.title, "who": remedy.who, "shared": shared}


def _bears(now: Suitability, crops: list[RankedCrop]) -> dict[str, Any] | None:
    """What is said of a plot of class N that nothing lifts: the crops that bear it as it is, or that none is known."""
    if CLASSES[int(now.classes[0])] not in ("N1", "N2"):
        return None
    named = [crops_known()[crop.crop].title for crop in crops if not crop.apart]
    return {"text": BEARS, "args": {"crops": named}} if named else {"text": NOTHING_BEARS, "args": {}}
