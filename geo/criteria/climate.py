"""Criteria of climate: warmth the crop needs, and days without frost."""

from __future__ import annotations

from geo.contract.criterion import Criterion, HardLimit
from geo.contract.declared import CALIBRATE, ClassCap, Instead, Measuring
from geo.contract.memberships import Always, Knots
from geo.contract.needs import Need
from geo.measures.climate import FROST_TABLES, TENDER, TREE, frost_margin_d, heat_ratio

SEASON_OF_TEMPERATURE = "Measure the air temperature at the plot for one season."

# Domain reference 3.6 steps 2 and 6: how many classes a plot may be better than the worst known of these, and without
# which of them no class is better than S2.
ONE_BETTER = ClassCap(own=1)

HEAT = Criterion(
    id="heat_ratio",
    code="C1",
    group="climate",
    letter="c",
    title="Heat available to heat needed",
    unit="ratio",
    better="more",
    needs=(Need("mean_temperature"), Need("climate_relief"), Need("dem")),
    measure=heat_ratio,
    memberships=(Knots(1.10, 1.00, 0.90, 0.80, 0.70),),
    limits=(HardLimit("not_relevant", "too little heat for the reference crop", below=0.7),),
    coarsest_m=1_200.0,
    poor="The season is too cool for the crop.",
    measuring=Measuring(SEASON_OF_TEMPERATURE, usd=50),
    cap=ONE_BETTER,
    basis=CALIBRATE,
)
FROST = Criterion(
    id="frost_margin_d",
    code="C2",
    group="climate",
    letter="c",
    title="Frost-free days beyond those the crop stands above ground",
    unit="d",
    better="more",
    needs=(Need("minimum_temperature"), Need("climate_relief"), Need("dem")),
    measure=frost_margin_d,
    memberships=(Knots(30.0, 15.0, 0.0, -10.0, -20.0), Always(), Knots(0.0, 10.0, 25.0, 45.0, 70.0)),
    tables=FROST_TABLES,
    instead=Instead(TREE, "frost_loss_pct", "Years in which frost spoils flower, bud or wood", "%"),
    limits=(HardLimit("not_relevant", "the cycle does not fit between frosts", below=-20.0, tables=(TENDER,)),),
    coarsest_m=1_200.0,
    poor="Frost comes too near the season of the crop.",
    measuring=Measuring(SEASON_OF_TEMPERATURE, usd=50),
    cap=ONE_BETTER,
    basis=CALIBRATE,
)

CRITERIA: tuple[Criterion, ...] = (
    HEAT,
    FROST,
)
