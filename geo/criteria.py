"""Every criterion a plot is judged by, in the order of domain reference section 4.

All knots are defaults to calibrate unless ``basis`` names a source; a scheme file may override them.
Hazard levels are counted none 0, residual 1, low 2, medium 3, high 4.
"""

from __future__ import annotations

from geo.contract.criterion import Criterion, HardLimit
from geo.contract.declared import ClassCap, Instead, Measuring, Presumed
from geo.contract.memberships import Always, ByClass, Knots, Lower, Probability
from geo.contract.needs import Need, SameCanal
from geo.hazard.levels import LEVELS as HAZARD_LEVELS
from geo.measures.access import (
    CROSSES_HIGH,
    EXTENTS_ON_WAY,
    ZONES_ON_WAY,
    health_minutes,
    market_minutes,
    walk_minutes,
    way_exposure_m,
)
from geo.measures.climate import FROST_TABLES, TENDER, TREE, frost_margin_d, heat_ratio
from geo.measures.hazard import EXTENTS_ON_PLOT, HIGH_OFTEN, MEDIUM_OFTEN, ZONES_ON_PLOT, hazard_level
from geo.measures.reference_crop import TREES_JUDGED
from geo.measures.slope import NOT_TERRACED, TERRACED, UNIRRIGATED, slope_pct
from geo.measures.slope import TABLES as SLOPE_TABLES
from geo.measures.soil import (
    GENERIC_SALINITY,
    SALT_FREE,
    SALT_RESPONSE,
    STANDING_WATER,
    salinity,
    soil_depth,
    soil_water,
)
from geo.measures.surveys import PLOT_SURVEYS
from geo.measures.water import (
    COMMAND_AREAS,
    NEAREST_CANAL_WITHIN_M,
    ONLY_FEEDING_REACH,
    canal_condition,
    gravity_head_m,
    turn_reliability,
    water_adequacy,
)

FEEDING_CANALS = Need("canals", touches=SameCanal(within_m=NEAREST_CANAL_WITHIN_M))
CALIBRATE = "default to calibrate"
RUINED_BY_SALT = "salt leaves less than a fifth of the yield"
HAZARD_VISIT = "Have a hazard specialist look at the place and ask elders about past events."
SEASON_OF_TEMPERATURE = "Measure the air temperature at the plot for one season."

# Domain reference 3.6 steps 2 and 6: how many classes a plot may be better than the worst known of these, and without
# which of them no class is better than S2. Water holds with the mean of its known members too. Access and the canal's
# condition hold nothing.
ONE_BETTER = ClassCap(own=1)
TWO_BETTER = ClassCap(own=2)
HAZARD_CAP = ClassCap(own=1, decisive=True)
WATER_CAP = ClassCap(own=1, with_group=1, decisive=True)
HEAD_CAP = ClassCap(own=1, loose_from_grid=True, with_group=1, decisive=True)
TURNS_CAP = ClassCap(own=2, with_group=1, decisive=True)
CONDITION_CAP = ClassCap(with_group=1, decisive=True)
SALINITY_CAP = ClassCap(own=1, decisive=True)
SLOPE_CAP = ClassCap(own=1, loose_tables=(TERRACED, UNIRRIGATED), required=True)
NO_CAP = ClassCap()

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
    needs=(Need("canals", unread=("condition",)), Need("dem"), Need("rivers"), PLOT_SURVEYS),
    measure=gravity_head_m,
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
    needs=(COMMAND_AREAS, PLOT_SURVEYS),
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
    needs=(PLOT_SURVEYS, Need("available_water")),
    measure=soil_water,
    memberships=(Knots(1.0, 0.75, 0.5, 0.25, 0.0),),
    limits=(HardLimit("exclude", "water stands within 0.4 m of the surface", where=STANDING_WATER),),
    coarsest_m=260.0,
    poor="The soil holds little water, or water stands in it.",
    measuring=Measuring("Judge the soil in a pit and measure the depth of the groundwater.", usd=18),
    cap=TWO_BETTER,
    basis="FAO-56 total available water; default to calibrate",
)
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
WALK = Criterion(
    id="walk_minutes",
    code="A1",
    group="access",
    letter="a",
    title="Walk from home, one way",
    unit="min",
    better="less",
    needs=(Need("settlements"), Need("dem"), Need("roads"), Need("rivers"), ZONES_ON_WAY, EXTENTS_ON_WAY),
    measure=walk_minutes,
    memberships=(Knots(10.0, 20.0, 35.0, 60.0, 90.0),),
    coarsest_m=120.0,
    reach_m=8_000.0,
    poor="The walk from home is long.",
    measuring=Measuring("Walk the way from home with a watch.", usd=8),
    cap=NO_CAP,
    measured_again=False,
    basis="Irmischer and Clarke 2018 walking speed; knots default to calibrate",
)
MARKET = Criterion(
    id="market_minutes",
    code="A2",
    group="access",
    letter="a",
    title="Time to market, dry season",
    unit="min",
    better="less",
    needs=(Need("services"), Need("dem"), Need("roads"), Need("rivers")),
    measure=market_minutes,
    memberships=(Knots(30.0, 60.0, 120.0, 180.0, 300.0),),
    coarsest_m=120.0,
    reach_m=20_000.0,
    poor="The market is far.",
    measuring=Measuring("Time the trip to the market in the dry season.", usd=15),
    cap=NO_CAP,
    measured_again=False,
    basis=CALIBRATE,
)
HEALTH = Criterion(
    id="health_minutes",
    code="A3",
    group="access",
    letter="a",
    title="Time to a health post or drivable road",
    unit="min",
    better="less",
    needs=(Need("services"), Need("dem"), Need("roads"), Need("rivers")),
    measure=health_minutes,
    memberships=(Knots(20.0, 40.0, 60.0, 120.0, 180.0),),
    limits=(HardLimit("warning", "more than three hours to help", above=180.0),),
    coarsest_m=120.0,
    reach_m=20_000.0,
    poor="Help and roads are far.",
    measuring=Measuring("Time the trip to the health post or to a road for vehicles.", usd=15),
    cap=NO_CAP,
    measured_again=False,
    basis=CALIBRATE,
)

LAND_CRITERIA: tuple[Criterion, ...] = (
    WATER_ADEQUACY,
    GRAVITY_HEAD,
    TURN_RELIABILITY,
    CANAL_CONDITION,
    FLOOD_LEVEL,
    AVALANCHE_LEVEL,
    SLIDE_LEVEL,
    WAY_EXPOSURE,
    SLOPE,
    SALINITY,
    SOIL_DEPTH,
    SOIL_WATER,
    HEAT,
    FROST,
    WALK,
    MARKET,
    HEALTH,
)

BY_ID = {criterion.id: criterion for criterion in LAND_CRITERIA}
