"""Criteria of water: how much there is, whether it comes by itself and when it should, and the canal that brings it."""

from __future__ import annotations

from geo.contract.criterion import Criterion, HardLimit
from geo.contract.declared import CALIBRATE, ClassCap, Measuring
from geo.contract.memberships import Knots, Probability
from geo.contract.needs import Need, SameCanal
from geo.measures.surveys import PLOT_SURVEYS
from geo.measures.water import (
    COMMAND_AREAS,
    NEAREST_CANAL_WITHIN_M,
    ONLY_FEEDING_REACH,
    canal_condition,
    turn_reliability,
    water_adequacy,
)
from geo.measures.water_balance import AREA_BALANCE
from geo.measures.water_head import beside_head, gravity_head_m

# What canals carry is a matter of the balance, and of no measure of plots.
CARRIED = ("capacity_m3_s", "soil", "conveyance", "conveyance_date", "conveyance_method", "closed", "upstream")
FEEDING_CANALS = Need(
    "canals",
    touches=SameCanal(within_m=NEAREST_CANAL_WITHIN_M),
    unread=("lining", "head_level_m", "tail_level_m", "level_basis", *CARRIED),
)

# Domain reference 3.6 steps 2 and 6: how many classes a plot may be better than the worst known of these, and without
# which of them no class is better than S2. Water holds with the mean of its known members too; the canal's condition
# by itself holds nothing.
WATER_CAP = ClassCap(own=1, with_group=1, decisive=True)
HEAD_CAP = ClassCap(own=1, loose_from_grid=True, with_group=1, decisive=True)
TURNS_CAP = ClassCap(own=2, with_group=1, decisive=True)
CONDITION_CAP = ClassCap(with_group=1, decisive=True)

WATER_ADEQUACY = Criterion(
    id="water_adequacy",
    code="W1",
    group="water",
    letter="w",
    title="Water adequacy, worst month",
    unit="ratio",
    better="more",
    needs=(
        *(COMMAND_AREAS, FEEDING_CANALS, Need("outlets"), Need("command_months", unread=("flow_m3_s",)), Need("dem")),
        AREA_BALANCE,
        *(Need("mean_temperature"), Need("minimum_temperature"), Need("climate_relief")),
    ),
    coarsest_m=1_200.0,
    reach_m=3_000.0,
    measure=water_adequacy,
    memberships=(Knots(1.0, 0.9, 0.75, 0.5, 0.3),),
    limits=(HardLimit("not_relevant", "less than 0.3 of the water an irrigated plot needs", below=0.3),),
    poor="There is too little water in the worst month.",
    measuring=Measuring(
        "Measure the flow at the outlet through one season and compare it with what the crops need.", usd=60
    ),
    cap=WATER_CAP,
    basis=CALIBRATE,
)
GRAVITY_HEAD = Criterion(
    id="gravity_head_m",
    code="W2",
    group="water",
    letter="w",
    title="Head of gravity water above the plot",
    unit="m",
    better="more",
    needs=(Need("canals", unread=("condition", *CARRIED)), Need("dem"), Need("rivers"), PLOT_SURVEYS),
    measure=gravity_head_m,
    measured_beside=beside_head,
    memberships=(Probability(Knots(1.0, 0.5, 0.2, 0.0, -0.5)),),
    limits=(HardLimit("not_relevant", "ground above the canal water level", below=-0.5, surveyed_only=True),),
    coarsest_m=35.0,
    reach_m=3_000.0,
    poor="Canal water hardly reaches the plot by itself.",
    measuring=Measuring("Take levels from the canal water to the plot.", usd=40),
    cap=HEAD_CAP,
    basis=CALIBRATE,
)
TURN_RELIABILITY = Criterion(
    id="turn_reliability",
    code="W3",
    group="water",
    letter="w",
    title="Water turns delivered",
    unit="ratio",
    better="more",
    needs=(COMMAND_AREAS, AREA_BALANCE, PLOT_SURVEYS),
    measure=turn_reliability,
    memberships=(Knots(0.9, 0.8, 0.65, 0.5, 0.3),),
    poor="Water turns often fail.",
    measuring=Measuring("Count the water turns planned and delivered in one season.", usd=25),
    cap=TURNS_CAP,
    basis="default to calibrate; tail-end inequity reported by IWMI",
)
CANAL_CONDITION = Criterion(
    id="canal_condition",
    code="W4",
    group="water",
    letter="w",
    title="Canal condition class",
    unit="class",
    better="less",
    needs=(FEEDING_CANALS, COMMAND_AREAS, Need("outlets")),
    measure=canal_condition,
    memberships=(Knots(1.0, 2.0, 3.0, 4.0, 5.0),),
    limits=(
        HardLimit(
            "override",
            "the only canal that feeds the plot is destroyed: no water until it is repaired",
            above=4.5,
            where=ONLY_FEEDING_REACH,
            overrides="water_adequacy",
        ),
    ),
    reach_m=3_000.0,
    poor="The canal that feeds the plot is in poor repair.",
    measuring=Measuring("Walk along the canal reach that feeds the plot and note its condition.", usd=15),
    cap=CONDITION_CAP,
    basis=CALIBRATE,
)

CRITERIA: tuple[Criterion, ...] = (
    WATER_ADEQUACY,
    GRAVITY_HEAD,
    TURN_RELIABILITY,
    CANAL_CONDITION,
)
