"""Which water balance a page or map is asked for: kind of year, rule of sharing, month and canal."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Final

from fastapi import Depends, Query

from api.maps.folium_map import Bounds
from api.maps.water_map import PERIODS, WORST, WaterShown
from geo.water.sharing.rules import JUDGED_RULE, JUDGED_YEAR, RULES, tell_judged
from layers.catalogue.supply import YEAR_TYPES
from layers.errors import NotFound
from layers.features.features import require_code
from layers.postgres.engine import Connection
from layers.records.snapshot import Snapshot
from layers.water.balance_rows import bounds_of_reaches, canal_of, list_published, published_now

LAST: Final = PERIODS[-1]
LONGEST_NAME: Final = 200  # letters of the name of a canal

AskedYear = Annotated[
    str | None, Query(description="Of water: kind of year.", json_schema_extra={"enum": [*YEAR_TYPES, ""]})
]
AskedRule = Annotated[
    str | None, Query(description="Of water: rule of sharing.", json_schema_extra={"enum": [*RULES, ""]})
]
AskedMonth = Annotated[int | None, Query(ge=WORST, le=LAST, description="Of water: month, 0 the worst of each.")]
AskedCanal = Annotated[str | None, Query(max_length=LONGEST_NAME, description="Of water: name of a canal.")]
AskedScenario = Annotated[
    str | None, Query(max_length=LONGEST_NAME, description="Of water: name of a scenario that is shown.")
]


AskedBeside = Annotated[
    str | None,
    Query(max_length=LONGEST_NAME, description="Of water: scenario that is shown, where this changes water it opens."),
]


@dataclass(frozen=True, slots=True)
class WaterAsked:
    """What of water an address asks for; None where it does not say."""

    year: str | None
    rule: str | None
    month: int | None
    canal: str | None
    scenario: str | None = None

    def asked(self) -> dict[str, str]:
        """Return what is asked for, by the name of its parameter."""
        month = None if self.month is None else str(self.month)
        found = {"year": self.year, "rule": self.rule, "month": month, "canal": self.canal, "scenario": self.scenario}
        return {name: text for name, text in found.items() if text}


def get_water(
    year: AskedYear = None,
    rule: AskedRule = None,
    month: AskedMonth = None,
    canal: AskedCanal = None,
    scenario: AskedScenario = None,
) -> WaterAsked | None:
    """Return what of water an address asks for; None where it is of none.

    Raises
    ------
    BadFilter : there is no such year or rule.
    """
    if year:
        require_code("year", year, YEAR_TYPES)
    if rule:
        require_code("rule", rule, RULES)
    found = WaterAsked(year or None, rule or None, month, canal or None, scenario or None)
    return found if found.asked() else None


WaterQuery = Annotated[WaterAsked | None, Depends(get_water)]


def shown_balance(connection: Connection, asked: WaterAsked | None) -> WaterShown:
    """Return the balance that is shown: what is asked for, and where nothing is said what is published.

    That a balance of these is published is for the caller to see; another one is never shown in its place.
    """
    asked = asked or WaterAsked(None, None, None, None)
    fitting = [
        one for one in list_published(connection) if asked.year in (None, one.year) and asked.rule in (None, one.rule)
    ]
    year, rule = (fitting[0].year, fitting[0].rule) if fitting else (JUDGED_YEAR, JUDGED_RULE)
    choice = asked.year or year, asked.rule or rule
    return WaterShown(*choice, asked.month or WORST, asked.canal or "", asked.scenario or "")


def switched_balance(connection: Connection, served: Snapshot) -> WaterShown | None:
    """Return the balance that a switch shows on maps of other layers, where it is not the one land is judged by.

    None where that one is published, or none is.
    """
    published = published_now(connection, served)
    first = published[0] if published else None
    if first is None or tell_judged(first.year, first.rule):
        return None
    return WaterShown(first.year, first.rule)


def bounds_of_canal(connection: Connection, water: WaterShown) -> Bounds | None:
    """Return the window of the canal that is chosen; None where none is or the balance has no such canal."""
    number = next(
        (one.balance_id for one in list_published(connection) if (one.year, one.rule) == (water.year, water.rule)), None
    )
    if number is None or not water.canal:
        return None
    try:
        _, codes = canal_of(connection, number, water.canal)
    except NotFound:
        return None
    return bounds_of_reaches(connection, number, codes)
