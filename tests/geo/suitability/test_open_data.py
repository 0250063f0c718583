"""What little data say holds the result of all data: intervals as a property over the inputs of composite values."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest

from geo.contract.criterion import Block
from geo.panel.scheme import load_scheme
from geo.suitability.assess import Assessment, assess_findings
from geo.suitability.findings import find
from tests.worlds import valley

SCHEME = load_scheme()
N = len(valley.NAMES)
SALINITY = 9  # place among the criteria
SURVEYED = ("salinity_ds_m", "groundwater_m", "soil_depth_cm", "coarse_fragments_pct", "awc_mm_m")
LAYERS = ("hazard_extents", "mean_temperature", "minimum_temperature", "services")


def everything(random: np.random.Generator) -> dict[str, Any]:
    """Return the valley fully surveyed, with values of every kind."""
    layers: dict[str, Any] = valley.layers()
    surveys = layers["plot_surveys"].assign(
        salinity_ds_m=random.uniform(0.0, 6.0, N),
        groundwater_m=random.choice([0.5, 1.0, 1.6, 2.2, 4.0], N),
        soil_depth_cm=random.uniform(30.0, 150.0, N),
        coarse_fragments_pct=random.uniform(0.0, 60.0, N),
        awc_mm_m=random.uniform(40.0, 190.0, N),
    )
    areas = layers["command_areas"]
    rows = [
        {"command_area": area, "month": month, "year_type": "dry", "ratio": random.uniform(0.4, 1.2)}
        for area in areas["code"]
        for month in range(4, 10)
    ]
    months = pd.DataFrame(rows)
    worst = months.groupby("command_area")["ratio"].min().reindex(areas["code"]).to_numpy()
    slope = valley.slope()
    slope.values[:] = float(random.choice([0.5, 2.5, 6.0]))  # per cent
    return {
        **layers,
        "plot_surveys": surveys,
        "command_areas": areas.assign(sdr=worst),
        "command_months": months,
        "slope": slope,
        "hazard_zones": layers["hazard_zones"].assign(level=str(random.choice(["low", "medium"])), return_period_y=100),
    }


def less(layers: dict[str, Any], random: np.random.Generator) -> dict[str, Any]:
    """Return some of it: values, months and whole layers left out; no value is replaced by another one."""
    surveys, months = layers["plot_surveys"].copy(), layers["command_months"]
    for name in SURVEYED:
        surveys[name] = surveys[name].where(random.random(N) < 0.6)
    kept = {**layers, "plot_surveys": surveys, "command_months": months[random.random(len(months)) < 0.7]}
    gone = {name for name in LAYERS if random.random() < 0.15}
    return {name: layer for name, layer in kept.items() if name not in gone}


def judged(layers: dict[str, Any], crop: str) -> Assessment:
    return assess_findings(find(Block(valley.plots(), layers, valley.judgement(crop=crop))), SCHEME)


@pytest.mark.parametrize("seed", range(12))
def test_the_result_of_all_data_lies_in_the_range_of_a_part_of_them(seed: int) -> None:
    random = np.random.default_rng(seed)
    crop = str(random.choice(["potato", "wheat", "apricot"]))
    layers = everything(random)
    full, part = judged(layers, crop).land, judged(less(layers, random), crop).land
    scored = ~np.isnan(full.score)
    # Salt that was not measured is presumed not to gather on slopes: what is measured then replaces that.
    salt, presumed = full.rated.memberships[SALINITY], part.rated.memberships[SALINITY]
    same = scored & (np.isnan(presumed) | (salt == presumed) | (presumed <= salt))
    assert same.any()
    assert (part.combined.low[same] <= full.combined.low[same] + 1e-9).all()
    assert (full.combined.high[same] <= part.combined.high[same] + 1e-9).all()
    judged_both = same & ~part.shut
    assert (part.class_high[judged_both] <= full.classes[judged_both]).all()
    assert (full.classes[judged_both] <= part.class_low[judged_both]).all()


@pytest.mark.parametrize("seed", range(6))
def test_each_interval_holds_the_value_that_all_inputs_give(seed: int) -> None:
    """Depth without stones, soil water with one of two, water with a month missing: the ends enclose the truth."""
    random = np.random.default_rng(100 + seed)
    layers = everything(random)
    full, part = judged(layers, "potato").land.rated, judged(less(layers, random), "potato").land.rated
    for k, (low, high) in enumerate(zip(part.memberships, part.highest, strict=True)):
        known = ~np.isnan(low) & ~np.isnan(full.memberships[k])
        if k == SALINITY:  # it is presumed where salt cannot gather
            continue
        assert (low[known] <= full.memberships[k][known] + 1e-9).all(), k
        assert (full.highest[k][known] <= high[known] + 1e-9).all(), k
