"""Criteria of terrain."""

from __future__ import annotations

from geo.contract.criterion import Criterion, HardLimit
from geo.contract.declared import ClassCap, Measuring
from geo.contract.memberships import Knots
from geo.contract.needs import Need
from geo.measures.slope import NOT_TERRACED, TERRACED, UNIRRIGATED, slope_pct
from geo.measures.slope import TABLES as SLOPE_TABLES
from geo.measures.water import COMMAND_AREAS

# Domain reference 3.6 steps 2 and 6: how many classes a plot may be better than the worst known of these, and without
# which of them no class is better than S2.
SLOPE_CAP = ClassCap(own=1, loose_tables=(TERRACED, UNIRRIGATED), required=True)

SLOPE = Criterion(
    id="slope_pct",
    code="T1",
    group="terrain",
    letter="t",
    title="Slope",
    unit="%",
    better="less",
    needs=(Need("slope"), COMMAND_AREAS),
    measure=slope_pct,
    memberships=(
        Knots(2.0, 5.0, 8.0, 16.0, 25.0),
        Knots(8.0, 16.0, 25.0, 35.0, 50.0),
        Knots(8.0, 15.0, 25.0, 40.0, 55.0),
    ),
    tables=SLOPE_TABLES,
    limits=(
        HardLimit("exclude", "steeper than 25 % for surface irrigation", above=25.0, tables=(NOT_TERRACED,)),
        HardLimit("exclude", "steeper than 50 % on terraces", above=50.0, tables=(TERRACED,)),
        HardLimit("exclude", "steeper than 55 % for yearly tillage", above=55.0, tables=(UNIRRIGATED,)),
    ),
    coarsest_m=35.0,
    poor="The plot is steep for the way it is watered and worked.",
    measuring=Measuring("Measure the slope of the plot with a level.", usd=20),
    cap=SLOPE_CAP,
    basis="default to calibrate; looser than FAO furrow limits because hand-made furrows and basins are used",
)

CRITERIA: tuple[Criterion, ...] = (SLOPE,)
