"""Criteria of hazards on the plot and on the way to it. Levels: none 0, residual 1, low 2, medium 3, high 4."""

from __future__ import annotations

from geo.contract.criterion import Criterion, HardLimit
from geo.contract.declared import CALIBRATE, ClassCap, Measuring
from geo.contract.memberships import ByClass, Knots
from geo.contract.needs import Need
from geo.hazard.levels import LEVELS as HAZARD_LEVELS
from geo.measures.access import CROSSES_HIGH, EXTENTS_ON_WAY, ZONES_ON_WAY, way_exposure_m
from geo.measures.hazard import EXTENTS_ON_PLOT, HIGH_OFTEN, MEDIUM_OFTEN, ZONES_ON_PLOT, hazard_level
from geo.measures.reference_crop import TREES_JUDGED

HAZARD_VISIT = "Have a hazard specialist look at the place and ask elders about past events."

# Domain reference 3.6 steps 2 and 6: how many classes a plot may be better than the worst known of these, and without
# which of them no class is better than S2.
HAZARD_CAP = ClassCap(own=1, decisive=True)

FLOOD_LEVEL = Criterion(
    id="flood_level",
    code="H1",
    group="hazard",
    letter="h",
    title="Mudflow and flood level",
    unit="level",
    better="less",
    needs=(ZONES_ON_PLOT, EXTENTS_ON_PLOT),
    measure=hazard_level("flood", "debris_flow", "hillslope_debris_flow", looked_for=("flood", "debris_flow")),
    memberships=(ByClass({0: 1.0, 1: 0.85, 2: 0.60, 3: 0.30, 4: 0.0}),),
    limits=(
        HardLimit(
            "exclude",
            "high mudflow or flood level at least every 30 years",
            above=3.5,
            where=HIGH_OFTEN,
            text_without_note="high mudflow or flood level",
        ),
        HardLimit("exclude", "high mudflow or flood level on land for trees", above=3.5, where=TREES_JUDGED),
        HardLimit("cap", "medium hazard at least every 30 years", above=2.5, where=MEDIUM_OFTEN, no_better_than="S3"),
    ),
    poor="Mudflow or flood can reach the plot.",
    measuring=Measuring(HAZARD_VISIT, usd=120),
    cap=HAZARD_CAP,
    basis="Swiss hazard matrices; default to calibrate",
    levels=HAZARD_LEVELS,
)
AVALANCHE_LEVEL = Criterion(
    id="avalanche_level",
    code="H2",
    group="hazard",
    letter="h",
    title="Avalanche level",
    unit="level",
    better="less",
    needs=(ZONES_ON_PLOT, EXTENTS_ON_PLOT),
    measure=hazard_level("avalanche", looked_for=("avalanche",), by_crop=True),
    memberships=(
        ByClass({0: 1.0, 1: 0.95, 2: 0.90, 3: 0.80, 4: 0.60}),
        ByClass({0: 1.0, 1: 0.8, 2: 0.6, 3: 0.3, 4: 0.0}),
    ),
    tables=("annual", "trees"),
    limits=(
        HardLimit("cap", "medium hazard at least every 30 years", above=2.5, where=MEDIUM_OFTEN, no_better_than="S3"),
        HardLimit("warning", "high avalanche level: no house, stable or winter stay here", above=3.5),
    ),
    poor="Avalanches can reach the plot.",
    measuring=Measuring(HAZARD_VISIT, usd=120),
    cap=HAZARD_CAP,
    basis="Swiss hazard matrices; default to calibrate",
    levels=HAZARD_LEVELS,
)
SLIDE_LEVEL = Criterion(
    id="slide_level",
    code="H3",
    group="hazard",
    letter="h",
    title="Landslide and rockfall level",
    unit="level",
    better="less",
    needs=(ZONES_ON_PLOT, EXTENTS_ON_PLOT),
    measure=hazard_level("landslide", "rockfall", looked_for=("landslide", "rockfall")),
    memberships=(ByClass({0: 1.0, 1: 0.85, 2: 0.6, 3: 0.3, 4: 0.0}),),
    limits=(
        HardLimit("exclude", "high landslide or rockfall level", above=3.5),
        HardLimit("cap", "medium hazard at least every 30 years", above=2.5, where=MEDIUM_OFTEN, no_better_than="S3"),
    ),
    poor="Landslides or falling rocks can reach the plot.",
    measuring=Measuring(HAZARD_VISIT, usd=120),
    cap=HAZARD_CAP,
    basis="Swiss hazard matrices; default to calibrate",
    levels=HAZARD_LEVELS,
)
WAY_EXPOSURE = Criterion(
    id="way_exposure_m",
    code="H4",
    group="hazard",
    letter="h",
    title="Hazard on the way from home",
    unit="m",
    better="less",
    needs=(Need("settlements"), Need("dem"), Need("roads"), Need("rivers"), ZONES_ON_WAY, EXTENTS_ON_WAY),
    measure=way_exposure_m,
    memberships=(Knots(0.0, 100.0, 300.0, 800.0, 1_500.0),),
    coarsest_m=120.0,
    reach_m=8_000.0,
    limits=(HardLimit("warning", "the way crosses a zone of high danger in April to June", where=CROSSES_HIGH),),
    poor="The way from home leads through dangerous ground.",
    measuring=Measuring("Walk the way from home and note where it crosses dangerous ground.", usd=30),
    cap=HAZARD_CAP,
    measured_again=False,
    basis=CALIBRATE,
)

CRITERIA: tuple[Criterion, ...] = (
    FLOOD_LEVEL,
    AVALANCHE_LEVEL,
    SLIDE_LEVEL,
    WAY_EXPOSURE,
)
