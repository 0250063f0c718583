"""Measures a new criterion begins with, on the valley."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import shapely

from geo.contract.criterion import Block
from geo.contract.needs import Need, Within
from geo.criteria.terrain import SLOPE
from geo.measures.plain import distance_to, mean_of
from tests.worlds import valley


def test_the_mean_of_a_grid_is_unknown_off_the_grid() -> None:
    plots = valley.plots()
    plots.loc[8, "geometry"] = shapely.transform(plots.geometry.iloc[8], lambda xy: xy + np.array([50_000.0, 0.0]))
    steep = replace(SLOPE, measure=mean_of("slope"), limits=(), memberships=SLOPE.memberships[:1], tables=("generic",))
    found = steep.measured(Block(plots, valley.layers(), valley.judgement()))
    assert found.value[:2].tolist() == pytest.approx([1.0, 8.0])
    assert np.isnan(found.value[8])
    assert steep.measured(Block(plots, {}, valley.judgement())).not_assessed == "the grid slope is not loaded"


@pytest.mark.parametrize(("reach_m", "farthest"), [(3_000.0, 315.0), (200.0, 200.0)])
def test_the_distance_to_the_nearest_row_ends_at_the_reach(reach_m: float, farthest: float) -> None:
    """The canal runs 60, 180 and 300 m west of the near edges of the three columns of plots."""
    far = replace(
        SLOPE, needs=(Need("canals", touches=Within(reach_m)),), measure=distance_to("canals"), reach_m=reach_m
    )
    found = far.measured(Block(valley.plots(), valley.layers(), valley.judgement()))
    edges = [min(x - 30.0 - 1_200.0, farthest) for x, _ in valley.CENTRES.values()]
    assert found.value.tolist() == pytest.approx(edges)
    nothing = valley.layers() | {"canals": valley.canals().iloc[:0]}
    assert far.measured(Block(valley.plots(), nothing, valley.judgement())).value.tolist() == [reach_m] * 9
