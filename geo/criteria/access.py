"""Criteria of access on foot: home, market, health. They hold no class."""

from __future__ import annotations

from geo.contract.criterion import Criterion, HardLimit
from geo.contract.declared import CALIBRATE, ClassCap, Measuring
from geo.contract.memberships import Knots
from geo.contract.needs import Need
from geo.measures.access import (
    EXTENTS_ON_WAY,
    SERVICE_REACH_M,
    ZONES_ON_WAY,
    health_minutes,
    market_minutes,
    walk_minutes,
)

# Domain reference 3.6 steps 2 and 6: how many classes a plot may be better than the worst known of these, and without
# which of them no class is better than S2. Access holds nothing.
NO_CAP = ClassCap()

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
    reach_m=SERVICE_REACH_M,
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
    reach_m=SERVICE_REACH_M,
    poor="Help and roads are far.",
    measuring=Measuring("Time the trip to the health post or to a road for vehicles.", usd=15),
    cap=NO_CAP,
    measured_again=False,
    basis=CALIBRATE,
)

CRITERIA: tuple[Criterion, ...] = (
    WALK,
    MARKET,
    HEALTH,
)
