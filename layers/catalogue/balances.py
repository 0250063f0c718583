"""What published water balances found, canal reach by canal reach and area by area.

One balance of each kind of year and rule of sharing is published at a time, and all of these lie here side by side: the
same reach has a row in each. Whatever reads one of them says which; land is judged by the one that
``geo.water.sharing.rules.tell_judged`` tells.
"""

from __future__ import annotations

from sqlalchemy.orm import Mapped

from geo.water.sharing.rules import JUDGED_RULE, JUDGED_YEAR, RULES
from layers.catalogue.base import PUBLIC, Card, Layer, Style, attribute, geometry, identifier
from layers.catalogue.supply import YEAR_TYPES

SUPPLIES = ("enough", "fair", "short", "scarce", "unknown")
LEGEND = {  # the less arrives the darker, so that a black and white copy tells the classes apart
    "enough": Style("#abd9e9", "9 parts of 10 or more of the need"),
    "fair": Style("#5aa5cf", "7.5 to 9 parts of 10"),
    "short": Style("#c2185b", "5 to 7.5 parts of 10"),
    "scarce": Style("#4a0038", "Less than half of the need"),
    "unknown": Style("#6b7280", "Supply unknown", hatched=True),
}


SIDE_BY_SIDE = {"year_type": JUDGED_YEAR, "rule": JUDGED_RULE}


def _month(title: str) -> Mapped[float | None]:
    return attribute(title, unit="ratio", minimum=0, maximum=1, in_tile=True, empty="not known, or nothing is needed")


def _best_month(title: str) -> Mapped[float | None]:
    return attribute(title, unit="ratio", minimum=0, maximum=1, empty="not known, or nothing is needed")


class _Found:
    """What reaches and areas have alike; ratios are of the worst that what is known allows unless said otherwise."""

    canal: Mapped[str | None] = attribute("Canal", filter=True, in_tile=True)
    year_type: Mapped[str] = attribute("Kind of year", values=YEAR_TYPES, filter=True, in_tile=True)
    rule: Mapped[str] = attribute("Rule of sharing", values=RULES, filter=True, in_tile=True)
    balance_id: Mapped[int] = attribute("Water balance", minimum=1)
    supply: Mapped[str] = attribute("Supply in the worst month", values=SUPPLIES, filter=True, in_tile=True)
    ratio: Mapped[float | None] = attribute(
        "Delivered over needed, worst month", unit="ratio", minimum=0, maximum=1, in_tile=True
    )
    ratio_best: Mapped[float | None] = attribute(
        "The same, if all that is unknown is at its best", unit="ratio", minimum=0, maximum=1
    )
    worst_month: Mapped[int | None] = attribute("Worst month", minimum=1, maximum=12, in_tile=True)
    need_m3: Mapped[float | None] = attribute("Need of the year", unit="m3", minimum=0)
    unneeded: Mapped[str | None] = attribute(
        "Months in which nothing is needed", in_tile=True, empty="something is needed in each, or the need is not known"
    )
    ratio_01: Mapped[float | None] = _month("Delivered over needed, January")
    ratio_02: Mapped[float | None] = _month("Delivered over needed, February")
    ratio_03: Mapped[float | None] = _month("Delivered over needed, March")
    ratio_04: Mapped[float | None] = _month("Delivered over needed, April")
    ratio_05: Mapped[float | None] = _month("Delivered over needed, May")
    ratio_06: Mapped[float | None] = _month("Delivered over needed, June")
    ratio_07: Mapped[float | None] = _month("Delivered over needed, July")
    ratio_08: Mapped[float | None] = _month("Delivered over needed, August")
    ratio_09: Mapped[float | None] = _month("Delivered over needed, September")
    ratio_10: Mapped[float | None] = _month("Delivered over needed, October")
    ratio_11: Mapped[float | None] = _month("Delivered over needed, November")
    ratio_12: Mapped[float | None] = _month("Delivered over needed, December")


class ReachBalance(_Found, Layer):
    """Canal reaches of published water balances; a ratio is that of all land beyond."""

    __tablename__ = "reach_balance"
    card = Card(
        title="Water balance of canals",
        audience=PUBLIC,
        about="How much of what the land beyond a canal reach needs arrives there, by month. "
        "Computed from estimated deliveries.",
        drawn_by="supply",
        legend=LEGEND,
        line_width=2.5,
        tiles_from=8,
    )
    side_by_side = SIDE_BY_SIDE
    entry: Mapped[str] = identifier("Canal reach, kind of year and rule")
    code: Mapped[str] = attribute("Canal reach", filter=True, in_tile=True)
    flow_m3_s: Mapped[float | None] = attribute(
        "Greatest flow it takes in", unit="m3/s", minimum=0, maximum=2_000, in_tile=True
    )
    lost_m3: Mapped[float | None] = attribute("Lost on the reach in the year", unit="m3", minimum=0)
    geom = geometry("MULTILINESTRING")


class AreaBalance(_Found, Layer):
    """Command areas of published water balances."""

    __tablename__ = "area_balance"
    card = Card(
        title="Water balance of command areas",
        audience=PUBLIC,
        about="How much of what a command area needs arrives at its outlet, by month. "
        "Computed from estimated deliveries.",
        drawn_by="supply",
        legend=LEGEND,
        tiles_from=8,
    )
    side_by_side = SIDE_BY_SIDE
    entry: Mapped[str] = identifier("Command area, kind of year and rule")
    code: Mapped[str] = attribute("Command area", filter=True, in_tile=True)
    distance_m: Mapped[float | None] = attribute("Distance from the intake along the water", unit="m", minimum=0)
    ratio_best_01: Mapped[float | None] = _best_month("Delivered over needed at best, January")
    ratio_best_02: Mapped[float | None] = _best_month("Delivered over needed at best, February")
    ratio_best_03: Mapped[float | None] = _best_month("Delivered over needed at best, March")
    ratio_best_04: Mapped[float | None] = _best_month("Delivered over needed at best, April")
    ratio_best_05: Mapped[float | None] = _best_month("Delivered over needed at best, May")
    ratio_best_06: Mapped[float | None] = _best_month("Delivered over needed at best, June")
    ratio_best_07: Mapped[float | None] = _best_month("Delivered over needed at best, July")
    ratio_best_08: Mapped[float | None] = _best_month("Delivered over needed at best, August")
    ratio_best_09: Mapped[float | None] = _best_month("Delivered over needed at best, September")
    ratio_best_10: Mapped[float | None] = _best_month("Delivered over needed at best, October")
    ratio_best_11: Mapped[float | None] = _best_month("Delivered over needed at best, November")
    ratio_best_12: Mapped[float | None] = _best_month("Delivered over needed at best, December")
    geom = geometry("MULTIPOLYGON")


BALANCES: tuple[type[Layer], ...] = (AreaBalance, ReachBalance)
