"""Criteria of soil: salt, depth, water it holds and sheds."""

from __future__ import annotations

from geo.contract.criterion import Criterion, HardLimit
from geo.contract.declared import CALIBRATE, ClassCap, Measuring, Presumed
from geo.contract.memberships import Knots, Lower
from geo.contract.needs import Need
from geo.measures.reference_crop import TREES_JUDGED
from geo.measures.soil import (
    GENERIC_SALINITY,
    HELD_WATER,
    SALT_FREE,
    SALT_RESPONSE,
    STANDING_WATER,
    salinity,
    soil_depth,
    soil_water,
)
from geo.measures.surveys import PLOT_SURVEYS

RUINED_BY_SALT = "salt leaves less than a fifth of the yield"

# Domain reference 3.6 steps 2 and 6: how many classes a plot may be better than the worst known of these, and without
# which of them no class is better than S2.
TWO_BETTER = ClassCap(own=2)
SALINITY_CAP = ClassCap(own=1, decisive=True)

SALINITY = Criterion(
    id="salinity_ds_m",
    code="E1",
    group="soil",
    letter="z",
    title="Salinity ECe 0-60 cm",
    unit="dS/m",
    better="less",
    needs=(PLOT_SURVEYS, Need("dem"), Need("slope")),
    measure=salinity,
    memberships=(GENERIC_SALINITY, *(Lower(by_yield, GENERIC_SALINITY) for by_yield in SALT_RESPONSE.values())),
    tables=("generic", *SALT_RESPONSE),
    first_stands_for_all=True,
    limits=tuple(
        HardLimit("cap", RUINED_BY_SALT, above=by_yield.at_0, tables=(number,), no_better_than="N1")
        for number, by_yield in enumerate(SALT_RESPONSE.values(), start=1)
    ),
    poor="The soil is salty.",
    measuring=Measuring("Take soil samples from 0-60 cm to a laboratory.", usd=12),
    cap=SALINITY_CAP,
    basis="relative yield after Maas and Hoffman 1977, and generic classes of soil salinity; default to calibrate",
    presumed=Presumed(SALT_FREE, low=0.75, high=1.0),
)
SOIL_DEPTH = Criterion(
    id="soil_depth_cm",
    code="E2",
    group="soil",
    letter="s",
    title="Effective soil depth",
    unit="cm",
    better="more",
    needs=(PLOT_SURVEYS, Need("soil_depth")),
    measure=soil_depth,
    memberships=(Knots(100.0, 75.0, 50.0, 30.0, 15.0),),
    limits=(
        HardLimit("exclude", "less than 15 cm of soil", below=15.0),
        HardLimit("exclude", "less than 40 cm of soil for trees", below=40.0, where=TREES_JUDGED),
    ),
    coarsest_m=260.0,
    poor="The soil is shallow.",
    measuring=Measuring("Dig a pit down to rock or one metre deep.", usd=10),
    cap=TWO_BETTER,
    basis=CALIBRATE,
)
SOIL_WATER = Criterion(
    id="soil_water",
    code="E3",
    group="soil",
    letter="d",
    title="Soil water and drainage, the worse of the two",
    unit="ratio",
    better="more",
    needs=(PLOT_SURVEYS, *(Need(name) for name in HELD_WATER)),
    measure=soil_water,
    memberships=(Knots(1.0, 0.75, 0.5, 0.25, 0.0),),
    limits=(HardLimit("exclude", "water stands within 0.4 m of the surface", where=STANDING_WATER),),
    coarsest_m=260.0,
    poor="The soil holds little water, or water stands in it.",
    measuring=Measuring("Judge the soil in a pit and measure the depth of the groundwater.", usd=18),
    cap=TWO_BETTER,
    basis="FAO-56 total available water; default to calibrate",
)

CRITERIA: tuple[Criterion, ...] = (
    SALINITY,
    SOIL_DEPTH,
    SOIL_WATER,
)
